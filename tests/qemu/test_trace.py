# SPDX-License-Identifier: Apache-2.0
"""Does the trace tell what happened?  A run whose trace is printed, held against the schedule; and
a kernel without a trace."""
import pytest

import systems
import variants
from systems import MS, US, Partition, Window, system

FRAMES = 60
GUARD_NS = 3000
WINDOWS = [Window("spins", 50 * US, 250 * US), Window("timers", 300 * US, 300 * US),
           Window("faults", 700 * US, 200 * US)]
PARTITIONS = [Partition("spins", "hostile", (0, 1 << 40)), Partition("timers", "timers"),
              Partition("faults", "faults", (0, systems.MIB, 0, 0))]
PRINT = ("print-trace;",)
# include/bulkhead/abi.h, hm.h
BH_WINDOW = 0xC6000001
VIRTUAL_TIMER, PHYSICAL_TIMER = 27, 30
HM_ERROR_MEMORY_ACCESS = 0


def records(run):
    return systems.report_lines(run, "trace")


@pytest.fixture(scope="module")
def run(build, machine, tmp_path_factory):
    made = systems.write_system(str(tmp_path_factory.mktemp("trace")), machine, PARTITIONS, WINDOWS,
                                1 * MS, FRAMES, PRINT, build=build)
    result = system.run(made)
    assert result.status == "ok", result.console[-3000:]
    assert records(result), "no trace"
    return result


def by_event(run, event):
    return [record for record in records(run) if record["event"] == event]


@pytest.mark.requirement("BH-TRC-1")
def test_in_order_of_time(run):
    times = [record["time"] for record in records(run)]
    assert len(times) > 4 * FRAMES
    assert all(times)
    assert times == sorted(times)


@pytest.mark.requirement("BH-TRC-1", "BH-TIME-1")
def test_releases_are_on_the_grid(run):
    releases = by_event(run, "release")
    first = releases[0]["time"] - WINDOWS[releases[0]["argument"]].start_ns
    frames = []
    for record in releases:
        frame, offset = divmod(record["time"] - first, 1 * MS)
        assert offset == WINDOWS[record["argument"]].start_ns
        frames.append((frame, record["argument"]))
    assert frames == sorted(set(frames))
    # In each frame; the ring is large enough for all, or the test proves less than it says.
    for window in (0, 1):
        assert [frame for frame, index in frames if index == window] == list(range(FRAMES))
    # The partition that faults is not released again.
    fault, = by_event(run, "health")
    released = [record["time"] for record in releases if record["argument"] == 2]
    assert released[-1] < fault["time"] < released[-1] + 200 * US


@pytest.mark.requirement("BH-TRC-1")
def test_a_boundary_between_releases(run):
    """Each window that ran to its end has its boundary, after its guard time began and before the
    next release."""
    current = None
    boundaries = 0
    for record in records(run):
        if record["event"] == "release":
            assert current is None, f"released twice: {record}"
            current = record
        elif record["event"] == "boundary":
            assert record["argument"] == current["argument"]
            guard = current["time"] + WINDOWS[current["argument"]].duration_ns - GUARD_NS
            assert guard <= record["time"] < guard + GUARD_NS
            current = None
            boundaries += 1
        elif record["event"] == "health":
            current = None  # the partition stops in its window
    assert boundaries > 2 * 10


@pytest.mark.requirement("BH-TRC-1")
def test_calls_injections_traps_and_health_are_there(run):
    assert BH_WINDOW in {record["argument"] for record in by_event(run, "hypercall")}
    injected = {record["argument"] for record in by_event(run, "inject")}
    assert {VIRTUAL_TIMER, PHYSICAL_TIMER} <= injected
    health, = by_event(run, "health")
    assert health["argument"] == HM_ERROR_MEMORY_ACCESS << 16 | 2
    # ESR_EL2.EC (Arm ARM D17.2.37): trapped system registers, and accesses to virtual devices.
    assert {0x18, 0x24} <= {record["argument"] >> 26 for record in by_event(run, "trap")}


@pytest.mark.requirement("BH-TRC-2", "BH-TIME-1")
def test_without_a_trace(build, machine, tmp_path):
    """CONFIG_TRACE=n: boots, keeps time, prints no record though it is asked to."""
    directory = variants.variant_build(build, "no-trace", {"TRACE": "n"})
    made = systems.write_system(str(tmp_path), machine, PARTITIONS, WINDOWS, 1 * MS, FRAMES, PRINT,
                                build=directory)
    run = system.run(made)
    assert run.status == "ok", run.console[-3000:]
    assert run.windows_due == run.windows_run != 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    assert not records(run)
