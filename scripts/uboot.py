# SPDX-License-Identifier: Apache-2.0
"""How is a system started under QEMU by a real U-Boot?  Debian's build for the `virt` machine finds
what scripts/sdcard.py made as it would on a board: files or a FIT on a disk, or a TFTP server.

Command line: uboot.py run|command SYSTEM... --boot uboot|fit|tftp [--gic 2|3] ...
Library: Booted, prepare()."""
import argparse
import dataclasses
import os
import shlex
import sys

import board as boards
import disk
import sdcard
import system
import terminal
from description import DescriptionError

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
WAYS = ("uboot", "fit", "tftp")

# Autoboot would count down 2 s, which with icount are 2 * 10^9 instructions.  The first character
# ends the wait; U-Boot's own boot command follows.  The UART may lose some while it is set up.
TYPED = b" " * 20 + b"boot\n"
# U-Boot's prompt, the second time: it has nothing left to try.
STOPPED = r"\n=> (?s:.*)\n=> $"


@dataclasses.dataclass(frozen=True)
class Booted:
    """A System that U-Boot loads; system.run() takes it.  media: the disk, or the directory of the
    TFTP server."""

    made: system.System
    directory: str
    media: str

    def command(self, machine=None):
        """The QEMU command line; another Machine may differ in what the tree does not say."""
        media = self.media.replace(",", ",,")
        if os.path.isdir(self.media):
            devices = ["-netdev", f"user,id=net,restrict=on,tftp={media}",
                       "-device", "virtio-net-device,netdev=net"]
        else:
            devices = ["-drive", f"if=none,id=card,format=raw,readonly=on,file={media}",
                       "-device", "virtio-blk-device,drive=card"]
        return [*(machine or self.made.machine).arguments(), "-bios", UBOOT, *devices]


def boot(booted, **keywords):
    """system.run(), which ends "silent" when U-Boot is left at its prompt."""
    return system.run(booted, send=TYPED, until=STOPPED, **keywords)


def prepare(card, way, directory=None):
    """A Booted of what sdcard.make() made; way: one of WAYS."""
    if not os.path.exists(UBOOT):
        raise DescriptionError(f"no {UBOOT}: install u-boot-qemu")
    directory = directory or card.directory
    os.makedirs(directory, exist_ok=True)
    media = card.files
    if way != "tftp":
        media = disk.make(card.fit if way == "fit" else card.files,
                          os.path.join(directory, f"{way}.img"))
    return Booted(card.systems[0], directory, media)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("action", choices=["run", "command"])
    parser.add_argument("systems", nargs="+", metavar="system")
    parser.add_argument("--boot", choices=WAYS, required=True)
    parser.add_argument("--real-time", action="store_true", help="no icount: by the host's clock")
    terminal.add_arguments(parser)
    system.add_arguments(parser)
    arguments = parser.parse_args()

    def machine_of(one):
        machine = system.chosen_machine(one, arguments)
        return dataclasses.replace(machine, icount=False) if arguments.real_time else machine

    try:
        card = sdcard.make(arguments.systems, boards.load("qemu"), machine_of, arguments.build,
                           arguments.schedule)
        booted = prepare(card, arguments.boot)
    except DescriptionError as error:
        sys.exit(f"uboot.py: {error}")
    if arguments.action == "command":
        print(shlex.join(booted.command()))
        return
    with terminal.session(booted.made.dtb, arguments) as user:
        result = boot(booted, **user)
    if result.status in ("silent", "timeout"):
        sys.exit(f"\nuboot.py: no end of the kernel ({result.status}) {result.qemu_errors.strip()}")
    sys.exit(result.exit_code_on(booted.made.machine))


if __name__ == "__main__":
    main()
