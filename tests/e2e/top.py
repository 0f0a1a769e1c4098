#!/usr/bin/env python3
"""`track top` as a person has it, in a real terminal (tmux): the three views, stacks, sorting,
filtering, freezing, resizing, and the terminal as it was on every way out; and as plain text.

    top.py --track TRACK --library LIBTRACK.SO --growing GROWING_TARGET
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from told_process import ToldProcess  # noqa: E402

failures = []
LONGEST = 60  # seconds until a word has to be on the screen; no test waits so long when it passes


def expect(what, right):
    if not right:
        failures.append(what)
        print(f"top: {what}", file=sys.stderr)


class Terminal:
    """A shell in a tmux of its own."""

    def __init__(self, folder, columns=100, rows=30, **environment):
        self.socket = f"{folder}/tmux"
        self.calls = 0
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("NO_COLOR", "TMUX", "LC_ALL", "LINES", "COLUMNS")}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  "bash --norc --noprofile",
                  environment={**clean, "LANG": "C.UTF-8", **environment})

    def tmux(self, *words, environment=None):
        done = subprocess.run(["tmux", "-S", self.socket, *map(str, words)], text=True,
                              capture_output=True, env=environment, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {words}: {done.stderr}")
        return done.stdout

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def until(self, what, wanted):
        """The screen, once `wanted` is true of it."""
        over = time.monotonic() + LONGEST
        while time.monotonic() < over:
            screen = self.screen()
            if wanted(screen):
                return screen
            time.sleep(0.05)  # between two looks at the pane
        raise RuntimeError(f"never on the screen: {what}\n{self.screen()}")

    def words(self, *words):
        return self.until(words, lambda screen: all(word in screen for word in words))

    def begin(self, command):
        """Starts it in a cleared terminal; over() awaits its end."""
        self.calls += 1
        self.type(f"clear; stty -g; {command}; echo \"[$?]\" {self.calls}; stty -g\n")

    def over(self):
        """Exit code, what was printed; the terminal has to be as it was."""
        end = re.compile(rf"\[(\d+)\] {self.calls}\n(\S+:\S+)\n")
        screen = self.until("the end", lambda screen: end.search(screen))
        first = screen.split("\n", 1)[0]
        code, after = end.search(screen).groups()
        expect(f"the terminal's modes were changed: {first}, {after}", first.strip() == after)
        flags = self.tmux("display", "-p", "#{alternate_on}#{cursor_flag}#{keypad_flag}").strip()
        expect(f"the screen is not as before: {flags}", flags == "010")
        return int(code), screen

    def close(self):
        self.tmux("kill-server")


def body(screen):
    """The rows of the table, without its titles."""
    return [line for line in screen.splitlines()[4:-1] if line.strip()]


def first_ids(screen):
    """The tasks in the order of the rows; less than all of them where the screen is looked at
    while it is drawn anew (cleared, or a row half written)."""
    ids = re.findall(r"^ *(\d+) ", "\n".join(body(screen)), re.MULTILINE)
    return [int(each) for each in ids]


def check_views(terminal, target):
    screen = terminal.words("[1 Tasks (10)]", "take_both", "q quit")
    expect("the title", f"pid {target.pid} (growing_target)" in screen.split("\n")[0])
    expect("the counts", "10 threads (0 on a CPU, 10 blocked), 0 coroutines; nothing lost" in screen)
    expect(f"ten rows: {first_ids(screen)}", sorted(first_ids(screen)) == list(range(1, 11)))
    terminal.words("3 Leaks (1)")  # judged, though another view is shown
    # Sorted, and the other way round.
    terminal.press("s")
    terminal.until("the largest id first",
                   lambda s: "vID" in s and first_ids(s) == list(range(10, 0, -1)))
    terminal.press("r")
    terminal.until("the smallest id first",
                   lambda s: "^ID" in s and first_ids(s) == list(range(1, 11)))
    # Filtered while typing; the stack of one.
    terminal.press("/")
    terminal.type("G_FIRST")
    terminal.until("one row", lambda s: "filter: G_FIRST_" in s and len(body(s)) == 1)
    terminal.press("Enter")
    terminal.words("filter: G_FIRST (1 of 10)")
    terminal.press("Enter")
    screen = terminal.words("waits for mutex", "held by thread", "created by thread 1 at", "q back")
    expect(f"both stacks: {screen}", "take_both" in screen and "lock_up" in screen and
           "main" in screen)
    terminal.press("q", "Escape")
    terminal.until("all rows again", lambda s: "filter" not in s.split("\n")[2] and len(body(s)) == 10)
    # Together, by who created them; and what there is more of than at the beginning.
    terminal.press("g")
    terminal.words("by site", "CREATED IN", "lock_up")
    target("leak", 4)
    terminal.until("four more", lambda s: re.search(r"^ +11 +\+4 .* leak growing_target", s, re.M))
    terminal.press("g", "g")
    terminal.words("by state", "condition")
    terminal.press("g")
    # Lock by lock.
    terminal.press("2")
    terminal.words("[2 Waits (", "mutex g_first", "held by thread", "condition g_changed")
    terminal.press("Enter")
    terminal.words("now waited for by thread", "take_both")
    terminal.press("Escape")
    # Findings, and why.
    terminal.press("Tab")
    terminal.words("[3 Leaks (1)]", "deadlock", "proved")
    terminal.press("Enter")
    terminal.words("because:", "take_both", "fingerprint")
    terminal.press("BSpace", "?")
    terminal.words("choose a row", "freeze", "q back")
    terminal.press("q", "BTab", "BTab")
    terminal.words("[1 Tasks (14)]")


def check_frozen(terminal, target):
    terminal.press("f")
    began = terminal.words("FROZEN for").split("\n")
    target("leak", 3)
    # It is drawn again each second; nothing but that time changes.
    later = terminal.until("a later time", lambda s: s.split("\n")[0] != began[0]).split("\n")
    expect(f"it was not frozen: {later}", later[1:] == began[1:])
    terminal.press("f")
    terminal.words("[1 Tasks (17)]", "every")


def check_sizes(terminal):
    for columns, rows in ((60, 12), (20, 5), (9, 2), (1, 1), (140, 40)):
        terminal.tmux("resize-window", "-x", columns, "-y", rows)
        if columns >= 20:
            terminal.until(f"{columns}x{rows}", lambda s: s.startswith(" track top"[:columns]) and
                           s.rstrip("\n").count("\n") == rows - 1 and
                           s.rstrip("\n").split("\n")[-1].startswith(" q quit"))
    terminal.words("AGE", "WHERE", "growing_target.cc")
    terminal.tmux("resize-window", "-x", 100, "-y", 30)
    terminal.until("100x30", lambda s: "WHERE" in s and "AGE" not in s)
    # More rows than there is room for.
    terminal.tmux("resize-window", "-x", 100, "-y", 10)
    terminal.until("five rows", lambda s: len(body(s)) == 5)
    terminal.press("End")
    terminal.until("the last row", lambda s: first_ids(s)[-1:] == [17])
    terminal.press("Home")
    terminal.until("the first row", lambda s: first_ids(s)[:1] == [1])
    terminal.tmux("resize-window", "-x", 100, "-y", 30)
    terminal.until("all rows", lambda s: len(body(s)) == 17)


def pid_of(terminal):
    """Of the command that runs in the shell."""
    shell = int(terminal.tmux("display", "-p", "#{pane_pid}"))
    children = pathlib.Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    return int(children[-1])


def check_ways_out(terminal, arguments, target):
    """Each of them, from each page; by key, by signal."""
    command = f"{arguments.track} top {target.pid}"

    def begin():
        terminal.begin(command)
        terminal.words("[1 Tasks (17)]")

    for way in ("C-c", "C-\\", signal.SIGTERM, signal.SIGHUP):
        begin()
        if isinstance(way, str):
            terminal.press("Enter")
            terminal.words("q back")
            terminal.press(way)
        else:
            os.kill(pid_of(terminal), way)
        code, _ = terminal.over()
        expect(f"{way}: exit {code}", code == 0)
    begin()
    terminal.press("C-z")
    terminal.words("Stopped")
    terminal.type("fg\n")
    terminal.words("[1 Tasks (17)]")
    terminal.press("q")
    # The shell goes on with the rest of its line when the command stops: modes were looked at then.
    terminal.until("its end", lambda s: "[1 Tasks" not in s)
    terminal.begin(f"TERM=no-such-terminal {command}")
    code, screen = terminal.over()
    expect(f"an unknown terminal: {code} {screen}", code == 2 and "no-such-terminal" in screen)


def colours(screen):
    return re.search(r"\033\[(?:\d+;)*[34][0-7]m", screen) is not None


def check_colours(terminal, arguments, target):
    for no_colour, coloured in (("", True), ("NO_COLOR=1 ", False)):
        terminal.begin(f"{no_colour}{arguments.track} top {target.pid}")
        terminal.words("[1 Tasks (17)]", "3 Leaks (1)")
        expect(f"colours, {no_colour or 'as they are'}", colours(terminal.screen("-e")) == coloured)
        terminal.press("q")
        terminal.over()


def check_gone(terminal, arguments, folder):
    target = ToldProcess(arguments, folder)
    terminal.begin(f"{arguments.track} top {target.pid} --interval 200ms")
    terminal.words("[1 Tasks (1)]", "3 Leaks (0)")
    expect("the target's exit", target.end() == 0)
    code, screen = terminal.over()
    expect(f"its end: {code} {screen}", code == 0 and f"pid {target.pid} (growing_target) is gone" in
           screen and "as last seen: 1 thread" in screen)


def check_text(arguments, target):
    def top(*words, **more):
        return subprocess.run([arguments.track, "top", *map(str, words)], text=True,
                              capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **more)

    # Without a terminal it prints them without being asked to.
    for words in ((), ("--once",)):
        done = top(target.pid, *words)
        expect(f"as text: {done}", done.returncode == 0 and not done.stderr and
               "\033" not in done.stdout and "\ntasks (17)\n" in done.stdout and
               "\nwaits (" in done.stdout and "\nleaks (1)\n" in done.stdout and
               re.search(r"^proved +deadlock +2 ", done.stdout, re.M))
    ids = [int(line.split()[0]) for line in
           top(target.pid, "--view", "tasks", "--sort", "id").stdout.split("\n")[4:] if line]
    expect(f"sorted: {ids}", ids == list(range(17, 0, -1)))
    one = top(target.pid, "--view", "tasks", "--by", "site", "--filter", "LEAK").stdout
    expect(f"one group: {one}", re.search(r"^ +14 ", one, re.M) and "lock_up" not in one)
    for words, say in ((("999999999",), "999999999"), ((target.pid, "--sort", "id"), "--view"),
                       ((target.pid, "--view", "tasks", "--sort", "size"), "WHERE"),
                       ((), "TARGET"), ((target.pid, "--interval", "soon"), "")):
        done = top(*words)
        if say:
            expect(f"{words}: {done}", done.returncode == 2 and say in done.stderr and
                   not done.stdout)
    dump = f"{arguments.folder}/now.dump"
    subprocess.run([arguments.track, "dump", str(target.pid), "-o", dump], check=True,
                   capture_output=True, timeout=120)
    expect("of a dump", "\ntasks (17)\n" in top(dump).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--track", "--library", "--growing"):
        parser.add_argument(name, required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    if not shutil.which("tmux"):
        print("top: tmux is missing; run scripts/packages --install test")
        return 1
    with tempfile.TemporaryDirectory(prefix="top-") as folder:
        os.chmod(folder, 0o700)
        arguments.folder = folder
        target = ToldProcess(arguments, f"{folder}/one")
        target("leak", 7)
        target("dead", 1)
        terminal = Terminal(folder)
        try:
            terminal.begin(f"{arguments.track} top {target.pid} --interval 500ms")
            check_views(terminal, target)
            check_frozen(terminal, target)
            check_sizes(terminal)
            terminal.press("q")
            code, _ = terminal.over()
            expect(f"q: exit {code}", code == 0)
            check_ways_out(terminal, arguments, target)
            check_colours(terminal, arguments, target)
            check_gone(terminal, arguments, f"{folder}/two")
        finally:
            terminal.close()
        check_text(arguments, target)
        target.end()
    for failure in failures:
        print(f"top: {failure}")
    print(f"top: {len(failures)} failure(s)")
    return 1 if failures else 0


sys.exit(main())
