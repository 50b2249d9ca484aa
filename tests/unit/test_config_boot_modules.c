// SPDX-License-Identifier: Apache-2.0
/*
 * Is /boot-modules believed only as far as it holds?  Its binding, and the places that it names.
 * Requirements: BH-OVL-3, BH-OVL-5, BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

/* --- where overlays are ------------------------------------------------------------------------
 */

static void overlays_lie_in_ram_and_beside_the_kernel(void **state)
{
    static const struct {
        uint32_t cell[4];
        enum config_rule rule;
        const char *other;
    } row[] = {
        {{0, 0x60000000, 0, 0x1000}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0x3ffff000, 0, 0x2000}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0x5ffff000, 0, 0x1001}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0, 0, 0x1000}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{1, 0x44000000, 0, 0x1000}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0x44000000, 1, 0}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0x44000000, 0xffffffff, 0xffffffff}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0xffffffff, 0xffffffff, 0, 0x1000}, RULE_MODULE_OUTSIDE_RAM, ""},
        {{0, 0x40200000, 0, 0x1000}, RULE_MODULE_CLASH, "the kernel"},
        {{0, 0x401ff000, 0, 0x1001}, RULE_MODULE_CLASH, "the kernel"},
        {{0, 0x403fffff, 0, 0x1000}, RULE_MODULE_CLASH, "the kernel"},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        const struct change change[] = {
            CELLS("/boot-modules/overlay-1", "reg", 4, row[index].cell[0], row[index].cell[1],
                  row[index].cell[2], row[index].cell[3]),
            END,
        };
        char what[32];
        machine_make_whole(&machine);
        tree_change(machine.tree, change);
        (void)snprintf(what, sizeof(what), "row %zu", index);
        machine_refused(&machine, &outcome, what, row[index].rule, "schedule.dtbo",
                        row[index].other);
        assert_int_equal(outcome.value, (uint64_t)row[index].cell[0] << 32 | row[index].cell[1]);
        machine_free(&machine);
    }
}

/* Each overlay in a wrong place is told. */
static void wrong_places_are_told_together(void **state)
{
    static const struct change change[] = {
        CELLS("/boot-modules/overlay-0", "reg", 4, 0, 0x30000000, 0, 0x1000),
        CELLS("/boot-modules/overlay-1", "reg", 4, 0, 0x40200000, 0, 0x1000),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    machine_refused(&machine, &outcome, "two places", RULE_MODULE_OUTSIDE_RAM, "system.dtbo", "");
    assert_int_equal(outcome.fault_count, 2);
    assert_int_equal(outcome.told[1].rule, RULE_MODULE_CLASH);
    machine_free(&machine);
}

/* RAM of 32-bit cells, as many boards write it. */
static void ram_may_be_given_by_single_cells(void **state)
{
    static const struct change change[] = {
        CELLS("/", "#address-cells", 1, 1),
        CELLS("/", "#size-cells", 1, 1),
        CELLS("/memory@40000000", "reg", 4, 0x40000000, 0x4000000, 0x44000000, 0x100000),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    /* system.dtbo is found in the second range; schedule.dtbo lies behind both. */
    machine_refused(&machine, &outcome, "32-bit cells", RULE_MODULE_OUTSIDE_RAM, "schedule.dtbo",
                    "");
    assert_int_equal(outcome.fault_count, 1);
    machine_free(&machine);
}

/* Reads fail at each of the times that the reader reads. */
static void ram_that_cannot_be_read_is_told(void **state)
{
    struct machine machine;
    uint32_t reads = 0;
    (void)state;
    machine_make_whole(&machine);
    for (;; reads++) {
        machine.reads_left = reads;
        machine_read(&machine, &outcome);
        if (outcome.module != NULL) {
            break;
        }
        assert_int_equal(outcome.rule, RULE_MODULE_OUTSIDE_RAM);
        assert_true(outcome.limit != KERNEL_PA);
    }
    assert_true(reads > 5);
    machine_free(&machine);
}

/* A caller that cannot read RAM at all. */
static void overlays_need_somebody_to_read_them(void **state)
{
    struct machine machine;
    static uint8_t memory[ARENA_BYTES];
    struct arena arena = {memory, memory + sizeof(memory)};
    (void)state;
    machine_make_whole(&machine);
    struct config_input input = outcome_input(&outcome, machine.tree, TREE_BYTES);
    assert_null(config_read(&input, &arena));
    assert_int_equal(outcome.rule, RULE_MODULE_OUTSIDE_RAM);
    assert_string_equal(outcome.node, "system.dtbo");
    machine_free(&machine);
}

/* --- /boot-modules -----------------------------------------------------------------------------
 */

#define MODULES "/boot-modules"

static void boot_modules_keep_their_binding(void **state)
{
    static const struct {
        enum config_rule rule;
        const char *node;
        struct change change[4];
    } row[] = {
        {RULE_UNKNOWN_NODE, MODULES "/image", {NODE(MODULES, "image"), END}},
        {RULE_UNKNOWN_NODE, MODULES "/overlays", {NODE(MODULES, "overlays"), END}},
        {RULE_UNKNOWN_NODE, MODULES "/overlay-0/hash", {NODE(MODULES "/overlay-0", "hash"), END}},
        {RULE_UNKNOWN_NODE, MODULES "/module-0/hash", {NODE(MODULES "/module-0", "hash"), END}},
        {RULE_UNKNOWN_PROPERTY, MODULES, {FLAG(MODULES, "ranges"), END}},
        {RULE_UNKNOWN_PROPERTY, MODULES "/overlay-1", {FLAG(MODULES "/overlay-1", "typo"), END}},
        {RULE_UNKNOWN_PROPERTY, /* files have no order */
         MODULES "/module-0",
         {CELLS(MODULES "/module-0", "order", 1, 0), END}},
        {RULE_MISSING_PROPERTY, MODULES, {LESS(MODULES, "compatible"), END}},
        {RULE_MISSING_PROPERTY, MODULES, {LESS(MODULES, "#size-cells"), END}},
        {RULE_MISSING_PROPERTY, MODULES "/overlay-0", {LESS(MODULES "/overlay-0", "order"), END}},
        {RULE_MISSING_PROPERTY, MODULES "/overlay-0", {LESS(MODULES "/overlay-0", "label"), END}},
        {RULE_MISSING_PROPERTY, MODULES "/module-1", {LESS(MODULES "/module-1", "reg"), END}},
        {RULE_PROPERTY_VALUE, MODULES, {TEXT(MODULES, "compatible", "multiboot,modules"), END}},
        {RULE_PROPERTY_VALUE, MODULES, {CELLS(MODULES, "#address-cells", 1, 1), END}},
        {RULE_PROPERTY_VALUE, /* an overlay by its name, a file by its compatible */
         MODULES "/overlay-0",
         {TEXT(MODULES "/overlay-0", "compatible", "multiboot,module"), END}},
        {RULE_PROPERTY_VALUE,
         MODULES "/module-0",
         {TEXT(MODULES "/module-0", "compatible", "bulkhead,overlay"), END}},
        {RULE_PROPERTY_LENGTH,
         MODULES "/overlay-0",
         {CELLS(MODULES "/overlay-0", "reg", 2, 0x44000000, 0x1000), END}},
        {RULE_PROPERTY_LENGTH,
         MODULES "/overlay-0",
         {CELLS(MODULES "/overlay-0", "order", 2, 0, 0), END}},
        {RULE_PROPERTY_LENGTH, MODULES "/module-0", {FLAG(MODULES "/module-0", "label"), END}},
        {RULE_ID_TWICE, MODULES "/overlay-0", {CELLS(MODULES "/overlay-0", "order", 1, 1), END}},
        {RULE_LABEL_TWICE,
         MODULES "/module-0",
         {TEXT(MODULES "/module-1", "label", "nav.bin"), END}},
        {RULE_NODE_TWICE, MODULES, {FLAG("/", "twice"), END}},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        char what[32];
        machine_make_whole(&machine);
        tree_change(machine.tree, row[index].change);
        if (row[index].rule == RULE_NODE_TWICE) {
            /* libfdt makes no second node of a name. */
            int node = fdt_add_subnode(machine.tree, 0, "boot-moduleX");
            char *name = fdt_offset_ptr_w(machine.tree, node + (int)FDT_TAGSIZE, 13);
            name[11] = 's';
        }
        (void)snprintf(what, sizeof(what), "row %zu", index);
        machine_read(&machine, &outcome);
        machine_refused(&machine, &outcome, what, row[index].rule, row[index].node, outcome.other);
        machine_free(&machine);
    }
}

/* Overlays of one label are told apart by their order; only files are found by their label. */
static void overlays_may_share_a_label(void **state)
{
    static const struct change change[] = {
        TEXT(MODULES "/overlay-1", "label", "system.dtbo"),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    machine_refused(&machine, &outcome, "a label twice", RULE_NONE, "", "");
    machine_free(&machine);
}

/* Overlays that leave the tree without a description. */
static void a_description_must_come_of_it(void **state)
{
    static const struct change change[] = {
        GONE(MODULES "/overlay-0"),
        GONE(MODULES "/overlay-1"),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    machine_refused(&machine, &outcome, "no overlays", RULE_NO_DESCRIPTION, "/", "");
    overlay_cell(overlay, "/gadget@9020000", "link", 1);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    machine_refused(&machine, &outcome, "an overlay for something else", RULE_NO_DESCRIPTION, "/",
                    "");
    machine_free(&machine);
}

/* What an overlay adds is checked as if it had been there all the time. */
static void what_overlays_say_is_checked(void **state)
{
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    overlay_cell(overlay, "/bulkhead/partitions/partition@2", "typo", 1);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    machine_refused(&machine, &outcome, "a typing error", RULE_UNKNOWN_PROPERTY,
                    "/bulkhead/partitions/partition@2", "");
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlays_lie_in_ram_and_beside_the_kernel),
        cmocka_unit_test(wrong_places_are_told_together),
        cmocka_unit_test(ram_may_be_given_by_single_cells),
        cmocka_unit_test(ram_that_cannot_be_read_is_told),
        cmocka_unit_test(overlays_need_somebody_to_read_them),
        cmocka_unit_test(boot_modules_keep_their_binding),
        cmocka_unit_test(overlays_may_share_a_label),
        cmocka_unit_test(a_description_must_come_of_it),
        cmocka_unit_test(what_overlays_say_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
