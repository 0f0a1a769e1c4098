#!/usr/bin/env python3
"""Processes that are not simply ours: another user's, those of other namespaces."""

import glob
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
INSIDE = ["unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"]


def track(*words, before=()):
    return subprocess.run([*before, TRACK, *words], capture_output=True, text=True, timeout=120)


def refused(what, result, *words):
    check(what, result.returncode == 2 and len(result.stderr.splitlines()) == 1 and
          not result.stdout and all(word in result.stderr for word in words),
          f"exit {result.returncode}: {result.stdout}{result.stderr}")


def seen(what, pid, before=()):
    """Everything that a verb says of a process of one's own."""
    ps, leaks = track("ps", str(pid), before=before), track("leaks", str(pid), before=before)
    check(what, ps.returncode == 0 and "await_for_ever" in ps.stdout and "mutex" in ps.stdout and
          f"process {pid}" in ps.stdout, ps.stdout + ps.stderr)
    check(what, leaks.returncode == 0 and "SUMMARY: libtrack: 0 findings so far" in leaks.stdout,
          leaks.stdout + leaks.stderr)


def start(place, before=()):
    child = subprocess.Popen([*before, TRACK, "run", "--dir", str(place), "--", TARGET, "forever"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return child, child.stdout.readline().split()[1]


def end(child, pid):
    os.kill(int(pid), signal.SIGTERM)
    _, text = child.communicate(timeout=120)
    check("the report", child.returncode == 143 and "2 suspected findings" in text, text)


def clocks(place):
    """Time namespaces, whose clock is ahead of ours, or behind."""
    half = int(float(pathlib.Path("/proc/uptime").read_text().split()[0])) // 2
    for ahead in (500_000, -half):
        inside = ["unshare", "--time", "--monotonic", str(ahead), "--fork"]
        if abs(ahead) < 120 or subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
            print("skipped: unshare --time is not permitted here, or the machine is too young")
            continue
        child, pid = start(place / f"clock{ahead}", before=inside)
        done = track("ps", "--json", "-", pid)
        ages = [task["age_ns"] for task in json.loads(done.stdout)["processes"][0]["tasks"]]
        check(f"ages with a clock {ahead} s ahead", ages and max(ages) < 60e9, ages)
        os.kill(int(pid), signal.SIGTERM)
        _, text = child.communicate(timeout=120)
        check(f"the report with a clock {ahead} s ahead", "2 suspected findings" in text and
              not re.search(r"\b[0-9]+ (h|d)\b", text), text)


def users(place):
    if os.geteuid() != 0 or track("--version", before=AS_NOBODY).returncode != 0 or \
            subprocess.run([*AS_NOBODY, "test", "-x", TARGET]).returncode != 0:
        print("skipped: no other user can be, or run what was built here")
        return
    ours, theirs = place / "ours", place / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, NOBODY, NOBODY)
    child, pid = start(ours)
    words = ("may not be looked at: it belongs to user 0 and track runs as user 65534",
             "run track as that user or as root")
    for verb in ("ps", "leaks", "hang", "info", "doctor"):
        refused(f"nobody: {verb} of root's", track(verb, pid, before=AS_NOBODY), pid, *words)
    dump = theirs / "x.dump"
    refused("nobody: dump of root's", track("dump", pid, "-o", str(dump), before=AS_NOBODY), *words)
    check("no half dump", not list(theirs.iterdir()), list(theirs.iterdir()))
    recording = glob.glob(f"{ours}/run.*/rec.*")[0]
    os.chmod(place / "ours", 0o755)
    os.chmod(os.path.dirname(recording), 0o755)
    refused("nobody: root's file", track("leaks", recording, before=AS_NOBODY), recording, "denied")
    refused("nobody: root's place", track("run", "--dir", str(ours), "--", TARGET, before=AS_NOBODY),
            str(ours), "not a directory of this user's", "--dir")
    refused("root: nobody's place", track("run", "--dir", str(theirs), "--", TARGET), str(theirs),
            "not a directory of this user's", "--dir")
    listed = track("ps", "--dir", str(ours), before=AS_NOBODY)
    check("nobody: what is recorded", listed.returncode == 0 and pid not in listed.stdout.split(),
          listed.stdout + listed.stderr)
    end(child, pid)
    child, pid = start(theirs, AS_NOBODY)
    seen("root looks at nobody's", pid)
    seen("nobody looks at their own", pid, AS_NOBODY)
    end(child, pid)


def outside_number(recording):
    for maps in glob.glob("/proc/[0-9]*/maps"):
        try:
            # `track` itself maps its head.
            if recording in pathlib.Path(maps).read_text() and \
                    pathlib.Path(maps).with_name("comm").read_text() != "track\n":
                return maps.split("/")[2]
        except OSError:
            pass  # gone meanwhile, or not ours to read
    return None


def namespaces(place):
    if subprocess.run([*INSIDE, "mount", "-t", "tmpfs", "none", str(place)],
                      capture_output=True).returncode != 0:
        print("skipped: new namespaces are not permitted here")
        return
    child, inner = start(place / "inside",
                         [*INSIDE, "sh", "-c", f"mount -t tmpfs none {place}; exec \"$@\"", "sh"])
    pid = outside_number(f"{place}/inside/run.1.")
    check("the file is not visible here", pid and pid != inner and not list(place.iterdir()), pid)
    if pid is not None:
        seen("from outside its namespaces", pid)
        listed = track("ps", "--dir", str(place))
        check("it is listed by the number it has here", pid in listed.stdout.split(), listed.stdout)
        os.kill(int(pid), signal.SIGTERM)
    else:
        child.kill()
    _, text = child.communicate(timeout=120)
    check("the report inside", "2 suspected findings" in text, text)


with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o755)
    clocks(pathlib.Path(directory))
    users(pathlib.Path(directory))
    place = pathlib.Path(directory) / "mounted"
    place.mkdir()
    namespaces(place)
sys.exit(verdict())
