#!/usr/bin/env python3
"""Hidden references (track.h): what a declared root or a held pointer leads to is never called
leaked, is proved leaked once it was taken back, in a child of fork as well; where one found no
room, or nobody noted them down, nothing is proved.
"""

import argparse
import json
import os
import subprocess
import sys


def fail(text):
    sys.exit("hidden: " + text)


class Target:
    def __init__(self, program, what, library=None):
        environment = dict(os.environ)
        if library:
            environment["LD_PRELOAD"] = str(library)
        self.process = subprocess.Popen([program, what], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment, text=True)
        self.ready()

    def ready(self):
        words = self.process.stdout.readline().split()
        if len(words) != 2 or words[0] != "ready":
            fail(f"the program says {words}")
        self.pid = words[1]

    def go_on(self):
        self.process.stdin.write("x")
        self.process.stdin.flush()

    def next(self):
        self.go_on()
        self.ready()

    def __enter__(self):
        return self

    def __exit__(self, *failed):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        if self.process.wait(60) != 0 and failed[0] is None:
            fail(f"exit {self.process.returncode}: {rest}")


def leaks(track, pid):
    result = subprocess.run([track, "leaks", pid, "--json", "-"], capture_output=True, text=True,
                            timeout=120)
    if result.returncode not in (0, 23):
        fail(f"leaks: exit {result.returncode}: {result.stderr}")
    return [finding for finding in json.loads(result.stdout)["findings"]
            if finding["rule"] == "orphaned-coroutine"]


def expect(what, track, pid, evidence, says=()):
    found = leaks(track, pid)
    if [finding["evidence"] for finding in found] != ([evidence] if evidence else []):
        fail(f"{what}: not {evidence}: {json.dumps(found, indent=1)[:4000]}")
    for text in says:
        if text not in json.dumps(found):
            fail(f"{what}: does not say {text!r}: {json.dumps(found, indent=1)[:4000]}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("track", "library", "program"):
        parser.add_argument("--" + name, required=True)
    a = parser.parse_args()

    for environment in (os.environ, dict(os.environ, LD_PRELOAD=a.library)):
        if subprocess.run([a.program, "words"], env=environment, timeout=120).returncode != 0:
            fail("the functions answer otherwise")

    with Target(a.program, "held", a.library) as target:
        expect("held twice", a.track, target.pid, None)
        target.next()
        expect("held once", a.track, target.pid, None)
        target.next()
        expect("given back", a.track, target.pid, "proved")
    with Target(a.program, "root", a.library) as target:
        expect("in a root", a.track, target.pid, None)
        target.next()
        expect("root removed", a.track, target.pid, "proved")
    with Target(a.program, "full", a.library) as target:
        expect("nobody holds it", a.track, target.pid, "proved")
        target.next()
        expect("no room", a.track, target.pid, "likely", ["found no room"])
    with Target(a.program, "child", a.library) as target:
        expect("in a root of the parent's", a.track, target.pid, None)
        target.next()
        expect("root removed in a child", a.track, target.pid, "proved")
        target.go_on()
    with Target(a.program, "held") as target:
        expect("without libtrack", a.track, target.pid, "likely", ["nobody noted it down"])
    print("what hidden references lead to is not called leaked, and what they led to is")


if __name__ == "__main__":
    main()
