/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do tests look at the device tree that is made for a partition?  With libfdt, whose complete
 * check each tree must pass; what is not as expected ends the test.  The partition is nav of
 * test_config_tree.c unless another is said.
 */
#ifndef TESTS_UNIT_TEST_GUEST_READ_H
#define TESTS_UNIT_TEST_GUEST_READ_H

#include "test_config_tree.h"

#include <libfdt.h>

#define RAM      UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x100000)
#define GIC_NODE "/interrupt-controller@8000000"
#define RAMDISK  "multiboot,ramdisk\0multiboot,module"

/* What came of the last tree that was read. */
extern struct outcome outcome;

extern const struct change unchanged[];

/* Reads a machine's tree with changes to its end; what is accepted has passed libfdt's check. */
void read_on(enum gic_version gic, const struct change *change);

/* The image that is the tree of a partition, or NULL. */
const struct image_desc *tree_of(uint32_t index);

/* nav's tree, which there must be. */
const void *made_on(enum gic_version gic, const struct change *change);

/* Expects one fault, of this rule and node. */
void guest_refused(const struct change *change, enum config_rule rule, const char *node);

/* A property of just this length. */
const void *value_of(const void *tree, const char *path, const char *name, int length);

void expect_cells(const void *tree, const char *path, const char *name, uint32_t count,
                  const uint32_t *cell);

#define EXPECT(tree, path, name, ...)                                                              \
    expect_cells(tree, path, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})
#define EXPECT_TEXT(tree, path, name, text)                                                        \
    assert_memory_equal(value_of(tree, path, name, sizeof(text)), text, sizeof(text))

bool has_node(const void *tree, const char *path);
bool has_prop(const void *tree, const char *path, const char *name);
uint32_t child_count(const void *tree, const char *path);

#endif
