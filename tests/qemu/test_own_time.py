# SPDX-License-Identifier: Apache-2.0
"""Does the time of a partition that has its own stand still outside its windows?  guests/owntime
between two others: its counters, its timers, after a restart, and where its window never ends."""
import pytest

import linux
import systems
from systems import MS, US, Partition, Window, system

OWN_TIME = ('time = "partition";',)
REGISTERS = ["one_time", "never", "past", "from_now", "before_now", "off"]
DEADLINES = [f"{timer}_{place}" for place in ("inside", "next") for timer in ("virtual", "physical")]
SOME, THE_FRAME, TWO_VCPUS = range(3)
WINDOWS = 20
FRAMES = 60
LINUX_LATE_US = 600  # another of its processes may come first


def verdicts(run, name):
    lines = run.lines_of(name)
    assert "owntime: end" in lines, lines
    cases = [line.split()[1:3] for line in lines if line.startswith("owntime: case=")]
    assert [verdict for _, verdict in cases] == ["ok"] * len(cases), lines
    return [case.removeprefix("case=") for case, _ in cases]


@pytest.mark.requirement("BH-OWN-1", "BH-OWN-2", "BH-IRQ-1", "BH-TIME-1", "BH-TIME-3")
def test_a_partition_has_its_own_time(make_system, ended_ok):
    """Two windows of unlike length in a frame; neighbours in module time are as ever."""
    partitions = [Partition("own", "owntime", (WINDOWS,), properties=OWN_TIME),
                  Partition("timers", "timers"), Partition("victim", "victim", (FRAMES - 20,))]
    windows = [Window("own", 0, 150 * US), Window("timers", 150 * US, 300 * US),
               Window("own", 450 * US, 150 * US), Window("victim", 650 * US, 200 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    assert verdicts(run, "own") == ["begins_with_zero", "no_gap_but_the_switch", "windows_add_up",
                                    *REGISTERS, *DEADLINES]
    timers = run.lines_of("timers")
    assert "timers: end" in timers and not [line for line in timers if "FAILED" in line], timers
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0


@pytest.mark.requirement("BH-OWN-1", "BH-RST-1")
def test_own_time_begins_anew_with_a_restart(make_system, ended_ok):
    partitions = [Partition("own", "owntime", (WINDOWS, 3), properties=OWN_TIME),
                  Partition("other", "demo")]
    windows = [Window("own", 0, 400 * US), Window("other", 500 * US, 400 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    begins = [case for case in verdicts(run, "own") if case == "begins_with_zero"]
    assert len(begins) > 1


@pytest.mark.requirement("BH-OWN-1", "BH-TIME-7")
def test_own_time_of_a_window_that_never_ends(one_partition, ended_ok):
    run = ended_ok(one_partition("owntime", (10, 0, THE_FRAME), frames=120, frame_ns=1 * MS,
                                 properties=OWN_TIME))
    assert verdicts(run, "only") == ["begins_with_zero", "no_gap_but_the_switch", "frames_add_up",
                                     *REGISTERS]


@pytest.mark.requirement("BH-OWN-1", "BH-RST-4")
def test_two_vcpus_share_their_partition_time(make_system, ended_ok):
    partitions = [Partition("own", "owntime", (WINDOWS, 0, TWO_VCPUS),
                            properties=(*OWN_TIME, "vcpus = <2>;")), Partition("other", "demo")]
    windows = [Window("own", 0, 200 * US), Window("other", 200 * US, 300 * US),
               Window("own", 600 * US, 200 * US, vcpu=1)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    assert verdicts(run, "own") == ["begins_with_zero", "second_is_on", "never_back",
                                    "windows_add_up", *REGISTERS]


@pytest.mark.requirement("BH-OWN-1", "BH-OWN-2", "BH-IDLE-1")
def test_linux_does_not_notice_that_it_is_away(build, make_system):
    """A fifth of the time: its sleeps end as if it had all of it, and its clock is its counter."""
    words = linux.bootargs(late_us=LINUX_LATE_US)
    partitions = [linux.partition("linux", build, words,
                                  properties=(*OWN_TIME, 'idle = "kernel";')),
                  Partition("victim", "victim", (1000,))]
    windows = [Window("linux", 0, 1 * MS), Window("victim", 2 * MS, 200 * US)]
    run = system.run(make_system(partitions, windows, 5 * MS, 1500), timeout_s=300)
    assert run.status == "ok" and run.health_events == 0, run.console[-3000:]
    said, = linux.lives(run.lines_of("linux"))
    assert said.complaints == [], said.complaints
    assert said.checks and all(passed for passed, _ in said.checks.values()), said.checks
    assert said.checks["sleep"][1]["late_max_ns"] < LINUX_LATE_US * US
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
