// SPDX-License-Identifier: Apache-2.0
/*
 * Does a kernel built without CPU_FEATURES refuse partitions that ask for one?  Requirements:
 * BH-CFG-2, BH-CPU-1.
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

static void features_are_refused(void **state)
{
    static const char *const word[] = {"pmu", "debug", "sve", "fpu"};
    (void)state;
    for (uint32_t at = 0; at < ARRAY_COUNT(word); at++) {
        const struct change change[] = {TEXT(IO, "cpu-features", word[at]), END};
        tree_build(blob, GIC_V3);
        tree_change(blob, change);
        outcome_complete(&outcome, blob, TREE_BYTES);
        assert_null(outcome.module);
        assert_int_equal(outcome.rule, RULE_CPU_FEATURES_SUPPORT);
        assert_string_equal(outcome.node, IO);
        assert_string_equal(outcome.property, "cpu-features");
    }
}

static void nor_is_a_length_taken(void **state)
{
    const struct change change[] = {CELLS(IO, "sve-vector-bits", 1, 128), END};
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, change);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_CPU_FEATURES_SUPPORT);
    assert_string_equal(outcome.property, "sve-vector-bits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_refused),
        cmocka_unit_test(nor_is_a_length_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
