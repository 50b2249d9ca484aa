# SPDX-License-Identifier: Apache-2.0
"""What does cache maintenance by set and way cost, and whom?  A partition whose memory takes many
windows to flush does it again and again, beside a victim.  (QEMU models no caches: that the memory
is then clean is by inspection; that each register keeps its value, guests/probe sees.)"""
import pytest

import systems
from systems import ATTACKS, MIB, MS, US, Memory, Partition, Window, system

SET_WAY, = [number for number, name, _ in ATTACKS if name == "set_way"]
MEMORY = (Memory(systems.RAM, 16 * MIB), Memory(0x80000000, 8 * MIB),
          Memory(0x90000000, 64 * 1024, ("read-only",)))
PAGES = sum(memory.size for memory in MEMORY) // 4096
FLUSHER_NS = 150 * US
FRAMES = 900
LINES_PER_PAGE = 64
PAGE_INSNS_MAX = 400  # docs/timing.md
EC_SYSREG = 0x18
SET_WAY_CRM = (6, 10, 14)  # of DC ISW, CSW, CISW: op1 0, CRn 7


def is_set_way(esr):
    return (esr >> 26 == EC_SYSREG and esr >> 10 & 15 == 7 and esr >> 14 & 7 == 0
            and esr >> 1 & 15 in SET_WAY_CRM)


@pytest.mark.requirement("BH-CACHE-1", "BH-TIME-1", "BH-TIME-2", "BH-TIME-3", "BH-SEC-2")
def test_a_flush_over_many_windows(make_system, ended_ok):
    partitions = [Partition("flushes", "hostile", (SET_WAY, FRAMES - 250), memory=MEMORY,
                            properties=('unmapped-access = "abort";',)),
                  Partition("victim", "victim", (FRAMES - 30,))]
    windows = [Window("flushes", 0, FLUSHER_NS), Window("victim", FLUSHER_NS, 200 * US)]
    run = ended_ok(make_system(partitions, windows, 500 * US, FRAMES), timeout_s=180)
    hostile = systems.guest_line(run, "flushes", "hostile: ")
    # Two flushes in each round, each longer than one instruction for each line; the rest of a
    # round takes less than a window.
    windows_for_one = PAGES * LINES_PER_PAGE // FLUSHER_NS
    assert windows_for_one >= 2
    assert 1 <= hostile["rounds"] <= hostile["windows"] / windows_for_one, hostile
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    for window in systems.report_windows(run):
        assert window["due"] == window["run"] == FRAMES
        assert window["release_min_ns"] == window["release_max_ns"] == 0


@pytest.mark.requirement("BH-CACHE-1")
def test_a_flush_goes_on_where_it_was(make_system, ended_ok):
    """One that is cut at a window's end takes as many windows as it is long, and no more."""
    partitions = [Partition("flushes", "hostile", (SET_WAY, 1 << 40), memory=MEMORY,
                            properties=('unmapped-access = "abort";',)),
                  Partition("other", "hostile", (0, 1 << 40))]
    windows = [Window("flushes", 0, FLUSHER_NS), Window("other", 200 * US, 200 * US)]
    run = ended_ok(make_system(partitions, windows, 500 * US, 60, ("print-trace;",)))
    index, flushing, cut = None, [], 0
    for record in systems.report_lines(run, "trace"):
        if record["event"] == "release" and record["argument"] == 0:
            index = (index or 0) + 1
        elif record["event"] == "trap" and is_set_way(record["argument"]) and index:
            flushing.append(index)
    # The first instruction of a flush traps again in each window until it is done, then the others
    # of the loop trap once each.
    while flushing and flushing.count(flushing[0]) == 1:
        cut += 1
        flushing.pop(0)
    assert cut >= PAGES * LINES_PER_PAGE // FLUSHER_NS, (cut, flushing[:20])
    assert cut <= PAGES * PAGE_INSNS_MAX // FLUSHER_NS + 2, cut
    assert flushing, "never done"
