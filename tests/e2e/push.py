#!/usr/bin/env python3
"""`track push` against a stand-in that takes nothing but what Pyroscope's and Parca's contracts say:
every field of every request, answers of each sort, silence, absence, and what is kept meanwhile.

    push.py --track TRACK --library LIBTRACK.SO --growing GROWING_TARGET
"""
import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from push_server import LONGEST, StandIn, complaints  # noqa: E402
from told_process import ToldProcess  # noqa: E402

failures = []


def expect(what, right):
    if not right:
        failures.append(what)
        print(f"push: {what}", file=sys.stderr)


class Push:
    """`track push`, with a home of its own."""

    def __init__(self, arguments, *words, **environment):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(("OTEL_", "TRACK_", "XDG_"))}
        self.process = subprocess.Popen(
            [arguments.track, "push", *map(str, words)], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**clean, "HOME": arguments.folder, **environment})
        self.said = []

    def hear(self, word):
        """Until it says that on standard error."""
        for line in self.process.stderr:
            self.said.append(line)
            if word in line:
                return
        raise RuntimeError(f"it never said {word}: {self.said}")

    def end(self, signal_=None):
        """Exit code, standard output, all of standard error."""
        if signal_:
            self.process.send_signal(signal_)
        out, err = self.process.communicate(timeout=LONGEST)
        said = [line for line in "".join(self.said).splitlines(True) + err.splitlines(True)
                if "looking takes long here" not in line]  # these machines are busy
        return self.process.returncode, out, "".join(said)


def kept(spool):
    return sorted(path.name for path in pathlib.Path(spool).glob("*.profile"))


def kept_ids(spool):
    return [json.loads((pathlib.Path(spool) / name).read_bytes().split(b"\n")[0])["id"]
            for name in kept(spool)]


def await_workers(arguments, target, count):
    """Until so many of them wait."""
    over = time.monotonic() + LONGEST
    while True:
        seen = subprocess.run([arguments.track, "ps", str(target.pid), "--state", "condition"],
                              text=True, capture_output=True, timeout=60, check=True).stdout
        if seen.count("work growing_target") == seen.count("in serve growing_target") == count:
            return
        if time.monotonic() > over:
            raise RuntimeError(f"they never waited: {seen}")


def check_forms(arguments, target):
    """Each form of request, once; what is in the profiles."""
    for protocol in ("push", "ingest", "parca"):
        stand_in = StandIn(prefix="/proxy" if protocol == "push" else "")
        code, out, err = Push(arguments, target.pid, "--to", stand_in.url, "--once", "--protocol",
                              protocol, "--profiles",
                              "tasks,heap,goroutineleak,block,threadcreate",
                              "--label", "zone=a b/c").end()
        expect(f"{protocol}: {code} {out} {err}",
               (code, out, err) == (0, "sent 5 profiles\n", ""))
        sent = {one.name: one for one in stand_in.all()}
        stand_in.close()
        if set(sent) != {"tasks", "memory", "leaks", "block", "threadcreate"}:
            expect(f"{protocol}: sent {list(sent)}", False)
            continue
        for one in sent.values():
            expect(f"{protocol}: {one.labels}", one.labels == {
                "hostname": socket.gethostname(), "service_name": "growing_target",
                "zone": "a b/c"})
        expect("six tasks", sent["tasks"].profile.sum("tasks/count") == 6)
        expect("a deadlock", sent["leaks"].profile.sum("leaks/count", "take_both") == 2)
        # Of the condition: they may meet at its mutex as well.
        waits = sent["block"].profile.sum("contentions/count", "work", kind="condition")
        expect(f"{waits} waits are over", waits == 2)
        memory = sent["memory"].profile
        expect("blocks since the beginning",
               memory.sum("alloc_objects/count", "make_block") == 20 and
               memory.sum("inuse_objects/count", "make_block") == 10)


def check_labels(arguments, target):
    stand_in = StandIn()
    push = Push(arguments, target.pid, "--to", stand_in.url, "--once", "--profiles", "tasks",
                "--label", "env=flag", TRACK_LABELS="env=track,team=core,hostname=",
                OTEL_SERVICE_NAME="checkout",
                OTEL_RESOURCE_ATTRIBUTES="service.name=attr,deployment.environment=prod%2Ceu,"
                                         "env=otel,9lives=yes")
    code, _, err = push.end()
    expect(f"labels: {code} {err}", code == 0 and not err)
    labels = stand_in.next().labels
    expect(f"labels: {labels}", labels == {
        "service_name": "checkout", "env": "flag", "team": "core", "_9lives": "yes",
        "deployment_environment": "prod,eu"})
    stand_in.close()


def check_rounds(arguments, target):
    """What sums up is sent as what is new; what is there as it is."""
    stand_in = StandIn()
    push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "200ms", "--profiles",
                "heap,tasks")
    stand_in.next("tasks")
    # The first of what sums up is left out: who knows over what time it did.
    first = stand_in.next("memory")
    before = first.profile.sum("inuse_objects/count", "make_block")
    made = first.profile.sum("alloc_objects/count", "make_block")
    target("keep", 50)
    while True:
        sent = stand_in.next("memory").profile
        made += sent.sum("alloc_objects/count", "make_block")
        if sent.sum("inuse_objects/count", "make_block") == before + 50 and made >= 100:
            break
    quiet = stand_in.next("memory").profile
    expect(f"blocks were made {made} times", made == 100)
    expect("and once more", quiet.sum("alloc_objects/count", "make_block") == 0 and
           quiet.sum("inuse_objects/count", "make_block") == before + 50)
    code, out, err = push.end(signal.SIGINT)
    expect(f"Ctrl-C: {code} {out} {err}", code == 0 and not err and "\nsent " in out and
           f"heap, tasks of {target.pid} to {stand_in.url}/push.v1.PusherService/Push" in out)
    stand_in.close()


def check_answers(arguments, target, folder):
    spool = f"{folder}/answers"
    common = ("--profiles", "tasks", "--spool", spool, "--retry", "20ms")

    # 500 and 503: again, the same; 429: not before the time it asks for.
    stand_in = StandIn()
    for answer in ((500, {}, b"no"), (503, {}, b"later"), (429, {"Retry-After": "1"}, b"slow down")):
        stand_in.answers.put(answer)
    push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "1h", *common)
    asked = [stand_in.asked.get(timeout=LONGEST) for _ in range(4)]
    expect("another profile came", len({sent.id for _, sent in asked}) == 1)
    expect("Retry-After was not heeded", asked[3][0] - asked[2][0] >= 1)
    push.hear("is there again")
    code, out, err = push.end(signal.SIGTERM)
    expect(f"after 500: {code} {out} {err}", code == 0 and err.count("is away") == 1 and
           "status 500: no" in err and "sent 1 profile\n" in out)
    expect("something is kept", not kept(spool))

    # 400: told once, however many rounds, and not sent again.
    for _ in range(3):
        stand_in.answers.put((400, {}, b"no such\n\x1b[31mthing"))
    push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "100ms", *common)
    asked = [stand_in.asked.get(timeout=LONGEST)[1].id for _ in range(4)]
    expect("what was refused was sent again", len(set(asked)) == 4)
    code, out, err = push.end(signal.SIGTERM)
    expect(f"after 400: {code} {out} {err}", code == 0 and err.count("refuses") == 1 and
           "status 400: no such ?[31mthing" in err and "3 refused" in out)
    # A later one may have been under way when it ended.
    expect("what was refused is kept", not set(asked[:3]) & set(kept_ids(spool)))
    forget(spool)
    stand_in.all()

    # A redirection is not followed.
    stand_in.answers.put((307, {"Location": stand_in.url + "/else"}, b""))
    code, out, err = Push(arguments, target.pid, "--to", stand_in.url, "--once", *common).end()
    expect(f"307: {code} {err}", code == 2 and "leads to" in err and stand_in.sent.empty())

    # Silence: given up, kept, and sent when it speaks again.
    stand_in.answers.put("hang")
    push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "1h", "--timeout",
                "300ms", *common)
    sent = stand_in.next()
    push.hear("is there again")
    code, _, err = push.end(signal.SIGTERM)
    expect(f"silence: {code} {err}", code == 0 and "no answer in time" in err)
    # What is under way when it is told to end is kept.
    for _ in range(2):
        stand_in.asked.queue.clear()
        stand_in.answers.put("hang")
        push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "1h", *common)
        id_ = stand_in.asked.get(timeout=LONGEST)[1].id
        code, out, err = push.end(signal.SIGTERM)
        expect(f"told to end: {code} {out} {err}",
               code == 0 and kept_ids(spool)[:1] == [id_] and "kept on disk" in out)
        forget(spool)
    expect("sent", sent)
    stand_in.close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def forget(spool):
    for name in kept(spool):
        os.unlink(f"{spool}/{name}")


def await_kept(spool, count):
    over = time.monotonic() + LONGEST
    while len(kept(spool)) < count:
        if time.monotonic() > over:
            raise RuntimeError(f"only {len(kept(spool))} are kept")
        time.sleep(0.02)


def check_spool(arguments, target, folder):
    """Nobody there: kept, in order, over a kill -9 and a new start."""
    spool = f"{folder}/spool"
    port = free_port()
    words = (target.pid, "--to", f"http://127.0.0.1:{port}", "--interval", "100ms", "--profiles",
             "tasks", "--spool", spool, "--retry", "50ms")
    token = f"{folder}/token"
    pathlib.Path(token).write_text("s3cret-token\n")
    push = Push(arguments, *words, "--bearer-file", token)
    await_kept(spool, 4)
    push.process.kill()
    _, out, err = push.end()
    expect(f"away: {err}", err.count("\n") == 1 and "is away (no connection)" in err)
    ids = kept_ids(spool)
    expect("others may read them", all(
        stat.S_IMODE(path.stat().st_mode) == 0o600 for path in pathlib.Path(spool).iterdir()) and
        stat.S_IMODE(os.stat(spool).st_mode) == 0o700)
    expect("the token is on disk", not any(b"s3cret" in path.read_bytes()
                                           for path in pathlib.Path(spool).iterdir()))
    # A damaged one, and what a kill left behind.
    pathlib.Path(spool, "00000000000000000001.1.000000.profile").write_bytes(b"{}\nnothing")
    pathlib.Path(spool, f"new.{push.process.pid}").write_bytes(b"half")
    stand_in = StandIn(port, {"Authorization": "Bearer s3cret-token"})
    push = Push(arguments, *words, TRACK_PUSH_BEARER="s3cret-token")
    taken = [stand_in.next().id for _ in range(len(ids) + 3)]
    expect(f"sent {taken}, kept were {ids}", taken[:len(ids)] == ids and
           len(set(taken)) == len(taken))
    code, out, err = push.end(signal.SIGINT)
    expect(f"after it came back: {code} {out} {err}", code == 0 and "1 damaged" in out and
           "could not be read" in err and "s3cret" not in out + err)
    # What was under way when it ended, and what a slow machine made meanwhile.
    left = [name for name in os.listdir(spool) if name != "lock"]
    expect(f"left: {left}", sorted(left) == kept(spool) and
           not set(taken[:-1]) & set(kept_ids(spool)))
    stand_in.close()

    # No more than there is room for: the newest stay.
    push = Push(arguments, *words, "--spool-size", "8KiB")
    push.hear("the spool is full")
    code, out, err = push.end(signal.SIGTERM)
    dropped = re.search(r"(\d+) kept on disk for the next time, (\d+) dropped", out)
    expect(f"full: {code} {out} {err}", code == 0 and dropped and int(dropped[1]) >= 1 and
           err.count("full") == 1)
    size = sum((pathlib.Path(spool) / name).stat().st_size for name in kept(spool))
    expect(f"{size} bytes are kept", 0 < size <= 8 << 10)
    # Once: kept is sent first.
    ids = kept_ids(spool)
    stand_in = StandIn(port)
    code, out, err = Push(arguments, *words, "--once").end()
    taken = [sent.id for sent in stand_in.all()]
    expect(f"once: {code} {out} {err}", code == 0 and taken[:-1] == ids)
    stand_in.close()
    code, out, err = Push(arguments, *words, "--once").end()
    expect(f"once, away: {code} {out} {err}", code == 2 and "1 kept on disk" in out)


def check_secrets(arguments, target, folder):
    token, basic = f"{folder}/bearer", f"{folder}/basic"
    pathlib.Path(token).write_text("t0ken/+=\n")
    pathlib.Path(basic).write_text("user:pass w0rd\n")
    login = base64.b64encode(b"user:pass w0rd").decode()
    for words, headers in (
            (("--bearer-file", token, "--tenant", "team-1"),
             {"Authorization": "Bearer t0ken/+=", "X-Scope-OrgID": "team-1"}),
            (("--basic-file", basic), {"Authorization": f"Basic {login}"})):
        stand_in = StandIn(wanted_headers=headers)
        # It says all it was told.
        stand_in.answers.put((401, {}, headers["Authorization"].encode() + b" pass w0rd is wrong"))
        code, out, err = Push(arguments, target.pid, "--to", stand_in.url, "--once", "--profiles",
                              "tasks", *words).end()
        said = out + err
        expect(f"401: {code} {said}", code == 2 and "401" in said and "is wrong" in said and
               "t0ken" not in said and login not in said and
               ("w0rd" not in said or "--bearer-file" in words))
        stand_in.close()


def check_secure(arguments, target, folder):
    key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    stand_in = StandIn(context=context)
    words = (target.pid, "--to", stand_in.url, "--once", "--profiles", "tasks", "--retry", "10ms",
             "--spool", f"{folder}/secure")
    code, out, err = Push(arguments, *words).end()
    expect(f"a certificate of nobody's: {code} {out} {err}", code == 2 and "not trusted" in err)
    code, out, err = Push(arguments, *words, "--ca-file", certificate).end()
    expect(f"https: {code} {out} {err}", code == 0 and "sent 2 profiles" in out)
    stand_in.close()


def check_gone(arguments, folder):
    target = ToldProcess(arguments, f"{folder}/two", "alloc=exact")
    stand_in = StandIn()
    push = Push(arguments, target.pid, "--to", stand_in.url, "--interval", "100ms")
    stand_in.next("tasks")
    target.end()
    code, out, err = push.end()
    expect(f"gone: {code} {out} {err}", code == 0 and f"{target.pid} is gone" in err and
           "sent " in out)
    stand_in.close()


def check_usage(arguments, target, folder):
    url = "http://127.0.0.1:9"
    os.mkdir(f"{folder}/open")
    os.chmod(f"{folder}/open", 0o755)
    for words, say in (
            ((target.pid,), "--to"), ((target.pid, "--to", "localhost:4040"), "http://"),
            ((target.pid, "--to", "http://me:hidden@127.0.0.1:9"), "--basic-file"),
            ((999999999, "--to", url), "999999999"), ((folder, "--to", url), "directory"),
            ((target.pid, "--to", url, "--profiles", "cpu"), "--cpu"),
            ((target.pid, "--to", url, "--profiles", "tasks,nonsense"), "nonsense"),
            ((target.pid, "--to", url, "--label", "a-b=c"), "a-b"),
            ((target.pid, "--to", url, "--label", "__name__=c"), "__name__"),
            ((target.pid, "--to", url, "--label", "plain"), "plain"),
            ((target.pid, "--to", url, "--tenant", "a b"), "--tenant"),
            ((target.pid, "--to", url, "--bearer-file", f"{folder}/none"), "none"),
            ((target.pid, "--to", url, "--spool", f"{folder}/open"), "only you"),
            ((target.pid, "--to", url, "--spool-size", "much"), "much"),
            ((target.pid, "--to", url, "--interval", "1ms"), "--interval")):
        code, out, err = Push(arguments, *words).end()
        expect(f"{words}: {code} {out} {err}", code == 2 and say in err and not out and
               "hidden" not in err and err.count("\n") == 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--track", "--library", "--growing"):
        parser.add_argument(name, required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    if not shutil.which("openssl"):
        print("push: openssl is missing; run scripts/packages --install test")
        return 1
    with tempfile.TemporaryDirectory(prefix="push-") as folder:
        os.chmod(folder, 0o700)
        arguments.folder = folder
        target = ToldProcess(arguments, f"{folder}/one", "alloc=exact")
        target("keep", 10)
        target("leak", 3)
        target("dead", 1)
        target("work", 2)
        await_workers(arguments, target, 2)
        target("work", 0)
        for check in (check_forms, check_labels, check_rounds):
            check(arguments, target)
        for check in (check_answers, check_spool, check_secrets, check_secure, check_usage):
            check(arguments, target, folder)
        check_gone(arguments, folder)
        target.end()
    failures.extend(f"against the contract: {wrong}" for wrong in complaints)
    for failure in failures:
        print(f"push: {failure}")
    print(f"push: {len(failures)} failure(s)")
    return 1 if failures else 0


sys.exit(main())
