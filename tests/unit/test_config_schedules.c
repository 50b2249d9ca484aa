// SPDX-License-Identifier: Apache-2.0
/*
 * What of a module with several cores and several schedules is taken, up to which limits, and what
 * of it is in the hash?  Periods, change actions, permissions, and who runs on which CPU.
 * Requirements: BH-CFG-1, BH-CFG-2, BH-CFG-3, BH-CFG-4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_modes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        cmocka_unit_test(a_partition_on_two_cpus_has_the_longer_guard),
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
