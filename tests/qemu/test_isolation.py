# SPDX-License-Identifier: Apache-2.0
"""Is a partition's fault its own affair?  One system per GIC in which every fault of
guests/faults/faults.h has a partition of its own, beside a victim that watches the time."""
import pytest

import systems
from systems import FAULTS, MIB, RAM, US, Memory, Partition, Window, system

READ_ONLY = 0x48000000
NO_EXECUTE = 0x49000000
FRAMES = 60
VICTIM_NS = 400 * US
FAULT_NS = 100 * US


@pytest.fixture(scope="module")
def run(build, machine, tmp_path_factory):
    memory = (Memory(RAM, MIB), Memory(READ_ONLY, 0x1000, ("read-only",)),
              Memory(NO_EXECUTE, 0x1000, ("no-execute",)))
    partitions = [Partition("victim", "victim", (FRAMES - 20,))]
    windows = [Window("victim", 0, VICTIM_NS)]
    for number, name, _ in FAULTS:
        partitions.append(Partition(name, "faults", (number, MIB, READ_ONLY, NO_EXECUTE), memory))
        windows.append(Window(name, windows[-1].start_ns + windows[-1].duration_ns, FAULT_NS))
    made = systems.write_system(str(tmp_path_factory.mktemp("faults")), machine, partitions,
                                windows, windows[-1].start_ns + windows[-1].duration_ns, FRAMES,
                                build=build)
    return system.run(made, timeout_s=120)


def test_the_run_ends(run):
    assert run.status in ("ok", "late"), run.console[-3000:]


@pytest.mark.requirement("BH-HM-1", "BH-MEM-1", "BH-MEM-2", "BH-MEM-3", "BH-SEC-1", "BH-SEC-3")
@pytest.mark.parametrize("name,outcome", [row[1:] for row in FAULTS], ids=[row[1] for row in FAULTS])
def test_fault(run, name, outcome):
    lines = run.lines_of(name)
    assert any(line == f"faults: case={name} begins" for line in lines), lines
    survived = [line for line in lines if "survived" in line]
    events = [event for event in systems.report_health(run) if event["partition"] == name]
    if survived:
        assert "guest" in outcome.split("|"), f"went on: {survived}"
        assert systems.fields_of(survived[0])["exceptions"] > 0, survived
        assert not events
        return
    assert events[0]["error"] in outcome.split("|")
    if events[0]["error"] == "reset":
        # Each life runs from a fresh image to its own reset.
        lives = lines.count(f"faults: case={name} begins")
        assert len(events) >= 2 and abs(lives - len(events)) <= 1
        assert {event["action"] for event in events} == {"cold-start"}
        return
    assert len(events) == 1, events
    assert events[0]["action"] == "stop"
    if events[0]["error"] == "memory-access":
        assert RAM <= events[0]["pc"] < RAM + MIB or "execute" in name or "vectors" in name \
            or "walk" in name


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-3", "BH-HM-2")
def test_the_neighbour_notices_nothing(run):
    victim = systems.guest_line(run, "victim", "victim: ")
    assert victim["windows"] == FRAMES - 20
    assert (victim["lost"], victim["stolen_count"]) == (0, 0)
    assert victim["offset_min_ns"] == victim["offset_max_ns"]
    window, = [row for row in systems.report_windows(run) if row["partition"] == "victim"]
    assert window["due"] == window["run"] == FRAMES
    assert window["release_min_ns"] == window["release_max_ns"] == 0
