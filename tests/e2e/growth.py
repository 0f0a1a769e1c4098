#!/usr/bin/env python3
"""Dumps of one process, taken one after the other: threads that become more and stay are growth,
threads that come and go are not.

    growth.py TRACK LIBTRACK.SO GROWING_TARGET
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

TRACK, LIBRARY, TARGET = sys.argv[1:4]
failures = []


def expect(what, right):
    if not right:
        failures.append(what)


def series(folder, name, orders, library, options=""):
    """One dump after each order."""
    environment = dict(os.environ)
    if library:
        environment.update(LD_PRELOAD=library, TRACK_OPTIONS=f"dir={folder}/records{options}")
    process = subprocess.Popen([TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment)
    dumps = []
    for order in orders:
        process.stdin.write(order + "\n")
        process.stdin.flush()
        process.stdout.readline()
        dumps.append(f"{folder}/{name}{len(dumps)}.dump")
        subprocess.run([TRACK, "dump", str(process.pid), "-o", dumps[-1]], check=True,
                       stdout=subprocess.DEVNULL)
    process.stdin.close()
    expect(f"{name}: the program ended with {process.wait(60)}", process.returncode == 0)
    return dumps


def findings(*words):
    result = subprocess.run([TRACK, *words, "--json", "-"], capture_output=True, text=True)
    return result.returncode, json.loads(result.stdout)


def growing(document):
    return [finding for finding in document["findings"] if finding["rule"] == "growing-tasks"]


def main():
    with tempfile.TemporaryDirectory(prefix="track-growth-") as folder:
        leaky = series(folder, "leaky", ("leak 2", "leak 4", "leak 4"), LIBRARY)
        # In any order: what counts is when they were taken.
        code, document = findings("leaks", leaky[2], leaky[0], leaky[1])
        found = growing(document)
        expect(f"leaky: {document}", code == 0 and len(found) == 1)
        if found:
            expect("2, 6, 10", "2, 6, 10 of them at 3 looks" in found[0]["because"][0])
            expect("created in leak", found[0]["evidence"] == "suspected" and
                   any("leak" in frame["function"] for frame in found[0]["created_at"]))
        expect("said once", len(document["processes"]) == 1 and
               any("3 looks at process" in note for note in document["notes"]))
        gate, _ = findings("check", "--fail-on", "growing-tasks", *leaky)
        expect(f"gate {gate}", gate == 23)
        busy = series(folder, "busy", ("work 3", "work 6", "work 12"), LIBRARY)
        code, document = findings("leaks", *busy)
        expect(f"busy: {document}", code == 0 and not growing(document))
        code, document = findings("leaks", leaky[0], busy[2])
        expect("two processes", len(document["processes"]) == 2 and not growing(document))
        code, document = findings("leaks", leaky[0], leaky[0])
        expect("one dump twice", len(document["processes"]) == 1 and not growing(document))
        bare = series(folder, "bare", ("leak 2", "leak 4", "leak 4"), None)
        code, document = findings("leaks", *bare)
        expect(f"bare: {document}", len(growing(document)) == 1)
        kept = series(folder, "kept", ("keep 50", "keep 40", "keep 60"), LIBRARY, ":alloc=exact")
        code, document = findings("leaks", *kept)
        found = [f for f in document["findings"] if f["rule"] == "growing-memory"]
        expect(f"kept: {document['findings']}", code == 0 and len(found) >= 1)
        if found:
            expect(f"150 KiB: {found[0]}", found[0]["bytes_held"] == 150 * 1024 and
                   found[0]["count"] == 150 and
                   any("keep" in frame["function"] for frame in found[0]["created_at"]) and
                   any("more an hour" in line for line in found[0]["because"]))
        expect("scratch is no growth", not any(
            "scratch" in frame["function"] for f in found for frame in f["created_at"]))
        gate, _ = findings("check", "--fail-on", "growing-memory", *kept)
        expect(f"memory gate {gate}", gate == 23)
        code, document = findings("check", *kept)
        expect("memory does not fail by default", code == 0)
    for failure in failures:
        print("FAIL", failure)
    print("growth:", "failed" if failures else "passed")
    return 1 if failures else 0


sys.exit(main())
