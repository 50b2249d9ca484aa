# SPDX-License-Identifier: Apache-2.0
"""Has a partition the features of the CPU that its description grants it, for itself, and has nobody
else anything of them?  guests/features beside others of its kind, and hostile ones that were granted
what they attack with."""
import pytest

import systems
from systems import ATTACKS, MS, US, Partition, Window, system

FRAMES = 180
RESET_BEFORE = 50  # the first life of an owner ends when it has gone through all cases, before that
ATTACK_FRAMES = 200
PMU = 1

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


@pytest.mark.requirement("BH-CPU-1", "BH-CPU-2")
def test_counters(make_system, ended_ok):
    """Two owners, one of which is restarted, and one that has none between them."""
    partitions = [Partition("first", "features", (PMU, RESET_BEFORE, 1), properties=(granted("pmu"),)),
                  Partition("none", "features", (0, 0, 2)),
                  Partition("second", "features", (PMU, 0, 3), properties=(granted("pmu"),))]
    windows = [Window("first", 0, 300 * US), Window("none", 300 * US, 300 * US),
               Window("second", 600 * US, 300 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    for name, lives, wanted in (("first", 2, OWNER_PMU), ("none", 1, ABSENT_PMU),
                                ("second", 1, OWNER_PMU)):
        said = cases_of(run, name)
        assert len(said) == lives
        for life in said:
            assert life == {case: "ok" for case in wanted}


@pytest.mark.requirement("BH-CPU-3", "BH-TIME-1", "BH-SEC-2")
@pytest.mark.parametrize("name", ["counters", "debug", "gic_flood", "virt_timer_storm"])
def test_hostile_owner(build, machine, tmp_path, name):
    """What a partition does with features that it was granted costs nobody else anything, with the
    guard that the kernel asks for."""
    number, = [row[0] for row in ATTACKS if row[1] == name]
    made = systems.attack_system(str(tmp_path), machine, number, ATTACK_FRAMES, build,
                                 policies=(granted("pmu"),))
    result = systems.judge_attack(system.run(made, timeout_s=120), name, machine.gic, ATTACK_FRAMES)
    assert not result.problems
    assert (result.windows_lost, result.stolen_gaps) == (0, 0)
    assert (result.release_spread_ns, result.release_error_ns) == (0, 0)
    print(result)
