// SPDX-License-Identifier: Apache-2.0
/*
 * How do the reader's parts tell a fault?  Paths are built only here, when there is one.
 */
#include "internal.h"

#include <string.h>

void fault_emit(const struct config_input *input, enum config_rule rule, const char *node,
                const char *property, const char *other, const struct fault_values *values)
{
    struct config_fault fault = {
        .rule = (int)rule,
        .rule_name = config_rule_name((int)rule),
        .sentence = config_rule_sentence((int)rule),
        .node = node,
        .property = property,
        .other = other,
        .has_values = values != NULL,
    };
    if (values != NULL) {
        fault.value = values->value;
        fault.limit = values->limit;
    }
    if (input->fault != NULL) {
        input->fault(input->fault_context, &fault);
    }
}

void fault_report(struct reader *reader, enum config_rule rule, uint32_t node, const char *property,
                  uint32_t other, const struct fault_values *values)
{
    const char *path = tree_path(&reader->tree, node, reader->path);
    const char *other_path =
        other == TREE_NONE ? NULL : tree_path(&reader->tree, other, reader->other);
    reader->fault_count++;
    fault_emit(reader->input, rule, path, property, other_path, values);
}

void fault_at(struct reader *reader, enum config_rule rule, uint32_t node, const char *property)
{
    fault_report(reader, rule, node, property, TREE_NONE, NULL);
}

void fault_value(struct reader *reader, enum config_rule rule, uint32_t node, const char *property,
                 uint64_t value, uint64_t limit)
{
    fault_report(reader, rule, node, property, TREE_NONE, &(struct fault_values){value, limit});
}

void fault_named(struct reader *reader, enum config_rule rule, const char *node,
                 const char *property, const char *other, uint64_t value, uint64_t limit)
{
    reader->fault_count++;
    fault_emit(reader->input, rule, node, property, other, &(struct fault_values){value, limit});
}

void fault_named_alone(struct reader *reader, enum config_rule rule, const char *node,
                       const char *property, const char *other)
{
    reader->fault_count++;
    fault_emit(reader->input, rule, node, property, other, NULL);
}

void fault_missing_node(struct reader *reader, uint32_t node, const char *name)
{
    fault_named_alone(reader, RULE_MISSING_NODE, tree_path(&reader->tree, node, reader->path), NULL,
                      name);
}

static void report_exhausted(struct reader *reader, uint64_t size_bytes)
{
    fault_named(reader, RULE_STARTUP_MEMORY, "/bulkhead", NULL, NULL, size_bytes,
                arena_left(reader->arena));
}

void *reader_take(struct reader *reader, size_t count, size_t element_bytes)
{
    void *taken = arena_take_array(reader->arena, count, element_bytes, _Alignof(uint64_t));
    if (taken == NULL) {
        report_exhausted(reader, (uint64_t)count * element_bytes);
    }
    return taken;
}

const char *reader_path(struct reader *reader, uint32_t node)
{
    const char *path = tree_path(&reader->tree, node, reader->path);
    size_t size_bytes = strlen(path) + 1;
    char *copy = arena_take(reader->arena, size_bytes, 1);
    if (copy == NULL) {
        report_exhausted(reader, size_bytes);
        return "";
    }
    memcpy(copy, path, size_bytes);
    return copy;
}
