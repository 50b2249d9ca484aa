// SPDX-License-Identifier: Apache-2.0
/*
 * How is a device tree changed so that it stays one?  Property values, names and the header's
 * lengths most of the time, since bytes at random break the structure and get no further than the
 * first check.
 */
#include "fuzz.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Numbers at the edges of things. */
static uint32_t odd_cell(uint32_t *seed)
{
    static const uint32_t odd[] = {
        0,          1,          2,          3,          7,          8,          9,
        0x20,       0x60,       0xfff,      0x1000,     0x1001,     3999,       4000,
        0x100000,   0x200000,   0x08000000, 0x09000000, 0x40000000, 0x40200000, 0x48000000,
        0x54000000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};
    return odd[next_random(seed) % (sizeof(odd) / sizeof(odd[0]))];
}

/* The offset of a property of the tree, below /bulkhead two times out of three; negative if none.
 */
static int choose_property(const void *fdt, uint32_t *seed)
{
    int chosen = -1;
    uint32_t seen = 0;
    int start = next_random(seed) % 3 != 0 ? fdt_path_offset(fdt, "/bulkhead") : 0;
    int depth = 0;
    for (int node = start; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
        int prop;
        fdt_for_each_property_offset(prop, fdt, node)
        {
            if (next_random(seed) % ++seen == 0) {
                chosen = prop;
            }
        }
    }
    return chosen;
}

/* libfdt's check reads a NULL where a root of a format before 16 has no slash in its name. */
static bool is_whole(const void *tree, size_t size)
{
    return size >= sizeof(struct fdt_header) && fdt_version(tree) >= 17 &&
           fdt_check_full(tree, size) == 0;
}

size_t mutate_tree(void *tree, size_t size, size_t max_size, uint32_t *seed)
{
    int prop = -1;
    if (next_random(seed) % 8 != 0 && is_whole(tree, size)) {
        prop = choose_property(tree, seed);
    }
    struct fdt_property *at =
        prop < 0 ? NULL : fdt_offset_ptr_w(tree, prop, sizeof(struct fdt_property));
    uint32_t length = at == NULL ? 0 : fdt32_to_cpu(at->len);
    /* libfdt 1.6 adds lengths without a look at overflows: its check lets some of 2 GiB pass. */
    if (at == NULL || length > size - (size_t)(at->data - (const char *)tree)) {
        return LLVMFuzzerMutate(tree, size, max_size);
    }
    if (next_random(seed) % 16 == 0) {
        /* Another property's name: it may be unknown here, or be there twice. */
        int from = choose_property(tree, seed);
        const struct fdt_property *other = fdt_offset_ptr(tree, from, sizeof(*other));
        if (from >= 0 && other != NULL) {
            at->nameoff = other->nameoff;
        }
    } else if (length >= 4 && length % 4 == 0 && next_random(seed) % 2 == 0) {
        uint32_t which = next_random(seed) % (length / 4);
        fdt32_t cell = cpu_to_fdt32(odd_cell(seed));
        memcpy(at->data + which * 4, &cell, sizeof(cell));
    } else if (length > 0) {
        (void)LLVMFuzzerMutate((uint8_t *)at->data, length, length);
    }
    return size;
}

size_t mutate_input(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint32_t random = seed;
    uint64_t *aligned = malloc(max_size + sizeof(*aligned));
    if (aligned == NULL) {
        return size;
    }
    memcpy(aligned, data, size);
    size = mutate_tree(aligned, size, max_size, &random);
    memcpy(data, aligned, size);
    free(aligned);
    return size;
}
