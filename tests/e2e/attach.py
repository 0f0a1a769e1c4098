#!/usr/bin/env python3
"""`track attach` and `track detach`: a running process is recorded from then on, and is as it was
afterwards; what cannot be attached to is told before anything is touched."""

import argparse
import pathlib
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402


class Target:
    """The program of tests/support/attach_target.cc."""

    all = []

    def __init__(self, arguments, folder, prefix=()):
        self.arguments, self.folder = arguments, folder
        self.process = subprocess.Popen([*prefix, arguments.program], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        Target.all.append(self)
        check("starts", self.process.stdout.readline() == "ready\n", "")
        self.pid = str(self.process.pid)

    def say(self, words):
        self.process.stdin.write(words + "\n")
        return self.process.stdout.readline().strip()

    def track(self, *words, code=0):
        result = subprocess.run([self.arguments.track, *words], text=True, timeout=120,
                                capture_output=True)
        check(f"{words}: exit code {result.returncode}, not {code}", result.returncode == code,
              result.stdout + result.stderr)
        return result.stdout if code == 0 or code == 23 else result.stderr

    def attach(self, *options, code=0):
        return self.track("attach", self.pid, "--dir", f"{self.folder}/r", *options, code=code)

    def threads(self):
        return json.loads(self.track("ps", self.pid, "--json", "-"))["processes"][0]["tasks"]

    def end(self):
        check("goes on", self.process.poll() is None, self.process.poll())
        self.process.stdin.write("quit\n")
        check("ends as it would", self.process.wait(30) == 0, self.process.returncode)


def functions(stack):
    return [frame["function"].split("::")[-1].split("(")[0] for frame in stack]


def made_by(target, function):
    return [task for task in target.threads() if function in functions(task.get("created_at", []))]


# What the loader sealed, word for word, and how everything is protected.
def sealed(pid):
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            bounds, rights, offset, _, inode = line.split()[:5]
            path = line.split(maxsplit=5)[5].strip() if len(line.split()) > 5 else ""
            # Of the tracker itself: its library, its file, the page that a family of processes shares.
            if not path.startswith("/") or any(own in path for own in
                                               ("libtrack", "/rec.", "/dev/zero")):
                continue
            data = b""
            if rights == "r--p" and int(offset, 16) != 0:
                low, high = (int(bound, 16) for bound in bounds.split("-"))
                memory.seek(low)
                data = memory.read(high - low)
            parts.append((bounds, rights, path, data))
    return parts


def records_and_lets_go(arguments, folder):
    target = Target(arguments, folder)
    before = sealed(target.pid)
    text = target.attach()
    check("says what it did", "recorded from now on" in text and "was held for" in text, text)
    check("every reference", "lead elsewhere" not in text, text)
    check("refused twice", "is recorded already" in target.attach(code=2), "")
    target.say("leak")
    tasks = target.threads()
    check("threads that were there", any(t["main"] for t in tasks), tasks)
    check("the one that was there waits", sum("wait_for_ever" in functions(t["at"])
                                               for t in tasks) == 2, tasks)
    check("who created the new one", len(made_by(target, "leak_a_thread")) == 1, tasks)
    # A library that comes later: by its path, and by its name alone.
    for number, way in enumerate((arguments.plugin, os.path.basename(arguments.second)), 1):
        check(f"opens {way}", target.say(f"plugin {way}") == "ok", way)
        check(f"threads of {way}", len(made_by(target, "start_threads")) == number, way)
    text = target.track("detach", target.pid)
    check("detached", "not recorded any more" in text and "could not" not in text, text)
    plugins = tuple(os.path.realpath(p) for p in (arguments.plugin, arguments.second))
    after = [part for part in sealed(target.pid) if not os.path.realpath(part[2]) in plugins]
    check("every sealed word as before", after == before,
          [(a[:3], b[:3]) for a, b in zip(before, after) if a != b])
    check("no recording is left", not os.listdir(f"{folder}/r"), os.listdir(f"{folder}/r"))
    check("seen from outside again", "without libtrack.so" in
          target.track("ps", target.pid, "--json", "-"), "")
    check("nothing to detach", "nothing to detach" in target.track("detach", target.pid, code=2), "")
    target.say("leak")
    target.attach()
    target.say("leak")
    check("not what was between", len(made_by(target, "leak_a_thread")) == 2, target.threads())
    check("other options", "cannot change" in again_with(target, "--locks", "all"), "")
    target.end()


def again_with(target, *options):
    target.track("detach", target.pid)
    return target.attach(*options, code=2)


# As soon as it has done more; what it has done in a minute, if it did nothing.
def turns_after(target, turns):
    over = time.monotonic() + 60
    while (now := int(target.say("turns"))) <= turns and time.monotonic() < over:
        time.sleep(0.001)
    return now


def many_rounds(arguments, folder, rounds):
    """The program's own work comes out right; nothing grows."""
    target = Target(arguments, folder)

    def state():
        with open(f"/proc/{target.pid}/maps") as maps:
            lines = len(maps.readlines())
        return lines, len(os.listdir(f"/proc/{target.pid}/fd"))

    for _ in range(3):
        target.attach()
        target.track("detach", target.pid)
    mappings, descriptors = state()
    turns = int(target.say("turns"))
    for _ in range(rounds):
        target.attach()
        now = turns_after(target, turns)
        check("it works on", now > turns, (turns, now))
        turns = now
        target.track("detach", target.pid)
    after = state()
    check("mappings", after[0] <= mappings + 6, (mappings, after))
    check("descriptors", after[1] == descriptors, (descriptors, after))
    target.end()


def judged(arguments, folder):
    """What memory shows is proved; what only a record without gaps would show is not."""
    target = Target(arguments, folder)
    target.attach("--alloc", "exact")
    target.say("cross")
    target.say("unjoined")
    target.say("allocate")
    for _ in range(50):  # until both threads have come to their second lock
        result = subprocess.run([arguments.track, "leaks", target.pid, "--json", "-"], text=True,
                                capture_output=True, timeout=120)
        report = json.loads(result.stdout)
        found = {finding["rule"]: finding for finding in report["findings"]}
        if "deadlock" in found:
            break
    check("exit code", result.returncode == 23, result.returncode)
    check("deadlock", found.get("deadlock", {}).get("evidence") == "proved", found.keys())
    unjoined = found.get("unjoined-thread")
    check("unjoined", unjoined is None or unjoined["evidence"] != "proved", unjoined)
    check("says what it did not see", any("attach" in line for line in report["not_visible"]),
          report["not_visible"])
    text = target.track("profile", "heap", target.pid, "--format", "text")
    check("heap", "121 KiB" in text and "main attach_target.cc" in text, text)
    target.process.kill()
    target.process.wait()


def deadlocks_of(target, wanted):
    """Functions that the threads of each are blocked in, once there are as many as wanted."""
    for _ in range(50):
        result = subprocess.run([target.arguments.track, "leaks", target.pid, "--json", "-"],
                                text=True, capture_output=True, timeout=120)
        found = [finding for finding in json.loads(result.stdout)["findings"]
                 if finding["rule"] == "deadlock"]
        if len(found) >= wanted:
            break
    check("proved", all(finding["evidence"] == "proved" for finding in found), found)
    return sorted(" ".join(functions(finding["blocked_at"])) for finding in found)


def from_before(arguments, folder):
    """What holds since before the attach is told as it would be without it."""
    target = Target(arguments, folder)
    target.say("early")
    target.say("cross")
    before = deadlocks_of(target, 1)
    check("seen from outside", len(before) == 1, before)
    def waits():
        return {task["tid"]: (task["wait_object"]["kind"], task["wait_object"]["owner_tid"])
                for task in target.threads() if "wait_object" in task
                and task["wait_object"]["kind"] in ("condition", "mutex")
                and {"wait_for_ever", "operator"} & set(functions(task["at"]))}
    kinds = waits()
    check("locks and a condition", sorted(kind for kind, _ in kinds.values()) ==
          ["condition", "mutex", "mutex"], kinds)
    target.attach()
    check("the same waits", waits() == kinds, (kinds, waits()))
    check("the same deadlock", deadlocks_of(target, 1) == before, before)
    target.say("late")
    both = deadlocks_of(target, 2)
    check("an old lock and a new one", len(both) == 2 and
          any("take_early_then_late" in text or "take_late_then_early" in text for text in both),
          both)
    target.track("detach", target.pid)
    check("and without it", len(deadlocks_of(target, 2)) == 2, "")
    target.process.kill()
    target.process.wait()


def signals_of(pid):
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    with open(f"/proc/{pid}/timers") as timers:
        return int(caught.split()[1], 16), timers.read().count("ID:")


def sampled(arguments, folder):
    """CPU time, of threads that were there and never call anything too; then no signal, no timer."""
    target = Target(arguments, folder)
    target.say("burn")
    target.attach()
    target.track("detach", target.pid)  # once, for libc's own handler
    check("other options", "cannot change" in target.attach("--cpu", "500", code=2), "")
    target.end()
    target = Target(arguments, folder)
    target.say("burn")
    before = signals_of(target.pid)
    for number in (1, 2):
        target.attach("--cpu", "500")
        caught, timers = signals_of(target.pid)
        # All but the one that holds: the thread that waits, main, the one that burns, churn.
        check("a timer for each thread", timers >= 4, timers)
        target.say("leak")
        for _ in range(100):
            text = subprocess.run([arguments.track, "profile", "cpu", target.pid, "--format",
                                   "text"], text=True, capture_output=True, timeout=60).stdout
            if "burn_time" in text and "churn" in text:
                break
        check("who burns and who churns", "burn_time" in text and "churn" in text, text)
        target.track("detach", target.pid)
        after = signals_of(target.pid)
        check("one signal more", bin(caught & ~after[0]).count("1") == 1, (caught, after))
        # libc's own of signal 33 stays, as after any first thread.
        check("handlers as before", after[0] | 1 << 32 == before[0] | 1 << 32, (before, after))
        check("no timers", after[1] == before[1] == 0, (before, after))
    target.end()


# There the program's own jump table stands for functions whose address it takes, in libc, too.
def at_a_fixed_address(arguments, folder):
    source, binary = f"{folder}/fixed.c", f"{folder}/fixed"
    with open(source, "w") as file:
        file.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
                   "int main(int count, char **words) {\n"
                   "  if (words == (void *)&free || words == (void *)&malloc) return count;\n"
                   "  puts(\"ready\");\n  fflush(stdout);\n"
                   "  for (char line[9]; fgets(line, 9, stdin) && line[0] != 'q';) {\n"
                   "    for (int i = 0; i < 100; ++i) if (!strdup(\"kept\")) return 1;\n"
                   "    puts(\"done\");\n    fflush(stdout);\n  }\n}\n")
    subprocess.run(["gcc", "-fno-builtin", "-fno-pie", "-no-pie", source, "-o", binary], check=True)
    target = Target(argparse.Namespace(track=arguments.track, program=binary), folder)
    text = target.attach("--alloc", "exact")
    check("every reference", "lead elsewhere" not in text, text)
    check("it allocates", target.say("go") == "done", "")
    text = target.track("info", target.pid)
    check("libc's own blocks", "\nheap          100 blocks" in text, text)
    target.track("detach", target.pid)
    check("it allocates as before", target.say("go") == "done", "")
    target.end()


# Whoever comes back when the library's own end is over leaves no recording that nobody takes away.
def too_late(arguments, folder):
    target = Target(arguments, folder)
    target.attach()
    target.track("detach", target.pid)
    check("all but over", target.say("quit_late") == "late", "")
    check("comes too late", "is ending" in target.attach(code=2), "")
    target.process.stdin.write("over\n")
    check("ends as it would", target.process.wait(30) == 0, target.process.returncode)
    check("no recording is left", not os.listdir(f"{folder}/r"), os.listdir(f"{folder}/r"))


def refusals(arguments, folder):
    target = Target(arguments, folder)
    check("options", "is none of off" in target.attach("--alloc", "much", code=2), "")
    check("library", "could not load it" in target.attach("--library", "/nowhere/libtrack.so",
                                                           code=2), "")
    # Where no file can be made it is recorded all the same, in memory alone.
    for number in (1, 2):
        target.track("attach", target.pid, "--dir", "/proc/nowhere")
        target.say("leak")
        check("without a file", len(made_by(target, "leak_a_thread")) == number, target.threads())
        target.track("detach", target.pid)
    target.process.send_signal(signal.SIGSTOP)
    os.waitpid(target.process.pid, os.WUNTRACED)
    words = target.track("attach", target.pid, code=2)
    check("a stopped one", "is stopped" in words, words)
    with open(f"/proc/{target.pid}/stat") as stat:
        check("stays stopped", stat.read().rsplit(")", 1)[1].split()[0] == "T", "")
    target.process.send_signal(signal.SIGCONT)
    target.end()
    check("no such process", "there is no process" in target.track("attach", "999999999", code=2),
          "")
    source = f"{folder}/sleeper.c"
    with open(source, "w") as file:
        file.write("#include <stdio.h>\n#include <unistd.h>\n"
                   "int main(void) { puts(\"ready\"); fflush(stdout); for (;;) pause(); }\n")
    static = "has no glibc: it is statically linked"
    builds = {"static": (["gcc", "-static"], static), "static-pie": (["gcc", "-static-pie"], static)}
    if shutil.which("musl-gcc"):
        builds["musl"] = (["musl-gcc"], "has no glibc: it uses another libc (")
    for name, (compiler, reason) in builds.items():
        binary = f"{folder}/{name}"
        subprocess.run([*compiler, source, "-o", binary], check=True)
        with subprocess.Popen([binary], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            with open(f"/proc/{process.pid}/maps") as maps:
                before = maps.read()
            words = target.track("attach", str(process.pid), code=2)
            check(name, reason in words, words)
            with open(f"/proc/{process.pid}/maps") as maps:
                check(f"{name} is not touched", maps.read() == before, "")
            process.kill()
    if os.geteuid() == 0 and not os.statvfs(folder).f_flag & os.ST_NOSUID:
        binary = f"{folder}/privileged"
        subprocess.run(["gcc", source, "-o", binary], check=True)
        os.chown(binary, 0, 1)
        os.chmod(binary, 0o2755)
        with subprocess.Popen([binary], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            with open(f"/proc/{process.pid}/maps") as maps:
                before = maps.read()
            words = target.track("attach", str(process.pid), code=2)
            check("set-group-ID", "gained privileges" in words, words)
            with open(f"/proc/{process.pid}/maps") as maps:
                check("a privileged one is not touched", maps.read() == before, "")
            process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("track", "program", "plugin", "second"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    os.environ["LD_LIBRARY_PATH"] = os.path.dirname(arguments.second)
    atexit.register(lambda: [target.process.kill() for target in Target.all])
    for part in (records_and_lets_go, lambda *a: many_rounds(*a, arguments.rounds), judged,
                 from_before, sampled, at_a_fixed_address, too_late,
                 refusals):
        with tempfile.TemporaryDirectory(prefix="attach-") as folder:
            os.chmod(folder, 0o700)
            part(arguments, folder)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
