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
#include <bulkhead/console_host.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

/* Characters that one boundary may send: as many as a PL011's FIFO holds. */
#define BOUNDARY_CHARACTERS 16U

/* Device interrupts that one switch takes over: what the guard has room for. */
#define DEVICES_DUE 4U

static bool runnable(const struct vcpu *vcpu)
{
    return vcpu->partition->mode == PARTITION_NORMAL && vcpu->powered_on;
}

/* --- where the core is in its schedule ------------------------------------------------------- */

static void advance(struct core *core)
{
    if (++core->next == core->windows_end) {
        core->next = core->windows;
        frame_advance(&core->clock, &core->cursor);
    }
}

static uint32_t window_index(const struct core *core, const struct window *window)
{
    return (uint32_t)(window - core->windows);
}

/* A core without boundaries ran through frames: count them and go to the first one that starts
 * after `now`.  O(1): the quotient is off by one frame at most, since frame lengths are rounded
 * down. */
static void catch_up(struct core *core, uint64_t now)
{
    struct window *window = &core->windows[0];
    uint64_t before = core->cursor.frame;

    if (now < core->cursor.start) {
        return;
    }
    frame_skip(&core->clock, &core->cursor, (now - core->cursor.start) / core->clock.ticks);
    while (core->cursor.start <= now) {
        frame_advance(&core->clock, &core->cursor);
    }
    window->due += core->cursor.frame - before;
    window->run += core->cursor.frame - before;
}

/* --- leaving a window ------------------------------------------------------------------------ */

static void leave(struct core *core)
{
    struct vcpu *vcpu = core->vcpu;
    const struct window *window = core->window;

    timers_save(&vcpu->timers);
    gic->save(vcpu);
    /* Ends that were only counted take longer than the guard has room for. */
    if (vcpu->vgic.dist->cpu_count > 1 && !vcpu->vgic.active_overflow) {
        vgic_publish(&vcpu->vgic);
    }
    for (uint32_t i = 0; i < window->mask_count; i++) {
        gic->mask(window->mask[i].word, window->mask[i].bits);
    }
    if (window->mask_count != 0) {
        gic->settle();
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
}

/* --- entering a window ----------------------------------------------------------------------- */

/*
 * A timer that will have fired by the release is pending then, without an interrupt to EL2; one
 * that was re-armed while its interrupt was not yet taken is not.  A vCPU that has more interrupts
 * than list registers gets no refill here, which would take longer than the guard has room for: its
 * maintenance interrupt and its timers come to EL2 in its own window, at its own cost; what a
 * sibling vCPU sent meanwhile, too.
 */
static void inject_due_timers(const struct core *core, struct vcpu *vcpu, uint64_t start)
{
    const struct platform_desc *platform = &module_state.desc->platform;
    struct vgic_cpu *cpu = &vcpu->vgic;
    uint32_t busy = vgic_private_hw_busy(cpu) & core->timer_irqs;
    uint32_t due = 0;

    if (timer_virtual_due(&vcpu->timers, start)) {
        due |= 1U << platform->irq_virt_timer;
    }
    if (timer_physical_due(&vcpu->timers, start)) {
        due |= 1U << platform->irq_phys_timer;
    }
    /* A sibling vCPU may have sent an SGI or changed a shared interrupt meanwhile. */
    if (cpu->more_pending || cpu->active_overflow) {
        cpu->more_pending = cpu->more_pending || cpu->dist->cpu_count > 1;
    } else if (due != busy || cpu->dist->cpu_count > 1) {
        vgic_hw_levels(cpu, 0, core->timer_irqs, due);
        busy = vgic_private_hw_busy(cpu);
    }
    gic->set_private_active(core->timer_irqs, busy);
}

/* Opens the window's device interrupts and takes those that wait already, so that they do not come
 * in the first instructions of the window.  Those beyond the limit come to EL2 there, at the
 * owner's cost. */
static void inject_due_devices(struct vcpu *vcpu, const struct window *window)
{
    struct vgic_cpu *cpu = &vcpu->vgic;
    uint32_t risen[VGIC_WORDS] = {0};

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
        gic->drop_priority(intid);
        if (intid < module_state.irq_owner_count && module_state.irq_owner[intid] == vcpu) {
            risen[intid / 32] |= 1U << intid % 32;
        } else {
            gic->deactivate(intid); /* CNTHP on its way, or nobody's */
        }
    }
    for (uint32_t i = 0; i < window->mask_count; i++) {
        uint32_t word = window->mask[i].word;

        if (risen[word] != 0) {
            vgic_hw_levels(cpu, word, risen[word], risen[word]);
        }
    }
}

/* The instant at which the guard interrupt is wanted, given that `window` is about to be released.
 */
static void arm_guard(struct core *core, const struct window *window)
{
    if (!core->whole_frame || console_host_ready()) {
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
            hm_module_event(HM_ERROR_WINDOW_LATE, window_index(core, last), (uint64_t)offset);
        }
    }
    core->measured_window = window;
    core->measured_start = start;
    if (window != NULL) {
        window->due++;
        window->run++;
        trace_put(&core->trace, TRACE_RELEASE, window_index(core, window), start);
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
    if (vcpu->partition->entered != vcpu) {
        /* Another vCPU of the partition left translations under the same VMID. */
        vcpu->partition->entered = vcpu;
        __asm__ volatile("tlbi vmalle1" : : : "memory");
        dsb(nsh);
        isb();
    }
    inject_due_timers(core, vcpu, start);
    if (window->mask_count != 0) {
        inject_due_devices(vcpu, window);
    }
    gic->load(vcpu);
    arm_guard(core, window);
    timers_load(&vcpu->timers);
    advance(core);

    now = counter_now();
    measure_switch(core, now);
    account(core, window, start);
    if (CONFIG_PARTITION_TIME) {
        vcpu->partition->own_ticks += window->guard_ticks + core->guard_ticks - window->start_ticks;
    }
    console_host_input(vcpu, core->release_ticks);
    now = console_host_drain(core->release_ticks, BOUNDARY_CHARACTERS);
    if (hm_log_pending() && (int64_t)(core->release_ticks - now) > core->log_step_ticks) {
        hm_log_step();
    }
    return vcpu;
}

/* --- time that belongs to nobody, or to a partition that is starting ------------------------- */

/* Idles until the counter reaches `until`; work that is offered is done in steps that end in time.
 */
static void idle(struct core *core, uint64_t until, struct partition *starting)
{
    uint64_t step_ticks = ns_to_ticks(START_STEP_NS, module_state.counter_hz);
    uint64_t now;

    trace_put(&core->trace, TRACE_GAP, window_index(core, core->next), until);
    guard_arm(until);
    core->entry_ticks = 0;
    console_host_input(NULL, until);
    while ((int64_t)((now = counter_now()) - until) < 0) {
        if (starting != NULL && starting->mode == PARTITION_COLD_START &&
            (int64_t)(now + step_ticks - until) < 0) {
            (void)partition_start_step(starting);
        } else if (hm_log_pending() && (int64_t)(until - now) > core->log_step_ticks) {
            hm_log_step();
        } else if (!console_host_step(until)) {
            /* CNTHP is the only interrupt that is enabled now; it wakes the core though masked. */
            __asm__ volatile("wfi" : : : "memory");
        }
    }
}

/* Windows whose usable time is over before they could be given.  Whole frames at once, then at most
 * one frame's windows: bounded by the schedule, not by the delay. */
static void skip_lost(struct core *core, uint64_t now)
{
    while ((int64_t)(now - (core->cursor.start + core->next->guard_ticks)) >= 0) {
        struct window *window = core->next;

        if (runnable(window->vcpu)) {
            window->due++;
            core->missed_count++;
            hm_module_event(HM_ERROR_WINDOW_MISSED, window_index(core, window),
                            now - core->cursor.start - window->guard_ticks);
        }
        advance(core);
        if (core->next == core->windows && now > core->cursor.start) {
            uint64_t frames = (now - core->cursor.start) / core->clock.ticks;

            if (frames > 1) {
                frame_skip(&core->clock, &core->cursor, frames - 1);
                core->missed_count += (frames - 1) * core->window_count;
            }
        }
    }
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
            module_end();
        }
        skip_lost(core, now);
        window = core->next;
        start = core->cursor.start + window->start_ticks;
        if (!runnable(window->vcpu)) {
            core->window = window;
            if (window->vcpu->partition->mode == PARTITION_COLD_START) {
                idle(core, start, NULL);
            }
            idle(core, core->cursor.start + window->guard_ticks, window->vcpu->partition);
            advance(core);
            continue;
        }
        if ((int64_t)(now - (start - core->guard_ticks)) < 0) {
            idle(core, start - core->guard_ticks, NULL);
        }
        return enter(core, window, start);
    }
}

/* --- from the vectors ------------------------------------------------------------------------ */

static struct vcpu *guard_interrupt(struct core *core, struct vcpu *vcpu)
{
    trace_put(&core->trace, TRACE_BOUNDARY, window_index(core, core->window), core->entry_ticks);
    guard_disarm();
    gic->deactivate(module_state.desc->platform.irq_hyp_timer);
    if (vcpu != core->vcpu) {
        panic("boundary with a vCPU that is not this core's");
    }
    leave(core);
    if (core->whole_frame) {
        catch_up(core, core->entry_ticks);
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
    if (gic->pend_quickly(&vcpu->vgic, intid)) {
        return;
    }
    gic->read_list(&vcpu->vgic);
    vgic_hw_pending(&vcpu->vgic, intid);
    gic->write_list(&vcpu->vgic);
}

/* An assigned device: its owner runs, unless the interrupt was on its way when it was masked. */
static void device_interrupt(struct core *core, uint32_t intid)
{
    struct vcpu *owner =
        intid < module_state.irq_owner_count ? module_state.irq_owner[intid] : NULL;

    if (owner == NULL) {
        gic->mask(intid / 32, 1U << intid % 32);
        gic->deactivate(intid);
        return;
    }
    trace_put(&core->trace, TRACE_INJECT, intid, core->entry_ticks);
    if (owner == core->vcpu) {
        gic->read_list(&owner->vgic);
        vgic_hw_pending(&owner->vgic, intid);
        gic->write_list(&owner->vgic);
    } else {
        vgic_hw_pending(&owner->vgic, intid);
    }
}

struct vcpu *core_irq(struct vcpu *vcpu)
{
    struct core *core = this_core();
    const struct platform_desc *platform = &module_state.desc->platform;
    uint32_t intid = gic->acknowledge();

    if (intid >= GIC_INTID_SPURIOUS) {
        return NULL;
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
        gic->read_list(&vcpu->vgic);
        vgic_refill(&vcpu->vgic);
        gic->write_list(&vcpu->vgic);
        gic->deactivate(intid);
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
    if (core->whole_frame) {
        catch_up(core, counter_now());
        guard = core->cursor.start - core->guard_ticks;
    }
    idle(core, guard, vcpu->partition);
    return next_release(core);
}

/* A vCPU that waits would not wait: an interrupt is pending for it, or may be. */
static bool has_interrupt(struct vcpu *vcpu)
{
    struct vgic_cpu *cpu = &vcpu->vgic;

    if (cpu->more_pending || cpu->active_overflow) {
        return true;
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

    if (guard_armed() && sysreg_read(cnthp_cval_el2) < until) {
        until = sysreg_read(cnthp_cval_el2);
    }
    console_host_input(vcpu, until);
    if (has_interrupt(vcpu)) {
        return;
    }
    while (!interrupt_waits()) {
        if (hm_log_pending() && (int64_t)(until - counter_now()) > core->log_step_ticks) {
            hm_log_step();
        } else if (!console_host_step(until)) {
            __asm__ volatile("wfi" : : : "memory"); /* wakes though they are masked */
        }
    }
}

void core_request_boundary(struct core *core)
{
    if (core->whole_frame && core->vcpu != NULL) {
        uint64_t now = counter_now();
        uint64_t guard;

        /* Armed for later than this frame's end it is for the module's last one. */
        if (guard_armed() &&
            (int64_t)(sysreg_read(cnthp_cval_el2) - now) <= (int64_t)core->clock.ticks) {
            return;
        }
        catch_up(core, now);
        guard = core->cursor.start - core->clock.ticks + core->windows[0].guard_ticks;
        guard_arm(guard > now ? guard : guard + core->clock.ticks);
    }
}

/* --- start ----------------------------------------------------------------------------------- */

static START_UP uint32_t mask_words(const struct partition_desc *desc, struct irq_mask *mask)
{
    uint32_t count = 0;

    for (uint32_t word = 1; word < VGIC_WORDS; word++) {
        uint32_t bits = 0;

        for (uint32_t d = 0; d < desc->device_count; d++) {
            for (uint32_t i = 0; i < desc->device[d].irq_count; i++) {
                bits |= desc->device[d].irq[i] / 32 == word ? 1U << desc->device[d].irq[i] % 32 : 0;
            }
        }
        if (bits != 0) {
            mask[count++] = (struct irq_mask){.word = word, .bits = bits};
        }
    }
    return count;
}

START_UP bool core_build(struct core *core, const struct module_desc *module, uint32_t schedule,
                         uint32_t core_index, struct partition *partitions, struct arena *arena)
{
    const struct schedule_desc *plan = &module->schedule[schedule];
    const struct core_schedule_desc *list = &plan->core[core_index];
    uint64_t hz = counter_hz();
    uint64_t guard = ns_to_ticks(module->guard_ns, hz);

    core->windows =
        arena_take_array(arena, list->window_count, sizeof(*core->windows), sizeof(uint64_t));
    if (CONFIG_TRACE) {
        core->trace.record = arena_take_array(arena, CONFIG_TRACE_RECORDS,
                                              sizeof(*core->trace.record), sizeof(uint64_t));
        core->trace.mask = CONFIG_TRACE_RECORDS - 1U;
    }
    if (core->windows == NULL || (CONFIG_TRACE && core->trace.record == NULL)) {
        return false;
    }
    core->clock = frame_clock_make(plan->major_frame_ns, hz);
    core->exit_ticks = ns_to_ticks(module->exit_cost_ns, hz);
    /* Where a tick is longer than an instruction, the look at the counter may fall into the next
     * one. */
    core->tolerance_ticks = hz < NS_PER_SECOND ? 1 : 0;
    core->guard_ticks = guard;
    core->tail_ticks = ns_to_ticks(RELEASE_TAIL_NS, hz);
    core->log_step_ticks = (int64_t)ns_to_ticks(HM_LOG_STEP_NS, hz);
    core->stop_frame = module->stop_after_frames != 0 ? module->stop_after_frames : UINT64_MAX;
    core->window_count = list->window_count;
    core->windows_end = core->windows + list->window_count;
    core->next = core->windows;
    core->timer_irqs =
        1U << module->platform.irq_virt_timer | 1U << module->platform.irq_phys_timer;
    core->whole_frame = list->window_count == 1 && list->window[0].start_ns == 0 &&
                        list->window[0].duration_ns == plan->major_frame_ns;
    for (uint32_t i = 0; i < list->window_count; i++) {
        const struct window_desc *desc = &list->window[i];
        struct window *window = &core->windows[i];
        struct partition *partition = &partitions[desc->partition];
        struct irq_mask mask[VGIC_WORDS];

        window->desc = desc;
        window->vcpu = &partition->vcpu[desc->vcpu];
        window->start_ticks = ns_to_ticks(desc->start_ns, hz);
        window->guard_ticks = ns_to_ticks(desc->start_ns + desc->duration_ns, hz) - guard;
        window->release_min = INT64_MAX;
        window->release_max = INT64_MIN;
        window->mask_count = desc->vcpu == 0 ? mask_words(partition->desc, mask) : 0;
        if (window->mask_count != 0) {
            struct irq_mask *kept = arena_take_array(arena, window->mask_count, sizeof(*mask), 8);

            if (kept == NULL) {
                return false;
            }
            for (uint32_t m = 0; m < window->mask_count; m++) {
                kept[m] = mask[m];
            }
            window->mask = kept;
        }
    }
    return true;
}

void core_run(struct core *core)
{
    /* The first frame starts after the time that any boundary has. */
    core->cursor.start = counter_now() + core->guard_ticks;
    release_vcpu(next_release(core));
}
