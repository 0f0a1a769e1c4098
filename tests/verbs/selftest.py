#!/usr/bin/env python3
"""`track selftest` passes here, and fails where detection is broken."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK = sys.argv[1]
RULES = ["deadlock", "stuck-task", "orphaned-coroutine", "unjoined-thread", "outlived-task",
         "lock-held-at-exit", "lock-order", "lock-across-await", "pool-exhausted", "leaked-memory",
         "growing-tasks", "growing-memory"]


def selftest(*words, **env):
    return subprocess.run([TRACK, "selftest", *words], capture_output=True, text=True, timeout=170,
                          stdin=subprocess.DEVNULL, env={**os.environ, **env})


result = selftest("--rounds", "1")
lines = result.stdout.splitlines()
verdicts = [line.split()[:2] for line in lines if line.startswith(("ok ", "FAILED "))]
check("every rule is found, and its twin silent", verdicts == [["ok", rule] for rule in RULES],
      result.stdout + result.stderr)
check("it ends well", result.returncode == 0 and lines and
      lines[-1].startswith("Detection works on this machine: 12 planted defects found"),
      (result.returncode, result.stdout[-300:], result.stderr))
costs = [line for line in lines if line.count(" ns") == 2 and line.endswith("x")]
check("costs are measured", len(costs) == 5 and not any(" 0.0 ns" in line for line in costs), costs)

# The negative controls: nothing is loaded, or something else is.
result = selftest("--without-library", "--json", "-")
told = json.loads(result.stdout)
check("without the library every rule fails", result.returncode == 2 and not told["ok"] and
      [row["rule"] for row in told["rules"] if not row["ok"]] == RULES, result.stdout)
result = selftest("--only", "deadlock", TRACK_LIBRARY="/lib/x86_64-linux-gnu/libm.so.6")
check("with another library too", result.returncode == 2 and
      result.stdout.startswith("FAILED  deadlock") and
      "Detection does not work on this machine: 1 of 1 rules failed" in result.stdout,
      result.stdout + result.stderr)
check("of one rule", selftest("--only", "unjoined-thread").returncode == 0)
result = selftest("--only", "bogus")
check("of no rule", result.returncode == 2 and "`bogus` is no rule" in result.stderr, result.stderr)
sys.exit(verdict())
