/* SPDX-License-Identifier: Apache-2.0 */
/* See fdt.h. */
#include "fdt.h"

#define MAGIC          0xd00dfeedU
#define TOTALSIZE      4U
#define OFF_DT_STRUCT  8U
#define OFF_DT_STRINGS 12U
#define BEGIN_NODE     1U
#define END_NODE       2U
#define PROP           3U
#define NOP            4U
#define DEPTH_MAX      16U

static uint32_t cell_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t length_of(const char *text)
{
    uint32_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    return length;
}

static bool same(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

const uint8_t *fdt_of_boot(void)
{
    const uint8_t *tree = (const uint8_t *)guest_boot.x[0];

    return tree != NULL && cell_at(tree) == MAGIC ? tree : NULL;
}

uint32_t fdt_size(const uint8_t *tree)
{
    return cell_at(tree + TOTALSIZE);
}

/* The offset behind the token at `at`. */
static uint32_t behind(const uint8_t *tree, uint32_t at)
{
    uint32_t token = cell_at(tree + at);

    at += 4;
    if (token == BEGIN_NODE) {
        at += length_of((const char *)tree + at) + 1;
    } else if (token == PROP) {
        at += 8 + cell_at(tree + at);
    }
    return (at + 3U) & ~3U;
}

/* Whether `name`, up to its unit address, is what `path` goes on with behind its slash; *rest is
 * what follows then. */
static bool matches(const char *name, const char *path, const char **rest)
{
    if (*path != '/') {
        return false;
    }
    path++;
    while (*name != '\0' && *name != '@' && *name == *path) {
        name++;
        path++;
    }
    *rest = path;
    return (*name == '\0' || *name == '@') && (*path == '\0' || *path == '/');
}

uint32_t fdt_find(const uint8_t *tree, const char *path, uint32_t nth)
{
    const char *rest[DEPTH_MAX + 1] = {path}; /* of the path, behind the node of each depth */
    uint32_t depth = 0;
    uint32_t outside = 0; /* depth below a node that is not on the path */
    uint32_t at = cell_at(tree + OFF_DT_STRUCT);

    for (at = behind(tree, at);; at = behind(tree, at)) {
        uint32_t token = cell_at(tree + at);

        if (token == BEGIN_NODE) {
            if (outside != 0 || depth == DEPTH_MAX ||
                !matches((const char *)tree + at + 4, rest[depth], &rest[depth + 1])) {
                outside++;
            } else if (*rest[++depth] == '\0' && nth-- == 0) {
                return at;
            }
        } else if (token == END_NODE) {
            if (outside != 0) {
                outside--;
            } else if (depth-- == 0) {
                return 0;
            }
        } else if (token != PROP && token != NOP) {
            return 0;
        }
    }
}

struct fdt_value fdt_get(const uint8_t *tree, uint32_t node, const char *property)
{
    const char *strings = (const char *)tree + cell_at(tree + OFF_DT_STRINGS);

    if (node == 0) {
        return (struct fdt_value){0};
    }
    for (uint32_t at = behind(tree, node);; at = behind(tree, at)) {
        uint32_t token = cell_at(tree + at);

        if (token == PROP && same(strings + cell_at(tree + at + 8), property)) {
            return (struct fdt_value){tree + at + 12, cell_at(tree + at + 4)};
        }
        if (token != PROP && token != NOP) {
            return (struct fdt_value){0};
        }
    }
}

uint64_t fdt_number(struct fdt_value value, uint32_t first, uint32_t cells)
{
    uint64_t number = 0;

    for (uint32_t i = first; i < first + cells && 4 * (i + 1) <= value.length; i++) {
        number = number << 32 | cell_at(value.bytes + (size_t)4 * i);
    }
    return number;
}

bool fdt_has(struct fdt_value value, const char *text)
{
    for (uint32_t at = 0; at < value.length; at += length_of((const char *)value.bytes + at) + 1) {
        if (same((const char *)value.bytes + at, text)) {
            return true;
        }
    }
    return false;
}
