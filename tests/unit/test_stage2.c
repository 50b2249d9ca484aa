/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do stage-2 tables say what the list of mappings says, and nothing else?  The reference is a
 * walker of its own, written from the Arm ARM (DDI 0487, D8.3), which visits every valid
 * descriptor: each leaf must lie in one mapping with its address and permissions, and all leaves
 * together must be as large as all mappings, so that every page is there and no other one is.
 * BH-MEM-1, BH-MEM-2, BH-MEM-3
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/stage2.h>

#define ARENA_PAGES   8192U
#define ROOT_PAGES    2U
#define ENTRIES       512U
#define MAPPINGS_MAX  24U
#define GIB           (UINT64_C(1) << 30)
#define SPACE_BYTES   (UINT64_C(1) << STAGE2_IPA_BITS_MAX)
#define OUTPUT_MASK   UINT64_C(0x0000fffffffff000) /* bits 47:12 */
#define UPPER_IGNORED UINT64_C(0xff80000000000000) /* bits 63:55: ignored or for software */

static uint8_t *arena_base;
static bool visited[ARENA_PAGES];
static uint64_t seed = 0x243f6a8885a308d3;

static uint64_t random_below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

/* Table page n is at an invented physical address: neighbours here are strangers there. */
static uint64_t invented_pa(uint64_t page)
{
    return UINT64_C(0x5500000000) + (page * 40503 % 65536) * PAGE_BYTES;
}

static paddr_t physical(const void *table)
{
    uint64_t offset = (uint64_t)((const uint8_t *)table - arena_base);

    assert_true(offset < ARENA_PAGES * PAGE_BYTES);
    assert_int_equal(offset % PAGE_BYTES, 0);
    return pa_of(invented_pa(offset / PAGE_BYTES));
}

/* The way back, by trial: only tables that exist are found, each is reached once. */
static const uint64_t *table_at(uint64_t pa)
{
    for (uint64_t page = ROOT_PAGES; page < ARENA_PAGES; page++) {
        if (invented_pa(page) == pa) {
            assert_false(visited[page]);
            visited[page] = true;
            return (const uint64_t *)(const void *)(arena_base + page * PAGE_BYTES);
        }
    }
    fail_msg("no table at 0x%llx", (unsigned long long)pa);
    return NULL;
}

struct check {
    const struct stage2_mapping *mapping;
    uint32_t count;
    uint64_t leaf_bytes;
    uint32_t table_count;
};

static const struct stage2_mapping *mapping_of(const struct check *check, uint64_t ipa,
                                               uint64_t size)
{
    for (uint32_t i = 0; i < check->count; i++) {
        const struct stage2_mapping *mapping = &check->mapping[i];

        if (ipa >= mapping->ipa.ipa && ipa + size <= mapping->ipa.ipa + mapping->size_bytes) {
            return mapping;
        }
    }
    fail_msg("0x%llx, %llu bytes, is mapped but not in the list", (unsigned long long)ipa,
             (unsigned long long)size);
    return NULL;
}

/* Stage-2 block and page attributes (D8.3.2). */
static void check_leaf(struct check *check, uint64_t descriptor, uint64_t ipa, uint64_t size)
{
    const struct stage2_mapping *mapping = mapping_of(check, ipa, size);
    uint64_t attr = descriptor >> 2 & 0xf;
    uint64_t s2ap = descriptor >> 6 & 3;
    uint64_t sh = descriptor >> 8 & 3;
    uint64_t xn = descriptor >> 53 & 3;
    uint64_t larger = size * ENTRIES;

    assert_int_equal(descriptor & OUTPUT_MASK, mapping->pa.pa + (ipa - mapping->ipa.ipa));
    assert_int_equal((descriptor & OUTPUT_MASK) % size, 0);
    assert_int_equal(descriptor >> 10 & 1, 1);             /* AF: no access-flag faults */
    assert_int_equal(descriptor >> 11 & 1, 0);             /* nT, FnXS: zero */
    assert_int_equal(descriptor & (UINT64_C(7) << 50), 0); /* DBM, contiguous: zero */
    assert_int_equal(descriptor & (UINT64_C(3) << 48), 0); /* RES0 */
    assert_int_equal(descriptor & UPPER_IGNORED, 0);
    assert_int_equal(s2ap, mapping->read_only ? 1 : 3);
    if (mapping->kind == STAGE2_DEVICE) {
        assert_true(attr <= 3); /* one of the device types */
        assert_int_equal(xn, 2);
    } else {
        assert_int_equal(attr, 0xf); /* normal, write-back, inner and outer */
        assert_int_equal(sh, 3);
        assert_int_equal(xn, mapping->no_execute ? 2 : 0);
    }
    /* The next larger size would have been used if it fitted. */
    if (larger <= GIB && (ipa & ~(larger - 1)) >= mapping->ipa.ipa &&
        (ipa & ~(larger - 1)) + larger <= mapping->ipa.ipa + mapping->size_bytes) {
        assert_int_not_equal((ipa ^ (descriptor & OUTPUT_MASK)) & (larger - 1), 0);
    }
    check->leaf_bytes += size;
}

static void walk(struct check *check, const uint64_t *table, uint32_t entries, uint32_t level,
                 uint64_t base)
{
    uint64_t size = level == 1 ? GIB : level == 2 ? BLOCK_BYTES : PAGE_BYTES;
    uint32_t valid_count = 0;

    for (uint32_t i = 0; i < entries; i++) {
        uint64_t descriptor = table[i];
        uint64_t ipa = base + i * size;

        if ((descriptor & 1) == 0) {
            assert_int_equal(descriptor, 0);
            continue;
        }
        valid_count++;
        if ((descriptor & 2) == 0) {
            assert_int_not_equal(level, 3); /* reserved there */
            check_leaf(check, descriptor, ipa, size);
        } else if (level == 3) {
            check_leaf(check, descriptor, ipa, size);
        } else {
            assert_int_equal(descriptor & ~(OUTPUT_MASK | 3), 0);
            check->table_count++;
            walk(check, table_at(descriptor & OUTPUT_MASK), ENTRIES, level + 1, ipa);
        }
    }
    assert_true(valid_count != 0 || level == 1);
}

static struct arena arena_of(uint64_t bytes)
{
    assert_true(bytes <= ARENA_PAGES * PAGE_BYTES);
    return (struct arena){.next = arena_base, .end = arena_base + bytes};
}

/* Builds, checks everything; returns the bytes that it took. */
static uint64_t build_and_check(const struct stage2_mapping *list, uint32_t count)
{
    struct stage2_mapping scratch[MAPPINGS_MAX];
    struct arena arena = arena_of(ARENA_PAGES * PAGE_BYTES);
    struct check check = {.mapping = list, .count = count};
    uint64_t listed_bytes = 0;
    uint64_t bound_bytes = ROOT_PAGES * PAGE_BYTES;
    uint64_t used_bytes;
    const uint64_t *root;

    for (uint32_t i = 0; i < count; i++) {
        scratch[i] = list[i];
        listed_bytes += list[i].size_bytes;
        bound_bytes += stage2_bytes_bound(&list[i], true);
    }
    root = stage2_build(scratch, count, &arena, physical);
    assert_non_null(root);
    assert_int_equal((uintptr_t)root % (ROOT_PAGES * PAGE_BYTES), 0);
    memset(visited, 0, sizeof(visited));
    walk(&check, root, ROOT_PAGES * ENTRIES, 1, 0);
    assert_int_equal(check.leaf_bytes, listed_bytes);
    used_bytes = (uint64_t)(arena.next - arena_base);
    assert_int_equal(used_bytes, (ROOT_PAGES + check.table_count) * PAGE_BYTES);
    assert_true(used_bytes <= bound_bytes);
    return used_bytes;
}

static uint64_t pages(uint64_t limit)
{
    return (1 + random_below(limit)) * PAGE_BYTES;
}

static uint64_t random_size(void)
{
    switch (random_below(8)) {
    case 0:
        return PAGE_BYTES;
    case 1:
        return BLOCK_BYTES;
    case 2:
        return BLOCK_BYTES * (1 + random_below(600));
    case 3:
        return GIB * (1 + random_below(3)) + pages(1500);
    default:
        return pages(1500);
    }
}

static uint64_t random_gap(void)
{
    switch (random_below(6)) {
    case 0:
        return 0; /* abutting */
    case 1:
        return PAGE_BYTES;
    case 2:
        return GIB * random_below(60);
    default:
        return pages(3000);
    }
}

/* Ascending in the IPA space, then shuffled.  Physical addresses anywhere below 2^48; large
 * mappings that differ from their IPA within a block are kept few and small, for the tables' sake.
 */
static uint32_t random_list(struct stage2_mapping *list)
{
    uint32_t wanted = 1 + (uint32_t)random_below(MAPPINGS_MAX);
    uint32_t count = 0;
    uint64_t ipa = random_below(3) == 0 ? 0 : pages(1000000);

    while (count < wanted) {
        uint64_t size = random_size();
        uint64_t pa = random_below(UINT64_C(1) << 35) * PAGE_BYTES;

        if (random_below(4) == 0) {
            ipa &= ~(BLOCK_BYTES - 1);
            ipa += count == 0 ? 0 : BLOCK_BYTES;
        }
        if (ipa + size > SPACE_BYTES) {
            break;
        }
        switch (random_below(4)) {
        case 0:
            if (size <= 64 * BLOCK_BYTES) {
                break; /* no common alignment */
            }
            /* fall through */
        case 1:
            pa = (pa & ~(GIB - 1)) | (ipa & (GIB - 1));
            break;
        default:
            pa = (pa & ~(BLOCK_BYTES - 1)) | (ipa & (BLOCK_BYTES - 1));
            break;
        }
        list[count++] = (struct stage2_mapping){
            .ipa = ipa_of(ipa),
            .pa = pa_of(pa),
            .size_bytes = size,
            .kind = random_below(4) == 0 ? STAGE2_DEVICE : STAGE2_MEMORY,
            .read_only = random_below(3) == 0,
            .no_execute = random_below(3) == 0,
        };
        ipa += size + random_gap();
    }
    for (uint32_t i = count; i > 1 && random_below(4) != 0; i--) {
        uint32_t j = (uint32_t)random_below(i);
        struct stage2_mapping moved = list[i - 1];

        list[i - 1] = list[j];
        list[j] = moved;
    }
    return count;
}

static void random_lists(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 400; round++) {
        struct stage2_mapping list[MAPPINGS_MAX];
        uint32_t count = random_list(list);

        (void)build_and_check(list, count);
    }
}

static void nothing_is_mapped_without_a_list(void **state)
{
    (void)state;
    assert_int_equal(build_and_check(NULL, 0), ROOT_PAGES * PAGE_BYTES);
}

static struct stage2_mapping memory_at(uint64_t ipa, uint64_t pa, uint64_t size)
{
    return (struct stage2_mapping){
        .ipa = ipa_of(ipa), .pa = pa_of(pa), .size_bytes = size, .kind = STAGE2_MEMORY};
}

static void edges_of_the_space(void **state)
{
    const struct stage2_mapping first_page[] = {memory_at(0, 0x40000000, PAGE_BYTES)};
    const struct stage2_mapping last_page[] = {
        memory_at(SPACE_BYTES - PAGE_BYTES, 0x40000000, PAGE_BYTES)};
    const struct stage2_mapping all[] = {memory_at(0, 0, SPACE_BYTES)};
    /* Both sides of the seam between the two concatenated root tables. */
    const struct stage2_mapping seam[] = {
        memory_at(SPACE_BYTES / 2 - PAGE_BYTES, 0x7ffff000, 2 * PAGE_BYTES)};

    (void)state;
    assert_int_equal(build_and_check(first_page, 1), (ROOT_PAGES + 2) * PAGE_BYTES);
    assert_int_equal(build_and_check(last_page, 1), (ROOT_PAGES + 2) * PAGE_BYTES);
    assert_int_equal(build_and_check(all, 1), ROOT_PAGES * PAGE_BYTES);
    assert_int_equal(build_and_check(seam, 1), (ROOT_PAGES + 4) * PAGE_BYTES);
}

static void blocks_where_they_fit(void **state)
{
    const struct stage2_mapping gib[] = {memory_at(GIB, 5 * GIB, GIB)};
    const struct stage2_mapping blocks[] = {memory_at(GIB, 5 * GIB + BLOCK_BYTES, GIB)};
    const struct stage2_mapping skewed[] = {memory_at(GIB, 5 * GIB + PAGE_BYTES, 8 * BLOCK_BYTES)};

    (void)state;
    assert_int_equal(build_and_check(gib, 1), ROOT_PAGES * PAGE_BYTES);
    assert_int_equal(build_and_check(blocks, 1), (ROOT_PAGES + 1) * PAGE_BYTES);
    assert_int_equal(build_and_check(skewed, 1), (ROOT_PAGES + 1 + 8) * PAGE_BYTES);
}

static void a_device_is_never_executed(void **state)
{
    struct stage2_mapping device = memory_at(0x09000000, 0x09000000, 16 * BLOCK_BYTES);

    (void)state;
    device.kind = STAGE2_DEVICE;
    for (unsigned int flags = 0; flags < 4; flags++) {
        device.no_execute = (flags & 1) != 0; /* without effect */
        device.read_only = (flags & 2) != 0;
        (void)build_and_check(&device, 1);
    }
}

/* With a page less than it takes there are no tables at all; with just enough there are. */
static void an_exhausted_arena_gives_null(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 40; round++) {
        struct stage2_mapping list[MAPPINGS_MAX];
        struct stage2_mapping scratch[MAPPINGS_MAX];
        uint32_t count = random_list(list);
        uint64_t used = build_and_check(list, count);
        uint64_t step = used > 64 * PAGE_BYTES ? used / 64 & ~(PAGE_BYTES - 1) : PAGE_BYTES;

        for (uint64_t bytes = 0; bytes < used; bytes += step) {
            struct arena arena = arena_of(bytes);

            memcpy(scratch, list, sizeof(list));
            assert_null(stage2_build(scratch, count, &arena, physical));
        }
        {
            struct arena short_of_one = arena_of(used - 1);
            struct arena enough = arena_of(used);

            memcpy(scratch, list, sizeof(list));
            assert_null(stage2_build(scratch, count, &short_of_one, physical));
            memcpy(scratch, list, sizeof(list));
            assert_non_null(stage2_build(scratch, count, &enough, physical));
        }
    }
}

/* The bound before placement holds for any placement that keeps the offset in a block from 2 MiB
 * up. */
static void the_bound_holds_before_placement(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 400; round++) {
        uint64_t ipa = pages(1000000);
        uint64_t size = random_size();
        uint64_t pa = random_below(UINT64_C(1) << 30) * PAGE_BYTES;
        struct stage2_mapping mapping;

        if (size >= BLOCK_BYTES) {
            pa = (pa & ~(BLOCK_BYTES - 1)) | (ipa & (BLOCK_BYTES - 1));
        }
        mapping = memory_at(ipa, pa, size);
        assert_true(build_and_check(&mapping, 1) <=
                    ROOT_PAGES * PAGE_BYTES + stage2_bytes_bound(&mapping, false));
    }
}

/* VTCR_EL2 (D17.2.157) for each ID_AA64MMFR0_EL1.PARange (D17.2.64). */
static void control_register(void **state)
{
    static const unsigned int range_bits[] = {32, 36, 40, 42, 44, 48, 52};

    (void)state;
    for (uint64_t range = 0; range < 16; range++) {
        unsigned int bits = 0;
        /* What stands in the other fields means nothing here. */
        uint64_t vtcr = stage2_vtcr(UINT64_C(0xfedcba9876543210) << 4 | range, &bits);
        unsigned int cpu_bits = range < ARRAY_COUNT(range_bits) ? range_bits[range] : 48;

        assert_int_equal(bits, cpu_bits < STAGE2_IPA_BITS_MAX ? cpu_bits : STAGE2_IPA_BITS_MAX);
        assert_int_equal(vtcr & 0x3f, 64 - bits);                /* T0SZ */
        assert_int_equal(vtcr >> 6 & 3, 1);                      /* SL0: level 1 */
        assert_int_equal(vtcr >> 8 & 3, 1);                      /* IRGN0: write-back */
        assert_int_equal(vtcr >> 10 & 3, 1);                     /* ORGN0: write-back */
        assert_int_equal(vtcr >> 12 & 3, 3);                     /* SH0: inner shareable */
        assert_int_equal(vtcr >> 14 & 3, 0);                     /* TG0: 4 KiB */
        assert_int_equal(vtcr >> 16 & 7, range < 5 ? range : 5); /* PS: at most 48 bits */
        assert_int_equal(vtcr & ~(UINT64_C(0x7ffff) | UINT64_C(1) << 31), 0);
        assert_int_equal(vtcr >> 31 & 1, 1); /* RES1 */
    }
}

static int set_up(void **state)
{
    (void)state;
    arena_base = aligned_alloc(ROOT_PAGES * PAGE_BYTES, ARENA_PAGES * PAGE_BYTES);
    return arena_base == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(arena_base);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lists),
        cmocka_unit_test(nothing_is_mapped_without_a_list),
        cmocka_unit_test(edges_of_the_space),
        cmocka_unit_test(blocks_where_they_fit),
        cmocka_unit_test(a_device_is_never_executed),
        cmocka_unit_test(an_exhausted_arena_gives_null),
        cmocka_unit_test(the_bound_holds_before_placement),
        cmocka_unit_test(control_register),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
