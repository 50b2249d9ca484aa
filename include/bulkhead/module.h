/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is this module?  The immutable description that the configuration reader makes of the device
 * tree and that everything after it is built from.  Portable: the same structures serve the kernel,
 * the host checker, the unit tests and the fuzzer.
 *
 * Ownership: filled by kernel/config/ during start-up, const ever after.  Strings point into the
 * device tree copy or the arena and live as long as the description.  All counts come from the
 * configuration; there are no static maxima.
 */
#ifndef BULKHEAD_MODULE_H
#define BULKHEAD_MODULE_H

#include <bulkhead/types.h>

struct tree_prop; /* kernel/config/tree.h */

struct address_range {
    uint64_t base;
    uint64_t size_bytes;
    const char *node; /* path (or short name) of the node that states it, for messages */
};

enum gic_version { GIC_V2 = 2, GIC_V3 = 3 };

enum psci_conduit { PSCI_NONE, PSCI_SMC, PSCI_HVC };

enum uart_kind { UART_NONE, UART_PL011 };

/* What a partition's UART is: a PL011, or the part of it that SBSA asks for. */
enum uart_model { UART_MODEL_PL011, UART_MODEL_SBSA };

/* The machine, as its own device tree describes it. */
struct platform_desc {
    uint32_t ram_count;
    struct address_range *ram; /* /memory nodes */
    uint32_t reserved_count;
    struct address_range *reserved; /* /memreserve/ and /reserved-memory */
    uint32_t device_count;
    struct address_range *device; /* every host device's reg, page-rounded, for clash checks */
    uint32_t cpu_count;
    uint64_t *cpu_mpidr; /* affinity fields of each /cpus/cpu node, in tree order */
    enum gic_version gic_version;
    struct address_range gicd;
    struct address_range gicc;  /* v2 only */
    struct address_range gich;  /* v2 only */
    struct address_range gicv;  /* v2 only */
    uint32_t gicr_count;        /* v3 only: redistributor regions */
    struct address_range *gicr; /* v3 only */
    uint64_t gicr_stride_bytes; /* v3 only: 0 = by GICR_TYPER */
    uint32_t irq_maintenance;   /* INTID of the maintenance PPI */
    uint32_t irq_hyp_timer;     /* INTID of CNTHP (26 by convention) */
    uint32_t irq_virt_timer;    /* INTID of CNTV (27) */
    uint32_t irq_phys_timer;    /* INTID of non-secure CNTP (30) */
    uint32_t irq_pmu;           /* INTID of the PMU's PPI (23 by convention); 0 = there is none */
    enum psci_conduit psci;
    enum uart_kind uart_kind;
    struct address_range uart;
};

/* Room that a partition's virtual frames take in its address space, by which clashes are judged:
 * GICv2 distributor and CPU interface (IHI 0048B, 4.1), GICv3 distributor and, per vCPU,
 * redistributor (IHI 0069H, 12.8 and 12.10), PL011 (DDI 0183G, 3.2). */
#define VGICD_V2_BYTES UINT64_C(0x1000)
#define VGICC_V2_BYTES UINT64_C(0x2000)
#define VGICD_V3_BYTES UINT64_C(0x10000)
#define VGICR_V3_BYTES UINT64_C(0x20000)
#define VUART_BYTES    UINT64_C(0x1000)

enum image_kind { IMAGE_KERNEL, IMAGE_RAMDISK, IMAGE_DEVICE_TREE, IMAGE_DATA };

/* Bytes to be copied into a partition at its start: a boot module, which a loader placed in RAM, or
 * the device tree that the kernel made for the partition. */
struct image_desc {
    enum image_kind kind;
    paddr_t pa;       /* of a boot module */
    const void *made; /* of what the kernel made, in its own memory; NULL for a boot module */
    uint64_t size_bytes;
    ipaddr_t load;   /* where the bytes go in the partition */
    bool load_given; /* load-address present; else a kernel's is final once its header was read */
    uint64_t mem_bytes; /* size in memory: >= size_bytes (arm64 Image: image_size with its bss) */
    const uint8_t *sha256; /* of the bytes, 32 bytes; NULL = not to be checked */
    const char *node;
};

struct memory_desc {
    ipaddr_t ipa;
    uint64_t size_bytes;
    bool pa_given; /* host-address present; else placed by size (see pa) */
    paddr_t pa;    /* valid after config_place() */
    bool read_only;
    bool no_execute;
    const char *node;
};

/* A host device given to one partition: one range of its registers. */
struct device_desc {
    ipaddr_t ipa;
    paddr_t pa;
    uint64_t size_bytes;
    const char *host_path; /* the host node */
    const char *node;
    uint32_t range; /* which of the host node's; what follows is the first one's alone */
    uint32_t irq_count;
    uint32_t *irq; /* INTIDs, all SPIs (>= 32) */
    uint32_t host_prop_count;
    const struct tree_prop *host_prop; /* of the host node, for the guest's device tree */
    uint32_t clock_count;              /* 0 also where one of the clocks is not a fixed one */
    uint32_t *clock_hz;
};

/* What a CPU may have and a partition has only if it asks for it: bits of partition_desc.features,
 * in the order of the words of cpu-features (kernel/config/features.c). */
#define FEATURE_PMU   (1U << 0) /* performance counters */
#define FEATURE_DEBUG (1U << 1) /* self-hosted debug: breakpoints, watchpoints, single step */
#define FEATURE_SVE   (1U << 2) /* scalable vectors */
#define FEATURE_COUNT 3U
#define FEATURE_ALL   ((1U << FEATURE_COUNT) - 1U)

/* Vectors are multiples of 128 bits, up to 2048 (Arm ARM DDI 0487, ZCR_EL2.LEN).  Sets of lengths
 * are words: bit n stands for 128 * (n + 1) bits. */
#define SVE_BITS_UNIT   128U
#define SVE_BITS_MAX    2048U
#define SVE_LENGTHS_ALL 0xffffU

/* What the partition's own machine looks like; every address is an IPA. */
struct partition_desc {
    uint32_t id;      /* unit address; unique */
    const char *name; /* label; unique */
    const char *node;
    uint32_t vcpu_count;
    uint32_t memory_count;
    struct memory_desc *memory;
    uint32_t image_count;
    struct image_desc *image;
    uint32_t device_count;
    struct device_desc *device;
    ipaddr_t entry;         /* first instruction after a cold start */
    bool entry_given;       /* entry-address present; else the kernel's load address */
    uint64_t boot_arg;      /* x0 at entry: IPA of the device tree, 0 without one */
    bool tree_made;         /* the kernel makes the device tree: config_make_trees() */
    bool no_tree;           /* no-device-tree present: x0 is 0 */
    bool tree_given;        /* device-tree-address present; else the tree is placed */
    ipaddr_t tree;          /* device-tree-address */
    const char *bootargs;   /* for the tree's /chosen; NULL = none */
    enum gic_version vgic;  /* model that the guest sees */
    ipaddr_t gicd;          /* default 0x08000000 */
    ipaddr_t gicc;          /* v2: default 0x08010000 */
    ipaddr_t gicr;          /* v3: default 0x080a0000 */
    bool has_uart;          /* virtual PL011 */
    ipaddr_t uart;          /* default 0x09000000 */
    uint32_t uart_irq;      /* INTID, default 33 (SPI 1) */
    uint32_t console_bytes; /* output ring, power of two */
    bool console_input;     /* may be typed to */
    bool console_first;     /* is typed to at start: one of those with console_input */
    bool console_raw;       /* has the terminal to itself while it is typed to */
    bool abort_on_unmapped; /* accesses to nothing: true = SEA to the guest, false = health event */
    /* With has_uart: what drivers find there. */
    enum uart_model uart_model;
    bool idle_in_kernel;   /* WFI: true = EL2 waits, and uses the time; false = the core does */
    bool own_time;         /* counters: true = stand still outside its windows; false = module's */
    bool may_set_schedule; /* may call BH_SET_MODULE_SCHEDULE */
    bool maintenance_on_error; /* a health event that stops it asks for the maintenance schedule */
    uint32_t period_irq;       /* INTID (16..31) made pending where a period starts; 0 = none is */
    uint32_t features;         /* FEATURE_... that it is granted */
    uint32_t sve_vector_bits;  /* with FEATURE_SVE: its longest vector, else 0 */
    uint32_t *vcpu_cpu;        /* [vcpu_count] index into platform_desc.cpu_mpidr: the one CPU that
                                  runs it, in every schedule */
};

/* The region of a partition that holds an address, or NULL.  O(log n): they are sorted. */
static inline const struct memory_desc *partition_memory_at(const struct partition_desc *desc,
                                                            uint64_t ipa)
{
    const struct memory_desc *memory = desc->memory;
    uint32_t count = desc->memory_count;

    while (count > 1) {
        uint32_t half = count / 2;

        if (memory[half].ipa.ipa <= ipa) {
            memory += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return count != 0 && ipa - memory->ipa.ipa < memory->size_bytes ? memory : NULL;
}

struct window_desc {
    uint64_t start_ns;
    uint64_t duration_ns;
    uint32_t partition; /* index into module_desc.partition, not the id */
    uint32_t vcpu;      /* index in the partition */
    bool period_start;  /* a period of the partition starts with it */
    const char *node;
};

/* What becomes of a partition when its first window in a new schedule comes (ARINC 653 Part 2). */
enum change_action { CHANGE_IGNORE, CHANGE_IDLE, CHANGE_COLD_START, CHANGE_WARM_START };

/* What a schedule says of a partition besides its windows. */
struct partition_schedule_desc {
    uint64_t period_ns;   /* 0 = none is stated */
    uint64_t duration_ns; /* time in each period */
    enum change_action change_action;
    const char *node; /* NULL = the schedule says nothing of it */
};

/* One core's list of minor frames, sorted by start; what no window covers is idle. */
struct core_schedule_desc {
    uint32_t cpu; /* index into platform_desc.cpu_mpidr */
    uint32_t window_count;
    struct window_desc *window;
    const char *node;
};

#define SCHEDULE_NAME_WORDS 4U /* 31 characters and a zero, as four registers */

struct schedule_desc {
    uint32_t id;
    const char *name;
    uint64_t name_word[SCHEDULE_NAME_WORDS]; /* its bytes in memory order, padded with zeros */
    uint64_t major_frame_ns;
    uint32_t core_count;
    struct core_schedule_desc *core;
    struct partition_schedule_desc *partition; /* [module_desc.partition_count] */
    const char *node;
};

struct module_desc {
    const char *name;
    uint64_t guard_ns;
    uint64_t exit_cost_ns;
    uint64_t stop_after_frames; /* 0 = run for ever; else report and power off (demos, tests) */
    bool print_trace;           /* the final report prints the trace ring */
    uint32_t switch_key; /* control character that says who is typed to next; 0 = none does */
    struct platform_desc platform;
    uint32_t partition_count;
    struct partition_desc *partition;
    uint32_t schedule_count;
    struct schedule_desc *schedule; /* [0] runs first */
    uint32_t
        maintenance_schedule; /* index of the one that the HM may choose; schedule_count = none */
    uint32_t core_count; /* CPUs that any schedule names; they run the kernel, also when idle */
    uint32_t *core_cpu;  /* [core_count] index into platform_desc.cpu_mpidr, ascending */
    struct address_range kernel; /* the kernel's own image and start-up pool */
    struct address_range fdt;    /* the device tree blob */
    struct address_range pool;   /* further kernel memory; size 0 if none was asked for */
};

#endif
