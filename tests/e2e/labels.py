#!/usr/bin/env python3
"""Labels (track.h): each leak names the test that created it, while 32 tests run at the same time in
one process; without tokens none is named, and a clean test never is. Seen in every way there is:
text, JSON, the reports for CI, ps, pprof labels, a dump. And what a program asks from inside.
"""

import argparse
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TESTS = 32
CLEAN = 5  # of six sorts the last leaks nothing
KINDS = {0: "thread", 1: "coroutine", 2: "fiber", 3: "thread", 4: "thread"}
FLAGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
PLAIN_C = """#include <track/leaks.h>
#include <track/pool.h>
#include <track/track.h>
#include <track/wait.h>
int main(void) {
  struct track_task task;
  uint64_t cursor = 0;
  const struct track_leak_query query = {.label = "k", .min_age_ns = 1};
  while (track_leak_next(&cursor, &query, &task)) {}
  cursor = track_leaks(&query);
  track_wait_begin(&cursor, TRACK_WAIT_LOCK | TRACK_WAIT_TIMED);
  track_wait_end();
  track_owner_clear(&cursor);
  track_object_gone(&cursor);
  track_pool_job_begin();
  track_pool_job_end();
  while (track_task_next(&cursor, &task)) {}
  return track_test_begin("a") + track_label_set("k", "v") + (int)track_count(TRACK_FIBERS) +
         (int)track_labels_use(track_labels()) + (int)track_lost() + *track_recording_path() +
         (int)track_count_labelled(TRACK_THREADS, "a", "b") + track_is_recording() +
         (track_labels_get(0, "a") != 0) + track_task_name("n") + track_lock_name(&cursor, "l") +
         track_task_long_lived(1) + track_coroutine_name(&cursor, "c") +
         track_coroutine_long_lived(&cursor, 1) + track_owner_set(&cursor) + track_woke(&cursor) +
         track_pool_enter(&cursor, "p") + track_pool_leave();
}
"""
PLAIN_CXX = """#include <track/coroutine.h>
#include <track/coroutine_labels.h>
#include <track/leaks.h>
#include <track/pool.h>
#include <track/track.h>
#include <track/wait.h>
int main_lock;
struct job {
  struct promise_type : track::labelled_promise<promise_type> {
    job get_return_object() { return {}; }
    auto initial_suspend(track::place here = track::place::current()) noexcept {
      return track_initial(std::suspend_never{}, here);
    }
    auto final_suspend() noexcept { return track_final(std::suspend_never{}); }
    void return_void() {}
    void unhandled_exception() {}
  };
};
job run() { co_await std::suspend_never(); }
int main() {
  run();
  track::waiting waiting(&main_lock, TRACK_WAIT_EVENT);
  track::owning owning(&main_lock);
  track::lock_name name(&main_lock, "lock");
  track::pool_worker worker(&main_lock, "pool");
  track::pool_job job;
  track::label label("a", "b");
  track::with_labels labels(track_labels());
  track_test_end();
  return static_cast<int>(track_leaks(nullptr));
}
"""


def fail(text):
    sys.exit("labels: " + text)


def run(*command, code=None, environment=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            timeout=120, env=environment)
    if code is not None and result.returncode != code:
        fail(f"{' '.join(map(str, command))}: exit {result.returncode}, not {code}\n"
             f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result


def planted():
    """Test -> kind of what it leaked."""
    return {f"Suite.Test{i}": KINDS[i % 6] for i in range(TESTS) if i % 6 != CLEAN}


def told(report):
    """Test -> kinds, of a JSON report; each finding of tasks is of one test."""
    found = {}
    for finding in report["findings"]:
        kinds = {task["kind"] for task in finding["tasks"]}
        for task in finding["tasks"]:
            if task.get("labels", {}).get("test") != finding["test"]:
                fail(f"a task of {finding['test']} has the labels {task.get('labels')}")
        found.setdefault(finding["test"], set()).update(kinds)
    return found


def check_blame(track, program, directory):
    report = directory / "report.json"
    dump = directory / "all.dump"
    junit, sarif = directory / "junit.xml", directory / "sarif.json"
    result = run(track, "check", "--json", report, "--junit", junit, "--sarif", sarif,
                 "--dump", dump, "--fail-on", "outlived-task:suspected,stuck-task:suspected,"
                 "orphaned-coroutine:suspected", "--", program, "blame", TESTS, code=23)
    expected = {test: {kind} for test, kind in planted().items()}
    found = told(json.loads(report.read_text()))
    # A global keeps each coroutine that was leaked, in a block that was in a thread's cache before.
    if any(f["evidence"] == "proved" for f in json.loads(report.read_text())["findings"]):
        fail(f"what something refers to is no proof:\n{result.stderr}")
    if found != expected:
        fail(f"blamed wrong:\n{found}\nplanted:\n{expected}\n{result.stderr}")
    for test in expected:
        for what, text in (("text", result.stderr), ("JUnit", junit.read_text()),
                           ("SARIF", sarif.read_text())):
            if not re.search(rf"in test: {re.escape(test)}\b", text):
                fail(f"{what} does not name {test}")
    # The same out of a dump.
    again = directory / "again.json"
    run(track, "leaks", dump, "--json", again, code=0)
    if told(json.loads(again.read_text())) != expected:
        fail("the dump blames other tests")
    tasks = json.loads(run(track, "ps", "--json", "-", dump, code=0).stdout)["processes"][0]["tasks"]
    of = {task["labels"]["test"] for task in tasks if task.get("labels")}
    if of != set(expected):
        fail(f"ps shows tasks of {sorted(of)}")
    if "labels test=Suite.Test0" not in run(track, "ps", dump, code=0).stdout:
        fail("ps does not print labels")
    for kind in ("tasks", "leaks"):
        profile = directory / f"{kind}.pb.gz"
        run(track, "profile", kind, dump, "-o", profile, code=0)
        texts = gzip.decompress(profile.read_bytes())
        missing = [test for test in expected if test.encode() not in texts]
        if missing or b"test" not in texts:
            fail(f"the {kind} profile lacks the label test of {missing}")
    page = directory / "page.html"
    run(track, "html", dump, "-o", page, code=0)
    plain = page.read_text().split('id="track-static"', 1)[1].split('id="track-app"', 1)[0]
    for test in expected:
        if f"in test: {test}<" not in plain:
            fail(f"the page's plain table does not name {test}")
    # Two leaks of one place in two tests are two findings, and the same in the next run.
    prints = [finding["fingerprint"] for finding in json.loads(report.read_text())["findings"]]
    if len(prints) != len(set(prints)):
        fail("findings of different tests have one fingerprint")
    second = directory / "second.json"
    run(track, "check", "--json", second, "--", program, "blame", TESTS)
    if set(prints) != {f["fingerprint"] for f in json.loads(second.read_text())["findings"]}:
        fail("fingerprints differ from run to run")


def check_control(track, program, directory):
    """Without tokens the same leaks are found, and nobody is blamed."""
    report = directory / "control.json"
    run(track, "run", "--json", report, "--", program, "unlabelled", code=0)
    findings = json.loads(report.read_text())["findings"]
    if not findings or any(finding["test"] is not None for finding in findings):
        fail("without tokens a test was blamed, or nothing found")


def check_inside(library, program):
    environment = dict(os.environ, LD_PRELOAD=str(library))
    for preload, word in ((None, "not tracked"), (environment, "asked")):
        result = run(program, "queries", environment=preload)
        if result.returncode != 0 or result.stdout.strip() != word:
            fail(f"{word}: {result.stdout}{result.stderr}")


def check_coroutines(library, program):
    """Of coroutines that keep their labels; the program looks itself."""
    environment = dict(os.environ, LD_PRELOAD=str(library))
    for preload, word in ((None, "not tracked"), (environment, "kept")):
        result = run(program, environment=preload)
        if result.returncode != 0 or result.stdout.strip() != word:
            fail(f"coroutines: {result.stdout}{result.stderr}")


def check_fixed_address(include, library, directory):
    """In a program for a fixed address a weak symbol is not null for good."""
    source = directory / "fixed.cc"
    source.write_text("#include <track/track.h>\nint main() { return track_is_recording(); }\n")
    for flags in (["-no-pie", "-fno-pie"], ["-pie", "-fPIE"]):
        program = directory / "fixed"
        run("g++", "-O2", *flags, "-I", include, source, "-o", program, code=0)
        run(program, code=0)
        run(program, code=1, environment=dict(os.environ, LD_PRELOAD=str(library)))


def check_headers(include, directory):
    """They compile without a word as C11 and C++20, also when they vanish; and then refer to
    nothing."""
    for name, text, standard, compilers in (
            ("plain.c", PLAIN_C, "-std=c11", ("gcc", "clang")),
            ("plain.cc", PLAIN_CXX, "-std=c++20", ("g++", "clang++"))):
        file = directory / name
        file.write_text(text)
        for compiler in compilers:
            for define in ([], ["-DTRACK_DISABLE"]):
                run(compiler, standard, *FLAGS, *define, "-I", include, file, code=0)
        program = directory / "vanished.o"
        run(compilers[0], standard, "-DTRACK_DISABLE", "-I", include, "-c", file, "-o", program,
            code=0)
        if "track_abi" in run("nm", program, code=0).stdout:
            fail(f"with TRACK_DISABLE {name} refers to the library")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program", "coroutines", "include"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        check_headers(arguments.include, directory)
        check_fixed_address(arguments.include, arguments.library, directory)
        check_inside(arguments.library, arguments.program)
        check_coroutines(arguments.library, arguments.coroutines)
        check_blame(arguments.track, arguments.program, directory)
        check_control(arguments.track, arguments.program, directory)
    print(f"{len(planted())} leaks of {TESTS} parallel tests, each blamed on the test that made it")


if __name__ == "__main__":
    main()
