#!/usr/bin/env python3
"""Copies that a program makes of its recording (track_dump): what the function answers, what `track`
tells of a copy while the program runs and after its end, and that copies made while threads are busy
with locks are read without a finding.
"""

import argparse
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile


def fail(text):
    sys.exit("dump_inside: " + text)


def run(*command, code=0, **more):
    """Its output; code: the exit status there has to be, None: any."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120, **more)
    if code is not None and result.returncode != code:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}, not {code}\n"
             f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def check_answers(preloaded, program, directory):
    run(program, "answers", directory, env=preloaded)
    copy = directory / "copy"
    if copy.is_symlink() or stat.S_IMODE(copy.stat().st_mode) != 0o600:
        fail("the copy is a link, or others may read it")
    if sorted(path.name for path in directory.iterdir()) != ["copy"]:
        fail(f"left behind: {sorted(directory.iterdir())}")


def findings(track, copy):
    report = json.loads(run(track, "leaks", copy, "--json", "-", code=None))
    return report, {(finding["rule"], finding["evidence"], finding["count"])
                    for finding in report["findings"]}


def check_stuck(track, preloaded, program, directory):
    copy = directory / "stuck"
    process = subprocess.Popen([program, "stuck", copy], env=preloaded, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if process.stdout.readline() != "ready\n":
            fail("the program did not write its copy")
        report, before = findings(track, copy)
        if ("deadlock", "likely", 2) not in before:
            fail(f"the copy's findings are {before}")
        if not any("track_dump" in line for line in report["not_visible"]):
            fail(f"that memory is missing is not said: {report['not_visible']}")
        if process.poll() is not None:
            fail("the program ended")
        if str(process.pid) not in run(track, "ps", process.pid):
            fail("the program's own recording is no more")
    finally:
        out, _ = process.communicate()
    if process.returncode != 0:
        fail(f"the program's end: {process.returncode} {out}")
    if findings(track, copy)[1] != before:
        fail("after the program's end the copy says something else")
    info = json.loads(run(track, "info", copy, "--json", "-"))["recordings"][0]
    if info["dump"]["path"] != str(copy) or info["dump"]["taken_realtime_ns"] == 0:
        fail(f"info does not say when it was taken: {info.get('dump')}")


def check_busy(track, preloaded, program, directory):
    run(program, "busy", directory, env=preloaded)
    for i in range(50):
        found = findings(track, directory / str(i))[1]
        if found:
            fail(f"a busy program's copy {i} has findings: {found}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="track-dump-inside-") as name:
        root = pathlib.Path(name)
        preloaded = dict(os.environ, LD_PRELOAD=options.library,
                         TRACK_OPTIONS=f"dir={root / 'recordings'}")
        if run(options.program, "answers", root, code=1).count("wrong") == 0:
            fail("without the library something was written")
        (root / "copy").unlink(missing_ok=True)
        for part in ("answers", "stuck", "busy"):
            (root / part).mkdir()
        check_answers(preloaded, options.program, root / "answers")
        check_stuck(options.track, preloaded, options.program, root / "stuck")
        check_busy(options.track, preloaded, options.program, root / "busy")


main()
