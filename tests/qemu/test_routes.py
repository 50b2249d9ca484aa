# SPDX-License-Identifier: Apache-2.0
"""Is it the same module by every route?  Overlays may be merged into the machine's tree by
fdtoverlay, by U-Boot's `fdt apply`, by a FIT configuration, or by the kernel from boot modules;
each time there must be one description, and one hash, which kernel and host checker print alike.
U-Boot is a real one (board_uboot.py); the trees that it makes are then given to the kernel."""
import dataclasses
import os

import pytest

import board_uboot
import loaded
import systems
from systems import system

CLASSIC = os.path.join(systems.ROOT, "schedules", "classic")
SHIPPED_WINDOW, OTHER_WINDOW = "reg = <MS(0) MS(1)>;", "reg = <MS(0) US(900)>;"
# A board's own overlay: for this machine only, with a guard of its own.
BOARD = """/dts-v1/;
/plugin/;
/ { compatible = "acme,board-7", "linux,dummy-virt"; };
&{/} { bulkhead { guard-ns = <4000>; }; };
"""
BY_LOADER = ("reg", "image-file", "phandle")  # what a route may leave different in an image


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def other_schedule(tmp_path):
    """The classic schedule with its first window shorter."""
    with open(os.path.join(CLASSIC, "schedule.dtso"), encoding="utf-8") as shipped:
        text = shipped.read()
    assert text.count(SHIPPED_WINDOW) == 1
    directory = tmp_path / "other"
    directory.mkdir()
    return write(directory / "schedule.dtso", text.replace(SHIPPED_WINDOW, OTHER_WINDOW))


@pytest.fixture
def machine_of_board(machine):
    return dataclasses.replace(machine, memory_mib=board_uboot.MEMORY_MIB)


@pytest.fixture
def make_classic(machine_of_board, build, tmp_path):
    """make_classic(name, schedule=None): board, system and schedule overlay, in a directory."""
    board = write(tmp_path / "board.dtso", BOARD)

    def make(name, schedule=None):
        sources = [board, os.path.join(CLASSIC, "system.dtso"),
                   schedule or os.path.join(CLASSIC, "schedule.dtso")]
        return system.build_system(sources, machine_of_board, build, name="classic",
                                   out=str(tmp_path / name))
    return make


def canonical(tree):
    """What a tree says of the module, in a form that no route changes: nodes and properties sorted,
    phandles as paths, a loader's part left out.  Read without the kernel's reader."""
    root = system.fdt.load(tree)
    path_of = {node.number("phandle", 0): node.path for node in root.walk()}
    lines = []
    for node in root.find("/bulkhead").walk():
        image = "multiboot,module" in node.strings("compatible")
        for name, value in node.properties.items():
            if name == "phandle" or (image and name in BY_LOADER):
                continue
            if name == "partition":
                value = path_of[int.from_bytes(value, "big")].encode()
            lines.append(f"{node.path} {name} {value.hex()}")
    return sorted(lines)


def merged_by_tools(made, uboot, directory):
    """{route: merged tree}: the three routes that end before the kernel starts."""
    base = loaded.tree_with(made.base, loaded.files_of(made), os.path.join(directory, "files.dtb"))
    overlays = [overlay.file for overlay in made.overlays]
    trees = [os.path.join(directory, name) for name in ("host.dtb", "apply.dtb", "fit.dtb")]
    system.call("fdtoverlay", "-i", base, "-o", trees[0], *overlays)
    uboot.by_fdt_apply(base, overlays, trees[1])
    uboot.by_fit(base, overlays, made.kernel, trees[2])
    return dict(zip(("fdtoverlay", "fdt apply", "FIT"), trees))


def routes_of(made, uboot):
    """{route: Loaded}, the plain way of `make run` first."""
    directory = os.path.join(made.directory, "routes")
    os.makedirs(directory)
    files = loaded.files_of(made)
    routes = {"plain": loaded.leave(made, files, directory, tree=made.dtb)}
    for route, tree in merged_by_tools(made, uboot, directory).items():
        routes[route] = loaded.leave(made, files, directory, tree=tree)
    routes["kernel"] = loaded.leave(made, [*files, *loaded.overlays_of(made)], directory)
    return routes


def one_description(routes):
    """What all routes agree on: the hash that kernel and host checker give, and the form."""
    expected = routes["plain"].host_hash()
    same = dict.fromkeys(routes, expected)
    assert {route: way.host_hash() for route, way in routes.items()} == same
    assert {route: way.kernel_hash() for route, way in routes.items()} == same
    forms = {route: canonical(way.tree) for route, way in routes.items() if route != "kernel"}
    assert forms["plain"] and forms == dict.fromkeys(forms, forms["plain"])
    return expected, forms["plain"]


@pytest.mark.requirement("BH-OVL-1")
def test_every_route_gives_one_description(make_classic, tmp_path):
    """... and another schedule gives another one, by every route."""
    shipped = make_classic("shipped")
    changed = make_classic("changed", other_schedule(tmp_path))
    with board_uboot.Board(str(tmp_path)) as uboot:
        routes = routes_of(shipped, uboot)
        routes_changed = routes_of(changed, uboot)
    (digest, form), (digest_changed, form_changed) = map(one_description, (routes, routes_changed))
    assert digest != digest_changed
    assert form != form_changed


@pytest.mark.requirement("BH-OVL-2")
def test_a_schedule_is_replaced_alone(make_classic, tmp_path):
    """The other schedule's overlay in the place of the shipped one: nothing else is made anew."""
    shipped = make_classic("shipped")
    changed = make_classic("changed", other_schedule(tmp_path))
    items = [*loaded.files_of(shipped), *loaded.overlays_of(shipped)]
    replaced = [dataclasses.replace(item, file=changed.overlays[-1].file)
                if item.label == "schedule.dtbo" else item for item in items]
    assert replaced != items
    expected = loaded.hash_in(changed.check().stdout)
    way = loaded.leave(shipped, replaced, str(tmp_path / "replaced"))
    assert way.host_hash() == expected
    assert way.kernel_hash() == expected


@pytest.mark.requirement("BH-OVL-1")
def test_the_hash_does_not_say_where_things_were_put(make_classic, tmp_path):
    made = make_classic("shipped")
    items = [dataclasses.replace(item, address=item.address + 7 * systems.MIB)
             for item in [*loaded.files_of(made), *loaded.overlays_of(made)]]
    moved = loaded.leave(made, items, str(tmp_path / "moved"))
    assert moved.kernel_hash() == loaded.hash_in(made.check().stdout)


@pytest.mark.requirement("BH-OVL-1")
def test_overlays_from_modules_run_the_same_schedule(make_classic, ended_ok, tmp_path):
    """To the end, every window with the same figures as by plain `make run`."""
    made = make_classic("shipped")
    items = [*loaded.files_of(made), *loaded.overlays_of(made)]
    plain = ended_ok(made)
    modules = ended_ok(loaded.leave(made, items, str(tmp_path / "modules")))
    assert systems.report_windows(modules) == systems.report_windows(plain) != []


@pytest.mark.requirement("BH-OVL-1")
@pytest.mark.parametrize("name", system.description.shipped())
def test_every_shipped_system_may_be_merged_by_the_kernel(build, tmp_path, name):
    made = system.build_system(name, system.machine_for(name), build, out=str(tmp_path / "plain"))
    items = [*loaded.files_of(made), *loaded.overlays_of(made)]
    modules = loaded.leave(made, items, str(tmp_path / "modules"))
    assert modules.kernel_hash() == loaded.hash_in(made.check().stdout)


@pytest.mark.requirement("BH-OVL-3")
@pytest.mark.parametrize("machine", [3], ids=["gicv3"], indirect=True)
def test_uboot_does_not_boot_what_it_could_not_apply(make_classic, tmp_path):
    """Why the kernel refuses, too: after an overlay that failed, what is left is no tree."""
    made = make_classic("shipped")
    _, described, scheduled = (overlay.file for overlay in made.overlays)
    with board_uboot.Board(str(tmp_path)) as uboot:
        uboot.put_base(made.base)
        succeeded, said = uboot.apply(scheduled)
        assert not succeeded
        assert "fdt_overlay_apply(): FDT_ERR_NOTFOUND" in said
        succeeded, said = uboot.apply(described)
        assert not succeeded
        assert "FDT_ERR_BADMAGIC" in said
        uboot.put_fit(made.base, [scheduled, described], made.kernel)
        succeeded, said = uboot.attempt(f"bootm start {board_uboot.FIT:x}")
        assert not succeeded
        assert "Could not find a valid device tree" in said
