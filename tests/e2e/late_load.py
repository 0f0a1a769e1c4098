#!/usr/bin/env python3
"""A process whose loader has no thread-local storage left to give (libraries that came by dlopen took it
all) cannot be attached to: `track attach` says so and what to do, the process goes on as it was; and so
does a program that loads libtrack.so by a dlopen of its own, whether there is room or not.

    late_load.py --track TRACK --library LIBTRACK.SO
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

LIMIT_S = 60
GREEDY = """__thread char taken[64] __attribute__((tls_model("initial-exec")));
char* get(void) { return taken; }
"""
PROGRAM = """#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void* work(void* argument) { free(malloc(100)); return argument; }
static void threads(void) {
  for (int i = 0; i < 50; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL) != 0) abort();
    pthread_join(thread, NULL);
  }
}
int main(int argc, char** argv) {
  (void)argc;
  int taken = 0;
  char path[200];
  for (int i = 0; i < atoi(argv[1]); ++i) {
    snprintf(path, sizeof path, "./greedy.%d.so", i);
    if (dlopen(path, RTLD_NOW) == NULL) break;
    ++taken;
  }
  if (argv[2] != NULL) puts(dlopen(argv[2], RTLD_NOW) != NULL ? "loaded" : dlerror());
  printf("ready %d\\n", taken);
  fflush(stdout);
  (void)!read(0, &path, 1);
  threads();
  puts("end");
}
"""
MANY = 100


class Target:
    def __init__(self, place, *words):
        self.process = subprocess.Popen([place / "program", *map(str, words)], cwd=place, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.said = []
        while not self.said or not self.said[-1].startswith("ready"):
            line = self.process.stdout.readline()
            if not line:
                break
            self.said.append(line.strip())

    def state(self):
        """What it has of threads, descriptors and modules of ours."""
        at = pathlib.Path(f"/proc/{self.process.pid}")
        return (len(os.listdir(at / "task")), sorted(os.listdir(at / "fd")),
                "libtrack" in (at / "maps").read_text())

    def end(self):
        out, told = self.process.communicate("\n", timeout=LIMIT_S)
        return self.process.returncode, out, told


def attached(track, place):
    target = Target(place, MANY)
    taken = int(target.said[-1].split()[1])
    check("its libraries took all there was", 0 < taken < MANY, target.said)
    before = target.state()
    recordings = place / "recordings"
    for _ in range(2):
        done = subprocess.run([track, "attach", str(target.process.pid), "--dir", recordings],
                              capture_output=True, text=True, timeout=LIMIT_S)
        check("attach refuses", done.returncode == 2 and "static TLS" in done.stderr and
              "start it with track run" in done.stderr and len(done.stderr.splitlines()) == 1,
              (done.returncode, done.stderr))
        check("nothing is left in it", target.state() == before, (before, target.state()))
    check("nothing is left behind", not recordings.exists() or not list(recordings.iterdir()),
          recordings.exists() and list(recordings.iterdir()))
    check("it goes on", target.end() == (0, "end\n", ""))


def loaded_by_itself(library, place):
    for many, said in ((0, "loaded"), (MANY, "static TLS")):
        target = Target(place, many, library)
        check(f"dlopen after {many} libraries", said in target.said[0], target.said)
        threads, _, inside = target.state()
        check(f"dlopen after {many} libraries: no thread, and ours is there or not",
              (threads, inside) == (1, said == "loaded"), target.state())
        check(f"dlopen after {many} libraries: it goes on", target.end() == (0, "end\n", ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="track-late-") as folder:
        place = pathlib.Path(folder)
        (place / "greedy.c").write_text(GREEDY)
        (place / "program.c").write_text(PROGRAM)
        subprocess.run(["gcc", "-fPIC", "-shared", "greedy.c", "-o", "greedy.0.so"], cwd=place, check=True)
        subprocess.run(["gcc", "-O1", "-pthread", "program.c", "-o", "program"], cwd=place, check=True)
        for i in range(1, MANY):
            (place / f"greedy.{i}.so").write_bytes((place / "greedy.0.so").read_bytes())
        attached(os.path.abspath(arguments.track), place)
        loaded_by_itself(os.path.abspath(arguments.library), place)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
