#!/usr/bin/env python3
"""No verb asks a debuginfod server unless told to, whatever DEBUGINFOD_URLS says: a server of our own on
loopback counts who knocks. The control: with --debuginfod somebody does.

    no_network.py --track TRACK
"""
import argparse
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

LIMIT_S = 120
PROGRAM = """#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static void* work(void* argument) { return argument; }
int main(int argc, char** argv) {
  (void)argv;
  pthread_t thread;
  pthread_create(&thread, NULL, work, malloc(100));
  if (argc > 1) { (void)!write(1, "ready\\n", 6); pause(); }
  sleep(0);
  return 0;
}
"""


class Counting(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    arguments = parser.parse_args()
    tool = os.path.abspath(arguments.track)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="track-network-") as folder:
        place = pathlib.Path(folder)
        (place / "program.c").write_text(PROGRAM)
        # Without names and debug information, with a build-id: what one would ask a server for.
        subprocess.run(["gcc", "-s", "-Wl,--build-id", "-pthread", "program.c", "-o", "program"],
                       cwd=place, check=True)
        environment = {**os.environ, "DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}",
                       "DEBUGINFOD_CACHE_PATH": str(place / "cache"), "HOME": folder}

        def track(*words):
            done = subprocess.run([tool, *map(str, words)], capture_output=True, text=True,
                                  cwd=place, env=environment, timeout=LIMIT_S)
            check(f"{words[0]} runs", done.returncode in (0, 23), (done.returncode, done.stderr))
            return done

        recordings = ("--dir", place / "recordings")
        track("run", *recordings, "--memory", "--dump", "a.dump", "--", "./program")
        track("check", *recordings, "--json", "report.json", "--", "./program")
        track("doctor", "./program")
        waiting = subprocess.Popen(["./program", "wait"], cwd=place, stdout=subprocess.PIPE)
        try:
            waiting.stdout.readline()
            for target in ("a.dump", str(waiting.pid)):
                for verb in (("ps", target), ("leaks", target), ("hang", target), ("info", target),
                             ("profile", "tasks", target, "-o", "p.pb.gz"),
                             ("html", target, "-o", "x.html")):
                    if verb != ("info", str(waiting.pid)):  # of dumps and recordings only
                        track(*verb)
            track("dump", str(waiting.pid), "-o", "b.dump")
            check("nobody is asked", not Counting.asked, Counting.asked)
            track("leaks", str(waiting.pid), "--debuginfod")
            check("the control: told to, it asks", Counting.asked, Counting.asked)
        finally:
            waiting.kill()
            waiting.wait()
    server.shutdown()
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
