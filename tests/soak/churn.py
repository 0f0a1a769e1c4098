"""Threads by ten million, coroutines by a hundred million, few alive at a time: the tracker's memory
stays what it was after the first tenth, and its counts are exact."""
import os
import subprocess

import growth
from real_servers import Failure

COUNTS = {"threads": 10_000_000, "coroutines": 100_000_000}
NAMES = tuple(COUNTS)
MOST_GROWTH = 0.02
MOST_GROWTH_BYTES = 64 * growth.KIB


def look(soak, pid, figures):
    info = soak.info(pid)
    if info is None:
        raise Failure("churn ended early")
    memory = info["tracker_memory"]
    figures.append(memory["recording_resident_bytes"] + memory["own_resident_bytes"])
    return info


def judge_counts(name, total, info):
    if not info["complete"]:
        raise Failure(f"the record is not complete: {info['lost']} {info['damage']}")
    counts = info["tasks"][name]
    if counts["live"] != (1 if name == "threads" else 0):
        raise Failure(f"{counts['live']} {name} live after all ended")
    # Of coroutines the first few of each place are known only when they are freed.
    unseen = counts["created"] - total if name == "threads" else total - counts["created"]
    if not 0 <= unseen <= 64:
        raise Failure(f"{counts['created']} {name} counted of {total}")
    return f"{counts['created']} counted"


def run(name, soak):
    total = soak.count(COUNTS[name])
    program = subprocess.Popen(
        [soak.build / "tests" / "soak" / "churn", name, str(total)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "LD_PRELOAD": soak.library,
             "TRACK_OPTIONS": f"dir={soak.folder}/recordings:{soak.mode}"})
    figures = []
    try:
        for line in program.stdout:
            info = look(soak, program.pid, figures)
            if line == "done\n":
                break
        else:
            raise Failure(f"churn ended early: exit code {program.wait()}")
        counted = judge_counts(name, total, info)
        program.stdin.close()
        if program.wait(60) != 0:
            raise Failure(f"exit code {program.returncode}")
    finally:
        program.kill()
        program.wait()
    soak.figures[name] = {"count": total, "tracker_bytes": figures}
    return f"{total} {name}; " + counted + "; " + growth.require_no_growth(
        "the tracker takes", figures, MOST_GROWTH, MOST_GROWTH_BYTES)
