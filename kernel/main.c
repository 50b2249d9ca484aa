/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order does the kernel come up?  Console, device tree, description, memory, machine,
 * partitions, first frame; whatever is wrong with what it was given, it says so and stops the
 * machine.
 */
#include <asm/context_switch.h>
#include <asm/el2_traps.h>
#include <asm/features.h>
#include <asm/idregs.h>
#include <asm/layout.h>
#include <asm/mitigation.h>
#include <asm/mmu.h>
#include <asm/sha256.h>
#include <asm/sysreg.h>
#include <bulkhead/config.h>
#include <bulkhead/core.h>
#include <bulkhead/cores.h>
#include <bulkhead/gic.h>
#include <bulkhead/limits.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/stack_check.h>
#include <bulkhead/stage2.h>
#include <bulkhead/timer.h>
#include <bulkhead/uart.h>
#include <string.h>

/* From kernel.lds.S. */
extern uint8_t __pool_start[];

/* Flattened device tree header (Devicetree specification 0.4, 5.2). */
#define FDT_MAGIC     0xd00dfeedU
#define FDT_BYTES_MAX UINT64_C(0x200000) /* arm64 boot protocol */

/* The device tree says nothing that we can trust yet: power off the way QEMU and most boards take
 * it. */
static void refuse(void)
{
    log_line("end status=refused");
    machine_off();
}

static void early_console(void)
{
    if (CONFIG_EARLY_UART && CONFIG_UART_PL011) {
        uart_use(&pl011_driver, mmu_map_device(pa_of(CONFIG_EARLY_UART_PA), PAGE_BYTES));
    }
}

static void tree_console(const struct platform_desc *platform)
{
    if (platform->uart_kind == UART_NONE) {
        uart_use(NULL, NULL);
    } else if (CONFIG_UART_PL011 && platform->uart_kind == UART_PL011 &&
               !(CONFIG_EARLY_UART && platform->uart.base == CONFIG_EARLY_UART_PA)) {
        uart_use(&pl011_driver,
                 mmu_map_device(pa_of(platform->uart.base), platform->uart.size_bytes));
    }
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Maps the whole blob once its header has said how long it is. */
static const void *map_fdt(uint64_t fdt_pa, uint64_t *size_bytes)
{
    const uint8_t *header;

    if (fdt_pa == 0 || (fdt_pa & 7) != 0) {
        log_line(
            "refused device-tree-address: x0 = 0x%lx at entry is no device tree address; the boot "
            "loader must pass it, 8-byte aligned (QEMU: load the Image with -kernel, not an ELF)",
            fdt_pa);
        refuse();
    }
    header = mmu_map_fdt(pa_of(fdt_pa), 8);
    if (big_endian(header) != FDT_MAGIC) {
        log_line(
            "refused device-tree-magic: no device tree at 0x%lx: found 0x%08x, expected 0x%08x",
            fdt_pa, big_endian(header), FDT_MAGIC);
        refuse();
    }
    *size_bytes = big_endian(header + 4);
    if (*size_bytes > FDT_BYTES_MAX) {
        log_line(
            "refused device-tree-size: the device tree at 0x%lx claims %lu bytes, more than 2 MiB",
            fdt_pa, *size_bytes);
        refuse();
    }
    return mmu_map_fdt(pa_of(fdt_pa), *size_bytes);
}

static void report_fault(void *context, const struct config_fault *fault)
{
    char text[360];

    (void)context;
    (void)config_fault_text(fault, text, sizeof(text));
    log_line("refused %s: %s", fault->rule_name, text);
}

/* Boot modules are seen through the copy window only, page by page. */
static bool read_ram(void *context, paddr_t pa, void *to, size_t size_bytes)
{
    uint8_t *at = to;

    (void)context;
    for (size_t here; size_bytes != 0; size_bytes -= here) {
        uint64_t offset = pa.pa % PAGE_BYTES;
        const uint8_t *page = mmu_window_map(MMU_WINDOW_SOURCE, pa_of(pa.pa - offset));

        here = PAGE_BYTES - offset < size_bytes ? PAGE_BYTES - offset : size_bytes;
        memcpy(at, page + offset, here);
        pa.pa += here;
        at += here;
    }
    mmu_window_unmap(MMU_WINDOW_SOURCE);
    return true;
}

/* A board's tree of another kind: its registers would be where nothing is. */
static bool check_gic(const struct platform_desc *platform)
{
    /* ID_AA64PFR0_EL1.GIC: the core has the system registers of a GICv3 (Arm ARM D17.2.64). */
    bool has_registers = (sysreg_read(id_aa64pfr0_el1) >> 24 & 0xf) != 0;

    if (has_registers == (platform->gic_version == GIC_V3)) {
        return true;
    }
    log_line(
        "refused gic-machine: the tree has a GICv%u, the machine a GICv%u: load the tree of this "
        "board",
        (unsigned int)platform->gic_version, has_registers ? 3U : 2U);
    return false;
}

/* Whether the schedules have the CPU that this runs on: *boot_cpu. */
static bool find_boot_cpu(const struct module_desc *module, uint32_t *boot_cpu)
{
    uint64_t mpidr = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

    for (uint32_t c = 0; c < module->core_count; c++) {
        if (module->platform.cpu_mpidr[module->core_cpu[c]] == mpidr) {
            *boot_cpu = module->core_cpu[c];
            return true;
        }
    }
    log_line(
        "refused boot-core: no schedule has CPU %lx, but the kernel was started on it: give it "
        "a cpu node, without windows if it is to be idle",
        mpidr);
    return false;
}

static void init_machine(const struct platform_desc *platform)
{
    idregs_init();
    el2_traps_init();
    timer_init_core();
    gic_init(platform);
    core_init_traps(&boot_core, platform);
}

static void check_counter(void)
{
    uint64_t hz = counter_hz();

    if (hz < COUNTER_HZ_MIN || hz > COUNTER_HZ_MAX) {
        log_line("refused counter-frequency: CNTFRQ_EL0 is %lu Hz, outside %lu to %lu: firmware "
                 "must set it",
                 hz, COUNTER_HZ_MIN, COUNTER_HZ_MAX);
        refuse();
    }
}

static uint32_t window_count(const struct schedule_desc *schedule)
{
    uint32_t count = 0;

    for (uint32_t c = 0; c < schedule->core_count; c++) {
        count += schedule->core[c].window_count;
    }
    return count;
}

static void banner(const struct module_desc *module)
{
    uint8_t digest[32];
    char text[65];

    config_hash(module, digest);
    for (uint32_t i = 0; i < sizeof(digest); i++) {
        (void)format_into(text + 2 * i, 3, "%02x", digest[i]);
    }
    log_line("module %s: %u partitions, %u windows in a major frame of %lu us, guard %lu ns",
             module->name, module->partition_count, window_count(&module->schedule[0]),
             module->schedule[0].major_frame_ns / 1000, module->guard_ns);
    log_line("description sha256 %s", text);
}

static void ignore_fault(void *context, const struct config_fault *fault)
{
    (void)context;
    (void)fault;
}

/* Started at EL1.  head.S has the MMU on there, too, so without an early console the tree's is
 * found as at EL2.  PSCI is by HVC then: there is a hypervisor, or an emulator that plays one. */
static void refuse_level(struct config_input *input, struct arena *arena, uint64_t fdt_pa,
                         uint64_t level)
{
    if (!CONFIG_EARLY_UART) {
        const struct module_desc *module;
        uint64_t size_bytes;

        input->fault = ignore_fault;
        input->fdt = map_fdt(fdt_pa, &size_bytes);
        input->fdt_bytes = size_bytes;
        module = config_read(input, arena);
        if (module != NULL) {
            tree_console(&module->platform);
        }
    }
    log_line("started at EL%lu: a separation kernel needs EL2.  QEMU: -M virt,virtualization=on; "
             "boards: firmware must enter U-Boot at EL2",
             level);
    log_line("end status=refused");
    (void)firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0, true);
    machine_off();
}

/* Entered from head.S.  level: CurrentEL; misplaced: not at a 2 MiB boundary. */
void kernel_main(uint64_t fdt_pa, uint64_t kernel_pa, uint64_t level, uint64_t misplaced)
    __attribute__((noreturn));

void kernel_main(uint64_t fdt_pa, uint64_t kernel_pa, uint64_t level, uint64_t misplaced)
{
    struct arena arena = {.next = __pool_start, .end = (uint8_t *)(uintptr_t)POOL_VA};
    struct config_input input = {
        .fdt_pa = pa_of(fdt_pa),
        .kernel = {.base = kernel_pa, .size_bytes = KERNEL_BYTES, .node = "the kernel"},
        .default_guard_ns = CONFIG_DEFAULT_GUARD_NS,
        .minimum_guard_ns = MINIMUM_GUARD_NS,
        .spread_guard_ns = SPREAD_GUARD_NS,
        .schedules_guard_ns = SCHEDULES_GUARD_NS,
        .feature_guard_ns = FEATURE_GUARDS_NS,
        .sve_vector_guard_ns = SVE_VECTOR_GUARD_NS,
        .minimum_window_ns = MINIMUM_WINDOW_NS,
        .sibling_window_ns = SIBLING_TRAP_NS,
        .spread_window_ns = SPREAD_WINDOW_NS,
        .default_exit_cost_ns = CONFIG_DEFAULT_EXIT_COST_NS,
        .fault = report_fault,
        .read = read_ram,
    };
    struct module_desc *module;
    uint64_t size_bytes;
    uint64_t pool_bytes;
    uint32_t boot_cpu = 0;

    (void)stage2_vtcr(sysreg_read(id_aa64mmfr0_el1), &input.ipa_bits);
    stack_guard_seed(counter_now());
    early_console();
    if (level != 2) {
        refuse_level(&input, &arena, fdt_pa, level);
    }
    if (CONFIG_CPU_FEATURES) {
        input.cpu_features = features_of_cpu();
        input.sve_lengths = sve_lengths;
    }
    if (misplaced != 0) {
        log_line("refused load-address: the kernel runs at 0x%lx: load it at a multiple of 2 MiB",
                 kernel_pa);
        refuse();
    }
    check_counter();
    if (sha256_in_hardware()) {
        sha256_use(sha256_blocks_crypto);
    }
    input.fdt = map_fdt(fdt_pa, &size_bytes);
    input.fdt_bytes = size_bytes;
    module = config_read(&input, &arena);
    if (module == NULL) {
        refuse();
    }
    tree_console(&module->platform);
    if (!check_gic(&module->platform) || !find_boot_cpu(module, &boot_cpu) ||
        !config_check_images(&input, module, &arena) ||
        (CONFIG_GUEST_TREE && !config_make_trees(&input, module, &arena))) {
        refuse();
    }
    pool_bytes = module_bytes_bound(module);
    pool_bytes = pool_bytes <= arena_left(&arena)
                     ? 0
                     : (pool_bytes - arena_left(&arena) + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
    if (!config_place(module, &input, pool_bytes)) {
        refuse();
    }
    if (pool_bytes != 0) {
        (void)mmu_map_pool(pa_of(module->pool.base), pool_bytes);
        memset(arena.end, 0, pool_bytes);
        arena.end += pool_bytes;
    }
    module_state.kernel_ram_bytes = KERNEL_BYTES + pool_bytes;
    init_machine(&module->platform);
    banner(module);
    module_build(module, boot_cpu, &arena);
    core_run(&boot_core, cores_first_frame());
}
