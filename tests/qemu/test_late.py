# SPDX-License-Identifier: Apache-2.0
"""Is a release late by what another partition begins as its window ends?  Whatever EL2 is asked for
there by a partition with much of everything, the next one's window begins at its instant, also if
more became due for it meanwhile than for any other."""
import pytest

import systems
from systems import MS, US, Memory, Partition, Said, Schedule, Window

# Roles of guests/late.
(SUSPEND, CLEAR_ACTIVE, SET_ACTIVE, LINE_CHANGE, NEIGHBOUR, CARRIAGE_RETURNS, UNFINISHED_LINE, TALK,
 CHANGE_AND_TALK) = range(9)

SPIN = (0, 1 << 40)  # guests/hostile: computes, for ever
VIRT_TIMER_STORM = 26  # guests/hostile/attacks.h
RESET = 0  # guests/restart: enum ending
SMALL = (Memory(systems.RAM, 0x10000),)
PAGE = 0x1000
PERIOD_INTID = 20
PERIOD = (f"period-ppi = <{PERIOD_INTID - 16}>;",)
GPIO = (systems.node("device-gpio", ['host-device = "/pl061@9030000";']),)
VCPUS = 8
TWO_TIMERS = Partition("next", "late", (NEIGHBOUR, 0, 0), SMALL)


@pytest.fixture
def nobody_is_late(make_system, ended_ok):
    """Runs a system in which each window begins at its instant and no partition complains."""
    def run(*description):
        result = ended_ok(make_system(*description))
        assert systems.spread_ns(systems.report_windows(result)) == (0, 0)
        assert result.health_events == 0
        return result
    return run


def windows_of_vcpus(first, period_start=False):
    """100 us of vCPU 0, 30 us of the neighbour, 20 us of each sibling."""
    return [Window(first, 0, 100 * US),
            Window("next", 100 * US, 30 * US, period_start=period_start),
            *(Window(first, 130 * US + 20 * US * (v - 1), 20 * US, vcpu=v)
              for v in range(1, VCPUS))]


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-RST-4")
def test_a_call_that_asks_for_an_address_among_300_regions(nobody_is_late):
    memory = SMALL + tuple(Memory(systems.RAM + systems.MIB + PAGE * i, PAGE) for i in range(299))
    nobody_is_late([Partition("asks", "late", (SUSPEND, 1, 3000), memory), TWO_TIMERS],
                   [Window("asks", 0, 60 * US), Window("next", 60 * US, 30 * US)], 100 * US, 300)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-RST-2")
@pytest.mark.parametrize("length_us", [97, 106, 109])
def test_a_restart_among_700_regions(nobody_is_late, length_us):
    """Its last steps fall to another place of the window with each length."""
    size = 0x40000
    memory = (*(Memory(systems.RAM - 16 * systems.MIB + PAGE * i, PAGE, flags=("read-only",))
                for i in range(699)), Memory(systems.RAM, size))
    frames = 100
    windows = [Window("guest", 0, length_us * US), Window("next", length_us * US, 10 * US)]
    run = nobody_is_late([Partition("guest", "restart", (RESET, size, 0, frames), memory),
                          Partition("next", "hostile", SPIN, SMALL)], windows, 130 * US, frames)
    resets = len(systems.report_health(run)) + systems.report_stats(run)["health_lines_dropped"]
    assert resets > 5


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2")
def test_a_whole_frame_beside_120_consoles(nobody_is_late):
    """They have their windows in another schedule, and nothing to say."""
    others = [Partition(f"p{i}", "hostile", SPIN, SMALL) for i in range(120)]
    whole = Schedule((Window("whole", 0, 1 * MS),), 1 * MS)
    shared = Schedule(tuple(Window(other.name, 20 * US * i, 20 * US)
                            for i, other in enumerate(others)), 20 * US * len(others))
    nobody_is_late([Partition("whole", "late", (TALK,), SMALL), *others], [whole, shared], None,
                   100)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-MOD-1")
def test_a_whole_frame_beside_60_lines_without_an_end(nobody_is_late):
    """They began them before the schedule changed to one in which they have no window."""
    others = [Partition(f"p{i}", "late", (UNFINISHED_LINE,), SMALL) for i in range(60)]
    end_ns = 20 * US * len(others)
    shared = Schedule((*(Window(other.name, 20 * US * i, 20 * US)
                         for i, other in enumerate(others)),
                       Window("whole", end_ns, 100 * US)), end_ns + 100 * US)
    whole = Schedule((Window("whole", 0, 1 * MS),), 1 * MS)
    run = nobody_is_late([Partition("whole", "late", (CHANGE_AND_TALK,), SMALL,
                                    properties=("set-module-schedule;",)), *others],
                         [shared, whole], None, 100)
    core, = systems.report_lines(run, "core")
    assert core["schedule"] == 1


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-DEV-2")
@pytest.mark.parametrize("device", [(), GPIO], ids=["no-device", "gpio"])
def test_a_uarts_line_before_the_start_of_a_period(nobody_is_late, device):
    """All of the UART's partition's interrupts are pending."""
    following = Partition("next", "late", (NEIGHBOUR, PERIOD_INTID, len(device)), SMALL,
                          properties=PERIOD + device)
    windows = (Window("line", 0, 100 * US), Window("next", 100 * US, 60 * US, period_start=True))
    said = (Said("next", period_ns=200 * US, duration_ns=50 * US),)
    nobody_is_late([Partition("line", "late", (LINE_CHANGE, 1, 1500, 1), SMALL), following],
                   [Schedule(windows, 200 * US, said)], None, 1500)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2")
@pytest.mark.parametrize("role", [CLEAR_ACTIVE, SET_ACTIVE], ids=["clear", "set"])
def test_a_write_that_takes_back_siblings_list_registers(nobody_is_late, role):
    """Of seven, each of which has its share of a word's active interrupts there."""
    partitions = [Partition("many", "late", (role, 3500, 7000, VCPUS), SMALL,
                            properties=(f"vcpus = <{VCPUS}>;",)),
                  Partition("next", "late", (NEIGHBOUR, PERIOD_INTID, 0), SMALL, properties=PERIOD)]
    said = (Said("next", period_ns=300 * US, duration_ns=20 * US),)
    nobody_is_late(partitions, [Schedule(tuple(windows_of_vcpus("many", True)), 300 * US, said)],
                   None, 2000)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-CON-2", "BH-SEC-2")
def test_carriage_returns_behind_a_long_name(nobody_is_late):
    """Each of them may have the partition's name sent again, at whichever boundary."""
    talker = "a" * 31
    partitions = [Partition(talker, "late", (CARRIAGE_RETURNS,), SMALL),
                  Partition("storm", "hostile", (VIRT_TIMER_STORM, 1 << 40), SMALL,
                            properties=('unmapped-access = "abort";',)),
                  Partition("spin", "hostile", SPIN, SMALL)]
    windows = [Window(talker, 0, 60 * US), Window("storm", 60 * US, 37 * US),
               Window("spin", 97 * US, 20 * US)]
    nobody_is_late(partitions, windows, 117 * US, 2000)


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2")
def test_a_uarts_line_of_eight_vcpus(nobody_is_late):
    partitions = [Partition("many", "late", (LINE_CHANGE, 1, 2000, VCPUS), SMALL,
                            properties=(f"vcpus = <{VCPUS}>;",)), TWO_TIMERS]
    nobody_is_late(partitions, windows_of_vcpus("many"), 300 * US, 1500)
