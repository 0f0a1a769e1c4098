#!/usr/bin/env python3
"""`track ps` of coroutines that tell of themselves (track/coroutine.h): g++ and clang++, optimized
and stripped, frames in an arena. Each is shown with its function, its state, the line where it
waits, since when, how often it went on and who awaits it; alive, from a dump, and from the
recording of a process that was killed. Those that are over, or whose memory is, are not shown. And
fibers of a hand-written scheduler (track/fiber.h), with their stacks. The same programs made with
TRACK_DISABLE are the control: nothing is told of them.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests/support/told_target.cc"
FIBER_SOURCE = ROOT / "tests/support/told_fiber_target.cc"
FLAGS = ["-std=c++20", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-I",
         str(ROOT / "libtrack/include")]

# function and mark, state, stage, times resumed, mark of who awaits it
FIRST = {
    ("session", "session", "suspended", "await", 1, None),
    ("handler", "handler", "suspended", "await", 1, "session"),
    ("handler", "leaf", "suspended", "await", 1, "handler"),
    ("moved", "moved", "suspended", "await", 4, None),
    ("finished", None, "done", "final", 1, None),
    ("never_started", None, "suspended", "initial", 0, None),
    ("count_up", "count_up", "suspended", "await", 1, None),
    ("by_library", "by_library", "suspended", "await", 0, None),
}
# Of a killed process nobody can see that the frame's memory was used for something else.
GONE = ("gone_with_arena", None, "suspended", "await", 0, None)
# What a wait at the mark is for, as its awaiter tells.
OBJECTS = {"leaf": "event", "by_library": "channel"}
# `moved` goes on, and ends.
THEN = {row for row in FIRST if row[0] != "moved"} | {("moved", None, "done", "final", 5, None)}


def marks():
    found = {}
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        match = re.search(r"// wait: (\w+)", line)
        if match:
            found[number] = match[1]
    return found


class Failure(Exception):
    pass


def run(command, environment=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=120, env=environment)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def coroutines(track, target):
    processes = json.loads(run([track, "ps", "--json", "-", "--kind", "coroutine", target]))
    return processes["processes"][0]


def rows_of(process, marks_by_line):
    tasks = process["tasks"]
    where = {}
    for task in tasks:
        point = task["await"] or {}
        line = point.get("line")
        where[task["id"]] = marks_by_line.get(line) if point.get("stage") == "await" else None
    rows = set()
    for task in tasks:
        if not task["told"]:
            raise Failure(f"listed without having told of itself: {task}")
        name = re.sub(r"\(.*", "", task["name"].replace("(anonymous namespace)::", ""))
        if not 0 < task["since_ns"] <= task["age_ns"]:
            raise Failure(f"{name}: since {task['since_ns']} ns, {task['age_ns']} ns old")
        rows.add((name, where[task["id"]], task["state"], (task["await"] or {}).get("stage"),
                  task["resumes"], where.get(task["awaited_by"])))
        kind = (task.get("wait_object") or {}).get("kind")
        if task["state"] == "suspended" and kind != OBJECTS.get(where[task["id"]]):
            raise Failure(f"{name} waits for {kind}, not {OBJECTS.get(where[task['id']])}")
    if len(rows) != len(tasks):
        raise Failure(f"{len(tasks)} tasks, {len(rows)} of them different: {rows}")
    return rows


def expect(what, process, expected, marks_by_line):
    found = rows_of(process, marks_by_line)
    if found != expected:
        raise Failure(f"{what}:\n  missing {sorted(expected - found, key=str)}\n"
                      f"  not expected {sorted(found - expected, key=str)}")
    if not process["complete"]:
        raise Failure(f"{what}: not complete: {process['lost']}")


class Target:
    """The program, up to where it waits for a byte."""

    def __init__(self, program, library, directory):
        environment = {**os.environ, "LD_PRELOAD": str(library),
                       "TRACK_OPTIONS": f"dir={directory}"}
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment)
        self.ready()

    def ready(self):
        if self.process.stdout.readline() != b"ready\n":
            raise Failure("the program did not come to its wait")

    def go_on(self):
        self.process.stdin.write(b"x")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def check(compiler, arguments, directory):
    program, control = directory / "program", directory / "control"
    run([compiler, *FLAGS, SOURCE, "-o", program])
    run([compiler, *FLAGS, "-DTRACK_DISABLE", SOURCE, "-o", control])
    marks_by_line = marks()
    recordings = directory / "recordings"
    with Target(program, arguments.library, recordings) as target:
        pid = str(target.process.pid)
        expect("alive", coroutines(arguments.track, pid), FIRST, marks_by_line)
        text = run([arguments.track, "ps", "--tree", pid])
        line = next(n for n, mark in marks_by_line.items() if mark == "leaf")
        if f"told_target.cc:{line} (co_await)" not in text:
            raise Failure(f"no line {line} in\n{text}")
        target.go_on()
        target.ready()
        expect("later", coroutines(arguments.track, pid), THEN, marks_by_line)
        dump = directory / "dump"
        run([arguments.track, "dump", pid, "-o", dump])
        target.process.kill()
        target.process.wait()
        expect("dump", coroutines(arguments.track, dump), THEN, marks_by_line)
        left = list(recordings.rglob(f"rec.{pid}.*"))
        if len(left) != 1:
            raise Failure(f"recordings of the killed process: {left}")
        expect("killed", coroutines(arguments.track, left[0]), THEN | {GONE}, marks_by_line)
    with Target(control, arguments.library, directory / "control-recordings") as target:
        found = coroutines(arguments.track, str(target.process.pid))["tasks"]
        if any(task["told"] for task in found):
            raise Failure(f"with TRACK_DISABLE something is told: {found}")
        shown = {marks_by_line.get((task["await"] or {}).get("line")) for task in found}
        if shown & set(marks_by_line.values()):
            raise Failure(f"the control is none: stripped, it shows {shown}")
    # Nothing there that listens: the same program, the same work.
    bare = subprocess.run([program], input=b"xx", capture_output=True, timeout=60)
    if bare.returncode != 0 or bare.stdout != b"ready\nready\n":
        raise Failure(f"without the library: exit {bare.returncode}, {bare.stdout}")


def fibers_of(track, pid):
    tasks = json.loads(run([track, "ps", "--json", "-", "--kind", "fiber", pid]))
    return tasks["processes"][0]["tasks"]


def check_fibers(compiler, arguments, directory):
    program, control = directory / "fibers", directory / "fibers-control"
    command = [compiler, *FLAGS, "-g", "-pthread", "-I", ROOT, FIBER_SOURCE]
    command.remove("-s")
    run([*command, "-o", program])
    run([*command, "-DTRACK_DISABLE", "-o", control])

    def expect_fibers(pid, suspended):
        found = fibers_of(arguments.track, pid)
        states = sorted(fiber["state"] for fiber in found)
        if states != ["created", *["suspended"] * suspended]:
            raise Failure(f"fibers: {states}")
        for fiber in found:
            at = [frame.get("function") or "?" for frame in fiber["at"]]
            made = [frame.get("function") or "?" for frame in fiber["created_at"]]
            if not any("start_fiber" in name for name in made) or "main" not in made:
                raise Failure(f"fiber created in {made}")
            if fiber["state"] == "created":
                continue
            wanted = ["back_to_scheduler", "await_reply", "request", "run_fiber"]
            names = [next((want for want in wanted if want in name), name) for name in at]
            if names != wanted or not 0 < fiber["since_ns"] <= fiber["age_ns"]:
                raise Failure(f"fiber suspended in {at} for {fiber['since_ns']} ns")

    with Target(program, arguments.library, directory / "recordings") as target:
        pid = str(target.process.pid)
        expect_fibers(pid, 3)
        target.go_on()
        target.ready()
        expect_fibers(pid, 2)
    with Target(control, arguments.library, directory / "control-recordings") as target:
        if found := fibers_of(arguments.track, str(target.process.pid)):
            raise Failure(f"with TRACK_DISABLE fibers are told: {found}")
    bare = subprocess.run([program], input=b"xx", capture_output=True, timeout=60)
    if bare.returncode != 0 or bare.stdout != b"ready\nready\n":
        raise Failure(f"fibers without the library: exit {bare.returncode}, {bare.stdout}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("compilers", nargs="*", default=["g++", "clang++"])
    arguments = parser.parse_args()
    for compiler in arguments.compilers:
        with tempfile.TemporaryDirectory() as directory:
            try:
                check(compiler, arguments, pathlib.Path(directory))
                check_fibers(compiler, arguments, pathlib.Path(directory))
            except Failure as failure:
                sys.exit(f"{compiler}: {failure}")
        print(f"{compiler}: told coroutines and fibers shown as they are")


if __name__ == "__main__":
    main()
