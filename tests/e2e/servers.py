#!/usr/bin/env python3
"""Runs memcached, redis, nginx (two workers) and MariaDB under `track run`, each under client load
whose every reply is checked, ends them with SIGTERM, and expects: the server's normal exit code, a
complete report, no finding at `likely` or `proved` but those that are true of this server (`known` in
real_servers.py). Bare first, with the same load: what fails bare is the machine's fault.

    servers.py --build build/release [--track PATH] [--bare] [--seconds N] [--only NAME,NAME]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import real_servers  # noqa: E402


def clients(server, load, seconds):
    """All load, one kind after the other; what was done, in words."""
    figures = server.load(load, seconds)
    return ", ".join([f"{figures['requests']} checked replies",
                      *real_servers.more_clients(server, seconds)])


def one_run(server, options, track):
    """Starts, loads, stops; raises Failure."""
    report = server.folder / "report.json"
    report.unlink(missing_ok=True)
    prefix = [track, "run", "--json", str(report), "--"] if track else []
    try:
        server.start(prefix)
        done = clients(server, options.load, options.seconds)
        code = server.stop()
    finally:
        if server.process and server.process.poll() is None:
            server.kill()
    words, found = real_servers.judge(report, server) if track else ("", False)
    if code != (real_servers.FINDINGS if found else 0):
        raise real_servers.Failure(f"exit code {code} after SIGTERM: {server.tail()}")
    return f"{done}; {words}" if track else done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--track", help="default: BUILD/bin/track")
    parser.add_argument("--bare", action="store_true", help="without track only")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.load = options.build.resolve() / "bench" / "server_load"
    track = str(pathlib.Path(options.track or options.build / "bin" / "track").resolve())
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="track-servers-") as folder:
        pathlib.Path(folder).chmod(0o755)
        for kind in real_servers.ALL:
            if options.only and kind.name not in options.only.split(","):
                continue
            for how, command in (("bare", None), ("tracked", track)):
                if options.bare and command:
                    continue
                try:
                    server = kind(pathlib.Path(folder) / kind.name)
                    server.set_up()
                    print(f"ok    {kind.name} {how}: {one_run(server, options, command)}", flush=True)
                    passed += 1
                except (real_servers.Failure, subprocess.TimeoutExpired, OSError) as problem:
                    print(f"FAIL  {kind.name} {how}: {problem}", flush=True)
                    failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
