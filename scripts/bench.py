# SPDX-License-Identifier: Apache-2.0
"""Is the kernel as fast and as exact as it promises?  Everything under icount with a 1 GHz counter:
one instruction takes one nanosecond and one tick, so a figure is an instruction count, and the same
source and compiler give the same figures to the last digit, on any host.

Prints a table, writes <build>/bench.json as name: {value, unit, limit}, and fails if a value is above
its limit, or more than 2 % above the one kept in tests/bench-kept.json (--keep rewrites that file).

Checks BH-TIME-1, BH-TIME-2, BH-TIME-3, BH-TIME-5, BH-SEC-2, BH-BLD-2."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "qemu"))

import bench_linux  # noqa: E402  (beside this file)
import loaded  # noqa: E402  (tests/qemu/loaded.py)
import systems  # noqa: E402  (tests/qemu/systems.py)
from systems import MS, Partition, Window, system  # noqa: E402

KEPT_PATH = os.path.join(ROOT, "tests", "bench-kept.json")
KEPT_SLACK = 1.02
GICS = (2, 3)
HASHED_BYTES = 65536
QUIET = "spin"  # the attack under which nothing but the switch itself is to be done

# name: (unit, limit, what others need for the same)
LIMITS = {
    "switch_insns": ("insn", 600, "PRTOS 1,193; Xen 3,063"),
    "switch_worst_insns": ("insn", 3000, "PRTOS 3,891; Xen 53,685"),
    "release_spread_ns": ("ns", 0, "PRTOS 3,891; Xen 53,685"),
    "release_error_ns": ("ns", 0, "Xen 3,061 always"),
    "windows_lost": ("windows", 0, "Xen 2 of 3; PRTOS hangs"),
    "stolen_gaps": ("gaps", 0, "Xen 1,130 ns each"),
    "guard_ns": ("ns", 3000, "-"),
    "hypercall_insns": ("insn", 150, "Bao 154; PRTOS 253; Xen 399"),
    "gicd_read_insns": ("insn", 200, "Bao 225; Xen 829"),
    "vtimer_irq_insns": ("insn", 300, "Xen 1,022"),
    "vtimer_irq_wfi_insns": ("insn", 400, "Xen 3,625 to 36,000"),
    "sgi_self_insns": ("insn", 300, "Xen 615"),
    "linux_boot_ratio": ("ratio", 1.02, "-"),
    "cpu_loop_ratio": ("ratio", 1.001, "-"),
    "memcpy_ratio": ("ratio", 1.001, "-"),
    "boot_insns": ("insn", 450000, "Bao 446 k; Xen 14.7 M"),
    "boot_overlay_insns": ("insn", 2500000, "-"),
    "boot_hash_insns": ("insn", 200000, "-"),
    "image_bytes": ("bytes", 104000, "Bao 94 kB; PRTOS 148 kB; Xen 1,049 kB"),
    "image_full_bytes": ("bytes", 168000, "PRTOS 148 kB; Xen 1,049 kB"),
    "kernel_ram_bytes": ("bytes", 2097152, "Xen 10.2 MiB; PRTOS 24 MB"),
}


class BenchError(Exception):
    """A run that gives no figure; the text says why."""


def run_attack(build, gic, number, name, frames):
    directory = os.path.join(build, "bench", f"{name}-gicv{gic}")
    machine = system.Machine(gic=gic)
    made = systems.attack_system(directory, machine, number, frames, build)
    return systems.judge_attack(system.run(made, timeout_s=900), name, gic, frames)


def run_services(build, gic):
    """The one-partition system; its window is its frame."""
    run = system.run(services_system(build, gic, "services"), timeout_s=120)
    lines = run.lines_of("only")
    if run.status != "ok" or "bench: end" not in lines:
        raise BenchError(f"services, GICv{gic}: ended {run.status}\n" + "\n".join(run.lines[-20:]))
    found = {}
    for line in lines:
        if line.startswith("bench: "):
            found.update(systems.fields_of(line))
    return found


def services_system(build, gic, name, guest="bench", properties=None):
    directory = os.path.join(build, "bench", f"{name}-gicv{gic}")
    partitions = [Partition("only", guest)]
    made = systems.write_system(directory, system.Machine(gic=gic), partitions,
                                [Window("only", 0, 20 * MS)], 20 * MS, 6, build=build)
    if properties:
        made = system.build_system([overlay.source for overlay in made.overlays], made.machine, build,
                                   {made.modules[0].node: properties}, out=directory)
    return made


def first_instruction(run, what):
    """Instructions from reset to the guest's first one."""
    for line in run.lines_of("only"):
        if line.startswith("bench: ") and "first_instruction" in line:
            return systems.fields_of(line)["first_instruction"]
    raise BenchError(f"{what}: ended {run.status}\n" + "\n".join(run.lines[-20:]))


def run_loading(build, gic):
    """What it costs to apply the system's overlay and to hash an image of 64 KiB: both come on top of
    boot_insns, which has neither."""
    plain = services_system(build, gic, "plain")
    guest = os.path.join(plain.directory, "padded.bin")
    with open(plain.modules[0].file, "rb") as image, open(guest, "wb") as padded:
        content = image.read().ljust(HASHED_BYTES, b"\0")
        padded.write(content)
    systems_of = {
        "plain": plain,
        "overlay": loaded.leave(plain, [*loaded.files_of(plain), *loaded.overlays_of(plain)],
                                os.path.join(plain.directory, "overlay")),
        "padded": services_system(build, gic, "padded", guest),
        "hashed": services_system(build, gic, "hashed", guest,
                                  {"sha256": hashlib.sha256(content).digest()}),
    }
    took = {name: first_instruction(system.run(made, timeout_s=120), f"{name}, GICv{gic}")
            for name, made in systems_of.items()}
    return took["overlay"] - took["plain"], took["hashed"] - took["padded"]


def run_attacks(build, frames, jobs, only):
    """All attacks on both GICs."""
    tasks = [(gic, number, name) for gic in GICS for number, name, _ in systems.ATTACKS
             if not only or re.search(only, name)]
    done = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run_attack, build, gic, number, name, frames)
                   for gic, number, name in tasks]
        for future in concurrent.futures.as_completed(futures):
            result = future.result()
            done.append(result)
            bad = result.problems or any((result.windows_lost, result.release_spread_ns,
                                          result.release_error_ns, result.stolen_gaps))
            if bad:
                print(f"  {result.attack} GICv{result.gic}: lost {result.windows_lost}, spread "
                      f"{result.release_spread_ns} ns, error {result.release_error_ns} ns, stolen "
                      f"{result.stolen_gaps} (max {result.stolen_max_ns} ns)", flush=True)
                for problem in result.problems:
                    print("    " + problem.replace("\n", "\n    "), flush=True)
    return done


def stat(results, name):
    """The worst value of a kernel statistic over all runs."""
    values = [result.stats[name] for result in results if name in result.stats]
    if not values:
        raise BenchError(f"no run reported the statistic {name}")
    return max(values)


def measure(build, frames, jobs, only):
    services = {gic: run_services(build, gic) for gic in GICS}
    loading = [run_loading(build, gic) for gic in GICS]
    linux, boots = bench_linux.measure(build)
    bench_linux.print_visits(boots)
    started = time.monotonic()
    attacks = run_attacks(build, frames, jobs, only)
    print(f"  {len(attacks)} attack runs of {frames} frames in {time.monotonic() - started:.0f} s")
    broken = [result for result in attacks if result.problems]

    quiet = [result for result in attacks if result.attack == QUIET]

    def switch(results):
        return stat(results, "switch_entry_to_wait_max") + stat(results, "exit_ticks")

    def worst(name):
        return max(found[name] for found in services.values())

    values = {
        "switch_insns": switch(quiet or attacks),
        "switch_worst_insns": switch(attacks),
        "release_spread_ns": max(result.release_spread_ns for result in attacks),
        "release_error_ns": max(result.release_error_ns for result in attacks),
        "windows_lost": sum(result.windows_lost for result in attacks),
        "stolen_gaps": sum(result.stolen_gaps for result in attacks),
        "guard_ns": stat(attacks, "guard_ns"),
        "hypercall_insns": worst("hypercall"),
        "gicd_read_insns": worst("gicd_typer_read"),
        "vtimer_irq_insns": worst("timer_spinning"),
        "vtimer_irq_wfi_insns": worst("timer_wfi"),
        "sgi_self_insns": max(worst("sgi_self"), worst("sgi_self_taken")),
        **linux,
        "boot_insns": worst("first_instruction"),
        "boot_overlay_insns": max(overlay for overlay, _ in loading),
        "boot_hash_insns": max(hashed for _, hashed in loading),
        "image_bytes": os.path.getsize(os.path.join(build, "backbone", "bulkhead.bin")),
        "image_full_bytes": os.path.getsize(os.path.join(build, "bulkhead.bin")),
        "kernel_ram_bytes": stat(attacks, "kernel_ram_bytes"),
    }
    return values, services, broken


def print_services(services):
    print("\nServices, instructions round trip (largest of 64; GICv2, GICv3)")
    for name in services[GICS[0]]:
        if not name.endswith("_min"):
            print(f"  {name:<22}" + "".join(f"{services[gic][name]:>10}" for gic in GICS))


def compare(values, kept):
    """Prints the table; returns the names that fail."""
    failed = []
    print(f"\n{'name':<20}{'value':>12} {'unit':<8}{'limit':>10}{'kept':>10}  others")
    for name, (unit, limit, peers) in LIMITS.items():
        value = values[name]
        note = ""
        if value > limit:
            note = "  ABOVE ITS LIMIT"
        elif name in kept and value > kept[name] * KEPT_SLACK:
            note = "  WORSE THAN THE KEPT VALUE"
        if note:
            failed.append(name)
        print(f"{name:<20}{value:>12} {unit:<8}{limit:>10}{kept.get(name, '-'):>10}  {peers}{note}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--frames", type=int, default=1000, help="major frames of each attack")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="attacks whose name matches this regular expression")
    parser.add_argument("--keep", action="store_true", help="rewrite tests/bench-kept.json")
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    try:
        values, services, broken = measure(build, arguments.frames, arguments.jobs, arguments.only)
    except (BenchError, bench_linux.BenchError, system.DescriptionError) as error:
        sys.exit(f"bench: {error}")
    kept = {}
    if os.path.exists(KEPT_PATH):
        with open(KEPT_PATH, encoding="utf-8") as file:
            kept = json.load(file)
    print_services(services)
    failed = compare(values, kept)
    with open(os.path.join(build, "bench.json"), "w", encoding="utf-8") as file:
        json.dump({name: {"value": values[name], "unit": unit, "limit": limit}
                   for name, (unit, limit, _) in LIMITS.items()}, file, indent=1)
        file.write("\n")
    if arguments.keep:
        with open(KEPT_PATH, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=1)
            file.write("\n")
    for result in broken:
        failed.append(f"attack {result.attack} on GICv{result.gic}")
    if failed:
        sys.exit("bench: failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
