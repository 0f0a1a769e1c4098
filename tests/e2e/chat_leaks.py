#!/usr/bin/env python3
"""Each `--leak=` switch of samples/chat_server gives the findings that its README names, under the
load of its own client; `none` gives none."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

CLIENTS, ROOMS = 8, 2
# switch: what it may be called, how many, and a function that every finding must name. A queue that
# nothing refers to any more makes its waiter stuck; with a stale pointer to it it is only suspected.
OUTLIVED, STUCK = {("outlived-task", "suspected")}, {("stuck-task", "proved")}
LEAKS = {
    "none": None,
    "session": (OUTLIVED, CLIENTS - (CLIENTS + 3) // 4,
                "Session::await_client_that_is_gone"),
    "writer": (STUCK | OUTLIVED, (CLIENTS + 2) // 4, "Transcript::write_lines"),
    "timer": (OUTLIVED, CLIENTS, "Session::watch_idle_for_ever"),
    "worker": (STUCK | OUTLIVED, 1, "Audit::count_actions"),
    "lock": ({("lock-held-at-exit", "proved")}, ROOMS, "Room::load_history"),
    "joinless": ({("unjoined-thread", "proved")}, CLIENTS, "start_departure_and_never_join"),
}
failures = []


def run(arguments, place, leak):
    """The findings, and the text of the report."""
    report = pathlib.Path(place) / "report.json"
    server = subprocess.Popen([arguments.track, "run", "--dir", place, "--json", str(report), "--",
                               arguments.server, "--port", "0", f"--leak={leak}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = server.stdout.readline().split()[-1]
    load = subprocess.run([arguments.load, "--port", port, "--clients", str(CLIENTS), "--rooms",
                           str(ROOMS)], capture_output=True, text=True, timeout=120)
    os.kill(server.pid, signal.SIGTERM)
    _, text = server.communicate(timeout=120)
    if load.returncode != 0:
        failures.append(f"{leak}: the client: {load.stdout}{load.stderr}")
    findings = json.loads(report.read_text())["findings"]
    code = 23 if any(finding["evidence"] != "suspected" for finding in findings) else 0
    if server.returncode != code:
        failures.append(f"{leak}: exit {server.returncode}, wanted {code}:\n{text}")
    return findings, text


def compare(leak, findings, text):
    if LEAKS[leak] is None:
        if findings or "clean: 0 findings" not in text:
            failures.append(f"{leak}: not clean:\n{text}")
        return
    allowed, count, function = LEAKS[leak]
    kinds = {(finding["rule"], finding["evidence"]) for finding in findings}
    named = [finding for finding in findings if function in json.dumps(finding)]
    total = sum(finding["count"] for finding in named)
    if not kinds <= allowed or named != findings or total != count:
        failures.append(f"{leak}: wanted {count} of {allowed} in {function}, got {total} of "
                        f"{len(named)} among {len(findings)}, {kinds}:\n{text}")


parser = argparse.ArgumentParser(description=__doc__)
for name in ("track", "server", "load"):
    parser.add_argument(f"--{name}", required=True)
chosen = parser.parse_args()
with tempfile.TemporaryDirectory() as directory:
    for switch in LEAKS:
        compare(switch, *run(chosen, directory, switch))
for failure in failures:
    print("FAIL", failure)
print(f"chat_leaks: {len(LEAKS)} switches, {len(failures)} failure(s)")
sys.exit(bool(failures))
