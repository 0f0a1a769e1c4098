"""Real servers started for a test or benchmark, each on a loopback port or socket of its own, with
all its files in a temporary folder, stopped by pid, and what is expected of its report. Used by
tests/e2e/servers.py, tests/bench/paired.py and scripts/soak; more_servers.py has those of the
latter that the tests do without."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

START_LIMIT_S = 60
STOP_LIMIT_S = 60
GATING = ("likely", "proved")
FINDINGS = 23  # exit code of track


class Failure(Exception):
    pass


def tool(*names):
    """Path of the first of these programs that exists; Failure says what to install."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise Failure(f"{names[0]} is not installed: scripts/packages --install test")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid):
    children = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            children.append(int(entry.parent.name))
    return children


def child_of(pid):
    """The process that `pid` started (track's target); None while there is none."""
    return next(iter(children_of(pid)), None)


def descendants_of(pid):
    """Parents before their children."""
    return [d for child in children_of(pid) for d in (child, *descendants_of(child))]


def processor_s(pid):
    """Processor time so far of a process and of its children: those that live (nginx's workers)
    and those that have ended (a process a connection)."""
    ticks = 0
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid:
            ticks += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Server:
    """One kind of server. Subclasses say how it is set up and started."""
    protocol = None      # of server_load
    connections = 32
    user = None          # whom it runs as where we are root, which it refuses
    # True findings: (rule, a function of the creation stack, tasks at most).
    known = ()

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.port = free_port()
        self.address = str(self.port)
        self.process = self.pid = self.log = None

    def set_up(self):
        """Once, before the first start."""

    def command(self):
        raise NotImplementedError

    def more_load(self, seconds):
        """Further clients, besides server_load, as (name, command)."""
        return []

    def accepts(self):
        try:
            if self.address.startswith("/"):
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.address)
            else:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def start(self, prefix=(), environment=None):
        """prefix: a command that starts the server as its child (`track run --`)."""
        if not self.address.startswith("/"):
            self.port = free_port()
            self.address = str(self.port)
        self.log = self.folder / "output"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [*prefix, *self.command()], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=self.folder,
                env={**os.environ, **(environment or {})}, **self.as_user())
        end = time.monotonic() + START_LIMIT_S
        while not self.accepts():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended at once, exit code {self.process.returncode}: "
                              + self.tail())
            if time.monotonic() > end:
                self.kill()
                raise Failure(f"{self.name} does not answer after {START_LIMIT_S} s: {self.tail()}")
            time.sleep(0.02)
        self.pid = child_of(self.process.pid) if prefix else self.process.pid

    def as_user(self):
        """Of Popen."""
        if self.user is None or os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def check(self):
        """Once all load is over: raises Failure where what the server holds is wrong."""

    def stop(self):
        """SIGTERM to the server; the exit code of what was started."""
        os.kill(self.pid, signal.SIGTERM)
        try:
            return self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not end {STOP_LIMIT_S} s after SIGTERM") from None

    def kill(self):
        """With its workers, which would go on without it."""
        if not self.process:
            return
        running = self.process.poll() is None
        for pid in [*descendants_of(self.process.pid), self.process.pid] if running else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def tail(self):
        text = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(text[-4:]) or "no output"

    def load(self, server_load, seconds):
        """Checked closed-loop load; its figures."""
        done = subprocess.run(
            [server_load, self.protocol, self.address, str(self.connections), str(seconds)],
            capture_output=True, text=True, timeout=seconds + 60)
        if done.returncode != 0:
            raise Failure(f"load of {self.name}: {done.stderr.strip()}; the server said: "
                          + self.tail())
        return json.loads(done.stdout)


def as_root(*arguments):
    return list(arguments) if os.geteuid() == 0 else []


class Memcached(Server):
    name = protocol = "memcached"

    def command(self):
        return [tool("memcached"), "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "4",
                *as_root("-u", "nobody")]


class Redis(Server):
    name = protocol = "redis"

    def command(self):
        return [tool("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port),
                "--save", "", "--dir", str(self.folder)]

    def more_load(self, seconds):
        # A background save forks: the child is a process of its own for the tracker.
        client = [tool("redis-cli"), "-p", str(self.port)]
        count = str(int(seconds * 5000))
        return [("redis-benchmark", [tool("redis-benchmark"), "-p", str(self.port), "-q", "-c", "20",
                                     "-n", count, "-t", "set,get,incr,lpush,lpop,mset"]),
                ("redis-cli bgsave", [*client, "bgsave"])]

    def check(self):
        """A child that is killed in the midst of its fork is told of, and not called complete."""
        asks = [tool("redis-cli"), "-p", str(self.port), "info", "persistence"]
        end = time.monotonic() + STOP_LIMIT_S
        while "rdb_bgsave_in_progress:0" not in subprocess.run(asks, capture_output=True, text=True,
                                                               timeout=STOP_LIMIT_S).stdout:
            if time.monotonic() > end:
                raise Failure("redis is still saving")
            time.sleep(0.05)


class Nginx(Server):
    name = "nginx"
    protocol = "http"

    def set_up(self):
        (self.folder / "www").mkdir(exist_ok=True)
        (self.folder / "www" / "file").write_text("one line of the served file\n" * 40)

    def command(self):
        folder = self.folder
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user} worker_processes 2; daemon off; pid {folder}/pid;"
            f"error_log {folder}/error.log; events {{ worker_connections 256; }}"
            f"http {{ access_log off; keepalive_requests 1000000; {temporary}"
            f"server {{ listen 127.0.0.1:{self.port}; root {folder}/www; }} }}\n")
        return [tool("nginx"), "-p", str(folder), "-e", f"{folder}/error.log",
                "-c", f"{folder}/nginx.conf"]

    def more_load(self, seconds):
        return [("wrk", [tool("wrk"), "-t", "1", "-c", "20", "-d", f"{max(1, int(seconds))}s",
                         f"http://127.0.0.1:{self.port}/file"])]


class MariaDb(Server):
    name = "mariadb"
    protocol = "mysql"
    connections = 16
    # handle_manager's thread is created joinable and only awaited by a condition variable.
    known = (("unjoined-thread", "mysqld_main", 1),)

    def __init__(self, folder):
        super().__init__(folder)
        self.address = str(self.folder / "socket")
        if len(self.address) > 100:
            raise Failure(f"path of the socket is too long: {self.address}")

    def set_up(self):
        if (self.folder / "data" / "bench").exists():
            return
        done = subprocess.run(
            [tool("mariadb-install-db", "mysql_install_db"), "--no-defaults",
             f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
             "--skip-test-db", *as_root("--user=root")], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Failure("mariadb-install-db: " + (done.stderr or done.stdout).strip()[-500:])
        self.start()
        sql = ("CREATE DATABASE bench; CREATE TABLE bench.t (id INT PRIMARY KEY, n INT NOT NULL,"
               " v VARCHAR(40) NOT NULL) ENGINE=InnoDB;"
               " USE bench; INSERT INTO bench.t SELECT seq, 0, CONCAT('value ', seq) FROM seq_0_to_999;")
        done = subprocess.run([*self.client(tool("mariadb", "mysql")), "-e", sql],
                              capture_output=True, text=True, timeout=60)
        self.stop()
        if done.returncode != 0:
            raise Failure("the test table: " + done.stderr.strip())

    def client(self, program):
        return [program, "--no-defaults", "-u", "root", "-S", self.address]

    def command(self):
        return [tool("mariadbd", "mysqld"), "--no-defaults", f"--datadir={self.folder}/data",
                f"--socket={self.address}", "--skip-networking", "--skip-log-bin",
                f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=2", *as_root("--user=root")]

    def more_load(self, seconds):
        return [("mariadb-slap", [*self.client(tool("mariadb-slap", "mysqlslap")),
                                  "--auto-generate-sql", "--auto-generate-sql-load-type=mixed",
                                  "--concurrency=8", f"--number-of-queries={int(seconds * 400)}"])]


def is_known(finding, server):
    calls = [frame["function"] for frame in finding["created_at"]]
    return any(finding["rule"] == rule and finding["count"] <= most and
               any(function in call for call in calls) for rule, function, most in server.known)


def judge(report, server):
    """Words about a report of track's, and whether there are findings: true ones. Raises Failure
    when this is not what a correct server deserves."""
    try:
        document = json.loads(report.read_text())
    except (OSError, ValueError) as problem:
        raise Failure(f"no report: {problem}") from None
    processes = len(document.get("processes", [document]))
    if processes == 0:
        raise Failure("the report holds no process")
    if not document["complete"]:
        raise Failure(f"the record is not complete: {document['lost']}")
    findings = document["findings"]
    gating = [finding for finding in findings if finding["evidence"] in GATING]
    known = [finding for finding in gating if is_known(finding, server)]
    gating = [finding for finding in gating if finding not in known]
    if gating:
        raise Failure("false findings: " + "; ".join(
            f"{finding['rule']} {finding['evidence']} x{finding['count']}: {finding['title']}"
            for finding in gating))
    threads = document["tasks"]["threads"]["created"]
    words = f"{threads} threads, {len(findings) - len(known)} suspected"
    notes = [note for note in document.get("notes", []) if "process" in note]
    return "; ".join([words, *(finding["title"] for finding in known), *notes]), bool(known)


def more_clients(server, seconds):
    """The server's further clients, one after the other; their names. Raises Failure."""
    names = []
    for name, command in server.more_load(seconds):
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
        output = done.stdout + done.stderr
        if done.returncode != 0 or "Non-2xx" in output or "Socket errors" in output:
            raise Failure(f"{name}: exit code {done.returncode}: " + output.strip()[-300:])
        names.append(name)
    return names


ALL = (Memcached, Redis, Nginx, MariaDb)
