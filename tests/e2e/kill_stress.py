#!/usr/bin/env python3
"""Kills a busy program at random instants, by SIGKILL, SIGSEGV and SIGABRT from outside and by an
abort() or a wild store of any of its threads, and looks whether its recording holds everything that
the program surely had (tests/support/kill_oracle.h), whole and readable.

    kill_stress.py LIBTRACK_SO KILL_TARGET KILL_CHECK [--rounds N] [--seed N] [--track TRACK]
"""
import argparse
import collections
import ctypes
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

ORACLE_BYTES = 8192
TRACK_EVERY = 20  # rounds between looks with the command itself, which is slower
# Without these the recording lacks something, and the check must say so.
PLANTED = {"coroutines=0": "a suspended coroutine is missing", "waits=0": "a wait is missing",
           "record=0": "a worker is missing"}


# What is done to it, to one thread or to all, and what it dies of.
ENDS = {"SIGKILL": (signal.SIGKILL, False, signal.SIGKILL),
        "SIGSEGV": (signal.SIGSEGV, True, signal.SIGSEGV),
        "SIGABRT": (signal.SIGABRT, False, signal.SIGABRT),
        "abort()": (signal.SIGUSR1, True, signal.SIGABRT),
        "a wild store": (signal.SIGUSR2, True, signal.SIGSEGV)}
END_S = 30
TGKILL = 234  # the system call's number


def end(program, how, chance):
    """Ends it that way: no thread is spared the signal because another is easier to reach. One that
    ends before it looks takes its signal with it; then another gets it."""
    number, one_thread, _ = ENDS[how]
    libc = ctypes.CDLL(None)
    limit = time.monotonic() + END_S
    while time.monotonic() < limit:
        tids = [int(entry.name) for entry in pathlib.Path(f"/proc/{program.pid}/task").iterdir()]
        if one_thread and tids:
            libc.syscall(TGKILL, program.pid, chance.choice(tids), number)
        elif not one_thread:
            program.send_signal(number)
        try:
            return program.wait(1)
        except subprocess.TimeoutExpired:
            pass
    raise RuntimeError(f"the program outlives {how} by {END_S} s")


def one_round(arguments, folder, delay_s, options="", how="SIGKILL", chance=random):
    """Returns the recording of a program killed delay_s after it got to work."""
    oracle = folder / "oracle"
    oracle.write_bytes(bytes(ORACLE_BYTES))
    environment = {"PATH": os.environ.get("PATH", "/usr/bin"), "LD_PRELOAD": arguments.library,
                   "TRACK_OPTIONS": f"dir={folder}:{options}"}
    program = subprocess.Popen([arguments.target, oracle], env=environment,
                               stdout=subprocess.PIPE, text=True)
    try:
        if program.stdout.readline() != "working\n":
            raise RuntimeError("the program did not get to work")
        try:
            program.wait(delay_s)
        except subprocess.TimeoutExpired:
            pass
        if program.poll() is None:
            end(program, how, chance)
    finally:
        program.send_signal(signal.SIGKILL)
        code = program.wait()
        program.stdout.close()
    if code != -ENDS[how][2]:
        raise RuntimeError(f"the program ended by itself, not by {how}: {code}")
    return folder / f"rec.{program.pid}.0", oracle


def look_with_track(track, recording, problems):
    done = subprocess.run([track, "ps", "--json", "-", recording], capture_output=True, text=True)
    try:
        if not json.loads(done.stdout):
            problems.append("track ps: empty")
    except ValueError:
        problems.append(f"track ps: exit {done.returncode}: {done.stderr.strip()[:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("target")
    parser.add_argument("check")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--track")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    totals = collections.Counter()
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for number in range(arguments.rounds):
            how = list(ENDS)[number % len(ENDS)]
            recording, oracle = one_round(arguments, folder, chance.uniform(0, 0.12), "", how, chance)
            done = subprocess.run([arguments.check, recording, oracle], capture_output=True,
                                  text=True)
            words = done.stdout.splitlines()
            if done.returncode != 0:
                problems.append(f"round {number}, {how}: " + "; ".join(words[:4]) + done.stderr)
            else:
                fields = words[-1].split()
                totals.update({k: int(v) for k, v in zip(fields[::2], fields[1::2])})
            if arguments.track and number % TRACK_EVERY == 0:
                look_with_track(arguments.track, recording, problems)
            recording.unlink(missing_ok=True)
        for options, word in PLANTED.items():
            recording, oracle = one_round(arguments, folder, 0.05, options)
            done = subprocess.run([arguments.check, recording, oracle], capture_output=True,
                                  text=True)
            if word not in done.stdout:
                problems.append(f"planted {options} was not noticed: {done.stdout[:200]}")
            recording.unlink(missing_ok=True)
    for problem in problems[:20]:
        print(f"kill_stress: {problem}")
    for what in ("threads", "held", "waits", "parked", "events"):
        if totals[what] == 0:
            problems.append(f"no {what} compared")
            print(f"kill_stress: {problems[-1]}: the test saw nothing")
    print(f"kill_stress: {arguments.rounds} kills, {len(problems)} problem(s), "
          f"compared {dict(totals)}, seed {arguments.seed}")
    return 1 if problems else 0


sys.exit(main())
