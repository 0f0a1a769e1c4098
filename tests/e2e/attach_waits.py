#!/usr/bin/env python3
"""`track attach` and `detach` of a process whose only thread sleeps in one wait, for many kinds of
wait, or on a stack that is no thread's: it is done, the thread goes on in its wait, and what the wait then returns and leaves in errno
is what it would have been. What would come out otherwise is refused."""

import argparse
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

# Broken off in the middle two of them return what they have done so far.
REFUSED = {"long_write": "would come out short", "long_recv": "would come out short",
           "swap_full": "its stack is nearly full"}
# Whose function of libc jumps on to one without a name, unless there is debug information of libc.
UNNAMED = ("sem_wait", "inheriting", "once", "inside_once", "join", "setlkw", "mutex", "getc")


class Target:
    """The program of tests/support/waiting_target.cc, or that of attach_fiber_target.cc."""

    def __init__(self, arguments, folder, program, wait, environment):
        self.arguments, self.folder = arguments, folder
        self.process = subprocess.Popen([program, wait], text=True, start_new_session=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **environment, "WAITING_FOLDER": folder})
        check(f"{wait} starts", self.process.stdout.readline() == "ready\n", "")
        while not self.sleeps() and self.process.poll() is None:
            pass

    def sleeps(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return "S" in [(task / "stat").read_text().rsplit(")", 1)[1].split()[0] for task in tasks]

    def track(self, verb, *options):
        result = subprocess.run([self.arguments.track, verb, str(self.process.pid), *options],
                                text=True, timeout=120, capture_output=True)
        return "" if result.returncode == 0 else result.stderr

    def end(self):
        """What the wait came to, and how the process ended."""
        try:
            text, _ = self.process.communicate("x", timeout=60)
            return text, self.process.returncode
        except subprocess.TimeoutExpired:
            return "hung", None
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def outcome(arguments, program, wait, environment, rounds):
    with tempfile.TemporaryDirectory(prefix="waits-") as folder:
        os.chmod(folder, 0o700)
        target = Target(arguments, folder, program, wait, environment)
        for _ in range(rounds):
            problem = target.track("attach", "--dir", f"{folder}/r", "--alloc", "exact")
            if wait in REFUSED:
                check(f"{wait} is refused", REFUSED[wait] in problem, problem)
                break
            check(f"attach: {wait}", problem == "", problem)
            if problem:
                break
            problem = target.track("detach")
            check(f"detach: {wait}", problem == "", problem)
        return target.end()


def compare(arguments, program, wait, environment):
    bare = outcome(arguments, program, wait, environment, 0)
    check(f"{wait} by itself", bare[1] == 0 and "hung" not in bare[0], bare)
    got = outcome(arguments, program, wait, environment, 2)
    check(f"{wait} goes on as it would", got == bare, (bare, got))


# Under another build id than its debug information has.
def nameless_libc(folder):
    with open("/proc/self/maps") as maps:
        path = next(line.split()[-1] for line in maps if "/libc.so.6" in line)
    data = bytearray(pathlib.Path(path).read_bytes())
    at = data.find(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0")
    check("libc has a build id", at >= 0, path)
    data[at + 16:at + 36] = bytes(20)
    pathlib.Path(folder, "libc.so.6").write_bytes(data)
    return {"LD_LIBRARY_PATH": folder}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("track", "program", "fibers"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    jobs = [(program, wait, {}) for program in (arguments.program, arguments.fibers)
            for wait in subprocess.run([program, "list"], text=True, check=True,
                                       capture_output=True).stdout.split()]
    with tempfile.TemporaryDirectory(prefix="libc-") as folder, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        nameless = nameless_libc(folder)
        jobs += [(arguments.program, wait, nameless) for wait in UNNAMED]
        for _ in pool.map(lambda job: compare(arguments, *job),
                          [job for job in jobs if not arguments.only or job[1] in arguments.only]):
            pass
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
