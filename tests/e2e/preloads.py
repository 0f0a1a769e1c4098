#!/usr/bin/env python3
"""What else is preloaded, or comes before us in the order of loading, before and behind libtrack.so: a
library of our own that wraps pthread_create, malloc, open and dlsym and is at work before us
(tests/support/other_preload.cc), jemalloc, tcmalloc, libfaketime, and AddressSanitizer, shared and
linked in, and ThreadSanitizer, of both compilers. The program does what it does without us, a clean one is clean, one that
leaves a thread is told, and times are the kernel's.

    preloads.py --track TRACK --program OTHER_PRELOAD_TARGET --other OTHER_PRELOAD.SO
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

LIMIT_S = 120
SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")
FAKETIME = LIBRARIES / "faketime/libfaketimeMT.so.1"
# Before now, ahead and a hundred times as fast, and one that stands still.
FAKED = ("-10d", "+5y x100", "2001-01-01 00:00:00")
ORDERS = {"behind us": "$LD_PRELOAD:{}", "before us": "{}:$LD_PRELOAD"}
A_MINUTE = 60_000_000_000


class Runner:
    def __init__(self, track, place):
        self.track, self.place = track, place

    def run(self, words, preload=None, flags=(), environment=None):
        """(exit code, stdout, stderr, the report) of words, with LD_PRELOAD as a shell sets it."""
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        words = [str(word) for word in words]
        if preload is not None:
            words = ["sh", "-c", f'LD_PRELOAD={preload} exec "$@"', "sh", *words]
        done = subprocess.run([self.track, "run", "--dir", self.place / "recordings", "--json", report,
                               *flags, "--", *words], capture_output=True, text=True, timeout=LIMIT_S,
                              env={**os.environ, **(environment or {})})
        return (done.returncode, done.stdout, done.stderr,
                json.loads(report.read_text()) if report.exists() else {})

    def clean(self, what, words, lossy=False, created=(100,), **more):
        code, out, told, report = self.run(words, **more)
        check(f"{what}: as it is without us", (code, out) == (0, "100\n") and "WRONG" not in told,
              (code, out, told))
        check(f"{what}: clean", report.get("findings") == [] and
              (lossy or report["complete"]), told)
        threads = report.get("tasks", {}).get("threads", {})
        check(f"{what}: every thread once", threads.get("created") in created, threads)

    def left(self, what, words, **more):
        """The one thread that nobody joined is told, and nothing else."""
        code, _, told, report = self.run([*words, "left"], **more)
        found = [(f["rule"], f["evidence"], f["count"],
                  next((line["function"].split("::")[-1].split("(")[0] for line in f["created_at"]
                        if "leave" in line["function"]), None))
                 for f in report.get("findings", [])]
        check(f"{what}: the thread that is left", code == 23 and
              found == [("unjoined-thread", "proved", 1, "leave_thread")], (code, found, told))

    def asleep(self, what, words, **more):
        _, _, told, report = self.run([*words, "sleep"], **more)
        ages = [f["age_ns"]["max"] for f in report.get("findings", []) if f["rule"] == "outlived-task"]
        check(f"{what}: ages are real", len(ages) == 1 and 0 < ages[0] < A_MINUTE, (ages, told))


def our_other(runner, program, other):
    for where, order in ORDERS.items():
        preload = order.format(other)
        for name, environment in (("", {}), (", joined early", {"OTHER_AWAITS_JOIN": "1"}),
                                  (", with a thread of its own", {"OTHER_KEEPS_THREAD": "1"})):
            for flags in ((), ("--memory", "--locks", "all", "--cpu", "199")):
                # Before us it also makes threads that are recorded; behind us one joins that never was.
                runner.clean(f"our other library {where}{name} {' '.join(flags)}", [program],
                             lossy="KEEPS" in str(environment), created=(100, 101, 102),
                             preload=preload, flags=flags, environment=environment)
        runner.left(f"our other library {where}", [program], preload=preload)


def allocators(runner, program):
    for file in ("libjemalloc.so.2", "libtcmalloc_minimal.so.4"):
        if not (LIBRARIES / file).exists():
            print(f"skipped: {file} is not installed")
            continue
        for where, order in ORDERS.items():
            preload = order.format(LIBRARIES / file)
            runner.clean(f"{file} {where}", [program], preload=preload, flags=("--memory",))
            runner.left(f"{file} {where}", [program], preload=preload)


def faked_time(runner, program):
    if not FAKETIME.exists():
        print("skipped: libfaketime is not installed")
        return
    for where, order in ORDERS.items():
        for time in FAKED:
            more = {"preload": order.format(FAKETIME), "environment": {"FAKETIME": time}}
            runner.clean(f"libfaketime {time} {where}", [program], **more)
            runner.asleep(f"libfaketime {time} {where}", [program], **more)
        runner.left(f"libfaketime {where}", [program], **more)


def thread_sanitizer(runner, place):
    """Its background thread is nobody's leak; it sees every lock and every wait, also as a library
    behind us, and tells of no race that is none."""
    for compiler, flags in (("g++", []), ("g++", ["-static-libtsan"]), ("clang++", [])):
        if shutil.which(compiler) is None:
            continue
        program = sanitized(place, SUPPORT / "other_preload_target.cc", compiler, flags, "thread")
        if subprocess.run([program], capture_output=True, timeout=LIMIT_S).returncode != 0:
            print(f"skipped: {compiler}'s ThreadSanitizer does not work on this kernel")
            continue
        what = " ".join([compiler, *flags, "-fsanitize=thread"])
        for modes in ((), ("--memory", "--locks", "all")):
            runner.clean(f"{what} {' '.join(modes)}", [program], created=(100, 101), flags=modes)
        runner.asleep(what, [program])
        _, _, told, report = runner.run([program, "left"])  # which waits for a condition
        check(f"{what}: no double lock, no race", "double lock" not in told and
              "data race" not in told and
              [f["rule"] for f in report["findings"]] == ["unjoined-thread"], told)


def sanitized(place, source, compiler, flags, which="address"):
    name = f"{pathlib.Path(source).stem}.{pathlib.Path(compiler).name}.{which}{''.join(flags)}"
    program = place / name
    rpath = []
    if "-shared-libsan" in flags:
        runtime = subprocess.run([compiler, "-print-file-name=libclang_rt.asan-x86_64.so"],
                                 capture_output=True, text=True).stdout.strip()
        rpath = [f"-Wl,-rpath,{pathlib.Path(runtime).parent}"]
    subprocess.run([compiler, "-std=c++20", "-g", "-O0", "-pthread", f"-fsanitize={which}", *flags,
                    source, "-o", program, *rpath], check=True, timeout=LIMIT_S)
    return program


def address_sanitizer(runner, place):
    for compiler, flags in (("g++", []), ("g++", ["-static-libasan"]), ("clang++", []),
                            ("clang++", ["-shared-libsan"])):
        if shutil.which(compiler) is None:
            print(f"skipped: there is no {compiler}")
            continue
        what = " ".join([compiler, *flags, "-fsanitize=address"])
        program = sanitized(place, SUPPORT / "other_preload_target.cc", compiler, flags)
        for modes in ((), ("--memory", "--locks", "all"), ("--alloc", "256")):
            runner.clean(f"{what} {' '.join(modes)}", [program], flags=modes)
        runner.left(what, [program])
        # It still finds what it is for, and ends the program with its own exit code.
        planted = sanitized(place, SUPPORT / "sanitized_target.cc", compiler, flags)
        for case, word in (("free", "AddressSanitizer"), ("leak", "LeakSanitizer")):
            options = {"ASAN_OPTIONS": "exitcode=7:detect_leaks=1"}
            bare = subprocess.run([planted, case], capture_output=True, text=True, timeout=LIMIT_S,
                                  env={**os.environ, **options})
            code, _, told, _ = runner.run([planted, case], environment=options)
            check(f"{what}: {case} is still found", code == bare.returncode == 7 and word in told,
                  (bare.returncode, code, told))
        if flags == [] and compiler == "g++":
            code, _, told, _ = runner.run([program],
                                          environment={"ASAN_OPTIONS": "verify_asan_link_order=1"})
            check(f"{what}: what the user asked of it is left alone",
                  code == 1 and "does not come first" in told, (code, told))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--track", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--other", required=True)
    arguments = parser.parse_args()
    for name in ("LD_PRELOAD", "ASAN_OPTIONS", "FAKETIME"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="track-preloads-") as folder:
        place = pathlib.Path(folder)
        runner = Runner(arguments.track, place)
        our_other(runner, arguments.program, arguments.other)
        allocators(runner, arguments.program)
        faked_time(runner, arguments.program)
        address_sanitizer(runner, place)
        thread_sanitizer(runner, place)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
