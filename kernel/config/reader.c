// SPDX-License-Identifier: Apache-2.0
/*
 * Blob in, description out: which steps does the configuration reader take?  See internal.h for
 * their order.  Nothing of the description is used before every step was passed without a fault.
 */
#include "loaded.h"

#include <string.h>

#define SWITCH_KEY_DEFAULT (CONFIG_CONSOLE_SWITCH ? 0x0fU : 0U) /* Ctrl-O */
#define SWITCH_KEY_MAX     (CONFIG_CONSOLE_SWITCH ? 0x1fU : 0U)

enum module_prop {
    MODULE_COMPATIBLE,
    MODULE_LABEL,
    MODULE_GUARD,
    MODULE_EXIT_COST,
    MODULE_STOP,
    MODULE_TRACE,
    MODULE_SWITCH_KEY,
    MODULE_MAINTENANCE,
    MODULE_PROPS
};

static const struct prop_spec module_spec[MODULE_PROPS] = {
    [MODULE_COMPATIBLE] = {.name = WITH_TEXT("compatible", "bulkhead,module"),
                           .kind = PROP_COMPATIBLE,
                           .required = true},
    [MODULE_LABEL] = {.name = "label", .kind = PROP_STRING},
    [MODULE_GUARD] = {.name = "guard-ns", .kind = PROP_U32},
    [MODULE_EXIT_COST] = {.name = "exit-cost-ns", .kind = PROP_U32},
    [MODULE_STOP] = {.name = "stop-after-frames", .kind = PROP_U64},
    [MODULE_TRACE] = {.name = "print-trace", .kind = PROP_FLAG},
    [MODULE_SWITCH_KEY] = {.name = "input-switch-key", .kind = PROP_U32},
    [MODULE_MAINTENANCE] = {.name = "maintenance-schedule", .kind = PROP_U32},
};

bool reader_index(struct reader *reader, const void *blob, size_t blob_bytes)
{
    uint32_t offset;
    switch (tree_index(&reader->tree, blob, blob_bytes, reader->arena, &offset)) {
    case TREE_OK:
        return true;
    case TREE_BAD:
        fault_named(reader, RULE_BAD_BLOB, "/", NULL, NULL, offset, blob_bytes);
        break;
    case TREE_TOO_DEEP:
        fault_named(reader, RULE_TREE_DEPTH, "/", NULL, NULL, TREE_DEPTH_MAX + 1, TREE_DEPTH_MAX);
        break;
    case TREE_NO_MEMORY:
        fault_named(reader, RULE_STARTUP_MEMORY, "/", NULL, NULL,
                    (uint64_t)reader->tree.node_count * sizeof(struct tree_node) +
                        (uint64_t)reader->tree.prop_count * sizeof(struct tree_prop),
                    arena_left(reader->arena));
        break;
    }
    return false;
}

static uint32_t overlay_count(const struct reader *reader)
{
    uint32_t count = 0;
    while (count < reader->boot_module_count && reader->boot_module[count].overlay) {
        count++;
    }
    return count;
}

/* The tree as it was loaded, and on top of it what the loader brought along. */
static bool read_tree(struct reader *reader)
{
    if (!reader_index(reader, reader->input->fdt, reader->input->fdt_bytes) ||
        !boot_modules_read(reader)) {
        return false;
    }
    uint32_t count = overlay_count(reader);
    if (count == 0) {
        return true;
    }
    if (!CONFIG_OVERLAYS) {
        fault_at(reader, RULE_OVERLAY_SUPPORT, reader->boot_module[0].node, NULL);
        return false;
    }
    /* An overlay may name files, but not overlays: those would not be applied. */
    if (!overlays_apply(reader) || !boot_modules_read(reader)) {
        return false;
    }
    if (overlay_count(reader) != count) {
        fault_at(reader, RULE_UNKNOWN_NODE, reader->boot_module[count].node, NULL);
    }
    return reader->fault_count == 0;
}

/* The properties of /bulkhead itself. */
static bool read_module(struct reader *reader)
{
    const struct tree_prop *found[PROPS_MAX];
    const struct config_input *input = reader->input;
    struct module_desc *module = reader->module;
    uint32_t node = reader->module_node;
    if (!props_read(reader, node, module_spec, MODULE_PROPS, found)) {
        return false;
    }
    module->name = "bulkhead";
    if (found[MODULE_LABEL] != NULL && props_label(reader, node, found[MODULE_LABEL])) {
        module->name = tree_string(found[MODULE_LABEL]);
    }
    reader->guard_given = found[MODULE_GUARD] != NULL;
    module->guard_ns = props_number(found[MODULE_GUARD], input->default_guard_ns);
    module->exit_cost_ns = props_number(found[MODULE_EXIT_COST], input->default_exit_cost_ns);
    module->stop_after_frames = props_number(found[MODULE_STOP], 0);
    module->print_trace = found[MODULE_TRACE] != NULL;
    reader->maintenance = found[MODULE_MAINTENANCE];
    module->switch_key = (uint32_t)props_number(found[MODULE_SWITCH_KEY], SWITCH_KEY_DEFAULT);
    if (module->switch_key > SWITCH_KEY_MAX) {
        fault_value(reader, RULE_PROPERTY_VALUE, node, "input-switch-key", module->switch_key,
                    SWITCH_KEY_MAX);
    }
    if (!CONFIG_MODULE_SCHEDULES && reader->maintenance != NULL) {
        fault_at(reader, RULE_SCHEDULES_SUPPORT, node, "maintenance-schedule");
    }
    if (module->guard_ns < input->minimum_guard_ns) {
        fault_value(reader, RULE_GUARD_SHORT, node, "guard-ns", module->guard_ns,
                    input->minimum_guard_ns);
    }
    if (module->exit_cost_ns != 0 && module->exit_cost_ns >= module->guard_ns) {
        fault_value(reader, RULE_EXIT_COST, node, "exit-cost-ns", module->exit_cost_ns,
                    module->guard_ns);
    }
    return reader->fault_count == 0;
}

/* Finds the two children of /bulkhead. */
static bool find_children(struct reader *reader, uint32_t *partitions, uint32_t *schedules)
{
    const struct tree *tree = &reader->tree;
    uint32_t end = tree->node[reader->module_node].end;
    *partitions = children_find(reader, reader->module_node, "partitions");
    *schedules = children_find(reader, reader->module_node, "schedules");
    for (uint32_t child = tree_first_child(reader->module_node); child < end;
         child = tree->node[child].end) {
        const char *name = tree->node[child].name;
        if (strcmp(name, "partitions") != 0 && strcmp(name, "schedules") != 0) {
            fault_at(reader, RULE_UNKNOWN_NODE, child, NULL);
        }
    }
    if (*partitions == TREE_NONE) {
        fault_missing_node(reader, reader->module_node, "partitions");
    }
    if (*schedules == TREE_NONE) {
        fault_missing_node(reader, reader->module_node, "schedules");
    }
    return reader->fault_count == 0;
}

/* The blob's node; a second one would be ignored in silence, so it is a fault. */
static bool find_module(struct reader *reader)
{
    reader->module_node = children_find(reader, TREE_ROOT, "bulkhead");
    if (reader->module_node == TREE_NONE) {
        fault_at(reader, RULE_NO_DESCRIPTION, TREE_ROOT, NULL);
    }
    return reader->fault_count == 0;
}

/* The steps, each of which needs those before it to have found no fault. */
static bool read_all(struct reader *reader)
{
    uint32_t partitions;
    uint32_t schedules;
    if (!read_tree(reader)) {
        return false;
    }
    reader->module = reader_take(reader, 1, sizeof(*reader->module));
    if (reader->module == NULL || !find_module(reader) || !platform_read(reader)) {
        return false;
    }
    reader->module->kernel = reader->input->kernel;
    reader->module->fdt = (struct address_range){
        reader->input->fdt_pa.pa, fdt_totalsize(reader->input->fdt), "the device tree blob"};
    if (!read_module(reader) || !find_children(reader, &partitions, &schedules)) {
        return false;
    }
    /* Windows name partitions, so those come first. */
    if (!partitions_read(reader, partitions) || !schedules_read(reader, schedules)) {
        return false;
    }
    check_partitions(reader);
    check_machine(reader);
    check_schedules(reader);
    return reader->fault_count == 0;
}

struct module_desc *config_read(const struct config_input *input, struct arena *arena)
{
    /* Not on the stack: the paths in it are as long as a kernel stack allows for everything. */
    struct reader *reader = arena_take(arena, sizeof(*reader), _Alignof(struct reader));
    if (reader == NULL) {
        fault_emit(input, RULE_STARTUP_MEMORY, "/", NULL, NULL,
                   &(struct fault_values){sizeof(*reader), arena_left(arena)});
        return NULL;
    }
    reader->input = input;
    reader->arena = arena;
    return read_all(reader) ? reader->module : NULL;
}
