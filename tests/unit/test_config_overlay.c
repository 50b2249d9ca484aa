// SPDX-License-Identifier: Apache-2.0
/*
 * Do overlays that the kernel applies make the system that they describe?  Order, labels, files,
 * and what damage and little memory do.  Requirements: BH-OVL-1, BH-OVL-2, BH-OVL-5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <libfdt.h>
#include <string.h>

static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

/* Reads what must be accepted. */
static const struct module_desc *accepted(struct machine *machine)
{
    machine_read(machine, &outcome);
    if (outcome.module == NULL) {
        fail_msg("refused: %s: %s", config_rule_name(outcome.rule), outcome.told[0].text);
    }
    return outcome.module;
}

static void refused(struct machine *machine, enum config_rule rule, const char *node)
{
    machine_read(machine, &outcome);
    if (outcome.rule != (int)rule || strcmp(outcome.node, node) != 0) {
        fail_msg("expected %s at %s, got %s: %s", config_rule_name((int)rule), node,
                 outcome.rule == RULE_NONE ? "nothing" : config_rule_name(outcome.rule),
                 outcome.told[0].text);
    }
}

static void hash_of(struct machine *machine, uint8_t digest[32])
{
    config_hash(accepted(machine), digest);
}

/* The same system as a tool on the host makes it: libfdt's own merge, images by reg, elsewhere. */
static void hash_of_host_merge(bool both, uint8_t digest[32])
{
    static const struct change placed[] = {
        CELLS(NAV "/kernel", "reg", 4, 0, 0x4c000000, 0, NAV_BYTES),
        LESS(NAV "/kernel", "image-file"),
        CELLS(IO "/kernel", "reg", 4, 0, 0x4d000000, 0, IO_BYTES),
        LESS(IO "/kernel", "image-file"),
        GONE("/boot-modules"),
        END,
    };
    static const uint8_t flat[NAV_BYTES];
    struct machine machine;
    machine_make(&machine);
    if (both) {
        overlay_both(overlay);
        assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
    } else {
        overlay_system(overlay);
        assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
        overlay_schedule(overlay, 500000);
        assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
    }
    tree_change(machine.tree, placed);
    (void)machine_put(&machine, 0x4c000000, flat, NAV_BYTES, NAV_BYTES);
    (void)machine_put(&machine, 0x4d000000, flat, IO_BYTES, IO_BYTES);
    hash_of(&machine, digest);
    machine_free(&machine);
}

static void system_and_schedule_make_what_the_host_makes(void **state)
{
    struct machine machine;
    uint8_t here[32];
    uint8_t host[32];
    (void)state;
    machine_make_whole(&machine);
    const struct module_desc *module = accepted(&machine);
    assert_int_equal(module->partition_count, 2);
    assert_string_equal(module->partition[0].name, "nav");
    assert_int_equal(module->partition[0].image[0].pa.pa, NAV_PA);
    assert_int_equal(module->partition[0].image[0].size_bytes, NAV_BYTES);
    assert_int_equal(module->partition[1].image[0].pa.pa, IO_PA);
    assert_int_equal(module->schedule[0].core[0].window_count, 2);
    assert_int_equal(module->schedule[0].core[0].window[0].partition, 0);
    assert_int_equal(module->schedule[0].core[0].window[1].partition, 1);
    config_hash(module, here);
    machine_free(&machine);
    hash_of_host_merge(false, host);
    assert_memory_equal(here, host, sizeof(here));
}

/* One overlay whose windows refer to its own partitions, by __local_fixups__. */
static void one_overlay_makes_the_same(void **state)
{
    struct machine machine;
    uint8_t two[32];
    uint8_t one[32];
    uint8_t host[32];
    (void)state;
    machine_make_whole(&machine);
    hash_of(&machine, two);
    machine_free(&machine);
    machine_make(&machine);
    overlay_both(overlay);
    machine_overlay(&machine, "overlay", "both.dtbo", SYSTEM_PA, overlay, 7);
    machine_files(&machine);
    hash_of(&machine, one);
    machine_free(&machine);
    hash_of_host_merge(true, host);
    assert_memory_equal(one, two, sizeof(one));
    assert_memory_equal(one, host, sizeof(one));
}

/* Applied by ascending order, whatever the order of the nodes and of the addresses is. */
static void order_is_what_the_loader_states(void **state)
{
    static const uint32_t place[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const node[] = {"overlay-0", "overlay@44100000", "overlay-b"};
    static const uint64_t pa[] = {SYSTEM_PA, SCHEDULE_PA, THIRD_PA};
    (void)state;
    for (uint32_t index = 0; index < ARRAY_COUNT(place); index++) {
        struct machine machine;
        machine_make(&machine);
        for (uint32_t at = 0; at < 3; at++) {
            uint32_t which = place[index][at];
            if (which == 0) {
                overlay_both(overlay);
            } else {
                overlay_cell(overlay, "/bulkhead", "stop-after-frames", which);
            }
            machine_overlay(&machine, node[at], "x.dtbo", pa[at], overlay,
                            which == 2 ? UINT32_MAX : which * 10);
        }
        machine_files(&machine);
        assert_int_equal(accepted(&machine)->stop_after_frames, 2);
        machine_free(&machine);
    }
}

/* Only the schedule's overlay is another one: the partitions stay what they were. */
static void a_schedule_is_replaced_alone(void **state)
{
    struct machine machine;
    uint8_t before[32];
    uint8_t after[32];
    (void)state;
    machine_make_whole(&machine);
    hash_of(&machine, before);
    machine_free(&machine);
    machine_make(&machine);
    overlay_system(overlay);
    machine_overlay(&machine, "overlay-0", "system.dtbo", SYSTEM_PA, overlay, 0);
    overlay_schedule(overlay, 600000);
    machine_overlay(&machine, "overlay-1", "other.dtbo", SCHEDULE_PA, overlay, 1);
    machine_files(&machine);
    const struct module_desc *module = accepted(&machine);
    assert_int_equal(module->schedule[0].core[0].window[0].duration_ns, 600000);
    assert_int_equal(module->partition[0].memory[0].pa.pa, 0x54000000);
    config_hash(module, after);
    assert_memory_not_equal(before, after, sizeof(before));
    machine_free(&machine);
}

/* A label of the machine's own tree, as board overlays use them. */
static void a_label_of_the_machine_is_found(void **state)
{
    static const struct change change[] = {
        NODE(IO, "device"),
        TEXT(IO "/device", "host-device", "/gadget@9020000"),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make(&machine);
    overlay_both(overlay);
    assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
    tree_change(machine.tree, change);
    overlay_begin(overlay);
    tree_open(overlay, "fragment@0");
    PUT(overlay, "target", UINT32_MAX);
    tree_open(overlay, "__overlay__");
    PUT(overlay, "interrupts", 0, 7, 4);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, "__fixups__");
    tree_put_string(overlay, "gadget", "/fragment@0:target:0");
    tree_close(overlay);
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-0", "board.dtbo", SYSTEM_PA, overlay, 0);
    machine_files(&machine);
    assert_int_equal(accepted(&machine)->partition[1].device[0].irq[0], 39);
    machine_free(&machine);
}

/* &{/bulkhead} below &{/} { bulkhead { }; } in one file. */
static void a_fragment_may_change_what_an_earlier_one_made(void **state)
{
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions/partition@2");
    tree_open(overlay, "device");
    tree_put_string(overlay, "host-device", "/gadget@9020000");
    tree_close(overlay);
    tree_close(overlay);
    tree_close(overlay);
    overlay_open(overlay, "fragment@1", "/bulkhead/partitions/partition@2/device");
    PUT(overlay, "reg", 0, 0x0a000000, 0, 0x1000);
    tree_close(overlay);
    tree_close(overlay);
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    assert_int_equal(accepted(&machine)->partition[1].device[0].ipa.ipa, 0x0a000000);
    machine_free(&machine);
    /* If none makes it, it is told; labels are not at fault. */
    machine_make_whole(&machine);
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions/partition@2");
    tree_close(overlay);
    tree_close(overlay);
    overlay_open(overlay, "fragment@1", "/bulkhead/partitions/partition@2/device");
    tree_close(overlay);
    tree_close(overlay);
    overlay_open(overlay, "fragment@2", "/bulkhead/partitions/partition@2/device/below");
    tree_close(overlay);
    tree_close(overlay);
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    refused(&machine, RULE_OVERLAY_TARGET, "more.dtbo");
    assert_string_equal(outcome.other, "/bulkhead/partitions/partition@2/device");
    assert_int_equal(outcome.fault_count, 1);
    machine_free(&machine);
}

/* Loaders round up, and QEMU's tree claims a mebibyte: neither costs memory. */
static void room_may_be_larger_than_the_blob(void **state)
{
    struct machine machine;
    (void)state;
    machine_make(&machine);
    overlay_both(overlay);
    (void)machine_put(&machine, SYSTEM_PA, overlay, fdt_totalsize(overlay), 0x40000);
    machine_name_overlay(&machine, "overlay", "both.dtbo", SYSTEM_PA, 0x40000, 0);
    machine_files(&machine);
    machine.arena_bytes = 48 * 1024;
    machine.as_is = true;
    assert_true(machine.arena_bytes < TREE_BYTES);
    (void)accepted(&machine);
    assert_true(machine.bytes_read < 2 * OVERLAY_BYTES);
    machine_free(&machine);
}

static void a_file_is_found_by_its_label(void **state)
{
    static const struct change shared[] = {
        TEXT(IO "/kernel", "image-file", "nav.bin"),
        END,
    };
    static const struct change missing[] = {
        TEXT(IO "/kernel", "image-file", "no.bin"),
        END,
    };
    static const struct change by_reg[] = {
        CELLS(IO "/kernel", "reg", 4, 0, 0x46200000, 0, 0x800),
        END,
    };
    static const struct change nothing[] = {
        LESS(IO "/kernel", "reg"),
        LESS(IO "/kernel", "image-file"),
        END,
    };
    static const uint8_t flat[0x800];
    struct machine machine;
    (void)state;
    machine_make(&machine);
    overlay_both(overlay);
    assert_int_equal(fdt_overlay_apply(machine.tree, overlay), 0);
    machine_files(&machine);
    (void)machine_put(&machine, 0x46200000, flat, sizeof(flat), sizeof(flat));
    assert_int_equal(accepted(&machine)->partition[1].image[0].pa.pa, IO_PA);
    /* Several partitions may share one. */
    tree_change(machine.tree, shared);
    const struct module_desc *module = accepted(&machine);
    assert_int_equal(module->partition[0].image[0].pa.pa, NAV_PA);
    assert_int_equal(module->partition[1].image[0].pa.pa, NAV_PA);
    assert_int_equal(module->partition[1].image[0].size_bytes, NAV_BYTES);
    tree_change(machine.tree, missing);
    refused(&machine, RULE_MODULE_NOT_PLACED, IO "/kernel");
    assert_string_equal(outcome.property, "image-file");
    assert_non_null(strstr(outcome.told[0].text, "property image-file, file no.bin: "));
    /* The description's own word wins, whatever the file's name says. */
    tree_change(machine.tree, by_reg);
    module = accepted(&machine);
    assert_int_equal(module->partition[1].image[0].pa.pa, 0x46200000);
    assert_int_equal(module->partition[1].image[0].size_bytes, 0x800);
    tree_change(machine.tree, nothing);
    refused(&machine, RULE_MODULE_NOT_PLACED, IO "/kernel");
    assert_string_equal(outcome.property, "reg");
    assert_string_equal(outcome.other, "");
    machine_free(&machine);
}

/* An overlay's label is no file's. */
static void an_overlay_is_no_image(void **state)
{
    static const struct change change[] = {
        TEXT("/boot-modules/overlay-0", "label", "io.bin"),
        GONE("/boot-modules/module-1"),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    refused(&machine, RULE_MODULE_NOT_PLACED, IO "/kernel");
    machine_free(&machine);
}

/* An overlay may name files in /boot-modules as the loader may, but no overlays: too late. */
static void an_overlay_may_name_files(void **state)
{
    static const char *const node[] = {"module-9", "overlay-9", "module-9"};
    struct machine machine;
    (void)state;
    for (uint32_t which = 0; which < ARRAY_COUNT(node); which++) {
        fdt64_t reg[2] = {cpu_to_fdt64(IO_PA), cpu_to_fdt64(IO_BYTES)};
        machine_make_whole(&machine);
        (void)fdt_del_node(machine.tree, fdt_path_offset(machine.tree, "/boot-modules/module-1"));
        overlay_begin(overlay);
        overlay_open(overlay, "fragment@0", "/boot-modules");
        tree_open(overlay, node[which]);
        tree_put_string(overlay, "compatible",
                        which == 1 ? "bulkhead,overlay" : "multiboot,module");
        tree_put_string(overlay, "label", "io.bin");
        assert_int_equal(fdt_property(overlay, "reg", reg, sizeof(reg)), 0);
        if (which != 0) {
            PUT(overlay, "order", 9);
        }
        tree_close(overlay);
        tree_close(overlay);
        tree_close(overlay);
        (void)overlay_end(overlay);
        machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
        switch (which) {
        case 0:
            assert_int_equal(accepted(&machine)->partition[1].image[0].pa.pa, IO_PA);
            break;
        case 1:
            refused(&machine, RULE_UNKNOWN_NODE, "/boot-modules/overlay-9");
            break;
        default:
            refused(&machine, RULE_UNKNOWN_PROPERTY, "/boot-modules/module-9");
            break;
        }
        machine_free(&machine);
    }
}

/* Too little memory is a fault and never an access outside it. */
static void little_memory_is_told(void **state)
{
    struct machine machine;
    uint32_t refused_count = 0;
    (void)state;
    machine_make_whole(&machine);
    outcome.module = NULL;
    for (machine.arena_bytes = 0; outcome.module == NULL; machine.arena_bytes += 40) {
        assert_true(machine.arena_bytes < ARENA_BYTES);
        machine_read(&machine, &outcome);
        if (outcome.module == NULL) {
            for (uint32_t at = 0; at < outcome.fault_count && at < TOLD_MAX; at++) {
                assert_int_equal(outcome.told[at].rule, RULE_STARTUP_MEMORY);
            }
            refused_count++;
        }
    }
    assert_true(refused_count > 100);
    machine_free(&machine);
}

/* Each byte of each overlay is damaged in several ways.  Nothing is read or written outside, and
 * what is accepted is a whole description. */
static void each_damage_is_harmless(void **state)
{
    static const uint8_t damage[] = {0x01, 0x10, 0x80, 0xff};
    struct machine machine;
    uint32_t refused_count = 0;
    uint32_t accepted_count = 0;
    (void)state;
    machine_make_whole(&machine);
    for (uint32_t which = 0; which < 2; which++) {
        struct loaded *file = &machine.file[which];
        for (size_t at = 0; at < file->room_bytes; at++) {
            for (size_t how = 0; how < sizeof(damage); how++) {
                uint8_t digest[32];
                file->bytes[at] ^= damage[how];
                machine_read(&machine, &outcome);
                if (outcome.module != NULL) {
                    config_hash(outcome.module, digest);
                    accepted_count++;
                } else {
                    refused_count++;
                }
                file->bytes[at] ^= damage[how];
            }
        }
    }
    assert_true(accepted_count > 0);
    assert_true(refused_count > accepted_count);
    machine_free(&machine);
}

/* The same for the local fixups of one overlay, in the order of their offsets. */
static void each_damage_of_a_local_reference_is_harmless(void **state)
{
    static const uint8_t damage[] = {0x01, 0x04, 0x40, 0x80, 0xff};
    struct machine machine;
    (void)state;
    machine_make(&machine);
    overlay_both(overlay);
    machine_overlay(&machine, "overlay", "both.dtbo", SYSTEM_PA, overlay, 0);
    machine_files(&machine);
    struct loaded *file = &machine.file[0];
    for (size_t at = 0; at < file->room_bytes; at++) {
        for (size_t how = 0; how < sizeof(damage); how++) {
            file->bytes[at] ^= damage[how];
            machine_read(&machine, &outcome);
            file->bytes[at] ^= damage[how];
        }
    }
    (void)accepted(&machine);
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_and_schedule_make_what_the_host_makes),
        cmocka_unit_test(one_overlay_makes_the_same),
        cmocka_unit_test(order_is_what_the_loader_states),
        cmocka_unit_test(a_schedule_is_replaced_alone),
        cmocka_unit_test(a_label_of_the_machine_is_found),
        cmocka_unit_test(a_fragment_may_change_what_an_earlier_one_made),
        cmocka_unit_test(room_may_be_larger_than_the_blob),
        cmocka_unit_test(a_file_is_found_by_its_label),
        cmocka_unit_test(an_overlay_is_no_image),
        cmocka_unit_test(an_overlay_may_name_files),
        cmocka_unit_test(little_memory_is_told),
        cmocka_unit_test(each_damage_is_harmless),
        cmocka_unit_test(each_damage_of_a_local_reference_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
