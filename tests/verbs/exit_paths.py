#!/usr/bin/env python3
"""However a program ends, its report appears and its exit code passes through."""

import os
import signal
import subprocess
import sys
import tempfile

TRACK, TARGET = sys.argv[1:3]
LIMIT_S = 60
failures = []


def expect(what, returncode, text, code, *words):
    joined = " ".join(text.split())  # whatever the width, a sentence is one line
    lacking = [word for word in words if word not in joined]
    if returncode != code or lacking or "SUMMARY: libtrack: " not in text:
        failures.append(f"{what}: exit {returncode}, wanted {code}; lacks {lacking}:\n{text}")


def run(place, what, code, *words, flags=(), arguments=None):
    command = [TRACK, "run", "--dir", place, "--settle", "1ms", *flags, "--", TARGET,
               *(arguments or [what])]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    expect(what, result.returncode, result.stderr, code, *words)


def signalled(place, number, code, *words):
    child = subprocess.Popen([TRACK, "run", "--dir", place, "--", TARGET, "forever"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             start_new_session=True)
    child.stdout.readline()
    if number == signal.SIGQUIT:
        child.send_signal(number)
        text = child.stderr.readline()
        while text and "SUMMARY" not in text:
            text += child.stderr.readline()
        expect("SIGQUIT", code, text, code, *words)
        number, code, words = signal.SIGTERM, 128 + signal.SIGTERM, ("SIGTERM",)
    child.send_signal(number)
    try:
        _, text = child.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        failures.append(f"{signal.Signals(number).name} to track does not end the program")
        return
    expect(signal.Signals(number).name, child.returncode, text, code, *words)


def terminal_key(place):
    """Ctrl-C on a terminal: the key reaches the group; the report and 130 come out."""
    master, slave = os.openpty()
    child = subprocess.Popen(["setsid", "--ctty", "--wait", TRACK, "run", "--dir", place, "--",
                              TARGET, "forever"], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = ""
    while "ready" not in text:
        text += os.read(master, 4096).decode()
    os.write(master, b"\x03")
    try:
        while True:
            text += os.read(master, 4096).decode()
    except OSError:
        pass  # the terminal's other end is closed: all have ended
    expect("Ctrl-C", child.wait(timeout=LIMIT_S), text, 130, "SIGINT")
    os.close(master)


THREAD, COROUTINE = "1 thread created in main was", "1 coroutine"
SUSPECTED = "outlived-task (suspected): "


def until(place, what, code, *words, arguments=None):
    """--timeout on a machine of any speed: long enough for the program to get where it hangs."""
    for limit_s in (2, 8, 30):
        command = [TRACK, "run", "--dir", place, "--settle", "1ms", "--timeout", f"{limit_s}s", "--",
                   TARGET, *(arguments or [what])]
        result = subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT_S)
        if "ready" in result.stdout and all(w in " ".join(result.stderr.split()) for w in words):
            break
    expect(what, result.returncode, result.stderr, code, *words)


def check(place, what, code, *words, arguments=None):
    result = subprocess.run([TRACK, "check", "--dir", place, "--settle", "1ms", "--",
                             *(arguments or [TARGET, what])],
                            capture_output=True, text=True, timeout=LIMIT_S)
    expect(f"check {what}", result.returncode, result.stderr, code, *words)


def both_twins(place, how, code, ended, clean="clean: 0 findings", runs=run):
    """The thread and the coroutine are named, with how the process ended; the twin has neither."""
    thread = f"{SUSPECTED}{THREAD} still blocked (mutex) when {ended}"
    runs(place, how, code, " ".join(thread.split()), SUSPECTED + COROUTINE, "await_for_ever")
    runs(place, how + " clean", code, clean, arguments=[how, "clean"])


with tempfile.TemporaryDirectory() as place:
    finding = SUSPECTED + THREAD
    for how, code, ended in (("return", 0, "main returned"), ("return3", 3, "main returned"),
                             ("exit", 0, "exit was called"), ("err", 3, "exit was called"),
                             ("quick_exit", 0, "quick_exit was called"),
                             ("_exit", 0, "_exit was called"), ("_Exit", 0, "_exit was called"),
                             ("atexit", 0, "main returned")):
        both_twins(place, how, code, ended)
    for how, code, ended in (("abort", 134, "abort was called"),
                             ("segv", 139, "SIGSEGV ended the process"),
                             ("term", 143, "SIGTERM ended the process"),
                             ("kill", 137, "SIGKILL ended the process")):
        both_twins(place, how, code, ended, "0 findings, but not clean")
    both_twins(place, "hang", 124, "main returned", "0 findings so far", until)
    both_twins(place, "forever", 124, "the time was up", "0 findings so far", until)
    # After an exec nothing of the old program is left to be reported.
    lost, after = "LD_PRELOAD was not in its environment", "/bin/sh, which was executed"
    run(place, "raw", 0, "0 findings, but the end was not seen")
    run(place, "exec", 0, f"0 findings, but the end was not seen: {after}", lost)
    run(place, "exec_killed", 137, "0 findings, but the end was not seen", after, lost)
    run(place, "exec_called", 137, "0 findings, but the end was not seen", after, lost)
    run(place, "exec_tracked", 0, "clean: 0 findings")
    for how, code, ended in (("exec_failed", 0, "main returned"),
                             ("vfork", 137, "SIGKILL ended the process")):
        run(place, how, code, f"{finding} still blocked (mutex) when {ended}", SUSPECTED + COROUTINE)
    # The gate passes nothing whose end it did not see; findings and a failing program are said first.
    check(place, "return", 0, "NOTE: libtrack: 2 suspected findings")
    check(place, "exec_tracked", 0, "clean: 0 findings")
    for how in ("raw", "exec"):
        check(place, how, 2, "0 findings, but the end was not seen", "exit code 2")
    check(place, "env -i", 2, f"{TARGET}, which was executed, was not tracked", lost, "env -i",
          arguments=["env", "-i", TARGET, "return", "clean"])
    check(place, "env -i, which fails", 3, lost, arguments=["env", "-i", TARGET, "return3", "clean"])
    every = ("--fail-on", "outlived-task:suspected")
    run(place, "gate", 23, "ERROR: libtrack: 2 finding", flags=every, arguments=["return"])
    run(place, "gate by number", 7, flags=(*every, "--error-exitcode", "7"), arguments=["return"])
    run(place, "child wins", 3, "ERROR: libtrack: 2 finding", flags=every, arguments=["return3"])
    run(place, "clean", 0, "clean: 0 findings", arguments=["return", "clean"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signalled(place, number, 128 + number, number.name)
    signalled(place, signal.SIGQUIT, 0, "asked by SIGQUIT")
    terminal_key(place)
    if os.listdir(place):
        failures.append(f"left behind: {os.listdir(place)}")
for failure in failures:
    print("FAIL", failure)
sys.exit(bool(failures))
