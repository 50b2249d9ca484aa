/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What interrupts does a partition have?  The virtual GIC: one distributor per partition, one set
 * of SGIs and PPIs per vCPU.  The state in memory is the truth; `lr[]` in struct vgic_cpu is a
 * cache of the list registers in the GICv3 ICH_LR<n>_EL2 layout (IHI 0069, 12.4.x), whatever the
 * hardware is: the GIC driver converts.  Everything here works on memory, so it is portable and
 * tested on the host.
 *
 * Protocol: before any call marked [LR] the driver has read the hardware's list registers into
 * lr[] (and added ICH_HCR_EL2.EOIcount to eoi_count, and read groups_open); afterwards it
 *   - writes lr[] back,
 *   - asks for the no-pending maintenance interrupt (NPIE, not UIE) if more_pending: while anything
 *     is ready, at least one list register was left in the state "pending",
 *   - asks for the not-present maintenance interrupt (LRENPIE) if active_overflow, and has the
 *     hardware go on counting from eoi_count, which it clears: ends that were read and not seen to,
 *   - asks for the group maintenance interrupts in group_interrupts,
 *   - traps deactivation by the guest (ICC_DIR_EL1; GICC_DIR always) if active_overflow, or if
 *     there are siblings,
 *   - deactivates the physical interrupts named in hw_done[], if hw_done_any, and clears both.
 * While the vCPU is out, lr[] is simply what was saved.  A vCPU that comes in is refilled by
 * vgic_hw_levels() if a linked line has changed, unless it is overloaded (more_pending or
 * active_overflow): then its maintenance interrupt does it, in its own window.
 *
 * Ownership: the core that runs the vCPU, interrupts masked.  Other vCPUs of the partition that a
 * call touches (SGIs, shared interrupts, GICR frames) are out, so that their lr[] is the truth.
 * Time: every function has a bound that no guest can lengthen.
 */
#ifndef BULKHEAD_VGIC_H
#define BULKHEAD_VGIC_H

#include <bulkhead/module.h>
#include <bulkhead/types.h>

#define VGIC_SGI_COUNT      16U
#define VGIC_PRIVATE_COUNT  32U  /* SGIs and PPIs */
#define VGIC_IRQ_COUNT      128U /* INTIDs 0..127 that a partition's distributor implements */
#define VGIC_WORDS          (VGIC_IRQ_COUNT / 32U)
#define VGIC_PRIORITY_COUNT 32U /* five bits, in the top of the byte */
#define VGIC_LR_MAX         16U
/* What is used of them, on whatever hardware: what all bounds were measured with. */
#define VGIC_LR_USED 4U

/* ICH_LR<n>_EL2 (IHI 0069H, 12.4.6). */
#define VGIC_LR_PENDING        (UINT64_C(1) << 62)
#define VGIC_LR_ACTIVE         (UINT64_C(1) << 63)
#define VGIC_LR_STATE          (UINT64_C(3) << 62)
#define VGIC_LR_HW             (UINT64_C(1) << 61)
#define VGIC_LR_GROUP1         (UINT64_C(1) << 60)
#define VGIC_LR_PRIORITY_SHIFT 48U
#define VGIC_LR_PINTID_SHIFT   32U /* 10 bits (v3: 13); with HW = 0: bit 41 is EOI */
#define VGIC_LR_EOI            (UINT64_C(1) << 41)
/* ICH_HCR_EL2.VGrp<g>EIE and VGrp<g>DIE; GICH_HCR has them in the same place (IHI 0048, 5.3.1). */
#define VGIC_GROUP_OPENS(g)  (UINT32_C(1) << (4U + 2U * (g)))
#define VGIC_GROUP_CLOSES(g) (UINT32_C(1) << (5U + 2U * (g)))
/* GICv2 only: source CPU of an SGI, kept in the driver-neutral format in bits 12:10 of vINTID. */
#define VGIC_LR_VINTID_MASK UINT64_C(0x3ff)

/* State that is banked per vCPU for INTID 0..31 and shared for the rest: one word per 32 INTIDs. */
struct vgic_bank {
    uint32_t enabled;
    uint32_t pending; /* latched: edge seen, or set by ISPENDR / SGI */
    uint32_t line;    /* level of the input: virtual devices, timers */
    uint32_t active;
    uint32_t edge;  /* 1 = edge-triggered (ICFGR bit 1) */
    uint32_t group; /* 1 = group 1 */
    uint32_t hw;    /* linked to the physical interrupt of the host INTID in hw_intid[] */
    uint32_t in_lr; /* this INTID occupies a list register of the vCPU that holds it */
    /* Linked only: the kernel acknowledged the physical interrupt and left it active.  `line` then
     * says that the guest has yet to acknowledge the virtual one. */
    uint32_t hw_active;
    uint32_t forced; /* made active by ISACTIVER, not by an acknowledgement */
};

struct vgic_dist; /* per partition */

struct vgic_cpu {
    struct vgic_dist *dist;
    uint32_t index;    /* vCPU number: affinity 0 */
    uint32_t lr_count; /* list registers that the hardware has */
    uint64_t lr[VGIC_LR_MAX];
    uint32_t lr_used;     /* bit n: lr[n] is in use */
    uint32_t lr_pended;   /* bit n: lr[n] was pending when last filled or folded */
    uint32_t lr_active;   /* bit n: lr[n] was active when last filled or folded */
    uint32_t ctlr_seen;   /* GICD_CTLR that lr[] was filled for */
    uint32_t groups_open; /* in: groups that the guest's CPU interface signals, bit g for group g */
    uint32_t line_now;    /* in: linked private ones whose line is up: they read as pending */
    uint32_t eoi_count;   /* in: ends of interrupts that were in no LR, since the last call */
    bool more_pending;    /* out: more is ready than fits: ask for the no-pending interrupt */
    bool active_overflow; /* out: active ones are in no LR: count ends, trap DIR */
    bool hw_done_any;     /* out: hw_done[] is not empty */
    bool is_out; /* in, judged by siblings: lr[] and eoi_count are the truth; set by vgic_reset() */
    /* out: VGIC_GROUP_OPENS, _CLOSES: more becomes ready by that, or finds room. */
    uint32_t group_interrupts;
    uint32_t hw_done[VGIC_WORDS];  /* out: virtual INTIDs; deactivate their physical ones */
    struct vgic_bank private_bank; /* INTID 0..31 */
    uint8_t private_priority[VGIC_PRIVATE_COUNT];
    uint8_t sgi_source[VGIC_SGI_COUNT];        /* GICv2: bit c: pending from CPU c */
    uint8_t sgi_active_source[VGIC_SGI_COUNT]; /* GICv2: the CPU whose SGI is active */
    bool redistributor_awake;  /* GICv3: GICR_WAKER.ProcessorSleep clear; holds nothing back */
    uint32_t home[VGIC_WORDS]; /* INTIDs that are signalled to this vCPU, pending or not */
    uint32_t held[VGIC_WORDS]; /* SPIs that are active here or in an LR of this vCPU */
    uint8_t lr_of[VGIC_PRIVATE_COUNT]; /* where an INTID is that private_bank.in_lr has */
    /* INTIDs 0..31 by priority level, whatever their state; bit p of levels: level[p] is not 0. */
    uint32_t levels;
    uint32_t level[VGIC_PRIORITY_COUNT];
};

struct vgic_dist {
    enum gic_version model;
    uint32_t cpu_count;
    struct vgic_cpu *const *cpu;
    uint32_t ctlr;                       /* GICD_CTLR as the guest wrote it, writable bits only */
    struct vgic_bank shared[VGIC_WORDS]; /* [0] unused */
    uint8_t priority[VGIC_IRQ_COUNT];
    uint8_t target[VGIC_IRQ_COUNT]; /* GICv2: ITARGETSR; one target vCPU is chosen: lowest set */
    uint32_t route[VGIC_IRQ_COUNT]; /* GICv3: GICD_IROUTER, affinities 2..0; the rest is RES0 */
    uint16_t hw_intid[VGIC_IRQ_COUNT];
    /* SPIs by priority level, as in struct vgic_cpu; a bit for each INTID. */
    uint32_t levels;
    uint64_t level[VGIC_PRIORITY_COUNT][VGIC_IRQ_COUNT / 64U];
};

struct vgic_access {
    uint64_t offset;     /* from the start of the frame */
    uint32_t size_bytes; /* 1, 2, 4 or 8 */
    bool write;
    uint64_t value; /* in for writes, out for reads */
};

/* Puts distributor and vCPUs into their reset state (start and restart).  No [LR]: lr[] is cleared.
 * Physical interrupts that were left active are the driver's to deactivate. */
void vgic_reset(struct vgic_dist *dist, enum gic_version model, uint32_t cpu_count,
                struct vgic_cpu *const *cpu, uint32_t lr_count);

/* Links virtual INTID to a physical one (HW bit).  PPI: per vCPU, one number for all of them; SPI:
 * for the partition.  After vgic_reset, before the guest runs. */
void vgic_link_private(struct vgic_cpu *cpu, uint32_t intid, uint32_t physical_intid);
void vgic_link_shared(struct vgic_dist *dist, uint32_t intid, uint32_t physical_intid);

/* What a guest reads in the distributor's words below VGIC_IDENTITY_END (CTLR, TYPER, IIDR), which
 * no list register caches; offset: a multiple of 4. */
#define VGIC_IDENTITY_END 0x80U
uint32_t vgic_dist_identity(const struct vgic_dist *dist, uint32_t offset);

/* True if the access touches state that list registers cache, so that the caller must go by the
 * [LR] protocol; false for pure reads (TYPER, IIDR, CTLR, PIDR, configuration) on the short path.
 */
bool vgic_dist_needs_lr(const struct vgic_dist *dist, const struct vgic_access *access);
bool vgic_redist_needs_lr(const struct vgic_access *access);

/* GICD access.  Returns false for a width or alignment that the architecture does not allow (the
 * caller gives the guest an external abort); unknown registers are RAZ/WI.  Aligned 1, 2 and 4
 * bytes are taken everywhere (more than IHI 0048, 4.1.4 and IHI 0069, 12.1.3 ask for), 8 bytes for
 * 64-bit registers.  [LR] where needs_lr. */
bool vgic_dist_access(struct vgic_cpu *cpu, struct vgic_access *access);

/* GICR access of vCPU `cpu` (RD frame at 0, SGI frame at 0x10000, stride 0x20000); `target` is the
 * vCPU whose frame is touched, `offset` is within its 128 KiB. */
bool vgic_redist_access(struct vgic_cpu *cpu, struct vgic_cpu *target, struct vgic_access *access);

/* GICv2 GICD_SGIR, and GICv3 ICC_SGI1R_EL1 (group 1), ICC_SGI0R_EL1 and ICC_ASGI1R_EL1 (group 0)
 * written by `cpu`: where the SGI is of the other group, nothing comes (IHI 0069, table 12-14 with
 * one security state).  [LR] for own SGIs. */
void vgic_sgir_write(struct vgic_cpu *cpu, uint32_t value);
void vgic_sgi1r_write(struct vgic_cpu *cpu, uint64_t value, uint32_t group);

/* Who such a value names, as a bit for each vCPU of the partition. */
uint32_t vgic_sgir_targets(const struct vgic_cpu *cpu, uint32_t value);
uint32_t vgic_sgi1r_targets(const struct vgic_cpu *cpu, uint64_t value);

/* SGIs `sgis` arrive, all at once: a bit for each of 0..15; GICv3: if it is of group 1, and 16 bits
 * higher if it is of group 0.  GICv2: from[n] has a bit for each vCPU that sent SGI n, none if it
 * was counted in with an earlier one.  [LR] */
void vgic_sgis_pend(struct vgic_cpu *cpu, uint32_t sgis, const uint8_t *from);

/* A private interrupt becomes pending, as an edge.  [LR] */
void vgic_pend_private(struct vgic_cpu *cpu, uint32_t intid);

/* The input line of an interrupt changed (virtual devices).  Edge-configured interrupts latch on a
 * rise.  For a linked interrupt up means vgic_hw_pending() and down vgic_hw_retract().  [LR] */
void vgic_set_line(struct vgic_cpu *cpu, uint32_t intid, bool level);

/* A physical interrupt linked to virtual `intid` was acknowledged by the kernel, priority dropped
 * and left active; it becomes pending for its target.  [LR] */
void vgic_hw_pending(struct vgic_cpu *cpu, uint32_t intid);

/* Reads back what the guest did to lr[] (acknowledged, ended) into the bank state, empties finished
 * LRs, then fills free ones with the most urgent ready interrupts and sets more_pending.  [LR]
 * Called by the mutators above; the driver also calls it on a maintenance interrupt. */
void vgic_refill(struct vgic_cpu *cpu);

/* Virtual INTIDs 0..31 (as a word) whose physical counterparts were taken by vgic_hw_pending() and
 * not yet ended: they must be active in the physical GIC while this vCPU runs.  [LR] */
uint32_t vgic_private_hw_busy(const struct vgic_cpu *cpu);

/* Takes back a HW-linked interrupt that is pending and not yet acknowledged, because its device
 * line has fallen (timer re-armed before the partition was switched in again).  What the guest
 * pended by ISPENDR stays.  The driver deactivates the physical interrupt.  [LR] */
void vgic_hw_retract(struct vgic_cpu *cpu, uint32_t intid);

/* Both of the above for several linked interrupts of one word at once, and a vgic_refill(): of
 * `which`, those in `high` have their line up now, the others down.  One that is active physically
 * already stays as it is.  [LR] */
void vgic_hw_levels(struct vgic_cpu *cpu, uint32_t word, uint32_t which, uint32_t high);

/* The guest wrote ICC_DIR_EL1 or GICC_DIR, in EOImode 1.  An SPI may be active on another vCPU;
 * what is not active is ignored.  [LR] */
void vgic_deactivate(struct vgic_cpu *cpu, uint32_t intid);

/* A vCPU that comes in, and is overloaded, has had siblings meanwhile: any of them may have changed
 * what is in its lr[], or should be.  Its maintenance interrupt comes at once. */
void vgic_look_at_once(struct vgic_cpu *cpu);

/* A vCPU that leaves makes what its guest did in lr[] known to its siblings.  [LR] */
void vgic_publish(struct vgic_cpu *cpu);

/* For partitions on several cores (bulkhead/share.h).  The vCPU has run with its list registers in
 * memory, and eoi_count may be about those, too: takes them back, and fills anew.  [LR] */
void vgic_rejoin(struct vgic_cpu *cpu);

/* Whether a shared interrupt is ready for this vCPU and in no list register. */
bool vgic_has_shared_ready(const struct vgic_cpu *cpu);

/* Whether shared interrupts of `word` (>= 1), of those in `bits`, are in its list registers. */
uint32_t vgic_in_list(const struct vgic_cpu *cpu, uint32_t word, uint32_t bits);

/* Whether the guest's `intid`, which may be anything, is one that only this vCPU may hold. */
bool vgic_is_held(const struct vgic_cpu *cpu, uint32_t intid);

/* Whether an access concerns state that other vCPUs' list registers may hold. */
bool vgic_dist_concerns_others(const struct vgic_dist *dist, const struct vgic_access *access);

/* Whether any enabled interrupt is pending for this vCPU (a WFI would not wait).  [LR] */
bool vgic_has_pending(const struct vgic_cpu *cpu);

#endif
