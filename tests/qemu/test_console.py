# SPDX-License-Identifier: Apache-2.0
"""Does each partition have a console of its own, and only that?  Tags, whole lines, input, floods."""
import re

import pytest

import systems
from systems import MS, US, Partition, Window, system

TALKERS = ("north", "east", "west")
FLOOD_ATTACK = next(number for number, name, _ in systems.ATTACKS if name == "console")


@pytest.mark.requirement("BH-CON-1")
def test_lines_are_whole_and_tagged(make_system, ended_ok):
    partitions = [Partition(name, "bench") for name in TALKERS]
    windows = [Window(name, index * MS, 1 * MS) for index, name in enumerate(TALKERS)]
    run = ended_ok(make_system(partitions, windows, 3 * MS, 20))
    heard = {name: run.lines_of(name) for name in TALKERS}
    for name in TALKERS:
        lines = [line for line in heard[name] if line]
        assert lines[-1] == "bench: end"
        assert all(re.fullmatch(r"bench: (\w+=\d+|end)", line) for line in lines), lines
    # What the kernel prints and what partitions print is all there is.
    for line in run.lines:
        assert not re.search(r"bench:.*\[", line), line


@pytest.mark.requirement("BH-CON-2")
def test_flood_is_lost_and_counted(make_system, ended_ok):
    partitions = [
        Partition("flood", "hostile", (FLOOD_ATTACK, 35), properties=('unmapped-access = "abort";',),
                  console=("buffer-bytes = <1024>;",)),
        Partition("quiet", "victim", (30,)),
    ]
    windows = [Window("flood", 0, 2 * MS), Window("quiet", 2 * MS, 400 * US)]
    run = ended_ok(make_system(partitions, windows, 2500 * US, 60))
    lost = [line for line in run.lines if re.search(r"lost \d+ characters", line)]
    assert lost, run.console[-2000:]
    assert all("flood" in line for line in lost)
    victim = systems.guest_line(run, "quiet", "victim: ")
    assert (victim["stolen_count"], victim["lost"]) == (0, 0)
    assert victim["offset_min_ns"] == victim["offset_max_ns"]


def seen(made, until, **keywords):
    """Runs a system until the console matches."""
    run = system.run(made, timeout_s=60, until=until, **keywords)
    assert re.search(until, run.console), run.console[-2000:]
    return run


@pytest.mark.requirement("BH-CON-3", "BH-CON-7")
@pytest.mark.parametrize("uart", ["arm,pl011", "arm,sbsa-uart"], ids=["pl011", "sbsa"])
@pytest.mark.parametrize("interrupt", [0, 1], ids=["polled", "interrupt"])
def test_input_reaches_its_partition(make_system, interrupt, uart):
    partitions = [
        Partition("ear", "echo", (interrupt,), console=("input;",), uart=uart),
        Partition("deaf", "echo", (interrupt,)),
    ]
    windows = [Window("ear", 0, 4 * MS), Window("deaf", 5 * MS, 4 * MS)]
    made = make_system(partitions, windows, 10 * MS, 1000)
    # What comes before the kernel is up may be lost: empty lines.
    run = seen(made, r"echo: ahoy there", send=b"\n" * 8 + b"ahoy there\n")
    assert "echo: ahoy there" in run.lines_of("ear"), run.console[-2000:]
    assert not any("ahoy" in line for line in run.lines_of("deaf"))


@pytest.mark.requirement("BH-CON-3")
def test_input_reaches_a_partition_that_has_the_whole_frame(one_partition):
    """Nothing ends such a window but the wish to look for input."""
    made = one_partition("echo", (1,), frames=100000, console=("input;",))
    run = seen(made, r"echo: later",
               answers=[(r"echo: ready", b"soon\r"), (r"echo: soon", b"later\r")])
    assert run.lines_of("only")[:3] == ["echo: ready", "echo: soon", "echo: later"], run.console


def typists(uart="arm,pl011", key=()):
    """Three partitions, of which the first and the last may be typed to, the last one first."""
    partitions = [Partition("left", "echo", (0,), console=("input;",), uart=uart),
                  Partition("deaf", "echo", (0,)),
                  Partition("right", "echo", (1,), console=('input = "first";',))]
    windows = [Window(partition.name, index * 3 * MS, 2 * MS)
               for index, partition in enumerate(partitions)]
    return partitions, windows, 10 * MS, 100000, key


@pytest.mark.requirement("BH-CON-4")
def test_switch_key_chooses_who_is_typed_to(make_system):
    answers = [
        (r"typing to right; Ctrl-O \? for help(?s:.*)right\] echo: ready", b"one\r"),
        (r"right\] echo: one", b"\x0fn"),
        (r"typing to left\n", b"two\r"),
        (r"left\] echo: two", b"\x0f2"),
        (r"typing to right\n", b"th\x0f\x0free\r"),  # the key twice is the key
        (r"right\] echo: th\x0free", b"\x0fp\x0f?"),
        (r"or: \*0 left, 2 right\n", b"\x0f1"),  # not one that may be typed to
        (r"or: \*0 left, 2 right\n", b"four\r"),
    ]
    run = seen(make_system(*typists()), r"echo: four", answers=answers)
    assert run.lines_of("left") == ["echo: ready", "echo: two", "echo: four"], run.console
    assert run.lines_of("right") == ["echo: ready", "echo: one", "echo: th\x0free"], run.console
    assert run.lines_of("deaf") == ["echo: ready"]


@pytest.mark.requirement("BH-CON-4")
def test_switch_key_is_the_descriptions(make_system):
    made = make_system(*typists(key=("input-switch-key = <0x02>;",)))
    run = seen(made, r"echo: \x0fn",
               answers=[(r"Ctrl-B \? for help(?s:.*)left\] echo: ready", b"\x02n"),
                        (r"typing to left\n", b"\x0fn\r")])
    assert run.lines_of("left") == ["echo: ready", "echo: \x0fn"], run.console


@pytest.mark.requirement("BH-CON-5")
def test_prompt_shows_whatever_others_print(make_system):
    """The prompt is written in the first frame, of 5 ms.  It waits for 20 ms, then for one turn of
    another: at most 400 characters, for which the gap of 500 us has time."""
    flood = {"properties": ('unmapped-access = "abort";',)}
    partitions = [
        Partition("flood", "hostile", (FLOOD_ATTACK, 1 << 40), **flood),
        Partition("shell", "echo", (0, 1), console=("input;",)),
        Partition("flood2", "hostile", (FLOOD_ATTACK, 1 << 40), **flood),
        Partition("clock", "echo", (2,)),
    ]
    windows = [Window("flood", 0, 2 * MS), Window("shell", 2 * MS, 500 * US),
               Window("flood2", 2500 * US, 1 * MS), Window("clock", 3500 * US, 1 * MS)]
    run = seen(make_system(partitions, windows, 5 * MS, 100000), r"\[clock\] echo: 50 ms")
    shown = run.console.find("[shell] > ")
    clock = [int(time) for time in re.findall(r"\[clock\] echo: (\d+) ms", run.console[:shown])]
    assert shown >= 0 and clock, run.console[-2000:]
    assert 15 <= clock[-1] <= 25, clock  # not before it has rested, and soon after
    assert "[flood] " in run.console[shown:] and "[flood2] " in run.console[shown:]


@pytest.mark.requirement("BH-CON-5")
def test_what_is_typed_goes_on_in_the_prompts_line(make_system):
    partitions = [Partition("shell", "echo", (1, 1), console=("input;",)),
                  Partition("quiet", "echo")]
    windows = [Window("shell", 0, 4 * MS), Window("quiet", 5 * MS, 4 * MS)]
    run = seen(make_system(partitions, windows, 10 * MS, 100000), r"echo: hello\n\[shell\] > $",
               answers=[(r"\n\[shell\] > $", b"hello\r")])
    assert run.lines_of("shell") == ["echo: ready", "> echo: hello", "> "], run.console


@pytest.mark.requirement("BH-CON-6")
def test_raw_partition_has_the_terminal_and_others_wait(make_system):
    partitions = [Partition("shell", "echo", (0, 1), console=("input;", "raw;")),
                  Partition("clock", "echo", (2,), console=("input;",))]
    windows = [Window("shell", 0, 2 * MS), Window("clock", 2 * MS, 2 * MS)]
    made = make_system(partitions, windows, 5 * MS, 100000)
    # 16 characters every 5 ms: half of the 4096 are full after 600 ms.
    answers = [(r"typing to shell, raw(?s:.*)\n> $", b"\x1b[H\r"),
               (r"echo: \x1b\[H\n> $", b"\x0fn"),
               (r"typing to clock\n(?s:.*)echo: 50 ms", b"\x0fp")]
    run = seen(made, r"typing to shell, raw\n$", answers=answers)
    raw, rest = run.console.split("bulkhead: typing to clock\n")
    assert raw.endswith("Ctrl-O ? for help\necho: ready\n> echo: \x1b[H\n> \n"), run.console[:3000]
    times = [int(time) for time in re.findall(r"^\[clock\] echo: (\d+) ms$", rest, re.MULTILINE)]
    assert times[:8] == list(range(times[0], times[0] + 40, 5)) and times[0] < 10, rest[:2000]


@pytest.mark.requirement("BH-CON-6")
def test_what_waited_for_a_raw_partition_comes_out_at_the_end(make_system, ended_ok):
    partitions = [Partition("shell", "echo", (0, 1), console=("input;", "raw;")),
                  Partition("clock", "echo", (2,))]
    windows = [Window("shell", 0, 2 * MS), Window("clock", 2 * MS, 2 * MS)]
    run = ended_ok(make_system(partitions, windows, 5 * MS, 20))
    raw, rest = run.console.split("bulkhead: typing to nobody\n")
    assert raw.endswith("typing to shell, raw\necho: ready\n> \n") and "[clock]" in rest
    assert len(run.lines_of("clock")) == 20, run.console
