/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the kernel ask of the physical interrupt controller?  One interface for GICv2 and
 * GICv3; the driver is chosen at start by the device tree.  EL2 takes interrupts in two steps
 * (EOImode 1): the priority drop lets others in, the deactivation of a guest's interrupt is the
 * guest's own. Every call takes a bounded, small number of accesses; the only poll (GICv3 RWP) is
 * counted.
 */
#ifndef BULKHEAD_GIC_H
#define BULKHEAD_GIC_H

#include <bulkhead/core.h>
#include <bulkhead/partition.h>

/* What cores send each other.  A kick is open only while a vCPU of a partition on several cores
 * runs, so that none interrupts another partition; a call for a boundary only on a core that takes
 * none of its own. */
#define GIC_SGI_KICK     0U
#define GIC_SGI_BOUNDARY 1U
#define GIC_SGI_COUNT    16U

#define GIC_INTID_SPURIOUS 1020U /* 1020..1023: nothing to acknowledge (IHI 0069, 2.2.1) */

/* What a driver has for several cores only. */
#define ONLY_SMP(function) (CONFIG_SMP ? (function) : NULL)

struct gic_driver {
    /* Distributor: everything disabled, group 1, level, lower priority than the guard timer. */
    void (*init_distributor)(const struct platform_desc *platform);
    /* This core's interface and private interrupts; guard, virtual, physical timer and maintenance
     * on.  NULL, or what keeps the core from taking part. */
    const char *(*init_core)(const struct platform_desc *platform, struct core *core);
    uint32_t (*list_registers)(void);
    /* Acknowledges; >= GIC_INTID_SPURIOUS = none.  An SGI has ended with that. */
    uint32_t (*acknowledge)(void);
    void (*drop_priority)(uint32_t intid);
    void (*deactivate)(uint32_t intid);
    /* Virtual interface of the vCPU that leaves or comes; save also turns the interface off, so
     * that no maintenance interrupt survives.  load takes the vCPU's lr[] as vgic left it. */
    void (*save)(struct vcpu *vcpu);
    void (*load)(struct vcpu *vcpu);
    /* The same where lr[] is not the hardware's (bulkhead/share.h): list registers stay empty. */
    void (*save_detached)(struct vcpu *vcpu);
    void (*load_detached)(struct vcpu *vcpu);
    /* Empties the hardware's list registers while the vCPU runs; what was in them has been read. */
    void (*detach)(struct vgic_cpu *cpu);
    /* Adds ends that the guest made while detached to eoi_count. */
    void (*read_ends)(struct vgic_cpu *cpu);
    /* List registers only, for the [LR] protocol while the vCPU runs. */
    void (*read_list)(struct vgic_cpu *cpu);
    void (*write_list)(struct vgic_cpu *cpu);
    /* Whether the running guest ends interrupts in two steps (its EOImode is 1). */
    bool (*ends_apart)(void);
    /* Makes a private interrupt pending for the vCPU that runs, if its list register is all that
     * changes: a linked one that was acknowledged, or an SGI to itself.  False: nothing was done,
     * take the long way.  Not part of the [LR] protocol. */
    bool (*pend_quickly)(struct vgic_cpu *cpu, uint32_t intid);
    /* Makes exactly the interrupts of `active` among those of `which` (INTID 0..31) physically
     * active. */
    void (*set_private_active)(uint32_t which, uint32_t active);
    /* An SGI of the kernel's own to another core, or to this one. */
    void (*kick)(const struct core *core, uint32_t sgi);
    /* A device interrupt goes to this core.  Start-up only. */
    void (*route)(uint32_t intid, const struct core *core);
    /* Device interrupts (word >= 1 of 32 INTIDs), and of this core (word 0) SGIs and the PMU's. */
    void (*mask)(uint32_t word, uint32_t bits);
    void (*unmask)(uint32_t word, uint32_t bits);
    /* After mask(), with every device interrupt masked: waits, bounded, until that has taken
     * effect. */
    void (*settle)(void);
};

extern const struct gic_driver *gic;

extern const struct gic_driver gicv2_driver;
extern const struct gic_driver gicv3_driver;

/* For the drivers: deactivates the physical interrupts of hw_done[] and empties it.  At most as
 * many as the partition has assigned interrupts, and two timers. */
void gic_deactivate_done(struct vgic_cpu *cpu);

/* Chooses the driver and initialises distributor and boot core; panics with words if there is none.
 */
void gic_init(const struct platform_desc *platform);

#endif
