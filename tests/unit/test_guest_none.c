// SPDX-License-Identifier: Apache-2.0
/*
 * Does a kernel built without device trees for guests refuse what it would not do, and take all
 * else? Requirements: BH-DT-1, BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

static struct outcome outcome;

static void read_changed(const struct change *change)
{
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    tree_build(blob, GIC_V3);
    tree_change(blob, change);
    outcome_complete(&outcome, blob, TREE_BYTES);
}

static void a_partition_starts_without_a_tree(void **state)
{
    static const struct change none[] = {END};
    static const struct change declined[] = {FLAG(NAV, "no-device-tree"), END};
    (void)state;
    read_changed(none);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->partition[0].image_count, 1);
    assert_int_equal(outcome.module->partition[0].boot_arg, 0);
    read_changed(declined);
    assert_non_null(outcome.module);
}

static void what_would_not_be_done_is_refused(void **state)
{
    static const struct change row[][2] = {
        {TEXT(NAV, "bootargs", "x"), END},
        {CELLS(NAV, "device-tree-address", 1, 0x40080000), END},
    };
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        read_changed(row[index]);
        assert_null(outcome.module);
        assert_int_equal(outcome.rule, RULE_GUEST_TREE_SUPPORT);
        assert_string_equal(outcome.node, NAV);
        assert_string_equal(outcome.property, row[index][0].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_starts_without_a_tree),
        cmocka_unit_test(what_would_not_be_done_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
