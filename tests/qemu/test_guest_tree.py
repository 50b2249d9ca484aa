# SPDX-License-Identifier: Apache-2.0
"""What does a guest find at x0?  guests/tree reads the device tree that the kernel made for it, uses
what it names, and says what came of that; the host checker makes the same bytes."""
import os
import struct

import pytest

import systems
from systems import MIB, MS, Memory, image_node, system
from system import fdt

ROM_BYTES = 0x10000
DATA_AT = systems.RAM + 0x40000
ARGUMENTS = "console=ttyAMA0 nothing=special"
JUMP = (0x58000050, 0xD61F0200)  # ldr x16, target; br x16


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return value


def read(path):
    with open(path, "rb") as file:
        return file.read()


def told(run, what):
    """The lines `tree: what ...` without that."""
    start = f"tree: {what} "
    return [line[len(start):] for line in run.lines_of("only") if line.startswith(start)]


def tree_of(made):
    return read(made.guest_tree("only"))


@pytest.fixture
def tree_guest(one_partition, ended_ok):
    """Makes and runs a system of one partition with guests/tree: (System, Run)."""
    def make(params=(0,), frames=8, **keywords):
        made = one_partition("tree", params, frames=frames, **keywords)
        return made, ended_ok(made)
    return make


@pytest.mark.requirement("BH-DT-1")
def test_the_tree_is_the_checkers_and_its_machine_works(tree_guest, machine):
    made, run = tree_guest()
    tree = tree_of(made)
    first = systems.guest_line(run, "only", "tree: at=")
    assert first["bytes"] == len(tree)
    assert first["hash"] == fnv(tree)
    assert int(str(first["at"]), 16) + len(tree) <= systems.RAM + MIB
    assert told(run, "memory") == [f"{systems.RAM:x} {MIB:x} words=2"]
    assert told(run, "reserved") == []
    assert systems.guest_line(run, "only", "tree: cpus=") == {"cpus": 1, "reg": 0, "mpidr": 0}
    assert told(run, "psci") == ["version=10001 conduit=hvc"]
    assert told(run, "gic") == [f"version={machine.gic} at=8000000 id={machine.gic}"]
    assert told(run, "timer") == ["virtual=11 physical=14 fired=2"]
    assert told(run, "uart") == ["at=9000000 irq=33 id=11"]
    assert not told(run, "initrd") and not told(run, "bootargs")
    assert run.lines_of("only")[-1] == "tree: end"


@pytest.mark.requirement("BH-DT-1", "BH-IMG-1")
def test_images_and_arguments_are_where_the_tree_says(tree_guest, tmp_path):
    """A ramdisk at the top, data in RAM, and a ROM at IPA 0 with data in it."""
    rom, ramdisk, data = os.urandom(ROM_BYTES), os.urandom(0x12345), os.urandom(0x2001)
    for name, content in (("rom", rom), ("ramdisk", ramdisk), ("data", data)):
        (tmp_path / name).write_bytes(content)
    made, run = tree_guest(
        memory=(Memory(systems.RAM, MIB), Memory(0, ROM_BYTES, ("read-only",))),
        properties=(f'bootargs = "{ARGUMENTS}";',),
        nodes=(image_node("ramdisk", "ramdisk", tmp_path / "ramdisk"),
               image_node("module-data", None, tmp_path / "data",
                          f"load-address = <{systems.cells(DATA_AT)}>;"),
               image_node("module-rom", None, tmp_path / "rom", "load-address = <0 0>;")))
    tree = tree_of(made)
    first = systems.guest_line(run, "only", "tree: at=")
    assert first["hash"] == fnv(tree)
    assert told(run, "memory") == [f"{systems.RAM:x} {MIB:x} words=2"]
    assert told(run, "reserved") == [f"0 {ROM_BYTES:x} hash={fnv(rom[:64])}",
                                     f"{DATA_AT:x} {len(data):x} hash={fnv(data[:64])}"]
    (initrd,) = told(run, "initrd")
    assert initrd.split()[1:] == [f"{len(ramdisk):x}", f"hash={fnv(ramdisk)}"]
    assert told(run, "bootargs") == [ARGUMENTS]
    assert run.lines_of("only")[-1] == "tree: end"
    # The tree took what the ramdisk left at the top, or lies below it; on no other image.
    begin, size = int(str(first["at"]), 16), first["bytes"]
    initrd_begin = int(initrd.split()[0], 16)
    assert begin + size <= initrd_begin or begin >= initrd_begin + len(ramdisk)


@pytest.mark.requirement("BH-IMG-1", "BH-DT-1")
def test_a_partition_starts_in_its_rom(one_partition, ended_ok, tmp_path, build):
    """The kernel is two instructions in a ROM at IPA 0 that go to an image in RAM; the tree is where
    it was wanted, and x0 says so."""
    (tmp_path / "rom.bin").write_bytes(struct.pack("<2IQ", *JUMP, systems.RAM))
    made = one_partition(
        str(tmp_path / "rom.bin"), load_address=0,
        memory=(Memory(systems.RAM, MIB), Memory(0, ROM_BYTES, ("read-only",))),
        properties=(f"device-tree-address = <{systems.cells(DATA_AT)}>;",),
        nodes=(image_node("module-guest", None, os.path.join(build, "guests", "tree.bin"),
                          f"load-address = <{systems.cells(systems.RAM)}>;"),))
    run = ended_ok(made)
    assert [line.split()[1] for line in run.lines_of("only")][0] == f"at={DATA_AT:x}"
    assert systems.guest_line(run, "only", "tree: at=")["hash"] == fnv(tree_of(made))
    assert run.lines_of("only")[-1] == "tree: end"


@pytest.mark.requirement("BH-DT-1", "BH-RST-1")
def test_each_life_finds_the_tree_whole(tree_guest):
    """A guest that writes over all of its tree and resets itself, forty times."""
    made, run = tree_guest((40,), frames=50)
    lives = [systems.fields_of(line) for line in run.lines_of("only")
             if line.startswith("tree: at=")]
    assert len(lives) >= 20
    assert {life["hash"] for life in lives} == {fnv(tree_of(made))}


@pytest.mark.requirement("BH-DT-1")
def test_a_partition_may_decline_its_tree(tree_guest):
    made, run = tree_guest(properties=("no-device-tree;",))
    assert run.lines_of("only") == ["tree: none, x0=0"]
    with pytest.raises(system.DescriptionError, match="no device tree is made"):
        made.guest_tree("only")


@pytest.mark.requirement("BH-DT-1")
def test_the_tree_follows_the_partitions_addresses(one_partition, machine):
    """Nothing where QEMU's machine has it."""
    own = ("gicc-address = <0x2c020000>;" if machine.gic == 2 else "gicr-address = <0x2c100000>;")
    made = one_partition("tree", properties=("gicd-address = <0x2c010000>;", own),
                         console=("reg = <0 0x1c090000 0 0x1000>;", "spi = <37>;"))
    root = fdt.parse(tree_of(made))
    gic = root.find("/interrupt-controller@2c010000")
    assert gic.cells("reg")[1] == 0x2C010000
    assert gic.cells("reg")[5] == (0x2C020000 if machine.gic == 2 else 0x2C100000)
    assert root.find("/serial@1c090000").cells("interrupts") == [0, 37, 4]
    assert root.find("/chosen").string("stdout-path") == "/serial@1c090000"


@pytest.mark.requirement("BH-DT-1", "BH-DEV-1")
def test_a_given_device_is_in_the_tree(one_partition):
    """The machine's PL031, with the fixed clock that Linux's driver asks for."""
    made = one_partition("tree", nodes=(systems.node("device-rtc", [
        'host-device = "/pl031@9010000";', "reg = <0 0x1c170000 0 0x1000>;"]),))
    root = fdt.parse(tree_of(made))
    base = fdt.load(made.base)
    rtc, host = root.find("/pl031@1c170000"), base.find("/pl031@9010000")
    assert rtc.strings("compatible") == host.strings("compatible")
    assert rtc.cells("reg") == [0, 0x1C170000, 0, 0x1000]
    assert rtc.cells("interrupts") == host.cells("interrupts")[:3]
    assert rtc.strings("clock-names") == host.strings("clock-names")
    clock, = [node for node in root.walk() if node.cells("phandle") == rtc.cells("clocks")]
    assert clock.string("compatible") == "fixed-clock"
    host_clock, = [node for node in base.walk() if node.cells("phandle") == host.cells("clocks")]
    assert clock.cells("clock-frequency") == host_clock.cells("clock-frequency")
    assert system.run(made).status == "ok"


SUPPLIED = """/dts-v1/;
/ {
    #address-cells = <2>; #size-cells = <2>; compatible = "test,mine"; interrupt-parent = <&gic>;
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x80000>; };
    psci { compatible = "arm,psci-0.2"; method = "smc"; };
    timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };
    gic: interrupt-controller@8000000 { interrupt-controller; #interrupt-cells = <3>;
        compatible = "COMPATIBLE"; reg = <0 0x8000000 0 0x1000>, <0 SECOND 0 0x2000>; };
};
"""


@pytest.mark.requirement("BH-DT-2", "BH-IMG-1")
def test_a_tree_of_the_users_is_used(tree_guest, machine, tmp_path):
    """Its source is compiled; that it says less than was granted is the user's affair."""
    source = tmp_path / "mine.dts"
    source.write_text(SUPPLIED.replace("COMPATIBLE", "arm,gic-400" if machine.gic == 2
                                       else "arm,gic-v3")
                      .replace("SECOND", "0x8010000" if machine.gic == 2 else "0x80a0000"),
                      encoding="utf-8")
    made, run = tree_guest(nodes=(image_node("dtb", "device-tree", source),))
    file, = [module.file for module in made.modules if module.label.endswith("mine.dts")]
    assert systems.guest_line(run, "only", "tree: at=")["hash"] == fnv(read(file))
    assert told(run, "memory") == [f"{systems.RAM:x} 80000 words=2"]
    assert told(run, "psci") == ["version=10001 conduit=smc"]
    assert told(run, "gic") == [f"version={machine.gic} at=8000000 id={machine.gic}"]
    assert not told(run, "uart")
    assert run.lines_of("only")[-1] == "tree: end"


@pytest.mark.requirement("BH-DT-1")
def test_what_was_asked_for_is_in_the_hash(one_partition):
    """The kernel's and the checker's are one, and change with the arguments."""
    hashes = set()
    for arguments in ("quiet", "loud"):
        made = one_partition("tree", properties=(f'bootargs = "{arguments}";',))
        run = system.run(made)
        found = made.check().stdout.splitlines()[-1].split()[1]
        assert f"bulkhead: description sha256 {found}" in run.lines
        hashes.add(found)
    assert len(hashes) == 2
