// SPDX-License-Identifier: Apache-2.0
/*
 * Do the parts go together?  Clash checks between things that are each right on their own.  All of
 * them compare pairs; the largest list is the host's devices.
 */
#include "internal.h"

#include <string.h>

static bool inside_ram(const struct platform_desc *platform, uint64_t base, uint64_t size)
{
    for (uint32_t index = 0; index < platform->ram_count; index++) {
        const struct address_range *ram = &platform->ram[index];
        if (base >= ram->base && base - ram->base <= ram->size_bytes &&
            size <= ram->size_bytes - (base - ram->base)) {
            return true;
        }
    }
    return false;
}

/* Faults where [base, +size) meets one of the ranges.  Returns true if it does. */
static bool meets(struct reader *reader, enum config_rule rule, const char *node,
                  const char *property, const struct address_range *here,
                  const struct address_range *range, uint32_t count)
{
    for (uint32_t index = 0; index < count; index++) {
        if (ranges_overlap(here->base, here->size_bytes, range[index].base,
                           range[index].size_bytes)) {
            fault_named(reader, rule, node, property, range[index].node, here->base,
                        range[index].base);
            return true;
        }
    }
    return false;
}

/* Faults where the range meets registers of any host device, the kernel's own ones included. */
static bool meets_devices(struct reader *reader, enum config_rule rule, const char *node,
                          const char *property, const struct address_range *here)
{
    for (uint32_t index = 0; index < reader->host_count; index++) {
        const struct host_range *host = &reader->host[index];
        if (host->kind >= HOST_DEVICE && ranges_overlap(here->base, here->size_bytes,
                                                        host->range.base, host->range.size_bytes)) {
            fault_named(reader, rule, node, property,
                        tree_path(&reader->tree, host->node, reader->other), here->base,
                        host->range.base);
            return true;
        }
    }
    return false;
}

/* Faults for each boot module, of whatever partition, that memory lies over. */
static void meets_modules(struct reader *reader, const struct address_range *here)
{
    for (uint32_t index = 0; index < reader->module->partition_count; index++) {
        const struct partition_desc *partition = &reader->module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            const struct image_desc *image = &partition->image[at];
            struct address_range range = {image->pa.pa, image->size_bytes, image->node};
            (void)meets(reader, RULE_MEMORY_OVER_MODULE, here->node, "host-address", here, &range,
                        1);
        }
    }
}

static void check_memory(struct reader *reader, const struct memory_desc *memory)
{
    const struct module_desc *module = reader->module;
    const struct platform_desc *platform = &module->platform;
    struct address_range here = {memory->pa.pa, memory->size_bytes, memory->node};
    const char *property = "host-address";
    if (meets_devices(reader, RULE_MEMORY_OVER_DEVICE, here.node, property, &here)) {
        return;
    }
    if (!inside_ram(platform, here.base, here.size_bytes)) {
        fault_named(reader, RULE_MEMORY_OUTSIDE_RAM, here.node, property, NULL, here.base,
                    here.size_bytes);
        return;
    }
    (void)meets(reader, RULE_MEMORY_OVER_KERNEL, here.node, property, &here, &module->kernel, 1);
    (void)meets(reader, RULE_MEMORY_OVER_FDT, here.node, property, &here, &module->fdt, 1);
    (void)meets(reader, RULE_MEMORY_OVER_RESERVED, here.node, property, &here, platform->reserved,
                platform->reserved_count);
    meets_modules(reader, &here);
    /* Each pair of regions is told once, by the later one. */
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            const struct memory_desc *other = &partition->memory[at];
            struct address_range range = {other->pa.pa, other->size_bytes, other->node};
            if (other == memory) {
                return;
            }
            if (other->pa_given) {
                (void)meets(reader, RULE_MEMORY_OVER_MEMORY, here.node, property, &here, &range, 1);
            }
        }
    }
}

static void check_module(struct reader *reader, const struct image_desc *image)
{
    const struct module_desc *module = reader->module;
    const struct platform_desc *platform = &module->platform;
    struct address_range here = {image->pa.pa, image->size_bytes, image->node};
    if (!inside_ram(platform, here.base, here.size_bytes)) {
        fault_named(reader, RULE_MODULE_OUTSIDE_RAM, here.node, "reg", NULL, here.base,
                    here.size_bytes);
        return;
    }
    if (meets(reader, RULE_MODULE_CLASH, here.node, "reg", &here, &module->kernel, 1) ||
        meets(reader, RULE_MODULE_CLASH, here.node, "reg", &here, &module->fdt, 1) ||
        meets(reader, RULE_MODULE_CLASH, here.node, "reg", &here, platform->reserved,
              platform->reserved_count)) {
        return;
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            const struct image_desc *other = &partition->image[at];
            struct address_range range = {other->pa.pa, other->size_bytes, other->node};
            if (other == image) {
                return;
            }
            /* One module may serve several partitions: it is only read. */
            if (other->pa.pa != image->pa.pa || other->size_bytes != image->size_bytes) {
                (void)meets(reader, RULE_MODULE_CLASH, here.node, "reg", &here, &range, 1);
            }
        }
    }
}

/* A device is given by pages: nothing else may be in them, and no other partition may have them. */
static void check_device(struct reader *reader, const struct device_desc *device)
{
    const struct module_desc *module = reader->module;
    struct address_range here = {device->pa.pa, device->size_bytes, device->node};
    for (uint32_t index = 0; index < reader->host_count; index++) {
        const struct host_range *host = &reader->host[index];
        const char *path;
        if (!ranges_overlap(here.base, here.size_bytes, host->range.base, host->range.size_bytes)) {
            continue;
        }
        path = tree_path(&reader->tree, host->node, reader->other);
        if (strcmp(path, device->host_path) != 0) {
            fault_named(reader, RULE_DEVICE_PAGE, device->node, "host-device", path, here.base,
                        host->range.base);
            return;
        }
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->device_count; at++) {
            const struct device_desc *other = &partition->device[at];
            if (other == device) {
                return;
            }
            if (ranges_overlap(here.base, here.size_bytes, other->pa.pa, other->size_bytes)) {
                fault_named(reader, RULE_DEVICE_TWICE, device->node, "host-device", other->node,
                            here.base, other->pa.pa);
                return;
            }
        }
    }
}

/* Every SPI has one owner.  Owners by INTID: there are few. */
static void check_interrupts(struct reader *reader)
{
    const char **owner = reader_take(reader, INTID_LIMIT, sizeof(*owner));
    if (owner == NULL) {
        return;
    }
    for (uint32_t index = 0; index < reader->module->partition_count; index++) {
        const struct partition_desc *partition = &reader->module->partition[index];
        for (uint32_t at = 0; at < partition->device_count; at++) {
            const struct device_desc *device = &partition->device[at];
            for (uint32_t line = 0; line < device->irq_count; line++) {
                uint32_t intid = device->irq[line];
                if (owner[intid] != NULL) {
                    fault_named(reader, RULE_IRQ_TWICE, device->node, "host-device", owner[intid],
                                intid, intid);
                } else if (partition->has_uart && partition->uart_irq == intid) {
                    fault_named(reader, RULE_IRQ_TWICE, device->node, "host-device",
                                partition->node, intid, partition->uart_irq);
                }
                owner[intid] = device->node;
            }
        }
    }
}

void check_machine(struct reader *reader)
{
    uint32_t faults_before = reader->fault_count;
    const struct address_range *kernel = &reader->module->kernel;
    if (!inside_ram(&reader->module->platform, kernel->base, kernel->size_bytes)) {
        fault_named(reader, RULE_KERNEL_OUTSIDE_RAM, kernel->node, NULL, NULL, kernel->base,
                    kernel->size_bytes);
    }
    for (uint32_t index = 0; index < reader->module->partition_count; index++) {
        const struct partition_desc *partition = &reader->module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            check_module(reader, &partition->image[at]);
        }
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            if (partition->memory[at].pa_given) {
                check_memory(reader, &partition->memory[at]);
            }
        }
        for (uint32_t at = 0; at < partition->device_count; at++) {
            check_device(reader, &partition->device[at]);
        }
    }
    if (reader->fault_count == faults_before) {
        check_interrupts(reader); /* who shares a device shares its interrupts */
    }
}

#define VIRTUAL_FRAMES 3U /* distributor, CPU interface or redistributors, UART */

/* Lists everything in a partition's address space; the list has room for it. */
static uint32_t list_space(const struct partition_desc *partition, struct address_range *range)
{
    uint32_t count = 0;
    bool v2 = partition->vgic == GIC_V2;
    for (uint32_t at = 0; at < partition->memory_count; at++) {
        const struct memory_desc *memory = &partition->memory[at];
        range[count++] = (struct address_range){memory->ipa.ipa, memory->size_bytes, memory->node};
    }
    for (uint32_t at = 0; at < partition->device_count; at++) {
        const struct device_desc *device = &partition->device[at];
        range[count++] = (struct address_range){device->ipa.ipa, device->size_bytes, device->node};
    }
    range[count++] = (struct address_range){
        partition->gicd.ipa, v2 ? VGICD_V2_BYTES : VGICD_V3_BYTES, "the virtual distributor"};
    if (v2) {
        range[count++] = (struct address_range){partition->gicc.ipa, VGICC_V2_BYTES,
                                                "the virtual CPU interface"};
    } else {
        range[count++] =
            (struct address_range){partition->gicr.ipa, VGICR_V3_BYTES * partition->vcpu_count,
                                   "the virtual redistributors"};
    }
    if (partition->has_uart) {
        range[count++] =
            (struct address_range){partition->uart.ipa, VUART_BYTES, "the virtual UART"};
    }
    return count;
}

static void check_space(struct reader *reader, const struct partition_desc *partition)
{
    uint32_t room = partition->memory_count + partition->device_count + VIRTUAL_FRAMES;
    struct address_range *range = reader_take(reader, room, sizeof(*range));
    if (range == NULL) {
        return;
    }
    uint32_t count = list_space(partition, range);
    uint64_t limit =
        reader->input->ipa_bits != 0 ? UINT64_C(1) << reader->input->ipa_bits : IPA_LIMIT;
    for (uint32_t index = 0; index < count; index++) {
        const struct address_range *here = &range[index];
        /* Virtual frames have no node of their own; the partition's then begins the message. */
        const char *node = here->node[0] == '/' ? here->node : partition->node;
        if (here->base >= limit || here->size_bytes > limit - here->base) {
            fault_named(reader, RULE_IPA_WIDTH, node, NULL, here->node == node ? NULL : here->node,
                        here->base + here->size_bytes - 1, limit - 1);
            return; /* what follows may wrap */
        }
        for (uint32_t other = 0; other < index; other++) {
            if (ranges_overlap(here->base, here->size_bytes, range[other].base,
                               range[other].size_bytes)) {
                fault_named(reader, RULE_IPA_OVERLAP, node, NULL, range[other].node, here->base,
                            range[other].base);
            }
        }
    }
}

/* What can be said about the images before their bytes were seen. */
static void check_images(struct reader *reader, struct partition_desc *partition)
{
    if (!image_place_high(reader->input, partition)) {
        reader->fault_count++;
        return;
    }
    for (uint32_t at = 0; at < partition->image_count; at++) {
        struct image_desc *image = &partition->image[at];
        if (image->kind == IMAGE_DEVICE_TREE) {
            partition->boot_arg = image->load.ipa;
        }
        if (image->kind == IMAGE_KERNEL) {
            if (!image->load_given) {
                /* plus text_offset, once the header was seen */
                image->load = partition_ram(partition)->ipa;
            }
            if (!partition->entry_given) {
                partition->entry = image->load;
            }
        }
    }
    for (uint32_t at = 0; at < partition->image_count; at++) {
        if (!image_check(reader->input, partition, &partition->image[at])) {
            reader->fault_count++;
            return;
        }
    }
    if (!image_check_entry(reader->input, partition)) {
        reader->fault_count++;
    }
}

/* Who is typed to first: the partition that says so, else the one with the lowest id of those that
 * may be typed to.  Without a switch nobody else ever is. */
static void choose_input(struct reader *reader)
{
    struct partition_desc *first = NULL;
    for (uint32_t index = 0; index < reader->module->partition_count; index++) {
        struct partition_desc *partition = &reader->module->partition[index];
        if (!partition->console_input) {
            continue;
        }
        bool both_first = first != NULL && first->console_first && partition->console_first;
        if (both_first || (first != NULL && !CONFIG_CONSOLE_SWITCH)) {
            fault_named_alone(reader, RULE_INPUT_TWICE, partition->node, "input", first->node);
        }
        if (first == NULL || partition->console_first) {
            first = partition;
        }
    }
    if (first != NULL) {
        first->console_first = true;
    }
}

void check_partitions(struct reader *reader)
{
    choose_input(reader);
    for (uint32_t index = 0; index < reader->module->partition_count; index++) {
        struct partition_desc *partition = &reader->module->partition[index];
        for (uint32_t other = 0; other < index; other++) {
            const struct partition_desc *before = &reader->module->partition[other];
            if (strcmp(before->name, partition->name) == 0) {
                fault_named_alone(reader, RULE_LABEL_TWICE, partition->node, "label", before->node);
            }
        }
        uint32_t faults_before = reader->fault_count;
        check_space(reader, partition);
        if (reader->fault_count == faults_before) {
            check_images(reader, partition);
        }
    }
}
