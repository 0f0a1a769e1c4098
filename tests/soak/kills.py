"""A thousand kills at random instants: what the program surely had is in its recording."""
import pathlib
import subprocess
import sys

from real_servers import Failure

KILLS = 1000
NAMES = ("kills",)
STRESS = pathlib.Path(__file__).resolve().parents[1] / "e2e" / "kill_stress.py"


def run(name, soak):
    programs = soak.build / "tests" / "e2e"
    done = subprocess.run(
        [sys.executable, STRESS, soak.library, programs / "kill_target", programs / "kill_check",
         "--track", soak.track, "--rounds", str(soak.count(KILLS))], capture_output=True, text=True)
    words = done.stdout.strip()
    if done.returncode != 0:
        raise Failure(f"{words[-2000:]} {done.stderr.strip()[-1000:]}")
    return words.splitlines()[-1].removeprefix("kill_stress: ")
