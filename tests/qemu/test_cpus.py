# SPDX-License-Identifier: Apache-2.0
"""On which processors does it run?  The one-partition system on each CPU model that QEMU has."""
import pytest

from systems import system

CPUS = ["cortex-a53", "cortex-a57", "cortex-a72", "neoverse-n1", "max"]


@pytest.mark.requirement("BH-BOOT-2")
@pytest.mark.parametrize("cpu", CPUS)
def test_cpu(one_partition, ended_ok, machine, cpu):
    on = system.Machine(gic=machine.gic, cpu=cpu)
    run = ended_ok(one_partition("bench", frames=8, on=on))
    assert any(line.startswith("bench: end") for line in run.lines_of("only")), run.console[-2000:]


@pytest.mark.requirement("BH-TIME-4")
@pytest.mark.parametrize("hertz", [19_200_000, 24_000_000, 54_000_000, 62_500_000])
def test_counter_frequency(one_partition, ended_ok, machine, hertz):
    """A counter whose ticks are no whole nanoseconds: releases stay within one tick of the plan."""
    on = system.Machine(gic=machine.gic, cntfrq=hertz)
    run = ended_ok(one_partition("bench", frames=50, frame_ns=1_000_001, on=on))
    assert run.windows_run == 50
