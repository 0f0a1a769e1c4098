#!/usr/bin/env python3
"""Everything that can be wrong with what a person gives: one clear line, exit code 2, nothing left."""

import glob
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile

TRACK, TARGET = sys.argv[1:3]
FLIPS = 40
failures = []


def track(*words, env=None):
    return subprocess.run([TRACK, *words], capture_output=True, text=True, errors="replace",
                          timeout=60, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})


def refused(words, *expected, env=None):
    result = track(*words, env=env)
    lines = result.stderr.splitlines()
    wrong = [word for word in expected if word not in result.stderr]
    if result.returncode != 2 or len(lines) != 1 or wrong or result.stdout:
        failures.append(f"{' '.join(words)}: exit {result.returncode}, lacks {wrong}:\n"
                        f"{result.stdout}{result.stderr}")


def script(path, text, mode=0o755):
    path.write_bytes(text)
    path.chmod(mode)
    return str(path)


def commands(place):
    elf = pathlib.Path(TARGET).read_bytes()
    narrow = bytearray(elf)
    narrow[4], narrow[18] = 1, 3
    run = ("run", "--dir", str(place / "recordings"), "--")
    refused(run + (script(place / "narrow", bytes(narrow)),), "not a 64-bit x86 program", "build it")
    refused(run + (script(place / "plain", b"echo hi\n"),), "neither an ELF program", "interpreter")
    refused(run + (script(place / "empty", b""),), "neither an ELF program")
    refused(run + (script(place / "closed", b"#!/bin/sh\n", 0o644),), "may not be executed",
            "chmod +x")
    refused(run + (script(place / "astray", b"#!/nonesuch/sh\n"),), "/nonesuch/sh")
    refused(run + ("nonesuch-command",), "no command nonesuch-command in PATH")
    refused(run + (str(place),), "is a directory")
    refused(run + ("",), "the command is empty")
    source = place / "main.c"
    source.write_text("int main(void) { return 0; }\n")
    for compiler, flags, word in (("gcc", ["-static"], "statically linked"),
                                  ("musl-gcc", [], "musl libc")):
        if shutil.which(compiler) is None:
            continue
        program = str(place / compiler)
        subprocess.run([compiler, *flags, str(source), "-o", program], check=True)
        refused(run + (program,), word)
        refused(run + (script(place / "through", f"#!{program}\n".encode()),), word)
    if os.geteuid() == 0:
        other = place / "privileged"
        shutil.copy(TARGET, other)
        os.chown(other, 65534, 65534)
        other.chmod(0o4755 | stat.S_IXUSR)
        refused(run + (str(other),), "gains privileges", "run it as its own user")


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def words(place):
    refused(("bogus",), "no verb `bogus`")
    refused(("attach", "foo"), "PID must be a number, and is `foo`")
    refused((), "name a verb")
    refused(("run", "--bogus", "--", TARGET), "knows no `--bogus`")
    refused(("run", "--bogus", "x", "--", TARGET), "knows no `--bogus`")
    refused(("run",), "CMD is required; see track run --help")
    refused(("check",), "CMD is required; see track check --help")
    refused(("dump", "1"), "--output is required")
    for verb in ("leaks", "hang", "info"):
        refused((verb,), "TARGET is required")
        if command_of(2) == "kthreadd":
            refused((verb, "2"), "process 2")
    refused(("doctor", "nonesuch"), "no command nonesuch in PATH")
    refused(("doctor", "99999999999"), "there is no process 99999999999")
    refused(("ps", "--state", "bogus", "1"), "`bogus` is no state; one of", "blocked", "mutex")
    refused(("ps", "--by", "bogus", "1"), "--by: bogus not in", "site")
    refused(("ps", "--kind", "bogus", "1"), "--kind: bogus not in", "fiber")
    refused(("ps", "--min-age", "old", "1"), "--min-age: `old` is no time")
    refused(("check", "/nonesuch/x.dump"), "/nonesuch/x.dump")
    refused(("dump", str(os.getpid()), "-o", "/nonesuch/x"), "cannot write /nonesuch/x")
    refused(("ps", "1999999999"), "there is no process 1999999999", "track ps")
    for target in ("abc", "0", "-1", "99999999999", "/nonesuch/rec.1.0"):
        refused(("leaks", "--", target), "neither a PID, nor a recording")
    refused(("info", "/dev/zero"), "not a regular file")
    refused(("leaks", str(place)), "there is no recording")
    for flags, word in ((("--json", str(place)), "is a directory"),
                        (("--json", "/nonesuch/x.json"), "cannot write /nonesuch/x.json"),
                        (("--dir", "/dev/null"), "name another with --dir"),
                        (("--dir", "/proc/nonesuch"), "name another with --dir"),
                        (("--timeout", "soon"), "`soon` is no time"),
                        (("--fail-on", "bogus"), "`bogus` is no rule"),
                        (("--fail-on", "deadlock:maybe"), "`maybe` is no evidence"),
                        (("--suppressions", "/nonesuch"), "/nonesuch"),
                        (("--error-exitcode", "700"), "700"),
                        (("--settle", "soon"), "--settle: `soon` is no time"),
                        (("--timeout", "-1"), "`-1` is no time"),
                        (("--color", "loud"), "--color: loud not in"),
                        (("--dump", "/nonesuch/x"), "cannot write /nonesuch/x"),
                        (("--stacks-mb", "9" * 20), "is too large"),
                        (("--threads-max", "99999999999"), "at most 4194304"),
                        (("--locks", "foo"), "none of 0, 1 and all"),
                        (("--waits", "2"), "neither 0 nor 1"),
                        (("--threads-max", "-5"), "`-5` is no number")):
        refused(("run", *flags, "--", TARGET, "return"), word)
    refused(("run", "--", TARGET), "no option `bogus`", env={"TRACK_OPTIONS": "bogus=1"})
    refused(("run", "--", TARGET), "TRACK_LIBRARY names /nonesuch",
            env={"TRACK_LIBRARY": "/nonesuch/libtrack.so"})


def reader_gone(recording):
    """`track ps ... | head`: who has read enough is told nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run([TRACK, "info", str(recording)], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    if result.returncode != 2 or result.stderr:
        failures.append(f"nobody reads: exit {result.returncode}: {result.stderr}")


def sparse_copy(source, target, size):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    os.truncate(target, size)


def used_offsets(path):
    """Where the file has data: the rest is a hole, and a flip there says little."""
    offsets, at, size = [], 0, os.path.getsize(path)
    with open(path, "rb") as file:
        while at < size:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            offsets.append((start, at))
    return offsets


def recordings(place):
    kept = place / "kept"
    track("run", "--keep", "--dir", str(kept), "--", TARGET, "kill")
    original = glob.glob(f"{kept}/kept.*/rec.*")[0]
    size = os.path.getsize(original)
    if track("leaks", str(kept)).stdout != track("leaks", os.path.dirname(original)).stdout:
        failures.append("the directory that a run was given is not the run's own")
    (kept / "run.1.other").mkdir()
    os.link(original, kept / "run.1.other" / "rec.1999999999.0")
    refused(("leaks", str(kept)), "2 runs with recordings", "run.1.other")
    shutil.rmtree(kept / "run.1.other")
    damaged = str(place / "rec.1999999999.0")
    survive(damaged, original, "whole", ((0, None),), allowed=(0,))
    another_version(damaged, original, str(place / "x.dump"))
    reader_gone(original)
    for left in (0, 1, 100):
        sparse_copy(original, damaged, left)
        refused(("leaks", damaged), damaged)
    for left in (4095, 4096, 65536, size // 2, size - 1):
        sparse_copy(original, damaged, left)
        check(damaged, f"cut to {left}")
    chance = random.Random(1)
    spans = used_offsets(original)
    for round_ in range(FLIPS):
        start, end = (0, 4096) if round_ % 2 else chance.choice(spans)
        flips = [(chance.randrange(start, end), chance.choice((0, 1, 0x7F, 0x80, 0xFF)))
                 for _ in range(8)]
        survive(damaged, original, f"flip {round_}", flips)


def another_version(damaged, original, dump):
    """The word behind the magic: such a recording is refused, by every verb alike."""
    sparse_copy(original, damaged, os.path.getsize(original))
    with open(damaged, "r+b") as file:
        file.seek(8)
        version = int.from_bytes(file.read(4), "little")
        file.seek(8)
        file.write((version + 1).to_bytes(4, "little"))
    for words in (("leaks",), ("ps",), ("hang",), ("info",), ("dump", "-o", dump)):
        refused((*words, damaged), damaged, f"format version {version + 1}",
                f"this track reads version {version}", "use the track that came with")
    if os.path.exists(dump):
        failures.append("a dump of what could not be read")


def survive(damaged, original, what, flips, allowed=(0, 2, 23)):
    sparse_copy(original, damaged, os.path.getsize(original))
    with open(damaged, "r+b") as file:
        for offset, value in flips:
            if value is not None:
                file.seek(offset)
                file.write(bytes([value]))
    check(damaged, what, allowed)


def check(path, what, allowed=(0, 2, 23)):
    """Neither a crash, nor a hang, nor more than 2 GiB."""
    for verb in ("leaks", "ps", "info"):
        try:
            result = subprocess.run(["prlimit", f"--as={2 << 30}", TRACK, verb, path], timeout=60,
                                    capture_output=True, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            failures.append(f"{what}: {verb} hangs")
            continue
        bad = result.returncode not in allowed or "bad_alloc" in result.stderr
        if bad or (result.returncode == 2 and len(result.stderr.splitlines()) != 1):
            failures.append(f"{what}: {verb}: exit {result.returncode}: {result.stderr[:300]}")


with tempfile.TemporaryDirectory() as directory:
    root = pathlib.Path(directory)
    words(root)
    commands(root)
    recordings(root)
    left = glob.glob(f"{root}/recordings/*")
    if left:
        failures.append(f"left behind: {left}")
for failure in failures:
    print("FAIL", failure)
sys.exit(bool(failures))
