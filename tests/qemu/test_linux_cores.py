# SPDX-License-Identifier: Apache-2.0
"""Does Linux run on several cores, alone on them or sharing them, with its checks as on one?  By the
host's clock (see test_cores.py): sleeps may end as late as they like."""
import os
import re

import pytest

import linux
import systems
from systems import MIB, MS, Partition, Window, system

SOAK = os.environ.get("BULKHEAD_SOAK") == "1"
CHECKS = {"clock", "sleep", "interrupts", "processes", "simd"}
LATE_US = 60_000_000
SPIN = (0, 1 << 40)
TIMEOUT_S = 240


def soak(*values):
    return pytest.param(*values, marks=pytest.mark.skipif(not SOAK, reason="BULKHEAD_SOAK"))


def bootargs():
    return linux.bootargs(checks=sorted(CHECKS), late_us=LATE_US)


@pytest.fixture
def run_linux(build, machine, tmp_path):
    """Runs Linux beside others until it switches itself off; returns the run and what it said."""
    def run(cores, vcpus, others, windows, frame_ns=10 * MS):
        on = system.Machine(gic=machine.gic, smp=cores, icount=False, memory_mib=1024)
        guest = linux.partition("linux", build, bootargs(), size=96 * MIB,
                                properties=(f"vcpus = <{vcpus}>;",))
        made = systems.write_system(str(tmp_path), on, [*others, guest], windows, frame_ns, 0,
                                    build=build)
        result = system.run(made, timeout_s=TIMEOUT_S,
                            until=r"partition=linux error=\S+ .*\n|bulkhead: end")
        said, = linux.lives(result.lines_of("linux"))
        return result, said
    return run


def tail(run):
    return "\n".join([run.status, *[line for line in run.lines
                                    if not line.startswith("bulkhead: health module")][-60:]])


# What Linux says of a machine whose CPUs stand still for as long as the host pleases.
OF_THE_HOST = re.compile("stall|lockup|hrtimer: interrupt took|sched: RT throttling|clocksource",
                         re.IGNORECASE)


def healthy(run, said, vcpus):
    assert f"SMP: Total of {vcpus} processors activated." in "\n".join(said.lines), tail(run)
    assert [line for line in said.complaints if not OF_THE_HOST.search(line)] == [], tail(run)
    assert set(said.checks) - {"end"} == CHECKS, tail(run)
    assert all(passed for passed, _ in said.checks.values()), tail(run)
    assert re.search("partition=linux error=power-off .* action=stop", run.console), tail(run)


@pytest.mark.requirement("BH-SMP-5")
@pytest.mark.parametrize("vcpus", [2, soak(4)])
def test_linux_on_cores_of_its_own(run_linux, vcpus):
    run, said = run_linux(vcpus, vcpus, [],
                          [Window("linux", 0, 9 * MS, v, v) for v in range(vcpus)])
    healthy(run, said, vcpus)


@pytest.mark.requirement("BH-SMP-5")
def test_linux_on_two_cores_of_which_it_shares_one_and_a_third_is_anothers(run_linux):
    others = [Partition("shares", "demo"), Partition("apart", "hostile", SPIN)]
    run, said = run_linux(3, 2, others,
                          [Window("linux", 0, 7 * MS), Window("shares", 8 * MS, MS),
                           Window("linux", 0, 10 * MS, 1, 1), Window("apart", 0, 9 * MS, cpu=2)])
    healthy(run, said, 2)
    assert run.lines_of("shares"), tail(run)


@pytest.mark.requirement("BH-SMP-5", "BH-CON-3")
def test_linux_on_two_cores_as_shipped_answers_its_shell(build, machine, tmp_path):
    """What is typed comes to it though each of its windows is late."""
    on = system.machine_for("linux-smp", gic=machine.gic)
    made = system.build_system("linux-smp", on, build, out=str(tmp_path))
    run = system.run(made, timeout_s=TIMEOUT_S, until=r"\[linux\] 42\n",
                     answers=[(r"check: end .*\n", b"echo $((6 * 7))\r")])
    said, = linux.lives(run.lines_of("linux"))
    assert "SMP: Total of 2 processors activated." in "\n".join(said.lines), tail(run)
    assert said.checks["interrupts"][0] and said.checks["simd"][0], tail(run)
    assert "42" in said.lines, tail(run)


@pytest.mark.requirement("BH-SMP-5")
@pytest.mark.skipif(not SOAK, reason="BULKHEAD_SOAK")
def test_linux_whose_vcpus_never_run_at_the_same_time(run_linux):
    run, said = run_linux(2, 2, [], [Window("linux", 0, MS), Window("linux", MS, MS, 1, 1)], 2 * MS)
    healthy(run, said, 2)
