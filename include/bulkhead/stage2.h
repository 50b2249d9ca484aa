/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition's IPA space become tables?  A builder for VMSAv8-64 stage 2, 4 KiB granule,
 * starting at level 1 (Arm ARM D8.2).  Portable: it writes descriptors into arena pages; the caller
 * says where a page is in physical memory.  Tables are built once, before the partition runs, and
 * never change.
 */
#ifndef BULKHEAD_STAGE2_H
#define BULKHEAD_STAGE2_H

#include <bulkhead/arena.h>
#include <bulkhead/types.h>

#define STAGE2_IPA_BITS_MAX 40U

enum stage2_kind { STAGE2_MEMORY, STAGE2_DEVICE };

struct stage2_mapping {
    ipaddr_t ipa;
    paddr_t pa;
    uint64_t size_bytes;
    enum stage2_kind kind; /* device memory is always execute-never */
    bool read_only;
    bool no_execute;
};

typedef paddr_t (*stage2_physical_fn)(const void *table);

/*
 * Builds the tables for `count` mappings, which may come in any order, must not overlap and must be
 * page-aligned; `mapping` is sorted in place.  Uses 1 GiB and 2 MiB blocks where they fit.
 * Returns the root (two concatenated level-1 tables, 8 KiB-aligned) or NULL when the arena is
 * exhausted.
 */
uint64_t *stage2_build(struct stage2_mapping *mapping, uint32_t count, struct arena *arena,
                       stage2_physical_fn physical);

/* Upper bound of the bytes that stage2_build() takes for such a mapping; the root not included. */
uint64_t stage2_bytes_bound(const struct stage2_mapping *mapping, bool pa_known);

/* VTCR_EL2 for a CPU whose ID_AA64MMFR0_EL1 this is; *ipa_bits = size of the space. */
uint64_t stage2_vtcr(uint64_t id_aa64mmfr0, uint32_t *ipa_bits);

#endif
