# SPDX-License-Identifier: Apache-2.0
"""What do the tools make of image files, and is it right?  Kernels that gzip has packed, ELF files
that are linked for another address or enter elsewhere, and what cannot be made ready."""
import gzip
import os
import struct

import pytest

import systems
from systems import MIB, Memory, image_node, system
from system import fdt

MEMORY = (Memory(systems.RAM, MIB),)
EM_AARCH64 = 183
ET_EXEC, ET_DYN = 2, 3
NODE = "/bulkhead/partitions/partition@0"


def elf_of(segments, entry, kind=ET_EXEC):
    """An ELF file: segments are (virtual address, physical address, bytes)."""
    at = 64 + 56 * len(segments)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", kind, EM_AARCH64, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    table, content = b"", b""
    for vaddr, paddr, data in segments:
        table += struct.pack("<IIQQQQQQ", 1, 5, at + len(content), vaddr, paddr, len(data),
                             len(data), 4096)
        content += data
    return header + table + content


@pytest.fixture
def guest(build):
    """The bytes of a guest that says what it finds, linked for the start of RAM."""
    with open(os.path.join(build, "guests", "tree.bin"), "rb") as image:
        return image.read()


@pytest.fixture
def make(one_partition, tmp_path):
    """A system whose kernel is a file of this content: its System."""
    def build_it(content, name="guest.img", **keywords):
        (tmp_path / name).write_bytes(content)
        return one_partition(str(tmp_path / name), memory=MEMORY, **keywords)
    return build_it


def numbers(made, node=NODE):
    """Load address of the kernel and entry point, as the merged tree has them."""
    root = fdt.load(made.dtb)
    return (root.find(node + "/kernel").number("load-address", None),
            root.find(node).number("entry-address", None))


def bytes_of(made, name):
    file, = {module.file for module in made.modules if module.label.endswith(name)}
    with open(file, "rb") as image:
        return image.read()


def assert_runs(made, ended_ok):
    run = ended_ok(made)
    assert run.lines_of("only")[-1] == "tree: end", run.lines_of("only")


@pytest.mark.requirement("BH-IMG-1")
def test_a_packed_kernel_is_unpacked(make, guest, ended_ok):
    made = make(gzip.compress(guest))
    assert bytes_of(made, "guest.img") == guest
    assert numbers(made) == (None, None)
    assert_runs(made, ended_ok)


@pytest.mark.requirement("BH-IMG-1")
def test_a_packed_elf_file_is_unpacked_and_flattened(make, guest, ended_ok):
    made = make(gzip.compress(elf_of([(systems.RAM, systems.RAM, guest)], systems.RAM)))
    assert bytes_of(made, "guest.img") == guest
    assert numbers(made) == (None, None)
    assert_runs(made, ended_ok)


@pytest.mark.requirement("BH-IMG-1")
def test_a_packed_ramdisk_is_the_guests_business(make, guest, tmp_path, ended_ok):
    packed = gzip.compress(os.urandom(5000))
    (tmp_path / "initrd.gz").write_bytes(packed)
    made = make(guest, nodes=(image_node("ramdisk", "ramdisk", tmp_path / "initrd.gz"),))
    assert bytes_of(made, "initrd.gz") == packed
    assert_runs(made, ended_ok)


@pytest.mark.requirement("BH-IMG-1")
def test_an_elf_file_goes_where_it_is_linked_for(make, guest, ended_ok):
    """Behind a branch: 16 bytes at RAM + 0x80000 that go on at the guest's own address, which is
    another segment.  The lowest one is at the start of RAM, so nothing needs to be said."""
    jump = struct.pack("<2IQ", 0x58000050, 0xD61F0200, systems.RAM)
    at = systems.RAM + 0x80000
    made = make(elf_of([(at, at, jump), (systems.RAM, systems.RAM, guest)], at))
    assert bytes_of(made, "guest.img") == guest.ljust(0x80000, b"\0") + jump
    assert numbers(made) == (None, at)
    assert_runs(made, ended_ok)


@pytest.mark.requirement("BH-IMG-1")
def test_an_elf_file_that_runs_nowhere_else_says_where(make, guest, build, tmp_path, ended_ok):
    """Only the branch is in the file; what it goes to is another image."""
    at, entry = systems.RAM + 0x81000, systems.RAM + 0x81010
    code = bytes(16) + struct.pack("<2IQ", 0x58000050, 0xD61F0200, systems.RAM)
    (tmp_path / "real.bin").write_bytes(guest)
    made = make(elf_of([(at, at, code)], entry),
                nodes=(image_node("module-guest", None, tmp_path / "real.bin",
                                  f"load-address = <{systems.cells(systems.RAM)}>;"),))
    assert numbers(made) == (at, entry)
    assert_runs(made, ended_ok)


@pytest.mark.parametrize("what,segment,kind,properties,expected", [
    ("virtual addresses", (1 << 40, systems.RAM + 0x1000), ET_EXEC, (),
     (systems.RAM + 0x1000, systems.RAM + 0x1008)),
    ("position-independent", (0, 0), ET_DYN, (), (None, systems.RAM + 8)),
    ("linked for memory that is not there", (0x80000000, 0x80000000), ET_EXEC, (),
     (None, systems.RAM + 8)),
    ("the description says where", (systems.RAM + 0x1000,) * 2, ET_EXEC,
     ("entry-address = <0x40000004>;",), (systems.RAM + 0x1000, systems.RAM + 4)),
], ids=["virtual", "independent", "elsewhere", "described"])
def test_addresses_of_elf_files(make, what, segment, kind, properties, expected):
    vaddr, paddr = segment
    made = make(elf_of([(vaddr, paddr, bytes(64))], vaddr + 8, kind), properties=properties)
    assert numbers(made) == expected, what


@pytest.mark.requirement("BH-IMG-1")
def test_a_stated_load_address_moves_the_entry_point(make):
    at = systems.RAM + 0x2000
    made = make(elf_of([(systems.RAM,) * 2 + (bytes(64),)], systems.RAM + 0x20), load_address=at)
    assert numbers(made) == (at, at + 0x20)


@pytest.mark.parametrize("content,told", [
    (b"\x1f\x8b\x08 but no more", "cannot unpack"),
    (gzip.compress(b"something")[:-5], "cannot unpack"),
    (gzip.compress(b"\x7fELF\x02\x01\x01"), "cut off"),
], ids=["no-gzip", "truncated", "packed-rubbish"])
def test_what_cannot_be_unpacked_is_told(make, content, told):
    with pytest.raises(system.DescriptionError, match=told):
        make(content)


def test_one_packed_file_is_not_both(make, guest, tmp_path):
    packed = gzip.compress(guest)
    with pytest.raises(system.DescriptionError, match="is both a kernel"):
        make(packed, nodes=(image_node("ramdisk", "ramdisk", tmp_path / "guest.img"),))
