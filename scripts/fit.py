# SPDX-License-Identifier: Apache-2.0
"""How do kernel, trees, overlays and images become one FIT?  As the source for mkimage (.its): each
file is an image with its SHA-256 and the address that it is loaded to, each system a configuration.

Overlays and guest images are loadables: U-Boot copies each to its `load` and looks no further, so
their type only has to be one that it has no special treatment for.  Where U-Boot applies overlays
itself they are listed behind the configuration's tree instead.

Library: Configuration, source(), make()."""
import dataclasses

import board as boards
import payload
from description import DescriptionError, call

SIGNATURE = """\
            signature-1 {{
                algo = "sha256,rsa2048";
                key-name-hint = "{key}";
                sign-images = "kernel", "fdt", "loadables";
            }};
"""


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One system in a FIT.  parts: {Item: its file in the source directory}."""

    name: str
    tree: str  # file of the tree, in the source directory
    tree_address: int
    items: list
    parts: dict


def node_name(*words):
    """A node name: what device trees forbid in names becomes a hyphen."""
    text = "-".join(words)
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-_+") else "-" for c in text)


def image(name, description, file, kind, address, entry=False):
    lines = [f'description = "{description}";', f'data = /incbin/("{file}");', f'type = "{kind}";',
             'arch = "arm64";', 'compression = "none";', f"load = <{payload.cells(address)}>;"]
    if entry:
        lines += ['os = "linux";', f"entry = <{payload.cells(address)}>;"]
    body = "\n".join(f"            {line}" for line in lines)
    return f"        {name} {{\n{body}\n            hash-1 {{ algo = \"sha256\"; }};\n        }};\n"


def configuration(one, board, images, key):
    """The node of a system; adds the images that it names to `images`, each once."""
    tree = node_name("fdt", one.name)
    images[tree] = image(tree, f"tree of {one.name}", one.tree, "flat_dt", one.tree_address)
    trees, loadables = [tree], []
    for item in one.items:
        file = one.parts[item]
        name = node_name(*file.removeprefix("parts/").split("/"))
        kind = "flat_dt" if item.kind == payload.OVERLAY else "firmware"
        node = image(name, item.label, file, kind, item.address)
        if images.setdefault(name, node) != node:
            raise DescriptionError(f"two files of the FIT would have the one name {name}")
        applied = item.kind == payload.OVERLAY and board.overlays == boards.BY_LOADER
        where = trees if applied else loadables
        if name not in where:
            where.append(name)
    lines = [f'description = "system {one.name}";', 'kernel = "kernel";',
             f"fdt = {quoted(trees)};"]
    if loadables:
        lines.append(f"loadables = {quoted(loadables)};")
    body = "\n".join(f"            {line}" for line in lines) + "\n"
    return f"        {one.name} {{\n{body}{SIGNATURE.format(key=key) if key else ''}        }};\n"


def quoted(names):
    return ", ".join(f'"{name}"' for name in names)


def source(configurations, board, kernel_file, kernel_address, key=None):
    """The text of the .its.  The first configuration is the default.  key: name of the key to sign
    with."""
    images = {"kernel": image("kernel", "Bulkhead", kernel_file, "kernel", kernel_address, True)}
    nodes = [configuration(one, board, images, key) for one in configurations]
    sign = " -k KEYS -r" if key else ""
    return f"""\
// SPDX-License-Identifier: Apache-2.0
// FIT source, made by `make sdcard` for {board.values["description"]}.
// Addresses were planned together.  After a change of a file in parts/, here:
//     mkimage -f bulkhead.its{sign} ../fit/bulkhead.itb
/dts-v1/;

/ {{
    description = "Bulkhead: {', '.join(one.name for one in configurations)}";
    #address-cells = <2>;

    images {{
{"".join(images.values())}    }};

    configurations {{
        default = "{configurations[0].name}";
{"".join(nodes)}    }};
}};
"""


def make(directory, its, out, environment, keys=None):
    """mkimage, in the source directory; keys: directory of the keys that it signs with."""
    command = ["mkimage", "-f", its, *(["-k", keys, "-r"] if keys else []), out]
    call(*command, cwd=directory, env=environment)
