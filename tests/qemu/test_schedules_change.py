# SPDX-License-Identifier: Apache-2.0
"""Does a change of the module's schedule come when it should, and does nothing else come with it?
Partitions that change the schedule in each frame, in a frame's last instants, from several cores at
once; what becomes of a partition by a change; periods.  One core under icount is exact; several
cores run by the host's clock, where windows may be late or missed, but cores must never differ."""
import dataclasses
import re

import pytest

import systems
from systems import MS, US, Memory, Partition, Said, Schedule, Window, system

SCRIPT, EACH_FRAME, LAST_INSTANTS, WHOLE_FRAMES = range(4)  # roles of guests/modes
SET, SET_UNKNOWN, SET_BY_SMC, FIND, STOP, RESET, FAULT, IRQ_ENABLE, IRQ_UNMASK, HALF = range(1, 11)
SCRIPT_FRAMES = 24
NO_ACTION, INVALID_CONFIG, INVALID_PARAMETER = -4, -3, -2
NORMAL, RESTARTED, COLD, WARM = range(4)  # start conditions

MAY_CHANGE = ("set-module-schedule;",)
GUARD_NS = 3_600  # of several schedules
PERIOD_PPI = 4  # INTID 20
SCHEDULES_MAX = 16


def script(steps):
    """Parameters of a script: {frame: [(operation, argument), ...]}, at most two in a frame."""
    words = [0] * (SCRIPT_FRAMES // 4)
    for frame, operations in steps.items():
        for place, (operation, argument) in enumerate(operations):
            words[frame // 4] |= (operation << 4 | argument) << (16 * (frame % 4) + 8 * place)
    return (SCRIPT, *words)


def scripted(name, steps, properties=(), **keywords):
    return Partition(name, "modes", script(steps), properties=tuple(properties), **keywords)


def spinner(name):
    return Partition(name, "hostile", (0, 1 << 40))


def lines(run, partition, kind):
    start = f"modes: {kind} "
    return [systems.fields_of(line) for line in run.lines_of(partition) if line.startswith(start)]


def window_lines(run, partition):
    """A scripted partition's windows, each with what its two lines say."""
    first, second = lines(run, partition, "window"), lines(run, partition, "state")
    assert len(first) == len(second)
    return [one | two for one, two in zip(first, second)]


def steps_of(run, partition):
    return {(step["frame"], step["op"], step["argument"]): step
            for step in lines(run, partition, "step")}


def frames_seen(run, partition):
    """{frame: schedule}"""
    return {line["frame"]: line["present"] for line in lines(run, partition, "window")}


def frame_starts(first_start, schedules, sequence):
    """Starts of frames of these schedules one behind the other, and of the one behind them all."""
    starts = [first_start]
    for schedule in sequence:
        starts.append(starts[-1] + schedules[schedule].frame_ns)
    return starts


def check_windows(run, partition, schedules, sequence, first_start, without=()):
    """The partition saw each of its windows at its place, but for the frames `without`."""
    starts = frame_starts(first_start, schedules, sequence)
    expected = []
    for frame, number in enumerate(sequence):
        cpu = {window.cpu for window in schedules[number].windows if window.partition == partition}
        for index, window in enumerate(one for one in schedules[number].windows if {one.cpu} == cpu):
            if window.partition == partition and frame not in without:
                expected.append((frame, index, starts[frame] + window.start_ns, window.duration_ns,
                                 number))
    seen = [(line["frame"], line["index"], line["start"], line["duration"], line["present"])
            for line in lines(run, partition, "window")]
    assert seen == expected


def core_line(run, cpu=0):
    line, = [line for line in systems.report_lines(run, "core") if line["cpu"] == cpu]
    return line


def check_exact(run):
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    stats = systems.report_stats(run)
    assert stats["windows_late"] == stats["windows_missed"] == 0


@pytest.fixture
def make(build, machine, tmp_path):
    """make(partitions, schedules, frames, module=(), on=machine)"""
    def made(partitions, schedules, frames, module=(), on=machine):
        return systems.write_system(str(tmp_path), on, partitions, list(schedules), None, frames,
                                    module, build=build)
    return made


@pytest.fixture
def ran(make, ended_ok):
    """The same, run to a clean end without any release off its plan."""
    def run(*arguments, **keywords):
        result = ended_ok(make(*arguments, **keywords))
        check_exact(result)
        return result
    return run


# --- when a change comes -------------------------------------------------------------------------

CHANGES = 1000
THREE = (
    Schedule((Window("c", 0, 300 * US), Window("v", 350 * US, 300 * US),
              Window("o", 700 * US, 300 * US)), 1 * MS),
    Schedule((Window("c", 0, 150 * US), Window("v", 200 * US, 200 * US)), 700_001),
    Schedule((Window("c", 0, 120 * US), Window("o", 120 * US, 100 * US),
              Window("v", 301 * US, 400 * US)), 1_300_007),
)


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-1", "BH-TIME-2", "BH-TIME-4")
@pytest.mark.parametrize("hertz", [1_000_000_000, 54_000_000])
def test_a_change_in_each_of_a_thousand_frames(make, ended_ok, machine, hertz):
    """Three schedules of different lengths in turn: no window is lost, doubled or moved, as the
    kernel and a victim with a window in each of them see it, and the frames do not drift."""
    frames = CHANGES + 20
    partitions = [Partition("c", "modes", (EACH_FRAME, 3, CHANGES, 0, 0, 1), properties=MAY_CHANGE),
                  Partition("v", "victim", (CHANGES - 20,)), spinner("o")]
    run = ended_ok(make(partitions, THREE, frames,
                        on=system.Machine(gic=machine.gic, cntfrq=hertz)))
    changer = lines(run, "c", "each")[0]
    assert (changer["asked"], changer["windows"]) == (CHANGES, CHANGES)
    assert (changer["refused"], changer["wrong"], changer["first_frame"]) == (0, 0, 0)
    sequence = [min(frame, CHANGES) % 3 for frame in range(frames)]
    for window in systems.report_windows(run):
        assert window["due"] == window["run"] == sequence.count(window["schedule"]), window
    assert core_line(run)["frame"] == frames
    ran_ns = sum(THREE[schedule].frame_ns for schedule in sequence)
    assert core_line(run)["frame_start"] == changer["first_start"] + ran_ns * hertz // 10**9
    tick_ns = -(-10**9 // hertz) if hertz != 10**9 else 0
    assert max(systems.spread_ns(systems.report_windows(run))) <= tick_ns
    victim = systems.guest_line(run, "v", "victim: ")
    assert victim["lost"] == victim["stolen_count"] == 0
    if hertz == 10**9:
        assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
        assert victim["exact"] >= victim["windows"] - systems.INEXACT_MAX


@pytest.mark.requirement("BH-MOD-1", "BH-TRC-1")
def test_the_trace_shows_each_release_and_each_change_in_its_place(ran):
    frames = 100
    partitions = [Partition("c", "modes", (EACH_FRAME, 3, frames - 20, 0, 2, 1),
                            properties=MAY_CHANGE),
                  Partition("v", "victim", (10,)), spinner("o")]
    run = ran(partitions, THREE, frames, ("print-trace;",))
    asked = lines(run, "c", "each")[0]
    assert asked["wrong"] == asked["refused"] == 0
    sequence = [min((frame + 1) // 2, (frames - 20) // 2) % 3 for frame in range(frames)]
    starts = frame_starts(asked["first_start"], THREE, sequence)
    expected = []
    for frame, schedule in enumerate(sequence):
        if frame > 0 and sequence[frame - 1] != schedule:
            expected.append(("schedule", starts[frame], schedule))
        expected += [("release", starts[frame] + window.start_ns, index)
                     for index, window in enumerate(THREE[schedule].windows)]
    assert expected == [(record["event"], record["time"], record["argument"])
                        for record in systems.report_lines(run, "trace")
                        if record["event"] in ("schedule", "release")]


INSTANTS = 80
END_WITH_FRAME = Schedule((Window("o", 0, 300 * US), Window("c", 300 * US, 400 * US)), 700 * US)
END_BEFORE = Schedule((Window("o", 0, 200 * US), Window("c", 300 * US, 200 * US)), 600 * US)


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-1")
@pytest.mark.parametrize("schedules", [(END_WITH_FRAME, END_WITH_FRAME),
                                       (END_WITH_FRAME, END_BEFORE)], ids=["alike", "different"])
@pytest.mark.parametrize("least_ns", [0, GUARD_NS - 300], ids=["last-10us", "around-the-guard"])
def test_a_change_in_the_last_instants_comes_once(ran, schedules, least_ns):
    """At the end of the frame in which it was asked for: never both, never lost.  A call that came
    back in another window was made there, or just before the end."""
    most_ns = 10 * US if least_ns == 0 else GUARD_NS + 300
    changer = Partition("c", "modes", (LAST_INSTANTS, INSTANTS, most_ns, least_ns),
                        properties=MAY_CHANGE)
    run = ran([changer, spinner("o")], schedules, 5 * INSTANTS + 40)
    asked, = lines(run, "c", "instants")
    assert asked["lost"] == asked["both"] == asked["refused"] == 0
    assert asked["next"] + asked["later"] == asked["trials"] == INSTANTS
    assert asked["later"] <= asked["late_calls"]
    assert asked["next"] > 0 and asked["later"] > 0


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-1", "BH-TIME-7")
def test_a_change_in_a_whole_frames_last_instants_moves_no_release(ran):
    """Where no boundary comes there is one for a change; too late for that, a frame later."""
    schedules = [Schedule((Window("c", 0, length),), length) for length in (1 * MS, 1500 * US)]
    run = ran([Partition("c", "modes", (WHOLE_FRAMES, INSTANTS, 10 * US, GUARD_NS),
                         properties=MAY_CHANGE)], schedules, 6 * INSTANTS)
    asked, = lines(run, "c", "whole")
    assert asked["wrong"] == asked["refused"] == 0
    assert asked["next"] + asked["later"] == asked["trials"] == INSTANTS
    assert asked["next"] > INSTANTS // 2 and asked["later"] > INSTANTS // 8
    # The switch of such a boundary is hardly longer than another one.
    assert systems.report_stats(run)["switch_entry_to_wait_max"] < 1120


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-7")
def test_a_whole_frame_takes_a_boundary_for_a_change_and_else_none(ran):
    changes = 12
    schedules = [Schedule((Window("c", 0, length),), length) for length in (1 * MS, 1500 * US)]
    run = ran([Partition("c", "modes", (WHOLE_FRAMES, changes, 500 * US, GUARD_NS),
                         properties=MAY_CHANGE)], schedules, 300, ("print-trace;",))
    trace = systems.report_lines(run, "trace")
    changed = [number for number, record in enumerate(trace) if record["event"] == "schedule"]
    assert len(changed) == changes
    taken = [record["event"] for record in trace[changed[0]:changed[-1]]
             if record["event"] in ("boundary", "schedule")]
    assert taken == ["schedule", "boundary"] * (changes - 1)


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-2")
def test_a_change_that_the_last_frame_asks_for_does_not_come(ran):
    """Frames are counted over all schedules; the module ends in time, whatever is pending."""
    frames = 12
    for last in (frames - 2, frames - 1):
        run = ran([scripted("c", {1: [(SET, 1)], 5: [(SET, 2)], last: [(SET, 0)]}, MAY_CHANGE),
                   Partition("v", "victim"), spinner("o")], THREE, frames)
        sequence = [0] * 2 + [1] * 4 + [2] * (last - 5) + [0] * (frames - 1 - last)
        first = lines(run, "c", "window")[0]["start"]
        check_windows(run, "c", THREE, sequence, first)
        assert core_line(run)["frame"] == systems.report_stats(run)["major_frames"] == frames
        assert core_line(run)["frame_start"] == frame_starts(first, THREE, sequence)[-1]
        # It is settled what the frame behind the last one would be.
        assert core_line(run)["schedule"] == 0


@pytest.mark.requirement("BH-MOD-1", "BH-TIME-2")
def test_a_schedule_without_windows_idles_to_the_end(ran):
    schedules = (THREE[0], Schedule((), 777_777))
    run = ran([scripted("c", {3: [(SET, 1)]}, MAY_CHANGE), Partition("v", "victim"), spinner("o")],
              schedules, 20)
    sequence = [0] * 4 + [1] * 16
    first = lines(run, "c", "window")[0]["start"]
    check_windows(run, "c", schedules, sequence, first)
    assert run.windows_due == 4 * 3
    assert core_line(run)["frame_start"] == frame_starts(first, schedules, sequence)[-1]
    assert "schedule modeb: idle" in run.console


# --- who may ask, and what is answered -----------------------------------------------------------

TWO = (
    Schedule((Window("c", 0, 300 * US), Window("p", 350 * US, 300 * US),
              Window("o", 700 * US, 200 * US)), 2 * MS),
    Schedule((Window("c", 0, 250 * US), Window("p", 400 * US, 300 * US)), 1500 * US),
    Schedule((Window("p", 0, 300 * US), Window("c", 400 * US, 300 * US)), 1700 * US),
)


@pytest.mark.requirement("BH-MOD-1", "BH-MOD-2")
def test_a_pending_change_is_replaced_and_cancelled(ran):
    """By the one that may, in the same window or in a later one; the last word counts."""
    steps = {
        1: [(SET, 1), (SET, 0)],  # cancelled at once
        3: [(SET, 1), (SET, 2)],  # replaced
        5: [(SET_BY_SMC, 0), (SET, 2)],
        7: [(SET, 1)],
        9: [(SET, 2), (SET, 2)],  # asked twice
    }
    run = ran([scripted("c", steps, MAY_CHANGE), scripted("p", {}), spinner("o")], TWO, 14)
    sequence = [0] * 4 + [2] * 4 + [1] * 2 + [2] * 4
    first = lines(run, "c", "window")[0]["start"]
    check_windows(run, "c", TWO, sequence, first)
    check_windows(run, "p", TWO, sequence, first)
    starts = frame_starts(first, TWO, sequence)
    for frame, operations in steps.items():
        for operation, argument in operations:
            step = steps_of(run, "c")[(frame, operation, argument)]
            assert (step["result"], step["present"]) == (0, sequence[frame])
            assert step["next"] == argument
    # Everybody sees what is pending, and when the last change was.
    for name in "cp":
        for line in window_lines(run, name):
            frame = line["frame"]
            changed = [at for at in range(1, frame + 1) if sequence[at] != sequence[at - 1]]
            assert line["switched"] == (starts[changed[-1]] if changed else 0)
            asked_before = name == "p" and line["index"] > 0
            wanted = sequence[min(frame + 1, 13)] if asked_before else sequence[frame]
            assert line["next"] == wanted, line


@pytest.mark.requirement("BH-MOD-2")
def test_what_a_partition_may_not_ask_changes_nothing(ran):
    steps = {2: [(SET, 1), (SET, 0)], 4: [(SET_UNKNOWN, 0), (SET_BY_SMC, 1)], 7: [(SET, 1)],
             8: [(SET, 1)]}
    run = ran([scripted("c", {6: [(SET, 1), (HALF, 0)]}, MAY_CHANGE), scripted("p", steps),
               spinner("o")], TWO, 12)
    results = {key: step["result"] for key, step in steps_of(run, "p").items()}
    assert results == {(2, SET, 1): INVALID_CONFIG, (2, SET, 0): INVALID_CONFIG,
                       (4, SET_UNKNOWN, 0): INVALID_PARAMETER, (4, SET_BY_SMC, 1): INVALID_CONFIG,
                       (7, SET, 1): INVALID_CONFIG, (8, SET, 1): INVALID_CONFIG}
    check_windows(run, "p", TWO, [0] * 7 + [1] * 5, lines(run, "c", "window")[0]["start"])


@pytest.mark.requirement("BH-MOD-2")
def test_the_present_schedule_is_no_action_and_an_unknown_one_none(ran):
    steps = {1: [(SET, 0)], 2: [(SET_UNKNOWN, 0)], 3: [(SET, 1), (SET_UNKNOWN, 0)], 5: [(SET, 1)]}
    run = ran([scripted("c", steps, MAY_CHANGE), scripted("p", {}), spinner("o")], TWO, 10)
    results = {key: step["result"] for key, step in steps_of(run, "c").items()}
    assert results == {(1, SET, 0): NO_ACTION, (2, SET_UNKNOWN, 0): INVALID_PARAMETER,
                       (3, SET, 1): 0, (3, SET_UNKNOWN, 0): INVALID_PARAMETER,
                       (5, SET, 1): NO_ACTION}
    check_windows(run, "c", TWO, [0] * 4 + [1] * 6, lines(run, "c", "window")[0]["start"])


@pytest.mark.requirement("BH-MOD-2")
def test_a_schedule_is_found_by_its_whole_name(ran):
    """Names that begin alike, one of 31 characters; who asks needs no permission."""
    steps = {frame: [(FIND, letter)] for frame, letter in enumerate(range(4))}
    windows = (Window("c", 0, 300 * US),)
    schedules = [Schedule(windows, 1 * MS, label=label)
                 for label in ("modeb", "modea", "moded-and-twenty-five-letters-x", "mode")]
    run = ran([scripted("c", steps)], schedules, 10)
    results = [step["result"] for step in lines(run, "c", "step")]
    assert results == [1, 0, INVALID_CONFIG, INVALID_CONFIG]


# --- what becomes of a partition -----------------------------------------------------------------

def acting(action, said_in=1):
    """TWO, but with an action for partition p in one of them."""
    return [Schedule(schedule.windows, schedule.frame_ns,
                     (Said("p", action),) if number == said_in else ())
            for number, schedule in enumerate(TWO)]


def run_action(ran, action, frames=16, steps_of_p=(), **keywords):
    """From schedule 0 to 1 with frame 3, back to 0 with frame 8, and 1 again with frame 11."""
    changer = scripted("c", {2: [(SET, 1)], 7: [(SET, 0)], 10: [(SET, 1)]}, MAY_CHANGE)
    run = ran([changer, scripted("p", dict(steps_of_p), **keywords), spinner("o")], acting(action),
              frames)
    sequence = [0] * 3 + [1] * 5 + [0] * 3 + [1] * (frames - 11)
    first = lines(run, "c", "window")[0]["start"]
    check_windows(run, "c", acting(action), sequence, first)
    return run, lambda without=(): check_windows(run, "p", acting(action), sequence, first, without)


@pytest.mark.requirement("BH-MOD-4")
def test_ignore_lets_the_partition_go_on(ran):
    run, check = run_action(ran, "ignore")
    check()
    for line in window_lines(run, "p"):
        assert (line["condition"], line["life"], line["kept"], line["dirty"]) == (NORMAL, 1, 1, 0)


@pytest.mark.requirement("BH-MOD-4")
def test_idle_stops_the_partition_at_its_first_window(ran):
    run, check = run_action(ran, "idle")
    check(without=range(3, 16))
    assert re.search(r"partition p +IDLE +starts 1 ", run.console)
    assert run.health_events == 0


@pytest.mark.requirement("BH-MOD-4", "BH-RST-1", "BH-RST-2")
def test_cold_start_begins_with_the_image(ran):
    """In the first window of the new schedule it is restored, in the next one it runs; no action
    where the schedule names none."""
    run, check = run_action(ran, "cold-start", memory=(Memory(systems.RAM, 0x10000),))
    check(without=(3, 11))
    for line in window_lines(run, "p"):
        assert (line["life"], line["kept"], line["dirty"]) == (1, 1, 0), line
        assert line["condition"] == (NORMAL if line["frame"] < 3 else COLD), line
    assert re.search(r"partition p +NORMAL +starts 3 ", run.console)


@pytest.mark.requirement("BH-MOD-4", "BH-RST-2")
def test_warm_start_keeps_the_memory_and_nothing_else(ran):
    run, check = run_action(ran, "warm-start")
    check(without=(3, 11))
    for line in window_lines(run, "p"):
        lives = 1 + (line["frame"] >= 3) + (line["frame"] >= 11)
        assert (line["life"], line["kept"], line["dirty"]) == (lives, lives, 0), line
        assert line["condition"] == (NORMAL if lives == 1 else WARM), line
    assert re.search(r"partition p +NORMAL +starts 3 ", run.console)


@pytest.mark.requirement("BH-MOD-4")
@pytest.mark.parametrize("action,condition,lives", [("cold-start", COLD, 1),
                                                    ("warm-start", WARM, 2)])
def test_a_start_revives_a_stopped_partition(ran, action, condition, lives):
    run, check = run_action(ran, action, steps_of_p={1: [(STOP, 0)], 13: [(STOP, 0)]},
                            memory=(Memory(systems.RAM, 0x10000),))
    check(without=(2, 3, 11, 14, 15))
    revived = [line for line in window_lines(run, "p") if 3 < line["frame"] < 11]
    assert {(line["life"], line["kept"], line["condition"], line["dirty"]) for line in revived} \
        == {(lives, lives, condition, 0)}


@pytest.mark.requirement("BH-MOD-4", "BH-RST-1")
def test_memory_of_a_start_that_was_broken_off_is_not_kept(ran):
    """Restoring 16 MiB takes several windows; idle stops it in the midst, and the warm start that
    follows is a cold one, since there is nothing whole to keep."""
    schedules = [dataclasses.replace(TWO[0], said=(Said("p", change_action=action),) if action else ())
                 for action in (None, "cold-start", "idle", "warm-start")]
    run = ran([scripted("c", {2: [(SET, 1)], 3: [(SET, 2)], 4: [(SET, 3)]}, MAY_CHANGE),
               scripted("p", {}, memory=(Memory(systems.RAM, 16 * systems.MIB),)), spinner("o")],
              schedules, 22)
    after = [line for line in window_lines(run, "p") if line["frame"] > 2]
    assert after and after[0]["frame"] > 6
    assert {(line["life"], line["kept"], line["condition"], line["dirty"]) for line in after} \
        == {(1, 1, COLD, 0)}
    assert re.search(r"partition p +NORMAL +starts 2 ", run.console)


@pytest.mark.requirement("BH-MOD-4")
def test_an_action_is_not_done_for_a_change_that_was_cancelled(ran):
    """Nor for one that was replaced: only what comes counts."""
    changer = scripted("c", {2: [(SET, 1), (SET, 0)], 5: [(SET, 1), (SET, 2)]}, MAY_CHANGE)
    run = ran([changer, scripted("p", {}), spinner("o")], acting("cold-start"), 12)
    check_windows(run, "p", TWO, [0] * 6 + [2] * 6, lines(run, "c", "window")[0]["start"])
    assert {line["condition"] for line in window_lines(run, "p")} == {NORMAL}


@pytest.mark.requirement("BH-MOD-4")
@pytest.mark.parametrize("action", ["ignore", "cold-start"])
def test_a_partition_without_a_window_rests_untouched(ran, action):
    """Over frames of a schedule that has none for it, with its timer and its memory as they were;
    an action is for the next schedule in which it has one."""
    schedules = (
        Schedule((Window("c", 0, 300 * US), Window("p", 350 * US, 300 * US)), 2 * MS),
        Schedule((Window("c", 100 * US, 300 * US),), 1500 * US),
        Schedule((Window("p", 0, 300 * US), Window("c", 400 * US, 300 * US)), 1 * MS,
                 (Said("p", action),)),
    )
    changer = scripted("c", {2: [(SET, 1)], 6: [(SET, 0)], 8: [(SET, 1)], 12: [(SET, 2)]},
                       MAY_CHANGE)
    run = ran([changer, scripted("p", {}, memory=(Memory(systems.RAM, 0x10000),))], schedules, 18)
    sequence = [0] * 3 + [1] * 4 + [0] * 2 + [1] * 4 + [2] * 5
    first = lines(run, "c", "window")[0]["start"]
    check_windows(run, "c", schedules, sequence, first)
    check_windows(run, "p", schedules, sequence, first, (13,) if action != "ignore" else ())
    for line in window_lines(run, "p"):
        after = action == "cold-start" and line["frame"] > 12
        assert (line["life"], line["dirty"]) == (1, 0)
        assert line["condition"] == (COLD if after else NORMAL)


RESTART_BYTES = 8 << 20  # several windows' worth of restarting


@pytest.mark.requirement("BH-MOD-4", "BH-RST-1", "BH-RST-2")
@pytest.mark.parametrize("action,reset_in,condition", [
    ("ignore", 2, RESTARTED), ("cold-start", 2, RESTARTED), ("warm-start", 2, RESTARTED),
    ("idle", 2, None), ("ignore", 3, RESTARTED), ("warm-start", 3, WARM)])
def test_a_restart_goes_on_over_a_change(ran, action, reset_in, condition):
    """The partition resets itself in the frame before the change, or in the first one behind it.  A
    restart takes the windows of several frames, is one whatever the change brings, and only "idle"
    ends it; what has begun with the change knows nothing of the script of that frame."""
    run, _ = run_action(ran, action, steps_of_p={reset_in: [(RESET, 0)]},
                        memory=(Memory(systems.RAM, RESTART_BYTES),))
    seen = window_lines(run, "p")
    before = [line for line in seen if line["condition"] == NORMAL]
    again = [line for line in seen if line["condition"] != NORMAL]
    assert [line["frame"] for line in before] == list(range(3 if condition == WARM else reset_in + 1))
    if action == "idle":
        assert not again
        return
    first = again[0]["frame"]
    assert first == 4 if condition == WARM else reset_in + 2 <= first <= 8
    for line in again:
        if line["frame"] < 11:
            assert line["condition"] == condition, line
        if condition == RESTARTED and line["condition"] != WARM:
            assert (line["life"], line["kept"]) == (1, 1), line
        assert line["dirty"] == 0
    # The change in frame 11 acts again, or does not.
    late = {"ignore": RESTARTED, "cold-start": COLD, "warm-start": WARM}[action]
    assert {line["condition"] for line in again if line["frame"] > 11} \
        == (set() if action == "cold-start" and again[-1]["frame"] < 11 else {late})


@pytest.mark.requirement("BH-MOD-5", "BH-HM-1", "BH-HM-2")
@pytest.mark.parametrize("named", [True, False], ids=["named", "not-named"])
def test_an_error_changes_to_the_maintenance_schedule(ran, named):
    """At the end of the frame, if the description says so; over a change that was pending."""
    partitions = [
        scripted("c", {3: [(SET, 1)]}, MAY_CHANGE),
        scripted("p", {3: [(FAULT, 0)]}, ("maintenance-on-error;",) if named else ()),
        spinner("o"),
    ]
    run = ran(partitions, TWO, 10, ("maintenance-schedule = <&s2>;",))
    sequence = [0] * 4 + [2 if named else 1] * 6
    first = lines(run, "c", "window")[0]["start"]
    check_windows(run, "c", TWO, sequence, first)
    check_windows(run, "p", TWO, sequence, first, without=range(4, 10))
    event, = systems.report_health(run)
    assert (event["partition"], event["error"], run.health_events) == ("p", "memory-access", 1)


@pytest.mark.requirement("BH-MOD-5")
def test_a_wanted_end_is_no_error(ran):
    run = ran([scripted("c", {}), scripted("p", {3: [(STOP, 0)]}, ("maintenance-on-error;",)),
               spinner("o")], TWO, 10, ("maintenance-schedule = <&s2>;",))
    assert set(frames_seen(run, "c").values()) == {0}


# --- periods -------------------------------------------------------------------------------------

PERIODIC = (
    Schedule((Window("p", 0, 300 * US, period_start=True), Window("p", 500 * US, 200 * US),
              Window("p", 1 * MS, 300 * US, period_start=True), Window("c", 1400 * US, 200 * US),
              Window("p", 1700 * US, 250 * US)), 2 * MS, (Said("p", None, 1 * MS, 490 * US),)),
    Schedule((Window("c", 0, 250 * US), Window("p", 400 * US, 300 * US)), 1500 * US),
    Schedule((Window("c", 0, 250 * US), Window("p", 300 * US, 300 * US, period_start=True),
              Window("p", 700 * US, 200 * US)), 3 * MS, (Said("p", None, 3 * MS, 400 * US),)),
)
STARTS_PERIOD = {(0, 0), (0, 2), (2, 1)}  # (schedule, index)


def run_periodic(ran, steps, frames=16):
    changer = scripted("c", {4: [(SET, 1)], 7: [(SET, 2)], 11: [(SET, 0)]}, MAY_CHANGE)
    run = ran([changer, scripted("p", steps, (f"period-ppi = <{PERIOD_PPI}>;",))], PERIODIC, frames)
    sequence = [0] * 5 + [1] * 3 + [2] * 4 + [0] * (frames - 12)
    seen = window_lines(run, "p")
    check_windows(run, "p", PERIODIC, sequence, seen[0]["start"])
    periods = [(line["frame"], line["index"]) for line in seen
               if (line["present"], line["index"]) in STARTS_PERIOD]
    return run, seen, periods


@pytest.mark.requirement("BH-MOD-6")
def test_a_partition_learns_its_period_and_where_it_starts(ran):
    _, seen, _ = run_periodic(ran, {})
    for line in seen:
        said = PERIODIC[line["present"]].said
        assert (line["period"], line["time"]) \
            == ((said[0].period_ns, said[0].duration_ns) if said else (0, 0))
        assert line["marked"] == ((line["present"], line["index"]) in STARTS_PERIOD)


def irqs_of(run):
    return [(line["frame"], line["index"]) for line in lines(run, "p", "irq")]


@pytest.mark.requirement("BH-MOD-6", "BH-IRQ-2")
def test_the_periods_interrupt_comes_with_each_period_and_no_other_window(ran):
    """Once, before the window's first instruction; the first one waited for its enable."""
    run, _, periods = run_periodic(ran, {0: [(IRQ_ENABLE, 1), (IRQ_UNMASK, 1)]})
    assert irqs_of(run) == periods
    late = [line["after"] for line in lines(run, "p", "irq")]
    assert all(0 <= after < 40 for after in late[1:]), late


@pytest.mark.requirement("BH-MOD-6", "BH-IRQ-2")
@pytest.mark.parametrize("operation,value", [(IRQ_UNMASK, 0), (IRQ_ENABLE, 0)],
                         ids=["masked", "disabled"])
def test_periods_interrupts_that_wait_are_one(ran, operation, value):
    """What is not taken stays pending over any number of periods, and comes once."""
    run, _, periods = run_periodic(ran, {0: [(IRQ_ENABLE, 1), (IRQ_UNMASK, 1)],
                                         2: [(operation, value)], 6: [(operation, 1)],
                                         9: [(operation, value)], 13: [(operation, 1)]})
    closed = [(2, 2), *((frame, index) for frame, index in periods
                        if frame in (3, 4, 5, 10, 11, 12) or (frame, index) == (13, 0))]
    # The steps come behind the interrupt of the frame's first window.
    expected = [at for at in periods if at not in closed]
    expected += [(6, 1), (13, 0)]
    assert irqs_of(run) == sorted(expected)


# --- an attacker ---------------------------------------------------------------------------------

@pytest.mark.requirement("BH-SEC-2", "BH-MOD-1", "BH-MOD-2", "BH-TIME-1", "BH-TIME-3")
@pytest.mark.parametrize("permitted", [True, False], ids=["permitted", "not-permitted"])
def test_changing_without_a_pause_moves_nobody(ran, permitted):
    """Schedules in which the victim has the same windows: the changes are all that it could see.  As
    many as there can be, with names as long as they can be, all of which are compared."""
    attack = [name for _, name, _ in systems.ATTACKS].index("module_schedule")
    frames = 300
    partitions = [Partition("a", "hostile", (attack, frames - 30),
                            properties=('unmapped-access = "abort";',
                                        *(MAY_CHANGE if permitted else ()))),
                  Partition("v", "victim", (frames - 40,)), spinner("o")]
    windows = (Window("a", 0, 400 * US), Window("v", 400 * US, 400 * US),
               Window("o", 800 * US, 200 * US))
    schedules = [Schedule(windows[:2 + number % 2], 1 * MS, label=f"{number:x}" * 31)
                 for number in range(SCHEDULES_MAX)]
    run = ran(partitions, schedules, frames)
    victim = systems.guest_line(run, "v", "victim: ")
    assert victim["lost"] == victim["stolen_count"] == 0
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    assert systems.guest_line(run, "a", "hostile: ")["rounds"] > 500
    frames_of = [sum(window["due"] for window in systems.report_windows(run)
                     if window["partition"] == "v" and window["schedule"] == number)
                 for number in range(SCHEDULES_MAX)]
    assert sum(frames_of) == frames
    # It asks for the first four.
    assert min(frames_of[:4]) > frames // 10 if permitted else frames_of[0] == frames


# --- many cores ----------------------------------------------------------------------------------

def on_many_cores(machine, cores):
    return system.Machine(gic=machine.gic, smp=cores, icount=False)


def run_on_cores(make, machine, cores, partitions, schedules, frames):
    """Late and missed windows are the host's doing; everything else must be as on one core."""
    made = make(partitions, schedules, frames, on=on_many_cores(machine, cores))
    run = system.run(made, timeout_s=90)
    assert run.status in ("ok", "late"), "\n".join([run.qemu_errors, *run.lines[-40:]])
    ends = systems.report_lines(run, "core")
    assert [end["cpu"] for end in ends] == list(range(cores))
    assert {end["frame"] for end in ends} == {frames}
    assert len({(end["frame_start"], end["schedule"]) for end in ends}) == 1, ends
    return run, ends[0]


def check_agreement(run, names, schedules, last):
    """Partitions on different cores saw the same schedule in the same frame, at the same time, and
    those frames follow on each other without a gap.  Returns how many changes there were."""
    seen = {}
    for name in names:
        for line in lines(run, name, "saw"):
            start = line["start"] - next(window.start_ns for window in
                                         schedules[line["present"]].windows
                                         if window.partition == name)
            assert seen.setdefault(line["frame"], (line["present"], start)) \
                == (line["present"], start), (name, line)
    frames = sorted(seen)
    for frame, following in zip(frames, frames[1:]):
        if following == frame + 1:
            assert seen[following][1] == seen[frame][1] + schedules[seen[frame][0]].frame_ns
    if frames[-1] == last["frame"] - 1:
        assert last["frame_start"] == seen[frames[-1]][1] + schedules[seen[frames[-1]][0]].frame_ns
    return sum(seen[frame][0] != seen[following][0] for frame, following in zip(frames, frames[1:]))


MANY_FRAMES = 150
CHANGES_LEAST = 3  # that were seen; a busy host lets windows be missed


@pytest.mark.requirement("BH-MOD-3")
@pytest.mark.parametrize("cores", [2, 4])
def test_cores_agree_on_each_frame_whoever_asks(make, machine, cores):
    """A partition on each core asks in each frame, all at once, for what comes next by its own
    count; schedules of different lengths, whose sum says which of them ran how often."""
    names = [f"c{cpu}" for cpu in range(cores)]
    partitions = [Partition(name, "modes", (EACH_FRAME, 3, MANY_FRAMES, 0, 1, 2, 3),
                            properties=MAY_CHANGE, console=("buffer-bytes = <16384>;",))
                  for name in names]
    schedules = [Schedule(tuple(Window(name, first + 100 * US * cpu, 8 * MS, cpu=cpu)
                                for cpu, name in enumerate(names)), length)
                 for first, length in ((0, 20 * MS), (1 * MS, 21_000_007), (2 * MS, 23_000_301))]
    run, end = run_on_cores(make, machine, cores, partitions, schedules, MANY_FRAMES + 10)
    # A host that is busy may not let one of them come to its end.
    assert all(line["refused"] == 0 for name in names for line in lines(run, name, "each"))
    assert check_agreement(run, names, schedules, end) > CHANGES_LEAST


@pytest.mark.requirement("BH-MOD-3", "BH-TIME-7")
def test_a_whole_frame_core_follows_the_others(make, machine):
    """Core 1 has its frame for one partition in two of three schedules and takes no boundary but
    for changes, which core 0 asks for; in the third one it is idle.  Core 1 asks all the time which
    frame it is in."""
    frames = MANY_FRAMES
    attack = [name for _, name, _ in systems.ATTACKS].index("module_schedule")
    lengths = (20 * MS, 21_000_007, 23_000_301)
    schedules = [Schedule((Window("c", length - 8 * MS, 8 * MS),
                           *((Window("w", 0, length, cpu=1),) if length != lengths[2] else ())),
                          length) for length in lengths]
    partitions = [Partition("c", "modes", (EACH_FRAME, 3, frames, 0, 1, 2, 3),
                            properties=MAY_CHANGE, console=("buffer-bytes = <16384>;",)),
                  Partition("w", "hostile", (attack, 1 << 40),
                            properties=('unmapped-access = "abort";',))]
    run, end = run_on_cores(make, machine, 2, partitions, schedules, frames + 10)
    assert check_agreement(run, ["c"], schedules, end) > CHANGES_LEAST


@pytest.mark.requirement("BH-MOD-3", "BH-TIME-7")
def test_a_whole_frame_core_asks_too(make, machine):
    """Both cores have whole frames, or core 1 alone has; each asks every third frame."""
    frames = MANY_FRAMES // 2
    schedules = [
        Schedule((Window("c", 0, 20 * MS), Window("w", 0, 20 * MS, cpu=1)), 20 * MS),
        Schedule((Window("c", 1 * MS, 8 * MS), Window("w", 0, 21_000_007, cpu=1)), 21_000_007),
        Schedule((Window("c", 2 * MS, 8 * MS), Window("w", 3 * MS, 8 * MS, cpu=1)), 23_000_301),
    ]
    partitions = [Partition(name, "modes", (EACH_FRAME, 3, frames, rest, 3, 2, 3),
                            properties=MAY_CHANGE, console=("buffer-bytes = <16384>;",))
                  for rest, name in enumerate("cw")]
    run, end = run_on_cores(make, machine, 2, partitions, schedules, frames + 10)
    assert check_agreement(run, "cw", schedules, end) > CHANGES_LEAST
