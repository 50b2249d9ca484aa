# SPDX-License-Identifier: Apache-2.0
"""Does the demonstration keep its schedule?  The classic example (periods 5, 6 and 10 ms, running
times 1, 2 and 3 ms, major frame 30 ms), as `make run` shows it."""
import dataclasses

import pytest

import systems
from systems import system

# Windows per 30 ms major frame, by running time: 6 of 1 ms, 5 of 2 ms, 3 of 3 ms.
WINDOWS_BY_DURATION = {1 * systems.MS: 6, 2 * systems.MS: 5, 3 * systems.MS: 3}


@pytest.fixture(scope="module")
def run(build, machine, tmp_path_factory):
    made = system.build_system("classic", machine, build,
                               out=str(tmp_path_factory.mktemp("classic")))
    return system.run(made, timeout_s=120)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-BOOT-1")
def test_every_window_was_run(run):
    assert run.status == "ok", run.console[-3000:]
    assert run.windows_due == run.windows_run > 0
    windows = systems.report_windows(run)
    assert sum(window["due"] for window in windows) == run.windows_due
    assert len({window["due"] for window in windows}) == 1, "all windows are due once a frame"


@pytest.mark.requirement("BH-BOOT-1")
@pytest.mark.parametrize("memory_mib", [64, 128, 256])
def test_a_small_machine_is_enough(build, machine, tmp_path, memory_mib):
    """The tools plan images by the machine's memory (`make run MEM=128`)."""
    small = dataclasses.replace(machine, memory_mib=memory_mib)
    made = system.build_system("classic", small, build, out=str(tmp_path))
    run = system.run(made, timeout_s=120)
    assert run.status == "ok", run.console[-3000:]


@pytest.mark.requirement("BH-CFG-1")
def test_the_schedule_is_the_classic_one(run):
    windows = systems.report_windows(run)
    # A tool may give a partition's time in one frame as several windows, never more or less of it.
    time_of = {}
    for window in windows:
        time_of[window["partition"]] = time_of.get(window["partition"], 0) + window["duration_ns"]
    assert sorted(time_of.values()) == sorted(
        duration * count for duration, count in WINDOWS_BY_DURATION.items())
    ends = [(window["start_ns"], window["start_ns"] + window["duration_ns"]) for window in windows]
    assert all(ends[i][1] <= ends[i + 1][0] for i in range(len(ends) - 1))
    assert ends[-1][1] <= 30 * systems.MS


@pytest.mark.requirement("BH-TIME-1")
def test_no_release_is_off(run):
    spread, error = systems.spread_ns(systems.report_windows(run))
    assert (spread, error) == (0, 0)


@pytest.mark.requirement("BH-CON-1")
def test_partitions_speak_under_their_names(run):
    names = {window["partition"] for window in systems.report_windows(run)}
    assert len(names) == 3
    for name in names:
        lines = run.lines_of(name)
        assert any("hello from partition" in line for line in lines), name
        assert sum(line.startswith("frame ") for line in lines) >= 2, name


@pytest.mark.requirement("BH-TIME-1")
def test_partitions_see_it_themselves(run):
    for name in {window["partition"] for window in systems.report_windows(run)}:
        released = [line for line in run.lines_of(name) if " released " in line]
        assert released and all("released 0 ns after plan" in line for line in released), name
        assert all(line.endswith("stolen 0") for line in run.lines_of(name) if "stolen" in line)


@pytest.mark.requirement("BH-HM-1")
def test_nothing_went_wrong(run):
    assert run.health_events == 0
    assert not systems.report_health(run)
