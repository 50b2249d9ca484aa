/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the parts of the configuration reader share?  One struct reader per config_read(), owned
 * by the boot core, gone when it returns; what outlives it is the module description.
 *
 * The parts run in this order, each only if those before found no fault, so that one mistake is
 * told once and not in its consequences: tree (is it a tree?), loaded and overlay (what did the
 * loader bring, and what does it add to the tree?), platform (what is the machine?),
 * partitions and schedules (does each node keep the binding?), check (do they go together?).
 */
#ifndef KERNEL_CONFIG_INTERNAL_H
#define KERNEL_CONFIG_INTERNAL_H

#include "rules.h"
#include "tree.h"
#include <bulkhead/config.h>
#include <bulkhead/vgic.h>

#define VCPU_MAX          8U   /* GICv2 addresses 8 CPU interfaces (IHI 0048B, 1.2) */
#define PARTITION_MAX     255U /* 8-bit VMIDs, one kept back (Arm ARM DDI 0487, D8.14) */
#define IPA_LIMIT         (UINT64_C(1) << 40)
#define FRAME_NS_MAX      UINT64_C(3600000000000)
#define LABEL_LENGTH_MAX  31U            /* a schedule's name is passed in four registers (abi.h) */
#define SCHEDULE_MAX      16U            /* one word has a bit for each */
#define CORE_MAX          8U             /* GICv2 has 8 CPU interfaces (IHI 0048B, 1.2) */
#define INTID_LIMIT       VGIC_IRQ_COUNT /* a device keeps its INTID in the partition */
#define SPI_FIRST_INTID   32U            /* IHI 0048B, 2.2.1 */
#define PPI_FIRST_INTID   16U
#define CONSOLE_BYTES_MIN 256U
#define CONSOLE_BYTES_MAX 0x100000U
#define IMAGE_ALIGN_BYTES BLOCK_BYTES /* arm64 Image: base of 2 MiB plus text_offset */
#define TREE_ALIGN_BYTES  8U          /* of a guest's device tree, and how large one may be: */
#define TREE_BYTES_MAX    BLOCK_BYTES /* Linux, "Booting AArch64 Linux", section 2 */
#define BOOTARGS_MAX      2047U       /* COMMAND_LINE_SIZE of Linux on arm64, less the NUL */

/* What a range of the host's address space is; from HOST_DEVICE on, registers. */
enum host_kind { HOST_RAM, HOST_RESERVED, HOST_DEVICE, HOST_GIC, HOST_UART };

/* One entry of a host node's reg, in addresses of the CPU. */
struct host_range {
    struct address_range range; /* as the tree says it, not rounded */
    uint32_t node;
    uint32_t kind; /* enum host_kind */
};

struct reader {
    const struct config_input *input;
    struct arena *arena;
    struct module_desc *module;
    struct tree tree;
    uint32_t fault_count;

    uint32_t boot_modules_node;      /* /boot-modules, or TREE_NONE */
    struct boot_module *boot_module; /* see loaded.h; read from the tree as it was loaded */
    uint32_t boot_module_count;

    struct host_range *host; /* in tree order */
    uint32_t host_count;
    uint32_t gic_node;
    uint32_t uart_node;
    uint32_t timer_node;
    uint32_t pmu_node; /* or TREE_NONE */
    uint32_t cpus_node;

    uint32_t module_node;        /* /bulkhead */
    uint32_t *partition_node;    /* by partition index */
    uint32_t *partition_phandle; /* by partition index; 0 = none */

    const struct tree_prop *maintenance; /* maintenance-schedule, or NULL */
    bool guard_given;

    char path[TREE_PATH_MAX]; /* of the faulty node */
    char other[TREE_PATH_MAX];
};

/* --- fault.c: telling faults -------------------------------------------------------------------
 */

struct fault_values {
    uint64_t value;
    uint64_t limit;
};

/* Reports a fault of node, with or without a property, another node and two values. */
void fault_report(struct reader *reader, enum config_rule rule, uint32_t node, const char *property,
                  uint32_t other, const struct fault_values *values);

/* The same of a node alone, or of one property of it. */
void fault_at(struct reader *reader, enum config_rule rule, uint32_t node, const char *property);

/* The same with two values; see the rule for what they are. */
void fault_value(struct reader *reader, enum config_rule rule, uint32_t node, const char *property,
                 uint64_t value, uint64_t limit);

/* The same for a caller that has names instead of nodes. */
void fault_emit(const struct config_input *input, enum config_rule rule, const char *node,
                const char *property, const char *other, const struct fault_values *values);

/* The same within the reader, which counts its faults. */
void fault_named(struct reader *reader, enum config_rule rule, const char *node,
                 const char *property, const char *other, uint64_t value, uint64_t limit);
void fault_named_alone(struct reader *reader, enum config_rule rule, const char *node,
                       const char *property, const char *other);

/* Reports that a node lacks a child of this name. */
void fault_missing_node(struct reader *reader, uint32_t node, const char *name);

/* Takes zeroed memory for count elements; NULL after a fault when the arena is exhausted. */
void *reader_take(struct reader *reader, size_t count, size_t element_bytes);

/* The node's path as a string that lives as long as the description; "" after a fault. */
const char *reader_path(struct reader *reader, uint32_t node);

/* --- props.c: typed properties -----------------------------------------------------------------
 */

enum prop_kind {
    PROP_FLAG,       /* no value */
    PROP_U32,        /* one cell */
    PROP_U64,        /* one or two cells */
    PROP_STRING,     /* one string */
    PROP_COMPATIBLE, /* strings, the text among them unless it is empty */
    PROP_OPTION,     /* no value, or the text as a string */
    PROP_CELLS,      /* exactly `cells` cells */
    PROP_CELL_TUPLES /* one or more tuples of `cells` cells */
};

struct prop_spec {
    const char *name; /* WITH_TEXT for the kinds that have a text */
    uint8_t kind;     /* enum prop_kind */
    bool required;
    uint8_t cells;
};

/* A name, and the text behind it: a pointer more in each row would be larger than all the texts. */
#define WITH_TEXT(name, text) name "\0" text

#define PROPS_MAX 24U

/*
 * Reads all properties of a node: found[i] is the one of spec[i], or NULL if it is absent. Anything
 * that the specification does not list, lists twice, or wants in another form is a fault, and so is
 * a required property that is absent.  Returns false after a fault.
 */
bool props_read(struct reader *reader, uint32_t node, const struct prop_spec *spec, uint32_t count,
                const struct tree_prop *found[PROPS_MAX]);

/* The value of a PROP_U32 or PROP_U64, or what stands for an absent one. */
uint64_t props_number(const struct tree_prop *prop, uint64_t absent);

/* Faults unless #address-cells and #size-cells have these values. */
bool props_cells(struct reader *reader, uint32_t node, const struct tree_prop *address,
                 uint32_t address_cells, const struct tree_prop *size, uint32_t size_cells);

/* Faults unless the text is fit for a label.  property: where it stands; NULL = the node's name. */
bool props_name(struct reader *reader, uint32_t node, const char *property, const char *text);

/* The same of a property. */
static inline bool props_label(struct reader *reader, uint32_t node, const struct tree_prop *label)
{
    return props_name(reader, node, label->name, tree_string(label));
}

/* Which of the words a PROP_STRING is, each of which ends with a NUL, the last one with two; the
 * first one if it is absent, and after a fault. */
uint32_t props_choice(struct reader *reader, uint32_t node, const struct tree_prop *prop,
                      const char *words);

/* Faults for every child of a node that has none. */
bool props_no_children(struct reader *reader, uint32_t node);

/* Faults unless base and size make a range that is not empty, does not wrap, and is page-aligned.
 */
bool props_range(struct reader *reader, uint32_t node, const char *property, uint64_t base,
                 uint64_t size);

/* --- children.c: lists of nodes ----------------------------------------------------------------
 */

/* The only child of exactly this name, or TREE_NONE.  Faults for a second one. */
uint32_t children_find(struct reader *reader, uint32_t node, const char *name);

/* What the children of a node must be. */
struct child_spec {
    const char *name;
    uint32_t cells;  /* of their reg, by which they are sorted */
    bool unique;     /* the same reg twice is a fault */
    uint32_t beside; /* one child that is something else, or TREE_NONE */
};

/*
 * Collects the children of `node`, sorted by the value of their reg's first cells.  Returns NULL
 * after a fault, *count holds how many there are: none is right here.
 */
uint32_t *children_sorted(struct reader *reader, uint32_t node, const struct child_spec *spec,
                          uint32_t *count);

/* The children of a node that does nothing but hold them: #address-cells is 1, #size-cells 0, and
 * each child has an id of its own.  Returns NULL after a fault. */
uint32_t *children_list(struct reader *reader, uint32_t node, const char *name, uint32_t *count);

/* --- the steps ---------------------------------------------------------------------------------
 */

bool platform_read(struct reader *reader);
bool partitions_read(struct reader *reader, uint32_t node);

/* Makes a blob the reader's tree; false after a fault. */
bool reader_index(struct reader *reader, const void *blob, size_t blob_bytes);

/* How many ranges the host node of a host-device property has. */
uint32_t device_range_count(const struct reader *reader, const struct tree_prop *host_device);

/* Reads a device node into the partition, which has room for device_range_count() entries more. */
void device_read(struct reader *reader, struct partition_desc *partition, uint32_t node);

/* Whether a node is the CPUs' performance counters: "arm,armv8-pmuv3", or by the name of a core, as
 * in "arm,cortex-a57-pmu"; those of interconnects are called in another way. */
bool tree_is_pmu(const struct tree_prop *compatible);

/* Reads cpu-features and sve-vector-bits of a partition, or NULL for what is absent. */
void features_read(struct reader *reader, struct partition_desc *partition, uint32_t node,
                   const struct tree_prop *words, const struct tree_prop *vector_bits);

bool schedules_read(struct reader *reader, uint32_t node);
void check_machine(struct reader *reader);    /* physical memory, devices and interrupts */
void check_partitions(struct reader *reader); /* each partition's own address space */
void check_schedules(struct reader *reader);  /* who runs where, and are periods kept? */

/* The memory that images without an address go to: the lowest that may be written. */
const struct memory_desc *partition_ram(const struct partition_desc *partition);

/* Checks that one image lies in memory of its partition and clear of all its other images. */
bool image_check(const struct config_input *input, const struct partition_desc *partition,
                 const struct image_desc *image);

/* Gives ramdisk and device tree without load-address their place at the top of memory. */
bool image_place_high(const struct config_input *input, struct partition_desc *partition);

/* Does the device tree that a user supplied say more than the partition was granted?  Between
 * reading and placement; the arena is used, and left as it was.  Time: linear in the tree. */
bool guest_tree_check(const struct config_input *input, const struct platform_desc *platform,
                      const struct partition_desc *partition, const struct image_desc *image,
                      struct arena arena);

/* The entry point's check. */
bool image_check_entry(const struct config_input *input, const struct partition_desc *partition);

#endif
