"""Servers beside those of real_servers.py: what scripts/soak and scripts/bench run as well."""
import os
import pathlib
import pwd
import subprocess
import time

import real_servers
from real_servers import Failure, tool


class EchoServer(real_servers.Server):
    """samples/chat_server, which answers every line by a coroutine of its own."""
    name = "asio echo server (a coroutine a request)"
    protocol = "line"
    build = None

    def program(self, name):
        for path in (self.build / "samples" / name, self.build / "bin" / name):
            if path.exists():
                return str(path)
        raise Failure(f"{name} is not built")

    def command(self):
        return [self.program("chat_server"), "--mode", "echo", "--port", str(self.port)]


class ChatServer(EchoServer):
    """The same as what it is: rooms, timers, threads that load history."""
    name = "chat server (rooms, timers, threads)"

    def command(self):
        return [self.program("chat_server"), "--port", str(self.port)]

    def load(self, server_load, seconds):
        """Its own client again and again, which checks what it is told; what is timed is a whole
        conversation of eight clients."""
        command = [self.program("chat_load"), "--port", str(self.port), "--clients", "8",
                   "--rooms", "2"]
        taken = []
        began = time.monotonic()
        while not taken or time.monotonic() < began + seconds:
            before = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                raise Failure(f"chat_load: {done.stdout}{done.stderr}")
            taken.append((time.monotonic() - before) * 1e6)
        taken.sort()
        return {"requests": len(taken), "exchanges": len(taken),
                "per_s": len(taken) / (time.monotonic() - began), "p50_us": taken[len(taken) // 2],
                "p99_us": taken[(len(taken) - 1) * 99 // 100]}


class Apache(real_servers.Server):
    """apache2 with the prefork module: a process a connection, made before they come."""
    name = "apache2"
    protocol = "http"

    def as_user(self):
        # It sends SIGTERM to its whole process group when it ends.
        return {**super().as_user(), "start_new_session": True}

    def set_up(self):
        (self.folder / "www").mkdir(exist_ok=True)
        (self.folder / "www" / "file").write_text("one line of the served file\n" * 40)

    def command(self):
        folder = self.folder
        modules = pathlib.Path("/usr/lib/apache2/modules")
        loaded = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n"
                         for name in ("mpm_prefork", "authz_core"))
        user = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""
        (folder / "apache.conf").write_text(
            loaded + user + f"ServerName localhost\nListen 127.0.0.1:{self.port}\n"
            f"DefaultRuntimeDir {folder}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
            f"DocumentRoot {folder}/www\n<Directory {folder}/www>\nRequire all granted\n</Directory>\n"
            "StartServers 3\nMinSpareServers 3\nMaxSpareServers 6\nKeepAliveTimeout 1\n")
        return [tool("apache2", "httpd"), "-DFOREGROUND", "-d", str(folder),
                "-f", f"{folder}/apache.conf"]


class PostgreSql(real_servers.Server):
    """Forks a process a connection. Loaded by pgbench, whose books must balance afterwards."""
    name = "postgresql"
    connections = 8
    user = "postgres"

    def tool(self, name):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(found[-1]) if found else tool(name)

    def client(self, name, *words):
        done = subprocess.run([self.tool(name), "-h", str(self.folder), "-p", str(self.port), *words],
                              capture_output=True, text=True, timeout=600, cwd=self.folder,
                              **self.as_user())
        if done.returncode != 0 or "ERROR" in done.stderr:
            raise Failure(f"{name}: exit code {done.returncode}: {done.stderr.strip()[-400:]}")
        return done.stdout

    def own_folder(self):
        if os.geteuid() != 0:
            return
        try:
            account = pwd.getpwnam(self.user)
        except KeyError:
            raise Failure("there is no user postgres: scripts/packages --install test") from None
        os.chown(self.folder, account.pw_uid, account.pw_gid)

    def set_up(self):
        self.own_folder()
        if (self.folder / "data" / "PG_VERSION").exists():
            return
        self.make_cluster()
        self.start()
        self.client("createdb", "bench")
        self.client("pgbench", "-i", "-q", "-s", "2", "bench")
        self.stop()

    def make_cluster(self):
        self.own_folder()
        done = subprocess.run([self.tool("initdb"), "-D", self.folder / "data", "-A", "trust",
                               "--no-sync", "--no-locale", "-E", "UTF8"], capture_output=True,
                              text=True, timeout=120, cwd=self.folder, **self.as_user())
        if done.returncode != 0:
            raise Failure("initdb: " + done.stderr.strip()[-400:])

    def command(self):
        settings = {"port": self.port, "listen_addresses": "", "fsync": "off",
                    "unix_socket_directories": self.folder, "shared_buffers": "64MB"}
        return [self.tool("postgres"), "-D", str(self.folder / "data"),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]

    def accepts(self):
        done = subprocess.run([self.tool("pg_isready"), "-h", self.folder, "-p", str(self.port)],
                              capture_output=True, timeout=60)
        return done.returncode == 0

    def load(self, server_load, seconds):
        """pgbench's own transactions, 8 connections; its log has every latency."""
        whole = max(1, int(seconds))
        for old in self.folder.glob("latencies.*"):
            old.unlink()
        output = self.client("pgbench", "-n", "-c", str(self.connections), "-j", "1", "-T",
                             str(whole), "-l", "--log-prefix", f"{self.folder}/latencies", "bench")
        if "number of failed transactions: 0 " not in output:
            raise Failure("pgbench: " + output.strip()[-300:])
        taken = sorted(int(line.split()[2]) for file in self.folder.glob("latencies.*")
                       for line in file.read_text().splitlines())
        if not taken:
            raise Failure("pgbench: no transaction was done")
        return {"requests": len(taken), "exchanges": len(taken), "per_s": len(taken) / whole,
                "p50_us": taken[len(taken) // 2], "p99_us": taken[(len(taken) - 1) * 99 // 100]}

    def check(self):
        sums = self.client("psql", "-At", "-c", "SELECT (SELECT sum(abalance) FROM pgbench_accounts),"
                           " (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(bbalance) FROM"
                           " pgbench_branches), (SELECT sum(delta) FROM pgbench_history)", "bench")
        if len(set(sums.strip().split("|"))) != 1:
            raise Failure(f"the books do not balance: {sums.strip()}")


class TrafficServer(real_servers.Server):
    """Apache Traffic Server, a caching proxy, before an nginx that is never tracked."""
    name = "trafficserver"
    protocol = "http"
    # Its threads are made joinable, end with the server, and nobody joins them.
    known = (("unjoined-thread", "Thread::start", 16),)

    def __init__(self, folder):
        super().__init__(folder)
        self.origin = real_servers.Nginx(self.folder / "origin")

    def set_up(self):
        self.origin.set_up()
        for name in ("config", "log", "run", "cache", "share"):
            (self.folder / name).mkdir(exist_ok=True)
        share = "/usr/lib/trafficserver"
        places = {"prefix": "", "exec_prefix": "", "includedir": "", "mandir": "", "infodir": "",
                  "sysconfdir": "config", "datadir": "share", "localstatedir": "run",
                  "runtimedir": "run", "logdir": "log", "cachedir": "cache"}
        lines = [f"{key}: {self.folder / value}" for key, value in places.items()]
        lines += ["bindir: /usr/bin", "sbindir: /usr/sbin", f"libdir: {share}",
                  f"libexecdir: {share}/modules"]
        (self.folder / "runroot.yaml").write_text("\n".join(lines) + "\n")
        (self.folder / "config" / "storage.config").write_text(f"{self.folder}/cache 32M\n")
        (self.folder / "config" / "ip_allow.yaml").write_text(
            "ip_allow:\n  - apply: in\n    ip_addrs: 127.0.0.1\n    action: allow\n"
            "    methods: ALL\n")

    def command(self):
        config = self.folder / "config"
        settings = {"http.server_ports STRING": f"{self.port}:ipv4",
                    "admin.user_id STRING": "#-1",  # stays who it is
                    "exec_thread.autoconfig INT": 0, "exec_thread.limit INT": 2,
                    "http.cache.required_headers INT": 0,
                    "crash_log_helper STRING": "NULL"}
        (config / "records.config").write_text("".join(
            f"CONFIG proxy.config.{name} {value}\n" for name, value in settings.items()))
        (config / "remap.config").write_text(f"map / http://127.0.0.1:{self.origin.port}/\n")
        return [tool("traffic_server")]

    def start(self, prefix=(), environment=None):
        self.origin.start()
        where = {"TS_RUNROOT": str(self.folder / "runroot.yaml")}
        super().start(prefix, {**where, **(environment or {})})

    def stop(self):
        code = super().stop()
        self.origin.stop()
        return code

    def kill(self):
        super().kill()
        if self.origin.process:
            self.origin.kill()
