"""Test suites that others wrote, from Debian's source packages, under `track check`: their tests pass
as they do without it, and every finding is one that is explained here."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess

from real_servers import Failure

NAMES = ("cpp-httplib", "spdlog")
LIMIT_S = 1800  # of one suite: most of them wait for time-outs of their own


class Suite:
    """package: Debian's source package; sources: globs below its folder; explained: of each finding
    that is to be expected, (rule, what its text matches, why it is true)."""

    def __init__(self, package, folder, sources, left_out, flags, arguments=(), prepare=(),
                 explained=()):
        self.package, self.folder, self.sources, self.left_out = package, folder, sources, left_out
        self.flags, self.arguments, self.prepare = flags, arguments, prepare
        self.explained = explained


SUITES = {
    # A server and its clients in threads of one process; GoogleTest. Without what needs the world
    # outside, and what fails or hangs without track too on a busy machine: ClientStop's clients may
    # begin after they were stopped; the other two are over before their server runs.
    "cpp-httplib": Suite(
        "cpp-httplib", "test", ["test.cc", "include_httplib.cc"], (),
        ["-I..", "-DCPPHTTPLIB_OPENSSL_SUPPORT", "-DCPPHTTPLIB_ZLIB_SUPPORT",
         "-DCPPHTTPLIB_BROTLI_SUPPORT", "-DCPPHTTPLIB_USE_POLL", "-lgtest", "-lgtest_main", "-lssl",
         "-lcrypto", "-lz", "-lbrotlienc", "-lbrotlidec", "-lbrotlicommon"],
        ["--gtest_filter=-*_Online:ServerTest.ClientStop:ClientProblemDetectionTest.*:SSL*"],
        ["make", "cert.pem"]),
    # Thread pools, queues, registries; Catch2.
    "spdlog": Suite(
        "spdlog", "tests", ["*.cpp"], ("test_systemd.cpp", "test_eventlog.cpp"),
        ["-I../include", "-DSPDLOG_FMT_EXTERNAL", "-lfmt"]),
}


def run_quietly(command, folder, limit_s=600):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit_s)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def bring(package, folder):
    """The source package from where this machine's packages come from; its folder."""
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    sites = {line for line in run_quietly(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages", "Origin: Debian"], folder).splitlines() if line.endswith(" main")}
    if not sites:
        raise Failure("apt knows no sources of Debian's here; try apt-get update")
    (folder / "sources.list").write_text("".join(f"deb-src {site}\n" for site in sorted(sites)))
    apt = ["apt-get", "-q", "-o", f"Dir::Etc::SourceList={folder}/sources.list", "-o",
           "Dir::Etc::SourceParts=-", "-o", f"Dir::State::Lists={folder}/lists", "-o",
           "APT::Sandbox::User=root"]
    run_quietly([*apt, "update"], folder)
    run_quietly([*apt, "source", package], folder)
    return next(path for path in folder.glob(f"{package}-*") if path.is_dir())


def compile_suite(suite, where):
    sources = sorted({path for pattern in suite.sources for path in where.glob(pattern)
                      if path.name not in suite.left_out})
    compiling = [flag for flag in suite.flags if not flag.startswith("-l")]

    def compile_one(source):
        run_quietly(["g++", "-std=c++17", "-g1", "-O1", "-I.", *compiling, "-c", source.name, "-o",
                     f"{source.name}.o"], where, 3600)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, sources))
    run_quietly(["g++", "-o", "suite", *(f"{source.name}.o" for source in sources), "-pthread",
                 *(flag for flag in suite.flags if flag.startswith("-l"))], where)


# "tests: 42" of either framework: that the whole suite ran, and what of it passed.
def verdict(output):
    lines = [line for line in output.splitlines()
             if re.search(r"\[  PASSED  \]|\[  FAILED  \]|^test cases:|^All tests passed", line)]
    return re.sub(r" \(\d+ ms.*", "", "; ".join(lines))


def judge(suite, report):
    words = []
    for finding in report["findings"]:
        text = json.dumps(finding)
        why = [why for rule, pattern, why in suite.explained
               if finding["rule"] == rule and re.search(pattern, text)]
        if not why:
            raise Failure(f"nobody explained: {finding['rule']}, {finding['evidence']}: "
                          f"{finding['title']}: {text[:3000]}")
        words.append(f"{finding['count']} {finding['rule']} ({why[0]})")
    return words


def run(name, soak):
    suite = SUITES[name]
    folder = pathlib.Path(soak.folder) / name
    folder.mkdir(parents=True)
    where = bring(suite.package, folder) / suite.folder
    if suite.prepare:
        run_quietly(suite.prepare, where)
    compile_suite(suite, where)
    bare = subprocess.run(["./suite", *suite.arguments], cwd=where, capture_output=True, text=True,
                          timeout=LIMIT_S)
    report = folder / "report.json"
    tracked = subprocess.run([soak.track, "check", "--json", report, "--", "./suite",
                              *suite.arguments], cwd=where, capture_output=True, text=True,
                             timeout=LIMIT_S)
    if verdict(bare.stdout) != verdict(tracked.stdout) or not verdict(bare.stdout):
        raise Failure(f"bare: {verdict(bare.stdout)}; under track check: {verdict(tracked.stdout)}")
    told = json.loads(report.read_text())
    if lost := {what: n for what, n in told["lost"].items() if n}:
        raise Failure(f"lost: {lost}")
    words = judge(suite, told)
    return f"{verdict(tracked.stdout)}; {'; '.join(words) or 'nothing found'}"
