/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes and properties does the blob have?  An index of the structure block, made in one
 * verified pass, so that everything after it looks things up without walking the blob again
 * (libfdt's lookups each start from the beginning).
 */
#ifndef KERNEL_CONFIG_TREE_H
#define KERNEL_CONFIG_TREE_H

#include <bulkhead/arena.h>

#include <libfdt.h>

#define TREE_DEPTH_MAX 32U
#define TREE_PATH_MAX  256U /* longest path that messages show; longer ones are cut at the front */
#define TREE_NONE      UINT32_MAX
#define TREE_ROOT      0U

struct tree_prop {
    const char *name;
    const fdt32_t *cell; /* the value; 4-byte aligned */
    uint32_t length;     /* of the value, in bytes */
};

/* Nodes stand in the order of the blob: the subtree of node n is n .. node[n].end - 1. */
struct tree_node {
    const char *name;
    uint32_t parent; /* TREE_NONE at the root */
    uint32_t end;
    uint32_t prop; /* first property */
    uint32_t prop_count;
};

struct tree {
    struct tree_node *node;
    struct tree_prop *prop;
    uint32_t node_count;
    uint32_t prop_count;
};

enum tree_result { TREE_OK, TREE_BAD, TREE_TOO_DEEP, TREE_NO_MEMORY };

/*
 * Verifies header, memory reservations, structure and strings of the blob and fills the index from
 * the arena.  Nothing outside blob[0 .. blob_bytes) is read.  On a fault *fault_offset says where.
 */
enum tree_result tree_index(struct tree *tree, const void *blob, size_t blob_bytes,
                            struct arena *arena, uint32_t *fault_offset);

/* The property, or NULL. */
const struct tree_prop *tree_prop(const struct tree *tree, uint32_t node, const char *name);

/* The value of a property of one cell, or what stands for one that is absent or has another form.
 */
uint32_t tree_cell_of(const struct tree *tree, uint32_t node, const char *name, uint32_t absent);

/* How many children a node has.  Linear in them. */
uint32_t tree_child_count(const struct tree *tree, uint32_t node);

/* True if name is base, or base followed by '@' or '-'. */
bool tree_name_is(const char *name, const char *base);

/* True if a property's list of strings has this one.  Malformed lists have none. */
bool tree_has_string(const struct tree_prop *prop, const char *string);

/* The property's value as one NUL-terminated string, or NULL if it is none. */
const char *tree_string(const struct tree_prop *prop);

/* The node at an absolute path (each name with its unit address), or TREE_NONE. */
uint32_t tree_find(const struct tree *tree, const char *path, size_t path_length);

/* Writes the node's path, cut at the front if it is longer; returns where it begins in the buffer.
 */
const char *tree_path(const struct tree *tree, uint32_t node, char buffer[TREE_PATH_MAX]);

static inline uint32_t tree_cell(const struct tree_prop *prop, uint32_t index)
{
    return fdt32_to_cpu(prop->cell[index]);
}

/* A number of one or two cells. */
static inline uint64_t tree_number(const struct tree_prop *prop, uint32_t index, uint32_t cells)
{
    return cells == 1 ? tree_cell(prop, index)
                      : (uint64_t)tree_cell(prop, index) << 32 | tree_cell(prop, index + 1);
}

static inline uint32_t tree_first_child(uint32_t node)
{
    return node + 1;
}

#endif
