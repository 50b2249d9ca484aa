# SPDX-License-Identifier: Apache-2.0
"""Do the schemas hold, and do the shipped systems keep to them?

Checks dts/bindings with dt-doc-validate, then every system in schedules/ and the accepted system of
the tests with dt-validate, on both machines.  dt-validate always exits 0, so any output counts; what
it says about QEMU's own tree, without our overlay, does not.  The device trees that the kernel makes
for guests are checked with them, as far as there are schemas for their nodes.  Last, systems with a
mistake that a schema can see must be told: a schema that is never applied finds nothing, too.

usage: bindings.py [--build DIR]"""
import argparse
import concurrent.futures
import glob
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import description  # noqa: E402
import fdt  # noqa: E402
import payload  # noqa: E402
import system  # noqa: E402

BINDINGS = os.path.join(ROOT, "dts", "bindings")
MISTAKES = ["unknown-node", "unknown-property", "missing-node", "missing-property", "property-value",
            "property-value-cells", "vcpu-count", "label-text", "period-without-duration"]


def output_of(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    return result.stdout


def findings(schema, directory, tree="merged.dtb"):
    """What dt-validate says about a tree with our nodes and not about the machine's."""
    said = {}
    for name in ("base.dtb", tree):
        path = os.path.join(directory, name)
        said[name] = output_of("dt-validate", "-s", schema, path).replace(path, "tree")
    known = set(said["base.dtb"].splitlines())
    return [line for line in said[tree].splitlines() if line not in known]


def guest_findings(schema, made):
    """What dt-validate says about the tree that is made for the first partition of a system."""
    partition = fdt.load(made.dtb).find("/bulkhead/partitions").children[0]
    supplied = any("multiboot,device-tree" in node.strings("compatible")
                   for node in partition.children)
    if supplied or "no-device-tree" in partition.properties:
        return []
    tree = made.guest_tree(partition.string("label"))
    return output_of("dt-validate", "-s", schema, tree).replace(tree, "guest tree").splitlines()


def boot_module_findings(schema, directory, build):
    """Problems of the tree that a boot loader hands over, and whether a mistake in it is seen."""
    made = system.build_system("classic", build=build, out=directory)
    tree = payload.tree_with(made.base, payload.items_of(made), os.path.join(directory, "loaded.dtb"))
    problems = findings(schema, directory, "loaded.dtb")
    description.put_property(tree, "/boot-modules/overlay-0", "order", None)
    if not findings(schema, directory, "loaded.dtb"):
        problems.append("the schemas do not see that an overlay in /boot-modules has no order")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    arguments = parser.parse_args()
    problems = []
    schemas = sorted(glob.glob(os.path.join(BINDINGS, "*.yaml")))
    problems += output_of("dt-doc-validate", "-u", BINDINGS, *schemas).splitlines()
    with tempfile.TemporaryDirectory() as directory:
        schema = os.path.join(directory, "schema.json")
        problems += output_of("dt-mk-schema", "-j", "-o", schema, BINDINGS).splitlines()

        def check(overlay, gic):
            out = tempfile.mkdtemp(dir=directory)
            machine = system.machine_for(overlay, gic=gic)
            made = system.build_system(overlay, machine, arguments.build, out=out)
            return made, findings(schema, out)

        def problems_of(name, gic):
            made, found = check(name, gic)
            return [f"{name}, GICv{gic}: {line}" for line in found + guest_findings(schema, made)]

        def problems_of_mistake(name):
            seen = check(os.path.join(ROOT, "tests", "bad", name + ".dtso"), 3)[1]
            return [] if seen else [f"the schemas do not see the mistake of tests/bad/{name}.dtso"]

        systems = description.shipped()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for found in [*[pool.submit(problems_of, name, gic) for name in systems for gic in (2, 3)],
                          pool.submit(boot_module_findings, schema, tempfile.mkdtemp(dir=directory),
                                      arguments.build),
                          *[pool.submit(problems_of_mistake, name) for name in MISTAKES]]:
                problems += found.result()
    for problem in problems:
        print(problem)
    print(f"{len(schemas)} schemas, {len(systems)} systems on 2 machines, {len(MISTAKES)} mistakes: "
          f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
