// SPDX-License-Identifier: Apache-2.0
/*
 * Is an image run only if its bytes have the hash of its description?  And is of one without a hash
 * no more read than its header?  Requirements: BH-OVL-4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <bulkhead/sha256.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static struct outcome outcome;

/* The system merged on the host, its files in RAM: file[0] is nav.bin, file[1] io.bin. */
static void make(struct machine *machine)
{
    static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
    machine_make(machine);
    overlay_both(overlay);
    assert_int_equal(fdt_overlay_apply(machine->tree, overlay), 0);
    machine_files(machine);
}

static void put_hash(struct machine *machine, const char *node, const uint8_t *digest, int length)
{
    int at = fdt_path_offset(machine->tree, node);
    assert_int_equal(fdt_setprop(machine->tree, at, "sha256", digest, length), 0);
}

/* Writes the hash of size_bytes of a file into an image node. */
static void hash_image(struct machine *machine, const char *node, const struct loaded *file,
                       size_t size_bytes)
{
    uint8_t digest[SHA256_BYTES];
    struct sha256 hash;
    sha256_start(&hash);
    sha256_add(&hash, file->bytes, size_bytes);
    sha256_finish(&hash, digest);
    put_hash(machine, node, digest, sizeof(digest));
}

static void expect(struct machine *machine, enum config_rule rule, const char *node)
{
    machine_read(machine, &outcome);
    if (outcome.rule != (int)rule || strcmp(outcome.node, node) != 0) {
        fail_msg("expected %s at %s; got %s: %s",
                 rule == RULE_NONE ? "nothing" : config_rule_name((int)rule), node,
                 outcome.rule == RULE_NONE ? "nothing" : outcome.told[0].text,
                 outcome.rule == RULE_NONE ? "" : config_rule_name(outcome.rule));
    }
}

/* Of every length around a page and a block of the hash. */
static void the_right_bytes_are_taken(void **state)
{
    static const size_t size[] = {1,    55,   56,   63,   64,   65,     4095,
                                  4096, 4097, 8191, 8192, 8193, 0x3000, NAV_BYTES};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(size); index++) {
        struct machine machine;
        const struct change change[] = {
            CELLS("/boot-modules/module-0", "reg", 4, 0, (uint32_t)NAV_PA, 0,
                  (uint32_t)size[index]),
            END,
        };
        make(&machine);
        tree_change(machine.tree, change);
        hash_image(&machine, NAV "/kernel", &machine.file[0], size[index]);
        expect(&machine, RULE_NONE, "");
        assert_non_null(outcome.module->partition[0].image[0].sha256);
        assert_null(outcome.module->partition[1].image[0].sha256);
        machine_free(&machine);
    }
}

static void each_wrong_byte_is_seen(void **state)
{
    static const size_t at[] = {0, 63, 64, 4095, 4096, 8191, 8192, 0x2fff, NAV_BYTES - 1};
    struct machine machine;
    (void)state;
    make(&machine);
    hash_image(&machine, NAV "/kernel", &machine.file[0], NAV_BYTES);
    for (size_t index = 0; index < ARRAY_COUNT(at); index++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            machine.file[0].bytes[at[index]] ^= (uint8_t)(1U << bit);
            expect(&machine, RULE_IMAGE_HASH, NAV "/kernel");
            assert_string_equal(outcome.property, "sha256");
            assert_int_equal(outcome.fault_count, 1);
            machine.file[0].bytes[at[index]] ^= (uint8_t)(1U << bit);
        }
    }
    expect(&machine, RULE_NONE, "");
    machine_free(&machine);
}

/* All 32 bytes count; the message begins with the first eight of both. */
static void each_wrong_byte_of_the_hash_is_seen(void **state)
{
    struct machine machine;
    uint8_t digest[SHA256_BYTES];
    (void)state;
    make(&machine);
    hash_image(&machine, NAV "/kernel", &machine.file[0], NAV_BYTES);
    memcpy(digest,
           fdt_getprop(machine.tree, fdt_path_offset(machine.tree, NAV "/kernel"), "sha256", NULL),
           sizeof(digest));
    uint64_t begins = 0;
    for (uint32_t at = 0; at < 8; at++) {
        begins = begins << 8 | digest[at];
    }
    for (uint32_t at = 0; at < SHA256_BYTES; at++) {
        digest[at] ^= 0x40;
        put_hash(&machine, NAV "/kernel", digest, sizeof(digest));
        expect(&machine, RULE_IMAGE_HASH, NAV "/kernel");
        assert_int_equal(outcome.value, begins);
        assert_int_equal(outcome.limit,
                         at < 8 ? begins ^ UINT64_C(0x40) << (8 * (7 - at)) : begins);
        digest[at] ^= 0x40;
    }
    machine_free(&machine);
}

/* A file that was cut, or that has something behind it. */
static void another_length_is_another_file(void **state)
{
    static const uint32_t size[] = {NAV_BYTES - 1, 0x3000, 64, 1};
    struct machine machine;
    (void)state;
    make(&machine);
    for (size_t index = 0; index < ARRAY_COUNT(size); index++) {
        hash_image(&machine, NAV "/kernel", &machine.file[0], size[index]);
        expect(&machine, RULE_IMAGE_HASH, NAV "/kernel");
    }
    machine_free(&machine);
}

static void a_hash_is_32_bytes_long(void **state)
{
    static const uint8_t digest[64];
    static const int length[] = {0, 1, 16, 31, 33, 64};
    struct machine machine;
    (void)state;
    make(&machine);
    for (size_t index = 0; index < ARRAY_COUNT(length); index++) {
        put_hash(&machine, NAV "/kernel", digest, length[index]);
        expect(&machine, RULE_PROPERTY_LENGTH, NAV "/kernel");
        assert_int_equal(outcome.limit, SHA256_BYTES);
    }
    machine_free(&machine);
}

/* Each image is told, kernels and others alike. */
static void several_wrong_images_are_told(void **state)
{
    static const uint8_t digest[SHA256_BYTES];
    static const char ramdisk[] = "multiboot,ramdisk\0multiboot,module";
    static const struct change change[] = {
        NODE(NAV, "ramdisk"),
        TEXT(NAV "/ramdisk", "image-file", "io.bin"),
        END,
    };
    struct machine machine;
    (void)state;
    make(&machine);
    tree_change(machine.tree, change);
    int node = fdt_path_offset(machine.tree, NAV "/ramdisk");
    assert_int_equal(fdt_setprop(machine.tree, node, "compatible", ramdisk, sizeof(ramdisk)), 0);
    put_hash(&machine, NAV "/ramdisk", digest, sizeof(digest));
    put_hash(&machine, IO "/kernel", digest, sizeof(digest));
    expect(&machine, RULE_IMAGE_HASH, NAV "/ramdisk");
    assert_int_equal(outcome.fault_count, 2);
    assert_int_equal(outcome.told[1].rule, RULE_IMAGE_HASH);
    assert_non_null(strstr(outcome.told[1].text, IO "/kernel, property sha256: "));
    hash_image(&machine, NAV "/ramdisk", &machine.file[1], IO_BYTES);
    hash_image(&machine, IO "/kernel", &machine.file[1], IO_BYTES);
    expect(&machine, RULE_NONE, "");
    machine_free(&machine);
}

/* A wrong image is not judged by its header, which is not what was meant. */
static void bytes_are_judged_by_their_hash_first(void **state)
{
    struct machine machine;
    (void)state;
    make(&machine);
    memcpy(machine.file[0].bytes, "\x1f\x8b\x08", 3);
    expect(&machine, RULE_IMAGE_FORMAT, NAV "/kernel");
    hash_image(&machine, NAV "/kernel", &machine.file[0], NAV_BYTES);
    expect(&machine, RULE_IMAGE_FORMAT, NAV "/kernel");
    machine.file[0].bytes[3] ^= 1;
    expect(&machine, RULE_IMAGE_HASH, NAV "/kernel");
    assert_int_equal(outcome.fault_count, 1);
    machine_free(&machine);
}

/* Hashing is slow: what has no hash is not read through. */
static void without_a_hash_only_the_header_is_read(void **state)
{
    struct machine machine;
    (void)state;
    make(&machine);
    expect(&machine, RULE_NONE, "");
    assert_int_equal(machine.bytes_read, 2 * IMAGE_HEADER_BYTES);
    hash_image(&machine, IO "/kernel", &machine.file[1], IO_BYTES);
    expect(&machine, RULE_NONE, "");
    assert_int_equal(machine.bytes_read, IMAGE_HEADER_BYTES + IO_BYTES);
    /* A file that is shorter than a header ends where it ends. */
    const struct change change[] = {
        CELLS("/boot-modules/module-0", "reg", 4, 0, (uint32_t)NAV_PA, 0, 10),
        END,
    };
    tree_change(machine.tree, change);
    expect(&machine, RULE_NONE, "");
    assert_int_equal(machine.bytes_read, 10 + IO_BYTES);
    machine_free(&machine);
}

/* The page that images are read by goes back; too little for it is told. */
static void the_page_goes_back(void **state)
{
    struct machine machine;
    struct config_input input;
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    make(&machine);
    outcome.module = NULL;
    for (machine.arena_bytes = 8192; outcome.module == NULL; machine.arena_bytes += 512) {
        assert_true(machine.arena_bytes < ARENA_BYTES);
        machine_read(&machine, &outcome);
        if (outcome.module == NULL) {
            assert_int_equal(outcome.rule, RULE_STARTUP_MEMORY);
        }
    }
    memcpy(blob, machine.tree, TREE_BYTES);
    uint8_t *memory = malloc(ARENA_BYTES);
    assert_non_null(memory);
    struct arena arena = {memory, memory + ARENA_BYTES};
    input = outcome_input(&outcome, blob, TREE_BYTES);
    struct module_desc *module = config_read(&input, &arena);
    assert_non_null(module);
    /* Nobody can read: told, and nothing is taken either. */
    const uint8_t *next = arena.next;
    assert_false(config_check_images(&input, module, &arena));
    assert_int_equal(outcome.rule, RULE_MODULE_OUTSIDE_RAM);
    assert_ptr_equal(arena.next, next);
    outcome = (struct outcome){0};
    arena.end = arena.next + 4000;
    assert_false(config_check_images(&input, module, &arena));
    assert_int_equal(outcome.rule, RULE_STARTUP_MEMORY);
    assert_ptr_equal(arena.next, next);
    free(memory);
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_bytes_are_taken),
        cmocka_unit_test(each_wrong_byte_is_seen),
        cmocka_unit_test(each_wrong_byte_of_the_hash_is_seen),
        cmocka_unit_test(another_length_is_another_file),
        cmocka_unit_test(a_hash_is_32_bytes_long),
        cmocka_unit_test(several_wrong_images_are_told),
        cmocka_unit_test(bytes_are_judged_by_their_hash_first),
        cmocka_unit_test(without_a_hash_only_the_header_is_read),
        cmocka_unit_test(the_page_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
