"""A thousand times attached to and detached from, a busy memcached loses no request, and nothing of
it grows: memory, mappings, descriptors, threads."""
import os
import subprocess
import threading

from growth import require_no_growth
from real_servers import Failure, Memcached

NAMES = ("rounds",)
ROUNDS = 1000
BURST_S = 5
KIB = 1024


class Clients(threading.Thread):
    """Checked load without end; a wrong or missing reply ends it."""

    def __init__(self, server, load):
        super().__init__(daemon=True)
        self.server, self.program = server, load
        self.requests, self.problem, self.over = 0, None, False

    def run(self):
        while not self.over:
            try:
                self.requests += self.server.load(self.program, BURST_S)["requests"]
            except (Failure, subprocess.SubprocessError) as problem:
                self.problem = problem
                return


def state(pid):
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    with open(f"/proc/{pid}/maps") as maps:
        return {"resident": int(fields["VmRSS"].split()[0]) * KIB, "mappings": len(maps.readlines()),
                "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(fields["Threads"])}


def run(name, soak):
    server = Memcached(soak.folder / name)
    server.set_up()
    server.start()
    clients = Clients(server, soak.build / "bench" / "server_load")
    clients.start()
    looks = []
    try:
        for number in range(soak.count(ROUNDS)):
            for verb in ("attach", "detach"):
                done = subprocess.run([soak.track, verb, str(server.pid)], capture_output=True,
                                      text=True, timeout=60)
                if done.returncode != 0:
                    raise Failure(f"round {number}, {verb}: {done.stderr.strip()}; {server.tail()}")
            if clients.problem:
                raise Failure(f"round {number}: {clients.problem}")
            looks.append(state(server.pid))
    finally:
        clients.over = True
        clients.join(BURST_S + 70)
        server.stop()
    if clients.problem:
        raise Failure(str(clients.problem))
    words = require_no_growth("memory", [look["resident"] for look in looks], 0.1, 2048 * KIB)
    quarter = looks[len(looks) // 4]
    for what, more in (("mappings", 8), ("descriptors", 2 * server.connections), ("threads", 1)):
        if looks[-1][what] > quarter[what] + more:
            raise Failure(f"{what} grow: {quarter[what]}, then {looks[-1][what]}")
    soak.figures[name] = {"rounds": len(looks), "requests": clients.requests,
                          "resident_bytes": looks[-1]["resident"]}
    return f"{len(looks)} rounds, {clients.requests} requests, all answered; {words}"
