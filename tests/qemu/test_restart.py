# SPDX-License-Identifier: Apache-2.0
"""Is a restart a fresh start, at the partition's own cost?  A guest that spoils its memory,
registers, timers and interrupts and resets itself, hundreds of times, between two victims;
partitions that end; and what PSCI answers."""
import re
import struct

import pytest

import systems
from systems import MS, US, Memory, Partition, Window, system

RESET, SYSTEM_OFF, CPU_OFF, PSCI = range(4)
HVC, SMC = range(2)
MEMORY_BYTES = 0x10000
MEMORY = (Memory(systems.RAM, MEMORY_BYTES),)

RESTARTS = 200
FRAMES = RESTARTS + 40
PARTITION_LINE = re.compile(r"^  partition (\S+) +(\S+) +starts (\d+) ", re.MULTILINE)


def partitions_between_victims(guest, watched):
    return [Partition("before", "victim", (watched,)), guest,
            Partition("after", "victim", (watched,))]


WINDOWS = [Window("before", 0, 200 * US), Window("guest", 200 * US, 300 * US),
           Window("after", 500 * US, 200 * US)]  # and 300 us of gap


def states(run):
    """{partition: (mode, starts)} of the table at the end."""
    return {name: (mode, int(starts)) for name, mode, starts in PARTITION_LINE.findall(run.console)}


def assert_neighbours_noticed_nothing(run, watched, frames):
    for name in ("before", "after"):
        victim = systems.guest_line(run, name, "victim: ")
        assert victim["windows"] == watched
        assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
        assert (victim["offset_min_ns"], victim["offset_max_ns"]) == (0, 0), victim
    for window in systems.report_windows(run):
        assert window["due"] == window["run"]
        assert window["release_min_ns"] == window["release_max_ns"] == 0, window
        assert window["due"] == frames or window["partition"] == "guest"


def assert_fresh(lives):
    for life in lives:
        assert (life["late"], life["words"], life["registers"], life["device"]) == (0,) * 4, life


def image_hash(path, skip, skip_bytes, size):
    """What guests/restart computes over its image, over the file that it was loaded from."""
    with open(path, "rb") as file:
        data = file.read()
    data += bytes(size - len(data))
    value = 0xCBF29CE484222325
    for word, in struct.iter_unpack("<Q", data[:skip] + data[skip + skip_bytes:]):
        value = (value ^ word) * 0x100000001B3 & (1 << 64) - 1
    return value


@pytest.mark.requirement("BH-RST-1", "BH-RST-2", "BH-MEM-4", "BH-TIME-1", "BH-TIME-2", "BH-TIME-3")
@pytest.mark.parametrize("conduit", [HVC, SMC], ids=["hvc", "smc"])
def test_two_hundred_restarts(make_system, ended_ok, conduit):
    guest = Partition("guest", "restart", (RESET, MEMORY_BYTES, conduit, RESTARTS), MEMORY)
    made = make_system(partitions_between_victims(guest, FRAMES - 30), WINDOWS, 1 * MS, FRAMES)
    run = ended_ok(made, timeout_s=120)
    assert_neighbours_noticed_nothing(run, FRAMES - 30, FRAMES)

    lives = [systems.fields_of(line) for line in run.lines_of("guest")
             if line.startswith("restart: life ")]
    images = [systems.fields_of(line) for line in run.lines_of("guest")
              if line.startswith("restart: image ")]
    # One life in each frame: the rest of a window is enough for the restart.
    assert [life["frame"] for life in lives] == list(range(RESTARTS + 1))
    assert_fresh(lives)
    file, = [module.file for module in made.modules if module.file.endswith("/guest.bin")]
    assert len(images) == len(lives)
    for image in images:
        assert image["hash"] == image_hash(file, image["skip"], image["skip_bytes"],
                                           image["bytes"]), image
    assert states(run)["guest"] == ("NORMAL", RESTARTS + 1)
    assert states(run)["before"] == states(run)["after"] == ("NORMAL", 1)

    # Each reset is told, or counted as not told; it is no error.
    told = [event for event in systems.report_health(run) if event["partition"] == "guest"]
    assert {(event["error"], event["action"]) for event in told} == {("reset", "cold-start")}
    assert len(told) + systems.report_stats(run)["health_lines_dropped"] == RESTARTS
    assert run.health_events == 0


@pytest.mark.requirement("BH-RST-1", "BH-TIME-1", "BH-TIME-3")
def test_a_restart_longer_than_a_window(make_system, ended_ok):
    """4 MiB do not fit one window: the work goes on in the partition's own later ones."""
    size = 4 * systems.MIB
    guest = Partition("guest", "restart", (RESET, size, HVC, 8), (Memory(systems.RAM, size),))
    run = ended_ok(make_system(partitions_between_victims(guest, 70), WINDOWS, 1 * MS, 100),
                   timeout_s=120)
    assert_neighbours_noticed_nothing(run, 70, 100)
    lives = [systems.fields_of(line) for line in run.lines_of("guest")
             if line.startswith("restart: life ")]
    assert len(lives) >= 2
    assert all(later["frame"] - life["frame"] > 2 for life, later in zip(lives, lives[1:]))
    assert_fresh(lives)
    assert states(run)["guest"] == ("NORMAL", len(lives))


@pytest.mark.requirement("BH-RST-3", "BH-HM-2", "BH-TIME-1")
@pytest.mark.parametrize("ending", [SYSTEM_OFF, CPU_OFF], ids=["system-off", "cpu-off"])
@pytest.mark.parametrize("conduit", [HVC, SMC], ids=["hvc", "smc"])
def test_off_stops_only_itself(make_system, ended_ok, ending, conduit):
    guest = Partition("guest", "restart", (ending, MEMORY_BYTES, conduit), MEMORY)
    run = ended_ok(make_system(partitions_between_victims(guest, 40), WINDOWS, 1 * MS, 60))
    assert_neighbours_noticed_nothing(run, 40, 60)
    assert not [line for line in run.lines_of("guest") if "came back" in line]
    assert states(run) == {"before": ("NORMAL", 1), "guest": ("IDLE", 1), "after": ("NORMAL", 1)}
    event, = systems.report_health(run)
    assert (event["partition"], event["error"], event["action"]) == ("guest", "power-off", "stop")
    window, = [row for row in systems.report_windows(run) if row["partition"] == "guest"]
    assert window["due"] == 1


@pytest.mark.requirement("BH-RST-4")
def test_psci_answers(one_partition, ended_ok):
    run = ended_ok(one_partition("restart", (PSCI, MEMORY_BYTES), memory=MEMORY, frames=10))
    wrong = [line for line in run.lines_of("only") if " gives " in line]
    assert not wrong, "\n".join(wrong)
    result = systems.guest_line(run, "only", "restart: psci calls=")
    assert result["calls"] > 100 and result["failures"] == 0
    assert not systems.report_health(run)
