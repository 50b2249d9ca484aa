// SPDX-License-Identifier: Apache-2.0
/*
 * Do vectors have the length that the description says, if the CPU has it, and what does that cost?
 * Requirements: BH-CFG-2, BH-SVE-4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <bulkhead/limits.h>

#include <string.h>

static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

/* A partition with cpu-features = <word> and, if bits is not 0, sve-vector-bits; NULL: neither. */
static void grant(const char *path, const char *word, uint32_t bits)
{
    if (word != NULL) {
        const struct change feature[] = {TEXT(path, "cpu-features", word), END};
        tree_change(blob, feature);
    }
    if (bits != 0) {
        const struct change length[] = {CELLS(path, "sve-vector-bits", 1, bits), END};
        tree_change(blob, length);
    }
}

static const struct module_desc *nav_with(const char *word, uint32_t bits)
{
    tree_build(blob, GIC_V3);
    grant(NAV, word, bits);
    outcome_complete(&outcome, blob, TREE_BYTES);
    if (outcome.module == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    return outcome.module;
}

/* A CPU with 128, 256 and 512 bits. */
static uint32_t times_asked;
static uint32_t lengths_of_cpu(void)
{
    times_asked++;
    return 0xbU;
}

/* The same on that CPU, or, without SVE, on one that must not be asked. */
static void read_on_cpu(uint32_t features)
{
    static uint8_t memory[ARENA_BYTES] __attribute__((aligned(16)));
    struct arena arena = {memory, memory + ARENA_BYTES};
    struct config_input input = outcome_input(&outcome, blob, TREE_BYTES);

    times_asked = 0;
    input.cpu_features = features;
    input.sve_lengths = lengths_of_cpu;
    outcome.module = config_read(&input, &arena);
}

static void expect(enum config_rule rule, const char *property)
{
    assert_null(outcome.module);
    assert_int_equal(outcome.fault_count, 1);
    assert_int_equal(outcome.rule, rule);
    assert_string_equal(outcome.node, NAV);
    assert_string_equal(outcome.property, property);
}

static void the_default_is_what_all_have(void **state)
{
    (void)state;
    assert_int_equal(nav_with("sve", 0)->partition[0].sve_vector_bits, 128);
    assert_int_equal(outcome.module->partition[1].sve_vector_bits, 0);
    assert_int_equal(nav_with(NULL, 0)->partition[0].sve_vector_bits, 0);
    assert_int_equal(nav_with("debug", 0)->partition[0].sve_vector_bits, 0);
}

static void each_length_of_the_architecture_is_taken(void **state)
{
    (void)state;
    for (uint32_t bits = 128; bits <= 2048; bits += 128) {
        assert_int_equal(nav_with("sve", bits)->partition[0].sve_vector_bits, bits);
    }
}

static void other_lengths_are_refused(void **state)
{
    static const uint32_t bad[] = {1, 64, 127, 129, 192, 2047, 2176, 4096, 0x80000000U, UINT32_MAX};
    (void)state;
    for (uint32_t at = 0; at < ARRAY_COUNT(bad); at++) {
        tree_build(blob, GIC_V3);
        grant(NAV, "sve", bad[at]);
        outcome_read(&outcome, blob, TREE_BYTES);
        expect(RULE_SVE_LENGTH, "sve-vector-bits");
        assert_int_equal(outcome.value, bad[at]);
        assert_int_equal(outcome.limit, 2048);
    }
}

static void no_length_is_no_length(void **state)
{
    const struct change zero[] = {CELLS(NAV, "sve-vector-bits", 1, 0), END};
    (void)state;
    tree_build(blob, GIC_V3);
    grant(NAV, "sve", 0);
    tree_change(blob, zero);
    outcome_read(&outcome, blob, TREE_BYTES);
    expect(RULE_SVE_LENGTH, "sve-vector-bits");
}

static void the_cpu_must_have_it(void **state)
{
    static const uint32_t has[] = {128, 256, 512};
    static const uint32_t lacks[] = {384, 640, 1024, 2048};
    (void)state;
    for (uint32_t at = 0; at < ARRAY_COUNT(has); at++) {
        tree_build(blob, GIC_V3);
        grant(NAV, "sve", has[at]);
        read_on_cpu(FEATURE_ALL);
        assert_non_null(outcome.module);
        assert_int_equal(outcome.module->partition[0].sve_vector_bits, has[at]);
    }
    for (uint32_t at = 0; at < ARRAY_COUNT(lacks); at++) {
        tree_build(blob, GIC_V3);
        grant(NAV, "sve", lacks[at]);
        read_on_cpu(FEATURE_ALL);
        expect(RULE_SVE_LENGTH, "sve-vector-bits");
        assert_int_equal(outcome.value, lacks[at]);
        assert_int_equal(outcome.limit, 512);
        assert_non_null(strstr(outcome.told[0].text, NAV ", property sve-vector-bits: "));
        assert_non_null(strstr(outcome.told[0].text, ", at most 512)"));
    }
}

/* Asking may trap where firmware keeps SVE for itself. */
static void it_is_asked_only_where_it_is_granted(void **state)
{
    (void)state;
    tree_build(blob, GIC_V3);
    grant(NAV, "debug", 0);
    read_on_cpu(FEATURE_ALL);
    assert_non_null(outcome.module);
    assert_int_equal(times_asked, 0);
    grant(IO, "sve", 256);
    read_on_cpu(FEATURE_ALL);
    assert_non_null(outcome.module);
    assert_int_equal(times_asked, 1);
    tree_build(blob, GIC_V3);
    grant(NAV, "sve", 384);
    read_on_cpu(FEATURE_ALL & ~FEATURE_SVE);
    expect(RULE_CPU_FEATURE_ABSENT, "cpu-features");
    assert_int_equal(times_asked, 0);
}

static void a_length_without_vectors_is_refused(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 2; at++) {
        tree_build(blob, GIC_V3);
        grant(NAV, at == 0 ? NULL : "debug", 256);
        outcome_read(&outcome, blob, TREE_BYTES);
        expect(RULE_PROPERTY_VALUE, "sve-vector-bits");
    }
}

static void the_guard_grows_with_the_longest(void **state)
{
    (void)state;
    uint64_t least_ns = nav_with(NULL, 0)->guard_ns + SVE_GUARD_NS;
    assert_int_equal(nav_with("sve", 0)->guard_ns, least_ns);
    assert_int_equal(nav_with("sve", 128)->guard_ns, least_ns);
    assert_int_equal(nav_with("sve", 256)->guard_ns, least_ns + SVE_VECTOR_GUARD_NS);
    tree_build(blob, GIC_V3);
    grant(NAV, "sve", 2048);
    grant(IO, "sve", 512);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->guard_ns, least_ns + 15 * SVE_VECTOR_GUARD_NS);
}

static void a_guard_without_room_for_them_is_refused(void **state)
{
    (void)state;
    uint32_t short_ns = (uint32_t)nav_with("sve", 2048)->guard_ns - 1U;
    const struct change guard[] = {CELLS("/bulkhead", "guard-ns", 1, short_ns), END};
    tree_change(blob, guard);
    outcome_read(&outcome, blob, TREE_BYTES);
    assert_null(outcome.module);
    assert_int_equal(outcome.rule, RULE_GUARD_SHORT);
    assert_int_equal(outcome.limit, short_ns + 1U);
    assert_string_equal(outcome.other, NAV);
}

static void the_hash_knows_the_length(void **state)
{
    static const struct change guard[] = {CELLS("/bulkhead", "guard-ns", 1, 10000), END};
    static const uint32_t bits[] = {0, 128, 256};
    uint8_t digest[3][32];
    (void)state;
    for (uint32_t at = 0; at < 3; at++) {
        (void)nav_with("sve", bits[at]);
        tree_change(blob, guard); /* which is in the hash too */
        outcome_complete(&outcome, blob, TREE_BYTES);
        assert_non_null(outcome.module);
        config_hash(outcome.module, digest[at]);
    }
    assert_memory_equal(digest[0], digest[1], sizeof(digest[0]));
    assert_memory_not_equal(digest[0], digest[2], sizeof(digest[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_what_all_have),
        cmocka_unit_test(each_length_of_the_architecture_is_taken),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(no_length_is_no_length),
        cmocka_unit_test(the_cpu_must_have_it),
        cmocka_unit_test(it_is_asked_only_where_it_is_granted),
        cmocka_unit_test(a_length_without_vectors_is_refused),
        cmocka_unit_test(the_guard_grows_with_the_longest),
        cmocka_unit_test(a_guard_without_room_for_them_is_refused),
        cmocka_unit_test(the_hash_knows_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
