# SPDX-License-Identifier: Apache-2.0
"""What does the kernel refuse of what a boot loader left?  Overlays and files in RAM, named by
/boot-modules, with one thing wrong each time: kernel and host checker must both name the rule and
whatever a person needs to mend it, and nothing may run."""
import dataclasses
import hashlib
import os
import re

import pytest

import loaded
import systems
from systems import system

CLASSIC = os.path.join(systems.ROOT, "schedules", "classic")
WITH_HASH = """/dts-v1/;
/plugin/;
&{/bulkhead/partitions/partition@1/kernel} { image-file = "guests/demo.bin"; sha256; };
"""
FIXUP_WITHOUT_PATH = """/dts-v1/;
/ { fragment@0 { target-path = "/"; __overlay__ { }; };
    __fixups__ { fast = "nowhere"; }; };
"""
WITHOUT_TARGET = "/dts-v1/;\n/ { fragment@0 { __overlay__ { bulkhead { }; }; }; };\n"


@pytest.fixture(scope="module")
def gicv3():
    return system.Machine(gic=3)


@pytest.fixture
def classic(build, gicv3, tmp_path):
    return system.build_system("classic", gicv3, build, out=str(tmp_path / "classic"))


@pytest.fixture
def hashed(build, gicv3, tmp_path):
    """The same with the hash of the first partition's kernel in a third overlay."""
    (tmp_path / "hash.dtso").write_text(WITH_HASH, encoding="utf-8")
    return system.build_system(["classic", str(tmp_path / "hash.dtso")], gicv3, build,
                               out=str(tmp_path / "hashed"))


@pytest.fixture
def items(classic):
    """What is right: files, then the overlays system and schedule."""
    return [*loaded.files_of(classic), *loaded.overlays_of(classic)]


def changed(items, label, **fields):
    """The items with one of them changed."""
    assert [item.label for item in items].count(label) == 1
    return [dataclasses.replace(item, **fields) if item.label == label else item for item in items]


def overlay_of(path, text):
    """An overlay's text, compiled."""
    path.write_text(text, encoding="utf-8")
    return system.description.compile_overlay(str(path), str(path.parent)).file


def added(items, file, order=2):
    """The items with one overlay more."""
    last = items[-1]
    return [*items, dataclasses.replace(last, label=os.path.basename(file), file=file, order=order,
                                        address=last.address + loaded.ROOM)]


def refused(way, rule, *words):
    """Kernel and checker refuse by `rule`, in a line that has all the words."""
    run = system.run(way)
    assert run.status == "refused", run.console[-2000:]
    assert run.windows_run == 0
    for text in (run.console, way.check()):
        lines = re.findall(rf"refused {rule}: (.*)", text)
        assert any(all(word in line for word in words) for line in lines), text[-2000:]


def cut(item, size, out):
    """A file with the first `size` bytes of an item's."""
    with open(item.file, "rb") as whole:
        out.write_bytes(whole.read()[:size])
    return str(out)


def overlay_in(items, label):
    return next(item for item in items if item.label == label)


# --- what is taken -------------------------------------------------------------------------------

@pytest.mark.requirement("BH-OVL-2")
@pytest.mark.parametrize("form", ["schedule first in the tree", "large numbers", "room exact"])
def test_order_counts_and_nothing_else(classic, items, tmp_path, form):
    """U-Boot puts a new node before its siblings, so their order in the tree means nothing."""
    if form == "schedule first in the tree":
        items = items[::-1]
    elif form == "large numbers":
        items = changed(changed(items, "system.dtbo", order=7), "schedule.dtbo", order=0xFFFFFFFF)
    else:
        items = [dataclasses.replace(item, size=os.path.getsize(item.file)) for item in items]
    way = loaded.leave(classic, items, str(tmp_path / "loaded"))
    assert way.kernel_hash() == loaded.hash_in(classic.check().stdout)


@pytest.mark.requirement("BH-OVL-4")
def test_an_image_with_its_hash_runs(hashed, ended_ok, tmp_path):
    """... loaded as overlays or as one tree."""
    ended_ok(hashed)
    items = [*loaded.files_of(hashed), *loaded.overlays_of(hashed)]
    ended_ok(loaded.leave(hashed, items, str(tmp_path / "loaded")))


# --- overlays ------------------------------------------------------------------------------------

@pytest.mark.troubleshooting("refused overlay-label")
@pytest.mark.requirement("BH-OVL-3")
def test_refused_unknown_label(classic, items, tmp_path):
    with open(os.path.join(CLASSIC, "schedule.dtso"), encoding="utf-8") as text:
        wrong = text.read().replace("<&slow>", "<&sloow>", 1)
    (tmp_path / "wrong").mkdir()
    file = overlay_of(tmp_path / "wrong" / "schedule.dtso", wrong)
    way = loaded.leave(classic, changed(items, "schedule.dtbo", file=file), str(tmp_path))
    refused(way, "overlay-label", "schedule.dtbo", "sloow")


@pytest.mark.requirement("BH-OVL-3")
def test_refused_schedule_before_system(classic, items, tmp_path):
    """All labels that are missing are named, not only the first."""
    swapped = changed(changed(items, "system.dtbo", order=1), "schedule.dtbo", order=0)
    way = loaded.leave(classic, swapped, str(tmp_path))
    for label in ("fast", "medium", "slow"):
        refused(way, "overlay-label", "schedule.dtbo", label)


@pytest.mark.troubleshooting("refused overlay-target")
@pytest.mark.requirement("BH-OVL-3")
def test_refused_missing_target(classic, items, tmp_path):
    file = overlay_of(tmp_path / "late.dtso",
                      '/dts-v1/;\n/plugin/;\n&{/bulkhead/nowhere} { label = "late"; };\n')
    way = loaded.leave(classic, added(items, file), str(tmp_path))
    refused(way, "overlay-target", "late.dtbo", "/bulkhead/nowhere")


@pytest.mark.troubleshooting("refused overlay-empty")
@pytest.mark.requirement("BH-OVL-3")
def test_refused_tree_that_is_no_overlay(classic, items, tmp_path):
    """A tree compiled without /plugin/: libfdt takes it, and does nothing."""
    file = overlay_of(tmp_path / "plain.dtso", "/dts-v1/;\n/ { bulkhead { }; };\n")
    way = loaded.leave(classic, added(items, file), str(tmp_path))
    refused(way, "overlay-empty", "plain.dtbo", "/plugin/")


@pytest.mark.requirement("BH-OVL-3")
@pytest.mark.parametrize("text", [FIXUP_WITHOUT_PATH, WITHOUT_TARGET],
                         ids=["fixup without path", "fragment without target"])
def test_refused_what_libfdt_cannot_apply(classic, items, tmp_path, text):
    file = overlay_of(tmp_path / "odd.dtso", text)
    way = loaded.leave(classic, added(items, file), str(tmp_path))
    refused(way, "overlay-apply", "odd.dtbo")


@pytest.mark.troubleshooting("refused overlay-blob")
@pytest.mark.requirement("BH-OVL-3")
@pytest.mark.parametrize("what_came", ["half in half the room", "half", "nothing", "36 bytes"])
def test_refused_truncated(classic, items, tmp_path, what_came):
    """... whether the loader says so or RAM holds zeroes where the rest should be."""
    item = overlay_in(items, "schedule.dtbo")
    half = os.path.getsize(item.file) // 2
    size = {"nothing": 0, "36 bytes": 36}.get(what_came, half)
    room = half if what_came == "half in half the room" else item.size
    file = cut(item, size, tmp_path / "cut.dtbo")
    named = changed(items, "schedule.dtbo", file=file, size=room)
    tree = loaded.tree_with(classic.base, named, str(tmp_path / "loaded.dtb"))
    there = [item for item in named if os.path.getsize(item.file)]
    refused(loaded.leave(classic, there, str(tmp_path), tree), "overlay-blob", "schedule.dtbo")


@pytest.mark.requirement("BH-OVL-3")
def test_refused_two_of_one_order(classic, items, tmp_path):
    way = loaded.leave(classic, changed(items, "schedule.dtbo", order=0), str(tmp_path))
    refused(way, "id-twice", "/boot-modules/overlay-1", "/boot-modules/overlay-2", "order")


@pytest.mark.troubleshooting("refused overlay-board")
@pytest.mark.requirement("BH-OVL-3")
def test_refused_for_another_board(classic, items, tmp_path):
    file = overlay_of(tmp_path / "board.dtso", '/dts-v1/;\n/plugin/;\n'
                      '/ { compatible = "acme,board-7"; };\n'
                      '&{/} { bulkhead { guard-ns = <4000>; }; };\n')
    way = loaded.leave(classic, added(items, file), str(tmp_path))
    refused(way, "overlay-board", "board.dtbo", "acme,board-7")


@pytest.mark.requirement("BH-OVL-3")
@pytest.mark.parametrize("address, size, rule", [
    (0x90000000, loaded.ROOM, "module-outside-ram"),
    (0x5FFFF000, loaded.ROOM, "module-outside-ram"),
    (0x4A800000, 0xFFFFFFFFFFFFF000, "module-outside-ram"),
    (0x4A800000, 0, "overlay-blob"),
    (0x09000000, 0x1000, "module-outside-ram"),
    (system.KERNEL_ADDRESS + 0x1000, loaded.ROOM, "module-clash"),
], ids=["no RAM", "over the end of RAM", "wraps around", "empty", "a device", "the kernel"])
def test_refused_place(classic, items, tmp_path, address, size, rule):
    """What the loader says is not read before it was found to be RAM and not the kernel."""
    named = changed(items, "system.dtbo", address=address, size=size)
    tree = loaded.tree_with(classic.base, named, str(tmp_path / "loaded.dtb"))
    there = [item for item in items if item.label != "system.dtbo"]
    refused(loaded.leave(classic, there, str(tmp_path), tree), rule, "system.dtbo")


# --- files ---------------------------------------------------------------------------------------

@pytest.mark.troubleshooting("refused module-not-placed")
@pytest.mark.requirement("BH-OVL-5")
def test_refused_file_that_was_not_loaded(classic, items, tmp_path):
    overlays = [item for item in items if item.kind == loaded.OVERLAY]
    way = loaded.leave(classic, overlays, str(tmp_path))
    refused(way, "module-not-placed", "/bulkhead/partitions/partition@1/kernel",
            "guests/demo.bin")


@pytest.mark.requirement("BH-OVL-5")
def test_refused_two_files_of_one_label(classic, items, tmp_path):
    last = items[-1]
    twice = [*items, dataclasses.replace(items[0], address=last.address + loaded.ROOM)]
    way = loaded.leave(classic, twice, str(tmp_path))
    refused(way, "label-twice", "/boot-modules/module-0", "/boot-modules/module-3")


@pytest.mark.troubleshooting("refused image-hash")
@pytest.mark.requirement("BH-OVL-4")
@pytest.mark.parametrize("damage", ["one bit", "last byte missing", "other file"])
def test_refused_hash(hashed, tmp_path, damage):
    """The line says what the hash begins with, so that a person can tell which file came."""
    items = [*loaded.files_of(hashed), *loaded.overlays_of(hashed)]
    with open(items[0].file, "rb") as image:
        right = image.read()
    wrong = {"one bit": right[:-1] + bytes([right[-1] ^ 1]), "last byte missing": right[:-1],
             "other file": bytes(4096)}[damage]
    file = tmp_path / "wrong.bin"
    file.write_bytes(wrong)
    damaged = changed(items, "guests/demo.bin", file=str(file), size=len(wrong))
    refused(loaded.leave(hashed, damaged, str(tmp_path)), "image-hash",
            "/bulkhead/partitions/partition@1/kernel",
            *("0x" + hashlib.sha256(image).hexdigest()[:16].lstrip("0")
              for image in (wrong, right)))
