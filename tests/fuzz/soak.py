#!/usr/bin/env python3
"""Every fuzz target with libFuzzer for some minutes each, one after the other.

  tests/fuzz/soak.py [--minutes 10] [--only NAME,...] [--work DIR] [--no-build]

Starts from the targets' seeds and corpus/NAME; what it finds interesting stays in DIR, so that the
next run goes on from there. A crash, a leak, an input that takes too long or too much memory fails
its target and is kept, minimized, in DIR/NAME.found: add it to corpus/NAME with the repair. Ends
with "N passed, M failed"; exit code 1 when anything failed.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Of the largest inputs tried; the kinds differ in how much one must hold to be of interest.
MOST_BYTES = {"recording": 400_000, "dump": 65_536, "core": 800_000, "elf": 65_536,
              "pprof": 65_536, "text": 4096}
# The bound that README states: of memory, in all and at once, and of time.
# Entropic scheduling takes half of the time where an input has thousands of features, as here.
LIMITS = ["-entropic=0", "-rss_limit_mb=2048", "-malloc_limit_mb=1100", "-timeout=20"]


def build():
    for command in (["cmake", "--preset", "fuzz"],
                    ["cmake", "--build", "--preset", "fuzz", "--target", "fuzzers"]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def minimize(fuzzer, found):
    """The smallest input that fails in the same way; the found one where that takes too long."""
    small = found.with_suffix(".small")
    try:
        subprocess.run([fuzzer, "-minimize_crash=1", "-runs=2000", *LIMITS,
                        f"-exact_artifact_path={small}", str(found)], timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        pass
    return small if small.exists() and small.stat().st_size else found


def fuzz(name, seconds, work):
    fuzzer = ROOT / "build/fuzz/tests/fuzz" / f"{name}_fuzz"
    corpus, seeds, found = (work / f"{name}{kind}" for kind in ("", ".seeds", ".found"))
    for folder in (corpus, seeds, found):
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([fuzzer, "--write-seeds", seeds], check=True)
    result = subprocess.run(
        [fuzzer, f"-max_total_time={seconds}", f"-max_len={MOST_BYTES[name]}", *LIMITS,
         f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=1", corpus, seeds,
         HERE / "corpus" / name],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    (work / f"{name}.log").write_text(result.stdout)
    runs = re.search(r"number_of_executed_units: *(\d+)", result.stdout)
    covered = re.findall(r" cov: (\d+)", result.stdout)
    print(f"{'ok' if result.returncode == 0 else 'FAILED'} {name}: "
          f"{runs.group(1) if runs else '?'} inputs in {seconds} s, "
          f"{covered[-1] if covered else '?'} edges covered", flush=True)
    if result.returncode == 0:
        return True
    summary = re.findall(r"^(?:SUMMARY|==\d+==\s*ERROR).*", result.stdout, flags=re.M)
    print("  " + (summary[-1] if summary else result.stdout[-400:]))
    for artifact in sorted(found.iterdir()):
        if artifact.suffix != ".small" and str(artifact) in result.stdout:
            print(f"  {minimize(fuzzer, artifact)}", flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", default=",".join(MOST_BYTES))
    parser.add_argument("--work", default=ROOT / "build/fuzz/soak")
    parser.add_argument("--no-build", action="store_true")
    args = parser.parse_args()
    os.environ["ASAN_OPTIONS"] = "allocator_may_return_null=0:detect_leaks=1:malloc_context_size=6"
    if not args.no_build:
        build()
    names = args.only.split(",")
    passed = sum(fuzz(name, int(args.minutes * 60), pathlib.Path(args.work)) for name in names)
    print(f"{passed} passed, {len(names) - passed} failed")
    return 0 if passed == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
