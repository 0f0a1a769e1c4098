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


class Timeline:
    """What one in Chrome's format shows."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        self.threads = sum(e["ph"] == "B" and e["name"] == "thread" for e in events)
        self.arrows = sum(e["ph"] == "s" for e in events)
        waits = [e for e in events if e["ph"] == "B" and e["name"] != "thread"]
        self.enders = [e["args"].get("ended by") for e in waits]
        # Waits for locks come as they like; those that are over were woken once by the next order.
        over = {e["tid"] for e in events if e["ph"] == "i" and e["name"] == "ends"}
        self.woken = [e["args"].get("ended by") for e in waits
                      if e["name"] == "condition" and e["tid"] in over]
        self.arrows_of_waits = sum(e["ph"] == "i" and e["name"].startswith("goes on, thanks to ")
                                   for e in events)

    def seen(self):
        return self.threads, self.arrows, self.enders, self.woken


def waiting(pid):
    """How many threads wait on a condition now."""
    found = subprocess.run([TRACK, "ps", pid, "--state", "condition", "--json", "-"],
                           capture_output=True, text=True, check=True)
    return sum(len(process["tasks"]) for process in json.loads(found.stdout)["processes"])


def main():
    with tempfile.TemporaryDirectory(prefix="track-timelines-") as folder:
        environment = dict(os.environ, LD_PRELOAD=LIBRARY, TRACK_OPTIONS=f"dir={folder}/records")
        process = subprocess.Popen([TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env=environment)
        pid = str(process.pid)
        path = f"{folder}/timeline"
        for order, waiters in (("leak 2", 2), ("work 3", 5), ("work 3", 5)):
            process.stdin.write(order + "\n")
            process.stdin.flush()
            process.stdout.readline()
            # "ready" means that the threads were made, not that they run already.
            for _ in range(200):
                if waiting(pid) == waiters:
                    break
                time.sleep(0.05)
            expect(f"{order}: {waiting(pid)} wait", waiting(pid) == waiters)
        for watch in ([], ["--seconds", "0.1"]):
            result = trace(pid, "--format", "chrome", "-o", path, *watch)
            expect(f"{watch}: {result}", result.returncode == 0)
            seen = Timeline(path)
            # main, two that stay, three that were joined, three more; main woke those three.
            expect(f"{watch}: {seen.threads} threads", seen.threads == 9)
            expect(f"{watch}: {seen.woken}", len(seen.woken) == 3 and
                   all(who and who.startswith("main ") for who in seen.woken))
            # Born 8, joined 3; and each wait whose end somebody made.
            ended = sum(who is not None for who in seen.enders)
            expect(f"{watch}: {seen.arrows} arrows, {ended} ended", ended == seen.arrows_of_waits
                   and seen.arrows == 8 + 3 + ended)
        dump = f"{folder}/one.dump"
        subprocess.run([TRACK, "dump", pid, "-o", dump], check=True, stdout=subprocess.DEVNULL)
        process.kill()
        process.wait()
        for target in (dump, f"{folder}/records"):
            result = trace(target, "--format", "chrome", "-o", path)
            expect(f"{target}: {result}", result.returncode == 0 and
                   Timeline(path).seen() == seen.seen())
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
