/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where do tables come from?  One bump allocator that only grows, used only before the first frame:
 * after start nothing is allocated and nothing is freed.
 */
#ifndef BULKHEAD_ARENA_H
#define BULKHEAD_ARENA_H

#include <bulkhead/types.h>

struct arena {
    uint8_t *next; /* first free byte */
    uint8_t *end;  /* first byte past the arena */
};

/*
 * Takes size_bytes of zeroed memory, aligned to align_bytes (a power of two).
 * Returns NULL when the arena is exhausted or the size overflows; the arena is unchanged then.
 * Context: start-up only.  Time: linear in size_bytes.
 */
void *arena_take(struct arena *arena, size_t size_bytes, size_t align_bytes);

/* The same for count elements of element_bytes; the product is checked. */
void *arena_take_array(struct arena *arena, size_t count, size_t element_bytes, size_t align_bytes);

/* Bytes that are left. */
size_t arena_left(const struct arena *arena);

#endif
