// SPDX-License-Identifier: Apache-2.0
/*
 * What of a module with several cores and several schedules is taken, and what is refused? Periods,
 * change actions, permissions, and who runs on which CPU.  Requirements: BH-CFG-1, BH-CFG-2,
 * BH-CFG-3, BH-CFG-4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAV    "/bulkhead/partitions/partition@1"
#define IO     "/bulkhead/partitions/partition@2"
#define FIRST  "/bulkhead/schedules/schedule@0"
#define SECOND "/bulkhead/schedules/schedule@1"
#define SAID   "/partition-schedules"
#define CHANGE(kind, path, name, string)                                                           \
    {                                                                                              \
        kind, path, name, string, 0,                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define FLAG(path, name)         CHANGE(SET_FLAG, path, name, NULL)
#define TEXT(path, name, string) CHANGE(SET_STRING, path, name, string)
#define NODE(path, name)         CHANGE(ADD_NODE, path, name, NULL)
#define LESS(path, name)         CHANGE(DROP_PROPERTY, path, name, NULL)
#define GONE(path)               CHANGE(DROP_NODE, path, NULL, NULL)
#define END                      CHANGE(CHANGE_END, NULL, NULL, NULL)
#define SPACE(path, address, size)                                                                 \
    CELLS(path, "#address-cells", 1, address), CELLS(path, "#size-cells", 1, size)
#define WINDOW(core, name, start, duration, phandle)                                               \
    NODE(core, name), CELLS(core "/" name, "reg", 4, 0, start, 0, duration),                       \
        CELLS(core "/" name, "partition", 1, phandle)
/* vCPU 1 of io has a window on CPU 1; the second schedule, where it has none, is nav's. */
#define IO_ON_TWO_CPUS(start, duration)                                                            \
    CELLS(IO, "vcpus", 1, 2), WINDOW(FIRST "/cpu@1", "minor-frame@0", start, duration, 0x12),      \
        CELLS(FIRST "/cpu@1/minor-frame@0", "vcpu", 1, 1), GONE(SECOND SAID),                      \
        CELLS(SECOND "/cpu@0/minor-frame@0", "partition", 1, 0x11),                                \
        CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 300000)

/* nav has a period of 1 ms in the first schedule, whose second period has less time, and no window
 * in the second one, which is io's alone. */
static const struct change modes[] = {
    CELLS("/bulkhead", "maintenance-schedule", 1, 0x31),
    FLAG(NAV, "set-module-schedule"),
    CELLS(NAV, "period-ppi", 1, 5),
    FLAG(IO, "maintenance-on-error"),

    FLAG(FIRST "/cpu@0/minor-frame@0", "period-start"), /* 0 to 500 us */
    WINDOW(FIRST "/cpu@0", "minor-frame-rest", 600000, 200000, 0x11),
    WINDOW(FIRST "/cpu@0", "minor-frame-next", 1000000, 400000, 0x11),
    FLAG(FIRST "/cpu@0/minor-frame-next", "period-start"),
    CELLS(FIRST "/cpu@0/minor-frame@f4240", "reg", 4, 0, 1500000, 0, 500000),
    NODE(FIRST, "cpu@1"),
    CELLS(FIRST "/cpu@1", "reg", 1, 1),
    SPACE(FIRST "/cpu@1", 2, 2),
    NODE(FIRST, "partition-schedules"),
    SPACE(FIRST SAID, 1, 0),
    NODE(FIRST SAID, "partition-schedule@1"),
    CELLS(FIRST SAID "/partition-schedule@1", "reg", 1, 1),
    CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 1000000),
    CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 2, 0, 396400),
    TEXT(FIRST SAID "/partition-schedule@1", "change-action", "warm-start"),

    NODE("/bulkhead/schedules", "schedule@1"),
    TEXT(SECOND, "compatible", "bulkhead,schedule"),
    TEXT(SECOND, "label", "maintenance"),
    CELLS(SECOND, "phandle", 1, 0x31),
    CELLS(SECOND, "reg", 1, 7),
    CELLS(SECOND, "major-frame-ns", 1, 1000000),
    SPACE(SECOND, 1, 0),
    NODE(SECOND, "cpu@0"),
    CELLS(SECOND "/cpu@0", "reg", 1, 0),
    SPACE(SECOND "/cpu@0", 2, 2),
    WINDOW(SECOND "/cpu@0", "minor-frame@0", 0, 1000000, 0x12),
    NODE(SECOND, "partition-schedules"),
    SPACE(SECOND SAID, 1, 0),
    NODE(SECOND SAID, "partition-schedule@2"),
    CELLS(SECOND SAID "/partition-schedule@2", "reg", 1, 2),
    TEXT(SECOND SAID "/partition-schedule@2", "change-action", "cold-start"),
    END,
};

static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

static const struct module_desc *read_modes(const struct change *change)
{
    tree_build(blob, GIC_V3);
    tree_change(blob, modes);
    if (change != NULL) {
        tree_change(blob, change);
    }
    outcome_complete(&outcome, blob, TREE_BYTES);
    return outcome.module;
}

static const struct module_desc *accepted(const struct change *change)
{
    if (read_modes(change) == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    return outcome.module;
}

static void modes_are_described(void **state)
{
    const struct module_desc *module = accepted(NULL);
    const struct partition_desc *nav = &module->partition[0];
    const struct partition_desc *io = &module->partition[1];
    const struct schedule_desc *first = &module->schedule[0];
    const struct schedule_desc *second = &module->schedule[1];
    (void)state;
    assert_int_equal(module->schedule_count, 2);
    assert_int_equal(module->maintenance_schedule, 1);
    assert_int_equal(module->core_count, 2);
    assert_int_equal(module->core_cpu[0], 0);
    assert_int_equal(module->core_cpu[1], 1);
    assert_true(nav->may_set_schedule && !io->may_set_schedule);
    assert_true(!nav->maintenance_on_error && io->maintenance_on_error);
    assert_int_equal(nav->period_irq, 21);
    assert_int_equal(io->period_irq, 0);
    assert_int_equal(nav->vcpu_cpu[0], 0);
    assert_int_equal(io->vcpu_cpu[0], 0);

    assert_string_equal(first->name, "schedule@0");
    assert_int_equal(first->core[1].window_count, 0);
    assert_true(first->core[0].window[0].period_start);
    assert_false(first->core[0].window[1].period_start);
    assert_true(first->core[0].window[2].period_start);
    assert_false(first->core[0].window[3].period_start);
    assert_int_equal(first->partition[0].period_ns, 1000000);
    assert_int_equal(first->partition[0].duration_ns, 396400);
    assert_int_equal(first->partition[0].change_action, CHANGE_WARM_START);
    assert_string_equal(first->partition[0].node, FIRST SAID "/partition-schedule@1");
    assert_null(first->partition[1].node);
    assert_int_equal(first->partition[1].period_ns, 0);
    assert_int_equal(first->partition[1].change_action, CHANGE_IGNORE);

    assert_int_equal(second->id, 7);
    assert_string_equal(second->name, "maintenance");
    assert_null(second->partition[0].node);
    assert_int_equal(second->partition[1].change_action, CHANGE_COLD_START);
    assert_int_equal(second->partition[1].duration_ns, 0);
}

/* A module that says nothing of all this. */
static void without_modes_there_are_none(void **state)
{
    (void)state;
    tree_build(blob, GIC_V3);
    outcome_complete(&outcome, blob, TREE_BYTES);
    const struct module_desc *module = outcome.module;
    assert_non_null(module);
    assert_int_equal(module->maintenance_schedule, module->schedule_count);
    assert_int_equal(module->core_count, 1);
    assert_int_equal(module->core_cpu[0], 0);
    for (uint32_t index = 0; index < 2; index++) {
        assert_false(module->partition[index].may_set_schedule);
        assert_false(module->partition[index].maintenance_on_error);
        assert_int_equal(module->partition[index].period_irq, 0);
        assert_null(module->schedule[0].partition[index].node);
    }
}

static void every_change_action_is_known(void **state)
{
    static const char *const word[] = {"ignore", "idle", "cold-start", "warm-start"};
    (void)state;
    for (uint32_t index = 0; index < ARRAY_COUNT(word); index++) {
        const struct change change[] = {
            TEXT(FIRST SAID "/partition-schedule@1", "change-action", word[index]),
            END,
        };
        assert_int_equal(accepted(change)->schedule[0].partition[0].change_action, index);
    }
}

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
     10599,
     10600,
     {IO_ON_TWO_CPUS(0, 10599)}},
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

static void a_partition_on_two_cpus_has_the_longer_guard(void **state)
{
    static const struct change unsaid[] = {IO_ON_TWO_CPUS(0, 500000), END};
    static const struct change said[] = {CELLS("/bulkhead", "guard-ns", 1, 5601),
                                         IO_ON_TWO_CPUS(0, 500000), END};
    const struct module_desc *module;
    (void)state;
    module = read_modes(NULL);
    assert_non_null(module);
    assert_int_equal(module->guard_ns, 3600);
    module = read_modes(unsaid);
    assert_non_null(module);
    assert_int_equal(module->guard_ns, 5600);
    module = read_modes(said);
    assert_non_null(module);
    assert_int_equal(module->guard_ns, 5601);
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

/* Periods that begin inside the frame: the last one ends in the next frame, with the time that is
 * before the first mark. */
static void the_last_period_goes_on_in_the_next_frame(void **state)
{
    static const struct change change[] = {
        LESS(FIRST "/cpu@0/minor-frame@0", "period-start"), /* 0 to 500 us: 497 us */
        CELLS(FIRST "/cpu@0/minor-frame-rest", "reg", 4, 0, 600000, 0, 400000),
        FLAG(FIRST "/cpu@0/minor-frame-rest", "period-start"),
        CELLS(FIRST "/cpu@0/minor-frame@f4240", "reg", 4, 0, 1000000, 0, 600000), /* io */
        CELLS(FIRST "/cpu@0/minor-frame-next", "reg", 4, 0, 1600000, 0, 100000),
        END,
    };
    static const struct change less[] = {
        CELLS(FIRST "/cpu@0/minor-frame@0", "reg", 4, 0, 0, 0, 302999),
        END,
    };
    (void)state;
    (void)accepted(change);
    /* 97,000 and 299,999 ns. */
    tree_change(blob, less);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_PERIOD_TIME);
    assert_int_equal(outcome.value, 395799);
}

/* Windows of other vCPUs add nothing to a period, and those of other partitions neither. */
static void only_vcpu_0_counts(void **state)
{
    static const struct change change[] = {
        CELLS(NAV, "vcpus", 1, 2),
        CELLS(FIRST "/cpu@0/minor-frame-rest", "vcpu", 1, 1),
        CELLS(FIRST "/cpu@0/minor-frame@0", "reg", 4, 0, 0, 0, 399999),
        END,
    };
    (void)state;
    assert_null(read_modes(change));
    assert_int_equal(outcome.rule, RULE_PERIOD_TIME);
    assert_int_equal(outcome.value, 396399);
}

/* A second vCPU elsewhere, in both schedules, and a schedule that names only the second CPU. */
static void vcpus_have_one_cpu_each(void **state)
{
    static const struct change change[] = {
        CELLS(IO, "vcpus", 1, 2),
        WINDOW(FIRST "/cpu@1", "minor-frame@0", 0, 500000, 0x12),
        CELLS(FIRST "/cpu@1/minor-frame@0", "vcpu", 1, 1),
        NODE(SECOND, "cpu@1"),
        CELLS(SECOND "/cpu@1", "reg", 1, 1),
        SPACE(SECOND "/cpu@1", 2, 2),
        WINDOW(SECOND "/cpu@1", "minor-frame@0", 0, 500000, 0x12),
        CELLS(SECOND "/cpu@1/minor-frame@0", "vcpu", 1, 1),
        CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 394400),
        END,
    };
    static const struct change moved[] = {
        GONE(FIRST "/cpu@1"),
        CELLS(FIRST "/cpu@0", "reg", 1, 1),
        CELLS(SECOND "/cpu@0", "reg", 1, 1),
        END,
    };
    const struct module_desc *module = accepted(change);
    (void)state;
    assert_int_equal(module->partition[1].vcpu_cpu[0], 0);
    assert_int_equal(module->partition[1].vcpu_cpu[1], 1);
    module = accepted(moved);
    assert_int_equal(module->core_count, 1);
    assert_int_equal(module->core_cpu[0], 1);
    assert_int_equal(module->partition[0].vcpu_cpu[0], 1);
}

/* Without PSCI one CPU is as good as before. */
static void one_core_needs_no_psci(void **state)
{
    static const struct change change[] = {GONE("/psci"), GONE(FIRST "/cpu@1"), END};
    (void)state;
    assert_int_equal(accepted(change)->core_count, 1);
}

/* The name that a schedule has without a label is a name, too. */
static void a_nodes_name_must_be_short(void **state)
{
    static const struct change change[] = {
        NODE("/bulkhead/schedules", "schedule-xxxxxxxxxxxxxxxxxxxxxxx"),
        TEXT("/bulkhead/schedules/schedule-xxxxxxxxxxxxxxxxxxxxxxx", "compatible",
             "bulkhead,schedule"),
        CELLS("/bulkhead/schedules/schedule-xxxxxxxxxxxxxxxxxxxxxxx", "reg", 1, 9),
        CELLS("/bulkhead/schedules/schedule-xxxxxxxxxxxxxxxxxxxxxxx", "major-frame-ns", 1, 1000000),
        SPACE("/bulkhead/schedules/schedule-xxxxxxxxxxxxxxxxxxxxxxx", 1, 0),
        END,
    };
    (void)state;
    assert_null(read_modes(change));
    assert_int_equal(outcome.rule, RULE_LABEL_TEXT);
    assert_int_equal(outcome.value, 32);
    assert_string_equal(outcome.property, "");
}

/* Adds schedules that are io's alone until there are `count`. */
static void add_schedules(uint32_t count)
{
    for (uint32_t index = 2; index < count; index++) {
        char name[32];
        char core[64];
        char window[96];
        (void)snprintf(name, sizeof(name), "schedule@%x", index + 16);
        (void)snprintf(core, sizeof(core), "/bulkhead/schedules/%s", name);
        const struct change schedule[] = {
            NODE("/bulkhead/schedules", name),
            TEXT(core, "compatible", "bulkhead,schedule"),
            CELLS(core, "reg", 1, index + 16),
            CELLS(core, "major-frame-ns", 1, 1000000),
            SPACE(core, 1, 0),
            NODE(core, "cpu@0"),
            END,
        };
        tree_change(blob, schedule);
        (void)snprintf(window, sizeof(window), "%s/cpu@0", core);
        const struct change cpu[] = {
            CELLS(window, "reg", 1, 0),
            SPACE(window, 2, 2),
            NODE(window, "minor-frame@0"),
            END,
        };
        tree_change(blob, cpu);
        (void)snprintf(window, sizeof(window), "%s/cpu@0/minor-frame@0", core);
        const struct change frame[] = {
            CELLS(window, "reg", 4, 0, 0, 0, 1000000),
            CELLS(window, "partition", 1, 0x12),
            END,
        };
        tree_change(blob, frame);
    }
}

static void sixteen_schedules_are_the_most(void **state)
{
    (void)state;
    (void)accepted(NULL);
    add_schedules(16);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->schedule_count, 16);
    (void)accepted(NULL);
    add_schedules(17);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_SCHEDULE_COUNT);
    assert_string_equal(outcome.node, "/bulkhead/schedules");
    assert_int_equal(outcome.value, 17);
    assert_int_equal(outcome.limit, 16);
}

/* CPUs of the machine, the first schedule's nodes for them in descending order. */
static void add_cpus(uint32_t count)
{
    for (uint32_t index = count; index-- > 2;) {
        char name[16];
        char host[32];
        char core[64];
        (void)snprintf(name, sizeof(name), "cpu@%x", index);
        (void)snprintf(host, sizeof(host), "/cpus/%s", name);
        (void)snprintf(core, sizeof(core), FIRST "/%s", name);
        const struct change change[] = {
            NODE("/cpus", name),
            TEXT(host, "device_type", "cpu"),
            CELLS(host, "reg", 1, index << 8),
            NODE(FIRST, name),
            CELLS(core, "reg", 1, index),
            SPACE(core, 2, 2),
            END,
        };
        tree_change(blob, change);
    }
}

static void eight_cores_are_the_most(void **state)
{
    (void)state;
    (void)accepted(NULL);
    add_cpus(8);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->core_count, 8);
    for (uint32_t index = 0; index < 8; index++) {
        assert_int_equal(outcome.module->core_cpu[index], index);
    }
    (void)accepted(NULL);
    add_cpus(9);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_CORE_COUNT);
    assert_int_equal(outcome.fault_count, 1);
    assert_string_equal(outcome.node, FIRST "/cpu@8");
}

/* Each of these is another system. */
static void hash_sees_modes(void **state)
{
    static const struct change change[][4] = {
        {LESS(NAV, "set-module-schedule"), END},
        {LESS(IO, "maintenance-on-error"), END},
        {LESS(NAV, "period-ppi"), END},
        {CELLS(NAV, "period-ppi", 1, 6), END},
        {LESS("/bulkhead", "maintenance-schedule"), LESS(IO, "maintenance-on-error"), END},
        {CELLS(FIRST, "phandle", 1, 0x30), CELLS("/bulkhead", "maintenance-schedule", 1, 0x30),
         END},
        {CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 396399), END},
        {CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 2000000),
         LESS(FIRST "/cpu@0/minor-frame-next", "period-start"), END},
        {CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 2000000),
         LESS(FIRST "/cpu@0/minor-frame@0", "period-start"), END},
        {TEXT(FIRST SAID "/partition-schedule@1", "change-action", "ignore"), END},
        {TEXT(FIRST SAID "/partition-schedule@1", "change-action", "idle"), END},
        {TEXT(SECOND SAID "/partition-schedule@2", "change-action", "warm-start"), END},
        {TEXT(SECOND, "label", "other"), END},
        {GONE(FIRST "/cpu@1"), END},
    };
    static uint8_t digest[ARRAY_COUNT(change) + 1][32];
    (void)state;
    config_hash(accepted(NULL), digest[0]);
    for (size_t index = 0; index < ARRAY_COUNT(change); index++) {
        config_hash(accepted(change[index]), digest[index + 1]);
        for (size_t other = 0; other <= index; other++) {
            if (memcmp(digest[other], digest[index + 1], 32) == 0) {
                fail_msg("change %zu has the hash of %zu", index + 1, other);
            }
        }
    }
}

/* A default that is spelt out is no other system. */
static void hash_ignores_what_says_nothing(void **state)
{
    static const struct change change[] = {
        NODE(FIRST SAID, "partition-schedule@2"),
        CELLS(FIRST SAID "/partition-schedule@2", "reg", 1, 2),
        TEXT(FIRST SAID "/partition-schedule@2", "change-action", "ignore"),
        END,
    };
    uint8_t before[32];
    uint8_t after[32];
    (void)state;
    config_hash(accepted(NULL), before);
    config_hash(accepted(change), after);
    assert_memory_equal(before, after, sizeof(before));
}

/* Whatever memory there is, too little is a fault and never an access outside it. */
static void little_memory(void **state)
{
    const struct module_desc *module = NULL;
    (void)state;
    (void)accepted(NULL);
    for (size_t size = 8192; module == NULL && size < ARENA_BYTES; size += 24) {
        uint8_t *memory = malloc(size);
        struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);
        struct arena arena = {memory, memory + size};
        assert_non_null(memory);
        module = config_read(&input, &arena);
        assert_int_equal(outcome.rule, module == NULL ? RULE_STARTUP_MEMORY : RULE_NONE);
        free(memory);
    }
    assert_non_null(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_are_described),
        cmocka_unit_test(without_modes_there_are_none),
        cmocka_unit_test(every_change_action_is_known),
        cmocka_unit_test(each_mistake_is_told),
        cmocka_unit_test(a_partition_on_two_cpus_has_the_longer_guard),
        cmocka_unit_test(one_mistake_is_one_fault),
        cmocka_unit_test(the_last_period_goes_on_in_the_next_frame),
        cmocka_unit_test(only_vcpu_0_counts),
        cmocka_unit_test(vcpus_have_one_cpu_each),
        cmocka_unit_test(one_core_needs_no_psci),
        cmocka_unit_test(a_nodes_name_must_be_short),
        cmocka_unit_test(sixteen_schedules_are_the_most),
        cmocka_unit_test(eight_cores_are_the_most),
        cmocka_unit_test(hash_sees_modes),
        cmocka_unit_test(hash_ignores_what_says_nothing),
        cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
