#!/usr/bin/env python3
"""Runs samples that nobody prepared, and asks `track leaks` about the process and about a core file
of it. What the samples' heads expect of the rules that memory proves must be found, and nothing
else at `likely` or better.

A core file knows less: what is proved of a process may be likely there. So does a recording that
began with `track attach`; with --attached that is asked instead, of all that was there before it."""

import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import samples

RULES = ("deadlock", "stuck-task", "orphaned-coroutine")
GATING = ("likely", "proved")
PATIENCE_S = 5
# Neither what the kernel knows of descriptors and segments stands in a core file, nor whether signals
# are handled.
NOT_IN_CORES = ("waits/pipe_nobody_writes", "waits/pipe_full", "waits/loop_never_woken",
                "coroutines/all_asleep", "proof/hidden_in_segment", "proof/channels_are_empty")
AGAIN_S = 30


# Who took the lock nobody recorded: its words alone say that its owner has ended.
BY_WORDS_ALONE = ("locks/owner_exited",)

# Their cores are looked at as of processes that were prepared, too: the tracker's own memory, which
# the core names, must not count.
PREPARED = ("proof/channels_crossed", "locks/double_lock_thread")


def wanted(sample, way):
    """{rule: (count, evidences)} of what must be found. way: live, attached, or core."""
    result = {}
    if way == "core" and sample.name in NOT_IN_CORES:
        return result
    for expected in sample.expected:
        rule = expected.rule.split("|")[0]
        if rule not in RULES or "suspected" in expected.evidence:
            continue
        evidence = set(expected.evidence.split("|"))
        if way != "live" or sample.name in BY_WORDS_ALONE:
            evidence.add("likely")
        count, before = result.get(rule, (0, set()))
        result[rule] = (count + expected.count, before | evidence)
    return result


def compare(sample, document, way):
    found = collections.defaultdict(lambda: [0, set()])
    for finding in document["findings"]:
        if finding["evidence"] in GATING and finding["rule"] in RULES:
            found[finding["rule"]][0] += finding["count"]
            found[finding["rule"]][1].add(finding["evidence"])
    lines = []
    want = wanted(sample, way)
    for rule in sorted(set(found) | set(want)):
        count, evidence = found[rule]
        expected, allowed = want.get(rule, (0, set()))
        if count != expected or not evidence <= allowed:
            lines.append(f"{rule}: {count} {sorted(evidence)}, not {expected} {sorted(allowed)}")
    if lines:
        for finding in document["findings"]:
            lines.append(f"  {finding['rule']} {finding['evidence']} {finding['count']}: "
                         f"{finding['title']}")
            lines += [f"    {reason}" for reason in finding["because"]]
        lines += [f"  not visible: {item}" for item in document["not_visible"]]
    return lines


def ask(track, target):
    with tempfile.TemporaryDirectory(prefix="track-outside-") as folder:
        report = pathlib.Path(folder) / "report.json"
        result = subprocess.run([track, "leaks", "--json", str(report), str(target)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120)
        if result.returncode not in (0, 23):
            raise RuntimeError(f"track leaks {target}: exit {result.returncode}\n{result.stdout}")
        return json.loads(report.read_text())


def until_it_waits(sample, process):
    """Its main has returned (unless it hangs), and all its threads sleep in the kernel for a while;
    some never do."""
    if not sample.hangs and process.stdout.readline() != b"held\n":
        return False
    still = 0
    deadline = time.monotonic() + PATIENCE_S
    while still < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
        tasks = pathlib.Path(f"/proc/{process.pid}/task")
        calls = [(task / "syscall").read_text() for task in tasks.iterdir()]
        still = still + 1 if not any(call.startswith("running") for call in calls) else 0
    return process.poll() is None


def look(sample, pid, track, way="live"):
    """On a busy machine threads that sleep for a moment are not yet where they will stay: what is
    missing is looked for again; what should not be there is not excused."""
    deadline = time.monotonic() + AGAIN_S
    while True:
        document = ask(track, pid)
        lines = compare(sample, document, way)
        gating = {finding["rule"] for finding in document["findings"]
                  if finding["evidence"] in GATING}
        if not lines or gating - set(wanted(sample, way)) or time.monotonic() > deadline:
            return lines
        time.sleep(0.2)


def look_attached(sample, pid, track):
    attached = subprocess.run([track, "attach", str(pid)], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    if attached.returncode != 0:
        return [f"! attach: {attached.stdout}"]
    return look(sample, pid, track, "attached")


def check_attached(sample, binary, hold, track):
    with tempfile.TemporaryDirectory(prefix="track-outside-") as recordings:
        environment = dict(os.environ, LD_PRELOAD=str(hold), XDG_RUNTIME_DIR=recordings)
        process = subprocess.Popen([str(binary), *sample.args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, env=environment)
        try:
            if not until_it_waits(sample, process):
                return ["! it did not come to its end"]
            lines = look_attached(sample, process.pid, track)
            return lines if process.poll() is None else lines + ["! it ended meanwhile"]
        finally:
            process.kill()
            process.wait()


def check(sample, binary, hold, track, library=None):
    """library: of a process that records itself only the core is looked at."""
    preload = f"{hold}:{library}" if library else str(hold)
    recordings = tempfile.TemporaryDirectory(prefix="track-outside-")
    environment = dict(os.environ, LD_PRELOAD=preload, XDG_RUNTIME_DIR=recordings.name)
    process = subprocess.Popen([str(binary), *sample.args], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, env=environment)
    lines = []
    try:
        if not until_it_waits(sample, process):
            return ["! it did not come to its end"]
        if not library:
            lines += [f"live: {line}" for line in look(sample, process.pid, track)]
        if process.poll() is not None:
            lines.append("! it ended while it was looked at")
        gcore = shutil.which("gcore")
        if gcore:
            with tempfile.TemporaryDirectory(prefix="track-core-") as folder:
                subprocess.run([gcore, "-o", f"{folder}/core", str(process.pid)], check=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                document = ask(track, f"{folder}/core.{process.pid}")
                lines += [f"core: {line}" for line in compare(sample, document, "core")]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        recordings.cleanup()
    return lines


def library_of(track):
    return pathlib.Path(track).resolve().parents[1] / "lib/libtrack.so"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--hold", required=True, help="the library of tests/support/hold_main.cc")
    parser.add_argument("--build", required=True, type=pathlib.Path, help="where to compile to")
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--filter", default="", help="only samples whose family/name contains this")
    parser.add_argument("--families", default="proof,locks,coroutines,waits,threads")
    parser.add_argument("--attached", action="store_true", help="only after `track attach`")
    arguments = parser.parse_args()
    failed = passed = 0
    for name in arguments.cxx.split(","):
        compiler = samples.Compiler(name, arguments.build.resolve())
        for family in arguments.families.split(","):
            for path in sorted((samples.ROOT / "samples" / family).glob("*.cc")):
                sample = samples.Sample(path)
                if arguments.filter not in sample.name or sample.libs:
                    continue
                binary, problem = compiler.compile(sample)
                if problem:
                    lines = ["! does not compile", *problem.splitlines()[:20]]
                else:
                    try:
                        way = check_attached if arguments.attached else check
                        lines = way(sample, binary, arguments.hold, arguments.track)
                        if sample.name in PREPARED and not arguments.attached:
                            lines += check(sample, binary, arguments.hold, arguments.track,
                                           library_of(arguments.track))
                    except (RuntimeError, subprocess.SubprocessError, OSError) as error:
                        lines = [f"! {error}"]
                failed += bool(lines)
                passed += not lines
                print(f"{'FAIL' if lines else 'ok  '} {sample.name} [{name}]", flush=True)
                for line in lines:
                    print(f"    {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
