#!/usr/bin/env python3
"""What libtrack.so may not do to the program it watches.

    library_rules.py LIBTRACK_SO RULES_TARGET [--plant PLANT_SO]

By its symbols: scripts/check_library, with violations planted to see that each is caught. By what
the program sees of itself: tests/support/rules_target counts its own heap, descriptors, threads,
signals and errno; its lines must be the same bare and preloaded. PLANT_SO is a library that does
what is forbidden: preloaded, it must make the lines differ.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_library"


def lines_of(target, preload, options):
    environment = {"PATH": os.environ.get("PATH", "/usr/bin")}
    if preload:
        environment |= {"LD_PRELOAD": preload, "TRACK_OPTIONS": options}
    done = subprocess.run([target], env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines() + [f"exit code {done.returncode}"] + done.stderr.splitlines()


def difference(bare, other):
    changes = difflib.unified_diff(bare, other, "bare", "preloaded", lineterm="", n=0)
    return [line for line in changes if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def main():
    library, target, *rest = sys.argv[1:]
    failures = []
    for arguments in ([library], ["--self-test"]):
        if subprocess.run([CHECK, *arguments]).returncode != 0:
            failures.append(f"check_library {arguments[0]}")

    bare = lines_of(target, None, "")
    if bare[-1] != "exit code 0" or len(bare) < 10:
        failures.append("the target fails without libtrack: " + "\n".join(bare))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        for options in ("", "keep=1", "record=0", "locks=0:waits=0", "coroutines=0"):
            seen = lines_of(target, library, f"dir={folder}:{options}")
            failures += [f"options '{options}': {line}" for line in difference(bare, seen)]
        if not any(re.match(r"rec\.\d+\.\d+$", name) for name in os.listdir(folder)):
            failures.append("keep=1 left no recording: the library was not at work")
    if rest[:1] == ["--plant"]:
        planted = difference(bare, lines_of(target, rest[1], ""))
        for word in ("allocations", "descriptors", "threads", "handled", "blocked", "errno"):
            if word not in "\n".join(planted):
                failures.append(f"planted violation not noticed: {word}")
    for failure in failures:
        print(f"library_rules: {failure}")
    print(f"library_rules: {len(failures)} failure(s); {len(bare)} lines compared")
    return 1 if failures else 0


sys.exit(main())
