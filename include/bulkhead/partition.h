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
    PARTITION_NORMAL,
    PARTITION_IDLE, /* stopped */
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
    bool powered_on;      /* PSCI */
    uint32_t gic_vmcr;    /* saved virtual CPU interface */
    uint32_t gic_ap0r[4]; /* ICH_AP0R<n>_EL2; [0] is GICH_APR on GICv2 */
    uint32_t gic_ap1r[4];
    struct vgic_cpu vgic;
    struct flush_cursor flush;
};

/* Where the restartable start routine is (kernel/start.c). */
struct start_cursor {
    uint32_t phase;
    uint32_t index;  /* memory region or image */
    uint64_t offset; /* bytes done in it */
};

struct partition {
    const struct partition_desc *desc;
    uint32_t index; /* in the module description */
    uint16_t vmid;
    enum partition_mode mode;
    uint64_t vttbr;
    struct vcpu *vcpu; /* [vcpu_count] */
    struct vgic_dist vgic;
    struct vpl011 uart;
    struct console_ring console;
    struct start_cursor start;
    uint64_t own_ticks;   /* own time at the next window's start: what the others lasted by plan */
    uint64_t start_count; /* cold starts completed */
    uint64_t health_events;
    uint32_t health_lines;      /* that wait for the console (kernel/hm.c) */
    const struct vcpu *entered; /* the vCPU that last used the VMID on its core */
};

#endif
