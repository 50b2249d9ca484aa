# SPDX-License-Identifier: Apache-2.0
"""Does anything of one partition show in another?  guests/leak in two partitions, whose memory was
full of another owner's bytes before the kernel started."""
import pytest

import systems
from systems import MIB, MS, RAM, Memory, Partition, Window, system

HOST_MEMORY = (0x58000000, 0x58200000)
WINDOWS = 20
CPUS = ["cortex-a57", "max"]


@pytest.fixture(scope="module", params=CPUS)
def run(request, build, machine, tmp_path_factory):
    directory = tmp_path_factory.mktemp("leak")
    dirt = directory / "dirt.bin"
    dirt.write_bytes(b"\xa5" * MIB)
    cpu = request.param
    on = system.Machine(gic=machine.gic, cpu=cpu)
    if cpu == "max":
        # QEMU's own algorithm for pointer authentication, which is fast; the keys are the same.
        on = system.Machine(gic=machine.gic, cpu="max,pauth-impdef=on")
    partitions = [
        Partition(name, "leak", (WINDOWS, MIB, 1 - number),
                  (Memory(RAM, MIB, host_address=HOST_MEMORY[number]),))
        for number, name in enumerate("ab")
    ]
    windows = [Window("a", 0, 2 * MS), Window("b", 2 * MS, 2 * MS)]
    made = systems.write_system(str(directory), on, partitions, windows, 4 * MS, WINDOWS + 15,
                                build=build)
    extra = [word for address in HOST_MEMORY
             for word in ("-device", f"loader,file={dirt},addr={address:#x},force-raw=on")]
    result = system.run(made, timeout_s=120, extra=extra)
    assert result.status == "ok", result.console[-3000:]
    return result


@pytest.fixture(params="ab")
def found(request, run):
    return systems.guest_line(run, request.param, "leak: id="), run.lines_of(request.param)


@pytest.mark.requirement("BH-REG-1")
def test_nothing_is_there_at_the_start(found):
    fields, lines = found
    assert fields["entry_bad"] == 0, lines
    # The comparison means something only for registers in which the other's pattern could be seen.
    assert fields["known"] >= 20


@pytest.mark.requirement("BH-REG-2")
def test_own_registers_are_kept(found):
    fields, lines = found
    assert fields["windows"] == WINDOWS
    assert fields["kept_bad"] == 0, lines


@pytest.mark.requirement("BH-MEM-4")
def test_memory_is_scrubbed(found):
    fields, lines = found
    assert fields["dirty_bytes"] == 0, lines
