# SPDX-License-Identifier: Apache-2.0
"""What is a system made of?  Overlays and image files, found by name and made ready to be merged.

A system is a directory, schedules/<name>/ or any other, of the overlays board.dtso (if there is one),
system.dtso and schedule.dtso, which are applied in this order; or one overlay that says it all.
Each is compiled by itself and with its labels (dtc -@), so that one of them can be replaced without
the others.  The kernel and most loaders take bytes as they are, so a kernel that gzip has packed is
unpacked, an ELF file is flattened, and the source of a device tree is compiled.  What an ELF file says
of its place and entry point is put into the overlay where that says nothing.  `sha256;` in an image
node is a wish: the hash of the bytes as they will be loaded is put in before anything is merged, so
that whoever merges the overlays sees the same.

Library: find(), machine_defaults(), compile_overlay(), Images, ImageError, complete()."""
import dataclasses
import gzip
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tomllib
import zlib

import fdt
import source_map

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEDULES = os.path.join(SOURCE_ROOT, "schedules")
PARTS = ("board", "system", "schedule")  # of a directory, in the order in which they are applied
OPTIONAL = ("board",)
SUFFIXES = (".dtso", ".dtbo")


class DescriptionError(Exception):
    """A description that the tools cannot turn into a system; the text is for the user."""


class ImageError(DescriptionError):
    """One whose image file is not there, or cannot be used.  node: that names it."""

    def __init__(self, node, text):
        super().__init__(text)
        self.node = node

    def at(self, place):
        """The same with the place in the source, where one is known, in front."""
        return ImageError(self.node, f"{place}: {self}" if place else str(self))


@dataclasses.dataclass(frozen=True)
class Overlay:
    """One overlay: what it is called, what was written, what is applied."""

    name: str    # "system", "schedule", ...: the source's name without suffix
    source: str  # the .dtso, or the .dtbo that was given
    file: str    # the .dtbo


def call(*command, **keywords):
    """Runs a tool; its complaint becomes the exception's text."""
    result = subprocess.run(command, capture_output=True, check=False, **keywords)
    if result.returncode != 0:
        message = (result.stderr or result.stdout).decode(errors="replace").strip()
        raise DescriptionError(f"{command[0]}: {source_map.explain_tool(message)}")
    return result.stdout


def put_property(dtb, node, name, value):
    """Sets a property: int or ints = 32-bit cells, str, bytes, True = empty, None = delete."""
    if value is None:
        call("fdtput", "-d", dtb, node, name)
    elif value is True:
        call("fdtput", "-t", "x", dtb, node, name)
    elif isinstance(value, str):
        call("fdtput", "-t", "s", dtb, node, name, value)
    elif isinstance(value, bytes):
        call("fdtput", "-t", "bx", dtb, node, name, *(f"{byte:x}" for byte in value))
    else:
        cells = value if isinstance(value, (list, tuple)) else [value]
        call("fdtput", "-t", "x", dtb, node, name, *(f"{cell:x}" for cell in cells))


# --- which files -----------------------------------------------------------------------------------

def shipped():
    """The names of the systems in schedules/."""
    names = set()
    for entry in os.listdir(SCHEDULES):
        path = os.path.join(SCHEDULES, entry)
        if os.path.isfile(os.path.join(path, "system.dtso")):
            names.add(entry)
        elif entry.endswith(".dtso"):
            names.add(entry[:-5])
    return sorted(names)


def locate(system):
    """The directory or file that SYSTEM= means.  What has a slash or a suffix is a path; a bare name
    is one of schedules/."""
    if "/" in system or system.endswith(SUFFIXES):
        if not os.path.exists(system):
            raise DescriptionError(f"no such system: {system}")
        return os.path.normpath(system)
    directory = os.path.join(SCHEDULES, system)
    file = directory + ".dtso"
    if os.path.isdir(directory) and os.path.exists(file):
        raise DescriptionError(f"which system \"{system}\", {directory} or {file}?")
    if os.path.isdir(directory):
        return directory
    if not os.path.exists(file):
        raise DescriptionError(f"no system \"{system}\" in schedules/, which has: "
                               f"{', '.join(shipped())}; a path has a slash")
    return file


def find_schedule(directory, schedule):
    """SCHEDULE= is a file, or the name of one in the system's directory."""
    for path in (schedule, os.path.join(directory, schedule),
                 os.path.join(directory, schedule + ".dtso")):
        if os.path.isfile(path) and path.endswith(SUFFIXES):
            return path
    raise DescriptionError(f"SCHEDULE={schedule} is neither a .dtso or .dtbo file nor one in "
                           f"{directory}")


def find(system, schedule=None):
    """The sources of a system's overlays in the order in which they are applied.  schedule: takes
    the place of the directory's schedule.dtso."""
    place = locate(os.fspath(system))
    if not os.path.isdir(place):
        if schedule:
            raise DescriptionError(f"SCHEDULE= replaces the schedule.dtso of a directory; {place} is "
                                   "one file with its schedule in it")
        if not place.endswith(SUFFIXES):
            raise DescriptionError(f"{place} is neither a .dtso nor a .dtbo file nor a directory")
        return [place]
    sources = []
    for part in PARTS:
        source = os.path.join(place, part + ".dtso")
        if part == "schedule" and schedule:
            sources.append(find_schedule(place, os.fspath(schedule)))
        elif os.path.isfile(source):
            sources.append(source)
        elif part not in OPTIONAL:
            raise DescriptionError(f"{place} has no {part}.dtso")
    return sources


def name_of(system):
    """What a system is called: its directory's or file's name without suffix."""
    path = os.path.abspath(locate(os.fspath(system)))
    return os.path.basename(path) if os.path.isdir(path) else stem(path)


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def machine_defaults(system):
    """What machine.toml in the system's directory asks of the QEMU machine it is shown on, as
    {name: value}; no such file: nothing."""
    path = os.path.join(locate(os.fspath(system)), "machine.toml")
    if not os.path.isfile(path):
        return {}
    try:
        with open(path, "rb") as text:
            return tomllib.load(text)
    except tomllib.TOMLDecodeError as error:
        raise DescriptionError(f"{path}: {error}") from error


# --- overlays --------------------------------------------------------------------------------------

def preprocess(source):
    """The text that dtc gets: the C preprocessor's, with its line markers."""
    include = os.path.join(SOURCE_ROOT, "dts", "include")
    return call("gcc", "-E", "-nostdinc", "-undef", "-D__DTS__", "-x", "assembler-with-cpp",
                "-I" + include, "-I" + os.path.dirname(os.path.abspath(source)), source)


def compile_overlay(source, out_dir):
    """C preprocessor, then dtc, into out_dir.  A .dtbo is copied there."""
    if not os.path.exists(source):
        raise DescriptionError(f"no such overlay: {source}")
    overlay = Overlay(stem(source), source, os.path.join(out_dir, stem(source) + ".dtbo"))
    if not source.endswith(".dtbo"):
        call("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", overlay.file, "-",
             input=preprocess(source))
    elif not os.path.exists(overlay.file) or not os.path.samefile(source, overlay.file):
        shutil.copyfile(source, overlay.file)
    return overlay


def load_blob(path):
    try:
        return fdt.load(path)
    except (ValueError, struct.error) as error:
        raise DescriptionError(f"{path}: {error or 'not a device tree blob'}") from error


def check_board(overlay, base):
    """An overlay whose root node is `compatible` with something is for boards that are, too."""
    wanted = load_blob(overlay.file).strings("compatible")
    have = load_blob(base).strings("compatible")
    if wanted and not set(wanted) & set(have):
        raise DescriptionError(f"{overlay.source} is for {' or '.join(wanted)}, and this machine is "
                               f"{', '.join(have)}")


# --- images ----------------------------------------------------------------------------------------

def find_image(name, build, sources):
    """Where an image-file is: absolute, or below the build directory, the source tree, or beside the
    overlay that may have named it."""
    places = [build, SOURCE_ROOT]
    for source in sources:
        directory = os.path.dirname(os.path.abspath(source))
        places += [directory] if directory not in places else []
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise DescriptionError(f"image-file \"{name}\" is in none of: {', '.join(places)}")


ET_EXEC, EM_AARCH64, PT_LOAD = 2, 183, 1
ELF_64_LITTLE = b"\x02\x01"
ELF_SEGMENT = struct.Struct("<IIQQQQQQ")
ELF_SPAN_MAX = 256 << 20


@dataclasses.dataclass(frozen=True)
class Elf:
    """What an ELF file puts into memory: its bytes from physical address `base` on, memory without
    file content as zeroes, and the entry point's distance from there.  fixed: it runs nowhere else."""

    base: int
    flat: bytes
    entry_offset: int
    fixed: bool


def elf_segments(path, data):
    """What an ELF file loads: (virtual address, physical address, room, bytes), lowest first."""
    table, = struct.unpack_from("<Q", data, 32)
    entry_size, count = struct.unpack_from("<HH", data, 54)
    if entry_size != ELF_SEGMENT.size:
        raise DescriptionError(f"{path}: ELF file with program headers of {entry_size} bytes")
    segments = []
    for index in range(count):
        what, _, at, vaddr, paddr, size, room, _ = ELF_SEGMENT.unpack_from(
            data, table + entry_size * index)
        if what != PT_LOAD or not room:
            continue
        if at + size > len(data):
            raise DescriptionError(f"{path}: ELF file that is cut off: a segment ends at byte "
                                   f"{at + size}, and the file at {len(data)}")
        if size > room or paddr + room > 1 << 64:
            raise DescriptionError(f"{path}: ELF file with a segment of {size} bytes in {room:#x} "
                                   f"at {paddr:#x}")
        segments.append((vaddr, paddr, room, data[at : at + size]))
    segments.sort(key=lambda segment: segment[1])
    return segments


def read_elf(path, data):
    """An Elf, or None for bytes that are no ELF file."""
    if not data.startswith(b"\x7fELF"):
        return None
    try:
        kind, machine = struct.unpack_from("<HH", data, 16)
        if data[4:6] != ELF_64_LITTLE or machine != EM_AARCH64:
            raise DescriptionError(f"{path}: ELF file that is not for 64-bit little-endian Arm")
        entry, = struct.unpack_from("<Q", data, 24)
        segments = elf_segments(path, data)
    except (struct.error, OverflowError) as error:
        raise DescriptionError(f"{path}: ELF file with its headers cut off") from error
    if not segments:
        raise DescriptionError(f"{path}: ELF file without loadable segments")
    base, end = segments[0][1], segments[0][1]
    for _, paddr, room, _ in segments:
        if paddr < end:
            raise DescriptionError(f"{path}: ELF file with segments that overlap at {paddr:#x}")
        end = paddr + room
    if end - base > ELF_SPAN_MAX:
        raise DescriptionError(f"{path}: ELF file that reaches from {base:#x} to {end:#x}; at most "
                               f"{ELF_SPAN_MAX >> 20} MiB become one image: give its parts as "
                               "several (objcopy -O binary -j SECTION)")
    flat = bytearray(end - base)
    for _, paddr, _, content in segments:
        flat[paddr - base : paddr - base + len(content)] = content
    entries = [entry - vaddr + paddr for vaddr, paddr, room, _ in segments
               if vaddr <= entry < vaddr + room]
    if not entries and entry:
        raise DescriptionError(f"{path}: ELF file whose entry point, {entry:#x}, is in no segment")
    return Elf(base, bytes(flat), entries[0] - base if entries else 0, kind == ET_EXEC)


def unpack(path, data):
    """What gzip has packed, by itself or in an EFI program that would unpack it (Linux's EFI_ZBOOT;
    drivers/firmware/efi/libstub/zboot-header.S); other bytes as they are."""
    if data[:2] == b"MZ" and data[4:8] == b"zimg":
        at, size = struct.unpack_from("<II", data.ljust(64, b"\0"), 8)
        packer = data[24:56].split(b"\0")[0].decode(errors="replace")
        if packer != "gzip" or at + size > len(data):
            raise DescriptionError(f"{path}: EFI program with a kernel in it, packed by {packer}, "
                                   f"bytes {at} to {at + size} of {len(data)}; only gzip is unpacked")
        data = data[at : at + size]
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DescriptionError(f"{path}: gzip cannot unpack it: {error}") from error


def is_kernel(node):
    """Whether an image node is that of a kernel: others are the guest's business, packed or not."""
    return "multiboot,kernel" in node.strings("compatible")


class Images:
    """The image files of one system, each found and made ready once.  directory: where files go that
    are not loaded as they are; build, sources: where an image-file is looked for."""

    def __init__(self, directory, build, sources):
        self.directory = directory
        self.build = build
        self.sources = sources
        self.file_of = {}
        self.elf_of = {}  # of the image-files that are ELF files
        self.kernel_of = {}

    def load(self, node):
        """The file with the bytes that are loaded for an image node's image-file; or ImageError."""
        try:
            return self.load_file(node)
        except DescriptionError as error:
            raise ImageError(node, str(error)) from error

    def load_file(self, node):
        name = node.string("image-file")
        if name not in self.file_of:
            self.file_of[name] = self.prepare(name, is_kernel(node))
            self.kernel_of[name] = is_kernel(node)
        elif is_kernel(node) != self.kernel_of[name] and self.packed(name):
            raise DescriptionError(f"image-file \"{name}\" is packed, and is both a kernel, which "
                                   "would be unpacked, and another image")
        return self.file_of[name]

    def has(self, node):
        """Whether a node's image-file is there; a later overlay may name another one."""
        try:
            return bool(find_image(node.string("image-file") or "/", self.build, self.sources))
        except DescriptionError:
            return False

    def packed(self, name):
        with open(find_image(name, self.build, self.sources), "rb") as image:
            return image.read(2) == b"\x1f\x8b"

    def prepare(self, name, kernel):
        path = find_image(name, self.build, self.sources)
        # Two names may end alike; a sum of the whole keeps their files apart.
        mark = hashlib.sha256(name.encode()).hexdigest()[:8]
        out = os.path.join(self.directory, f"{os.path.basename(name)}-{mark}.bin")
        if path.endswith(".dts"):
            call("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", out, "-", input=preprocess(path))
            return out
        with open(path, "rb") as image:
            data = image.read()
        if not data:
            raise DescriptionError(f"image-file \"{name}\" is empty")
        content = unpack(path, data) if kernel else data
        self.elf_of[name] = read_elf(path, content)
        if self.elf_of[name]:
            content = self.elf_of[name].flat
        if content is data:
            return path
        with open(out, "wb") as image:
            image.write(content)
        return out


def ram_of(partition):
    """The memory of a partition's node that images without an address go to: (base, size), or None."""
    regions = []
    for node in partition.children:
        cells = node.cells("reg")
        if re.match(r"memory(@|-|$)", node.name) and len(cells) == 4 and \
                "read-only" not in node.properties:
            regions.append((cells[0] << 32 | cells[1], cells[2] << 32 | cells[3]))
    return min(regions, default=None)


def fill_addresses(overlay, images):
    """Puts in what a kernel's ELF file says: its place, if it runs in that part of the partition's
    memory alone, and its entry point, where that is not its beginning."""
    for node in load_blob(overlay.file).walk():
        partition = node.parent
        if not is_kernel(node) or not images.has(node) or \
                "bulkhead,partition" not in partition.strings("compatible"):
            continue
        images.load(node)
        elf = images.elf_of.get(node.string("image-file"))
        ram = ram_of(partition)
        if elf is None:
            continue
        load = node.number("load-address", ram[0] if ram else None)
        if "load-address" not in node.properties and ram and elf.fixed and \
                ram[0] < elf.base < ram[0] + ram[1]:
            load = elf.base
            put_property(overlay.file, node.path, "load-address", [load >> 32, load & 0xFFFFFFFF])
        if "entry-address" not in partition.properties and elf.entry_offset and load is not None:
            entry = load + elf.entry_offset
            put_property(overlay.file, partition.path, "entry-address",
                         [entry >> 32, entry & 0xFFFFFFFF])


def fill_hashes(overlay, images):
    """Each empty `sha256` beside an image-file becomes the hash of what will be loaded."""
    for node in load_blob(overlay.file).walk():
        if node.properties.get("sha256") != b"":
            continue
        if node.string("image-file") is None:
            raise DescriptionError(f"{overlay.source}: in node {node.name}, `sha256;` stands without "
                                   "an image-file whose hash it could be")
        with open(images.load(node), "rb") as image:
            put_property(overlay.file, node.path, "sha256", hashlib.sha256(image.read()).digest())


def complete(overlay, images):
    """Puts into an overlay what only its image files can say."""
    try:
        fill_addresses(overlay, images)
        fill_hashes(overlay, images)
    except ImageError as error:
        places = source_map.places_of(overlay, preprocess)
        raise error.at(places.get((error.node.path, "image-file"))) from error
