#!/usr/bin/env python3
"""track/testing.h: who leaves a task behind fails, and nobody else, by GoogleTest, Catch2 and doctest as
Debian packages them and by a runner of one's own on 32 threads, also over the handlers and coroutines
of an io_context that the tests share. Without libtrack.so it says so; with a tracker that shows nothing
it fails.

    testing.py LIBRARY TARGET...
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

LIBRARY, *TARGETS = sys.argv[1:]
LIMIT_S = 120


def run(target, *arguments, tracked=True):
    with tempfile.TemporaryDirectory(prefix="track-testing-") as place:
        environment = dict(os.environ)
        if tracked:
            environment |= {"LD_PRELOAD": LIBRARY, "TRACK_OPTIONS": f"dir={place}"}
        done = subprocess.run([target, *arguments], capture_output=True, text=True, timeout=LIMIT_S,
                              env=environment)
        return done.returncode, done.stdout + done.stderr


def blamed(text):
    """Names of the tests that a message of ours blames, with how many tasks."""
    return {name: int(count) for name, count in
            re.findall(r"track: (\S+) leaves (\d+) tasks? behind:", text)}


def with_locks(text):
    """The same of those that left locks held, with what is said of them."""
    return dict(re.findall(r"track: (\S+) leaves 1 lock held:\n  lock held: (.*)", text))


def googletest(target):
    code, text = run(target)
    check("gtest: exit code", code == 1, f"{code}: {text}")
    expected = {"Leaky.Thread", "Leaky.Grandchild", "Leaky.Unjoined", "Leaky.NoTimeToSettle",
                "Leaky.LongLivedEnds", "Leaky.Coroutine", "Leaky.Fiber", "Ignored.OtherName",
                "Failing.RunOnFailure"}
    check("gtest: blamed", blamed(text) == dict.fromkeys(expected, 1), blamed(text))
    locks = with_locks(text)
    check("gtest: locks", set(locks) == {"Leaky.KeepsLock", "Leaky.DropsLocked",
                                         "Leaky.DropsAnotherLocked", "Leaky.EndsWithLock"}, text)
    for test, words in (("KeepsLock", r"mutex 0x\w+.*, by the test's own thread"),
                        ("EndsWithLock", r"reader-writer lock, for writing, 0x\w+.*, by thread \d+ "
                                         r"of the test, which has ended")):
        check(f"gtest: {test}", re.fullmatch(words, locks.get(f"Leaky.{test}", "")), text)
    expected |= set(locks)
    failed = set(re.findall(r"^\[  FAILED  \] (\w+\.\w+) \(", text, re.MULTILINE))
    check("gtest: failed", failed == expected | {"Failing.IsNotLookedAt"}, failed)
    check("gtest: created by", "created by leaks::leak_thread()" in text and
          "called by Leaky_Thread_Test::TestBody()" in text, text)
    check("gtest: unjoined", "ended, and nobody has joined it; created by leaks::leak_unjoined" in text,
          text)
    for kind, state in (("coroutine", "not finished"), ("fiber", "suspended")):
        check(f"gtest: {kind}", re.search(rf"^  {kind} \d+: {state}; created by leaks::\w+\(",
                                          text, re.MULTILINE), text)
    code, text = run(target, "--gtest_filter=Clean.*:After.*:Ignored.*-*OtherName")
    check("gtest: clean ones pass", code == 0 and "12 tests from" in text, f"{code}: {text}")
    code, text = run(target, "--gtest_filter=Leaky.Thread", "--gtest_repeat=3")
    check("gtest: each repetition's own", text.count("leaves 1 task behind") == 3, text)
    code, text = run(target, "--gtest_filter=Leaky.*", tracked=False)
    check("gtest: without the library", code == 0 and text.count("nobody looks for leaked tasks") == 1,
          f"{code}: {text}")


def sections(target, name):
    """Catch2 and doctest, which have the same tests."""
    code, text = run(target)
    check(f"{name}: exit code", code != 0, text)
    check(f"{name}: blamed", blamed(text) == {"Leaky.Thread": 1, "Leaky.Section": 1}, text)
    check(f"{name}: created by", "created by leaks::leak_thread()" in text, text)
    counts = re.search(r"test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed", text)
    check(f"{name}: counted", counts is not None and counts.groups() == ("7", "4", "3"), text[-600:])
    for one, passes in (("Clean.*", True), ("After.IsNotBlamed", True), ("Ignored.CreatedBy", True),
                        ("Leaky.Thread", False), ("Leaky.Section", False)):
        arguments = [f"--test-case={one}"] if name == "doctest" else [one]
        code, text = run(target, *arguments)
        check(f"{name}: {one}", (code == 0) == passes, f"{code}: {text}")
    code, text = run(target, *(["--test-case=Leaky.*"] if name == "doctest" else ["Leaky.*"]),
                     tracked=False)
    check(f"{name}: without the library", code == 0 and
          text.count("nobody looks for leaked tasks") == 1, f"{code}: {text}")


def parallel(target):
    code, text = run(target)
    found = {name: int(count) for name, count in re.findall(r"blamed (\S+) (\d+)", text)}
    expected = {f"Suite{runner}.Test{number}": number + 1 for runner in range(32) for number in (2, 5)}
    check("32 at once", code == 0 and "done" in text and found == expected,
          f"{code}, wrong: {set(found.items()) ^ set(expected.items())}")


def asio(target, told=True):
    """With track/asio.h every test is blamed for its own; without, for what the pool's threads do
    nobody can be."""
    code, text = run(target)
    found = {name: int(count) for name, count in re.findall(r"blamed (\S+) (\d+)", text)}
    ways = ["posted", "timed", "stranded", "read", "thrown"]
    if "no coroutines" not in text:
        ways.append("spawned")
    expected = {f"{way}.Test{runner}": runner % 3 + 1 if told else 0 for runner in range(8)
                for way in ways}
    check(pathlib.Path(target).name, code == 0 and found == expected and "pool 0" in text,
          f"{code}, wrong: {set(found.items()) ^ set(expected.items())}; {text[-300:]}")
    code, text = run(target, tracked=False)
    check(f"{pathlib.Path(target).name} without the library", code == 0 and "done" in text, text)


def blind(target):
    code, text = run(target, tracked=False)
    check("a blind tracker", code == 1 and "the listener does not work" in text and
          "saw 0 of it" in text, f"{code}: {text}")


def main():
    named = {pathlib.Path(target).name: target for target in TARGETS}
    googletest(named["testing_gtest"])
    sections(named["testing_catch2"], "catch2")
    sections(named["testing_doctest"], "doctest")
    parallel(named["testing_parallel"])
    asio(named["testing_asio"])
    asio(named["testing_boost_asio"])
    asio(named["testing_untold_asio"], told=False)
    blind(named["testing_blind"])
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
