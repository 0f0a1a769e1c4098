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


def both_twins(place, how, code, ended, clean="clean: 0 findings", flags=()):
    """The thread and the coroutine are named, with how the process ended; the twin has neither."""
    thread = f"{SUSPECTED}{THREAD} still blocked (mutex) when {ended}"
    run(place, how, code, " ".join(thread.split()), SUSPECTED + COROUTINE, "await_for_ever",
        flags=flags)
    run(place, how + " clean", code, clean, flags=flags, arguments=[how, "clean"])


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
    both_twins(place, "hang", 124, "main returned", "0 findings so far", ("--timeout", "2s"))
    both_twins(place, "forever", 124, "the time was up", "0 findings so far", ("--timeout", "2s"))
    run(place, "raw", 0, "0 findings, but the end was not seen")
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
