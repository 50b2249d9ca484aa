# SPDX-License-Identifier: Apache-2.0
"""How does a new system begin?  With a directory of two commented overlays that run as they are, made
from those in scripts/new.

usage: new.py NAME|PATH"""
import os
import re
import sys

import description
from description import DescriptionError
from source_map import shown

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "new")
FILES = {"system.dtso": "what there is: partitions, memory, images, devices",
         "schedule.dtso": "when each partition runs"}
# A label of the binding, and a name that make and the shell leave as it is.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,30}")


def directory_of(system):
    """Where SYSTEM=... is to be: a path if it has a slash, else in schedules/."""
    if system.endswith(description.SUFFIXES):
        raise DescriptionError(f"a system is made as a directory, SYSTEM={system[:-5]}")
    directory = system if "/" in system else os.path.join(description.SCHEDULES, system)
    directory = os.path.normpath(directory)
    if not NAME.fullmatch(os.path.basename(directory)):
        raise DescriptionError(f"\"{os.path.basename(directory)}\" cannot be a system's name: 1 to 31 "
                               "letters, digits and _ . + -")
    for taken in (directory, directory + ".dtso"):
        if os.path.lexists(taken) and not (os.path.isdir(taken) and not os.listdir(taken)):
            raise DescriptionError(f"{shown(taken)} is there already, and nothing was changed")
    return directory


def make(system):
    """Lays the files down and returns their directory."""
    directory = directory_of(system)
    os.makedirs(directory, exist_ok=True)
    for file in FILES:
        with open(os.path.join(TEMPLATES, file), encoding="utf-8") as template:
            text = template.read()
        with open(os.path.join(directory, file), "x", encoding="utf-8") as out:
            out.write(text.replace("@NAME@", os.path.basename(directory)))
    return directory


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    system = sys.argv[1]
    try:
        directory = make(system)
    except (DescriptionError, OSError) as error:
        sys.exit(f"new.py: {error}")
    for file, what in FILES.items():
        print(f"made {shown(os.path.join(directory, file)):40} {what}")
    print("next, edit them and:")
    print(f"  make check SYSTEM={system:24} are they sound, and what do they say?")
    print(f"  make run SYSTEM={system:26} start it in QEMU")
    print("docs/bindings.md explains every property.")


if __name__ == "__main__":
    main()
