# SPDX-License-Identifier: Apache-2.0
"""Is a configuration that cannot be kept refused before anything runs?  Each overlay of tests/bad
breaks one rule, which its first line names; kernel and host checker must both name that rule."""
import glob
import os
import re

import pytest

import systems
from systems import system

BAD = sorted(glob.glob(os.path.join(systems.ROOT, "tests", "bad", "*.dtso")))


def rule_of(path):
    with open(path, encoding="utf-8") as text:
        return re.search(r"refused by rule: ([a-z0-9-]+)", text.readline()).group(1)


@pytest.fixture(scope="module")
def bad_machine():
    return system.Machine(gic=3)


@pytest.mark.requirement("BH-CFG-2")
@pytest.mark.parametrize("path", BAD, ids=[os.path.basename(path)[:-5] for path in BAD])
def test_refused(build, bad_machine, tmp_path, path):
    rule = rule_of(path)
    made = system.build_system(path, bad_machine, build, out=str(tmp_path))
    checked = made.check()
    assert checked.returncode != 0
    assert rule in checked.stdout
    run = system.run(made, timeout_s=60)
    assert run.status == "refused", run.console[-2000:]
    named = re.findall(r"^bulkhead: refused ([a-z0-9-]+): \S", run.console, re.MULTILINE)
    assert rule in named, run.console[-2000:]
    assert run.windows_run == 0


@pytest.mark.requirement("BH-CFG-2")
def test_every_rule_has_its_bad_overlay(build):
    """Rules that no overlay on this machine can break are listed in tests/bad/README.md."""
    with open(os.path.join(systems.ROOT, "kernel", "config", "rules.c"), encoding="utf-8") as text:
        rules = set(re.findall(r'\[RULE_\w+\]\s*=\s*\w*ROW\(\s*\w+,\s*"([a-z0-9-]+)"', text.read()))
    assert len(rules) > 50, "the table of rules is written in another way"
    excused = set()
    readme = os.path.join(systems.ROOT, "tests", "bad", "README.md")
    if os.path.exists(readme):
        with open(readme, encoding="utf-8") as text:
            excused = set(re.findall(r"`([a-z0-9-]+)`", text.read()))
    assert rules - excused == {rule_of(path) for path in BAD}


@pytest.mark.requirement("BH-CFG-2")
def test_every_rule_is_documented_in_its_own_words():
    with open(os.path.join(systems.ROOT, "kernel", "config", "rules.c"), encoding="utf-8") as text:
        rows = re.findall(r'\[RULE_\w+\]\s*=\s*\w*ROW\(\s*\w+,\s*"([a-z0-9-]+)",\s*((?:"[^"]*"\s*)+),',
                          text.read())
    assert len(rows) > 50, "the table of rules is written in another way"
    with open(os.path.join(systems.ROOT, "docs", "bindings.md"), encoding="utf-8") as text:
        documented = text.read().split("## Rules", 1)[1]
    expected = [f"| `{name}` | {''.join(re.findall(chr(34) + '([^' + chr(34) + ']*)', words)[::2])} |"
                for name, words in rows]
    assert re.findall(r"^\| `.*$", documented, re.MULTILINE) == expected
