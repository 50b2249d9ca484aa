// SPDX-License-Identifier: Apache-2.0
/*
 * Does a kernel built without overlays refuse them, and take all else?  Requirements: BH-OVL-3,
 * BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <libfdt.h>

static struct outcome outcome;

static void an_overlay_is_refused(void **state)
{
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    machine_read(&machine, &outcome);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_OVERLAY_SUPPORT);
    assert_string_equal(outcome.node, "/boot-modules/overlay-0");
    assert_int_equal(outcome.fault_count, 1);
    assert_int_equal(machine.bytes_read, 0);
    machine_free(&machine);
}

/* Files need no overlays. */
static void a_merged_tree_and_files_are_taken(void **state)
{
    static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
    struct machine machine;
    (void)state;
    machine_make(&machine);
    overlay_both(overlay);
    assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
    machine_files(&machine);
    machine_read(&machine, &outcome);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->partition[0].image[0].pa.pa, NAV_PA);
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overlay_is_refused),
        cmocka_unit_test(a_merged_tree_and_files_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
