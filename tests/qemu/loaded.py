# SPDX-License-Identifier: Apache-2.0
"""What does a boot loader leave in RAM?  A tree with the node /boot-modules, and beside it the
overlays and image files that the node names.  Here a System is left so; tests change one thing
and look what the kernel and the host checker say to it."""
import dataclasses
import os
import re
import subprocess

import systems
from systems import system

OVERLAY, FILE = "overlay", "module"
COMPATIBLE = {OVERLAY: "bulkhead,overlay", FILE: "multiboot,module"}
ROOM = 0x10000  # overlays get room in multiples of it: a loader need not know their size
HASH = re.compile(r"^(?:bulkhead: description sha256|hash) ([0-9a-f]{64})\s", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Item:
    """One child of /boot-modules and what lies there.  order: an overlay's; None = no property."""

    kind: str
    label: str
    file: str
    address: int
    size: int
    order: int = None

    def text(self, index):
        lines = [f'compatible = "{COMPATIBLE[self.kind]}";',
                 f"reg = <{systems.cells(self.address)} {systems.cells(self.size)}>;",
                 f'label = "{self.label}";']
        if self.order is not None:
            lines.append(f"order = <{self.order}>;")
        return systems.node(f"{self.kind}-{index}", lines)


def files_of(made):
    """A System's image files, each where place_modules() put it."""
    by_label = {module.label: module for module in made.modules}
    return [Item(FILE, module.label, module.file, module.address, module.size_bytes)
            for module in by_label.values()]


def rounded(size):
    return -(-size // ROOM) * ROOM


def overlays_of(made):
    """A System's overlays, behind its images."""
    items = []
    free = rounded(max(module.address + module.size_bytes for module in made.modules))
    for order, overlay in enumerate(made.overlays):
        room = rounded(os.path.getsize(overlay.file))
        items.append(Item(OVERLAY, os.path.basename(overlay.file), overlay.file, free, room, order))
        free += room
    return items


def tree_with(base, items, out):
    """`base` with /boot-modules, as a boot script would make it."""
    node = systems.node("boot-modules", [
        'compatible = "bulkhead,boot-modules";', "#address-cells = <2>;", "#size-cells = <2>;",
        *(item.text(index) for index, item in enumerate(items))])
    source = out + ".dtso"
    with open(source, "w", encoding="utf-8") as text:
        text.write("/dts-v1/;\n/plugin/;\n" + systems.node("&{/}", [node]) + "\n")
    overlay = system.description.compile_overlay(source, os.path.dirname(out))
    system.call("fdtoverlay", "-i", base, "-o", out, overlay.file)
    return out


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The machine at the kernel's first instruction; system.run() takes it in a System's place."""

    directory: str
    made: system.System
    tree: str
    items: list

    def command(self, machine=None):
        command = (machine or self.made.machine).arguments()
        command += ["-kernel", self.made.kernel, "-dtb", self.tree]
        for item in self.items:
            command += ["-device", f"loader,file={item.file},addr={item.address:#x},force-raw=on"]
        return command

    def check(self):
        """What the host checker says to the same RAM: its text."""
        command = [os.path.join(self.made.build, "host", "bulkhead-check")]
        for item in self.items:
            command += ["--loaded", f"{item.address:#x}", item.file]
        return subprocess.run([*command, self.tree], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False).stdout

    def host_hash(self):
        return hash_in(self.check())

    def kernel_hash(self):
        """What the kernel prints, started on this."""
        return hash_in(system.run(self, until=r"description sha256 \w{64}\s").console)


def hash_in(text):
    found = HASH.findall(text)
    assert len(found) == 1, text[-2000:]
    return found[0]


def leave(made, items, directory, tree=None):
    """A System as a loader leaves it: `items` in RAM, and named by the tree unless one is given."""
    os.makedirs(directory, exist_ok=True)
    tree = tree or tree_with(made.base, items, os.path.join(directory, "loaded.dtb"))
    return Loaded(directory, made, tree, items)
