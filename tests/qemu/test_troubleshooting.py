# SPDX-License-Identifier: Apache-2.0
"""Does a person who gets it wrong get told what is wrong?  The table of README.md under "When it does
not start": each of its rows has a test that is marked with the row's text and sees it on the console.
Here are those of the kernel's start; overlays, images and U-Boot have tests of their own."""
import dataclasses
import glob
import os
import re

import pytest

import loaded
import systems
import variants
from systems import system
from test_entry import STUB_ADDRESS, boot, write_stub

TREE = 0x4F000000


def rows_of_readme():
    with open(os.path.join(systems.ROOT, "README.md"), encoding="utf-8") as readme:
        section = readme.read().split("## When it does not start", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): (row[1].strip(), row[2].strip()) for row in rows}


def marks_of_tests():
    marks = set()
    for path in glob.glob(os.path.join(systems.ROOT, "tests", "qemu", "test_*.py")):
        with open(path, encoding="utf-8") as text:
            marks |= set(re.findall(r'mark\.troubleshooting\("([^"]+)"\)', text.read()))
    return marks


def test_each_row_of_the_table_is_tested():
    rows = rows_of_readme()
    assert len(rows) > 10
    assert all(wrong and advice for wrong, advice in rows.values())
    assert marks_of_tests() == set(rows)


@pytest.fixture(scope="module")
def gicv3():
    return system.Machine(gic=3)


@pytest.fixture
def small(build, gicv3, tmp_path):
    return system.build_system("one-partition", gicv3, build, out=str(tmp_path / "small"))


@pytest.fixture
def items(small):
    return [*loaded.files_of(small), *loaded.overlays_of(small)]


def refused(way, *words):
    run = system.run(way)
    assert run.status == "refused", run.console[-2000:]
    assert run.windows_run == 0
    line = next((line for line in run.lines if words[0] in line), "")
    assert all(word in line for word in words), run.console[-2000:]


def with_property(made, node, name, value):
    """A System whose merged tree has one property changed."""
    sources = [overlay.source for overlay in made.overlays]
    return system.build_system(sources, made.machine, made.build, {node: {name: value}},
                               out=made.directory)


def enter(made, build, tmp_path, kernel, tree):
    """The console of a kernel that some loader put at `kernel` and entered with x0 = `tree`."""
    stub = write_stub(tmp_path / "stub.bin", tree, kernel)
    files = [(stub, STUB_ADDRESS), (made.kernel, kernel), (made.dtb, TREE)]
    extra = [word for file, at in files
             for word in ("-device", f"loader,file={file},addr={at:#x},force-raw=on")]
    extra[1] += ",cpu-num=0"
    return boot("virt,virtualization=on,gic-version=3", build, extra, timeout_s=5)


@pytest.mark.troubleshooting("started at EL1")
def test_started_at_el1(build, small):
    console = boot("virt,gic-version=3", build, ["-kernel", small.kernel], timeout_s=5)
    assert "bulkhead: started at EL1" in console
    assert "virtualization=on" in console


@pytest.mark.troubleshooting("refused load-address")
def test_image_between_two_multiples_of_2_mib(small, build, tmp_path):
    console = enter(small, build, tmp_path, 0x40280000, TREE)
    assert "bulkhead: refused load-address: the kernel runs at 0x40280000" in console
    assert "2 MiB" in console


@pytest.mark.troubleshooting("refused device-tree-address")
def test_no_device_tree(small, build, tmp_path):
    console = enter(small, build, tmp_path, system.KERNEL_ADDRESS, 0)
    assert "bulkhead: refused device-tree-address: x0 = 0x0" in console
    assert "-kernel" in console


@pytest.mark.troubleshooting("refused kernel-outside-ram")
def test_ram_ends_within_the_kernel(small, build, tmp_path):
    """RAM up to 1 MiB behind the place where the kernel is."""
    end = system.KERNEL_ADDRESS + systems.MIB - system.RAM_BASE
    made = with_property(small, "/memory@40000000", "reg", [0, system.RAM_BASE, 0, end])
    console = enter(made, build, tmp_path, system.KERNEL_ADDRESS, TREE)
    assert re.search(f"bulkhead: refused kernel-outside-ram: .*{system.KERNEL_ADDRESS:#x}.*0x200000",
                     console), console[-2000:]


@pytest.mark.troubleshooting("refused no-description")
def test_tree_without_overlay(small, tmp_path):
    way = loaded.leave(small, loaded.files_of(small), str(tmp_path), tree=small.base)
    refused(way, "refused no-description", "overlay", "/boot-modules")


@pytest.mark.troubleshooting("refused no-space")
def test_more_memory_than_the_machine_has(small):
    node = os.path.dirname(small.modules[0].node)
    made = with_property(small, f"{node}/memory@40000000", "reg", [0, 0x40000000, 0, 0x40000000])
    refused(made, "refused no-space", node, "0x40000000")


@pytest.mark.troubleshooting("refused startup-memory")
def test_overlay_larger_than_the_kernels_memory(small, items, tmp_path):
    large = 0x180000
    (tmp_path / "large.bin").write_bytes(bytes(large))
    source = tmp_path / "large.dtso"
    source.write_text('/dts-v1/;\n/plugin/;\n&{/} { large { blob = /incbin/("%s"); }; };\n'
                      % (tmp_path / "large.bin"), encoding="utf-8")
    file = system.description.compile_overlay(str(source), str(tmp_path)).file
    item = loaded.Item(loaded.OVERLAY, "large.dtbo", file, 0x50000000, large + 0x1000, 7)
    refused(loaded.leave(small, [*items, item], str(tmp_path)), "refused startup-memory", "bytes")


@pytest.mark.troubleshooting("refused gic-machine")
@pytest.mark.parametrize("gic", [2, 3])
def test_tree_of_a_machine_with_another_gic(build, tmp_path, gic):
    made = system.build_system("one-partition", system.Machine(gic=gic), build,
                               out=str(tmp_path / "made"))
    run = system.run(made, machine=system.Machine(gic=5 - gic))
    assert run.status == "refused" and run.windows_run == 0, run.console[-2000:]
    assert f"refused gic-machine: the tree has a GICv{gic}, the machine a GICv{5 - gic}" in run.console


@pytest.mark.troubleshooting("refused cores-support")
def test_kernel_for_one_core(build, tmp_path):
    """... refuses a second CPU, also one that is to be idle."""
    variant = variants.variant_build(build, "no-smp", {"SMP": "n"})
    made = system.build_system("gap-core", system.machine_for("gap-core"), variant,
                               out=str(tmp_path / "made"))
    refused(made, "refused cores-support", "cpu@1")


@pytest.mark.troubleshooting("refused schedules-support")
def test_kernel_for_one_schedule(build, gicv3, tmp_path):
    variant = variants.variant_build(build, "no-schedules", {"MODULE_SCHEDULES": "n"})
    made = system.build_system("modes", gicv3, variant, out=str(tmp_path / "made"))
    refused(made, "refused schedules-support", "/bulkhead")


@pytest.mark.troubleshooting("refused boot-core")
def test_started_on_a_cpu_that_no_schedule_has(build, tmp_path):
    described, scheduled = system.description.find("gap-core")
    with open(scheduled, encoding="utf-8") as text:
        windows, idle = re.split(r"cpu@1 \{", text.read())
    moved = windows.replace("cpu@0 {", "cpu@1 {").replace("reg = <0>;\n\t\t\t\t#", "reg = <1>;\n\t\t\t\t#")
    assert moved != windows
    schedule = tmp_path / "schedule.dtso"
    schedule.write_text(moved + idle.split("};", 1)[1], encoding="utf-8")
    made = system.build_system([described, str(schedule)], system.machine_for("gap-core"), build,
                               out=str(tmp_path / "made"))
    refused(made, "refused boot-core", "no schedule has CPU 0")


@pytest.mark.troubleshooting("refused cpu-start")
def test_cpu_that_the_machine_does_not_have(build, tmp_path):
    """The tree is that of four CPUs, the machine has two, the system wants three."""
    made = system.build_system("multicore", system.machine_for("multicore"), build,
                               out=str(tmp_path / "made"))
    fewer = dataclasses.replace(made.machine, smp=2)
    run = system.run(made, machine=fewer)
    assert run.status == "refused" and run.windows_run == 0, run.console[-2000:]
    assert re.search(r"refused cpu-start: CPU 2 .*: the firmware does not know it \(-2\)", run.console)


@pytest.mark.troubleshooting("refused overlay-support")
def test_kernel_without_overlay_application(build, small, items, tmp_path):
    """... refuses overlays, and runs a tree that somebody else merged."""
    variant = variants.variant_build(build, "no-overlays", {"OVERLAYS": "n"})
    made = system.build_system("one-partition", small.machine, variant, out=str(tmp_path / "made"))
    refused(loaded.leave(made, items, str(tmp_path)), "refused overlay-support", "merge")
    assert system.run(made).status == "ok"
