// SPDX-License-Identifier: Apache-2.0
/* See test_guest_read.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_guest_read.h"

#include <string.h>

const struct change unchanged[] = {END};

struct outcome outcome;

/* Reads a changed tree to its end; what is accepted has passed libfdt's check. */
void read_on(enum gic_version gic, const struct change *change)
{
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    tree_build(blob, gic);
    tree_change(blob, change);
    outcome_complete(&outcome, blob, TREE_BYTES);
    for (uint32_t index = 0; outcome.module != NULL && index < outcome.module->partition_count;
         index++) {
        const struct partition_desc *partition = &outcome.module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            const struct image_desc *image = &partition->image[at];
            if (image->made != NULL) {
                assert_int_equal(fdt_check_full(image->made, image->size_bytes), 0);
                assert_int_equal(fdt_totalsize(image->made), image->size_bytes);
                assert_int_equal(partition->boot_arg, image->load.ipa);
            }
        }
    }
}

const struct image_desc *tree_of(uint32_t index)
{
    assert_non_null(outcome.module);
    const struct partition_desc *partition = &outcome.module->partition[index];
    const struct image_desc *tree = NULL;
    for (uint32_t at = 0; at < partition->image_count; at++) {
        if (partition->image[at].made != NULL) {
            assert_null(tree);
            tree = &partition->image[at];
        }
    }
    return tree;
}

/* nav's tree, which there must be. */
const void *made_on(enum gic_version gic, const struct change *change)
{
    read_on(gic, change);
    if (outcome.module == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    assert_non_null(tree_of(0));
    return tree_of(0)->made;
}

void guest_refused(const struct change *change, enum config_rule rule, const char *node)
{
    read_on(GIC_V3, change);
    if (outcome.rule != (int)rule || strcmp(outcome.node, node) != 0) {
        fail_msg("expected %s at %s, got %s", config_rule_name((int)rule), node,
                 outcome.module != NULL ? "nothing" : outcome.told[0].text);
    }
    assert_null(outcome.module);
    assert_int_equal(outcome.fault_count, 1);
}

const void *value_of(const void *tree, const char *path, const char *name, int length)
{
    int node = fdt_path_offset(tree, path);
    int found;
    if (node < 0) {
        fail_msg("no node %s", path);
    }
    const void *value = fdt_getprop(tree, node, name, &found);
    if (value == NULL) {
        fail_msg("%s has no %s", path, name);
    }
    if (found != length) {
        fail_msg("%s of %s is %d bytes long, not %d", name, path, found, length);
    }
    return value;
}

void expect_cells(const void *tree, const char *path, const char *name, uint32_t count,
                  const uint32_t *cell)
{
    const fdt32_t *value = value_of(tree, path, name, (int)(count * 4));
    for (uint32_t at = 0; at < count; at++) {
        if (fdt32_to_cpu(value[at]) != cell[at]) {
            fail_msg("%s of %s: cell %u is %#x, not %#x", name, path, at, fdt32_to_cpu(value[at]),
                     cell[at]);
        }
    }
}

bool has_node(const void *tree, const char *path)
{
    return fdt_path_offset(tree, path) >= 0;
}

bool has_prop(const void *tree, const char *path, const char *name)
{
    return fdt_getprop(tree, fdt_path_offset(tree, path), name, NULL) != NULL;
}

uint32_t child_count(const void *tree, const char *path)
{
    int child;
    uint32_t count = 0;
    fdt_for_each_subnode(child, tree, fdt_path_offset(tree, path))
    {
        count++;
    }
    return count;
}
