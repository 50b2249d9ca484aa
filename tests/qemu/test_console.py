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


@pytest.mark.requirement("BH-CON-3")
@pytest.mark.parametrize("interrupt", [0, 1], ids=["polled", "interrupt"])
def test_input_reaches_its_partition(make_system, interrupt):
    partitions = [
        Partition("ear", "echo", (interrupt,), console=("input;",)),
        Partition("deaf", "echo", (interrupt,)),
    ]
    windows = [Window("ear", 0, 4 * MS), Window("deaf", 5 * MS, 4 * MS)]
    made = make_system(partitions, windows, 10 * MS, 1000)
    # What comes before the kernel is up may be lost: empty lines.
    run = system.run(made, timeout_s=120, send=b"\n" * 8 + b"ahoy there\n",
                     until=r"echo: ahoy there")
    assert "echo: ahoy there" in run.lines_of("ear"), run.console[-2000:]
    assert not any("ahoy" in line for line in run.lines_of("deaf"))
