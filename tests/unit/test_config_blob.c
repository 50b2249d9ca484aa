// SPDX-License-Identifier: Apache-2.0
/*
 * Can a blob make the reader read past it, or believe what libfdt would not?  Truncated and
 * corrupted blobs, each in memory of exactly its size under the address sanitizer.  Requirements:
 * BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *good_blob(size_t *size)
{
    uint8_t *blob = malloc(TREE_BYTES);
    assert_non_null(blob);
    tree_build(blob, GIC_V3);
    assert_int_equal(fdt_pack(blob), 0);
    *size = fdt_totalsize(blob);
    return blob;
}

static void each_truncation_is_refused(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    (void)state;
    for (size_t length = 0; length < size; length++) {
        uint8_t *part = malloc(length + 1);
        struct outcome outcome;
        assert_non_null(part);
        memcpy(part, blob, length);
        outcome_read(&outcome, part, length);
        assert_null(outcome.module);
        assert_int_equal(outcome.rule, RULE_BAD_BLOB);
        free(part);
    }
    free(blob);
}

/* Each byte is damaged in several ways.  What is accepted nonetheless must please libfdt, too. */
static void each_damage_is_harmless(void **state)
{
    static const uint8_t damage[] = {0x01, 0x80, 0xff};
    size_t size;
    uint8_t *blob = good_blob(&size);
    uint32_t refused_count = 0;
    (void)state;
    for (size_t at = 0; at < size; at++) {
        for (size_t which = 0; which < sizeof(damage); which++) {
            struct outcome outcome;
            blob[at] ^= damage[which];
            outcome_complete(&outcome, blob, size);
            if (outcome.module != NULL) {
                assert_int_equal(fdt_check_full(blob, size), 0);
                assert_int_equal(outcome.fault_count, 0);
            } else {
                assert_true(outcome.fault_count > 0);
                refused_count++;
            }
            blob[at] ^= damage[which];
        }
    }
    assert_true(refused_count > size);
    free(blob);
}

static void unaligned_blob_is_refused(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    uint8_t *moved = malloc(size + 8);
    struct outcome outcome;
    (void)state;
    assert_non_null(moved);
    memcpy(moved + 4, blob, size);
    outcome_read(&outcome, moved + 4, size);
    assert_int_equal(outcome.rule, RULE_BAD_BLOB);
    free(moved);
    free(blob);
}

static void old_version_is_refused(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    struct outcome outcome;
    (void)state;
    fdt_set_version(blob, 16);
    outcome_read(&outcome, blob, size);
    assert_int_equal(outcome.rule, RULE_BAD_BLOB);
    free(blob);
}

/* A tree of `depth` nodes below the root, written by the sequential interface. */
static void build_chain(void *blob, uint32_t depth)
{
    assert_int_equal(fdt_create(blob, TREE_BYTES), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
    for (uint32_t level = 0; level < depth; level++) {
        assert_int_equal(fdt_begin_node(blob, "n"), 0);
    }
    for (uint32_t level = 0; level <= depth; level++) {
        assert_int_equal(fdt_end_node(blob), 0);
    }
    assert_int_equal(fdt_finish(blob), 0);
}

static void depth_is_bounded(void **state)
{
    uint8_t *blob = malloc(TREE_BYTES);
    struct outcome outcome;
    (void)state;
    assert_non_null(blob);
    build_chain(blob, 31);
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_NO_DESCRIPTION);
    build_chain(blob, 32);
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_TREE_DEPTH);
    build_chain(blob, 1000);
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_TREE_DEPTH);
    free(blob);
}

/* NOPs may stand anywhere between tags; they change nothing. */
static void nops_are_skipped(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    struct outcome outcome;
    int node = fdt_path_offset(blob, "/bulkhead/partitions/partition@2");
    (void)state;
    assert_int_equal(fdt_nop_property(blob, fdt_path_offset(blob, "/gadget@9020000"), "interrupts"),
                     0);
    outcome_complete(&outcome, blob, size);
    assert_non_null(outcome.module);
    /* Without its own node, a partition's window names nothing. */
    assert_int_equal(fdt_nop_node(blob, node), 0);
    outcome_read(&outcome, blob, size);
    assert_int_equal(outcome.rule, RULE_WINDOW_PARTITION);
    free(blob);
}

/* Makes a second property of a node by giving another one its name. */
static void property_twice(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    struct outcome outcome;
    int node = fdt_path_offset(blob, "/bulkhead/schedules/schedule@0/cpu@0");
    int address = 0;
    int other = 0;
    (void)state;
    for (int at = fdt_first_property_offset(blob, node); at >= 0;
         at = fdt_next_property_offset(blob, at)) {
        const char *name;
        (void)fdt_getprop_by_offset(blob, at, &name, NULL);
        if (strcmp(name, "#address-cells") == 0) {
            address = at;
        } else if (strcmp(name, "#size-cells") == 0) {
            other = at;
        }
    }
    assert_true(address > 0 && other > 0);
    struct fdt_property *from = fdt_offset_ptr_w(blob, address, sizeof(*from));
    struct fdt_property *to = fdt_offset_ptr_w(blob, other, sizeof(*to));
    to->nameoff = from->nameoff;
    outcome_read(&outcome, blob, size);
    assert_int_equal(outcome.rule, RULE_PROPERTY_TWICE);
    assert_string_equal(outcome.property, "#address-cells");
    free(blob);
}

/* Two nodes of one name: whichever a lookup finds, the other would be ignored. */
static void node_twice(void **state)
{
    size_t size;
    uint8_t *blob = good_blob(&size);
    struct outcome outcome;
    (void)state;
    int node = fdt_path_offset(blob, "/bulkhead/schedules");
    memcpy(fdt_offset_ptr_w(blob, node + 4, 10), "partitions", 10);
    outcome_read(&outcome, blob, size);
    /* "schedules" has 9 letters and is padded to 12 bytes, so the longer name fits. */
    assert_int_equal(outcome.rule, RULE_NODE_TWICE);
    free(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(each_damage_is_harmless),
        cmocka_unit_test(unaligned_blob_is_refused),
        cmocka_unit_test(old_version_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(nops_are_skipped),
        cmocka_unit_test(property_twice),
        cmocka_unit_test(node_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
