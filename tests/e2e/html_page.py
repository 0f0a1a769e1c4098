#!/usr/bin/env python3
"""The page of `track html` says what the other verbs say: findings, tasks, waits, profiles, growth;
its plain table is there without a script, and nothing in it points to the network.

    html_page.py --track TRACK --library LIBTRACK.SO --growing GROWING_TARGET --build DIR
"""
import argparse
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import samples

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import view_bundle  # noqa: E402

failures = []


def expect(what, right):
    if not right:
        failures.append(what)


class Track:
    def __init__(self, command):
        self.command = command

    def __call__(self, *words, code=0):
        done = subprocess.run([self.command, *words], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        expect(f"track {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}",
               done.returncode == code)
        return done

    def json(self, *words):
        done = subprocess.run([self.command, *words, "--json", "-"], capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        return json.loads(done.stdout)


def look_at(track, dumps, page):
    """The sections of the page that is made of the dumps, and its text."""
    track("html", *dumps, "-o", str(page))
    text = page.read_text()
    return view_bundle.of_page(text), text


def check_page(text, sections):
    expect("a mark is left in the page", "<!--track:" not in text)
    outside = re.findall(r'(?:src|href)="(?!#|data:)([^"]*)"', text)
    expect(f"the page refers to {outside}", not outside)
    for name in ("meta.json", "leaks.json", "tasks.json", "waits.json", "strings.json", "frames",
                 "stacks", "sources.json", "timeline", "profile.0"):
        expect(f"there is no section {name}", name in sections)


def check_findings(track, dump, sections, text):
    ours, theirs = json.loads(sections["leaks.json"]), track.json("leaks", dump)
    expect(f"leaks.json is not what `track leaks --json` says: {ours} {theirs}", ours == theirs)
    expect("nothing was found", ours["findings"])
    start = text.index('<div id="track-static">')
    table = html.unescape(text[start:text.index('id="track-app"', start)])
    for finding in ours["findings"]:
        for words in (finding["title"], *finding["because"], finding["rule"], finding["evidence"]):
            expect(f"the plain table lacks: {words}", words in table)


def check_tasks(track, dump, sections):
    def plain(document):
        return [[(row["kind"], row["id"], row["state"], row["count"], row["at"])
                 for row in process["tasks"]] for process in document["processes"]]
    ours, theirs = json.loads(sections["tasks.json"]), track.json("ps", dump)
    expect(f"tasks.json: {plain(ours)}, ps: {plain(theirs)}", plain(ours) == plain(theirs))


def check_waits(sections):
    """The sample's two tasks stand in a cycle."""
    graph = json.loads(sections["waits.json"])["graph"]
    nodes = {node["id"]: node for node in graph["nodes"]}
    expect(f"no cycle of two: {graph['cycles']}", [len(cycle) for cycle in graph["cycles"]] == [2])
    around = {(edge["from"], edge["to"]) for edge in graph["edges"] if edge["certain"]}
    for cycle in graph["cycles"]:
        for one, next_one in zip(cycle, cycle[1:] + cycle[:1]):
            expect(f"no edge from {one} to {next_one}: {around}", (one, next_one) in around)
            expect(f"{nodes[one]} has no stack", nodes[one]["stack"])
    for edge in graph["edges"]:
        expect(f"{edge} ends nowhere", edge["from"] in nodes and edge["to"] in nodes)


def totals(columns, values):
    """Depth-first rows: (path of frames, own values)."""
    path, rows = [], []
    for row, depth in enumerate(columns["depth"]):
        expect("a row is deeper than its parent allows", depth <= len(path))
        del path[depth:]
        path.append(columns["frame"][row])
        rows.append((tuple(path), [columns[f"self{v}"][row] for v in range(values)]))
    return rows


def check_profiles(track, dump, sections):
    strings = json.loads(sections["strings.json"])
    _, frames = view_bundle.columns(sections["frames"])
    meta = json.loads(sections["meta.json"])
    expect("there are no profiles of tasks", "tasks" in [p["type"] for p in meta["profiles"]])
    for profile in meta["profiles"]:
        extra, columns = view_bundle.columns(sections[profile["section"]])
        expect(f"{profile['section']} is of {extra}", extra["type"] == profile["type"])
        rows = totals(columns, len(profile["value_types"]))
        for v, total in enumerate(profile["total"]):
            expect(f"{profile['type']}: own values make {sum(r[1][v] for r in rows)}, not {total}",
                   sum(row[1][v] for row in rows) == total)
        if profile["type"] == "leaks":
            continue  # judged: `folded` orders its stacks by another value
        shown = profile["shown"]
        ours = {}
        for path, values in rows:
            if values[shown]:
                key = ";".join(strings[frames["function"][frame]] for frame in path[1:])
                ours[key] = ours.get(key, 0) + values[shown]
        folded = track("profile", profile["type"], dump, "--format", "folded", "-o", "-").stdout
        theirs = {}
        for line in folded.splitlines():
            stack, _, value = line.rpartition(" ")
            theirs[stack] = theirs.get(stack, 0) + float(value)
        expect(f"{profile['type']}: {ours} is not {theirs}", ours == theirs)


def check_timeline(track, dump, sections, folder):
    extra, columns = view_bundle.columns(sections["timeline"])
    spans = len(columns["gap"])
    expect("there are no lanes", len(extra["lanes"]) == len(columns["lane_start"]) - 1 > 0)
    expect("lanes do not hold all spans", columns["lane_start"][-1] == spans > 0)
    ids = [lane["id"] for lane in extra["lanes"]]
    expect("lanes share a number", len(set(ids)) == len(ids) and 0 not in ids)
    escapes = iter(columns["escape"])
    for lane in range(len(extra["lanes"])):
        at = 0
        for span in range(columns["lane_start"][lane], columns["lane_start"][lane + 1]):
            gap, length = (next(escapes) if n == 0xffffffff else n
                           for n in (columns["gap"][span], columns["duration"][span]))
            at += gap
            expect(f"a span of lane {lane} ends after the end", at + length <= extra["end_ns"])
            expect("a name is unknown", columns["name"][span] < len(extra["names"]))
    expect("an escape is left over", next(escapes, None) is None)
    chrome = folder / "trace.json"
    track("trace", dump, "--format", "chrome", "-o", str(chrome))
    slices = [e for e in json.loads(chrome.read_text())["traceEvents"] if e["ph"] in ("X", "B")]
    expect(f"{spans} spans, {len(slices)} in `track trace`", spans == len(slices))


def check_deadlock(track, compiler, folder):
    sample = samples.Sample(samples.ROOT / "samples/locks/main_ab_ba.cc")
    binary, problem = compiler.compile(sample)
    if problem:
        raise RuntimeError(problem)
    dump = str(folder / "end.dump")
    track("run", "--timeout", "2", "--dump", dump, "--", str(binary), *sample.args, code=23)
    sections, text = look_at(track, [dump], folder / "page.html")
    check_page(text, sections)
    check_findings(track, dump, sections, text)
    check_tasks(track, dump, sections)
    check_waits(sections)
    check_profiles(track, dump, sections)
    check_timeline(track, dump, sections, folder)
    bundle = folder / "page.bundle"
    track("html", dump, "--bundle", "-o", str(bundle))
    expect("the bundle holds something else", view_bundle.of_bundle(bundle.read_bytes()) == sections)
    for words, why in ((["html", str(folder / "none"), "-o", str(folder / "x")], "no such target"),
                       (["html", dump, "-o", str(folder / "no/x")], "no such folder")):
        done = track(*words, code=2)
        expect(f"{why}: {done.stderr}", done.stderr.startswith("track: "))
        expect(f"{why}: something was written", not (folder / "x").exists())


def check_coroutines(track, compiler, folder):
    sample = samples.Sample(samples.ROOT / "samples/coroutines/traced_ab_ba.cc")
    binary, problem = compiler.compile(sample)
    if problem:
        raise RuntimeError(problem)
    dump = str(folder / "coroutines.dump")
    track("run", "--dump", dump, "--", str(binary), *sample.args, code=23)
    sections, text = look_at(track, [dump], folder / "coroutines.html")
    check_findings(track, dump, sections, text)
    check_waits(sections)
    locks = [edge["label"] for edge in json.loads(sections["waits.json"])["graph"]["edges"]]
    expect(f"the locks' names: {locks}",
           all(any(name in label for label in locks) for name in ("savings", "checking")))


def check_growth(track, library, growing, folder):
    environment = {**os.environ, "LD_PRELOAD": library, "TRACK_OPTIONS": f"dir={folder}/records"}
    process = subprocess.Popen([growing], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment)
    dumps = []
    for order in ("leak 2", "leak 4", "leak 4"):
        process.stdin.write(order + "\n")
        process.stdin.flush()
        process.stdout.readline()
        dumps.append(str(folder / f"{len(dumps)}.dump"))
        track("dump", str(process.pid), "-o", dumps[-1])
    process.stdin.close()
    process.wait(60)
    sections, _ = look_at(track, [dumps[2], dumps[0], dumps[1]], folder / "growth.html")
    growth = json.loads(sections["growth.json"])
    expect(f"three dumps: {growth['dumps']}", len(growth["dumps"]) == 3)
    most = growth["groups"][0]
    expect(f"what grows most: {most}", most["counts"] == [2, 6, 10] and most["monotone"])
    expect(f"its origin: {most}", most["kind"] == "thread" and most["created_at"])
    found = [one for one in json.loads(sections["leaks.json"])["findings"]
             if one["rule"] == "growing-tasks"]
    expect(f"the finding of its curve: {found}", len(found) == 1
           and found[0]["growth"] == [most["fingerprint"]] and found[0]["history"] == [2, 6, 10])
    expect(f"a name for links: {most['fingerprint']}", len(most["fingerprint"]) <= 20)
    # A profile beside that of before.
    page = folder / "diff.html"
    track("html", dumps[2], "--base", dumps[0], "-o", str(page))
    sections = view_bundle.of_page(page.read_text())
    _, columns = view_bundle.columns(sections["profile.0"])
    expect(f"before {sum(columns['base0'])}, after {sum(columns['self0'])}",
           sum(columns["self0"]) - sum(columns["base0"]) == 8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--track", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--growing", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    track = Track(str(pathlib.Path(arguments.track).resolve()))
    compiler = samples.Compiler("g++", arguments.build.resolve())
    with tempfile.TemporaryDirectory(prefix="track-html-") as folder:
        check_deadlock(track, compiler, pathlib.Path(folder))
        check_coroutines(track, compiler, pathlib.Path(folder))
        check_growth(track, arguments.library, arguments.growing, pathlib.Path(folder))
    for failure in failures:
        print("FAIL:", failure[:2000])
    print(f"{'1 passed, 0' if not failures else '0 passed, 1'} failed")
    return 1 if failures else 0


sys.exit(main())
