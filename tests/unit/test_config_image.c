// SPDX-License-Identifier: Apache-2.0
/*
 * Do images go where they belong, and are those that do not fit refused?  Requirements: BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_tree.h"

#include <string.h>

#define MIB UINT64_C(0x100000)

/* One partition with a region of 16 MiB, and an input that notes faults. */
struct fixture {
    struct outcome outcome;
    struct config_input input;
    struct memory_desc memory[2];
    struct image_desc image[3];
    struct partition_desc partition;
    struct module_desc module;
    uint8_t header[IMAGE_HEADER_BYTES];
};

static void put64(uint8_t *bytes, uint64_t value)
{
    for (uint32_t at = 0; at < 8; at++) {
        bytes[at] = (uint8_t)(value >> (8 * at));
    }
}

static void make_header(struct fixture *fixture, uint64_t text_offset, uint64_t size,
                        uint64_t flags)
{
    put64(&fixture->header[8], text_offset);
    put64(&fixture->header[16], size);
    put64(&fixture->header[24], flags);
    memcpy(&fixture->header[56], "ARM\x64", 4);
}

static void setup(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->input = outcome_input(&fixture->outcome, NULL, 0);
    fixture->memory[0] =
        (struct memory_desc){.ipa = {0x40000000}, .size_bytes = 16 * MIB, .node = "/memory"};
    fixture->image[0] = (struct image_desc){
        .kind = IMAGE_KERNEL, .pa = {0x4a000000}, .size_bytes = MIB, .node = "/kernel"};
    fixture->partition = (struct partition_desc){
        .node = "/partition",
        .memory_count = 1,
        .memory = fixture->memory,
        .image_count = 1,
        .image = fixture->image,
    };
    fixture->module = (struct module_desc){.partition_count = 1, .partition = &fixture->partition};
}

static bool apply(struct fixture *fixture)
{
    return config_apply_image_header(&fixture->input, &fixture->module, &fixture->partition,
                                     &fixture->image[0], fixture->header);
}

static void flat_binary(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.image[0].load.ipa, 0x40000000);
    assert_int_equal(fixture.image[0].mem_bytes, MIB);
    assert_int_equal(fixture.partition.entry.ipa, 0x40000000);
    fixture.image[0].load = ipa_of(0x40080000);
    fixture.image[0].load_given = true;
    assert_true(apply(&fixture));
    assert_int_equal(fixture.partition.entry.ipa, 0x40080000);
    fixture.partition.entry_given = true;
    fixture.partition.entry = ipa_of(0x40080040);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.partition.entry.ipa, 0x40080040);
    assert_int_equal(fixture.outcome.fault_count, 0);
}

static void image_with_header(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture);
    make_header(&fixture, 0x80000, 3 * MIB, 0xa);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.image[0].load.ipa, 0x40080000);
    assert_int_equal(fixture.image[0].mem_bytes, 3 * MIB);
    assert_int_equal(fixture.partition.entry.ipa, 0x40080000);
    /* image_size 0: the oldest form, whose text_offset is not to be read. */
    make_header(&fixture, 0x123, 0, 0);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.image[0].load.ipa, 0x40080000);
    assert_int_equal(fixture.image[0].mem_bytes, MIB);
    /* image_size below the file's: all of the file is copied. */
    make_header(&fixture, 0, 0x1000, 0);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.image[0].load.ipa, 0x40000000);
    assert_int_equal(fixture.image[0].mem_bytes, MIB);
    /* A file shorter than a header has none, whatever its bytes are. */
    fixture.image[0].size_bytes = IMAGE_HEADER_BYTES - 1;
    make_header(&fixture, 0x80000, 3 * MIB, 0);
    assert_true(apply(&fixture));
    assert_int_equal(fixture.image[0].load.ipa, 0x40000000);
    assert_int_equal(fixture.outcome.fault_count, 0);
}

static void refused(struct fixture *fixture, enum config_rule rule)
{
    fixture->outcome.fault_count = 0;
    assert_false(apply(fixture));
    assert_int_equal(fixture->outcome.rule, rule);
    assert_int_equal(fixture->outcome.fault_count, 1);
    assert_string_equal(fixture->outcome.node,
                        rule == RULE_ENTRY_OUTSIDE ? "/partition" : "/kernel");
}

static void images_that_do_not_fit(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture);
    make_header(&fixture, 0, 16 * MIB, 0);
    assert_true(apply(&fixture));
    make_header(&fixture, 0, 16 * MIB + 1, 0);
    refused(&fixture, RULE_IMAGE_TOO_LARGE);
    make_header(&fixture, 0, UINT64_MAX, 0);
    refused(&fixture, RULE_ADDRESS_OVERFLOW);
    make_header(&fixture, UINT64_MAX, MIB, 0);
    refused(&fixture, RULE_ADDRESS_OVERFLOW);
    make_header(&fixture, 16 * MIB, MIB, 0);
    refused(&fixture, RULE_IMAGE_OUTSIDE);
    make_header(&fixture, 0, MIB, 1);
    refused(&fixture, RULE_IMAGE_FORMAT);
    make_header(&fixture, 0, MIB, 0);
    fixture.image[0].load_given = true;
    fixture.image[0].load = ipa_of(0x40100000);
    refused(&fixture, RULE_MISALIGNED);
    fixture.image[0].load = ipa_of(0x40200000);
    assert_true(apply(&fixture));
    fixture.memory[0].no_execute = true;
    refused(&fixture, RULE_ENTRY_OUTSIDE);
}

static void bss_over_another_image(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture);
    fixture.partition.image_count = 2;
    fixture.image[1] = (struct image_desc){.kind = IMAGE_RAMDISK,
                                           .size_bytes = MIB,
                                           .mem_bytes = MIB,
                                           .load = {0x40400000},
                                           .load_given = true,
                                           .node = "/ramdisk"};
    make_header(&fixture, 0, 4 * MIB, 0);
    assert_true(apply(&fixture));
    make_header(&fixture, 0, 4 * MIB + 1, 0);
    refused(&fixture, RULE_IMAGE_OVERLAP);
    assert_string_equal(fixture.outcome.other, "/ramdisk");
}

static void other_formats_are_named(void **state)
{
    static const char *const magic[] = {
        "\x1f\x8b\x08",
        "\x7f"
        "ELF",
        "\x28\xb5\x2f\xfd",
        "\xfd"
        "7zXZ\0",
        "\x04\x22\x4d\x18",
        "\x02\x21\x4c\x18",
        "BZh",
        "\x27\x05\x19\x56",
        "\xd0\x0d\xfe\xed",
        "MZ\0\0zimg",
    };
    static const size_t length[] = {3, 4, 4, 6, 4, 4, 3, 4, 4, 8};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(magic); index++) {
        struct fixture fixture;
        setup(&fixture);
        memcpy(fixture.header, magic[index], length[index]);
        refused(&fixture, RULE_IMAGE_FORMAT);
        fixture.header[0] ^= 0x40;
        assert_true(apply(&fixture));
    }
}

/* A ramdisk's or device tree's header is its own business. */
static void only_kernels_are_judged(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture);
    memcpy(fixture.header, "\x1f\x8b\x08", 3);
    fixture.image[0].kind = IMAGE_RAMDISK;
    assert_true(apply(&fixture));
    assert_int_equal(fixture.outcome.fault_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_binary),
        cmocka_unit_test(image_with_header),
        cmocka_unit_test(images_that_do_not_fit),
        cmocka_unit_test(bss_over_another_image),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(only_kernels_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
