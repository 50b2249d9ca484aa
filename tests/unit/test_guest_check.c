// SPDX-License-Identifier: Apache-2.0
/*
 * Is a device tree that a user supplied for a guest refused where it says more than the partition
 * was granted, and only there?  Requirements: BH-DT-2, BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <kernel/config/tree.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define DTB         NAV "/dtb"
#define DTB_PA      UINT64_C(0x46200000)
#define GIC_V3_NODE "/interrupt-controller@8000000"
#define COMPATIBLE  "multiboot,device-tree\0multiboot,module"

static struct outcome outcome;

/* The system merged on the host, nav with three vCPUs and a second region, and its files in RAM. */
static void make(struct machine *machine)
{
    static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
    static const char *const cpu[] = {"minor-frame@1", "minor-frame@2"};
    machine_make(machine);
    overlay_both(overlay);
    assert_int_equal(fdt_overlay_apply(machine->tree, overlay), 0);
    machine_files(machine);
    static const struct change more[] = {
        CELLS(NAV, "vcpus", 1, 3),
        NODE(NAV, "memory@40100000"),
        CELLS(NAV "/memory@40100000", "reg", 4, 0, 0x40100000, 0, 0x10000),
        NODE(NAV, "memory@0"),
        CELLS(NAV "/memory@0", "reg", 4, 0, 0, 0, 0x10000),
        FLAG(NAV "/memory@0", "read-only"),
        END,
    };
    tree_change(machine->tree, more);
    for (uint32_t vcpu = 1; vcpu <= 2; vcpu++) {
        char path[80] = "/bulkhead/schedules/schedule@0/cpu@0/";
        strcat(path, cpu[vcpu - 1]);
        const struct change window[] = {
            NODE("/bulkhead/schedules/schedule@0/cpu@0", cpu[vcpu - 1]),
            CELLS(path, "reg", 4, 0, 400000 + vcpu * 100000, 0, 100000),
            CELLS(path, "partition", 1,
                  fdt_get_phandle(machine->tree, fdt_path_offset(machine->tree, NAV))),
            CELLS(path, "vcpu", 1, vcpu),
            END,
        };
        tree_change(machine->tree, window);
    }
}

/* The tree that is made for nav, with room for changes: what every test begins with. */
static uint8_t *made_tree(struct machine *machine)
{
    machine_read(machine, &outcome);
    if (outcome.module == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    const struct partition_desc *nav = &outcome.module->partition[0];
    uint8_t *tree = malloc(OVERLAY_BYTES);
    assert_non_null(tree);
    assert_int_equal(fdt_open_into(nav->image[nav->image_count - 1].made, tree, OVERLAY_BYTES), 0);
    return tree;
}

/* Supplies nav with a file as its tree, of which size_bytes were loaded. */
static void supply(struct machine *machine, const void *tree, size_t size_bytes)
{
    static const struct change dtb[] = {NODE(NAV, "dtb"), TEXT(DTB, "image-file", "guest.dtb"),
                                        END};
    tree_change(machine->tree, dtb);
    assert_int_equal(fdt_setprop(machine->tree, fdt_path_offset(machine->tree, DTB), "compatible",
                                 COMPATIBLE, sizeof(COMPATIBLE)),
                     0);
    (void)machine_put(machine, DTB_PA, tree, size_bytes, size_bytes);
    machine_name_file(machine, "module-2", "guest.dtb", DTB_PA, size_bytes);
}

/* Reads the system with the made tree, changed, as a supplied one. */
static void read_with(const struct change *change)
{
    struct machine machine;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    tree_change(tree, change);
    assert_int_equal(fdt_pack(tree), 0);
    supply(&machine, tree, fdt_totalsize(tree));
    machine_read(&machine, &outcome);
    free(tree);
    machine_free(&machine);
}

static void taken(const char *what, const struct change *change)
{
    read_with(change);
    if (outcome.module == NULL) {
        fail_msg("%s is refused: %s", what, outcome.told[0].text);
    }
}

/* other: the node of the guest's tree. */
static void refused(const struct change *change, enum config_rule rule, const char *property,
                    const char *other)
{
    read_with(change);
    if (outcome.rule != (int)rule || strcmp(outcome.node, DTB) != 0 ||
        strcmp(outcome.property, property) != 0 || strcmp(outcome.other, other) != 0) {
        fail_msg("expected %s of %s in %s, got %s", config_rule_name((int)rule), property, other,
                 outcome.rule == RULE_NONE ? "nothing" : outcome.told[0].text);
    }
    assert_int_equal(outcome.fault_count, 1);
    assert_null(outcome.module);
}

/* --- what is granted, and less -------------------------------------------------------------------
 */

static void what_the_kernel_makes_it_takes(void **state)
{
    static const struct change none[] = {END};
    (void)state;
    taken("the kernel's own tree", none);
    const struct partition_desc *nav = &outcome.module->partition[0];
    assert_int_equal(nav->image_count, 2);
    assert_int_equal(nav->image[1].kind, IMAGE_DEVICE_TREE);
    assert_null(nav->image[1].made);
    assert_int_equal(nav->boot_arg, nav->image[1].load.ipa);
    assert_int_equal(outcome.module->partition[1].image_count, 2); /* io's is made as ever */
}

static void a_guest_may_be_told_of_less(void **state)
{
    static const struct change cpus[] = {GONE("/cpus/cpu@0"), GONE("/cpus/cpu@2"), END};
    static const struct change memory[] = {
        GONE("/memory@40100000"),
        CELLS("/memory@40000000", "reg", 8, 0, 0x40001000, 0, 0x1000, 0, 0x400ff000, 0, 0x11000),
        END,
    };
    static const struct change nothing[] = {
        GONE("/memory@40000000"), GONE("/memory@40100000"), GONE("/cpus"), GONE("/psci"),
        GONE("/timer"),           GONE(GIC_V3_NODE),        END,
    };
    (void)state;
    taken("a tree with one CPU", cpus);
    taken("a tree with pieces of memory, one over two regions", memory);
    taken("an empty tree", nothing);
}

/* Nobody was granted counters here. */
static void counters_need_the_grant(void **state)
{
    static const struct change pmu[] = {
        NODE("/", "pmu"),
        TEXT("/pmu", "compatible", "arm,armv8-pmuv3"),
        CELLS("/pmu", "interrupts", 3, 1, 7, 4),
        END,
    };
    static const struct change silent[] = {
        NODE("/", "pmu"),
        TEXT("/pmu", "compatible", "arm,cortex-a53-pmu"),
        END,
    };
    static const struct change disabled[] = {
        NODE("/", "pmu"),
        TEXT("/pmu", "compatible", "arm,armv8-pmuv3"),
        TEXT("/pmu", "status", "disabled"),
        END,
    };
    (void)state;
    refused(pmu, RULE_GUEST_PMU, "interrupts", "/pmu");
    assert_int_equal(outcome.value, 23);
    assert_int_equal(outcome.limit, 0);
    refused(silent, RULE_GUEST_PMU, "interrupts", "/pmu");
    taken("a tree with a disabled PMU", disabled);
}

/* What is not enabled is not there. */
static void disabled_nodes_are_not_compared(void **state)
{
    static const struct change disabled[] = {
        NODE("/cpus", "cpu@8"),
        TEXT("/cpus/cpu@8", "device_type", "cpu"),
        TEXT("/cpus/cpu@8", "status", "disabled"),
        NODE("/", "gic@1"),
        TEXT("/gic@1", "compatible", "arm,gic-400"),
        TEXT("/gic@1", "status", "fail"),
        END,
    };
    static const struct change enabled[] = {TEXT("/psci", "status", "okay"),
                                            TEXT("/timer", "status", "ok"), END};
    (void)state;
    taken("a tree with disabled nodes", disabled);
    taken("a tree with enabled nodes", enabled);
}

/* The root describes the whole, whatever it is called. */
static void the_root_is_not_compared(void **state)
{
    static const char *const compatible[] = {"arm,gic-400", "arm,gic-v3", "arm,psci",
                                             "arm,armv8-timer"};
    static const char *const type[] = {"cpu", "memory"};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(compatible); index++) {
        const struct change root[] = {TEXT("/", "compatible", compatible[index]), END};
        taken(compatible[index], root);
    }
    for (size_t index = 0; index < ARRAY_COUNT(type); index++) {
        const struct change root[] = {TEXT("/", "device_type", type[index]), END};
        taken(type[index], root);
    }
}

/* --- more than is granted ------------------------------------------------------------------------
 */

static void memory_is_the_partitions(void **state)
{
    static const struct {
        uint32_t base;
        uint32_t size;
    } row[] = {{0x3ffff000, 0x1000},    {0x3ffff000, 0x2000},  {0x40000000, 0x110001},
               {0x40110000, 0x1000},    {0x40100000, 0x10001}, {0x80000000, 0x80000000},
               {0x40000000, 0xffffffff}};
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        const struct change memory[] = {
            CELLS("/memory@40000000", "reg", 4, 0, row[index].base, 0, row[index].size), END};
        refused(memory, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
        assert_int_equal(outcome.value, row[index].base);
        assert_int_equal(outcome.limit, row[index].size);
    }
}

/* A number that wraps around, memory that may not be written, and no numbers at all. */
static void memory_is_read_with_care(void **state)
{
    static const struct change huge[] = {
        CELLS("/memory@40000000", "reg", 4, 0, 0x40000000, 0xffffffff, 0xffffffff), END};
    static const struct change rom[] = {CELLS("/memory@40000000", "reg", 4, 0, 0, 0, 0x1000), END};
    static const struct change second[] = {
        CELLS("/memory@40000000", "reg", 8, 0, 0x40000000, 0, 0x1000, 0, 0x50000000, 0, 0x1000),
        END};
    static const struct change odd[] = {CELLS("/memory@40000000", "reg", 3, 0, 0, 0), END};
    static const struct change none[] = {LESS("/memory@40000000", "reg"), END};
    static const struct change wide[] = {CELLS("/", "#address-cells", 1, 3), END};
    static const struct change empty[] = {CELLS("/memory@40000000", "reg", 4, 0, 0x90000000, 0, 0),
                                          END};
    (void)state;
    refused(huge, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
    assert_int_equal(outcome.limit, UINT64_MAX);
    refused(rom, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
    refused(second, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
    assert_int_equal(outcome.value, 0x50000000);
    refused(odd, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
    refused(none, RULE_GUEST_MEMORY, "reg", "/memory@40000000");
    taken("a range without bytes", empty);
    read_with(wide);
    assert_int_equal(outcome.rule, RULE_GUEST_MEMORY);
}

static void cpus_are_the_partitions(void **state)
{
    static const struct change more[] = {CELLS("/cpus/cpu@2", "reg", 1, 3), END};
    static const struct change twice[] = {CELLS("/cpus/cpu@2", "reg", 1, 1), END};
    static const struct change cluster[] = {CELLS("/cpus/cpu@1", "reg", 1, 0x100), END};
    static const struct change high[] = {CELLS("/cpus/cpu@1", "reg", 2, 1, 1), END};
    static const struct change wide[] = {CELLS("/cpus/cpu@1", "reg", 2, 0, 1), END};
    static const struct change none[] = {LESS("/cpus/cpu@1", "reg"), END};
    static const struct change method[] = {TEXT("/cpus/cpu@1", "enable-method", "spin-table"), END};
    static const struct change bare[] = {LESS("/cpus/cpu@0", "enable-method"), END};
    (void)state;
    refused(more, RULE_GUEST_CPU, "reg", "/cpus/cpu@2");
    assert_int_equal(outcome.value, 3);
    assert_int_equal(outcome.limit, 3);
    refused(twice, RULE_GUEST_CPU, "reg", "/cpus/cpu@2");
    refused(cluster, RULE_GUEST_CPU, "reg", "/cpus/cpu@1");
    refused(high, RULE_GUEST_CPU, "reg", "/cpus/cpu@1");
    refused(none, RULE_GUEST_CPU, "reg", "/cpus/cpu@1");
    refused(method, RULE_GUEST_CPU, "enable-method", "/cpus/cpu@1");
    taken("a reg of two cells", wide);
    taken("a CPU that is on already", bare);
}

static void the_interrupt_controller_is_the_partitions(void **state)
{
    static const struct change version[] = {TEXT(GIC_V3_NODE, "compatible", "arm,cortex-a15-gic"),
                                            END};
    static const struct change gicd[] = {
        CELLS(GIC_V3_NODE, "reg", 8, 0, 0x8001000, 0, 0x10000, 0, 0x80a0000, 0, 0x60000), END};
    static const struct change gicr[] = {
        CELLS(GIC_V3_NODE, "reg", 8, 0, 0x8000000, 0, 0x10000, 1, 0x80a0000, 0, 0x60000), END};
    static const struct change half[] = {CELLS(GIC_V3_NODE, "reg", 4, 0, 0x8000000, 0, 0x10000),
                                         END};
    static const struct change none[] = {LESS(GIC_V3_NODE, "reg"), END};
    static const struct change more[] = {
        CELLS(GIC_V3_NODE, "reg", 8, 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000), END};
    (void)state;
    refused(version, RULE_GUEST_GIC, "compatible", GIC_V3_NODE);
    assert_int_equal(outcome.value, 2);
    assert_int_equal(outcome.limit, 3);
    refused(gicd, RULE_GUEST_GIC, "reg", GIC_V3_NODE);
    assert_int_equal(outcome.value, 0x8001000);
    assert_int_equal(outcome.limit, 0x8000000);
    refused(gicr, RULE_GUEST_GIC, "reg", GIC_V3_NODE);
    assert_int_equal(outcome.value, UINT64_C(0x1080a0000));
    refused(half, RULE_GUEST_GIC, "reg", GIC_V3_NODE);
    refused(none, RULE_GUEST_GIC, "reg", GIC_V3_NODE);
    taken("redistributors with room behind them, as QEMU's tree has it", more);
}

static void timers_and_psci_are_the_partitions(void **state)
{
    static const struct change physical[] = {CELLS("/timer", "interrupts", 6, 1, 13, 4, 1, 15, 4),
                                             END};
    static const struct change spi[] = {CELLS("/timer", "interrupts", 6, 1, 13, 4, 0, 14, 4), END};
    static const struct change none[] = {LESS("/timer", "interrupts"), END};
    static const struct change smc[] = {TEXT("/psci", "method", "smc"), END};
    static const struct change other[] = {TEXT("/psci", "method", "sbi"), END};
    static const struct change without[] = {LESS("/psci", "method"), END};
    static const struct change old[] = {TEXT("/psci", "compatible", "arm,psci"),
                                        TEXT("/psci", "method", "none"), END};
    (void)state;
    refused(physical, RULE_GUEST_TIMER, "interrupts", "/timer");
    assert_int_equal(outcome.value, 31);
    assert_int_equal(outcome.limit, 30);
    refused(spi, RULE_GUEST_TIMER, "interrupts", "/timer");
    taken("timers without interrupts", none);
    taken("PSCI by SMC", smc);
    refused(other, RULE_GUEST_PSCI, "method", "/psci");
    refused(without, RULE_GUEST_PSCI, "method", "/psci");
    refused(old, RULE_GUEST_PSCI, "method", "/psci");
}

static void each_contradiction_is_told(void **state)
{
    static const struct change many[] = {
        CELLS("/memory@40000000", "reg", 4, 0, 0x60000000, 0, 0x1000),
        CELLS("/cpus/cpu@2", "reg", 1, 7),
        TEXT("/psci", "method", "no"),
        END,
    };
    (void)state;
    read_with(many);
    assert_int_equal(outcome.fault_count, 3);
    assert_int_equal(outcome.told[0].rule, RULE_GUEST_MEMORY);
    assert_int_equal(outcome.told[1].rule, RULE_GUEST_CPU);
    assert_int_equal(outcome.told[2].rule, RULE_GUEST_PSCI);
    assert_non_null(
        strstr(outcome.told[0].text, DTB ", property reg, its node /memory@40000000: "));
}

/* --- not a tree ----------------------------------------------------------------------------------
 */

/* At each length of a truncated file and for rubbish in each word: no crash, and only what libfdt
 * takes is taken. */
static void only_whole_trees_are_taken(void **state)
{
    struct machine machine;
    (void)state;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    assert_int_equal(fdt_pack(tree), 0);
    size_t size_bytes = fdt_totalsize(tree);
    supply(&machine, tree, size_bytes);
    int node = fdt_path_offset(machine.tree, "/boot-modules/module-2");
    for (size_t cut = 1; cut < size_bytes; cut += 37) {
        fdt64_t reg[2] = {cpu_to_fdt64(DTB_PA), cpu_to_fdt64(cut)};
        assert_int_equal(fdt_setprop_inplace(machine.tree, node, "reg", reg, sizeof(reg)), 0);
        machine_read(&machine, &outcome);
        assert_null(outcome.module);
        assert_int_equal(outcome.rule, RULE_BAD_BLOB);
        assert_string_equal(outcome.node, DTB);
        assert_int_equal(outcome.limit, cut);
    }
    fdt64_t reg[2] = {cpu_to_fdt64(DTB_PA), cpu_to_fdt64(size_bytes)};
    assert_int_equal(fdt_setprop_inplace(machine.tree, node, "reg", reg, sizeof(reg)), 0);
    uint8_t *loaded = machine.file[machine.file_count - 1].bytes;
    for (size_t at = 0; at + 4 <= size_bytes; at += 4) {
        uint8_t before[4];
        memcpy(before, &loaded[at], 4);
        memset(&loaded[at], 0xff, 4);
        machine_read(&machine, &outcome);
        if (outcome.module != NULL) {
            assert_int_equal(fdt_check_full(loaded, size_bytes), 0);
        }
        memcpy(&loaded[at], before, 4);
    }
    machine_read(&machine, &outcome);
    assert_non_null(outcome.module);
    free(tree);
    machine_free(&machine);
}

/* Memory that is too little for tree and index is told; the next one up is enough. */
static void little_memory_is_told(void **state)
{
    struct machine machine;
    (void)state;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    assert_int_equal(fdt_pack(tree), 0);
    supply(&machine, tree, fdt_totalsize(tree));
    for (machine.arena_bytes = 4096; machine.arena_bytes < 65536; machine.arena_bytes += 256) {
        machine_read(&machine, &outcome);
        if (outcome.module != NULL) {
            break;
        }
        assert_int_equal(outcome.rule, RULE_STARTUP_MEMORY);
    }
    assert_non_null(outcome.module);
    free(tree);
    machine_free(&machine);
}

static void nobody_who_can_read_is_told(void **state)
{
    struct machine machine;
    (void)state;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    assert_int_equal(fdt_pack(tree), 0);
    supply(&machine, tree, fdt_totalsize(tree));
    machine.reads_left = 1; /* the kernel's header */
    machine_read(&machine, &outcome);
    assert_int_equal(outcome.rule, RULE_MODULE_OUTSIDE_RAM);
    assert_string_equal(outcome.node, DTB);
    free(tree);
    machine_free(&machine);
}

static void too_deep_a_tree_is_told(void **state)
{
    struct machine machine;
    char path[80 + 2 * TREE_DEPTH_MAX] = "";
    (void)state;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    for (uint32_t depth = 0; depth < TREE_DEPTH_MAX; depth++) {
        const struct change deeper[] = {NODE(path[0] == '\0' ? "/" : path, "x"), END};
        tree_change(tree, deeper);
        strcat(path, "/x");
    }
    assert_int_equal(fdt_pack(tree), 0);
    supply(&machine, tree, fdt_totalsize(tree));
    machine_read(&machine, &outcome);
    assert_int_equal(outcome.rule, RULE_TREE_DEPTH);
    assert_string_equal(outcome.node, DTB);
    free(tree);
    machine_free(&machine);
}

/* --- the description around it -------------------------------------------------------------------
 */

static void wishes_for_a_made_tree_are_refused(void **state)
{
    static const struct {
        struct change change[2];
        const char *property;
    } row[] = {
        {{TEXT(NAV, "bootargs", "x"), END}, "bootargs"},
        {{CELLS(NAV, "device-tree-address", 1, 0x40080000), END}, "device-tree-address"},
        {{FLAG(NAV, "no-device-tree"), END}, "no-device-tree"},
    };
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        struct machine machine;
        make(&machine);
        uint8_t *tree = made_tree(&machine);
        assert_int_equal(fdt_pack(tree), 0);
        supply(&machine, tree, fdt_totalsize(tree));
        tree_change(machine.tree, row[index].change);
        machine_read(&machine, &outcome);
        assert_int_equal(outcome.rule, RULE_PROPERTY_VALUE);
        assert_string_equal(outcome.node, NAV);
        assert_string_equal(outcome.property, row[index].property);
        assert_string_equal(outcome.other, DTB);
        free(tree);
        machine_free(&machine);
    }
}

static void its_address_is_a_multiple_of_8(void **state)
{
    static const struct change odd[] = {CELLS(DTB, "load-address", 1, 0x40080004), END};
    static const struct change even[] = {CELLS(DTB, "load-address", 1, 0x40080008), END};
    struct machine machine;
    (void)state;
    make(&machine);
    uint8_t *tree = made_tree(&machine);
    assert_int_equal(fdt_pack(tree), 0);
    supply(&machine, tree, fdt_totalsize(tree));
    tree_change(machine.tree, odd);
    machine_read(&machine, &outcome);
    assert_int_equal(outcome.rule, RULE_MISALIGNED);
    tree_change(machine.tree, even);
    machine_read(&machine, &outcome);
    assert_non_null(outcome.module);
    assert_int_equal(outcome.module->partition[0].boot_arg, 0x40080008);
    free(tree);
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_kernel_makes_it_takes),
        cmocka_unit_test(a_guest_may_be_told_of_less),
        cmocka_unit_test(counters_need_the_grant),
        cmocka_unit_test(disabled_nodes_are_not_compared),
        cmocka_unit_test(the_root_is_not_compared),
        cmocka_unit_test(memory_is_the_partitions),
        cmocka_unit_test(memory_is_read_with_care),
        cmocka_unit_test(cpus_are_the_partitions),
        cmocka_unit_test(the_interrupt_controller_is_the_partitions),
        cmocka_unit_test(timers_and_psci_are_the_partitions),
        cmocka_unit_test(each_contradiction_is_told),
        cmocka_unit_test(only_whole_trees_are_taken),
        cmocka_unit_test(little_memory_is_told),
        cmocka_unit_test(nobody_who_can_read_is_told),
        cmocka_unit_test(too_deep_a_tree_is_told),
        cmocka_unit_test(wishes_for_a_made_tree_are_refused),
        cmocka_unit_test(its_address_is_a_multiple_of_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
