#!/usr/bin/env python3
"""What runs leave in the directory of recordings: what is kept, what is swept, who is left alone."""

import glob
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
LIMIT_S = 120


def start(place, *words, flags=(), **more):
    return subprocess.Popen([TRACK, "run", "--settle", "1ms", *(("--dir", place) if place else ()),
                             *flags, "--", TARGET, *words], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def run(place, *words, flags=()):
    child = start(place, *words, flags=flags)
    _, text = child.communicate(timeout=LIMIT_S)
    return child.returncode, text


def files(place):
    return sorted(glob.glob(f"{place}/**/rec.*", recursive=True))


def in_parallel(place, environment, rounds=3, each=16):
    """None is swept by another, and none is confused by one that ends."""
    for _ in range(rounds):
        children = [start(place, "return", "clean", env=environment) for _ in range(each)]
        for child in children:
            _, text = child.communicate(timeout=LIMIT_S)
            check("in parallel", child.returncode == 0 and "clean: 0 findings" in text, text)


def long_runner(place, **more):
    """Its `track`, its own number, and its recording."""
    child = start(place, "forever", **more)
    pid = int(child.stdout.readline().split()[1])
    return child, pid, glob.glob(f"{place}/run.*/rec.{pid}.0")


def open_files(pid):
    found = []
    for link in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            found.append(os.readlink(link))
        except OSError:
            pass  # closed meanwhile
    return found


def killed_track(place):
    """While the program runs on its recording stays; the first run after its end sweeps it."""
    child, pid, recording = long_runner(place)
    descriptor = os.pidfd_open(pid)
    child.kill()
    child.wait()  # the program has its pipes
    run(place, "return", "clean")
    check("a recording that is still written stays", files(place) == recording, files(place))
    leaks = subprocess.run([TRACK, "leaks", str(pid)], capture_output=True, text=True)
    check("and is read", leaks.returncode == 0 and "SUMMARY" in leaks.stdout, leaks.stderr)
    os.kill(pid, signal.SIGKILL)
    select.select([descriptor], [], [], LIMIT_S)  # it is not our child
    os.close(descriptor)
    run(place, "return", "clean")
    check("it is swept after its end", os.listdir(place) == [], os.listdir(place))


def another_namespace(place):
    """A run whose process numbers mean nothing here: as one in a container that shares the place."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        print("skipped: unshare --pid is not permitted here")
        return
    # Numbers that nobody has out here.
    high = int(open("/proc/sys/kernel/pid_max").read()) - 100
    outer = subprocess.Popen([*inside, "sh", "-c", f"echo {high} > /proc/sys/kernel/ns_last_pid;"
                              'exec "$@"', "sh", TRACK, "run", "--dir", place, "--", TARGET,
                              "forever"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    outer.stdout.readline()
    recording = files(place)
    renamed = []
    for directory in glob.glob(f"{place}/run.*"):  # its `track` is number 1 there, as init is here
        renamed.append(directory.replace("/run.1.", "/run.1999999999."))
        os.rename(directory, renamed[-1])
    run(place, "return", "clean")
    check("the run of another namespace stays", glob.glob(f"{place}/run.*") == renamed and
          len(files(place)) == len(recording) == 1, files(place))
    outer.kill()
    outer.communicate()


def removed_while_it_runs(place):
    """As a cleaner of /tmp does: the report appears all the same."""
    child, pid, recording = long_runner(place)
    while recording[0] not in open_files(child.pid):  # by then `track` has seen it
        time.sleep(0.01)
    subprocess.run(["rm", "-rf", *glob.glob(f"{place}/run.*")], check=True)
    os.kill(pid, signal.SIGTERM)
    _, text = child.communicate(timeout=LIMIT_S)
    check("removed while it runs", child.returncode == 143 and "2 suspected findings" in text, text)


def kept(place):
    code, text = run(place, "return", flags=("--fail-on", "outlived-task:suspected"))
    check("nothing is kept after a finding", code == 23 and os.listdir(place) == [], text)
    code, text = run(place, "return", flags=("--keep",))
    check("--keep keeps, and says where", len(files(place)) == 1 and "are kept in" in text, text)
    run(place, "return", "clean")
    check("no run sweeps what --keep kept", len(files(place)) == 1, files(place))
    leaks = subprocess.run([TRACK, "leaks", files(place)[0]], capture_output=True, text=True)
    check("it is read later", "2 suspected findings" in leaks.stdout, leaks.stdout + leaks.stderr)
    subprocess.run(["rm", "-rf", *glob.glob(f"{place}/kept.*")], check=True)


def preloaded(place, library):
    """By hand, without `track run`: a crash leaves its recording, a clean end none; sixteen stay."""
    by_hand = {**os.environ, "LD_PRELOAD": library, "TRACK_OPTIONS": f"dir={place}"}
    ended = [subprocess.run([TARGET, how, "clean"], env=by_hand, stdout=subprocess.DEVNULL).returncode
             for how in ["return"] + ["kill"] * 20]
    check("by hand", ended == [0] + [-9] * 20, ended)
    newest = sorted(files(place), key=os.path.getmtime)
    check("each crash is kept", len(newest) == 20, newest)
    listed = subprocess.run([TRACK, "ps", "--dir", place], capture_output=True, text=True).stdout
    check("the newest sixteen stay, and are listed", len(files(place)) == 16 and
          all(file in listed for file in files(place)) and newest[-1] in files(place), listed)


with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o700)
    place = directory + "/named"
    in_parallel(place, None)
    in_parallel("", {**os.environ, "XDG_RUNTIME_DIR": directory})
    left = os.listdir(place) + os.listdir(directory + "/track")
    check("nothing is left behind", left == [], left)
    kept(place)
    killed_track(place)
    another_namespace(place)
    run(place, "return", "clean")
    removed_while_it_runs(place)
    preloaded(directory + "/by_hand", os.path.dirname(TRACK) + "/../lib/libtrack.so")
sys.exit(verdict())
