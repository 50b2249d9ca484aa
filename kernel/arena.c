// SPDX-License-Identifier: Apache-2.0
/*
 * How does the arena hand out memory?  By moving one pointer up.  Invariant: next <= end, and what
 * lies below next belongs to whoever took it.  Owner: the boot core during start-up.
 */
#include <bulkhead/arena.h>

#include <string.h>

void *arena_take(struct arena *arena, size_t size_bytes, size_t align_bytes)
{
    size_t misfit = (uintptr_t)arena->next & (align_bytes - 1);
    size_t skip = misfit == 0 ? 0 : align_bytes - misfit;
    size_t left = arena_left(arena);
    if (skip > left || size_bytes > left - skip) {
        return NULL;
    }
    uint8_t *taken = arena->next + skip;
    arena->next = taken + size_bytes;
    memset(taken, 0, size_bytes);
    return taken;
}

void *arena_take_array(struct arena *arena, size_t count, size_t element_bytes, size_t align_bytes)
{
    size_t size_bytes;
    if (__builtin_mul_overflow(count, element_bytes, &size_bytes)) {
        return NULL;
    }
    return arena_take(arena, size_bytes, align_bytes);
}

size_t arena_left(const struct arena *arena)
{
    return (size_t)(arena->end - arena->next);
}
