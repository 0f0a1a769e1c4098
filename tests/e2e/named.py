#!/usr/bin/env python3
"""Names and marks (track.h): a deadlock's report has the names of its threads and locks; a mark hides
that a task lives on, is counted as suppressed, and hides no deadlock and no task that cannot go on; a
lock's name goes with the lock. Pools that are declared (pool.h) are told by their names.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def fail(text):
    sys.exit("named: " + text)


def run(*command, code=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120)
    if code is not None and result.returncode != code:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}, not {code}\n"
             f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result


def check_deadlock(track, program, directory):
    report, dump = directory / "deadlock.json", directory / "deadlock.dump"
    result = run(track, "check", "--json", report, "--dump", dump, "--", program, "deadlock", code=23)
    words = " ".join(result.stderr.split())
    for word in ("thread 2 (the picker with a very long name,", "(cashier,", "(shelf of orders)",
                 "(till, (anonymous namespace)::till)"):
        if word not in words:
            fail(f"the report does not say {word!r}:\n{result.stderr}")
    for what in (json.loads(report.read_text()),
                 json.loads(run(track, "leaks", "--json", "-", dump, code=23).stdout)):
        found = [(f["rule"], f["evidence"], f["suppressed_by"]) for f in what["findings"]]
        if found != [("deadlock", "proved", None)]:
            fail(f"found {found}, not the deadlock alone: a mark hides none")
    hang = " ".join(run(track, "hang", dump).stdout.split())
    ps = " ".join(run(track, "ps", dump, code=0).stdout.split())
    for what, text in (("hang", hang), ("ps", ps)):
        if "shelf of orders" not in text:
            fail(f"{what} does not name the lock:\n{text}")
    if "expected=to live long" not in ps:
        fail(f"ps does not show the mark:\n{ps}")


def check_marks(track, program, directory):
    report, dump = directory / "marked.json", directory / "marked.dump"
    run(track, "check", "--json", report, "--dump", dump, "--fail-on", "outlived-task:suspected", "--",
        program, "marked", code=23)
    again = directory / "again.json"
    run(track, "leaks", dump, "--json", again, code=0)
    for file in (report, again):
        whole = json.loads(file.read_text())
        shown, hidden = {}, {}
        for finding in whole["findings"]:
            if finding["count"] != 1 or finding["rule"] != "outlived-task":
                fail(f"{finding['rule']} of {finding['count']} tasks, not one each")
            task = finding["tasks"][0]
            name = task.get("given_name") or task["name"]
            (hidden if finding["suppressed_by"] else shown)[task["kind"]] = name
        if shown != {"thread": "forgotten", "coroutine": "lost session", "fiber": "lost fiber"}:
            fail(f"{file.name} shows {shown}")
        if hidden != {"thread": "refresher", "coroutine": "standing session", "fiber": "idle fiber"}:
            fail(f"{file.name} hides {hidden}")
        if [use["hits"] for use in whole["suppressions"]] != [3]:
            fail(f"suppressions are {whole['suppressions']}, not three tasks")
    ps = run(track, "ps", dump, code=0).stdout
    for name in ("refresher", "forgotten", "lost session", "idle fiber"):
        if name not in ps:
            fail(f"ps does not print {name!r}:\n{ps}")


def check_stuck(track, program, directory):
    """That a marked task can never go on is told."""
    report = directory / "stuck.json"
    run(track, "check", "--json", report, "--", program, "stuck", code=23)
    found = {f["rule"]: f["suppressed_by"] for f in json.loads(report.read_text())["findings"]}
    if found != {"stuck-task": None, "lock-held-at-exit": None}:
        fail(f"of a marked thread that is stuck: {found}")


def check_pools(track, library, program, directory):
    """Of two pools made at one place the one whose workers all wait for its own queue, alone."""
    child = subprocess.Popen([program, "pools"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True, env=dict(os.environ, LD_PRELOAD=str(library)))
    dump = directory / "pools.dump"
    findings = []
    if child.stdout.readline().strip() != "waiting":
        fail("the pools did not start")
    for _ in range(60):  # told once they have waited for a second
        run(track, "dump", "-o", dump, str(child.pid), code=0)
        findings = json.loads(run(track, "leaks", "--json", "-", dump).stdout)["findings"]
        if any(finding["rule"] == "pool-exhausted" for finding in findings):
            break
    ps = run(track, "ps", str(child.pid), code=0).stdout
    child.stdin.close()
    child.wait(timeout=60)
    found = [(f["rule"], f["evidence"], f["count"], f["pool"], f["title"]) for f in findings]
    if found != [("pool-exhausted", "suspected", 2, "decoders", "all 2 workers of pool 'decoders' "
                  "wait for work that is queued for themselves")]:
        fail(f"of the pools was found: {found}")
    for name, workers in (("decoders", 2), ("writers", 1)):
        if ps.count("pool=" + name) != workers:
            fail(f"ps does not show {workers} of {name}:\n{ps}")


def check_locks(track, library, program):
    child = subprocess.Popen([program, "locks"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True, env=dict(os.environ, LD_PRELOAD=str(library)))
    expected = {}
    for line in child.stdout:
        if line.strip() == "held":
            break
        address, _, name = line.strip().partition(" ")
        expected[address] = name
    seen = {}
    for _ in range(60):
        tasks = json.loads(run(track, "ps", "--json", "-", str(child.pid)).stdout)
        seen = {task["wait_object"]["address"]: task["wait_object"]["symbol"] or ""
                for task in tasks["processes"][0]["tasks"] if "wait_object" in task
                and task["wait_object"]["kind"] == "mutex"}
        if len(seen) == len(expected):
            break
    child.stdin.close()
    if child.wait(timeout=60) != 0:
        fail("a name found no room, though names were taken back")
    for address, name in expected.items():
        text = seen.get(address)
        known = text is not None and text.split(", ")[0] == name
        if text is None or (name and not known) or \
                (not name and any(word in text for word in ("goes", "broken up", "made anew", "shelf"))):
            fail(f"the lock at {address} is called {text!r}; its name is {name!r}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        check_deadlock(arguments.track, arguments.program, directory)
        check_marks(arguments.track, arguments.program, directory)
        check_pools(arguments.track, arguments.library, arguments.program, directory)
        check_stuck(arguments.track, arguments.program, directory)
        check_locks(arguments.track, arguments.library, arguments.program)
    print("names are told and go with what they name; marks hide what they may")


if __name__ == "__main__":
    main()
