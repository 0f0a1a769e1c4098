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
    lacking = [word for word in words if word not in text]
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


with tempfile.TemporaryDirectory() as place:
    finding = "outlived-task (suspected): 1 thread"
    run(place, "return", 0, finding, "main returned")
    run(place, "return3", 3, finding)
    run(place, "exit", 0, finding, "exit was called")
    run(place, "quick_exit", 0, finding, "quick_exit was called")
    run(place, "_exit", 0)
    run(place, "abort", 134, "not clean", "SIGABRT")
    run(place, "segv", 139, "not clean", "SIGSEGV")
    run(place, "kill", 137, "not clean", "SIGKILL")
    run(place, "hang", 124, finding, "the time was up", flags=("--timeout", "2s"))
    run(place, "forever", 124, "the time was up", flags=("--timeout", "500ms"))
    every = ("--fail-on", "outlived-task:suspected")
    run(place, "gate", 23, "ERROR: libtrack: 1 finding", flags=every, arguments=["return"])
    run(place, "gate by number", 7, flags=(*every, "--error-exitcode", "7"), arguments=["return"])
    run(place, "child wins", 3, "ERROR: libtrack: 1 finding", flags=every, arguments=["return3"])
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
