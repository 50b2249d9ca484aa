// SPDX-License-Identifier: Apache-2.0
/*
 * What is this machine?  RAM, reserved memory, CPUs, interrupt controller, timers, firmware
 * interface, UART and every other device's registers, out of the machine's own part of the tree.
 * One pass over the nodes gathers a list of ranges; afterwards they are dealt out to the
 * description by kind.
 */
#include "internal.h"

#include <string.h>

/* A node whose children's addresses are being read.  Devicetree Specification 0.4, 2.3.5 and 2.3.8.
 */
struct bus {
    uint32_t end; /* of the node's subtree */
    uint32_t address_cells;
    uint32_t size_cells;
    bool mapped;                    /* children's addresses can be led back to the CPU's */
    bool reserved;                  /* /reserved-memory */
    bool gic;                       /* the interrupt controller or below it */
    const struct tree_prop *ranges; /* NULL or empty: children use the parent's addresses */
};

/* What one pass over a host node's properties found. */
struct host_props {
    const struct tree_prop *reg;
    const struct tree_prop *ranges;
    const struct tree_prop *compatible;
    const struct tree_prop *device_type;
    const struct tree_prop *address_cells;
    const struct tree_prop *size_cells;
};

static void gather(const struct tree *tree, uint32_t node, struct host_props *props)
{
    const struct tree_prop *prop = &tree->prop[tree->node[node].prop];
    const struct tree_prop *end = prop + tree->node[node].prop_count;
    *props = (struct host_props){0};
    for (; prop < end; prop++) {
        const char *name = prop->name;
        switch (name[0]) {
        case 'r':
            if (strcmp(name, "reg") == 0) {
                props->reg = prop;
            } else if (strcmp(name, "ranges") == 0) {
                props->ranges = prop;
            }
            break;
        case 'c':
            if (strcmp(name, "compatible") == 0) {
                props->compatible = prop;
            }
            break;
        case 'd':
            if (strcmp(name, "device_type") == 0) {
                props->device_type = prop;
            }
            break;
        case '#':
            if (strcmp(name, "#address-cells") == 0 && prop->length == 4) {
                props->address_cells = prop;
            } else if (strcmp(name, "#size-cells") == 0 && prop->length == 4) {
                props->size_cells = prop;
            }
            break;
        default:
            break;
        }
    }
}

/* Leads an address below bus[depth] back to the root's addresses.  Time: linear in all ranges. */
static bool translate(const struct bus *bus, uint32_t depth, uint64_t *address, uint64_t size)
{
    for (; depth > 0; depth--) {
        const struct bus *child = &bus[depth];
        const struct bus *parent = &bus[depth - 1];
        uint32_t tuple = child->address_cells + parent->address_cells + child->size_cells;
        if (child->ranges == NULL || child->ranges->length == 0) {
            continue;
        }
        uint32_t cells = child->ranges->length / 4U;
        bool found = false;
        for (uint32_t at = 0; cells - at >= tuple && !found; at += tuple) {
            uint64_t from = tree_number(child->ranges, at, child->address_cells);
            uint64_t to =
                tree_number(child->ranges, at + child->address_cells, parent->address_cells);
            uint64_t room =
                tree_number(child->ranges, at + child->address_cells + parent->address_cells,
                            child->size_cells);
            if (*address >= from && *address - from <= room && size <= room - (*address - from)) {
                *address = *address - from + to;
                found = true;
            }
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Appends a range to the list.  Only ranges are taken from the arena until it is complete, so that
 * successive elements make an array. */
static bool add_range(struct reader *reader, uint32_t node, const char *name, uint64_t base,
                      uint64_t size, enum host_kind kind)
{
    struct host_range *range = reader_take(reader, 1, sizeof(*range));
    if (range == NULL) {
        return false;
    }
    *range = (struct host_range){{base, size, name}, node, (uint32_t)kind};
    if (reader->host == NULL) {
        reader->host = range;
    }
    reader->host_count++;
    return true;
}

/* Appends the ranges of a node's reg. */
static bool add_ranges(struct reader *reader, uint32_t node, const struct tree_prop *reg,
                       const struct bus *bus, uint32_t depth, enum host_kind kind)
{
    uint32_t address_cells = bus[depth].address_cells;
    uint32_t tuple = address_cells + bus[depth].size_cells;
    uint32_t cells = reg->length / 4U;
    for (uint32_t at = 0; cells - at >= tuple; at += tuple) {
        uint64_t base = tree_number(reg, at, address_cells);
        uint64_t size = tree_number(reg, at + address_cells, bus[depth].size_cells);
        /* What the CPU cannot reach, or what is no range, cannot clash with anything. */
        if (size == 0 || !translate(bus, depth, &base, size) || base > UINT64_MAX - size) {
            continue;
        }
        if (!add_range(reader, node, reader->tree.node[node].name, base, size, kind)) {
            return false;
        }
    }
    return true;
}

static void host_fault(struct reader *reader, uint32_t node, const char *property)
{
    fault_at(reader, RULE_HOST_TREE, node, property);
}

/* Aff3 and Aff2 to Aff0 of MPIDR_EL1 (Arm ARM DDI 0487, D19.2.107). */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* /cpus: the affinity of each CPU, in tree order.  By it they are started and get interrupts, so no
 * two may have the same. */
static bool read_cpus(struct reader *reader, uint32_t cpus)
{
    const struct tree *tree = &reader->tree;
    struct platform_desc *platform = &reader->module->platform;
    uint32_t address_cells = tree_cell_of(tree, cpus, "#address-cells", 1);
    uint32_t end = tree->node[cpus].end;
    platform->cpu_mpidr =
        reader_take(reader, tree_child_count(tree, cpus), sizeof(*platform->cpu_mpidr));
    if (platform->cpu_mpidr == NULL) {
        return false;
    }
    for (uint32_t cpu = tree_first_child(cpus); cpu < end; cpu = tree->node[cpu].end) {
        const struct tree_prop *reg = tree_prop(tree, cpu, "reg");
        if (!tree_has_string(tree_prop(tree, cpu, "device_type"), "cpu")) {
            continue;
        }
        if (reg == NULL || address_cells < 1 || address_cells > 2 ||
            reg->length != address_cells * 4U) {
            host_fault(reader, cpu, "reg");
            return false;
        }
        uint64_t mpidr = tree_number(reg, 0, address_cells) & MPIDR_AFFINITY;
        for (uint32_t other = 0; CONFIG_SMP && other < platform->cpu_count; other++) {
            if (platform->cpu_mpidr[other] == mpidr) {
                fault_value(reader, RULE_CPU_TWICE, cpu, "reg", mpidr, other);
                return false;
            }
        }
        platform->cpu_mpidr[platform->cpu_count++] = mpidr;
    }
    return true;
}

/* What a node's compatible says about it. */
static bool classify(struct reader *reader, uint32_t node, const struct host_props *props,
                     enum host_kind *kind)
{
    struct platform_desc *platform = &reader->module->platform;
    const struct tree_prop *compatible = props->compatible;
    *kind = HOST_DEVICE;
    if (tree_has_string(props->device_type, "memory")) {
        *kind = HOST_RAM;
        return true;
    }
    if (compatible == NULL || compatible->length < 4 || memcmp(compatible->cell, "arm,", 4) != 0) {
        return true; /* all that follow begin so; QEMU's tree has dozens of others */
    }
    bool v2 = tree_has_string(compatible, "arm,cortex-a15-gic") ||
              tree_has_string(compatible, "arm,gic-400");
    if (v2 || tree_has_string(compatible, "arm,gic-v3")) {
        if (reader->gic_node != TREE_NONE) {
            fault_report(reader, RULE_HOST_TREE, node, NULL, reader->gic_node, NULL);
            return false;
        }
        reader->gic_node = node;
        platform->gic_version = v2 ? GIC_V2 : GIC_V3;
        *kind = HOST_GIC;
    } else if (tree_has_string(compatible, "arm,armv8-timer")) {
        reader->timer_node = node;
    } else if (CONFIG_CPU_FEATURES && tree_is_pmu(compatible)) {
        reader->pmu_node = node;
    } else if (tree_has_string(compatible, "arm,psci-1.0") ||
               tree_has_string(compatible, "arm,psci-0.2") ||
               tree_has_string(compatible, "arm,psci")) {
        const struct tree_prop *method = tree_prop(&reader->tree, node, "method");
        if (tree_has_string(method, "smc")) {
            platform->psci = PSCI_SMC;
        } else if (tree_has_string(method, "hvc")) {
            platform->psci = PSCI_HVC;
        }
    } else if (reader->uart_node == TREE_NONE && tree_has_string(compatible, "arm,pl011")) {
        reader->uart_node = node; /* unless /chosen names another */
    }
    return true;
}

/* Opens the address space of a node's children. */
static void enter(struct bus *bus, uint32_t depth, const struct host_props *props, uint32_t end)
{
    const struct bus *parent = &bus[depth - 1];
    struct bus *child = &bus[depth];
    *child = (struct bus){.end = end, .gic = parent->gic, .ranges = props->ranges};
    child->address_cells = props->address_cells != NULL ? tree_cell(props->address_cells, 0) : 2;
    child->size_cells = props->size_cells != NULL ? tree_cell(props->size_cells, 0) : 1;
    child->mapped = parent->mapped && props->ranges != NULL && child->address_cells >= 1 &&
                    child->address_cells <= 2 && child->size_cells >= 1 && child->size_cells <= 2;
}

/* The pass over all nodes but ours. */
static bool walk(struct reader *reader)
{
    const struct tree *tree = &reader->tree;
    struct bus *bus = reader_take(reader, TREE_DEPTH_MAX + 1, sizeof(*bus));
    uint32_t depth = 0; /* of the node whose children are being read */
    struct host_props props;
    enum host_kind kind;

    if (bus == NULL) {
        return false;
    }
    gather(tree, TREE_ROOT, &props);
    bus[0] = (struct bus){.end = tree->node_count, .mapped = true};
    bus[0].address_cells = props.address_cells != NULL ? tree_cell(props.address_cells, 0) : 2;
    bus[0].size_cells = props.size_cells != NULL ? tree_cell(props.size_cells, 0) : 1;
    if (bus[0].address_cells - 1U > 1U || bus[0].size_cells - 1U > 1U) {
        host_fault(reader, TREE_ROOT, "#address-cells");
        return false;
    }
    for (uint32_t node = tree_first_child(TREE_ROOT); node < tree->node_count;) {
        const struct tree_node *here = &tree->node[node];
        while (node >= bus[depth].end) {
            depth--;
        }
        if (depth == 0 && (node == reader->module_node || node == reader->boot_modules_node ||
                           strcmp(here->name, "chosen") == 0)) {
            node = here->end;
            continue;
        }
        if (depth == 0 && strcmp(here->name, "cpus") == 0) {
            reader->cpus_node = node; /* read after the pass, which alone takes memory now */
            node = here->end;
            continue;
        }
        gather(tree, node, &props);
        if (!classify(reader, node, &props, &kind)) {
            return false;
        }
        if (bus[depth].reserved) {
            kind = HOST_RESERVED;
        } else if (bus[depth].gic) {
            kind = HOST_GIC; /* ITS and message frames are never given away */
        }
        if (props.reg != NULL && bus[depth].mapped &&
            !add_ranges(reader, node, props.reg, bus, depth, kind)) {
            return false;
        }
        if (here->end != node + 1) {
            enter(bus, ++depth, &props, here->end);
            bus[depth].gic = bus[depth].gic || kind == HOST_GIC;
            if (depth == 1 && strcmp(here->name, "reserved-memory") == 0) {
                /* Here a missing `ranges` must not make a reservation disappear. */
                bus[depth].reserved = true;
                bus[depth].mapped =
                    bus[depth].address_cells - 1U < 2U && bus[depth].size_cells - 1U < 2U;
            }
        }
        node++;
    }
    return true;
}

/* /chosen's stdout-path, by path or alias, options after a colon; TREE_NONE if it leads nowhere. */
static uint32_t find_stdout(const struct tree *tree)
{
    uint32_t chosen = tree_find(tree, "/chosen", 7);
    const struct tree_prop *prop =
        chosen == TREE_NONE ? NULL : tree_prop(tree, chosen, "stdout-path");
    const char *path = prop == NULL ? NULL : tree_string(prop);
    if (path == NULL) {
        return TREE_NONE;
    }
    size_t length = 0;
    while (path[length] != '\0' && path[length] != ':') {
        length++;
    }
    if (length != 0 && path[0] == '/') {
        return tree_find(tree, path, length);
    }
    uint32_t aliases = tree_find(tree, "/aliases", 8);
    if (aliases == TREE_NONE) {
        return TREE_NONE;
    }
    const struct tree_node *node = &tree->node[aliases];
    for (uint32_t index = 0; index < node->prop_count; index++) {
        const struct tree_prop *alias = &tree->prop[node->prop + index];
        const char *target = tree_string(alias);
        if (strlen(alias->name) == length && memcmp(alias->name, path, length) == 0 &&
            target != NULL) {
            return tree_find(tree, target, strlen(target));
        }
    }
    return TREE_NONE;
}

/* The console UART and, with it, the kind of its ranges. */
static void choose_uart(struct reader *reader)
{
    struct platform_desc *platform = &reader->module->platform;
    uint32_t chosen = find_stdout(&reader->tree);
    if (chosen != TREE_NONE &&
        tree_has_string(tree_prop(&reader->tree, chosen, "compatible"), "arm,pl011")) {
        reader->uart_node = chosen;
    }
    for (uint32_t index = 0; index < reader->host_count; index++) {
        struct host_range *host = &reader->host[index];
        if (host->node == reader->uart_node && host->kind == HOST_DEVICE) {
            host->kind = HOST_UART;
            if (platform->uart_kind == UART_NONE) {
                platform->uart_kind = UART_PL011;
                platform->uart = host->range;
            }
        }
    }
}

/* Takes an array for all ranges of the kinds from first to last. */
static struct address_range *deal(struct reader *reader, enum host_kind first, enum host_kind last,
                                  uint32_t *count)
{
    uint32_t wanted = 0;
    for (uint32_t index = 0; index < reader->host_count; index++) {
        uint32_t kind = reader->host[index].kind;
        wanted += kind >= (uint32_t)first && kind <= (uint32_t)last;
    }
    struct address_range *range = reader_take(reader, wanted, sizeof(*range));
    if (range == NULL) {
        return NULL;
    }
    for (uint32_t index = 0; index < reader->host_count; index++) {
        uint32_t kind = reader->host[index].kind;
        if (kind >= (uint32_t)first && kind <= (uint32_t)last) {
            range[(*count)++] = reader->host[index].range;
        }
    }
    return range;
}

/* Devices, the kernel's own among them: as whole pages, since that is how memory is given. */
static bool deal_devices(struct reader *reader)
{
    struct platform_desc *platform = &reader->module->platform;
    platform->device = deal(reader, HOST_DEVICE, HOST_UART, &platform->device_count);
    for (uint32_t index = 0; platform->device != NULL && index < platform->device_count; index++) {
        struct address_range *device = &platform->device[index];
        uint64_t last = (device->base + device->size_bytes - 1) | (PAGE_BYTES - 1);
        device->base &= ~(PAGE_BYTES - 1);
        /* The very last page of the address space keeps its last byte, so that the end does not
         * wrap. */
        device->size_bytes = last - device->base + (last == UINT64_MAX ? 0 : 1);
    }
    return platform->device != NULL;
}

/* /memreserve/ entries and /reserved-memory. */
static bool deal_reserved(struct reader *reader)
{
    const void *fdt = reader->input->fdt;
    /* find_blocks() has seen the end of the list; libfdt's own readers of it would bring 6 kB
     * along. */
    const fdt64_t *entry =
        (const fdt64_t *)(const void *)((const uint8_t *)fdt + fdt_off_mem_rsvmap(fdt));
    for (; entry[0] != 0 || entry[1] != 0; entry += 2) {
        uint64_t base = fdt64_to_cpu(entry[0]);
        uint64_t size = fdt64_to_cpu(entry[1]);
        if (base > UINT64_MAX - size) {
            size = UINT64_MAX - base;
        }
        if (!add_range(reader, TREE_ROOT, "/memreserve/", base, size, HOST_RESERVED)) {
            return false;
        }
    }
    struct platform_desc *platform = &reader->module->platform;
    platform->reserved = deal(reader, HOST_RESERVED, HOST_RESERVED, &platform->reserved_count);
    return platform->reserved != NULL;
}

/*
 * The interrupt controller's frames.  Order of reg: GICv2 distributor, CPU interface, virtual
 * interface control, virtual CPU interface; GICv3 distributor, redistributor regions, then what is
 * not used here.
 */
static bool read_gic(struct reader *reader)
{
    struct platform_desc *platform = &reader->module->platform;
    struct address_range *frame[4] = {&platform->gicd, &platform->gicc, &platform->gich,
                                      &platform->gicv};
    bool v2 = platform->gic_version == GIC_V2;
    const struct tree_prop *stride =
        tree_prop(&reader->tree, reader->gic_node, "redistributor-stride");
    uint32_t region_count =
        tree_cell_of(&reader->tree, reader->gic_node, "#redistributor-regions", 1);
    uint32_t frame_count = 0;

    if (stride != NULL && stride->length >= 4 && stride->length <= 8) {
        platform->gicr_stride_bytes = tree_number(stride, 0, stride->length / 4U);
    }
    for (uint32_t index = 0; index < reader->host_count; index++) {
        frame_count += reader->host[index].node == reader->gic_node;
    }
    if (frame_count < (v2 ? 4U : 2U) || (!v2 && region_count > frame_count - 1) ||
        region_count == 0) {
        host_fault(reader, reader->gic_node, "reg");
        return false;
    }
    if (!v2) {
        platform->gicr = reader_take(reader, region_count, sizeof(*platform->gicr));
        if (platform->gicr == NULL) {
            return false;
        }
    }
    frame_count = 0;
    for (uint32_t index = 0; index < reader->host_count; index++) {
        const struct host_range *host = &reader->host[index];
        if (host->node != reader->gic_node) {
            continue;
        }
        if (v2 && frame_count < 4) {
            *frame[frame_count] = host->range;
        } else if (!v2 && frame_count == 0) {
            platform->gicd = host->range;
        } else if (!v2 && frame_count <= region_count) {
            platform->gicr[platform->gicr_count++] = host->range;
        }
        frame_count++;
    }
    return true;
}

/* The INTID of a PPI in an `interrupts` property of the GIC's form; 0 if it is none. */
static uint32_t read_ppi(const struct reader *reader, uint32_t node, uint32_t index)
{
    uint32_t tuple = tree_cell_of(&reader->tree, reader->gic_node, "#interrupt-cells", 3);
    const struct tree_prop *prop = tree_prop(&reader->tree, node, "interrupts");
    if (prop == NULL || tuple < 3 || tuple > 4 || prop->length / 4U < (index + 1) * tuple ||
        tree_cell(prop, index * tuple) != 1 ||
        tree_cell(prop, index * tuple + 1) >= SPI_FIRST_INTID - PPI_FIRST_INTID) {
        return 0;
    }
    return tree_cell(prop, index * tuple + 1) + PPI_FIRST_INTID;
}

/* Timers in the order secure, non-secure, virtual, hypervisor, and the maintenance interrupt. */
static bool read_interrupts(struct reader *reader)
{
    struct platform_desc *platform = &reader->module->platform;
    platform->irq_phys_timer = read_ppi(reader, reader->timer_node, 1);
    platform->irq_virt_timer = read_ppi(reader, reader->timer_node, 2);
    platform->irq_hyp_timer = read_ppi(reader, reader->timer_node, 3);
    platform->irq_maintenance = read_ppi(reader, reader->gic_node, 0);
    if (CONFIG_CPU_FEATURES && reader->pmu_node != TREE_NONE) {
        platform->irq_pmu = read_ppi(reader, reader->pmu_node, 0);
    }
    if (platform->irq_phys_timer == 0 || platform->irq_virt_timer == 0 ||
        platform->irq_hyp_timer == 0) {
        host_fault(reader, reader->timer_node, "interrupts");
        return false;
    }
    if (platform->irq_maintenance == 0) {
        host_fault(reader, reader->gic_node, "interrupts");
        return false;
    }
    return true;
}

bool platform_read(struct reader *reader)
{
    struct platform_desc *platform = &reader->module->platform;
    reader->gic_node = TREE_NONE;
    reader->uart_node = TREE_NONE;
    reader->timer_node = TREE_NONE;
    reader->pmu_node = TREE_NONE;
    reader->cpus_node = TREE_NONE;
    if (!walk(reader)) {
        return false;
    }
    choose_uart(reader);
    if (!deal_reserved(reader) || !deal_devices(reader)) {
        return false;
    }
    if (reader->cpus_node != TREE_NONE && !read_cpus(reader, reader->cpus_node)) {
        return false;
    }
    platform->ram = deal(reader, HOST_RAM, HOST_RAM, &platform->ram_count);
    if (platform->ram == NULL) {
        return false;
    }
    if (platform->ram_count == 0) {
        host_fault(reader, TREE_ROOT, "device_type = \"memory\"");
    }
    if (platform->cpu_count == 0) {
        host_fault(reader, TREE_ROOT, "cpus");
    }
    if (reader->gic_node == TREE_NONE) {
        host_fault(reader, TREE_ROOT, "compatible = \"arm,gic-400\" or \"arm,gic-v3\"");
    }
    if (reader->timer_node == TREE_NONE) {
        host_fault(reader, TREE_ROOT, "compatible = \"arm,armv8-timer\"");
    }
    return reader->fault_count == 0 && read_gic(reader) && read_interrupts(reader);
}
