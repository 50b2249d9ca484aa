// SPDX-License-Identifier: Apache-2.0
/*
 * Which children does a node have, and in which order?  Overlays turn the order of nodes around, so
 * lists are sorted by reg; the name says what a child is.
 */
#include "internal.h"

#include <string.h>

uint32_t children_find(struct reader *reader, uint32_t node, const char *name)
{
    const struct tree *tree = &reader->tree;
    uint32_t found = TREE_NONE;
    for (uint32_t child = tree_first_child(node); child < tree->node[node].end;
         child = tree->node[child].end) {
        if (strcmp(tree->node[child].name, name) != 0) {
            continue;
        }
        if (found != TREE_NONE) {
            fault_report(reader, RULE_NODE_TWICE, child, NULL, found, NULL);
        }
        found = child;
    }
    return found;
}

/* A child and what it is sorted by. */
struct keyed_node {
    uint64_t key;
    uint32_t node;
};

/* Order by key, then by place in the tree, so that the result depends on the tree alone. */
static bool comes_before(const struct keyed_node *left, const struct keyed_node *right)
{
    return left->key < right->key || (left->key == right->key && left->node < right->node);
}

/* Moves the element at `at` down a heap of `count` elements whose largest is on top. */
static void sift_down(struct keyed_node *heap, uint32_t at, uint32_t count)
{
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && comes_before(&heap[child], &heap[child + 1])) {
            child++;
        }
        if (!comes_before(&heap[at], &heap[child])) {
            return;
        }
        struct keyed_node moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

/* Heap sort: count * log(count) in the worst case, in place; one comparison each if already sorted.
 */
static void sort(struct keyed_node *item, uint32_t count)
{
    uint32_t sorted = 1;
    while (sorted < count && comes_before(&item[sorted - 1], &item[sorted])) {
        sorted++;
    }
    if (sorted >= count) {
        return;
    }
    for (uint32_t at = count / 2; at-- > 0;) {
        sift_down(item, at, count);
    }
    for (uint32_t last = count; last-- > 1;) {
        struct keyed_node largest = item[0];
        item[0] = item[last];
        item[last] = largest;
        sift_down(item, 0, last);
    }
}

uint32_t *children_sorted(struct reader *reader, uint32_t node, const struct child_spec *spec,
                          uint32_t *count)
{
    uint32_t cells = spec->cells;
    const struct tree *tree = &reader->tree;
    uint32_t end = tree->node[node].end;
    uint32_t faults_before = reader->fault_count;
    uint32_t child_count = tree_child_count(tree, node);
    *count = 0;
    struct keyed_node *item = reader_take(reader, child_count, sizeof(*item));
    uint32_t *sorted = reader_take(reader, child_count, sizeof(*sorted));
    if (item == NULL || sorted == NULL) {
        return NULL;
    }
    for (uint32_t child = tree_first_child(node); child < end; child = tree->node[child].end) {
        const struct tree_prop *reg = tree_prop(tree, child, "reg");
        if (child == spec->beside) {
            continue;
        }
        if (!tree_name_is(tree->node[child].name, spec->name)) {
            fault_at(reader, RULE_UNKNOWN_NODE, child, NULL);
            continue;
        }
        if (reg != NULL && reg->length < cells * 4U) {
            /* The node's own reader demands the exact form; here only the key must be there. */
            fault_value(reader, RULE_PROPERTY_LENGTH, child, "reg", reg->length, cells * 4U);
            continue;
        }
        if (reg == NULL) {
            fault_at(reader, RULE_MISSING_PROPERTY, child, "reg");
            continue;
        }
        item[(*count)++] = (struct keyed_node){tree_number(reg, 0, cells), child};
    }
    sort(item, *count);
    for (uint32_t at = 0; at < *count; at++) {
        sorted[at] = item[at].node;
        if (spec->unique && at != 0 && item[at].key == item[at - 1].key) {
            fault_report(reader, RULE_ID_TWICE, item[at].node, "reg", item[at - 1].node,
                         &(struct fault_values){item[at].key, item[at - 1].key});
        }
    }
    return reader->fault_count == faults_before ? sorted : NULL;
}

uint32_t *children_list(struct reader *reader, uint32_t node, const char *name, uint32_t *count)
{
    static const struct prop_spec spec[] = {
        {.name = "#address-cells", .kind = PROP_U32, .required = true},
        {.name = "#size-cells", .kind = PROP_U32, .required = true},
    };
    const struct tree_prop *found[PROPS_MAX];
    if (!props_read(reader, node, spec, ARRAY_COUNT(spec), found) ||
        !props_cells(reader, node, found[0], 1, found[1], 0)) {
        return NULL;
    }
    return children_sorted(
        reader, node,
        &(struct child_spec){.name = name, .cells = 1, .unique = true, .beside = TREE_NONE}, count);
}
