#!/usr/bin/env python3
"""Readers of a busy program that die while they look, and several that look at once: the program
goes on with all that it does, is neither stopped nor traced, keeps no child of theirs, and ends as
it would have ended.

    readers.py --track TRACK --library LIBTRACK_SO --program BUSY_TARGET [--kills N] [--seed N]
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from busy import Target

FINDINGS = 23
VERBS = ("leaks", "hang", "dump", "ps")
GONE_S = 30
ROUNDS_OF_TWO = 6


def command(arguments, verb, target, folder, name="dump"):
    more = ["-o", str(folder / name)] if verb == "dump" else []
    return [arguments.track, verb, str(target.process.pid), *more]


def children(pid):
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found |= set((task / "children").read_text().split())
        except OSError:
            continue
    return found


def left_behind(target):
    """What a reader that is gone has left, in words; None. The program has children of its own:
    each of them is over soon."""
    pid = target.process.pid
    end = time.monotonic() + GONE_S
    waited_for = children(pid)
    while waited_for & children(pid):
        if time.monotonic() > end:
            return f"children {waited_for & children(pid)} of the program stay"
        time.sleep(0.002)
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            status = dict(line.split(":", 1) for line in
                          (task / "status").read_text().splitlines())
        except OSError:
            continue  # that thread has ended
        if status["TracerPid"].strip() != "0" or status["State"].strip()[0] in "tT":
            return f"thread {task.name}: {status['State'].strip()}, tracer {status['TracerPid'].strip()}"
    return target.await_rounds()


def kill_readers(arguments, target, folder, chance):
    began = time.monotonic()
    subprocess.run(command(arguments, "leaks", target, folder), capture_output=True, timeout=120)
    takes_s = time.monotonic() - began
    killed = 0
    for number in range(arguments.kills):
        verb = VERBS[number % len(VERBS)]
        reader = subprocess.Popen(command(arguments, verb, target, folder),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            reader.wait(chance.uniform(0, takes_s))
        except subprocess.TimeoutExpired:
            killed += 1
        reader.kill()
        reader.wait()
        problem = left_behind(target)
        if problem:
            return f"after track {verb} was killed ({number}): {problem}", killed
    return (None if killed else "no reader was killed in time"), killed


def two_at_once(arguments, target, folder):
    """Each says what it saw, or why it could not look."""
    for number in range(ROUNDS_OF_TWO):
        verbs = [VERBS[number % len(VERBS)], "leaks"]
        readers = [subprocess.Popen(command(arguments, verb, target, folder, f"dump{i}"), text=True,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                   for i, verb in enumerate(verbs)]
        for verb, reader in zip(verbs, readers):
            said = reader.communicate(timeout=120)[1]
            if reader.returncode not in (0, FINDINGS):
                return f"two at once: track {verb}: exit {reader.returncode}: {said.strip()[-300:]}"
        problem = left_behind(target)
        if problem:
            return f"after two at once ({verbs}): {problem}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    problems, killed = [], 0
    with tempfile.TemporaryDirectory(prefix="track-readers-") as name:
        folder = pathlib.Path(name)
        target = Target(arguments, folder, "")
        try:
            problem = target.await_rounds(2)
            if problem is None:
                problem, killed = kill_readers(arguments, target, folder, chance)
            problems = [text for text in (problem, two_at_once(arguments, target, folder),
                                          target.finish()) if text]
        finally:
            target.kill()
    for problem in problems:
        print(f"readers: {problem}")
    print(f"readers: {killed} killed of {arguments.kills}, {len(problems)} problem(s), seed "
          f"{arguments.seed}")
    return 1 if problems else 0


sys.exit(main())
