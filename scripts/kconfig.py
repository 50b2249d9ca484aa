# SPDX-License-Identifier: Apache-2.0
"""How does .config become a header?  Writes .config (made from the defaults when it is missing,
completed when it is old) and a header in which every bool is 0 or 1, so that code can say
`if (CONFIG_X)` and a misspelt name is an error instead of a silent "off".

usage: kconfig.py <Kconfig> <.config> <autoconf.h> <auto.conf>
"""
import os
import sys

import kconfiglib


def header_text(kconf):
    lines = ["/* Generated from .config; do not edit. */"]
    for symbol in kconf.unique_defined_syms:
        value = symbol.str_value
        if symbol.type == kconfiglib.BOOL:
            value = "1" if value == "y" else "0"
        elif symbol.type == kconfiglib.STRING:
            value = '"%s"' % kconfiglib.escape(value)
        elif value == "":  # an int whose dependency is off
            value = "0"
        lines.append(f"#define CONFIG_{symbol.name} {value}")
    return "\n".join(lines) + "\n"


def write_if_changed(path, text):
    """Leaves the time stamp alone when nothing changed: every object depends on this file."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as old:
            if old.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as new:
        new.write(text)


def main():
    kconfig_path, config_path, header_path, make_path = sys.argv[1:]
    kconf = kconfiglib.Kconfig(kconfig_path, warn_to_stderr=True)
    if os.path.exists(config_path):
        kconf.load_config(config_path)
    kconf.write_config(config_path)
    write_if_changed(header_path, header_text(kconf))
    with open(config_path, encoding="utf-8") as config, open(make_path, "w", encoding="utf-8") as out:
        out.writelines(config)  # make reads the same syntax


if __name__ == "__main__":
    main()
