# SPDX-License-Identifier: Apache-2.0
"""Is docs/attack-surface.md true?  The guest `probe` tries what each row says is closed, in two
partitions at once so that one would find what the other left; the checks it makes and the names in
the document's test column are the same set."""
import os
import re
import subprocess

import pytest

import systems
from systems import MS, Partition, Window, system

# MIDR_EL1 of QEMU's models: a guest sees the core's own.
MIDR = {
    "cortex-a53": 0x410FD034,
    "cortex-a57": 0x411FD070,
    "cortex-a72": 0x410FD083,
    "neoverse-n1": 0x414FD0C1,
    "max": 0x000F0510,
}
FRAME_NS = 3 * MS
FRAMES = 100
# Checks of the document that are tests of this file instead of the guest's.
OWN_CHECKS = {"barrier-after-eret"}


def documented():
    """The names in the test column, without those of other test files."""
    path = os.path.join(systems.ROOT, "docs", "attack-surface.md")
    names = set()
    with open(path, encoding="utf-8") as text:
        for line in text:
            columns = line.split("|")
            if len(columns) == 6:
                names.update(re.findall(r"`([\w.-]+)`", columns[3]))
    files = {name for name in names if name.endswith(".py")}
    for name in files:
        assert os.path.exists(os.path.join(systems.ROOT, "tests", "qemu", name)), name
    return names - files


@pytest.fixture(scope="module", params=sorted(MIDR))
def run(request, build, machine, tmp_path_factory):
    cpu = request.param
    on = system.Machine(gic=machine.gic, cpu=cpu)
    partitions = [Partition(name, "probe", properties=('unmapped-access = "abort";',))
                  for name in "ab"]
    windows = [Window("a", 0, 1 * MS), Window("b", 1 * MS, 1 * MS)]
    made = systems.write_system(str(tmp_path_factory.mktemp("probe")), on, partitions, windows,
                                FRAME_NS, FRAMES, build=build)
    return cpu, system.run(made, timeout_s=120)


@pytest.mark.requirement("BH-SEC-1", "BH-SEC-3", "BH-SEC-4", "BH-CACHE-1")
@pytest.mark.parametrize("partition", ["a", "b"])
def test_every_row_holds(run, partition):
    cpu, result = run
    lines = result.lines_of(partition)
    console = result.console[-6000:]
    assert not [line for line in lines if "FAIL" in line], console
    assert f"probe: begin, MIDR_EL1 {MIDR[cpu]:08x}" in lines, console
    passed = [line.split()[-1] for line in lines if line.startswith("probe: PASS ")]
    assert len(passed) == len(set(passed)), console
    assert set(passed) == documented() - OWN_CHECKS, console
    assert f"probe: done {len(passed)} passed 0 failed" in lines, console


@pytest.mark.requirement("BH-SEC-1")
def test_no_row_costs_the_kernel_anything(run):
    """The only health events are the two partitions' own stops, and no window was lost."""
    _, result = run
    assert result.status == "ok", result.console[-6000:]
    assert result.windows_due == result.windows_run != 0
    assert {event["error"] for event in systems.report_health(result)} == {"application"}


@pytest.mark.requirement("BH-SEC-1")
def test_barrier_after_eret(build):
    """Every ERET of the kernel is followed by DSB NSH, ISB: nothing is executed past it."""
    listing = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn",
         os.path.join(build, "bulkhead.elf")], capture_output=True, check=True, text=True).stdout
    instructions = [columns[1].split() for columns in
                    (line.split(":\t") for line in listing.splitlines()) if len(columns) == 2]
    erets = [index for index, words in enumerate(instructions) if words == ["eret"]]
    assert len(erets) >= 2
    for index in erets:
        assert instructions[index + 1:index + 3] == [["dsb", "nsh"], ["isb"]], \
            instructions[index - 3:index + 3]
