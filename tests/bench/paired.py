#!/usr/bin/env python3
"""What being tracked costs: the same program bare and with libtrack.so preloaded, in alternating
rounds on the same machine; the ratio is the median of the rounds' ratios, so that a slow minute
hits both. Prints a Markdown table.

    paired.py --build DIR [--quick] [--only REGEX] [--rounds N] [--json F] [--peers]
              [--parts micro,told,stacks,programs,servers,serving,tools] [--readme README.md]

Of a server both are measured: requests a second (one client thread: it may be the limit) and the
processor time the server itself takes for a request, which no client and no neighbour can hide.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import more_servers  # noqa: E402
import real_servers  # noqa: E402
import serving  # noqa: E402

PARTS = ("micro", "told", "stacks", "programs", "servers", "serving", "tools")
# row, operation of bench/micro, TRACK_OPTIONS, goal (ratio, at most)
MICRO = [
    ("uncontended mutex lock + unlock", "lock", "", 1.10),
    ("two mutexes, one inside the other, their order noted", "nested", "", None),
    ("the same, the outer one of 4096", "striped", "", None),
    ("uncontended mutex, every hold recorded (`locks=all`)", "lock", "locks=all", 5.0),
    ("the same, 2 threads, a mutex each", "lock2", "locks=all", 5.0),
    ("contended mutex, 2 threads", "contended", "", 1.05),
    ("condition variable round trip, 2 threads", "condvar", "", None),
    ("thread create + join", "thread", "", 1.10),
    ("malloc + free, recording off", "malloc", "record=0", 1.05),
    ("malloc + free", "malloc", "", None),
    ("malloc + free, every block with its stack of 20 frames", "blocks", "alloc=exact", 2.0),
    ("the same, 2 threads", "blocks2", "alloc=exact", 2.0),
    ("1-byte `read()` that does not wait", "read", "", None),
    ("`epoll_wait()` that does not wait", "epoll", "", None),
    ("empty coroutine create + destroy, 20 frames deep", "coroutine", "", 3.0),
]
# row, TRACK_OPTIONS, goal: nanoseconds more than the names alone take (recording on, alloc=off).
OVER_NAMES = [("malloc + free, one sample every 512 KiB", "alloc=sampled", 1.5),
              ("malloc + free, every block in the table, no stacks", "alloc=exact:alloc_stacks=0",
               3.0)]
STACKS = [("stack of 20 frames, hot", "bm_capture/20", 30),
          ("one of the last, again", "bm_known/20", 30),
          ("stack of 20 frames, a thread's first", "bm_first_capture/20", 10000)]
# row, benchmark of bench/told_bench, goals (without libtrack.so, with it): ns an event.
TOLD = [("an event told by `track/coroutine.h`: suspend, resume", "turn", 1.5, 15),
        ("the same: create, destroy", "life", 1.5, 15),
        ("a wait told by `track/wait.h`: begin, end", "wait", 1.5, 15),
        ("an owner told by it: set, clear", "owner", 1.5, 15),
        ("a waker told by it", "woke", 1.5, 20),
        ("a pointer that the kernel holds, told by `track/track.h`", "held", 1.5, 30),
        ("a hidden root told by it: begin, end", "root", 1.5, 30),
        ("a job of a pool told by `track/pool.h`: begin, end", "job", 1.5, 15),
        ("a switch of fibers told by `track/fiber.h`", "fiber", 1.5, 50)]
# row, TRACK_OPTIONS, goal: user time of a whole program.
COMPILE = [("clang++ compiles a large file", "", None),
           ("the same, one sample every 512 KiB", "alloc=sampled", 1.02),
           ("the same, every block with its stack", "alloc=exact", 1.25)]
THROUGHPUT_GOAL = 0.97
BURST_S = 1.0
STARTUP_GOAL_MS = 0.3
MARKERS = ("<!-- scripts/bench writes from here -->", "<!-- to here -->")


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, pathlib.Path(folder)
        self.bin = options.build.resolve() / "bench"
        self.library = options.build.resolve() / "lib" / "libtrack.so"
        self.track = options.build.resolve() / "bin" / "track"
        self.seconds = options.seconds or (0.2 if options.quick else 0.3)
        self.rounds = options.rounds or (5 if options.quick else 9)
        self.rows = []

    def wanted(self, name):
        return re.search(self.options.only, name) is not None

    def environment(self, tracked, track_options=""):
        # Recordings go where nothing else does; a run that is killed leaves none behind.
        chosen = {"LD_PRELOAD": str(self.library)} if tracked else {}
        given = [f"dir={self.folder}/recordings", track_options]
        return {**chosen, "TRACK_OPTIONS": ":".join(filter(None, given))}

    def figure(self, command, environment):
        done = subprocess.run([str(word) for word in command], env={**os.environ, **environment},
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise real_servers.Failure(f"{' '.join(map(str, command))}: exit code "
                                       f"{done.returncode}: {done.stderr.strip()[-300:]}")
        return float(done.stdout.split()[-1])

    def pairs(self, bare, tracked, rounds):
        """Figures of both, [(bare, tracked)], who is first alternates."""
        found = []
        for number in range(rounds):
            if number % 2 == 0:
                first = bare()
                found.append((first, tracked()))
            else:
                second = tracked()
                found.append((bare(), second))
        return found

    def add(self, **row):
        self.rows.append(row)
        print(f"  {row['name']}: {row['bare']} -> {row['tracked']}  {row['ratio']}",
              file=sys.stderr, flush=True)

    def micro(self):
        for name, operation, track_options, goal in MICRO:
            if not self.wanted(name):
                continue
            command = [self.bin / "micro", operation, self.seconds]
            tracked = self.environment(True, track_options)
            pairs = self.pairs(lambda: self.figure(command, {}),
                               lambda: self.figure(command, tracked), self.rounds)
            has_peers = not track_options or operation.startswith("blocks") or operation == "lock2"
            self.add_ratio(name, pairs, "ns", goal,
                           has_peers and self.peers(operation) or "")
        for name, track_options, goal in OVER_NAMES:
            if not self.wanted(name):
                continue
            command = [self.bin / "micro", "malloc", self.seconds]
            names, more = self.environment(True), self.environment(True, track_options)
            pairs = self.pairs(lambda: self.figure(command, names),
                               lambda: self.figure(command, more), self.rounds)
            added = statistics.median(b - a for a, b in pairs)
            middle = [statistics.median(column) for column in zip(*pairs)]
            self.add(name=name, bare=f"names alone {middle[0]:.1f} ns",
                     tracked=f"{middle[1]:.1f} ns", ratio=f"+{added:.1f} ns", value=added,
                     goal=f"≤ +{goal:.1f} ns", met=added <= goal, peers="")
        if self.wanted("start-up of /bin/true"):
            command = [self.bin / "micro", "startup", self.seconds]
            options = {"TRACK_OPTIONS": self.environment(False)["TRACK_OPTIONS"]}
            pairs = self.pairs(lambda: self.figure(command, {}),
                               lambda: self.figure([*command, self.library], options), self.rounds)
            more = statistics.median(b - a for a, b in pairs) / 1e6
            middle = [statistics.median(column) for column in zip(*pairs)]
            self.add(name="start-up of /bin/true", bare=f"{middle[0] / 1e6:.2f} ms",
                     tracked=f"{middle[1] / 1e6:.2f} ms", ratio=f"+{more:.2f} ms", value=more,
                     goal=f"≤ +{STARTUP_GOAL_MS} ms", met=more <= STARTUP_GOAL_MS, peers="")

    def add_ratio(self, name, pairs, unit, goal, peers):
        ratios = sorted(b / a for a, b in pairs)
        middle = statistics.median(ratios)
        bare, tracked = (statistics.median(column) for column in zip(*pairs))
        self.add(name=name, bare=f"{bare:.1f} {unit}", tracked=f"{tracked:.1f} {unit}",
                 ratio=f"{middle:.3f}×", spread=[ratios[0], ratios[-1]], value=middle,
                 goal=f"≤ {goal:.2f}×" if goal else "", met=middle <= goal if goal else None,
                 peers=peers)

    def peers(self, operation):
        """The same program under other tools, as ratios to bare; three rounds."""
        if not self.options.peers:
            return None
        seconds = self.seconds / 2
        micro = [self.bin / "micro", operation, seconds]
        if operation not in ("lock", "lock2", "contended", "malloc", "blocks", "blocks2", "thread",
                             "coroutine"):
            return None
        found = []
        candidates = [("TSan", [self.bin / "micro_tsan", operation, seconds], {})]
        if shutil.which("valgrind"):
            candidates.append(("helgrind", ["valgrind", "-q", "--tool=helgrind", *micro], {}))
        if operation.startswith("blocks"):
            candidates = [("LSan with frame pointers", [self.bin / "micro_lsan", operation, seconds],
                           {"LSAN_OPTIONS": "detect_leaks=0:malloc_context_size=30"})]
            if shutil.which("heaptrack"):
                candidates.append(("heaptrack", ["heaptrack", "-o", self.folder / "heaptrack",
                                                 *micro], {}))
        if operation == "malloc":
            if shutil.which("valgrind"):
                candidates.append(("memcheck", ["valgrind", "-q", *micro], {}))
            if shutil.which("heaptrack"):
                candidates.append(("heaptrack", ["heaptrack", "-o", self.folder / "heaptrack",
                                                 *micro], {}))
            sampled = {"MALLOC_CONF": "prof:true,lg_prof_sample:19"}
            heap_profile = {"HEAPPROFILE": str(self.folder / "profile")}
            for name, library, more in (("jemalloc", "libjemalloc.so.2", {}),
                                        ("jemalloc sampling", "libjemalloc.so.2", sampled),
                                        ("tcmalloc", "libtcmalloc_minimal.so.4", {}),
                                        ("gperftools heap profile", "libtcmalloc.so.4",
                                         heap_profile)):
                path = pathlib.Path("/usr/lib/x86_64-linux-gnu") / library
                if path.exists():
                    candidates.append((name, micro, {"LD_PRELOAD": str(path), **more}))
        for name, command, more in candidates:
            try:
                pairs = self.pairs(lambda: self.figure(micro, {}),
                                   lambda: self.peer_figure(command, more), 3)
                found.append(f"{name} {statistics.median(b / a for a, b in pairs):.1f}×")
            except (OSError, ValueError, IndexError, real_servers.Failure,
                    subprocess.TimeoutExpired) as problem:
                print(f"  peer {name}: {problem}", file=sys.stderr)
        return ", ".join(found)

    @staticmethod
    def peer_figure(command, environment):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env={**os.environ, **environment}, timeout=120)
        # heaptrack talks around the program's own line.
        return float(re.findall(r"^\d+\.\d{3}$", done.stdout, re.M)[-1])

    def stacks(self):
        command = [self.bin / "unwind_bench", "--benchmark_format=json",
                   "--benchmark_min_time=0.1", "--benchmark_repetitions=5"]
        for name, benchmark, goal_ns in STACKS:
            if not self.wanted(name):
                continue
            done = subprocess.run([*map(str, command), f"--benchmark_filter=^{benchmark}$"],
                                  capture_output=True, text=True, timeout=300, check=True)
            runs = json.loads(done.stdout)["benchmarks"]
            cost = next(run for run in runs if run.get("aggregate_name") == "median")["cpu_time"]
            self.add(name=name, bare="", tracked=f"{cost:.0f} ns", ratio="", value=cost,
                     goal=f"≤ {goal_ns} ns", met=cost <= goal_ns, peers="")

    def told(self):
        def costs(tracked):
            done = subprocess.run([str(self.bin / "told_bench"), "--benchmark_format=json",
                                   f"--benchmark_min_time={self.seconds / 2}"],
                                  env={**os.environ, **self.environment(tracked)},
                                  capture_output=True, text=True, timeout=300, check=True)
            return {run["name"]: run["cpu_time"] for run in json.loads(done.stdout)["benchmarks"]}
        def events(found, benchmark):
            return (found[f"{benchmark}/traced"] - found[f"{benchmark}/plain"]) / 2

        wanted = [row for row in TOLD if self.wanted(row[0])]
        pairs = wanted and self.pairs(lambda: costs(False), lambda: costs(True), self.rounds)
        for name, benchmark, bare_goal, goal in wanted:
            bare, tracked = (statistics.median(events(found, benchmark) for found in column)
                             for column in zip(*pairs))
            self.add(name=name, bare=f"{bare:.1f} ns", tracked=f"{tracked:.1f} ns", ratio="",
                     value=tracked, goal=f"≤ {bare_goal} ns, ≤ {goal} ns",
                     met=bare <= bare_goal and tracked <= goal, peers="")

    def programs(self):
        """User time of a real compiler, which allocates millions of times from everywhere."""
        root = pathlib.Path(__file__).resolve().parents[2]
        command = ["clang++", "-std=c++20", "-O1", f"-I{root}", "-DFMT_SHARED", "-c",
                   str(root / "cli/main.cc"), "-o", str(self.folder / "main.o")]

        def user_s(environment):
            process = subprocess.Popen(command, env={**os.environ, **environment})
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise real_servers.Failure(f"{' '.join(command)}: status {status}")
            return usage.ru_utime

        for name, track_options, goal in COMPILE:
            if self.wanted(name):
                tracked = self.environment(True, track_options)
                pairs = self.pairs(lambda: user_s({}), lambda: user_s(tracked),
                                   min(self.rounds, 5))
                self.add_ratio(name, pairs, "s", goal, "")

    def servers(self):
        starts = 2 if self.options.quick else 3
        bursts = self.options.rounds or (4 if self.options.quick else 7)
        for kind in (*real_servers.ALL, more_servers.EchoServer):
            name = f"{kind.name} under load"
            if not self.wanted(name):
                continue
            sides = [kind(self.folder / f"{kind.__name__}-{side}") for side in ("bare", "tracked")]
            for server in sides:
                server.build = self.options.build.resolve()
                server.set_up()
            pairs = []
            for _ in range(starts):
                pairs += self.bursts(sides, bursts)
            ratios = sorted(b["per_s"] / a["per_s"] for a, b in pairs)
            middle = statistics.median(ratios)
            late = statistics.median(b["p99_us"] / a["p99_us"] for a, b in pairs)
            rates = [statistics.median(pair[i]["per_s"] for pair in pairs) for i in (0, 1)]
            spent = [sum(pair[i]["cpu_s"] for pair in pairs) for i in (0, 1)]
            done = [sum(pair[i]["exchanges"] for pair in pairs) for i in (0, 1)]
            each = [spent[i] * 1e6 / done[i] for i in (0, 1)]
            work = each[1] / each[0]
            self.add(name=name, bare=f"{rates[0]:.0f}/s, {each[0]:.1f} µs of CPU each",
                     tracked=f"{rates[1]:.0f}/s, {each[1]:.1f} µs",
                     ratio=f"{middle:.3f}×, CPU {work:.3f}×, p99 {late:.2f}×",
                     spread=[ratios[0], ratios[-1]], value=middle, cpu=work, p99=late,
                     goal=f"≥ {THROUGHPUT_GOAL}×", met=middle >= THROUGHPUT_GOAL, peers="")

    def serving(self):
        for kind in serving.SERVERS:
            if self.wanted(f"{kind.name}, tracked, looked at by `track serve`"):
                serving.measure(self, kind)

    def bursts(self, sides, count):
        """Both servers run, short bursts of load go to one and the other in turn: the idle one costs
        nothing, and what the machine does meanwhile hits both."""
        def burst(server):
            before = real_servers.processor_s(server.pid)
            figures = server.load(str(self.bin / "server_load"), BURST_S)
            return {**figures, "cpu_s": real_servers.processor_s(server.pid) - before}

        bare, tracked = sides
        try:
            bare.start(environment={})
            tracked.start(environment=self.environment(True))
            for server in sides:
                burst(server)  # warms up
            pairs = self.pairs(lambda: burst(bare), lambda: burst(tracked), count)
            for server in sides:
                code = server.stop()
                if code != 0:
                    raise real_servers.Failure(f"{server.name}: exit code {code}: {server.tail()}")
        finally:
            for server in sides:
                server.kill()
        return pairs

    def tools(self):
        for name, program, count, goal_s, goal_mib in (
                ("`track ps` of 10 000 blocked threads", "blocked_threads", 10000, 0.2, None),
                ("`track ps` of 1 000 000 live coroutines", "live_coroutines", 1000000, 3, 1024)):
            if self.wanted(name):
                self.list_tasks(name, program, count, goal_s, goal_mib)

        if self.wanted("a recording of 1 GiB into a profile"):
            self.large_recording()
        if self.wanted("symbolize 10 000 addresses"):
            self.symbolize()
        if self.wanted("one instant of a process"):
            self.pauses()
        if self.wanted("marking, GiB of 200-byte blocks"):
            self.marking()

    def pauses(self):
        done = subprocess.run([str(self.bin / "pause_bench")], capture_output=True, text=True,
                              timeout=300, check=True)
        for shape, goal_ms in (("100 MiB, 100 threads", 10), ("1 GiB, 10 threads", 60)):
            lines = [line for line in done.stdout.splitlines() if line.startswith(shape)]
            held = [float(re.search(r"held +([0-9.]+) ms", line).group(1)) for line in lines]
            self.add(name=f"one instant of a process, {shape}", bare="",
                     tracked=f"held for {held[0]:.1f} ms", ratio=f"by a copy: {held[1]:.0f} ms",
                     value=held[0], goal=f"≤ {goal_ms} ms", met=held[0] <= goal_ms, peers="")

    def marking(self):
        """Processor time of one core; of small blocks the middle of three densities of pointers."""
        done = subprocess.run([str(self.bin / "mark_bench"), "1"], capture_output=True, text=True,
                              timeout=600, check=True)
        figures = re.findall(r"^(small|large).* mark ([0-9.]+) .* build ([0-9.]+) .*"
                             r" disguises ([0-9.]+) ", done.stdout, re.MULTILINE)
        if not figures:
            raise real_servers.Failure(f"mark_bench printed no figures: {done.stdout.strip()}")
        for kind, name, goal in (("small", "marking, GiB of 200-byte blocks", 1.1),
                                 ("large", "marking, GiB of large blocks", 0.25)):
            mark, build, again = (statistics.median(float(figure[i]) for figure in figures
                                                    if figure[0] == kind) for i in (1, 2, 3))
            self.add(name=name, bare="", tracked=f"{mark:.2f} s",
                     ratio=f"index {build:.2f} s, second pass {again:.2f} s", value=mark,
                     goal=f"≤ {goal} s", met=mark <= goal, peers="")

    def large_recording(self):
        """Of 33 million live blocks with 65 536 different stacks."""
        folder = self.folder / "large"
        environment = {**os.environ, **self.environment(True)}
        environment["TRACK_OPTIONS"] = f"alloc=exact:keep=1:dir={folder}"
        subprocess.run([str(self.bin / "live_blocks"), "2048"], env=environment, timeout=300)
        recording = next(folder.iterdir())
        times, peaks = [], []
        for _ in range(3):
            began = time.monotonic()
            command = [str(self.track), "profile", "heap", str(recording),
                       "-o", str(self.folder / "large.pb.gz")]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise real_servers.Failure(f"track profile heap: status {status}")
            times.append(time.monotonic() - began)
            peaks.append(usage.ru_maxrss / 1024)
        held = recording.stat().st_blocks * 512 / 2**30
        recording.unlink()
        middle, peak = statistics.median(times), max(peaks)
        self.add(name="a recording of 1 GiB into a profile", bare="", tracked=f"{middle:.1f} s",
                 ratio=f"{held:.2f} GiB, {peak:.0f} MiB", value=middle,
                 goal="< 10 s, < 256 MiB", met=middle < 10 and peak < 256, peers="")

    def symbolize(self):
        command = [str(self.bin / "symbolize_bench"), str(self.track), "10000"]
        for _ in range(2):  # the first fills the page cache
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        took, peak = re.search(r"first ([0-9.]+) s .*peak (\d+) MiB", done.stdout).groups()
        self.add(name="symbolize 10 000 addresses of `track` itself", bare="",
                 tracked=f"{float(took):.2f} s", ratio=f"{peak} MiB", value=float(took),
                 goal="< 2 s, < 1024 MiB", met=float(took) < 2 and int(peak) < 1024, peers="")

    def list_tasks(self, name, program, count, goal_s, goal_mib):
        target = subprocess.Popen([str(self.bin / program), str(count)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env={**os.environ, **self.environment(True)})
        try:
            if not target.stdout.readline().startswith("ready"):
                raise real_servers.Failure(f"{program} did not start")
            time.sleep(1)  # the last threads go to sleep
            times = []
            for _ in range(5):
                began = time.monotonic()
                with open(self.folder / "ps", "wb") as output:
                    subprocess.run([str(self.track), "ps", str(target.pid)], stdout=output,
                                   check=True, timeout=60)
                times.append(time.monotonic() - began)
        finally:
            target.stdin.close()
            last = target.stdout.read().strip()
            code = target.wait(120)
        if code != 0:
            raise real_servers.Failure(f"{program}: exit code {code}, {last}")
        peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        middle = statistics.median(times)
        goal = f"< {goal_s * 1000:.0f} ms" + (f", < {goal_mib} MiB" if goal_mib else "")
        # ru_maxrss is the largest of all children so far, the target included: an upper bound.
        self.add(name=name, bare="", tracked=f"{middle * 1000:.0f} ms",
                 ratio=f"≤ {peak_mib:.0f} MiB" if goal_mib else last, value=middle, goal=goal,
                 met=middle < goal_s and (not goal_mib or peak_mib < goal_mib), peers="")


def write_readme(path, text):
    old = path.read_text()
    begin, end = MARKERS
    if old.count(begin) != 1 or old.count(end) != 1:
        raise OSError(f"{path}: the lines '{begin}' and '{end}' are not there once each")
    head, _, rest = old.partition(begin)
    path.write_text(head + begin + "\n" + text + "\n" + end + rest.partition(end)[2])


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"{model[1] if model else 'unknown CPU'}, {os.cpu_count()} CPUs, Linux "
            f"{platform.release()}, {' '.join(platform.libc_ver())}")


def table(bench):
    peers = bench.options.peers
    lines = ["| what | bare | tracked | ratio | goal | |" + (" peers |" if peers else ""),
             "|---|---|---|---|---|---|" + ("---|" if peers else "")]
    for row in bench.rows:
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        lines.append(f"| {row['name']} | {row['bare']} | {row['tracked']} | {row['ratio']} | "
                     f"{row['goal']} | {met} |" + (f" {row['peers']} |" if peers else ""))
    return "\n".join(lines)


def shown_command():
    return " ".join(["scripts/bench", *(os.environ.get("TRACK_BENCH_ARGUMENTS", "").split())])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", default="", help="rows whose name matches this expression")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0, help="of a micro benchmark's round")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--json", help="also write every figure to this file")
    parser.add_argument("--readme", type=pathlib.Path, help="put the table between its markers")
    parser.add_argument("--peers", action="store_true", help="other tools too, where installed")
    options = parser.parse_args()
    failures = []
    with tempfile.TemporaryDirectory(prefix="track-bench-") as folder:
        pathlib.Path(folder).chmod(0o755)
        bench = Bench(options, folder)
        for part in options.parts.split(","):
            if part not in PARTS:
                parser.error(f"unknown part {part}; parts are {', '.join(PARTS)}")
            try:
                getattr(bench, part)()
            except (real_servers.Failure, OSError, subprocess.SubprocessError) as problem:
                failures.append(f"{part}: {problem}")
        text = f"Machine: {machine()}. Medians; ratios are of paired rounds.\n\n{table(bench)}"
        print(text)
        if options.readme and not failures:
            text = f"`{shown_command()}` on {time.strftime('%Y-%m-%d', time.gmtime())}. {text}"
            write_readme(options.readme, text)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"machine": machine(), "rows": bench.rows, "failures": failures}, indent=1) + "\n")
    for failure in failures:
        print(f"paired.py: {failure}", file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
