# SPDX-License-Identifier: Apache-2.0
"""Where in RAM does everything lie while a boot loader works?

A plan gives out the memory that a board leaves free for loading, from its lowest address on, so
that what is above stays in one piece for the partitions.  It never gives out a byte twice, nor any
that is taken by somebody else: the loader, reserved memory, memory that a partition asks for by
`host-address`.  What does not fit is an error that names both sides.

Library: Range, Plan, ram_of(), reserved_of(), claimed_of()."""
import dataclasses
import struct

import fdt
from description import DescriptionError

PAGE = 4096
MIB = 1 << 20


def round_up(value, step):
    return (value + step - 1) // step * step


def size_text(size):
    for unit, name in ((MIB, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + " " + name
    return f"{size} bytes"


@dataclasses.dataclass(frozen=True)
class Range:
    """size bytes from start on; name says whose they are, for messages."""

    name: str
    start: int
    size: int

    @property
    def end(self):
        return self.start + self.size

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    def __str__(self):
        return f"{self.name} ({self.start:#x} to {self.end:#x})"


class Plan:
    """area: the Range that may be given out; taken: Ranges that may not, although in it."""

    def __init__(self, area, taken=()):
        self.area = area
        self.taken = list(taken)
        self.given = []

    def at(self, name, start, size):
        """Takes a place that somebody else has chosen."""
        wanted = Range(name, start, size)
        for other in [*self.taken, *self.given]:
            if wanted.overlaps(other):
                raise DescriptionError(f"{wanted} would lie over {other}")
        if start < self.area.start or wanted.end > self.area.end:
            raise DescriptionError(f"{wanted} would not lie in {self.area}")
        self.given.append(wanted)
        return wanted

    def place(self, name, size, align=PAGE):
        """Takes the lowest place that is free."""
        others = sorted([*self.taken, *self.given], key=lambda other: other.start)
        start = round_up(self.area.start, align)
        for other in others:
            if Range(name, start, size).overlaps(other):
                start = round_up(other.end, align)
        if start + size > self.area.end:
            inside = [str(other) for other in others if other.overlaps(self.area)]
            raise DescriptionError(
                f"{name} needs {size_text(size)}, and nowhere in {self.area} is so much left "
                f"beside {', '.join(inside) or 'nothing'}")
        return self.at(name, start, size)

    def rest(self, name, size, align=PAGE):
        """Takes the lowest place that is free, and all that is free behind it: room to grow."""
        start = self.place(name, size, align).start
        self.given.pop()
        ends = [other.start for other in [*self.taken, *self.given] if other.start >= start + size]
        return self.at(name, start, min([self.area.end, *ends]) - start)


# --- what a tree says ----------------------------------------------------------------------------

def ranges_of(node, name):
    """The addresses of a node's `reg`, in the cells that its parent says."""
    address_cells = node.parent.number("#address-cells", 2)
    size_cells = node.parent.number("#size-cells", 1)
    cells = node.cells("reg")
    step = address_cells + size_cells
    for at in range(0, len(cells) - step + 1, step):
        words = cells[at : at + step]
        address = size = 0
        for word in words[:address_cells]:
            address = address << 32 | word
        for word in words[address_cells:]:
            size = size << 32 | word
        if size:
            yield Range(name, address, size)


def ram_of(root):
    """The machine's RAM."""
    return [bank for node in root.children if node.string("device_type") == "memory"
            for bank in ranges_of(node, f"RAM ({node.path})")]


def reserved_of(blob):
    """What the tree forbids: /memreserve/ (Devicetree Specification 0.4, 5.3) and the children of
    /reserved-memory that have an address."""
    found = []
    (offset,) = struct.unpack_from(">I", blob, 16)
    while True:
        address, size = struct.unpack_from(">QQ", blob, offset)
        if size == 0:
            break
        found.append(Range("reserved memory (/memreserve/)", address, size))
        offset += 16
    reserved = fdt.parse(blob).find("/reserved-memory")
    for node in reserved.children if reserved else []:
        found += ranges_of(node, f"reserved memory ({node.path})")
    return found


def claimed_of(root, system):
    """RAM that the partitions of a merged tree ask for by host-address."""
    found = []
    for node in root.walk():
        address = node.number("host-address", None)
        if address is not None:
            owner = node.parent.string("label") or node.parent.name
            found += [Range(f"memory of partition {owner} of {system} by host-address", address,
                            claim.size) for claim in ranges_of(node, node.path)]
    return found
