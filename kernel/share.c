/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See bulkhead/share.h.  State: struct vcpu_share of each vCPU, and the partition's lock.
 *
 * Two orders are relied on, each by a full barrier on both sides.  A sibling changes the mode,
 * posts or marks, then looks whether the vCPU runs; a core says that its vCPU runs, then looks at
 * mode, posts and marks.  One of the two sees the other.
 */
#include <bulkhead/module_state.h>
#include <bulkhead/share.h>
#include <bulkhead/timer.h>
#include <string.h>

static uint32_t bit_of(const struct vcpu *vcpu)
{
    return UINT32_C(1) << vcpu->index;
}

static void kick(const struct vcpu *vcpu)
{
    gic->kick(vcpu->core, GIC_SGI_KICK);
}

static bool is_running(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->share.running, __ATOMIC_SEQ_CST);
}

static bool is_attached(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->share.attached, __ATOMIC_ACQUIRE);
}

static void set_attached(struct vcpu *vcpu, bool attached)
{
    __atomic_store_n(&vcpu->share.attached, attached, __ATOMIC_RELEASE);
}

/* Weak: a store that fails for no reason counts as taken. */
static bool try_lock(struct partition *partition)
{
    uint32_t open = 0;

    return __atomic_compare_exchange_n(&partition->lock, &open, 1, true, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void unlock(struct partition *partition)
{
    __atomic_store_n(&partition->lock, 0, __ATOMIC_RELEASE);
}

/* --- what siblings left for a vCPU ------------------------------------------------------------ */

/* Some of the shared interrupts are in a sibling's list registers, which are its own to look at: it
 * does, and this core then comes back to them. */
static bool kick_holder(const struct vcpu *vcpu, uint32_t word, uint32_t bits)
{
    const struct partition *partition = vcpu->partition;

    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        const struct vcpu *sibling = &partition->vcpu[v];

        if (sibling->core != vcpu->core && is_attached(sibling) &&
            vgic_in_list(&sibling->vgic, word, bits) != 0) {
            kick(sibling);
            kick(vcpu);
            return true;
        }
    }
    return false;
}

static void take_posts(struct vcpu *vcpu)
{
    struct vcpu_share *share = &vcpu->share;
    uint32_t sgis = __atomic_exchange_n(&share->posted, 0, __ATOMIC_ACQ_REL);
    uint8_t from[VGIC_SGI_COUNT] = {0};

    for (uint32_t left = sgis; left != 0; left &= left - 1U) {
        uint32_t intid = (uint32_t)__builtin_ctz(left) % VGIC_SGI_COUNT;

        from[intid] = __atomic_exchange_n(&share->posted_by[intid], 0, __ATOMIC_ACQ_REL);
    }
    if (sgis != 0) {
        vgic_sgis_pend(&vcpu->vgic, sgis, from);
    }
    for (uint32_t late = share->late[0]; late != 0; late &= late - 1U) {
        vgic_pend_private(&vcpu->vgic, (uint32_t)__builtin_ctz(late));
    }
    share->late[0] = 0;
    for (uint32_t word = 1; word < VGIC_WORDS; word++) {
        uint32_t now = share->late[word];

        if (now != 0 && !kick_holder(vcpu, word, now)) {
            vgic_hw_levels(&vcpu->vgic, word, now, now);
            share->late[word] = 0;
        }
    }
    if (__atomic_exchange_n(&share->line_waits, false, __ATOMIC_ACQ_REL)) {
        share_uart_line(vcpu);
    }
}

/* The vCPU runs and has its list registers in memory: what the guest ended meanwhile. */
static void take_ends(struct vcpu *vcpu)
{
    gic->read_ends(&vcpu->vgic);
    vgic_rejoin(&vcpu->vgic);
}

/* --- the lock --------------------------------------------------------------------------------- */

bool share_take(struct vcpu *vcpu)
{
    /* Without list registers a guest may have ended as many interrupts as the hardware counts. */
    if (!is_attached(vcpu) && !core_has_time(vcpu->core)) {
        return false;
    }
    if (!try_lock(vcpu->partition)) {
        return false;
    }
    /* One that begins its window now has the lock neither, and ends it later than this lasts. */
    for (uint32_t v = 0; v < vcpu->partition->desc->vcpu_count; v++) {
        struct vcpu *sibling = &vcpu->partition->vcpu[v];

        sibling->vgic.is_out = !is_running(sibling);
    }
    if (is_attached(vcpu)) {
        gic->read_list(&vcpu->vgic);
    } else {
        take_ends(vcpu);
    }
    take_posts(vcpu);
    return true;
}

/* A shared interrupt may have become ready for one that is in no position to see it. */
static void kick_ready(const struct vcpu *vcpu)
{
    const struct partition *partition = vcpu->partition;

    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        const struct vcpu *sibling = &partition->vcpu[v];

        if (sibling->core != vcpu->core && is_attached(sibling) && !sibling->vgic.more_pending &&
            vgic_has_shared_ready(&sibling->vgic)) {
            kick(sibling);
        }
    }
}

/* A core that has marks out stays detached, too.  So its guest takes no interrupt, and what it does
 * next is the instruction that trapped: the marks cannot be forgotten over something else. */
void share_give(struct vcpu *vcpu)
{
    struct vgic_cpu *cpu = &vcpu->vgic;

    if (vcpu->share.holding == 0 && __atomic_load_n(&vcpu->share.holds, __ATOMIC_SEQ_CST) == 0) {
        gic->write_list(cpu);
        if (!is_attached(vcpu)) { /* its timers were kept quiet (share_enter()) */
            gic->set_private_active(cpu->private_bank.hw, vgic_private_hw_busy(cpu));
        }
        set_attached(vcpu, true);
    } else {
        if (is_attached(vcpu)) {
            gic->detach(cpu);
            set_attached(vcpu, false);
        }
        if (cpu->hw_done_any) {
            gic_deactivate_done(cpu);
        }
    }
    kick_ready(vcpu);
    unlock(vcpu->partition);
}

/* Those that were held may attach again. */
static void let_go(const struct vcpu *vcpu, uint32_t held)
{
    for (; held != 0; held &= held - 1U) {
        struct vcpu *sibling = &vcpu->partition->vcpu[__builtin_ctz(held)];

        (void)__atomic_fetch_and(&sibling->share.holds, ~bit_of(vcpu), __ATOMIC_SEQ_CST);
        if (is_running(sibling)) {
            kick(sibling);
        }
    }
}

void share_give_alone(struct vcpu *vcpu)
{
    uint32_t held = vcpu->share.holding;

    vcpu->share.holding = 0;
    share_give(vcpu);
    let_go(vcpu, held);
}

bool share_is_alone(struct vcpu *vcpu)
{
    struct partition *partition = vcpu->partition;
    bool alone = true;

    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        struct vcpu *sibling = &partition->vcpu[v];

        if (sibling->core != vcpu->core && is_attached(sibling)) {
            (void)__atomic_fetch_or(&sibling->share.holds, bit_of(vcpu), __ATOMIC_SEQ_CST);
            vcpu->share.holding |= bit_of(sibling);
            kick(sibling);
            alone = false;
        }
    }
    return alone;
}

/* --- around a window -------------------------------------------------------------------------- */

bool share_begin(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->share.running, true, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (core_may_run(vcpu)) {
        return true;
    }
    share_left(vcpu);
    return false;
}

/* Loads the list registers if they are to be had, timers and posts included.  An overloaded vCPU
 * takes its posts in its own time, since a boundary has none for them.  *ended: the guest ended a
 * shared interrupt so late in its last window that a sibling may wait for it. */
static bool load(struct core *core, struct vcpu *vcpu, uint64_t start, bool *ended)
{
    struct vgic_cpu *cpu = &vcpu->vgic;
    uint32_t held[VGIC_WORDS];
    bool attach;

    if (!try_lock(vcpu->partition)) {
        return false;
    }
    attach = __atomic_load_n(&vcpu->share.holds, __ATOMIC_SEQ_CST) == 0 && !cpu->more_pending &&
             !cpu->active_overflow;
    if (attach) {
        memcpy(held, cpu->held, sizeof(held));
        vgic_rejoin(cpu);
        for (uint32_t word = 1; word < VGIC_WORDS; word++) {
            *ended = *ended || (held[word] & ~cpu->held[word]) != 0;
        }
        take_posts(vcpu);
        core_inject_due(core, vcpu, start);
        gic->load(vcpu);
        set_attached(vcpu, true);
    }
    unlock(vcpu->partition);
    return attach;
}

void share_enter(struct core *core, struct vcpu *vcpu, const struct window *window, uint64_t start)
{
    bool kicked = core_open_interrupts(vcpu, window, vcpu->share.late);

    if (window->period_irq != 0) {
        vcpu->share.late[0] |= UINT32_C(1) << window->period_irq;
    }
    if (!load(core, vcpu, start, &kicked)) {
        /* Its timers stay quiet until it has list registers for them, and its PMU with them. */
        gic->set_private_active(vcpu->vgic.private_bank.hw, vcpu->vgic.private_bank.hw);
        gic->load_detached(vcpu);
        kicked = true;
    }
    if (kicked) {
        kick(vcpu);
    }
}

void share_leave(struct vcpu *vcpu)
{
    if (is_attached(vcpu)) {
        gic->save(vcpu);
        set_attached(vcpu, false);
    } else {
        gic->read_ends(&vcpu->vgic);
        gic->save_detached(vcpu);
    }
    let_go(vcpu, vcpu->share.holding);
    vcpu->share.holding = 0;
}

void share_left(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->share.running, false, __ATOMIC_RELEASE);
}

void share_look(struct vcpu *vcpu)
{
    bool was_attached = is_attached(vcpu);

    if (vcpu->share.holding != 0) {
        return; /* its guest is about to come back for what it has the marks for */
    }
    if (!share_take(vcpu)) {
        kick(vcpu);
        return;
    }
    if (was_attached) {
        vgic_refill(&vcpu->vgic);
    } else {
        timers_save(&vcpu->timers);
        core_inject_due(vcpu->core, vcpu, counter_now());
        timers_load(&vcpu->timers);
        vgic_refill(&vcpu->vgic);
    }
    share_give(vcpu);
}

/* --- interrupts ------------------------------------------------------------------------------- */

void share_late_interrupt(struct vcpu *vcpu, uint32_t intid)
{
    vcpu->share.late[intid / 32U] |= UINT32_C(1) << intid % 32U;
    if (vcpu->share.running) {
        share_look(vcpu);
    }
}

bool share_has_interrupt(struct vcpu *vcpu)
{
    bool pending;

    if (!share_take(vcpu)) {
        return true;
    }
    pending = vgic_has_pending(&vcpu->vgic);
    share_give(vcpu);
    return pending || !is_attached(vcpu);
}

void share_post_sgi(const struct vcpu *vcpu, uint32_t targets, uint32_t sgi)
{
    const struct partition *partition = vcpu->partition;

    for (targets &= ~bit_of(vcpu); targets != 0; targets &= targets - 1U) {
        struct vcpu *target = &partition->vcpu[__builtin_ctz(targets)];

        (void)__atomic_fetch_or(&target->share.posted_by[sgi % VGIC_SGI_COUNT],
                                (uint8_t)bit_of(vcpu), __ATOMIC_RELAXED);
        (void)__atomic_fetch_or(&target->share.posted, UINT32_C(1) << sgi, __ATOMIC_SEQ_CST);
        if (is_running(target)) {
            kick(target);
        }
    }
}

void share_uart_line(struct vcpu *vcpu)
{
    struct partition *partition = vcpu->partition;
    uint32_t intid = partition->desc->uart_irq;

    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        struct vcpu *sibling = &partition->vcpu[v];

        if (sibling->core != vcpu->core && is_attached(sibling) &&
            vgic_in_list(&sibling->vgic, intid / 32U, UINT32_C(1) << intid % 32U) != 0) {
            __atomic_store_n(&sibling->share.line_waits, true, __ATOMIC_SEQ_CST);
            kick(sibling);
            return;
        }
    }
    vgic_set_line(&vcpu->vgic, intid, partition->uart.irq_line);
}

void share_kick_all(const struct partition *partition)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        if (partition->vcpu[v].core != this_core() && is_running(&partition->vcpu[v])) {
            kick(&partition->vcpu[v]);
        }
    }
}

bool share_is_out(const struct partition *partition)
{
    for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
        if (__atomic_load_n(&partition->vcpu[v].share.running, __ATOMIC_ACQUIRE)) {
            return false;
        }
    }
    return true;
}
