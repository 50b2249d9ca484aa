# SPDX-License-Identifier: Apache-2.0
"""What does an unmodified guest pay for living in a partition?  Linux boots, and a bare-metal guest
computes and copies, once on plain QEMU at EL1 and once in a partition that has the whole frame, on
the same virtual machine under icount: the quotient of two instruction counts.

And for what does EL2 run meanwhile?  QEMU's log lists each exception that it takes, and a plugin
(scripts/el2_visits.c) counts the instructions of each, in the same order.

Library for scripts/bench.py: measure(), print_visits().  By itself it prints both."""
import argparse
import collections
import dataclasses
import os
import re
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "qemu"))

import linux  # noqa: E402  (tests/qemu/linux.py)
import systems  # noqa: E402  (tests/qemu/systems.py)
from systems import MIB, MS, Memory, Partition, Window, system  # noqa: E402

GICS = (2, 3)
FRAMES = 150
FRAME_NS = 10 * MS
KERNEL_VA = 0x800000000000
KERNEL_BYTES = 2 * MIB
LOOPS_BASE = 0x40080000  # guests.mk: where QEMU puts a flat binary

# A word of el2_visits.c.
INTERRUPT = 1 << 31
BOUNDARY = 1 << 30

# Exception classes of ESR_EL2 (Arm ARM DDI 0487, D17.2.37).
CLASSES = {0x01: "WFI, WFE", 0x16: "HVC", 0x17: "SMC", 0x18: "system register",
           0x20: "instruction abort", 0x24: "data abort"}
SGI1R = "S3_0_C12_C11_5"


class BenchError(Exception):
    """A run that gives no figure; the text says why."""


@dataclasses.dataclass(frozen=True)
class Boot:
    """A boot of Linux in a partition, and natively with the same device tree."""

    native_ns: int     # from the first instruction to the first one of the first process
    partition_ns: int
    visits: dict       # {cause: (visits, instructions of EL2)}

    @property
    def ratio(self):
        return round(self.partition_ns / self.native_ns, 6)


# --- Linux ----------------------------------------------------------------------------------------

def symbol(elf, name):
    symbols = subprocess.run(["nm", elf], capture_output=True, check=True, text=True).stdout
    match = re.search(rf"^([0-9a-f]+) \w {name}$", symbols, re.MULTILINE)
    if not match:
        raise BenchError(f"{elf} has no symbol {name}")
    return int(match[1], 16)


def build_plugin(build):
    out = os.path.join(build, "host", "el2_visits.so")
    source = os.path.join(ROOT, "scripts", "el2_visits.c")
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
                        "-fPIC", "-fvisibility=hidden", "-o", out, source], check=True)
    return out


def register_name(iss):
    """From the ISS of a trapped MRS or MSR: S<op0>_<op1>_C<n>_C<m>_<op2>."""
    return f"S{iss >> 20 & 3}_{iss >> 14 & 7}_C{iss >> 10 & 15}_C{iss >> 1 & 15}_{iss >> 17 & 7}"


def cause_of(esr, far, devices):
    """What an exception was for, by its syndrome; devices: virtual (start, end, name)."""
    name = CLASSES.get(esr >> 26, f"class {esr >> 26:#x}")
    if esr >> 26 == 0x24:
        for start, end, device in devices:
            if start <= far < end:
                return f"{device} {'write' if esr >> 6 & 1 else 'read'}"
    if esr >> 26 == 0x18:
        if register_name(esr) == SGI1R:
            return "ICC_SGI1R write"
        return f"{name} {'read' if esr & 1 else 'write'}"
    return name


def exceptions(log):
    """Each exception that EL2 took, from QEMU's log: None for an interrupt, else (ESR, FAR)."""
    kind, esr, far = "", 0, 0
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("Taking exception"):
                kind = line[line.index("[") + 1:line.index("]")]
            elif line.startswith("...with ESR"):
                esr = int(line.split()[2].split("/")[1], 16)
            elif line.startswith("...with FAR"):
                far = int(line.split()[2], 16)
            elif line.startswith("...to EL2"):
                yield None if kind == "IRQ" else (esr, far)


def visits_by_cause(words, log, devices):
    """{cause: (visits, instructions)}; words: the plugin's."""
    found = collections.defaultdict(lambda: [0, 0])
    for word, exception in zip(words, exceptions(log), strict=False):
        if (exception is None) != bool(word & INTERRUPT):
            raise BenchError("QEMU's log and the plugin disagree on what was an interrupt")
        if word & BOUNDARY:
            cause = "end of a window"
        else:
            cause = "interrupt" if exception is None else cause_of(*exception, devices)
        found[cause][0] += 1
        found[cause][1] += word & (BOUNDARY - 1)
    return {cause: tuple(row) for cause, row in found.items()}


def devices_of(lines, gic):
    """Where Linux mapped what, as it says itself: (start, end, name)."""
    names = {0x08000000: "distributor", 0x09000000: "UART",
             0x080a0000: "redistributor", 0x08010000: "CPU interface"}
    found = []
    for line in lines:
        match = re.match(r"check: device start=(\w+) end=(\w+) physical=(\w+)", line)
        if match:
            start, end, physical = (int(number, 16) for number in match.groups())
            found.append((start, end, names.get(physical, f"device {physical:#x}")))
    if len(found) < 3:
        raise BenchError(f"GICv{gic}: Linux did not say where its devices are")
    return found


def first_counter(lines, where):
    said = linux.lives(lines)
    if len(said) != 1 or not said[0].counters:
        raise BenchError(f"Linux, {where}: no first process\n" + "\n".join(lines[-20:]))
    return said[0].counters[0][0]


def boot(build, gic):
    """Boots Linux in a partition and natively."""
    directory = os.path.join(build, "bench", f"linux-gicv{gic}")
    os.makedirs(directory, exist_ok=True)
    arguments = linux.bootargs(checks=["devices"])
    size = linux.MEMORY["cloud"]

    def tree(load):
        return linux.user_tree(directory, build, gic, size, arguments, initrd=load)

    partition = linux.partition("linux", build, arguments, tree=tree)
    made = systems.write_system(directory, system.Machine(gic=gic), [partition],
                                [Window("linux", 0, FRAME_NS)], FRAME_NS, FRAMES, build=build)
    elf = os.path.join(build, "bulkhead.elf")
    out, log = (os.path.join(directory, name) for name in ("visits", "int.log"))
    plugin = {
        "out": out, "base": hex(KERNEL_VA), "size": hex(KERNEL_BYTES),
        "vectors": hex(symbol(elf, "vectors")), "boundary": hex(symbol(elf, "context_save")),
        "begin": hex(systems.RAM),
        "end": hex(symbol(os.path.join(build, "guests", "linux", "check"), "counter")),
    }
    options = ",".join([build_plugin(build), *(f"{key}={value}" for key, value in plugin.items())])
    run = system.run(made, timeout_s=120, extra=["-plugin", options, "-d", "int", "-D", log])
    lines = run.lines_of("linux")
    if run.status != "ok":
        raise BenchError(f"Linux, GICv{gic}: ended {run.status}\n" + "\n".join(run.lines[-20:]))
    with open(out, "rb") as file:
        data = file.read()
    start, = struct.unpack_from("<Q", data)
    words = struct.unpack(f"<{len(data) // 4 - 2}I", data[8:])
    native = linux.native(build, gic, arguments, tree=os.path.join(directory, "guest.dtb"))
    found = Boot(first_counter(native, f"native, GICv{gic}"),
                 first_counter(lines, f"GICv{gic}") - start,
                 visits_by_cause(words, log, devices_of(lines, gic)))
    os.unlink(log)
    return found


# --- bare metal -----------------------------------------------------------------------------------

def loops(build, gic):
    """(cpu, memcpy): ratios of the guest that computes and copies."""
    binary = os.path.join(build, "guests", "loops.bin")
    directory = os.path.join(build, "bench", f"loops-gicv{gic}")
    partition = Partition("only", binary, memory=(Memory(LOOPS_BASE, 2 * MIB),))
    made = systems.write_system(directory, system.Machine(gic=gic), [partition],
                                [Window("only", 0, FRAME_NS)], FRAME_NS, 10, build=build)
    run = system.run(made, timeout_s=60)
    if run.status != "ok":
        raise BenchError(f"loops, GICv{gic}: ended {run.status}\n" + "\n".join(run.lines[-20:]))
    inside = systems.guest_line(run, "only", "loops: ")
    lines = linux.until_line(linux.native_command(gic, 128, ["-kernel", binary]), "loops: ")
    outside = systems.fields_of(lines[-1])
    return tuple(round(inside[name] / outside[name], 6) for name in ("cpu_ticks", "memcpy_ticks"))


# --- all ------------------------------------------------------------------------------------------

def measure(build):
    """({figure: value}, {gic: Boot}); needs `make kernel guests linux-guests`."""
    boots = {gic: boot(build, gic) for gic in GICS}
    ratios = [loops(build, gic) for gic in GICS]
    return {
        "linux_boot_ratio": max(found.ratio for found in boots.values()),
        "cpu_loop_ratio": max(cpu for cpu, _ in ratios),
        "memcpy_ratio": max(copying for _, copying in ratios),
    }, boots


def print_visits(boots):
    for gic, found in boots.items():
        total = sum(instructions for _, instructions in found.visits.values())
        print(f"\nLinux to its first process, GICv{gic}: {found.partition_ns} ns, natively "
              f"{found.native_ns} ns, of which EL2 {total} instructions "
              f"({100 * total / found.partition_ns:.3f} %)")
        print(f"  {'cause':<24}{'visits':>8}{'insns':>10}{'each':>8}{'share':>9}")
        for cause, (visits, instructions) in sorted(found.visits.items(),
                                                    key=lambda row: -row[1][1]):
            print(f"  {cause:<24}{visits:>8}{instructions:>10}{instructions / visits:>8.0f}"
                  f"{100 * instructions / found.partition_ns:>7.3f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    try:
        values, boots = measure(os.path.abspath(parser.parse_args().build))
    except (BenchError, system.DescriptionError) as error:
        sys.exit(f"bench_linux: {error}")
    print_visits(boots)
    print()
    for name, value in values.items():
        print(f"{name:<20}{value:>12}")


if __name__ == "__main__":
    main()
