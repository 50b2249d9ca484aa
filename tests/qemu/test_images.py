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
EM_X86_64, EM_AARCH64 = 62, 183
ET_EXEC, ET_DYN = 2, 3
NODE = "/bulkhead/partitions/partition@0"


def elf_of(segments, entry, kind=ET_EXEC, machine=EM_AARCH64, room=0):
    """An ELF file: segments are (virtual address, physical address, bytes), each in at least `room`
    bytes of memory."""
    at = 64 + 56 * len(segments)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    table, content = b"", b""
    for vaddr, paddr, data in segments:
        table += struct.pack("<IIQQQQQQ", 1, 5, at + len(content), vaddr, paddr, len(data),
                             max(len(data), room), 4096)
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


def zboot_of(content, packer=b"gzip"):
    """What Linux builds for EFI: a program that begins with where its packed kernel is."""
    return struct.pack("<2sH4sIIQ32sQ", b"MZ", 0, b"zimg", 64, len(content), 0, packer, 0) + content


@pytest.mark.requirement("BH-IMG-1")
def test_a_kernel_packed_for_efi_is_unpacked(make, guest, ended_ok):
    made = make(zboot_of(gzip.compress(guest)) + b"more of the program")
    assert bytes_of(made, "guest.img") == guest
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


@pytest.mark.requirement("BH-IMG-1")
def test_memory_behind_the_bytes_of_an_elf_file_is_its_own(make, guest):
    """Nothing else is placed in what its last segment has beyond the file: there is its bss."""
    made = make(elf_of([(systems.RAM, systems.RAM, guest)], systems.RAM, room=MIB // 2))
    assert bytes_of(made, "guest.img") == guest.ljust(MIB // 2, b"\0")


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
    (zboot_of(b"", b"zstd22"), "packed by zstd22"),
    (zboot_of(gzip.compress(b"something"))[:-5], "only gzip is unpacked"),
], ids=["no-gzip", "truncated", "packed-rubbish", "other-packer", "truncated-efi"])
def test_what_cannot_be_unpacked_is_told(make, content, told):
    with pytest.raises(system.DescriptionError, match=told):
        make(content)


HERE = (systems.RAM, systems.RAM, bytes(64))


@pytest.mark.parametrize("content,told", [
    (elf_of([HERE], systems.RAM, machine=EM_X86_64), "not for 64-bit little-endian Arm"),
    (elf_of([HERE], systems.RAM)[:150], "cut off: a segment ends at byte 184, and the file at 150"),
    (elf_of([HERE, (1 << 36, 1 << 36, bytes(8))], systems.RAM), "at most 256 MiB become one image"),
    (elf_of([HERE, (0, systems.RAM + 60, bytes(8))], systems.RAM), "overlap at 0x4000003c"),
    (elf_of([(0, (1 << 64) - 4, bytes(8))], 0), "8 bytes in 0x8 at 0xfffffffffffffffc"),
    (elf_of([HERE], systems.RAM + 64), "entry point, 0x40000040, is in no segment"),
], ids=["other-machine", "truncated", "far-apart", "overlap", "wraps", "entry"])
def test_an_elf_file_that_cannot_be_right_is_told(make, content, told):
    with pytest.raises(system.DescriptionError, match=told):
        make(content)


def test_one_packed_file_is_not_both(make, guest, tmp_path):
    packed = gzip.compress(guest)
    with pytest.raises(system.DescriptionError, match="is both a kernel"):
        make(packed, nodes=(image_node("ramdisk", "ramdisk", tmp_path / "guest.img"),))
