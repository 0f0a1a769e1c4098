#!/usr/bin/env python3
"""Real file systems that fill up under a recording, each in an image of its own: a full ext4 and a
btrfs whose quota is used up. The program goes on unharmed, and what was lost is told. Exit code 77,
and why, where nobody may mount.

    full_file_systems.py --track TRACK --library LIBTRACK.SO
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
LIMIT_S = 120
ROUNDS = 4
# Threads that wait, once more for each line it is sent; it says what it has counted.
PROGRAM = """
import sys, threading, time
def one(counted):
    for _ in range(20): time.sleep(0.00001)
    counted.append(1)
for line in sys.stdin:
    counted = []
    threads = [threading.Thread(target=one, args=(counted,)) for _ in range(40)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(len(counted), flush=True)
"""
failures = []


def check(what, holds, seen=""):
    print(f"{'ok  ' if holds else 'FAIL'}  {what}" + ("" if holds else f": {seen}"), flush=True)
    if not holds:
        failures.append(what)


def fill(place):
    """All there is to be had; what was said in the end."""
    with open(place / "filler", "ab", buffering=0) as filler:
        for size in (1 << 20, 4096):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError as problem:
                why = problem.strerror
    os.sync()
    return why


def converse(command, between, **more):
    """The program's lines; between(n) is called after its n-th answer."""
    with subprocess.Popen([*command, sys.executable, "-c", PROGRAM], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more) as child:
        answers = []
        try:
            for n in range(ROUNDS):
                child.stdin.write("go on\n")
                child.stdin.flush()
                answers.append(child.stdout.readline().strip())
                between(n)
        except BrokenPipeError:
            pass
        _, told = child.communicate(timeout=LIMIT_S)
        return answers, child.returncode, told


def preloaded(library, place):
    return {"env": {**os.environ, "LD_PRELOAD": library, "TRACK_OPTIONS": f"dir={place}:keep=1"}}


def ext4(place, track, library):
    recordings = place / "recordings"
    recordings.mkdir(mode=0o700)
    report = place.parent / "report.json"
    filled = []

    def fill_then_free(n):
        if n in (0, 2):
            filled.append(fill(place))
        if n == 1:
            (place / "filler").unlink()
    answers, code, told = converse([track, "run", "--dir", str(recordings), "--json", str(report), "--"],
                                   fill_then_free)
    check("ext4 fills up while a program is recorded: it goes on unharmed",
          (answers, code) == (["40"] * ROUNDS, 0), (answers, code, told))
    check("the disk was full", filled == ["No space left on device"] * 2, filled)
    document = json.loads(report.read_text())
    check("what was lost is in the report", not document["complete"] and document["lost"]["memory"] > 0,
          document["lost"])
    check("a lossy run is not called clean", "SUMMARY: libtrack: clean but lossy" in told, told)
    fill(place)
    answers, code, _ = converse([], lambda n: None, **preloaded(library, recordings))
    check("preloaded with the disk full from the start: unharmed",
          (answers, code) == (["40"] * ROUNDS, 0), (answers, code))
    done = subprocess.run([track, "run", "--dir", str(recordings), "--", "echo", "started"],
                          capture_output=True, text=True, timeout=LIMIT_S)
    check("`track run` says that there is no room, and starts nothing",
          done.returncode == 2 and "No space left on device" in done.stderr and not done.stdout,
          (done.returncode, done.stderr))


def btrfs(place, track, library):
    quota = place / "quota"
    for words in (["quota", "enable", str(place)], ["subvolume", "create", str(quota)],
                  ["qgroup", "limit", "3M", str(quota)]):
        subprocess.run(["btrfs", *words], check=True, capture_output=True, timeout=LIMIT_S)
    recordings = quota / "recordings"
    recordings.mkdir(mode=0o700)
    filled = []
    answers, code, _ = converse([], lambda n: filled.append(fill(quota)) if n == 0 else None,
                                **preloaded(library, recordings))
    check("a quota of btrfs is used up under a preloaded program: it goes on unharmed",
          (answers, code) == (["40"] * ROUNDS, 0), (answers, code))
    check("the quota was used up", filled == ["Disk quota exceeded"], filled)
    done = subprocess.run([track, "run", "--dir", str(recordings), "--", "echo", "started"],
                          capture_output=True, text=True, timeout=LIMIT_S)
    check("`track run` says why recordings cannot lie there, and starts nothing",
          done.returncode == 2 and "copied on write" in done.stderr and not done.stdout,
          (done.returncode, done.stderr))


def skip(why):
    print(f"skipped: {why}")
    return SKIPPED


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--alone", action="store_true", help="in mounts of our own already")
    options = parser.parse_args()
    if not options.alone:
        if os.geteuid() != 0:
            return skip("only root may mount")
        # What is mounted here nobody else sees, and it goes with us.
        return subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable,
                               *sys.argv, "--alone"], check=False).returncode
    ran = 0
    for kind, size, make in ((ext4, "24M", ["mkfs.ext4", "-q", "-F"]),
                             (btrfs, "128M", ["mkfs.btrfs", "-q", "-f"])):
        if not shutil.which(make[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            print(f"skipped: {make[0]} is not installed: scripts/packages --install test")
            continue
        with tempfile.TemporaryDirectory(prefix="track-full-") as folder:
            image, place = pathlib.Path(folder) / "image", pathlib.Path(folder) / "mounted"
            place.mkdir()
            subprocess.run(["truncate", "-s", size, str(image)], check=True)
            subprocess.run([*make, str(image)], check=True, capture_output=True)
            mounted = subprocess.run(["mount", "-o", "loop", str(image), str(place)],
                                     capture_output=True, text=True)
            if mounted.returncode != 0:
                print(f"skipped: {kind.__name__} cannot be mounted here: {mounted.stderr.strip()}")
                continue
            try:
                kind(place, options.track, options.library)
            finally:
                subprocess.run(["umount", str(place)], check=True)
        ran += 1
    return 1 if failures else 0 if ran else SKIPPED


sys.exit(main())
