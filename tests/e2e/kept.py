#!/usr/bin/env python3
"""`track ps --long` tells who keeps what threads wait on, and coroutines, and of what types that
is: of a prepared process, of one that nobody prepared, and from dumps of both on a machine that
has nothing but the dump. A type that cannot be told for certain has no name.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SLOT = r"Slot::gate\.opened \(\d+ B\)"
# Each is the way of one task. Names as g++ and clang++ write them.
EXPECTED = (
    r"global `channels` \(std::vector<Channel\*>\) -> Channel\*\[\] \(24 B\) -> "
    r"NamedChannel::gate\.opened \(\d+ B\)",
    r"global `slots` \(std::map<int, std::shared_ptr<Slot>>\) -> "
    r"node of std::map<int, std::shared_ptr<Slot>> \(56 B\) -> " + SLOT,
    r"global `hashed` \(std::unordered_map<int, std::unique_ptr<Slot>>\) -> .*node of "
    r"std::unordered_map<int, std::unique_ptr<Slot>> \(24 B\) -> " + SLOT,
    r"global `listed` \(std::list<Slot\*>\) -> node of std::list<Slot\*> \(24 B\) -> " + SLOT,
    # A derived class that nothing distinguishes from its base.
    r"global `plain` \(Plain\*\) -> heap block of \d+ B",
    r"global `opaque`( \(void\*\))? -> heap block of \d+ B \(Channel at its head\)",
    r"global `choice` \(Choice\) -> heap block of \d+ B",
    r"global `registry\(\)::inside` \(std::vector<Slot\*>\) -> Slot\*\[\] \(24 B\) -> " + SLOT,
    r"global `server\.sessions\[1\]` \(std::vector<Session\*>\) -> Session\*\[\] \(24 B\) -> "
    r"Session::frame\.handle \(24 B\) -> frame of session",
)


def ways(track, target, environment=None):
    result = subprocess.run([track, "ps", "--long", "--json", "-", target], capture_output=True,
                            text=True, timeout=120, env=environment)
    if result.returncode != 0:
        sys.exit(f"track ps --long: exit {result.returncode}\n{result.stderr}")
    tasks = json.loads(result.stdout)["processes"][0]["tasks"]
    found = [task.get("kept_by") or task.get("wait_object_kept_by") for task in tasks]
    return sorted(way.replace("(anonymous namespace)::", "") for way in found if way)


def check(what, found):
    wrong = [pattern for pattern in EXPECTED
             if not any(re.fullmatch(pattern, way) for way in found)]
    if len(found) != len(EXPECTED) or wrong:
        sys.exit(f"{what}:\n  " + "\n  ".join(found) + "\nnot found:\n  " + "\n  ".join(wrong))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()
    for preload in (arguments.library, None):
        what = "with the library" if preload else "unprepared"
        environment = dict(os.environ)
        if preload:
            environment["LD_PRELOAD"] = preload
        with tempfile.TemporaryDirectory() as directory:
            program = str(pathlib.Path(directory) / "program")
            pathlib.Path(program).write_bytes(pathlib.Path(arguments.program).read_bytes())
            os.chmod(program, 0o755)
            process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True,
                                       env=environment)
            try:
                if process.stdout.readline() != "ready\n":
                    sys.exit("the program did not start")
                # Not all of them may have come to their wait.
                for _ in range(100):
                    live = ways(arguments.track, str(process.pid))
                    if len(live) >= len(EXPECTED):
                        break
                check(what, live)
                dump = str(pathlib.Path(directory) / "dump")
                subprocess.run([arguments.track, "dump", str(process.pid), "-o", dump],
                               check=True, capture_output=True, timeout=120)
            finally:
                process.kill()
                process.wait()
            os.remove(program)
            if ways(arguments.track, dump) != live:
                sys.exit(f"{what}: the dump says something else")
    print(f"{len(EXPECTED)} ways, told four times")


main()
