#!/usr/bin/env python3
"""What `track docs` writes: every verb and every option of --help is in its man page and in each shell's
completion; bash completes with it, and what shells and groff are here read theirs without a complaint.

    docs.py TRACK
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TRACK = sys.argv[1]
LIMIT_S = 60
failures = []


def check(what, holds, seen=""):
    if not holds:
        failures.append(f"{what}: {seen}")


def said(*command, **more):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=LIMIT_S, **more)


def options_of(verb):
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z][a-z-]+)", said(TRACK, verb, "--help").stdout, re.MULTILINE))


def completed(script, *words):
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    return said("bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _track;"
                'printf "%s\\n" "${COMPREPLY[@]}"').stdout.split()


def main():
    verbs = re.findall(r"^  ([a-z-]+) +\S", said(TRACK, "--help").stdout.split("Subcommands:")[1],
                       re.MULTILINE)
    check("verbs", {"run", "check", "gen-suppressions"} <= set(verbs) and "docs" not in verbs, verbs)
    with tempfile.TemporaryDirectory(prefix="track-docs-") as folder:
        place = pathlib.Path(folder) / "made"
        done = said(TRACK, "docs", place)
        check("written", done.returncode == 0 and done.stderr == "", done)
        bash, zsh, fish = (place / name for name in ("track.bash", "_track", "track.fish"))
        overview = (place / "track.1").read_text().replace("\\-", "-")
        for verb in verbs:
            page = (place / f"track-{verb}.1").read_text().replace("\\-", "-")
            check(f"{verb} in the overview", f"track-{verb} (1)" in overview, overview)
            offered = set(completed(bash, "track", verb, "--"))
            fishes = set(re.findall(rf"from {verb}'.*? -l ([a-z-]+)", fish.read_text()))
            own = zsh.read_text().split(f"\n  {verb})\n")[1].split(";;")[0]
            options = options_of(verb)
            check(f"{verb} has options", options, verb)
            for option in options:
                check(f"{verb} {option}: man", option in page, page)
                check(f"{verb} {option}: bash", option in offered, offered)
                check(f"{verb} {option}: fish", option[2:] in fishes, fishes)
                check(f"{verb} {option}: zsh", f"*{option}[" in own, own)
        check("bash: a verb", completed(bash, "track", "gen") == ["gen-suppressions"])
        check("bash: another program's words", completed(bash, "track", "run", "--", "--ti") == [])
        for page in place.glob("*.1"):
            if shutil.which("groff"):
                done = said("groff", "-man", "-ww", "-z", page)
                check(f"groff {page.name}", done.returncode == 0 and done.stderr == "", done.stderr)
        for shell, script in (("bash", bash), ("zsh", zsh), ("fish", fish)):
            if shutil.which(shell):
                done = said(shell, "-n", script)
                check(f"{shell} -n", done.returncode == 0 and done.stderr == "", done.stderr)
        (pathlib.Path(folder) / "file").touch()
        done = said(TRACK, "docs", pathlib.Path(folder) / "file" / "below")
        check("nowhere to write", done.returncode == 2 and "cannot make" in done.stderr, done)
    for failure in failures[:20]:
        print("FAIL", failure[:600])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
