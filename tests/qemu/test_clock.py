# SPDX-License-Identifier: Apache-2.0
"""Does the schedule hold with counters as boards have them?  Ticks that are no whole nanoseconds,
frames that are no whole ticks: every window runs, each release is within a tick of its plan, and
guests see it so."""
import pytest

import systems
from systems import US, Partition, Window, system

HERTZ = [19_200_000, 24_000_000, 54_000_000, 62_500_000]
FRAMES = 120
WATCHED = 90


@pytest.mark.requirement("BH-TIME-4", "BH-TIME-1", "BH-TIME-2")
@pytest.mark.parametrize("hertz", HERTZ)
@pytest.mark.parametrize("frame_ns", [1_000_003, 1_666_667], ids=["1ms", "1.67ms"])
def test_counter(make_system, ended_ok, machine, hertz, frame_ns):
    on = system.Machine(gic=machine.gic, cntfrq=hertz)
    partitions = [Partition("a", "watch", (WATCHED, 1)), Partition("b", "watch", (WATCHED, 1)),
                  Partition("c", "hostile", (0, 1 << 40))]
    windows = [Window("a", 33_333, 300_001), Window("b", 333_334, 299_999),
               Window("c", 700 * US, 300_003)]
    run = ended_ok(make_system(partitions, windows, frame_ns, FRAMES, on=on))
    assert run.windows_due == 3 * FRAMES
    tick_ns = -(-10**9 // hertz)
    spread, error = systems.spread_ns(systems.report_windows(run))
    assert spread <= tick_ns
    assert error <= tick_ns
    for name in ("a", "b"):
        watch = {}
        for line in run.lines_of(name):
            watch.update(systems.fields_of(line))
        assert watch["judged"] == WATCHED
        assert 0 <= watch["offset_min_ns"] <= watch["offset_max_ns"] <= tick_ns, watch
        assert watch["stolen_count"] == 0
        # Every window came, and the plan itself does not drift: exact but for one rounding.
        assert watch["last_frame"] - watch["first_frame"] == WATCHED
        assert abs(watch["span_ticks"] - WATCHED * frame_ns * hertz / 10**9) < 1
