#!/usr/bin/env python3
"""Long runs under load: real servers bare and tracked, threads and coroutines that come and go by
the million, a thousand kills, test suites that others wrote. What the tracker takes of memory must
not grow, nothing may be lost, nobody's client may see an error. Ends with one line "N passed, M
failed".

    soak.py --build DIR [--minutes M] [--only NAME...] [--mode KEY=VALUE:...] [--share X] [--json F]

NAME is a part (servers, churn, kills) or one of what it runs (redis, threads, ...); --minutes is
for each server; --share X takes X times the counts of the other parts (0.01 for a quick look).
A part is a module beside this one: NAMES, and run(name, soak) that returns words about what was
seen, and raises Failure.
"""
import argparse
import importlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from real_servers import Failure  # noqa: E402

PARTS = ("servers", "churn", "kills", "rounds", "suites", "fuzz")


class Soak:
    """What every part may use."""

    def __init__(self, options, folder):
        self.build = options.build.resolve()
        self.track = str(self.build / "bin" / "track")
        self.library = str(self.build / "lib" / "libtrack.so")
        self.minutes, self.mode, self.share = options.minutes, options.mode, options.share
        self.folder = pathlib.Path(folder)
        self.figures = {}  # by name: what goes into --json

    def count(self, whole):
        return max(20, int(whole * self.share))

    def info(self, pid):
        """The recording of a process as `track info` tells it; None: the process is gone."""
        done = subprocess.run([self.track, "info", "--json", "-", str(pid)], capture_output=True,
                              text=True, timeout=120)
        if done.returncode != 0:
            if pathlib.Path(f"/proc/{pid}").exists():
                raise Failure(f"track info {pid}: exit {done.returncode}: {done.stderr.strip()}")
            return None
        return json.loads(done.stdout)["recordings"][0]


def end(_number, _frame):
    """Ended by a signal, the servers are stopped too."""
    raise SystemExit("ended by a signal")


def main():
    signal.signal(signal.SIGTERM, end)
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=30, help="of each server")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--mode", default="", help="TRACK_OPTIONS of the tracked ones")
    parser.add_argument("--share", type=float, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="also write every figure to this file")
    options = parser.parse_args()
    modules = {part: importlib.import_module(part) for part in PARTS}
    known = {name for module in modules.values() for name in module.NAMES} | set(PARTS)
    for name in options.only:
        if name not in known:
            parser.error(f"unknown name {name}; there are {', '.join(sorted(known))}")
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="track-soak-") as folder:
        pathlib.Path(folder).chmod(0o755)
        soak = Soak(options, folder)
        for part, module in modules.items():
            for name in module.NAMES:
                if options.only and not {part, name} & set(options.only):
                    continue
                began = time.monotonic()
                try:
                    words = module.run(name, soak)
                    passed += 1
                    verdict = "ok   "
                except (Failure, OSError, subprocess.SubprocessError) as problem:
                    words = str(problem)
                    failed += 1
                    verdict = "FAIL "
                print(f"{verdict} {name} ({time.monotonic() - began:.0f} s): {words}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(soak.figures, indent=1) + "\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
