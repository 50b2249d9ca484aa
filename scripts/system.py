# SPDX-License-Identifier: Apache-2.0
"""How does a description become a running system?

An overlay (schedules/<name>.dtso, or any file) is applied to the machine's own device tree; every
`image-file` in it is found, given an address and written into the tree as `reg`; QEMU gets kernel,
tree and images in RAM, as a boot loader would leave them.  How the run ended is read from the
kernel's last line, since QEMU's exit status says nothing:

    bulkhead: end status=<ok|fail|panic|refused> windows_due=N windows_run=N health_events=N

Command line: system.py build|command|check|run SYSTEM [--gic 2|3] [--cpu CPU] ...
Library: Machine, build_system(), System.check(), run().
"""
import argparse
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

import fdt

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RAM_BASE = 0x40000000
# QEMU puts a kernel with text_offset 0 at RAM + 2 MiB, and the device tree at RAM + 128 MiB (or half
# of RAM if that is less) when no initrd is given: images start well behind it.
KERNEL_ADDRESS = RAM_BASE + (2 << 20)
MODULE_BASE = RAM_BASE + (160 << 20)
PAGE = 4096

END_LINE = re.compile(
    r"^bulkhead: end status=(ok|fail|panic|refused)"
    r"(?: windows_due=(\d+) windows_run=(\d+) health_events=(\d+))?[ \t]*\n",
    re.MULTILINE,
)
EXIT_CODES = {"ok": 0, "fail": 1, "panic": 2, "refused": 3, "silent": 4, "timeout": 5}


class DescriptionError(Exception):
    """A description that the tools cannot turn into a system; the text is for the user."""


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


@dataclasses.dataclass(frozen=True)
class Module:
    """A boot module: what lies where in RAM when the kernel starts."""

    node: str
    file: str
    address: int
    size_bytes: int


def call(*command, **keywords):
    """Runs a tool; its complaint becomes the exception's text."""
    result = subprocess.run(command, capture_output=True, check=False, **keywords)
    if result.returncode != 0:
        message = (result.stderr + result.stdout).decode(errors="replace")
        raise DescriptionError(f"{command[0]}: {message.strip()}")
    return result.stdout


def overlay_path(name):
    """SYSTEM=<name> is schedules/<name>.dtso; anything with a slash or suffix is a file."""
    if "/" in name or name.endswith((".dtso", ".dtbo")):
        return name
    return os.path.join(SOURCE_ROOT, "schedules", name + ".dtso")


def compile_overlay(path, out):
    """C preprocessor, then dtc.  A .dtbo is taken as it is."""
    if path.endswith(".dtbo"):
        return path
    if not os.path.exists(path):
        raise DescriptionError(f"no such system description: {path}")
    include = os.path.join(SOURCE_ROOT, "dts", "include")
    text = call("gcc", "-E", "-nostdinc", "-undef", "-D__DTS__", "-x", "assembler-with-cpp",
                "-I" + include, "-I" + os.path.dirname(os.path.abspath(path)), path)
    call("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", out, "-", input=text)
    return out


def put_property(dtb, node, name, value):
    """Sets a property: int or list of ints = 32-bit cells, str, True = empty, None = delete."""
    if value is None:
        call("fdtput", "-d", dtb, node, name)
    elif value is True:
        call("fdtput", "-t", "x", dtb, node, name)
    elif isinstance(value, str):
        call("fdtput", "-t", "s", dtb, node, name, value)
    else:
        cells = value if isinstance(value, (list, tuple)) else [value]
        call("fdtput", "-t", "x", dtb, node, name, *(f"{cell:x}" for cell in cells))


def pack(source, out):
    call("dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", out, source)


def find_image(name, build, overlays):
    """Where an image-file is: absolute, or below the build directory, the source tree, or beside the
    overlay that may have named it."""
    places = [build, SOURCE_ROOT, *(os.path.dirname(os.path.abspath(path)) for path in overlays)]
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise DescriptionError(f"image-file \"{name}\" is in none of: {', '.join(places)}")


def flatten_elf(path, directory, node):
    """An ELF file as the bytes that its loadable segments put into memory, from the lowest physical
    address on; memory without file content is zero.  Other files are taken as they are."""
    with open(path, "rb") as image:
        data = image.read()
    if not data.startswith(b"\x7fELF\x02\x01"):
        return path
    offset, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    segments = []
    for index in range(count):
        kind, _, at, _, paddr, size = struct.unpack_from("<IIQQQQ", data, offset + 56 * index)
        if kind == 1 and size:  # PT_LOAD
            segments.append((paddr, data[at : at + size]))
    if not segments:
        raise DescriptionError(f"{path}: ELF file without loadable segments")
    base = min(paddr for paddr, _ in segments)
    flat = bytearray(max(paddr + len(content) for paddr, content in segments) - base)
    for paddr, content in segments:
        flat[paddr - base : paddr - base + len(content)] = content
    out = os.path.join(directory, node.strip("/").replace("/", "_") + ".bin")
    with open(out, "wb") as image:
        image.write(flat)
    return out


def place_modules(dtb, directory, build, overlays):
    """Gives every node with an image-file its reg; the file name leaves the tree."""
    modules = []
    address = MODULE_BASE
    for node in fdt.load(dtb).walk():
        name = node.string("image-file")
        if name is None:
            continue
        path = flatten_elf(find_image(name, build, overlays), directory, node.path)
        size = os.path.getsize(path)
        if size == 0:
            raise DescriptionError(f"{node.path}: image-file \"{name}\" is empty")
        reg = []
        for value, cells in ((address, node.parent.number("#address-cells", 2)),
                             (size, node.parent.number("#size-cells", 1))):
            reg += [(value >> (32 * i)) & 0xFFFFFFFF for i in reversed(range(cells))]
        put_property(dtb, node.path, "reg", reg)
        put_property(dtb, node.path, "image-file", None)
        modules.append(Module(node.path, path, address, size))
        address = (address + size + PAGE - 1) & ~(PAGE - 1)
    return modules


@dataclasses.dataclass(frozen=True)
class System:
    """A directory with everything a run needs."""

    name: str
    directory: str
    build: str
    machine: Machine
    modules: list

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
        for module in self.modules:
            file = module.file.replace(",", ",,")
            command += ["-device", f"loader,file={file},addr={module.address:#x},force-raw=on"]
        return command

    def check(self):
        """Runs the host checker on the tree; its result has returncode and text on stdout."""
        with open(self.kernel, "rb") as image:  # arm64 Image header: image_size at 16
            (kernel_bytes,) = struct.unpack_from("<Q", image.read(24), 16)
        command = [os.path.join(self.build, "host", "bulkhead-check"),
                   "--kernel", str(KERNEL_ADDRESS), str(kernel_bytes)]
        for module in self.modules:
            command += ["--image", module.node, module.file]
        return subprocess.run([*command, self.dtb], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False)

    def write_description(self):
        description = {
            "name": self.name,
            "kernel": {"file": self.kernel, "address": KERNEL_ADDRESS},
            "dtb": self.dtb,
            "machine": dataclasses.asdict(self.machine),
            "modules": [dataclasses.asdict(module) for module in self.modules],
            "command": self.command(),
        }
        with open(os.path.join(self.directory, "system.json"), "w", encoding="utf-8") as out:
            json.dump(description, out, indent=1)
            out.write("\n")


def build_system(overlays, machine=Machine(), build="build", properties=None, out=None, name=None):
    """Makes a System from one overlay or a list of them.

    properties: {node path: {property: value}} set in the merged tree (see put_property).
    out: the directory to use; default <build>/systems/<name>-gicv<N>."""
    overlays = [overlays] if isinstance(overlays, (str, os.PathLike)) else overlays
    overlays = [overlay_path(os.fspath(overlay)) for overlay in overlays]
    build = os.path.abspath(build)
    name = name or os.path.splitext(os.path.basename(overlays[0]))[0]
    directory = os.path.abspath(out or os.path.join(build, "systems", f"{name}-gicv{machine.gic}"))
    os.makedirs(directory, exist_ok=True)

    def work(file):
        return os.path.join(directory, file)

    call(*machine.arguments(dump=work("machine.dtb")))
    pack(work("machine.dtb"), work("base.dtb"))
    os.unlink(work("machine.dtb"))
    compiled = [compile_overlay(overlay, work(f"overlay{index}.dtbo"))
                for index, overlay in enumerate(overlays)]
    call("fdtoverlay", "-i", work("base.dtb"), "-o", work("merged.tmp"), *compiled)
    for node, values in (properties or {}).items():
        for prop, value in values.items():
            put_property(work("merged.tmp"), node, prop, value)
    modules = place_modules(work("merged.tmp"), directory, build, overlays)
    pack(work("merged.tmp"), work("merged.dtb"))
    os.unlink(work("merged.tmp"))
    system = System(name, directory, build, machine, modules)
    system.write_description()
    return system


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of a run.  status: the end line's, or "silent" (ended without one) or "timeout"."""

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

    @property
    def lines(self):
        return self.console.replace("\r", "").split("\n")

    def lines_of(self, partition):
        """What one partition printed, without its tag."""
        tag = f"[{partition}] "
        return [line[len(tag):] for line in self.lines if line.startswith(tag)]


def run(system, timeout_s=60, echo=None, send=b"", until=None, machine=None, extra=()):
    """Runs a system to its end and returns a Run.

    timeout_s: wall time after which QEMU is killed.  echo: a binary stream that gets the console as
    it comes.  send: bytes for the console's input, at start.  until: a regular expression; the run
    is cut short, as "silent", once the console matches it.  machine: see System.command().
    extra: further QEMU arguments."""
    started = time.monotonic()
    deadline = started + timeout_s
    log_path = os.path.join(system.directory, "console.log")
    pattern = re.compile(until) if until else None
    console = bytearray()
    timed_out = False
    with open(os.path.join(system.directory, "qemu.log"), "w+b") as errors, \
            subprocess.Popen([*system.command(machine), *extra], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=errors) as qemu, \
            selectors.DefaultSelector() as selector:
        try:
            if send:
                qemu.stdin.write(send)
                qemu.stdin.flush()
            selector.register(qemu.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
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
        finally:
            qemu.kill()
            qemu.wait()
        errors.seek(0)
        qemu_errors = errors.read().decode(errors="replace")
    with open(log_path, "wb") as log:
        log.write(console)
    text = text_of(console)
    ends = END_LINE.findall(text)
    status = "timeout" if timed_out else ends[-1][0] if ends else "silent"
    numbers = [int(number or 0) for number in ends[-1][1:]] if ends else [0, 0, 0]
    return Run(status, text, *numbers, time.monotonic() - started, qemu_errors)


def text_of(console):
    return console.decode(errors="replace").replace("\r\n", "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("action", choices=["build", "command", "check", "run"])
    parser.add_argument("system", help="name in schedules/, or an overlay's file")
    parser.add_argument("--gic", type=int, choices=[2, 3], default=3)
    parser.add_argument("--cpu", default=Machine.cpu)
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--memory", type=int, default=Machine.memory_mib, help="MiB")
    parser.add_argument("--build", default="build", help="build directory")
    parser.add_argument("--real-time", action="store_true", help="no icount: by the host's clock")
    parser.add_argument("--timeout", type=float, default=300, help="seconds of wall time")
    arguments = parser.parse_args()
    machine = Machine(gic=arguments.gic, cpu=arguments.cpu, smp=arguments.smp,
                      memory_mib=arguments.memory, icount=not arguments.real_time)
    try:
        system = build_system(arguments.system, machine, arguments.build)
    except DescriptionError as error:
        sys.exit(f"system.py: {error}")
    if arguments.action == "build":
        print(system.directory)
    elif arguments.action == "command":
        print(shlex.join(system.command()))
    elif arguments.action == "check":
        result = system.check()
        print(result.stdout, end="")
        sys.exit(result.returncode)
    else:
        result = run(system, timeout_s=arguments.timeout, echo=sys.stdout.buffer)
        if result.status in ("silent", "timeout"):
            sys.exit(f"system.py: no end line ({result.status}) {result.qemu_errors.strip()}")
        sys.exit(result.exit_code)


if __name__ == "__main__":
    main()
