#!/usr/bin/env python3
"""samples/ci as its readers use it, against an installed tree: its CI script fails because of the leak
and of nothing else, passes when the leak is mended, and says at configure time what is missing.

    ci.py BUILD CXX SAMPLE
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, verdict  # noqa: E402

BUILD, CXX, SAMPLE = sys.argv[1:4]
LIMIT_S = 120


class Project:
    def __init__(self, place):
        self.prefix = place / "prefix"
        self.source = place / "source"
        self.build = place / "build"
        shutil.copytree(SAMPLE, self.source)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], check=True,
                       stdout=subprocess.DEVNULL, timeout=LIMIT_S)
        self.environment = dict(os.environ, TRACK_PREFIX=str(self.prefix), CXX=CXX)

    def ci(self, *flags):
        """Exit code of the CI script, and what it printed, in one line."""
        done = subprocess.run([self.source / "ci", self.build, "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF",
                               *flags], capture_output=True, text=True, timeout=LIMIT_S,
                              env=self.environment)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def ctest(self, *flags):
        done = subprocess.run(["ctest", "--test-dir", self.build, *flags], capture_output=True,
                              text=True, timeout=LIMIT_S)
        return done.returncode, done.stdout


def leaking(project):
    code, text = project.ci()
    check("the CI script fails", code != 0, text)
    check("its own test passes", re.search(r"mailer \.+ Passed", text), text)
    for name in ("track.mailer_test", "mailer_launched"):
        check(f"{name} fails", re.search(re.escape(name) + r" \.*\*\*\*Failed", text), text)
    check("for the leak", text.count("ERROR: libtrack: 1 finding(s)") == 3, text)
    check("which is named", text.count("stuck-task (proved): 1 thread created in Mailer::Mailer") == 3,
          text)
    check("once for all", re.search("found in 2 runs: [^,]*mailer[^,]*, [^,]*mailer", text), text)
    check("with where it was created", "#0 Mailer::Mailer" in text and "mailer.cc:" in text, text)
    code, text = project.ctest("-N", "-L", "^track$")
    check("the label", "track.mailer_test" in text and "Total Tests: 1" in text, text)


def mended(project):
    code, text = project.ci("-DMAILER_CLOSES=ON")
    check("the mended one passes", code == 0 and "100% tests passed, 0 tests failed out of 3" in text,
          text)
    code, text = project.ctest("-V", "-R", "track.mailer_test")
    check("the verdict of all", (project.build / "track.sarif").exists(), project.build)
    check("and was looked at", "SUMMARY: libtrack: " in text and "nothing lost" in text, text)


def wrong_use(project):
    lists = project.source / "CMakeLists.txt"
    whole = lists.read_text()
    for what, line, words in (
            ("no target", "track_add_leak_check(nobody)", "nobody is no target"),
            ("a library", "track_add_leak_check(mailer)", "mailer is no executable"),
            ("a wrong word", "track_add_leak_check(mailer_test NAME x TIMEOU 3)", "TIMEOU"),
            ("a wrong time", "track_add_leak_check(mailer_test NAME x TIMEOUT soon)", "TIMEOUT soon"),
            ("nothing to launch", "track_launch_tests(FAIL_ON all)", "names no target")):
        lists.write_text(f"{whole}\n{line}\n")
        code, text = project.ci()
        check(what, code != 0 and words in text and "CMake Error" in text, text)
    lists.write_text(whole)
    # Whoever has the library without the command: said when configuring, with what to do.
    (project.prefix / "bin/track").rename(project.prefix / "bin/elsewhere")
    code, text = project.ci()
    check("no launcher", code != 0 and "there is no command `track` at" in text and
          "Install libtrack whole" in text and "CMake Error" in text, text)


def main():
    with tempfile.TemporaryDirectory(prefix="track-ci-") as folder:
        project = Project(pathlib.Path(folder))
        leaking(project)
        mended(project)
        wrong_use(project)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
