#!/usr/bin/env python3
"""`track profile` and `track diff`: `go tool pprof` reads every type and form without a warning, its
sums are those of our own text, and what cannot be had is refused in clear words."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, TARGET = map(os.path.abspath, sys.argv[1:3])
TYPES = ("tasks", "threads", "coroutines", "leaks", "threadcreate", "heap", "block",
         "contention")


def track(*words, code=0):
    result = subprocess.run([TRACK, *words], capture_output=True, text=True, timeout=120)
    check(f"{words}: exit code {result.returncode}", result.returncode == code,
          result.stdout + result.stderr)
    return result


def refused(*words, says):
    result = track(*words, code=2)
    check(f"{words}: clear words", says in result.stderr and len(result.stderr.splitlines()) == 1 and
          not result.stdout, result.stdout + result.stderr)


def pprof_command():
    go = shutil.which("go")
    if go is None:
        print("go (golang-go) is not here")
        sys.exit(1)
    return subprocess.run([go, "tool", "-n", "pprof"], capture_output=True, text=True,
                          check=True).stdout.strip()


def pprof(*words, warns=False):
    result = subprocess.run([PPROF, *words], capture_output=True, text=True, timeout=120,
                            env={**os.environ, "PPROF_TMPDIR": PLACE, "HOME": PLACE})
    check(f"pprof {words}: no warning", result.returncode == 0 and (warns or not result.stderr),
          result.stdout + result.stderr)
    return result.stdout


def total(text):
    """What -top accounts for, and in what unit."""
    match = re.search(r"accounting for (-?[\d.]+)(\w*), \S+ of", text)
    return match.groups() if match else None


def recorded(how):
    """Two runs of one program: one that goes on, one that ended with a leak."""
    file = f"{PLACE}/{how}.dump"
    track("run", "--dir", PLACE, "--alloc", "exact", "--dump", file, "--", TARGET, how)
    return file


def started():
    child = subprocess.Popen([TRACK, "run", "--dir", PLACE, "--alloc", "exact", "--", TARGET,
                              "forever"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return child, child.stdout.readline().split()[1]


def every_type(target, name):
    """Each type in each form; says how many samples there are of each."""
    samples = {}
    for kind in TYPES:
        file = f"{PLACE}/{name}.{kind}.pb.gz"
        track("profile", kind, target, "-o", file)
        top, raw = pprof("-top", file), pprof("-raw", file)
        text = track("profile", kind, target, "--format", "text").stdout
        own = re.search(r"^(-?[\d.]+) ?(\w*) in (\d+) sample", text, re.M)
        if own is None:
            check(f"{kind}: empty", "nothing: no sample" in text and total(top)[0] == "0", text + top)
            samples[kind] = 0
            continue
        samples[kind] = int(own[3])
        listed = raw.split("Samples:\n")[1].split("Locations\n")[0]
        rows = re.findall(r"^ *((?:-?\d+ *)+): ", listed, re.M)
        shown = {"heap": 3}.get(kind, 0)
        sums = sum(int(row.split()[shown]) for row in rows)
        check(f"{kind}: as many samples", len(rows) == samples[kind], raw)
        if kind == "heap":
            check("heap: the sum", abs(sums / 1024 - float(own[1])) < 0.06 * 1024, (sums, own[0]))
        else:
            check(f"{kind}: the sum", str(sums) == own[1] == total(top)[0], (sums, own[0], top))
        folded = track("profile", kind, target, "--format", "folded").stdout
        check(f"{kind}: folded", sum(int(line.rsplit(" ", 1)[1]) for line in folded.splitlines()) ==
              sums, folded)
        check(f"{kind}: who it is of", f"File: {pathlib.Path(TARGET).name}" in top and
              "Build ID: " in top and "Time: " in top, top)
    return samples


def contents(target):
    tasks = f"{PLACE}/live.tasks.pb.gz"
    tags = pprof("-tags", tasks)
    for tag in ("kind:", "state:", "age:", "thread", "coroutine", "mutex", "suspended"):
        check("tags", tag in tags, tags)
    comments = pprof("-comments", tasks)
    check("comments", TARGET in comments, comments)
    # It says on stderr that it took the words for a range.
    check("a tag with a unit", total(pprof("-top", "-tagfocus=age=0s:1h", tasks, warns=True)) ==
          ("3", "") and total(pprof("-top", "-tagfocus=age=1h:", tasks, warns=True))[0] == "0", tags)
    top = pprof("-top", tasks)
    for name in ("wait_for_ever", "await_for_ever", "(created by)", "std::thread::_M_start_thread"):
        check("names", name in top, top)
    lines = pprof("-lines", "-top", tasks)
    check("the line of the co_await", re.search(r"await_for_ever .*verbs_target\.cc:\d+", lines), lines)
    site = track("profile", "tasks", target, "--by", "site", "--format", "folded").stdout
    check("by site", "created by" not in site and "_start" not in site and "main" in site, site)
    speedscope = json.loads(track("profile", "tasks", target, "--format", "speedscope", "-o", "-").stdout)
    check("speedscope", speedscope["profiles"][0]["endValue"] == 3, speedscope)
    for kind in ("tasks", "threadcreate", "heap"):
        file = f"{PLACE}/{kind}.txt"
        track("profile", kind, target, "--format", "legacy", "-o", file)
        top = pprof("-top", file)
        check(f"legacy {kind}", "[libc.so.6]" in top or "[verbs_target]" in top, top)


def differences(target, other):
    for kind in ("tasks", "heap"):
        here, there = f"{PLACE}/live.{kind}.pb.gz", f"{PLACE}/other.{kind}.pb.gz"
        track("profile", kind, other, "-o", there)
        # Another run of the same program, loaded elsewhere: no noise.
        check(f"{kind}: -diff_base of two runs", total(pprof("-top", f"-diff_base={here}", there))[0] ==
              "0", pprof("-top", f"-diff_base={here}", there))
        check(f"{kind}: diff", "no difference" in track("diff", here, there).stdout, "")
    twice = [f"{PLACE}/return.dump"] * 2
    check("a type before the targets", track("diff", "threads", *twice).stdout ==
          track("diff", "--type", "threads", *twice).stdout, "")
    refused("diff", "--type", "threads", "heap", *twice, says="takes two targets")
    runs = track("diff", "--type", "threads", target, other)
    check("diff of processes", "no difference" in runs.stdout and
          "two processes are compared" in runs.stderr, runs.stdout + runs.stderr)
    check("diff of one", "two processes" not in track("diff", "threads", *twice).stderr, "")
    more = track("diff", f"{PLACE}/return.dump", other).stdout
    check("diff of a dump and a process", re.search(r"^ +\+1 .* end ", more, re.M), more)
    change = f"{PLACE}/change.pb.gz"
    track("profile", "tasks", target, "--seconds", "0.1", "-o", change)
    check("--seconds", "Duration: " in pprof("-top", change), pprof("-top", change))
    refused("diff", f"{PLACE}/live.heap.pb.gz", f"{PLACE}/live.tasks.pb.gz", says="different types")


def bad_input(target, dump):
    refused("profile", "nonsense", target, says="one of tasks, threads")
    refused("profile", "tasks", target, "--format", "xml", says="--format")
    refused("profile", "tasks", "nonsense", says="neither a PID")
    refused("profile", "tasks", target, "-o", "/nonesuch/file", says="cannot write")
    refused("profile", "tasks", target, "-o", PLACE, says="it is a directory")
    for seconds in ("0", "-1", "1e9", "nan", "soon"):
        refused("profile", "tasks", target, "--seconds", seconds, says="--seconds")
    refused("profile", "tasks", dump, "--seconds", "1", says="needs a running process")
    refused("profile", "leaks", target, "--seconds", "1", says="--seconds")
    refused("profile", "heap", target, "--by", "site", says="--by is for")
    refused("profile", "tasks", target, "--format", "text", "--value", "delay", says="--value")
    refused("profile", "heap", str(os.getpid()), says="track run --alloc ")
    broken = pathlib.Path(PLACE) / "broken.pb.gz"
    broken.write_bytes(pathlib.Path(f"{PLACE}/live.tasks.pb.gz").read_bytes()[:100])
    refused("diff", str(broken), str(broken), says="cut off or damaged")
    for file in ("gone.pb.gz", "tasks.0.pb.gz"):
        check("nothing half written", not (pathlib.Path(PLACE) / file).exists(), file)


def main():
    dump = recorded("return")
    child, target = started()
    second, other = started()
    live, ended = every_type(target, "live"), every_type(dump, "dump")
    check("samples", (live["tasks"], live["threads"], live["coroutines"], live["leaks"],
                      live["threadcreate"]) == (3, 2, 1, 0, 1) and live["heap"] > 3, live)
    check("leaks of what ended", ended["leaks"] == 2, ended)
    contents(target)
    differences(target, other)
    bad_input(target, dump)
    # By default the file is named after type and process, as Go names it.
    subprocess.run([TRACK, "profile", "goroutine", target], cwd=PLACE, check=True, capture_output=True)
    check("the default name", os.path.exists(f"{PLACE}/tasks.{target}.pb.gz"), os.listdir(PLACE))
    for one, process in ((child, target), (second, other)):
        os.kill(int(process), signal.SIGTERM)
        one.wait(timeout=60)
    refused("profile", "tasks", target, says="there is no process")


PPROF = pprof_command()
with tempfile.TemporaryDirectory() as PLACE:
    main()
sys.exit(verdict())
