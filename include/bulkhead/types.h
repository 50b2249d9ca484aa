/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kind of address is this?  Physical, intermediate-physical and EL2 virtual addresses are
 * distinct struct types, so a mix-up does not compile.  Arithmetic happens on the bare value inside
 * the few functions that own an address space.
 */
#ifndef BULKHEAD_TYPES_H
#define BULKHEAD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Physical address: what the memory system sees. */
typedef struct {
    uint64_t pa;
} paddr_t;

/* Intermediate physical address: what a partition believes to be physical (Arm ARM D8.1). */
typedef struct {
    uint64_t ipa;
} ipaddr_t;

static inline paddr_t pa_of(uint64_t value)
{
    return (paddr_t){.pa = value};
}

static inline ipaddr_t ipa_of(uint64_t value)
{
    return (ipaddr_t){.ipa = value};
}

/* Half-open ranges; neither may wrap, which every producer of a range has checked. */
static inline bool ranges_overlap(uint64_t base_a, uint64_t size_a, uint64_t base_b,
                                  uint64_t size_b)
{
    return size_a != 0 && size_b != 0 && base_a < base_b + size_b && base_b < base_a + size_a;
}

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs once, at start: compiled for size in files that are otherwise built for speed. */
#define START_UP __attribute__((cold))

/* The same for what runs later, but is on no path that is taken often. */
#define RARELY __attribute__((cold))

#define PAGE_BYTES  UINT64_C(4096)
#define BLOCK_BYTES UINT64_C(0x200000) /* a level-2 block of the 4 KiB granule */

#endif
