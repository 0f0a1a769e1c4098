"""A run of tests/support/busy_target.cc under libtrack.so: is it still at work, with all it does?"""
import mmap
import os
import struct
import subprocess
import time

STANDSTILL_S = 60


class Target:
    def __init__(self, arguments, folder, mode):
        progress = folder / "progress"
        progress.write_bytes(bytes(4096))
        self.process = subprocess.Popen(
            [arguments.program, progress], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": arguments.library,
                 # A reader that was never there is waited for at each child's end.
                 "TRACK_OPTIONS": f"dir={folder}/r:take_ms=20:{mode}"})
        self.workers = int(self.process.stdout.readline().split()[1])
        with open(progress, "rb") as file:
            self.rounds = mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ)
        self.path = folder / "r" / f"rec.{self.process.pid}.0"

    def counts(self):
        return struct.unpack_from(f"<{self.workers}Q", self.rounds)

    def await_rounds(self, more=1):
        """Every worker has done some since; what is wrong otherwise."""
        begin, end = self.counts(), time.monotonic() + STANDSTILL_S
        while not all(now >= old + more for now, old in zip(self.counts(), begin)):
            if self.process.poll() is not None:
                return f"it ended: {self.process.returncode} {self.process.stdout.read()}"
            if time.monotonic() > end:
                slow = [i for i, (now, old) in enumerate(zip(self.counts(), begin)) if now < old + more]
                return f"workers {slow} stand still"
            time.sleep(0.001)
        return None

    def finish(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(STANDSTILL_S)
        except subprocess.TimeoutExpired:
            return "it does not end"
        said = self.process.stdout.read()
        if code != 0 or said != f"fine {self.workers}\n":
            return f"it ended with {code}: {said}"
        return None

    def kill(self):
        self.process.kill()
        self.process.wait()
