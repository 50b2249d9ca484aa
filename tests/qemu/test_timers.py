# SPDX-License-Identifier: Apache-2.0
"""Do a partition's timers fire when they are due, and if that is while it is out, at its next
release?  guests/timers beside another that uses the same timers."""
import pytest

from systems import MS, US, Partition, Window

CASES = [f"{timer}_{case}" for timer in ("virtual", "physical")
         for case in ("inside", "inside_wfi", "away", "away_wfi", "stopped", "line")]


@pytest.mark.requirement("BH-IRQ-1", "BH-IRQ-2")
def test_timers(make_system, ended_ok):
    partitions = [Partition("first", "timers"), Partition("second", "timers")]
    windows = [Window("first", 0, 400 * US), Window("second", 500 * US, 400 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, 60))
    for name in ("first", "second"):
        lines = run.lines_of(name)
        assert "timers: end" in lines, lines
        for case in CASES:
            result, = [line for line in lines if line.startswith(f"timers: case={case} ")]
            assert result.startswith(f"timers: case={case} ok"), result
