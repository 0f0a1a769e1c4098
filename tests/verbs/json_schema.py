#!/usr/bin/env python3
"""Every verb's `--json` has the fields of the design, each of its type and unit; and a server that
forks its workers gives one report with a section for each of them."""

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


class Maybe:
    """A value that may be null, or a field that may be absent."""

    def __init__(self, shape):
        self.shape = shape


TEXT, WORDS, COUNT, FLAG = str, [str], int, bool
LOST = {kind: COUNT for kind in ("events", "tasks", "coroutines", "stacks", "modules", "held", "waits",
                                 "memory", "joins", "fibers", "blocks", "processes")}
COUNTS = {kind: {"live": COUNT, "created": COUNT} for kind in ("threads", "coroutines", "fibers")}
FRAMES = [{"function": TEXT, "file": TEXT, "line": COUNT, "module": TEXT, "offset": Maybe(TEXT)}]
AWAIT = {"function": TEXT, "file": Maybe(TEXT), "line": COUNT, "stage": TEXT, "method": TEXT,
         "exact": FLAG, "promise_type": Maybe(TEXT), "awaiter_type": Maybe(TEXT)}
TASK = {"id": COUNT, "kind": TEXT, "name": TEXT, "tid": COUNT, "main": FLAG, "state": TEXT,
        "age_ns": COUNT, "given_name": Maybe(TEXT)}
# Of a coroutine it is the place of its co_await.
BLOCKED_AT = [{"function": TEXT, "file": Maybe(TEXT), "line": COUNT}]
FINDING = {
    "rule": TEXT, "evidence": TEXT, "count": COUNT, "fingerprint": TEXT, "title": TEXT,
    "because": WORDS, "created_at": FRAMES, "blocked_at": BLOCKED_AT,
    "await_chain": [{**AWAIT, "task": COUNT, "self": FLAG, "certain": FLAG}], "await_cycle": FLAG,
    "wait_object": Maybe({"kind": TEXT, "address": TEXT, "symbol": Maybe(TEXT),
                          "owner": Maybe(TEXT), "created_at": FRAMES}),
    "age_ns": {"min": COUNT, "median": COUNT, "max": COUNT}, "bytes_held": COUNT, "kept_by": WORDS,
    "test": Maybe(TEXT), "scope": Maybe(TEXT), "pool": Maybe(TEXT), "source": Maybe(TEXT), "pid": COUNT, "failing": FLAG, "suppressed_by": Maybe(TEXT), "tasks": [TASK]}
PROCESS = {
    "program": TEXT, "pid": COUNT, "parent_pid": COUNT, "forked": FLAG, "end": TEXT, "complete": FLAG,
    "lost": LOST, "damage": WORDS, "lost_orders": COUNT, "not_visible": WORDS, "pause_ns": COUNT, "pause_for": TEXT,
    "tasks": COUNTS, "exit_code": Maybe(COUNT), "signal": Maybe(COUNT), "note": Maybe(TEXT),
    "executed": Maybe(TEXT)}
REPORT = {
    "schema_version": COUNT, "program": Maybe(TEXT), "pid": Maybe(COUNT), "complete": FLAG,
    "lost": LOST, "lost_orders": COUNT, "not_visible": WORDS, "tasks": COUNTS, "findings": [FINDING],
    "suppressions": [{"pattern": TEXT, "hits": COUNT}], "symbol_notes": WORDS, "notes": WORDS,
    "clean_processes": COUNT, "unknown": WORDS,
    "run": Maybe({"name": TEXT, "command": WORDS, "exit_code": COUNT, "timed_out": FLAG,
                  "seen_to_the_end": FLAG}),
    "processes": [PROCESS]}
PS = {"schema_version": COUNT, "processes": [{
    "program": TEXT, "pid": COUNT, "end": TEXT, "complete": FLAG, "lost": LOST, "not_visible": WORDS,
    "counts": COUNTS, "tasks": [{
        **TASK, "count": COUNT, "since_ns": COUNT, "creator": COUNT, "bytes": COUNT, "at": FRAMES,
        "created_at": FRAMES, "await": Maybe(AWAIT),
        "wait_object": Maybe({"kind": TEXT, "address": TEXT, "symbol": Maybe(TEXT), "timed": FLAG,
                              "owner_tid": COUNT})}]}]}
THREAD = {"id": COUNT, "tid": COUNT, "name": TEXT, "state": TEXT}
HANG = {**REPORT, "hang": [{
    "pid": COUNT, "pause_ns": COUNT, "running": COUNT,
    "held_up": [{"thread": THREAD, "blocked": COUNT, "because": WORDS}],
    "waits": [{"kind": TEXT, "object": TEXT, "timed": FLAG, "threads": [THREAD]}]}]}
INFO = {"schema_version": COUNT, "recordings": [{
    "source": TEXT, "program": TEXT, "command_line": WORDS, "pid": COUNT, "parent_pid": COUNT,
    "forked": FLAG, "recording": FLAG, "start_realtime_ns": COUNT, "seen_ns": COUNT, "end": TEXT,
    "options": TEXT, "file_bytes": COUNT, "modules": COUNT, "events": COUNT,
    "events_overwritten": COUNT, "complete": FLAG, "lost": LOST, "damage": WORDS, "tasks": COUNTS,
    "tracker_memory": {"recording_bytes": COUNT, "recording_resident_bytes": COUNT,
                       "own_bytes": COUNT, "own_resident_bytes": COUNT}}]}
DOCTOR = {"schema_version": COUNT, "target": TEXT, "ok": FLAG,
          "checks": [{"result": TEXT, "text": TEXT}]}


def compare(value, shape, path):
    if isinstance(shape, Maybe):
        if value is not None:
            compare(value, shape.shape, path)
    elif isinstance(shape, list):
        check(f"{path} is a list", isinstance(value, list), value)
        for i, item in enumerate(value if isinstance(value, list) else []):
            compare(item, shape[0], f"{path}[{i}]")
    elif isinstance(shape, dict):
        check(f"{path} is an object", isinstance(value, dict), value)
        for name, field in shape.items() if isinstance(value, dict) else []:
            if name in value or not isinstance(field, Maybe):
                check(f"{path}.{name} is there", name in value, value)
                compare(value.get(name), field, f"{path}.{name}")
    else:
        # A count is a whole number that is not negative; in Python true is one, too.
        check(f"{path} is {shape.__name__}", type(value) is shape and (shape is not int or value >= 0),
              value)


def track(place, shape, codes, *words):
    """The JSON of a verb, in a file and on standard output."""
    file = pathlib.Path(place) / "out.json"
    file.unlink(missing_ok=True)
    result = subprocess.run([TRACK, words[0], "--json", str(file), *words[1:]], capture_output=True,
                            text=True, timeout=120)
    check(f"{words}: exit code", result.returncode in codes, f"{result.returncode} {result.stderr}")
    data = json.loads(file.read_text()) if file.exists() else {}
    compare(data, shape, words[0])
    check(f"{words}: version", data.get("schema_version") == 1, data)
    return data, result.stderr


def ended(place):
    """Every way of ending; and that ages are nanoseconds: none is older than the run."""
    started = time.monotonic_ns()
    for verb, how, code in (("run", "return", 0), ("run", "_exit", 0), ("run", "abort", 134),
                            ("check", "kill", 137), ("check", "exec", 2)):
        data, text = track(place, REPORT, (code,), verb, "--dir", place, "--settle", "1ms", "--",
                           TARGET, how)
        check(how, len(data["findings"]) == (0 if how == "exec" else 2), text)
        check(how, data["processes"][0].get("executed") == ("/bin/sh" if how == "exec" else None), data)
        for finding in data["findings"]:
            ages = [finding["age_ns"][name] for name in ("min", "median", "max")]
            check("ages are in order", ages == sorted(ages), ages)
            check("ages fit the run", 0 < ages[2] < time.monotonic_ns() - started, ages)
            check("the task is told", finding["tasks"] and finding["created_at"], finding)
            check("rule and evidence", (finding["rule"], finding["evidence"]) ==
                  ("outlived-task", "suspected"), finding)
    data, text = track(place, REPORT, (0,), "run", "--dir", place, "--", TARGET, "return", "clean")
    check("clean", data["findings"] == [] and data["complete"] and data["program"] == TARGET, text)


def running(place):
    started = time.monotonic_ns()
    child = subprocess.Popen([TRACK, "run", "--dir", place, "--", TARGET, "forever"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid = child.stdout.readline().split()[1]
    ready = time.monotonic_ns()
    for verb, shape in (("leaks", REPORT), ("hang", HANG), ("info", INFO), ("doctor", DOCTOR)):
        track(place, shape, (0, 23), verb, pid)
    before = time.monotonic_ns()
    data, _ = track(place, PS, (0,), "ps", pid)
    after = time.monotonic_ns()
    tasks = data["processes"][0]["tasks"]
    kinds = sorted(task["kind"] for task in tasks)
    check("ps: every task", kinds == ["coroutine", "thread", "thread"], tasks)
    for task in tasks:
        check("ps: an age is in ns", before - ready <= task["age_ns"] <= after - started, task)
    waits = sorted(task["wait_object"]["kind"] for task in tasks if task.get("wait_object"))
    check("ps: the waits", waits == ["mutex", "signal"], tasks)
    os.kill(int(pid), signal.SIGTERM)
    child.wait(timeout=60)


def prefork(place):
    data, text = track(place, REPORT, (0,), "run", "--dir", place, "--", TARGET, "prefork")
    master, *workers = data["processes"]
    check("prefork: one report", text.count("SUMMARY: libtrack: ") == 1 and
          text.count("== process ") == 4 and text.count("(forked)") == 3, text)
    check("prefork: who is whose", [worker["forked"] for worker in workers] == [True] * 3 and
          {worker["parent_pid"] for worker in workers} == {master["pid"]}, data["processes"])
    found = sorted((finding["pid"] == master["pid"], finding["tasks"][0]["kind"], finding["count"])
                   for finding in data["findings"])
    check("prefork: each its own leak", found == [(False, "thread", 1)] * 3 +
          [(True, "coroutine", 1), (True, "thread", 1)], text)
    check("prefork: the sums", data["tasks"]["threads"]["created"] == 4, data["tasks"])
    check("prefork: a finding a process", {finding["pid"] for finding in data["findings"]} ==
          {process["pid"] for process in data["processes"]}, text)
    data, text = track(place, REPORT, (0,), "run", "--dir", place, "--", TARGET, "prefork", "clean")
    check("prefork: clean", data["findings"] == [] and "clean: 0 findings" in text, text)


with tempfile.TemporaryDirectory() as directory:
    ended(directory)
    running(directory)
    prefork(directory)
    track(directory, DOCTOR, (0,), "doctor", TARGET)
sys.exit(verdict())
