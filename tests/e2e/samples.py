#!/usr/bin/env python3
"""Compiles every sample with every compiler, runs it under `track check`, and compares the findings
with the `// expect:` lines at the head of the sample.

Head of a sample (all lines but `what` optional, `expect` may repeat, one line a finding):
  // what: one sentence
  // expect: RULE EVIDENCE count=N [created_by=FUNCTION] [blocked_in=FUNCTION|FUNCTION]
  // expect: RULE|RULE EVIDENCE|EVIDENCE ...   either: whether it can be proved depends on what the
                            compiler left on a stack
  // expect: clean          no finding at all
  // expect: gate-clean     nothing at `likely` or better
  // options: ...           flags for `track check`
  // exit: N                default: 23 if a finding of likely or better is expected, else 0
  // libs: asio             // flags: compiler flags      // args: the sample's own arguments
  // compiler: g++          with that one only: what the others' frames do not tell
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAMILIES = ("threads", "locks", "coroutines", "asio", "waits", "fibers", "proof")
FLAGS = ["-std=c++20", "-O2", "-g", "-Wall", "-Wextra", "-pthread", "-I", str(ROOT)]
GATING = ("likely", "proved")
RUN_LIMIT_S = 60


class Expectation:
    def __init__(self, text):
        words = text.split()
        self.text = text
        self.rule, self.evidence = words[0], words[1]
        self.either = "|" in self.evidence
        if set(self.evidence.split("|")) - {"suspected", "likely", "proved"}:
            raise ValueError(f"unknown evidence in '{text}'")
        keys = dict(word.split("=", 1) for word in words[2:])
        self.count = int(keys.pop("count"))
        self.created_by = keys.pop("created_by", None)
        self.blocked_in = keys.pop("blocked_in", None)
        if keys:
            raise ValueError(f"unknown key in '{text}'")

    def mismatch(self, finding):
        """Why `finding` is not the expected one; None when it is."""
        for key in ("rule", "evidence", "count"):
            if str(finding.get(key)) not in str(getattr(self, key)).split("|"):
                return f"{key} {finding.get(key)} is not {getattr(self, key)}"
        for key, names in (("created_at", self.created_by), ("blocked_at", self.blocked_in)):
            stack = functions(finding, key)
            if names and not any(name in call for name in names.split("|") for call in stack):
                return f"{key} has no {names}: {' < '.join(stack) or 'no stack'}"
        return None


class Sample:
    def __init__(self, path):
        self.path = path
        self.name = f"{path.parent.name}/{path.stem}"
        head = {}
        for line in path.read_text().splitlines():
            match = re.match(r"// ([a-z]+): (.*)$", line)
            if not match:
                break
            head.setdefault(match[1], []).append(match[2].strip())
        unknown = set(head) - {"what", "expect", "options", "exit", "libs", "flags", "args",
                               "compiler"}
        if unknown or "what" not in head or "expect" not in head:
            raise ValueError(f"{path}: head needs `what` and `expect`; unknown keys: "
                             f"{unknown or 'none'}")
        self.clean = head["expect"] == ["clean"]
        self.gate_clean = head["expect"] == ["gate-clean"]
        quiet = self.clean or self.gate_clean
        self.expected = [] if quiet else [Expectation(text) for text in head["expect"]]
        self.options = shlex.split(" ".join(head.get("options", [])))
        self.libs = " ".join(head.get("libs", [])).split()
        self.flags = shlex.split(" ".join(head.get("flags", [])))
        self.compilers = head.get("compiler")
        self.args = shlex.split(" ".join(head.get("args", [])))
        gating = any(expected.evidence in GATING for expected in self.expected)
        self.exit = int(head["exit"][0]) if "exit" in head else (23 if gating else 0)
        self.any_exit = any(expected.either for expected in self.expected)
        self.hangs = "--timeout" in self.options


def functions(finding, key):
    return [frame.get("function") or "?" for frame in finding.get(key) or []]


def describe(finding):
    words = [finding.get("rule"), finding.get("evidence"), f"count={finding.get('count')}"]
    for key in ("created_at", "blocked_at"):
        words.append(f"{key}={' < '.join(functions(finding, key)) or 'no stack'}")
    return " ".join(str(word) for word in words)


def pair_up(expected, findings):
    """The largest pairing: {index of expectation: index of finding}."""
    owner = {}

    def find_partner(e, seen):
        for f, finding in enumerate(findings):
            if f in seen or expected[e].mismatch(finding):
                continue
            seen.add(f)
            if f not in owner or find_partner(owner[f], seen):
                owner[f] = e
                return True
        return False

    for e in range(len(expected)):
        find_partner(e, set())
    return {e: f for f, e in owner.items()}


def compare(sample, findings):
    """Lines that say what is missing (-) and what was not expected (+); none when all is right."""
    pairs = pair_up(sample.expected, findings)
    lines = []
    for e, expected in enumerate(sample.expected):
        if e in pairs:
            continue
        lines.append(f"- {expected.text}")
        for f, finding in enumerate(findings):
            if f not in pairs.values() and finding.get("rule") == expected.rule:
                lines.append(f"    nearest: {expected.mismatch(finding)}")
                break
    for f, finding in enumerate(findings):
        tolerated = sample.gate_clean and finding.get("evidence") == "suspected"
        if f not in pairs.values() and not tolerated:
            lines.append(f"+ {describe(finding)}")
    return lines


class Compiler:
    """Builds samples into its own directory; what has not changed since is not built again."""

    def __init__(self, name, build):
        self.name = name
        self.dir = build / pathlib.Path(name).name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.support = sorted((ROOT / "samples/support").glob("*.h"))
        self.version = self.run([name, "--version"]).stdout.splitlines()[0]
        self.is_clang = "clang" in self.version
        self.asio_header = self.dir / "asio_pch.h"
        self.asio_pch = self.asio_header.with_suffix(".h.pch" if self.is_clang else ".h.gch")

    def run(self, command):
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")

    def make(self, command, output, sources):
        """Runs `command -o output` if need be. What the compiler said when it failed, else None."""
        digest = hashlib.sha256(repr((command, self.version)).encode())
        for source in sources:
            digest.update(f"{source} {source.stat().st_mtime_ns}".encode())
        stamp = output.with_name(output.name + ".stamp")
        if output.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
            return None
        # Renamed when whole: an interrupted compiler leaves nothing that looks made.
        made = output.with_name(f"{output.name}.{os.getpid()}.tmp")
        result = self.run([*command, "-o", str(made)])
        if result.returncode != 0:
            made.unlink(missing_ok=True)
            return result.stdout.strip() or f"{self.name} exited with {result.returncode}"
        made.replace(output)
        stamp.write_text(digest.hexdigest())
        return None

    def precompile_asio(self):
        text = '#include "samples/support/asio.h"\n'
        if not self.asio_header.exists() or self.asio_header.read_text() != text:
            self.asio_header.write_text(text)
        command = [self.name, *FLAGS, "-x", "c++-header", str(self.asio_header)]
        sources = [self.asio_header, ROOT / "samples/support/asio.h"]
        return self.make(command, self.asio_pch, sources)

    def compile(self, sample):
        binary = self.dir / sample.name.replace("/", "_")
        command = [self.name, *FLAGS, *sample.flags, str(sample.path)]
        sources = [sample.path, *self.support]
        if "asio" in sample.libs and not sample.flags:
            if self.is_clang:
                command += ["-include-pch", str(self.asio_pch)]
            else:
                command += ["-include", str(self.asio_header)]
            sources.append(self.asio_pch)
        return binary, self.make(command, binary, sources)


def run_limited(command, limit_s):
    """Exit code (None: it was still running after `limit_s`) and what the command printed."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit_s)
        return process.returncode, output.decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, output.decode(errors="replace")


def check_bare(sample, binary):
    code, output = run_limited([str(binary), *sample.args], 1 if sample.hangs else 20)
    if sample.hangs:
        return [] if code is None else [f"! ended with {code}, but it has --timeout: must hang"]
    if code == 0:
        return []
    told = "did not end" if code is None else f"exit code {code} is not 0"
    return [f"! {told}", *output.splitlines()[-10:]]


def check_tracked(sample, binary, track):
    with tempfile.TemporaryDirectory(prefix="track-sample-") as folder:
        report = pathlib.Path(folder) / "report.json"
        code, output = run_limited([track, "check", "--json", str(report), *sample.options, "--",
                                    str(binary), *sample.args], RUN_LIMIT_S)
        lines = []
        try:
            document = json.loads(report.read_text())
        except (OSError, ValueError) as error:
            document = None
            lines.append(f"! no JSON report: {error}")
    if document is not None:
        lines += compare(sample, document.get("findings", []))
        if lines and not document.get("complete", True):
            lines.append(f"! the recording is not complete: {document.get('lost')}")
    if code is None:
        lines.append(f"! `track check` did not end within {RUN_LIMIT_S} s")
    elif code != sample.exit and not (sample.any_exit and code in (0, 23)):
        lines.append(f"! exit code {code} is not {sample.exit}")
    if lines and document is None:
        lines += output.splitlines()[-10:]
    return lines


def check(sample, compiler, track):
    """Lines that explain a failure; none when the sample passed."""
    binary, problem = compiler.compile(sample)
    if problem:
        return ["! does not compile", *problem.splitlines()[:20]]
    return check_bare(sample, binary) if track is None else check_tracked(sample, binary, track)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", help="the `track` command (not needed with --bare)")
    parser.add_argument("--build", required=True, type=pathlib.Path, help="where to compile to")
    parser.add_argument("--cxx", default="g++,clang++", help="compilers, comma separated")
    parser.add_argument("--filter", default="",
                        help="only samples whose family/name contains one of these, comma separated")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--bare", action="store_true",
                        help="run without track: a sample must end, or hang if it has --timeout")
    arguments = parser.parse_args()
    if not arguments.bare and not arguments.track:
        parser.error("--track PATH or --bare is needed")
    return arguments


def main():
    arguments = parse_arguments()
    paths = [path for family in FAMILIES
             for path in sorted((ROOT / "samples" / family).glob("*.cc"))]
    try:
        samples = [Sample(path) for path in paths]
    except (ValueError, KeyError, IndexError) as error:
        print(f"samples.py: bad head of a sample: {error}", file=sys.stderr)
        return 2
    samples = [sample for sample in samples
               if any(part in sample.name for part in arguments.filter.split(","))]
    track = None if arguments.bare else str(pathlib.Path(arguments.track).resolve())
    compilers = [Compiler(name, arguments.build.resolve()) for name in arguments.cxx.split(",")]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        if any("asio" in sample.libs for sample in samples):
            for compiler, problem in zip(compilers, pool.map(Compiler.precompile_asio, compilers)):
                if problem:
                    print(f"samples.py: {compiler.name} cannot precompile asio:\n{problem}",
                          file=sys.stderr)
                    return 2
        runs = [(sample, compiler) for sample in samples for compiler in compilers
                if sample.compilers is None or compiler.name in sample.compilers]
        results = [pool.submit(check, sample, compiler, track) for sample, compiler in runs]
        for (sample, compiler), result in zip(runs, results):
            lines = result.result()
            failed += bool(lines)
            print(f"{'FAIL' if lines else 'ok  '} {sample.name} [{compiler.name}]", flush=True)
            for line in lines:
                print(f"    {line}")
    print(f"{len(runs) - failed} passed, {failed} failed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
