"""A stand-in for the servers that `track push` sends to, which takes nothing but what the contracts
of Pyroscope (push.v1.PusherService/Push, /ingest) and Parca (WriteRaw) say, field by field."""
import base64
import email.parser
import email.policy
import http.server
import json
import queue
import re
import threading
import time
import urllib.parse

import pprof_file

LONGEST = 60  # seconds until something has to have come; no test waits so long when it passes
complaints = []  # of stand-ins that were closed: what was not as the contracts say
TYPES = {
    "tasks": ["tasks/count"],
    "threadcreate": ["threadcreate/count"],
    "memory": ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count",
               "inuse_space/bytes"],
    "mutex": ["contentions/count", "delay/nanoseconds"],
    "block": ["contentions/count", "delay/nanoseconds"],
    "leaks": ["leaks/count", "bytes_held/bytes"],
    "process_cpu": ["samples/count", "cpu/nanoseconds"],
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Wrong(Exception):
    """The request is not what the contract says."""


def need(right, what):
    if not right:
        raise Wrong(what)


class Sent:
    """One profile as the stand-in was sent it."""

    def __init__(self, name, labels, pprof, id_=""):
        need(name in TYPES, f"__name__ {name}")
        for label, value in labels.items():
            need(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label) and not label.startswith("__") and
                 value and value.isprintable(), f"label {label}={value}")
        need(labels.get("service_name"), "no service_name")
        self.name, self.labels, self.id = name, labels, id_
        try:
            self.profile = pprof_file.Profile(pprof)
        except (ValueError, KeyError, IndexError, OSError) as error:
            raise Wrong(f"no profile: {error!r}") from error
        need(self.profile.types == TYPES[name], f"{name} has {self.profile.types}")
        need(self.profile.period_type, "no period_type")
        need(self.profile.samples, "empty")
        need(all(value >= 0 for _, _, values in self.profile.samples for value in values), "negative")
        age = time.time() - self.profile.time_ns / 1e9
        need(0 <= age < 3600, f"it is of {age} s ago")


def pairs(listed):
    """Labels of a list of name and value."""
    for pair in listed:
        need(set(pair) == {"name", "value"}, f"a label is {pair}")
    names = [pair["name"] for pair in listed]
    need(names == sorted(names) and len(set(names)) == len(names), f"labels are {names}")
    labels = {pair["name"]: pair["value"] for pair in listed}
    return labels.pop("__name__"), labels


def of_push(handler, query, body):
    """push.v1.PushRequest as JSON of the Connect protocol."""
    need(not query and handler.headers["Content-Type"] == "application/json" and
         handler.headers["Connect-Protocol-Version"] == "1", str(handler.headers))
    body = json.loads(body)
    need(set(body) == {"series"} and len(body["series"]) == 1, f"{list(body)}")
    series, = body["series"]
    need(set(series) == {"labels", "samples"} and len(series["samples"]) == 1, f"{list(series)}")
    sample, = series["samples"]
    need(set(sample) == {"ID", "rawProfile"} and UUID.fullmatch(sample["ID"]), f"{sample.get('ID')}")
    return Sent(*pairs(series["labels"]), base64.b64decode(sample["rawProfile"], validate=True),
                sample["ID"])


def of_parca(handler, query, body):
    """parca.profilestore.v1alpha1.WriteRawRequest as JSON."""
    need(not query and handler.headers["Content-Type"] == "application/json", str(handler.headers))
    body = json.loads(body)
    need(set(body) == {"series", "normalized"} and body["normalized"] is False, f"{list(body)}")
    series, = body["series"]
    need(set(series) == {"labels", "samples"} and set(series["labels"]) == {"labels"}, f"{series}")
    sample, = series["samples"]
    need(set(sample) == {"rawProfile"}, f"{list(sample)}")
    return Sent(*pairs(series["labels"]["labels"]),
                base64.b64decode(sample["rawProfile"], validate=True))


def metric_name(config):
    """What Pyroscope files the profile under: by what its values are called."""
    for shown in (one["display-name"] for one in config.values()):
        for part, name in (("cpu", "process_cpu"), ("alloc_", "memory"), ("inuse_", "memory"),
                           ("mutex_", "mutex"), ("block_", "block")):
            if part in shown:
                return name
    return {"leaks_bytes": "leaks"}.get(shown, shown)


def of_ingest(handler, query, body):
    """Pyroscope's older /ingest, multipart."""
    need(set(query) == {"name", "from", "until", "format", "spyName"} and
         all(len(values) == 1 for values in query.values()), f"{query}")
    query = {name: values[0] for name, values in query.items()}
    need(query["format"] == "pprof" and int(query["from"]) < int(query["until"]) and
         abs(int(query["until"]) - time.time()) < 3600, f"{query}")
    application = re.fullmatch(r"([^{}]+)\{([^{}]*)\}", query["name"])
    need(application, query["name"])
    labels = dict(pair.split("=") for pair in application[2].split(","))
    labels["service_name"] = application[1]
    kind = handler.headers["Content-Type"]
    need(kind.startswith("multipart/form-data; boundary="), kind)
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = {}
    for part in message.iter_parts():
        need(part.get_content_disposition() == "form-data" and part.get_filename(), str(part))
        parts[part.get_param("name", header="Content-Disposition")] = part.get_payload(decode=True)
    need(set(parts) == {"profile", "sample_type_config"}, f"{list(parts)}")
    config = json.loads(parts["sample_type_config"])
    name = metric_name(config)
    for type_, one in config.items():
        need(set(one) == {"units", "display-name", "aggregation", "cumulative", "sampled"} and
             one["units"] in ("samples", "objects", "goroutines", "bytes", "lock_nanoseconds",
                              "lock_samples"), f"{one}")
        sums = type_.startswith("alloc_") or name in ("mutex", "block", "process_cpu",
                                                         "threadcreate")
        need(one["aggregation"] == ("sum" if sums else "average"), f"{type_}: {one}")
    return Sent(name, labels, parts["profile"])


FORMS = {"/push.v1.PusherService/Push": of_push, "/ingest": of_ingest,
         "/profiles/writeraw": of_parca}


class StandIn:
    """Takes profiles; `answers` (status, headers, body, or "hang") come first, then 200."""

    def __init__(self, port=0, wanted_headers=None, prefix="", context=None):
        self.sent, self.asked, self.wrong = queue.Queue(), queue.Queue(), []
        self.answers = queue.Queue()
        self.released = threading.Event()
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                url = urllib.parse.urlsplit(self.path)
                try:
                    need(url.path.startswith(prefix) and url.path[len(prefix):] in FORMS, self.path)
                    for name, value in (wanted_headers or {}).items():
                        need(self.headers.get_all(name) == [value], f"{name}: {self.headers[name]}")
                    if not wanted_headers:
                        need("Authorization" not in self.headers and
                             "X-Scope-OrgID" not in self.headers, "who is it?")
                    query = urllib.parse.parse_qs(url.query, strict_parsing=bool(url.query))
                    sent = FORMS[url.path[len(prefix):]](self, query, body)
                except (Wrong, ValueError, KeyError) as error:
                    stand_in.wrong.append(repr(error))
                    return self.answer(400, {}, b"wrong")
                answer = (200, {}, b"{}")
                try:
                    answer = stand_in.answers.get_nowait()
                except queue.Empty:
                    pass
                stand_in.asked.put((time.monotonic(), sent))
                if answer == "hang":
                    stand_in.released.wait(LONGEST)
                    self.close_connection = True
                    return None
                if answer[0] == 200:
                    stand_in.sent.put(sent)
                return self.answer(*answer)

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that gave up

        self.server = Server(("127.0.0.1", port), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}{prefix}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def next(self, name=None):
        """The next profile that was taken, of that name."""
        while True:
            try:
                sent = self.sent.get(timeout=LONGEST)
            except queue.Empty:
                raise RuntimeError(f"nothing was taken; against the contract: {self.wrong}") from None
            if name in (None, sent.name):
                return sent

    def all(self):
        taken = []
        while not self.sent.empty():
            taken.append(self.sent.get())
        return taken

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        complaints.extend(self.wrong)
