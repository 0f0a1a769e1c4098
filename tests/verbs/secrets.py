#!/usr/bin/env python3
"""What of a process's memory gets into a dump, and who else may see or plant a recording."""

import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET, SEARCH = sys.argv[1:4]
SECRET = "7hQ2-zVw9_Kp4#xR8!mN3@bT6%yL1&cJ"


def track(*words):
    return subprocess.run([TRACK, *map(str, words)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def search(dump, text):
    found = subprocess.run([SEARCH, dump, text], capture_output=True, text=True, check=True).stdout
    words = found.split()
    return int(words[0]), int(words[3])


def kept(dump):
    told = json.loads(track("info", dump, "--json", "-").stdout)["recordings"][0]
    return told["dump"]["memory_kept"]


def dumps_of(target, place, level):
    """With and without memory; secrets are in neither, but for the arguments."""
    plain, bare, again = (place / f"{level}.{kind}.dump" for kind in ("plain", "bare", "again"))
    for words in ((target, "-o", plain), (target, "-o", bare, "--no-memory"),
                  (plain, "-o", again, "--no-memory")):
        result = track("dump", *words)
        check(f"{level}: track dump", result.returncode == 0, result.stderr)
    # The negative control: arguments are kept, so the search finds what is there.
    raw, words = search(plain, SECRET)
    check(f"{level}: a dump keeps the arguments", raw >= 1, raw)
    check(f"{level}: but nothing beside the locks", words == 0, words)
    ranges = kept(plain)
    check(f"{level}: memory that is kept is listed", ranges and
          all(r["bytes"] % 8 == 0 and r["address"] != 0 for r in ranges), ranges)
    text = track("info", plain).stdout
    check(f"{level}: in text too", f"{sum(r['bytes'] for r in ranges)} bytes" in text and
          f"{ranges[0]['address']:#x}" in " ".join(text.split()) if ranges else False, text)
    for dump in (bare, again):
        check(f"{level}: --no-memory keeps nothing", search(dump, SECRET) == (0, 0) and
              kept(dump) == [], (search(dump, SECRET), kept(dump)))
        told = " ".join(track("info", dump).stdout.split())
        check(f"{level}: and says so", "memory kept none" in told and "--no-memory" in told, told)
        check(f"{level}: threads are still told", "rwlock" in track("ps", dump).stdout,
              track("ps", dump).stdout)


def secrets(place):
    recordings = place / "recordings"
    child = subprocess.Popen([TRACK, "run", "--dir", recordings, "--", TARGET, SECRET],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    check("the target started", child.stdout.readline() == "ready\n")
    files = [entry for entry in recordings.rglob("rec.*")]
    check("there is one recording", len(files) == 1, files)
    for path, mode in ((files[0], 0o600), (files[0].parent, 0o700), (recordings, 0o700)):
        check(f"mode of {path}", stat.S_IMODE(path.stat().st_mode) == mode,
              oct(path.stat().st_mode))
    pid = files[0].name.split(".")[1]
    dumps_of(pid, place, "recorded")
    child.communicate("")
    child = subprocess.Popen([TARGET, SECRET], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
    check("the bare target started", child.stdout.readline() == "ready\n")
    dumps_of(child.pid, place, "unprepared")
    child.communicate("")


def directories(place):
    """Where recordings of ours could be swapped for another's, nothing is recorded."""
    def refused(directory, word):
        result = track("run", "--dir", directory, "--", "true")
        check(f"{directory} is refused", result.returncode == 2 and word in result.stderr and
              len(result.stderr.splitlines()) == 1, result.stderr)

    real = place / "real"
    real.mkdir(0o700)
    (place / "link").symlink_to(real)
    refused(place / "link", "not a directory of this user's")
    for mode in (0o770, 0o702):
        writable = place / f"writable{mode:o}"
        writable.mkdir()
        writable.chmod(mode)
        refused(writable, "others may write")
        check("and left alone", not any(writable.iterdir()))
    (place / "fifo").parent.mkdir(exist_ok=True)
    os.mkfifo(place / "fifo")
    refused(place / "fifo", "not a directory")
    if os.geteuid() == 0:
        other = place / "other"
        other.mkdir(0o700)
        os.chown(other, 65534, 65534)
        refused(other, "not a directory of this user's")
    check("nothing lies behind the link", not any(real.iterdir()))
    # A reader does not wait for a FIFO, follow it to a device, or take a directory for a file.
    planted = place / "planted"
    planted.mkdir(0o700)
    os.mkfifo(planted / "rec.1.0")
    (planted / "rec.2.0").symlink_to("/dev/zero")
    (planted / "rec.3.0").mkdir()
    result = track("leaks", planted)
    check("planted files are refused", result.returncode == 2 and
          "not a regular file" in result.stderr, result.stderr)


with tempfile.TemporaryDirectory() as folder:
    secrets(pathlib.Path(folder))
    directories(pathlib.Path(folder))
sys.exit(verdict())
