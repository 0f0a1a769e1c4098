#!/usr/bin/env python3
"""A program that allocates by every name: alloc=exact has in its table exactly what the program says
is in use, and has counted all it ever allocated; alloc=BYTES estimates both within what its period
promises. Threads, realloc, a fork child; blocks whose places others have before they are quite freed."""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROUNDS = 4000
PERIOD = 1024
PEAK = 64 << 20


def folded(track, kind, value, target):
    done = subprocess.run([track, "profile", kind, str(target), "--format", "folded", "--value",
                           value, "-o", "-"], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    sums = collections.Counter()
    for line in done.stdout.splitlines():
        stack, _, number = line.rpartition(" ")
        for name in set(re.findall(r"::(by_\w+)(?:;|$)", stack)):
            sums[name] += int(number)
    return sums


def look(arguments, folder, options, mode):
    preload = [arguments.library, arguments.handing] if mode == "reuse" else [arguments.library]
    environment = {**os.environ, "LD_PRELOAD": ":".join(map(str, preload)),
                   "TRACK_OPTIONS": f"dir={folder}/r:{options}"}
    target = subprocess.Popen([str(arguments.program), str(ROUNDS), mode], env=environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = {}
    try:
        for line in target.stdout:
            if line == "ready\n":
                break
            name, blocks, size = line.split()
            said[name] = int(blocks), int(size)
        recordings = list(pathlib.Path(f"{folder}/r").glob("rec.*"))
        # A child's number may be the smaller one: they begin anew after the largest.
        children = [pid for path in recordings
                    if (pid := int(path.name.split(".")[1])) != target.pid]
        pid = children[0] if mode == "fork" else target.pid
        found = {value: folded(arguments.track, "heap", value, pid)
                 for value in ("inuse_objects", "inuse_space", "alloc_objects", "alloc_space")}
        info = subprocess.run([arguments.track, "info", "--json", "-", str(pid)], check=True,
                              capture_output=True, text=True)
        found["heap"] = json.loads(info.stdout)["recordings"][0]["heap"]
    finally:
        target.stdin.close()
        code = target.wait(60)
    if code != 0 or len(said) != 17:
        raise RuntimeError(f"the program ended with {code}, said {said}")
    return said, found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--track", "--library", "--program"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--handing", type=pathlib.Path)
    arguments = parser.parse_args()
    failures = []

    def check(good, what):
        if not good:
            failures.append(what)

    for mode in ("plain", "fork"):
        with tempfile.TemporaryDirectory(prefix="heap-") as folder:
            os.chmod(folder, 0o700)
            said, found = look(arguments, folder, "alloc=exact", mode)
        runs = 2 if mode == "fork" else 3
        over = found["heap"]["peak_bytes"] - found["heap"]["bytes"]
        check(abs(over - PEAK) < 300_000, f"exact, {mode}: the peak was {over} bytes more than now")
        for name, (blocks, size) in said.items():
            where = f"exact, {mode}, {name}"
            check(found["inuse_objects"][name] == blocks,
                  f"{where}: {found['inuse_objects'][name]} blocks, not {blocks}")
            check(found["inuse_space"][name] == size,
                  f"{where}: {found['inuse_space'][name]} bytes, not {size}")
            if name == "by_mmap":
                continue  # what was unmapped again is not kept
            # realloc(malloc()) allocates twice.
            times = runs * ROUNDS * (2 if name.startswith("by_realloc") and
                                     name != "by_reallocarray" else 1)
            check(found["alloc_objects"][name] == times,
                  f"{where}: {found['alloc_objects'][name]} ever allocated, not {times}")
        with tempfile.TemporaryDirectory(prefix="heap-") as folder:
            os.chmod(folder, 0o700)
            said, found = look(arguments, folder, f"alloc={PERIOD}", mode)
        over = found["heap"]["peak_bytes"] - found["heap"]["bytes"]
        check(abs(over / PEAK - 1) < 0.1, f"sampled, {mode}: the peak was {over} bytes more than now")
        for name, (blocks, size) in said.items():
            # Relative error sqrt(period / bytes): 2.3 to 7 % here, and five of them.
            bound = 5 * ((PERIOD + size / blocks) / size) ** 0.5
            if name == "by_mmap":
                bound = 1e-9  # mappings are not sampled
            for value, expected in (("inuse_objects", blocks), ("inuse_space", size)):
                share = found[value][name] / expected
                check(abs(share - 1) < bound,
                      f"sampled, {mode}, {name}: {value} is {share:.3f} of the truth, "
                      f"+-{bound:.3f} was promised")
        total = sum(size for _, size in said.values())
        share = sum(found["inuse_space"].values()) / total
        check(abs(share - 1) < 0.05, f"sampled, {mode}: {share:.3f} of all bytes")
    if arguments.handing:
        with tempfile.TemporaryDirectory(prefix="heap-") as folder:
            os.chmod(folder, 0o700)
            said, found = look(arguments, folder, "alloc=exact", "reuse")
        for value, wanted in zip(("inuse_objects", "inuse_space"), said["by_reuse"]):
            check(found[value]["by_reuse"] == wanted,
                  f"reused at once: {value} is {found[value]['by_reuse']}, not {wanted}")
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
