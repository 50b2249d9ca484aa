// SPDX-License-Identifier: Apache-2.0
/*
 * Does a kernel built without PARTITION_TIME refuse partitions that want their own, and take all
 * others?  Requirements: BH-CFG-2, BH-OWN-1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <libfdt.h>

static uint8_t blob[TREE_BYTES];
static struct outcome outcome;

static void read_with(const char *time)
{
    const struct change change[] = {TEXT(IO, "time", time), END};
    tree_build(blob, GIC_V3);
    tree_change(blob, change);
    outcome_complete(&outcome, blob, TREE_BYTES);
}

static void own_time_is_refused(void **state)
{
    (void)state;
    read_with("partition");
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_OWN_TIME_SUPPORT);
    assert_string_equal(outcome.node, IO);
    assert_string_equal(outcome.property, "time");
}

static void module_time_is_taken(void **state)
{
    (void)state;
    read_with("module");
    assert_non_null(outcome.module);
    assert_false(outcome.module->partition[1].own_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_time_is_refused),
        cmocka_unit_test(module_time_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
