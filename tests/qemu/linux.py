# SPDX-License-Identifier: Apache-2.0
"""How is Linux put into a partition, and what did it say?  Debian's kernels with the file system of
guests/linux (`make linux-guests`), for tests and the bench; and the same on plain QEMU at EL1, with
which a partition is compared."""
import dataclasses
import functools
import os
import re
import subprocess

import systems
from systems import MIB, RAM, Memory, Partition, system

import description  # scripts/description.py

FLAVOURS = ("cloud", "generic", "rt")
# The smallest that they were seen to run in is 48 MiB (cloud) and 56 MiB.
MEMORY = {"cloud": 64 * MIB, "generic": 72 * MIB, "rt": 72 * MIB}
INITRAMFS = "guests/linux/initramfs.cpio"
CONSOLE = ("buffer-bytes = <0x10000>;",)

# What a kernel says when its time or its interrupts go wrong.
COMPLAINTS = re.compile(
    r"stall|soft lockup|hard lockup|blocked for more than|hung_task|clocksource: (?:timekeeping|"
    r"Marking)|unstable|nobody cared|spurious|unexpected|Oops|BUG:|WARNING:|Call trace|panic|"
    r"sched: RT throttling|Bad mode|SError|Unable to handle|I/O error|hrtimer: interrupt took",
    re.IGNORECASE)

CHECK = re.compile(r"^check: (\w+) (ok|FAILED)(?: (.*))?$")
COUNTER = re.compile(r"^check: counter=(\d+) hz=(\d+) clock_ns=(\d+)$")


def image(flavour):
    return f"guests/linux/{flavour}.Image"


def path_of(build, file):
    path = os.path.join(build, file)
    assert os.path.exists(path), f"no {path}: make linux-guests first"
    return path


def bootargs(then="poweroff", checks=None, late_us=None, more=""):
    words = ["console=ttyAMA0", f"then={then}"]
    words += [f"checks={','.join(checks)}"] if checks is not None else []
    words += [f"late_us={late_us}"] if late_us is not None else []
    return " ".join(words + ([more] if more else []))


def user_tree(directory, build, gic, size, arguments, name="guest", initrd=None):
    """A device tree of the user's, guests/linux/machine.dts; initrd: its start."""
    source = os.path.join(systems.ROOT, "guests", "linux", "machine.dts")
    defines = [f"-DGIC={gic}", f"-DMEMORY_BYTES={size:#x}", f'-DBOOTARGS="{arguments}"']
    if initrd is not None:
        end = initrd + os.path.getsize(path_of(build, INITRAMFS))
        defines += [f"-DINITRD_START={initrd:#x}", f"-DINITRD_END={end:#x}"]
    text = description.call("gcc", "-E", "-nostdinc", "-undef", "-x", "assembler-with-cpp",
                            *defines, source)
    out = os.path.join(directory, f"{name}.dtb")
    description.call("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", out, "-", input=text)
    return out


def partition(name, build, arguments, flavour="cloud", size=None, properties=(), console=CONSOLE,
              tree=None, uart="arm,pl011"):
    """A partition with Linux.  tree: the user's device tree (a function of the place of the file
    system), or None for the one that the kernel makes."""
    size = size or MEMORY[flavour]
    lines = ['unmapped-access = "abort";', *properties]
    file_system = path_of(build, INITRAMFS)
    if tree is None:
        lines.append(f'bootargs = "{arguments}";')
        nodes = (systems.image_node("ramdisk", "ramdisk", file_system),)
    else:
        load = RAM + size - 8 * MIB
        nodes = (systems.image_node("dtb", "device-tree", tree(load)),
                 systems.image_node("ramdisk", "ramdisk", file_system,
                                    f"load-address = <{systems.cells(load)}>;"))
    return Partition(name, path_of(build, image(flavour)), memory=(Memory(RAM, size),),
                     properties=tuple(lines), nodes=nodes, console=console, uart=uart)


@dataclasses.dataclass(frozen=True)
class Said:
    """What Linux said in one life, from its boot to its end or to its next boot."""

    lines: list

    @functools.cached_property
    def checks(self):
        """{check: (passed, figures)} of the last round."""
        found = {}
        for line in self.lines:
            match = CHECK.match(line)
            if match:
                found[match[1]] = (match[2] == "ok", systems.fields_of(match[3] or ""))
        return found

    @property
    def complaints(self):
        return [line for line in self.lines if COMPLAINTS.search(line)]

    @property
    def counters(self):
        """(counter in ticks, clock in ns), each time that it was asked for."""
        found = (COUNTER.match(line) for line in self.lines)
        return [(int(match[1]), int(match[3])) for match in found if match]


def lives(lines):
    """The lines of a partition's console, as one Said for each boot of Linux."""
    starts = [at for at, line in enumerate(lines) if "] Booting Linux on physical CPU" in line]
    return [Said(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)])]


def native_command(gic, size_mib, more, cntfrq=system.Machine.cntfrq):
    """Plain QEMU, whose guest begins at EL1, on the machine that partitions are shown on."""
    return ["qemu-system-aarch64", "-M", f"virt,gic-version={gic},dtb-randomness=off",
            "-cpu", f"cortex-a57,cntfrq={cntfrq}", "-smp", "1", "-m", str(size_mib),
            "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio",
            "-icount", "shift=0,sleep=off", *more]


def native(build, gic, arguments, flavour="cloud", size=None, tree=None, timeout_s=60):
    """The same on plain QEMU at EL1, until Linux switches it off: the lines that it said.  tree: a
    device tree's file, else it is QEMU's own."""
    size = size or MEMORY[flavour]
    more = ["-kernel", path_of(build, image(flavour)), "-initrd", path_of(build, INITRAMFS),
            "-append", arguments, *(["-dtb", tree] if tree else [])]
    result = subprocess.run(native_command(gic, size // MIB, more), stdin=subprocess.DEVNULL,
                            capture_output=True, check=True, timeout=timeout_s)
    return result.stdout.decode(errors="replace").replace("\r", "").split("\n")


def until_line(command, start):
    """Runs a machine that does not end by itself: its lines up to the one that starts so."""
    lines = []
    with subprocess.Popen(["timeout", "60", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as qemu:
        for line in qemu.stdout:
            lines.append(line.decode(errors="replace").rstrip())
            if lines[-1].startswith(start):
                break
        qemu.terminate()
    return lines
