/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When does which vCPU run?  The frame loop of one core.
 *
 * A boundary has one path: leave (save, mask) -> next window -> enter (restore, inject what is due)
 * -> wait -> ERET at the planned instant.  All deadlines are absolute and derive from the frame
 * cursor, so whatever happens late, later windows stay where they are.  EL2 is never preempted;
 * each path below is bounded, as docs/timing.md lists.  State: struct core, this core's alone.
 */
#include <asm/context_switch.h>
#include <asm/core.h>
#include <asm/el2_traps.h>
#include <asm/features.h>
#include <bulkhead/abi.h>
#include <bulkhead/console_host.h>
#include <bulkhead/frames.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/module_schedule.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/share.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

/* Characters that one boundary may send: as many as a PL011's FIFO holds. */
#define BOUNDARY_CHARACTERS 16U

/* Device interrupts that one switch takes over: what the guard has room for. */
#define DEVICES_DUE 4U

/* The console is the boot core's. */
static bool has_console(const struct core *core)
{
    return !CONFIG_SMP || core->index == 0;
}

static void advance(struct core *core)
{
    if (++core->next == core->windows_end && !core_is_frame_by_frame(core)) {
        core->next = core->windows;
        frame_advance(&core->clock, &core->cursor);
    }
}

/* --- leaving a window ------------------------------------------------------------------------ */

static inline void save_interrupts(struct vcpu *vcpu)
{
    gic->save(vcpu);
    /* Ends that were only counted take longer than the guard has room for. */
    if (vcpu->vgic.dist->cpu_count > 1 && !vcpu->vgic.active_overflow) {
        vgic_publish(&vcpu->vgic);
    }
}

static __attribute__((noinline)) void close_window(struct vcpu *vcpu, const struct window *window)
{
    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        features_save(vcpu); /* first: its counters stop, and their interrupt's line falls */
    }
    if (partition_is_spread(vcpu->partition)) {
        share_leave(vcpu);
    } else {
        save_interrupts(vcpu);
    }
    for (uint32_t i = 0; i < window->mask_count; i++) {
        gic->mask(window->mask[i].word, window->mask[i].bits);
    }
    gic->settle();
}

/* Its registers are saved: a sibling may have it on again. */
static inline void finish_power_off(struct vcpu *vcpu)
{
    if (__atomic_load_n(&vcpu->power, __ATOMIC_RELAXED) == VCPU_GOES_OFF) {
        __atomic_store_n(&vcpu->power, VCPU_OFF, __ATOMIC_RELEASE);
    }
}

static void leave(struct core *core)
{
    struct vcpu *vcpu = core->vcpu;
    const struct window *window = core->window;

    timers_save(&vcpu->timers);
    if (window->plain) {
        save_interrupts(vcpu);
    } else {
        close_window(vcpu, window);
    }
    context_save(&vcpu->context);
    el2_traps_scrub();
    core->vcpu = NULL;
    /* An SError that this partition caused must not hit the next one (Arm ARM D1.3.6). */
    dsb(sy);
    if ((sysreg_read(isr_el1) & ISR_SERROR) != 0) {
        serror_take();
        hm_partition_event(vcpu, HM_ERROR_SERROR, 0, 0);
    }
    if (!window->plain && partition_is_spread(vcpu->partition)) {
        finish_power_off(vcpu); /* before a restart may begin, which sets what is on */
        share_left(vcpu);
    }
}

/* --- entering a window ----------------------------------------------------------------------- */

/*
 * A timer that will have fired by the release is pending then, without an interrupt to EL2; one
 * that was re-armed while its interrupt was not yet taken is not.  A vCPU that has more interrupts
 * than list registers gets no refill here, which would take longer than the guard has room for: its
 * maintenance interrupt and its timers come to EL2 in its own window, at its own cost; what a
 * sibling vCPU sent meanwhile, too.
 */
static inline void inject_due(struct vcpu *vcpu, uint64_t ticks, uint32_t linked, uint32_t due)
{
    const struct platform_desc *platform = &module_state.desc->platform;
    struct vgic_cpu *cpu = &vcpu->vgic;
    uint32_t busy = vgic_private_hw_busy(cpu) & linked;

    if (timer_virtual_due(&vcpu->timers, ticks)) {
        due |= 1U << platform->irq_virt_timer;
    }
    if (timer_physical_due(&vcpu->timers, ticks)) {
        due |= 1U << platform->irq_phys_timer;
    }
    /* A sibling vCPU may have sent an SGI or changed a shared interrupt meanwhile. */
    if (cpu->more_pending || cpu->active_overflow) {
        if (cpu->dist->cpu_count > 1) {
            vgic_look_at_once(cpu);
        }
    } else if (due != busy || cpu->dist->cpu_count > 1) {
        vgic_hw_levels(cpu, 0, linked, due);
        busy = vgic_private_hw_busy(cpu);
    }
    gic->set_private_active(linked, busy);
}

void core_inject_due(const struct core *core, struct vcpu *vcpu, uint64_t ticks)
{
    uint32_t linked = core->timer_irqs;
    uint32_t due = 0;

    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        linked |= features_irqs(vcpu);
        due = features_lines(vcpu);
    }
    inject_due(vcpu, ticks, linked, due);
}

/* Interrupts that wait already are not to come in the first instructions of the window.  Those
 * beyond the limit come to EL2 there, at the owner's cost. */
bool core_open_interrupts(const struct vcpu *vcpu, const struct window *window, uint32_t *risen)
{
    const struct vgic_cpu *cpu = &vcpu->vgic;
    bool kicked = false;

    guard_disarm(); /* in a gap it may be what is pending */
    for (uint32_t i = 0; i < window->mask_count; i++) {
        gic->unmask(window->mask[i].word, window->mask[i].bits);
    }
    dsb(sy);
    isb();
    for (uint32_t i = 0; i < DEVICES_DUE && !cpu->more_pending && !cpu->active_overflow; i++) {
        uint32_t intid = gic->acknowledge();

        if (intid >= GIC_INTID_SPURIOUS) {
            break;
        }
        if (CONFIG_SMP && intid < GIC_SGI_COUNT) {
            kicked = true;
            continue;
        }
        gic->drop_priority(intid);
        if (intid < module_state.irq_owner_count && module_state.irq_owner[intid] == vcpu) {
            risen[intid / 32] |= 1U << intid % 32;
        } else {
            gic->deactivate(intid); /* CNTHP on its way, or nobody's */
        }
    }
    return kicked;
}

/* With what waits for its vCPU, of devices and siblings, the start of its period, and last the
 * features that it alone has. */
static __attribute__((noinline)) void open_window(struct core *core, struct vcpu *vcpu,
                                                  const struct window *window, uint64_t start)
{
    uint32_t risen[VGIC_WORDS] = {0};

    if (partition_is_spread(vcpu->partition)) {
        share_enter(core, vcpu, window, start);
    } else {
        if (window->period_irq != 0) {
            vgic_pend_private(&vcpu->vgic, window->period_irq);
        }
        core_inject_due(core, vcpu, start);

        (void)core_open_interrupts(vcpu, window, risen);
        for (uint32_t i = 0; i < window->mask_count; i++) {
            uint32_t word = window->mask[i].word;

            if (risen[word] != 0) {
                vgic_hw_levels(&vcpu->vgic, word, risen[word], risen[word]);
            }
        }
        gic->load(vcpu);
    }
    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        features_load(vcpu);
    }
}

/* The instant at which the guard interrupt is wanted, given that `window` is about to be released.
 */
static void arm_guard(struct core *core, const struct window *window)
{
    if (!core->whole_frame || (has_console(core) && console_host_ready()) ||
        (core_is_frame_by_frame(core) && frames_change_is_coming(core))) {
        guard_arm(core->cursor.start + window->guard_ticks);
    } else if (core->stop_frame != UINT64_MAX) {
        struct frame_cursor last = core->cursor;

        frame_skip(&core->clock, &last, core->stop_frame - 1 - core->cursor.frame);
        guard_arm(last.start + window->guard_ticks);
    } else {
        guard_disarm();
    }
}

/* Books what the last wait measured and what the next one is for.  Done while the release is
 * awaited. */
static void account(struct core *core, struct window *window, uint64_t start)
{
    struct window *last = core->measured_window;

    if (last != NULL) {
        int64_t offset = (int64_t)(core->released_ticks + core->tail_ticks - core->measured_start);

        last->release_min = offset < last->release_min ? offset : last->release_min;
        last->release_max = offset > last->release_max ? offset : last->release_max;
        if (offset > core->tolerance_ticks) {
            core->late_count++;
            hm_module_event(HM_ERROR_WINDOW_LATE, last->index, (uint64_t)offset);
        }
    }
    core->measured_window = window;
    core->measured_start = start;
    if (window != NULL) {
        window->due++;
        window->run++;
        trace_put(&core->trace, TRACE_RELEASE, window->index, start);
    }
}

/* Time from an interrupt's entry to the first look at the clock of the wait. */
static void measure_switch(struct core *core, uint64_t now)
{
    if (core->entry_ticks != 0) {
        uint64_t spent = now - core->entry_ticks;

        core->switch_max_ticks = spent > core->switch_max_ticks ? spent : core->switch_max_ticks;
        core->entry_ticks = 0;
    }
}

static struct vcpu *enter(struct core *core, struct window *window, uint64_t start)
{
    struct vcpu *vcpu = window->vcpu;
    uint64_t now;

    core->vcpu = vcpu;
    core->window = window;
    core->window_start = start;
    core->window_frame = core->cursor.frame;
    core->release_ticks = start - core->exit_ticks;

    /* A window that never ends is one window, however often the kernel takes a boundary in it. */
    if (CONFIG_PARTITION_TIME && vcpu->timers.own_time &&
        (!core->whole_frame || vcpu->partition->own_ticks == 0)) {
        own_time_enter(vcpu, start);
    }
    context_load(&vcpu->context, vcpu->partition->vttbr);
    if (!vcpu->alone && core->entered[vcpu->partition->index] != vcpu) {
        /* Another vCPU of the partition left translations under the same VMID. */
        core->entered[vcpu->partition->index] = vcpu;
        __asm__ volatile("tlbi vmalle1" : : : "memory");
        dsb(nsh);
        isb();
    }
    if (window->plain) {
        inject_due(vcpu, start, core->timer_irqs, 0);
        gic->load(vcpu);
    } else {
        open_window(core, vcpu, window, start);
    }
    arm_guard(core, window);
    timers_load(&vcpu->timers);
    advance(core);

    now = counter_now();
    measure_switch(core, now);
    account(core, window, start);
    if (CONFIG_PARTITION_TIME) {
        vcpu->partition->own_ticks += window->guard_ticks + core->guard_ticks - window->start_ticks;
    }
    if (CONFIG_SMP && vcpu->partition->typed.head != vcpu->partition->typed.tail) {
        console_host_take_typed(vcpu, core->release_ticks);
    }
    if (!has_console(core)) {
        return vcpu;
    }
    console_host_input(vcpu, core->release_ticks);
    now = console_host_drain(core->release_ticks, BOUNDARY_CHARACTERS);
    if (hm_log_pending() && (int64_t)(core->release_ticks - now) > core->log_step_ticks) {
        hm_log_step();
    }
    return vcpu;
}

/* --- time that belongs to nobody, or to a partition that is starting ------------------------- */

/* What the boot core does in idle time.  False: there was nothing to do. */
static bool serve_console(const struct core *core, uint64_t now, uint64_t until)
{
    if (!has_console(core)) {
        return false;
    }
    if (hm_log_pending() && (int64_t)(until - now) > core->log_step_ticks) {
        hm_log_step();
        return true;
    }
    return console_host_step(until);
}

/* Idles until the counter reaches `until`; work that is offered is done in steps that end in time.
 */
static void idle(struct core *core, uint64_t until, struct partition *starting)
{
    uint64_t step_ticks = ns_to_ticks(START_STEP_NS, module_state.counter_hz);
    uint64_t now;

    trace_put(&core->trace, TRACE_GAP, (uint32_t)(core->next - core->windows), until);
    guard_arm(until);
    core->entry_ticks = 0;
    if (has_console(core)) {
        console_host_input(NULL, until);
    }
    while ((int64_t)((now = counter_now()) - until) < 0) {
        if (starting != NULL && partition_is_starting(starting) &&
            (int64_t)(now + step_ticks - until) < 0) {
            (void)partition_start_step(starting);
        } else if (!serve_console(core, now, until)) {
            /* CNTHP is the only interrupt that is enabled now; it wakes the core though masked. */
            __asm__ volatile("wfi" : : : "memory");
        }
    }
}

/* Windows whose usable time is over before they could be given.  Whole frames at once, then at most
 * one frame's windows: bounded by the schedule, not by the delay. */
static void skip_lost(struct core *core, uint64_t now)
{
    while (core->next != core->windows_end &&
           (int64_t)(now - (core->cursor.start + core->next->guard_ticks)) >= 0) {
        struct window *window = core->next;

        if (core_may_run(window->vcpu)) {
            window->due++;
            core->missed_count++;
            hm_module_event(HM_ERROR_WINDOW_MISSED, window->index,
                            now - core->cursor.start - window->guard_ticks);
        }
        advance(core);
        if (core->next == core->windows && now > core->cursor.start) {
            uint64_t frames = (now - core->cursor.start) / core->clock.ticks;

            if (frames > 1) {
                frame_skip(&core->clock, &core->cursor, frames - 1);
                core->missed_count += (frames - 1) * core_window_count(core);
            }
        }
    }
}

/* From the end of one frame into the next, whose schedule is settled as late as a release at its
 * start allows. */
static void next_frame(struct core *core)
{
    struct frame_cursor next = core->cursor;
    uint64_t decided;

    frame_advance(&core->clock, &next);
    decided = next.start - core->guard_ticks;
    if ((int64_t)(counter_now() - decided) < 0) {
        idle(core, decided, NULL);
    }
    frames_begin(core, &next);
}

/* A window that its vCPU cannot use; its partition may start in it, by the steps of vCPU 0's core.
 */
static void idle_window(struct core *core, struct window *window, uint64_t start)
{
    struct partition *partition = window->vcpu->partition;

    core->window = window;
    if (partition_is_starting(partition)) {
        idle(core, start, NULL);
    }
    idle(core, core->cursor.start + window->guard_ticks,
         partition->vcpu[0].core == core ? partition : NULL);
    advance(core);
}

/* The next vCPU to release.  The previous one has left. */
static struct vcpu *next_release(struct core *core)
{
    for (;;) {
        struct window *window;
        uint64_t start;

        uint64_t now = counter_now();

        if (core->cursor.frame >= core->stop_frame) {
            account(core, NULL, 0);
            module_core_end(core);
        }
        skip_lost(core, now);
        if (core_is_frame_by_frame(core)) {
            if (core->next == core->windows_end) {
                next_frame(core);
                continue;
            }
            if (core->change_frame != 0) {
                frames_follow_change(core, core->next->vcpu->partition);
            }
        }
        window = core->next;
        start = core->cursor.start + window->start_ticks;
        if (!core_may_run(window->vcpu)) {
            idle_window(core, window, start);
            continue;
        }
        if ((int64_t)(now - (start - core->guard_ticks)) < 0) {
            idle(core, start - core->guard_ticks, NULL);
        }
        if (!window->plain && partition_is_spread(window->vcpu->partition) &&
            !share_begin(window->vcpu)) {
            continue; /* a sibling has just stopped the partition */
        }
        return enter(core, window, start);
    }
}

/* --- from the vectors ------------------------------------------------------------------------ */

static struct vcpu *guard_interrupt(struct core *core, struct vcpu *vcpu)
{
    trace_put(&core->trace, TRACE_BOUNDARY, core->window->index, core->entry_ticks);
    guard_disarm();
    gic->deactivate(module_state.desc->platform.irq_hyp_timer);
    if (vcpu != core->vcpu) {
        panic("boundary with a vCPU that is not this core's");
    }
    leave(core);
    if (core->whole_frame) {
        frames_catch_up(core, core->entry_ticks);
    }
    return next_release(core);
}

static void timer_interrupt(struct core *core, struct vcpu *vcpu, uint32_t intid, bool firing)
{
    if (!firing) {
        /* The line fell between the interrupt and its acknowledgement. */
        gic->deactivate(intid);
        return;
    }
    trace_put(&core->trace, TRACE_INJECT, intid, core->entry_ticks);
    if (share_is_attached(vcpu) && gic->pend_quickly(&vcpu->vgic, intid)) {
        return;
    }
    if (!core_has_time(core) || !vgic_take(vcpu)) {
        gic->deactivate(intid); /* comes again, since its line is up */
        return;
    }
    vgic_hw_pending(&vcpu->vgic, intid);
    vgic_give(vcpu);
}

/* The guest has run out of list registers in one way or another.  It stands still until the
 * boundary if there is no time for that, or it might end interrupt after interrupt that nobody sees
 * to. */
static void maintenance_interrupt(struct core *core, struct vcpu *vcpu)
{
    if (!core_has_time(core)) {
        while (!interrupt_waits()) {
        }
    } else if (vgic_take(vcpu)) {
        vgic_refill(&vcpu->vgic);
        vgic_give(vcpu);
    }
}

/* An assigned device, or the counters of a partition that has them: its owner runs, unless the
 * interrupt was on its way when it was masked. */
static void device_interrupt(struct core *core, uint32_t intid)
{
    struct vcpu *owner =
        intid < module_state.irq_owner_count ? module_state.irq_owner[intid] : NULL;

    if (CONFIG_CPU_FEATURES && core->vcpu->features != NULL &&
        intid == module_state.desc->platform.irq_pmu) {
        timer_interrupt(core, core->vcpu, intid, features_lines(core->vcpu) != 0);
        return;
    }
    if (owner == NULL) {
        gic->mask(intid / 32, 1U << intid % 32);
        gic->deactivate(intid);
        return;
    }
    trace_put(&core->trace, TRACE_INJECT, intid, core->entry_ticks);
    if (partition_is_spread(owner->partition)) {
        share_late_interrupt(owner, intid);
    } else if (owner == core->vcpu) {
        gic->read_list(&owner->vgic);
        vgic_hw_pending(&owner->vgic, intid);
        gic->write_list(&owner->vgic);
    } else {
        vgic_hw_pending(&owner->vgic, intid);
    }
}

/* Another core wants something of this one.  The driver has ended the SGI already. */
static struct vcpu *kicked(struct core *core, struct vcpu *vcpu, uint32_t sgi)
{
    if (sgi == GIC_SGI_BOUNDARY) {
        core_request_boundary(core);
    } else if (partition_is_spread(vcpu->partition)) {
        if (!core_may_run(vcpu)) {
            return core_vcpu_stopped(vcpu);
        }
        share_look(vcpu);
    }
    return NULL;
}

struct vcpu *core_irq(struct vcpu *vcpu)
{
    struct core *core = this_core();
    const struct platform_desc *platform = &module_state.desc->platform;
    uint32_t intid = gic->acknowledge();

    if (intid - GIC_SGI_COUNT >= GIC_INTID_SPURIOUS - GIC_SGI_COUNT) {
        return CONFIG_SMP && intid < GIC_SGI_COUNT ? kicked(core, vcpu, intid) : NULL;
    }
    gic->drop_priority(intid);
    if (intid == platform->irq_hyp_timer) {
        return guard_interrupt(core, vcpu);
    }
    if (intid == platform->irq_virt_timer) {
        timer_interrupt(core, vcpu, intid, timer_virtual_firing());
    } else if (intid == platform->irq_phys_timer) {
        timer_interrupt(core, vcpu, intid, timer_physical_firing());
    } else if (intid == platform->irq_maintenance) {
        maintenance_interrupt(core, vcpu);
        gic->deactivate(intid); /* it comes again while its line is up */
    } else {
        device_interrupt(core, intid);
    }
    return NULL;
}

struct vcpu *core_vcpu_stopped(struct vcpu *vcpu)
{
    struct core *core = this_core();
    struct window *window = core->window;
    uint64_t guard = core->window_start - window->start_ticks + window->guard_ticks;

    leave(core);
    finish_power_off(vcpu);
    if (core->whole_frame) {
        frames_catch_up(core, counter_now());
        guard = core_is_frame_by_frame(core) ? core->cursor.start + window->guard_ticks
                                             : core->cursor.start - core->guard_ticks;
    }
    idle(core, guard, vcpu->partition->vcpu[0].core == core ? vcpu->partition : NULL);
    return next_release(core);
}

/* A vCPU that waits would not wait: an interrupt is pending for it, or may be. */
static bool has_interrupt(struct vcpu *vcpu)
{
    struct vgic_cpu *cpu = &vcpu->vgic;

    if (cpu->more_pending || cpu->active_overflow) {
        return true;
    }
    if (partition_is_spread(vcpu->partition)) {
        return share_has_interrupt(vcpu);
    }
    gic->read_list(cpu);
    return vgic_has_pending(cpu);
}

/* Like idle(), in a window: its length is the vCPU's, until an interrupt wants the core.  What is
 * offered ends before the guard and the vCPU's timers; those of its devices may have to wait for
 * one step. */
void core_wait(struct vcpu *vcpu)
{
    struct core *core = this_core();
    uint64_t until = timers_next();
    /* Counters of its own might count what is done here for others. */
    bool serves = has_console(core) && !(CONFIG_CPU_FEATURES && vcpu->features != NULL);

    if (guard_armed() && sysreg_read(cnthp_cval_el2) < until) {
        until = sysreg_read(cnthp_cval_el2);
    }
    if (serves) {
        console_host_input(vcpu, until);
    }
    if (has_interrupt(vcpu)) {
        return;
    }
    while (!interrupt_waits()) {
        if (!serves || !serve_console(core, counter_now(), until)) {
            __asm__ volatile("wfi" : : : "memory"); /* wakes though they are masked */
        }
    }
}

void core_run(struct core *core, uint64_t start)
{
    frames_use_plan(core, 0);
    core->next = core->windows;
    core->cursor.start = start;
    release_vcpu(next_release(core));
}
