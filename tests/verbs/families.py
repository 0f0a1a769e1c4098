#!/usr/bin/env python3
"""Programs that fork, daemonize, execute, change their user, root or namespaces: one report, which
names the process that leaks and counts all of them; what could not be recorded is told. And what a
program sends to its process group does not come back to it from `track`.

    families.py TRACK FAMILY_TARGET
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
NOT_PERMITTED = 77
LIMIT_S = 60
# Of a deadlock the process goes on till its end, of which nothing needs to be seen.
FOUND = {"thread": ("outlived-task", "suspected"), "deadlock": ("deadlock", "proved"),
         "coroutine": ("orphaned-coroutine", "proved")}
IN_ITSELF = ("self", "exec", "daemon", "setuid", "chroot")
IN_A_CHILD = ("fork", "killed", "grandchild", "vfork_exec", "posix_spawn", "daemonize",
              "setuid_in_child", "chroot_in_child", "closefrom", "close_range", "not_dumpable",
              "pids", "users")
UNRECORDED = ("fork_after_setuid", "fork_after_chroot", "mounts")
# Gone before its first wait or thread: nobody can know what it left.
NOT_SEEN = (("killed", "coroutine"),)


def run(place, way, defect):
    """(what it printed, the report, its text), None where that way is not permitted."""
    report = place / "report.json"
    report.unlink(missing_ok=True)
    done = subprocess.run([TRACK, "run", "--dir", place / "recordings", "--json", report, "--",
                           TARGET, way, defect], capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode == NOT_PERMITTED:
        print(f"skipped: {way} is not permitted here: {done.stderr.splitlines()[0]}")
        return None
    check(f"{way} {defect}: left behind", not list((place / "recordings").iterdir()),
          list((place / "recordings").iterdir()))
    return done, json.loads(report.read_text())


def leaks_in(place, way, defect):
    seen = run(place, way, defect)
    if seen is None:
        return
    done, report = seen
    rule, evidence = FOUND[defect]
    leaking = int(done.stdout.split()[1])
    findings = [(f["rule"], f["evidence"], f["pid"]) for f in report["findings"]]
    if way == "pids":
        # It cannot know whether we live, so its end does not wait for a look, and once it is gone
        # only its own number of it is known.
        findings = [(name, sure, leaking if pid == 1 else pid) for name, sure, pid in findings]
        if defect == "coroutine":
            rule, evidence = FOUND["thread"]
    wanted = [] if (way, defect) in NOT_SEEN else [(rule, evidence, leaking)]
    check(f"{way} {defect}", findings == wanted and report["complete"],
          f"{findings}, wanted {wanted}\n{done.stderr}")
    check(f"{way} {defect}: who", not wanted or way in IN_ITSELF or
          f"== process {leaking} " in done.stderr or way == "pids", done.stderr)
    check(f"{way} {defect}: exit", done.returncode == (23 if evidence == "proved" and wanted else 0),
          done.returncode)


def killed_twin(place):
    """A worker that is killed is told: it had no chance to show what it leaves."""
    done, report = run(place, "killed", "nothing_but_a_wait")
    told = " ".join(done.stderr.split())
    check("killed", "not clean: a program was killed" in told and "in 2 processes" in told and
          "1 more process ended without a word (killed" in told, done.stderr)


def killed_at_birth(place):
    """A child that was killed while it made its file: that is empty, cut short, or all holes."""
    for size in (0, 100, 1 << 20):
        words = ("true & pid=$!; wait $pid; place=${TRACK_OPTIONS##*dir=}; "
                 f"truncate -s {size} ${{place%%:*}}/rec.$pid.7 && echo made")
        done = subprocess.run([TRACK, "run", "--dir", place / "recordings", "--", "sh", "-c", words],
                              capture_output=True, text=True, timeout=LIMIT_S)
        check(f"killed at birth, {size} bytes", done.returncode == 0 and done.stdout == "made\n" and
              "0 findings in" in " ".join(done.stderr.split()), (done.returncode, done.stderr))
        check(f"killed at birth, {size} bytes: left behind",
              not list((place / "recordings").iterdir()))


def programs_in_a_row(place):
    """The record of the first program is judged and removed while the second runs, and the third
    takes its name: it is the last one all the same, and was tracked."""
    first, second = place / "first", place / "second"
    first.write_text(f"exec sh {second}\n")
    second.write_text("place=${TRACK_OPTIONS##*dir=}\n"
                      "while [ -e ${place%%:*}/rec.$$.0 ]; do :; done\n"
                      f"exec {TARGET} self thread\n")
    done = subprocess.run([TRACK, "run", "--dir", place / "recordings", "--", "sh", "-c",
                           f"sh {first}; true"], capture_output=True, text=True, timeout=LIMIT_S)
    check("programs in a row", done.returncode == 0 and "1 finding (1 outlived-task)" in done.stderr and
          "executed" not in done.stderr and "without a word" not in done.stderr, done.stderr)


def clean_families(place):
    for way in (*IN_ITSELF, *IN_A_CHILD):
        if way == "killed":
            continue
        seen = run(place, way, "nothing")
        if seen is None:
            continue
        done, report = seen
        check(f"{way} clean", done.returncode == 0 and report["complete"] and
              not report["findings"] and "clean: 0 findings" in done.stderr, done.stderr)


def not_recorded(place, way):
    seen = run(place, way, "thread")
    if seen is None:
        return
    done, report = seen
    check(way, not report["complete"] and report["lost"]["processes"] == 1 and
          "clean but lossy" in done.stderr and
          any("could not begin a recording" in line for line in report["not_visible"]), done.stderr)


def counts(place):
    """Of eight workers with a thread each, seven are clean: all are counted."""
    done, report = run(place, "workers", "thread")
    text = done.stderr
    check("counts", report["tasks"]["threads"]["created"] == 8 and report["clean_processes"] == 7 and
          len(report["processes"]) == 2 and len(report["findings"]) == 1 and
          "in 9 processes; 8 threads" in " ".join(text.split()), text)


def signals_to_its_group(place):
    """The program counts what it gets; `track`, in its group, gets the same, and keeps it."""
    child = subprocess.Popen([TRACK, "run", "--dir", place / "recordings", "--", TARGET, "group",
                              "nothing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, start_new_session=True)
    check("group: ready", child.stdout.readline() == "sent\n")
    child.send_signal(signal.SIGQUIT)  # is taken after what is there already
    text = child.stderr.readline()
    while text and "SUMMARY" not in text:
        text = child.stderr.readline()
    out, _ = child.communicate("\n", timeout=LIMIT_S)
    check("group", child.returncode == 0 and out == "got 1 1\n", (child.returncode, out))
    child = subprocess.Popen([TRACK, "run", "--dir", place / "recordings", "--", TARGET, "group",
                              "alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, start_new_session=True)
    child.stdout.readline()
    child.send_signal(signal.SIGUSR1)  # from somebody else: passed on
    out = child.stdout.readline()
    child.communicate("\n", timeout=LIMIT_S)
    check("group: passed on", out == "USR1\n" and child.returncode == 0, (child.returncode, out))


def listed(place):
    """`track ps` names the program, not the `track` that watches it."""
    child = subprocess.Popen([TRACK, "run", "--dir", place / "recordings", "--", TARGET, "group",
                              "alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    child.stdout.readline()
    text = subprocess.run([TRACK, "ps", "--dir", place / "recordings"], capture_output=True,
                          text=True, timeout=LIMIT_S).stdout
    pids = [line.split()[0] for line in text.splitlines() if str(place) in line]
    check("listed", len(pids) == 1 and pids[0] != str(child.pid), text)
    child.communicate("\n", timeout=LIMIT_S)


with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o755)
    folder = pathlib.Path(directory)
    for way in (*IN_ITSELF, *IN_A_CHILD):
        for defect in FOUND:
            leaks_in(folder, way, defect)
    clean_families(folder)
    killed_twin(folder)
    killed_at_birth(folder)
    programs_in_a_row(folder)
    for way in UNRECORDED:
        not_recorded(folder, way)
    counts(folder)
    signals_to_its_group(folder)
    listed(folder)
sys.exit(verdict())
