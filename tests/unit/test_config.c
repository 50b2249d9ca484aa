// SPDX-License-Identifier: Apache-2.0
/*
 * Does an accepted tree become the description that it means?  Values, defaults, order, placement
 * and the hash.  Requirements: BH-CFG-1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY "/memory@40000000"
#define DEVICE NAV "/device@9010000"
#define KERNEL NAV "/kernel"

static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));

/* The changed tree, accepted and placed. */
static struct module_desc *accepted(const struct change *change, enum gic_version gic)
{
    static struct outcome outcome;
    tree_build(blob, gic);
    if (change != NULL) {
        tree_change(blob, change);
    }
    outcome_complete(&outcome, blob, TREE_BYTES);
    if (outcome.module == NULL) {
        fail_msg("refused: %s at %s", config_rule_name(outcome.rule), outcome.node);
    }
    assert_int_equal(outcome.fault_count, 0);
    return outcome.module;
}

static void machine_is_described(void **state)
{
    const struct platform_desc *platform = &accepted(NULL, GIC_V3)->platform;
    (void)state;
    assert_int_equal(platform->ram_count, 1);
    assert_int_equal(platform->ram[0].base, 0x40000000);
    assert_int_equal(platform->ram[0].size_bytes, 0x20000000);
    assert_int_equal(platform->reserved_count, 2);
    assert_int_equal(platform->reserved[0].base, 0x50000000);
    assert_int_equal(platform->reserved[1].base, 0x51000000);
    assert_int_equal(platform->device_count, 6); /* rtc, gadget, UART, GICD, GICR, ITS */
    assert_int_equal(platform->cpu_count, 2);
    assert_int_equal(platform->cpu_mpidr[1], 1);
    assert_int_equal(platform->gic_version, GIC_V3);
    assert_int_equal(platform->gicd.base, 0x08000000);
    assert_int_equal(platform->gicr_count, 1);
    assert_int_equal(platform->gicr[0].base, 0x080a0000);
    assert_int_equal(platform->gicr[0].size_bytes, 0xf60000);
    assert_int_equal(platform->irq_maintenance, 25);
    assert_int_equal(platform->irq_hyp_timer, 26);
    assert_int_equal(platform->irq_virt_timer, 27);
    assert_int_equal(platform->irq_phys_timer, 30);
    assert_int_equal(platform->psci, PSCI_SMC);
    /* Through an alias with options, and through the ranges of a bus. */
    assert_int_equal(platform->uart_kind, UART_PL011);
    assert_int_equal(platform->uart.base, 0x09000000);
    platform = &accepted(NULL, GIC_V2)->platform;
    assert_int_equal(platform->gic_version, GIC_V2);
    assert_int_equal(platform->gicc.base, 0x08010000);
    assert_int_equal(platform->gich.base, 0x08030000);
    assert_int_equal(platform->gicv.base, 0x08040000);
}

static void partitions_have_defaults(void **state)
{
    const struct module_desc *module = accepted(NULL, GIC_V3);
    const struct partition_desc *nav = &module->partition[0];
    (void)state;
    assert_string_equal(module->name, "bulkhead");
    assert_int_equal(module->guard_ns, 3000);
    assert_int_equal(module->stop_after_frames, 0);
    assert_int_equal(module->partition_count, 2);
    assert_int_equal(nav->id, 1);
    assert_string_equal(nav->name, "nav");
    assert_string_equal(nav->node, NAV);
    assert_int_equal(nav->vcpu_count, 1);
    assert_int_equal(nav->memory_count, 1);
    assert_int_equal(nav->memory[0].pa.pa, 0x54000000);
    assert_true(nav->memory[0].pa_given);
    assert_false(nav->memory[0].read_only || nav->memory[0].no_execute);
    assert_string_equal(nav->memory[0].node, NAV MEMORY);
    assert_int_equal(nav->entry.ipa, 0x40000000);
    assert_int_equal(nav->image_count, 2);
    assert_non_null(nav->image[1].made);
    assert_int_equal(nav->boot_arg, nav->image[1].load.ipa);
    assert_int_equal(nav->vgic, GIC_V3);
    assert_int_equal(nav->gicd.ipa, 0x08000000);
    assert_int_equal(nav->gicr.ipa, 0x080a0000);
    assert_true(nav->has_uart);
    assert_int_equal(nav->uart.ipa, 0x09000000);
    assert_int_equal(nav->uart_irq, 33);
    assert_int_equal(nav->console_bytes, 4096);
    assert_int_equal(nav->uart_model, UART_MODEL_PL011);
    assert_false(nav->console_input || nav->console_first || nav->console_raw);
    assert_int_equal(module->switch_key, 0x0f);
    assert_false(nav->abort_on_unmapped || nav->idle_in_kernel || nav->own_time);
    assert_int_equal(nav->device_count, 1);
    assert_int_equal(nav->device[0].pa.pa, 0x09010000);
    assert_int_equal(nav->device[0].ipa.ipa, 0x09010000);
    assert_int_equal(nav->device[0].irq_count, 1);
    assert_int_equal(nav->device[0].irq[0], 34);
    assert_string_equal(nav->device[0].host_path, "/rtc@9010000");
    assert_string_equal(module->partition[1].name, "io");
}

static void properties_are_taken(void **state)
{
    static const struct change change[] = {
        CELLS("/bulkhead", "guard-ns", 1, 5000),
        CELLS("/bulkhead", "exit-cost-ns", 1, 17),
        CELLS("/bulkhead", "stop-after-frames", 2, 1, 2),
        FLAG("/bulkhead", "print-trace"),
        TEXT("/bulkhead", "label", "demo"),
        FLAG(NAV MEMORY, "read-only"),
        TEXT(NAV, "unmapped-access", "abort"),
        TEXT(NAV, "idle", "kernel"),
        TEXT(NAV, "time", "partition"),
        TEXT(IO, "unmapped-access", "fault"),
        TEXT(IO, "idle", "native"),
        TEXT(IO, "time", "module"),
        CELLS(NAV, "gicd-address", 2, 1, 0),
        CELLS(NAV, "entry-address", 1, 0x40001000),
        CELLS(DEVICE, "reg", 4, 0, 0x0a000000, 0, 0x1000),
        CELLS(DEVICE, "phandle", 1, 0x77),
        NODE(NAV, "console@c000000"),
        TEXT(NAV "/console@c000000", "compatible", "arm,sbsa-uart"),
        CELLS(NAV "/console@c000000", "reg", 4, 0, 0x0c000000, 0, 0x1000),
        CELLS(NAV "/console@c000000", "spi", 1, 9),
        CELLS(NAV "/console@c000000", "buffer-bytes", 1, 16384),
        FLAG(NAV "/console@c000000", "input"),
        FLAG(NAV "/console@c000000", "raw"),
        CELLS("/bulkhead", "input-switch-key", 1, 0x1d),
        FLAG(IO, "no-console"),
        END,
    };
    const struct module_desc *module = accepted(change, GIC_V2);
    const struct partition_desc *nav = &module->partition[0];
    (void)state;
    assert_int_equal(module->guard_ns, 5000);
    assert_int_equal(module->exit_cost_ns, 17);
    assert_int_equal(module->stop_after_frames, UINT64_C(0x100000002));
    assert_true(module->print_trace);
    assert_string_equal(module->name, "demo");
    assert_true(nav->memory[0].read_only);
    assert_true(nav->abort_on_unmapped && nav->idle_in_kernel && nav->own_time);
    assert_false(module->partition[1].abort_on_unmapped || module->partition[1].idle_in_kernel ||
                 module->partition[1].own_time);
    assert_int_equal(nav->gicd.ipa, UINT64_C(0x100000000));
    assert_int_equal(nav->gicc.ipa, 0x08010000);
    assert_int_equal(nav->entry.ipa, 0x40001000);
    assert_int_equal(nav->device[0].ipa.ipa, 0x0a000000);
    assert_int_equal(nav->device[0].pa.pa, 0x09010000);
    assert_int_equal(nav->uart.ipa, 0x0c000000);
    assert_int_equal(nav->uart_irq, 41);
    assert_int_equal(nav->console_bytes, 16384);
    assert_true(nav->console_input && nav->console_first && nav->console_raw);
    assert_int_equal(nav->uart_model, UART_MODEL_SBSA);
    assert_int_equal(module->switch_key, 0x1d);
    assert_false(module->partition[1].has_uart);
}

/* The one that says so, else the one with the lowest id. */
static void one_of_several_is_typed_to_first(void **state)
{
    static const struct change change[][7] = {
        {NODE(NAV, "console"), TEXT(NAV "/console", "compatible", "arm,pl011"),
         FLAG(NAV "/console", "input"), NODE(IO, "console"),
         TEXT(IO "/console", "compatible", "arm,pl011"), FLAG(IO "/console", "input"), END},
        {NODE(NAV, "console"), TEXT(NAV "/console", "compatible", "arm,pl011"),
         FLAG(NAV "/console", "input"), NODE(IO, "console"),
         TEXT(IO "/console", "compatible", "arm,pl011"), TEXT(IO "/console", "input", "first"),
         END},
        {NODE(IO, "console"), TEXT(IO "/console", "compatible", "arm,pl011"),
         FLAG(IO "/console", "input"), END},
    };
    static const bool first[][2] = {{true, false}, {false, true}, {false, true}};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(change); index++) {
        const struct module_desc *module = accepted(change[index], GIC_V3);
        assert_int_equal(module->partition[0].console_first, first[index][0]);
        assert_int_equal(module->partition[1].console_first, first[index][1]);
        assert_true(module->partition[1].console_input);
    }
}

static void schedule_is_sorted(void **state)
{
    const struct module_desc *module = accepted(NULL, GIC_V3);
    const struct core_schedule_desc *core = &module->schedule[0].core[0];
    (void)state;
    assert_int_equal(module->schedule_count, 1);
    assert_int_equal(module->schedule[0].major_frame_ns, 2000000);
    assert_int_equal(module->schedule[0].core_count, 1);
    assert_int_equal(core->cpu, 0);
    assert_int_equal(core->window_count, 2);
    assert_int_equal(core->window[0].start_ns, 0);
    assert_int_equal(core->window[0].duration_ns, 500000);
    assert_int_equal(core->window[0].partition, 0);
    assert_int_equal(core->window[1].start_ns, 1000000);
    assert_int_equal(core->window[1].partition, 1);
}

/* A thousand windows in an order far from that of their starts, abutting, one of them of an hour.
 */
static void many_windows_are_sorted(void **state)
{
    enum { WINDOWS = 1000, STEP_NS = 1000003 };
    struct outcome outcome;
    (void)state;
    uint8_t *large = malloc(1 << 20);
    assert_non_null(large);
    tree_build(blob, GIC_V3);
    assert_int_equal(fdt_open_into(blob, large, 1 << 20), 0);
    int schedule = fdt_path_offset(large, "/bulkhead/schedules/schedule@0");
    assert_int_equal(fdt_setprop_u64(large, schedule, "major-frame-ns", UINT64_C(3600000000000)),
                     0);
    fdt_del_node(large,
                 fdt_path_offset(large, "/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0"));
    int last = fdt_path_offset(large, "/bulkhead/schedules/schedule@0/cpu@0/minor-frame@f4240");
    fdt64_t reg[2] = {cpu_to_fdt64((uint64_t)WINDOWS * STEP_NS),
                      cpu_to_fdt64(UINT64_C(3600000000000) - (uint64_t)WINDOWS * STEP_NS)};
    assert_int_equal(fdt_setprop_inplace(large, last, "reg", reg, sizeof(reg)), 0);
    int core = fdt_path_offset(large, "/bulkhead/schedules/schedule@0/cpu@0");
    for (uint32_t index = 0; index < WINDOWS; index++) {
        char name[32];
        uint64_t start = (uint64_t)(index * 389 % WINDOWS) * STEP_NS;
        (void)snprintf(name, sizeof(name), "minor-frame@%llx", (unsigned long long)start);
        int node = fdt_add_subnode(large, core, name);
        assert_true(node >= 0);
        reg[0] = cpu_to_fdt64(start);
        reg[1] = cpu_to_fdt64(STEP_NS);
        assert_int_equal(fdt_setprop(large, node, "reg", reg, sizeof(reg)), 0);
        assert_int_equal(fdt_setprop_u32(large, node, "partition", 0x11), 0);
    }
    size_t arena_bytes = 1 << 20;
    uint8_t *memory = malloc(arena_bytes);
    assert_non_null(memory);
    struct config_input input = outcome_input(&outcome, large, 1 << 20);
    struct arena arena = {memory, memory + arena_bytes};
    const struct module_desc *module = config_read(&input, &arena);
    assert_non_null(module);
    const struct core_schedule_desc *read = &module->schedule[0].core[0];
    assert_int_equal(read->window_count, WINDOWS + 1);
    for (uint32_t index = 0; index < WINDOWS; index++) {
        assert_int_equal(read->window[index].start_ns, (uint64_t)index * STEP_NS);
    }
    free(memory);
    free(large);
}

/* What was given by size goes to the lowest free place, clear of everything. */
static void memory_is_placed(void **state)
{
    static const struct change change[] = {
        CELLS("/memory@40000000", "reg", 4, 0, 0x40100000, 0, 0x1ff00000),
        CELLS(IO MEMORY, "reg", 4, 0, 0x40000000, 0, 0x300000),
        END,
    };
    const struct module_desc *module = accepted(NULL, GIC_V3);
    (void)state;
    assert_int_equal(module->partition[1].memory[0].pa.pa, 0x40000000);
    module = accepted(change, GIC_V3);
    /* 3 MiB at the IPA's offset in 2 MiB; the kernel has 0x40200000 to 0x40400000. */
    assert_int_equal(module->partition[1].memory[0].pa.pa, 0x40400000);
}

static void pool_is_placed(void **state)
{
    struct outcome outcome;
    struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);
    struct module_desc *module = accepted(NULL, GIC_V3);
    (void)state;
    assert_true(config_place(module, &input, 0x200000));
    assert_int_equal(module->pool.base, 0x40400000);
    assert_int_equal(module->pool.size_bytes, 0x200000);
    assert_false(config_place(module, &input, 0x20000000));
    assert_int_equal(outcome.rule, RULE_NO_SPACE);
}

/* Ramdisk and device tree go to the top of the lowest region, the device tree above. */
static void images_go_to_the_top(void **state)
{
    static const char ramdisk[] = "multiboot,ramdisk\0multiboot,module";
    static const char tree[] = "multiboot,device-tree\0multiboot,module";
    static const struct change change[] = {
        NODE(NAV, "ramdisk"),
        CELLS(NAV "/ramdisk", "reg", 4, 0, 0x4c000000, 0, 0x2001),
        NODE(NAV, "dtb"),
        CELLS(NAV "/dtb", "reg", 4, 0, 0x4d000000, 0, 0x801),
        END,
    };
    static const struct change overlap[] = {
        CELLS(NAV "/ramdisk", "load-address", 2, 0, 0x40003fff),
        END,
    };
    struct outcome outcome;
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, change);
    fdt_setprop(blob, fdt_path_offset(blob, NAV "/ramdisk"), "compatible", ramdisk,
                sizeof(ramdisk));
    fdt_setprop(blob, fdt_path_offset(blob, NAV "/dtb"), "compatible", tree, sizeof(tree));
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_non_null(outcome.module);
    const struct partition_desc *nav = &outcome.module->partition[0];
    assert_int_equal(nav->image_count, 3);
    assert_int_equal(nav->image[1].kind, IMAGE_RAMDISK);
    assert_int_equal(nav->image[1].load.ipa, 0x400fc000);
    assert_int_equal(nav->image[2].kind, IMAGE_DEVICE_TREE);
    assert_int_equal(nav->image[2].load.ipa, 0x400ff000);
    assert_int_equal(nav->boot_arg, 0x400ff000);
    tree_change(blob, overlap);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_IMAGE_OVERLAP);
    /* A second one of a kind is refused. */
    fdt_setprop(blob, fdt_path_offset(blob, NAV "/dtb"), "compatible", ramdisk, sizeof(ramdisk));
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_NODE_TWICE);
}

/* One module may serve several partitions. */
static void modules_may_be_shared(void **state)
{
    static const struct change change[] = {
        CELLS(IO "/kernel", "reg", 4, 0, MODULE_PA, 0, 0x4000),
        END,
    };
    const struct module_desc *module = accepted(change, GIC_V3);
    (void)state;
    assert_int_equal(module->partition[0].image[0].pa.pa, module->partition[1].image[0].pa.pa);
}

static void hash_of(const struct change *change, uint8_t digest[32])
{
    config_hash(accepted(change, GIC_V3), digest);
}

/* Where a loader puts things, and in which order nodes stand, is not the system's identity. */
static void hash_ignores_loading(void **state)
{
    static const struct change moved[] = {
        CELLS(KERNEL, "reg", 4, 0, 0x4e000000, 0, 0x4000),
        TEXT(KERNEL, "image-file", "elsewhere/nav.bin"),
        CELLS("/memory@40000000", "reg", 4, 0, 0x40100000, 0, 0x1f000000),
        FLAG("/gadget@9020000", "test,unrelated"),
        GONE(DEVICE),
        NODE(NAV, "device-rtc"),
        TEXT(NAV "/device-rtc", "host-device", "/rtc@9010000"),
        END,
    };
    uint8_t before[32];
    uint8_t after[32];
    (void)state;
    hash_of(NULL, before);
    hash_of(moved, after);
    assert_memory_equal(before, after, sizeof(before));
}

/* Each of these is another system. */
static void hash_sees_the_system(void **state)
{
    static const struct change change[][5] = {
        {CELLS("/bulkhead", "guard-ns", 1, 3001), END},
        {CELLS("/bulkhead", "input-switch-key", 1, 1), END},
        {NODE(IO, "console"), TEXT(IO "/console", "compatible", "arm,sbsa-uart"), END},
        {NODE(IO, "console"), TEXT(IO "/console", "compatible", "arm,pl011"),
         FLAG(IO "/console", "input"), END},
        {NODE(IO, "console"), TEXT(IO "/console", "compatible", "arm,pl011"),
         FLAG(IO "/console", "input"), FLAG(IO "/console", "raw"), END},
        {CELLS("/bulkhead", "exit-cost-ns", 1, 1), END},
        {CELLS("/bulkhead", "stop-after-frames", 1, 1), END},
        {FLAG("/bulkhead", "print-trace"), END},
        {TEXT("/bulkhead", "label", "other"), END},
        {TEXT(IO, "label", "oi"), END},
        {CELLS(IO, "reg", 1, 3), END},
        {TEXT(IO, "unmapped-access", "abort"), END},
        {TEXT(IO, "idle", "kernel"), END},
        {TEXT(IO, "time", "partition"), END},
        {FLAG(IO, "no-console"), END},
        {CELLS(IO, "entry-address", 2, 0, 0x40000004), END},
        {CELLS(IO, "gicd-address", 2, 0, 0x07000000), END},
        {CELLS(IO, "gicr-address", 2, 0, 0x0f000000), END},
        {CELLS(IO MEMORY, "reg", 4, 0, 0x40000000, 0, 0x101000), END},
        {CELLS(IO MEMORY, "host-address", 2, 0, 0x40000000), END},
        {CELLS(NAV MEMORY, "host-address", 2, 0, 0x55000000), END},
        {FLAG(NAV MEMORY, "read-only"), END},
        {CELLS(IO "/kernel", "reg", 4, 0, 0x4a010000, 0, 0x4001), END},
        {CELLS(IO "/kernel", "load-address", 2, 0, 0x40001000),
         CELLS(IO, "entry-address", 2, 0, 0x40000000)},
        {CELLS(IO "/kernel", "sha256", 8, 1, 2, 3, 4, 5, 6, 7, 8), END},
        {CELLS(IO "/kernel", "sha256", 8, 1, 2, 3, 4, 5, 6, 7, 9), END},
        {CELLS(DEVICE, "reg", 4, 0, 0x0a000000, 0, 0x1000), END},
        {TEXT(DEVICE, "host-device", "/gadget@9020000"), END},
        {CELLS("/rtc@9010000", "interrupts", 3, 0, 7, 4), END},
        {CELLS("/bulkhead/schedules/schedule@0", "major-frame-ns", 2, 0, 2000001), END},
        {CELLS("/bulkhead/schedules/schedule@0", "reg", 1, 1), END},
        {TEXT("/bulkhead/schedules/schedule@0", "label", "x"), END},
        {CELLS("/bulkhead/schedules/schedule@0/cpu@0", "reg", 1, 1), END},
        {CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0", "reg", 4, 0, 1, 0, 500000),
         END},
        {CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0", "reg", 4, 0, 0, 0, 500001),
         END},
        {CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0", "partition", 1, 0x12),
         CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@f4240", "partition", 1, 0x11)},
    };
    static uint8_t digest[ARRAY_COUNT(change) + 1][32];
    (void)state;
    hash_of(NULL, digest[0]);
    for (size_t index = 0; index < ARRAY_COUNT(change); index++) {
        hash_of(change[index], digest[index + 1]);
        for (size_t other = 0; other <= index; other++) {
            if (memcmp(digest[other], digest[index + 1], 32) == 0) {
                fail_msg("change %zu has the hash of %zu", index + 1, other);
            }
        }
    }
}

/* A second vCPU with a window, and a second schedule: both are taken. */
static void vcpus_and_schedules(void **state)
{
    static const struct change change[] = {
        CELLS(NAV, "vcpus", 1, 2),
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@f4240", "partition", 1, 0x11),
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@f4240", "vcpu", 1, 1),
        NODE("/bulkhead/schedules/schedule@0", "cpu@1"),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "reg", 1, 1),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "#address-cells", 1, 2),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "#size-cells", 1, 2),
        NODE("/bulkhead/schedules/schedule@0/cpu@1", "minor-frame@0"),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1/minor-frame@0", "reg", 4, 0, 0, 0, 2000000),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1/minor-frame@0", "partition", 1, 0x12),
        END,
    };
    const struct schedule_desc *schedule = &accepted(change, GIC_V3)->schedule[0];
    (void)state;
    assert_int_equal(schedule->core_count, 2);
    assert_int_equal(schedule->core[0].window[1].vcpu, 1);
    assert_int_equal(schedule->core[0].window[1].partition, 0);
    assert_int_equal(schedule->core[1].cpu, 1);
    assert_int_equal(schedule->core[1].window[0].duration_ns, 2000000);
}

/* A CPU that a schedule names without windows is left idle; one that it does not name is another
 * system. */
static void a_cpu_may_be_idle(void **state)
{
    static const struct change change[] = {
        NODE("/bulkhead/schedules/schedule@0", "cpu@1"),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "reg", 1, 1),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "#address-cells", 1, 2),
        CELLS("/bulkhead/schedules/schedule@0/cpu@1", "#size-cells", 1, 2),
        END,
    };
    const struct schedule_desc *schedule = &accepted(change, GIC_V3)->schedule[0];
    uint8_t without[32];
    uint8_t with[32];
    (void)state;
    assert_int_equal(schedule->core_count, 2);
    assert_int_equal(schedule->core[0].window_count, 2);
    assert_int_equal(schedule->core[1].cpu, 1);
    assert_int_equal(schedule->core[1].window_count, 0);
    hash_of(NULL, without);
    hash_of(change, with);
    assert_memory_not_equal(without, with, sizeof(with));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_is_described),
        cmocka_unit_test(partitions_have_defaults),
        cmocka_unit_test(properties_are_taken),
        cmocka_unit_test(schedule_is_sorted),
        cmocka_unit_test(many_windows_are_sorted),
        cmocka_unit_test(memory_is_placed),
        cmocka_unit_test(pool_is_placed),
        cmocka_unit_test(images_go_to_the_top),
        cmocka_unit_test(modules_may_be_shared),
        cmocka_unit_test(hash_ignores_loading),
        cmocka_unit_test(hash_sees_the_system),
        cmocka_unit_test(vcpus_and_schedules),
        cmocka_unit_test(a_cpu_may_be_idle),
        cmocka_unit_test(one_of_several_is_typed_to_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
