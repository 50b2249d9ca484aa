# SPDX-License-Identifier: Apache-2.0
"""Has a partition the features of the CPU that its description grants it, for itself, and has nobody
else anything of them?  guests/features beside others of its kind, and hostile ones that were granted
what they attack with."""
import pytest

import linux
import systems
from systems import ATTACKS, MS, US, Partition, Window, system

FRAMES = 250
RESET_BEFORE = 95  # the first life of an owner ends when it has gone through all cases, before that
ATTACK_FRAMES = 200
PMU, DEBUG = 1, 2

OWNER_PMU = ("pmu_shown", "pmu_counters", "pmu_reset", "keep_counters", "keep_settings",
             "count_exact", "still_outside", "overflow_inside", "overflow_wfi", "overflow_pending",
             "overflow_active", "overflow_level", "overflow_fallen", "user", "filter")
ABSENT_PMU = ("absent_registers", "absent_shown", "absent_user", "absent_interrupt", "absent_ppi")


def granted(*words):
    return "cpu-features = " + ", ".join(f'"{word}"' for word in words) + ";"


def cases_of(run, name):
    """What a partition said in each of its lives: [{case: verdict}]."""
    lives = []
    for line in run.lines_of(name):
        if line.startswith("features: life"):
            lives.append({})
        elif line.startswith("features: case="):
            case, verdict = line[len("features: case="):].split(" ", 1)
            assert case not in lives[-1]
            lives[-1][case] = verdict
    assert "features: end" in run.lines_of(name), run.lines_of(name)[-10:]
    return lives


OWNER_DEBUG = ("debug_shown", "debug_reset", "debug_beyond", "debug_keep", "break_el1", "break_off",
               "break_el1_only", "break_el0", "watch_others", "watch_store", "break_context",
               "break_vmid", "step", "locked", "unlocked")
ABSENT_DEBUG = ("absent_pairs", "absent_debug", "absent_exceptions")


def run_three(make_system, ended_ok, features, words):
    """Two owners of these features, the first one of which is restarted, and one that has none between
    them; the second owner has all."""
    partitions = [Partition("first", "features", (features, RESET_BEFORE, 1),
                            properties=(granted(*words),)),
                  Partition("none", "features", (0, 0, 2)),
                  Partition("second", "features", (PMU | DEBUG, 0, 3),
                            properties=(granted("debug", "pmu"),))]
    windows = [Window("first", 0, 300 * US), Window("none", 300 * US, 300 * US),
               Window("second", 600 * US, 300 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    first = (OWNER_PMU if features & PMU else ABSENT_PMU,
             OWNER_DEBUG if features & DEBUG else ABSENT_DEBUG)
    for name, wanted in (("first", sum(first, ())), ("none", ABSENT_PMU + ABSENT_DEBUG),
                         ("second", OWNER_PMU + OWNER_DEBUG)):
        said = cases_of(run, name)
        assert len(said) >= (2 if name == "first" else 1)
        for life in said:
            assert life == {case: "ok" for case in wanted}, name


@pytest.mark.requirement("BH-CPU-1", "BH-CPU-2")
def test_counters(make_system, ended_ok):
    run_three(make_system, ended_ok, PMU, ("pmu",))


@pytest.mark.requirement("BH-CPU-1", "BH-CPU-4")
def test_debug(make_system, ended_ok):
    run_three(make_system, ended_ok, DEBUG, ("debug",))


@pytest.mark.requirement("BH-CPU-2", "BH-CPU-4")
def test_both(make_system, ended_ok):
    run_three(make_system, ended_ok, PMU | DEBUG, ("pmu", "debug"))


# What does not depend on how fast the host is.
BESIDE_SECOND = ("first_counters", "first_settings", "first_debug")
TIMELESS = ("pmu_shown", "pmu_counters", "pmu_reset", "keep_counters", "keep_settings",
            "overflow_fallen", "user", *OWNER_DEBUG)


@pytest.mark.requirement("BH-CPU-2", "BH-CPU-4", "BH-SMP-4")
def test_on_several_cores(build, machine, tmp_path):
    """An owner whose vCPUs are on two cores and go through all one after the other, the first one
    keeping its own meanwhile, beside one that has none; by the host's clock."""
    on = system.Machine(gic=machine.gic, smp=2, icount=False)
    partitions = [Partition("spread", "features", (PMU | DEBUG, 0, 1, 1),
                            properties=(granted("pmu", "debug"), "vcpus = <2>;")),
                  Partition("none", "features", (0, 0, 2))]
    windows = [Window("spread", 0, 4 * MS), Window("none", 5 * MS, 4 * MS),
               Window("spread", 0, 4 * MS, vcpu=1, cpu=1)]
    made = systems.write_system(str(tmp_path), on, partitions, windows, 10 * MS, 0, build=build)
    run = system.run(made, timeout_s=120, until=r"features: end\n[\s\S]*features: end\n")
    assert run.status == "silent", run.console[-3000:]
    first, second = cases_of(run, "spread")
    assert set(first) == set(OWNER_PMU + OWNER_DEBUG)
    assert {case: first[case] for case in TIMELESS} == {case: "ok" for case in TIMELESS}
    wanted = {case: "ok" for case in (*TIMELESS, *BESIDE_SECOND) if not case.startswith("overflow")}
    assert {case: second.get(case) for case in wanted} == wanted
    life, = cases_of(run, "none")
    assert life == {case: "ok" for case in ABSENT_PMU + ABSENT_DEBUG}


@pytest.mark.requirement("BH-CPU-3", "BH-TIME-1", "BH-SEC-2")
@pytest.mark.parametrize("name", ["counters", "breakpoints", "debug", "gic_flood",
                                  "virt_timer_storm"])
def test_hostile_owner(build, machine, tmp_path, name):
    """What a partition does with features that it was granted costs nobody else anything, with the
    guard that the kernel asks for."""
    number, = [row[0] for row in ATTACKS if row[1] == name]
    made = systems.attack_system(str(tmp_path), machine, number, ATTACK_FRAMES, build,
                                 policies=(granted("pmu", "debug"),))
    run = system.run(made, timeout_s=120)
    result = systems.judge_attack(run, name, machine.gic, ATTACK_FRAMES)
    assert not result.problems
    assert (result.windows_lost, result.stolen_gaps) == (0, 0)
    assert (result.release_spread_ns, result.release_error_ns) == (0, 0)
    said = systems.guest_line(run, "a", "hostile: ")
    if name == "counters":  # it has them, and they interrupt it
        assert said["interrupts"] > 0 and said["exceptions"] == 0, said
    if name == "breakpoints":  # it meets them
        assert said["exceptions"] > 0, said


@pytest.mark.requirement("BH-CPU-1", "BH-GST-1")
@pytest.mark.parametrize("words, alone", [(("pmu", "debug"), False), (("pmu", "debug"), True),
                                          ((), False)], ids=["granted", "whole-frame", "none"])
def test_linux(build, machine, tmp_path, words, alone):
    """It finds what it was granted, beside a control loop that notices nothing, and without boundaries;
    and without the grant nothing of it, nor is there anything to complain about."""
    partitions = [linux.partition("linux", build, linux.bootargs(checks=["clock", "interrupts"]),
                                  properties=(granted(*words),) if words else ()),
                  Partition("control", "control", (100,))]
    windows = [Window("linux", 0, 9 * MS), Window("control", 9 * MS, 500 * US)]
    if alone:
        partitions, windows = partitions[:1], [Window("linux", 0, 10 * MS)]
    made = systems.write_system(str(tmp_path), machine, partitions, windows, 10 * MS, 160,
                                build=build)
    run = system.run(made, timeout_s=180)
    assert run.status == "ok" and run.health_events == 0, "\n".join(run.lines[-40:])
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    said, = linux.lives(run.lines_of("linux"))
    text = "\n".join(said.lines)
    assert said.complaints == [] and said.checks["end"][0], text[-3000:]
    found = ("hw perfevents: enabled with armv8_pmuv3 PMU driver, 7 counters available" in text,
             "hw-breakpoint: found 6 breakpoint and 4 watchpoint registers" in text)
    assert found == (bool(words), bool(words)), text[-6000:]
