# SPDX-License-Identifier: Apache-2.0
"""Can one partition move another's windows?  Every attack of guests/hostile/attacks.h for a few dozen
frames; scripts/bench.py runs the same for a thousand."""
import pytest

import systems
from systems import ATTACKS, system

FRAMES = 80


@pytest.mark.requirement("BH-TIME-1", "BH-TIME-2", "BH-TIME-3", "BH-SEC-2")
@pytest.mark.parametrize("number,name", [row[:2] for row in ATTACKS],
                         ids=[row[1] for row in ATTACKS])
def test_attack(build, machine, tmp_path, number, name):
    made = systems.attack_system(str(tmp_path), machine, number, FRAMES, build)
    result = systems.judge_attack(system.run(made, timeout_s=120), name, machine.gic, FRAMES)
    assert not result.problems
    assert result.windows_lost == 0
    assert result.release_spread_ns == 0
    assert result.release_error_ns == 0
    assert result.stolen_gaps == 0
