# SPDX-License-Identifier: Apache-2.0
"""Does a mistake in a description lead back to its line?  And do overlays, hashes and another
schedule get into the system as docs/bindings.md says?  Nothing is run here; QEMU tells its tree."""
import hashlib
import os
import re
import struct

import pytest

import systems
from systems import system

import description  # scripts/description.py
import fdt
import new
import source_map

MARK = "MARK"
BAD = os.path.join(systems.ROOT, "tests", "bad")


class Writer:
    """A new system with some of its text replaced."""

    def __init__(self, directory, build, out):
        self.directory = new.make(str(directory))
        self.build = build
        self.out = str(out)

    def path(self, part):
        return os.path.join(self.directory, part + ".dtso")

    def change(self, part, old, replacement):
        """Returns where the first line with MARK is then, as the tools say it."""
        with open(self.path(part), encoding="utf-8") as source:
            text = source.read()
        assert old in text
        text = text.replace(old, replacement, 1)
        with open(self.path(part), "w", encoding="utf-8") as source:
            source.write(text)
        return self.line(part, MARK)

    def add(self, part, text):
        with open(self.path(part), "w", encoding="utf-8") as source:
            source.write("/dts-v1/;\n/plugin/;\n" + text)
        return self.line(part, MARK)

    def line(self, part, mark):
        with open(self.path(part), encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                if mark in line:
                    return f"{source_map.shown(self.path(part))}:{number}"
        return None

    def make(self, **keywords):
        return system.build_system(self.directory, system.Machine(gic=3), self.build, out=self.out,
                                   **keywords)

    def refused(self):
        """What the checker says, line by line."""
        checked = self.make().check()
        assert checked.returncode == 1, checked.stdout
        return checked.stdout.splitlines()

    def told(self):
        """What the tools say that cannot even make the system."""
        with pytest.raises(description.DescriptionError) as error:
            self.make()
        return str(error.value)


@pytest.fixture
def mine(build, tmp_path):
    return Writer(tmp_path / "mine", build, tmp_path / "out")


def hints(lines, rule):
    """The lines below the refusal by `rule`."""
    at = next(at for at, line in enumerate(lines) if line.startswith(f"refused {rule}: "))
    return [line.strip() for line in lines[at + 1:at + 3] if line.startswith("    ")]


# --- refusals lead to the source -------------------------------------------------------------------

@pytest.mark.requirement("BH-CFG-2")
def test_a_refused_property_is_told_with_its_line(mine):
    place = mine.change("schedule", "MS(10)>;", "MS(0)>; /* MARK */")
    assert hints(mine.refused(), "frame-length") == [f"at {place}"]


@pytest.mark.requirement("BH-CFG-2")
def test_two_of_one_id_are_told_with_both_lines(mine):
    other = mine.line("system", "reg = <1>;")
    place = mine.change("system", "reg = <2>;", "reg = <1>; /* MARK */")
    told = hints(mine.refused(), "id-twice")
    assert {hint.split(" ", 1)[1] for hint in told} == {place, other}


@pytest.mark.requirement("BH-CFG-2")
def test_windows_that_overlap_are_told_with_both_lines(mine):
    first = mine.line("schedule", "reg = <MS(0) MS(4)>")
    place = mine.change("schedule", "reg = <MS(4) MS(3)>;", "reg = <MS(3) MS(3)>; /* MARK */")
    assert hints(mine.refused(), "window-overlap") == [f"at {place}", f"and {first}"]


def test_what_is_missing_is_told_with_its_nodes_line(mine):
    mine.change("system", "reg = <1>;", "")
    place = mine.line("system", "first: partition@1")
    assert hints(mine.refused(), "missing-property") == [f"at {place}"]


def test_an_unknown_node_is_told_with_its_line(mine):
    place = mine.change("system", "kernel {", "gadget { }; /* MARK */ kernel {")
    assert hints(mine.refused(), "unknown-node") == [f"at {place}"]


def test_a_label_leads_through_another_overlay(mine):
    """What an overlay adds to a node that it reaches by label is told with that overlay's line."""
    place = mine.change("schedule", "&{/bulkhead} {",
                        "&second {\n\tvcpus = <9>; /* MARK */\n};\n\n&{/bulkhead} {")
    assert hints(mine.refused(), "vcpu-count") == [f"at {place}"]


def test_an_included_file_is_told_by_its_own_name(mine):
    path = os.path.join(mine.directory, "memory.dtsi")
    with open(path, "w", encoding="utf-8") as text:
        text.write("\nmemory@40000000 {\n\treg = <CELLS(GUEST_RAM) CELLS(100)>;\n};\n")
    mine.change("system", "memory@40000000 {\n\t\t\t\t\treg = <CELLS(GUEST_RAM) MIB(1)>;\n\t\t\t\t};",
                '#include "memory.dtsi"')
    assert hints(mine.refused(), "misaligned") == [f"at {source_map.shown(path)}:3"]


def test_an_overlay_without_source_gives_no_place(mine, tmp_path):
    mine.change("schedule", "MS(10)", "MS(0)")
    compiled = description.compile_overlay(mine.path("schedule"), str(tmp_path))
    checked = mine.make(schedule=compiled.file).check()
    assert checked.returncode == 1
    assert "refused frame-length" in checked.stdout
    assert not re.search(r"^    ", checked.stdout, re.MULTILINE)


@pytest.mark.requirement("BH-CFG-2")
def test_every_bad_overlay_leads_to_a_line(build, tmp_path):
    """Each refusal that names a node of the description is followed by a line that is there."""
    told = 0
    for name in sorted(os.listdir(BAD)):
        if not name.endswith(".dtso"):
            continue
        made = system.build_system(os.path.join(BAD, name), system.Machine(gic=3), build,
                                   out=str(tmp_path))
        lines = made.check().stdout.splitlines()
        for line, below in zip(lines, lines[1:] + [""]):
            node = re.match(r"refused [a-z0-9-]+: (/bulkhead[^ ,:]*)", line)
            if node and fdt.load(made.dtb).find(node.group(1)):
                found = re.fullmatch(r"    at (.+):(\d+)", below)
                assert found, f"{name}: {line}\n{below}"
                with open(found.group(1), encoding="utf-8") as source:
                    assert int(found.group(2)) <= len(source.readlines())
                told += 1
    assert told > 40


# --- complaints of the tools -----------------------------------------------------------------------

def test_a_syntax_error_is_told_with_the_users_line(mine):
    mine.change("system", "reg = <2>;", "reg = <2>")
    told = mine.told()
    place = mine.line("system", 'label = "second"')
    assert re.search(rf"{re.escape(place)}:\d+: syntax error", told), told
    assert 'label = "second";' in told


def test_a_misspelt_macro_is_told_with_the_users_line(mine):
    place = mine.change("schedule", "<MS(10)>", "<MSEC(10)> /* MARK */")
    assert f"{place}:" in mine.told()


def test_a_missing_include_is_told_with_the_users_line(mine):
    place = mine.change("system", "#include <bulkhead/units.h>", "#include <bulkhead/unit.h> // MARK")
    told = mine.told()
    assert f"{place.split('/')[-1]}:" in told
    assert "bulkhead/unit.h: No such file" in told


def test_a_label_that_no_overlay_has_is_named_with_its_line(mine):
    place = mine.change("schedule", "<&second>;", "<&third>; /* MARK */")
    assert f'{place}: label "third" is in no overlay before' in mine.told()


def test_a_target_that_no_overlay_has_is_named_with_its_line(mine):
    place = mine.change("schedule", "&{/bulkhead} {", "&{/nowhere} { /* MARK */")
    assert f"{place}: target /nowhere is in no overlay before" in mine.told()


def test_an_overlay_without_plugin_is_told(mine):
    mine.change("schedule", "/plugin/;", "")
    assert "begins with /dts-v1/; and /plugin/;" in mine.told()


def test_an_overlay_for_another_board_is_refused(mine):
    mine.add("board", '/ { compatible = "acme,board"; };\n&{/} { };\n')
    assert "is for acme,board" in mine.told()
    mine.add("board", '/ { compatible = "acme,board", "linux,dummy-virt"; };\n&{/} { };\n')
    mine.make()


# --- what a system is made of ----------------------------------------------------------------------

def test_a_directory_is_board_system_schedule(mine):
    assert [description.stem(path) for path in description.find(mine.directory)] == [
        "system", "schedule"]
    mine.add("board", "&{/} { };\n")
    assert [overlay.name for overlay in mine.make().overlays] == ["board", "system", "schedule"]


@pytest.mark.requirement("BH-CFG-1")
def test_another_schedule_takes_the_place_of_the_directorys(mine, tmp_path):
    mine.change("schedule", "MS(10)", "MS(20)")
    os.rename(mine.path("schedule"), mine.path("slow"))
    made = mine.make(schedule="slow")
    assert "major frame 20000000 ns" in made.check().stdout
    assert [overlay.name for overlay in made.overlays] == ["system", "slow"]
    compiled = description.compile_overlay(mine.path("slow"), str(tmp_path))
    assert mine.make(schedule=compiled.file).check().stdout == made.check().stdout
    for schedule in (None, "slower"):
        with pytest.raises(description.DescriptionError):
            mine.make(schedule=schedule)


@pytest.mark.parametrize("name", ["nosuch", "./nosuch", "tests/qemu/conftest.py", "scripts/"])
def test_a_system_that_is_none_is_told(build, name):
    with pytest.raises(description.DescriptionError):
        system.build_system(name, system.Machine(), build)


def test_one_file_has_its_schedule_in_it(build):
    with pytest.raises(description.DescriptionError, match="one file"):
        system.build_system("one-partition", system.Machine(), build, schedule="other.dtso")


def test_a_misspelt_machine_field_is_told(mine):
    with open(os.path.join(mine.directory, "machine.toml"), "w", encoding="utf-8") as text:
        text.write("cpus = 2\n")
    with pytest.raises(description.DescriptionError, match="cpus"):
        system.machine_for(mine.directory)


# --- hashes of images ------------------------------------------------------------------------------

def elf_of(content, gap):
    """An ELF file that loads `content`, then `gap` bytes of nothing, then `content` again."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 183, 1, 0x40000000, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    at = 64 + 2 * 56
    segments = b"".join(
        struct.pack("<IIQQQQQQ", 1, 5, at, address, address, len(content), len(content), 4096)
        for address in (0x40000000, 0x40000000 + len(content) + gap))
    return header + segments + content


def hash_in(overlay, node):
    return fdt.load(overlay.file).find("/fragment@0/__overlay__/bulkhead/partitions/" + node
                                       ).properties["sha256"]


@pytest.mark.requirement("BH-CFG-1")
def test_an_empty_sha256_becomes_the_hash_of_what_is_loaded(mine):
    """In the overlay, so that it is the same however the overlays are merged; of an ELF file it is
    the hash of the flattened bytes."""
    content, gap = os.urandom(300), 100
    with open(os.path.join(mine.directory, "guest.elf"), "wb") as image:
        image.write(elf_of(content, gap))
    mine.change("system", '"guests/demo.bin";', '"guest.elf"; sha256;')
    made = mine.make()
    flat = content + bytes(gap) + content
    loaded = next(module for module in made.modules if module.label == "guest.elf")
    with open(loaded.file, "rb") as image:
        assert image.read() == flat
    assert hash_in(made.overlays[0], "partition@1/kernel") == hashlib.sha256(flat).digest()
    assert loaded.size_bytes == len(flat)
    checked = made.check()
    assert checked.returncode == 0, checked.stdout


@pytest.mark.requirement("BH-CFG-1")
def test_a_sha256_that_is_written_out_stays(mine):
    digits = "00 11 22 33 44 55 66 77 " * 4
    mine.change("system", '"guests/demo.bin";', f'"guests/demo.bin"; sha256 = [{digits}];')
    assert hash_in(mine.make().overlays[0], "partition@1/kernel") == bytes.fromhex(digits)
    assert "image-hash" in "".join(mine.refused())


def test_an_empty_sha256_without_a_file_is_told(mine):
    mine.change("system", 'image-file = "guests/demo.bin";', "sha256;")
    assert "sha256" in mine.told()


@pytest.mark.parametrize("content,told", [(b"", "is empty"), (b"\x7fELF\x02\x01\x01", "cut off"),
                                          (None, "is in none of")])
def test_an_image_that_cannot_be_loaded_is_told(mine, content, told):
    if content is not None:
        with open(os.path.join(mine.directory, "guest.bin"), "wb") as image:
            image.write(content)
    mine.change("system", "guests/demo.bin", "guest.bin")
    assert re.search(rf"/system\.dtso:\d+: .*guest\.bin.*{told}", mine.told())
    mine.change("system", '"guest.bin";', '"guest.bin"; sha256;')
    assert re.search(rf"/system\.dtso:\d+: .*guest\.bin.*{told}", mine.told())


# --- what is shown ---------------------------------------------------------------------------------

def shown(build, tmp_path, name):
    """The checker's lines, each word with one blank."""
    made = system.build_system(name, system.machine_for(name, gic=3), build, out=str(tmp_path))
    checked = made.check()
    assert checked.returncode == 0, checked.stdout
    return [" ".join(line.split()) for line in checked.stdout.splitlines()]


@pytest.mark.requirement("BH-CFG-5")
def test_all_cores_are_drawn_on_one_axis(build, tmp_path):
    lines = shown(build, tmp_path, "multicore")
    assert "cores: cpu 0, cpu 1, cpu 2, cpu 3 unused" in lines
    at = lines.index("cpu 0: 4 windows, idle for 10.0 %")
    rows = {words[0]: words[1] for words in (line.split() for line in lines[at:at + 7])}
    assert lines[at + 3] == "cpu 1: 2 windows, idle for 25.0 %"
    assert lines[at + 6] == "cpu 2: 0 windows, idle for 100.0 %"
    # 40 ms in 60 columns: windows begin and end where the same instant is on the other CPU.
    assert rows["control"] == f"|{'#' * 15}{'.' * 15}{'#' * 15}{'.' * 15}|"
    assert rows["comms"] == f"|{'.' * 15}{'#' * 15}{'.' * 21}{'#' * 9}|"
    assert rows["vision"] == f"|{'#' * 22}{'.' * 38}|"
    assert rows["logger"] == f"|{'.' * 30}{'#' * 22}{'.' * 8}|"
    assert "start ns duration ns partition on cpu 1" in lines


@pytest.mark.requirement("BH-CFG-5")
def test_who_runs_beside_whom_is_told(build, tmp_path):
    lines = [line for line in shown(build, tmp_path, "multicore") if " beside " in line]
    assert lines == ["10000000 control beside vision",
                     "10000000 control beside logger (/pl031@9010000)",
                     "5000000 comms beside vision",
                     "1000000 comms beside logger (/pl031@9010000)"]


@pytest.mark.requirement("BH-CFG-5")
def test_one_vcpu_after_the_other_counts_once(build, tmp_path):
    """Two vCPUs of one partition beside another partition: the time is that of the clock."""
    def core(number, windows):
        return systems.node(f"cpu@{number}", [
            f"reg = <{number}>;", "#address-cells = <2>;", "#size-cells = <2>;",
            *(systems.window_text(window, {"one": 0, "two": 1}) for window in windows)])
    one, two = systems.Partition("one", "demo", properties=("vcpus = <2>;",)), systems.Partition(
        "two", "demo")
    window, millisecond = systems.Window, systems.MS
    text = systems.overlay_text([one, two], [window("one", 0, 4 * millisecond)], 10 * millisecond,
                                ["guests/demo.bin"] * 2, 5)
    text += "&{/bulkhead/schedules/schedule@0} {\n" + core(
        1, [window("one", millisecond, 4 * millisecond, 1)]) + core(
            2, [window("two", 2 * millisecond, 2 * millisecond),
                window("two", 4 * millisecond, 6 * millisecond)]) + "\n};\n"
    path = tmp_path / "pairs.dtso"
    path.write_text(text, encoding="utf-8")
    made = system.build_system(str(path), system.Machine(gic=3, smp=3), build, out=str(tmp_path))
    told = made.check().stdout
    assert re.findall(r"(\d+)  (\w+) beside (\w+)", told) == [("3000000", "one", "two")], told


@pytest.mark.requirement("BH-CFG-5")
def test_modes_are_told(build, tmp_path):
    lines = shown(build, tmp_path, "modes")
    assert lines.count("may change the module's schedule") == 1
    assert lines.count("error that stops it changes to the maintenance schedule") == 1
    assert 'maintenance schedule: 2 "maintenance"' in lines
    assert [line for line in lines if line.startswith("schedule ")] == [
        'schedule 0 "start": major frame 40000000 ns',
        'schedule 1 "cruise": major frame 40000000 ns',
        'schedule 2 "maintenance": major frame 20000000 ns']
    cruise = lines[lines.index('schedule 1 "cruise": major frame 40000000 ns'):]
    assert "26000000 6000000 payload, a period starts" in cruise
    assert ("payload: 5000000 ns in each period of 20000000 ns; starts warm after a change to this "
            "schedule") in cruise
    assert "service: starts cold after a change to this schedule" in cruise


def test_one_core_is_shown_without_more(build, tmp_path):
    lines = shown(build, tmp_path, "classic")
    assert "cpu 0: 14 windows" in lines
    assert "start ns duration ns partition" in lines
    assert not [line for line in lines if "beside" in line or "cores" in line or "change" in line]


# --- the headers for descriptions ------------------------------------------------------------------

@pytest.mark.requirement("BH-CFG-1")
def test_machine_h_says_the_defaults(mine):
    """A description that spells the defaults out is the same system to the digit of its hash."""
    before = mine.make().check().stdout.splitlines()[-1]
    mine.change("system", "reg = <1>; ", """reg = <1>;
        gicd-address = <CELLS(GUEST_GICD)>;
        gicr-address = <CELLS(GUEST_GICR)>; """)
    mine.change("system", "kernel {", """console {
            compatible = "arm,pl011";
            reg = <CELLS(GUEST_UART) KIB(4)>;
            spi = <GUEST_UART_SPI>;
        };
        kernel {""")
    after = mine.make().check().stdout.splitlines()[-1]
    assert before == after
    assert re.fullmatch(r"hash [0-9a-f]{64}", after)


@pytest.mark.parametrize("written,value", [
    ("NS(7)", 7), ("US(7)", 7000), ("MS(7)", 7_000_000), ("SEC(7)", 7_000_000_000),
    ("KIB(3)", 3 << 10), ("MIB(3)", 3 << 20), ("GIB(5)", 5 << 30), ("CELLS(0x123456789ab)",
                                                                     0x123456789AB)])
def test_units_h_counts_right(tmp_path, written, value):
    source = tmp_path / "units.dtso"
    source.write_text("/dts-v1/;\n/plugin/;\n#include <bulkhead/units.h>\n"
                      f"&{{/}} {{ value = <{written}>; }};\n", encoding="utf-8")
    overlay = description.compile_overlay(str(source), str(tmp_path))
    node = fdt.load(overlay.file).find("/fragment@0/__overlay__")
    assert node.number("value", None) == value
    assert len(node.properties["value"]) == 8


@pytest.mark.parametrize("macro,count", [("REPEAT_16", 16), ("REPEAT_64", 64), ("REPEAT_1024", 1024)])
def test_repeat_h_counts_from_1_in_hexadecimal(tmp_path, macro, count):
    source = tmp_path / "repeat.dtso"
    source.write_text("/dts-v1/;\n/plugin/;\n#include <bulkhead/repeat.h>\n"
                      "#define ITEM(number, digit) node@number { reg = <0x##number 0x##digit>; };\n"
                      f"&{{/}} {{ {macro}(ITEM) }};\n", encoding="utf-8")
    overlay = description.compile_overlay(str(source), str(tmp_path))
    found = [(node.name, node.cells("reg"))
             for node in fdt.load(overlay.file).find("/fragment@0/__overlay__").children]
    assert found == [(f"node@{number:x}", [number, number % 16]) for number in range(1, count + 1)]
