#!/usr/bin/env python3
"""A gate with a memory: what a baseline knows does not fail, what is new or more does, an update only
shrinks; suppressions are made, used, and told when nothing needs them.

    gate.py TRACK FAMILY_TARGET
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
LIMIT_S = 60
FINDINGS, TOOL_ERROR = 23, 2


class Gate:
    def __init__(self, place):
        self.place = place
        self.environment = dict(os.environ)

    def run(self, defect, code, *flags):
        """What `track check` said of the program with this defect; its JSON report in .json."""
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([TRACK, "check", "--dir", self.place / "recordings", "--fail-on",
                               "all:suspected", "--json", report, *flags, "--", TARGET, "self",
                               defect], capture_output=True, text=True, timeout=LIMIT_S,
                              env=self.environment)
        check(f"{defect} {flags}: exit code", done.returncode == code,
              f"{done.returncode}, not {code}: {done.stderr}")
        self.json = json.loads(report.read_text()) if report.exists() else None
        return " ".join(done.stderr.split())


def baselines(gate, place):
    file = place / "known"
    use = ("--baseline", file)
    text = gate.run("thread", TOOL_ERROR, *use)
    check("no baseline yet", "--update-baseline makes one" in text, text)
    check("nothing ran", gate.json is None)
    gate.run("thread", 0, *use, "--update-baseline")
    check("made", file.read_text().startswith("libtrack-baseline 1\n"), file.read_text())
    made = file.read_text()

    text = gate.run("thread", 0, *use)
    check("known", "SUMMARY: libtrack: 0 new findings" in text and "1 in the baseline" in text, text)
    check("never called clean", "clean" not in text, text)
    check("in JSON", [f["baseline"] for f in gate.json["findings"]] == ["known"], gate.json)
    gate.run("thread", 0, *use, "--sarif", place / "sarif", "--junit", place / "junit",
             "--markdown", place / "markdown")
    results = json.loads((place / "sarif").read_text())["runs"][0]["results"]
    check("in SARIF", [r["baselineState"] for r in results] == ["unchanged"], results)
    junit = (place / "junit").read_text()
    check("in JUnit", "<failure" not in junit and "in the baseline: " in junit, junit)
    check("in Markdown", "1 in the baseline" in (place / "markdown").read_text())

    text = gate.run("coroutine", FINDINGS, *use)
    check("new", "ERROR: libtrack: 1 finding(s)" in text and "not in the baseline" in text, text)
    check("not found any more", "in the baseline, but not found" in text, text)

    # What is new is not taken in without a word; what is gone is taken out.
    gate.run("coroutine", FINDINGS, *use, "--update-baseline")
    check("shrinks", "thread" not in file.read_text().split("\n", 2)[2], file.read_text())
    gate.run("coroutine", 0, *use, "--update-baseline", "--grow-baseline")
    check("grows when told", "coroutine" in file.read_text().split("\n", 2)[2], file.read_text())

    # More of the same: the count is part of it.
    file.write_text(made)
    entry = made.splitlines()[-1].split(" ", 2)
    file.write_text(made.replace(f"{entry[0]} {entry[1]} ", f"{entry[0]} 7 "))
    gate.run("thread", 0, *use, "--update-baseline")
    check("counts shrink", f"{entry[0]} {entry[1]} " in file.read_text(), file.read_text())

    file.write_text("libtrack-baseline 9\n")
    text = gate.run("thread", TOOL_ERROR, *use)
    check("of another version", f"{file}:1: " in text and "version 9" in text, text)
    check("left as it was", file.read_text() == "libtrack-baseline 9\n", file.read_text())
    file.write_text("libtrack-baseline 1\nnonsense\n")
    text = gate.run("thread", TOOL_ERROR, *use)
    check("malformed", f"{file}:2: " in text, text)


def incomplete(gate, place):
    """A program that is killed: nobody knows what it would have left."""
    file = place / "kept"
    gate.run("thread", 0, "--baseline", file, "--update-baseline")
    before = file.read_text()
    done = subprocess.run([TRACK, "check", "--dir", place / "recordings", "--baseline", file,
                           "--update-baseline", "--", "sh", "-c", "kill -9 $$"],
                          capture_output=True, text=True, timeout=LIMIT_S)
    check("killed", done.returncode == 137, done)
    check("nothing taken out", file.read_text() == before and
          "nothing was taken out" in " ".join(done.stderr.split()), done.stderr)


def suppressions(gate, place):
    dump, file = place / "dump", place / "known.supp"
    gate.run("thread", FINDINGS, "--dump", dump)
    made = subprocess.run([TRACK, "gen-suppressions", dump], capture_output=True, text=True,
                          timeout=LIMIT_S)
    check("made for the dump", made.returncode == 0 and "\noutlived-task:" in made.stdout, made)
    file.write_text(made.stdout + "deadlock:nobody::has_this\n")
    text = gate.run("thread", 0, "--suppressions", file)
    check("hits are told", "suppressed: 1 task by outlived-task:" in text, text)
    check("and those without", "suppression without a hit: deadlock:nobody::has_this (" in text,
          text)
    check("in JSON", len(gate.json["unused_suppressions"]) == 1, gate.json)
    again = subprocess.run([TRACK, "gen-suppressions", "--suppressions", file, dump],
                           capture_output=True, text=True, timeout=LIMIT_S)
    check("nothing is left to hide", "nothing was found" in again.stdout, again.stdout)
    gate.environment["TRACK_SUPPRESSIONS"] = str(file)
    gate.run("thread", 0)
    gate.environment["TRACK_SUPPRESSIONS"] = str(place / "nowhere")
    text = gate.run("thread", TOOL_ERROR)
    check("a file that is not there", "nowhere" in text, text)
    del gate.environment["TRACK_SUPPRESSIONS"]


def main():
    with tempfile.TemporaryDirectory(prefix="track-gate-") as folder:
        place = pathlib.Path(folder)
        gate = Gate(place)
        baselines(gate, place)
        incomplete(gate, place)
        suppressions(gate, place)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
