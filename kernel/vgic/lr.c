/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interrupts are in the list registers, and what has the guest done to them there?
 *
 * Folding compares each list register with what was put in (lr_pended, lr_active): pending gone
 * means acknowledged, empty means finished.  Filling keeps three rules:
 *   - the most urgent ready interrupts are in list registers, before less urgent ones;
 *   - while anything is ready, at least one list register is pending, so that the no-pending
 *     interrupt asks for more exactly when the guest has taken what there was;
 *   - otherwise active interrupts take what is free, since one that is in no list register costs
 *     the guest a trap when it ends.
 *
 * Bound: folding is at most lr_count steps, filling at most 2 * lr_count.
 */
#include "internal.h"

/* The guest acknowledged what lr[n] held as pending. */
static void acknowledge(struct vgic_cpu *cpu, struct vgic_bank *bank, uint32_t intid, uint64_t lr)
{
    uint32_t bit = vgic_bit(intid);
    if (vgic_is_v2_sgi(cpu, intid)) {
        uint32_t source = (uint32_t)(lr >> LR_SOURCE_SHIFT) & 7U;
        cpu->sgi_source[intid] = (uint8_t)(cpu->sgi_source[intid] & ~(1U << source));
        if (cpu->sgi_source[intid] != 0)
            return;
    }
    bank->pending &= ~bit;
    if (lr & VGIC_LR_HW)
        bank->line &= ~bit;
}

static void lr_release(struct vgic_cpu *cpu, uint32_t n, struct vgic_bank *bank, uint32_t intid)
{
    uint32_t mask = ~(UINT32_C(1) << n);
    cpu->lr[n] = 0;
    cpu->lr_used &= mask;
    cpu->lr_pended &= mask;
    cpu->lr_active &= mask;
    bank->in_lr &= ~vgic_bit(intid);
    vgic_enqueue(cpu, intid);
}

static void lr_fold(struct vgic_cpu *cpu, uint32_t n)
{
    uint32_t lr_bit = UINT32_C(1) << n;
    uint64_t lr = cpu->lr[n];
    uint32_t intid = (uint32_t)(lr & VGIC_LR_VINTID_MASK);
    uint32_t bit = vgic_bit(intid);
    struct vgic_bank *bank = vgic_bank_of(cpu, intid / 32U);

    if ((cpu->lr_pended & lr_bit) && !(lr & VGIC_LR_PENDING)) {
        cpu->lr_pended &= ~lr_bit;
        acknowledge(cpu, bank, intid, lr);
    }
    if (lr & VGIC_LR_ACTIVE) {
        if (!(cpu->lr_active & lr_bit)) {
            cpu->lr_active |= lr_bit;
            bank->active |= bit;
            if (vgic_is_v2_sgi(cpu, intid))
                cpu->sgi_active_source[intid] = (uint8_t)((lr >> LR_SOURCE_SHIFT) & 7U);
        }
    } else if (cpu->lr_active & lr_bit) {
        cpu->lr_active &= ~lr_bit;
        bank->active &= ~bit;
        bank->forced &= ~bit;
    }
    if (!(lr & VGIC_LR_STATE)) {
        if (lr & VGIC_LR_HW) /* the list register deactivated the physical interrupt */
            bank->hw_active &= ~bit;
        lr_release(cpu, n, bank, intid);
    }
}

/* Takes lr[n] back into memory, whatever its state. */
static void lr_evict(struct vgic_cpu *cpu, uint32_t n)
{
    lr_fold(cpu, n);
    if (cpu->lr_used & (UINT32_C(1) << n)) {
        uint32_t intid = (uint32_t)(cpu->lr[n] & VGIC_LR_VINTID_MASK);
        lr_release(cpu, n, vgic_bank_of(cpu, intid / 32U), intid);
    }
}

/* Most urgent member; level p is not empty.  Equal priorities: lowest INTID first. */
static uint32_t queue_first(const struct vgic_queue *queue, uint32_t p)
{
    const uint64_t *level = queue->level[p];
    return level[0] != 0 ? (uint32_t)__builtin_ctzll(level[0])
                         : 64U + (uint32_t)__builtin_ctzll(level[1]);
}

/* The parked queue to take from: acknowledged interrupts end before forced ones. */
static struct vgic_queue *parked_queue(struct vgic_cpu *cpu)
{
    return &cpu->parked[cpu->parked[0].levels != 0 ? 0 : 1];
}

void vgic_fold_used(struct vgic_cpu *cpu)
{
    /*
     * Ends that matched no list register belong to parked interrupts.  A guest ends the most urgent
     * of those it acknowledged first (IHI 0069, 4.8; IHI 0048, 3.2.1), and so does this.
     */
    uint32_t ends = cpu->eoi_count;
    cpu->eoi_count = 0;
    for (; ends != 0 && vgic_parked_levels(cpu) != 0; ends--) {
        const struct vgic_queue *queue = parked_queue(cpu);
        uint32_t intid = queue_first(queue, vgic_lowest(queue->levels));
        vgic_end(cpu, cpu, intid / 32U, vgic_bit(intid));
    }
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
        lr_fold(cpu, vgic_lowest(used));
}

void vgic_recall_some(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    for (; bits != 0; bits &= bits - 1U) {
        uint32_t intid = word * 32U + vgic_lowest(bits);
        struct vgic_cpu *holder = vgic_holder(owner, intid);
        for (uint32_t used = holder->lr_used; used != 0; used &= used - 1U) {
            uint32_t n = vgic_lowest(used);
            if ((holder->lr[n] & VGIC_LR_VINTID_MASK) == intid) {
                lr_evict(holder, n);
                break;
            }
        }
    }
}

/* List register bits of an active interrupt, besides the common ones. */
static uint64_t lr_of_active(struct vgic_cpu *cpu, const struct vgic_bank *bank, uint32_t intid)
{
    uint32_t bit = vgic_bit(intid);
    bool again = (bank->pending & bank->enabled & bit) && vgic_home(cpu, intid) == cpu &&
                 (vgic_groups_on(cpu->dist) >> (bank->group >> (intid % 32U) & 1U) & 1U);

    if (bank->hw & bit) {
        /* With the line still up the guest has not seen the physical interrupt: what is active was
         * made active by ISACTIVER or ISPENDR, and ending it must not end the physical one. */
        if ((bank->hw_active & ~bank->line) & bit)
            return VGIC_LR_ACTIVE | VGIC_LR_HW |
                   (uint64_t)cpu->dist->hw_intid[intid] << VGIC_LR_PINTID_SHIFT;
        return VGIC_LR_ACTIVE | VGIC_LR_EOI;
    }
    if (vgic_is_v2_sgi(cpu, intid)) {
        uint32_t source = cpu->sgi_active_source[intid];
        uint32_t others = cpu->sgi_source[intid] & ~(1U << source);
        again = again && ((uint32_t)cpu->sgi_source[intid] >> source & 1U);
        return VGIC_LR_ACTIVE | (again ? VGIC_LR_PENDING : 0) | (others ? VGIC_LR_EOI : 0) |
               (uint64_t)source << LR_SOURCE_SHIFT;
    }
    if (!(bank->edge & bit)) /* the line is asked again when the guest is done */
        return VGIC_LR_ACTIVE | VGIC_LR_EOI;
    return VGIC_LR_ACTIVE | (again ? VGIC_LR_PENDING : 0);
}

/* List register bits of a ready interrupt, besides the common ones. */
static uint64_t lr_of_ready(struct vgic_cpu *cpu, const struct vgic_bank *bank, uint32_t intid)
{
    uint32_t bit = vgic_bit(intid);
    if (bank->hw_active & bit)
        return VGIC_LR_PENDING | VGIC_LR_HW |
               (uint64_t)cpu->dist->hw_intid[intid] << VGIC_LR_PINTID_SHIFT;
    if (vgic_is_v2_sgi(cpu, intid)) {
        uint32_t sources = cpu->sgi_source[intid];
        return VGIC_LR_PENDING | (uint64_t)vgic_lowest(sources) << LR_SOURCE_SHIFT |
               ((sources & (sources - 1U)) ? VGIC_LR_EOI : 0);
    }
    return VGIC_LR_PENDING | ((bank->hw | ~bank->edge) & bit ? VGIC_LR_EOI : 0);
}

/* Moves the first of a queue at level p into a list register, of which one is free. */
static void lr_load(struct vgic_cpu *cpu, struct vgic_queue *queue, uint32_t p)
{
    uint32_t intid = queue_first(queue, p);
    uint32_t bit = vgic_bit(intid);
    uint32_t n = vgic_lowest(~cpu->lr_used);
    uint32_t lr_bit = UINT32_C(1) << n;
    struct vgic_bank *bank = vgic_bank_of(cpu, intid / 32U);
    uint64_t lr = intid | (uint64_t)p << (VGIC_LR_PRIORITY_SHIFT + PRIORITY_SHIFT) |
                  (bank->group & bit ? VGIC_LR_GROUP1 : 0);

    lr |= bank->active & bit ? lr_of_active(cpu, bank, intid) : lr_of_ready(cpu, bank, intid);
    vgic_queue_remove(queue, p << PRIORITY_SHIFT, intid);
    bank->in_lr |= bit;
    if (intid >= VGIC_PRIVATE_COUNT)
        cpu->dist->holder[intid] = (uint8_t)cpu->index;
    cpu->lr[n] = lr;
    cpu->lr_used |= lr_bit;
    cpu->lr_pended |= lr & VGIC_LR_PENDING ? lr_bit : 0;
    cpu->lr_active |= lr & VGIC_LR_ACTIVE ? lr_bit : 0;
}

/* Least urgent of the list registers in `candidates`, which is not 0. */
static uint32_t lr_least_urgent(const struct vgic_cpu *cpu, uint32_t candidates)
{
    uint32_t least = vgic_lowest(candidates);
    for (; candidates != 0; candidates &= candidates - 1U) {
        uint32_t n = vgic_lowest(candidates);
        if ((uint8_t)(cpu->lr[n] >> VGIC_LR_PRIORITY_SHIFT) >
            (uint8_t)(cpu->lr[least] >> VGIC_LR_PRIORITY_SHIFT))
            least = n;
    }
    return least;
}

void vgic_fill_some(struct vgic_cpu *cpu)
{
    struct vgic_dist *dist = cpu->dist;
    uint32_t all = (UINT32_C(1) << cpu->lr_count) - 1U;
    uint32_t levels;

    /* Group enables changed: everything that is loaded is judged anew. */
    if (cpu->ctlr_seen != dist->ctlr) {
        cpu->ctlr_seen = dist->ctlr;
        for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
            lr_evict(cpu, vgic_lowest(used));
    }

    for (;;) {
        uint32_t levels0 = vgic_ready_levels(cpu, 0);
        uint32_t waiting = cpu->lr_pended & ~cpu->lr_active;
        uint32_t free = all & ~cpu->lr_used;
        levels = levels0 | vgic_ready_levels(cpu, 1);

        if (free != 0 && vgic_parked_levels(cpu) != 0) {
            struct vgic_queue *queue = parked_queue(cpu);
            lr_load(cpu, queue, vgic_lowest(queue->levels));
            continue;
        }
        if (levels == 0)
            break;
        uint32_t p = vgic_lowest(levels);
        if (free == 0) {
            uint32_t victim = lr_least_urgent(cpu, waiting != 0 ? waiting : cpu->lr_used);
            /* Each exchange of waiting ones is for a more urgent one, so there are few. */
            if (waiting != 0 &&
                (uint8_t)(cpu->lr[victim] >> VGIC_LR_PRIORITY_SHIFT) >> PRIORITY_SHIFT <= p)
                break;
            lr_evict(cpu, victim);
        }
        lr_load(cpu, &cpu->ready[(levels0 >> p & 1U) ? 0 : 1], p);
    }
    cpu->more_pending = levels != 0;
    cpu->active_overflow = vgic_parked_levels(cpu) != 0;
}

void vgic_refill(struct vgic_cpu *cpu)
{
    vgic_fold(cpu);
    vgic_fill(cpu);
}

bool vgic_has_pending(const struct vgic_cpu *cpu)
{
    uint64_t states = 0;
    if (vgic_ready_levels(cpu, 0) | vgic_ready_levels(cpu, 1))
        return true;
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
        states |= cpu->lr[vgic_lowest(used)];
    return (states & VGIC_LR_PENDING) != 0;
}

uint32_t vgic_private_hw_busy(const struct vgic_cpu *cpu)
{
    uint32_t busy = cpu->private_bank.hw_active;
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U) {
        uint64_t lr = cpu->lr[vgic_lowest(used)];
        uint32_t intid = (uint32_t)(lr & VGIC_LR_VINTID_MASK);
        if (intid < VGIC_PRIVATE_COUNT && (lr & VGIC_LR_HW) && !(lr & VGIC_LR_STATE))
            busy &= ~vgic_bit(intid); /* ended, and the physical one with it */
    }
    return busy;
}
