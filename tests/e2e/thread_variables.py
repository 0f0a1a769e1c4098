#!/usr/bin/env python3
"""Who is referred to only by a thread_local variable of a library that came by dlopen is known to that
variable's thread: no finding while the thread can go on. The way there is the dynamic linker's list of the
thread's variables, which for the main thread lies in no block of the heap. Where the variable is cleared
the finding comes, or this test would find nothing wrong with a tool that finds nothing.

    thread_variables.py --track TRACK --library LIBTRACK.SO
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

LIMIT_S = 120
KEEPER = """__thread void* kept;
void keep(void* what) { kept = what; }
"""
# The waiter's object: whoever keeps it could set `go` and signal.
PROGRAM = """#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct gate { pthread_mutex_t lock; pthread_cond_t changed; int waits, go; };
static void (*keep)(void*);
static int drops;
static pthread_barrier_t parked;
static void* wait_for_gate(void* argument) {
  struct gate* gate = argument;
  pthread_mutex_lock(&gate->lock);
  gate->waits = 1;
  pthread_cond_broadcast(&gate->changed);
  while (!gate->go) pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
  return NULL;
}
__attribute__((noinline)) static void start_waiter(void) {
  struct gate* gate = calloc(1, sizeof *gate);
  pthread_mutex_init(&gate->lock, NULL);
  pthread_cond_init(&gate->changed, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait_for_gate, gate) != 0) abort();
  pthread_detach(thread);
  pthread_mutex_lock(&gate->lock);
  while (!gate->waits) pthread_cond_wait(&gate->changed, &gate->lock);
  pthread_mutex_unlock(&gate->lock);
  keep(gate);
  if (drops) keep(NULL);
}
__attribute__((noinline)) static void clear_stack(void) {
  char left_over[1 << 14];
  memset(left_over, 0, sizeof left_over);
  __asm__ volatile("" : : "r"(left_over) : "memory");
}
static void* keeper(void* argument) {
  start_waiter();
  clear_stack();
  pthread_barrier_wait(&parked);
  for (;;) pause();
  return argument;
}
int main(int argc, char** argv) {
  void* library = dlopen("./keeper.so", RTLD_NOW);
  if (argc != 3 || library == NULL) return 1;
  *(void**)&keep = dlsym(library, "keep");
  drops = strcmp(argv[2], "drops") == 0;
  if (strcmp(argv[1], "thread") == 0) {
    pthread_t thread;
    pthread_barrier_init(&parked, NULL, 2);
    if (pthread_create(&thread, NULL, keeper, NULL) != 0) abort();
    pthread_barrier_wait(&parked);
  } else {
    start_waiter();
    clear_stack();
  }
  puts("ready");
  fflush(stdout);
  char byte;
  (void)!read(0, &byte, 1);
  _exit(0);
}
"""


def proved(track, target):
    done = subprocess.run([track, "leaks", "--json", "-", str(target)], capture_output=True, text=True,
                          timeout=LIMIT_S)
    if done.returncode not in (0, 23):
        sys.exit(f"track leaks: exit {done.returncode}\n{done.stderr}")
    findings = json.loads(done.stdout)["findings"]
    return sum(one["count"] for one in findings if one["evidence"] == "proved")


def look(track, place, environment, keeper, what):
    said = f"{keeper} {what}, {'prepared' if environment else 'unprepared'}"
    expected = 1 if what == "drops" else 0
    target = subprocess.Popen(["./program", keeper, what], cwd=place, text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=dict(os.environ, **environment))
    check(f"{said}: starts", target.stdout.readline() == "ready\n")
    dump = place / "dump"
    subprocess.run([track, "dump", str(target.pid), "-o", dump], check=True, timeout=LIMIT_S,
                   capture_output=True)
    for where in (target.pid, dump):
        found = proved(track, where)
        check(f"{said}, {'dump' if where == dump else 'live'}: proved", found == expected, found)
    dump.unlink()
    target.communicate("\n", timeout=LIMIT_S)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="track-variables-") as folder:
        place = pathlib.Path(folder)
        (place / "keeper.c").write_text(KEEPER)
        (place / "program.c").write_text(PROGRAM)
        subprocess.run(["gcc", "-fPIC", "-shared", "-O1", "keeper.c", "-o", "keeper.so"], cwd=place, check=True)
        subprocess.run(["gcc", "-O1", "-g", "-pthread", "program.c", "-o", "program"], cwd=place, check=True)
        prepared = {"LD_PRELOAD": os.path.abspath(arguments.library), "TRACK_OPTIONS": f"dir={place}"}
        for environment in (prepared, {}):
            for keeper in ("main", "thread"):
                for what in ("keeps", "drops"):
                    look(os.path.abspath(arguments.track), place, environment, keeper, what)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
