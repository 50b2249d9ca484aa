# SPDX-License-Identifier: Apache-2.0
"""What has to be on an SD card or a TFTP server so that U-Boot starts a system?  Makes, from one or
more systems and a board file, in <build>/sdcard/<first system>-<board>/:

    files/       the first system as separate files with a boot script: copy its contents
    fit/         all systems in one FIT with a boot script: copy its contents
    fit-source/  what the FIT is made of: bulkhead.its and the files that it includes

docs/booting.md is the manual.

Command line: sdcard.py SYSTEM... [--board BOARD] [--keys DIR] ...
Library: make(), Card."""
import argparse
import dataclasses
import hashlib
import os
import re
import shutil
import sys

import board as boards
import bootscript
import description
import fdt
import fit
import payload
import plan
import system
from description import DescriptionError

SCRIPTS = ("boot.cmd", "boot.scr", "boot.scr.uimg")  # U-Boot asks for the last by DHCP
SUMS = "SHA256SUMS"
CONFIGURATION = re.compile(r"[A-Za-z0-9._+-]+")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the things of one boot script lie.  given: all Ranges, for the script's table."""

    kernel: plan.Range
    tree: plan.Range = None
    tree_growth: int = 0
    items: tuple = ()
    fit: plan.Range = None
    files: dict = dataclasses.field(default_factory=dict)  # name on the card: source
    given: tuple = ()


@dataclasses.dataclass(frozen=True)
class Card:
    """What make() made."""

    directory: str
    board: boards.Board
    systems: list  # of system.System
    names: list  # of their configurations
    hashes: list  # of their descriptions, as the kernel will print them
    layout: Layout  # of the separate files

    @property
    def files(self):
        return os.path.join(self.directory, "files")

    @property
    def fit(self):
        return os.path.join(self.directory, "fit")


def environment():
    """For mkimage: the same input gives the same bytes, unless the caller wants a date in them."""
    return {"SOURCE_DATE_EPOCH": "0"} | os.environ


def copy(source, directory, name):
    out = os.path.join(directory, name)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    shutil.copyfile(source, out)
    return out


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def fresh(directory):
    """An empty directory.  What a run before left there must not end up on a card."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return directory


def write_script(directory, text):
    source = write(directory, SCRIPTS[0], text)
    bootscript.wrap(source, os.path.join(directory, SCRIPTS[1]), environment())
    copy(os.path.join(directory, SCRIPTS[1]), directory, SCRIPTS[2])


def write_sums(directory):
    sums = ""
    for place, names, files in os.walk(directory):
        names.sort()
        for file in sorted(files):
            path = os.path.join(place, file)
            with open(path, "rb") as content:
                digest = hashlib.sha256(content.read()).hexdigest()
            sums += f"{digest}  {os.path.relpath(path, directory)}\n"
    write(directory, SUMS, sums)


# --- addresses -----------------------------------------------------------------------------------

def smallest_plan(systems, board):
    """A Plan that suits all systems; their machines may differ in RAM."""
    claims = [claim for made in systems for claim in plan.claimed_of(fdt.load(made.dtb), made.name)]
    return min((board.plan(made.base, claims) for made in systems), key=lambda free: free.area.end)


def place_kernel(free, board, made):
    size = payload.kernel_bytes(made.kernel)
    if board.values["kernel"] is not None:
        return free.at("the kernel", board.values["kernel"], size)
    return free.place("the kernel", size, payload.KERNEL_ALIGN)


def tree_growth(items, board):
    """Bytes by which a loader may make a tree longer."""
    growth = payload.TREE_GROWTH + 512 * len(items)
    if board.overlays == boards.BY_LOADER:
        growth += sum(item.room for item in items if item.kind == payload.OVERLAY)
    return plan.round_up(growth, plan.PAGE)


def place_tree(free, name, file, growth):
    """Room for a tree, and for what U-Boot adds beyond what the script asks for."""
    size = plan.round_up(os.path.getsize(file) + growth, plan.PAGE)
    return free.place(name, size + payload.TREE_GROWTH)


# --- the two ways --------------------------------------------------------------------------------

def lay_out_files(made, board):
    """The Layout of a system's separate files."""
    files = {"bulkhead.bin": made.kernel, "board.dtb": made.base}
    items = payload.items_of(made, [*files, *SCRIPTS, SUMS])
    free = smallest_plan([made], board)
    kernel = place_kernel(free, board, made)
    growth = tree_growth(items, board)
    tree = place_tree(free, "the device tree", made.base, growth)
    items = payload.place(items, free)
    files |= {item.path: item.file for item in items}
    return Layout(kernel, tree, growth, tuple(items), None, files, tuple(free.given))


def make_files(directory, name, board, layout):
    for path, file in layout.files.items():
        copy(file, directory, path)
    write_script(directory, bootscript.by_files(name, board, layout))
    write_sums(directory)


class Parts:
    """The files of a FIT's source, and where each is loaded to.  A guest image that several systems
    have is there once; an overlay belongs to its system, so that it can be replaced for it."""

    def __init__(self, directory, free):
        self.directory = directory
        self.free = free
        self.taken = set()
        self.known = {}  # content: (part, address)

    def add(self, item, name):
        """(file in the source directory, Item with its address)."""
        if item.kind == payload.OVERLAY:
            part = f"parts/{name}/{item.label}"
            key = part
        else:
            with open(item.file, "rb") as file:
                key = hashlib.sha256(file.read()).digest()
            part = None
        if key not in self.known:
            if part is None:
                part = payload.path_on_card("parts/" + item.path, self.taken)
            address = self.free.place(f"{item.label} of {name}", item.room).start
            copy(item.file, self.directory, part)
            self.known[key] = (part, address)
        part, address = self.known[key]
        return part, dataclasses.replace(item, address=address)


def configure(made, name, board, parts):
    """The fit.Configuration of a system, with its tree made and its parts copied."""
    items = payload.items_of(made)
    growth = tree_growth(items, board)
    tree = place_tree(parts.free, f"the device tree of {name}", made.base, growth)
    placed = {}
    for item in items:
        part, item = parts.add(item, name)
        placed[item] = part
    told = [item for item in placed
            if item.kind == payload.FILE or board.overlays == boards.BY_KERNEL]
    file = os.path.join("parts", name + ".dtb")
    payload.tree_with(made.base, told, os.path.join(parts.directory, file))
    return fit.Configuration(name, file, tree.start, list(placed), placed)


def make_fit(directory, source, systems, names, board, keys, key_name):
    """Makes fit/ and fit-source/; returns the Configurations and the kernel's place."""
    free = smallest_plan(systems, board)
    kernel = place_kernel(free, board, systems[0])
    os.makedirs(os.path.join(source, "parts"))
    copy(systems[0].kernel, source, "parts/bulkhead.bin")
    parts = Parts(source, free)
    made = [configure(one, name, board, parts) for one, name in zip(systems, names)]
    text = fit.source(made, board, "parts/bulkhead.bin", kernel.start, key_name if keys else None)
    write(source, "bulkhead.its", text)
    blob = os.path.join(directory, "bulkhead.itb")
    fit.make(source, "bulkhead.its", blob, environment(), keys)
    place = free.rest("the FIT", os.path.getsize(blob), 8)
    layout = Layout(kernel, fit=place, given=tuple(free.given))
    write_script(directory, bootscript.by_fit(names, board, layout))
    write_sums(directory)
    return made, kernel


# --- all of it -----------------------------------------------------------------------------------

def build(systems, board, machine_of, build_directory, schedule, directory):
    """The systems on the board's tree, as system.System."""
    names = [description.name_of(one) for one in systems]
    for name in names:
        if not CONFIGURATION.fullmatch(name) or names.count(name) > 1:
            raise DescriptionError(f"a FIT cannot have a configuration \"{name}\": letters, digits "
                                   "and ._+- only, each name once")
    made = [system.build_system(one, machine_of(one), build_directory, schedule=schedule,
                                base=board.dtb, out=os.path.join(directory, "systems", name))
            for one, name in zip(systems, names)]
    return made, names


def checked_hash(made, board, configuration, kernel, source):
    """The hash that the kernel will print; raises when it would refuse the system."""
    items = [dataclasses.replace(item, file=os.path.join(source, configuration.parts[item]))
             for item in configuration.items]
    tree = os.path.join(source, configuration.tree)
    if board.overlays == boards.BY_LOADER:
        applied = os.path.join(made.directory, "applied.dtb")
        description.call("fdtoverlay", "-i", tree, "-o", applied,
                         *(item.file for item in items if item.kind == payload.OVERLAY))
        tree = applied
    result = payload.check(made, tree, configuration.tree_address, kernel.start, items)
    found = re.search(r"\b[0-9a-f]{64}\b", result.stdout)
    if result.returncode != 0 or not found:
        raise DescriptionError(f"the kernel would refuse {made.name}; `make check` says more:\n"
                               f"{result.stdout.strip()}")
    return found.group(0)


def check_keys(keys, key_name):
    key = os.path.join(keys or "", key_name + ".key")
    if keys and not os.path.isfile(key):
        raise DescriptionError(f"no private key {key}; docs/booting.md tells how to make one")


def make(systems, board, machine_of, build_directory="build", schedule=None, keys=None,
         key_name="dev", out=None):
    """Makes a Card.  systems: as for system.build_system(), the first is the default; machine_of:
    the system.Machine for each, where QEMU makes the tree."""
    check_keys(keys, key_name)
    build_directory = os.path.abspath(build_directory)
    out = out or os.path.join(build_directory, "sdcard",
                              f"{description.name_of(systems[0])}-{board.name}")
    made, names = build(systems, board, machine_of, build_directory, schedule, out)
    ways = {way: fresh(os.path.join(out, way)) for way in ("files", "fit", "fit-source")}
    layout = lay_out_files(made[0], board)
    make_files(ways["files"], names[0], board, layout)
    configurations, kernel = make_fit(ways["fit"], ways["fit-source"], made, names, board,
                                      keys and os.path.abspath(keys), key_name)
    hashes = [checked_hash(one, board, configuration, kernel, ways["fit-source"])
              for one, configuration in zip(made, configurations)]
    return Card(out, board, made, names, hashes, layout)


def report(card):
    print(f"{card.directory}: {', '.join(card.names)} on {card.board.values['description']}")
    for place in card.layout.given:
        print(f"  {place.start:#012x} to {place.end:#012x}  {place.name}")
    for name, digest in zip(card.names, card.hashes):
        print(f"  {name}: description sha256 {digest}")
    print("Copy the contents of files/, or those of fit/, to the card's first partition (FAT or\n"
          "ext4) or to the TFTP server's directory.  docs/booting.md says more.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("systems", nargs="+", metavar="system")
    parser.add_argument("--board", default="qemu", help="name in dts/boards, or a file's path")
    parser.add_argument("--keys", help="directory of the keys to sign the FIT with")
    parser.add_argument("--key-name", default="dev")
    system.add_arguments(parser)
    arguments = parser.parse_args()
    try:
        card = make(arguments.systems, boards.load(arguments.board),
                    lambda one: system.chosen_machine(one, arguments), arguments.build,
                    arguments.schedule, arguments.keys, arguments.key_name)
    except DescriptionError as error:
        sys.exit(f"sdcard.py: {error}")
    report(card)


if __name__ == "__main__":
    main()
