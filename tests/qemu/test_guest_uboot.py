# SPDX-License-Identifier: Apache-2.0
"""Does U-Boot, as Debian ships it for QEMU's arm64 machine, run in a partition?  It runs from ROM
at address 0, looks for its device tree where RAM begins, and for its environment in flash memory,
which the partition pretends to have by a readable piece of nothing (docs/guests.md).  And it boots
Linux there."""
import os

import pytest

import linux
import systems
from systems import KIB, MIB, MS, RAM, Memory, Partition, Window, system

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
ROM = (Memory(0, 2 * MIB, ("read-only",)),
       Memory(0x04000000, 256 * KIB, ("read-only", "no-execute")))
RAM_BYTES = 128 * MIB
LINUX = RAM + 32 * MIB  # loaded images: U-Boot moves what has to be elsewhere
INITRAMFS = RAM + 80 * MIB

# Spaces end the countdown of its autoboot; what was typed too early is part of an empty line.
STOP_AUTOBOOT = (r"U-Boot 20\d\d\.", b" " * 8)
FIRST_COMMAND = r"Net: .*\n"


@pytest.fixture
def uboot(build, machine, tmp_path):
    def make(frames=0, bootargs="", nodes=()):
        partition = Partition(
            "uboot", UBOOT, memory=(*ROM, Memory(RAM, RAM_BYTES)), load_address=0, nodes=nodes,
            properties=('unmapped-access = "abort";', f'bootargs = "{bootargs}";',
                        f"device-tree-address = <{systems.cells(RAM)}>;"),
            console=("buffer-bytes = <0x10000>;", "input;"))
        return systems.write_system(str(tmp_path), machine, [partition],
                                    [Window("uboot", 0, 10 * MS)], 10 * MS, frames, build=build)
    return make


@pytest.mark.requirement("BH-GST-5")
def test_uboot_comes_to_its_prompt_and_resets_its_partition(uboot):
    run = system.run(uboot(), timeout_s=120, until=r"(?s)resetting.*U-Boot 20\d\d\..*DRAM:.*\n",
                     answers=[STOP_AUTOBOOT, (FIRST_COMMAND, b"\rversion\r"),
                              (r"=> version\n", b"bdinfo\r"), (r"fdt_size.*\n", b"reset\r")])
    lines = run.lines_of("uboot")
    banner = [line for line in lines if line.startswith("U-Boot 20")]
    assert len(banner) == 3, "\n".join(lines)  # at start, by `version`, after the reset
    assert "DRAM:  128 MiB" in lines
    assert any(line.startswith("-> size     = 0x0000000008000000") for line in lines), lines
    assert "health_event" not in run.console and "error=permission" not in run.console


@pytest.mark.requirement("BH-GST-5")
def test_uboot_boots_linux_in_its_partition(uboot, build):
    def data(name, file, address):
        return systems.image_node(name, None, file, f"load-address = <{systems.cells(address)}>;")

    image, initramfs = (linux.path_of(build, file)
                        for file in (linux.image("cloud"), linux.INITRAMFS))
    made = uboot(3000, linux.bootargs(), nodes=(data("module-linux", image, LINUX),
                                               data("module-initramfs", initramfs, INITRAMFS)))
    command = f"\rbooti {LINUX:x} {INITRAMFS:x}:{os.path.getsize(initramfs):x} {RAM:x}\r"
    run = system.run(made, timeout_s=180,
                     answers=[STOP_AUTOBOOT, (FIRST_COMMAND, command.encode())])
    assert run.status == "ok" and run.health_events == 0, "\n".join(run.lines[-60:])
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)
    said, = linux.lives(run.lines_of("uboot"))
    assert said.complaints == []
    assert said.checks["end"][0], "\n".join(said.lines[-30:])
    assert "Starting kernel ..." in run.console
