# SPDX-License-Identifier: Apache-2.0
"""Is every requirement tested?  Requirements are the rows `| BH-<area>-<number> | text |` of
docs/requirements.md; a test names the ids it checks anywhere in its file.  Prints the matrix; fails
when a requirement has no test, or a test or the table names an id wrongly."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ID = re.compile(r"\bBH-[A-Z0-9]+-\d+\b")
ROW = re.compile(r"^\|\s*(BH-[A-Z0-9]+-\d+)\s*\|\s*([^|]*?)\s*\|")
TEST_FILES = (".py", ".c", ".S", ".dtso", ".sh", ".mk")
# Goals of `make test` check requirements, too: these files say which.
OTHER_TESTS = ["scripts/reproducible.sh", "scripts/lint.sh", "scripts/stack.py", "scripts/bench.py"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as text:
        return text.read()


def test_files():
    for directory, _, names in os.walk(os.path.join(ROOT, "tests")):
        for name in names:
            if name.endswith(TEST_FILES):
                yield os.path.relpath(os.path.join(directory, name), ROOT)
    yield from (path for path in OTHER_TESTS if os.path.exists(os.path.join(ROOT, path)))


def main():
    problems = []
    requirements = {}
    for line in read("docs/requirements.md").splitlines():
        row = ROW.match(line)
        if row:
            if row.group(1) in requirements:
                problems.append(f"{row.group(1)} is defined twice")
            requirements[row.group(1)] = row.group(2)
    tests = {identifier: [] for identifier in requirements}
    for path in sorted(test_files()):
        for identifier in sorted(set(ID.findall(read(path)))):
            if identifier in tests:
                tests[identifier].append(path)
            else:
                problems.append(f"{path} names {identifier}, which docs/requirements.md does not")
    for identifier, text in requirements.items():
        print(f"{identifier:<12} {text}")
        for path in tests[identifier]:
            print(f"{'':<12}   {path}")
        if not tests[identifier]:
            problems.append(f"{identifier} has no test")
    for problem in problems:
        print("requirements:", problem, file=sys.stderr)
    print(f"{len(requirements)} requirements, {len(problems)} problems")
    sys.exit(1 if problems or not requirements else 0)


if __name__ == "__main__":
    main()
