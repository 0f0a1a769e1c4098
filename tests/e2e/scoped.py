#!/usr/bin/env python3
"""Scopes (track.h): what the functions answer; a live process, and its dump, tell of each task that
was left behind by a scope which one, and of no other task; a mark hides; slots are used again.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def fail(text):
    sys.exit("scoped: " + text)


def run(*command, code=None, **more):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120, **more)
    if code is not None and result.returncode != code:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}, not {code}\n"
             f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result


def check_answers(library, program):
    preloaded = dict(os.environ, LD_PRELOAD=str(library))
    for what in ("words", "many"):
        run(program, what, code=0, env=preloaded)


EXPECTED = {("request", "thread"): "likely", ("query", "thread"): "likely",
            ("request", "coroutine"): "likely"}


def outlived(text):
    """{(scope, kind): evidence} of those that no mark hides, and how many it hides."""
    found, hidden = {}, 0
    for finding in json.loads(text)["findings"]:
        if finding["scope"] is None:
            continue
        if finding["rule"] != "outlived-task":
            fail(f"a scope outlived is {finding['rule']}")
        if finding["suppressed_by"]:
            hidden += finding["count"]
            continue
        key = (finding["scope"], finding["tasks"][0]["kind"])
        if key in found or finding["count"] != 1:
            fail(f"{key} is told more than once: {text[:3000]}")
        found[key] = finding["evidence"]
        if finding["tasks"][0]["labels"].get("scope") != finding["scope"]:
            fail(f"the task's labels are {finding['tasks'][0]['labels']}")
    return found, hidden


def check_listed(track, target, text):
    """`track ps` has the scopes themselves."""
    words = " ".join(text.split())
    for wanted in ("scope 'request', opened in leave scoped_target.cc:",
                   "ago: 3 threads, 1 coroutine left", "scope 'still open', opened in"):
        if wanted not in words:
            fail(f"ps does not say {wanted!r}:\n{text}")
    scopes = json.loads(run(track, "ps", target, "--json", "-", code=0).stdout)["processes"][0]["scopes"]
    by_name = {scope["name"]: scope for scope in scopes}
    inside = {name: scope["tasks"] for name, scope in by_name.items()}
    if inside != {"request": {"threads": 3, "coroutines": 1, "fibers": 0},
                  "query": {"threads": 1, "coroutines": 0, "fibers": 0},
                  "still open": {"threads": 1, "coroutines": 0, "fibers": 0}}:
        fail(f"in the scopes are {inside}")
    if [name for name, scope in by_name.items() if not scope["ended"]] != ["still open"]:
        fail(f"not the right one is open: {by_name}")
    if scopes[by_name["query"]["parent"]]["name"] != "request":
        fail(f"'query' was not opened in 'request': {by_name}")


def check_left(track, library, program, directory):
    process = subprocess.Popen([program, "leave"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=dict(os.environ, LD_PRELOAD=str(library)), text=True)
    try:
        if process.stdout.readline() != "ready\n":
            fail("the program did not get ready")
        limit = time.monotonic() + 60
        while True:
            result = run(track, "leaks", process.pid, "--json", "-")
            found, hidden = outlived(result.stdout)
            if found == EXPECTED:
                break
            # While the scopes' ends are near, it is no more than suspected.
            if set(found) != set(EXPECTED) or time.monotonic() > limit:
                fail(f"found {found}, not {EXPECTED}:\n{result.stdout[:6000]}")
        if hidden != 1:
            fail(f"{hidden} are hidden by a mark, not one")
        text = " ".join(run(track, "leaks", process.pid).stdout.split())
        for word in ("outlived the scope 'request'", "opened in leave scoped_target.cc:", "outlived the scope 'query'",
                     "had not finished when it ended"):
            if word not in text:
                fail(f"leaks does not say {word!r}:\n{text}")
        if "still open" in text.replace("scope=still open", ""):
            fail(f"a scope that is open is told as outlived:\n{text}")
        listed = run(track, "ps", process.pid, code=0).stdout
        for label in ("scope=request", "scope=query", "scope=still open"):
            if label not in " ".join(listed.split()):
                fail(f"ps does not show {label}:\n{listed}")
        check_listed(track, process.pid, listed)
        dump = directory / "left.dump"
        run(track, "dump", process.pid, "-o", dump, code=0)
        of_dump, hidden = outlived(run(track, "leaks", dump, "--json", "-").stdout)
        if of_dump != EXPECTED or hidden != 1:
            fail(f"the dump says {of_dump}, not {EXPECTED}")
    finally:
        process.stdin.close()
        if process.wait(60) != 0:
            fail("something was lost")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    check_answers(arguments.library, arguments.program)
    with tempfile.TemporaryDirectory() as scratch:
        check_left(arguments.track, arguments.library, arguments.program, pathlib.Path(scratch))
    print("what outlived its scope is told with it, and nothing else is")


if __name__ == "__main__":
    main()
