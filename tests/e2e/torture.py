#!/usr/bin/env python3
"""Builds every program of tests/torture, runs it bare and under libtrack.so in several modes, and
compares what it printed and how it ended. A hang, a difference, a word of ours on stderr, or a
recording left behind by a clean exit is a failure.

Head of a program (all lines but `what` optional):
  // what: one sentence
  // flags: compiler flags     // plugins: name flags; name flags    (tests/torture/plugins/name.cc)
  // link: plug-ins the program itself is linked with
  // repeat: N                 runs it N times in every mode
  // leaves: recordings        it ends without a word to the tracker (exec, kill, abort)
  // known: why                it fails and that is known: told, not counted; must not pass unnoticed
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests/torture"
FLAGS = ["-O2", "-g", "-Wall", "-Wextra", "-pthread", "-I", str(ROOT)]
LIMIT_S = 20


class Program:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        head = dict(re.findall(r"^// (what|flags|plugins|link|repeat|leaves|known): (.*)$",
                               path.read_text(), re.MULTILINE))
        if "what" not in head:
            raise ValueError(f"{path}: no `// what:` line")
        if re.search(r"^// .+ (flags|plugins|link|repeat|leaves|known): ", path.read_text(), re.MULTILINE):
            raise ValueError(f"{path}: two lines of its head became one")
        self.flags = shlex.split(head.get("flags", ""))
        self.plugins = [shlex.split(text) for text in head.get("plugins", "").split(";") if text]
        self.link = head.get("link", "").split()
        self.repeat = int(head.get("repeat", "1"))
        self.known = head.get("known")
        self.leaves = head.get("leaves") == "recordings"


class Builder:
    def __init__(self, build):
        self.build = build
        build.mkdir(parents=True, exist_ok=True)
        self.shared = sorted(SOURCES.glob("*.h"))

    def make(self, command, output, sources):
        """Runs `command -o output` if need be; what the compiler said when it failed, else None."""
        digest = hashlib.sha256(repr(command).encode())
        for source in [*sources, *self.shared]:
            digest.update(source.read_bytes())
        stamp = output.with_name(output.name + ".stamp")
        if output.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
            return None
        result = subprocess.run([*command, "-o", str(output)], cwd=ROOT, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            stamp.unlink(missing_ok=True)
            return result.stdout.strip()
        stamp.write_text(digest.hexdigest())
        return None

    def plugin(self, folder, name, flags=()):
        source = SOURCES / "plugins" / f"{name}.cc"
        return self.make(["g++", "-std=c++17", *FLAGS, "-fPIC", "-shared", str(source), *flags],
                         folder / f"{name}.so", [source])

    def gate(self):
        source = ROOT / "tests/support/gate_main.cc"
        library = self.build / "gate_main.so"
        return str(library), self.make(["g++", "-std=c++17", *FLAGS, "-fPIC", "-shared",
                                        str(source)], library, [source])

    def program(self, program):
        folder = self.build / program.name
        folder.mkdir(exist_ok=True)
        for name, *flags in [*program.plugins, *[[name] for name in program.link]]:
            problem = self.plugin(folder, name, flags)
            if problem:
                return None, problem
        compiler = ["gcc"] if program.path.suffix == ".c" else ["g++", "-std=c++17"]
        linked = [str(folder / f"{name}.so") for name in program.link]
        binary = folder / program.name
        return binary, self.make([*compiler, *FLAGS, str(program.path), *linked,
                                  *program.flags, "-Wl,-rpath,$ORIGIN" if linked else "-g"],
                                 binary, [program.path])


def dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def modes(library):
    """name -> (libraries preloaded, TRACK_OPTIONS, more environment, cleans up after itself)."""
    folder = pathlib.Path("/usr/lib/x86_64-linux-gnu")
    all_modes = {
        "bare": ([], None, {}, False),
        "default": ([library], "", {}, True),
        "off": ([library], "record=0", {}, True),
        "keep": ([library], "keep=1", {}, False),
        "dead-reader": ([library], f"reader={dead_pid()}", {}, False),
        "unwritable": ([library], None, {"TRACK_OPTIONS": "dir=/proc/nowhere"}, False),
        "tiny": ([library], "threads_max=64:coroutines_max=1024:stacks_mb=1", {}, True),
        "exact": ([library], "alloc=exact", {}, True),
        "locks": ([library], "locks=all", {}, True),
        "cpu": ([library], "cpu=997", {}, True),
        # Far more often than anybody would: every third or fourth block.
        "sampled": ([library], "alloc=256", {}, True),
        "no-rseq": ([library], "", {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}, True),
    }
    for name, file in (("jemalloc", "libjemalloc.so.2"), ("tcmalloc", "libtcmalloc_minimal.so.4")):
        if (folder / file).exists():
            other = str(folder / file)
            all_modes[f"bare-{name}"] = ([other], None, {}, False)
            all_modes[f"{name}-after"] = ([library, other], "", {}, True)
            all_modes[f"{name}-exact"] = ([library, other], "alloc=exact", {}, True)
            all_modes[f"{name}-sampled"] = ([library, other], "alloc=256", {}, True)
            all_modes[f"{name}-before"] = ([other, library], "", {}, True)
    return all_modes


def reference_of(mode):
    family = mode.split("-")[0]
    return f"bare-{family}" if family in ("jemalloc", "tcmalloc") else "bare"


class Attacher:
    """Attaches to a program whose main waits for it, and (mode attach-detach) detaches and attaches
    again while it runs. Words of trouble are kept in `problem`; a program that is gone is none."""

    def __init__(self, track, gate, detaches, options):
        self.track, self.gate, self.detaches, self.options = track, gate, detaches, options

    def call(self, *words):
        command = [self.track, *words]
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", f"hung: track {' '.join(words)}")

    def open_gate(self, process, folder):
        """None, or why the program was not attached to."""
        attach = ["attach", str(process.pid), "--dir", f"{folder}/r", *self.options]
        # On a crowded machine threads that hardly sleep may all be busy for as long as it tries.
        for _ in range(4):
            result = self.call(*attach)
            if result.returncode == 0 or not BUSY.search(result.stderr):
                break
        pathlib.Path(folder, "go").touch()
        if result.returncode != 0:
            return result.stderr.strip()
        end = time.monotonic() + LIMIT_S / 2
        while self.detaches and process.poll() is None and time.monotonic() < end:
            time.sleep(random.uniform(0, 0.03))
            for words in (["detach", str(process.pid)], attach):
                problem = self.call(*words).stderr.strip()
                if problem and process.poll() is None and not PASSING.search(problem):
                    return problem
        return None


# A program that ends, has no thread to spare just then, or forbids to be looked at.
PASSING = re.compile("is gone|ended|no process|no thread of|went on|may not be|seccomp|is not recorded|"
                     "cannot make a recording|can make no thread|no memory left|could not load|"
                     "recorded already|another root|cannot be read|did not come back")
BUSY = re.compile("sleeps where it may be disturbed|could be borrowed")
# Nothing can be loaded into these, which `track attach` says before it touches anything.
NOT_FOR_IT = re.compile("has no glibc|there is no process")


def left_behind(place):
    """Recordings, once the processes they are of are gone: a daemon without the program's output may
    still be ending."""
    end = time.monotonic() + LIMIT_S / 2
    while True:
        left = sorted(os.listdir(place)) if os.path.isdir(place) else []
        alive = [name for name in left if (pid := name.split(".")[1:2]) and
                 os.path.exists(f"/proc/{pid[0]}/exe")]
        if time.monotonic() > end:
            return left
        if not alive:  # some may have ended, and taken theirs away, between the two looks
            return sorted(set(left) & set(os.listdir(place))) if left else []
        time.sleep(0.01)


def run_once(binary, mode):
    preload, options, more, cleans = mode
    attacher = options if isinstance(options, Attacher) else None
    options = None if attacher else options
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        os.chmod(folder, 0o700)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C"}
        if preload:
            environment["LD_PRELOAD"] = ":".join(preload)
        if options is not None:
            environment["TRACK_OPTIONS"] = ":".join(filter(None, [f"dir={folder}/r", options]))
        environment.update(more)
        process = subprocess.Popen([str(binary)], env=environment, cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        problem = attacher.open_gate(process, folder) if attacher else None
        try:
            output, errors = process.communicate(timeout=LIMIT_S)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            code = "hung"
        left = left_behind(f"{folder}/r")
    errors = errors.decode(errors="replace")
    if problem and not NOT_FOR_IT.search(problem):
        errors += problem
    return code, output.decode(errors="replace"), errors, left


def differences(expected, got, mode, program):
    lines = []
    if got[0] != expected[0]:
        lines.append(f"ended with {got[0]}, not {expected[0]}")
    if got[1] != expected[1]:
        want, have = expected[1].splitlines(), got[1].splitlines()
        at = next((i for i, (a, b) in enumerate(zip(want, have)) if a != b), min(len(want), len(have)))
        lines.append(f"line {at + 1}: {have[at] if at < len(have) else '(end)'}")
        lines.append(f"    not: {want[at] if at < len(want) else '(end)'}")
    if got[2] != expected[2]:
        lines.append(f"stderr: {got[2].strip()[:300]}")
    # A crash keeps its recording, the bare program's own too.
    if got[3] and mode[3] and isinstance(got[0], int) and got[0] >= 0 and not program.leaves and not lines:
        lines.append(f"left behind: {' '.join(got[3][:5])}")
    return lines


def check(program, builder, all_modes):
    """(mode, lines that explain what went wrong) of every run; no lines when it passed."""
    binary, problem = builder.program(program)
    if problem:
        return [("build", problem.splitlines()[:20])]
    results, references = [], {}
    for name, mode in all_modes.items():
        # By default only where there is something to disturb; --modes cpu runs all.
        if name.endswith("cpu") and len(all_modes) > 2 and "signal.h" not in program.path.read_text():
            continue
        lines = []
        for _ in range(program.repeat if name != "bare" else 2):
            got = run_once(binary, mode)
            if name.startswith("bare"):
                references.setdefault(name, got)
                if "WRONG" in got[1] or got[:2] != references[name][:2]:
                    # What another allocator does to the program is none of our business.
                    lines = ["not the same in every bare run"] if name == "bare" else []
            else:
                lines = differences(references[reference_of(name)], got, mode, program)
            if lines:
                break
        results.append((name, lines))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True, help="libtrack.so")
    parser.add_argument("--build", required=True, type=pathlib.Path, help="where to compile to")
    parser.add_argument("--track", help="the command, for the modes that attach")
    parser.add_argument("--filter", default="", help="only programs whose name matches this")
    parser.add_argument("--modes", default="", help="only these modes, comma separated")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    for tool in ("g++", "gcc"):
        if shutil.which(tool) is None:
            parser.error(f"{tool} is needed")
    builder = Builder(arguments.build.resolve())
    programs = [Program(path) for path in sorted([*SOURCES.glob("*.cc"), *SOURCES.glob("*.c")])]
    programs = [program for program in programs if re.search(arguments.filter, program.name)]
    all_modes = modes(str(pathlib.Path(arguments.library).resolve()))
    if arguments.track:
        gate, problem = builder.gate()
        if problem:
            parser.error(f"tests/support/gate_main.cc: {problem}")
        track = str(pathlib.Path(arguments.track).resolve())
        for name, options in (("attach", []), ("attach-exact", ["--alloc", "exact"]),
                              ("attach-locks", ["--locks", "all"]),
                              ("attach-sampled", ["--alloc", "256"]),
                              ("attach-cpu", ["--cpu", "997"])):
            all_modes[name] = ([gate], Attacher(track, gate, False, options), {}, True)
        for name, options in (("attach-detach", []), ("attach-detach-cpu", ["--cpu", "997"])):
            all_modes[name] = ([gate], Attacher(track, gate, True, options), {}, True)
    if arguments.modes:
        chosen = arguments.modes.split(",")
        chosen += [reference_of(mode) for mode in chosen]
        all_modes = {name: mode for name, mode in all_modes.items() if name in chosen}

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for program, results in zip(programs, pool.map(
                lambda program: check(program, builder, all_modes), programs)):
            bad = [(name, lines) for name, lines in results if lines]
            if program.known and bad:
                print(f"known {program.name}: {program.known}", flush=True)
                continue
            if program.known:
                bad = [("all", ["marked `known:`, but passes: take the mark away"])]
            passed += len(results) - len(bad)
            failed += len(bad)
            print(f"{'FAIL' if bad else 'ok  '} {program.name}", flush=True)
            for name, lines in bad:
                print(f"    [{name}] " + "\n        ".join(lines))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
