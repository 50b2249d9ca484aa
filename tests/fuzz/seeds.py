# SPDX-License-Identifier: Apache-2.0
"""What does the fuzzer start from?  Every system in schedules/ and tests/bad but for those too large
for it: merged onto the trees of both machines as for a run, for fuzz_config.c; as its overlays, as a
boot loader brings them, for fuzz_overlay.c; and the device trees that are made for its guests, for
fuzz_guest.c.

usage: seeds.py [--build DIR] [--max-bytes N] OUT"""
import argparse
import glob
import os
import struct
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import description  # noqa: E402
import system  # noqa: E402

CHOICE = "<HBBB"  # struct choice of fuzz_overlay.c


def blob_of(path):
    with open(path, "rb") as file:
        return file.read()


def trees(overlay, build):
    """A merged tree for each machine, each followed by a byte: all the memory there is."""
    for gic in (2, 3):
        with tempfile.TemporaryDirectory() as directory:
            machine = system.machine_for(overlay, gic=gic)
            made = system.build_system(overlay, machine, build, out=directory)
            yield f"gicv{gic}", blob_of(made.dtb) + b"\0"


def overlays(overlay):
    """The overlays, of which the first one's length is said: on a tree of their own, or on one that
    has a system already."""
    with tempfile.TemporaryDirectory() as directory:
        blobs = [blob_of(description.compile_overlay(source, directory).file)
                 for source in description.find(overlay)]
    if len(blobs) <= 2:
        for tree in (0, 1):
            yield f"tree{tree}", b"".join(blobs) + struct.pack(CHOICE, len(blobs[0]) & 0xFFFF, tree,
                                                               0, 0)


def guests(overlay, build):
    """The device trees of a shipped system's first partitions."""
    with tempfile.TemporaryDirectory() as directory:
        made = system.build_system(overlay, system.machine_for(overlay, gic=3), build, out=directory)
        for node in system.fdt.load(made.dtb).find("/bulkhead/partitions").children[:4]:
            try:
                yield node.name, blob_of(made.guest_tree(node.string("label")))
            except system.DescriptionError:
                pass  # none is made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--max-bytes", type=int, default=24576)
    parser.add_argument("out")
    arguments = parser.parse_args()
    bad = sorted(glob.glob(os.path.join(ROOT, "tests", "bad", "*.dtso")))
    for overlay in description.shipped() + bad:
        for target, seeds in (("config", trees(overlay, arguments.build)),
                              ("overlay", overlays(overlay)),
                              ("guest", [] if overlay in bad else
                               guests(overlay, arguments.build))):
            directory = os.path.join(arguments.out, target, "seeds")
            os.makedirs(directory, exist_ok=True)
            for kind, seed in seeds:
                if len(seed) > arguments.max_bytes:
                    continue  # the fuzzer would cut it off, and a torn blob says nothing
                name = f"{description.name_of(overlay)}-{kind}"
                with open(os.path.join(directory, name), "wb") as file:
                    file.write(seed)


if __name__ == "__main__":
    main()
