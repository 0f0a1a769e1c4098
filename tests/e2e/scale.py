#!/usr/bin/env python3
"""Looks into memcached, redis, nginx and MariaDB while clients load them, unprepared (level 0) and
preloaded (level 1): `track hang`, `ps` and `leaks` must answer, no client may see an error, and nothing
may be found at `likely` or better. Prints how long the process was held and what `track` needed.
Takes minutes; by hand only.

    scale.py --build build/release [--seconds N] [--only NAME,NAME] [--memory]
--memory: asks for lost memory too, so that one instant is taken in any case.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import real_servers  # noqa: E402

GATING = ("likely", "proved")
TASK_RULES = ("deadlock", "stuck-task", "orphaned-coroutine")


def measured(command):
    """Exit code, seconds, MiB of memory at most, processor seconds."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (process.returncode, output, time.monotonic() - begin, usage.ru_maxrss / 1024,
            usage.ru_utime + usage.ru_stime)


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def look(track, pid, folder, memory):
    problems, words = [], []
    report = folder / "look.json"
    for verb in (["hang"], ["ps", "--by", "stack"], ["leaks", *memory, "--json", str(report)]):
        report.unlink(missing_ok=True)
        code, output, seconds, peak, cpu = measured([track, verb[0], *verb[1:], str(pid)])
        line = f"{verb[0]} {seconds:.2f} s ({cpu:.2f} s CPU, {peak:.0f} MiB)"
        if code not in (0, 23):
            problems.append(f"{verb[0]}: exit code {code}: {output.strip()[-300:]}")
        elif report.exists():
            document = json.loads(report.read_text())
            seen = document.get('processes', [document])[0]
            line += f", held {seen.get('pause_ns', 0) / 1e6:.1f} ms {seen.get('pause_for', '')}"
            for finding in document["findings"]:
                if finding["evidence"] in GATING and finding["rule"] in TASK_RULES:
                    problems.append(f"{finding['rule']} {finding['evidence']} {finding['title']} "
                                    f"{finding['because']}")
        words.append(line)
    return words, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--only", default="")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    track = str((options.build / "bin" / "track").resolve())
    library = str((options.build / "lib" / "libtrack.so").resolve())
    load = options.build.resolve() / "bench" / "server_load"
    failed = 0
    with tempfile.TemporaryDirectory(prefix="track-scale-") as name:
        pathlib.Path(name).chmod(0o755)
        for kind in real_servers.ALL:
            if options.only and kind.name not in options.only.split(","):
                continue
            folder = pathlib.Path(name) / kind.name
            server = kind(folder)
            server.set_up()
            for level, environment in ((0, {}), (1, {"LD_PRELOAD": library,
                                                     "TRACK_OPTIONS": f"dir={folder}"})):
                server.start(environment=environment)
                try:
                    errors = []

                    def clients():
                        try:
                            figures = server.load(load, options.seconds)
                            errors.append(None)
                            errors.append(figures["requests"])
                        except (real_servers.Failure, subprocess.SubprocessError) as problem:
                            errors.append(str(problem))
                    thread = threading.Thread(target=clients)
                    thread.start()
                    time.sleep(1)
                    target = server.pid
                    children = pathlib.Path(f"/proc/{target}/task/{target}/children").read_text()
                    if children.split():
                        target = int(children.split()[0])  # a worker
                    size = resident(target)
                    words, problems = look(track, target, folder,
                                           ["--memory"] if options.memory else [])
                    thread.join()
                    if errors[0]:
                        problems.append(f"clients: {errors[0]}")
                    if server.process.poll() is not None:
                        problems.append("the server ended")
                    failed += bool(problems)
                    print(f"{'FAIL' if problems else 'ok  '} {kind.name} level {level}, {size:.0f} "
                          f"MiB: {'; '.join(words)}; {errors[-1]} replies", flush=True)
                    for problem in problems:
                        print(f"     {problem}", flush=True)
                finally:
                    server.kill() if level == 0 else server.stop()
    return 1 if failed else 0


sys.exit(main())
