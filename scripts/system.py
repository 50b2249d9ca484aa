# SPDX-License-Identifier: Apache-2.0
"""How does a description become a running system?

Its overlays (scripts/description.py) are applied to the machine's own device tree; every `image-file`
is given an address and written into the tree as `reg`; QEMU gets kernel, tree and images in RAM, as
a boot loader would leave them.  How the run ended is read from the kernel's last line, since QEMU's
exit status says nothing:

    bulkhead: end status=<ok|late|fail|panic|refused> windows_due=N windows_run=N health_events=N

Command line: system.py build|command|check|run|guest-tree SYSTEM [--schedule FILE] [--gic 2|3] ...
Library: Machine, machine_for(), build_system(), System.check(), System.guest_tree(), run().
"""
import argparse
import contextlib
import dataclasses
import json
import os
import re
import selectors
import shlex
import struct
import subprocess
import sys
import time

import description
import fdt
import source_map
import terminal
from description import DescriptionError, call, put_property

RAM_BASE = 0x40000000
# QEMU puts a kernel with text_offset 0 at RAM + 2 MiB.
KERNEL_ADDRESS = RAM_BASE + (2 << 20)
PAGE = 4096

END_LINE = re.compile(
    r"^bulkhead: end status=(ok|late|fail|panic|refused)"
    r"(?: windows_due=(\d+) windows_run=(\d+) health_events=(\d+))?[ \t]*\n",
    re.MULTILINE,
)
EXIT_CODES = {"ok": 0, "left": 0, "late": 1, "fail": 1, "panic": 2, "refused": 3, "silent": 4, "timeout": 5}


@dataclasses.dataclass(frozen=True)
class Machine:
    """A QEMU `virt` machine with EL2.  icount: one instruction takes one nanosecond of virtual time,
    so two runs are the same to the bit; without it virtual time follows the host's clock.
    sleep: with icount, whether an idle machine waits for real time to pass (not exact)."""

    gic: int = 3
    cpu: str = "cortex-a57"
    smp: int = 1
    memory_mib: int = 512
    cntfrq: int = 1_000_000_000
    icount: bool = True
    sleep: bool = False

    def arguments(self, dump=None):
        machine = f"virt,virtualization=on,gic-version={self.gic},dtb-randomness=off"
        arguments = [
            "qemu-system-aarch64",
            *("-M", machine + (f",dumpdtb={dump}" if dump else "")),
            *("-cpu", f"{self.cpu},cntfrq={self.cntfrq}"),
            *("-smp", str(self.smp), "-m", str(self.memory_mib)),
            *("-nodefaults", "-display", "none", "-monitor", "none"),
        ]
        if not dump:
            arguments += ["-serial", "stdio"]
            if self.icount:
                arguments += ["-icount", f"shift=0,sleep={'on' if self.sleep else 'off'}"]
        return arguments


def machine_for(system, **given):
    """The machine that a system is shown on: what its machine.toml asks for, and over it the Machine
    fields that are given (None: not given)."""
    wanted = description.machine_defaults(system)
    fields = {field.name for field in dataclasses.fields(Machine)}
    if wanted.keys() - fields:
        raise DescriptionError(f"{system}: in machine.toml, {', '.join(wanted.keys() - fields)} is "
                               f"none of: {', '.join(sorted(fields))}")
    return Machine(**wanted | {name: value for name, value in given.items() if value is not None})


@dataclasses.dataclass(frozen=True)
class Module:
    """A boot module: what lies where in RAM when the kernel starts.  Nodes with the same image-file
    share its bytes, and so address and file."""

    node: str
    file: str  # the bytes that are loaded: flattened, if the image-file is an ELF file
    address: int
    size_bytes: int
    label: str  # the image-file as written


def pack(source, out):
    call("dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", out, source)


def reg_cells(node, address, size):
    """A node's reg, in the cells that its parent says."""
    cells = []
    for value, count in ((address, node.parent.number("#address-cells", 2)),
                         (size, node.parent.number("#size-cells", 1))):
        cells += [(value >> (32 * i)) & 0xFFFFFFFF for i in reversed(range(count))]
    return cells


def module_base(memory_mib):
    """Where images begin: well behind the device tree, which QEMU puts at RAM + 128 MiB, or at half of
    RAM if that is less, when no initrd is given."""
    tree_mib = min(128, memory_mib // 2)
    return RAM_BASE + (tree_mib + tree_mib // 4 << 20)


def place_modules(dtb, images, memory_mib):
    """Gives every node with an image-file its reg; the file name leaves the tree."""
    modules = []
    address_of = {}
    free = module_base(memory_mib)
    for node in fdt.load(dtb).walk():
        name = node.string("image-file")
        if name is None:
            continue
        path = images.load(node)
        size = os.path.getsize(path)
        address = address_of.setdefault(path, free)
        if address == free:
            free = (free + size + PAGE - 1) & ~(PAGE - 1)
        put_property(dtb, node.path, "reg", reg_cells(node, address, size))
        put_property(dtb, node.path, "image-file", None)
        modules.append(Module(node.path, path, address, size, name))
    return modules


@dataclasses.dataclass(frozen=True)
class System:
    """A directory with everything a run needs."""

    name: str
    directory: str
    build: str
    machine: Machine
    modules: list  # of Module, one for each image node
    overlays: list  # of description.Overlay, in the order in which they are applied

    @property
    def base(self):
        """The machine's own tree."""
        return os.path.join(self.directory, "base.dtb")

    @property
    def dtb(self):
        return os.path.join(self.directory, "merged.dtb")

    @property
    def kernel(self):
        return os.path.join(self.build, "bulkhead.bin")

    def command(self, machine=None):
        """The QEMU command line; another Machine may differ in what the tree does not say."""
        command = (machine or self.machine).arguments()
        command += ["-kernel", self.kernel, "-dtb", self.dtb]
        for address, file in {module.address: module.file for module in self.modules}.items():
            file = file.replace(",", ",,")
            command += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
        return command

    def source_map(self):
        """Where what is in the merged tree was written."""
        return source_map.SourceMap(self.overlays, description.preprocess, fdt.load(self.base))

    def check(self, *options):
        """Runs the host checker on the tree; its result has returncode and text on stdout, where each
        refusal is followed by its place in the source."""
        with open(self.kernel, "rb") as image:  # arm64 Image header: image_size at 16
            (kernel_bytes,) = struct.unpack_from("<Q", image.read(24), 16)
        command = [os.path.join(self.build, "host", "bulkhead-check"), *options,
                   "--kernel", str(KERNEL_ADDRESS), str(kernel_bytes)]
        for module in self.modules:
            command += ["--loaded", hex(module.address), module.file]
        result = subprocess.run([*command, self.dtb], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            result.stdout = self.source_map().annotate(result.stdout)
        return result

    def guest_tree(self, partition):
        """The file of the device tree that the kernel makes for a partition."""
        file = os.path.join(self.directory, f"{partition}-guest.dtb")
        result = self.check("--guest-tree", partition, file)
        if result.returncode != 0:
            raise DescriptionError(result.stdout.strip())
        return file

    def write_description(self):
        facts = {
            "name": self.name,
            "kernel": {"file": self.kernel, "address": KERNEL_ADDRESS},
            "dtb": self.dtb,
            "machine": dataclasses.asdict(self.machine),
            "modules": [dataclasses.asdict(module) for module in self.modules],
            "overlays": [dataclasses.asdict(overlay) for overlay in self.overlays],
            "command": self.command(),
        }
        with open(os.path.join(self.directory, "system.json"), "w", encoding="utf-8") as out:
            json.dump(facts, out, indent=1)
            out.write("\n")


def merge(overlays, base, out):
    try:
        call("fdtoverlay", "-i", base, "-o", out, *(overlay.file for overlay in overlays))
    except DescriptionError as error:
        why = source_map.explain_merge(overlays, fdt.load(base), description.preprocess)
        raise DescriptionError(f"the overlays do not go together\n{why}" if why
                               else str(error)) from error


def find_sources(systems, schedule):
    sources = [source for system in systems for source in description.find(system, schedule)]
    names = [description.stem(source) for source in sources]
    if len(set(names)) < len(names):
        raise DescriptionError(f"two overlays of one name: {', '.join(sources)}")
    return sources


def build_system(system, machine=Machine(), build="build", properties=None, out=None, name=None,
                 schedule=None, base=None):
    """Makes a System from a name, directory or overlay (see description.locate()), or from a list of
    them, applied in its order.

    properties: {node path: {property: value}} set in the merged tree (see put_property).
    out: the directory to use; default <build>/systems/<name>-gicv<N>.
    schedule: an overlay that takes the place of the directory's schedule.
    base: the file of the machine's own tree; default: QEMU makes it."""
    systems = [system] if isinstance(system, (str, os.PathLike)) else system
    systems = [os.fspath(system) for system in systems]
    build = os.path.abspath(build)
    name = name or description.name_of(systems[0])
    directory = os.path.abspath(out or os.path.join(build, "systems", f"{name}-gicv{machine.gic}"))
    os.makedirs(directory, exist_ok=True)

    def work(file):
        return os.path.join(directory, file)

    sources = find_sources(systems, schedule)
    if base is None:
        call(*machine.arguments(dump=work("machine.dtb")))
    pack(base or work("machine.dtb"), work("base.dtb"))
    if base is None:
        os.unlink(work("machine.dtb"))
    images = description.Images(directory, build, sources)
    overlays = [description.compile_overlay(source, directory) for source in sources]
    for overlay in overlays:
        description.check_board(overlay, work("base.dtb"))
        description.complete(overlay, images)
    merge(overlays, work("base.dtb"), work("merged.tmp"))
    for node, values in (properties or {}).items():
        for prop, value in values.items():
            put_property(work("merged.tmp"), node, prop, value)
    made = System(name, directory, build, machine, [], overlays)
    try:
        made.modules.extend(place_modules(work("merged.tmp"), images, machine.memory_mib))
    except description.ImageError as error:
        place = made.source_map().place(error.node.path, "image-file")
        raise error.at(place) from error
    pack(work("merged.tmp"), work("merged.dtb"))
    os.unlink(work("merged.tmp"))
    made.write_description()
    return made


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of a run.  status: the end line's, or "silent" (ended without one), "timeout", or
    "left" (by the user)."""

    status: str
    console: str
    windows_due: int
    windows_run: int
    health_events: int
    seconds: float
    qemu_errors: str

    @property
    def exit_code(self):
        return EXIT_CODES[self.status]

    def exit_code_on(self, machine):
        """By the host's clock windows are late because the host is: that is recorded, no failure."""
        return 0 if self.status == "late" and not machine.icount else self.exit_code

    @property
    def lines(self):
        return self.console.replace("\r", "").split("\n")

    def lines_of(self, partition):
        """What one partition printed, without its tag."""
        tag = f"[{partition}] "
        return [line[len(tag):] for line in self.lines if line.startswith(tag)]


def run(system, timeout_s=60, echo=None, send=b"", until=None, machine=None, extra=(), answers=(),
        keyboard=None):
    """Runs a system to its end and returns a Run.

    timeout_s: wall time after which QEMU is killed.  echo: a binary stream that gets the console as
    it comes.  send: bytes for the console's input, at start.  until: a regular expression; the run
    is cut short, as "silent", once the console matches it.  machine: see System.command().
    extra: further QEMU arguments.  answers: (regular expression, bytes) in their order: each is sent
    once the console matches, behind what the one before it had matched.  keyboard: a
    terminal.Keyboard whose keys are sent."""
    started = time.monotonic()
    deadline = started + timeout_s
    log_path = os.path.join(system.directory, "console.log")
    pattern = re.compile(until) if until else None
    questions = [(re.compile(question), answer) for question, answer in answers]
    answered = 0  # characters of the console up to which it was answered
    console = bytearray()
    timed_out = left_by_user = False
    with open(os.path.join(system.directory, "qemu.log"), "w+b") as errors, \
            subprocess.Popen([*system.command(machine), *extra], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=errors) as qemu, \
            selectors.DefaultSelector() as selector:
        try:
            if send:
                qemu.stdin.write(send)
                qemu.stdin.flush()
            selector.register(qemu.stdout, selectors.EVENT_READ)
            if keyboard:
                os.set_blocking(qemu.stdin.fileno(), False)  # what it does not take is lost
                selector.register(keyboard, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                events = selector.select(min(left, 3600)) if left > 0 else ()
                ready = [key.fileobj for key, _ in events]
                if keyboard in ready:
                    keys = keyboard.read()
                    left_by_user = keys is None
                    if left_by_user:
                        break
                    with contextlib.suppress(BlockingIOError, BrokenPipeError):
                        os.write(qemu.stdin.fileno(), keys)
                if qemu.stdout not in ready:
                    if time.monotonic() < deadline:
                        continue
                    timed_out = not END_LINE.search(text_of(console))
                    break
                data = os.read(qemu.stdout.fileno(), 65536)
                if not data:
                    break
                console += data
                if echo:
                    echo.write(data)
                    echo.flush()
                if b"bulkhead: end status=" in console and END_LINE.search(text_of(console)):
                    # Power-off follows at once; do not wait long for a machine that hangs.
                    deadline = min(deadline, time.monotonic() + 2)
                if pattern and pattern.search(text_of(console)):
                    break
                asked = questions and questions[0][0].search(text_of(console), answered)
                if asked:
                    answered = asked.end()
                    qemu.stdin.write(questions.pop(0)[1])
                    qemu.stdin.flush()
        finally:
            qemu.kill()
            qemu.wait()
        errors.seek(0)
        qemu_errors = errors.read().decode(errors="replace")
    with open(log_path, "wb") as log:
        log.write(console)
    text = text_of(console)
    ends = END_LINE.findall(text)
    status = "timeout" if timed_out else ends[-1][0] if ends else "left" if left_by_user else "silent"
    numbers = [int(number or 0) for number in ends[-1][1:]] if ends else [0, 0, 0]
    return Run(status, text, *numbers, time.monotonic() - started, qemu_errors)


def text_of(console):
    return console.decode(errors="replace").replace("\r\n", "\n")


def print_places(system, result):
    """Below the console of a refused run: where what was refused was written."""
    places = system.source_map()
    for line in result.lines:
        hints = [hint.strip() for hint in places.hints(line)]
        if hints:
            rule = source_map.REFUSED.match(line).group(1)
            print(f"system.py: {rule} is written", ", ".join(hints))


def add_arguments(parser):
    """Options that all tools have that make systems."""
    parser.add_argument("--schedule", help="overlay that replaces the directory's schedule.dtso")
    parser.add_argument("--gic", type=int, choices=[2, 3])
    parser.add_argument("--cpu")
    parser.add_argument("--smp", type=int)
    parser.add_argument("--memory", type=int, help="MiB")
    parser.add_argument("--build", default="build", help="build directory")


def chosen_machine(system, arguments):
    """The machine for a system, from the options of add_arguments()."""
    return machine_for(system, gic=arguments.gic, cpu=arguments.cpu, smp=arguments.smp,
                       memory_mib=arguments.memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("action", choices=["build", "command", "check", "run", "guest-tree"])
    parser.add_argument("system", help="name in schedules/, or path of a directory or overlay")
    add_arguments(parser)
    parser.add_argument("--real-time", action="store_true", help="no icount: by the host's clock")
    terminal.add_arguments(parser)
    parser.add_argument("--partition", help="whose device tree guest-tree prints")
    arguments = parser.parse_args()
    try:
        machine = chosen_machine(arguments.system, arguments)
        if arguments.real_time:
            machine = dataclasses.replace(machine, icount=False)
        system = build_system(arguments.system, machine, arguments.build,
                              schedule=arguments.schedule)
    except DescriptionError as error:
        sys.exit(f"system.py: {error}")
    if arguments.action == "build":
        print(system.directory)
    elif arguments.action == "command":
        print(shlex.join(system.command()))
    elif arguments.action == "guest-tree":
        try:
            tree = system.guest_tree(arguments.partition or "?")
        except DescriptionError as error:
            sys.exit(f"system.py: {error}")
        print(call("dtc", "-q", "-I", "dtb", "-O", "dts", tree).decode(), end="")
    elif arguments.action == "check":
        result = system.check()
        print(result.stdout, end="")
        sys.exit(result.returncode)
    else:
        with terminal.session(system.dtb, arguments) as user:
            result = run(system, **user)
        if result.status == "refused":
            print_places(system, result)
        if result.status in ("silent", "timeout"):
            sys.exit(f"system.py: no end line ({result.status}) {result.qemu_errors.strip()}")
        sys.exit(result.exit_code_on(machine))


if __name__ == "__main__":
    main()
