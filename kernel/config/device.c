// SPDX-License-Identifier: Apache-2.0
/*
 * What of the host does a partition get?  A device node names a host node; registers and interrupts
 * come from there, so that they cannot be mistyped.  Whether two partitions get the same is the
 * business of check.c.
 */
#include "internal.h"

#include <string.h>

enum device_prop { DEVICE_HOST, DEVICE_REG, DEVICE_PROPS };

static const struct prop_spec device_spec[DEVICE_PROPS] = {
    [DEVICE_HOST] = {.name = "host-device", .kind = PROP_STRING, .required = true},
    [DEVICE_REG] = {.name = "reg", .kind = PROP_CELL_TUPLES, .cells = 4},
};

/* The host node that a host-device property names, or TREE_NONE. */
static uint32_t find_host(const struct reader *reader, const struct tree_prop *prop)
{
    const char *path = tree_string(prop);
    return path == NULL ? TREE_NONE : tree_find(&reader->tree, path, strlen(path));
}

uint32_t device_range_count(const struct reader *reader, const struct tree_prop *host_device)
{
    uint32_t host = find_host(reader, host_device);
    uint32_t count = 0;
    for (uint32_t index = 0; index < reader->host_count; index++) {
        count += reader->host[index].node == host;
    }
    return count;
}

/* The phandle of the interrupt parent that a node inherits.  Time: linear in its depth. */
static uint32_t interrupt_parent(const struct reader *reader, uint32_t node)
{
    for (; node != TREE_NONE; node = reader->tree.node[node].parent) {
        const struct tree_prop *prop = tree_prop(&reader->tree, node, "interrupt-parent");
        if (prop != NULL) {
            return prop->length == 4 ? tree_cell(prop, 0) : 0;
        }
    }
    return 0;
}

/* The SPIs of the host node: three cells each, type 0 = SPI, number, flags (four with affinity). */
static bool read_interrupts(struct reader *reader, struct device_desc *device, uint32_t node,
                            uint32_t host)
{
    const struct tree *tree = &reader->tree;
    const struct tree_prop *prop = tree_prop(tree, host, "interrupts");
    const struct tree_prop *phandle = tree_prop(tree, reader->gic_node, "phandle");
    uint32_t tuple = tree_cell_of(tree, reader->gic_node, "#interrupt-cells", 3);
    if (tree_prop(tree, host, "interrupts-extended") != NULL) {
        fault_report(reader, RULE_DEVICE_INTERRUPTS, node, "host-device", host, NULL);
        return false;
    }
    if (prop == NULL) {
        return true;
    }
    if (tuple < 3 || tuple > 4 || prop->length == 0 || prop->length % (tuple * 4U) != 0 ||
        phandle == NULL || phandle->length != 4 ||
        interrupt_parent(reader, host) != tree_cell(phandle, 0)) {
        fault_report(reader, RULE_DEVICE_INTERRUPTS, node, "host-device", host, NULL);
        return false;
    }
    uint32_t count = prop->length / (tuple * 4U);
    device->irq = reader_take(reader, count, sizeof(*device->irq));
    if (device->irq == NULL) {
        return false;
    }
    for (uint32_t index = 0; index < count; index++) {
        uint32_t type = tree_cell(prop, index * tuple);
        uint64_t intid = (uint64_t)tree_cell(prop, index * tuple + 1) + SPI_FIRST_INTID;
        if (type != 0) {
            fault_report(reader, RULE_DEVICE_INTERRUPTS, node, "host-device", host,
                         &(struct fault_values){type, 0});
            return false;
        }
        if (intid >= INTID_LIMIT) {
            fault_report(reader, RULE_IRQ_RANGE, node, "host-device", host,
                         &(struct fault_values){intid, INTID_LIMIT});
            return false;
        }
        device->irq[device->irq_count++] = (uint32_t)intid;
    }
    return true;
}

/* The node that a phandle refers to, if it is a fixed clock; else TREE_NONE.  Time: linear in the
 * tree. */
static uint32_t find_fixed_clock(const struct tree *tree, uint32_t phandle)
{
    for (uint32_t node = 0; node < tree->node_count; node++) {
        if (tree_cell_of(tree, node, "phandle", ~phandle) == phandle) {
            return tree_has_string(tree_prop(tree, node, "compatible"), "fixed-clock") ? node
                                                                                       : TREE_NONE;
        }
    }
    return TREE_NONE;
}

/* The frequencies of the host node's clocks, if all of them are fixed ones: others the partition
 * has no say in, and is not told of. */
static bool read_clocks(struct reader *reader, struct device_desc *device, uint32_t host)
{
    const struct tree_prop *prop = tree_prop(&reader->tree, host, "clocks");
    uint32_t count = prop == NULL ? 0 : prop->length / 4U;
    device->clock_hz = reader_take(reader, count, sizeof(*device->clock_hz));
    if (device->clock_hz == NULL) {
        return false;
    }
    for (uint32_t index = 0; index < count; index++) {
        uint32_t clock = find_fixed_clock(&reader->tree, tree_cell(prop, index));
        const struct tree_prop *hz =
            clock == TREE_NONE ? NULL : tree_prop(&reader->tree, clock, "clock-frequency");
        if (hz == NULL || hz->length != 4) {
            return true;
        }
        device->clock_hz[index] = tree_cell(hz, 0);
    }
    device->clock_count = count;
    return true;
}

/* What a device tree for the partition will say of the device. */
static bool read_for_guest(struct reader *reader, struct device_desc *device, uint32_t host)
{
    device->host_prop = &reader->tree.prop[reader->tree.node[host].prop];
    device->host_prop_count = reader->tree.node[host].prop_count;
    return read_clocks(reader, device, host);
}

/* Whether the host node is one that may be given away. */
static bool may_be_given(struct reader *reader, uint32_t node, uint32_t host)
{
    const struct tree_prop *status = tree_prop(&reader->tree, host, "status");
    bool enabled =
        status == NULL || tree_has_string(status, "okay") || tree_has_string(status, "ok");
    bool in_use =
        host == reader->timer_node || host == TREE_ROOT ||
        (host >= reader->module_node && host < reader->tree.node[reader->module_node].end);
    bool has_range = false;
    for (uint32_t index = 0; index < reader->host_count; index++) {
        if (reader->host[index].node == host) {
            has_range = true;
            in_use = in_use || reader->host[index].kind != HOST_DEVICE;
        }
    }
    /* What is behind a bus would be given unseen; a PCI host's children are not even in the tree.
     */
    bool bus = tree_prop(&reader->tree, host, "ranges") != NULL;
    if (!in_use && bus) {
        fault_report(reader, RULE_DEVICE_BUS, node, "host-device", host, NULL);
        return false;
    }
    if (in_use) {
        fault_report(reader, RULE_DEVICE_IN_USE, node, "host-device", host, NULL);
    } else if (!enabled || !has_range) {
        fault_report(reader, RULE_DEVICE_ADDRESS, node, "host-device", host, NULL);
    }
    return !in_use && enabled && has_range;
}

/* Keeps the devices sorted by IPA, so that their order does not depend on that of the nodes. */
static void append_device(struct partition_desc *partition, struct device_desc device)
{
    uint32_t at = partition->device_count++;
    for (; at != 0 && partition->device[at - 1].ipa.ipa > device.ipa.ipa; at--) {
        partition->device[at] = partition->device[at - 1];
    }
    partition->device[at] = device;
}

/* One range of the device, `at` counting within the host node's reg. */
static bool add_range(struct reader *reader, struct device_desc *device, uint32_t node,
                      const struct host_range *host, const struct tree_prop *reg, uint32_t at)
{
    uint64_t room = (host->range.size_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    struct fault_values values = {host->range.base, PAGE_BYTES};
    if ((host->range.base & (PAGE_BYTES - 1)) != 0) {
        fault_report(reader, RULE_MISALIGNED, node, "host-device", host->node, &values);
        return false;
    }
    if (room == 0 || host->range.base > UINT64_MAX - room) {
        values.limit = host->range.size_bytes;
        fault_report(reader, RULE_ADDRESS_OVERFLOW, node, "host-device", host->node, &values);
        return false;
    }
    device->pa = pa_of(host->range.base);
    device->ipa = ipa_of(host->range.base);
    device->size_bytes = room;
    if (reg != NULL) {
        uint64_t size = tree_number(reg, at * 4U + 2U, 2);
        device->ipa = ipa_of(tree_number(reg, at * 4U, 2));
        if (size != room) {
            values = (struct fault_values){size, room};
            fault_report(reader, RULE_DEVICE_SIZE, node, "reg", host->node, &values);
            return false;
        }
        return props_range(reader, node, "reg", device->ipa.ipa, size);
    }
    return true;
}

void device_read(struct reader *reader, struct partition_desc *partition, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    if (!props_read(reader, node, device_spec, DEVICE_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    uint32_t host = find_host(reader, found[DEVICE_HOST]);
    if (host == TREE_NONE) {
        fault_at(reader, RULE_DEVICE_UNKNOWN, node, "host-device");
        return;
    }
    if (!may_be_given(reader, node, host)) {
        return;
    }
    uint32_t range_count = device_range_count(reader, found[DEVICE_HOST]);
    if (found[DEVICE_REG] != NULL && found[DEVICE_REG]->length != range_count * 16U) {
        fault_report(reader, RULE_PROPERTY_LENGTH, node, "reg", host,
                     &(struct fault_values){found[DEVICE_REG]->length, range_count * 16U});
        return;
    }
    const char *path = reader_path(reader, node);
    uint32_t at = 0;
    for (uint32_t index = 0; index < reader->host_count; index++) {
        struct device_desc device = {.node = path, .range = at};
        if (reader->host[index].node != host) {
            continue;
        }
        if (!add_range(reader, &device, node, &reader->host[index], found[DEVICE_REG], at) ||
            (at == 0 && !read_interrupts(reader, &device, node, host)) ||
            (CONFIG_GUEST_TREE && at == 0 && !read_for_guest(reader, &device, host))) {
            return;
        }
        device.host_path = tree_string(found[DEVICE_HOST]);
        append_device(partition, device);
        at++;
    }
}
