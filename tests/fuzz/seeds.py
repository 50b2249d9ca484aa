# SPDX-License-Identifier: Apache-2.0
"""Which blobs does the fuzzer start from?  Every system in schedules/ and tests/bad, merged onto the
trees of both machines as for a run.

usage: seeds.py [--build DIR] OUT"""
import argparse
import glob
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import system  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("out")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    for overlay in sorted(glob.glob(os.path.join(ROOT, "schedules", "*.dtso"))
                          + glob.glob(os.path.join(ROOT, "tests", "bad", "*.dtso"))):
        name = os.path.splitext(os.path.basename(overlay))[0]
        for gic in (2, 3):
            with tempfile.TemporaryDirectory() as directory:
                made = system.build_system(overlay, system.Machine(gic=gic), arguments.build,
                                           out=directory)
                seed = os.path.join(arguments.out, f"{name}-gicv{gic}")
                shutil.copyfile(made.dtb, seed)
                with open(seed, "ab") as blob:
                    blob.write(b"\0")  # all the memory there is


if __name__ == "__main__":
    main()
