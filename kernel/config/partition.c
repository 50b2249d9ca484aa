// SPDX-License-Identifier: Apache-2.0
/*
 * What do the partitions' nodes say?  Each node is read by a table of what may stand in it; whether
 * the partitions go together is the business of check.c.  Partitions end up sorted by id, so that
 * an index means the same whatever the order of the nodes is.
 */
#include "loaded.h"

#include <bulkhead/sha256.h>

#include <string.h>

/* Defaults: the machine that a guest meets on QEMU's `virt` board. */
#define DEFAULT_GICD          UINT64_C(0x08000000)
#define DEFAULT_GICC          UINT64_C(0x08010000)
#define DEFAULT_GICR          UINT64_C(0x080a0000)
#define DEFAULT_UART          UINT64_C(0x09000000)
#define DEFAULT_UART_SPI      1U
#define DEFAULT_CONSOLE_BYTES 4096U

enum partition_prop {
    PARTITION_PHANDLE,
    PARTITION_COMPATIBLE,
    PARTITION_REG,
    PARTITION_LABEL,
    PARTITION_VCPUS,
    PARTITION_ADDRESS_CELLS,
    PARTITION_SIZE_CELLS,
    PARTITION_ENTRY,
    PARTITION_GIC_VERSION,
    PARTITION_GICD,
    PARTITION_GICC,
    PARTITION_GICR,
    PARTITION_NO_CONSOLE,
    PARTITION_UNMAPPED,
    PARTITION_IDLE,
    PARTITION_TIME,
    PARTITION_BOOTARGS,
    PARTITION_TREE,
    PARTITION_NO_TREE,
    PARTITION_SET_SCHEDULE,
    PARTITION_MAINTENANCE,
    PARTITION_PERIOD_PPI,
    PARTITION_FEATURES,
    PARTITION_SVE_BITS,
    PARTITION_PROPS
};

_Static_assert(PARTITION_PROPS <= PROPS_MAX, "a node's properties have a table of this size");

static const struct prop_spec partition_spec[PARTITION_PROPS] = {
    [PARTITION_PHANDLE] = {.name = "phandle", .kind = PROP_U32},
    [PARTITION_COMPATIBLE] = {.name = WITH_TEXT("compatible", "bulkhead,partition"),
                              .kind = PROP_COMPATIBLE,
                              .required = true},
    [PARTITION_REG] = {.name = "reg", .kind = PROP_U32, .required = true},
    [PARTITION_LABEL] = {.name = "label", .kind = PROP_STRING, .required = true},
    [PARTITION_VCPUS] = {.name = "vcpus", .kind = PROP_U32},
    [PARTITION_ADDRESS_CELLS] = {.name = "#address-cells", .kind = PROP_U32, .required = true},
    [PARTITION_SIZE_CELLS] = {.name = "#size-cells", .kind = PROP_U32, .required = true},
    [PARTITION_ENTRY] = {.name = "entry-address", .kind = PROP_U64},
    [PARTITION_GIC_VERSION] = {.name = "gic-version", .kind = PROP_U32},
    [PARTITION_GICD] = {.name = "gicd-address", .kind = PROP_U64},
    [PARTITION_GICC] = {.name = "gicc-address", .kind = PROP_U64},
    [PARTITION_GICR] = {.name = "gicr-address", .kind = PROP_U64},
    [PARTITION_NO_CONSOLE] = {.name = "no-console", .kind = PROP_FLAG},
    [PARTITION_UNMAPPED] = {.name = "unmapped-access", .kind = PROP_STRING},
    [PARTITION_IDLE] = {.name = "idle", .kind = PROP_STRING},
    [PARTITION_TIME] = {.name = "time", .kind = PROP_STRING},
    [PARTITION_BOOTARGS] = {.name = "bootargs", .kind = PROP_STRING},
    [PARTITION_TREE] = {.name = "device-tree-address", .kind = PROP_U64},
    [PARTITION_NO_TREE] = {.name = "no-device-tree", .kind = PROP_FLAG},
    [PARTITION_SET_SCHEDULE] = {.name = "set-module-schedule", .kind = PROP_FLAG},
    [PARTITION_MAINTENANCE] = {.name = "maintenance-on-error", .kind = PROP_FLAG},
    [PARTITION_PERIOD_PPI] = {.name = "period-ppi", .kind = PROP_U32},
    [PARTITION_FEATURES] = {.name = WITH_TEXT("cpu-features", ""), .kind = PROP_COMPATIBLE},
    [PARTITION_SVE_BITS] = {.name = "sve-vector-bits", .kind = PROP_U32},
};

enum memory_prop { MEMORY_REG, MEMORY_HOST, MEMORY_READ_ONLY, MEMORY_NO_EXECUTE, MEMORY_PROPS };

static const struct prop_spec memory_spec[MEMORY_PROPS] = {
    [MEMORY_REG] = {.name = "reg", .kind = PROP_CELLS, .required = true, .cells = 4},
    [MEMORY_HOST] = {.name = "host-address", .kind = PROP_U64},
    [MEMORY_READ_ONLY] = {.name = "read-only", .kind = PROP_FLAG},
    [MEMORY_NO_EXECUTE] = {.name = "no-execute", .kind = PROP_FLAG},
};

enum image_prop { IMAGE_COMPATIBLE, IMAGE_REG, IMAGE_FILE, IMAGE_LOAD, IMAGE_SHA256, IMAGE_PROPS };

static const struct prop_spec image_spec[IMAGE_PROPS] = {
    [IMAGE_COMPATIBLE] = {.name = WITH_TEXT("compatible", "multiboot,module"),
                          .kind = PROP_COMPATIBLE,
                          .required = true},
    [IMAGE_REG] = {.name = "reg", .kind = PROP_CELLS, .cells = 4},
    [IMAGE_FILE] = {.name = "image-file", .kind = PROP_STRING},
    [IMAGE_LOAD] = {.name = "load-address", .kind = PROP_U64},
    [IMAGE_SHA256] = {.name = "sha256", .kind = PROP_CELLS, .cells = SHA256_BYTES / 4},
};

enum console_prop {
    CONSOLE_COMPATIBLE,
    CONSOLE_REG,
    CONSOLE_SPI,
    CONSOLE_BYTES,
    CONSOLE_INPUT,
    CONSOLE_RAW,
    CONSOLE_PROPS
};

static const struct prop_spec console_spec[CONSOLE_PROPS] = {
    [CONSOLE_COMPATIBLE] = {.name = WITH_TEXT("compatible", ""),
                            .kind = PROP_COMPATIBLE,
                            .required = true},
    [CONSOLE_REG] = {.name = "reg", .kind = PROP_CELLS, .cells = 4},
    [CONSOLE_SPI] = {.name = "spi", .kind = PROP_U32},
    [CONSOLE_BYTES] = {.name = "buffer-bytes", .kind = PROP_U32},
    [CONSOLE_INPUT] = {.name = WITH_TEXT("input", "first"), .kind = PROP_OPTION},
    [CONSOLE_RAW] = {.name = "raw", .kind = PROP_FLAG},
};

static void bad_value(struct reader *reader, uint32_t node, const struct tree_prop *prop,
                      uint64_t allowed)
{
    fault_value(reader, RULE_PROPERTY_VALUE, node, prop->name, props_number(prop, 0), allowed);
}

/*
 * Keeps the regions sorted by IPA: overlays turn the order of nodes around, and the lowest region
 * is where images go.
 */
static void append_memory(struct partition_desc *partition, struct memory_desc memory)
{
    uint32_t at = partition->memory_count++;
    for (; at != 0 && partition->memory[at - 1].ipa.ipa > memory.ipa.ipa; at--) {
        partition->memory[at] = partition->memory[at - 1];
    }
    partition->memory[at] = memory;
}

static void read_memory(struct reader *reader, struct partition_desc *partition, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    struct memory_desc memory;
    if (!props_read(reader, node, memory_spec, MEMORY_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    memory.ipa = ipa_of(tree_number(found[MEMORY_REG], 0, 2));
    memory.size_bytes = tree_number(found[MEMORY_REG], 2, 2);
    memory.pa_given = found[MEMORY_HOST] != NULL;
    memory.pa = pa_of(props_number(found[MEMORY_HOST], 0));
    memory.read_only = found[MEMORY_READ_ONLY] != NULL;
    memory.no_execute = found[MEMORY_NO_EXECUTE] != NULL;
    memory.node = reader_path(reader, node);
    if (props_range(reader, node, "reg", memory.ipa.ipa, memory.size_bytes) &&
        (!memory.pa_given ||
         props_range(reader, node, "host-address", memory.pa.pa, memory.size_bytes))) {
        append_memory(partition, memory);
    }
}

static bool image_kind_of(const struct tree_prop *compatible, enum image_kind *kind)
{
    if (tree_has_string(compatible, "multiboot,kernel")) {
        *kind = IMAGE_KERNEL;
    } else if (tree_has_string(compatible, "multiboot,ramdisk")) {
        *kind = IMAGE_RAMDISK;
    } else if (tree_has_string(compatible, "multiboot,device-tree")) {
        *kind = IMAGE_DEVICE_TREE;
    } else if (compatible->length == sizeof("multiboot,module")) { /* the only string, then */
        *kind = IMAGE_DATA;
    } else {
        return false;
    }
    return true;
}

/* Data has an address, others are the only ones of their kind. */
static bool stands_before(const struct image_desc *left, const struct image_desc *right)
{
    return left->kind < right->kind ||
           (left->kind == right->kind && left->load.ipa < right->load.ipa);
}

/* Keeps the images sorted, so that their order does not depend on that of the nodes. */
static void append_image(struct partition_desc *partition, struct image_desc image)
{
    uint32_t at = partition->image_count++;
    for (; at != 0 && stands_before(&image, &partition->image[at - 1]); at--) {
        partition->image[at] = partition->image[at - 1];
    }
    partition->image[at] = image;
}

/* Where a loader put the image: the description's own word, else that of /boot-modules. */
static bool place_image(struct reader *reader, uint32_t node, const struct tree_prop *reg,
                        const struct tree_prop *file, struct image_desc *image)
{
    if (reg != NULL) {
        image->pa = pa_of(tree_number(reg, 0, 2));
        image->size_bytes = tree_number(reg, 2, 2);
        return true;
    }
    const struct boot_module *module =
        file == NULL ? NULL : boot_module_find(reader, tree_string(file));
    if (module == NULL) {
        fault_named_alone(
            reader, RULE_MODULE_NOT_PLACED, tree_path(&reader->tree, node, reader->path),
            file == NULL ? "reg" : "image-file", file == NULL ? NULL : tree_string(file));
        return false;
    }
    image->pa = pa_of(module->base);
    image->size_bytes = module->size_bytes;
    return true;
}

/* node_of[kind] remembers the first image of each kind of which there may be one. */
static void read_image(struct reader *reader, struct partition_desc *partition, uint32_t node,
                       uint32_t node_of[IMAGE_DATA])
{
    const struct tree_prop *found[PROPS_MAX];
    struct image_desc image = {.made = NULL};
    if (!props_read(reader, node, image_spec, IMAGE_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    if (!image_kind_of(found[IMAGE_COMPATIBLE], &image.kind)) {
        fault_at(reader, RULE_PROPERTY_VALUE, node, "compatible");
        return;
    }
    if (image.kind == IMAGE_DATA) {
        if (found[IMAGE_LOAD] == NULL) {
            fault_at(reader, RULE_MISSING_PROPERTY, node, "load-address");
            return;
        }
    } else if (node_of[image.kind] != TREE_NONE) {
        fault_report(reader, RULE_NODE_TWICE, node, NULL, node_of[image.kind], NULL);
        return;
    } else {
        node_of[image.kind] = node;
    }
    if (!place_image(reader, node, found[IMAGE_REG], found[IMAGE_FILE], &image)) {
        return;
    }
    image.sha256 = found[IMAGE_SHA256] == NULL ? NULL : (const uint8_t *)found[IMAGE_SHA256]->cell;
    image.mem_bytes = image.size_bytes;
    image.load_given = found[IMAGE_LOAD] != NULL;
    image.load = ipa_of(props_number(found[IMAGE_LOAD], 0));
    image.node = reader_path(reader, node);
    /* Boot loaders place modules byte by byte: no alignment is asked of them. */
    if (image.size_bytes == 0) {
        fault_value(reader, RULE_SIZE_ZERO, node, "reg", 0, 1);
    } else if (image.pa.pa > UINT64_MAX - image.size_bytes) {
        fault_value(reader, RULE_ADDRESS_OVERFLOW, node, "reg", image.pa.pa, image.size_bytes);
    } else if (image.load.ipa > UINT64_MAX - image.size_bytes) {
        fault_value(reader, RULE_ADDRESS_OVERFLOW, node, "load-address", image.load.ipa,
                    image.size_bytes);
    } else if (image.kind == IMAGE_DEVICE_TREE && image.load.ipa % TREE_ALIGN_BYTES != 0) {
        fault_value(reader, RULE_MISALIGNED, node, "load-address", image.load.ipa,
                    TREE_ALIGN_BYTES);
    } else {
        append_image(partition, image);
    }
}

static void read_console(struct reader *reader, struct partition_desc *partition, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    if (!props_read(reader, node, console_spec, CONSOLE_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    const struct tree_prop *compatible = found[CONSOLE_COMPATIBLE];
    bool pl011 = tree_has_string(compatible, "arm,pl011");
    partition->uart_model = pl011 ? UART_MODEL_PL011 : UART_MODEL_SBSA;
    if (!pl011 && !tree_has_string(compatible, "arm,sbsa-uart")) {
        fault_at(reader, RULE_PROPERTY_VALUE, node, compatible->name);
    }
    if (found[CONSOLE_REG] != NULL) {
        uint64_t size = tree_number(found[CONSOLE_REG], 2, 2);
        partition->uart = ipa_of(tree_number(found[CONSOLE_REG], 0, 2));
        if (size != VUART_BYTES) {
            fault_value(reader, RULE_PROPERTY_VALUE, node, "reg", size, VUART_BYTES);
        } else {
            (void)props_range(reader, node, "reg", partition->uart.ipa, size);
        }
    }
    uint64_t spi = props_number(found[CONSOLE_SPI], DEFAULT_UART_SPI);
    partition->uart_irq = (uint32_t)(spi + SPI_FIRST_INTID);
    if (spi >= INTID_LIMIT - SPI_FIRST_INTID) {
        fault_value(reader, RULE_IRQ_RANGE, node, "spi", spi + SPI_FIRST_INTID, INTID_LIMIT);
    }
    uint64_t bytes = props_number(found[CONSOLE_BYTES], DEFAULT_CONSOLE_BYTES);
    partition->console_bytes = (uint32_t)bytes;
    if (bytes < CONSOLE_BYTES_MIN || bytes > CONSOLE_BYTES_MAX || (bytes & (bytes - 1)) != 0) {
        bad_value(reader, node, found[CONSOLE_BYTES], CONSOLE_BYTES_MAX);
    }
    const struct tree_prop *input = found[CONSOLE_INPUT];
    partition->console_input = input != NULL;
    partition->console_first = input != NULL && input->length != 0;
    partition->console_raw = found[CONSOLE_RAW] != NULL;
    if (partition->console_raw && input == NULL) {
        /* It would do nothing. */
        fault_at(reader, RULE_PROPERTY_VALUE, node, "raw");
    }
}

enum child_kind { CHILD_MEMORY, CHILD_IMAGE, CHILD_CONSOLE, CHILD_DEVICE, CHILD_KINDS };

static enum child_kind child_kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum child_kind kind;
    } row[] = {
        {"memory", CHILD_MEMORY}, {"module", CHILD_IMAGE}, {"kernel", CHILD_IMAGE},
        {"ramdisk", CHILD_IMAGE}, {"dtb", CHILD_IMAGE},    {"console", CHILD_CONSOLE},
        {"device", CHILD_DEVICE},
    };
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        if (tree_name_is(name, row[index].name)) {
            return row[index].kind;
        }
    }
    return CHILD_KINDS;
}

/* Takes room for all children of a partition, each kind at its upper bound. */
static bool take_children(struct reader *reader, struct partition_desc *partition, uint32_t node)
{
    uint32_t count[CHILD_KINDS + 1] = {0};
    uint32_t end = reader->tree.node[node].end;
    for (uint32_t child = tree_first_child(node); child < end;
         child = reader->tree.node[child].end) {
        enum child_kind kind = child_kind_of(reader->tree.node[child].name);
        const struct tree_prop *host = NULL;
        if (kind == CHILD_DEVICE) {
            host = tree_prop(&reader->tree, child, "host-device");
        }
        count[kind] += host == NULL ? 1 : device_range_count(reader, host);
    }
    partition->memory = reader_take(reader, count[CHILD_MEMORY], sizeof(*partition->memory));
    /* One more: the device tree that the kernel makes. */
    partition->image = reader_take(reader, count[CHILD_IMAGE] + 1U, sizeof(*partition->image));
    partition->device = reader_take(reader, count[CHILD_DEVICE], sizeof(*partition->device));
    return partition->memory != NULL && partition->image != NULL && partition->device != NULL;
}

/*
 * Who makes the partition's device tree: the user, by an image; nobody, by no-device-tree; else the
 * kernel.  A property that would do nothing then is a fault.
 */
static void choose_tree(struct reader *reader, struct partition_desc *partition, uint32_t node,
                        uint32_t image_node)
{
    static const char *const needs_tree[] = {"bootargs", "device-tree-address"};
    partition->tree_made = CONFIG_GUEST_TREE && image_node == TREE_NONE && !partition->no_tree;
    for (uint32_t index = 0; index < ARRAY_COUNT(needs_tree); index++) {
        bool given = index == 0 ? partition->bootargs != NULL : partition->tree_given;
        if (!given || partition->tree_made) {
            continue;
        }
        fault_report(reader, CONFIG_GUEST_TREE ? RULE_PROPERTY_VALUE : RULE_GUEST_TREE_SUPPORT,
                     node, needs_tree[index], image_node, NULL);
    }
    if (partition->no_tree && image_node != TREE_NONE) {
        fault_report(reader, RULE_PROPERTY_VALUE, node, "no-device-tree", image_node, NULL);
    }
}

static void read_children(struct reader *reader, struct partition_desc *partition, uint32_t node)
{
    uint32_t end = reader->tree.node[node].end;
    uint32_t image_node[IMAGE_DATA] = {TREE_NONE, TREE_NONE, TREE_NONE};
    uint32_t console_node = TREE_NONE;
    uint32_t faults_before = reader->fault_count;
    for (uint32_t child = tree_first_child(node); child < end;
         child = reader->tree.node[child].end) {
        switch (child_kind_of(reader->tree.node[child].name)) {
        case CHILD_MEMORY:
            read_memory(reader, partition, child);
            break;
        case CHILD_IMAGE:
            read_image(reader, partition, child, image_node);
            break;
        case CHILD_CONSOLE:
            if (console_node != TREE_NONE) {
                fault_report(reader, RULE_NODE_TWICE, child, NULL, console_node, NULL);
            } else if (!partition->has_uart) {
                fault_report(reader, RULE_PROPERTY_VALUE, node, "no-console", child, NULL);
            } else {
                read_console(reader, partition, child);
            }
            console_node = child;
            break;
        case CHILD_DEVICE:
            device_read(reader, partition, child);
            break;
        case CHILD_KINDS:
            fault_at(reader, RULE_UNKNOWN_NODE, child, NULL);
            break;
        }
    }
    if (reader->fault_count == faults_before) {
        if (partition->memory_count == 0) {
            fault_missing_node(reader, node, "memory");
        }
        if (image_node[IMAGE_KERNEL] == TREE_NONE) {
            fault_missing_node(reader, node, "module with multiboot,kernel");
        }
        choose_tree(reader, partition, node, image_node[IMAGE_DEVICE_TREE]);
    }
}

/* What the partition says of its device tree; whether one is made, choose_tree() says. */
static void read_tree_wishes(struct reader *reader, struct partition_desc *partition, uint32_t node,
                             const struct tree_prop *const found[PROPS_MAX])
{
    const struct tree_prop *bootargs = found[PARTITION_BOOTARGS];
    partition->no_tree = found[PARTITION_NO_TREE] != NULL;
    partition->tree_given = found[PARTITION_TREE] != NULL;
    partition->tree = ipa_of(props_number(found[PARTITION_TREE], 0));
    if (partition->tree.ipa % TREE_ALIGN_BYTES != 0) {
        fault_value(reader, RULE_MISALIGNED, node, "device-tree-address", partition->tree.ipa,
                    TREE_ALIGN_BYTES);
    }
    if (bootargs != NULL) {
        partition->bootargs = tree_string(bootargs);
        if (bootargs->length - 1U > BOOTARGS_MAX) {
            fault_value(reader, RULE_PROPERTY_LENGTH, node, "bootargs", bootargs->length,
                        BOOTARGS_MAX + 1U);
        }
    }
}

/* A frame's address, page-aligned as stage 2 needs it. */
static ipaddr_t frame_address(struct reader *reader, uint32_t node, const struct tree_prop *prop,
                              uint64_t absent, uint64_t align_bytes)
{
    uint64_t address = props_number(prop, absent);
    if (prop != NULL && (address & (align_bytes - 1)) != 0) {
        fault_value(reader, RULE_MISALIGNED, node, prop->name, address, align_bytes);
    }
    return ipa_of(address);
}

/* The interrupt controller that the guest sees. */
static void read_vgic(struct reader *reader, struct partition_desc *partition, uint32_t node,
                      const struct tree_prop *const found[PROPS_MAX])
{
    uint64_t host = (uint64_t)reader->module->platform.gic_version;
    uint64_t version = props_number(found[PARTITION_GIC_VERSION], host);
    /* An address of a frame that this version does not have would do nothing: a fault. */
    const struct tree_prop *stray = found[host == GIC_V2 ? PARTITION_GICR : PARTITION_GICC];
    if (version != GIC_V2 && version != GIC_V3) {
        bad_value(reader, node, found[PARTITION_GIC_VERSION], host);
        return;
    }
    if (version != host) {
        fault_value(reader, RULE_VGIC_MODEL, node, "gic-version", version, host);
        return;
    }
    if (stray != NULL) {
        fault_value(reader, RULE_VGIC_MODEL, node, stray->name, host == GIC_V2 ? GIC_V3 : GIC_V2,
                    host);
        return;
    }
    partition->vgic = (enum gic_version)version;
    partition->gicd = frame_address(reader, node, found[PARTITION_GICD], DEFAULT_GICD, PAGE_BYTES);
    partition->gicc = frame_address(reader, node, found[PARTITION_GICC], DEFAULT_GICC, PAGE_BYTES);
    partition->gicr = frame_address(reader, node, found[PARTITION_GICR], DEFAULT_GICR, 0x10000);
}

/* What the partition has to do with changes of schedule and with periods. */
static void read_modes(struct reader *reader, struct partition_desc *partition, uint32_t node,
                       const struct tree_prop *const found[PROPS_MAX])
{
    const struct platform_desc *platform = &reader->module->platform;
    const struct tree_prop *ppi = found[PARTITION_PERIOD_PPI];
    partition->may_set_schedule = found[PARTITION_SET_SCHEDULE] != NULL;
    partition->maintenance_on_error = found[PARTITION_MAINTENANCE] != NULL;
    if (partition->maintenance_on_error && reader->maintenance == NULL) {
        fault_at(reader, RULE_MAINTENANCE_SCHEDULE, node, "maintenance-on-error");
    }
    if (ppi == NULL) {
        return;
    }
    uint64_t intid = props_number(ppi, 0) + PPI_FIRST_INTID;
    partition->period_irq = (uint32_t)intid;
    if (intid >= SPI_FIRST_INTID) {
        fault_value(reader, RULE_IRQ_RANGE, node, ppi->name, intid, SPI_FIRST_INTID);
    } else if (intid == platform->irq_virt_timer || intid == platform->irq_phys_timer) {
        /* The guest's own timers have them. */
        fault_report(reader, RULE_IRQ_TWICE, node, ppi->name, reader->timer_node,
                     &(struct fault_values){intid, intid});
    } else if (CONFIG_CPU_FEATURES && (partition->features & FEATURE_PMU) != 0 &&
               intid == platform->irq_pmu) {
        fault_report(reader, RULE_IRQ_TWICE, node, ppi->name, reader->pmu_node,
                     &(struct fault_values){intid, intid});
    }
}

/* What this kernel was built without. */
static void refuse_left_out(struct reader *reader, uint32_t node,
                            const struct tree_prop *const found[PROPS_MAX])
{
    for (uint32_t which = PARTITION_SET_SCHEDULE; which <= PARTITION_SVE_BITS; which++) {
        bool is_feature = which >= PARTITION_FEATURES;
        if (found[which] != NULL && !(is_feature ? CONFIG_CPU_FEATURES : CONFIG_MODULE_SCHEDULES)) {
            fault_at(reader, is_feature ? RULE_CPU_FEATURES_SUPPORT : RULE_SCHEDULES_SUPPORT, node,
                     found[which]->name);
        }
    }
}

static void read_partition(struct reader *reader, struct partition_desc *partition, uint32_t index,
                           uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    if (!props_read(reader, node, partition_spec, PARTITION_PROPS, found) ||
        !props_cells(reader, node, found[PARTITION_ADDRESS_CELLS], 2, found[PARTITION_SIZE_CELLS],
                     2)) {
        return;
    }
    (void)props_label(reader, node, found[PARTITION_LABEL]);
    reader->partition_phandle[index] = (uint32_t)props_number(found[PARTITION_PHANDLE], 0);
    partition->id = tree_cell(found[PARTITION_REG], 0);
    partition->name = tree_string(found[PARTITION_LABEL]);
    partition->node = reader_path(reader, node);
    uint64_t vcpu_count = props_number(found[PARTITION_VCPUS], 1);
    if (vcpu_count == 0 || vcpu_count > VCPU_MAX) {
        fault_value(reader, RULE_VCPU_COUNT, node, "vcpus", vcpu_count, VCPU_MAX);
    }
    partition->vcpu_count = (uint32_t)vcpu_count;
    partition->entry_given = found[PARTITION_ENTRY] != NULL;
    partition->entry = ipa_of(props_number(found[PARTITION_ENTRY], 0));
    read_vgic(reader, partition, node, found);
    partition->has_uart = found[PARTITION_NO_CONSOLE] == NULL;
    if (partition->has_uart) {
        partition->uart = ipa_of(DEFAULT_UART);
        partition->uart_irq = DEFAULT_UART_SPI + SPI_FIRST_INTID;
        partition->console_bytes = DEFAULT_CONSOLE_BYTES;
    }
    partition->abort_on_unmapped =
        props_choice(reader, node, found[PARTITION_UNMAPPED], "fault\0abort\0") != 0;
    partition->idle_in_kernel =
        props_choice(reader, node, found[PARTITION_IDLE], "native\0kernel\0") != 0;
    partition->own_time =
        props_choice(reader, node, found[PARTITION_TIME], "module\0partition\0") != 0;
    if (!CONFIG_PARTITION_TIME && partition->own_time) {
        fault_at(reader, RULE_OWN_TIME_SUPPORT, node, "time");
    }
    if (CONFIG_CPU_FEATURES) {
        features_read(reader, partition, node, found[PARTITION_FEATURES],
                      found[PARTITION_SVE_BITS]);
    }
    if (CONFIG_MODULE_SCHEDULES) {
        read_modes(reader, partition, node, found);
    }
    refuse_left_out(reader, node, found);
    read_tree_wishes(reader, partition, node, found);
    if (take_children(reader, partition, node)) {
        read_children(reader, partition, node);
    }
}

bool partitions_read(struct reader *reader, uint32_t node)
{
    struct module_desc *module = reader->module;
    uint32_t faults_before = reader->fault_count;
    uint32_t count;

    reader->partition_node = children_list(reader, node, "partition", &count);
    if (reader->partition_node == NULL) {
        return false;
    }
    if (count > PARTITION_MAX) {
        fault_value(reader, RULE_PARTITION_COUNT, node, NULL, count, PARTITION_MAX);
        return false;
    }
    module->partition = reader_take(reader, count, sizeof(*module->partition));
    reader->partition_phandle = reader_take(reader, count, sizeof(*reader->partition_phandle));
    if (module->partition == NULL || reader->partition_phandle == NULL) {
        return false;
    }
    module->partition_count = count;
    for (uint32_t index = 0; index < count; index++) {
        read_partition(reader, &module->partition[index], index, reader->partition_node[index]);
    }
    return reader->fault_count == faults_before;
}
