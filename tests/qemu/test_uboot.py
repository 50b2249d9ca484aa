# SPDX-License-Identifier: Apache-2.0
"""Does a real U-Boot start what `make sdcard` makes?  Debian's build for QEMU's `virt`, from files
and from a FIT on a disk, and over TFTP; and what is said when the card is not as it was made?"""
import os
import re
import shutil
import subprocess
import sys

import pytest

import board as boards
import description
import disk
import fit
import loaded
import sdcard
import systems
import uboot
from systems import system

SYSTEMS = ["classic", "one-partition"]
STARTED = "Starting kernel"
TIMEOUT_S = 60


def make_card(machine, build, out, names=("classic",), **keywords):
    return sdcard.make(list(names), boards.load("qemu"), lambda _: machine, build, out=str(out),
                       **keywords)


@pytest.fixture(scope="module")
def card(build, machine, tmp_path_factory):
    return make_card(machine, build, tmp_path_factory.mktemp("card"), SYSTEMS)


@pytest.fixture(scope="module")
def plain(build, machine, tmp_path_factory):
    """The same system as QEMU loads it without U-Boot."""
    made = system.build_system("classic", machine, build,
                               out=str(tmp_path_factory.mktemp("plain")))
    return system.run(made, timeout_s=TIMEOUT_S)


@pytest.fixture
def other_schedule(tmp_path):
    """Another schedule for classic, shorter than the shipped one in time and as a file."""
    source = tmp_path / "schedule.dtso"
    windows = "".join(f"minor-frame@{at} {{ reg = <MS({at}) MS(2)>; partition = <&{name}>; }};"
                      for at, name in ((0, "slow"), (2, "medium"), (5, "fast")))
    source.write_text("/dts-v1/;\n/plugin/;\n#include <bulkhead/units.h>\n"
                      "&{/bulkhead} { schedules { #address-cells = <1>; #size-cells = <0>;\n"
                      "schedule@0 { compatible = \"bulkhead,schedule\"; reg = <0>;\n"
                      "label = \"other\"; major-frame-ns = <MS(8)>;\n"
                      "#address-cells = <1>; #size-cells = <0>;\n"
                      "cpu@0 { reg = <0>; #address-cells = <2>; #size-cells = <2>;\n"
                      f"{windows} }}; }}; }}; }};\n", encoding="utf-8")
    return description.compile_overlay(str(source), str(tmp_path)).file


def window_table(run):
    assert run.status == "ok", "\n".join([run.qemu_errors, *run.lines[-40:]])
    windows = systems.report_windows(run)
    assert windows
    return windows


def plan_of(windows):
    return [(window["partition"], window["start_ns"], window["duration_ns"]) for window in windows]


def boot_files(card, files, tmp_path, typed=uboot.TYPED, extra=()):
    """Boots a directory's copy as it stands; U-Boot may be left at its prompt."""
    media = disk.make(str(files), str(tmp_path / "card.img"))
    booted = uboot.Booted(card.systems[0], str(tmp_path), media)
    return system.run(booted, send=typed, until=uboot.STOPPED, timeout_s=TIMEOUT_S, extra=extra)


# --- it starts -----------------------------------------------------------------------------------

@pytest.mark.requirement("BH-LOAD-1", "BH-BOOT-1")
@pytest.mark.parametrize("way", uboot.WAYS)
def test_u_boot_gives_the_same_table_and_hash_as_a_plain_run(card, plain, tmp_path, way):
    run = uboot.boot(uboot.prepare(card, way, str(tmp_path)), timeout_s=TIMEOUT_S)
    assert "U-Boot 20" in run.console
    assert window_table(run) == window_table(plain)
    assert loaded.hash_in(run.console) == loaded.hash_in(plain.console) == card.hashes[0]


@pytest.mark.requirement("BH-LOAD-1")
def test_environment_chooses_a_configuration_of_the_fit(card, tmp_path):
    typed = uboot.TYPED.replace(b"boot", b"setenv bulkhead_system one-partition; boot")
    run = boot_files(card, card.fit, tmp_path, typed)
    assert {window["partition"] for window in window_table(run)} == {"only"}
    assert loaded.hash_in(run.console) == card.hashes[1]


@pytest.mark.requirement("BH-LOAD-1", "BH-LOAD-4")
def test_system_with_fixed_memory_and_names_no_card_can_hold(build, machine, tmp_path):
    """Memory by host-address where files would lie, and an image-file that is an absolute path."""
    claimed = 0x40610000
    made = systems.write_system(
        str(tmp_path / "made"), machine,
        [systems.Partition("only", "bench", memory=(
            systems.Memory(systems.RAM, systems.MIB, host_address=claimed),))],
        [systems.Window("only", 0, 2 * systems.MS)], 2 * systems.MS, 8, build=build)
    card = make_card(machine, build, tmp_path / "card", [made.overlays[0].source])
    assert os.path.isfile(os.path.join(card.files, "images", "bench.bin"))
    assert all(place.end <= claimed or place.start >= claimed + systems.MIB
               for place in card.layout.given)
    run = uboot.boot(uboot.prepare(card, "uboot", str(tmp_path)), timeout_s=TIMEOUT_S)
    assert any(line.startswith("bench: end") for line in run.lines_of("only")), run.console[-2000:]
    assert loaded.hash_in(run.console) == card.hashes[0]


@pytest.mark.requirement("BH-LOAD-1", "BH-BOOT-1")
def test_command_line_passes_on_how_the_kernel_ended(build, tmp_path):
    """As `make run BOOT=fit` calls it."""
    for name in ("bulkhead.bin", "guests", "host"):
        os.symlink(os.path.join(build, name), tmp_path / name)
    tool = os.path.join(systems.ROOT, "scripts", "uboot.py")
    ran = subprocess.run([sys.executable, tool, "run", "one-partition", "--boot", "fit", "--build",
                          str(tmp_path)], check=False, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, timeout=TIMEOUT_S)
    assert ran.returncode == 0
    assert b"bulkhead: end status=ok" in ran.stdout
    assert os.path.isfile(tmp_path / "sdcard" / "one-partition-qemu" / "fit" / "bulkhead.itb")


# --- one file is replaced ------------------------------------------------------------------------

@pytest.mark.requirement("BH-LOAD-2", "BH-OVL-2")
def test_schedule_overlay_replaced_alone_changes_the_schedule(card, plain, other_schedule,
                                                              tmp_path):
    booted = uboot.prepare(card, "uboot", str(tmp_path))
    shipped = os.path.join(card.files, "schedule.dtbo")
    assert os.path.getsize(other_schedule) != os.path.getsize(shipped)
    disk.put(booted.media, other_schedule, "schedule.dtbo")
    run = uboot.boot(booted, timeout_s=TIMEOUT_S)
    assert plan_of(window_table(run)) == [("slow", 0, 2 * systems.MS),
                                          ("medium", 2 * systems.MS, 2 * systems.MS),
                                          ("fast", 5 * systems.MS, 2 * systems.MS)]
    assert loaded.hash_in(run.console) != loaded.hash_in(plain.console)


@pytest.mark.requirement("BH-LOAD-2")
def test_schedule_overlay_replaced_in_the_source_of_the_fit(card, other_schedule, tmp_path):
    source = tmp_path / "fit-source"
    shutil.copytree(os.path.join(card.directory, "fit-source"), source)
    shutil.copytree(card.fit, tmp_path / "fit")
    shutil.copyfile(other_schedule, source / "parts" / "classic" / "schedule.dtbo")
    fit.make(str(source), "bulkhead.its", "../fit/bulkhead.itb", sdcard.environment())
    run = boot_files(card, tmp_path / "fit", tmp_path)
    assert plan_of(window_table(run))[0] == ("slow", 0, 2 * systems.MS)


# --- it does not start ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def card_v3(build, tmp_path_factory):
    """U-Boot fails alike on both machines."""
    return make_card(system.Machine(gic=3), build, tmp_path_factory.mktemp("card"))


def not_started(run):
    """What the script said before U-Boot was left at its prompt."""
    assert run.status == "silent", run.console[-2000:]
    assert STARTED not in run.console
    assert "bulkhead: not started" in run.console, run.console[-2000:]
    return re.findall(r"^bulkhead: (.*)$", run.console, re.MULTILINE)


def damage(path, how):
    if how == "missing":
        os.unlink(path)
    elif how == "truncated":
        os.truncate(path, os.path.getsize(path) // 2)
    elif how == "empty":
        os.truncate(path, 0)
    elif how == "too long":
        os.truncate(path, 1 << 20)
    else:
        flip(path, how)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


MISSING = "is missing or cannot be read: copy it"


@pytest.mark.requirement("BH-LOAD-3")
@pytest.mark.troubleshooting("is missing or cannot be read")
@pytest.mark.troubleshooting("truncated or replaced")
@pytest.mark.parametrize("file, how, says", [
    ("guests/demo.bin", "missing", MISSING),
    ("schedule.dtbo", "missing", MISSING),
    ("bulkhead.bin", "missing", MISSING),
    ("guests/demo.bin", "truncated", "truncated or replaced"),
    ("bulkhead.bin", "truncated", "truncated or replaced"),
    ("schedule.dtbo", "too long", "0x28 to 0x10000 can be right"),
    ("schedule.dtbo", "empty", "0x28 to 0x10000 can be right"),
    ("board.dtb", 0, "is no device tree"),
])
def test_damaged_file_is_named_and_nothing_is_started(card_v3, tmp_path, file, how, says):
    files = tmp_path / "files"
    shutil.copytree(card_v3.files, files)
    damage(files / file, how)
    said = not_started(boot_files(card_v3, files, tmp_path))
    assert len(said) == 2 and said[0].startswith(file) and says in said[0], said


@pytest.mark.requirement("BH-LOAD-3")
def test_file_missing_on_the_tftp_server_is_named(card_v3, tmp_path):
    files = tmp_path / "files"
    shutil.copytree(card_v3.files, files)
    os.unlink(files / "guests" / "demo.bin")
    booted = uboot.Booted(card_v3.systems[0], str(tmp_path), str(files))
    run = uboot.boot(booted, timeout_s=TIMEOUT_S)
    assert MISSING in not_started(run)[0]


def place_in(path, content):
    with open(path, "rb") as blob:
        return blob.read().index(content)


@pytest.mark.requirement("BH-LOAD-3")
@pytest.mark.troubleshooting("bootm did not start")
@pytest.mark.parametrize("part", ["guests/demo.bin", "schedule.dtbo", "bulkhead.bin"])
def test_flipped_byte_in_a_fit_is_found_by_its_hash(card_v3, tmp_path, part):
    files = tmp_path / "fit"
    shutil.copytree(card_v3.fit, files)
    with open(os.path.join(card_v3.files, part), "rb") as file:
        content = file.read()
    blob = files / "bulkhead.itb"
    flip(blob, place_in(blob, content) + len(content) // 2)
    run = boot_files(card_v3, files, tmp_path)
    assert re.search(r"Bad hash value for 'hash-1' hash node in '[\w.-]*"
                     + os.path.basename(part).replace("bulkhead.bin", "kernel") + "'", run.console)
    said = not_started(run)
    assert said[0].startswith("bootm did not start classic")
    assert any("copy it again" in line for line in said)


@pytest.mark.requirement("BH-LOAD-3")
def test_unknown_configuration_is_told_with_those_that_there_are(card_v3, tmp_path):
    typed = uboot.TYPED.replace(b"boot", b"setenv bulkhead_system nosuch; boot")
    said = not_started(boot_files(card_v3, card_v3.fit, tmp_path, typed))
    assert said[0].startswith("bootm did not start nosuch")
    assert "bulkhead.itb has: classic" in said


# --- signed --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("keys"))
    key, certificate = (os.path.join(directory, name) for name in ("dev.key", "dev.crt"))
    system.call("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                "-out", key)
    system.call("openssl", "req", "-batch", "-new", "-x509", "-subj", "/CN=dev", "-key", key,
                "-out", certificate)
    return directory


@pytest.fixture(scope="module")
def signed(build, keys, tmp_path_factory):
    return make_card(system.Machine(gic=3), build, tmp_path_factory.mktemp("signed"), keys=keys)


@pytest.fixture
def control_tree(signed, keys, tmp_path):
    """U-Boot's own tree, with the public key, by the recipe of docs/booting.md.  QEMU hands it to
    U-Boot; a board has it inside U-Boot."""
    tree = shutil.copyfile(signed.systems[0].base, tmp_path / "u-boot.dtb")
    blob = shutil.copyfile(os.path.join(signed.fit, "bulkhead.itb"), tmp_path / "again.itb")
    system.call("mkimage", "-F", "-k", keys, "-K", str(tree), "-r", str(blob))
    return ("-dtb", str(tree))


@pytest.mark.requirement("BH-LOAD-5")
def test_signed_fit_has_its_signature_and_starts(signed, control_tree, tmp_path):
    listing = system.call("dumpimage", "-l", os.path.join(signed.fit, "bulkhead.itb")).decode()
    assert re.search(r"Sign algo:\s+sha256,rsa2048:dev\n\s+Sign value:\s+[0-9a-f]{512}\n", listing)
    run = boot_files(signed, signed.fit, tmp_path, extra=control_tree)
    assert run.console.count("sha256,rsa2048:dev+ OK") >= 2  # for the kernel and for the tree
    assert run.status == "ok"


@pytest.mark.requirement("BH-LOAD-5")
def test_u_boot_with_a_key_starts_no_unsigned_fit(card_v3, control_tree, tmp_path):
    run = boot_files(card_v3, card_v3.fit, tmp_path, extra=control_tree)
    assert "Failed to verify required signature" in run.console
    not_started(run)


@pytest.mark.requirement("BH-LOAD-5")
def test_u_boot_with_a_key_starts_no_fit_with_other_loadables(signed, control_tree, tmp_path):
    """A guest image exchanged with its hash: the signature covers the hashes."""
    files = tmp_path / "fit"
    shutil.copytree(signed.fit, files)
    source = tmp_path / "fit-source"
    shutil.copytree(os.path.join(signed.directory, "fit-source"), source)
    flip(source / "parts" / "guests" / "demo.bin", 0x1000)
    fit.make(str(source), "bulkhead.its", "exchanged.itb", sdcard.environment())
    blob = files / "bulkhead.itb"
    images = [system.fdt.load(path).find("/images/guests-demo.bin")
              for path in (blob, source / "exchanged.itb")]
    content = blob.read_bytes()
    for old, new in (([image.properties["data"] for image in images]),
                     ([image.find("hash-1").properties["value"] for image in images])):
        assert content.count(old) == 1 and old != new
        content = content.replace(old, new)
    blob.write_bytes(content)
    run = boot_files(signed, files, tmp_path, extra=control_tree)
    assert "Failed to verify required signature" in run.console
    not_started(run)
