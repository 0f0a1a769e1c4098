"""What `track serve` costs the process it looks at: a tracked server under load, in turns left alone,
and with one page that follows it live and a scrape of /metrics every second. Two costs, told
apart: the server's own processor time for an exchange (what looking does to the target itself: its
memory is read from outside, nothing else), and what the reader takes of the machine, which slows the server
down only where no processor is free. Requests a second have both in them, and the load generator."""
import http.client
import os
import re
import socket
import statistics
import subprocess
import threading
import time
import urllib.parse

import real_servers

GOAL = 1.01
SERVERS = (real_servers.Memcached, real_servers.Nginx)


class Reader:
    """`track serve PID`; while it is `open`, a page and a scraper."""

    def __init__(self, track, pid):
        self.process = subprocess.Popen([str(track), "serve", str(pid)], text=True,
                                        stdout=subprocess.PIPE)
        said = ""
        for line in self.process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        page = re.search(r"http://\S+\?token=\S+", said)
        if not page:
            raise real_servers.Failure(f"track serve: {said}")
        self.url = urllib.parse.urlsplit(page[0])
        self.bytes = self.scrapes = 0

    def __enter__(self):
        self.closed = threading.Event()
        self.socket = socket.create_connection((self.url.hostname, self.url.port))
        self.socket.sendall(f"GET /api/live?{self.url.query} HTTP/1.1\r\n"
                            f"Host: {self.url.netloc}\r\n\r\n".encode())
        self.threads = [threading.Thread(target=work) for work in (self.follow, self.scrape)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.closed.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.socket.close()

    def follow(self):
        while text := self.socket.recv(1 << 16):
            self.bytes += len(text)

    def scrape(self):
        while not self.closed.wait(1):
            connection = http.client.HTTPConnection(self.url.netloc, timeout=30)
            connection.request("GET", "/metrics")
            if b"\ncxx_target_up 1\n" in connection.getresponse().read():
                self.scrapes += 1
            connection.close()

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def measure_server(bench, server, rounds, burst_s):
    server.set_up()
    place = server.folder / "recordings"
    place.mkdir(mode=0o700)
    owner = server.folder.stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    server.start([str(bench.track), "run", "--dir", str(place), "--"])
    reader = Reader(bench.track, server.pid)
    load = str(bench.bin / "server_load")
    own = reader.process.pid
    try:
        server.load(load, burst_s)
        sides = ([], [])  # left alone, looked at
        read_s = []
        for number in range(rounds):
            for side in ((0, 1), (1, 0))[number % 2]:
                before, read_before = map(real_servers.processor_s, (server.pid, own))
                if side:
                    with reader:
                        figures = server.load(load, burst_s)
                else:
                    figures = server.load(load, burst_s)
                figures["cpu_us"] = (real_servers.processor_s(server.pid) - before) * 1e6 / \
                    figures["exchanges"]
                sides[side].append(figures)
                if side:
                    read_s.append((real_servers.processor_s(own) - read_before) / burst_s)
        before = real_servers.processor_s(own)
        with reader:
            time.sleep(4 * burst_s)
        idle = (real_servers.processor_s(own) - before) / (4 * burst_s)
        if not reader.scrapes or not reader.bytes:
            raise real_servers.Failure("track serve told nothing")
    finally:
        reader.end()
        server.kill()
    ratio = {what: statistics.median(looked[what] / alone[what] for alone, looked in zip(*sides))
             for what in ("cpu_us", "per_s", "p99_us")}
    middle = [statistics.median(figures["cpu_us"] for figures in side) for side in sides]
    bench.add(name=f"{server.name}, tracked, looked at by `track serve`: its own processor time",
              bare=f"{middle[0]:.2f} µs", tracked=f"{middle[1]:.2f} µs",
              ratio=f"{ratio['cpu_us']:.3f}", value=ratio["cpu_us"], goal=f"≤ {GOAL}",
              met=ratio["cpu_us"] <= GOAL, peers="")
    bench.add(name="the same: requests a second, p99 (reader and load on the same machine)",
              bare="", tracked="", ratio=f"{ratio['per_s']:.3f}, {ratio['p99_us']:.3f}",
              value=ratio["per_s"], goal="", met=None, peers="")
    busy = statistics.median(read_s)
    bench.add(name="the same: what the reader takes of one processor", bare="",
              tracked=f"{busy:.1%} under load", ratio=f"{idle:.1%} idle", value=busy, goal="",
              met=None, peers="")


def measure(bench, kind):
    server = kind(bench.folder / f"{kind.__name__}-served")
    server.build = bench.options.build.resolve()
    quick = bench.options.quick
    measure_server(bench, server, bench.options.rounds or (5 if quick else 15), 2 if quick else 5)
