# SPDX-License-Identifier: Apache-2.0
"""How does a directory become a disk?  One MBR partition with FAT, filled by mtools: no root, no
mounts.

Command line: disk.py DIRECTORY IMAGE (an SD card's image, as good as the card)
Library: make()."""
import argparse
import os
import struct
import sys

import plan
from description import DescriptionError, call

SECTOR = 512
START = 1 << 20  # of the partition, as partitioning tools have it
LEAST = 32 << 20
FAT32_LBA = 0x0C
BOOTABLE = 0x80
NO_CHS = b"\xfe\xff\xff"  # "see the LBA fields"


def tree_bytes(directory):
    return sum(os.path.getsize(os.path.join(place, file))
               for place, _, files in os.walk(directory) for file in files)


def make(directory, out):
    """Writes a disk with the contents of a directory; as much again stays free."""
    size = plan.round_up(max(LEAST, 2 * tree_bytes(directory)), plan.MIB)
    entry = struct.pack("<B3sB3sII", BOOTABLE, NO_CHS, FAT32_LBA, NO_CHS, START // SECTOR,
                        size // SECTOR)
    with open(out, "wb") as image:
        image.truncate(START + size)
        image.seek(446)  # the partition table
        image.write(entry)
        image.seek(510)
        image.write(b"\x55\xaa")
    partition = f"{out}@@{START}"
    call("mformat", "-i", partition, "-v", "BULKHEAD", "-T", str(size // SECTOR), "::")
    files = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    call("mcopy", "-s", "-Q", "-i", partition, *files, "::/")
    return out


def put(image, file, name):
    """Replaces or adds one file of a disk."""
    call("mcopy", "-o", "-i", f"{image}@@{START}", file, f"::/{name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory")
    parser.add_argument("image")
    arguments = parser.parse_args()
    try:
        make(arguments.directory, arguments.image)
    except DescriptionError as error:
        sys.exit(f"disk.py: {error}")


if __name__ == "__main__":
    main()
