# SPDX-License-Identifier: Apache-2.0
"""What may a loader do?  Load anywhere that is 2 MiB-aligned; and if it enters at the wrong exception
level or with a bad device tree, the kernel says so and stops."""
import os
import struct
import subprocess

import pytest

import systems
from systems import system


# QEMU's own tree lies at the RAM base when QEMU loads no kernel.
STUB_ADDRESS = 0x50000000


def write_stub(path, tree, kernel):
    """A loader's last four instructions: ldr x0, tree; ldr x1, kernel; br x1."""
    words = (0x58000080, 0x580000A1, 0xD61F0020, 0xD503201F)
    path.write_bytes(struct.pack("<4I2Q", *words, tree, kernel))
    return path


def boot(machine_option, build, extra, timeout_s=20):
    """Runs QEMU by hand and returns its console; a kernel that stopped keeps QEMU running."""
    command = ["qemu-system-aarch64", "-M", machine_option, "-cpu", "cortex-a57", "-m", "512",
               "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio", *extra]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as qemu:
        try:
            return qemu.communicate(timeout=timeout_s)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            qemu.kill()
            return qemu.communicate()[0].decode(errors="replace")


@pytest.mark.requirement("BH-BOOT-3")
def test_entered_at_el1(build, machine):
    console = boot(f"virt,gic-version={machine.gic}", build,
                   ["-kernel", os.path.join(build, "bulkhead.bin")], timeout_s=5)
    assert "bulkhead: " in console
    assert "EL1" in console
    assert "EL2" in console


@pytest.mark.requirement("BH-BOOT-4")
@pytest.mark.parametrize("damage", ["magic", "size", "truncated", "none"])
def test_bad_device_tree(build, machine, one_partition, tmp_path, damage):
    made = one_partition("bench")
    with open(made.dtb, "rb") as file:
        tree = bytearray(file.read())
    if damage == "magic":
        tree[0:4] = b"\0\0\0\0"
    elif damage == "size":
        tree[4:8] = b"\xff\xff\xff\xff"
    elif damage == "truncated":
        tree = tree[:64]
    bad = tmp_path / "bad.dtb"
    bad.write_bytes(tree)
    # -dtb would be refused by QEMU itself: kernel and tree by the loader, x0 by a stub.
    address = 0x48000000 if damage != "none" else 0
    kernel = 0x40200000
    stub = write_stub(tmp_path / "stub.bin", address, kernel)
    extra = ["-device", f"loader,file={stub},addr={STUB_ADDRESS:#x},cpu-num=0,force-raw=on",
             "-device", f"loader,file={made.kernel},addr={kernel:#x},force-raw=on"]
    if address:
        extra += ["-device", f"loader,file={bad},addr={address:#x},force-raw=on"]
    console = boot(f"virt,virtualization=on,gic-version={machine.gic}", build, extra, timeout_s=5)
    assert "bulkhead: " in console
    assert "device tree" in console or "bad-blob" in console


@pytest.mark.requirement("BH-BOOT-5")
@pytest.mark.parametrize("address", [0x40200000, 0x40400000, 0x47E00000, 0x5F000000])
def test_load_address(one_partition, machine, tmp_path, address):
    made = one_partition("bench", frames=8)
    tree = 0x4F000000
    stub = write_stub(tmp_path / "stub.bin", tree, address)
    command = made.machine.arguments()
    for file, at in ((made.kernel, address), (made.dtb, tree),
                     *((module.file, module.address) for module in made.modules)):
        command += ["-device", f"loader,file={file},addr={at:#x},force-raw=on"]
    command += ["-device", f"loader,file={stub},addr={STUB_ADDRESS:#x},cpu-num=0,force-raw=on"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                            check=False)
    console = system.text_of(result.stdout)
    assert "bulkhead: end status=ok" in console, console[-2000:]
    assert "bench: end" in console


@pytest.mark.requirement("BH-BOOT-6")
def test_registers_at_the_guests_entry(one_partition, ended_ok):
    """The guest's first instruction finds nothing in its registers but x0; guests/leak says more."""
    run = ended_ok(one_partition("leak", (3, systems.MIB, 1), frames=30, frame_ns=4 * systems.MS))
    assert systems.guest_line(run, "only", "leak: id=")["entry_bad"] == 0, run.lines_of("only")
