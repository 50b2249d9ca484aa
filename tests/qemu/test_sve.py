# SPDX-License-Identifier: Apache-2.0
"""Does a partition that is granted SVE have all of it to itself, and one that is not, nothing?
guests/sve keeps a pattern in every vector register over its windows, at its own length, beside others
that do the same at theirs and beside one that uses FP and SIMD alone."""
import dataclasses
import re

import pytest

import linux
import systems
from systems import MS, US, Partition, Schedule, Said, Window, system

WINDOWS = 24
FRAMES = WINDOWS + 30
WINDOWS_DOING, RESETS, SECOND, WARM_START, NOISE = range(5)
FOUR = "max,sve-max-vq=4,sme=off,pauth-impdef=on"  # 128, 256, 384 and 512 bits
ALL = "max,pauth-impdef=on"  # up to 2048, and SME
A64FX = "a64fx"  # 128, 256 and 512
LIFE = "sve: life "


def grant(bits=None):
    lines = ['cpu-features = "sve";']
    return (*lines, f"sve-vector-bits = <{bits}>;") if bits else tuple(lines)


def guest(name, bits, other, doing=WINDOWS_DOING, argument=0, windows=WINDOWS, properties=()):
    """bits: what is granted; None: nothing, 0: the default, which is 128."""
    expected = 0 if bits is None else bits or 128
    return Partition(name, "sve", (windows, expected, other, doing, argument),
                     properties=(*(() if bits is None else grant(bits)), *properties))


def in_turn(partitions, each_us=200):
    """A frame in which each has one window behind the other."""
    windows = [Window(partition.name, number * each_us * US, each_us * US)
               for number, partition in enumerate(partitions)]
    return windows, len(partitions) * each_us * US


@pytest.fixture
def run_on(make_system, ended_ok, machine):
    def run(cpu, partitions, windows=None, frame_ns=None, frames=FRAMES, module=()):
        skip_without_gic(machine, cpu)
        if windows is None:
            windows, frame_ns = in_turn(partitions)
        on = dataclasses.replace(machine, cpu=cpu)
        result = ended_ok(make_system(partitions, windows, frame_ns, frames, module, on=on),
                          timeout_s=240)
        assert result.health_events == 0, result.console[-3000:]
        assert systems.spread_ns(systems.report_windows(result)) == (0, 0)
        return result
    return run


def skip_without_gic(machine, cpu):
    if cpu == A64FX and machine.gic == 2:
        pytest.skip("it says that it has the registers of a GICv3, whatever the machine has")


def lives(run, name):
    return [systems.fields_of(line) for line in run.lines_of(name) if line.startswith(LIFE)]


def assert_fresh(life, bits):
    assert (life["zcr"], life["entry_bad"], life["foreign"], life["id_bad"]) == (0, 0, 0, 0), life
    assert life["bits"] == bits


def assert_kept(run, name, bits):
    life, = lives(run, name)
    assert_fresh(life, bits)
    found = systems.guest_line(run, name, "sve: windows ")
    assert (found["windows"], found["kept_bad"], found["foreign"]) == (WINDOWS, 0, 0), \
        run.lines_of(name)


@pytest.mark.requirement("BH-SVE-1", "BH-SVE-2", "BH-SVE-3", "BH-TIME-1", "BH-TIME-3")
@pytest.mark.parametrize("cpu, lengths", [
    (FOUR, (512, 256)), (FOUR, (384, 0)), (A64FX, (128, 512)), (ALL, (2048, 128)), (ALL, (256, 2048)),
], ids=["max-512-256", "max-384-default", "a64fx-128-512", "max-2048-128", "max-256-2048"])
def test_each_keeps_its_own(run_on, cpu, lengths):
    """Two lengths, one of them longer than the other, and a partition that has only SIMD."""
    partitions = [guest("first", lengths[0], 1), guest("second", lengths[1], 0),
                  guest("plain", None, 0), Partition("spins", "hostile", (0, 1 << 40))]
    run = run_on(cpu, partitions)
    assert_kept(run, "first", lengths[0] or 128)
    assert_kept(run, "second", lengths[1] or 128)
    plain = systems.guest_line(run, "plain", "sve: plain ")
    assert (plain["windows"], plain["kept_bad"], plain["foreign"], plain["granted_bad"]) == \
        (WINDOWS, 0, 0, 0), run.lines_of("plain")


@pytest.mark.requirement("BH-SVE-2")
@pytest.mark.parametrize("cpu", [FOUR, A64FX])
def test_nothing_is_left_after_a_restart(run_on, cpu):
    """One restarts in each of its windows, with all registers full; the other has shorter vectors."""
    partitions = [guest("again", 512, 1, RESETS, 25), guest("other", 128, 0)]
    run = run_on(cpu, partitions)
    begun = lives(run, "again")
    assert len(begun) >= 10
    for life in begun:
        assert_fresh(life, 512)
    assert_kept(run, "other", 128)


@pytest.mark.requirement("BH-SVE-2", "BH-MOD-4")
@pytest.mark.parametrize("action, reason", [("warm-start", 3), ("cold-start", 2)])
def test_a_change_of_schedule_starts_with_nothing(run_on, action, reason):
    partitions = [guest("again", 512, 1, WARM_START, properties=("set-module-schedule;",)),
                  guest("other", 256, 0)]
    windows, frame_ns = in_turn(partitions)
    schedules = [Schedule(tuple(windows), frame_ns),
                 Schedule(tuple(windows), frame_ns, (Said("again", action),))]
    run = run_on(FOUR, partitions, schedules, None)
    first, second, *more = lives(run, "again")
    assert_fresh(first, 512)
    assert_fresh(second, 512)
    assert (first["reason"], second["reason"]) == (0, reason)
    assert more == []
    assert_kept(run, "other", 256)


@pytest.mark.requirement("BH-SVE-2", "BH-RST-4")
def test_a_vcpu_that_is_turned_on_has_nothing(run_on):
    """It fills its registers and goes off, again and again, beside a sibling that keeps its own."""
    partitions = [guest("both", 512, 1, SECOND, windows=5, properties=("vcpus = <2>;",)),
                  guest("other", 256, 0)]
    windows = [Window("both", 0, 200 * US), Window("other", 200 * US, 200 * US),
               Window("both", 400 * US, 200 * US, vcpu=1)]
    run = run_on(FOUR, partitions, windows, 600 * US)
    second = systems.guest_line(run, "both", "sve: second ")
    assert (second["rounds"], second["entry_bad"], second["kept_bad"], second["foreign"],
            second["bits"]) == (5, 0, 0, 0, 512), run.lines_of("both")
    assert_kept(run, "other", 256)


@pytest.mark.requirement("BH-SVE-2", "BH-SMP-4")
def test_on_several_cores(make_system, machine):
    """By the host's clock, so windows may be late."""
    on = dataclasses.replace(machine, cpu=FOUR, smp=2, icount=False)
    partitions = [guest("both", 512, 1, SECOND, windows=5, properties=("vcpus = <2>;",)),
                  guest("other", 256, 0), Partition("spins", "hostile", (0, 1 << 40))]
    windows = [Window("both", 0, 4 * MS), Window("spins", 5 * MS, 3 * MS),
               Window("both", 0, 4 * MS, vcpu=1, cpu=1), Window("other", 4 * MS, 4 * MS, cpu=1)]
    run = system.run(make_system(partitions, windows, 10 * MS, 300, on=on), timeout_s=120)
    assert run.status in ("ok", "late"), run.console[-3000:]
    second = systems.guest_line(run, "both", "sve: second ")
    assert (second["rounds"], second["entry_bad"], second["kept_bad"], second["foreign"],
            second["bits"]) == (5, 0, 0, 0, 512), run.lines_of("both")
    assert_kept(run, "other", 256)


@pytest.mark.requirement("BH-SVE-3", "BH-TIME-1", "BH-TIME-2", "BH-TIME-3")
@pytest.mark.parametrize("bits", [128, 2048])
def test_nobody_is_late_for_it(run_on, bits):
    """The default guard, and two that fill all their registers and trap all the time, one behind the other, so
    that a boundary saves and loads; what they interrupt is exact."""
    watched = 200
    partitions = [guest("noisy", bits, 1, NOISE), guest("also", bits, 0, NOISE),
                  Partition("victim", "victim", (watched,))]
    windows = [Window("noisy", 0, 100 * US), Window("also", 100 * US, 100 * US),
               Window("victim", 200 * US, 150 * US), Window("noisy", 350 * US, 150 * US)]
    run = run_on(ALL, partitions, windows, 500 * US, watched + 30)
    victim = systems.guest_line(run, "victim", "victim: ")
    assert (victim["windows"], victim["lost"], victim["stolen_count"]) == (watched, 0, 0), victim
    assert victim["offset_min_ns"] == victim["offset_max_ns"] == 0, victim


def refusals(made):
    run = system.run(made)
    assert run.status == "refused", run.console[-2000:]
    assert run.windows_run == 0
    return re.findall(r"^bulkhead: refused (.*)$", run.console, re.MULTILINE)


@pytest.mark.requirement("BH-SVE-4", "BH-CFG-2")
def test_a_cpu_without_it_is_refused(make_system):
    line, = refusals(make_system([guest("wants", 256, 0)], [Window("wants", 0, 1 * MS)], 1 * MS, 5))
    assert line.startswith("cpu-feature-absent: /bulkhead/partitions/partition@0, "
                           "property cpu-features, feature sve: "), line


@pytest.mark.requirement("BH-SVE-4", "BH-CFG-2")
@pytest.mark.parametrize("cpu, bits", [(A64FX, 384), (FOUR, 1024), (A64FX, 2048)])
def test_a_length_that_the_cpu_has_not_is_refused(make_system, machine, cpu, bits):
    on = dataclasses.replace(machine, cpu=cpu)
    line, = refusals(make_system([guest("wants", bits, 0)], [Window("wants", 0, 1 * MS)], 1 * MS, 5,
                                 on=on))
    assert line.startswith("sve-length: /bulkhead/partitions/partition@0, "
                           "property sve-vector-bits: "), line
    assert line.endswith(f"(bits {bits}, at most 512)"), line


@pytest.mark.requirement("BH-SVE-1", "BH-SVE-2")
def test_linux_has_it(build, make_system, machine):
    """Two of them, with unlike lengths; each finds it, and its processes keep their registers."""
    on = dataclasses.replace(machine, cpu=FOUR)
    words = linux.bootargs(checks=["features", "simd", "sve"], late_us=5000)
    partitions = [linux.partition(name, build, words, properties=grant(bits))
                  for name, bits in (("long", 512), ("short", 256))]
    partitions += [linux.partition("without", build, words.replace("simd,sve", "simd"))]
    windows, frame_ns = in_turn(partitions, 1000)
    run = system.run(make_system(partitions, windows, frame_ns, 1200, on=on), timeout_s=400)
    assert run.status == "ok" and run.health_events == 0, run.console[-3000:]
    for name, bits in (("long", 512), ("short", 256), ("without", 0)):
        said = linux.lives(run.lines_of(name))[0]
        assert said.complaints == [], said.complaints
        passed, _ = said.checks["end"]
        assert passed, said.lines[-30:]
        features, = [line.split() for line in said.lines if line.startswith("check: features ")]
        assert ("sve" in features) == ("sve2" in features) == (bits != 0), features
        if bits:
            assert said.checks["sve"][1]["bits"] == bits
