# SPDX-License-Identifier: Apache-2.0
"""Does what `make sdcard` makes work on a board whose U-Boot applies overlays itself?  The card
goes into an Orange Pi's U-Boot (board_uboot.py), with the tree of QEMU's `virt`, whose RAM is at
the same place.  That U-Boot is a 32-bit one and knows no `booti`: what it leaves in RAM at that
point is taken out and given to the kernel on `virt`."""
import os
import re

import pytest

import board_uboot
import loaded
import systems
from systems import system

import board as boards  # scripts/board.py
import sdcard

BOARD = """description = "QEMU virt's tree, a U-Boot that has fdt apply"
dtb = "virt.dtb"
overlays = "fdt-apply"
script = 0x43100000     # scriptaddr
load-from = 0x50000000  # clear of where this U-Boot was loaded
load-to = 0x70000000
"""
READY = "bulkhead: booti did not start the kernel"  # all that comes before it was done


@pytest.fixture
def card(build, machine, tmp_path):
    """The card of classic for a board with overlays = "fdt-apply"."""
    on = system.Machine(gic=machine.gic, memory_mib=board_uboot.MEMORY_MIB)
    system.call(*on.arguments(dump=str(tmp_path / "machine.dtb")))
    system.pack(str(tmp_path / "machine.dtb"), str(tmp_path / "virt.dtb"))
    (tmp_path / "board.toml").write_text(BOARD, encoding="utf-8")
    return sdcard.make(["classic"], boards.load(str(tmp_path / "board.toml")), lambda _: on, build,
                       out=str(tmp_path / "card"))


def left_by(uboot, made, directory):
    """The machine as U-Boot left it: its tree, and what it says of the images in RAM."""
    tree = uboot.take_tree(os.path.join(directory, "taken.dtb"))
    items = []
    for node in system.fdt.load(tree).find("/boot-modules").children:
        high, address, high_size, size = node.cells("reg")
        assert high == high_size == 0
        file = os.path.join(directory, node.name + ".bin")
        with open(file, "wb") as out:
            out.write(uboot.take(address, size))
        items.append(loaded.Item(loaded.FILE, node.string("label"), file, address, size))
    assert [item.label for item in items] == ["guests/demo.bin"]
    return loaded.leave(made, items, directory, tree=tree)


def assert_same_system(way, made, ended_ok):
    expected = loaded.hash_in(made.check().stdout)
    assert way.host_hash() == expected
    assert loaded.hash_in(ended_ok(way).console) == expected


@pytest.mark.requirement("BH-OVL-1")
def test_boot_script_with_fdt_apply(card, ended_ok, tmp_path):
    (made,) = card.systems
    with board_uboot.Board(str(tmp_path), files=card.files) as uboot:
        said = uboot.attempt("run bootcmd")[1]
        assert READY in said, said
        way = left_by(uboot, made, str(tmp_path))
    assert_same_system(way, made, ended_ok)


@pytest.mark.requirement("BH-OVL-1")
def test_fit_whose_overlays_u_boot_applies(card, ended_ok, tmp_path):
    """Made again from its source with "arm" for "arm64", or this U-Boot would not look at it.  What
    it applies are the overlays that stand behind the configuration's tree."""
    (made,) = card.systems
    source = os.path.join(card.directory, "fit-source")
    with open(os.path.join(source, "bulkhead.its"), encoding="utf-8") as its:
        text = its.read()
    overlays = re.search(r'fdt = "[^"]+", (.*);', text).group(1)
    assert [name.split("-")[-1] for name in re.findall(r'"([^"]+)"', overlays)] == \
        ["system.dtbo", "schedule.dtbo"]
    with open(os.path.join(source, "arm.its"), "w", encoding="utf-8") as its:
        its.write(text.replace('arch = "arm64"', 'arch = "arm"'))
    files = tmp_path / "arm"
    files.mkdir()
    system.call("mkimage", "-f", "arm.its", str(files / "arm.itb"), cwd=source)
    with board_uboot.Board(str(tmp_path), files=str(files)) as uboot:
        uboot.do(f"load mmc 0:1 {board_uboot.FIT:x} arm.itb")
        for step in (f"start {board_uboot.FIT:x}#classic", "loados", "prep"):
            uboot.do("bootm " + step)
        way = left_by(uboot, made, str(tmp_path))
    assert_same_system(way, made, ended_ok)


@pytest.mark.requirement("BH-OVL-3")
@pytest.mark.parametrize("machine", [3], ids=["gicv3"], indirect=True)
def test_boot_script_stops_at_an_overlay_that_does_not_apply(card, tmp_path):
    (made,) = card.systems
    wrong = tmp_path / "wrong.dtso"
    with open(made.overlays[-1].source, encoding="utf-8") as text:
        wrong.write_text(text.read().replace("<&slow>", "<&sloow>"), encoding="utf-8")
    file = system.description.compile_overlay(str(wrong), str(tmp_path)).file
    with open(file, "rb") as new, open(os.path.join(card.files, "schedule.dtbo"), "wb") as old:
        old.write(new.read())
    with board_uboot.Board(str(tmp_path), files=card.files) as uboot:
        said = uboot.attempt("run bootcmd")[1]
        assert "overlay schedule.dtbo does not apply" in said
        assert "bulkhead: not started" in said
        assert READY not in said
