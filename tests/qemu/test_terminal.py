# SPDX-License-Identifier: Apache-2.0
"""Does a run meet its user as scripts/terminal.py says?  Colour, a log for each partition, and the
keyboard, on a terminal of the test's own."""
import io
import os
import re
import select
import shutil
import subprocess
import sys
import termios
import time

import pytest

import systems
from systems import MS, Partition, Window, system

import terminal  # scripts/terminal.py, on the path that systems sets

NAMES = ("nav", "na", "a/b", "kernel")
COOKED = (b"bulkhead: module x\r\n[nav] one\r\n[na] two\rhalf\r\n[a/b] x\r[a/b] y\r\n\r\n"
          b"  table [nav] no\r\n[nav] prompt> \r\n[kernel] I am not\r\n[nobody] odd\r\nbulkhead: end\r\n[na")
RAW = (b"bulkhead: typing to na, raw; Ctrl-O ? for help\r\n$ ls\r\n\033[H[nav]x\r\rb\n"
       b"[nav] three\r\n$ \r\nbulkhead: typing to nav\r\n  table\r\n")


def parts_of(data, size):
    """What the splitter makes of data that comes `size` bytes at a time: text by owner."""
    splitter = terminal.Splitter(NAMES)
    texts = {name: b"" for name in (*NAMES, None)}
    whole = b""
    for at in range(0, len(data), size):
        for owner, tag, text in splitter.feed(data[at:at + size]):
            texts[owner] += text
            whole += tag + text
    for owner, tag, text in splitter.flush():
        texts[owner] += text
        whole += tag + text
    assert whole == data
    return texts


@pytest.mark.requirement("BH-CON-8")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_text_is_told_apart_by_its_tags(size):
    assert parts_of(COOKED, size) == {
        "nav": b"one\r\nprompt> \r\n", "na": b"two\rhalf\r\n", "a/b": b"x\ry\r\n",
        "kernel": b"I am not\r\n",
        None: b"module x\r\n\r\n  table [nav] no\r\n[nobody] odd\r\nend\r\n[na"}


@pytest.mark.requirement("BH-CON-8")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_raw_text_is_the_one_who_is_typed_to(size):
    texts = parts_of(RAW, size)
    assert texts["na"] == b"$ ls\r\n\033[H[nav]x\r\rb\n$ \r\n"
    assert texts["nav"] == b"three\r\n"
    assert texts[None] == b"typing to na, raw; Ctrl-O ? for help\r\ntyping to nav\r\n  table\r\n"


@pytest.mark.requirement("BH-CON-8")
def test_colour_changes_nothing_else():
    out = io.BytesIO()
    echo = terminal.Echo(out, NAMES, colour=True)
    for at in range(0, len(COOKED), 5):
        echo.write(COOKED[at:at + 5])
    echo.close()
    coloured = out.getvalue()
    assert re.sub(rb"\033\[\d*m", b"", coloured) == COOKED
    assert b"\033[36m[nav] \033[0mone" in coloured and b"\033[1mbulkhead: \033[0mend" in coloured
    tags = re.findall(rb"\033\[(\d+)m(\[[^ ]+\] )", coloured)
    assert len({colour for colour, _ in tags}) == len({tag for _, tag in tags}) == 4


@pytest.mark.requirement("BH-CON-8")
def test_each_partition_has_a_log(make_system, tmp_path):
    partitions = [Partition("kernel", "bench"), Partition("a/b", "bench")]
    windows = [Window(partition.name, index * MS, MS) for index, partition in enumerate(partitions)]
    made = make_system(partitions, windows, 2 * MS, 20)
    names = [name for name, _ in terminal.partitions_of(made.dtb)]
    assert names == ["kernel", "a/b"]
    directory = tmp_path / "some" / "logs"
    echo = terminal.Echo(io.BytesIO(), names, terminal.Logs(directory, names))
    run = system.run(made, timeout_s=60, echo=echo)
    echo.close()
    assert run.status == "ok"
    logs = {file.name: file.read_bytes().decode() for file in directory.iterdir()}
    assert logs.keys() == {"kernel.log", "console.log", "kernel%.log", "a%2Fb.log"}
    assert logs["console.log"].replace("\r\n", "\n") == run.console
    for name, log in (("kernel", "kernel%.log"), ("a/b", "a%2Fb.log")):
        assert logs[log] == "".join(line + "\n" for line in run.lines_of(name))
        assert "bench: end\n" in logs[log]
    assert logs["kernel.log"].endswith("health_events=0\n") and "[" not in logs["kernel.log"]


class User:
    """Someone at a terminal, who runs a system and answers what it says."""

    def __init__(self, *command, **environment):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.run = subprocess.Popen(
            [sys.executable, os.path.join(systems.ROOT, "scripts", "system.py"), "run", *command],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm", **environment})
        self.seen = b""

    def expect(self, text):
        deadline = time.monotonic() + 60
        while text not in self.seen:
            if not select.select([self.master], [], [], deadline - time.monotonic())[0]:
                raise AssertionError(f"{text} did not come: {self.seen[-2000:]}")
            self.seen += os.read(self.master, 65536)
        self.seen = self.seen.split(text, 1)[1]

    def type(self, keys):
        os.write(self.master, keys)

    def ended(self):
        code = self.run.wait(30)
        assert termios.tcgetattr(self.slave) == self.before, "the terminal was not given back"
        return code

    def close(self):
        self.run.kill()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def user(build, tmp_path, request):
    """user(console, ...): a User of a system of one echoing partition; more is for system.py."""
    users = []

    def make(console, *options, **environment):
        name = re.sub(r"\W", "-", request.node.name)
        partitions = [Partition("ear", "echo", (0, 1), console=console)]
        made = systems.write_system(str(tmp_path), system.Machine(), partitions,
                                    [Window("ear", 0, 5 * MS)], 5 * MS, 10**6, build=build)
        overlay = shutil.copy(made.overlays[0].source, tmp_path / f"{name}.dtso")
        users.append(User(str(overlay), "--build", build, *options, **environment))
        return users[-1]

    yield make
    for made in users:
        made.close()


@pytest.mark.requirement("BH-CON-8")
def test_keys_go_to_the_guest_and_one_leaves(user):
    at_terminal = user(("input;",))
    at_terminal.expect(b"Ctrl-] ends the run")
    at_terminal.expect(b"\033[36m[ear] \033[0m> ")
    at_terminal.type(b"ab")
    at_terminal.type(b"\x03\x1a\x1c\r")  # what would be signals
    at_terminal.expect(b"echo: ab\x03\x1a\x1c\r\r\n")
    at_terminal.type(b"\x1d")
    assert at_terminal.ended() == 0


@pytest.mark.requirement("BH-CON-8")
def test_terminal_is_given_back_when_the_run_is_ended(user):
    at_terminal = user(("input;",), NO_COLOR="1")
    at_terminal.expect(b"\n[ear] > ")
    assert termios.tcgetattr(at_terminal.slave) != at_terminal.before
    at_terminal.run.terminate()
    assert at_terminal.ended() == 143


@pytest.mark.requirement("BH-CON-8")
def test_terminal_is_left_alone_where_nobody_is_typed_to(user):
    at_terminal = user(("buffer-bytes = <512>;",), "--timeout", "4")
    at_terminal.expect(b"echo: ready")
    assert termios.tcgetattr(at_terminal.slave) == at_terminal.before
    assert at_terminal.ended() == 1
