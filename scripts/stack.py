# SPDX-License-Identifier: Apache-2.0
"""Does the deepest call chain fit the EL2 stack?  Read from the machine code, so that assembly and
libfdt count, too: each function's frame is the sum of everything that it subtracts from sp, its
callees are the targets of its branches.  An indirect call may reach any function whose address is
taken; two of them nested are allowed for.  Recursion is an error but where it is known not to happen,
or to go no deeper than a tree is nested.

usage: stack.py [--objdump TOOL] --limit BYTES <elf>
"""
import argparse
import os
import re
import struct
import subprocess
import sys

HEADER = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
# Columns: address, encoding (objdump and llvm-objdump differ in blanks), mnemonic, operands.
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(?:[0-9a-f]{8}|(?:[0-9a-f]{2} ){4})\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"<([^>+]+)(\+0x[0-9a-f]+)?>")
SUBTRACT = re.compile(r"^sp, sp, #(0x[0-9a-f]+|\d+)(, lsl #12)?")
PRE_INDEX = re.compile(r"\[sp, #-(0x[0-9a-f]+|\d+)\]!")
ADRP = re.compile(r"^(x\d+), (0x)?([0-9a-f]+)")
ADD = re.compile(r"^x\d+, (x\d+), #(0x[0-9a-f]+|\d+)")
BRANCHES = re.compile(r"^(b|b\..*|bl|cbn?z|tbn?z)$")
# Called by everything that has an array when the stack is already lost: no part of a chain.
STACK_SMASHED = "__stack_chk_fail"

# libfdt follows an alias when a path does not begin with a slash; the kernel asks for absolute paths.
NO_RECURSION = {"fdt_get_alias", "fdt_get_alias_namelen", "fdt_path_offset",
                "fdt_path_offset_namelen"}


# libfdt goes down an overlay by recursion; the kernel refuses what is nested deeper than its limit.
BY_NESTING = {"overlay_adjust_node_phandles", "overlay_apply_node",
              "overlay_update_local_node_references"}
TREE_HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "kernel", "config",
                           "tree.h")


def nesting_limit():
    with open(TREE_HEADER, encoding="utf-8") as text:
        return int(re.search(r"^#define TREE_DEPTH_MAX (\d+)U", text.read(), re.MULTILINE).group(1))


class Function:
    def __init__(self, name):
        self.name = name
        self.frame_bytes = 0
        self.calls = set()  # by bl: a return address and a frame of their own
        self.jumps = set()
        self.indirect = False
        self.unbounded = False
        self.returns = False


def read_code(lines):
    """Functions by name, and the addresses that code computes with ADR or ADRP and ADD."""
    functions = {}
    taken = set()
    page = {}
    function = None
    for line in lines:
        header = HEADER.match(line)
        if header:
            function = functions.setdefault(header.group(1), Function(header.group(1)))
            page = {}
            continue
        match = INSTRUCTION.match(line)
        if not match or function is None:
            continue
        mnemonic, operands = match.group(2), match.group(3)
        if mnemonic == "sub" and operands.startswith("sp, sp,"):
            amount = SUBTRACT.match(operands)
            if amount:
                function.frame_bytes += int(amount.group(1), 0) << (12 if amount.group(2) else 0)
            else:
                function.unbounded = True
        elif PRE_INDEX.search(operands):
            function.frame_bytes += int(PRE_INDEX.search(operands).group(1), 0)
        elif BRANCHES.match(mnemonic):
            target = TARGET.search(operands)
            if target and target.group(1) == STACK_SMASHED:
                continue
            if target and target.group(1) != function.name:
                (function.calls if mnemonic == "bl" else function.jumps).add(target.group(1))
            elif target and mnemonic == "bl":
                function.calls.add(function.name)
        elif mnemonic == "blr":
            function.indirect = True
        elif mnemonic == "ret":
            function.returns = True
        elif mnemonic in ("adr", "adrp"):
            base = ADRP.match(operands)
            if base and mnemonic == "adrp":
                page[base.group(1)] = int(base.group(3), 16)
            elif base:
                taken.add(int(base.group(3), 16))
        elif mnemonic == "add":
            add = ADD.match(operands)
            if add and add.group(1) in page:
                taken.add(page[add.group(1)] + int(add.group(2), 0))
    return functions, taken


def data_words(path):
    """Every aligned 64-bit word of the ELF file's data sections."""
    with open(path, "rb") as file:
        elf = file.read()
    (offset,) = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    for index in range(count):
        section = struct.unpack_from("<IIQQQQ", elf, offset + index * size)
        kind, flags, at, length = section[1], section[2], section[4], section[5]
        if kind == 1 and flags & 2 and not flags & 4:  # PROGBITS, ALLOC, not EXECINSTR
            yield from (word for (word,) in struct.iter_unpack("<Q", elf[at : at + length // 8 * 8]))


def components(functions):
    """Strongly connected sets of functions, callees first (Tarjan)."""
    sys.setrecursionlimit(10000)
    number, low, stack, result = {}, {}, [], []

    def visit(name):
        number[name] = low[name] = len(number)
        stack.append(name)
        for callee in functions[name].calls | functions[name].jumps:
            if callee not in functions:
                continue
            if callee not in number:
                visit(callee)
                low[name] = min(low[name], low[callee])
            elif callee in stack:
                low[name] = min(low[name], number[callee])
        if low[name] == number[name]:
            members = []
            while not members or members[-1] != name:
                members.append(stack.pop())
            result.append(members)

    for name in sorted(functions):
        if name not in number:
            visit(name)
    return result


def depths(functions, order, indirect_bytes):
    """Deepest use of the stack from each function on, and its deepest callee."""
    depth, deepest = {}, {}
    for members in order:
        callees = {callee for name in members
                   for callee in functions[name].calls | functions[name].jumps
                   if callee in functions and callee not in members}
        best = max(callees, key=lambda callee: depth[callee], default=None)
        below = depth[best] if best else 0
        if any(functions[name].indirect for name in members) and indirect_bytes > below:
            best, below = "(indirect)", indirect_bytes
        times = nesting_limit() if BY_NESTING.issuperset(members) else 1
        total = times * sum(functions[name].frame_bytes for name in members) + below
        for name in members:
            depth[name], deepest[name] = total, best
    return depth, deepest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--objdump", default="aarch64-linux-gnu-objdump")
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("elf")
    arguments = parser.parse_args()

    listing = subprocess.run([arguments.objdump, "-d", arguments.elf], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.splitlines()
    functions, taken = read_code(listing)
    addresses = {}
    for line in listing:
        header = HEADER.match(line)
        if header:
            addresses[int(line.split()[0], 16)] = header.group(1)
    taken |= set(data_words(arguments.elf))
    # What neither returns nor ends in a tail call was reached by a jump of the start-up code.
    targets = {addresses[address] for address in taken if address in addresses}
    targets = {name for name in targets if functions[name].returns or functions[name].jumps}

    order = components(functions)
    problems = [f"{name}: frame of variable size" for name in functions if functions[name].unbounded]
    for members in order:
        recursion = [name for name in members if functions[name].calls & set(members)]
        if recursion and not (NO_RECURSION | BY_NESTING).issuperset(members):
            problems.append("recursion: " + ", ".join(sorted(members)))

    indirect_bytes = 0
    for _ in range(2):
        depth, _ = depths(functions, order, indirect_bytes)
        indirect_bytes = max((depth[name] for name in targets), default=0)
    depth, deepest = depths(functions, order, indirect_bytes)
    name = max(depth, key=lambda name: depth[name])
    print(f"stack: {depth[name]} of {arguments.limit} bytes, {len(functions)} functions, "
          f"{len(targets)} with their address taken; deepest chain:")
    if depth[name] > arguments.limit:
        problems.append(f"{depth[name]} bytes exceed the stack of {arguments.limit}")
    while name and name != "(indirect)":
        print(f"  {functions[name].frame_bytes:6} {name}")
        name = deepest[name]
    if name:
        print(f"  {indirect_bytes:6} through function pointers")
    for problem in problems:
        print("stack:", problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
