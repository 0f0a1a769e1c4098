#!/usr/bin/env python3
"""`track check --merge-sanitizer`: what the sanitizers of gcc and clang wrote about a program that was made
for it here becomes findings among our own: rule, stacks, fingerprint, every report format; and a log that is
cut short is no clean one.

    sanitizers.py TRACK SOURCE
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

TRACK, SOURCE = sys.argv[1:3]
LIMIT_S = 120
FINDINGS, TOOL_ERROR = 23, 2
# Letter of the program: with which sanitizers, the rule, and functions that have to be in the stacks.
CASES = {
    "leak": ("address,undefined", "leaked-memory", {"lose"}),
    "free": ("address,undefined", "memory-error", {"main", "give_back"}),
    "undefined": ("address,undefined", "undefined-behavior", set()),
    "race": ("thread", "data-race", {"touch"}),
    "order": ("thread", "lock-order", {"accounts_first", "journal_first"}),
}


def build(place, compiler, sanitizers):
    program = place / f"{pathlib.Path(compiler).name}.{sanitizers.replace(',', '.')}"
    if not program.exists():
        # As unoptimised programs are: what is inlined has another function's name.
        subprocess.run([compiler, "-std=c++20", "-g", "-O0", f"-fsanitize={sanitizers}", "-pthread", SOURCE,
                        "-o", program], check=True, timeout=LIMIT_S)
    return program


def log_of(program, case, log):
    """What the program writes there; without randomised addresses, which old TSans do not bear."""
    fixed = ["setarch", "-R"] if subprocess.run(["setarch", "-R", "true"],
                                                capture_output=True).returncode == 0 else []
    subprocess.run([*fixed, program, case], stdout=subprocess.DEVNULL, stderr=log.open("w"),
                   timeout=LIMIT_S)


def merge(place, code, *flags):
    report = place / "report.json"
    report.unlink(missing_ok=True)
    done = subprocess.run([TRACK, "check", "--json", report, *flags], capture_output=True, text=True,
                          timeout=LIMIT_S)
    text = " ".join(done.stderr.split())
    check(f"{flags}: exit code", done.returncode == code, f"{done.returncode}, not {code}: {text}")
    return (json.loads(report.read_text()) if report.exists() else None), text


def functions(finding):
    return {frame["function"].replace("(anonymous namespace)::", "").split("(")[0]
            for stack in ("created_at", "blocked_at") for frame in finding[stack]}


def one(place, compiler, case):
    sanitizers, rule, wanted = CASES[case]
    what = f"{pathlib.Path(compiler).name} {case}"
    program = build(place, compiler, sanitizers)
    log = place / "log"
    log_of(program, case, log)
    data, text = merge(place, FINDINGS, "--merge-sanitizer", log)
    found = data["findings"] if data else []
    check(f"{what}: the rule", [f["rule"] for f in found] == [rule], f"{text} {log.read_text()}")
    if not found:
        return None
    finding = found[0]
    check(f"{what}: functions", wanted <= functions(finding), finding)
    check(f"{what}: whose", "Sanitizer" in finding["source"] and finding["evidence"] == "likely", finding)
    check(f"{what}: its line", any(frame["line"] > 0 and frame["file"].endswith("sanitized_target.cc")
                                   for stack in ("created_at", "blocked_at") for frame in finding[stack]),
          finding)
    if case == "leak":
        check(f"{what}: how much", (finding["count"], finding["bytes_held"]) == (3, 120), finding)
    # The same of another run, whatever its addresses and its order of events.
    log_of(program, case, log)
    again, _ = merge(place, FINDINGS, "--merge-sanitizer", log)
    check(f"{what}: the fingerprint stays", [f["fingerprint"] for f in again["findings"]] ==
          [finding["fingerprint"]], again["findings"])
    return finding


def formats(place, compiler):
    """One gate: settings and reports are those of every finding."""
    log = place / "log"
    log_of(build(place, compiler, "thread"), "race", log)
    data, text = merge(place, FINDINGS, "--merge-sanitizer", log, "--junit", place / "junit", "--sarif",
                       place / "sarif", "--gitlab", place / "gitlab", "--markdown", place / "md",
                       "--source-root", pathlib.Path(SOURCE).parent)
    finger = data["findings"][0]["fingerprint"]
    for name in ("junit", "sarif", "gitlab", "md"):
        check(f"in {name}", finger in (place / name).read_text(), name)
    check("in text", "data-race (likely): data race" in text and "and at" in text and
          "reported by ThreadSanitizer" in text, text)
    supp = place / "supp"
    supp.write_text("data-race:*touch*\n")
    _, text = merge(place, 0, "--merge-sanitizer", log, "--suppressions", supp)
    check("suppressed", "suppressed: 1 task by data-race" in text, text)
    merge(place, 0, "--merge-sanitizer", log, "--fail-on", "deadlock")
    known = place / "known"
    merge(place, 0, "--merge-sanitizer", log, "--baseline", known, "--update-baseline")
    merge(place, 0, "--merge-sanitizer", log, "--baseline", known)
    # With a run of ours, and as log_path= names it.
    log.rename(place / "tsan.4711")
    data, text = merge(place, FINDINGS, "--dir", place / "recordings", "--merge-sanitizer",
                       place / "tsan", "--", "/bin/true")
    check("beside a run", [f["rule"] for f in data["findings"]] == ["data-race"], text)
    whole = (place / "tsan.4711").read_text()
    (place / "tsan.4711").write_text(whole[:whole.index("SUMMARY")])
    data, text = merge(place, FINDINGS, "--merge-sanitizer", place / "tsan")
    check("cut short", "the sanitizer's last report is cut short" in text, text)
    (place / "tsan.4711").write_text("==9==ERROR: LeakSanitizer: detected memory leaks\n")
    data, text = merge(place, TOOL_ERROR, "--merge-sanitizer", place / "tsan")
    check("and never clean", "cut short" in text and "not clean" in text, text)
    # Nobody says that what would have written it ever ran.
    (place / "words").write_text("hello\n")
    for nothing in ("words", "nowhere"):
        _, text = merge(place, TOOL_ERROR, "--merge-sanitizer", place / nothing)
        check("nothing was seen", "nothing was seen" in text, text)
    for where, word in ((place / "tsan", "cut short"), (place / "mistyped" / "tsan", "no such place")):
        data, text = merge(place, TOOL_ERROR, "--dir", place / "recordings", "--merge-sanitizer", where,
                           "--", "/bin/true")
        check("nor beside a run", word in text and "not clean" in text, text)
    (place / "tsan.4711").write_text("All tests passed.\n")
    data, text = merge(place, 0, "--dir", place / "recordings", "--merge-sanitizer", place / "tsan", "--",
                       "/bin/true")
    check("a log without reports", "0 reports of sanitizers" in text and data["findings"] == [], text)


def main():
    compilers = [path for path in map(shutil.which, ("g++", "clang++")) if path]
    with tempfile.TemporaryDirectory(prefix="track-sanitizers-") as folder:
        place = pathlib.Path(folder)
        for case in CASES:
            found = [finding for finding in (one(place, compiler, case) for compiler in compilers)
                     if finding]
            if case in ("leak", "order"):
                check(f"{case}: both compilers' is one", len({f["title"] for f in found}) <= 1,
                      [f["title"] for f in found])
        formats(place, compilers[0])
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
