#!/usr/bin/env python3
"""Others write into the recording of a busy program, first each word of its header, then anything
anywhere: the program must go on, with all that it does, and end as it would have ended. `track`
must cope with what it finds then, or say what is wrong.

    scribble.py --track TRACK --library LIBTRACK_SO --program BUSY_TARGET [--writes N] [--seed N]
"""
import argparse
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile

from busy import Target

HEADER_BYTES = 8192
NAME_BYTES = 24  # magic, version, sizes
MODES = ("", "alloc=exact:locks=all:cpu=997hz", "alloc=4096:threads_max=64:coroutines_max=1024")
VERBS = (("info",), ("ps",), ("leaks",), ("hang",), ("locks",))


def pieces(file):
    """Where the file has data: the tables in use."""
    found, at, size = [], 0, os.fstat(file).st_size
    while at < size:
        try:
            at = os.lseek(file, at, os.SEEK_DATA)
        except OSError:
            break
        end = os.lseek(file, at, os.SEEK_HOLE)
        found.append((at, end))
        at = end
    return found


def a_value(chance, old):
    return chance.choice((0, (1 << 64) - 1, 1 << 63, old + 1, old ^ 1 << chance.randrange(64),
                          chance.randrange(1 << 32), chance.randrange(1 << 64))) & (1 << 64) - 1


def scribble(target, chance, writes):
    """What went wrong, and after which write; None."""
    file = os.open(target.path, os.O_RDWR)
    name = os.pread(file, NAME_BYTES, 0)
    try:
        def write(at):
            old, = struct.unpack("<Q", os.pread(file, 8, at))
            os.pwrite(file, struct.pack("<Q", a_value(chance, old)), at)

        for at in range(0, HEADER_BYTES, 8):
            write(at)
            # Words of text do nothing; those before are looked at one by one.
            if at < 1536 and at % 64 == 56:
                problem = target.await_rounds()
                if problem:
                    return f"header up to byte {at}: {problem}"
        ranges = pieces(file)
        for number in range(writes):
            start, end = chance.choice(ranges)
            write(chance.randrange(start // 8, end // 8) * 8)
            if number % 2000 == 1999:
                problem = target.await_rounds()
                if problem:
                    return f"after {number} words: {problem}"
                ranges = pieces(file)
        return None
    finally:
        os.pwrite(file, name, 0)  # else `track` looks no further
        os.close(file)


def look(track, target, folder):
    """How `track` takes it: findings are as good as none, but it ends, and in words."""
    problems = []
    live, file = str(target.process.pid), str(target.path)
    dump = ("dump", "-o", str(folder / "dump"))
    for what, verbs in ((live, (*VERBS, dump)), (file, (("ps",), ("leaks",)))):
        for verb in verbs:
            try:
                done = subprocess.run([track, *verb, what], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, timeout=120)
            except subprocess.TimeoutExpired:
                problems.append(f"track {verb} {what}: no end")
                continue
            if done.returncode not in (0, 2, 23):
                problems.append(f"track {verb} {what}: exit {done.returncode}: {done.stderr[-300:]}")
            elif done.returncode == 2 and "track: " not in done.stderr:
                problems.append(f"track {verb} {what}: no word of what is wrong")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--writes", type=int, default=10000, help="words, in each mode")
    parser.add_argument("--seed", type=int, default=1, help="0: another one each time")
    arguments = parser.parse_args()
    arguments.seed = arguments.seed or random.randrange(1 << 30)
    problems = []
    for mode in MODES:
        chance = random.Random(f"{arguments.seed} {mode}")
        with tempfile.TemporaryDirectory(prefix="track-scribble-") as name:
            folder = pathlib.Path(name)
            target = Target(arguments, folder, mode)
            try:
                problem = target.await_rounds(2) or scribble(target, chance, arguments.writes)
                if problem is None:
                    problems += look(arguments.track, target, folder)
                    problem = target.await_rounds() or target.finish()
                if problem:
                    problems.append(f"[{mode or 'default'}] {problem}")
                    if target.process.returncode == -signal.SIGSEGV:
                        problems.append("that is a crash of ours: nothing else writes there")
            finally:
                target.kill()
    for problem in problems:
        print(f"scribble: {problem}")
    print(f"scribble: {len(MODES)} modes, {len(problems)} problem(s), seed {arguments.seed}")
    return 1 if problems else 0


sys.exit(main())
