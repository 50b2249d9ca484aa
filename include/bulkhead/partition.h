/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the run-time state of partitions, vCPUs and cores?  Built once from the module
 * description; everything a running path needs is reached by pointer or index, never by search.
 */
#ifndef BULKHEAD_PARTITION_H
#define BULKHEAD_PARTITION_H

#include <asm/context.h>
#include <bulkhead/console.h>
#include <bulkhead/module.h>
#include <bulkhead/vgic.h>
#include <bulkhead/vpl011.h>

/* ARINC 653 partition modes. */
enum partition_mode {
    PARTITION_COLD_START, /* its memory is being restored; runs no guest code */
    PARTITION_WARM_START, /* is being reset, its memory stays as it is; runs no guest code */
    PARTITION_NORMAL,
    PARTITION_IDLE, /* stopped */
};

/* Power state of a vCPU as its siblings see it (PSCI). */
enum vcpu_power {
    VCPU_OFF,
    VCPU_ON,
    VCPU_ON_PENDING, /* a sibling is setting its registers */
    VCPU_GOES_OFF,   /* runs its last instructions: off as soon as its registers are saved */
};

/* The banked timer registers of a vCPU while it is out (Arm ARM D11). */
struct vcpu_timers {
    uint64_t virt_ctl, virt_cval;
    uint64_t phys_ctl, phys_cval;
    uint64_t virt_offset; /* CNTVOFF_EL2 */
    uint64_t control;     /* CNTHCTL_EL2 */
    /* A partition with its own time: physical count and timer trap, and phys_cval is made of this,
     * which is CNTP_CVAL_EL0 as the guest knows it. */
    bool own_time;
    uint64_t own_cval;
};

/* What siblings on other cores see of a vCPU (bulkhead/share.h).  Each member says who writes it;
 * all are atomic. */
struct vcpu_share {
    bool running;    /* own core: from before its state is loaded until it is saved */
    bool attached;   /* own core, under the lock: lr[] is the hardware's */
    uint32_t holds;  /* siblings, bit v: vCPU v wants it detached */
    uint32_t posted; /* siblings set, own core clears: vgic_sgis_pend() */
    uint8_t posted_by[VGIC_SGI_COUNT]; /* GICv2: from whom */
    bool line_waits;           /* siblings set, own core clears: the UART's line has changed */
    uint32_t holding;          /* own core: whom it holds */
    uint32_t late[VGIC_WORDS]; /* own core: physical interrupts that found the lock taken */
};

/* How far a set/way flush is (arch/arm64/set_way.c). */
struct flush_cursor {
    uint64_t pc;    /* the instruction that wants it */
    uint32_t index; /* memory region */
    uint64_t offset;
};

struct vcpu {
    struct vcpu_context context; /* first: assembly reaches it by the vcpu pointer */
    struct vcpu_timers timers;
    struct partition *partition;
    uint32_t index;
    struct core *core;       /* the one that runs it */
    bool alone;              /* no other vCPU of its partition runs on that core */
    int64_t long_trap_ticks; /* LONG_TRAP_NS, and what its siblings add (bulkhead/core.h) */
    enum vcpu_power power;   /* atomic */
    struct vcpu_share share; /* of a partition on several cores */
    uint32_t gic_vmcr;       /* saved virtual CPU interface */
    uint32_t gic_ap0r[4];    /* ICH_AP0R<n>_EL2; unused on GICv2 */
    uint32_t gic_ap1r[4];    /* ICH_AP1R<n>_EL2; [0] is GICH_APR on GICv2 */
    struct vgic_cpu vgic;
    struct flush_cursor flush;
    struct vcpu_features *features; /* NULL: it has none (asm/features.h) */
};

/* Characters on their way from the boot core, which has the UART, to a partition's own core. */
#define TYPED_BYTES 64U
struct typed {
    uint8_t text[TYPED_BYTES];
    uint32_t head; /* boot core */
    uint32_t tail; /* the partition's: vCPU 0's */
};

/* Where the restartable start routine is (kernel/start.c). */
struct start_cursor {
    uint32_t phase;
    uint32_t index;  /* memory region, image, vCPU or device */
    uint64_t offset; /* bytes, or interrupts, done in it */
};

struct partition {
    const struct partition_desc *desc;
    uint32_t index; /* in the module description */
    uint16_t vmid;
    bool spread;              /* its vCPUs run on several cores */
    uint32_t lock;            /* of a spread one: virtual GIC and UART; only ever tried */
    enum partition_mode mode; /* atomic where it is spread */
    uint64_t vttbr;
    struct vcpu *vcpu; /* [vcpu_count] */
    struct vgic_dist vgic;
    struct vpl011 uart;
    struct console_ring console;
    struct start_cursor start;
    uint64_t own_ticks;    /* own time at the next window's start: what the others lasted by plan */
    uint64_t start_count;  /* starts completed */
    bool torn;             /* its memory is half restored: no warm start */
    uint32_t start_reason; /* BH_START_... of the last one that was begun */
    uint64_t action_frame; /* the change of schedule that it has followed, by its first frame */
    uint64_t health_events;
    uint32_t health_lines; /* that wait for the console (kernel/hm.c) */
    struct typed typed;
};

static inline bool partition_is_spread(const struct partition *partition)
{
    return CONFIG_SMP && partition->spread;
}

static inline enum partition_mode partition_mode(const struct partition *partition)
{
    return __atomic_load_n(&partition->mode, __ATOMIC_ACQUIRE);
}

static inline bool partition_is_starting(const struct partition *partition)
{
    enum partition_mode mode = partition_mode(partition);

    return mode == PARTITION_COLD_START || mode == PARTITION_WARM_START;
}

#endif
