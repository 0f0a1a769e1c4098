#!/usr/bin/env python3
"""`track check --merge`: reports of several checks become one verdict with one exit code. What is the same
is told once, with the runs it was found in; what is missing, cut short, of a newer schema, or of a run that
was killed, is said, and nothing is called clean then. And `--min-age`.

    merge.py TRACK FAMILY_TARGET HANGING_TARGET
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET, HANGING = sys.argv[1:4]
LIMIT_S = 60
FINDINGS, TOOL_ERROR = 23, 2


class Reports:
    """A directory of reports, and what is judged of it."""

    def __init__(self, place, name):
        self.place = place
        self.directory = place / name

    def add(self, *command, name=None, code=0, flags=()):
        done = subprocess.run([TRACK, "check", "--dir", self.place / "recordings", "--report-dir",
                               self.directory, *(("--name", name) if name else ()), *flags, "--",
                               *command], capture_output=True, text=True, timeout=LIMIT_S)
        check(f"{command}: exit code", done.returncode == code, f"{done.returncode}: {done.stderr}")

    def merge(self, code, *flags, paths=None):
        """What the verdict says, in one line; its JSON in .json."""
        report = self.place / "merged.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([TRACK, "check", "--fail-on", "all:suspected", "--json", report, *flags,
                               "--merge", *(paths or [self.directory])], capture_output=True,
                              text=True, timeout=LIMIT_S)
        self.json = json.loads(report.read_text()) if report.exists() else None
        text = " ".join(done.stderr.split())
        check(f"merge {self.directory.name} {flags}: exit code", done.returncode == code,
              f"{done.returncode}, not {code}: {text}")
        return text

    def files(self):
        return sorted(self.directory.glob("*.json"))


def clean(place):
    reports = Reports(place, "clean")
    for name in ("one", "two"):
        reports.add("/bin/true", name=name)
        reports.add(HANGING, "ends")
    check("a name each", len(reports.files()) == 4, reports.files())
    text = reports.merge(0)
    check("clean", "clean: 0 findings in 4 processes" in text and "4 reports merged" in text, text)


def same_leak(place):
    """Each of three runs leaks the same thread, one of them something else as well."""
    reports = Reports(place, "leaks")
    for name in ("second", "first"):  # told in another order than that of their files
        reports.add(TARGET, "self", "thread", name=name)
    reports.add(TARGET, "self", "deadlock", name="third", code=FINDINGS)
    reports.add("/bin/true", name="fourth")
    text = reports.merge(FINDINGS, "--junit", place / "junit", "--sarif", place / "sarif", "--gitlab",
                         place / "gitlab", "--markdown", place / "markdown")
    found = {f["rule"]: f for f in reports.json["findings"]}
    check("told once", sorted(f["count"] for f in reports.json["findings"] if
          "found in 2 runs: first, second" in f["because"]) == [2], reports.json["findings"])
    check("the other", "deadlock" in found and "found in 1 run: third" in found["deadlock"]["because"],
          found)
    check("stacks are kept", any("leak_thread" in frame["function"] for f in
          reports.json["findings"] for frame in f["created_at"]), reports.json["findings"])
    check("in text", "found in 2 runs: first, second" in text and "created at" in text, text)
    prints = {f["fingerprint"] for f in reports.json["findings"]}
    sarif = json.loads((place / "sarif").read_text())["runs"][0]["results"]
    check("in SARIF", {r["partialFingerprints"]["libtrack/v1"] for r in sarif} == prints, sarif)
    for name in ("junit", "gitlab", "markdown"):
        check(f"in {name}", all(one in (place / name).read_text() for one in prints), name)
    # The gate's own settings hold of the whole.
    supp = place / "supp"
    supp.write_text("created_by:*leak_thread*\nrule:deadlock\nrule:stuck-task\nrule:outlived-task\n")
    text = reports.merge(0, "--suppressions", supp)
    check("suppressed", "suppressed: 2 tasks by created_by:" in text, text)
    known = place / "known"
    reports.merge(0, "--baseline", known, "--update-baseline")
    text = reports.merge(0, "--baseline", known)
    check("a baseline of the whole", "0 new findings" in text, text)
    # One report more with what is known: more than the baseline allows.
    reports.add(TARGET, "self", "thread", name="fifth")
    text = reports.merge(FINDINGS, "--baseline", known)
    check("and of more", "more than the baseline allows" in text, text)


def unknown(place):
    """Whatever is not known is said, and is no 0."""
    reports = Reports(place, "unknown")
    reports.add("/bin/true", name="good")
    good = reports.files()[0]
    whole = good.read_text()
    for what, text, words in (
            ("cut short", whole[:len(whole) // 2], "cut short, or no JSON"),
            ("empty", "", "cut short, or no JSON"),
            ("newer", whole.replace('"schema_version": 1', '"schema_version": 2'), "it has schema 2"),
            ("another's", '{"tests": []}', "no report of track"),
            ("deep", "[" * 100_000, "cut short, or no JSON"),
            ("no findings", '{"schema_version": 1, "processes": 3}', "no report of findings"),
            ("a rule of tomorrow", whole.replace('"findings": []', '"findings": [{"rule": "new"}]'),
             "a newer one wrote it")):
        bad = reports.directory / "bad.json"
        bad.write_text(text)
        said = reports.merge(TOOL_ERROR)
        check(what, words in said and "bad.json" in said and "but not clean: 1 run" in said, said)
        check(f"{what}: in JSON", reports.json["complete"] is False and len(reports.json["unknown"]) == 1,
              reports.json)
        bad.unlink()
    said = reports.merge(TOOL_ERROR, paths=[good, reports.directory / "nowhere.json"])
    check("missing", "nowhere.json: there is no such report" in said, said)
    (place / "empty").mkdir()
    said = reports.merge(TOOL_ERROR, paths=[place / "empty"])
    check("nothing at all", "there is no report" in said, said)
    said = reports.merge(TOOL_ERROR, "--junit", place / "junit", paths=[good, place / "nowhere.json"])
    check("in JUnit", 'errors="1"' in (place / "junit").read_text(), (place / "junit").read_text())


def killed(place):
    # The program is: its report says so, and passes its code on.
    reports = Reports(place, "killed")
    reports.add("sh", "-c", "kill -9 $$", name="shot", code=137)
    said = reports.merge(137)
    check("the program", "clean: 0" not in said and "killed" in said, said)
    # `track` is: what it left says that it began.
    reports = Reports(place, "track_killed")
    running = subprocess.Popen([TRACK, "check", "--dir", place / "recordings", "--report-dir",
                                reports.directory, "--name", "slow", "--", HANGING, "queue"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    check("it runs", running.stdout.readline() == "hangs\n")
    track = running.pid
    child = int(pathlib.Path(f"/proc/{track}/task/{track}/children").read_text().split()[0])
    running.kill()
    running.wait(timeout=LIMIT_S)
    os.kill(child, signal.SIGKILL)
    said = reports.merge(TOOL_ERROR)
    check("track itself", "the check of `slow` began and was ended before its report" in said and
          "not clean" in said, said)
    # Refused programs, too.
    reports = Reports(place, "refused")
    reports.add(place / "nowhere", code=TOOL_ERROR)
    said = reports.merge(TOOL_ERROR)
    check("refused", "was ended before its report" in said, said)


def failing(place):
    reports = Reports(place, "failing")
    reports.add("/bin/true")
    reports.add("sh", "-c", "exit 3", code=3)
    said = reports.merge(3)
    check("the child's own code", "clean" in said, said)


def min_age(place):
    def run(age):
        done = subprocess.run([TRACK, "check", "--dir", place / "recordings", "--no-pause", "--fail-on",
                               "all:suspected", "--min-age", age, "--", TARGET, "self", "thread"],
                              capture_output=True, text=True, timeout=LIMIT_S)
        return done.returncode, " ".join(done.stderr.split())
    code, text = run("1h")
    check("younger than that", code == 0 and "younger than" in text and "left out (--min-age)" in text,
          f"{code}: {text}")
    code, text = run("0")
    check("old enough", code == FINDINGS and "left out" not in text, f"{code}: {text}")
    code, text = run("old")
    check("no age", code == TOOL_ERROR and "--min-age: `old` is no time" in text, text)


def main():
    with tempfile.TemporaryDirectory(prefix="track-merge-") as folder:
        place = pathlib.Path(folder)
        for part in (clean, same_leak, unknown, killed, failing, min_age):
            part(place)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
