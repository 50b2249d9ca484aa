/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See bulkhead/stage2.h.  Mappings are placed in ascending order, so only the table of the present
 * position has to be remembered at each level and no physical address is ever turned back.
 */
#include <bulkhead/stage2.h>

#define ENTRIES     512U
#define LEVEL1_SPAN (BLOCK_BYTES * ENTRIES)
#define ROOT_BYTES  (2U * PAGE_BYTES)
#define NOWHERE     UINT64_MAX

/* Stage-2 descriptors (Arm ARM D8.3.2). */
#define VALID        UINT64_C(1)
#define TABLE        UINT64_C(2) /* or page, at level 3 */
#define MEMATTR_WB   (UINT64_C(0xf) << 2)
#define MEMATTR_NGRE (UINT64_C(0x1) << 2) /* Device-nGnRE */
#define S2AP_READ    (UINT64_C(1) << 6)
#define S2AP_WRITE   (UINT64_C(1) << 7)
#define SH_INNER     (UINT64_C(3) << 8)
#define AF           (UINT64_C(1) << 10)
#define XN           (UINT64_C(1) << 54)

struct builder {
    struct arena *arena;
    stage2_physical_fn physical;
    uint64_t *level1;
    uint64_t *level2;
    uint64_t level2_index; /* level-1 entry that level2 hangs from */
    uint64_t *level3;
    uint64_t level3_index; /* IPA / 2 MiB that level3 covers */
};

static uint64_t attributes(const struct stage2_mapping *mapping)
{
    uint64_t bits = VALID | AF | S2AP_READ;

    if (!mapping->read_only) {
        bits |= S2AP_WRITE;
    }
    if (mapping->kind == STAGE2_DEVICE) {
        return bits | MEMATTR_NGRE | XN;
    }
    bits |= MEMATTR_WB | SH_INNER;
    return mapping->no_execute ? bits | XN : bits;
}

static uint64_t *new_table(struct builder *builder, uint64_t *parent_entry)
{
    uint64_t *table = arena_take(builder->arena, PAGE_BYTES, PAGE_BYTES);

    if (table != NULL) {
        *parent_entry = builder->physical(table).pa | TABLE | VALID;
    }
    return table;
}

/* The level-2 table for an IPA, made when the position first enters its gigabyte. */
static bool enter_level2(struct builder *builder, uint64_t ipa)
{
    uint64_t index = ipa / LEVEL1_SPAN;

    if (builder->level2_index != index) {
        builder->level2 = new_table(builder, &builder->level1[index]);
        builder->level2_index = index;
    }
    return builder->level2 != NULL;
}

static bool enter_level3(struct builder *builder, uint64_t ipa)
{
    uint64_t index = ipa / BLOCK_BYTES;

    if (!enter_level2(builder, ipa)) {
        return false;
    }
    if (builder->level3_index != index) {
        builder->level3 = new_table(builder, &builder->level2[index % ENTRIES]);
        builder->level3_index = index;
    }
    return builder->level3 != NULL;
}

static bool map(struct builder *builder, const struct stage2_mapping *mapping)
{
    uint64_t bits = attributes(mapping);
    uint64_t ipa = mapping->ipa.ipa;
    uint64_t pa = mapping->pa.pa;
    uint64_t left = mapping->size_bytes;
    uint64_t step;

    for (; left != 0; ipa += step, pa += step, left -= step) {
        if (((ipa | pa) % LEVEL1_SPAN) == 0 && left >= LEVEL1_SPAN) {
            step = LEVEL1_SPAN;
            builder->level1[ipa / LEVEL1_SPAN] = pa | bits;
        } else if (((ipa | pa) % BLOCK_BYTES) == 0 && left >= BLOCK_BYTES) {
            step = BLOCK_BYTES;
            if (!enter_level2(builder, ipa)) {
                return false;
            }
            builder->level2[ipa / BLOCK_BYTES % ENTRIES] = pa | bits;
        } else {
            step = PAGE_BYTES;
            if (!enter_level3(builder, ipa)) {
                return false;
            }
            builder->level3[ipa / PAGE_BYTES % ENTRIES] = pa | bits | TABLE;
        }
    }
    return true;
}

static void sort_by_ipa(struct stage2_mapping *mapping, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct stage2_mapping moving = mapping[i];
        uint32_t j = i;

        for (; j > 0 && mapping[j - 1].ipa.ipa > moving.ipa.ipa; j--) {
            mapping[j] = mapping[j - 1];
        }
        mapping[j] = moving;
    }
}

uint64_t *stage2_build(struct stage2_mapping *mapping, uint32_t count, struct arena *arena,
                       stage2_physical_fn physical)
{
    struct builder builder = {
        .arena = arena,
        .physical = physical,
        .level2_index = NOWHERE,
        .level3_index = NOWHERE,
    };

    builder.level1 = arena_take(arena, ROOT_BYTES, ROOT_BYTES);
    if (builder.level1 == NULL) {
        return NULL;
    }
    sort_by_ipa(mapping, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!map(&builder, &mapping[i])) {
            return NULL;
        }
    }
    return builder.level1;
}

uint64_t stage2_bytes_bound(const struct stage2_mapping *mapping, bool pa_known)
{
    uint64_t level2 = mapping->size_bytes / LEVEL1_SPAN + 2;
    uint64_t level3 = 2;

    /* IPA and PA that differ within a block cannot use blocks. */
    if (pa_known && (mapping->ipa.ipa ^ mapping->pa.pa) % BLOCK_BYTES != 0) {
        level3 += mapping->size_bytes / BLOCK_BYTES;
    }
    return (level2 + level3) * PAGE_BYTES;
}

uint64_t stage2_vtcr(uint64_t id_aa64mmfr0, uint32_t *ipa_bits)
{
    static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};
    uint64_t range = id_aa64mmfr0 & 0xf;
    unsigned int bits;

    if (range >= sizeof(pa_bits)) {
        range = sizeof(pa_bits) - 1; /* 52 bits need another descriptor format */
    }
    bits = pa_bits[range] < STAGE2_IPA_BITS_MAX ? pa_bits[range] : STAGE2_IPA_BITS_MAX;
    *ipa_bits = bits;
    /* RES1 bit 31; PS; 4 KiB granule; inner shareable, write-back walks; SL0 = 1: start at level 1
     * (Arm ARM D17.2.157).  8-bit VMIDs (VS = 0): at most 255 partitions. */
    return UINT64_C(1) << 31 | range << 16 | UINT64_C(3) << 12 | UINT64_C(1) << 10 |
           UINT64_C(1) << 8 | UINT64_C(1) << 6 | (64U - bits);
}
