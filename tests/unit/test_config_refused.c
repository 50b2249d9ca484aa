// SPDX-License-Identifier: Apache-2.0
/*
 * Is each rule enforced?  Every row of test_config_cases.c changes the good tree a little and says
 * which rule must be told first, and of which node.  Requirements: BH-CFG-2.
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

/* Makes the changes to a fresh tree and reads it to the end. */
static void read_changed(struct outcome *outcome, const struct change *change, enum gic_version gic)
{
    uint8_t *blob = malloc(TREE_BYTES);
    assert_non_null(blob);
    tree_build(blob, gic);
    tree_change(blob, change);
    assert_int_equal(fdt_pack(blob), 0);
    /* Exactly as long as the blob, so that the sanitizers see any access past it. */
    size_t blob_bytes = fdt_totalsize(blob);
    uint8_t *exact = malloc(blob_bytes);
    assert_non_null(exact);
    memcpy(exact, blob, blob_bytes);
    outcome_complete(outcome, exact, blob_bytes);
    free(exact);
    free(blob);
}

static void each_rule_is_enforced(void **state)
{
    (void)state;
    for (size_t index = 0; index < refused_case_count; index++) {
        const struct refused_case *refused = &refused_case[index];
        for (enum gic_version gic = GIC_V2; gic <= GIC_V3; gic++) {
            struct outcome outcome;
            if ((refused->machines == ONLY_V2 && gic != GIC_V2) ||
                (refused->machines == ONLY_V3 && gic != GIC_V3)) {
                continue;
            }
            read_changed(&outcome, refused->change, gic);
            if (outcome.rule != (int)refused->rule || strcmp(outcome.node, refused->node) != 0 ||
                outcome.module != NULL) {
                fail_msg("row %zu, GICv%d: expected %s at %s, got %s at %s", index, (int)gic,
                         config_rule_name((int)refused->rule), refused->node,
                         outcome.rule == RULE_NONE ? "nothing" : config_rule_name(outcome.rule),
                         outcome.node);
            }
        }
    }
}

/* Rules that trees made by these tools cannot break, or that have tests of their own: those of
 * overlays, hashes and guests' device trees are in test_config_overlay.c,
 * test_config_overlay_bad.c, test_config_hash.c, test_guest_place.c, test_guest_check.c and
 * test_guest_none.c, those of several cores and schedules in
 * test_config_schedules.c and test_config_no_modes.c. */
static bool has_own_test(int rule)
{
    switch (rule) {
    case RULE_BAD_BLOB:
    case RULE_TREE_DEPTH:
    case RULE_STARTUP_MEMORY:
    case RULE_PROPERTY_TWICE:
    case RULE_NODE_TWICE:
    case RULE_PARTITION_COUNT:
    case RULE_OVERLAY_SUPPORT:
    case RULE_OWN_TIME_SUPPORT:
    case RULE_CPU_FEATURES_SUPPORT:
    case RULE_CPU_FEATURE_ABSENT:
    case RULE_SVE_LENGTH:
    case RULE_OVERLAY_BLOB:
    case RULE_OVERLAY_EMPTY:
    case RULE_OVERLAY_BOARD:
    case RULE_OVERLAY_LABEL:
    case RULE_OVERLAY_TARGET:
    case RULE_OVERLAY_APPLY:
    case RULE_IMAGE_HASH:
    case RULE_IMAGE_FORMAT:
    case RULE_IMAGE_OVERLAP:
    case RULE_GUEST_TREE_SUPPORT:
    case RULE_GUEST_TREE_ROOM:
    case RULE_GUEST_MEMORY:
    case RULE_GUEST_CPU:
    case RULE_GUEST_GIC:
    case RULE_GUEST_TIMER:
    case RULE_GUEST_PSCI:
    case RULE_GUEST_PMU:
    case RULE_SCHEDULES_SUPPORT:
    case RULE_CORES_SUPPORT:
    case RULE_SCHEDULE_COUNT:
    case RULE_CPU_TWICE:
    case RULE_CORE_COUNT:
    case RULE_CORE_START:
    case RULE_OWN_TIME_CORES:
    case RULE_PARTITION_UNKNOWN:
    case RULE_PARTITION_SCHEDULE:
    case RULE_PERIOD_LENGTH:
    case RULE_PERIOD_DURATION:
    case RULE_PERIOD_START:
    case RULE_PERIOD_COUNT:
    case RULE_PERIOD_SPACING:
    case RULE_PERIOD_TIME:
    case RULE_PERIOD_PPI:
    case RULE_CHANGE_ACTION:
    case RULE_MAINTENANCE_SCHEDULE:
        return true;
    default:
        return false;
    }
}

static void each_rule_has_a_row(void **state)
{
    (void)state;
    for (int rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        bool found = has_own_test(rule);
        assert_non_null(config_rule_name(rule));
        assert_non_null(config_rule_sentence(rule));
        for (size_t index = 0; index < refused_case_count && !found; index++) {
            found = (int)refused_case[index].rule == rule;
        }
        if (!found) {
            fail_msg("rule %s has no row", config_rule_name(rule));
        }
        for (int other = RULE_NONE + 1; other < rule; other++) {
            assert_string_not_equal(config_rule_name(rule), config_rule_name(other));
        }
    }
}

/* A clash names both nodes and both values. */
static void a_clash_names_both(void **state)
{
    static const struct change change[] = {
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0", "reg", 4, 0, 0, 0, 1000001),
        END,
    };
    struct outcome outcome;
    (void)state;
    read_changed(&outcome, change, GIC_V3);
    assert_int_equal(outcome.rule, RULE_WINDOW_OVERLAP);
    assert_string_equal(outcome.node, "/bulkhead/schedules/schedule@0/cpu@0/minor-frame@f4240");
    assert_string_equal(outcome.other, "/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0");
    assert_string_equal(outcome.property, "reg");
    assert_int_equal(outcome.value, 1000000);
    assert_int_equal(outcome.limit, 1000001);
    assert_int_equal(outcome.fault_count, 1);
}

/* Mistakes in different nodes are all told at once. */
static void several_faults_are_told(void **state)
{
    static const struct change change[] = {
        CELLS("/bulkhead/partitions/partition@1", "vcpus", 1, 9),
        CELLS("/bulkhead/partitions/partition@2", "vcpus", 1, 0),
        FLAG("/bulkhead/partitions/partition@2", "typo"),
        END,
    };
    struct outcome outcome;
    (void)state;
    read_changed(&outcome, change, GIC_V3);
    assert_int_equal(outcome.rule, RULE_VCPU_COUNT);
    assert_int_equal(outcome.fault_count, 2);
}

static void too_many_partitions(void **state)
{
    uint8_t *blob = malloc(TREE_BYTES);
    struct outcome outcome;
    (void)state;
    assert_non_null(blob);
    tree_build(blob, GIC_V3);
    for (uint32_t id = 3; id < 257; id++) {
        char name[32];
        int parent = fdt_path_offset(blob, "/bulkhead/partitions");
        (void)snprintf(name, sizeof(name), "partition@%x", id);
        int node = fdt_add_subnode(blob, parent, name);
        assert_true(node >= 0);
        assert_int_equal(fdt_setprop_u32(blob, node, "reg", id), 0);
    }
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_int_equal(outcome.rule, RULE_PARTITION_COUNT);
    assert_int_equal(outcome.value, 256);
    free(blob);
}

/* Whatever memory there is, too little is a fault and never an access outside it. */
static void little_memory(void **state)
{
    uint8_t *blob = malloc(TREE_BYTES);
    struct outcome outcome;
    uint32_t refused_count = 0;
    struct module_desc *module = NULL;
    (void)state;
    assert_non_null(blob);
    tree_build(blob, GIC_V2);
    for (size_t size = 0; module == NULL && size < ARENA_BYTES; size += 24) {
        uint8_t *memory = malloc(size + 1);
        struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);
        struct arena arena = {memory, memory + size};
        assert_non_null(memory);
        module = config_read(&input, &arena);
        if (module == NULL) {
            assert_int_equal(outcome.rule, RULE_STARTUP_MEMORY);
            refused_count++;
        } else {
            assert_int_equal(outcome.fault_count, 0);
        }
        free(memory);
    }
    assert_non_null(module);
    assert_true(refused_count > 10);
    free(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_enforced), cmocka_unit_test(each_rule_has_a_row),
        cmocka_unit_test(a_clash_names_both),    cmocka_unit_test(several_faults_are_told),
        cmocka_unit_test(too_many_partitions),   cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
