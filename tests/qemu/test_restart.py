# SPDX-License-Identifier: Apache-2.0
"""Is a restart a fresh start, at the partition's own cost?  A guest that spoils its memory, device
tree, registers, timers and interrupts and resets itself, hundreds of times (BULKHEAD_SOAK: ten
thousand), between two victims; partitions that end; and what PSCI answers."""
import os
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
MANY_RESTARTS = 10_000 if os.environ.get("BULKHEAD_SOAK") else 600
PARAMS_END = 72  # of struct guest_params in the image
BOOT_BYTES = 832  # of struct guest_boot, which is not hashed
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
        assert (life["late"], life["words"], life["registers"], life["device"],
                life["timer"]) == (0,) * 5, life


def hash_words(data):
    """What guests/restart computes over whole words."""
    value = 0xCBF29CE484222325
    for word, in struct.iter_unpack("<Q", data[:len(data) & ~7]):
        value = (value ^ word) * 0x100000001B3 & (1 << 64) - 1
    return value


def image_words(path, skip, skip_bytes, size):
    """The image as guests/restart hashes it, from the file that it was loaded from."""
    with open(path, "rb") as file:
        data = file.read()
    data += bytes(size - len(data))
    return data[:skip] + data[skip + skip_bytes:]


def tree_bytes(made, partition):
    with open(made.guest_tree(partition), "rb") as tree:
        return tree.read()


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
        assert image["hash"] == hash_words(image_words(file, image["skip"], image["skip_bytes"],
                                                       image["bytes"])), image
    assert {life["tree"] for life in lives} == {hash_words(tree_bytes(made, "guest"))}
    assert states(run)["guest"] == ("NORMAL", RESTARTS + 1)
    assert states(run)["before"] == states(run)["after"] == ("NORMAL", 1)

    # Each reset is told, or counted as not told; it is no error.
    told = [event for event in systems.report_health(run) if event["partition"] == "guest"]
    assert {(event["error"], event["action"]) for event in told} == {("reset", "cold-start")}
    assert len(told) + systems.report_stats(run)["health_lines_dropped"] == RESTARTS
    assert run.health_events == 0


@pytest.mark.requirement("BH-RST-1", "BH-RST-2", "BH-DT-1", "BH-MEM-4", "BH-TIME-1", "BH-TIME-2")
def test_thousands_of_restarts(make_system, ended_ok):
    """In a row, each life checked by itself against what it was copied from.  A life speaks in each
    100th frame, or when something is wrong."""
    frames = MANY_RESTARTS + 60
    windows = [Window("before", 0, 50 * US), Window("guest", 50 * US, 300 * US),
               Window("after", 350 * US, 50 * US)]

    def make(wanted):
        guest = Partition("guest", "restart",
                          (RESET, MEMORY_BYTES, HVC, MANY_RESTARTS, 0, 100, wanted), MEMORY)
        return make_system(partitions_between_victims(guest, frames - 40), windows, 400 * US,
                           frames)

    # The hash of what is copied is a parameter; the image's parameters are not in it.
    first = make(0)
    symbols = system.call("nm", os.path.join(first.build, "guests", "restart.elf")).decode()
    at = {name: int(value, 16) - systems.RAM
          for value, _, name in (line.split() for line in symbols.splitlines())}
    image = image_words(os.path.join(first.build, "guests", "restart.bin"), at["guest_boot"],
                        BOOT_BYTES, at["guest_image_end"])
    tree = tree_bytes(first, "guest")
    made = make(hash_words(image[PARAMS_END:] + tree[:len(tree) & ~7]))

    run = ended_ok(made, timeout_s=1800)
    assert_neighbours_noticed_nothing(run, frames - 40, frames)
    said = [systems.fields_of(line) for line in run.lines_of("guest")]
    assert [life["frame"] for life in said] == list(range(0, MANY_RESTARTS + 1, 100))
    assert {life["wrong"] for life in said} == {0}
    assert states(run)["guest"] == ("NORMAL", MANY_RESTARTS + 1)
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


@pytest.mark.requirement("BH-RST-2", "BH-TIME-1", "BH-CPU-3")
@pytest.mark.parametrize("length_us", range(96, 120, 3))
def test_a_restart_of_all_that_a_partition_may_have_makes_nobody_late(make_system, ended_ok,
                                                                      length_us):
    """Eight vCPUs with features.  A restart's last steps fall to another place of the window each
    time; a neighbour comes behind it."""
    frames = 400
    guest = Partition("guest", "restart", (RESET, MEMORY_BYTES, HVC, frames), MEMORY,
                      properties=("vcpus = <8>;", 'cpu-features = "pmu", "debug";'))
    windows = []
    for v in range(8):
        length = (length_us if v == 0 else 20) * US
        windows += [Window("guest", v * 130 * US, length, vcpu=v),
                    Window("next", v * 130 * US + length, 10 * US)]
    run = ended_ok(make_system([guest, Partition("next", "hostile", (0, 1 << 40))], windows, 1040 * US,
                               frames + 20))
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    mode, starts = states(run)["guest"]
    assert mode == "NORMAL" and starts > frames // 5


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
