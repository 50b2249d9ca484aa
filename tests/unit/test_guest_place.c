// SPDX-License-Identifier: Apache-2.0
/*
 * Does the device tree that is made for a partition tell its memory and images apart, and lie clear
 * of them?  Requirements: BH-DT-1, BH-IMG-1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_guest_read.h"

#include <stdlib.h>
#include <string.h>

/* --- memory and images --------------------------------------------------------------------------
 */

static const char data[] = "multiboot,module";

#define ADD_MEMORY(name, high, low, size)                                                          \
    NODE(NAV, name), CELLS(NAV "/" name, "reg", 4, high, low, 0, size)
#define ADD_DATA(name, address)                                                                    \
    NODE(NAV, name), TEXT(NAV "/" name, "compatible", data),                                       \
        CELLS(NAV "/" name, "reg", 4, 0, 0x4b000000, 0, 0x4000),                                   \
        CELLS(NAV "/" name, "load-address", 1, address)

/* What cannot be written or run is no memory for an operating system. */
static void memory_of_fewer_rights_is_reserved(void **state)
{
    static const struct change more[] = {
        ADD_MEMORY("memory@0", 0, 0, 0x10000),
        FLAG(NAV "/memory@0", "read-only"),
        ADD_MEMORY("memory@1", 2, 0, 0x20000),
        END,
    };
    static const struct change rights[] = {
        ADD_MEMORY("memory@2", 3, 0, 0x30000),
        FLAG(NAV "/memory@2", "no-execute"),
        END,
    };
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, more);
    tree_change(blob, rights);
    outcome_complete(&outcome, blob, TREE_BYTES);
    const void *tree = tree_of(0)->made;
    EXPECT(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0x100000);
    EXPECT(tree, "/memory@200000000", "reg", 2, 0, 0, 0x20000);
    assert_false(has_node(tree, "/memory@0"));
    assert_false(has_node(tree, "/memory@300000000"));
    EXPECT(tree, "/reserved-memory", "#address-cells", 2);
    EXPECT(tree, "/reserved-memory", "#size-cells", 2);
    assert_true(has_prop(tree, "/reserved-memory", "ranges"));
    assert_int_equal(child_count(tree, "/reserved-memory"), 2);
    EXPECT(tree, "/reserved-memory/memory@0", "reg", 0, 0, 0, 0x10000);
    EXPECT(tree, "/reserved-memory/memory@300000000", "reg", 3, 0, 0, 0x30000);
    assert_true(has_prop(tree, "/reserved-memory/memory@0", "no-map"));
    assert_true(has_prop(tree, "/reserved-memory/memory@300000000", "no-map"));
    /* And the tree itself lies in RAM, not in the ROM below it. */
    assert_true(tree_of(0)->load.ipa >= RAM && tree_of(0)->load.ipa < RAM + RAM_SIZE);
}

/* Several images; those in RAM are to be left alone. */
static void data_images_are_reserved(void **state)
{
    static const struct change more[] = {ADD_DATA("module-a", 0x40080000),
                                         ADD_DATA("module-b", 0x40040000), END};
    (void)state;
    const void *tree = made_on(GIC_V3, more);
    const struct partition_desc *nav = &outcome.module->partition[0];
    assert_int_equal(nav->image_count, 4);
    assert_int_equal(nav->image[1].kind, IMAGE_DATA);
    assert_int_equal(nav->image[1].load.ipa, 0x40040000);
    assert_int_equal(nav->image[2].load.ipa, 0x40080000);
    assert_int_equal(child_count(tree, "/reserved-memory"), 2);
    EXPECT(tree, "/reserved-memory/image@40040000", "reg", 0, 0x40040000, 0, 0x4000);
    EXPECT(tree, "/reserved-memory/image@40080000", "reg", 0, 0x40080000, 0, 0x4000);
    assert_false(has_prop(tree, "/reserved-memory/image@40040000", "no-map"));
}

/* A boot loader in ROM: the kernel lies there, and is entered there. */
static void a_kernel_may_lie_in_rom(void **state)
{
    static const struct change more[] = {
        ADD_MEMORY("memory@0", 0, 0, 0x10000),
        FLAG(NAV "/memory@0", "read-only"),
        CELLS(NAV "/kernel", "load-address", 1, 0),
        CELLS(NAV, "device-tree-address", 1, 0x40000000),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V3, more);
    assert_int_equal(outcome.module->partition[0].entry.ipa, 0);
    assert_int_equal(outcome.module->partition[0].boot_arg, RAM);
    EXPECT(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0x100000);
    assert_int_equal(child_count(tree, "/reserved-memory"), 1);
}

/* Without an address a kernel goes to RAM, although there is a ROM below. */
static void a_kernel_without_address_goes_to_ram(void **state)
{
    static const struct change more[] = {
        ADD_MEMORY("memory@0", 0, 0, 0x10000),
        FLAG(NAV "/memory@0", "read-only"),
        END,
    };
    (void)state;
    (void)made_on(GIC_V3, more);
    assert_int_equal(outcome.module->partition[0].entry.ipa, RAM);
}

static void add_ramdisk(void *blob, uint32_t size_bytes)
{
    const struct change ramdisk[] = {
        NODE(NAV, "ramdisk"),
        CELLS(NAV "/ramdisk", "reg", 4, 0, 0x4b000000, 0, size_bytes),
        END,
    };
    tree_change(blob, ramdisk);
    assert_int_equal(fdt_setprop(blob, fdt_path_offset(blob, NAV "/ramdisk"), "compatible", RAMDISK,
                                 sizeof(RAMDISK)),
                     0);
}

static void chosen_names_ramdisk_and_arguments(void **state)
{
    static const struct change arguments[] = {TEXT(NAV, "bootargs", "console=ttyAMA0 quiet"), END};
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, arguments);
    add_ramdisk(blob, 0x1234);
    outcome_complete(&outcome, blob, TREE_BYTES);
    const void *tree = tree_of(0)->made;
    EXPECT_TEXT(tree, "/chosen", "bootargs", "console=ttyAMA0 quiet");
    EXPECT(tree, "/chosen", "linux,initrd-start", 0x400fe000);
    EXPECT(tree, "/chosen", "linux,initrd-end", 0x400ff234);
    /* The ramdisk has the top of memory; between it and the end the tree just fits. */
    assert_true(tree_of(0)->load.ipa >= 0x400ff234);
    assert_false(has_prop(tree_of(1)->made, "/chosen", "bootargs"));
}

/* An address above 4 GiB takes two cells. */
static void a_ramdisk_may_lie_high(void **state)
{
    static const struct change high[] = {
        ADD_MEMORY("memory@1", 1, 0, 0x10000),
        END,
    };
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, high);
    add_ramdisk(blob, 0x1234);
    static const struct change there[] = {CELLS(NAV "/ramdisk", "load-address", 2, 1, 0x4000), END};
    tree_change(blob, there);
    outcome_complete(&outcome, blob, TREE_BYTES);
    const void *tree = tree_of(0)->made;
    EXPECT(tree, "/chosen", "linux,initrd-start", 1, 0x4000);
    EXPECT(tree, "/chosen", "linux,initrd-end", 1, 0x5234);
}

static void bootargs_have_linuxs_length(void **state)
{
    static char text[2049];
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    for (size_t length = 2046; length <= 2048; length++) {
        const struct change arguments[] = {TEXT(NAV, "bootargs", text), END};
        memset(text, 'x', length);
        text[length] = '\0';
        tree_build(blob, GIC_V3);
        tree_change(blob, arguments);
        outcome_complete(&outcome, blob, TREE_BYTES);
        assert_int_equal(outcome.module != NULL, length <= 2047);
        if (length > 2047) {
            assert_int_equal(outcome.rule, RULE_PROPERTY_LENGTH);
            assert_string_equal(outcome.property, "bootargs");
            assert_int_equal(outcome.value, 2049);
            assert_int_equal(outcome.limit, 2048);
        }
    }
}

/* --- whether and where --------------------------------------------------------------------------
 */

static void the_tree_goes_to_the_top_of_ram(void **state)
{
    (void)state;
    read_on(GIC_V3, unchanged);
    const struct image_desc *tree = tree_of(0);
    assert_int_equal(tree->load.ipa % 8, 0);
    assert_true(tree->load.ipa + tree->size_bytes <= RAM + RAM_SIZE);
    assert_true(tree->load.ipa + tree->size_bytes + 8 > RAM + RAM_SIZE);
}

/* Below everything that has the top, however the pieces lie. */
static void the_tree_meets_no_image(void **state)
{
    static const struct change more[] = {ADD_DATA("module-a", 0x400fc000),
                                         ADD_DATA("module-b", 0x400f8000), END};
    static const struct change apart[] = {
        CELLS(NAV "/module-b", "load-address", 1, 0x400f7800),
        END,
    };
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    read_on(GIC_V3, more);
    uint64_t end = tree_of(0)->load.ipa + tree_of(0)->size_bytes;
    assert_true(end <= 0x400f8000 && end > 0x400f8000 - 8);
    /* Between the two there is room now. */
    tree_build(blob, GIC_V3);
    tree_change(blob, more);
    tree_change(blob, apart);
    outcome_complete(&outcome, blob, TREE_BYTES);
    end = tree_of(0)->load.ipa + tree_of(0)->size_bytes;
    assert_true(tree_of(0)->load.ipa >= 0x400fb800 && end <= 0x400fc000);
}

static void the_tree_goes_where_it_is_wanted(void **state)
{
    static const struct change wanted[] = {CELLS(NAV, "device-tree-address", 2, 0, 0x40080008),
                                           END};
    (void)state;
    (void)made_on(GIC_V3, wanted);
    assert_int_equal(tree_of(0)->load.ipa, 0x40080008);
    assert_int_equal(outcome.module->partition[0].boot_arg, 0x40080008);
}

static void a_tree_that_fits_nowhere_is_refused(void **state)
{
    static const struct change outside[] = {CELLS(NAV, "device-tree-address", 1, 0x3ffffff8), END};
    static const struct change past[] = {CELLS(NAV, "device-tree-address", 1, 0x400ffff8), END};
    static const struct change over[] = {CELLS(NAV, "device-tree-address", 1, 0x40003ff8), END};
    static const struct change odd[] = {CELLS(NAV, "device-tree-address", 1, 0x40080004), END};
    static const struct change full[] = {
        CELLS(IO "/memory@40000000", "reg", 4, 0, 0x40000000, 0, 0x4000), END};
    (void)state;
    guest_refused(outside, RULE_IMAGE_OUTSIDE, NAV);
    assert_string_equal(outcome.property, "device-tree-address");
    guest_refused(past, RULE_IMAGE_TOO_LARGE, NAV);
    assert_string_equal(outcome.property, "device-tree-address");
    assert_int_equal(outcome.limit, 8);
    guest_refused(over, RULE_IMAGE_OVERLAP, NAV);
    assert_string_equal(outcome.other, NAV "/kernel");
    guest_refused(odd, RULE_MISALIGNED, NAV);
    guest_refused(full, RULE_GUEST_TREE_ROOM, IO);
    assert_string_equal(outcome.other, IO "/memory@40000000");
    assert_int_equal(outcome.limit, 0x4000);
}

static void a_partition_may_decline_its_tree(void **state)
{
    static const struct change none[] = {
        FLAG(NAV, "no-device-tree"),
        CELLS(NAV "/memory@40000000", "reg", 4, 0, 0x40000000, 0, 0x4000),
        END,
    };
    (void)state;
    read_on(GIC_V3, none);
    assert_null(tree_of(0));
    assert_non_null(tree_of(1));
    assert_int_equal(outcome.module->partition[0].boot_arg, 0);
}

/* A property that would do nothing is refused. */
static void wishes_for_a_tree_that_is_not_made_are_refused(void **state)
{
    static const struct change arguments[] = {FLAG(NAV, "no-device-tree"),
                                              TEXT(NAV, "bootargs", "x"), END};
    static const struct change address[] = {FLAG(NAV, "no-device-tree"),
                                            CELLS(NAV, "device-tree-address", 1, 0x40080000), END};
    (void)state;
    guest_refused(arguments, RULE_PROPERTY_VALUE, NAV);
    assert_string_equal(outcome.property, "bootargs");
    guest_refused(address, RULE_PROPERTY_VALUE, NAV);
    assert_string_equal(outcome.property, "device-tree-address");
}

/* In memory of every size up to the one that is enough: told how much is wanted, and nothing is
 * written past the end, which the sanitizers watch. */
static void little_memory_is_told(void **state)
{
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    uint32_t told_count = 0;
    (void)state;
    read_on(GIC_V3, unchanged);
    size_t size_bytes = tree_of(0)->size_bytes;
    tree_build(blob, GIC_V3);
    for (size_t room = 0; room <= 2 * size_bytes + 16; room += 4) {
        struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);
        uint8_t *memory = malloc(ARENA_BYTES);
        uint8_t *pool = malloc(room != 0 ? room : 1);
        assert_true(memory != NULL && pool != NULL);
        struct arena arena = {memory, memory + ARENA_BYTES};
        struct arena little = {pool, pool + room};
        struct module_desc *module = config_read(&input, &arena);
        assert_non_null(module);
        if (!config_make_trees(&input, module, &little)) {
            assert_int_equal(outcome.rule, RULE_STARTUP_MEMORY);
            assert_true(outcome.value > outcome.limit);
            told_count++;
        }
        assert_true(little.next <= little.end);
        free(pool);
        free(memory);
    }
    assert_true(told_count > size_bytes / 4);
    assert_int_equal(outcome.fault_count, 0); /* the last one was enough */
}

/* What a user can say of the tree changes the hash; the tree itself is not in it. */
static void the_hash_covers_what_was_asked_for(void **state)
{
    static const struct change row[][2] = {
        {END},
        {FLAG(NAV, "no-device-tree"), END},
        {TEXT(NAV, "bootargs", ""), END},
        {TEXT(NAV, "bootargs", "x"), END},
        {TEXT(NAV, "bootargs", "y"), END},
        {CELLS(NAV, "device-tree-address", 1, 0x40080000), END},
        {CELLS(NAV, "device-tree-address", 1, 0x40080008), END},
    };
    uint8_t digest[ARRAY_COUNT(row)][32];
    uint8_t again[32];
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        read_on(GIC_V3, row[index]);
        assert_non_null(outcome.module);
        config_hash(outcome.module, digest[index]);
        for (size_t other = 0; other < index; other++) {
            assert_memory_not_equal(digest[index], digest[other], 32);
        }
    }
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    tree_build(blob, GIC_V3);
    outcome_read(&outcome, blob, TREE_BYTES); /* no trees are made here */
    assert_non_null(outcome.module);
    config_hash(outcome.module, again);
    assert_memory_equal(again, digest[0], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_fewer_rights_is_reserved),
        cmocka_unit_test(data_images_are_reserved),
        cmocka_unit_test(a_kernel_may_lie_in_rom),
        cmocka_unit_test(a_kernel_without_address_goes_to_ram),
        cmocka_unit_test(chosen_names_ramdisk_and_arguments),
        cmocka_unit_test(a_ramdisk_may_lie_high),
        cmocka_unit_test(bootargs_have_linuxs_length),
        cmocka_unit_test(the_tree_goes_to_the_top_of_ram),
        cmocka_unit_test(the_tree_meets_no_image),
        cmocka_unit_test(the_tree_goes_where_it_is_wanted),
        cmocka_unit_test(a_tree_that_fits_nowhere_is_refused),
        cmocka_unit_test(a_partition_may_decline_its_tree),
        cmocka_unit_test(wishes_for_a_tree_that_is_not_made_are_refused),
        cmocka_unit_test(little_memory_is_told),
        cmocka_unit_test(the_hash_covers_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
