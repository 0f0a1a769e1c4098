#!/usr/bin/env python3
"""`track doctor` lists what cannot be seen of a program: one small program for each blind spot."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK = sys.argv[1]

PLAIN = "int main(void) { return 0; }\n"
COROUTINE = """#include <coroutine>
#include <cstdlib>
struct Task { struct promise_type {
  Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
  std::suspend_always initial_suspend() noexcept { return {}; }
  std::suspend_always final_suspend() noexcept { return {}; }
  void return_void() {} void unhandled_exception() {}
#ifdef POOLED
  [[gnu::noinline]] void* operator new(std::size_t n) { return std::malloc(n); }
  [[gnu::noinline]] void operator delete(void* p) { std::free(p); }
#endif
}; std::coroutine_handle<promise_type> handle; };
Task session(int n) { co_await std::suspend_always{}; if (n > 3) std::abort(); }
int main() { Task task = session(1); task.handle.resume(); task.handle.destroy(); }
"""
# What it must say of each, and what of none of the others.
NOTES = {
    "jemalloc": ("int je_malloc(int n) { return n; }\n" + PLAIN, "jemalloc is linked into"),
    "tcmalloc": ("int tc_malloc(int n) { return n; }\n" + PLAIN, "tcmalloc is linked into"),
    "mimalloc": ("int mi_malloc(int n) { return n; }\n" + PLAIN, "mimalloc is linked into"),
    "own": ("void* malloc(unsigned long n) { return (void*)n; }\nvoid free(void* p) { (void)p; }\n" +
            PLAIN, "a malloc of its own is linked into"),
    "futex": ('void wait(void) { asm volatile("mov $202, %eax; syscall"); }\n' + PLAIN,
              "1 system call for futex"),
    "calls": ('void id(void) { asm volatile("mov $39, %eax; syscall; mov $60, %eax; syscall"); }\n' +
              PLAIN, "2 system calls more"),
    "go": ('__attribute__((section(".go.buildinfo"))) int info = 1;\n' + PLAIN, "has Go's runtime"),
    "rust": ('asm(".section .comment; .asciz \\"rustc version 1.70.0\\"; .text");\n' + PLAIN,
             "has Rust code"),
    "plain": (PLAIN, "nothing in its code is known to be hidden"),
}
PROCESSES = {
    "seccomp": ("""prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
      struct sock_fprog filter = {1, &allow};
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 1;""",
                "seccomp filters its system calls"),
    "dumpable": ("if (setgid(65534) != 0 || setuid(65534) != 0) return 1; "
                 "prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);", "is not dumpable"),
    "user": ("if (seteuid(65534) != 0) return 1;", "privileges of another user"),
    "traced": ("if (fork() != 0) { wait(0); return 0; } ptrace(PTRACE_TRACEME, 0, 0, 0);",
               "is traced by process"),
    "mount": ("if (unshare(CLONE_NEWNS) != 0) return 1;", "in another mnt namespace"),
    "nothing": ("", None),
}


def doctor(target):
    result = subprocess.run([TRACK, "doctor", str(target), "--json", "-"], capture_output=True,
                            text=True, timeout=60)
    checks = json.loads(result.stdout)["checks"] if result.stdout else []
    return result.returncode, [entry["text"] for entry in checks], result.stderr


def build(place, name, source, compiler="gcc", *flags, suffix=".c"):
    file = place / (name + suffix)
    file.write_text(source)
    program = place / name
    subprocess.run([compiler, "-fno-builtin", *flags, str(file), "-o", str(program)], check=True,
                   capture_output=True)
    return program


def binaries(place):
    every = [note for _, note in NOTES.values()]
    for name, (source, note) in NOTES.items():
        code, texts, error = doctor(build(place, name, source))
        told = [one for one in every if any(one in text for text in texts)]
        check(name, code == 0 and told == [note], (code, texts, error))
    for name, flags, note in (("gcc", (), None), ("pool", ("-DPOOLED",), "allocates frames itself")):
        code, texts, _ = doctor(build(place, name, COROUTINE, "g++", "-std=c++20", *flags,
                                      suffix=".cc"))
        check(f"coroutines of {name}", code == 0 and
              any("allocates frames itself" in text for text in texts) == (note is not None), texts)
    if shutil.which("clang++"):
        for name, flags, note in (("whole", (), "clang may put a coroutine's frame"),
                                  ("bare", ("-s",), "made by clang and stripped")):
            code, texts, _ = doctor(build(place, f"clang.{name}", COROUTINE, "clang++",
                                          "-std=c++20", *flags, suffix=".cc"))
            check(f"clang, {name}", code == 0 and any(note in text for text in texts), texts)


def refusals(place):
    cases = [("static", build(place, "static", PLAIN, "gcc", "-static"), "statically linked")]
    if shutil.which("musl-gcc"):
        cases.append(("musl", build(place, "musl", PLAIN, "musl-gcc"), "musl libc"))
    narrow = bytearray((place / "plain").read_bytes())
    narrow[4], narrow[18] = 1, 3
    (place / "narrow").write_bytes(narrow)
    (place / "narrow").chmod(0o755)
    cases.append(("32 bits", place / "narrow", "not a 64-bit x86 program"))
    foreign = bytearray((place / "plain").read_bytes())
    foreign[18] = 183  # AArch64
    (place / "foreign").write_bytes(foreign)
    (place / "foreign").chmod(0o755)
    cases.append(("another machine", place / "foreign", "not a 64-bit x86 program"))
    if os.geteuid() == 0:
        shutil.copy(place / "plain", place / "privileged")
        os.chown(place / "privileged", 65534, 65534)
        (place / "privileged").chmod(0o4755 | stat.S_IXUSR)
        cases.append(("set-user-id", place / "privileged", "gains privileges"))
    for name, program, note in cases:
        code, texts, error = doctor(program)
        check(name, code == 2 and any(note in text for text in texts), (code, texts, error))


def processes(place):
    if os.geteuid() != 0:
        print("skipped: processes of other users and namespaces need root")
        return
    every = [note for _, note in PROCESSES.values() if note]
    for name, (body, note) in PROCESSES.items():
        source = f"""#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {{
  {body}
  printf("%d\\n", getpid());
  fflush(stdout);
  char byte;
  return read(0, &byte, 1) < 0;
}}
"""
        child = subprocess.Popen([build(place, f"is.{name}", source)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        pid = child.stdout.readline().strip()
        check(f"{name} started", pid.isdigit(), pid)
        _, texts, error = doctor(pid)
        told = [one for one in every if any(one in text for text in texts)]
        # Who gave up its user is not dumpable as well, on kernels that say so.
        check(f"a process: {name}", (note in told) if note else told == [], (texts, error))
        check(f"and its code: {name}", any("known to be hidden" in text for text in texts), texts)
        child.stdin.close()
        if pid.isdigit() and int(pid) != child.pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass  # it ended with its standard input
        child.wait(timeout=30)


with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o755)
    binaries(pathlib.Path(folder))
    refusals(pathlib.Path(folder))
    processes(pathlib.Path(folder))
sys.exit(verdict())
