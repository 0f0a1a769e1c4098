#!/usr/bin/env python3
"""A program's own options and suppressions (track_default_options, track_default_suppressions of
track.h): options go behind those of the environment and the command line; suppressions hide what they
say in a live process and in a dump, are counted, and a wrong line is an error that says where it is.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = """#include <track/track.h>
#include <chrono>
#include <latch>
#include <thread>
extern "C" const char* track_default_options() { return "%s"; }
extern "C" const char* track_default_suppressions() {
  return "# meant to be\\nunjoined-thread:nothing_like_it\\n%s\\n";
}
static std::latch parked(1);
static void wait_for_good() {
  parked.count_down();
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(30));
}
int main() {
  std::thread(wait_for_good).detach();
  parked.wait();
  return track_is_recording() ? 0 : 1;
}
"""
EXPORT = "-Wl,--export-dynamic-symbol=track_default_*"
GATE = ("--fail-on", "outlived-task:suspected")


def fail(text):
    sys.exit("own_settings: " + text)


def run(*command, code, environment=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120, env=dict(os.environ, **(environment or {})))
    if result.returncode != code:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}, not {code}\n"
             f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result


def build(include, directory, name, options, line, *flags, compiler="g++"):
    source, program = directory / f"{name}.cc", directory / name
    source.write_text(PROGRAM % (options, line))
    run(compiler, "-std=c++20", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", include,
        source, "-o", program, *flags, code=0)
    return program


def check_options(track, library, include, directory):
    preload = {"LD_PRELOAD": str(library)}
    for compiler in ("g++", "clang++"):
        quiet = build(include, directory, "quiet", "record=0", "", EXPORT, compiler=compiler)
        run(quiet, code=1)  # nobody there
        run(quiet, code=1, environment=preload)
        run(quiet, code=0, environment={**preload, "TRACK_OPTIONS": "record=1"})
        run(track, "run", "--record", "1", "--", quiet, code=0, environment={"TRACK_OPTIONS": "record=0"})
    hidden = build(include, directory, "hidden", "record=0", "")
    run(hidden, code=0, environment=preload)  # not exported: not found
    wrong = build(include, directory, "wrong", "colour=blue", "", EXPORT)
    text = " ".join(run(track, "check", "--", wrong, code=0).stderr.split())
    if "options of wrong: there is no option `colour`" not in text:
        fail(f"an option that is none is not told:\n{text}")


def check_suppressions(track, include, directory):
    program = build(include, directory, "parked", "", "outlived-task:wait_for_good", EXPORT)
    dump, report = directory / "parked.dump", directory / "parked.json"
    first = run(track, "check", *GATE, "--dump", dump, "--json", report, "--", program, code=0)
    second = run(track, "check", *GATE, dump, code=0)
    for what, result in (("live", first), ("dump", second)):
        text = " ".join((result.stdout + result.stderr).split())
        if "suppressed: 1 task by outlived-task:wait_for_good" not in text or \
                "1 suppressed" not in text:
            fail(f"{what}: what was hidden is not told:\n{text}")
        if "suppression without a hit: unjoined-thread:nothing_like_it " \
                "(track_default_suppressions() of parked:2)" not in text:
            fail(f"{what}: what hid nothing is not told:\n{text}")
    if [f["suppressed_by"] for f in json.loads(report.read_text())["findings"]] != \
            ["outlived-task:wait_for_good"]:
        fail("JSON does not say what hid the finding")
    unhidden = build(include, directory, "unhidden", "", "outlived-task:another", EXPORT)
    run(track, "check", *GATE, "--", unhidden, code=23)
    broken = build(include, directory, "broken", "", "no rule at all", EXPORT)
    error = run(track, "check", "--", broken, code=2).stderr
    if "track_default_suppressions() of broken:3: this suppression has no `:`" not in error:
        fail(f"a wrong line is not told by its place:\n{error}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "include"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        check_options(arguments.track, arguments.library, arguments.include, directory)
        check_suppressions(arguments.track, arguments.include, directory)
    print("a program's own options and suppressions count, the options behind everybody else's")


if __name__ == "__main__":
    main()
