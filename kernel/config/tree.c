// SPDX-License-Identifier: Apache-2.0
/*
 * How is the blob read without trusting it?  Every offset is compared with the block that it points
 * into before it is followed; nesting is bounded.  Invariant: all that the index points to lies in
 * the blob, values are 4-byte aligned, names are NUL-terminated inside the blob and lie apart from
 * values, which may be written to.  Format: Devicetree Specification 0.4, chapter 5.  libfdt's own
 * complete check re-reads every string once per use, which alone would cost a good third of the
 * start-up time; the fuzzer proves that this one is as strict.
 */
#include "tree.h"

#include <string.h>

/* The first version whose header gives the structure block's size; later ones say that they can be
 * read like it. */
#define FDT_STRUCT_VERSION 17U

/* The blob's parts after the header was verified. */
struct blocks {
    const uint8_t *structure;
    uint32_t structure_bytes;
    const char *strings;
    uint32_t strings_bytes; /* up to and with the last NUL */
};

static bool inside(uint32_t offset, uint32_t size, uint32_t total)
{
    return offset <= total && size <= total - offset;
}

/* The same for what the header points to, which lies behind it. */
static bool is_block(uint32_t offset, uint32_t size, uint32_t total)
{
    return offset >= sizeof(struct fdt_header) && inside(offset, size, total);
}

/* Verifies the header and the list of reserved ranges.  On failure *fault_offset says where. */
static bool find_blocks(struct blocks *blocks, const void *blob, size_t blob_bytes,
                        uint32_t *fault_offset)
{
    *fault_offset = 0;
    /* The last word of a version-17 header is at 36; 8-byte alignment keeps every value aligned. */
    if (blob_bytes < sizeof(struct fdt_header) || ((uintptr_t)blob & 7U) != 0 ||
        fdt_magic(blob) != FDT_MAGIC) {
        return false;
    }
    uint32_t total = fdt_totalsize(blob);
    uint32_t structure = fdt_off_dt_struct(blob);
    uint32_t structure_bytes = fdt_size_dt_struct(blob);
    uint32_t strings = fdt_off_dt_strings(blob);
    uint32_t strings_bytes = fdt_size_dt_strings(blob);
    uint32_t reserve = fdt_off_mem_rsvmap(blob);
    *fault_offset = (uint32_t)offsetof(struct fdt_header, totalsize);
    if (total > blob_bytes || total > INT32_MAX || fdt_version(blob) < FDT_STRUCT_VERSION ||
        fdt_last_comp_version(blob) > FDT_STRUCT_VERSION) {
        return false;
    }
    *fault_offset = (uint32_t)offsetof(struct fdt_header, off_dt_struct);
    if ((structure & 3U) != 0 || !is_block(structure, structure_bytes, total) ||
        !is_block(strings, strings_bytes, total) || (reserve & 7U) != 0 ||
        !is_block(reserve, 0, total) ||
        ranges_overlap(structure, structure_bytes, strings, strings_bytes)) {
        return false;
    }
    /* Entries of two 64-bit numbers up to one that is zero (5.3.2). */
    *fault_offset = reserve;
    for (uint32_t at = reserve;; at += 16) {
        const fdt32_t *entry = (const fdt32_t *)((const uint8_t *)blob + at);
        if (!inside(at, 16, total)) {
            return false;
        }
        if (entry[2] == 0 && entry[3] == 0 && entry[0] == 0 && entry[1] == 0) {
            break;
        }
    }
    blocks->structure = (const uint8_t *)blob + structure;
    blocks->structure_bytes = structure_bytes;
    blocks->strings = (const char *)blob + strings;
    /* One NUL at the end bounds every string that begins before it. */
    while (strings_bytes != 0 && blocks->strings[strings_bytes - 1] != '\0') {
        strings_bytes--;
    }
    blocks->strings_bytes = strings_bytes;
    return true;
}

/*
 * One pass over the structure block.  With tree->node NULL it only counts; otherwise it fills the
 * index, whose arrays are as large as the first pass counted.  Time: linear in the block.
 */
static enum tree_result scan(struct tree *tree, const struct blocks *blocks, uint32_t *fault_offset)
{
    uint32_t at = 0;
    uint32_t depth = 0;
    uint32_t open = TREE_NONE;
    bool takes_props = false; /* properties stand before a node's children (5.4.2) */
    tree->node_count = 0;
    tree->prop_count = 0;

    for (;;) {
        *fault_offset = at;
        if (!inside(at, 4, blocks->structure_bytes)) {
            return TREE_BAD;
        }
        const fdt32_t *cell = (const fdt32_t *)(blocks->structure + at);
        uint32_t tag = fdt32_to_cpu(*cell);
        at += 4;
        if (tag == FDT_PROP) {
            if (!takes_props || !inside(at, 8, blocks->structure_bytes)) {
                return TREE_BAD;
            }
            uint32_t length = fdt32_to_cpu(cell[1]);
            uint32_t name = fdt32_to_cpu(cell[2]);
            at += 8;
            if (!inside(at, length, blocks->structure_bytes) || name >= blocks->strings_bytes) {
                return TREE_BAD;
            }
            at = (at + length + 3U) & ~3U;
            if (tree->node != NULL) {
                tree->prop[tree->prop_count] =
                    (struct tree_prop){&blocks->strings[name], cell + 3, length};
                tree->node[open].prop_count++;
            }
            tree->prop_count++;
        } else if (tag == FDT_BEGIN_NODE) {
            const char *name = (const char *)(cell + 1);
            uint32_t end = at;
            while (end < blocks->structure_bytes && blocks->structure[end] != '\0') {
                end++;
            }
            /* One root, without a name (5.4.1). */
            if (end == blocks->structure_bytes ||
                (depth == 0 && (tree->node_count != 0 || end != at))) {
                return TREE_BAD;
            }
            if (++depth > TREE_DEPTH_MAX) {
                return TREE_TOO_DEEP;
            }
            at = (end + 4U) & ~3U;
            if (tree->node != NULL) {
                tree->node[tree->node_count] =
                    (struct tree_node){name, open, 0, tree->prop_count, 0};
            }
            open = tree->node_count++;
            takes_props = true;
        } else if (tag == FDT_END_NODE) {
            if (depth == 0) {
                return TREE_BAD;
            }
            depth--;
            takes_props = false;
            if (tree->node != NULL) {
                tree->node[open].end = tree->node_count;
                open = tree->node[open].parent;
            }
        } else if (tag == FDT_END) {
            return depth == 0 && tree->node_count != 0 ? TREE_OK : TREE_BAD;
        } else if (tag != FDT_NOP) {
            return TREE_BAD;
        }
    }
}

enum tree_result tree_index(struct tree *tree, const void *blob, size_t blob_bytes,
                            struct arena *arena, uint32_t *fault_offset)
{
    struct blocks blocks;
    *tree = (struct tree){0};
    if (!find_blocks(&blocks, blob, blob_bytes, fault_offset)) {
        return TREE_BAD;
    }
    enum tree_result result = scan(tree, &blocks, fault_offset);
    if (result == TREE_OK) {
        tree->node = arena_take_array(arena, tree->node_count, sizeof(*tree->node),
                                      _Alignof(struct tree_node));
        tree->prop = arena_take_array(arena, tree->prop_count, sizeof(*tree->prop),
                                      _Alignof(struct tree_prop));
        if (tree->node == NULL || tree->prop == NULL) {
            return TREE_NO_MEMORY;
        }
        result = scan(tree, &blocks, fault_offset);
    }
    *fault_offset += (uint32_t)(blocks.structure - (const uint8_t *)blob);
    return result;
}

const struct tree_prop *tree_prop(const struct tree *tree, uint32_t node, const char *name)
{
    const struct tree_prop *prop = &tree->prop[tree->node[node].prop];
    for (uint32_t index = 0; index < tree->node[node].prop_count; index++) {
        if (prop[index].name[0] == name[0] && strcmp(prop[index].name, name) == 0) {
            return &prop[index];
        }
    }
    return NULL;
}

uint32_t tree_cell_of(const struct tree *tree, uint32_t node, const char *name, uint32_t absent)
{
    const struct tree_prop *prop = tree_prop(tree, node, name);
    return prop != NULL && prop->length == 4 ? tree_cell(prop, 0) : absent;
}

uint32_t tree_child_count(const struct tree *tree, uint32_t node)
{
    uint32_t end = tree->node[node].end;
    uint32_t count = 0;
    for (uint32_t child = tree_first_child(node); child < end; child = tree->node[child].end) {
        count++;
    }
    return count;
}

bool tree_name_is(const char *name, const char *base)
{
    while (*base != '\0' && *name == *base) {
        name++;
        base++;
    }
    return *base == '\0' && (*name == '\0' || *name == '@' || *name == '-');
}

bool tree_has_string(const struct tree_prop *prop, const char *string)
{
    if (prop == NULL || prop->length == 0) {
        return false;
    }
    const char *at = (const char *)prop->cell;
    const char *end = at + prop->length;
    if (end[-1] != '\0') {
        return false;
    }
    while (at < end) {
        if (*at == *string && strcmp(at, string) == 0) {
            return true;
        }
        at += strlen(at) + 1;
    }
    return false;
}

const char *tree_string(const struct tree_prop *prop)
{
    const char *string = (const char *)prop->cell;
    if (prop->length == 0 || string[prop->length - 1] != '\0' ||
        strlen(string) + 1 != prop->length) {
        return NULL;
    }
    return string;
}

uint32_t tree_find(const struct tree *tree, const char *path, size_t path_length)
{
    uint32_t node = TREE_ROOT;
    size_t at = 0;
    if (path_length == 0 || path[0] != '/') {
        return TREE_NONE;
    }
    while (at < path_length) {
        size_t length = 0;
        at++; /* the slash */
        while (at + length < path_length && path[at + length] != '/') {
            length++;
        }
        if (length == 0) {
            return TREE_NONE;
        }
        uint32_t child = tree_first_child(node);
        uint32_t end = tree->node[node].end;
        for (; child < end; child = tree->node[child].end) {
            const char *name = tree->node[child].name;
            if (name[0] == path[at] && strlen(name) == length &&
                memcmp(name, &path[at], length) == 0) {
                break;
            }
        }
        if (child >= end) {
            return TREE_NONE;
        }
        node = child;
        at += length;
    }
    return node;
}

const char *tree_path(const struct tree *tree, uint32_t node, char buffer[TREE_PATH_MAX])
{
    size_t at = TREE_PATH_MAX - 1;
    buffer[at] = '\0';
    if (node == TREE_ROOT) {
        buffer[--at] = '/';
    }
    for (; node != TREE_ROOT && node != TREE_NONE; node = tree->node[node].parent) {
        size_t length = strlen(tree->node[node].name);
        if (length + 1 > at) {
            break;
        }
        at -= length;
        memcpy(&buffer[at], tree->node[node].name, length);
        buffer[--at] = '/';
    }
    return &buffer[at];
}
