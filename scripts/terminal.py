# SPDX-License-Identifier: Apache-2.0
"""How does a run meet the person before it?  What partitions say is told apart by colour, kept in
files, and what is typed goes to the machine.

Each line of the console begins with its writer's name, `[nav] `, or is the kernel's.  Only what a
raw partition writes while it is typed to has no name; the kernel says when that is:

    bulkhead: typing to linux, raw

Library: add_arguments(), session(), Splitter, Logs, Screen."""
import contextlib
import os
import re
import signal
import sys
import termios
import urllib.parse

import fdt

LEAVE = b"\x1d"  # Ctrl-]
KERNEL = b"bulkhead: "
TYPING = re.compile(rb"^bulkhead: typing to ([!-~]+)(, raw)?(?:;.*)?$")
LINE_PART = re.compile(rb"\r\n|\r|\n")
COLOURS = (36, 33, 32, 35, 34, 31)  # of partitions, in their order; the kernel's is bold
TIMEOUT_S = 300


class Splitter:
    """Whose is which part of the console?  feed() takes bytes as they come and yields (owner, tag,
    text): owner is a partition's name or None for the kernel; tag is what was before the text."""

    def __init__(self, names):
        self.tags = {f"[{name}] ".encode(): name for name in names}
        self.held = b""  # a line's start that may become a tag
        self.before = b"\n"  # what ended the part before, b"" in the midst of a line
        self.owner = None
        self.raw = None  # who is typed to without tags
        self.kernel_line = b""

    def find_tag(self, data):
        """(tag, owner), or None if more characters are needed to tell."""
        if self.before == b"\r":  # the same again, or the rest of CR LF
            tags = {tag: name for tag, name in self.tags.items() if name == self.owner}
            other = self.owner
        else:
            tags = {**self.tags, KERNEL: None}
            other = self.raw
        for tag, name in tags.items():
            if data.startswith(tag):
                return tag, name
            if tag.startswith(data):
                return None
        return b"", other

    def feed(self, data):
        data = self.held + data
        self.held = b""
        at = 0
        while at < len(data):
            tag = b""
            if self.before:
                found = self.find_tag(data[at:])
                if found is None:
                    self.held = data[at:]
                    return
                tag, self.owner = found
            begin = at + len(tag)
            end = LINE_PART.search(data, begin)
            at = end.end() if end else len(data)
            self.before = data[at - 1:at] if end else b""
            self.note(tag + data[begin:at])
            yield self.owner, tag, data[begin:at]

    def flush(self):
        """What is held, when nothing more comes."""
        if self.held:
            yield self.owner if self.before == b"\r" else self.raw, b"", self.held
            self.held = b""

    def note(self, part):
        """Follows what the kernel says of raw partitions."""
        if self.owner is not None:
            return
        self.kernel_line += part
        if self.before == b"\n":
            said = TYPING.match(self.kernel_line.rstrip())
            if said:
                self.raw = said.group(1).decode() if said.group(2) else None
            self.kernel_line = b""


class Logs:
    """A directory with a file for each partition, NAME.log, without tags; kernel.log; and
    console.log, the console as it was.  A name's unusual characters become %xx, and a % tells a
    partition of the name kernel or console from those two."""

    def __init__(self, directory, names):
        os.makedirs(directory, exist_ok=True)
        files = {name: urllib.parse.quote(name, safe="") for name in names}
        files = {name: file + "%" * (file in ("kernel", "console")) for name, file in files.items()}
        files[None] = "kernel"
        self.files = {name: open(os.path.join(directory, file + ".log"), "wb")
                      for name, file in files.items()}
        self.console = open(os.path.join(directory, "console.log"), "wb")
        self.ended_in_cr = set()

    def put_all(self, data):
        self.console.write(data)
        self.console.flush()

    def put(self, owner, tag, text):
        """The text of one owner, with LF for CR LF."""
        if owner is None:
            text = tag + text
        if owner in self.ended_in_cr:
            self.ended_in_cr.discard(owner)
            text = b"\r" + text
        if text.endswith(b"\r"):
            self.ended_in_cr.add(owner)
            text = text[:-1]
        self.files[owner].write(text.replace(b"\r\n", b"\n"))
        self.files[owner].flush()

    def close(self):
        for file in (*self.files.values(), self.console):
            file.close()


class Screen:
    """The console in colour: each tag in its partition's."""

    def __init__(self, out, names):
        self.out = out
        self.colour = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}
        self.colour[None] = 1

    def put(self, owner, tag, text):
        if tag:
            tag = b"\033[%dm%s\033[0m" % (self.colour[owner], tag)
        self.out.write(tag + text)

    def flush(self):
        self.out.flush()


class Echo:
    """A binary stream for system.run(): to the user, as it is or in colour, and to the logs."""

    def __init__(self, out, names, logs=None, colour=False):
        self.out = out
        self.splitter = Splitter(names)
        self.screen = Screen(out, names) if colour else None
        self.logs = logs

    def write(self, data):
        if not self.screen:
            self.out.write(data)
        if self.logs:
            self.logs.put_all(data)
        self.put(self.splitter.feed(data))

    def put(self, parts):
        for part in parts:
            if self.screen:
                self.screen.put(*part)
            if self.logs:
                self.logs.put(*part)

    def flush(self):
        self.out.flush()

    def close(self):
        self.put(self.splitter.flush())
        self.flush()
        if self.logs:
            self.logs.close()


class Keyboard:
    """A terminal that gives each key as it is pressed, Ctrl-C among them, to system.run()."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        self.saved = termios.tcgetattr(self.file)
        mode = termios.tcgetattr(self.file)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.ISTRIP)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        mode[6][termios.VMIN] = 1
        mode[6][termios.VTIME] = 0
        termios.tcsetattr(self.file, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *_):
        termios.tcsetattr(self.file, termios.TCSAFLUSH, self.saved)

    def fileno(self):
        return self.file.fileno()

    def read(self):
        """What was typed; None if the user leaves."""
        keys = os.read(self.fileno(), 1024)
        return None if not keys or LEAVE in keys else keys


def partitions_of(dtb):
    """(name, whether it may be typed to) of each partition in a merged tree, by their ids."""
    node = fdt.load(dtb).find("/bulkhead/partitions")
    partitions = [child for child in (node.children if node else ())
                  if child.name.split("@")[0] == "partition"]
    return [(partition.string("label") or partition.name,
             any("input" in child.properties for child in partition.children))
            for partition in sorted(partitions, key=lambda one: one.number("reg", 0))]


def add_arguments(parser):
    parser.add_argument("--log", metavar="DIR", help="keep what each says in a file of DIR")
    parser.add_argument("--timeout", type=float,
                        help=f"seconds of wall time; default {TIMEOUT_S}, or none for who types")


def end_by_signal(number, _):
    sys.exit(128 + number)


@contextlib.contextmanager
def session(dtb, arguments):
    """The keywords of system.run() for a run before a user.

    Where standard input is a terminal and a partition may be typed to, each key goes there, and
    Ctrl-] ends the run.  There is colour if standard output is a terminal and NO_COLOR is not
    set."""
    partitions = partitions_of(dtb)
    names = [name for name, _ in partitions]
    out = sys.stdout.buffer
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    typing = sys.stdin is not None and sys.stdin.isatty() and any(may for _, may in partitions)
    logs = Logs(arguments.log, names) if arguments.log else None
    with contextlib.ExitStack() as stack:
        echo = stack.enter_context(contextlib.closing(Echo(out, names, logs, colour)))
        keyboard = None
        if typing:
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, end_by_signal)  # the terminal is restored on the way out
            print("What you type goes to the partitions; Ctrl-] ends the run.", file=sys.stderr)
            keyboard = stack.enter_context(Keyboard(sys.stdin))
        timeout_s = arguments.timeout or (float("inf") if typing else TIMEOUT_S)
        yield {"echo": echo, "keyboard": keyboard, "timeout_s": timeout_s}
        if typing and echo.splitter.before != b"\n":
            echo.out.write(b"\n")
