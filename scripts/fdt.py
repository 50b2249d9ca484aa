# SPDX-License-Identifier: Apache-2.0
"""What does a flattened device tree say?  A small reader for the host tools and the tests
(Devicetree Specification 0.4, chapter 5).  Writing is left to dtc, fdtoverlay and fdtput."""
import struct

MAGIC = 0xD00DFEED
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


class Node:
    """One node: `path`, `properties` (name -> bytes) and `children`, in the order of the blob."""

    def __init__(self, name, parent):
        self.name = name
        self.parent = parent
        self.properties = {}
        self.children = []

    @property
    def path(self):
        if self.parent is None:
            return "/"
        return self.parent.path.rstrip("/") + "/" + self.name

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, path):
        """The node at an absolute path below this one, or None."""
        node = self
        for part in path.strip("/").split("/"):
            if part:
                node = next((child for child in node.children if child.name == part), None)
                if node is None:
                    return None
        return node

    def string(self, name):
        """A property as text, or None when it is absent."""
        value = self.properties.get(name)
        return None if value is None else value.rstrip(b"\0").decode()

    def strings(self, name):
        value = self.properties.get(name, b"")
        return [text.decode() for text in value.split(b"\0")[:-1]]

    def cells(self, name):
        value = self.properties.get(name, b"")
        return list(struct.unpack(f">{len(value) // 4}I", value))

    def number(self, name, default):
        """A property of one or two cells as an integer."""
        value = self.properties.get(name)
        return default if value is None else int.from_bytes(value, "big")


def parse(blob):
    """The root node of a blob.  Raises ValueError when it is not a device tree."""
    header = struct.unpack(">10I", blob[:40])
    if header[0] != MAGIC:
        raise ValueError("not a device tree blob")
    offset, strings = header[2], header[3]
    root = node = None
    while True:
        (token,) = struct.unpack_from(">I", blob, offset)
        offset += 4
        if token == BEGIN_NODE:
            end = blob.index(b"\0", offset)
            node = Node(blob[offset:end].decode(), node)
            if node.parent is None:
                root = node
            else:
                node.parent.children.append(node)
            offset = (end + 4) & ~3
        elif token == END_NODE:
            node = node.parent
        elif token == PROP:
            size, name = struct.unpack_from(">II", blob, offset)
            name_at = strings + name
            key = blob[name_at : blob.index(b"\0", name_at)].decode()
            node.properties[key] = blob[offset + 8 : offset + 8 + size]
            offset = (offset + 8 + size + 3) & ~3
        elif token == END:
            return root
        elif token != NOP:
            raise ValueError(f"unknown token {token:#x} in the structure block")


def load(path):
    with open(path, "rb") as blob:
        return parse(blob.read())
