# SPDX-License-Identifier: Apache-2.0
"""Does a kernel that another compiler made work as well?  clang's and lld's; the reproducible build
with an aarch64-none-elf- prefix is checked by scripts/reproducible.sh."""
import os
import subprocess

import pytest

import systems
from systems import MS, US, Partition, Window, system


@pytest.fixture(scope="module")
def llvm_build(build):
    """<build>/llvm, where `make llvm` builds, too."""
    directory = os.path.join(build, "llvm")
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "-C", systems.ROOT, "LLVM=1", f"O={directory}", "kernel",
                    "guests"], check=True, env=environment, timeout=600)
    return directory


@pytest.mark.requirement("BH-BLD-1", "BH-TIME-1")
def test_llvm_build_keeps_time(llvm_build, machine, tmp_path):
    partitions = [Partition("a", "hostile", (0, 1000)), Partition("b", "victim", (40,)),
                  Partition("c", "bench")]
    windows = [Window("a", 0, 400 * US), Window("b", 400 * US, 400 * US),
               Window("c", 800 * US, 200 * US)]
    made = systems.write_system(str(tmp_path), machine, partitions, windows, 1 * MS, 70,
                                build=llvm_build)
    run = system.run(made)
    assert run.status == "ok", run.console[-3000:]
    assert run.windows_due == run.windows_run == 3 * 70
    victim = systems.guest_line(run, "b", "victim: ")
    assert victim["offset_min_ns"] == victim["offset_max_ns"]
    assert (victim["lost"], victim["stolen_count"]) == (0, 0)
    assert systems.spread_ns(systems.report_windows(run))[0] == 0
    assert "bench: end" in run.lines_of("c")
