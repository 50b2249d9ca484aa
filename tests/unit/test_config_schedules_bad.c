// SPDX-License-Identifier: Apache-2.0
/*
 * What of a module with several cores and several schedules is refused, and how is it told?
 * Requirements: BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_modes.h"

#include <string.h>

struct refused_mode {
    enum config_rule rule;
    const char *node;
    const char *property;
    uint64_t value;
    uint64_t limit;
    struct change change[12];
};

/* Each a change of what was accepted above. */
static const struct refused_mode refused_mode[] = {
    {RULE_MAINTENANCE_SCHEDULE,
     "/bulkhead",
     "maintenance-schedule",
     0x11, /* a partition */
     0,
     {CELLS("/bulkhead", "maintenance-schedule", 1, 0x11)}},
    {RULE_MAINTENANCE_SCHEDULE,
     "/bulkhead",
     "maintenance-schedule",
     0,
     0,
     {CELLS("/bulkhead", "maintenance-schedule", 1, 0)}},
    {RULE_MAINTENANCE_SCHEDULE,
     IO,
     "maintenance-on-error",
     0,
     0,
     {LESS("/bulkhead", "maintenance-schedule")}},
    {RULE_PROPERTY_LENGTH,
     "/bulkhead",
     "maintenance-schedule",
     8,
     4,
     {CELLS("/bulkhead", "maintenance-schedule", 2, 0, 0x31)}},
    {RULE_PROPERTY_LENGTH,
     NAV,
     "set-module-schedule",
     4,
     0,
     {CELLS(NAV, "set-module-schedule", 1, 1)}},
    {RULE_IRQ_RANGE, NAV, "period-ppi", 32, 32, {CELLS(NAV, "period-ppi", 1, 16)}},
    {RULE_IRQ_RANGE, NAV, "period-ppi", 0x10000000f, 32, {CELLS(NAV, "period-ppi", 1, 0xffffffff)}},
    {RULE_IRQ_TWICE, NAV, "period-ppi", 27, 27, {CELLS(NAV, "period-ppi", 1, 11)}},
    {RULE_IRQ_TWICE, NAV, "period-ppi", 30, 30, {CELLS(NAV, "period-ppi", 1, 14)}},
    {RULE_PERIOD_PPI, IO, "period-ppi", 0, 0, {CELLS(IO, "period-ppi", 1, 5)}},

    {RULE_UNKNOWN_PROPERTY, FIRST SAID, "typo", 0, 0, {FLAG(FIRST SAID, "typo")}},
    {RULE_UNKNOWN_PROPERTY,
     FIRST SAID "/partition-schedule@1",
     "typo",
     0,
     0,
     {FLAG(FIRST SAID "/partition-schedule@1", "typo")}},
    {RULE_UNKNOWN_NODE, FIRST SAID "/cpu@0", "", 0, 0, {NODE(FIRST SAID, "cpu@0")}},
    {RULE_UNKNOWN_NODE,
     FIRST SAID "/partition-schedule@1/deep",
     "",
     0,
     0,
     {NODE(FIRST SAID "/partition-schedule@1", "deep")}},
    {RULE_UNKNOWN_NODE,
     FIRST "/partition-schedules-2",
     "",
     0,
     0,
     {NODE(FIRST, "partition-schedules-2")}},
    {RULE_PROPERTY_VALUE,
     FIRST SAID,
     "#size-cells",
     1,
     0,
     {CELLS(FIRST SAID, "#size-cells", 1, 1)}},
    {RULE_PARTITION_UNKNOWN,
     FIRST SAID "/partition-schedule@1",
     "reg",
     3,
     0,
     {CELLS(FIRST SAID "/partition-schedule@1", "reg", 1, 3)}},
    {RULE_ID_TWICE,
     FIRST SAID "/partition-schedule@1",
     "reg",
     1,
     1,
     {NODE(FIRST SAID, "partition-schedule-again"),
      CELLS(FIRST SAID "/partition-schedule-again", "reg", 1, 1)}},
    {RULE_PARTITION_SCHEDULE,
     SECOND SAID "/partition-schedule@2",
     "",
     0,
     0,
     {CELLS(SECOND SAID "/partition-schedule@2", "reg", 1, 1)}},
    {RULE_PROPERTY_VALUE,
     FIRST SAID "/partition-schedule@1",
     "change-action",
     0,
     0,
     {TEXT(FIRST SAID "/partition-schedule@1", "change-action", "cold")}},
    {RULE_PROPERTY_VALUE,
     FIRST SAID "/partition-schedule@1",
     "change-action",
     0,
     0,
     {TEXT(FIRST SAID "/partition-schedule@1", "change-action", "")}},
    {RULE_CHANGE_ACTION,
     FIRST SAID "/partition-schedule@1",
     "change-action",
     0,
     0,
     {GONE(SECOND), LESS("/bulkhead", "maintenance-schedule"), LESS(IO, "maintenance-on-error")}},
    {RULE_MISSING_PROPERTY,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     0,
     0,
     {LESS(FIRST SAID "/partition-schedule@1", "period-ns")}},
    {RULE_MISSING_PROPERTY,
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     0,
     0,
     {LESS(FIRST SAID "/partition-schedule@1", "duration-ns")}},
    {RULE_PERIOD_LENGTH,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     0,
     2000000,
     {CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 0)}},
    {RULE_PERIOD_LENGTH,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     999999,
     2000000,
     {CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 999999)}},
    {RULE_PERIOD_LENGTH, /* longer than the frame */
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     4000000,
     2000000,
     {CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 4000000)}},
    {RULE_PERIOD_DURATION,
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     0,
     1000000,
     {CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 0)}},
    {RULE_PERIOD_DURATION,
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     1000001,
     1000000,
     {CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 1000001)}},
    {RULE_PERIOD_START, /* io has none */
     FIRST "/cpu@0/minor-frame@f4240",
     "period-start",
     0,
     0,
     {FLAG(FIRST "/cpu@0/minor-frame@f4240", "period-start")}},
    {RULE_PERIOD_START, /* another vCPU */
     FIRST "/cpu@0/minor-frame-next",
     "period-start",
     0,
     0,
     {CELLS(NAV, "vcpus", 1, 2), CELLS(FIRST "/cpu@0/minor-frame-next", "vcpu", 1, 1)}},
    {RULE_PERIOD_START, /* a period in another schedule is none here */
     SECOND "/cpu@0/minor-frame@0",
     "period-start",
     0,
     0,
     {CELLS(SECOND "/cpu@0/minor-frame@0", "partition", 1, 0x11),
      FLAG(SECOND "/cpu@0/minor-frame@0", "period-start"), GONE(SECOND SAID)}},
    {RULE_PERIOD_COUNT,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     1,
     2,
     {LESS(FIRST "/cpu@0/minor-frame-next", "period-start")}},
    {RULE_PERIOD_COUNT,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     0,
     2,
     {LESS(FIRST "/cpu@0/minor-frame-next", "period-start"),
      LESS(FIRST "/cpu@0/minor-frame@0", "period-start")}},
    {RULE_PERIOD_SPACING,
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     1000001,
     1000000,
     {CELLS(FIRST "/cpu@0/minor-frame-next", "reg", 4, 0, 1000001, 0, 400000)}},
    {RULE_PERIOD_SPACING, /* one too many */
     FIRST SAID "/partition-schedule@1",
     "period-ns",
     600000,
     1000000,
     {FLAG(FIRST "/cpu@0/minor-frame-rest", "period-start")}},
    {RULE_PERIOD_TIME, /* the second period has one window, with its guard */
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     396400,
     396401,
     {CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 396401)}},
    {RULE_PERIOD_TIME,
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     245800,
     396400,
     {CELLS(FIRST "/cpu@0/minor-frame@0", "reg", 4, 0, 0, 0, 53000)}},
    {RULE_PERIOD_TIME, /* a larger guard takes more of it */
     FIRST SAID "/partition-schedule@1",
     "duration-ns",
     396399,
     396400,
     {CELLS("/bulkhead", "guard-ns", 1, 3601)}},

    {RULE_LABEL_TWICE, SECOND, "label", 0, 0, {TEXT(SECOND, "label", "schedule@0")}},
    {RULE_LABEL_TEXT,
     SECOND,
     "label",
     32,
     31,
     {TEXT(SECOND, "label", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")}},
    {RULE_LABEL_TEXT, SECOND, "label", 0, 31, {TEXT(SECOND, "label", "")}},
    {RULE_PARTITION_WITHOUT_WINDOW,
     IO,
     "",
     0,
     0,
     {GONE(FIRST "/cpu@0/minor-frame@f4240"), GONE(SECOND SAID),
      CELLS(SECOND "/cpu@0/minor-frame@0", "partition", 1, 0x11)}},
    {RULE_VCPU_WITHOUT_WINDOW, /* in the first schedule it has windows of both */
     IO,
     "vcpus",
     1,
     2,
     {CELLS(IO, "vcpus", 1, 2), WINDOW(FIRST "/cpu@1", "minor-frame@0", 0, 500000, 0x12),
      CELLS(FIRST "/cpu@1/minor-frame@0", "vcpu", 1, 1)}},
    {RULE_VCPU_TWO_CORES, /* each in a schedule of its own */
     IO,
     "",
     0,
     1,
     {CELLS(SECOND "/cpu@0", "reg", 1, 1)}},
    {RULE_VCPU_TWO_CORES, /* at one time */
     IO,
     "",
     0,
     1,
     {WINDOW(FIRST "/cpu@1", "minor-frame@0", 1500000, 500000, 0x12)}},
    {RULE_OWN_TIME_CORES,
     IO,
     "time",
     0,
     1,
     {TEXT(IO, "time", "partition"), IO_ON_TWO_CPUS(0, 500000)}},
    {RULE_GUARD_SHORT, /* io is on two CPUs */
     "/bulkhead",
     "guard-ns",
     5599,
     5600,
     {CELLS("/bulkhead", "guard-ns", 1, 5599), IO_ON_TWO_CPUS(0, 500000)}},
    {RULE_WINDOW_SHORT, /* long enough for the guard of one CPU */
     "minor-frame@0",
     "reg",
     15999, /* the guard, 10 us, and 400 ns for its second vCPU */
     16000,
     {IO_ON_TWO_CPUS(0, 15999)}},
    {RULE_WINDOW_SHORT, /* with a guard that was given, too */
     "minor-frame@0",
     "reg",
     30399,
     30400,
     {CELLS("/bulkhead", "guard-ns", 1, 20000), IO_ON_TWO_CPUS(0, 30399)}},
    {RULE_CORE_START, FIRST "/cpu@1", "", 0, 0, {GONE("/psci")}},
    {RULE_CPU_TWICE, "/cpus/cpu@1", "reg", 0, 0, {CELLS("/cpus/cpu@1", "reg", 1, 0)}},
    {RULE_CPU_TWICE, "/cpus/cpu@1", "reg", 0, 0, {CELLS("/cpus/cpu@1", "reg", 1, 0x80000000)}},
};

static void each_mistake_is_told(void **state)
{
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(refused_mode); index++) {
        const struct refused_mode *refused = &refused_mode[index];
        if (read_modes(refused->change) != NULL || outcome.rule != (int)refused->rule ||
            strcmp(outcome.node, refused->node) != 0 ||
            strcmp(outcome.property, refused->property) != 0 || outcome.value != refused->value ||
            outcome.limit != refused->limit) {
            fail_msg("row %zu: expected %s at %s; got %s: %s", index,
                     config_rule_name((int)refused->rule), refused->node,
                     outcome.rule == RULE_NONE ? "nothing" : config_rule_name(outcome.rule),
                     outcome.told[0].text);
        }
    }
}

/* What is one fault is told as one. */
static void one_mistake_is_one_fault(void **state)
{
    static const struct change change[] = {
        CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 999999),
        END,
    };
    (void)state;
    assert_null(read_modes(change));
    assert_int_equal(outcome.fault_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told),
        cmocka_unit_test(one_mistake_is_one_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
