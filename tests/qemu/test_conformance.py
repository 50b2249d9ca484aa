# SPDX-License-Identifier: Apache-2.0
"""Is a partition the machine that the specifications describe, and the same one as without a kernel
below it?  guests/conformance gives a verdict for each rule, natively at EL1 on QEMU's virt machine
and in a partition beside a hostile one; they must be equal and good, but for the differences that
docs/guests.md states."""
import dataclasses
import os
import re
import selectors
import subprocess
import time

import pytest

import systems
from systems import MIB, MS, US, Memory, Partition, Window, system

LOAD_ADDRESS = systems.RAM + 0x80000  # where QEMU's -kernel puts a flat binary
FRAME_NS = 1 * MS
FRAMES = 6_000  # the guest needs some hundreds, and more if the host is slow to type
TIMEOUT_S = 120

BEGIN = re.compile(r"conformance: begin life=(\d) cpus=(\d+) gic=(\d)$")
VERDICT = re.compile(r"conformance: ([\w-]+) (pass|FAIL) (.+?)(?:: (.*))?$")
TYPE = re.compile(rb"conformance: type (\d+)\r?\n")
SENT = "conformance: sent by bytes, half-words and words"


@dataclasses.dataclass(frozen=True)
class Verdict:
    passed: bool
    section: str
    what: str  # of a failure

    def __str__(self):
        return "pass" if self.passed else f"FAIL: {self.what}"


def converse(command):
    """Runs QEMU to its end and types what the guest asks for.  Returns the console's text."""
    text = b""
    typed = 0
    deadline = time.monotonic() + TIMEOUT_S
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as qemu, \
            selectors.DefaultSelector() as selector:
        try:
            selector.register(qemu.stdout, selectors.EVENT_READ)
            while selector.select(max(0, deadline - time.monotonic())):
                data = os.read(qemu.stdout.fileno(), 65536)
                if not data:
                    break
                text += data
                asked = TYPE.findall(text)
                for count in asked[typed:]:
                    qemu.stdin.write(bytes(ord("0") + i for i in range(int(count))))
                    qemu.stdin.flush()
                typed = len(asked)
        finally:
            qemu.kill()
    return system.text_of(text)


def verdicts_of(lines, cpus, gic):
    """{rule: Verdict}; those of the life after the reset begin with `again-`."""
    verdicts = {}
    lives = []
    for line in lines:
        begin, verdict = BEGIN.search(line), VERDICT.search(line)
        if begin:
            lives.append(tuple(int(field) for field in begin.groups()))
        elif verdict:
            name = ("again-" if len(lives) == 2 else "") + verdict.group(1)
            assert name not in verdicts, f"{name} twice"
            verdicts[name] = Verdict(verdict.group(2) == "pass", verdict.group(3), verdict.group(4))
    tail = "\n".join(lines[-10:])
    assert lives == [(1, cpus, gic), (2, cpus, gic)], tail
    assert "conformance: end" in lines and SENT in lines, tail
    return verdicts


def run_natively(build, gic, cpus):
    command = system.Machine(gic=gic, smp=cpus).arguments()
    machine = command.index("-M") + 1
    command[machine] = command[machine].replace("virtualization=on,", "")
    lines = converse([*command, "-kernel",
                      os.path.join(build, "guests", "conformance.bin")]).split("\n")
    return verdicts_of(lines, cpus, gic)


# vCPU 0 and 1 have windows of these lengths; all others, which stay off, of 12 us each.
SCHEDULES = {"long": (590 * US, 300 * US), "short": (100 * US, 100 * US)}
OTHERS_NS = 12 * US
HOSTILE_NS = 30 * US


def windows(schedule, cpus):
    first, second = SCHEDULES[schedule]
    own = [Window("guest", 0, first), Window("guest", first, second, vcpu=1),
           *(Window("guest", first + second + (i - 2) * OTHERS_NS, OTHERS_NS, vcpu=i)
             for i in range(2, cpus))]
    return [*own[:cpus], Window("hostile", FRAME_NS - HOSTILE_NS, HOSTILE_NS)]


def run_in_partition(build, directory, gic, cpus, schedule, attack):
    number, = [number for number, name, _ in systems.ATTACKS if name == attack]
    partitions = [
        Partition("guest", "conformance", memory=(Memory(systems.RAM, 2 * MIB),),
                  properties=('unmapped-access = "abort";', f"vcpus = <{cpus}>;"),
                  console=("buffer-bytes = <65536>;", "input;"), load_address=LOAD_ADDRESS),
        Partition("hostile", "hostile", (number, 1 << 40),
                  properties=('unmapped-access = "abort";',)),
    ]
    made = systems.write_system(str(directory), system.Machine(gic=gic), partitions,
                                windows(schedule, cpus), FRAME_NS, FRAMES, build=build)
    text = converse(made.command())
    end = system.END_LINE.search(text)
    assert end and end.group(1) == "ok", text[-2000:]
    due, run, health_events = (int(number) for number in end.groups()[1:])
    assert due == run != 0 and health_events == 0, text[-2000:]
    assert re.search(r"^  partition guest .* characters lost 0$", text, re.MULTILINE)
    told = re.findall(r"^bulkhead: health partition=(\S+) error=(\S+)", text, re.MULTILINE)
    assert told == [("guest", "reset"), ("guest", "power-off")], text[-2000:]
    tag = "[guest] "
    return verdicts_of([line[len(tag):] for line in text.split("\n") if line.startswith(tag)],
                       cpus, gic)


@dataclasses.dataclass(frozen=True)
class Difference:
    rule: str
    where: str
    natively: str
    in_partition: str

    def holds(self, gic, cpus):
        """Is this machine one that the row is about?"""
        version, _, count = self.where.partition(", ")
        assert version in ("both", "GICv2", "GICv3"), self.where
        counts = {"": True, "several CPUs": cpus > 1, "2 CPUs": cpus == 2}
        return version in ("both", f"GICv{gic}") and counts[count]


def stated_differences():
    """The rows of the table of docs/guests.md: rules, where, natively, in a partition, why."""
    path = os.path.join(systems.ROOT, "docs", "guests.md")
    with open(path, encoding="utf-8") as text:
        section = text.read().partition("\n## Conformance\n")[2].partition("\n## ")[0]
    stated = []
    for line in section.split("\n"):
        columns = [column.strip() for column in line.strip("|").split("|")]
        if len(columns) == 5 and columns[2] in ("pass", "FAIL"):
            assert columns[3] in ("pass", "FAIL") and columns[4], line
            stated += [Difference(rule, *columns[1:4])
                       for rule in re.findall(r"`([\w-]+)`", columns[0])]
    assert stated
    return stated


def check(place, verdicts, expected):
    wrong = [f"{rule} ({verdict.section}): {verdict}" for rule, verdict in verdicts.items()
             if verdict.passed != (expected.get(rule, "pass") == "pass")]
    assert not wrong, "\n".join([f"{place}, neither good nor stated in docs/guests.md:", *wrong])


@pytest.mark.requirement("BH-NAT-1", "BH-GIC-1", "BH-GIC-2", "BH-IRQ-1", "BH-IRQ-2",
                         "BH-RST-1", "BH-RST-4", "BH-CON-7")
@pytest.mark.parametrize("cpus, schedule, attack", [
    (1, "short", "gic_flood"), (2, "short", "timer_masked"), (8, "long", "gicd_pending")])
def test_verdicts_are_equal(build, machine, tmp_path, cpus, schedule, attack):
    gic = machine.gic
    stated = [row for row in stated_differences() if row.holds(gic, cpus)]
    native = run_natively(build, gic, cpus)
    assert len(native) > 150
    check("natively", native, {row.rule: row.natively for row in stated})
    partition = run_in_partition(build, tmp_path, gic, cpus, schedule, attack)
    assert {rule: verdict.section for rule, verdict in partition.items()} == \
        {rule: verdict.section for rule, verdict in native.items()}
    check("in a partition", partition, {row.rule: row.in_partition for row in stated})
    if cpus > 1:  # which is a machine with all rules
        assert {row.rule for row in stated} <= native.keys()


def test_a_difference_has_one_row():
    rows = stated_differences()
    for gic in (2, 3):
        for cpus in (1, 2, 8):
            rules = [row.rule for row in rows if row.holds(gic, cpus)]
            assert len(rules) == len(set(rules)), sorted(rules)
