#!/usr/bin/env python3
"""The Debian package that cpack makes: installs with dpkg, runs from where it is then, a project finds it,
and after its removal nothing of it is left. In a root directory of its own: this machine stays as it is.

    package.py BUILD CXX CONSUMER
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, failures, verdict  # noqa: E402

BUILD, CXX, CONSUMER = sys.argv[1:4]
LIMIT_S = 240


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=LIMIT_S)
    check(" ".join(map(str, command[:3])), done.returncode == 0, done.stdout + done.stderr)
    return done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory(prefix="track-package-") as folder:
        place = pathlib.Path(folder)
        run("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-B", place / "made")
        packages = list((place / "made").glob("*.deb"))
        check("one package", len(packages) == 1, packages)
        if failures:
            return
        needs = run("dpkg-deb", "-f", packages[0], "Depends", "Architecture", "Package")
        check("what it needs", all(name in needs for name in ("libc6", "libdw1", "libunwind", "amd64")),
              needs)
        root = place / "root"
        database = root / "var/lib/dpkg"
        for name in ("info", "updates", "triggers"):
            (database / name).mkdir(parents=True)
        (database / "status").touch()
        # Dependencies are on this machine, of which that database knows nothing.
        dpkg = ("dpkg", f"--instdir={root}", f"--admindir={database}", "--force-depends",
                "--force-script-chrootless", "--force-not-root", "--log=/dev/null")
        run(*dpkg, "-i", packages[0])
        track = root / "usr/bin/track"
        text = run(track, "check", "--dir", place / "recordings", "--", "/bin/true")
        check("it runs", "SUMMARY: libtrack: clean: 0 findings" in text, text)
        run("cmake", "-S", CONSUMER, "-B", place / "consumer", f"-DCMAKE_CXX_COMPILER={CXX}",
            f"-DCMAKE_PREFIX_PATH={root / 'usr'}", "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
        run("cmake", "--build", place / "consumer")
        text = run(place / "consumer/consumer")
        check("a project finds it", f"{root}/usr/lib/libtrack.so" in text, text)
        run(*dpkg, "--purge", "libtrack")
        left = [str(path) for path in (root / "usr").rglob("*")] if (root / "usr").exists() else []
        check("nothing is left", left == [], left)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    main()
    sys.exit(verdict())
