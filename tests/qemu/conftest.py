# SPDX-License-Identifier: Apache-2.0
"""What do the QEMU tests share?  The build under test, the machines, and a way to make and run
systems.  BULKHEAD_BUILD names the build directory (default build/)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import systems  # noqa: E402
from systems import system  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "requirement(*ids): requirements of docs/requirements.md")
    config.addinivalue_line("markers", "troubleshooting(text): a row of README.md's table")


@pytest.fixture(scope="session")
def build():
    directory = systems.build_directory()
    assert os.path.exists(os.path.join(directory, "bulkhead.bin")), "make kernel guests first"
    return directory


@pytest.fixture(scope="session", params=[2, 3], ids=["gicv2", "gicv3"])
def machine(request):
    return system.Machine(gic=request.param)


@pytest.fixture
def make_system(build, machine, tmp_path):
    """make_system(partitions, windows, frame_ns, stop_after_frames, module=(), machine=...)"""
    def make(partitions, windows, frame_ns, stop_after_frames, module=(), on=machine):
        return systems.write_system(str(tmp_path), on, partitions, windows, frame_ns,
                                    stop_after_frames, module, build=build)
    return make


@pytest.fixture
def one_partition(make_system, machine):
    """A system of one partition that has the processor for itself, but for the guard."""
    def make(guest, params=(), frames=5, frame_ns=2 * systems.MS, on=machine, **keywords):
        return make_system([systems.Partition("only", guest, params, **keywords)],
                           [systems.Window("only", 0, frame_ns)], frame_ns, frames, on=on)
    return make


@pytest.fixture
def ended_ok():
    """Runs a system and asserts the clean end."""
    def run(made, **keywords):
        result = system.run(made, **keywords)
        assert result.status == "ok", "\n".join([result.qemu_errors, *result.lines[-60:]])
        assert result.windows_due == result.windows_run != 0
        return result
    return run
