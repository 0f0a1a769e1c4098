#!/usr/bin/env python3
"""A core file of many GiB is read in bounded memory: a process with a deadlock, a large heap and far more
that it mapped and hardly touched. Exit code 77 where the kernel writes no core files here.

    large_cores.py --track TRACK [--touched MIB] [--mapped GIB]
"""
import argparse
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
LIMIT_S = 600
# README.md: what any file may make `track` take.
BOUND_MIB = 1024
PROGRAM = """#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <thread>
static pthread_barrier_t both;
static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;
static void take(pthread_mutex_t* first, pthread_mutex_t* second) {
  pthread_mutex_lock(first);
  pthread_barrier_wait(&both);
  pthread_mutex_lock(second);
}
int main(int, char** argv) {
  const size_t touched = atol(argv[1]), mapped = atol(argv[2]);
  // Words that look like references, and blocks that refer to each other.
  void** last = nullptr;
  for (size_t i = 0; i < touched; ++i) {
    auto* block = static_cast<void**>(malloc(1 << 20));
    for (size_t word = 0; word < (1 << 20) / 8; ++word) block[word] = block + word * 7 % 131072;
    block[0] = last;
    last = block;
  }
  static void** volatile kept;
  kept = last;
  auto* wide = static_cast<char*>(mmap(nullptr, mapped << 30, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (size_t at = 0; at < mapped << 30; at += 64 << 20) wide[at] = 1;
  pthread_barrier_init(&both, nullptr, 2);
  printf("%p %p\\n", static_cast<void*>(&accounts), static_cast<void*>(&journal));
  fflush(stdout);
  std::thread one(take, &accounts, &journal), other(take, &journal, &accounts);
  one.join();
}
"""


def core_of(place, touched, mapped):
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    program = subprocess.Popen([place / "program", str(touched), str(mapped)], cwd=place, text=True,
                               stdout=subprocess.PIPE)
    locks = set(program.stdout.readline().split())
    # Until both threads sleep in a futex call (number 202) for these.
    at = pathlib.Path(f"/proc/{program.pid}/task")
    while program.poll() is None:
        calls = [(task / "syscall").read_text().split() for task in at.iterdir()]
        if {call[1] for call in calls if call[0] == "202"} >= locks:
            break
    program.send_signal(signal.SIGABRT)
    program.wait()
    cores = list(place.glob("core*"))
    return cores[0] if cores else None


def bounded():
    """What `track` itself allocates: beyond this it is refused."""
    resource.setrlimit(resource.RLIMIT_DATA, (BOUND_MIB << 20, BOUND_MIB << 20))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--touched", type=int, default=96)
    parser.add_argument("--mapped", type=int, default=12)
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="track-cores-") as folder:
        place = pathlib.Path(folder)
        (place / "program.cc").write_text(PROGRAM)
        subprocess.run(["g++", "-std=c++17", "-O1", "-g", "-pthread", "program.cc", "-o", "program"],
                       cwd=place, check=True)
        core = core_of(place, arguments.touched, arguments.mapped)
        if core is None or core.stat().st_size < arguments.mapped << 30:
            print("skipped: no core file is written here (core_pattern, RLIMIT_CORE)")
            return SKIPPED
        print(f"core of {core.stat().st_size >> 20} MiB, {core.stat().st_blocks >> 11} MiB on disk")
        for verb in ("ps", "hang", "leaks"):
            child = subprocess.Popen([arguments.track, verb, str(core)], stdout=subprocess.PIPE, text=True,
                                     preexec_fn=bounded)
            text = child.stdout.read()
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            # What it looked at of the file is counted, too, which the kernel takes back as it likes.
            holds = used.ru_maxrss >> 10 < BOUND_MIB + arguments.touched and child.returncode in (0, 23) and \
                (verb == "ps" or "deadlock (proved): 2 threads" in text)
            print(f"{'ok  ' if holds else 'FAIL'}  {verb}: at most {used.ru_maxrss >> 10} MiB, "
                  f"{used.ru_utime + used.ru_stime:.1f} s, exit code {child.returncode}")
            if not holds:
                failures += 1
                print(text[:3000])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
