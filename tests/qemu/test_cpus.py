# SPDX-License-Identifier: Apache-2.0
"""On which processors does it run?  The one-partition system on each CPU model that QEMU has."""
import pytest

import systems
from systems import US, Partition, Window, system

CPUS = ["cortex-a53", "cortex-a57", "cortex-a72", "neoverse-n1", "max"]


@pytest.mark.requirement("BH-BOOT-2")
@pytest.mark.parametrize("cpu", CPUS)
def test_cpu(one_partition, ended_ok, machine, cpu):
    on = system.Machine(gic=machine.gic, cpu=cpu)
    run = ended_ok(one_partition("bench", frames=8, on=on))
    assert any(line.startswith("bench: end") for line in run.lines_of("only")), run.console[-2000:]


@pytest.mark.requirement("BH-TIME-4")
@pytest.mark.parametrize("hertz", [19_200_000, 24_000_000, 54_000_000, 62_500_000])
def test_counter_frequency(make_system, ended_ok, machine, hertz):
    """A counter whose ticks are no whole nanoseconds, a frame that is no whole number of ticks:
    releases stay within a tick of the plan."""
    on = system.Machine(gic=machine.gic, cntfrq=hertz)
    frame_ns = 1_000_001
    run = ended_ok(make_system([Partition("only", "demo")], [Window("only", 100 * US, 800 * US)],
                               frame_ns, 100, on=on))
    assert run.windows_run == 100
    tick_ns = -(-10**9 // hertz)
    spread, error = systems.spread_ns(systems.report_windows(run))
    assert spread <= tick_ns
    assert error <= tick_ns
