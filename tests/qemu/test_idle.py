# SPDX-License-Identifier: Apache-2.0
"""Where does a waiting vCPU wait?  With `idle = "kernel"` in EL2, which sends console output
meanwhile, hands over at once what the vCPU waits for, and moves nobody's release."""
import re

import pytest

import systems
from systems import ATTACKS, MS, US, Partition, Window, system
from test_timers import CASES

IDLE = ('idle = "kernel";',)
OWN_TIME = ('time = "partition";',)
NUMBER = {name: number for number, name, _ in ATTACKS}
NEVER = 1 << 40  # frame in which hostile reports
FRAMES = 80
LOST = re.compile(r"^  partition (\S+) .* characters lost (\d+)$", re.MULTILINE)
WFX = 1  # exception class of a trapped WFI


@pytest.mark.requirement("BH-IDLE-1", "BH-IRQ-1", "BH-IRQ-2")
def test_what_it_waits_for_ends_the_wait(make_system, ended_ok):
    """All that guests/timers checks, WFI among it, with the same bound on lateness."""
    partitions = [Partition("first", "timers", properties=IDLE),
                  Partition("second", "timers", properties=(*IDLE, *OWN_TIME)),
                  Partition("third", "timers")]
    windows = [Window("first", 0, 300 * US), Window("second", 300 * US, 300 * US),
               Window("third", 600 * US, 300 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, 60))
    for name in ("first", "third"):
        lines = run.lines_of(name)
        assert "timers: end" in lines, lines
        for case in CASES:
            result, = [line for line in lines if line.startswith(f"timers: case={case} ")]
            assert result.startswith(f"timers: case={case} ok"), result
    # In its own time a deadline that lies behind the window's end does not come with the release.
    assert not [line for line in run.lines_of("second") if "inside" in line and "FAILED" in line]


@pytest.mark.requirement("BH-IDLE-1", "BH-CON-2", "BH-TIME-1")
def test_its_time_serves_the_console(make_system, ended_ok):
    """No gap in the schedule: what is sent is sent at boundaries, or while a partition waits."""
    lost = {}
    for policy in ("native", "kernel"):
        partitions = [Partition("talks", "hostile", (NUMBER["console"], NEVER)),
                      Partition("waits", "hostile", (NUMBER["wfi"], NEVER),
                                properties=(f'idle = "{policy}";',))]
        windows = [Window("talks", 0, 100 * US), Window("waits", 100 * US, 900 * US)]
        run = ended_ok(make_system(partitions, windows, 1 * MS, 40))
        lost[policy] = {name: int(count) for name, count in LOST.findall(run.console)}["talks"]
        for window in systems.report_windows(run):
            assert window["release_min_ns"] == window["release_max_ns"] == 0, window
    assert lost["kernel"] < lost["native"], lost


@pytest.mark.requirement("BH-IDLE-1")
def test_only_who_asks_for_it_waits_there(make_system, ended_ok):
    partitions = [Partition("kernel", "hostile", (NUMBER["wfi"], NEVER), properties=IDLE),
                  Partition("native", "hostile", (NUMBER["wfi"], NEVER))]
    windows = [Window("kernel", 0, 400 * US), Window("native", 500 * US, 400 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, 10, ("print-trace;",)))
    running = None
    waits = {0: 0, 1: 0}
    for record in systems.report_lines(run, "trace"):
        if record["event"] == "release":
            running = record["argument"]
        elif record["event"] == "trap" and record["argument"] >> 26 == WFX:
            waits[running] += 1
    assert waits[0] >= 5 and waits[1] == 0, waits


@pytest.mark.requirement("BH-IDLE-1", "BH-OWN-2", "BH-TIME-1", "BH-TIME-2", "BH-TIME-3", "BH-SEC-2")
@pytest.mark.parametrize("policies", [IDLE, OWN_TIME, (*IDLE, *OWN_TIME)],
                         ids=["idle", "own-time", "both"])
@pytest.mark.parametrize("name", ["wfi", "suspend", "virt_timer_edge_wfi", "virt_timer_storm_wfi",
                                  "phys_timer_edge_wfi", "phys_timer_storm", "phys_timer_away_wfi",
                                  "timer_masked", "console_interrupt", "gic_flood"])
def test_no_policy_helps_an_attack(build, machine, tmp_path, name, policies):
    made = systems.attack_system(str(tmp_path), machine, NUMBER[name], FRAMES, build, policies)
    result = systems.judge_attack(system.run(made, timeout_s=120), name, machine.gic, FRAMES)
    assert not result.problems
    assert (result.windows_lost, result.stolen_gaps) == (0, 0)
    assert (result.release_spread_ns, result.release_error_ns) == (0, 0)
