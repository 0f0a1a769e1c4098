#!/usr/bin/env python3
"""What README has a stranger run first: scripts/demo ends with the report that it promises, and what it
builds asks for none of the packages that only the tests need.

    demo.py SOURCE
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

SOURCE = pathlib.Path(sys.argv[1])
LIMIT_S = 240
OF_TESTS = ("GTest", "Catch2", "doctest", "benchmark")


def run(*command):
    done = subprocess.run([*map(str, command)], cwd=SOURCE, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=LIMIT_S)
    return done.returncode, done.stdout + done.stderr


def check_packages():
    demo = (SOURCE / "scripts/demo").read_text()
    options = ("-DTRACK_TESTS=OFF", "-DTRACK_BENCH=OFF")
    check("the demo's options", " ".join(options) in demo)
    with tempfile.TemporaryDirectory(prefix="track-demo-") as folder:
        code, said = run("cmake", "--preset", "release", "-B", folder, *options,
                         *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in OF_TESTS))
        check("configured without the tests' packages", code == 0, said)
        targets = subprocess.run(["ninja", "-C", folder, "-t", "targets", "all"], capture_output=True,
                                 text=True, timeout=LIMIT_S).stdout
        for name in ("bin/track", "lib/libtrack.so", "samples/chat_server"):
            check(f"{name} can be made", f"{name}:" in targets)


def check_report():
    code, said = run("scripts/demo")
    check("the demo", code == 0, said)
    for words in ("0 wrong, 0 clients failed", "lock-held-at-exit (proved): 2 threads",
                  "unjoined-thread (proved): 12 threads", "1 stuck-task", "9 coroutines of Session::run",
                  "nothing lost"):
        check(f"the demo says {words!r}", words in said, said)


check_packages()
check_report()
sys.exit(verdict())
