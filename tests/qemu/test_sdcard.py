# SPDX-License-Identifier: Apache-2.0
"""Is what `make sdcard` makes in itself right?  Addresses, names, hashes and the FIT's structure,
looked at without starting anything; and what it refuses to make."""
import hashlib
import os
import random
import re
import subprocess

import pytest

import board as boards
import payload
import plan
import sdcard
import systems
from description import DescriptionError
from systems import system

fdt = system.fdt
MIB = 1 << 20
V3 = system.Machine(gic=3)

BOARD = {"description": "a board", "dtb": "qemu", "overlays": "modules", "script": 0x40200000,
         "load-from": 0x40400000, "keep-top": 0x04000000}


def write_board(tmp_path, **changes):
    """A board file; a value of None leaves the key out."""
    values = {key: value for key, value in (BOARD | changes).items() if value is not None}
    lines = [f"{key} = {value:#x}" if type(value) is int else f"{key} = {value!r}"
             for key, value in values.items()]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def make(build, tmp_path, names=("classic",), board="qemu", **keywords):
    return sdcard.make(list(names), boards.load(board), lambda _: V3, build,
                       out=str(tmp_path / "card"), **keywords)


@pytest.fixture(scope="module")
def card(build, tmp_path_factory):
    return make(build, tmp_path_factory.mktemp("card"), ["classic", "one-partition"])


@pytest.fixture(scope="module")
def blob(card):
    return fdt.load(os.path.join(card.fit, "bulkhead.itb"))


# --- addresses -----------------------------------------------------------------------------------

def overlapping(ranges):
    ranges = sorted(ranges, key=lambda one: one.start)
    return [pair for pair in zip(ranges, ranges[1:]) if pair[0].overlaps(pair[1])]


@pytest.mark.requirement("BH-LOAD-4")
def test_plan_gives_no_byte_twice():
    for seed in range(200):
        numbers = random.Random(seed)
        taken = [plan.Range("taken", numbers.randrange(200) * 512, numbers.randrange(1, 40) * 512)
                 for _ in range(numbers.randrange(6))]
        free = plan.Plan(plan.Range("area", 4096, 90 * 1024), taken)
        align = numbers.choice([8, 4096, 8192])
        try:
            for number in range(20):
                place = free.place(str(number), numbers.randrange(1, 9000), align)
                assert place.start % align == 0
        except DescriptionError as error:
            assert "nowhere in area" in str(error)
        assert not overlapping(free.given)
        assert not any(one.overlaps(other) for one in free.given for other in taken)
        assert all(one.start >= free.area.start and one.end <= free.area.end for one in free.given)


@pytest.mark.requirement("BH-LOAD-4")
def test_rest_of_the_area_ends_at_what_is_taken():
    free = plan.Plan(plan.Range("area", 0, 100), [plan.Range("a", 0, 10), plan.Range("b", 60, 5)])
    place = free.rest("rest", 20, 1)
    assert (place.start, place.end) == (10, 60)
    assert free.given == [place]


def system_at(build, tmp_path, host_address, size=MIB):
    """The source of a system with memory by host-address."""
    made = systems.write_system(
        str(tmp_path / "made"), V3,
        [systems.Partition("nav", "demo", memory=(
            systems.Memory(systems.RAM, size, host_address=host_address),))],
        [systems.Window("nav", 0, systems.MS)], systems.MS, 8, build=build)
    return made.overlays[0].source


@pytest.mark.requirement("BH-LOAD-4")
def test_kernel_over_memory_of_a_partition_is_refused_with_both_names(build, tmp_path):
    board = write_board(tmp_path, kernel=0x40600000)
    source = system_at(build, tmp_path, 0x40700000)
    with pytest.raises(DescriptionError) as refused:
        make(build, tmp_path, [source], board)
    assert re.search(r"the kernel \(0x40600000 to 0x40800000\) would lie over memory of partition "
                     r"nav .*by host-address \(0x40700000 to 0x40800000\)", str(refused.value))


@pytest.mark.requirement("BH-LOAD-4")
def test_too_little_room_is_refused_with_what_is_there(build, tmp_path):
    board = write_board(tmp_path, **{"load-to": 0x40600000 + 0x30000})
    with pytest.raises(DescriptionError) as refused:
        make(build, tmp_path, board=board)
    assert re.search(r"system\.dtbo needs 64 KiB, and nowhere in the RAM that mine leaves free for "
                     r"loading .* beside the kernel \(.*, the device tree \(", str(refused.value))


@pytest.mark.requirement("BH-LOAD-4")
def test_reserved_memory_is_left_alone(build, tmp_path):
    """/memreserve/ and /reserved-memory of the board's tree."""
    base = system.build_system("classic", V3, build, out=str(tmp_path / "base")).base
    text = system.call("dtc", "-q", "-I", "dtb", "-O", "dts", base).decode()
    text = text.replace("/dts-v1/;", "/dts-v1/;\n/memreserve/ 0x40601000 0x1000;") + """
/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
    secure@40700000 { reg = <0x0 0x40700000 0x0 0x200000>; no-map; }; }; };
"""
    system.call("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(tmp_path / "mine.dtb"), "-",
                input=text.encode())
    card = make(build, tmp_path, board=write_board(tmp_path, dtb="mine.dtb"))
    reserved = [plan.Range("memreserve", 0x40601000, 0x1000),
                plan.Range("reserved-memory", 0x40700000, 0x200000)]
    assert not overlapping([*card.layout.given, *reserved])


@pytest.mark.requirement("BH-LOAD-4")
def test_everything_has_its_place_in_the_script(card):
    """The script's loads are those of the plan, and none overlaps another or the script itself."""
    with open(os.path.join(card.files, "boot.cmd"), encoding="utf-8") as text:
        script = text.read()
    loads = [(int(at, 16), int(size, 16)) for at, size in re.findall(
        r"^setenv bulkhead_at (0x\w+)\n(?:setenv bulkhead_(?!bytes).*\n)*"
        r"setenv bulkhead_bytes (0x\w+)$", script, re.MULTILINE)]
    assert len(loads) == len(card.layout.files)
    ranges = [plan.Range(hex(at), at, size) for at, size in loads]
    ranges.append(plan.Range("script", card.board.values["script"], boards.SCRIPT_BYTES))
    assert not overlapping(ranges)
    kernel = card.layout.kernel
    assert kernel.start % (2 * MIB) == 0 and kernel.size >= 2 * MIB
    assert f"booti {kernel.start:#x} - {card.layout.tree.start:#x}\n" in script


@pytest.mark.requirement("BH-LOAD-2", "BH-LOAD-4")
def test_overlays_have_room_to_grow(card):
    overlays = [item for item in card.layout.items if item.kind == payload.OVERLAY]
    assert [item.label for item in overlays] == ["system.dtbo", "schedule.dtbo"]
    assert all(item.room >= max(64 << 10, 2 * item.size) for item in overlays)


# --- names and sums ------------------------------------------------------------------------------

@pytest.mark.requirement("BH-LOAD-1")
def test_names_that_fat_confuses_are_kept_apart():
    taken = {"boot.scr", "board.dtb"}
    names = [payload.path_on_card(label, taken) for label in (
        "guests/demo.bin", "Guests/DEMO.bin", "/abs/demo.bin", "../demo.bin", "board.dtb",
        ".hidden", "a,b.bin", "end.", "ok-1.bin")]
    assert names[0] == "guests/demo.bin" and names[-1] == "ok-1.bin"
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"(guests|images|ok-1)[/.](\w[\w.-]*)", name) for name in names), names


@pytest.mark.requirement("BH-LOAD-1")
def test_sums_are_those_of_the_files(card):
    for directory in (card.files, card.fit):
        listed = open(os.path.join(directory, "SHA256SUMS"), encoding="utf-8").read().splitlines()
        there = [file for _, _, files in os.walk(directory) for file in files]
        assert len(listed) == len(there) - 1
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=directory,
                       check=True)


@pytest.mark.requirement("BH-LOAD-1")
def test_script_has_both_names_that_u_boot_asks_for(card):
    for directory in (card.files, card.fit):
        scripts = [open(os.path.join(directory, name), "rb").read() for name in sdcard.SCRIPTS]
        assert scripts[1] == scripts[2] and scripts[1].endswith(scripts[0])


def test_same_system_gives_the_same_bytes(card, build, tmp_path):
    again = make(build, tmp_path, ["classic", "one-partition"])
    for way in ("files", "fit"):
        sums = [open(os.path.join(one.directory, way, "SHA256SUMS"), encoding="utf-8").read()
                for one in (card, again)]
        assert sums[0] == sums[1]


# --- the FIT -------------------------------------------------------------------------------------

def data_of(blob, name):
    return blob.find("/images/" + name).properties["data"]


@pytest.mark.requirement("BH-LOAD-5")
def test_every_image_of_the_fit_has_its_sha256(blob):
    images = blob.find("/images").children
    assert len(images) >= 6
    for image in images:
        hash_node = image.find("hash-1")
        assert hash_node.string("algo") == "sha256"
        assert hash_node.properties["value"] == hashlib.sha256(image.properties["data"]).digest()


@pytest.mark.requirement("BH-LOAD-1")
def test_fit_has_a_configuration_for_each_system(blob, card):
    configurations = blob.find("/configurations")
    assert configurations.string("default") == "classic"
    assert [node.name for node in configurations.children] == ["classic", "one-partition"]
    for node, made in zip(configurations.children, card.systems):
        contents = [data_of(blob, name) for name in node.strings("loadables")]
        wanted = [open(overlay.file, "rb").read() for overlay in made.overlays]
        wanted += [open(module.file, "rb").read() for module in made.modules]
        assert set(contents) == set(wanted)
        assert data_of(blob, node.string("kernel")) == open(made.kernel, "rb").read()


@pytest.mark.requirement("BH-LOAD-1")
def test_guest_image_of_two_systems_is_in_the_fit_once(blob):
    contents = [image.properties["data"] for image in blob.find("/images").children]
    assert len(set(contents)) == len(contents)
    first, second = (set(node.strings("loadables"))
                     for node in blob.find("/configurations").children)
    assert any("demo" in name for name in first & second)


@pytest.mark.requirement("BH-LOAD-1", "BH-LOAD-4")
def test_tree_in_the_fit_tells_where_its_loadables_are_loaded(blob, card):
    for node in blob.find("/configurations").children:
        tree = fdt.parse(data_of(blob, node.string("fdt")))
        told = {child.string("label"): plan.Range(child.name, *reg_of(child))
                for child in tree.find("/boot-modules").children}
        images = [blob.find("/images/" + name) for name in node.strings("loadables")]
        assert {image.string("description") for image in images} == set(told)
        for image in images:
            place = told[image.string("description")]
            size = len(image.properties["data"])
            assert place.start == image.number("load", None)
            assert place.size == size or place.name.startswith("overlay") and place.size >= 2 * size
        fixed = [plan.Range(name, blob.find("/images/" + name).number("load", None),
                            len(data_of(blob, name))) for name in ("kernel", node.string("fdt"))]
        assert not overlapping([*told.values(), *fixed])


def reg_of(node):
    cells = node.cells("reg")
    return cells[0] << 32 | cells[1], cells[2] << 32 | cells[3]


# --- what is refused -----------------------------------------------------------------------------

@pytest.mark.requirement("BH-LOAD-4")
@pytest.mark.parametrize("changes, says", [
    ({"overlays": "magic"}, 'overlays = "magic" is neither "modules" nor "fdt-apply"'),
    ({"overlays": None}, "overlays is missing"),
    ({"kernel": 0x40500000}, "kernel = 0x40500000 is not a multiple of 2 MiB"),
    ({"load-from": "low"}, "load-from = 'low' is not a number"),
    ({"load-form": 1}, "unknown key load-form"),
    ({"dtb": "nosuch.dtb"}, 'dtb = "nosuch.dtb" is no file beside it'),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else None)
def test_board_file_that_makes_no_sense_is_refused(tmp_path, changes, says):
    with pytest.raises(DescriptionError) as refused:
        boards.load(write_board(tmp_path, **changes))
    assert says in str(refused.value)


@pytest.mark.requirement("BH-LOAD-4")
def test_board_without_ram_to_load_into_is_refused(build, tmp_path):
    for changes, says in (({"load-from": 0x1000}, "is not in the RAM of"),
                          ({"keep-top": 0x20000000}, "nothing is left to load into")):
        with pytest.raises(DescriptionError) as refused:
            make(build, tmp_path, board=write_board(tmp_path, **changes))
        assert says in str(refused.value)


@pytest.mark.requirement("BH-CFG-2")
def test_no_card_is_made_of_a_system_that_the_kernel_would_refuse(build, tmp_path):
    with pytest.raises(DescriptionError) as refused:
        make(build, tmp_path, [os.path.join(systems.ROOT, "tests", "bad", "window-overlap.dtso")])
    assert "the kernel would refuse" in str(refused.value)
    assert "window-overlap" in str(refused.value)


@pytest.mark.requirement("BH-LOAD-5")
def test_key_that_is_not_there_is_told(build, tmp_path):
    with pytest.raises(DescriptionError) as refused:
        make(build, tmp_path, keys=str(tmp_path))
    assert "no private key" in str(refused.value)
