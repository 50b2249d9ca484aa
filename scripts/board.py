# SPDX-License-Identifier: Apache-2.0
"""What must be known of a board to load a system on it?  A file dts/boards/<name>.toml, or one of
the user's; docs/booting.md explains the keys.

Library: load(), Board."""
import dataclasses
import os
import tomllib

import description
import fdt
import plan
from description import DescriptionError

BOARDS = os.path.join(description.SOURCE_ROOT, "dts", "boards")
BY_KERNEL, BY_LOADER = "modules", "fdt-apply"
SCRIPT_BYTES = 64 << 10  # kept free for the boot script
QEMU = "qemu"

# key: (type, default; ... = must be there)
KEYS = {
    "description": (str, ...),
    "dtb": (str, ...),
    "overlays": (str, ...),
    "script": (int, ...),
    "load-from": (int, ...),
    "load-to": (int, None),
    "keep-top": (int, 0),
    "kernel": (int, None),
}


@dataclasses.dataclass(frozen=True)
class Board:
    """One board file.  values: its keys, defaults filled in."""

    name: str
    file: str
    values: dict

    @property
    def overlays(self):
        """Who applies overlays: BY_KERNEL or BY_LOADER."""
        return self.values["overlays"]

    @property
    def dtb(self):
        """The file of the machine's tree; None: QEMU makes it."""
        if self.values["dtb"] == QEMU:
            return None
        return os.path.join(os.path.dirname(self.file), self.values["dtb"])

    def plan(self, base, claims):
        """A Plan of the RAM that this board's loader leaves free.  base: file of the machine's
        tree; claims: Ranges that belong to partitions."""
        with open(base, "rb") as file:
            blob = file.read()
        start = self.values["load-from"]
        banks = [bank for bank in plan.ram_of(fdt.parse(blob)) if bank.start <= start < bank.end]
        if not banks:
            raise DescriptionError(f"{self.file}: load-from = {start:#x} is not in the RAM of "
                                   f"{self.dtb or 'the machine'}")
        end = banks[0].end - self.values["keep-top"]
        if self.values["load-to"] is not None:
            end = min(end, self.values["load-to"])
        if end <= start:
            raise DescriptionError(f"{self.file}: nothing is left to load into between load-from = "
                                   f"{start:#x} and {end:#x}; the RAM ends at {banks[0].end:#x}")
        area = plan.Range(f"the RAM that {self.name} leaves free for loading", start, end - start)
        script = plan.Range("the boot script", self.values["script"], SCRIPT_BYTES)
        return plan.Plan(area, [script, *plan.reserved_of(blob), *claims])


def shipped():
    return sorted(name[:-5] for name in os.listdir(BOARDS) if name.endswith(".toml"))


def load(name):
    """BOARD=: a name in dts/boards, or a path (with a slash or .toml)."""
    if "/" in name or name.endswith(".toml"):
        file = name
    else:
        file = os.path.join(BOARDS, name + ".toml")
    if not os.path.isfile(file):
        raise DescriptionError(f"no board \"{name}\"; dts/boards has: {', '.join(shipped())}; the "
                               "file of another board is given as a path")
    try:
        with open(file, "rb") as text:
            values = tomllib.load(text)
    except tomllib.TOMLDecodeError as error:
        raise DescriptionError(f"{file}: {error}") from error
    board = Board(os.path.splitext(os.path.basename(file))[0], file, check(file, values))
    if board.dtb is not None and not os.path.isfile(board.dtb):
        raise DescriptionError(f"{file}: dtb = \"{values['dtb']}\" is no file beside it")
    return board


def check(file, values):
    """A board file's values with defaults; refuses what is unknown, missing or of no sense."""
    for key in values.keys() - KEYS.keys():
        raise DescriptionError(f"{file}: unknown key {key}; there are: {', '.join(KEYS)}")
    for key, (kind, default) in KEYS.items():
        if key not in values and default is ...:
            raise DescriptionError(f"{file}: {key} is missing")
        value = values.get(key)
        if type(value) not in (kind, type(None)) or kind is int and (value or 0) < 0:
            raise DescriptionError(f"{file}: {key} = {value!r} is not "
                                   f"{'a number' if kind is int else 'a string'}")
    whole = {key: values.get(key, default) for key, (_, default) in KEYS.items()}
    if whole["overlays"] not in (BY_KERNEL, BY_LOADER):
        raise DescriptionError(f"{file}: overlays = \"{whole['overlays']}\" is neither "
                               f"\"{BY_KERNEL}\" nor \"{BY_LOADER}\"")
    if (whole["kernel"] or 0) % (2 << 20):
        raise DescriptionError(f"{file}: kernel = {whole['kernel']:#x} is not a multiple of 2 MiB")
    return whole
