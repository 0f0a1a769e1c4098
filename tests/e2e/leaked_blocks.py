#!/usr/bin/env python3
"""`track run --memory` finds the blocks that LeakSanitizer finds: as many, in as many bytes where
none leads to another; with glibc's allocator, and the most of them with another one."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODES = ("none", "c", "cxx", "tree", "thread", "mixed")
TCMALLOC = pathlib.Path("/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4")


def build(folder, name, *flags):
    program = pathlib.Path(folder) / name
    subprocess.run(["g++", "-std=c++20", "-O1", "-g", "-pthread", str(HERE / "leaking.cc"), "-o",
                    str(program), *flags], check=True)
    return program


def of_sanitizer(program, mode):
    done = subprocess.run([program, mode], capture_output=True, text=True, timeout=60)
    if "LeakSanitizer has encountered a fatal error" in done.stderr:
        return None
    found = re.search(r"LeakSanitizer: (\d+) byte\(s\) leaked in (\d+) allocation", done.stderr)
    return (int(found[2]), int(found[1])) if found else (0, 0)


def of_track(track, program, mode, folder):
    report = pathlib.Path(folder) / "report.json"
    subprocess.run([track, "run", "--memory", "--json", report, "--", program, mode],
                   capture_output=True, text=True, timeout=60, check=True)
    blocks = bytes_held = 0
    places = []
    for finding in json.loads(report.read_text())["findings"]:
        if finding["rule"] != "leaked-memory":
            continue
        more = re.search(r"to (\d+) more block", " ".join(finding["because"]))
        blocks += finding["count"] + (int(more[1]) if more else 0)
        bytes_held += finding["bytes_held"]
        places.append([frame["function"] for frame in finding["created_at"]])
        if finding["evidence"] != "proved":
            places.append(finding["evidence"])
    return blocks, bytes_held, places


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", required=True)
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="leaked-blocks-") as folder:
        plain = build(folder, "plain")
        checked = build(folder, "checked", "-fsanitize=leak")
        for mode in MODES:
            expected = of_sanitizer(checked, mode)
            blocks, size, places = of_track(arguments.track, plain, mode, folder)
            problems = []
            if expected is None:
                print(f"skip {mode}: LeakSanitizer cannot look here")
                continue
            if blocks != expected[0]:
                problems.append(f"{blocks} blocks")
            if mode in ("c", "cxx", "thread") and size != expected[1]:
                problems.append(f"{size} bytes")
            if not all(isinstance(place, list) and place for place in places):
                problems.append(f"places {places}")
            if mode == "tree" and not all("tree" in str(place) for place in places):
                problems.append(f"places {places}")
            failures += bool(problems)
            print(f"{'FAIL' if problems else 'ok  '} {mode}: {expected[0]} blocks, {expected[1]} "
                  f"bytes{', not ' if problems else ''}{'; '.join(problems)}")
        if TCMALLOC.exists():
            other = build(folder, "other", "-Wl,--no-as-needed", str(TCMALLOC))
            for mode, least in (("none", 0), ("c", 4), ("mixed", 60)):
                blocks, _, places = of_track(arguments.track, other, mode, folder)
                expected = of_sanitizer(checked, mode)
                good = least <= blocks and (expected is None or blocks <= expected[0])
                failures += not good
                print(f"{'ok  ' if good else 'FAIL'} {mode} with tcmalloc: {blocks} blocks")
            past = build(folder, "past", "-DPAST_THE_HOOKS", "-Wl,--no-as-needed", str(TCMALLOC))
            # What a program frees by tc_free stays in the table: nothing in it is believed then.
            for mode in ("none", "c"):
                blocks, _, _ = of_track(arguments.track, past, mode, folder)
                failures += blocks != 0
                print(f"{'FAIL' if blocks else 'ok  '} {mode} past the hooks: {blocks} blocks")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
