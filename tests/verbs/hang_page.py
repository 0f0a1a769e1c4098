#!/usr/bin/env python3
"""A test whose time is up: --timeout, or the signal that CTest's TIMEOUT_SIGNAL_NAME makes it send. One
page says who waits for what, held by whom, since when and created where, before the program is ended as
the signal would have. Any other sender's signal is the program's own affair.

    hang_page.py TRACK HANGING_TARGET
"""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = sys.argv[1:3]
LIMIT_S = 60
FINDINGS, TIMEOUT = 23, 124
SIGNALS = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
PR_SET_NAME = 15
SILENT, _KEPT_OPEN = os.pipe()  # nobody writes to it, nobody closes it


def become(name):
    """What /proc says this process is called."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


class Hanging:
    """One `track check` of the target, once the target hangs. Its standard input stays open and empty."""

    def __init__(self, place, how, *flags, verb="check"):
        self.how = how
        self.report = place / f"{how}.{len(os.listdir(place))}.json"
        self.process = subprocess.Popen(
            [TRACK, verb, "--dir", place / "recordings", "--settle", "1ms", "--json", self.report,
             *flags, "--", TARGET, how], stdin=SILENT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if how == "ends":
            return
        check(f"{how} begins", self.process.stdout.readline() == "hangs\n")
        until = time.monotonic() + LIMIT_S
        while not self.all_wait():
            if time.monotonic() > until:
                raise TimeoutError(f"{how} does not come to hang")
            time.sleep(0.001)

    def all_wait(self):
        """Every thread of the program is where it will stay: in futex, or in read and nothing else."""
        track = self.process.pid
        child = pathlib.Path(f"/proc/{track}/task/{track}/children").read_text().split()
        tasks = pathlib.Path(f"/proc/{child[0]}/task").iterdir() if child else []
        calls = [(task / "syscall").read_text().split()[0] for task in tasks]
        if self.how == "outside":
            return calls == ["0"]
        return set(calls) == {"202"} and len(calls) == (1 if self.how == "queue" else 3)

    def end(self, number=None):
        """Exit code, and what was said, in one line."""
        if number is not None:
            self.process.send_signal(number)
        error = self.process.communicate(timeout=LIMIT_S)[1]
        self.json = json.loads(self.report.read_text())
        return self.process.returncode, " ".join(error.split())


def is_cycle_page(what, text, why):
    page = text.split("ERROR: libtrack: ")[0]
    check(f"{what}: the page comes first", page.startswith("HANG: libtrack: ") and why in page, text)
    for words in ("cycle: 2 threads wait for each other", "(accounts", "(journal", ", held by thread ",
                  ", since ", "in transfer hanging_target.cc:", "created in hang_in_cycle",
                  "thread 1 (main", "waits to join thread 2"):
        # Names of variables are printed with their namespace.
        check(f"{what}: {words}", words in page.replace("((anonymous namespace)::", "("), page)
    check(f"{what}: then the report", "ERROR: libtrack: " in text and "deadlock (proved)" in text, text)


def by_time(place):
    # Long enough for the program to get there, on a machine of any speed: tried with more until it did.
    for limit_s in (1, 4, 16):
        hanging = Hanging(place, "cycle", "--timeout", f"{limit_s}s")
        code, text = hanging.end()
        if "cycle: " in text:
            break
    check("--timeout: exit code", code == FINDINGS, code)
    is_cycle_page("--timeout", text, "the time was up")
    check("in JSON", any(f["rule"] == "deadlock" for f in hanging.json["findings"]), hanging.json)
    check("how it ended", hanging.json["processes"][0]["end"] == "the time was up", hanging.json["processes"])


def by_ctest(place):
    become("ctest")
    for name in SIGNALS:
        hanging = Hanging(place, "cycle")
        code, text = hanging.end(getattr(signal, name))
        check(f"{name}: exit code", code == FINDINGS, f"{code}: {text}")
        is_cycle_page(name, text, f"{name} said that the time is up")
    code, text = Hanging(place, "deaf").end(signal.SIGTERM)
    check("deaf: is ended", code == FINDINGS and "cycle: " in text, text)
    code, text = Hanging(place, "queue").end(signal.SIGUSR1)
    check("queue: exit code", code == FINDINGS, f"{code}: {text}")
    check("queue: who waits", "thread 1 (main" in text and "waits for condition" in text and
          "in main hanging_target.cc:" in text, text)
    # Nothing to accuse anybody of: what it waits for is said all the same, and it is not clean.
    hanging = Hanging(place, "outside")
    code, text = hanging.end(signal.SIGTERM)
    check("outside: exit code", code == TIMEOUT, f"{code}: {text}")
    check("outside: who waits", "waits for read" in text and "clean" not in text, text)
    # Several at once, as under `ctest -j`: each tells of its own.
    several = [Hanging(place, how) for how in ("cycle", "queue", "outside", "cycle")]
    for hanging in several:
        hanging.process.send_signal(signal.SIGTERM)
    ends = [hanging.end() for hanging in several]
    check("several", [code for code, _ in ends] == [FINDINGS, FINDINGS, TIMEOUT, FINDINGS], ends)
    check("each its own", [text.count("process ") >= 1 and text.count("HANG:") for _, text in ends] ==
          [1, 1, 1, 1], ends)
    become("hang_page")


def by_others(place):
    """The control: who is not CTest, and is not named, means the program itself."""
    code, text = Hanging(place, "cycle").end(signal.SIGTERM)
    check("passed on", code == 128 + signal.SIGTERM and "HANG:" not in text, f"{code}: {text}")
    code, text = Hanging(place, "cycle", "--timeout-signal", "SIGTERM").end(signal.SIGTERM)
    check("named", code == FINDINGS, f"{code}: {text}")
    is_cycle_page("named", text, "SIGTERM said that the time is up")
    code, text = Hanging(place, "cycle", "--timeout-signal", "SIGUSR2", verb="run").end(signal.SIGUSR2)
    check("track run", code == FINDINGS and "HANG:" in text, f"{code}: {text}")
    code, text = Hanging(place, "ends", "--timeout", "30s").end()
    check("who ends has no page", code == 0 and "HANG:" not in text and "clean" in text, text)
    done = subprocess.run([TRACK, "check", "--timeout-signal", "SIGKILL", "--", TARGET, "ends"],
                          capture_output=True, text=True, timeout=LIMIT_S)
    check("another signal", done.returncode == 2 and "SIGKILL" in done.stderr, done)


def main():
    with tempfile.TemporaryDirectory(prefix="track-hang-") as folder:
        place = pathlib.Path(folder)
        by_time(place)
        by_ctest(place)
        by_others(place)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
