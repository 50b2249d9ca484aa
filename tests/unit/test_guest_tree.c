// SPDX-License-Identifier: Apache-2.0
/*
 * Does the device tree that is made for a partition say what machine it was granted, and no more?
 * Requirements: BH-DT-1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_guest_read.h"

#include <stdlib.h>
#include <string.h>

/* --- the machine --------------------------------------------------------------------------------
 */

static void a_partition_gets_a_tree_of_its_machine(void **state)
{
    (void)state;
    const void *tree = made_on(GIC_V3, unchanged);
    EXPECT_TEXT(tree, "/", "compatible", "linux,dummy-virt");
    EXPECT(tree, "/", "#address-cells", 2);
    EXPECT(tree, "/", "#size-cells", 2);
    EXPECT(tree, "/", "interrupt-parent", fdt_get_phandle(tree, fdt_path_offset(tree, GIC_NODE)));
    EXPECT_TEXT(tree, "/memory@40000000", "device_type", "memory");
    EXPECT(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0x100000);
    assert_int_equal(child_count(tree, "/cpus"), 1);
    EXPECT(tree, "/cpus", "#address-cells", 1);
    EXPECT(tree, "/cpus", "#size-cells", 0);
    EXPECT_TEXT(tree, "/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2");
    EXPECT_TEXT(tree, "/psci", "method", "hvc");
    EXPECT_TEXT(tree, "/timer", "compatible", "arm,armv8-timer");
    EXPECT(tree, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    assert_true(has_prop(tree, "/timer", "always-on"));
    EXPECT_TEXT(tree, GIC_NODE, "compatible", "arm,gic-v3");
    EXPECT(tree, GIC_NODE, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000);
    EXPECT(tree, GIC_NODE, "#interrupt-cells", 3);
    assert_true(has_prop(tree, GIC_NODE, "interrupt-controller"));
    EXPECT_TEXT(tree, "/serial@9000000", "compatible", "arm,pl011\0arm,primecell");
    EXPECT(tree, "/serial@9000000", "reg", 0, 0x9000000, 0, 0x1000);
    EXPECT(tree, "/serial@9000000", "interrupts", 0, 1, 4);
    EXPECT_TEXT(tree, "/serial@9000000", "clock-names", "uartclk\0apb_pclk");
    EXPECT_TEXT(tree, "/chosen", "stdout-path", "/serial@9000000");
    assert_false(has_prop(tree, "/chosen", "bootargs"));
    assert_false(has_prop(tree, "/chosen", "linux,initrd-start"));
    assert_false(has_node(tree, "/reserved-memory"));
    /* nav has a device, io none: nothing of the host but what was given. */
    assert_int_equal(child_count(tree, "/"), 9);
    assert_int_equal(child_count(tree_of(1)->made, "/"), 8);
}

/* The clock that a serial line's driver reckons with. */
static void the_uart_has_a_fixed_clock(void **state)
{
    (void)state;
    const void *tree = made_on(GIC_V3, unchanged);
    const fdt32_t *clock = value_of(tree, "/serial@9000000", "clocks", 8);
    int node = fdt_node_offset_by_phandle(tree, fdt32_to_cpu(clock[0]));
    assert_int_equal(clock[0], clock[1]);
    assert_true(node >= 0);
    assert_int_equal(fdt_node_check_compatible(tree, node, "fixed-clock"), 0);
    assert_non_null(fdt_getprop(tree, node, "clock-frequency", NULL));
    assert_non_null(fdt_getprop(tree, node, "#clock-cells", NULL));
}

static void a_gicv2_has_both_its_frames_and_masks(void **state)
{
    static const struct change two[] = {
        CELLS(NAV, "vcpus", 1, 2),
        CELLS(NAV, "gicd-address", 1, 0x2c001000),
        CELLS(NAV, "gicc-address", 2, 0x1, 0x2c002000),
        NODE("/bulkhead/schedules/schedule@0/cpu@0", "minor-frame@1e8480"),
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@1e8480", "reg", 4, 0, 500000, 0,
              400000),
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@1e8480", "partition", 1, 0x11),
        CELLS("/bulkhead/schedules/schedule@0/cpu@0/minor-frame@1e8480", "vcpu", 1, 1),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V2, two);
    EXPECT_TEXT(tree, "/interrupt-controller@2c001000", "compatible", "arm,gic-400");
    EXPECT(tree, "/interrupt-controller@2c001000", "reg", 0, 0x2c001000, 0,
           (uint32_t)VGICD_V2_BYTES, 1, 0x2c002000, 0, (uint32_t)VGICC_V2_BYTES);
    EXPECT(tree, "/timer", "interrupts", 1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304);
}

/* The guest's interrupts of timers are the host's. */
static void timers_are_wired_as_the_hosts(void **state)
{
    static const uint32_t wanted[12] = {1, 5, 4, 1, 6, 4, 1, 7, 4, 1, 8, 4};
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    fdt32_t cell[12];
    (void)state;
    tree_build(blob, GIC_V3);
    for (uint32_t at = 0; at < 12; at++) {
        cell[at] = cpu_to_fdt32(wanted[at]);
    }
    assert_int_equal(
        fdt_setprop(blob, fdt_path_offset(blob, "/timer"), "interrupts", cell, sizeof(cell)), 0);
    outcome_complete(&outcome, blob, TREE_BYTES);
    EXPECT(tree_of(0)->made, "/timer", "interrupts", 1, 13, 4, 1, 6, 4, 1, 7, 4, 1, 10, 4);
}

/* Who was granted counters is told of them, and nobody else. */
static void counters_are_those_of_the_grant(void **state)
{
    static const struct change pmu[] = {
        NODE("/", "pmu"),
        TEXT("/pmu", "compatible", "arm,cortex-a57-pmu"),
        CELLS("/pmu", "interrupts", 3, 1, 5, 4),
        TEXT("/bulkhead/partitions/partition@1", "cpu-features", "pmu"),
        END,
    };
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    (void)state;
    tree_build(blob, GIC_V3);
    tree_change(blob, pmu);
    outcome_complete(&outcome, blob, TREE_BYTES);
    EXPECT_TEXT(tree_of(0)->made, "/pmu", "compatible", "arm,armv8-pmuv3");
    EXPECT(tree_of(0)->made, "/pmu", "interrupts", 1, 5, 4);
    assert_false(has_node(tree_of(1)->made, "/pmu"));
}

/* MPIDR and reg agree for each number of vCPUs. */
static void each_vcpu_has_a_node(void **state)
{
    static const char window[] = "/bulkhead/schedules/schedule@0/cpu@0/minor-frame@0";
    (void)state;
    for (uint32_t count = 1; count <= 8; count++) {
        static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
        const struct change vcpus[] = {CELLS(NAV, "vcpus", 1, count),
                                       CELLS(window, "reg", 4, 0, 0, 0, 50000), END};
        tree_build(blob, GIC_V3);
        tree_change(blob, vcpus);
        for (uint32_t vcpu = 1; vcpu < count; vcpu++) {
            char name[] = "minor-frame@c0";
            char path[80] = "/bulkhead/schedules/schedule@0/cpu@0/";
            name[sizeof(name) - 2] = (char)('0' + vcpu);
            strcat(path, name);
            const struct change more[] = {
                NODE("/bulkhead/schedules/schedule@0/cpu@0", name),
                CELLS(path, "reg", 4, 0, vcpu * 50000, 0, 50000),
                CELLS(path, "partition", 1, 0x11),
                CELLS(path, "vcpu", 1, vcpu),
                END,
            };
            tree_change(blob, more);
        }
        outcome_complete(&outcome, blob, TREE_BYTES);
        const void *tree = tree_of(0)->made;
        assert_int_equal(child_count(tree, "/cpus"), count);
        for (uint32_t vcpu = 0; vcpu < count; vcpu++) {
            char path[] = "/cpus/cpu@0";
            path[sizeof(path) - 2] = (char)('0' + vcpu);
            EXPECT(tree, path, "reg", vcpu);
            EXPECT_TEXT(tree, path, "device_type", "cpu");
            EXPECT_TEXT(tree, path, "enable-method", "psci");
        }
        EXPECT(tree, GIC_NODE, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x20000 * count);
    }
}

static void without_a_console_there_is_no_uart(void **state)
{
    static const struct change none[] = {FLAG(NAV, "no-console"), END};
    (void)state;
    const void *tree = made_on(GIC_V3, none);
    assert_false(has_prop(tree, "/chosen", "stdout-path"));
    for (int node = 0; node >= 0; node = fdt_next_node(tree, node, NULL)) {
        assert_null(strstr(fdt_get_name(tree, node, NULL), "serial"));
    }
}

static void an_sbsa_uart_has_a_speed(void **state)
{
    static const struct change sbsa[] = {
        NODE(NAV, "console"),
        TEXT(NAV "/console", "compatible", "arm,sbsa-uart"),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V3, sbsa);
    EXPECT_TEXT(tree, "/serial@9000000", "compatible", "arm,sbsa-uart");
    EXPECT(tree, "/serial@9000000", "current-speed", 115200);
    EXPECT(tree, "/serial@9000000", "interrupts", 0, 1, 4);
    assert_false(has_prop(tree, "/serial@9000000", "clocks"));
    EXPECT_TEXT(tree, "/chosen", "stdout-path", "/serial@9000000");
    assert_int_equal(child_count(tree, "/"), 8); /* no clock */
}

static void a_console_may_lie_elsewhere(void **state)
{
    static const struct change moved[] = {
        NODE(NAV, "console"),
        TEXT(NAV "/console", "compatible", "arm,pl011"),
        CELLS(NAV "/console", "reg", 4, 0xab, 0xcdef0000, 0, 0x1000),
        CELLS(NAV "/console", "spi", 1, 40),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V3, moved);
    EXPECT(tree, "/serial@abcdef0000", "reg", 0xab, 0xcdef0000, 0, 0x1000);
    EXPECT(tree, "/serial@abcdef0000", "interrupts", 0, 40, 4);
    EXPECT_TEXT(tree, "/chosen", "stdout-path", "/serial@abcdef0000");
}

/* --- devices of the host ------------------------------------------------------------------------
 */

static void a_device_is_named_as_the_hosts(void **state)
{
    static const struct change moved[] = {
        CELLS(NAV "/device@9010000", "reg", 4, 0x1, 0x10000, 0, 0x1000),
        CELLS("/rtc@9010000", "reg-io-width", 1, 4),
        CELLS("/rtc@9010000", "dmas", 2, 7, 8),
        CELLS("/rtc@9010000", "interrupts", 3, 0, 2, 0xf01),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V3, moved);
    EXPECT_TEXT(tree, "/rtc@100010000", "compatible", "arm,pl031");
    EXPECT(tree, "/rtc@100010000", "reg", 1, 0x10000, 0, 0x1000);
    EXPECT(tree, "/rtc@100010000", "interrupts", 0, 2, 1);
    EXPECT(tree, "/rtc@100010000", "reg-io-width", 4);
    /* What refers to what the partition has not got is left out. */
    assert_false(has_prop(tree, "/rtc@100010000", "dmas"));
    assert_false(has_prop(tree, "/rtc@100010000", "clocks"));
}

static void add_clock(void *blob, const char *name, const char *compatible, uint32_t phandle)
{
    char path[32] = "/";
    strcat(path, name);
    const struct change clock[] = {
        NODE("/", name),
        TEXT(path, "compatible", compatible),
        CELLS(path, "clock-frequency", 1, 1000 * phandle),
        CELLS(path, "phandle", 1, phandle),
        END,
    };
    tree_change(blob, clock);
}

/* All of a device's clocks are fixed ones, or the partition is told of none. */
static void fixed_clocks_are_copied(void **state)
{
    static const struct {
        uint32_t clock[2];
        bool copied;
    } row[] = {{{40, 41}, true}, {{41, 41}, true}, {{40, 42}, false}, {{43, 40}, false}};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
        const struct change clocks[] = {
            CELLS("/rtc@9010000", "clocks", 2, row[index].clock[0], row[index].clock[1]),
            TEXT("/rtc@9010000", "clock-names", "apb_pclk"),
            END,
        };
        tree_build(blob, GIC_V3);
        tree_change(blob, clocks);
        add_clock(blob, "osc-a", "fixed-clock", 40);
        add_clock(blob, "osc-b", "fixed-clock", 41);
        add_clock(blob, "pll", "test,pll", 42);
        outcome_complete(&outcome, blob, TREE_BYTES);
        const void *tree = tree_of(0)->made;
        assert_int_equal(has_prop(tree, "/rtc@9010000", "clock-names"), row[index].copied);
        assert_int_equal(has_prop(tree, "/rtc@9010000", "clocks"), row[index].copied);
        if (!row[index].copied) {
            continue;
        }
        const fdt32_t *clock = value_of(tree, "/rtc@9010000", "clocks", 8);
        for (uint32_t at = 0; at < 2; at++) {
            int node = fdt_node_offset_by_phandle(tree, fdt32_to_cpu(clock[at]));
            const fdt32_t *hz = fdt_getprop(tree, node, "clock-frequency", NULL);
            assert_non_null(hz);
            assert_int_equal(fdt32_to_cpu(*hz), 1000 * row[index].clock[at]);
        }
    }
}

/* The order of registers is the host node's, wherever the partition sees them. */
static void registers_keep_their_order(void **state)
{
    static const struct change ranges[] = {
        CELLS("/gadget@9020000", "reg", 8, 0, 0x9020000, 0, 0x1000, 0, 0x9030000, 0, 0x2000),
        CELLS("/gadget@9020000", "interrupts", 6, 0, 5, 4, 0, 6, 1),
        NODE(NAV, "device-gadget"),
        TEXT(NAV "/device-gadget", "host-device", "/gadget@9020000"),
        CELLS(NAV "/device-gadget", "reg", 8, 0, 0x7000000, 0, 0x1000, 0, 0x6000000, 0, 0x2000),
        END,
    };
    (void)state;
    const void *tree = made_on(GIC_V3, ranges);
    EXPECT(tree, "/gadget@7000000", "reg", 0, 0x7000000, 0, 0x1000, 0, 0x6000000, 0, 0x2000);
    EXPECT(tree, "/gadget@7000000", "interrupts", 0, 5, 4, 0, 6, 1);
    EXPECT(tree, "/rtc@9010000", "interrupts", 0, 2, 4);
}

/* A name of any length becomes one of at most 31 characters before the address. */
static void a_long_name_is_cut(void **state)
{
    static const char name[] = "device-with-a-name-that-is-longer-than-nodes-may-have@9020000";
    static uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
    static const struct change given[] = {
        NODE(NAV, "device-gadget"),
        TEXT(NAV "/device-gadget", "host-device",
             "/device-with-a-name-that-is-longer-than-nodes-may-have@9020000"),
        END,
    };
    (void)state;
    tree_build(blob, GIC_V3);
    assert_int_equal(fdt_set_name(blob, fdt_path_offset(blob, "/gadget@9020000"), name), 0);
    tree_change(blob, given);
    outcome_complete(&outcome, blob, TREE_BYTES);
    assert_true(has_node(tree_of(0)->made, "/device-with-a-name-that-is-long@9020000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_gets_a_tree_of_its_machine),
        cmocka_unit_test(the_uart_has_a_fixed_clock),
        cmocka_unit_test(a_gicv2_has_both_its_frames_and_masks),
        cmocka_unit_test(timers_are_wired_as_the_hosts),
        cmocka_unit_test(counters_are_those_of_the_grant),
        cmocka_unit_test(each_vcpu_has_a_node),
        cmocka_unit_test(without_a_console_there_is_no_uart),
        cmocka_unit_test(an_sbsa_uart_has_a_speed),
        cmocka_unit_test(a_console_may_lie_elsewhere),
        cmocka_unit_test(a_device_is_named_as_the_hosts),
        cmocka_unit_test(fixed_clocks_are_copied),
        cmocka_unit_test(registers_keep_their_order),
        cmocka_unit_test(a_long_name_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
