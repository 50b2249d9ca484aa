// SPDX-License-Identifier: Apache-2.0
/*
 * Does the device tree that a user supplied for a guest agree with what its partition was granted?
 * A guest may be told of less, never of more: memory, CPUs, the interrupt controller, the timers,
 * the PMU and PSCI are compared.  Devices are not: what a driver finds there shows whether they
 * exist.
 *
 * The tree is data for the guest, which may change its copy: this finds mistakes, it protects
 * nobody.
 */
#include "loaded.h"

#include <string.h>

/* A guest's tree and what messages about it need. */
struct guest_tree {
    const struct config_input *input;
    const struct partition_desc *partition;
    const struct platform_desc *platform;
    const char *image; /* the node that names the tree */
    struct tree tree;
    char path[TREE_PATH_MAX]; /* of the node at fault */
    uint32_t vcpus_seen;      /* a bit each */
    bool right;
};

static void contradict(struct guest_tree *guest, enum config_rule rule, uint32_t node,
                       const char *property, uint64_t value, uint64_t limit)
{
    guest->right = false;
    fault_emit(guest->input, rule, guest->image, property,
               tree_path(&guest->tree, node, guest->path), &(struct fault_values){value, limit});
}

/* How many cells a node's children use for an address or a size (2.3.5): 1 or 2, or 0. */
static uint32_t cells_of(const struct guest_tree *guest, uint32_t node, const char *name,
                         uint32_t absent)
{
    const struct tree_prop *prop = tree_prop(&guest->tree, node, name);
    uint32_t cells = prop != NULL && prop->length == 4 ? tree_cell(prop, 0) : absent;
    return cells <= 2 ? cells : 0;
}

/* The end of what the partition may write at an address, over regions that abut; else 0. */
static uint64_t writable_end(const struct partition_desc *partition, uint64_t ipa)
{
    uint64_t end = 0;
    for (uint32_t at = 0; at < partition->memory_count; at++) { /* ascending */
        const struct memory_desc *memory = &partition->memory[at];
        if (!memory->read_only && ipa >= memory->ipa.ipa &&
            ipa - memory->ipa.ipa < memory->size_bytes) {
            end = memory->ipa.ipa + memory->size_bytes;
            ipa = end;
        }
    }
    return end;
}

static void check_memory(struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *reg = tree_prop(&guest->tree, node, "reg");
    uint32_t address_cells = cells_of(guest, TREE_ROOT, "#address-cells", 2);
    uint32_t size_cells = cells_of(guest, TREE_ROOT, "#size-cells", 1);
    uint32_t tuple = address_cells + size_cells;
    if (reg == NULL || address_cells == 0 || size_cells == 0 || reg->length % (tuple * 4U) != 0) {
        contradict(guest, RULE_GUEST_MEMORY, node, "reg", 0, 0);
        return;
    }
    for (uint32_t at = 0; at < reg->length / 4U; at += tuple) {
        uint64_t base = tree_number(reg, at, address_cells);
        uint64_t size = tree_number(reg, at + address_cells, size_cells);
        uint64_t end = writable_end(guest->partition, base);
        if (size != 0 && (end == 0 || size > end - base)) {
            contradict(guest, RULE_GUEST_MEMORY, node, "reg", base, size);
        }
    }
}

static void check_cpu(struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *reg = tree_prop(&guest->tree, node, "reg");
    const struct tree_prop *method = tree_prop(&guest->tree, node, "enable-method");
    uint64_t vcpu = UINT64_MAX;
    if (reg != NULL && (reg->length == 4 || reg->length == 8)) {
        vcpu = tree_number(reg, 0, reg->length / 4U);
    }
    if (vcpu >= guest->partition->vcpu_count || (guest->vcpus_seen >> vcpu & 1U) != 0) {
        contradict(guest, RULE_GUEST_CPU, node, "reg", vcpu, guest->partition->vcpu_count);
        return;
    }
    guest->vcpus_seen |= 1U << vcpu;
    if (method != NULL && !tree_has_string(method, "psci")) {
        contradict(guest, RULE_GUEST_CPU, node, "enable-method", vcpu,
                   guest->partition->vcpu_count);
    }
}

/* Version, and the addresses of the distributor and of what a CPU reaches its own part by. */
static void check_gic(struct guest_tree *guest, uint32_t node, enum gic_version version)
{
    const struct partition_desc *partition = guest->partition;
    const struct tree_prop *reg = tree_prop(&guest->tree, node, "reg");
    uint32_t parent = guest->tree.node[node].parent;
    uint32_t address_cells = cells_of(guest, parent, "#address-cells", 2);
    uint32_t tuple = address_cells + cells_of(guest, parent, "#size-cells", 1);
    uint64_t wanted[2] = {partition->gicd.ipa,
                          version == GIC_V2 ? partition->gicc.ipa : partition->gicr.ipa};
    if (version != partition->vgic) {
        contradict(guest, RULE_GUEST_GIC, node, "compatible", (uint64_t)version,
                   (uint64_t)partition->vgic);
        return;
    }
    if (reg == NULL || address_cells == 0 || reg->length < 2U * 4U * tuple) {
        contradict(guest, RULE_GUEST_GIC, node, "reg", 0, wanted[0]);
        return;
    }
    for (uint32_t at = 0; at < 2; at++) {
        uint64_t found = tree_number(reg, at * tuple, address_cells);
        if (found != wanted[at]) {
            contradict(guest, RULE_GUEST_GIC, node, "reg", found, wanted[at]);
        }
    }
}

/* The second is the physical timer's, the third the virtual one's, each three cells. */
static void check_timer(struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *prop = tree_prop(&guest->tree, node, "interrupts");
    uint32_t wanted[2] = {guest->platform->irq_phys_timer, guest->platform->irq_virt_timer};
    for (uint32_t at = 0; prop != NULL && at < 2 && prop->length >= (at + 2U) * 12U; at++) {
        uint32_t type = tree_cell(prop, (at + 1U) * 3U);
        uint32_t found = tree_cell(prop, (at + 1U) * 3U + 1U) + PPI_FIRST_INTID;
        if (type != 1 || found != wanted[at]) {
            contradict(guest, RULE_GUEST_TIMER, node, "interrupts", found, wanted[at]);
        }
    }
}

/* A guest that was told of counters would die of using them. */
static void check_pmu(struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *prop = tree_prop(&guest->tree, node, "interrupts");
    uint32_t wanted =
        (guest->partition->features & FEATURE_PMU) != 0 ? guest->platform->irq_pmu : 0;
    uint32_t found = 0;
    if (prop != NULL && prop->length >= 12) {
        found = (tree_cell(prop, 0) == 1 ? PPI_FIRST_INTID : SPI_FIRST_INTID) + tree_cell(prop, 1);
    }
    if (found != wanted || wanted == 0) {
        contradict(guest, RULE_GUEST_PMU, node, "interrupts", found, wanted);
    }
}

/* Both ways are answered alike, but no other is there. */
static void check_psci(struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *method = tree_prop(&guest->tree, node, "method");
    if (!tree_has_string(method, "hvc") && !tree_has_string(method, "smc")) {
        guest->right = false;
        fault_emit(guest->input, RULE_GUEST_PSCI, guest->image, "method",
                   tree_path(&guest->tree, node, guest->path), NULL);
    }
}

static void check_node(struct guest_tree *guest, uint32_t node)
{
    static const char *const gic_v2[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic",
                                         "arm,cortex-a9-gic"};
    const struct tree_prop *type = tree_prop(&guest->tree, node, "device_type");
    const struct tree_prop *compatible = tree_prop(&guest->tree, node, "compatible");
    if (tree_has_string(type, "memory")) {
        check_memory(guest, node);
    } else if (tree_has_string(type, "cpu")) {
        check_cpu(guest, node);
    }
    /* All that follow begin so. */
    if (compatible == NULL || compatible->length < 4 || memcmp(compatible->cell, "arm,", 4) != 0) {
        return;
    }
    if (tree_has_string(compatible, "arm,gic-v3")) {
        check_gic(guest, node, GIC_V3);
    } else if (tree_has_string(compatible, "arm,armv8-timer")) {
        check_timer(guest, node);
    } else if (CONFIG_CPU_FEATURES && tree_is_pmu(compatible)) {
        check_pmu(guest, node);
    } else if (tree_has_string(compatible, "arm,psci") ||
               tree_has_string(compatible, "arm,psci-0.2") ||
               tree_has_string(compatible, "arm,psci-1.0")) {
        check_psci(guest, node);
    }
    for (size_t at = 0; at < ARRAY_COUNT(gic_v2); at++) {
        if (tree_has_string(compatible, gic_v2[at])) {
            check_gic(guest, node, GIC_V2);
            return;
        }
    }
}

static bool is_enabled(const struct guest_tree *guest, uint32_t node)
{
    const struct tree_prop *status = tree_prop(&guest->tree, node, "status");
    return status == NULL || tree_has_string(status, "okay") || tree_has_string(status, "ok");
}

/* Copies the blob and indexes it; NULL after a fault. */
static struct guest_tree *read_blob(const struct config_input *input,
                                    const struct image_desc *image, struct arena *arena)
{
    uint32_t offset = 0;
    struct fault_values values = {image->size_bytes, arena_left(arena)};
    enum config_rule rule = RULE_STARTUP_MEMORY;
    struct guest_tree *guest = arena_take(arena, sizeof(*guest), _Alignof(struct guest_tree));
    uint8_t *blob = guest == NULL ? NULL : arena_take(arena, image->size_bytes, TREE_ALIGN_BYTES);
    if (blob == NULL) {
        fault_emit(input, rule, image->node, NULL, NULL, &values);
        return NULL;
    }
    if (!boot_bytes_read(input, image->pa.pa, blob, image->size_bytes)) {
        values = (struct fault_values){image->pa.pa, image->size_bytes};
        fault_emit(input, RULE_MODULE_OUTSIDE_RAM, image->node, "reg", NULL, &values);
        return NULL;
    }
    switch (tree_index(&guest->tree, blob, image->size_bytes, arena, &offset)) {
    case TREE_OK:
        return guest;
    case TREE_NO_MEMORY:
        break;
    case TREE_BAD:
        rule = RULE_BAD_BLOB;
        values = (struct fault_values){offset, image->size_bytes};
        break;
    case TREE_TOO_DEEP:
        rule = RULE_TREE_DEPTH;
        values = (struct fault_values){TREE_DEPTH_MAX + 1, TREE_DEPTH_MAX};
        break;
    }
    fault_emit(input, rule, image->node, NULL, NULL, &values);
    return NULL;
}

bool guest_tree_check(const struct config_input *input, const struct platform_desc *platform,
                      const struct partition_desc *partition, const struct image_desc *image,
                      struct arena arena)
{
    struct guest_tree *guest = read_blob(input, image, &arena);
    if (guest == NULL) {
        return false;
    }
    guest->input = input;
    guest->partition = partition;
    guest->platform = platform;
    guest->image = image->node;
    guest->right = true;
    for (uint32_t node = tree_first_child(TREE_ROOT); node < guest->tree.node_count;) {
        bool enabled = is_enabled(guest, node);
        if (enabled) {
            check_node(guest, node);
        }
        node = enabled ? node + 1 : guest->tree.node[node].end;
    }
    return guest->right;
}
