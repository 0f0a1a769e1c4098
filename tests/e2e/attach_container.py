#!/usr/bin/env python3
"""`track attach` of a process in a container: another root directory, other numbers, a file system
that nobody may write to, no /proc, an older libc. Needs root (exit code 77: cannot be tested)."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402


def make_tree(folder, program):
    """A root directory with one program, what it is linked with, and nothing else."""
    tree = f"{folder}/tree"
    for name in ("bin", "proc", "tmp"):
        os.makedirs(f"{tree}/{name}")
    os.chmod(f"{tree}/tmp", 0o1777)
    shutil.copy(program, f"{tree}/bin/target")
    listing = subprocess.run(["ldd", program], text=True, capture_output=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listing):
        os.makedirs(tree + os.path.dirname(library), exist_ok=True)
        shutil.copy(os.path.realpath(library), tree + library)
    return tree


class Container:
    def __init__(self, arguments, tree, commands, *namespaces):
        self.track_command = arguments.track
        script = f"set -e; mount --bind {tree} {tree}; cd {tree}; {commands} exec chroot . /bin/target"
        self.outer = subprocess.Popen(["unshare", "-m", *namespaces, "sh", "-c", script], text=True,
                                      bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
        check("starts", self.outer.stdout.readline() == "ready\n", commands)
        pid = self.outer.pid
        while children := open(f"/proc/{pid}/task/{pid}/children").read().split():
            pid = children[0]
        self.pid = str(pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(int(self.pid), 9)
        self.outer.wait()

    def say(self, words):
        self.outer.stdin.write(words + "\n")
        return self.outer.stdout.readline().strip()

    def track(self, *words, code=0, **environment):
        result = subprocess.run([self.track_command, *words], text=True, capture_output=True,
                                timeout=120, env={**os.environ, **environment})
        check(f"{words}: exit code {result.returncode}, not {code}", result.returncode == code,
              result.stdout + result.stderr)
        return result.stdout if code == 0 or code == 23 else result.stderr

    def tasks(self):
        return json.loads(self.track("ps", self.pid, "--json", "-"))["processes"][0]["tasks"]

    def state(self):
        """What is mapped of files (stacks of its threads come and go), and its descriptors."""
        with open(f"/proc/{self.pid}/maps") as maps:
            files = [line for line in maps if "/" in line]
        return files, sorted(os.listdir(f"/proc/{self.pid}/fd"))


def in_function(task, where, function):
    return any(function in frame["function"] for frame in task.get(where, []))


def recorded(container):
    """From attach to detach, all that is said of a process elsewhere is said of this one."""
    descriptors = container.state()[1]
    text = container.track("attach", container.pid)
    check("threads that were there", re.search(r"[3-9] threads found", text), text)
    container.say("leak")
    tasks = container.tasks()
    waiting = [task for task in tasks if in_function(task, "at", "wait_for_ever")]
    check("those that wait, an old one and a new one", len(waiting) == 2, tasks)
    check("as waiting", all(task["state"] == "blocked" for task in waiting), waiting)
    check("who made the new one", [in_function(task, "created_at", "leak_a_thread")
                                   for task in waiting].count(True) == 1, waiting)
    container.say("cross")
    for _ in range(50):  # until both threads have come to their second lock
        result = subprocess.run([container.track_command, "leaks", container.pid, "--json", "-"],
                                text=True, capture_output=True, timeout=120)
        found = {finding["rule"]: finding for finding in json.loads(result.stdout)["findings"]}
        if "deadlock" in found:
            break
    check("deadlock", found.get("deadlock", {}).get("evidence") == "proved", found)
    container.track("detach", container.pid)
    check("without a recording again", "without libtrack.so" in
          container.track("ps", container.pid, "--json", "-"), "")
    check("again", "recorded from now on" in container.track("attach", container.pid), "")
    container.track("detach", container.pid)
    check("no descriptor more", container.state()[1] == descriptors, container.state()[1])
    return text


PROC = "mount -t proc proc proc;"
READ_ONLY = "mount -o remount,ro,bind .;"
NUMBERS = ("-p", "-f")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("track", "library", "program"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    arguments = parser.parse_args()
    probe = subprocess.run(["unshare", "-m", "-p", "-f", "sh", "-c", "mount -t proc proc /proc"],
                           capture_output=True)
    if os.geteuid() != 0 or probe.returncode != 0:
        print("skipped: no namespaces may be made here")
        return 77
    with tempfile.TemporaryDirectory(prefix="attach-container-") as folder:
        os.chmod(folder, 0o755)
        tree = make_tree(folder, arguments.program)

        def left():
            return [name for _, _, names in os.walk(f"{tree}/tmp") for name in names]

        for name, commands, namespaces in (("numbers of its own", PROC, NUMBERS),
                                           ("our numbers", PROC, ()),
                                           ("a user of its own", PROC, ("-U", "-r", *NUMBERS))):
            with Container(arguments, tree, commands, *namespaces) as container:
                text = recorded(container)
                check(f"{name}: a file", "in memory alone" not in text, text)
                check(f"{name}: nothing is left", not left(), left())
        with Container(arguments, tree, PROC + READ_ONLY, *NUMBERS) as container:
            text = recorded(container)
            check("without a file", "in memory alone" in text, text)
        # Without /proc the library is a file for a moment.
        for namespaces in (NUMBERS, ()):
            with Container(arguments, tree, "", *namespaces) as container:
                recorded(container)
                check("no copy is left", not left(), left())
        with Container(arguments, tree, READ_ONLY, *NUMBERS) as container:
            before = container.state()
            words = container.track("attach", container.pid, code=2)
            check("says what it tried", "/proc is not mounted" in words and "/tmp: Read-only" in
                  words, words)
            check("untouched", container.state() == before, container.state())
        # A library that wants more than this libc has.
        with open(arguments.library, "rb") as file:
            data = file.read()
        newer = f"{folder}/libtrack.so"
        with open(newer, "wb") as file:
            file.write(data.replace(b"GLIBC_2.35\0", b"GLIBC_9.99\0"))
        with Container(arguments, tree, PROC, *NUMBERS) as container:
            before = container.state()
            words = container.track("attach", container.pid, code=2, TRACK_LIBRARY=newer)
            check("names what is missing", "libc.so.6 is older" in words and
                  "GLIBC_9.99 (_dl_find_object" in words, words)
            check("untouched by that", container.state() == before, container.state())
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
