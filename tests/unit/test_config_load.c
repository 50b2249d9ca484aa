// SPDX-License-Identifier: Apache-2.0
/*
 * How do a loader's files and a system's overlays come about in a test?  The overlays are copied
 * from the tree of test_config_tree.c, with labels as dtc -@ writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW "/schedules/schedule@0/cpu@0/minor-frame@"

static void must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, fdt_strerror(result));
        abort();
    }
}

static void *take(size_t size_bytes)
{
    void *taken = malloc(size_bytes != 0 ? size_bytes : 1);
    if (taken == NULL) {
        abort();
    }
    return taken;
}

void machine_make(struct machine *machine)
{
    static const struct change change[] = {
        GONE("/bulkhead"),
        TEXT("/", "compatible", "test,board"),
        CELLS("/gadget@9020000", "phandle", 1, 2),
        NODE("/", "__symbols__"),
        TEXT("/__symbols__", "gadget", "/gadget@9020000"),
        NODE("/", "boot-modules"),
        TEXT("/boot-modules", "compatible", "bulkhead,boot-modules"),
        CELLS("/boot-modules", "#address-cells", 1, 2),
        CELLS("/boot-modules", "#size-cells", 1, 2),
        END,
    };
    *machine = (struct machine){.arena_bytes = ARENA_BYTES, .reads_left = UINT32_MAX};
    machine->tree = take(TREE_BYTES);
    tree_build(machine->tree, GIC_V3);
    tree_change(machine->tree, change);
}

void machine_free(struct machine *machine)
{
    for (uint32_t index = 0; index < machine->file_count; index++) {
        free(machine->file[index].bytes);
    }
    free(machine->tree);
}

struct loaded *machine_put(struct machine *machine, uint64_t pa, const void *bytes,
                           size_t size_bytes, size_t room_bytes)
{
    struct loaded *file = &machine->file[machine->file_count++];
    if (machine->file_count > FILES_MAX) {
        abort();
    }
    *file = (struct loaded){pa, room_bytes, take(room_bytes)};
    memset(file->bytes, 0xa5, room_bytes);
    memcpy(file->bytes, bytes, size_bytes < room_bytes ? size_bytes : room_bytes);
    return file;
}

static void set_string(void *tree, int node, const char *name, const char *value)
{
    must(fdt_setprop(tree, node, name, value, (int)strlen(value) + 1), name);
}

/* libfdt puts a new node in front of its siblings, as U-Boot does. */
static int name_module(struct machine *machine, const char *node, const char *compatible,
                       const char *label, uint64_t pa, size_t size_bytes)
{
    fdt64_t reg[2] = {cpu_to_fdt64(pa), cpu_to_fdt64(size_bytes)};
    int modules = fdt_path_offset(machine->tree, "/boot-modules");
    int at = fdt_add_subnode(machine->tree, modules, node);
    must(at, node);
    set_string(machine->tree, at, "compatible", compatible);
    set_string(machine->tree, at, "label", label);
    must(fdt_setprop(machine->tree, at, "reg", reg, sizeof(reg)), node);
    return at;
}

void machine_name_overlay(struct machine *machine, const char *node, const char *label, uint64_t pa,
                          size_t room_bytes, uint32_t order)
{
    int at = name_module(machine, node, "bulkhead,overlay", label, pa, room_bytes);
    must(fdt_setprop_u32(machine->tree, at, "order", order), node);
}

void machine_name_file(struct machine *machine, const char *node, const char *label, uint64_t pa,
                       size_t size_bytes)
{
    (void)name_module(machine, node, "multiboot,module", label, pa, size_bytes);
}

void machine_overlay(struct machine *machine, const char *node, const char *label, uint64_t pa,
                     const void *overlay, uint32_t order)
{
    size_t size_bytes = fdt_totalsize(overlay);
    (void)machine_put(machine, pa, overlay, size_bytes, size_bytes);
    machine_name_overlay(machine, node, label, pa, size_bytes, order);
}

void machine_files(struct machine *machine)
{
    uint8_t bytes[NAV_BYTES];
    for (uint32_t at = 0; at < sizeof(bytes); at++) {
        bytes[at] = (uint8_t)(at * 7 + (at >> 8));
    }
    (void)machine_put(machine, NAV_PA, bytes, NAV_BYTES, NAV_BYTES);
    (void)machine_put(machine, IO_PA, bytes, IO_BYTES, IO_BYTES);
    machine_name_file(machine, "module-0", "nav.bin", NAV_PA, NAV_BYTES);
    machine_name_file(machine, "module-1", "io.bin", IO_PA, IO_BYTES);
}

void machine_make_whole(struct machine *machine)
{
    uint8_t *overlay = take(OVERLAY_BYTES);
    machine_make(machine);
    overlay_system(overlay);
    machine_overlay(machine, "overlay-0", "system.dtbo", SYSTEM_PA, overlay, 0);
    overlay_schedule(overlay, 500000);
    machine_overlay(machine, "overlay-1", "schedule.dtbo", SCHEDULE_PA, overlay, 1);
    machine_files(machine);
    free(overlay);
}

static bool read_ram(void *context, paddr_t pa, void *to, size_t size_bytes)
{
    struct machine *machine = context;
    if (machine->reads_left == 0) {
        return false;
    }
    machine->reads_left--;
    machine->bytes_read += size_bytes;
    for (uint32_t index = 0; index < machine->file_count; index++) {
        const struct loaded *file = &machine->file[index];
        if (pa.pa >= file->pa && pa.pa - file->pa < file->room_bytes) {
            memcpy(to, &file->bytes[pa.pa - file->pa], size_bytes);
            return true;
        }
    }
    fprintf(stderr, "%zu bytes read at %#llx, where nothing was loaded\n", size_bytes,
            (unsigned long long)pa.pa);
    abort();
}

void machine_read(struct machine *machine, struct outcome *outcome)
{
    static uint8_t *blob;
    static uint8_t *memory;
    size_t blob_bytes = TREE_BYTES;
    free(blob);
    free(memory);
    blob = take(TREE_BYTES);
    memcpy(blob, machine->tree, TREE_BYTES);
    if (!machine->as_is && fdt_pack(blob) == 0) {
        blob_bytes = fdt_totalsize(blob);
        uint8_t *packed = take(blob_bytes);
        memcpy(packed, blob, blob_bytes);
        free(blob);
        blob = packed;
    }
    memory = take(machine->arena_bytes);
    struct config_input input = outcome_input(outcome, blob, blob_bytes);
    struct arena arena = {memory, memory + machine->arena_bytes};
    machine->bytes_read = 0;
    input.read = read_ram;
    input.read_context = machine;
    struct module_desc *module = config_read(&input, &arena);
    if (module != NULL && config_check_images(&input, module, &arena) &&
        config_make_trees(&input, module, &arena) && config_place(module, &input, 0)) {
        outcome->module = module;
    }
    if ((outcome->module == NULL) != (outcome->fault_count != 0)) {
        fprintf(stderr, "%u faults, but %s\n", outcome->fault_count,
                outcome->module == NULL ? "refused" : "accepted");
        abort();
    }
}

void machine_refused(struct machine *machine, struct outcome *outcome, const char *what,
                     enum config_rule rule, const char *node, const char *other)
{
    machine_read(machine, outcome);
    if (outcome->rule != (int)rule || strcmp(outcome->node, node) != 0 ||
        strcmp(outcome->other, other) != 0) {
        fail_msg("%s: expected %s at %s, and %s; got %s: %s", what, config_rule_name((int)rule),
                 node, other, outcome->rule == RULE_NONE ? "nothing" : outcome->told[0].text,
                 outcome->rule == RULE_NONE ? "" : config_rule_name(outcome->rule));
    }
}

void overlay_begin(void *overlay)
{
    must(fdt_create(overlay, OVERLAY_BYTES), "create");
    must(fdt_finish_reservemap(overlay), "reserve");
    tree_open(overlay, "");
}

size_t overlay_end(void *overlay)
{
    tree_close(overlay);
    must(fdt_finish(overlay), "finish");
    return fdt_totalsize(overlay);
}

void overlay_open(void *overlay, const char *name, const char *target)
{
    tree_open(overlay, name);
    tree_put_string(overlay, "target-path", target);
    tree_open(overlay, "__overlay__");
}

/* Copies what is in a node but its child `but`; labels: a window's partition is to be filled in. */
static void copy_inside(void *to, const void *from, int node, const char *but, bool labels)
{
    int at;
    fdt_for_each_property_offset(at, from, node)
    {
        const char *name;
        int length;
        const void *value = fdt_getprop_by_offset(from, at, &name, &length);
        if (labels && strcmp(name, "partition") == 0) {
            PUT(to, name, UINT32_MAX);
        } else {
            must(fdt_property(to, name, value, length), name);
        }
    }
    fdt_for_each_subnode(at, from, node)
    {
        const char *name = fdt_get_name(from, at, NULL);
        if (but == NULL || strcmp(name, but) != 0) {
            tree_open(to, name);
            copy_inside(to, from, at, NULL, labels);
            tree_close(to);
        }
    }
}

/* The tree that overlays are copied from: images by name, not by place. */
static uint8_t *source_tree(void)
{
    static const struct change change[] = {
        LESS("/bulkhead/partitions/partition@1/kernel", "reg"),
        TEXT("/bulkhead/partitions/partition@1/kernel", "image-file", "nav.bin"),
        LESS("/bulkhead/partitions/partition@2/kernel", "reg"),
        TEXT("/bulkhead/partitions/partition@2/kernel", "image-file", "io.bin"),
        END,
    };
    uint8_t *tree = take(TREE_BYTES);
    tree_build(tree, GIC_V3);
    tree_change(tree, change);
    return tree;
}

static void copy_bulkhead(void *overlay, const char *but)
{
    uint8_t *tree = source_tree();
    overlay_open(overlay, "fragment@0", "/");
    tree_open(overlay, "bulkhead");
    copy_inside(overlay, tree, fdt_path_offset(tree, "/bulkhead"), but, false);
    tree_close(overlay);
    tree_close(overlay);
    tree_close(overlay);
    free(tree);
}

static void put_symbols(void *overlay)
{
    tree_open(overlay, "__symbols__");
    tree_put_string(overlay, "nav", "/fragment@0/__overlay__/bulkhead/partitions/partition@1");
    tree_put_string(overlay, "io", "/fragment@0/__overlay__/bulkhead/partitions/partition@2");
    tree_close(overlay);
}

void overlay_system(void *overlay)
{
    overlay_begin(overlay);
    copy_bulkhead(overlay, "schedules");
    put_symbols(overlay);
    (void)overlay_end(overlay);
}

void overlay_schedule(void *overlay, uint32_t first_ns)
{
    uint8_t *tree = source_tree();
    const struct change change[] = {
        CELLS("/bulkhead" WINDOW "0", "reg", 4, 0, 0, 0, first_ns),
        END,
    };
    tree_change(tree, change);
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/bulkhead");
    tree_open(overlay, "schedules");
    copy_inside(overlay, tree, fdt_path_offset(tree, "/bulkhead/schedules"), NULL, true);
    tree_close(overlay);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, "__fixups__");
    tree_put_string(overlay, "nav", "/fragment@0/__overlay__" WINDOW "0:partition:0");
    tree_put_string(overlay, "io", "/fragment@0/__overlay__" WINDOW "f4240:partition:0");
    tree_close(overlay);
    (void)overlay_end(overlay);
    free(tree);
}

void overlay_both(void *overlay)
{
    static const char *const above[] = {"__local_fixups__", "fragment@0", "__overlay__", "bulkhead",
                                        "schedules",        "schedule@0", "cpu@0"};
    static const char *const window[] = {"minor-frame@0", "minor-frame@f4240"};
    overlay_begin(overlay);
    copy_bulkhead(overlay, NULL);
    put_symbols(overlay);
    for (uint32_t index = 0; index < ARRAY_COUNT(above); index++) {
        tree_open(overlay, above[index]);
    }
    for (uint32_t index = 0; index < ARRAY_COUNT(window); index++) {
        tree_open(overlay, window[index]);
        PUT(overlay, "partition", 0);
        tree_close(overlay);
    }
    for (uint32_t index = 0; index < ARRAY_COUNT(above); index++) {
        tree_close(overlay);
    }
    (void)overlay_end(overlay);
}

void overlay_cell(void *overlay, const char *target, const char *name, uint32_t value)
{
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", target);
    PUT(overlay, name, value);
    tree_close(overlay);
    tree_close(overlay);
    (void)overlay_end(overlay);
}
