# SPDX-License-Identifier: Apache-2.0
"""What does a boot loader bring into RAM for a system, under which names, and how is the kernel
told?  By the node /boot-modules (docs/bindings.md): overlays to apply, in their order, and the
files that image nodes name.

Library: Item, items_of(), place(), tree_with(), kernel_bytes()."""
import dataclasses
import os
import re
import struct
import subprocess

import description
import fdt
import plan
from description import DescriptionError

OVERLAY, FILE = "overlay", "module"
COMPATIBLE = {OVERLAY: "bulkhead,overlay", FILE: "multiboot,module"}
KERNEL_ALIGN = 2 << 20
ROOM_LEAST = 64 << 10  # an overlay's room to grow, so that a replaced one fits
TREE_GROWTH = 64 << 10  # what a loader may add to the tree: /chosen, memory, its own nodes

# What a U-Boot script can carry without quoting, and what every FAT driver writes the same way.
LABEL = re.compile(r"[A-Za-z0-9._/+@,=:~-]+")
SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(?<!\.)")


@dataclasses.dataclass(frozen=True)
class Item:
    """One child of /boot-modules.  path: its file's name on the card; room: bytes that are kept for
    it, at least its size."""

    kind: str
    label: str
    file: str
    path: str
    room: int
    address: int = 0

    @property
    def size(self):
        return os.path.getsize(self.file)


def kernel_bytes(file):
    """RAM that the kernel takes: image_size of its arm64 Image header."""
    with open(file, "rb") as image:
        header = image.read(64)
    if len(header) < 64 or header[56:60] != b"ARM\x64":
        raise DescriptionError(f"{file} has no arm64 Image header")
    return plan.round_up(struct.unpack_from("<Q", header, 16)[0], KERNEL_ALIGN)


def path_on_card(label, taken):
    """A file name for a label: the label itself where every card can hold it, else one like it
    below images/.  taken: names that are used already, in lower case, since FAT knows no other."""
    parts = label.split("/")
    path = label
    if not all(SAFE_NAME.fullmatch(part) for part in parts) or label.lower() in taken:
        last = re.sub(r"[^A-Za-z0-9._+-]|^[.-]+|\.+$", "_", parts[-1]) or "image"
        path, number = f"images/{last}", 1
        while path.lower() in taken:
            number += 1
            path = f"images/{number}-{last}"
    taken.add(path.lower())
    return path


def items_of(made, taken=()):
    """The Items of a System, overlays first.  taken: names that the card has for something else."""
    taken = {name.lower() for name in taken}
    items = []
    for overlay in made.overlays:
        name = os.path.basename(overlay.file)
        room = plan.round_up(max(ROOM_LEAST, 2 * os.path.getsize(overlay.file)), plan.PAGE)
        items.append(Item(OVERLAY, name, overlay.file, path_on_card(name, taken), room))
    for label, file in {module.label: module.file for module in made.modules}.items():
        if not LABEL.fullmatch(label):
            raise DescriptionError(f"image-file \"{label}\": a boot script takes letters, digits "
                                   "and ._/+@,=:~- only")
        room = plan.round_up(os.path.getsize(file), plan.PAGE)
        items.append(Item(FILE, label, file, path_on_card(label, taken), room))
    return items


def place(items, free):
    """The same Items with addresses from a plan.Plan."""
    return [dataclasses.replace(item, address=free.place(item.label, item.room).start)
            for item in items]


def cells(value):
    return f"{value >> 32:#x} {value & 0xFFFFFFFF:#x}"


def tree_with(base, items, out):
    """Writes `base` with /boot-modules to `out`.  An overlay's reg is its room."""
    if fdt.load(base).find("/boot-modules"):
        raise DescriptionError(f"{base} has a node /boot-modules already; only a loader adds it")
    nodes = ""
    number = {OVERLAY: 0, FILE: 0}
    for item in items:
        size = item.room if item.kind == OVERLAY else item.size
        order = f"order = <{number[OVERLAY]}>; " if item.kind == OVERLAY else ""
        nodes += (f"{item.kind}-{number[item.kind]} {{ compatible = \"{COMPATIBLE[item.kind]}\"; "
                  f"reg = <{cells(item.address)} {cells(size)}>; {order}"
                  f"label = \"{item.label}\"; }};\n")
        number[item.kind] += 1
    text = ("/dts-v1/; /plugin/; &{/} { boot-modules { compatible = \"bulkhead,boot-modules\";\n"
            f"#address-cells = <2>; #size-cells = <2>;\n{nodes}}}; }};\n")
    description.call("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", out + ".dtbo", "-",
                     input=text.encode())
    description.call("fdtoverlay", "-i", base, "-o", out, out + ".dtbo")
    os.unlink(out + ".dtbo")
    return out


def check(made, tree, tree_address, kernel_address, items):
    """What the kernel would say to this RAM: the host checker's result (see System.check())."""
    command = [os.path.join(made.build, "host", "bulkhead-check"), "--hash",
               "--kernel", hex(kernel_address), str(kernel_bytes(made.kernel)),
               "--fdt", hex(tree_address)]
    for item in items:
        command += ["--loaded", hex(item.address), item.file]
    return subprocess.run([*command, tree], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
