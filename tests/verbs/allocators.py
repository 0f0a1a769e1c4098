#!/usr/bin/env python3
"""Coroutine frames given back by jemalloc's and tcmalloc's own names are not reported as left."""

import ctypes.util
import os
import subprocess
import sys
import tempfile

TRACK, TARGET = sys.argv[1:3]
WAYS = {"jemalloc": ("free", "dallocx", "sdallocx"),
        "tcmalloc_minimal": ("free", "tc_free", "tc_free_sized", "tc_delete", "tc_delete_sized"),
        "": ("free", "dallocx", "tc_delete")}  # without the allocator the names are free's
failures = []


def run(place, library, way):
    result = subprocess.run([TRACK, "run", "--dir", place, "--", TARGET, way], timeout=60,
                            env={**os.environ, "LD_PRELOAD": library}, capture_output=True, text=True)
    found = "clean: 0 findings" not in result.stderr
    if result.returncode not in (0, 23) or result.stdout.strip() != way or found != (way == "keep"):
        failures.append(f"{library} {way}: exit {result.returncode}\n{result.stderr}")


with tempfile.TemporaryDirectory() as place:
    for allocator, ways in WAYS.items():
        library = ctypes.util.find_library(allocator) if allocator else ""
        if library is None:
            print(f"skipped: lib{allocator} is not installed")
            continue
        for way in (*ways, "keep"):
            run(place, library, way)
for failure in failures:
    print("FAIL", failure)
sys.exit(bool(failures))
