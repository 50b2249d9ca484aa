/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When may an interrupt be made pending without a look at all the others?  What a guest takes most
 * often, its timer and SGIs to itself, comes to a vCPU that has taken and ended the one before and
 * has list registers to spare: then one of them is all that changes.  Inline, because the drivers
 * take this way at each timer interrupt of a guest; `v2` is a constant there.
 *
 * Invariants that make it right (kernel/vgic/lr.c): with nothing left over in memory, one more
 * pending interrupt in a free list register is what vgic_refill() would do; a list register that
 * the hardware shows as empty is what it would have freed.  Anything else goes the long way.  No
 * loops.
 */
#ifndef BULKHEAD_VGIC_QUICK_H
#define BULKHEAD_VGIC_QUICK_H

#include <bulkhead/vgic.h>

#define VGIC_NO_SLOT          UINT32_MAX
#define VGIC_QUICK_SLOTS      4U /* list registers that are looked at */
#define VGIC_QUICK_SOURCE(lr) ((uint32_t)((lr) >> 10) & 7U)

/* The list register that a private interrupt may go into, or VGIC_NO_SLOT. */
static inline uint32_t vgic_quick_slot(const struct vgic_cpu *cpu, uint32_t intid)
{
    const struct vgic_bank *bank = &cpu->private_bank;
    uint32_t ctlr = cpu->dist->ctlr;
    uint32_t group = bank->group >> intid & 1U;
    uint32_t slot;

    if ((bank->enabled >> intid & ctlr >> group & 1U) == 0 || cpu->ctlr_seen != ctlr ||
        cpu->more_pending || cpu->active_overflow) {
        return VGIC_NO_SLOT;
    }
    if ((bank->in_lr >> intid & 1U) != 0) {
        slot = cpu->lr_of[intid];
    } else if (((bank->active | bank->pending | bank->line) >> intid & 1U) != 0) {
        return VGIC_NO_SLOT;
    } else {
        slot = (uint32_t)__builtin_ctz(~cpu->lr_used);
    }
    return slot < VGIC_QUICK_SLOTS && slot < cpu->lr_count ? slot : VGIC_NO_SLOT;
}

/* lr[slot], which the hardware shows as ended, is free of its interrupt. */
static inline bool vgic_quick_take_over(struct vgic_cpu *cpu, uint32_t intid, uint32_t slot,
                                        uint64_t lr, bool v2)
{
    struct vgic_bank *bank = &cpu->private_bank;
    uint32_t bit = UINT32_C(1) << intid;

    if ((cpu->lr_pended >> slot & 1U) == 0) {
        if ((bank->pending & bit) != 0) {
            return false; /* it became pending again while it was active */
        }
    } else if (v2 && intid < VGIC_SGI_COUNT &&
               cpu->sgi_source[intid] != UINT32_C(1) << VGIC_QUICK_SOURCE(lr)) {
        return false; /* another vCPU's SGI waits */
    }
    bank->pending &= ~bit;
    bank->active &= ~bit;
    bank->forced &= ~bit;
    cpu->lr_active &= ~(UINT32_C(1) << slot);
    return true;
}

/*
 * A linked interrupt that was acknowledged (see vgic_hw_pending()), or an SGI that the vCPU sends
 * itself, becomes pending in lr[slot], which the driver then writes; lr: what the hardware holds
 * there.  False: nothing was changed.
 */
static inline bool vgic_quick_pend(struct vgic_cpu *cpu, uint32_t intid, uint32_t slot, uint64_t lr,
                                   bool v2)
{
    struct vgic_bank *bank = &cpu->private_bank;
    uint32_t bit = UINT32_C(1) << intid;
    uint64_t entry = intid | VGIC_LR_PENDING |
                     (uint64_t)cpu->private_priority[intid] << VGIC_LR_PRIORITY_SHIFT |
                     ((bank->group & bit) != 0 ? VGIC_LR_GROUP1 : 0);

    if ((bank->in_lr & bit) != 0) {
        if ((lr & VGIC_LR_STATE) != 0) {
            /* An SGI that is pending already: once is as good as twice. */
            return (lr & VGIC_LR_STATE) == VGIC_LR_PENDING && intid < VGIC_SGI_COUNT &&
                   (!v2 || VGIC_QUICK_SOURCE(lr) == cpu->index);
        }
        if (!vgic_quick_take_over(cpu, intid, slot, lr, v2)) {
            return false;
        }
    } else {
        bank->in_lr |= bit;
        cpu->lr_of[intid] = (uint8_t)slot;
        cpu->lr_used |= UINT32_C(1) << slot;
    }
    if (intid >= VGIC_SGI_COUNT) {
        bank->line |= bit;
        bank->hw_active |= bit;
        entry |= VGIC_LR_HW | (uint64_t)cpu->dist->hw_intid[intid] << VGIC_LR_PINTID_SHIFT;
    } else {
        bank->pending |= bit;
        if (v2) {
            cpu->sgi_source[intid] = (uint8_t)(1U << cpu->index);
            entry |= (uint64_t)cpu->index << 10;
        }
    }
    cpu->lr_pended |= UINT32_C(1) << slot;
    cpu->lr[slot] = entry;
    return true;
}

/* ICC_SGI1R_EL1 and its like (IHI 0069, 12.2.21): the SGI; to all others; affinities 1 to 3 and the
 * range. */
#define VGIC_SGIR_INTID(value) ((uint32_t)((value) >> 24) & 0xfU)
#define VGIC_SGIR_IRM          (UINT64_C(1) << 40)
#define VGIC_SGIR_ELSEWHERE    UINT64_C(0x00fff0ff00ff0000)

/* True if writing `value` to ICC_SGI1R_EL1 sends an SGI of group 1 to `cpu` alone: *intid. */
static inline bool vgic_sgi1r_is_self(const struct vgic_cpu *cpu, uint64_t value, uint32_t *intid)
{
    *intid = VGIC_SGIR_INTID(value);
    return (value & (VGIC_SGIR_IRM | VGIC_SGIR_ELSEWHERE)) == 0 &&
           (value & 0xffffU) == UINT64_C(1) << cpu->index &&
           (cpu->private_bank.group >> *intid & 1U) != 0;
}

/* The same for GICD_SGIR (IHI 0048, 4.3.15): filter 25:24, target list 23:16. */
static inline bool vgic_sgir_is_self(const struct vgic_cpu *cpu, uint32_t value, uint32_t *intid)
{
    uint32_t filter = value >> 24 & 3U;

    *intid = value & 0xfU;
    return filter == 2 || (filter == 0 && (value >> 16 & 0xffU) == UINT32_C(1) << cpu->index);
}

#endif
