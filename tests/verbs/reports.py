#!/usr/bin/env python3
"""The reports of `track check` for CI servers: each is valid by the rules of those who read it, names
the same findings as the JSON, and is not green when the run was not seen whole."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
SOURCES = pathlib.Path(__file__).resolve().parents[2]
RULES = ("deadlock", "stuck-task", "orphaned-coroutine", "unjoined-thread", "outlived-task",
         "growing-tasks", "lock-held-at-exit", "lock-order", "lock-across-await", "pool-exhausted",
         "leaked-memory", "growing-memory", "data-race", "memory-error", "undefined-behavior")


# SARIF 2.1.0 by object: what each may have, of which type, and what it must have (a `!` behind it).
# Written down from the standard for what we write; any other property is an error.
TEXT = {"text!": str}
ARTIFACT = {"uri!": str, "uriBaseId": str}
LOCATION = {"physicalLocation": {"artifactLocation!": ARTIFACT, "region": {"startLine!": int}},
            "logicalLocations": [{"fullyQualifiedName!": str, "kind!": str}], "message": TEXT}
STACK = {"message!": TEXT, "frames!": [{"location!": LOCATION, "module": str}]}
RESULT = {"ruleId!": str, "ruleIndex!": int, "level!": ("note", "warning", "error"), "message!": TEXT,
          "locations!": [LOCATION], "partialFingerprints!": {"libtrack/v1!": str}, "stacks": [STACK],
          "suppressions!": [{"kind!": ("external", "inSource"), "justification": str,
                             "status": ("accepted", "underReview", "rejected")}],
          "occurrenceCount!": int, "properties!": dict}
RULE = {"id!": str, "name!": str, "shortDescription!": TEXT, "fullDescription!": TEXT, "help!": TEXT,
        "defaultConfiguration!": {"level!": ("note", "warning", "error")}, "properties!": dict}
NOTICE = {"level!": ("note", "warning", "error"), "message!": TEXT,
          "descriptor": {"id!": str, "index!": int}}
RUN = {"tool!": {"driver!": {"name!": str, "version!": str, "rules!": [RULE],
                             "notifications!": [{"id!": str, "shortDescription!": TEXT}]}},
       "invocations!": [{"executionSuccessful!": bool, "toolExecutionNotifications!": [NOTICE],
                         "startTimeUtc": str}],
       "originalUriBaseIds!": {"SRCROOT!": {"uri!": str}}, "columnKind!": ("utf16CodeUnits",),
       "automationDetails": {"id!": str}, "results!": [RESULT]}
LOG = {"$schema!": str, "version!": ("2.1.0",), "runs!": [RUN]}


def compare(value, shape, path):
    if isinstance(shape, dict):
        check(f"{path} is an object", isinstance(value, dict), value)
        fields = {name.rstrip("!"): field for name, field in shape.items()}
        for name in shape:
            check(f"{path} has {name}", not name.endswith("!") or name[:-1] in value, value)
        for name in value:
            check(f"{path}.{name} is known", name in fields, value)
            if name in fields:
                compare(value[name], fields[name], f"{path}.{name}")
    elif isinstance(shape, list):
        check(f"{path} is a list", isinstance(value, list), value)
        for i, item in enumerate(value):
            compare(item, shape[0], f"{path}[{i}]")
    elif isinstance(shape, tuple):
        check(f"{path} is one of {shape}", value in shape, value)
    else:
        check(f"{path} is {shape.__name__}", type(value) is shape, value)


def sarif(place, data, whole):
    log = json.loads((place / "r.sarif").read_text())
    compare(log, LOG, "sarif")
    run, = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    check("every rule", [rule["id"] for rule in rules] == list(RULES), rules)
    root = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    check("the root", root == "file://" + urllib.parse.quote(str(SOURCES)) + "/", root)
    results = run["results"]
    check("as many results", [result["ruleId"] for result in results] ==
          [finding["rule"] for finding in data["findings"]], results)
    for result, finding in zip(results, data["findings"]):
        check("the index is of the rule", rules[result["ruleIndex"]]["id"] == result["ruleId"], result)
        check("fingerprint", result["partialFingerprints"]["libtrack/v1"] == finding["fingerprint"])
        level = {"proved": "error", "likely": "warning", "suspected": "note"}[finding["evidence"]]
        check("level", result["level"] == level, result)
        check("suppressed", bool(result["suppressions"]) == (finding["suppressed_by"] is not None))
        check("its line", result["locations"][0]["physicalLocation"]["artifactLocation"] ==
              {"uri": "tests/support/verbs_target.cc", "uriBaseId": "SRCROOT"}, result["locations"])
        check("a line from one on", result["locations"][0]["physicalLocation"]["region"]["startLine"] > 0)
        for stack in result.get("stacks", []):
            for frame in stack["frames"]:
                where = frame["location"].get("physicalLocation", {}).get("artifactLocation", {})
                base, uri = where.get("uriBaseId"), where.get("uri", "file:///")
                check("a URI is below the root or whole", base == "SRCROOT" and uri[0] != "/" or
                      base is None and uri.startswith("file:///") or base is None and uri[0] != "/", uri)
    check("told complete", run["invocations"][0]["executionSuccessful"] is whole, run["invocations"])
    return results


def junit(place, data, whole):
    """As junit-10.xsd of Jenkins has it."""
    suites = xml.parse(place / "r.xml").getroot()
    check("the root is testsuites", suites.tag == "testsuites" and
          set(suites.attrib) == {"name", "tests", "failures", "errors", "time"}, suites.attrib)
    suite, = suites
    check("a suite", suite.tag == "testsuite" and set(suite.attrib) <= {
        "name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, suite.attrib)
    check("its children", {child.tag for child in suite} <=
          {"properties", "testcase", "system-out", "system-err"})
    check("seconds", re.fullmatch(r"\d+\.\d{3}", suite.get("time")), suite.attrib)
    check("a date", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", "")))
    for item in suite.find("properties"):
        check("a property", item.tag == "property" and set(item.attrib) == {"name", "value"})
    cases = suite.findall("testcase")
    for case in cases:
        check("a case", {"name", "classname", "time"} == set(case.attrib) and
              {child.tag for child in case} <= {"failure", "error", "system-out"}, case.attrib)
        for child in case:
            check("a result", set(child.attrib) <= {"type", "message"}, child.attrib)
    failed = [case for case in cases if case.find("failure") is not None]
    erred = [case for case in cases if case.find("error") is not None]
    for element in (suites, suite):
        check("the counts", [int(element.get(name)) for name in ("tests", "failures", "errors")] ==
              [len(cases), len(failed), len(erred)], element.attrib)
    check("failures", sorted(case.get("name") for case in failed) == sorted(
        f"{finding['rule']} {finding['fingerprint']}"
        for finding in data["findings"] if finding["failing"]), failed)
    names = [case.get("name").split()[0] for case in cases]
    check("every rule has a case", set(RULES) <= set(names), names)
    check("green only when all was seen", [case.get("name") for case in erred] ==
          ([] if whole else ["record complete"]), erred)


def gitlab(place, data, whole):
    entries = json.loads((place / "r.gitlab").read_text())
    shown = [finding for finding in data["findings"] if finding["suppressed_by"] is None]
    check("as many entries", len(entries) == len(shown) + (not whole), entries)
    check("each with a fingerprint of its own",
          len({entry["fingerprint"] for entry in entries}) == len(entries), entries)
    for entry in entries:
        compare(entry, {"description!": str, "check_name!": RULES + ("record-incomplete",),
                        "fingerprint!": str,
                        "severity!": ("info", "minor", "major", "critical", "blocker"),
                        "location!": {"path!": str, "lines!": {"begin!": int}}}, "gitlab")
        if entry["check_name"] in RULES:
            check("its path", entry["location"]["path"] == "tests/support/verbs_target.cc", entry)


def undone(text):
    """What the runner of GitHub makes of a value."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def github(out, summary, data, whole):
    found = []
    for line in out.splitlines():
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        if line.startswith("::"):
            check("a workflow command", match, line)
        if match:
            values = dict(pair.split("=", 1) for pair in match[2].split(","))
            found.append((match[1], {name: undone(value) for name, value in values.items()},
                          undone(match[3])))
    shown = [finding for finding in data["findings"] if finding["suppressed_by"] is None]
    check("an annotation each", len(found) == len(shown) + (not whole), out)
    for (command, values, message), finding in zip(found, shown):
        check("what it is", values["title"] == f"libtrack: {finding['rule']} ({finding['evidence']})",
              values)
        check("an error when it fails", (command == "error") == finding["failing"], command)
        check("its file", values.get("file") == "tests/support/verbs_target.cc" and int(values.get("line", 0)) > 0,
              values)
        check("its words", message.startswith(finding["title"] + "\nbecause: "), message)
    if not whole:
        check("what is missing", found[-1][1]["title"] == "libtrack: the record is not complete", out)
    text = summary.read_text()
    check("a summary is appended", text.startswith("before\n## libtrack: "), text)
    check("a row each", len(re.findall(r"^\| \d+ \|", text, re.M)) == len(shown), text)
    check("the details of each", text.count("<details>") == len(shown) == text.count("</details>"), text)
    check("what is missing is told", ("The record is not complete" in text) is not whole, text)
    return text


def run(place, code, how, *options, whole=True):
    """All reports of one run; the same findings in each."""
    summary = place / "summary.md"
    summary.write_text("before\n")
    words = [TRACK, "check", "--dir", str(place), "--settle", "1ms", *options, "--source-root", str(SOURCES),
             "--json", place / "r.json", "--junit", place / "r.xml", "--sarif", place / "r.sarif",
             "--gitlab", place / "r.gitlab", "--markdown", place / "r.md", "--github", "--", TARGET, *how]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)})
    check(f"{how} {options}: exit code", done.returncode == code, f"{done.returncode} {done.stderr}")
    data = json.loads((place / "r.json").read_text())
    results = sarif(place, data, whole)
    junit(place, data, whole)
    gitlab(place, data, whole)
    text = github(done.stdout, summary, data, whole)
    check("Markdown is the summary", "before\n" + (place / "r.md").read_text() + "\n" == text, text)
    left = [path.name for path in place.iterdir() if re.search(r"\.[A-Za-z0-9]{6}$", path.name) and
            path.name.startswith("r.")]
    check("no temporary file is left", [name for name in left if name != "r.gitlab"] == [], left)
    return data, results


def outcomes(place):
    data, _ = run(place, 23, ["return"], "--fail-on", "outlived-task:suspected")
    check("both leaks", len(data["findings"]) == 2 and all(f["failing"] for f in data["findings"]), data)
    run(place, 0, ["return"])  # suspected only: told, and no failure
    run(place, 0, ["return", "clean"])
    run(place, 137, ["kill"], whole=False)
    run(place, 2, ["exec"], whole=False)
    hidden = place / "known"
    hidden.write_text("rule:outlived-task\n")
    _, results = run(place, 0, ["return"], "--suppressions", str(hidden))
    check("suppressed results stay", len(results) == 2, results)


def track(place, *words):
    return subprocess.run([TRACK, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=place,
                          env={name: value for name, value in os.environ.items()
                               if name not in ("DISPLAY", "WAYLAND_DISPLAY")})


def dumps_and_pages(place):
    done = track(place, "run", "--dump", "now.dump", "--junit", "out.xml", "--open-report", "--", TARGET,
                 "return")
    check("a page beside the report", done.returncode == 0 and "track: out.html: " in done.stderr, done)
    page = (place / "out.html").read_text()
    check("the page of track html", 'id="track-section-' in page and "outlived-task" in page, page)
    for verb in ("check", "leaks"):
        done = track(place, verb, "--sarif", "-", "now.dump")
        check(f"{verb}: of a dump", len(json.loads(done.stdout)["runs"][0]["results"]) == 2, done)
        done = track(place, verb, "--open-report", "now.dump")
        check(f"{verb}: a page alone", (place / "track-report.html").exists() and
              "track-report.html" in done.stderr, done)
        (place / "track-report.html").unlink()


def bad_input(place):
    (place / "taken").mkdir()
    ran = place / "ran"
    command = ("--", "/bin/sh", "-c", f"echo > {ran}")
    for words, told in (
            (("--junit", "-", "--sarif", "-"), "both write to standard output"),
            (("--github", "--json", "-"), "both write to standard output"),
            (("--junit", "x", "--markdown", "./x"), "both write to"),
            (("--gitlab", "taken"), "it is a directory"),
            (("--sarif", "no/such/file"), "cannot write no/such/file"),
            (("--source-root", "nowhere"), "nowhere")):
        done = track(place, "check", *words, *command)
        check(f"{words}: refused", done.returncode == 2 and told in done.stderr, done)
        check(f"{words}: before the program runs", not ran.exists())
    # A disk that is full when all is done: said, and what can be written is.
    done = track(place, "check", "--junit", "/dev/full", "--sarif", "good.sarif", *command)
    check("a full disk", done.returncode == 2 and "cannot write /dev/full: No space" in done.stderr, done)
    check("the others are written", (place / "good.sarif").exists())


with tempfile.TemporaryDirectory() as directory:
    outcomes(pathlib.Path(directory))
    dumps_and_pages(pathlib.Path(directory))
    bad_input(pathlib.Path(directory))
sys.exit(verdict())
