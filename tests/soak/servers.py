"""Real servers, each bare and under `track run` at once; short bursts of load go to one and the
other in turn, so that what the machine does meanwhile hits both. Every reply is checked; further
clients (redis-benchmark, wrk, mysqlslap) follow in each round; `track leaks` looks at the tracked
one now and then. At the end: the server's own exit code, a complete report without false findings,
and a tracker that takes as much memory as it did once warm."""
import json
import os
import pathlib
import statistics
import subprocess
import time

import growth
import more_servers
import real_servers
from real_servers import Failure

KINDS = {"memcached": real_servers.Memcached, "redis": real_servers.Redis,
         "nginx": real_servers.Nginx, "mariadb": real_servers.MariaDb,
         "postgresql": more_servers.PostgreSql, "trafficserver": more_servers.TrafficServer,
         "echo": more_servers.EchoServer, "chat": more_servers.ChatServer}
NAMES = tuple(KINDS)
GOAL_THROUGHPUT, GOAL_P99 = 0.97, 1.05
LEAST_THROUGHPUT = 0.85  # below it the run fails; between, it is told: machines are noisy
MOST_GROWTH = 0.05
MOST_GROWTH_BYTES = 512 * growth.KIB
LOOK_EVERY = 4  # rounds
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid):
    """A process and all its living descendants."""
    parents = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def resident(pids):
    total = 0
    for pid in pids:
        try:
            total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


class Pair:
    """The same server twice, and what was seen of both."""

    def __init__(self, name, soak):
        self.soak = soak
        self.bare, self.tracked = (KINDS[name](soak.folder / f"{name}-{side}")
                                   for side in ("bare", "tracked"))
        self.report = self.tracked.folder / "report.json"
        self.bursts = []   # (bare, tracked)
        self.memory = []   # of the tracker in all processes of the tracked one
        self.resident = []  # (bare, tracked)
        self.looks = 0

    def start(self):
        for server in (self.bare, self.tracked):
            server.build = self.soak.build
            server.set_up()
        # The program refuses a folder of recordings that is not its own user's.
        place = self.tracked.folder / "recordings"
        place.mkdir(mode=0o700, exist_ok=True)
        owner = self.tracked.folder.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        self.bare.start()
        self.tracked.start([self.soak.track, "run", "--dir", str(place), "--json",
                            str(self.report), "--"], {"TRACK_OPTIONS": self.soak.mode})

    def round(self, burst_s):
        load = str(self.soak.build / "bench" / "server_load")
        order = [0, 1] if len(self.bursts) % 2 == 0 else [1, 0]
        servers, figures = (self.bare, self.tracked), [None, None]
        for side in order:
            before = real_servers.processor_s(servers[side].pid)
            figures[side] = servers[side].load(load, burst_s)
            figures[side]["cpu_s"] = real_servers.processor_s(servers[side].pid) - before
        self.bursts.append(tuple(figures))
        for side in order:
            real_servers.more_clients(servers[side], max(1, burst_s / 4))

    def measure(self):
        processes = family(self.tracked.pid)
        costs = [info["tracker_memory"] for info in map(self.soak.info, processes)
                 if info is not None and "tracker_memory" in info]
        if not costs:
            raise Failure("nothing of the server is recorded")
        self.memory.append({key: sum(cost[key] for cost in costs) for key in costs[0]})
        self.resident.append((resident(family(self.bare.pid)), resident(processes)))

    def look(self):
        """As somebody would who wants to know of leaks now. In the midst of a fork an allocator may
        hold more locks than a held set lists: that loss ends with the state, so one looks again."""
        self.looks += 1
        report = self.tracked.folder / "look.json"
        for again in (True, True, False):
            done = subprocess.run([self.soak.track, "leaks", "--json", str(report),
                                   str(self.tracked.pid)], capture_output=True, text=True,
                                  timeout=300)
            if done.returncode not in (0, real_servers.FINDINGS):
                raise Failure(f"track leaks: exit {done.returncode}: {done.stderr.strip()[-500:]}")
            lost = json.loads(report.read_text())["lost"]
            if not again or [kind for kind, count in lost.items() if count] != ["held"]:
                break
        real_servers.judge(report, self.tracked)

    def stop(self):
        """The words of the report."""
        for server in (self.bare, self.tracked):
            server.check()
        codes = [server.stop() for server in (self.bare, self.tracked)]
        words, found = real_servers.judge(self.report, self.tracked)
        if codes != [0, real_servers.FINDINGS if found else 0]:
            raise Failure(f"exit codes {codes} after SIGTERM: {self.tracked.tail()}")
        return words

    def kill(self):
        for server in (self.bare, self.tracked):
            if server.process:
                server.kill()

    def figures(self):
        ratios = [tracked["per_s"] / bare["per_s"] for bare, tracked in self.bursts]
        each = [sum(pair[side]["cpu_s"] for pair in self.bursts) * 1e6 /
                sum(pair[side]["exchanges"] for pair in self.bursts) for side in (0, 1)]
        late = [tracked["p99_us"] / bare["p99_us"] for bare, tracked in self.bursts]
        return {"rounds": len(self.bursts), "looks": self.looks,
                "throughput": statistics.median(ratios), "p99": statistics.median(late),
                # Of the servers alone: no client and no neighbour on the machine can hide it.
                "cpu_us": each, "cpu": each[1] / each[0] if each[0] else 0,
                "per_s": [statistics.median(pair[side]["per_s"] for pair in self.bursts)
                          for side in (0, 1)],
                "replies": sum(figures["exchanges"] for pair in self.bursts for figures in pair),
                "resident_bytes": [statistics.median(pair[side] for pair in self.resident)
                                   for side in (0, 1)],
                "tracker": self.memory}

    def tracker_bytes(self):
        return [cost["recording_resident_bytes"] + cost["own_resident_bytes"]
                for cost in self.memory]


def verdict(figures):
    met = figures["throughput"] >= GOAL_THROUGHPUT and figures["p99"] <= GOAL_P99
    mapped = figures["tracker"][-1]["recording_bytes"]
    bare, tracked = (size / 2**20 for size in figures["resident_bytes"])
    return (f"{figures['rounds']} rounds, {figures['replies']} checked replies; throughput "
            f"{figures['throughput']:.3f}x ({figures['per_s'][0]:.0f}/s bare), p99 "
            f"{figures['p99']:.2f}x: goals {'met' if met else 'missed'}; processor time "
            f"{figures['cpu']:.3f}x ({figures['cpu_us'][0]:.1f} us each bare); "
            f"resident {bare:.1f} MiB "
            f"bare, {tracked:.1f} tracked; {mapped / 2**20:.0f} MiB of recording mapped")


def run(name, soak):
    seconds = soak.minutes * 60
    burst_s = 5 if seconds >= 300 else 2
    pair = Pair(name, soak)
    try:
        pair.start()
        pair.round(1)  # warms up
        pair.bursts.clear()
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(pair.bursts) < 4:
            pair.round(burst_s)
            pair.measure()
            if len(pair.bursts) % LOOK_EVERY == 0:
                pair.look()
        words = pair.stop()
    finally:
        pair.kill()
    figures = pair.figures()
    soak.figures[name] = figures
    told = verdict(figures)
    grown = growth.require_no_growth("the tracker takes", pair.tracker_bytes(), MOST_GROWTH,
                                     MOST_GROWTH_BYTES)
    if figures["throughput"] < LEAST_THROUGHPUT:
        raise Failure(f"throughput below {LEAST_THROUGHPUT}: {told}")
    return f"{told}; {grown}; {pair.looks} looks; at its end: {words}"
