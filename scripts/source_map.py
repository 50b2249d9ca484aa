# SPDX-License-Identifier: Apache-2.0
"""Where did the user write it?  Leads from a node or property of the merged tree, and from what the
preprocessor, dtc and fdtoverlay complain about, back to file and line of an overlay's source.

dtc can write a source back with the place of each node and property beside it, and it knows the
preprocessor's line markers.  An overlay's nodes stand below fragments there; the target of a
fragment, a path or a label of an overlay before it, says where they are in the merged tree.

Library: SourceMap, explain_tool(), explain_merge()."""
import os
import re
import subprocess

import fdt

# What dtc -T -T writes after a line, and one place in it: file, line, columns.
COMMENT = re.compile(r"^(.*?[{;])\s*/\* (.*) \*/$")
PLACE = re.compile(r"^(.+):(\d+):\d+(?:-[\d:]+)?$")
NODE = re.compile(r"^(?:[A-Za-z_]\w*: )*([^\s=;{}]+) \{$")
PROPERTY = re.compile(r"^(?:[A-Za-z_]\w*: )*([^\s=;{}:]+)(?: = .*)?;$")

# A refusal's node, property and second node, as config_fault_text() of the kernel puts them.
REFUSED = re.compile(r"^(?:bulkhead: )?refused ([a-z0-9-]+): (/.*?)(?:, property (.*?))?"
                     r"(?:, ([a-z]+) (.*?))?: ")

DTC_PLACE = re.compile(r"^(?:Error: )?(.+?):(\d+)\.(\d+)(?:-[\d.]+)?:? (.*)$")


def shown(path):
    """A path as the user would write it: relative, if that does not lead out of where he is."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def place_of(text):
    """ "file:line" of what dtc says about a node or property.  A node that is written in several
    places counts where it was last: that is where it was changed."""
    for place in reversed(text.split(", ")):
        found = PLACE.match(place)
        if found:
            return f"{shown(found.group(1))}:{found.group(2)}"
    return None


def places_in(annotated):
    """{(node path, property or None): "file:line"} from the text that dtc -T -T writes."""
    places = {}
    path = []
    for line in annotated.splitlines():
        line = line.strip()
        found = COMMENT.match(line)
        text, place = (found.group(1), place_of(found.group(2))) if found else (line, None)
        name = None
        if text == "};":
            del path[-1:]
            continue
        if NODE.match(text):
            path.append(NODE.match(text).group(1).strip("/"))
        elif path and PROPERTY.match(text):
            name = PROPERTY.match(text).group(1)
        else:
            continue
        if place:
            places[("/" + "/".join(path).strip("/"), name)] = place
    return places


def places_of(overlay, preprocess):
    """The same for an overlay, by its own paths.  None are known of an overlay that came compiled."""
    if overlay.source.endswith(".dtbo"):
        return {}
    result = subprocess.run(["dtc", "-q", "-@", "-T", "-T", "-I", "dts", "-O", "dts", "-"],
                            input=preprocess(overlay.source), capture_output=True, check=False)
    return places_in(result.stdout.decode(errors="replace"))


def fixups(root):
    """Yields (label, node path, property) for each reference that an overlay makes by label."""
    node = root.find("/__fixups__")
    for label, value in (node.properties.items() if node else ()):
        for use in value.split(b"\0")[:-1]:
            path, name, _ = use.decode().rsplit(":", 2)
            yield label, path, name


def symbols(root):
    node = root.find("/__symbols__")
    return {label: node.string(label) for label in node.properties} if node else {}


class SourceMap:
    """From the merged tree to the sources of the overlays that it was merged from."""

    def __init__(self, overlays, preprocess, base=None):
        self.places = {}
        labels = symbols(base) if base else {}
        for overlay in overlays:
            root = fdt.load(overlay.file)
            targets = self.targets(root, labels)
            for (path, name), place in places_of(overlay, preprocess).items():
                merged = self.merged_path(path, targets)
                if merged:
                    self.places[(merged, name)] = place
            for label, path in symbols(root).items():
                labels[label] = self.merged_path(path, targets) or path

    @staticmethod
    def targets(root, labels):
        """{fragment: path in the merged tree} of an overlay."""
        by_label = {path: label for label, path, name in fixups(root) if name == "target"}
        targets = {}
        for fragment in root.children:
            path = fragment.string("target-path") or labels.get(by_label.get(fragment.path))
            if path and fragment.find("__overlay__"):
                targets[fragment.path] = path
        return targets

    @staticmethod
    def merged_path(path, targets):
        for fragment, target in targets.items():
            top = fragment + "/__overlay__"
            if path == top or path.startswith(top + "/"):
                return (target.rstrip("/") + path[len(top):]) or "/"
        return None

    def place(self, node, name=None):
        """ "file:line" of a property, else of its node, else None."""
        return self.places.get((node, name)) or self.places.get((node, None))

    def hints(self, line):
        """Where what a line "refused ..." tells was written: lines to put below it."""
        found = REFUSED.match(line)
        if not found:
            return []
        _, node, name, word, other = found.groups()
        places = [("at", self.place(node, name))]
        if word == "and":
            places.append(("and", self.place(other, name)))
        return [f"    {word} {place}" for word, place in places if place]

    def annotate(self, text):
        """A checker's output with the hints put in."""
        lines = []
        for line in text.splitlines(keepends=True):
            lines += [line, *(hint + "\n" for hint in self.hints(line))]
        return "".join(lines)


# --- what the tools complain about -----------------------------------------------------------------

def explain_tool(message):
    """A complaint of gcc -E or dtc, with the places as file:line:column and without what says
    nothing."""
    lines = []
    for line in message.splitlines():
        if line.startswith(("FATAL ERROR: Unable to parse", "FATAL ERROR: Syntax error parsing",
                            "compilation terminated", "ERROR: Input tree has errors")):
            continue
        found = DTC_PLACE.match(line)
        if not found:
            lines.append(line)
            continue
        file, number, column, text = found.groups()
        lines.append(f"{shown(file)}:{number}:{column}: {text}")
        if text == "syntax error":
            lines[-1] += " here, or a ';' missing before it"
            lines += source_line(file, int(number))
        elif text.startswith("Label or path") and text.endswith("not found"):
            lines.append("    an overlay begins with /dts-v1/; and /plugin/;")
    return "\n".join(lines)


def source_line(file, number):
    try:
        with open(file, encoding="utf-8", errors="replace") as text:
            return [f"    {number} | {text.read().splitlines()[number - 1]}"]
    except (OSError, IndexError):
        return []


def explain_merge(overlays, base, preprocess):
    """Why overlays cannot be applied to a base tree: a line for each label or target that is missing
    when its overlay's turn comes.  Empty when nothing of the kind is wrong."""
    lines = []
    labels = symbols(base)
    nodes = {node.path for node in base.walk()}
    for overlay in overlays:
        root = fdt.load(overlay.file)
        places = places_of(overlay, preprocess)

        def where(path, name, overlay=overlay, places=places):
            return places.get((path, name)) or places.get((path, None)) or shown(overlay.source)

        for label, path, name in fixups(root):
            if label not in labels:
                path += "/__overlay__" if name == "target" else ""
                lines.append(f"{where(path, name)}: label \"{label}\" is in no overlay before this "
                             "one, nor in the machine's tree")
        targets = SourceMap.targets(root, labels)
        for fragment, target in targets.items():
            if target not in nodes:
                lines.append(f"{where(fragment + '/__overlay__', None)}: target {target} is in no "
                             "overlay before this one, nor in the machine's tree")
        merged = (SourceMap.merged_path(node.path, targets) for node in root.walk())
        nodes.update(path for path in merged if path)
        labels.update({label: SourceMap.merged_path(path, targets) or path
                       for label, path in symbols(root).items()})
    return "\n".join(lines)
