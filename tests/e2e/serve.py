#!/usr/bin/env python3
"""`track serve` as browsers, pprof, Prometheus and strangers use it: pages and who may have them,
sections, the live stream, every profile, metrics, targets that come and go, the end.

    serve.py --track TRACK --library LIBTRACK.SO --growing GROWING_TARGET
"""
import argparse
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from told_process import ToldProcess  # noqa: E402

failures = []
PROFILES = {"tasks": "goroutine", "threads": "", "coroutines": "", "leaks": "goroutineleak",
            "heap": "", "allocs": "", "contention": "mutex", "block": "", "threadcreate": "",
            "cpu": "profile"}


def expect(what, right):
    if not right:
        failures.append(what)
        print(f"serve: {what}", file=sys.stderr)


def make_target(arguments, folder):
    target = ToldProcess(arguments, folder, "alloc=exact", "cpu=99")
    target("keep", 10)
    return target


class Server:
    def __init__(self, arguments, *words):
        self.process = subprocess.Popen([arguments.track, "serve", *map(str, words)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        else:
            raise RuntimeError(f"track serve: {self.process.stderr.read()}")
        page = urllib.parse.urlsplit(re.search(r"http://\S+\?token=\S+", "".join(said))[0])
        self.host, self.port, self.token = page.hostname, page.port, page.query[len("token="):]
        self.base = f"http://{self.host}:{self.port}"

    def ask(self, path, method="GET", headers=None, body=None, **parameters):
        """Status, headers, body."""
        query = urllib.parse.urlencode(parameters)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        connection.request(method, path + ("?" + query if query else ""), body, headers or {})
        reply = connection.getresponse()
        result = reply.status, dict(reply.getheaders()), reply.read()
        connection.close()
        return result

    def page(self):
        """A page as a browser opens it: its own token, headers, text."""
        status, headers, _ = self.ask("/", token=self.token)
        expect(f"a page is sent to itself with {status}", status == 303)
        token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"]).query))
        status, headers, text = self.ask(headers["Location"])
        expect(f"the page: {status}", status == 200)
        return token["token"], headers, text.decode()

    def section(self, token, name, **more):
        status, headers, body = self.ask(f"/api/section/{name}", token=token, **more)
        if status != 200:
            return None
        expect(f"section {name} is not packed", headers.get("Content-Encoding") == "gzip")
        return gzip.decompress(body)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        expect(f"Ctrl-C: exit {code}: {errors}", code == 0 and not errors)


def unpacked(packed):
    """Rows of tasks as in tasks.json, out of those of an event."""
    rows = []
    for alike, *own in packed["rows"]:
        own += [0] * (8 - len(own))
        row = dict(packed["alike"][alike], **dict(zip(("id", "tid", "age_ns", "since_ns"), own)))
        for name in ("at", "created_at"):
            row[name] = [packed["frames"][frame] for frame in packed["stacks"][row[name]]]
        if "wait_object" in row:
            row["wait_object"] = dict(row["wait_object"], address=own[4])
        rows.append(row)
    return rows


class Stream:
    """Follows /api/live; events are (name, id, data)."""

    def __init__(self, server, token, seen=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(120)
        self.socket.connect((server.host, server.port))
        last = f"Last-Event-ID: {seen}\r\n" if seen else ""
        self.socket.sendall(f"GET /api/live?token={token} HTTP/1.1\r\nHost: {server.host}\r\n"
                            f"{last}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b"\r\n", b""):
            pass
        self.text = b""

    def next(self):
        """The next event; None: the stream ended."""
        while b"\n\n" not in self.text:
            size = int(self.file.readline() or b"0", 16)
            if size == 0:
                return None
            self.text += self.file.read(size)
            self.file.readline()
        text, _, self.text = self.text.partition(b"\n\n")
        if text.startswith(b":"):
            return self.next()
        fields = dict(line.split(": ", 1) for line in text.decode().split("\n"))
        self.size = len(fields["data"])
        data = json.loads(fields["data"])
        for rows in filter(None, (data.get("tasks"), data)):
            for name in {"rows", "upsert"} & set(rows):
                rows[name] = unpacked(rows if name == "rows" else rows[name])
        return fields["event"], int(fields["id"]), data

    def until(self, wanted):
        """Events up to the first that `wanted` is true of, that one included."""
        events = []
        while not events or not wanted(events[-1]):
            event = self.next()
            if event is None:
                raise RuntimeError(f"the stream ended after {[e[0] for e in events]}")
            events.append(event)
        return events

    def close(self):
        self.file.close()
        self.socket.close()


def check_pages(server):
    token, headers, text = server.page()
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([0-9a-f]+)'", policy)
    expect("the policy is not strict: " + policy, nonce and "default-src 'none'" in policy and
           "unsafe" not in policy and f"style-src 'nonce-{nonce[1]}'" in policy)
    expect("the page's scripts are not those of its policy",
           nonce and f'nonce="{nonce[1]}"' in text and "TRACK-NONCE" not in text)
    expect("the page does not know that it is served",
           '<meta name="track-mode" content="served">' in text)
    _, other, _ = server.page()
    expect("two replies have one nonce", other["Content-Security-Policy"] != policy)
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"),
                        ("Referrer-Policy", "no-referrer")):
        expect(f"no {name}", headers.get(name) == value)
    expect("other sites may read", not any(n.lower().startswith("access-control") for n in headers))
    for bad in ("", "0" * 32, server.token[:-1], server.token + "0", token[:31] + ".1"):
        for path in ("/", "/api/targets", "/api/section/meta.json", "/api/live"):
            status = server.ask(path, token=bad)[0]
            expect(f"{path} with a wrong token: {status}", status == 403)
    targets = json.loads(server.ask("/api/targets", token=token)[2])["targets"]
    expect(f"targets: {targets}", len(targets) == 1 and targets[0]["live"])
    return token


def check_strangers(server, token):
    good = {"Host": f"{server.host}:{server.port}"}
    expect("its own name", server.ask("/healthz", headers=good)[0] == 200)
    expect("localhost", server.ask("/healthz", headers={"Host": f"localhost:{server.port}"})[0] == 200)
    for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{server.port}"},
                    {"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Sec-Fetch-Site": "cross-site"}):
        for path in ("/", "/api/targets", "/debug/pprof/tasks", "/metrics", "/healthz"):
            status = server.ask(path, headers=headers, token=token)[0]
            expect(f"{path} to {headers}: {status}", status == 403)
    own = {"Origin": f"http://{server.host}:{server.port}", "Sec-Fetch-Site": "same-origin"}
    expect("its own page", server.ask("/api/targets", headers=own, token=token)[0] == 200)
    for method, path, wanted in (
            ("POST", "/api/judge", 403), ("POST", "/api/dump", 403), ("GET", "/api/judge", 405),
            ("POST", "/", 405), ("PUT", "/", 405), ("DELETE", "/metrics", 405),
            ("PATCH", "/debug/pprof/heap", 405), ("OPTIONS", "/api/targets", 405),
            ("POST", "/debug/pprof/heap", 405), ("GET", "/nothing", 404),
            ("GET", "/../../../../etc/passwd", 404), ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
            ("GET", "/api/section/../../etc/passwd", 404), ("GET", "/api/section/%00", 404),
            ("GET", "/t/nobody/debug/pprof/tasks", 404), ("GET", "/t/../metrics", 404),
            ("GET", "/api/section/nothing", 404), ("GET", "/" + "x" * 20000, 414)):
        status = server.ask(path, method, token=token)[0]
        expect(f"{method} {path[:40]}: {status}, not {wanted}", status == wanted)
    status = server.ask("/debug/pprof/symbol", "POST", body=b"0x1+" * 200000)[0]
    expect(f"a body without end: {status}", status == 413)
    for bytes_ in (b"\x00\xff\x00 nothing\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                   b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
                   b"GET /healthz HTTP/1.1\r\n\r\n"):
        with socket.create_connection((server.host, server.port), timeout=60) as stranger:
            stranger.sendall(bytes_)
            stranger.shutdown(socket.SHUT_WR)
            answer = stranger.makefile("rb").readline()
        expect(f"{bytes_[:20]} was answered {answer}", b" 200 " not in answer)
    with socket.create_connection((server.host, server.port), timeout=60) as stranger:
        stranger.sendall(f"POST /debug/pprof/heap HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n\r\n".encode())
        answer = stranger.makefile("rb").readline()
    expect(f"a post without a body was answered {answer}", b" 405 " in answer)
    expect("after the strangers", server.ask("/healthz")[0] == 200)


def check_sections(server, target):
    token, _, _ = server.page()
    meta = json.loads(server.section(token, "meta.json"))
    expect("meta: " + str(meta.get("pid")), meta["pid"] == target.pid and meta["live"])
    expect("not asked to be told what to do", not meta.get("control"))
    for name in ("leaks.json", "tasks.json", "waits.json", "strings.json"):
        expect(f"{name} is no JSON", json.loads(server.section(token, name)) is not None)
    for name in ("frames", "stacks", "timeline", *[p["section"] for p in meta["profiles"]]):
        columns = server.section(token, name)
        size = int.from_bytes(columns[:4], "little")
        expect(f"{name} has no columns", json.loads(columns[4:4 + size])["columns"])
    before = json.loads(server.section(token, "tasks.json"))["processes"][0]["counts"]["threads"]
    target("leak", 3)
    again = json.loads(server.section(token, "tasks.json"))["processes"][0]["counts"]["threads"]
    expect("sections of one page are of two moments", before == again)
    fresh = json.loads(server.section(token, "tasks.json", fresh=1))["processes"][0]["counts"]
    expect(f"three threads more: {before}, {fresh['threads']}",
           fresh["threads"]["live"] == before["live"] + 3)


def check_live(server, target):
    token, _, _ = server.page()
    first, second = Stream(server, token), Stream(server, server.page()[0])
    rows = []
    for stream in (first, second):
        name, number, snap = stream.next()
        expect(f"the first event is {name}", name == "snap" and snap["seq"] == number)
        expect("a snapshot without what the page needs", "profiles" in snap["meta"])
        rows.append({(row["kind"], row["id"]) for row in snap["tasks"]["rows"]})
    target("leak", 2)

    def more(event):
        return event[0] == "d" and any(
            (row["kind"], row["id"]) not in rows[0] for row in event[2]["upsert"])

    seen = []
    for stream in (first, second):
        event = stream.until(more)[-1]
        new = [row for row in event[2]["upsert"] if (row["kind"], row["id"]) not in rows[0]]
        expect("rows without a stack", all(row["created_at"] for row in new))
        seen.append(event[1])
    judged = first.until(lambda event: event[0] == "leaks")[-1]
    expect("findings", "findings" in judged[2]["leaks"] and "processes" in judged[2]["waits"])
    again = Stream(server, token, seen=seen[0])
    expect("who comes again is told all anew", again.next()[0] != "snap")
    later = Stream(server, token, seen=1)
    expect("who was away too long is told nothing new", later.next()[0] == "snap")
    for stream in (again, later, second):
        stream.close()

    # One that does not read: it is told of a gap, and where things are, not all that happened.
    slow = Stream(server, token, receive_buffer=4096)
    told, behind = 0, 0
    while told < 2 << 20:
        target("work", 1500)
        event = first.until(lambda event: event[0] == "d" and len(event[2]["upsert"]) >= 900)[-1]
        told += first.size
        behind = event[1]
    names, heard = [], 0
    while not names or names[-1] == "gap" or event[1] < behind:
        event = slow.next()
        names.append(event[0])
        heard += slow.size
    expect(f"a slow client was told {names}", "gap" in names and
           names[names.index("gap") + 1] == "snap")
    expect(f"a slow client was kept {heard} bytes of {told}", heard < told)
    slow.close()
    target("work", 0)
    return first


def pprof(arguments, folder, url, *options):
    done = subprocess.run(["go", "tool", "pprof", "-top", *options, url], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "HOME": folder,
                                                       "PPROF_TMPDIR": folder})
    expect(f"go tool pprof {url}: {done.stderr}", done.returncode == 0)
    return done.stdout


def goroutines(text):
    """What Go's own debug=2 would be read as: by the rules of DataDog's gostackparse, and stricter
    (a line that is of no known form is an error there in part only)."""
    tasks = []
    for block in text.rstrip("\n").split("\n\n"):
        head, *lines = block.split("\n")
        match = re.fullmatch(r"goroutine (\d+) \[([^,\]]+)(?:, (\d+) minutes)?(, locked to thread)?\]:",
                             head)
        if not match or len(lines) % 2:
            raise RuntimeError(f"no goroutine: {block[:300]}")
        task = {"number": int(match[1]), "state": match[2], "frames": [], "created_by": "",
                "creator": 0}
        for function, place in zip(lines[::2], lines[1::2]):
            file = re.fullmatch(r"\t(.+):(\d+)(?: \+0x[0-9a-f]+)?", place)
            creator = re.fullmatch(r"created by (.+) in goroutine (\d+)", function)
            if not file or task["created_by"] or not (creator or re.fullmatch(r"\S.*\(.*\)", function)):
                raise RuntimeError(f"no frame: {function} {place}")
            if creator:
                task["created_by"], task["creator"] = creator[1], int(creator[2])
            else:
                task["frames"].append((function, file[1], int(file[2])))
        tasks.append(task)
    return tasks


def check_profiles(arguments, server, target, folder):
    status, headers, index = server.ask("/debug/pprof/")
    expect("the index", status == 200 and headers["Content-Type"].startswith("text/html") and
           all(f">{name}<" in index.decode() for name in PROFILES))
    status, headers, _ = server.ask("/debug/pprof")
    expect("the index without a slash", (status, headers["Location"]) == (301, "/debug/pprof/"))
    for name, also in PROFILES.items():
        for called in filter(None, (name, also)):
            more = {"seconds": 1} if name == "cpu" else {}
            status, headers, body = server.ask(f"/debug/pprof/{called}", **more)
            expect(f"{called}: {status} {body[:200]}", status == 200 and body[:2] == b"\x1f\x8b")
            expect(f"{called}: {headers}",
                   headers["Content-Type"] == "application/octet-stream" and
                   headers["X-Content-Type-Options"] == "nosniff" and
                   headers["Content-Disposition"] == f'attachment; filename="{called}"')
        query = "?seconds=1" if name == "cpu" else ""
        pprof(arguments, folder, f"{server.base}/debug/pprof/{name}{query}")
    top = pprof(arguments, folder, f"{server.base}/debug/pprof/heap", "-sample_index=alloc_objects")
    expect("no make_block in the heap:\n" + top, "make_block" in top)
    top = pprof(arguments, folder, f"{server.base}/debug/pprof/heap?seconds=1")
    lasted = re.search(r"Duration: ([0-9.]+)s", top)  # more than asked for, on a busy machine
    expect("a change without its duration:\n" + top, lasted and float(lasted[1]) >= 1)
    for name in ("heap", "threads", "allocs", "block", "tasks"):
        disposition = server.ask(f"/debug/pprof/{name}", seconds=1)[1]["Content-Disposition"]
        expect(f"{name}, change: {disposition}", f'"{name}-delta"' in disposition)
    for name, begins in (("goroutine", "tasks profile: total "), ("heap", "heap profile: "),
                         ("mutex", "--- contention:\n"), ("threadcreate", "threads profile: "),
                         ("leaks", "leaks profile: total ")):
        status, headers, body = server.ask(f"/debug/pprof/{name}", debug=1)
        expect(f"{name}, debug=1: {body[:60]}",
               headers["Content-Type"].startswith("text/plain") and (
                   body.decode().startswith(begins) or name in ("threadcreate", "leaks")))
    tasks = goroutines(server.ask("/debug/pprof/goroutine", debug=2)[2].decode())
    main = next((task for task in tasks if task["number"] == 1), None)
    expect(f"Go's debug=2: {tasks[:2]}", main and main["state"].startswith("thread ") and
           any(function.startswith("main(") for function, _, _ in main["frames"]))
    numbers = [task["number"] for task in tasks]
    expect(f"Go's debug=2: {numbers}", len(set(numbers)) == len(tasks) >= 3)
    expect("Go's debug=2: creators",
           any("leak" in task["created_by"] and task["creator"] == 1 for task in tasks))
    every = server.ask("/debug/pprof/tasks", debug=2)[2].decode()
    expect("debug=2:\n" + every[:500], re.search(r"^thread 1 \(main\) \[\w+.*\]:\n\S", every) and
           re.search(r"\ncreated by .*leak.* in thread 1\n\t\S+:\d+\n", every))
    for path, parameters, wanted, says in (
            ("heap", {"seconds": 0}, 400, "positive integer"),
            ("heap", {"seconds": "x"}, 400, "positive integer"),
            ("heap", {"seconds": 1, "debug": 1}, 400, "incompatible"),
            ("leaks", {"seconds": 1}, 400, "not supported"),
            ("nothing", {}, 404, "Unknown profile"), ("heap/x", {}, 404, "Unknown profile")):
        status, headers, body = server.ask(f"/debug/pprof/{path}", **parameters)
        expect(f"{path} {parameters}: {status} {body}", status == wanted and
               says in body.decode() and headers.get("X-Go-Pprof") == "1")
    expect("gc is for Go", server.ask("/debug/pprof/heap", gc=1)[0] == 200)
    words = server.ask("/debug/pprof/cmdline")[2]
    expect(f"cmdline: {words}", words.split(b"\0")[0].endswith(b"growing_target"))
    expect("symbol", server.ask("/debug/pprof/symbol")[2] == b"num_symbols: 1\n")
    text = server.ask("/debug/pprof/heap", debug=1)[2].decode()
    address = int(re.search(r"#\t(0x[0-9a-f]+)\t[^\t]*make_block", text)[1], 16) - 1
    named = server.ask("/pprof/symbol", "POST", body=f"{address:#x}+0x1".encode(),
                       headers={"Content-Type": "application/x-www-form-urlencoded"})[2].decode()
    expect(f"symbol: {named}", "make_block" in named and "0x1\t" not in named)
    for name in ("heap", "growth", "contention", "profile?seconds=1"):
        top = pprof(arguments, folder, f"{server.base}/pprof/{name}")
        if name in ("heap", "growth"):
            expect(f"/pprof/{name}:\n{top}", "make_block" in top)
    expect("cmdline", b"growing_target" in server.ask("/pprof/cmdline")[2])


def check_metrics(server, target, folder):
    status, headers, body = server.ask("/metrics")
    expect(f"metrics: {headers}", status == 200 and
           headers["Content-Type"].startswith("text/plain; version=0.0.4"))
    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True,
                          timeout=60)
    expect(f"promtool: {done.stdout}{done.stderr}", done.returncode == 0 and not done.stderr)
    text = body.decode()
    for name in ("process_threads", "cxx_threads", "cxx_threads_created_total", "cxx_coroutines",
                 "cxx_coroutines_created_total", "cxx_coroutines_destroyed_total",
                 "cxx_coroutine_oldest_suspended_seconds", "cxx_tasks_leaked",
                 "cxx_lock_contentions_total", "cxx_deadlocks_detected_total",
                 "cxx_tracker_dropped_events_total", "cxx_tracker_overhead_seconds_total",
                 "cxx_tracker_memory_bytes", "cxx_tracker_recording_bytes",
                 "cxx_tracker_looks_total", "cxx_tracker_last_look_seconds",
                 "cxx_tracker_reader_seconds_total", "cxx_tracker_reader_memory_bytes"):
        expect(f"no {name}", re.search(rf"^{name}(\{{.*\}})? \S+$", text, re.M))
    status_file = pathlib.Path(f"/proc/{target.pid}/status").read_text()
    threads = int(re.search(r"^Threads:\s+(\d+)", status_file, re.M)[1])
    expect(f"{threads} threads", f"\nprocess_threads {threads}\n" in text)
    expect("the process is stopped", "\nTracerPid:\t0\n" in status_file)
    expect("addresses or numbers in labels", not re.search(r'="0x[0-9a-f]+"', text))

    # The real one.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = pathlib.Path(folder, "prometheus.yml")
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [
        {"job_name": "track", "static_configs": [{"targets": [f"{server.host}:{server.port}"]}]}]}))
    log = open(f"{folder}/prometheus.log", "w+")
    real = subprocess.Popen(["prometheus", f"--config.file={config}",
                             f"--storage.tsdb.path={folder}/tsdb",
                             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        # It says nothing when it has scraped: asked until it has.
        for _ in range(600):
            try:
                real.wait(0.1)
                break
            except subprocess.TimeoutExpired:
                pass
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("GET", "/api/v1/query?query=process_threads")
                found = json.loads(connection.getresponse().read())["data"]["result"]
                if found:
                    break
            except (OSError, ValueError, KeyError, http.client.HTTPException):
                pass
        else:
            found = []
        expect("Prometheus did not scrape", found and found[0]["value"][1] == str(threads))
    finally:
        real.kill()
        real.wait()
        log.close()


def check_end(server, target, stream):
    token, _, _ = server.page()
    server.section(token, "meta.json")
    expect("the target failed", target.end() == 0)
    note = stream.until(lambda event: event[0] == "gone")[-1][2]["note"]
    expect("gone, and no word why", note)
    expect("the stream goes on", stream.next() is None)
    stream.close()
    expect("what was seen is not there any more", server.section(token, "leaks.json"))
    ended = json.loads(server.ask("/api/targets", token=token)[2])["targets"][0]
    expect(f"said to live on, or to have left a recording: {ended}",
           not ended["live"] and ended["note"] == "it ended, and left no recording")
    status, headers, body = server.ask("/debug/pprof/tasks")
    expect(f"a profile of nobody: {status} {body}", status == 500 and body.startswith(b"Could not") and
           b"it ended, and left no recording" in body)
    expect("up", b"\ncxx_target_up 0\n" in server.ask("/metrics")[2])


def check_control(arguments, folder):
    target = make_target(arguments, f"{folder}/control")
    before = os.getcwd()
    os.chdir(folder)
    try:
        server = Server(arguments, target.pid, "--control")
    finally:
        os.chdir(before)
    token, _, _ = server.page()
    expect("control", json.loads(server.section(token, "meta.json"))["control"])
    status, _, body = server.ask("/api/judge", "POST", token=token)
    expect(f"judge: {status} {body}", status == 200 and "note" in json.loads(body))
    status, _, body = server.ask("/api/dump", "POST", token=token)
    dumps = list(pathlib.Path(folder).glob("track-*.dump"))
    expect(f"dump: {status} {body}", status == 200 and len(dumps) == 1)
    # It ends though somebody follows, and somebody waits for what an hour will bring.
    stream = Stream(server, token)
    stream.next()
    waiting = http.client.HTTPConnection(server.host, server.port, timeout=60)
    waiting.request("GET", "/debug/pprof/threads?seconds=3600")
    server.end()
    stream.close()
    waiting.close()
    target.end()
    shown = Server(arguments, dumps[0])
    meta = json.loads(shown.section(shown.page()[0], "meta.json"))
    expect("a dump is not live", not meta["live"] and meta["pid"] == target.pid)
    expect("a dump's stream", shown.ask("/api/live", token=shown.token)[0] == 404)
    expect("a dump's profile", shown.ask("/debug/pprof/threads")[0] == 200)
    shown.end()


def check_many(arguments, folder):
    directory = f"{folder}/many"
    targets = [make_target(arguments, directory) for _ in range(2)]
    for words in (["--all"], [directory]):
        server = Server(arguments, *words)

        def known():
            listed = json.loads(server.ask("/api/targets", token=server.token)[2])["targets"]
            return {one["pid"]: one for one in listed if one["live"]}

        expect(f"{words}: {known()}", {target.pid for target in targets} <= set(known()))
        name = known()[targets[0].pid]["id"]
        expect("which one?", server.ask("/debug/pprof/threads")[0] == 404)
        for path, more in ((f"/t/{name}/debug/pprof/threads", {}),
                           ("/debug/pprof/threads", {"target": name}),
                           (f"/t/{name}/pprof/heap", {}), (f"/t/{name}/metrics", {})):
            expect(f"{path} {more}", server.ask(path, **more)[0] == 200)
        token = server.page()[0]
        meta = json.loads(server.section(token, "meta.json", target=name))
        expect("another one's page", meta["pid"] == targets[0].pid)
        metrics = server.ask("/metrics")[2].decode()
        for target in targets:
            expect("metrics of all", re.search(rf'process_threads\{{.*pid="{target.pid}"\}}', metrics))
        new = make_target(arguments, directory)
        while new.pid not in known():
            pass
        new.end()
        while new.pid in known():
            pass
        server.end()
    for target in targets:
        target.end()


def check_usage(arguments, folder):
    def refused(*words):
        done = subprocess.run([arguments.track, "serve", *map(str, words)], capture_output=True,
                              text=True, timeout=60)
        expect(f"serve {words}: exit {done.returncode}", done.returncode == 2)
        return done.stderr

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused(os.getpid(), "--listen", taken.getsockname()[1])
        expect("a port in use: " + said, "in use" in said)
    expect("nobody", "999999999" in refused("999999999"))
    expect("no file", "nothing-here" in refused("nothing-here"))
    expect("no target", "--all" in refused())
    expect("an address", "--listen" in refused(os.getpid(), "--listen", "example.org:80"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--track", "--library", "--growing"):
        parser.add_argument(name, required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    for tool in ("go", "prometheus", "promtool"):
        if not shutil.which(tool):
            print(f"serve: {tool} is missing; run scripts/packages --install test")
            return 1
    with tempfile.TemporaryDirectory(prefix="serve-") as folder:
        os.chmod(folder, 0o700)
        check_usage(arguments, folder)
        target = make_target(arguments, f"{folder}/one")
        server = Server(arguments, target.pid)
        token = check_pages(server)
        check_strangers(server, token)
        check_sections(server, target)
        check_profiles(arguments, server, target, folder)
        check_metrics(server, target, folder)
        stream = check_live(server, target)
        check_end(server, target, stream)
        server.end()
        check_control(arguments, folder)
        check_many(arguments, folder)
    for failure in failures:
        print(f"serve: {failure}")
    print(f"serve: {len(failures)} failure(s)")
    return 1 if failures else 0


sys.exit(main())
