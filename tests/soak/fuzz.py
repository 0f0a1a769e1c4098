"""Ten minutes of libFuzzer for every reader of files."""
import pathlib
import subprocess
import sys

from real_servers import Failure

MINUTES = 10
NAMES = ("fuzz",)
FUZZERS = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "soak.py"


def run(name, soak):
    done = subprocess.run([sys.executable, FUZZERS, "--minutes", str(MINUTES * soak.share)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{done.stdout.strip()[-2000:]} {done.stderr.strip()[-1000:]}")
    return done.stdout.strip().splitlines()[-1]
