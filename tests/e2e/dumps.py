#!/usr/bin/env python3
"""A dump says, without the process and its binaries, what every verb said of them.

Compiles samples, and then, with the binaries moved away and nothing but the dump at hand, compares
text and JSON of every verb: of end states (`track check --dump`), of kept recordings, of live
processes (level 1 and level 0) and of core files.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

import samples

END_STATES = (
    "proof/channels_crossed", "proof/event_destroyed", "proof/future_kept_by_waiter",
    "proof/cancellable_reader", "proof/epoll_keeps_session_clean", "coroutines/handle_forgotten",
    "coroutines/event_never_set", "coroutines/channel_never_closed", "coroutines/discarded_lazy",
    "coroutines/generator_leaked", "coroutines/session_parked", "coroutines/done_not_destroyed",
    "coroutines/continuation_overwritten", "fibers/ucontext_parked", "locks/owner_exited",
    "locks/double_lock_thread", "locks/early_return_clean", "threads/never_joined")
HANGING = ("locks/double_lock", "locks/main_ab_ba", "locks/join_under_lock",
           "proof/joins_the_stuck", "threads/static_destructor_join")
LISTINGS = ([], ["--tree"], ["--by", "site"], ["--by", "stack"], ["--by", "state"],
            ["--kind", "coroutine"], ["--kind", "thread", "--state", "blocked"], ["--min-age", "1h"])
DURATION = re.compile(r"\b\d+(\.\d+)? (ns|us|µs|ms|s|min|h|d)( \d+ (s|min|h))?\b")
# The scheduler's figures (sched) are those of a live process: a dump has none.
MOMENTARY = ("age_ns", "since_ns", "pause_ns", "pause_for", "seen_ns", "min", "median", "max", "events",
             "sched")
failures = []


def track(command, *words):
    result = subprocess.run([command, *words], capture_output=True, text=True, errors="replace",
                            timeout=60, stdin=subprocess.DEVNULL)
    if result.returncode not in (0, 23):
        failures.append(f"track {' '.join(words)}: exit {result.returncode}\n{result.stderr}")
    return result


def timeless(value):
    """JSON of one moment and JSON of the next, made comparable."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in MOMENTARY}
    if isinstance(value, list):
        return [timeless(item) for item in value]
    return DURATION.sub("#", value) if isinstance(value, str) else value


def timeless_text(text):
    """The same of text: how long something takes, and where lines break for it."""
    text = re.sub(r"^history .*\n( {14}.*\n)*", "", text, flags=re.M)
    text = DURATION.sub("#", re.sub(r"\s+", " ", text))
    return text.replace("ages # to #", "age #")


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"--- live\n..{a[max(0, at - 200):at + 200]}\n--- dump\n..{b[max(0, at - 200):at + 200]}"


def answers(command, target, folder):
    """What every verb says of the target: {what was asked: (exit code, text, JSON)}."""
    result = {}
    asked = [["ps", *options] for options in LISTINGS] + [["leaks"], ["hang"], ["info"]]
    for verb, *options in asked:
        file = folder / "answer.json"
        said = track(command, verb, *options, "--json", str(file), "--color", "never", target)
        result[" ".join([verb, *options])] = (said.returncode, said.stdout,
                                              json.loads(file.read_text()))
    return result


def differs(name, live, dumped, momentary):
    for asked, (code, text, document) in live.items():
        code_then, text_then, document_then = dumped[asked]
        # What only a dump has to say of itself, and only a living process.
        text = re.sub(r"^its memory  .*\n( {14}.*\n)*", "", text, flags=re.M)
        for recording in document.get("recordings", []):
            recording.pop("tracker_memory", None)
        text_then = re.sub(r"^(dump|memory kept)  .*\n( {14}.*\n)*", "", text_then, flags=re.M)
        for recording in document_then.get("recordings", []):
            recording.pop("dump")
        # A dump has names for what happened earlier, too, and so more that could not be named.
        unnamed, unnamed_then = (set(d.pop("symbol_notes", [])) for d in (document, document_then))
        if not unnamed <= unnamed_then:
            failures.append(f"{name}: {asked}: notes {unnamed} became {unnamed_then}")
        if momentary:
            text, text_then = timeless_text(text), timeless_text(text_then)
            document, document_then = timeless(document), timeless(document_then)
        if code != code_then:
            failures.append(f"{name}: {asked}: exit code {code}, of the dump {code_then}")
        if text != text_then:
            failures.append(f"{name}: {asked}: text differs\n"
                            f"{first_difference(text, text_then)}")
        said, then = json.dumps(document), json.dumps(document_then)
        if said != then:
            failures.append(f"{name}: {asked}: JSON differs\n{first_difference(said, then)}")


def end_state(name, sample, binary, command, work, away):
    """The report of `track check` and that of its dump are one and the same."""
    before, dump = work / "before.json", work / "end.dump"
    records = work / "records"
    report = subprocess.run(
        [command, "check", "--dump", str(dump), "--json", str(before), "--color", "never", "--dir",
         str(records), "--keep", *sample.options, "--", str(binary), *sample.args],
        capture_output=True, text=True, errors="replace", timeout=60, stdin=subprocess.DEVNULL)
    kept = next(records.glob("kept.*"), records)
    of_recording = answers(command, str(kept), work)
    again = work / "kept.dump"
    track(command, "dump", str(kept), "-o", str(again))
    with away:
        after = work / "after.json"
        said = track(command, "leaks", "--json", str(after), "--color", "never", str(dump))
        gate = track(command, "check", "--color", "never", str(dump))
        of_dump = answers(command, str(again), work)
    was, now = json.loads(before.read_text()), json.loads(after.read_text())
    for document in (was, now):
        document["notes"] = [n for n in document["notes"] if not n.startswith("recordings are kept")]
    # How the program was run and ended is told by who ran it.
    if was.pop("run") is None or now.pop("run") is not None:
        failures.append(f"{name}: `run` is not what `check` alone knows")
    report_text = re.sub(r"note: recordings are kept.*\n(  .*\n)*", "", report.stderr)
    if was != now:
        failures.append(f"{name}: JSON of `check` and of its dump differ\n{was}\n{now}")
    if report_text != said.stdout or said.stdout != gate.stderr:
        failures.append(f"{name}: text of `check` and of its dump differ\n{report_text}\n"
                        f"{said.stdout}\n{gate.stderr}")
    if not gate.returncode == said.returncode == (23 if any(f["failing"] for f in was["findings"])
                                                  else 0):
        failures.append(f"{name}: exit codes {report.returncode}, {gate.returncode}")
    differs(f"{name}, recording", of_recording, of_dump, True)


def until_stuck(command, pid, work):
    """Waits until nothing of the process changes from one look to the next."""
    last = None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        file = work / "look.json"
        if track(command, "hang", "--json", str(file), str(pid)).returncode == 23:
            look = timeless(json.loads(file.read_text()))
            if look == last:
                return True
            last = look
        time.sleep(0.1)
    return False


def live_state(name, sample, binary, command, library, work, away):
    """level 1: under the library. level 0: without, and then a core file."""
    environment = dict(os.environ)
    if library:
        environment.update(LD_PRELOAD=library, TRACK_OPTIONS=f"dir={work / 'live'}")
    process = subprocess.Popen(
        [str(binary), *sample.args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=environment, cwd=work,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)))
    try:
        if not until_stuck(command, process.pid, work):
            failures.append(f"{name}: never got stuck")
            return
        dump = work / "live.dump"
        live = answers(command, str(process.pid), work)
        track(command, "dump", str(process.pid), "-o", str(dump))
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        core = next((file for file in work.glob("core*")), None)
        if core and not library:
            of_core = answers(command, str(core), work)
            track(command, "dump", str(core), "-o", str(work / "core.dump"))
        with away:
            dumped = answers(command, str(dump), work)
            if core and not library:
                differs(f"{name}, core", of_core, answers(command, str(work / "core.dump"), work),
                        False)
        differs(f"{name}, {'level 1' if library else 'level 0'}", live, dumped, True)
    finally:
        process.kill()
        process.wait()


class Away:
    """While it lasts, the binaries are not where they were."""

    def __init__(self, folder):
        self.here, self.there = folder, folder.with_name(folder.name + ".away")

    def __enter__(self):
        self.here.rename(self.there)

    def __exit__(self, *_):
        self.there.rename(self.here)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--filter", default="")
    arguments = parser.parse_args()
    command = str(pathlib.Path(arguments.track).resolve())
    library = str(pathlib.Path(arguments.library).resolve())
    compiler = samples.Compiler(arguments.cxx, arguments.build.resolve())
    compared = 0
    for name in END_STATES + HANGING:
        if arguments.filter not in name:
            continue
        sample = samples.Sample(samples.ROOT / "samples" / f"{name}.cc")
        binary, problem = compiler.compile(sample)
        if problem:
            failures.append(f"{name}: does not compile: {problem}")
            continue
        before = len(failures)
        away = Away(compiler.dir)
        with tempfile.TemporaryDirectory(prefix="track-dump-") as folder:
            work = pathlib.Path(folder)
            if name in END_STATES:
                end_state(name, sample, binary, command, work, away)
            else:
                live_state(name, sample, binary, command, library, work, away)
                live_state(name, sample, binary, command, None, work, away)
        compared += 1
        print("ok  " if len(failures) == before else "FAIL", name, flush=True)
    for failure in failures:
        print(failure)
    print(f"{compared} samples, {len(failures)} differences")
    return 1 if failures or not compared else 0


sys.exit(main())
