# SPDX-License-Identifier: Apache-2.0
"""What does a board's U-Boot make of a tree and its overlays?  Debian's build for an Orange Pi
(scripts/uboot-sunxi.sh) on QEMU's orangepi-pc, steered by its prompt.  Files go in and trees come
out by a stretch of the SD card that no file system uses."""
import os
import re
import selectors
import struct
import subprocess
import time

import systems
from systems import system

import disk  # scripts/disk.py

UBOOT = os.path.join(systems.ROOT, ".cache", "u-boot-sunxi", "u-boot-sunxi-with-spl.bin")
UBOOT_AT = 8192  # where the chip's ROM looks for it
CARD_BYTES = 64 << 20  # QEMU wants a power of two
SCRATCH_AT = 48 << 20
BLOCK = 512
PROMPT = re.compile(r"\r?\n=> $")
# U-Boot moves a tree below its bootm_size of 160 MiB; RAM is 1 GiB at 0x40000000, as on `virt`.
KERNEL, BASE, OVERLAYS, FIT = 0x42000000, 0x43000000, 0x43300000, 0x45000000
STEP = 0x100000
MEMORY_MIB = 1024

# The chip is a 32-bit one, so the FIT says "arm".  The kernel in it is never entered.
ITS = """/dts-v1/;
/ {{
    description = "one configuration, overlays applied by U-Boot";
    #address-cells = <1>;
    images {{
        kernel {{
            data = /incbin/("{kernel}");
            type = "kernel"; os = "linux"; arch = "arm"; compression = "none";
            load = <{at:#x}>; entry = <{at:#x}>;
            hash-1 {{ algo = "sha256"; }};
        }};
{trees}    }};
    configurations {{
        default = "system";
        system {{ kernel = "kernel"; fdt = {names}; }};
    }};
}};
"""
ITS_TREE = """        {name} {{
            data = /incbin/("{file}");
            type = "flat_dt"; arch = "arm"; compression = "none"; load = <{at:#x}>;
            hash-1 {{ algo = "sha256"; }};
        }};
"""


class Board:
    """A running U-Boot, to be used in a `with`."""

    def __init__(self, directory, files=None):
        """files: a directory whose contents the card has in a file system."""
        self.directory = directory
        self.card = os.path.join(directory, "card.img")
        if files:
            disk.make(files, self.card)
            assert os.path.getsize(self.card) <= SCRATCH_AT
        with open(UBOOT, "rb") as uboot, open(self.card, "r+b" if files else "wb") as card:
            card.truncate(CARD_BYTES)
            card.seek(UBOOT_AT)
            card.write(uboot.read())
        self.log = open(os.path.join(directory, "u-boot.log"), "wb")
        self.qemu = subprocess.Popen(
            ["qemu-system-aarch64", "-M", "orangepi-pc", "-display", "none", "-monitor", "none",
             "-nic", "none", "-serial", "stdio", "-drive", f"file={self.card},if=sd,format=raw"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.qemu.stdout, selectors.EVENT_READ)

    def __enter__(self):
        try:
            self.read_until(re.compile("Hit any key"), timeout_s=120)
            self.type(" ")
            self.read_until(PROMPT)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.communicate()
        self.selector.close()
        self.log.close()

    def type(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()

    def read_until(self, pattern, timeout_s=60):
        text = ""
        deadline = time.monotonic() + timeout_s
        while not pattern.search(text):
            ready = self.selector.select(max(deadline - time.monotonic(), 0))
            data = os.read(self.qemu.stdout.fileno(), 65536) if ready else b""
            self.log.write(data)
            assert data, f"U-Boot says no more than: {text[-2000:]}"
            text += data.decode(errors="replace")
        return text.replace("\r", "")

    def attempt(self, command):
        """Runs a command: (did it succeed, what it said)."""
        self.type(command + "\n")
        said = PROMPT.sub("", self.read_until(PROMPT)).partition("\n")[2]
        self.type("echo status=$?\n")
        return "\nstatus=0\n" in self.read_until(PROMPT), said

    def do(self, command):
        succeeded, said = self.attempt(command)
        assert succeeded, f"{command}: {said}"
        return said

    def transfer(self, direction, address, size):
        self.do(f"mmc {direction} {address:x} {SCRATCH_AT // BLOCK:x} {-(-size // BLOCK):x}")

    def put(self, file, address):
        with open(file, "rb") as data, open(self.card, "r+b") as card:
            content = data.read()
            card.seek(SCRATCH_AT)
            card.write(content)
        self.transfer("read", address, len(content))

    def take(self, address, size):
        start = address // BLOCK * BLOCK
        self.transfer("write", start, address - start + size)
        with open(self.card, "rb") as card:
            card.seek(SCRATCH_AT + address - start)
            return card.read(size)

    def take_tree(self, out):
        """The tree that U-Boot works on, into a file."""
        address = int(re.search(r"Working fdt: ([0-9a-f]+)", self.do("fdt addr")).group(1), 16)
        magic, size = struct.unpack(">2I", self.take(address, 8))
        assert magic == system.fdt.MAGIC
        with open(out, "wb") as tree:
            tree.write(self.take(address, size))
        return out

    # --- routes ----------------------------------------------------------------------------------

    def put_base(self, base):
        self.put(base, BASE)
        self.do(f"fdt addr {BASE:x}")
        self.do(f"fdt resize {STEP // 4:x}")

    def apply(self, overlay):
        """`fdt apply` to the working tree: (did it succeed, what it said)."""
        self.put(overlay, OVERLAYS)
        return self.attempt(f"fdt apply {OVERLAYS:x}")

    def by_fdt_apply(self, base, overlays, out):
        self.put_base(base)
        for overlay in overlays:
            succeeded, said = self.apply(overlay)
            assert succeeded, said
        return self.take_tree(out)

    def put_fit(self, base, overlays, kernel):
        """Makes and loads a FIT whose one configuration lists the base and the overlays."""
        files = [base, *overlays]
        names = [f"tree-{index}" for index in range(len(files))]
        trees = "".join(ITS_TREE.format(name=name, file=file, at=BASE + index * STEP)
                        for index, (name, file) in enumerate(zip(names, files)))
        source, fit = (os.path.join(self.directory, name) for name in ("fit.its", "fit.itb"))
        with open(source, "w", encoding="utf-8") as its:
            its.write(ITS.format(kernel=kernel, at=KERNEL, trees=trees,
                                 names=", ".join(f'"{name}"' for name in names)))
        system.call("mkimage", "-f", source, fit)
        self.put(fit, FIT)

    def by_fit(self, base, overlays, kernel, out):
        """`bootm` up to the last step before the kernel: overlays applied, tree at its last place,
        the board's own changes (memory, /psci, /chosen) made."""
        self.put_fit(base, overlays, kernel)
        for step in (f"start {FIT:x}", "loados", "prep"):
            self.do("bootm " + step)
        return self.take_tree(out)
