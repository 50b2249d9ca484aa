# SPDX-License-Identifier: Apache-2.0
"""Which blobs does the fuzzer start from?  Every system in schedules/ and tests/bad, merged onto the
trees of both machines as for a run, but for those too large for it.

usage: seeds.py [--build DIR] [--max-bytes N] OUT"""
import argparse
import glob
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import description  # noqa: E402
import system  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--max-bytes", type=int, default=24576)
    parser.add_argument("out")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    bad = sorted(glob.glob(os.path.join(ROOT, "tests", "bad", "*.dtso")))
    for overlay in description.shipped() + bad:
        name = description.name_of(overlay)
        for gic in (2, 3):
            with tempfile.TemporaryDirectory() as directory:
                machine = system.machine_for(overlay, gic=gic)
                made = system.build_system(overlay, machine, arguments.build, out=directory)
                if os.path.getsize(made.dtb) >= arguments.max_bytes:
                    continue  # the fuzzer would cut it off, and a torn blob says nothing
                seed = os.path.join(arguments.out, f"{name}-gicv{gic}")
                shutil.copyfile(made.dtb, seed)
                with open(seed, "ab") as blob:
                    blob.write(b"\0")  # all the memory there is


if __name__ == "__main__":
    main()
