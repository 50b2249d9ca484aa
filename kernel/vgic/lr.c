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
 * Interrupts of a group that the guest's CPU interface is closed to are none of these: they stay in
 * memory until it opens, and those that it closed on give way, or they would hold back the others.
 *
 * An active interrupt that is in no list register is called parked.
 *
 * Bound: folding is a step for each list register (and each end that the hardware counted, at most
 * 31); filling is one pass over 32 priority levels and at most two steps for each list register.
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
    if (intid >= VGIC_PRIVATE_COUNT)
        cpu->held[intid / 32U] &= bank->active | ~vgic_bit(intid);
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
        if (!(lr & VGIC_LR_HW)) { /* see lr_of_active(): the physical one ends, too */
            uint32_t physical = bank->hw_active & ~bank->line & bit;
            bank->hw_active &= ~physical;
            vgic_hw_done_add(cpu, intid / 32U, physical);
        }
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

/* A set of INTIDs. */
struct intids {
    uint64_t half[2];
};

/* INTIDs of a priority level, whatever their state. */
static struct intids at_level(const struct vgic_cpu *cpu, uint32_t p)
{
    const uint64_t *shared = cpu->dist->level[p];
    return (struct intids){{shared[0] | cpu->level[p], shared[1]}};
}

/* What competes for the list registers of a vCPU. */
struct candidates {
    struct intids ready;  /* see add_word() */
    struct intids parked; /* active, held here, in no list register */
    struct intids forced; /* those of parked that were not acknowledged */
};

/*
 * Adds a word of interrupts.  Ready are those that are signalled to this vCPU, enabled, pending,
 * not active, in no list register, and of a group that is on; on[g] is all ones for such a group.
 */
static inline void add_word(const struct vgic_cpu *cpu, const struct vgic_bank *bank, uint32_t word,
                            const uint32_t on[2], struct candidates *c)
{
    uint32_t shift = word % 2U * 32U;

    if ((bank->pending | bank->line | bank->active) == 0)
        return;
    uint32_t parked = bank->active & ~bank->in_lr & cpu->held[word];
    uint32_t waits =
        cpu->home[word] & bank->enabled & vgic_pending_bits(bank) & ~(bank->active | bank->in_lr);
    uint32_t group1 = waits & bank->group;
    uint32_t group0 = waits ^ group1;
    uint32_t ready = (group1 & on[1]) | (group0 & on[0]);
    c->ready.half[word / 2U] |= (uint64_t)ready << shift;
    c->parked.half[word / 2U] |= (uint64_t)parked << shift;
    c->forced.half[word / 2U] |= (uint64_t)(parked & bank->forced) << shift;
}

/* groups: those that count, bit g for group g. */
static void find_candidates(const struct vgic_cpu *cpu, uint32_t groups, struct candidates *c)
{
    const struct vgic_bank *shared = cpu->dist->shared;
    const uint32_t on[2] = {0U - (groups & 1U), 0U - (groups >> 1 & 1U)};

    *c = (struct candidates){0};
    add_word(cpu, &cpu->private_bank, 0, on, c);
    for (uint32_t word = 1; word < VGIC_WORDS; word++)
        add_word(cpu, &shared[word], word, on, c);
}

static inline bool is_empty(const struct intids *set)
{
    return (set->half[0] | set->half[1]) == 0;
}

/* Ends the most urgent of a set of parked interrupts.  Returns how many ends are left. */
static uint32_t end_some(struct vgic_cpu *cpu, struct intids set, uint32_t ends)
{
    for (uint32_t levels = cpu->levels | cpu->dist->levels; levels != 0 && !is_empty(&set);
         levels &= levels - 1U) {
        struct intids level = at_level(cpu, vgic_lowest(levels));
        for (uint32_t half = 0; half < 2; half++) {
            uint64_t bits = set.half[half] & level.half[half];
            set.half[half] ^= bits;
            for (; bits != 0; bits &= bits - 1U) {
                if (ends-- == 0)
                    return 0;
                uint32_t intid = half * 64U + (uint32_t)__builtin_ctzll(bits);
                vgic_end(cpu, cpu, intid / 32U, vgic_bit(intid));
            }
        }
    }
    return ends;
}

/*
 * Ends that matched no list register belong to parked interrupts.  A guest ends the most urgent of
 * those it acknowledged first (IHI 0069, 4.8; IHI 0048, 3.2.1), and so does this.
 */
static void fold_ends(struct vgic_cpu *cpu)
{
    struct candidates c;

    find_candidates(cpu, 0, &c);
    struct intids acknowledged = {
        {c.parked.half[0] ^ c.forced.half[0], c.parked.half[1] ^ c.forced.half[1]}};
    uint32_t ends = end_some(cpu, acknowledged, cpu->eoi_count);
    cpu->eoi_count = 0;
    if (ends != 0)
        (void)end_some(cpu, c.forced, ends);
}

void vgic_fold_used(struct vgic_cpu *cpu)
{
    if (cpu->eoi_count != 0)
        fold_ends(cpu);
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
        lr_fold(cpu, vgic_lowest(used));
}

/* Takes list registers of one vCPU that hold interrupts of `bits` back into memory. */
static void recall_from(struct vgic_cpu *holder, uint32_t word, uint32_t bits)
{
    for (uint32_t used = holder->lr_used; used != 0; used &= used - 1U) {
        uint32_t n = vgic_lowest(used);
        uint32_t intid = (uint32_t)(holder->lr[n] & VGIC_LR_VINTID_MASK);
        if (intid / 32U == word && (bits & vgic_bit(intid)))
            lr_evict(holder, n);
    }
}

void vgic_recall_some(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const struct vgic_dist *dist = owner->dist;
    if (word == 0) {
        recall_from(owner, word, bits);
        return;
    }
    for (uint32_t c = 0; c < dist->cpu_count; c++) {
        if (dist->cpu[c]->held[word] & bits)
            recall_from(dist->cpu[c], word, bits);
    }
}

void vgic_end(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    const struct vgic_dist *dist = owner->dist;
    /* Not in a list register, so the physical interrupt is left for the driver to deactivate. */
    uint32_t physical = bits & bank->hw_active & ~bank->line;

    bank->active &= ~bits;
    bank->forced &= ~bits;
    bank->hw_active &= ~physical;
    vgic_hw_done_add(word == 0 ? owner : cpu, word, physical);
    for (uint32_t c = 0; word != 0 && c < dist->cpu_count; c++)
        dist->cpu[c]->held[word] &= ~bits;
}

/* List register bits of an active interrupt, besides the common ones. */
static uint64_t lr_of_active(struct vgic_cpu *cpu, const struct vgic_bank *bank, uint32_t intid)
{
    uint32_t bit = vgic_bit(intid);
    bool waits = (bank->pending & bank->enabled & bit) &&
                 (vgic_groups_on(cpu->dist) >> (bank->group >> (intid % 32U) & 1U) & 1U);
    bool again = waits && (cpu->home[intid / 32U] & bit);

    if (bank->hw & bit) {
        /* With the line still up the guest has not seen the physical interrupt: what is active was
         * made active by ISACTIVER or ISPENDR, and ending it must not end the physical one.  One
         * that is to come again must tell EL2 when it ends: no list register is all three. */
        if (((bank->hw_active & ~bank->line) & bit) && !waits)
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
    /* At its end the line is asked again, and one that a sibling waits for goes there. */
    if (!(bank->edge & bit) || (waits && !again))
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

/* Puts an interrupt that is ready or parked here into a list register, of which one is free. */
static void lr_load(struct vgic_cpu *cpu, uint32_t intid)
{
    uint32_t bit = vgic_bit(intid);
    uint32_t n = vgic_lowest(~cpu->lr_used);
    uint32_t lr_bit = UINT32_C(1) << n;
    struct vgic_bank *bank = vgic_bank_of(cpu, intid / 32U);
    uint64_t lr = intid | (uint64_t)*vgic_priority_of(cpu, intid) << VGIC_LR_PRIORITY_SHIFT |
                  (bank->group & bit ? VGIC_LR_GROUP1 : 0);

    if (bank->active & bit) {
        lr |= lr_of_active(cpu, bank, intid);
        cpu->lr_active |= lr_bit;
    } else {
        lr |= lr_of_ready(cpu, bank, intid);
    }
    if (lr & VGIC_LR_PENDING)
        cpu->lr_pended |= lr_bit;
    bank->in_lr |= bit;
    cpu->held[intid / 32U] |= bit;
    if (intid < VGIC_PRIVATE_COUNT)
        cpu->lr_of[intid] = (uint8_t)n;
    cpu->lr[n] = lr;
    cpu->lr_used |= lr_bit;
}

/* Interrupts that one fill loads at most, which bounds the longest access of a guest. */
#define FILL_LOADS 2U

static uint32_t lr_level(const struct vgic_cpu *cpu, uint32_t n)
{
    return (uint32_t)(cpu->lr[n] >> (VGIC_LR_PRIORITY_SHIFT + PRIORITY_SHIFT)) %
           VGIC_PRIORITY_COUNT;
}

/* Least urgent of the list registers in `candidates`, which is not 0. */
static uint32_t lr_least_urgent(const struct vgic_cpu *cpu, uint32_t candidates)
{
    uint32_t least = vgic_lowest(candidates);
    for (; candidates != 0; candidates &= candidates - 1U) {
        if (lr_level(cpu, vgic_lowest(candidates)) > lr_level(cpu, least))
            least = vgic_lowest(candidates);
    }
    return least;
}

static uint32_t free_lrs(const struct vgic_cpu *cpu)
{
    return ((UINT32_C(1) << cpu->lr_count) - 1U) & ~cpu->lr_used;
}

/* Parked interrupts take what is free.  Returns whether some are left. */
static bool load_parked(struct vgic_cpu *cpu, struct intids parked)
{
    for (uint32_t half = 0; half < 2; half++) {
        for (uint64_t bits = parked.half[half]; bits != 0; bits &= bits - 1U) {
            if (free_lrs(cpu) == 0)
                return true;
            lr_load(cpu, half * 64U + (uint32_t)__builtin_ctzll(bits));
        }
    }
    return false;
}

static bool lr_is_closed(const struct vgic_cpu *cpu, uint32_t n)
{
    return (cpu->groups_open >> ((cpu->lr[n] & VGIC_LR_GROUP1) != 0) & 1U) == 0;
}

/* A list register that is pending for a group that the interface is closed to is free. */
static bool evict_closed(struct vgic_cpu *cpu, uint32_t waiting)
{
    for (; waiting != 0; waiting &= waiting - 1U) {
        if (lr_is_closed(cpu, vgic_lowest(waiting))) {
            lr_evict(cpu, vgic_lowest(waiting));
            return true;
        }
    }
    return false;
}

/* Sees to a free list register for a ready interrupt of level p; fails if none is owed to it. */
static bool make_room(struct vgic_cpu *cpu, uint32_t p)
{
    uint32_t waiting = cpu->lr_pended & ~cpu->lr_active;

    if (free_lrs(cpu) != 0 || evict_closed(cpu, waiting))
        return true;
    if (waiting == 0) {
        lr_evict(cpu, lr_least_urgent(cpu, cpu->lr_used));
        cpu->active_overflow = true;
        return true;
    }
    cpu->more_pending = true;
    uint32_t victim = lr_least_urgent(cpu, waiting);
    if (lr_level(cpu, victim) <= p)
        return false;
    lr_evict(cpu, victim);
    return true;
}

/* Ready interrupts of level p and below stay in memory until nothing is pending in a list register;
 * what is less urgent there gives way, since the guest would otherwise see it first. */
static void leave_over(struct vgic_cpu *cpu, uint32_t p)
{
    cpu->more_pending = true;
    for (uint32_t waiting = cpu->lr_pended & ~cpu->lr_active; waiting != 0;
         waiting &= waiting - 1U) {
        uint32_t n = vgic_lowest(waiting);
        if (lr_level(cpu, n) > p || lr_is_closed(cpu, n))
            lr_evict(cpu, n);
    }
}

/* Loads ready interrupts, most urgent first; one pass over the priority levels.  What FILL_LOADS
 * leaves over comes by the no-pending interrupt: the guest waits for nothing, and EL2 never takes
 * long. */
static void load_ready(struct vgic_cpu *cpu, struct intids ready)
{
    uint32_t loads = 0;

    for (uint32_t levels = cpu->levels | cpu->dist->levels; levels != 0; levels &= levels - 1U) {
        uint32_t p = vgic_lowest(levels);
        struct intids level = at_level(cpu, p);
        level.half[0] &= ready.half[0];
        level.half[1] &= ready.half[1];
        if (is_empty(&level)) /* most are: they cost a few instructions each */
            continue;
        for (uint32_t half = 0; half < 2; half++) {
            uint64_t bits = level.half[half];
            ready.half[half] ^= bits;
            for (; bits != 0; bits &= bits - 1U) {
                if (loads++ == FILL_LOADS) {
                    leave_over(cpu, p);
                    return;
                }
                if (!make_room(cpu, p))
                    return;
                lr_load(cpu, half * 64U + (uint32_t)__builtin_ctzll(bits));
            }
        }
        if (is_empty(&ready))
            return;
    }
}

/* One that is active and pending becomes pending by its end, which must not keep the no-pending
 * interrupt away from what waits in memory: its end comes to EL2 instead. */
static void end_before_again(struct vgic_cpu *cpu)
{
    for (uint32_t again = cpu->lr_pended & cpu->lr_active; again != 0; again &= again - 1U) {
        uint32_t n = vgic_lowest(again);
        if (!(cpu->lr[n] & VGIC_LR_HW)) {
            cpu->lr[n] = (cpu->lr[n] & ~VGIC_LR_PENDING) | VGIC_LR_EOI;
            cpu->lr_pended &= ~(UINT32_C(1) << n);
        }
    }
}

/* What the guest may do to its CPU interface that makes another choice of interrupts right: it
 * opens it to a group, of which something may wait in memory or have given way there, or closes it
 * to one that more wait behind. */
static uint32_t group_interrupts(const struct vgic_cpu *cpu)
{
    uint32_t wanted = 0;

    for (uint32_t group = 0; group < 2; group++) {
        if ((cpu->groups_open >> group & 1U) == 0)
            wanted |= VGIC_GROUP_OPENS(group);
        else
            wanted |= cpu->more_pending ? VGIC_GROUP_CLOSES(group) : 0;
    }
    return wanted;
}

void vgic_fill(struct vgic_cpu *cpu)
{
    struct vgic_dist *dist = cpu->dist;

    /* Group enables changed: everything that is loaded is judged anew. */
    if (cpu->ctlr_seen != dist->ctlr) {
        cpu->ctlr_seen = dist->ctlr;
        for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
            lr_evict(cpu, vgic_lowest(used));
    }
    struct candidates c;

    find_candidates(cpu, vgic_groups_on(dist) & cpu->groups_open, &c);
    cpu->more_pending = false;
    cpu->active_overflow = !is_empty(&c.parked) && load_parked(cpu, c.parked);
    if (!is_empty(&c.ready))
        load_ready(cpu, c.ready);
    if (cpu->more_pending)
        end_before_again(cpu);
    cpu->group_interrupts = group_interrupts(cpu);
}

void vgic_look_at_once(struct vgic_cpu *cpu)
{
    cpu->more_pending = true;
    cpu->active_overflow = true; /* ends are counted from its first instruction on */
    /* One of both is true whatever the guest has done. */
    cpu->group_interrupts |= VGIC_GROUP_OPENS(0) | VGIC_GROUP_CLOSES(0);
}

void vgic_refill(struct vgic_cpu *cpu)
{
    vgic_fold(cpu);
    vgic_fill(cpu);
}

/* Ends that may be about list registers, too. */
static void take_ends(struct vgic_cpu *cpu)
{
    if (cpu->eoi_count == 0)
        return;
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U)
        lr_evict(cpu, vgic_lowest(used));
    fold_ends(cpu);
}

void vgic_fold_siblings(struct vgic_cpu *cpu)
{
    for (uint32_t c = 0; c < cpu->dist->cpu_count; c++) {
        struct vgic_cpu *sibling = cpu->dist->cpu[c];
        if (sibling != cpu && sibling->is_out)
            take_ends(sibling);
    }
}

void vgic_rejoin(struct vgic_cpu *cpu)
{
    take_ends(cpu);
    vgic_refill(cpu);
}

bool vgic_has_shared_ready(const struct vgic_cpu *cpu)
{
    const struct vgic_bank *shared = cpu->dist->shared;
    uint32_t groups = vgic_groups_on(cpu->dist);
    struct candidates c = {0};

    for (uint32_t group = 0; group < 2; group++) { /* one whose opening is waited for is seen to */
        if ((cpu->group_interrupts & VGIC_GROUP_OPENS(group)) != 0)
            groups &= ~(UINT32_C(1) << group);
    }
    const uint32_t on[2] = {0U - (groups & 1U), 0U - (groups >> 1 & 1U)};
    for (uint32_t word = 1; word < VGIC_WORDS; word++)
        add_word(cpu, &shared[word], word, on, &c);
    return !is_empty(&c.ready);
}

uint32_t vgic_in_list(const struct vgic_cpu *cpu, uint32_t word, uint32_t bits)
{
    return cpu->held[word] & cpu->dist->shared[word].in_lr & bits;
}

bool vgic_has_pending(const struct vgic_cpu *cpu)
{
    struct candidates c;

    find_candidates(cpu, vgic_groups_on(cpu->dist) & cpu->groups_open, &c);
    if (!is_empty(&c.ready))
        return true;
    for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1U) {
        uint32_t n = vgic_lowest(used);
        if ((cpu->lr[n] & VGIC_LR_PENDING) && !lr_is_closed(cpu, n))
            return true;
    }
    return false;
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
