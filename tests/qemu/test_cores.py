# SPDX-License-Identifier: Apache-2.0
"""Do several cores run one module in step, each by a schedule of its own, and is what one of them runs
of no concern to the others?  By the host's clock, since an emulator's cores share the host's: windows
are late there, which the kernel records, so these tests are about what happens and in which order."""
import dataclasses
import os
import re
import struct

import pytest

import systems
from systems import MS, US, Memory, Partition, Window, system

SOAK = os.environ.get("BULKHEAD_SOAK") == "1"
SPIN = (0, 1 << 40)  # guests/hostile: computes, for ever


def soak(*values):
    return pytest.param(*values, marks=pytest.mark.skipif(not SOAK, reason="BULKHEAD_SOAK"))


@pytest.fixture
def on(machine):
    """on(cores): the machine with so many."""
    return lambda cores: system.Machine(gic=machine.gic, smp=cores, icount=False)


@pytest.fixture
def make_cores(build, on, tmp_path):
    """make_cores(cores, partitions, windows, frame_ns, frames, ...)"""
    def make(cores, partitions, windows, frame_ns, frames, **keywords):
        return systems.write_system(str(tmp_path), on(cores), partitions, windows, frame_ns, frames,
                                    build=build, **keywords)
    return make


def tail(run):
    lines = [line for line in run.lines if not line.startswith("bulkhead: health module")]
    return "\n".join([run.status, run.qemu_errors, *lines[-60:]])


def ended(run):
    """Nothing but lateness went wrong, on any core."""
    assert run.status in ("ok", "late"), tail(run)
    assert not re.search("panic|has not ended", run.console), tail(run)
    told = [event for event in systems.report_health(run) if "partition" in event]
    return told


def cores_of(run):
    return {core["cpu"]: core for core in systems.report_lines(run, "core")}


def assert_in_step(run, cores, frames, frame_ns=10 * MS):
    """All of them have come to the end, and each frame starts at the same counter value: a core that is
    very late may have gone past the last one.  One tick is a nanosecond here."""
    report = cores_of(run)
    assert set(report) == set(cores), tail(run)
    assert all(core["frame"] >= frames for core in report.values()), report
    assert len({core["frame_start"] - core["frame"] * frame_ns for core in report.values()}) == 1, report


def windows_of(run, partition):
    """(due, run) of each window of a partition, in the order of the report."""
    return [(window["due"], window["run"]) for window in systems.report_windows(run)
            if window["partition"] == partition]


def assert_ran(run, *partitions):
    """In most frames, that is; what was missed is counted."""
    missed = sum(core["missed"] for core in cores_of(run).values())
    windows = systems.report_windows(run)
    assert sum(window["due"] - window["run"] for window in windows) <= missed, tail(run)
    for name in partitions:
        assert windows_of(run, name), name
        assert all(ran > 0 for _, ran in windows_of(run, name)), tail(run)


# --- in step --------------------------------------------------------------------------------------

@pytest.mark.requirement("BH-SMP-1")
@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_frames_start_at_the_same_counter_value_on_all_cores(make_cores, cores):
    """By different minor frames on each; the length of a frame is no whole number of them."""
    frame_ns, frames = 10 * MS + 1, 40
    partitions = [Partition(f"p{cpu}", "hostile", SPIN) for cpu in range(cores)]
    windows = [Window(f"p{cpu}", at * 9 * MS // (cpu + 1), 9 * MS // (cpu + 1), cpu=cpu)
               for cpu in range(cores) for at in range(cpu + 1)]
    run = system.run(make_cores(cores, partitions, windows, frame_ns, frames))
    assert ended(run) == []
    assert_in_step(run, range(cores), frames, frame_ns)
    assert_ran(run)
    assert (f"bulkhead: cores started={cores}" in run.lines) == (cores > 1), tail(run)


@pytest.mark.requirement("BH-SMP-1")
def test_a_core_may_be_idle_and_another_be_left_to_the_firmware(make_cores):
    """cpu@2 has a node without windows, cpu@1 has none."""
    made = make_cores(4, [Partition("a", "demo"), Partition("b", "demo")],
                      [Window("a", 0, 5 * MS), Window("b", 0, 5 * MS, cpu=3)], 10 * MS, 30, idle=(2,))
    run = system.run(made)
    assert ended(run) == []
    assert_in_step(run, (0, 2, 3), 30)
    assert_ran(run, "a", "b")
    assert "bulkhead: cores started=3" in run.lines
    assert "  CPU 2, schedule main: idle" in run.lines


@pytest.mark.requirement("BH-SMP-1")
def test_the_boot_core_may_have_no_windows(make_cores):
    made = make_cores(2, [Partition("a", "demo")], [Window("a", 0, 5 * MS, cpu=1)], 10 * MS, 30,
                      idle=(0,))
    run = system.run(made)
    assert ended(run) == []
    assert_in_step(run, (0, 1), 30)
    assert_ran(run, "a")
    assert run.lines_of("a"), tail(run)


@pytest.mark.requirement("BH-SMP-1")
def test_partitions_share_cores_in_any_way(make_cores):
    """Several on one core; one on several cores that shares each of them with others."""
    partitions = [Partition("wide", "siblings", (4,), properties=("vcpus = <3>;",)),
                  *(Partition(name, "demo") for name in ("a", "b", "c"))]
    windows = [Window("a", 0, 4 * MS), Window("wide", 5 * MS, 4 * MS),
               Window("wide", 0, 4 * MS, vcpu=1, cpu=1), Window("b", 4 * MS, 2 * MS, cpu=1),
               Window("c", 6 * MS, 3 * MS, cpu=1), Window("wide", 2 * MS, 6 * MS, vcpu=2, cpu=2)]
    run = system.run(make_cores(3, partitions, windows, 10 * MS, 80))
    assert ended(run) == []
    assert_in_step(run, range(3), 80)
    assert_ran(run, "wide", "a", "b", "c")
    assert all(run.lines_of(name) for name in ("wide", "a", "b", "c")), tail(run)


# --- cores that do not come -----------------------------------------------------------------------

def refused(run, *rules):
    assert run.status == "refused", tail(run)
    assert run.windows_run == 0
    return re.findall(r"^bulkhead: refused ([a-z0-9-]+): (.*)$", run.console, re.MULTILINE)


def change_tree(made, node, prop, *values):
    system.call("fdtput", os.path.join(made.directory, "merged.dtb"), node, prop, *values)


@pytest.mark.requirement("BH-SMP-2")
def test_a_core_that_the_firmware_does_not_know_is_named(make_cores, machine):
    """The tree promises four, the machine has two."""
    made = make_cores(4, [Partition("a", "demo")],
                      [Window("a", 0, 5 * MS)], 10 * MS, 5, idle=(1, 2, 3))
    run = system.run(made, machine=system.Machine(gic=machine.gic, smp=2, icount=False))
    (rule, words), = refused(run)
    assert rule == "cpu-start"
    assert "CPU 2 " in words and "does not know it" in words


@pytest.mark.requirement("BH-SMP-2")
def test_two_cpus_of_the_tree_with_one_address_are_refused(make_cores):
    made = make_cores(2, [Partition("a", "demo")], [Window("a", 0, 5 * MS)], 10 * MS, 5, idle=(1,))
    change_tree(made, "/cpus/cpu@1", "reg", "0")
    (_, words), *_ = refused(system.run(made))
    assert "cpu" in words.lower()


def with_code(made, symbol, word, directory):
    """The same system with a kernel that begins `symbol` with another instruction: what no machine
    here does by itself."""
    with open(os.path.join(made.build, "bulkhead.map"), encoding="utf-8") as text:
        (address,) = re.findall(rf"(0x[0-9a-f]+)\s+{symbol}$", text.read(), re.MULTILINE)
    with open(made.kernel, "rb") as image:
        code = bytearray(image.read())
    struct.pack_into("<I", code, int(address, 16) % (2 << 20), word)
    directory.mkdir()
    (directory / "bulkhead.bin").write_bytes(code)
    return dataclasses.replace(made, build=str(directory))


@pytest.mark.requirement("BH-SMP-2")
def test_a_core_that_is_started_and_does_not_come_is_named(make_cores, tmp_path):
    made = make_cores(2, [Partition("a", "demo")], [Window("a", 0, 5 * MS)], 10 * MS, 5, idle=(1,))
    branch_to_itself = 0x14000000
    (rule, words), = refused(system.run(with_code(made, "secondary_entry", branch_to_itself,
                                                  tmp_path / "build")))
    assert rule == "cpu-start"
    assert "CPU 1 " in words and "does not come up" in words


@pytest.mark.requirement("BH-SMP-6")
def test_a_panic_of_another_core_is_told_and_ends_the_module(make_cores, tmp_path):
    made = make_cores(2, [Partition("a", "demo")], [Window("a", 0, 5 * MS)], 10 * MS, 5, idle=(1,))
    breakpoint_here = 0xD4200000
    run = system.run(with_code(made, "secondary_main", breakpoint_here, tmp_path / "build"))
    assert run.status == "panic", tail(run)
    assert "bulkhead: panic: unexpected exception: synchronous from EL2" in run.console


# --- one partition on several cores ---------------------------------------------------------------

CHECKS, RESET_BY_SIBLING, OFF_BY_SIBLING, SIBLING_OFF, STORM, ALL_OFF = range(6)
ALL_AREAS, POWER_AND_SGI = 0, 3
VERDICT = re.compile(r"siblings: ([\w-]+) (pass|FAIL) took_ms=\d+(?:: (.*))?$")


def siblings(vcpus, *params, properties=(), name="guest"):
    return Partition(name, "siblings", params, console=("buffer-bytes = <65536>;",),
                     properties=('unmapped-access = "abort";', f"vcpus = <{vcpus}>;", *properties))


def gang(vcpus, name="guest", start_ns=0, duration_ns=9 * MS):
    return [Window(name, start_ns, duration_ns, v, v) for v in range(vcpus)]


def whole_frames(vcpus):
    """All but the first, whose core has the console, never leave: their cores take no boundaries."""
    return [Window("guest", 0, 10 * MS if v else 9 * MS, v, v) for v in range(vcpus)]


def in_turn(vcpus):
    each = 9 * MS // vcpus
    return [Window("guest", v * each, each, v, v) for v in range(vcpus)]


def lines_between(lines, begin, end):
    at = next(i for i, line in enumerate(lines) if line.startswith(begin))
    return lines[at + 1:lines.index(end)]


@pytest.mark.requirement("BH-SMP-3", "BH-SMP-4")
@pytest.mark.parametrize("vcpus, windows, rounds, areas, idle", [
    (2, gang, 20, ALL_AREAS, "native"), (2, in_turn, 10, ALL_AREAS, "native"),
    (2, whole_frames, 20, ALL_AREAS, "native"), (2, gang, 20, ALL_AREAS, "kernel"), (4, gang, 4, ALL_AREAS, "native"),
    (4, in_turn, 2, POWER_AND_SGI, "kernel"), (8, gang, 2, POWER_AND_SGI, "native"),
    soak(4, in_turn, 10, ALL_AREAS, "native"), soak(8, gang, 4, ALL_AREAS, "native"),
    soak(8, in_turn, 2, ALL_AREAS, "kernel"), soak(2, gang, 1000, ALL_AREAS, "native")])
def test_a_partition_on_several_cores_is_one_machine(make_cores, vcpus, windows, rounds, areas, idle):
    """Windows of its vCPUs coincide, or never do; they wait in the core, or in the kernel."""
    guest = siblings(vcpus, CHECKS, rounds, 0, areas, properties=(f'idle = "{idle}";',))
    made = make_cores(vcpus, [guest], windows(vcpus), 10 * MS, 0)
    run = system.run(made, timeout_s=3600 if SOAK else 120,
                     until=r"siblings: end .*\n|bulkhead: end status")
    lines = run.lines_of("guest")
    verdicts = [VERDICT.match(line).groups() for line in lines if VERDICT.match(line)]
    assert [verdict for verdict in verdicts if verdict[1] != "pass"] == [], tail(run)
    end = systems.guest_line(run, "guest", "siblings: end pass")
    assert end["rules"] == len(verdicts) == (26 if areas == ALL_AREAS else 14)
    if areas != ALL_AREAS:
        return
    turns = [systems.fields_of(line) for line in lines if line.startswith("siblings: turn ")]
    assert sorted((turn["vcpu"], turn["number"]) for turn in turns) == [
        (vcpu, number) for vcpu in range(vcpus) for number in range(10)]
    said = "".join(lines_between(lines, "siblings: characters each=", "siblings: characters end"))
    assert sorted(said) == sorted("abcdefgh"[:vcpus] * 200)


# --- and what it does to its neighbours -----------------------------------------------------------

NEIGHBOURS = [Partition("left", "hostile", SPIN), Partition("right", "hostile", SPIN)]


FRAME_NS = 20 * MS


def beside_neighbours(vcpus):
    """The guest on all cores, of which it shares two with neighbours."""
    return [*gang(vcpus, duration_ns=9 * MS), Window("left", 10 * MS, 9 * MS),
            Window("right", 10 * MS, 9 * MS, cpu=1)]


def assert_neighbours_ran(run, frames):
    """In each frame, but for what the host had no time for, which is counted."""
    missed = {cpu: core["missed"] for cpu, core in cores_of(run).items()}
    for cpu, name in enumerate(("left", "right")):
        (_, ran), = windows_of(run, name)
        assert ran + missed[cpu] >= frames - 5 and ran > 0, tail(run)


def starts_of(run):
    return {name: (mode, int(count)) for name, mode, count in re.findall(
        r"^  partition (\S+) +(\S+) +starts (\d+) ", run.console, re.MULTILINE)}


@pytest.mark.requirement("BH-SMP-3", "BH-RST-1")
@pytest.mark.parametrize("vcpus", [2, 4])
def test_a_sibling_restarts_the_partition_while_the_others_run(make_cores, vcpus):
    """Again and again; each life begins with all vCPUs but the first one off."""
    frames = 100
    guest = siblings(vcpus, RESET_BY_SIBLING, 0, frames - 30)
    made = make_cores(vcpus, [guest, *NEIGHBOURS], beside_neighbours(vcpus), FRAME_NS, frames)
    run = system.run(made)
    told = ended(run)
    assert_in_step(run, range(vcpus), frames, FRAME_NS)
    lives = [line for line in run.lines_of("guest") if line.startswith("siblings: life ")]
    assert len(lives) >= 2 and len(lives) == starts_of(run)["guest"][1], tail(run)
    assert not [line for line in run.lines_of("guest") if "bad" in line or "came back" in line]
    assert {(event["partition"], event["error"], event["action"]) for event in told} == {
        ("guest", "reset", "cold-start")}
    assert starts_of(run) == {"guest": ("NORMAL", len(lives)), "left": ("NORMAL", 1),
                              "right": ("NORMAL", 1)}
    assert_neighbours_ran(run, frames)


@pytest.mark.requirement("BH-SMP-3", "BH-RST-3")
@pytest.mark.parametrize("life", [OFF_BY_SIBLING, ALL_OFF], ids=["system-off", "all-cpu-off"])
def test_a_partition_that_is_switched_off_stops_on_all_cores_and_alone(make_cores, life):
    """By SYSTEM_OFF of a sibling while vCPU 0 is busy, or when the last vCPU is off, several going at
    the same time."""
    frames = 60
    made = make_cores(2, [siblings(2, life), *NEIGHBOURS], beside_neighbours(2), FRAME_NS, frames)
    run = system.run(made)
    event, = ended(run)
    assert (event["partition"], event["error"], event["action"]) == ("guest", "power-off", "stop")
    assert not [line for line in run.lines_of("guest") if "bad" in line or "came back" in line]
    assert starts_of(run)["guest"] == ("IDLE", 1)
    assert all(due < frames - 20 for due, _ in windows_of(run, "guest")), tail(run)
    assert_in_step(run, range(2), frames, FRAME_NS)
    assert_neighbours_ran(run, frames)


@pytest.mark.requirement("BH-SMP-3")
def test_a_vcpu_that_is_switched_off_stops_alone(make_cores):
    frames = 60
    made = make_cores(2, [siblings(2, SIBLING_OFF), *NEIGHBOURS], beside_neighbours(2), FRAME_NS,
                      frames)
    run = system.run(made)
    assert ended(run) == []
    assert "siblings: alone" in run.lines_of("guest"), tail(run)
    first, second = windows_of(run, "guest")
    assert first[1] > second[0] > 0, tail(run)
    assert starts_of(run)["guest"] == ("NORMAL", 1)
    assert_in_step(run, range(2), frames, FRAME_NS)
    assert_neighbours_ran(run, frames)


@pytest.mark.requirement("BH-SMP-4", "BH-TIME-2")
@pytest.mark.parametrize("cores", [2, 4])
def test_a_storm_of_interrupts_between_vcpus_touches_nobody_else(make_cores, cores):
    frames = 80
    made = make_cores(cores, [siblings(cores, STORM), *NEIGHBOURS], beside_neighbours(cores), FRAME_NS,
                      frames)
    run = system.run(made)
    assert ended(run) == []
    # The run's end may cut the last line.
    storms = re.findall(r"siblings: storm sent=([1-9]\d*)$", "\n".join(run.lines_of("guest")),
                        re.MULTILINE)
    assert storms, tail(run)
    assert_in_step(run, range(cores), frames, FRAME_NS)
    assert_neighbours_ran(run, frames)


@pytest.mark.requirement("BH-REG-1", "BH-REG-2", "BH-MEM-4")
def test_nothing_of_one_partition_shows_in_another_on_the_same_or_another_core(make_cores):
    """guests/leak: a and b share CPU 0, c has CPU 1; a and b look for each other's values, c for a's."""
    count = 10
    partitions = [Partition(name, "leak", (count, systems.MIB, other))
                  for name, other in (("a", 1), ("b", 0), ("c", 0))]
    windows = [Window("a", 0, 4 * MS), Window("b", 5 * MS, 4 * MS), Window("c", 0, 4 * MS, cpu=1),
               Window("c", 5 * MS, 4 * MS, cpu=1)]
    run = system.run(make_cores(2, partitions, windows, 10 * MS, 3 * count + 40))
    assert ended(run) == []
    for name in "abc":
        found = systems.guest_line(run, name, "leak: id=")
        assert (found["entry_bad"], found["kept_bad"], found["dirty_bytes"]) == (0, 0, 0), tail(run)
        assert found["known"] >= 20 and found["windows"] == count
