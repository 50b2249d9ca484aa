# SPDX-License-Identifier: Apache-2.0
"""Does Linux, as Debian ships it, run in a partition as on a machine of its own?  Its first process
(guests/linux) checks clock, timers, interrupts, memory, signals and processes, and each line of its
console is looked at; what runs beside it must not notice.

BULKHEAD_SOAK=1 adds combinations and lengths that everyday runs have no time for."""
import dataclasses
import os
import re
import subprocess

import pytest

import linux
import systems
from systems import MIB, MS, US, Partition, Window, system

SOAK = os.environ.get("BULKHEAD_SOAK") == "1"
CHECKS = {"clock", "sleep", "interrupts", "memory", "signals", "processes", "simd", "files"}
# Another process of Linux may come first when a sleep ends.
LATE_SLACK_US = 600
CONTROL = Partition("control", "control", (100,))
INPUT = (*linux.CONSOLE, "input;")


def soak(*values):
    return pytest.param(*values, marks=pytest.mark.skipif(not SOAK, reason="BULKHEAD_SOAK"))


@pytest.fixture
def linux_in(build, tmp_path, machine):
    """linux_in(arguments, windows, frame_ns, frames, ...) makes a system of Linux partitions, one
    for each of `arguments` {name: bootargs}, and of further ones."""
    def make(arguments, windows, frame_ns, frames, flavour="cloud", others=(), on=machine,
             **keywords):
        partitions = [linux.partition(name, build, words, flavour, **keywords)
                      for name, words in arguments.items()]
        return systems.write_system(str(tmp_path), on, [*others, *partitions], windows, frame_ns,
                                    frames, build=build)
    return make


def tail(run):
    return "\n".join([run.status, run.qemu_errors, *run.lines[-80:]])


def ended_well(run, *partitions):
    """The kernel's own account: every window at its instant, nothing wrong, no character lost."""
    assert run.status == "ok", tail(run)
    assert run.windows_due == run.windows_run > 0
    assert run.health_events == 0, tail(run)
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    for name in partitions:
        assert re.search(rf"^  partition {name} .* characters lost 0$", run.console, re.MULTILINE)


def healthy(said, checks=frozenset(CHECKS)):
    """One life of Linux: it made its checks and found nothing, and did not complain."""
    text = "\n".join(said.lines[-40:])
    assert said.complaints == [], text
    assert set(said.checks) - {"end"} == checks, text
    assert all(passed for passed, _ in said.checks.values()), text


def exact_control(run, at_least):
    """The control loop beside it was woken at the same instant of each of its windows."""
    lines = [systems.fields_of(line) for line in run.lines_of("control")
             if line.startswith("control: ")]
    assert sum(line["windows"] for line in lines) >= at_least, tail(run)
    assert all(line["lost"] == 0 for line in lines)
    assert len({line[key] for line in lines for key in ("wake_min_ns", "wake_max_ns")}) == 1, lines


def expected_hash():
    """What check.c makes of its pseudo-random numbers, calculated here."""
    mask = (1 << 64) - 1
    number, value = 1, 0xcbf29ce484222325
    for _ in range(131072):
        number ^= number << 13 & mask
        number ^= number >> 7
        number ^= number << 17 & mask
        value = (value ^ number) * 0x100000001b3 & mask
    return value


# --- what it is made of ---------------------------------------------------------------------------

def test_the_file_system_is_the_same_to_the_byte(build, tmp_path):
    """Whatever times and names its parts have."""
    script = os.path.join(systems.ROOT, "scripts", "guests", "initramfs.py")
    archives = []
    for number in range(2):
        file = tmp_path / f"file{number}"
        file.write_bytes(b"#!/bin/busybox sh\n")
        os.utime(file, (number, number))
        out = tmp_path / f"archive{number}"
        subprocess.run(["/usr/bin/python3", script, out, "bin", f"init={file}"], check=True)
        archives.append(out.read_bytes())
    assert archives[0] == archives[1]
    assert archives[0].startswith(b"070701") and b"TRAILER!!!" in archives[0]


def test_without_a_network_one_line_says_what_is_missing(tmp_path):
    """apt has no sources here; nothing is left behind that looks like a guest."""
    (tmp_path / "apt.conf").write_text('Dir::Etc::sourcelist "/dev/null";\n'
                                       'Dir::Etc::sourceparts "/dev/null";\n')
    result = subprocess.run(
        [os.path.join(systems.ROOT, "scripts", "guests", "debian.sh"), tmp_path / "cloud", "cloud"],
        env={**os.environ, "APT_CONFIG": str(tmp_path / "apt.conf"),
             "APT_PRIVATE_ROOT": str(tmp_path / "apt")},
        cwd=systems.ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    last = result.stderr.strip().split("\n")[-1]
    assert "linux-image-cloud-arm64 could not be fetched" in last and "network" in last
    assert not (tmp_path / "cloud").exists()


@pytest.mark.parametrize("name, wanted", [("linux", {"cloud"}), ("classic", set())])
def test_only_the_guests_that_a_system_names_are_fetched(tmp_path, name, wanted):
    result = subprocess.run(["make", "-n", f"O={tmp_path}", "check", f"SYSTEM={name}"],
                            cwd=systems.ROOT, capture_output=True, text=True, check=True,
                            env={**os.environ, "MAKEFLAGS": ""})
    assert set(re.findall(r"^ln -sfn .*guests/linux/(\w+)\.Image$", result.stdout,
                          re.MULTILINE)) == wanted
    assert ("initramfs.py" in result.stdout) == bool(wanted)


# --- Linux alone ----------------------------------------------------------------------------------

@pytest.mark.requirement("BH-GST-1")
@pytest.mark.parametrize("flavour", linux.FLAVOURS)
def test_linux_finds_in_a_partition_what_it_looks_for(linux_in, flavour):
    """Debian's kernels, with a device tree that the kernel below makes."""
    made = linux_in({"linux": linux.bootargs()}, [Window("linux", 0, 10 * MS)], 10 * MS, 200,
                    flavour)
    run = system.run(made, timeout_s=120)
    ended_well(run, "linux")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)
    assert said.checks["memory"][1]["hash"] == expected_hash()
    assert said.lines[-1].endswith("reboot: Power down")


def test_the_checks_pass_natively(build, machine):
    """What Linux does not find on plain QEMU at EL1, it need not find in a partition."""
    said, = linux.lives(linux.native(build, machine.gic, linux.bootargs()))
    healthy(said)


def test_a_check_that_fails_says_so(build, machine):
    """No sleep ends within a microsecond."""
    said, = linux.lives(linux.native(build, machine.gic, linux.bootargs(checks=["sleep"], late_us=1)))
    assert {name: passed for name, (passed, _) in said.checks.items()} == {"sleep": False,
                                                                           "end": False}


@pytest.mark.requirement("BH-GST-1")
@pytest.mark.parametrize("cpu, cntfrq", [
    ("max,pauth-impdef=on", 1_000_000_000), ("cortex-a57", 62_500_000),
    soak("cortex-a53", 1_000_000_000), soak("cortex-a72", 1_000_000_000),
    soak("neoverse-n1", 62_500_000), soak("max", 62_500_000)])
def test_linux_on_other_cpus_and_counters(linux_in, machine, cpu, cntfrq):
    on = dataclasses.replace(machine, cpu=cpu, cntfrq=cntfrq)
    made = linux_in({"linux": linux.bootargs()}, [Window("linux", 0, 10 * MS)], 10 * MS, 200, on=on)
    run = system.run(made, timeout_s=180)
    assert run.status == "ok" and run.health_events == 0, tail(run)
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)


@pytest.mark.requirement("BH-GST-1")
def test_linux_by_a_device_tree_of_the_users(linux_in, build, machine, tmp_path):
    words = linux.bootargs(checks=["clock", "interrupts"])

    def tree(initrd):
        return linux.user_tree(str(tmp_path), build, machine.gic, linux.MEMORY["cloud"], words,
                               initrd=initrd)
    made = linux_in({"linux": words}, [Window("linux", 0, 10 * MS)], 10 * MS, 140, tree=tree)
    run = system.run(made, timeout_s=120)
    ended_well(run, "linux")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said, {"clock", "interrupts"})
    assert any("Machine model: Bulkhead partition" in line for line in said.lines)


@pytest.mark.requirement("BH-GST-1", "BH-CON-7")
@pytest.mark.parametrize("uart, name", [("arm,pl011", "PL011 rev"), ("arm,sbsa-uart", "SBSA")])
def test_linux_answers_what_is_typed(linux_in, uart, name):
    """And its UART's interrupts move while it reads."""
    made = linux_in({"linux": linux.bootargs(then="echo", checks=["none"])},
                    [Window("linux", 0, 10 * MS)], 10 * MS, 0, console=INPUT, uart=uart)
    run = system.run(made, timeout_s=60, until=r"\[linux\] check: interrupts .*\n", answers=[
        (r"linux: type\n", b"hello, partition\r"),
        (r"you typed 'hello, partition'\n", b"interrupts\r")])
    said, = linux.lives(run.lines_of("linux"))
    assert said.complaints == []
    assert any(re.search(rf"ttyAMA0 at MMIO 0x9000000 .* is a {name}", line) for line in said.lines)
    assert "linux: you typed 'hello, partition'" in said.lines, tail(run)
    assert said.checks["interrupts"][0] and said.checks["interrupts"][1]["uart"] > 0, tail(run)


@pytest.mark.requirement("BH-GST-1")
def test_linux_with_two_cpus_in_turn(linux_in):
    """Two vCPUs of one partition, each with windows of its own on the core; SGIs go between them.
    The windows are short because Linux spins while it waits for its other CPU."""
    checks = {"clock", "sleep", "interrupts", "processes", "simd"}
    words = linux.bootargs(checks=sorted(checks), late_us=3000)
    made = linux_in({"linux": words}, [Window("linux", at, 250 * US, vcpu)
                                       for vcpu, at in enumerate((0, 250 * US))],
                    500 * US, 6600, size=80 * MIB, properties=("vcpus = <2>;",))
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said, checks)
    assert any("SMP: Total of 2 processors activated." in line for line in said.lines)


# --- a share of the CPU ---------------------------------------------------------------------------

@pytest.mark.requirement("BH-GST-2", "BH-IRQ-2", "BH-TIME-1")
@pytest.mark.parametrize("flavour, on_us, off_us", [
    ("cloud", 1000, 9000), ("cloud", 100, 900), ("rt", 1000, 9000),
    soak("generic", 1000, 9000), soak("generic", 100, 900), soak("rt", 100, 900)])
def test_linux_with_a_tenth_of_the_time(linux_in, flavour, on_us, off_us):
    """Its clock goes on while it is away, and what was due then fires when it is back."""
    frame_ns = (on_us + off_us) * US
    made = linux_in({"linux": linux.bootargs(late_us=off_us + LATE_SLACK_US)},
                    [Window("linux", 0, on_us * US), Window("control", on_us * US, 60 * US)],
                    frame_ns, 14_000 * MS // frame_ns, flavour, others=[CONTROL])
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux", "control")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)
    exact_control(run, 1000)
    # It was away most of the time, so sleeps did end while it was.
    assert said.checks["sleep"][1]["late_max_ns"] > off_us * US // 2


@pytest.mark.requirement("BH-GST-2", "BH-OWN-1", "BH-OWN-2")
def test_linux_in_its_own_time_does_not_see_that_it_was_away(linux_in):
    made = linux_in({"linux": linux.bootargs(late_us=200)},
                    [Window("linux", 0, MS), Window("control", MS, 60 * US)], 10 * MS, 2000,
                    others=[CONTROL], properties=('time = "partition";',))
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux", "control")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)
    exact_control(run, 1000)


@pytest.mark.requirement("BH-GST-1", "BH-IDLE-1")
def test_linux_whose_wfi_waits_in_the_kernel(linux_in):
    made = linux_in({"linux": linux.bootargs(late_us=400 + LATE_SLACK_US)},
                    [Window("control", 0, 60 * US), Window("linux", 100 * US, 700 * US)], MS, 3000,
                    others=[CONTROL], properties=('idle = "kernel";',))
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux", "control")
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)
    exact_control(run, 2700)


@pytest.mark.requirement("BH-GST-3", "BH-RST-2")
def test_linux_that_restarts_its_partition_moves_nobody(linux_in, machine):
    frames = 4000
    made = linux_in({"linux": linux.bootargs(then="reboot", checks=["memory"])},
                    [Window("control", 0, 100 * US), Window("linux", 100 * US, 850 * US)], MS,
                    frames, others=[CONTROL])
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux", "control")
    exact_control(run, frames - 250)
    said = linux.lives(run.lines_of("linux"))
    assert len(said) >= 3, tail(run)
    for life in said[:-1]:
        healthy(life, {"memory"})
        assert life.lines[-1].endswith("reboot: Restarting system")
    starts = re.search(r"^  partition linux .* starts (\d+) ", run.console, re.MULTILINE)
    assert int(starts[1]) == len(said)


# --- several on one core --------------------------------------------------------------------------

@pytest.mark.requirement("BH-GST-4", "BH-TIME-1", "BH-TIME-2")
def test_two_linux_and_two_bare_metal_partitions_as_shipped(build, machine, tmp_path):
    made = system.build_system("mixed", machine, build, out=str(tmp_path),
                               properties={"/bulkhead": {"stop-after-frames": 2000}})
    run = system.run(made, timeout_s=300)
    ended_well(run, "control", "alpha", "greedy", "beta")
    exact_control(run, 1000)
    for name in ("alpha", "beta"):
        said, = linux.lives(run.lines_of(name))
        healthy(said)


@pytest.mark.requirement("BH-GST-4", "BH-SEC-2")
@pytest.mark.parametrize("attack", [
    "virt_timer_away_wfi", soak("sgi_taken"), soak("gicd_enable"), soak("phys_timer_storm"),
    soak("tlbi"), soak("console")])
def test_linux_beside_a_hostile_partition(linux_in, attack):
    number = {name: number for number, name, _ in systems.ATTACKS}[attack]
    hostile = Partition("hostile", "hostile", (number, 1 << 40),
                        properties=('unmapped-access = "abort";',))
    made = linux_in({"linux": linux.bootargs(late_us=400 + LATE_SLACK_US)},
                    [Window("control", 0, 50 * US), Window("hostile", 50 * US, 300 * US),
                     Window("linux", 350 * US, 600 * US)], MS, 3500, others=[CONTROL, hostile])
    run = system.run(made, timeout_s=300)
    ended_well(run, "linux", "control")
    exact_control(run, 3000)
    said, = linux.lives(run.lines_of("linux"))
    healthy(said)


@pytest.mark.skipif(not SOAK, reason="BULKHEAD_SOAK")
@pytest.mark.requirement("BH-GST-4")
@pytest.mark.parametrize("flavour", ["cloud", "rt"])
def test_ten_minutes_of_two_linux_and_two_bare_metal_partitions(linux_in, flavour):
    """They check again and again: their clocks neither step nor drift, nothing is lost or stuck."""
    seconds = 600
    greedy = Partition("greedy", "hostile", (0, 1 << 40))
    words = linux.bootargs(then="load", late_us=1300 + LATE_SLACK_US, more="pause=10")
    made = linux_in({"alpha": words, "beta": words},
                    [Window("control", 0, 100 * US), Window("alpha", 100 * US, 800 * US),
                     Window("greedy", 900 * US, 20 * US), Window("beta", 1000 * US, 800 * US)],
                    2 * MS, seconds * 500, flavour, others=[CONTROL, greedy])
    run = system.run(made, timeout_s=3600)
    ended_well(run, "control", "alpha", "greedy", "beta")
    exact_control(run, seconds * 500 - 250)
    for name in ("alpha", "beta"):
        said, = linux.lives(run.lines_of(name))
        healthy(said)
        assert not any(" FAILED" in line for line in said.lines)
        assert said.checks["end"][1]["round"] > seconds / 20
        first, *later = [clock - counter for counter, clock in said.counters]
        assert max(abs(difference - first) for difference in later) < seconds * 10  # 10^-8
