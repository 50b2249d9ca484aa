# SPDX-License-Identifier: Apache-2.0
"""Does size cost time?  64 partitions, 1,024 windows in a frame, frames of a minute."""
import pytest

import systems
from systems import US, Partition, Window

SPINS = ("hostile", (0, 1 << 40))
SMALL = (systems.Memory(systems.RAM, 0x10000),)
SECOND = 10**9


@pytest.mark.requirement("BH-SIZE-1", "BH-TIME-1", "BH-TIME-2")
def test_64_partitions(make_system, ended_ok):
    """Each watches its own windows of 40 us."""
    count, frames = 64, 40
    partitions = [Partition(f"p{number}", "watch", (frames - 20,), memory=SMALL)
                  for number in range(count)]
    windows = [Window(partition.name, 40 * US * number, 40 * US)
               for number, partition in enumerate(partitions)]
    run = ended_ok(make_system(partitions, windows, count * 40 * US, frames), timeout_s=120)
    assert run.windows_due == count * frames
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    for partition in partitions:
        watch = systems.guest_line(run, partition.name, "watch: windows=")
        assert watch["judged"] >= watch["windows"] - systems.INEXACT_MAX
        assert watch["offset_min_ns"] == watch["offset_max_ns"] == 0
        assert watch["stolen_count"] == 0


def two_spin(make_system, ended_ok, window_count, frames):
    """Two partitions in turn, windows of 10 us; how long the longest boundary took."""
    partitions = [Partition("a", *SPINS), Partition("b", *SPINS)]
    windows = [Window("ab"[number % 2], 10 * US * number, 10 * US)
               for number in range(window_count)]
    run = ended_ok(make_system(partitions, windows, window_count * 10 * US, frames), timeout_s=120)
    assert run.windows_due == window_count * frames
    assert len(systems.report_windows(run)) == window_count
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    return systems.report_stats(run)["switch_entry_to_wait_max"]


@pytest.mark.requirement("BH-SIZE-2", "BH-TIME-1", "BH-TIME-2")
def test_1024_windows_cost_what_3_cost(make_system, ended_ok):
    few = two_spin(make_system, ended_ok, 3, 3000)
    many = two_spin(make_system, ended_ok, 1024, 12)
    assert many > 100
    assert abs(many - few) <= 2, f"3 windows: {few}, 1,024 windows: {many} instructions"


@pytest.mark.requirement("BH-SIZE-3", "BH-TIME-1", "BH-TIME-2")
def test_a_frame_of_a_minute(make_system, ended_ok):
    """Windows far apart, one of them long and asleep: nothing overflows, nothing drifts."""
    partitions = [Partition("a", *SPINS), Partition("b", *SPINS), Partition("sleeps", "echo", (1,))]
    windows = [Window("a", 0, 1000 * US), Window("sleeps", 10 * SECOND, 20 * SECOND),
               Window("b", 30 * SECOND, 1000 * US),
               Window("a", 60 * SECOND - 1000 * US, 1000 * US)]
    run = ended_ok(make_system(partitions, windows, 60 * SECOND, 3), timeout_s=120)
    assert run.windows_due == 4 * 3
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
