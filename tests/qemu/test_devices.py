# SPDX-License-Identifier: Apache-2.0
"""Can a partition have a host device to itself?  The PL031 clock and the PL061 GPIO of QEMU's virt
machine, each given to one partition, between victims.  The frame's length decides where an alarm,
one second after it was set, goes off: in the owner's own window, in another's, or in a gap."""
import pytest

import systems
from systems import MS, US, Partition, Window, system

RTC, GPIO = range(2)
RTC_ID, GPIO_ID = 0x00141031, 0x00041061  # DDI 0224, 3.3.9; DDI 0190, 3.3.11
ROUNDS = 4
# The clock follows virtual time, as the counter does.
VIRTUAL_CLOCK = ("-rtc", "base=2026-01-01,clock=vm")

OWNER = Window("owner", 0, 400 * US)
VICTIM = Window("victim", 800 * US, 800 * US)


def device(path):
    return systems.node("device-" + path.strip("/").split("@")[0], [f'host-device = "{path}";'])


# One second is this far, and the setting of the alarm, behind some frame's start.
PLACES = {"owner": 5 * MS, "victim": 9 * MS, "gap": 12 * MS}


@pytest.fixture(scope="module", params=PLACES)
def place(request):
    return request.param


@pytest.fixture(scope="module")
def run(build, machine, place, tmp_path_factory):
    frame_ns = PLACES[place]
    frames = (ROUNDS + 1) * systems.MS * 1000 // frame_ns
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
            assert alarm["taken_ns"] < 1 * US, alarm


@pytest.mark.requirement("BH-DEV-3", "BH-TIME-1", "BH-TIME-3")
def test_nobody_else_is_interrupted(run):
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    assert run.windows_due == run.windows_run
    assert run.health_events == 0


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
    # QEMU's GICv2 looks at a line again only at the next change, not when a guest ends an interrupt.
    assert gpio["unserved"] > (1000 if machine.gic == 3 else 90)
    assert systems.guest_line(run, "rtc", "rtc: id=")["id"] == RTC_ID
    assert systems.guest_line(run, "rtc", "rtc: end")["taken"] == 0
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["lost"], victim["stolen_count"]) == (0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
