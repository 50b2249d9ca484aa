# SPDX-License-Identifier: Apache-2.0
"""What happens at the edges of exact release?  A guard that is too short is seen and told, and
moves no later window; a window that is the whole frame takes no boundary; abutting windows of one
partition are released exactly."""
import re

import pytest

import systems
import variants
from systems import MS, US, Partition, Window, system

FRAMES = 60
SHORT_GUARD_NS = 300
SPIN = (0, 1 << 40)
CONSOLE_ATTACK = 35  # guests/hostile/attacks.h
STOP_IN_FRAME_20 = (0,) * 6 + (5 << 4,)  # guests/modes/script.c: a word for each four frames
HM_ERROR_WINDOW_LATE = 8  # include/bulkhead/hm.h


@pytest.fixture(scope="module")
def guardless(build):
    """A kernel that accepts any guard."""
    return variants.variant_build(build, "no-guard", {"MINIMUM_GUARD_NS": 0})


@pytest.fixture
def flooded(build, machine, tmp_path):
    """More health lines than the gap has time to send, beside a third partition.  What was told: those
    that do not fit are dropped whole."""
    def run(third, frames):
        kernel = variants.variant_build(build, "no-guard-small-log",
                                        {"MINIMUM_GUARD_NS": 0, "LOG_BYTES": 1024})
        partitions = [Partition("a", "hostile", SPIN), Partition("b", "hostile", SPIN), third]
        windows = [Window("a", 0, 450 * US), Window("b", 450 * US, 450 * US),
                   Window(third.name, 900 * US, 90 * US)]
        made = systems.write_system(str(tmp_path), machine, partitions, windows, 1 * MS, frames,
                                    (f"guard-ns = <{SHORT_GUARD_NS}>;",), build=kernel)
        result = system.run(made)
        assert result.status == "late", result.console[-3000:]
        told = [line for line in result.console.splitlines() if line.startswith("bulkhead: health")]
        assert [line for line in told if not line.endswith((" action=log", " action=stop"))] == []
        assert re.findall(r"^lost \d+ characters", result.console, re.MULTILINE) == []
        stats = systems.report_stats(result)
        assert stats["health_lines_dropped"] > frames // 2, told  # a flood
        late_count = sum("error=window-late" in line for line in told)
        assert late_count + stats["health_lines_dropped"] == stats["windows_late"]
        return told
    return run


@pytest.mark.requirement("BH-HM-2", "BH-CON-1")
def test_late_releases_tear_no_line_and_hide_no_end(flooded):
    told = flooded(Partition("stops", "modes", STOP_IN_FRAME_20), FRAMES)
    end, = [line for line in told if "partition=stops error=application " in line]
    assert told.index(end) > 0


@pytest.mark.requirement("BH-HM-2", "BH-CON-1")
@pytest.mark.parametrize("frames", range(FRAMES, FRAMES + 4))
def test_the_end_of_a_run_tears_no_line(flooded, frames):
    """It comes in another place of a line each time, and others have something to say."""
    flooded(Partition("talks", "hostile", (CONSOLE_ATTACK, 1 << 40),
                      properties=('unmapped-access = "abort";',)), frames)


@pytest.fixture(scope="module")
def late(guardless, machine, tmp_path_factory):
    """Three abutting windows, then a gap; the guard is shorter than a switch."""
    partitions = [Partition("a", "victim", (FRAMES - 20,)),
                  Partition("b", "victim", (FRAMES - 20,)),
                  Partition("c", "hostile", SPIN)]
    windows = [Window("a", 0, 250 * US), Window("b", 250 * US, 250 * US),
               Window("c", 500 * US, 200 * US)]
    made = systems.write_system(str(tmp_path_factory.mktemp("late")), machine, partitions, windows,
                                1 * MS, FRAMES, (f"guard-ns = <{SHORT_GUARD_NS}>;", "print-trace;"),
                                build=guardless)
    return system.run(made)


@pytest.mark.requirement("BH-TIME-6")
def test_a_late_release_is_told(late):
    assert late.status == "late", late.console[-3000:]
    stats = systems.report_stats(late)
    told = [event for event in systems.report_health(late) if event.get("error") == "window-late"]
    assert stats["windows_late"] > FRAMES  # at least one of the abutting ones in each frame
    assert len(told) + stats["health_lines_dropped"] == stats["windows_late"] == late.health_events
    assert len(told) >= 10
    windows = systems.report_windows(late)
    for event in told:
        window = windows[event["window"]]
        assert window["release_min_ns"] <= event["lateness_ns"] <= window["release_max_ns"]
        assert 0 < event["lateness_ns"] < 2 * US
    late_records = [record for record in systems.report_lines(late, "trace")
                    if record["event"] == "health"
                    and record["argument"] >> 16 == HM_ERROR_WINDOW_LATE]
    assert len(late_records) == stats["windows_late"]


@pytest.mark.requirement("BH-TIME-6", "BH-TIME-2")
def test_a_late_release_moves_no_other(late):
    """None is lost, each is late by the same, and by no more at the end than at the beginning."""
    assert late.windows_due == late.windows_run == 3 * FRAMES
    assert systems.report_stats(late)["windows_missed"] == 0
    for name in ("a", "b"):
        victim = systems.guest_line(late, name, "victim: ")
        assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
        assert victim["windows"] == FRAMES - 20
        assert 0 <= victim["offset_min_ns"] <= victim["offset_max_ns"] < 2 * US
        assert victim["offset_max_ns"] - victim["offset_min_ns"] <= 100, victim
    releases = [record for record in systems.report_lines(late, "trace")
                if record["event"] == "release"]
    first = releases[0]["time"]
    assert [(record["time"] - first) % MS for record in releases] \
        == [0, 250 * US, 500 * US] * FRAMES


@pytest.mark.requirement("BH-TIME-6", "BH-CFG-2")
def test_such_a_guard_is_refused_elsewhere(make_system):
    made = make_system([Partition("a", "victim")], [Window("a", 0, 500 * US)], 1 * MS, 5,
                       (f"guard-ns = <{SHORT_GUARD_NS}>;",))
    run = system.run(made)
    assert run.status == "refused"
    assert "refused guard-short" in run.console


@pytest.mark.requirement("BH-TIME-7", "BH-TRC-1")
def test_a_whole_frame_takes_no_boundary(make_system, ended_ok):
    """The only boundary is the last frame's, where the run stops; every frame counts as run."""
    run = ended_ok(make_system([Partition("only", "hostile", (0, 1 << 40))],
                               [Window("only", 0, 1 * MS)], 1 * MS, FRAMES, ("print-trace;",)))
    assert run.windows_due == FRAMES
    trace = systems.report_lines(run, "trace")
    released = [record["time"] for record in trace if record["event"] == "release"]
    boundaries = [record["time"] for record in trace if record["event"] == "boundary"]
    # Console output that waits asks for boundaries: none does after the first frames.
    quiet = [time for time in boundaries if time > released[0] + 5 * MS]
    assert len(quiet) == 1
    assert 0 <= quiet[0] - (released[0] + FRAMES * MS - 3000) < 100
    assert len([time for time in released if time > released[0] + 5 * MS]) == 0


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2")
def test_abutting_windows_of_one_partition(make_system, ended_ok):
    """Two abutting windows, over the frame's end four: each has its own exact release."""
    partitions = [Partition("twice", "watch", (80,)), Partition("other", "watch", (30,))]
    windows = [Window("twice", 0, 200 * US), Window("twice", 200 * US, 200 * US),
               Window("other", 500 * US, 200 * US), Window("twice", 800 * US, 200 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, FRAMES))
    assert run.windows_due == 4 * FRAMES
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    for name, own in (("twice", [0, 1, 3]), ("other", [2])):
        watch = {}
        for line in run.lines_of(name):
            watch.update(systems.fields_of(line))
        assert watch["stolen_count"] == 0
        assert watch["judged"] >= watch["windows"] - systems.INEXACT_MAX
        assert watch["offset_min_ns"] == watch["offset_max_ns"] == 0
        # As many windows as the schedule has between the first and the last one.
        positions = [frame * len(own) + own.index(index) for frame, index in
                     ((watch["first_frame"], watch["first_index"]),
                      (watch["last_frame"], watch["last_index"]))]
        assert positions[1] - positions[0] == watch["windows"]


@pytest.mark.requirement("BH-TIME-7", "BH-TIME-1", "BH-TIME-2", "BH-RST-1")
@pytest.mark.parametrize("hertz", [1_000_000_000, 54_000_000])
@pytest.mark.parametrize("life_frames", [1, 4, 11])
def test_restarts_in_a_whole_frame(make_system, ended_ok, machine, hertz, life_frames):
    """Lives of some frames without a boundary: each frame is counted, each life begins with one."""
    on = system.Machine(gic=machine.gic, cntfrq=hertz)
    frame_ns = 500_001
    life_ns = (life_frames - 1) * frame_ns + frame_ns // 3
    guest = Partition("only", "restart", (0, 0x10000, 0, FRAMES - 15, life_ns),
                      (systems.Memory(systems.RAM, 0x10000),))
    run = ended_ok(make_system([guest], [Window("only", 0, frame_ns)], frame_ns, FRAMES, on=on))
    assert run.windows_due == FRAMES
    lives = [systems.fields_of(line) for line in run.lines_of("only")
             if line.startswith("restart: life ")]
    frames = [life["frame"] for life in lives]
    assert frames == list(range(0, frames[-1] + 1, life_frames))
    assert FRAMES - 15 <= frames[-1] < FRAMES - 15 + life_frames
    late_max = 0 if hertz == 10**9 else 1
    for life in lives:
        assert (life["words"], life["registers"], life["device"]) == (0, 0, 0), life
        assert 0 <= life["late"] <= late_max, life
    spread, error = systems.spread_ns(systems.report_windows(run))
    assert max(spread, error) <= late_max * -(-10**9 // hertz)


@pytest.mark.requirement("BH-TIME-7", "BH-TIME-2")
def test_a_whole_frame_that_ends(make_system, ended_ok):
    """The partition switches itself off in its first frame: its frames are not due any more, the run
    ends in time."""
    run = ended_ok(make_system([Partition("only", "restart", (1, systems.MIB))],
                               [Window("only", 0, 5 * MS)], 5 * MS, FRAMES))
    assert run.windows_due == 1
    assert systems.report_stats(run)["major_frames"] == FRAMES
