/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do several cores run one partition?  Its virtual GIC and its UART are one state, which only
 * one core at a time may change; nobody ever waits for that.  The lock is tried: a core that finds
 * it taken lets its guest go on and comes back, by a kick to itself, or because the guest's
 * instruction traps again.  So a boundary takes as long as ever, whatever the siblings do.
 *
 * A vCPU is attached while its list registers are the hardware's: they are its own core's then,
 * lock or not.  One that is out, or runs detached, has them in lr[], which is whoever's that has
 * the lock.  What concerns others' list registers (shared interrupts, others' redistributors) is
 * done only while nobody else is attached: the core that wants it leaves a mark with its siblings,
 * kicks them, and lets its guest's instruction trap again; they detach, and attach again when the
 * mark is gone.  A mark goes at the latest when its owner's window ends.
 *
 * SGIs need neither lock nor marks: they are posted, and the target takes them.
 *
 * All of it is for partitions whose vCPUs are on several cores (partition.spread).  Context: the
 * vCPU's own core, but where it says otherwise.
 */
#ifndef BULKHEAD_SHARE_H
#define BULKHEAD_SHARE_H

#include <bulkhead/core.h>
#include <bulkhead/gic.h>

/* The virtual GIC and UART for this core: true = vgic's functions may be called, lr[] is up to
 * date.  Fails only if a sibling has them, or if the list registers are to be filled anew and the
 * window is about to end. */
bool share_take(struct vcpu *vcpu);
/* Gives them back; whoever has something to take is kicked. */
void share_give(struct vcpu *vcpu);
/* After share_take(): whether no sibling is attached.  If not, share_give(), and the guest's
 * instruction is to trap again. */
bool share_is_alone(struct vcpu *vcpu);
/* Gives back when what share_is_alone() was for is done. */
void share_give_alone(struct vcpu *vcpu);

/* Around a window: before the state is looked at (false: the partition is not to run), with the
 * state loaded, before it is saved, and when it is.  Time: see docs/timing.md. */
bool share_begin(struct vcpu *vcpu);
void share_enter(struct core *core, struct vcpu *vcpu, const struct window *window, uint64_t start);
void share_leave(struct vcpu *vcpu);
void share_left(struct vcpu *vcpu);

/* A kick came, or is made up for. */
void share_look(struct vcpu *vcpu);

/* A physical interrupt of a device, acknowledged and left active. */
void share_late_interrupt(struct vcpu *vcpu, uint32_t intid);

/* Whether it should not wait for an interrupt: one is pending, or nobody can say. */
bool share_has_interrupt(struct vcpu *vcpu);

/* SGI `sgi`, a bit number of vgic_sgis_pend(), from `vcpu` to each vCPU of `targets` but itself. */
void share_post_sgi(const struct vcpu *vcpu, uint32_t targets, uint32_t sgi);

/* The UART's line has changed, by an access of `vcpu`, which has the lock. */
void share_uart_line(struct vcpu *vcpu);

/* Kicks the cores that run vCPUs of the partition: it, or one of them, may not go on.  Any core. */
void share_kick_all(const struct partition *partition);

/* Whether none of its vCPUs is loaded anywhere.  Any core. */
bool share_is_out(const struct partition *partition);

static inline bool share_is_attached(const struct vcpu *vcpu)
{
    return !partition_is_spread(vcpu->partition) || vcpu->share.attached;
}

/* The same for any partition. */
static inline bool vgic_take(struct vcpu *vcpu)
{
    if (partition_is_spread(vcpu->partition)) {
        return share_take(vcpu);
    }
    gic->read_list(&vcpu->vgic);
    return true;
}

static inline void vgic_give(struct vcpu *vcpu)
{
    if (partition_is_spread(vcpu->partition)) {
        share_give(vcpu);
    } else {
        gic->write_list(&vcpu->vgic);
    }
}

#endif
