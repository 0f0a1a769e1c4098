#!/usr/bin/env python3
"""track trace of a living process, at once and watched for a while, of its dump, and of the
recording it leaves when it is killed.

    timelines.py TRACK LIBTRACK.SO GROWING_TARGET
"""

import json
import os
import subprocess
import sys
import tempfile
import time

TRACK, LIBRARY, TARGET = sys.argv[1:4]
failures = []


def expect(what, right):
    if not right:
        failures.append(what)


def trace(*words):
    return subprocess.run([TRACK, "trace", *words], capture_output=True, text=True)


def lives(path):
    """How many threads a timeline in Chrome's format shows, and how many arrows."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    return (sum(e["ph"] == "B" and e["name"] == "thread" for e in events),
            sum(e["ph"] == "s" for e in events))


def main():
    with tempfile.TemporaryDirectory(prefix="track-timelines-") as folder:
        environment = dict(os.environ, LD_PRELOAD=LIBRARY, TRACK_OPTIONS=f"dir={folder}/records")
        process = subprocess.Popen([TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env=environment)
        for order in ("leak 2", "work 3", "work 3"):
            process.stdin.write(order + "\n")
            process.stdin.flush()
            process.stdout.readline()
        pid = str(process.pid)
        path = f"{folder}/timeline"
        # "ready" means that the threads were made, not that they run already.
        for _ in range(200):
            trace(pid, "--format", "chrome", "-o", path)
            if lives(path)[1] >= 11:
                break
            time.sleep(0.05)
        for watch in ([], ["--seconds", "0.1"]):
            result = trace(pid, "--format", "chrome", "-o", path, *watch)
            expect(f"{watch}: {result}", result.returncode == 0)
            # main, two that stay, three that were joined, three more; born 8, joined 3.
            expect(f"{watch}: {lives(path)}", lives(path) == (9, 11))
        dump = f"{folder}/one.dump"
        subprocess.run([TRACK, "dump", pid, "-o", dump], check=True, stdout=subprocess.DEVNULL)
        process.kill()
        process.wait()
        for target in (dump, f"{folder}/records"):
            result = trace(target, "--format", "chrome", "-o", path)
            expect(f"{target}: {result}", result.returncode == 0 and lives(path) == (9, 11))
        for words in ((dump, "-o", path, "--seconds", "0"), (dump, "-o", "/nowhere/x"),
                      (dump, "-o", path, "--format", "svg"), ("nothing", "-o", path)):
            result = trace(*words)
            expect(f"{words}: {result}", result.returncode == 2 and
                   result.stderr.count("\n") == 1 and result.stdout == "")
    for failure in failures:
        print("FAIL", failure)
    print("timelines:", "failed" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
