#!/usr/bin/env python3
"""Waits of the program's own making (track/wait.h): ps, hang and findings say what each thread waits
for, who holds it and who woke it last, from the living process, a dump of it, and the recording that
a kill leaves; what hangs on the program's word alone is never proved, and a wait that ends by itself
accuses nobody. Without the library the program runs the same.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def fail(text):
    sys.exit("wait_objects: " + text)


def run(*command, codes=(0,), environment=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120, env=environment)
    if result.returncode not in codes:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}\n"
             f"{result.stdout[-3000:]}{result.stderr[-2000:]}")
    return result


class Target:
    def __init__(self, options, mode, directory):
        environment = dict(os.environ, LD_PRELOAD=str(options.library),
                           TRACK_OPTIONS=f"dir={directory}")
        self.process = subprocess.Popen([options.program, mode], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment)
        if self.process.stdout.readline() != b"ready\n":
            fail(f"{mode} did not come to its waits")

    def __enter__(self):
        return str(self.process.pid)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def waits(track, target, count):
    """Rows of ps that wait as told; a thread that has said "ready" to others may just come to it."""
    for _ in range(100):
        rows = json.loads(run(track, "ps", "--json", "-", target).stdout)
        rows = [row for process in rows["processes"] for row in process["tasks"]]
        told = [row for row in rows if row.get("wait_object", {}).get("told")]
        if len(told) == count:
            return told
    fail(f"ps shows {len(told)} told waits, not {count}: {json.dumps(rows)[:3000]}")
    return []


def findings(track, *target):
    result = run(track, "leaks", "--json", "-", *target, codes=(0, 23))
    return json.loads(result.stdout)["findings"]


def summary(found):
    return sorted((f["rule"], f["evidence"], f["count"]) for f in found)


def everywhere(options, mode, count, look):
    """look(target) for the living process, a dump, and the recording of the killed one."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        with Target(options, mode, directory / "recordings") as pid:
            waits(options.track, pid, count)
            look(pid)
            dump = directory / "dump"
            run(options.track, "dump", pid, "-o", dump)
            look(dump)
        left = list((directory / "recordings").rglob(f"rec.{pid}.*"))
        if len(left) != 1:
            fail(f"recordings of the killed process: {left}")
        look(left[0])


def spin(options):
    def look(target):
        found = findings(options.track, target)
        if summary(found) != [("deadlock", "likely", 2)]:
            fail(f"spin, {target}: {summary(found)}")
        because = " ".join(found[0]["because"])
        for word in ("waits for lock", "(lower,", "(upper,", "held by thread", "track/wait.h"):
            if word not in because:
                fail(f"spin, {target}: no {word!r} in {because}")
        if found[0]["wait_object"]["kind"] != "lock":
            fail(f"spin: {found[0]['wait_object']}")
        for row in waits(options.track, target, 2):
            wait = row["wait_object"]
            if (wait["kind"], row["state"]) != ("lock", "blocked") or not wait["owner"]:
                fail(f"spin, {target}: {row}")
        text = " ".join(run(options.track, "hang", target, codes=(0, 23)).stdout.split())
        if "2 threads wait for each other in a cycle of locks" not in text:
            fail(f"hang of spin: {text}")
    everywhere(options, "spin", 2, look)


def mixed(options):
    def look(target):
        found = summary(findings(options.track, target))
        if found != [("deadlock", "likely", 2)]:
            fail(f"mixed, {target}: {found}")
    everywhere(options, "mixed", 1, look)


def held(options):
    def look(target):
        if any(f["rule"] in ("deadlock", "stuck-task") for f in findings(options.track, target)):
            fail(f"held, {target}: who waits for main, which goes on, is accused")
        text = " ".join(run(options.track, "hang", target, codes=(0, 23)).stdout.split())
        for word in ("3 threads behind thread 1 (main", "waits for lock", "(upper,"):
            if word not in text:
                fail(f"held: no {word!r} in {text}")
    everywhere(options, "held", 3, look)


def fed(options):
    def look(target):
        wait = waits(options.track, target, 1)[0]["wait_object"]
        if (wait["kind"], wait["inside"], wait["last_woken_by"], wait["owner"]) != \
                ("channel", "condition", 1, None) or "jobs" not in wait["symbol"]:
            fail(f"fed, {target}: {wait}")
        text = " ".join(run(options.track, "hang", target, codes=(0, 23)).stdout.split())
        if "as the program tells, last woken by thread 1 (main" not in text:
            fail(f"fed: {text}")
        if any(f["rule"] in ("deadlock", "stuck-task") for f in findings(options.track, target)):
            fail(f"fed, {target}: a global channel that main may feed accuses")
    everywhere(options, "fed", 1, look)


def timed(options):
    def look(target):
        if any(f["rule"] in ("deadlock", "stuck-task") for f in findings(options.track, target)):
            fail(f"timed, {target}: a wait that ends by itself is part of a finding")
    everywhere(options, "timed", 2, look)


def ended(options):
    """Living and dumped; of a killed process there is no memory to look through."""
    with tempfile.TemporaryDirectory() as scratch:
        dump = pathlib.Path(scratch) / "dump"
        with Target(options, "ended", scratch + "/recordings") as pid:
            waits(options.track, pid, 1)
            run(options.track, "dump", pid, "-o", dump)
            for target in (pid, dump):
                found = findings(options.track, target)
                if summary(found) != [("stuck-task", "likely", 1)]:
                    fail(f"ended, {target}: {summary(found)} {json.dumps(found)[:3000]}")
                if "which has ended without unlocking it" not in " ".join(found[0]["because"]):
                    fail(f"ended: {found[0]['because']}")


def fiber(options):
    def look(target):
        row = waits(options.track, target, 1)[0]
        if (row["kind"], row["name"], row["wait_object"]["kind"]) != ("fiber", "angler", "event"):
            fail(f"fiber, {target}: {row}")
    everywhere(options, "fiber", 1, look)


def nested(options):
    def look(target):
        wait = waits(options.track, target, 1)[0]["wait_object"]
        if wait["kind"] != "queue" or "lower" not in wait["symbol"]:
            fail(f"nested, {target}: {wait}")
    everywhere(options, "costly", 1, look)


def asks(options):
    environment = dict(os.environ, LD_PRELOAD=str(options.library))
    for preload, word in ((None, "not tracked"), (environment, "asked")):
        result = run(options.program, "asks", environment=preload)
        if result.stdout.strip() != word:
            fail(f"{word}: {result.stdout}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    for check in (asks, spin, mixed, held, fed, timed, ended, fiber, nested):
        check(options)
    print("waits of the program's own making are shown, and accuse no more than they may")


if __name__ == "__main__":
    main()
