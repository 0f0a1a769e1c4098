"""tests/support/growing_target.cc under libtrack.so: a process that does as it is told."""
import os
import subprocess


class ToldProcess:
    """Recorded into `folder`, with these options besides."""

    def __init__(self, arguments, folder, *options):
        environment = {**os.environ, "LD_PRELOAD": str(arguments.library),
                       "TRACK_OPTIONS": ":".join([f"dir={folder}", *options])}
        self.process = subprocess.Popen([str(arguments.growing)], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def __call__(self, order, count):
        self.process.stdin.write(f"{order} {count}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(60)
