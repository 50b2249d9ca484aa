// SPDX-License-Identifier: Apache-2.0
/*
 * Does a kernel built without SMP and MODULE_SCHEDULES refuse what needs them, and take all others?
 * Requirements: BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <string.h>

#define FIRST  "/bulkhead/schedules/schedule@0"
#define SECOND "/bulkhead/schedules/schedule@1"
#define WINDOW FIRST "/cpu@0/minor-frame@0"

static uint8_t blob[TREE_BYTES];
static struct outcome outcome;

static const struct module_desc *read_with(const struct change *change)
{
    tree_build(blob, GIC_V3);
    tree_change(blob, change);
    outcome_complete(&outcome, blob, TREE_BYTES);
    return outcome.module;
}

static void what_needs_an_option_is_refused(void **state)
{
    static const struct {
        enum config_rule rule;
        const char *node;
        const char *property;
        struct change change[5];
    } refused[] = {
        {RULE_SCHEDULES_SUPPORT, NAV, "set-module-schedule", {FLAG(NAV, "set-module-schedule")}},
        {RULE_SCHEDULES_SUPPORT, NAV, "maintenance-on-error", {FLAG(NAV, "maintenance-on-error")}},
        {RULE_SCHEDULES_SUPPORT, NAV, "period-ppi", {CELLS(NAV, "period-ppi", 1, 5)}},
        {RULE_SCHEDULES_SUPPORT,
         "/bulkhead",
         "maintenance-schedule",
         {CELLS(FIRST, "phandle", 1, 0x31), CELLS("/bulkhead", "maintenance-schedule", 1, 0x31)}},
        {RULE_SCHEDULES_SUPPORT,
         FIRST "/partition-schedules",
         "",
         {NODE(FIRST, "partition-schedules")}},
        {RULE_SCHEDULES_SUPPORT,
         SECOND,
         "",
         {NODE("/bulkhead/schedules", "schedule@1"), CELLS(SECOND, "reg", 1, 1)}},
        {RULE_PERIOD_START, WINDOW, "period-start", {FLAG(WINDOW, "period-start")}},
        {RULE_CORES_SUPPORT,
         FIRST "/cpu@1",
         "",
         {NODE(FIRST, "cpu@1"), CELLS(FIRST "/cpu@1", "reg", 1, 1),
          CELLS(FIRST "/cpu@1", "#address-cells", 1, 2),
          CELLS(FIRST "/cpu@1", "#size-cells", 1, 2)}},
    };
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(refused); index++) {
        if (read_with(refused[index].change) != NULL || outcome.rule != (int)refused[index].rule ||
            outcome.fault_count != 1 || strcmp(outcome.node, refused[index].node) != 0 ||
            strcmp(outcome.property, refused[index].property) != 0) {
            fail_msg("row %zu: %s", index, outcome.told[0].text);
        }
    }
}

/* The second CPU alone is one CPU, and what the machine has besides is not looked at. */
static void one_cpu_and_one_schedule_are_taken(void **state)
{
    static const struct change change[] = {
        CELLS(FIRST "/cpu@0", "reg", 1, 1),
        GONE("/psci"),
        END,
    };
    const struct module_desc *module = read_with(change);
    (void)state;
    assert_non_null(module);
    assert_int_equal(module->core_count, 1);
    assert_int_equal(module->core_cpu[0], 1);
    assert_int_equal(module->partition[0].vcpu_cpu[0], 1);
    assert_int_equal(module->maintenance_schedule, 1);
    assert_int_equal(module->schedule[0].partition[1].period_ns, 0);
}

/* A rule that nobody can break here has no words, which is no reason to fall over. */
static void rules_without_words(void **state)
{
    (void)state;
    assert_null(config_rule_name(RULE_PERIOD_TIME));
    assert_null(config_rule_sentence(RULE_CORE_COUNT));
    assert_string_equal(config_rule_name(RULE_CORES_SUPPORT), "cores-support");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_an_option_is_refused),
        cmocka_unit_test(one_cpu_and_one_schedule_are_taken),
        cmocka_unit_test(rules_without_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
