// SPDX-License-Identifier: Apache-2.0
/*
 * How is a tree built, changed and read in a test?  With libfdt; anything that fails here is a
 * mistake in the test and ends the program.
 */
#include "test_config_tree.h"

#include <bulkhead/limits.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, fdt_strerror(result));
        abort();
    }
}

void tree_put_cells(void *blob, const char *name, uint32_t count, const uint32_t *cell)
{
    fdt32_t value[32];
    for (uint32_t index = 0; index < count; index++) {
        value[index] = cpu_to_fdt32(cell[index]);
    }
    must(fdt_property(blob, name, value, (int)(count * 4)), name);
}

void tree_put_string(void *blob, const char *name, const char *value)
{
    must(fdt_property(blob, name, value, (int)strlen(value) + 1), name);
}

void tree_open(void *blob, const char *name)
{
    must(fdt_begin_node(blob, name), name);
}

void tree_close(void *blob)
{
    must(fdt_end_node(blob), "end of node");
}

static void put_space(void *blob, uint32_t address_cells, uint32_t size_cells)
{
    PUT(blob, "#address-cells", address_cells);
    PUT(blob, "#size-cells", size_cells);
}

static void put_device(void *blob, const char *name, const char *compatible, uint32_t base,
                       uint32_t spi)
{
    tree_open(blob, name);
    tree_put_string(blob, "compatible", compatible);
    PUT(blob, "reg", 0, base, 0, 0x1000);
    PUT(blob, "interrupts", 0, spi, 4);
    tree_close(blob);
}

static void put_machine(void *blob, enum gic_version gic)
{
    static const char *const cpu[] = {"cpu@0", "cpu@1"};
    PUT(blob, "interrupt-parent", 1);
    put_space(blob, 2, 2);
    tree_open(blob, "chosen");
    tree_put_string(blob, "stdout-path", "console:115200n8");
    tree_close(blob);
    tree_open(blob, "aliases");
    tree_put_string(blob, "console", "/bus@9000000/serial@0");
    tree_close(blob);
    tree_open(blob, "memory@40000000");
    tree_put_string(blob, "device_type", "memory");
    PUT(blob, "reg", 0, 0x40000000, 0, 0x20000000);
    tree_close(blob);
    tree_open(blob, "reserved-memory");
    put_space(blob, 2, 2);
    must(fdt_property(blob, "ranges", NULL, 0), "ranges");
    tree_open(blob, "hole@50000000");
    PUT(blob, "reg", 0, 0x50000000, 0, 0x10000);
    tree_close(blob);
    tree_close(blob);
    tree_open(blob, "cpus");
    put_space(blob, 1, 0);
    for (uint32_t index = 0; index < 2; index++) {
        tree_open(blob, cpu[index]);
        tree_put_string(blob, "device_type", "cpu");
        PUT(blob, "reg", index);
        tree_close(blob);
    }
    tree_close(blob);
    tree_open(blob, "psci");
    tree_put_string(blob, "compatible", "arm,psci-1.0");
    tree_put_string(blob, "method", "smc");
    tree_close(blob);
    tree_open(blob, "timer");
    tree_put_string(blob, "compatible", "arm,armv8-timer");
    PUT(blob, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    tree_close(blob);
    tree_open(blob, "intc@8000000");
    PUT(blob, "phandle", 1);
    PUT(blob, "#interrupt-cells", 3);
    put_space(blob, 2, 2);
    must(fdt_property(blob, "ranges", NULL, 0), "ranges");
    PUT(blob, "interrupts", 1, 9, 4);
    if (gic == GIC_V2) {
        tree_put_string(blob, "compatible", "arm,gic-400");
        PUT(blob, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0, 0x8030000, 0,
            0x10000, 0, 0x8040000, 0, 0x10000);
    } else {
        tree_put_string(blob, "compatible", "arm,gic-v3");
        PUT(blob, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
    }
    tree_open(blob, "its@8080000");
    PUT(blob, "reg", 0, 0x8080000, 0, 0x20000);
    tree_close(blob);
    tree_close(blob);
    put_device(blob, "rtc@9010000", "arm,pl031", 0x9010000, 2);
    put_device(blob, "gadget@9020000", "test,gadget", 0x9020000, 5);
    /* A UART behind a bus that moves addresses. */
    tree_open(blob, "bus@9000000");
    tree_put_string(blob, "compatible", "simple-bus");
    put_space(blob, 1, 1);
    PUT(blob, "ranges", 0, 0, 0x9000000, 0x10000);
    tree_open(blob, "serial@0");
    tree_put_string(blob, "compatible", "arm,pl011");
    PUT(blob, "reg", 0, 0x1000);
    tree_close(blob);
    tree_close(blob);
}

static void put_partition(void *blob, const char *node, const char *label, uint32_t id)
{
    static const char kernel[] = "multiboot,kernel\0multiboot,module";
    tree_open(blob, node);
    PUT(blob, "phandle", 0x10 + id);
    tree_put_string(blob, "compatible", "bulkhead,partition");
    PUT(blob, "reg", id);
    tree_put_string(blob, "label", label);
    put_space(blob, 2, 2);
    tree_open(blob, "memory@40000000");
    PUT(blob, "reg", 0, 0x40000000, 0, 0x100000);
    if (id == 1) {
        PUT(blob, "host-address", 0, 0x54000000);
    }
    tree_close(blob);
    tree_open(blob, "kernel");
    must(fdt_property(blob, "compatible", kernel, sizeof(kernel)), "compatible");
    PUT(blob, "reg", 0, MODULE_PA + (id - 1) * 0x10000, 0, 0x4000);
    tree_close(blob);
    if (id == 1) {
        tree_open(blob, "device@9010000");
        tree_put_string(blob, "host-device", "/rtc@9010000");
        tree_close(blob);
    }
    tree_close(blob);
}

static void put_window(void *blob, const char *node, uint32_t start, uint32_t duration, uint32_t id)
{
    tree_open(blob, node);
    PUT(blob, "reg", 0, start, 0, duration);
    PUT(blob, "partition", 0x10 + id);
    tree_close(blob);
}

void tree_build(void *blob, enum gic_version gic)
{
    must(fdt_create(blob, TREE_BYTES), "create");
    must(fdt_add_reservemap_entry(blob, 0x51000000, 0x1000), "reserve");
    must(fdt_finish_reservemap(blob), "reserve");
    tree_open(blob, "");
    put_machine(blob, gic);
    tree_open(blob, "bulkhead");
    tree_put_string(blob, "compatible", "bulkhead,module");
    tree_open(blob, "partitions");
    put_space(blob, 1, 0);
    /* Not in the order of ids: the reader has to sort. */
    put_partition(blob, "partition@2", "io", 2);
    put_partition(blob, "partition@1", "nav", 1);
    tree_close(blob);
    tree_open(blob, "schedules");
    put_space(blob, 1, 0);
    tree_open(blob, "schedule@0");
    tree_put_string(blob, "compatible", "bulkhead,schedule");
    PUT(blob, "reg", 0);
    PUT(blob, "major-frame-ns", 0, 2000000);
    put_space(blob, 1, 0);
    tree_open(blob, "cpu@0");
    PUT(blob, "reg", 0);
    put_space(blob, 2, 2);
    put_window(blob, "minor-frame@f4240", 1000000, 1000000, 2);
    put_window(blob, "minor-frame@0", 0, 500000, 1);
    tree_close(blob);
    tree_close(blob);
    tree_close(blob);
    tree_close(blob);
    tree_close(blob);
    must(fdt_finish(blob), "finish");
    must(fdt_open_into(blob, blob, TREE_BYTES), "open");
}

static void make_change(void *blob, const struct change *change)
{
    fdt32_t value[ARRAY_COUNT(change->cell)];
    int node = fdt_path_offset(blob, change->path);
    must(node, change->path);
    switch (change->kind) {
    case CHANGE_END:
        break;
    case SET_CELLS:
        for (uint32_t index = 0; index < change->cell_count; index++) {
            value[index] = cpu_to_fdt32(change->cell[index]);
        }
        must(fdt_setprop(blob, node, change->name, value, (int)change->cell_count * 4),
             change->name);
        break;
    case SET_STRING:
        must(fdt_setprop(blob, node, change->name, change->string, (int)strlen(change->string) + 1),
             change->name);
        break;
    case SET_FLAG:
        must(fdt_setprop(blob, node, change->name, NULL, 0), change->name);
        break;
    case DROP_PROPERTY:
        must(fdt_delprop(blob, node, change->name), change->name);
        break;
    case DROP_NODE:
        must(fdt_del_node(blob, node), change->path);
        break;
    case ADD_NODE:
        must(fdt_add_subnode(blob, node, change->name), change->name);
        break;
    }
}

void tree_change(void *blob, const struct change *change)
{
    for (; change->kind != CHANGE_END; change++) {
        make_change(blob, change);
    }
}

static void note_fault(void *context, const struct config_fault *fault)
{
    struct outcome *outcome = context;
    char text[512];
    /* The text is made each time, so that the sanitizers see it. */
    size_t length = config_fault_text(fault, text, sizeof(text));
    if (length != strlen(text) || fault->sentence == NULL || fault->rule_name == NULL) {
        fprintf(stderr, "rule %d has no sentence\n", fault->rule);
        abort();
    }
    if (outcome->fault_count < TOLD_MAX) {
        struct told *told = &outcome->told[outcome->fault_count];
        told->rule = fault->rule;
        snprintf(told->text, sizeof(told->text), "%s", text);
    }
    if (outcome->fault_count++ != 0) {
        return;
    }
    outcome->rule = fault->rule;
    outcome->value = fault->value;
    outcome->limit = fault->limit;
    snprintf(outcome->node, sizeof(outcome->node), "%s", fault->node);
    snprintf(outcome->property, sizeof(outcome->property), "%s",
             fault->property != NULL ? fault->property : "");
    snprintf(outcome->other, sizeof(outcome->other), "%s",
             fault->other != NULL ? fault->other : "");
}

struct config_input outcome_input(struct outcome *outcome, const void *blob, size_t blob_bytes)
{
    memset(outcome, 0, sizeof(*outcome));
    return (struct config_input){
        .fdt = blob,
        .fdt_bytes = blob_bytes,
        .fdt_pa = {FDT_PA},
        .kernel = {KERNEL_PA, 0x200000, "the kernel"},
        .default_guard_ns = 3000,
        .minimum_guard_ns = MINIMUM_GUARD_NS,
        .spread_guard_ns = SPREAD_GUARD_NS,
        .schedules_guard_ns = SCHEDULES_GUARD_NS,
        .feature_guard_ns = FEATURE_GUARDS_NS,
        .sve_vector_guard_ns = SVE_VECTOR_GUARD_NS,
        .cpu_features = FEATURE_ALL,
        .minimum_window_ns = MINIMUM_WINDOW_NS,
        .sibling_window_ns = SIBLING_TRAP_NS,
        .spread_window_ns = SPREAD_WINDOW_NS,
        .default_exit_cost_ns = 0,
        .fault = note_fault,
        .fault_context = outcome,
    };
}

/* Fresh from the heap each time, so that the sanitizers see accesses past its end. */
static struct arena fresh_arena(void)
{
    static uint8_t *memory;
    free(memory);
    memory = malloc(ARENA_BYTES);
    if (memory == NULL) {
        abort();
    }
    return (struct arena){memory, memory + ARENA_BYTES};
}

void outcome_read(struct outcome *outcome, const void *blob, size_t blob_bytes)
{
    struct config_input input = outcome_input(outcome, blob, blob_bytes);
    struct arena arena = fresh_arena();
    outcome->module = config_read(&input, &arena);
}

void outcome_complete(struct outcome *outcome, const void *blob, size_t blob_bytes)
{
    static const uint8_t flat[IMAGE_HEADER_BYTES];
    struct config_input input = outcome_input(outcome, blob, blob_bytes);
    struct arena arena = fresh_arena();
    struct module_desc *module = config_read(&input, &arena);
    for (uint32_t index = 0; module != NULL && index < module->partition_count; index++) {
        struct partition_desc *partition = &module->partition[index];
        /* Images are sorted by kind: the kernel comes first. */
        if (!config_apply_image_header(&input, module, partition, &partition->image[0], flat)) {
            return;
        }
    }
    if (module != NULL && config_make_trees(&input, module, &arena) &&
        config_place(module, &input, 0)) {
        outcome->module = module;
    }
}
