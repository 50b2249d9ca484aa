// SPDX-License-Identifier: Apache-2.0
/*
 * Is a partition granted those features of the CPU that it names and that the machine has, and is
 * everything else refused?  Requirements: BH-CFG-2, BH-CPU-1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <bulkhead/limits.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static const struct change pmu_of_a_core[] = {
    NODE("/", "pmu"),
    TEXT("/pmu", "compatible", "arm,cortex-a57-pmu"),
    CELLS("/pmu", "interrupts", 3, 1, 7, 4),
    END,
};
static const struct change pmu_of_interconnect[] = {
    TEXT("/pmu", "compatible", "arm,cci-400-pmu"),
    END,
};
static const struct change pmu_on_spi[] = {
    CELLS("/pmu", "interrupts", 3, 0, 7, 4),
    END,
};

static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

/* nav with cpu-features = <words>, in a machine with a PMU and these further changes. */
static void build(const char *words, size_t size_bytes, const struct change *change)
{
    tree_build(blob, GIC_V3);
    tree_change(blob, pmu_of_a_core);
    if (change != NULL) {
        tree_change(blob, change);
    }
    if (words != NULL) {
        assert_int_equal(
            fdt_setprop(blob, fdt_path_offset(blob, NAV), "cpu-features", words, (int)size_bytes),
            0);
    }
}

/* Words of a literal "a\0b": the last one's NUL is the compiler's. */
#define BUILD(words, change) build(words, sizeof(words), change)

static const struct partition_desc *nav(void)
{
    outcome_complete(&outcome, blob, TREE_BYTES);
    if (outcome.module == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    return &outcome.module->partition[0];
}

static void expect(enum config_rule rule, const char *other)
{
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, rule);
    assert_int_equal(outcome.fault_count, 1);
    assert_string_equal(outcome.node, NAV);
    assert_string_equal(outcome.property, "cpu-features");
    assert_string_equal(outcome.other, other);
}

static void features_are_granted_to_who_asks(void **state)
{
    (void)state;
    build(NULL, 0, NULL);
    assert_int_equal(nav()->features, 0);
    BUILD("pmu", NULL);
    assert_int_equal(nav()->features, FEATURE_PMU);
    assert_int_equal(outcome.module->platform.irq_pmu, 23);
    assert_int_equal(outcome.module->partition[1].features, 0);
    BUILD("sve\0debug", NULL);
    assert_int_equal(nav()->features, FEATURE_SVE | FEATURE_DEBUG);
    BUILD("debug\0sve\0pmu", NULL);
    assert_int_equal(nav()->features, FEATURE_ALL);
}

static void other_words_are_refused(void **state)
{
    (void)state;
    BUILD("pmu\0fpu", NULL);
    expect(RULE_PROPERTY_VALUE, "fpu");
    BUILD("PMU", NULL);
    expect(RULE_PROPERTY_VALUE, "PMU");
    BUILD("", NULL);
    expect(RULE_PROPERTY_VALUE, "");
    BUILD("debug\0debug", NULL);
    expect(RULE_PROPERTY_VALUE, "debug");
    build("pmu", 3, NULL); /* without its NUL */
    expect(RULE_PROPERTY_LENGTH, "");
    build("", 0, NULL);
    expect(RULE_PROPERTY_LENGTH, "");
}

/* A CPU without them. */
static void what_the_cpu_lacks_is_refused(void **state)
{
    static const char *const word[FEATURE_COUNT] = {"pmu", "debug", "sve"};
    (void)state;
    for (uint32_t bit = 0; bit < FEATURE_COUNT; bit++) {
        uint8_t *memory = malloc(ARENA_BYTES);
        struct arena arena = {memory, memory + ARENA_BYTES};
        struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);
        assert_non_null(memory);
        BUILD("pmu\0debug\0sve", NULL);
        input.cpu_features = FEATURE_ALL & ~(1U << bit);
        assert_null(config_read(&input, &arena));
        assert_int_equal(outcome.rule, RULE_CPU_FEATURE_ABSENT);
        assert_int_equal(outcome.fault_count, 1);
        assert_string_equal(outcome.other, word[bit]);
        assert_non_null(strstr(outcome.told[0].text, NAV ", property cpu-features, feature "));
        free(memory);
    }
}

/* Where its interrupt would not be known. */
static void a_pmu_needs_its_interrupt(void **state)
{
    (void)state;
    BUILD("pmu", pmu_of_interconnect);
    expect(RULE_HOST_TREE, "");
    BUILD("pmu", pmu_on_spi);
    expect(RULE_HOST_TREE, "/pmu");
    BUILD("debug", pmu_on_spi);
    assert_int_equal(nav()->features, FEATURE_DEBUG);
}

static void the_guard_grows(void **state)
{
    (void)state;
    build(NULL, 0, NULL);
    (void)nav();
    uint64_t least_ns = outcome.module->guard_ns;
    BUILD("pmu", NULL);
    (void)nav();
    assert_int_equal(outcome.module->guard_ns, least_ns + PMU_GUARD_NS);
    BUILD("debug", NULL);
    (void)nav();
    assert_int_equal(outcome.module->guard_ns, least_ns + DEBUG_GUARD_NS);
    BUILD("pmu\0debug\0sve", NULL);
    (void)nav();
    assert_int_equal(outcome.module->guard_ns,
                     least_ns + PMU_GUARD_NS + DEBUG_GUARD_NS + SVE_GUARD_NS);
}

/* The guard, which is in the hash too, is the same in all. */
static void the_hash_knows_them(void **state)
{
    static const char *const words[] = {"pmu", "debug", "sve"};
    static const struct change guard[] = {CELLS("/bulkhead", "guard-ns", 1, 10000), END};
    uint8_t digest[4][32];
    (void)state;
    build(NULL, 0, guard);
    (void)nav();
    config_hash(outcome.module, digest[0]);
    for (uint32_t at = 1; at < 4; at++) {
        build(words[at - 1], strlen(words[at - 1]) + 1, guard);
        (void)nav();
        config_hash(outcome.module, digest[at]);
        for (uint32_t before = 0; before < at; before++) {
            assert_memory_not_equal(digest[before], digest[at], sizeof(digest[at]));
        }
    }
    BUILD("pmu\0debug", NULL);
    (void)nav();
    config_hash(outcome.module, digest[0]);
    BUILD("debug\0pmu", NULL);
    (void)nav();
    config_hash(outcome.module, digest[1]);
    assert_memory_equal(digest[0], digest[1], sizeof(digest[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_granted_to_who_asks),
        cmocka_unit_test(other_words_are_refused),
        cmocka_unit_test(what_the_cpu_lacks_is_refused),
        cmocka_unit_test(a_pmu_needs_its_interrupt),
        cmocka_unit_test(the_guard_grows),
        cmocka_unit_test(the_hash_knows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
