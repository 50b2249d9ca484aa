# SPDX-License-Identifier: Apache-2.0
"""Can a partition have a host device to itself?  The PL031 clock and the PL061 GPIO of QEMU's virt
machine, each given to one partition, between victims.  The frame's length decides where an alarm,
one second after it was set, goes off: in the owner's own window, in another's, or in a gap."""
import pytest

import systems
from systems import MS, US, Partition, Window, system

RTC, GPIO, RTC_WATCHED, GPIO_RESET = range(4)
RTC_ID, GPIO_ID = 0x00141031, 0x00041061  # DDI 0224, 3.3.9; DDI 0190, 3.3.11
ROUNDS = 4
# The clock follows virtual time, as the counter does.
VIRTUAL_CLOCK = ("-rtc", "base=2026-01-01,clock=vm")

SMALL = (systems.Memory(systems.RAM, 0x10000),)
OWNER = Window("owner", 0, 400 * US)
VICTIM = Window("victim", 800 * US, 800 * US)


def device(path):
    return systems.node("device-" + path.strip("/").split("@")[0], [f'host-device = "{path}";'])


SECOND = 1000 * MS

# Frames, by where an alarm goes off that was set at a window's start: the remainder of a second.
PLACES = {"owner": 5 * MS, "victim": 9 * MS, "gap": 12 * MS}


@pytest.fixture(scope="module", params=PLACES)
def place(request):
    return request.param


@pytest.fixture(scope="module")
def run(build, machine, place, tmp_path_factory):
    frame_ns = PLACES[place]
    frames = (ROUNDS + 1) * SECOND // frame_ns
    partitions = [Partition("owner", "devices", (RTC, ROUNDS),
                            properties=(device("/pl031@9010000"),)),
                  Partition("victim", "victim", (frames - 20,))]
    made = systems.write_system(str(tmp_path_factory.mktemp("rtc")), machine, partitions,
                                [OWNER, VICTIM], frame_ns, frames, build=build)
    result = system.run(made, timeout_s=200, extra=VIRTUAL_CLOCK)
    assert result.status == "ok", result.console[-3000:]
    return result


@pytest.mark.requirement("BH-DEV-1", "BH-DEV-2")
def test_alarms_are_taken(run, place):
    assert systems.guest_line(run, "owner", "rtc: id=")["id"] == RTC_ID
    alarms = [systems.fields_of(line) for line in run.lines_of("owner")
              if line.startswith("rtc: alarm ")]
    assert len(alarms) == ROUNDS
    assert systems.guest_line(run, "owner", "rtc: end")["taken"] == ROUNDS
    for alarm in alarms:
        assert alarm["mis"] == 1 and alarm["seconds"] == 1
        assert 0 <= alarm["taken_ns"] < OWNER.duration_ns
        if place == "owner":
            assert 0 <= alarm["taken_ns"] - alarm["due_ns"] < 3 * US, alarm
        else:
            # It went off while another ran, or nobody, and was there at the next release.
            before = PLACES[place] + alarm["due_ns"]
            if place == "victim":
                assert VICTIM.start_ns <= before < VICTIM.start_ns + VICTIM.duration_ns - 3 * US
            else:
                assert VICTIM.start_ns + VICTIM.duration_ns < before < PLACES[place]
            assert alarm["taken_ns"] == 0, "the handler is the first that the window runs"


@pytest.mark.requirement("BH-DEV-3", "BH-TIME-1", "BH-TIME-3")
def test_nobody_else_is_interrupted(run):
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    assert run.windows_due == run.windows_run
    assert run.health_events == 0


@pytest.mark.requirement("BH-DEV-2", "BH-TIME-1", "BH-TIME-3")
def test_an_interrupt_that_waits_delays_no_release(make_system, ended_ok):
    """The owner's interrupts are masked: all that it can notice of the alarm is time."""
    frames = SECOND // PLACES["gap"] + 30
    partitions = [Partition("owner", "devices", (RTC_WATCHED, frames - 15),
                            properties=(device("/pl031@9010000"),)),
                  Partition("victim", "victim", (frames - 20,))]
    run = ended_ok(make_system(partitions, [OWNER, VICTIM], PLACES["gap"], frames),
                   timeout_s=120, extra=VIRTUAL_CLOCK)
    watched = systems.guest_line(run, "owner", "rtc: watched ")
    assert watched["raised"] == 1, "the alarm did not go off"
    assert watched["judged"] >= watched["windows"] - systems.INEXACT_MAX
    assert watched["stolen_count"] == 0
    assert watched["offset_min_ns"] == watched["offset_max_ns"] == 0


@pytest.mark.requirement("BH-DEV-1", "BH-DEV-3", "BH-TIME-1", "BH-TIME-3")
def test_a_line_that_stays_raised_is_its_owners_affair(make_system, ended_ok, machine):
    """Two owners of two devices; the GPIO's interrupt is not served for dozens of frames."""
    frames = 120
    partitions = [Partition("gpio", "devices", (GPIO, 50, 100),
                            properties=(device("/pl061@9030000"),)),
                  Partition("victim", "victim", (frames - 20,)),
                  Partition("rtc", "devices", (RTC, 0), properties=(device("/pl031@9010000"),))]
    windows = [Window("gpio", 0, 300 * US), Window("victim", 300 * US, 400 * US),
               Window("rtc", 700 * US, 100 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, frames))
    gpio = systems.guest_line(run, "gpio", "gpio: ")
    assert gpio["id"] == GPIO_ID
    assert gpio["data"] == 0xA0  # the output pins read back what was written to them
    assert gpio["served"] == gpio["rounds"] == 50
    # QEMU's GICv2 looks at a line again at its next change, not when a guest ends an interrupt.
    assert gpio["unserved"] > (1000 if machine.gic == 3 else 90)
    assert systems.guest_line(run, "rtc", "rtc: id=")["id"] == RTC_ID
    assert systems.guest_line(run, "rtc", "rtc: end")["taken"] == 0
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)


@pytest.mark.requirement("BH-DEV-1", "BH-RST-1", "BH-TIME-1")
def test_a_restart_in_the_midst_of_an_interrupt(make_system, ended_ok):
    """The interrupt was active, its line raised: the next life takes it as the first one did."""
    restarts, frames = 60, 90
    partitions = [Partition("owner", "devices", (GPIO_RESET, 0, restarts), memory=SMALL,
                            properties=(device("/pl061@9030000"),)),
                  Partition("victim", "victim", (frames - 20,))]
    windows = [Window("owner", 0, 300 * US), Window("victim", 300 * US, 300 * US)]
    run = ended_ok(make_system(partitions, windows, 1 * MS, frames))
    lines = run.lines_of("owner")
    assert lines.count("gpio: life") == restarts + 1
    # One that was left over from the life before may come first, as with any interrupt controller.
    assert systems.guest_line(run, "owner", "gpio: taken=")["taken"] in (1, 2)
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
