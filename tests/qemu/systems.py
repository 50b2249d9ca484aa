# SPDX-License-Identifier: Apache-2.0
"""How do tests and the bench describe a system?  Partitions and windows in Python become an overlay,
guests get their parameters patched in, and the kernel's report is read back.

The overlay is ordinary (docs/bindings.md); scripts/system.py applies, places and runs it."""
import dataclasses
import os
import re
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import system  # noqa: E402  (scripts/system.py)

KIB = 1 << 10
MIB = 1 << 20
US = 1000
MS = 1000 * US
RAM = 0x40000000  # where a guest's memory begins, as it sees it

PARAMS_OFFSET = 8
PARAMS_MAGIC = 0x534D415241504842  # guests/lib/guest.h
PARAMS_COUNT = 7


def build_directory():
    return os.path.abspath(os.environ.get("BULKHEAD_BUILD", os.path.join(ROOT, "build")))


def patch_params(binary, words, out):
    """Writes a copy of a guest's flat binary with its parameter words set."""
    with open(binary, "rb") as image:
        data = bytearray(image.read())
    magic, = struct.unpack_from("<Q", data, PARAMS_OFFSET)
    if magic != PARAMS_MAGIC:
        raise ValueError(f"{binary} has no parameter block")
    if len(words) > PARAMS_COUNT:
        raise ValueError(f"{len(words)} parameters, room for {PARAMS_COUNT}")
    struct.pack_into(f"<{len(words)}Q", data, PARAMS_OFFSET + 8, *words)
    with open(out, "wb") as image:
        image.write(data)
    return out


def list_of(header, macro):
    """Rows `MACRO(number, name, "text")` of a guest's header: [(number, name, text)]."""
    with open(os.path.join(ROOT, "guests", header), encoding="utf-8") as text:
        rows = re.findall(macro + r'\((\d+),\s*(\w+),\s*"([^"]*)"\)', text.read())
    assert [int(row[0]) for row in rows] == list(range(len(rows)))
    return [(int(number), name, text) for number, name, text in rows]


ATTACKS = list_of("hostile/attacks.h", "ATTACK")
FAULTS = list_of("faults/faults.h", "FAULT")


@dataclasses.dataclass(frozen=True)
class Memory:
    """A region: where the partition sees it, its size, flags of the binding, host address."""

    address: int
    size: int
    flags: tuple = ()
    host_address: int = None

    def text(self):
        lines = [f"reg = <{cells(self.address)} {cells(self.size)}>;"]
        if self.host_address is not None:
            lines.append(f"host-address = <{cells(self.host_address)}>;")
        lines += [f"{flag};" for flag in self.flags]
        return node(f"memory@{self.address:x}", lines)


@dataclasses.dataclass(frozen=True)
class Partition:
    """One partition; its id is its place in the list."""

    name: str
    guest: str
    params: tuple = ()
    memory: tuple = (Memory(RAM, MIB),)
    properties: tuple = ()  # lines of the partition's node
    nodes: tuple = ()  # further nodes in it
    console: tuple = ()  # lines of its console's node; none = the default console
    uart: str = "arm,pl011"  # of a console with lines
    load_address: int = None  # of its kernel


@dataclasses.dataclass(frozen=True)
class Window:
    partition: str
    start_ns: int
    duration_ns: int
    vcpu: int = 0
    cpu: int = 0
    period_start: bool = False


@dataclasses.dataclass(frozen=True)
class Said:
    """What a schedule says of a partition besides its windows."""

    partition: str
    change_action: str = None
    period_ns: int = None
    duration_ns: int = None

    def text(self, numbers):
        lines = [f"reg = <{numbers[self.partition]}>;"]
        if self.period_ns is not None:
            lines += [f"period-ns = <{cells(self.period_ns)}>;",
                      f"duration-ns = <{cells(self.duration_ns)}>;"]
        if self.change_action is not None:
            lines.append(f'change-action = "{self.change_action}";')
        return node(f"partition-schedule@{numbers[self.partition]:x}", lines)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """One of several schedules; its id is its place in the list, its label modea, modeb, ..."""

    windows: tuple
    frame_ns: int
    said: tuple = ()
    label: str = None
    idle: tuple = ()  # CPUs that get a node without windows

    def text(self, number, numbers):
        cpus = sorted({window.cpu for window in self.windows} | set(self.idle)) or [0]
        lines = [
            'compatible = "bulkhead,schedule";',
            f"reg = <{number}>;",
            f'label = "{self.label or "mode" + chr(ord("a") + number)}";',
            f"major-frame-ns = <{cells(self.frame_ns)}>;",
            "#address-cells = <1>;",
            "#size-cells = <0>;",
        ]
        if self.said:
            lines.append(node("partition-schedules",
                              ["#address-cells = <1>;", "#size-cells = <0>;",
                               *(said.text(numbers) for said in self.said)]))
        lines += [cpu_text(cpu, self.windows, numbers) for cpu in cpus]
        return node(f"s{number}: schedule@{number:x}", lines)


def cells(value):
    return f"{value >> 32:#x} {value & 0xFFFFFFFF:#x}"


def node(name, lines):
    body = "\n".join(lines).replace("\n", "\n    ")
    return f"{name} {{\n    {body}\n}};"


def image_node(name, kind, file, *lines):
    """A further image of a partition.  kind: "ramdisk", "device-tree", or None for data."""
    compatible = f'"multiboot,{kind}", "multiboot,module"' if kind else '"multiboot,module"'
    return node(name, [f"compatible = {compatible};", f'image-file = "{os.path.abspath(file)}";',
                       *lines])


def partition_text(number, partition, image):
    lines = [
        'compatible = "bulkhead,partition";',
        f"reg = <{number}>;",
        f'label = "{partition.name}";',
        "#address-cells = <2>;",
        "#size-cells = <2>;",
        *partition.properties,
        *(memory.text() for memory in partition.memory),
        node("kernel", ['compatible = "multiboot,kernel", "multiboot,module";',
                        f'image-file = "{image}";',
                        *(() if partition.load_address is None else
                          (f"load-address = <{cells(partition.load_address)}>;",))]),
    ]
    lines += partition.nodes
    if partition.console:
        lines.append(node("console", [f'compatible = "{partition.uart}";', *partition.console]))
    return node(f"p{number}: partition@{number:x}", lines)


def window_text(window, numbers):
    return node(f"minor-frame@{window.start_ns:x}",
                [f"reg = <{cells(window.start_ns)} {cells(window.duration_ns)}>;",
                 f"partition = <&p{numbers[window.partition]}>;", f"vcpu = <{window.vcpu}>;",
                 *(("period-start;",) if window.period_start else ())])


def cpu_text(cpu, windows, numbers):
    return node(f"cpu@{cpu:x}", [f"reg = <{cpu}>;", "#address-cells = <2>;", "#size-cells = <2>;",
                                 *(window_text(window, numbers) for window in windows
                                   if window.cpu == cpu)])


def overlay_text(partitions, windows, frame_ns, images, stop_after_frames, module=(), idle=()):
    """idle: CPUs that get a node without windows."""
    numbers = {partition.name: number for number, partition in enumerate(partitions)}
    if not windows or isinstance(windows[0], Window):
        windows = [Schedule(tuple(windows), frame_ns, label="main", idle=tuple(idle))]
    schedules = [schedule.text(number, numbers) for number, schedule in enumerate(windows)]
    module_lines = [
        'compatible = "bulkhead,module";',
        f"stop-after-frames = <{stop_after_frames}>;",
        *module,
        node("partitions", [
            "#address-cells = <1>;", "#size-cells = <0>;",
            *(partition_text(number, partition, images[number])
              for number, partition in enumerate(partitions))]),
        node("schedules", ["#address-cells = <1>;", "#size-cells = <0>;", *schedules]),
    ]
    return "/dts-v1/;\n/plugin/;\n" + node("&{/}", [node("bulkhead", module_lines)]) + "\n"


def write_system(directory, machine, partitions, windows, frame_ns, stop_after_frames, module=(),
                 build=None, idle=()):
    """Makes a system.System in `directory`.  A guest is a name in guests/ or a path with a slash.
    windows: those of the one schedule, on CPUs as they say, with `idle` as CPUs without any; or a
    list of Schedules, and frame_ns is None."""
    build = build or build_directory()
    os.makedirs(directory, exist_ok=True)
    images = []
    for partition in partitions:
        image = (partition.guest if "/" in partition.guest
                 else os.path.join(build, "guests", partition.guest + ".bin"))
        if partition.params:
            image = patch_params(image, partition.params,
                                 os.path.join(directory, partition.name + ".bin"))
        images.append(os.path.abspath(image))
    path = os.path.join(directory, "system.dtso")
    with open(path, "w", encoding="utf-8") as out:
        out.write(overlay_text(partitions, windows, frame_ns, images, stop_after_frames, module,
                               idle))
    return system.build_system(path, machine, build=build, out=directory)


# --- the kernel's report -------------------------------------------------------------------------

def fields_of(line):
    """`key=value` words of a line; numbers become int."""
    found = {}
    for key, value in re.findall(r"(\w+)=(\S+)", line):
        try:
            found[key] = int(value, 0)
        except ValueError:
            found[key] = value
    return found


def report_lines(run, kind):
    start = f"bulkhead: {kind} "
    return [fields_of(line[len(start):]) for line in run.lines if line.startswith(start)]


def report_windows(run):
    return report_lines(run, "window")


def report_stats(run):
    stats = {}
    for fields in report_lines(run, "stat"):
        stats.update(fields)
    return stats


def report_health(run):
    return report_lines(run, "health")


def spread_ns(windows):
    """The largest spread of any window's release, and the largest distance from its plan."""
    released = [window for window in windows if window["run"]]
    return (max(window["release_max_ns"] - window["release_min_ns"] for window in released),
            max(max(abs(window["release_min_ns"]), abs(window["release_max_ns"]))
                for window in released))


def guest_line(run, partition, start):
    """The fields of the one line of a partition that starts so."""
    lines = [line for line in run.lines_of(partition) if line.startswith(start)]
    if len(lines) != 1:
        raise AssertionError(f"{len(lines)} lines '{start}' of {partition}; it said "
                             f"{run.lines_of(partition)[-4:]}")
    return fields_of(lines[0])


# --- the attack system ---------------------------------------------------------------------------

ATTACK_FRAME_NS = 1 * MS
INEXACT_MAX = 2  # windows whose release the victim may see inexactly
START_FRAMES = 10  # frames that a partition may take to start


def attack_system(directory, machine, attack, frames, build=None, policies=()):
    """Partitions a (hostile) 400 us, b (victim) 400 us, c (spins) 200 us.  Both report some frames
    before the end, so that their lines get out.  policies: properties of a, besides."""
    report_at = frames - 25
    partitions = (
        Partition("a", "hostile", (attack, report_at), console=("buffer-bytes = <512>;",),
                  properties=('unmapped-access = "abort";', *policies)),
        Partition("b", "victim", (report_at - 5,)),
        Partition("c", "hostile", (0, 1 << 40)),
    )
    windows = (Window("a", 0, 400 * US), Window("b", 400 * US, 400 * US),
               Window("c", 800 * US, 200 * US))
    return write_system(directory, machine, partitions, windows, ATTACK_FRAME_NS, frames,
                        build=build)


@dataclasses.dataclass(frozen=True)
class AttackResult:
    attack: str
    gic: int
    windows_lost: int
    release_spread_ns: int
    release_error_ns: int
    stolen_gaps: int
    stolen_max_ns: int
    rounds: int
    problems: tuple
    stats: dict


def judge_attack(run, name, gic, frames):
    """What came of an attack: figures, and whatever shows that the run proves nothing."""
    problems = []
    windows = report_windows(run)
    if run.status not in ("ok", "late") or len(windows) != 3:
        tail = "\n".join(run.lines[-12:])
        return AttackResult(name, gic, frames, 0, 0, 0, 0, 0,
                            (f"ended {run.status}:\n{tail}",), {})
    if run.status != "ok":
        problems.append("ended fail")
    lost = sum(window["due"] - window["run"] for window in windows)
    # A partition's first windows go into its start.
    if any(window["due"] < frames - START_FRAMES for window in windows):
        problems.append(f"windows due: {[window['due'] for window in windows]} of {frames} frames")
    spread, error = spread_ns(windows)
    stolen = stolen_max = rounds = 0
    try:
        victim = guest_line(run, "b", "victim: ")
        lost = max(lost, victim["lost"])
        spread = max(spread, victim["offset_max_ns"] - victim["offset_min_ns"])
        error = max(error, abs(victim["offset_min_ns"]), abs(victim["offset_max_ns"]))
        stolen, stolen_max = victim["stolen_count"], victim["stolen_max_ns"]
        if victim["exact"] < victim["windows"] - INEXACT_MAX:
            problems.append(f"victim saw only {victim['exact']} of {victim['windows']} exactly")
        hostile = guest_line(run, "a", "hostile: ")
        rounds = hostile["rounds"]
        if hostile["attack"] != name or rounds == 0:
            problems.append(f"not the attack that was asked for: {hostile}")
    except AssertionError as error_text:
        problems.append(str(error_text))
    if run.health_events:
        health = [line for line in run.lines if line.startswith("bulkhead: health ")]
        problems += health[:3] + [f"health events: {run.health_events}"]
    return AttackResult(name, gic, lost, spread, error, stolen, stolen_max, rounds,
                        tuple(problems), report_stats(run))
