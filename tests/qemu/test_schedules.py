# SPDX-License-Identifier: Apache-2.0
"""Does every shipped system do what its first lines say?  Each of schedules/ is accepted by the host
checker and runs its windows, and so does what `make new` lays down."""
import os
import re
import subprocess

import pytest

import systems
from systems import system

import description  # scripts/description.py
import fdt
import new

SHIPPED = description.shipped()
FRAMES = 3


def build_for(name, machine, build, out, frames=FRAMES):
    """The system, to stop after a few frames; None: as it is shipped."""
    on = system.machine_for(name, gic=machine.gic)
    stop = {"/bulkhead": {"stop-after-frames": frames}} if frames else None
    return system.build_system(name, on, build, properties=stop, out=str(out))


def nodes(made, kind):
    return [node for node in fdt.load(made.dtb).find("/bulkhead").walk()
            if re.fullmatch(kind + "([@-].+)?", node.name)]


@pytest.fixture
def shipped(build, machine, tmp_path):
    return lambda name, **keywords: build_for(name, machine, build, tmp_path, **keywords)


@pytest.mark.requirement("BH-CFG-1", "BH-TIME-2")
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_system_is_accepted_and_keeps_its_windows(shipped, name):
    made = shipped(name)
    checked = made.check()
    assert checked.returncode == 0, checked.stdout
    run = system.run(made, timeout_s=120)
    if not made.machine.icount:  # several cores, by the host's clock: late, but in step
        assert run.exit_code_on(made.machine) == 0, "\n".join([run.qemu_errors, *run.lines[-40:]])
        assert run.windows_run > 0
        assert len({core["frame_start"] for core in systems.report_lines(run, "core")}) == 1
        return
    assert run.status == "ok", "\n".join([run.qemu_errors, *run.lines[-40:]])
    assert run.windows_due == run.windows_run > 0
    stats = systems.report_stats(run)
    assert stats["windows_late"] == stats["windows_missed"] == run.health_events == 0
    assert systems.spread_ns(systems.report_windows(run)) == (0, 0)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_system_says_what_it_shows(name):
    for source in description.find(name):
        with open(source, encoding="utf-8") as text:
            head = text.read(4096)
        assert re.match(r"/\* SPDX.*\n/\*\n \* Shows ", head), source


@pytest.mark.parametrize("name", SHIPPED)
def test_unit_addresses_say_what_reg_says(shipped, name):
    """Where a name ends in an address, it is the start of reg, without leading zeros."""
    for node in fdt.load(shipped(name).dtb).find("/bulkhead").walk():
        if "@" in node.name and "reg" in node.properties:
            cells = node.parent.number("#address-cells", 2)
            start = int.from_bytes(node.properties["reg"][:4 * cells], "big")
            assert node.name.split("@")[1] == f"{start:x}", node.path


@pytest.mark.requirement("BH-SIZE-1")
def test_partitions_64_has_64_partitions_and_one_image(shipped):
    made = shipped("partitions-64")
    assert len(nodes(made, "partition")) == len(made.modules) == 64
    assert len({module.address for module in made.modules}) == 1


@pytest.mark.requirement("BH-SIZE-2")
def test_windows_1024_has_1024_windows_in_16_turns(shipped):
    made = shipped("windows-1024")
    windows = nodes(made, "minor-frame")
    assert len(windows) == 1024
    partitions = [window.properties["partition"] for window in windows]
    assert len(set(partitions[:16])) == 16
    assert all(partitions[at] == partitions[at + 16] for at in range(1024 - 16))


def test_gap_core_has_a_cpu_that_nobody_gets(shipped):
    made = shipped("gap-core")
    assert made.machine.smp == 2
    run = system.run(made, timeout_s=60)
    assert run.status == "ok", "\n".join(run.lines[-40:])
    assert len(systems.report_windows(run)) == 2
    assert re.search(r"cpu 1: 0 windows", made.check().stdout)


@pytest.mark.requirement("BH-MOD-1", "BH-MOD-4", "BH-TIME-1")
def test_modes_goes_through_its_schedules(shipped):
    run = system.run(shipped("modes", frames=None), timeout_s=60)
    assert run.status == "ok", "\n".join(run.lines[-40:])
    asked = [int(line.split(" from ")[0][-1]) for line in run.lines_of("control")
             if " from its end on" in line]
    assert asked == [1, 2, 0, 1, 2, 0, 1]
    windows = systems.report_windows(run)
    assert {window["schedule"] for window in windows} == {0, 1, 2}
    assert all(window["due"] == window["run"] > 0 for window in windows)
    assert systems.spread_ns(windows) == (0, 0)
    begun = [line for line in run.lines_of("payload") if line.startswith("hello ")]
    assert len(begun) == 1 + 5  # in start cold, in cruise warm; in maintenance it has no window


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-TIME-3")
def test_mixed_criticality_as_shipped(shipped):
    """A greedy partition of low criticality takes nothing from the others."""
    made = shipped("mixed-criticality", frames=None)
    run = system.run(made, timeout_s=120)
    assert run.status == "ok", "\n".join(run.lines[-40:])
    assert systems.guest_line(run, "comfort", "hostile: ")["rounds"] > 1000
    victim = systems.guest_line(run, "monitor", "victim: ")
    assert victim["lost"] == victim["stolen_count"] == 0
    lines = [line for line in run.lines_of("control") if " released " in line]
    assert lines
    assert all("released 0 ns after plan" in line and line.endswith("stolen 0") for line in lines)
    # Its images are checked by the kernel, and nobody's else.
    hashed = [node.path for node in nodes(made, "kernel") + nodes(made, "ramdisk")
              if len(node.properties.get("sha256", b"")) == 32]
    control = nodes(made, "partition")[0].parent.path + "/partition@1/"
    assert sorted(hashed) == [control + "kernel", control + "ramdisk-limits"]


@pytest.mark.requirement("BH-CFG-1")
def test_new_system_is_accepted_and_runs_as_it_is(build, machine, tmp_path):
    directory = new.make(str(tmp_path / "sys" / "mine"))
    made = system.build_system(directory, machine, build, out=str(tmp_path / "out"))
    checked = made.check()
    assert checked.returncode == 0, checked.stdout
    assert 'module "mine"' in checked.stdout
    run = system.run(made, timeout_s=60)
    assert run.status == "ok", "\n".join(run.lines[-40:])
    assert {window["partition"] for window in systems.report_windows(run)} == {"first", "second"}
    assert any(line.startswith("[second] frame ") for line in run.lines)


def test_make_new_lays_down_and_does_not_overwrite(build, tmp_path):
    command = ["make", "-s", "-C", systems.ROOT, f"O={build}", "new", f"SYSTEM={tmp_path}/mine"]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert f"make run SYSTEM={tmp_path}/mine" in first.stdout
    assert sorted(os.listdir(tmp_path / "mine")) == ["schedule.dtso", "system.dtso"]
    (tmp_path / "mine" / "system.dtso").write_text("mine", encoding="utf-8")
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "is there already" in second.stderr
    assert (tmp_path / "mine" / "system.dtso").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["classic", "one-partition", "bad name", "x" * 32, "mine.dtso"])
def test_new_refuses_a_name_that_is_taken_or_unfit(name):
    with pytest.raises(description.DescriptionError):
        new.make(name)
    assert description.shipped() == SHIPPED
