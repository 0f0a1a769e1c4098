#!/usr/bin/env python3
"""`track locks`: who waited for a lock and who made it wait, live, of a dump and of an unprepared
process; what cannot be had is refused in clear words."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = map(os.path.abspath, sys.argv[1:3])


def track(*words, code=0):
    result = subprocess.run([TRACK, *words], capture_output=True, text=True, timeout=120)
    check(f"{words}: exit code {result.returncode}", result.returncode == code,
          result.stdout + result.stderr)
    return result


def locks(target):
    return json.loads(track("locks", target, "--json", "-").stdout)["processes"][0]


def functions(place):
    return [frame["function"].split("::")[-1] for frame in place["stack"]]


def over(place):
    """A thread waited once, until main let go."""
    dump = f"{place}/over.dump"
    track("run", "--dir", place, "--dump", dump, "--", TARGET, "return", "clean")
    process = locks(dump)
    check("one lock", len(process["locks"]) == 1, process)
    lock = process["locks"][0]
    check("one wait", lock["count"] == 1 and lock["total_ns"] == lock["longest_ns"] > 0, lock)
    check("charged to who let go", any("finish_both" in f for f in functions(lock["holders"][0])),
          lock["holders"])
    check("all of it, and nothing else",
          sum(h["total_ns"] for h in lock["holders"]) == lock["total_ns"], lock)
    check("waited where it was", any("wait_for_ever" in f for f in functions(lock["waiters"][0])),
          lock["waiters"])
    check("over", lock["held_by"] == [] and lock["waited_by"] == [], lock)
    text = track("locks", dump).stdout
    check("as text", "held up by" in text and "finish_both" in text, text)
    check("80 columns", all(len(line) <= 80 for line in text.splitlines()), text)
    check("--min", locks_text_has_none(dump), text)
    for kind in ("block", "contention"):
        folded = track("profile", kind, dump, "--format", "folded").stdout
        place_name = "wait_for_ever" if kind == "block" else "finish_both"
        check(f"profile {kind}", place_name in folded, folded)
        alone = track("profile", kind, dump, "--format", "folded", "--locks").stdout
        check(f"profile {kind} --locks", place_name in alone and "thread::join" not in alone, alone)


def recorded(place):
    """With locks=all every hold is there, also of locks that nobody waited for."""
    dump = f"{place}/recorded.dump"
    track("run", "--dir", place, "--locks", "all", "--dump", dump, "--", TARGET, "return", "clean")
    process = locks(dump)
    holds = [lock["holds"] for lock in process["locks"]]
    check("holds", process["holds"] == sum(h["count"] for h in holds) >= 2, process)
    waited = [lock for lock in process["locks"] if lock["count"] == 1]
    check("one was waited for", len(waited) == 1, process)
    longest = waited[0]["holds"]
    check("by main and the one that waited", longest["count"] >= 2, longest)
    check("for some time", 0 < longest["longest_ns"] <= longest["total_ns"], longest)
    check("let go where it was", any("finish_both" in f for f in functions(
        {"stack": longest["longest_at"]})), longest)
    text = track("locks", dump, "--sort", "held").stdout
    check("as text", "taken " in text and "the longest" in text and "all there were" in text, text)
    check("80 columns", all(len(line) <= 80 for line in text.splitlines()), text)
    timeline = f"{place}/timeline"
    track("trace", dump, "--format", "chrome", "-o", timeline)
    with open(timeline, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    tracks = [e["args"]["name"] for e in events if e["name"] == "thread_name"]
    check("a track of locks", "main (thread 1): locks" in tracks, tracks)
    begun = [e for e in events if e["ph"] == "B" and e["name"].startswith("mutex ")]
    check("a slice a hold", len(begun) == process["holds"], begun)


def made(place):
    """What is waited for says where it was initialized."""
    dump = f"{place}/made.dump"
    track("run", "--dir", place, "--dump", dump, "--", TARGET, "objects")
    for event in locks(dump)["events"]:
        if event["kind"] in ("semaphore", "barrier"):
            check("made there", any("make_objects" in f for f in functions(
                {"stack": event["created_at"]})), event)
            break
    else:
        check("a semaphore or a barrier", False, locks(dump))


def locks_text_has_none(dump):
    return "no thread had to wait for a lock" in track("locks", dump, "--min", "1h").stdout


def going_on(place, command):
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid = child.stdout.readline().split()[1]
    process = locks(pid)
    owned = [lock for lock in process["locks"] if lock["waited_by"]]
    check(f"{command[0]}: one lock is waited for", len(owned) == 1, process)
    if owned:
        check("held by main", [t["name"] for t in owned[0]["held_by"]] == ["main"], owned[0])
        check("for as long", owned[0]["ongoing_ns"] > 0 or command[0] == TARGET, owned[0])
    os.kill(int(pid), signal.SIGKILL)
    child.wait()


def main():
    with tempfile.TemporaryDirectory() as place:
        over(place)
        recorded(place)
        made(place)
        going_on(place, [TRACK, "run", "--dir", place, "--", TARGET, "forever"])
    result = track("locks", "nonsense", code=2)
    check("clear words", "neither a PID" in result.stderr, result.stderr)
    result = track("locks", "1", "--sort", "colour", code=2)
    check("clear words", "--sort" in result.stderr, result.stderr)
    result = track("profile", "tasks", "1", "--all", code=2)
    check("clear words", "--all is for" in result.stderr, result.stderr)
    result = track("profile", "block", "1", "--all", "--locks", code=2)
    check("clear words", "contradict" in result.stderr, result.stderr)
    sys.exit(verdict())


main()
