#!/usr/bin/env python3
"""Servers that fork their workers (nginx, apache2 prefork, PostgreSQL) under `track run`: some load,
a graceful reload or connections that come and go, some load, SIGTERM. Expected: every reply right,
one complete report of all the processes there were, no false finding, and nothing left behind.

    prefork.py --track TRACK [--only NAME,NAME]
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import more_servers  # noqa: E402
import real_servers  # noqa: E402
from real_servers import Failure  # noqa: E402

LIMIT_S = 60


def children(pid):
    """Of any thread of it."""
    found = set()
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        found |= {int(word) for word in file.read_text().split()}
    return found


def until(holds, what):
    end = time.monotonic() + LIMIT_S
    while not holds():
        if time.monotonic() > end:
            raise Failure(f"not within {LIMIT_S} s: {what}")
        time.sleep(0.02)


class Web:
    """What nginx and apache2 have in common."""
    workers = 2
    fewest_processes = 1 + 2 * 2  # the master, and two generations

    def ask(self, requests=200):
        expected = (self.folder / "www" / "file").read_bytes()

        def one(_):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/file", timeout=30) as reply:
                return reply.status == 200 and reply.read() == expected
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            if not all(pool.map(one, range(requests))):
                raise Failure("a reply is wrong")

    def change(self):
        before = children(self.pid)
        if len(before) < self.workers:
            raise Failure(f"{len(before)} workers, not {self.workers}")
        os.kill(self.pid, self.reload_signal)
        until(lambda: not before & (now := children(self.pid)) and len(now) >= self.workers,
              "other workers after the reload")


class Nginx(Web, real_servers.Nginx):
    reload_signal = signal.SIGHUP


class Apache(Web, more_servers.Apache):
    reload_signal = signal.SIGUSR1
    workers = 3
    fewest_processes = 1 + 2 * 3


class PostgreSql(more_servers.PostgreSql):
    fewest_processes = 1 + 5 + 20  # the postmaster, its helpers, a process a connection

    def ask(self):
        def one(number):
            query = f"SELECT sum(n) + {number} FROM generate_series(1, 1000) n"
            return self.client("psql", "-At", "-c", query, "postgres").strip() == str(500500 + number)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            if not all(pool.map(one, range(10))):
                raise Failure("a reply is wrong")

    def set_up(self):
        self.make_cluster()

    def change(self):
        """Reads its files anew: a setting that was added holds in new connections."""
        with open(self.folder / "data" / "postgresql.conf", "a") as settings:
            settings.write("work_mem = '7MB'\n")
        os.kill(self.pid, signal.SIGHUP)
        until(lambda: self.client("psql", "-At", "-c", "SHOW work_mem", "postgres").strip() == "7MB",
              "the setting that was changed")


def one_server(server, track):
    server.set_up()
    place = server.folder / "recordings"
    place.mkdir(mode=0o700)
    owner = server.folder.stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    report = server.folder / "report.json"
    try:
        server.start([track, "run", "--dir", str(place), "--json", str(report), "--"])
        server.ask()
        server.change()
        server.ask()
        family = {server.pid} | children(server.pid)
        code = server.stop()
    finally:
        if server.process and server.process.poll() is None:
            server.kill()
    words, found = real_servers.judge(report, server)
    if code != (real_servers.FINDINGS if found else 0):
        raise Failure(f"exit code {code}: {server.tail()}")
    document = json.loads(report.read_text())
    processes = len(document["processes"]) + document["clean_processes"]
    if processes < server.fewest_processes:
        raise Failure(f"{processes} processes in the report, {server.fewest_processes} at least were "
                      "there")
    if (reports := server.log.read_text(errors="replace").count("SUMMARY: libtrack")) != 1:
        raise Failure(f"{reports} reports, not one")
    left = [str(file) for file in place.rglob("*") if not file.is_dir()]
    if left:
        raise Failure(f"left behind: {left}")
    if alive := [pid for pid in family if os.path.exists(f"/proc/{pid}/exe")]:
        raise Failure(f"still there: {alive}")
    return f"{processes} processes, {words}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    failed = 0
    for kind in (Nginx, Apache, PostgreSql):
        if options.only and kind.name not in options.only.split(","):
            continue
        with tempfile.TemporaryDirectory(prefix="track-prefork-") as folder:
            pathlib.Path(folder).chmod(0o755)
            try:
                server = kind(pathlib.Path(folder) / kind.name)
                print(f"ok    {kind.name}: {one_server(server, options.track)}", flush=True)
            except (Failure, subprocess.TimeoutExpired, OSError) as problem:
                print(f"FAIL  {kind.name}: {problem}", flush=True)
                failed += 1
    return 1 if failed else 0


sys.exit(main())
