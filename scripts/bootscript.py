# SPDX-License-Identifier: Apache-2.0
"""What must U-Boot do to start a system?  Two scripts: one loads file by file and tells the kernel
by /boot-modules what lies where; one loads a FIT.  Both work from any file system that U-Boot
reads, as its distro boot or standard boot finds them, and from TFTP after DHCP (devtype=dhcp).  A
step that fails says what is wrong and what to do, and nothing is started.

U-Boot's shell has no functions: what is done more than once is a variable with commands, for `run`.
A command has at most 16 words.  `filesize` is hexadecimal without 0x.

Library: by_files(), by_fit(), wrap()."""
import os

import board as boards
import payload
from description import call

HEAD = """\
# SPDX-License-Identifier: Apache-2.0
#
# U-Boot script that starts Bulkhead: {what} on {board}.
# Made by `make sdcard`, which planned the addresses together: make it again rather than change it.
#
{table}
"""


def define(name, *commands):
    """A variable with commands, for `run bulkhead_<name>`."""
    return f"setenv bulkhead_{name} '{' '.join(commands)}'\n"


# A step that fails sets bulkhead_failed, and the steps after it do nothing: whether `exit` ends a
# script from within `if` depends on U-Boot's version.  What distro boot would try next must not
# push the message off the screen or start something else: it does nothing until the next reset.
TOOLS = "setenv bulkhead_failed\n" + define(
    "stop",
    'setenv bulkhead_failed 1; echo "bulkhead: not started";',
    "setenv boot_a_script false; setenv scan_dev_for_extlinux true; setenv scan_dev_for_efi true;",
    "for target in ${boot_targets}; do setenv bootcmd_${target} true; done"
) + define(
    "fetch",
    'if test "${devtype}" = "dhcp"; then tftpboot ${bulkhead_at} ${bulkhead_file};',
    "else load ${devtype} ${devnum}:${distro_bootpart} ${bulkhead_at} ${prefix}${bulkhead_file}; fi"
) + define(
    "get",
    "if run bulkhead_fetch; then true; else",
    'echo "bulkhead: ${bulkhead_file} is missing or cannot be read: copy it, or the whole',
    'directory, again"; false; fi'
) + define(
    "exact",
    "if run bulkhead_get; then if test 0x${filesize} -eq ${bulkhead_bytes}; then true; else",
    'echo "bulkhead: ${bulkhead_file} has 0x${filesize} bytes, expected ${bulkhead_bytes}:',
    'truncated or replaced; copy it again, or run make sdcard again"; false; fi; else false; fi'
) + define(
    "fits",
    "if run bulkhead_get; then",
    "if test 0x${filesize} -ge 0x28 -a 0x${filesize} -le ${bulkhead_bytes}; then true; else",
    'echo "bulkhead: ${bulkhead_file} has 0x${filesize} bytes, and 0x28 to ${bulkhead_bytes} can',
    'be right: copy it again, or run make sdcard again"; false; fi; else false; fi')

NODE = "fdt set /boot-modules/${bulkhead_name}"
TREE_TOOLS = define(
    "node",
    "if fdt mknode /boot-modules ${bulkhead_name}",
    f"&& {NODE} compatible ${{bulkhead_kind}}",
    f'&& {NODE} reg "<${{bulkhead_cells}} 0x0 0x${{filesize}}>"',
    f"&& {NODE} label ${{bulkhead_label}}; then true; else",
    'echo "bulkhead: ${bulkhead_label} could not be added to the device tree"; false; fi'
) + define(
    "module",
    "if run bulkhead_exact; then run bulkhead_node; else false; fi"
) + define(
    "tree",
    "if fdt addr ${bulkhead_at} && fdt resize ${bulkhead_growth} && fdt mknode / boot-modules",
    "&& fdt set /boot-modules compatible bulkhead,boot-modules",
    '&& fdt set /boot-modules "#address-cells" "<2>" && fdt set /boot-modules "#size-cells" "<2>";',
    'then true; else echo "bulkhead: ${bulkhead_file} is no device tree: copy it again"; false; fi')

OVERLAY_TOOLS = {
    boards.BY_KERNEL: define(
        "overlay",
        "if run bulkhead_fits; then if run bulkhead_node; then",
        f'{NODE} order "<${{bulkhead_order}}>"; else false; fi; else false; fi'),
    # A tree that an overlay was applied to in part is of no use.
    boards.BY_LOADER: define(
        "overlay",
        "if run bulkhead_fits; then if fdt apply ${bulkhead_at}; then true; else",
        'echo "bulkhead: overlay ${bulkhead_label} does not apply to the tree of this board and',
        'the overlays before it"; false; fi; else false; fi'),
}

IF_FINE = 'if test -z "${bulkhead_failed}"; then'

KERNEL_ENTRY = """\
# The tree stays where it was planned to be.
setenv fdt_high ffffffffffffffff
"""


def head(what, board, given):
    rows = [f"#   {piece.start:#012x} to {piece.end:#012x}  {piece.name}" for piece in given]
    return HEAD.format(what=what, board=board.values["description"], table="\n".join(rows))


def step(run, **values):
    """Sets variables and runs commands, unless a step before has failed."""
    lines = [f"setenv bulkhead_{name} {value}" for name, value in values.items()]
    lines.append(f"{IF_FINE} if run {run}; then true; else run bulkhead_stop; fi; fi")
    return "\n" + "\n".join(lines) + "\n"


def start(command, complaints):
    """The last step.  When its command comes back, nothing was started."""
    echoes = "\n".join(f'    echo "bulkhead: {complaint}"' for complaint in complaints)
    return f"\n{KERNEL_ENTRY}{IF_FINE}\n    {command}\n{echoes}\n    run bulkhead_stop\nfi\n"


def by_files(name, board, layout):
    """boot.cmd for separate files.  layout: sdcard.Layout."""
    text = head(f"system {name}, file by file,", board, layout.given)
    text += TOOLS + TREE_TOOLS + OVERLAY_TOOLS[board.overlays]
    for file, place in (("bulkhead.bin", layout.kernel), ("board.dtb", layout.tree)):
        size = os.path.getsize(layout.files[file])
        text += step("bulkhead_exact", file=file, at=hex(place.start), bytes=hex(size))
    text += step("bulkhead_tree", growth=hex(layout.tree_growth))
    number = {payload.OVERLAY: 0, payload.FILE: 0}
    for item in layout.items:
        values = {"file": item.path, "label": item.label, "at": hex(item.address)}
        if item.kind == payload.FILE or board.overlays == boards.BY_KERNEL:
            values |= {"name": f"{item.kind}-{number[item.kind]}",
                       "kind": payload.COMPATIBLE[item.kind],
                       "cells": f'"{payload.cells(item.address)}"'}
        if item.kind == payload.OVERLAY:
            values |= {"order": number[item.kind], "bytes": hex(item.room)}
        else:
            values |= {"bytes": hex(item.size)}
        text += step(f"bulkhead_{item.kind}", **values)
        number[item.kind] += 1
    return text + start(f"booti {layout.kernel.start:#x} - {layout.tree.start:#x}",
                        ["booti did not start the kernel; its reason stands above"])


def by_fit(names, board, layout):
    """boot.cmd for a FIT with the configurations `names`, of which the first is the default."""
    text = head(f"{', '.join(names)}, from a FIT,", board, layout.given) + TOOLS
    text += step("bulkhead_fits", file="bulkhead.itb", at=hex(layout.fit.start),
                 bytes=hex(layout.fit.size))
    have = " ".join(names)
    text += f"""
# bulkhead_system in U-Boot's environment chooses one of: {have}
setenv bulkhead_conf {names[0]}
if test -n "${{bulkhead_system}}"; then setenv bulkhead_conf ${{bulkhead_system}}; fi
# Hashes, and signatures where this U-Boot has a key, are checked unless `verify` is "n".
setenv verify y
"""
    return text + start(f"bootm {layout.fit.start:#x}#${{bulkhead_conf}}",
                        ["bootm did not start ${bulkhead_conf}; its reason stands above",
                         f"bulkhead.itb has: {have}",
                         "after a bad hash or format: copy it again, or run make sdcard again"])


def wrap(source, out, environment):
    """boot.cmd as the image that U-Boot's `source` takes."""
    call("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "Bulkhead", "-d", source,
         out, env=environment)
