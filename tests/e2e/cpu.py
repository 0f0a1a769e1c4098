#!/usr/bin/env python3
"""CPU profiles of a program that burns its time in known proportions: sampled in the process and,
where the kernel permits it, from outside; and what of it a timeline shows."""

import argparse
import collections
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print(f"FAIL {what}")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def folded(text):
    """function -> samples that have it on their stack"""
    sums = collections.Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        for name in set(re.findall(r"burn_three_parts|burn_one_part", stack)):
            sums[name] += int(count)
        sums["all"] += int(count)
    return sums


def check_shares(text, least, what):
    sums = folded(text)
    three, one = sums["burn_three_parts"], sums["burn_one_part"]
    check(three > one > 0, f"{what}: three parts are more than one ({dict(sums)})")
    check(three + one >= 0.7 * sums["all"], f"{what}: most of it is in the two ({dict(sums)})")
    check(sums["all"] >= least, f"{what}: at least {least / 1e6:.0f} ms ({dict(sums)})")


# A protobuf message: field -> values, in order.
def fields(data):
    found, at = collections.defaultdict(list), 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif key & 7 == 2:
            size = varint()
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("a message is cut short")
        else:
            raise ValueError(f"wire type {key & 7}")
        found[key >> 3].append(value)
    return found


def check_perfetto(data, what):
    packets = [fields(packet) for packet in fields(data)[1]]
    check(packets[0][13] == [3] and all(p[13] == [2] for p in packets[1:]),
          f"{what}: the first packet begins the sequence")
    check(all(p[10] == [1] for p in packets), f"{what}: every packet is of the sequence")
    tracks, names, frames, functions, stacks = {}, {}, {}, {}, {}
    opened, out, into, slices, samples = collections.defaultdict(list), [], [], 0, 0
    last = collections.defaultdict(int)
    for packet in packets:
        for descriptor in map(fields, packet[60]):
            check(descriptor[1][0] not in tracks, f"{what}: a track is described once")
            tracks[descriptor[1][0]] = descriptor
        for data in map(fields, packet[12]):
            for kind, table in ((2, names), (5, functions)):
                for entry in map(fields, data[kind]):
                    check(entry[1][0] != 0, f"{what}: no name is number 0")
                    table[entry[1][0]] = entry[2][0]
            for frame in map(fields, data[6]):
                check(frame[2][0] in functions, f"{what}: a frame's function is known")
                frames[frame[1][0]] = frame
            for stack in map(fields, data[7]):
                check(all(f in frames for f in stack[2]), f"{what}: a stack's frames are known")
                stacks[stack[1][0]] = stack
        for event in map(fields, packet[11]):
            track, kind, now = event[11][0], event[9][0], packet[8][0]
            check(track in tracks, f"{what}: an event's track is described")
            check(kind == 4 or now >= last[track], f"{what}: a track's events are in order")
            last[track] = now
            if kind in (1, 3):
                check(event[10][0] in names, f"{what}: an event's name is known")
            if kind == 1:
                opened[track].append(now)
                slices += 1
            if kind == 2:
                check(bool(opened[track]), f"{what}: an end has a begin")
                opened[track] and opened[track].pop()
            out += event[47]
            into += event[48]
        for sample in map(fields, packet[66]):
            check(sample[4][0] in stacks, f"{what}: a sample's stack is known")
            samples += 1
    check(not any(opened.values()), f"{what}: every begin has an end")
    check(sorted(out) == sorted(into) and len(set(out)) == len(out),
          f"{what}: every arrow has two ends")
    parents = [d[5][0] for d in tracks.values() if d[5]]
    check(all(parent in tracks for parent in parents), f"{what}: every track's parent is there")
    return {"tracks": len(tracks), "slices": slices, "arrows": len(out), "samples": samples,
            "names": {name.decode() for name in names.values()}}


def check_chrome(text, what):
    events = json.loads(text)["traceEvents"]
    opened = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "B":
            opened[event["tid"]].append(event["name"])
        if event["ph"] == "E":
            check(opened[event["tid"]] and opened[event["tid"]].pop() == event["name"],
                  f"{what}: begins and ends match")
    check(not any(opened.values()), f"{what}: every begin has an end")
    ends = [sorted(e["id"] for e in events if e["ph"] == phase) for phase in "sf"]
    check(ends[0] == ends[1], f"{what}: every arrow has two ends")
    return sum(event["ph"] == "B" for event in events)


def check_firefox(text, what):
    profile = json.loads(text)
    markers = samples = 0
    for thread in profile["threads"]:
        strings, stacks, frames = (thread["stringTable"], thread["stackTable"]["data"],
                                   thread["frameTable"]["data"])
        for name, start, end, _, _, _ in thread["markers"]["data"]:
            check(name < len(strings) and (end is None or end >= start), f"{what}: a marker")
            markers += end is not None
        for stack, _, _, _ in thread["samples"]["data"]:
            check(stack is None or stack < len(stacks), f"{what}: a sample's stack is known")
            samples += 1
        for number, (prefix, frame) in enumerate(stacks):
            check((prefix is None or prefix < number) and frame < len(frames),
                  f"{what}: a stack stands on an earlier one")
    return markers, samples


def check_timelines(track, recording, folder, with_samples):
    made = {}
    for form in ("perfetto", "chrome", "firefox"):
        file = folder / f"timeline.{form}"
        result = run(track, "trace", str(recording), "-o", str(file), "--format", form)
        check(result.returncode == 0, f"trace --format {form}: {result.stderr}")
        made[form] = file.read_bytes()
    seen = check_perfetto(made["perfetto"], "perfetto")
    check(seen["slices"] == check_chrome(made["chrome"], "chrome"), "chrome has as many slices")
    markers, samples = check_firefox(made["firefox"], "firefox")
    check(seen["slices"] == markers, "firefox has as many slices")
    if with_samples:
        check(seen["samples"] > 0 and samples >= seen["samples"], f"samples in both ({seen})")
        # Of eight waiters and two others, each with its start and its end.
        check(seen["arrows"] >= 16, f"threads are begun and joined by arrows ({seen})")
        check({"thread", "mutex"} <= seen["names"], f"waits for a mutex are shown ({seen})")
    return seen


def check_awaiters(arguments, folder):
    """Of what is burnt in a coroutine that a loop resumes, nearly all is told by who awaits it."""
    environment = {**os.environ, "LD_PRELOAD": arguments.library,
                   "TRACK_OPTIONS": f"cpu=499hz:keep=1:dir={folder}/awaiting"}
    run(arguments.awaiting, "300", env=environment)
    result = run(arguments.track, "profile", "cpu", str(folder / "awaiting"), "-o", "-",
                 "--format", "folded")
    chain = r"main;spawn;.*\(created by\);.*session;.*handler;.*compute"
    direct = generated = resumed = everything = 0
    for line in result.stdout.splitlines():
        stack, _, count = line.rpartition(" ")
        everything += int(count)
        if re.search(chain + r";.*burning_numbers;.*burn$", stack):
            generated += int(count)
        elif re.search(chain + r";.*burn$", stack):
            direct += int(count)
        # The first ones are not known to be coroutines yet.
        resumed += int(count) if "run_loop" in stack and "burn" in stack else 0
    check(direct > 0 and generated > 0 and direct + generated >= 0.7 * everything,
          f"by who awaits: {result.stdout}{result.stderr}")
    check(resumed <= 0.1 * everything, f"by who resumes: {result.stdout}")
    labels = run(arguments.track, "profile", "cpu", str(folder / "awaiting"), "-o", "-",
                 "--format", "text").stdout
    check("compute" in labels, f"in words: {labels}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--awaiting", required=True, help="the program with coroutines")
    parser.add_argument("--recording", help="only: the timelines of this recording or process")
    arguments = parser.parse_args()
    track, program = arguments.track, arguments.program
    with tempfile.TemporaryDirectory(prefix="cpu-") as folder:
        folder = pathlib.Path(folder)
        if arguments.recording:
            print(check_timelines(track, arguments.recording, folder, False))
            return 1 if failures else 0
        environment = {**os.environ, "LD_PRELOAD": arguments.library,
                       "TRACK_OPTIONS": f"cpu=499hz:keep=1:dir={folder}/r"}
        result = run(program, "300", env=environment)
        check(result.stdout == "done\n" and result.stderr == "", f"its own words: {result}")
        recording = next((folder / "r").iterdir())
        result = run(track, "profile", "cpu", str(recording), "-o", "-", "--format", "folded")
        check(result.returncode == 0, f"profile cpu: {result.stderr}")
        # What threads burnt was 600 ms; a machine that is busy may lose ticks, never add any.
        check_shares(result.stdout, 200e6, "in the process")
        info = json.loads(run(track, "info", str(recording), "--json", "-").stdout)
        check("cpu=499hz" in info["recordings"][0]["options"], "the recording says its options")
        seen = check_timelines(track, recording, folder, True)

        environment["TRACK_OPTIONS"] = f"cpu=499hz:keep=1:dir={folder}/forks"
        run(program, "150", "fork", env=environment)
        forked = run(track, "profile", "cpu", str(folder / "forks"), "-o", "-", "--format", "folded")
        sums = folded(forked.stdout)
        check(sums["burn_one_part"] > 40e6 and sums["burn_three_parts"] == 0,
              f"a forked child's own samples, in its own recording ({dict(sums)})")

        check_awaiters(arguments, folder)

        dump = folder / "dump"
        result = run(track, "dump", str(recording), "-o", str(dump))
        check(result.returncode == 0, f"dump: {result.stderr}")
        same = run(track, "profile", "cpu", str(dump), "-o", "-", "--format", "folded")
        check_shares(same.stdout, 200e6, "from a dump")
        result = run(track, "trace", str(dump), "-o", str(folder / "t"))
        check(result.returncode == 0 and "no history" not in result.stdout, f"of a dump: {result}")
        check(check_perfetto((folder / "t").read_bytes(), "dump") == seen,
              "a dump has the same timeline")

        process = subprocess.Popen([program, "20000"], stdout=subprocess.DEVNULL)
        result = run(track, "profile", "cpu", str(process.pid), "--seconds", "1", "-o", "-",
                     "--format", "folded")
        if result.returncode == 2 and "not permitted" in result.stderr:
            print("perf events are not permitted here: not looked at from outside")
        else:
            check_shares(result.stdout, 50e6, f"from outside: {result.stderr}")
        shown = json.loads(run(track, "ps", str(process.pid), "--json", "-").stdout)
        times = [task["sched"]["cpu_ns"] for task in shown["processes"][0]["tasks"]]
        check(max(times) > 0, f"the scheduler's account is in ps ({times})")
        process.kill()
        process.wait()

        plain = run(track, "profile", "cpu", str(os.getpid()))
        check(plain.returncode == 2 and "--cpu 99hz" in plain.stderr, f"not recorded: {plain}")
        for value, word in (("0x9", "no rate"), ("1001", "out of range"), ("fast", "no rate"),
                            ("-1", "no rate"), ("99999999999", "out of range")):
            bad = run(track, "run", f"--cpu={value}", "--", "true")
            check(bad.returncode == 2 and word in bad.stderr, f"--cpu={value}: {bad}")
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
