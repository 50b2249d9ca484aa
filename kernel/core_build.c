/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do the description's schedules become one core's tables?  Windows in ticks, the interrupts
 * that each opens, whether the core needs boundaries at all.  Start-up only.
 */
#include <asm/core.h>
#include <asm/features.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/module_state.h>

static START_UP uint32_t mask_words(const struct vcpu *vcpu, struct irq_mask *mask)
{
    const struct partition_desc *desc = vcpu->partition->desc;
    uint32_t count = 0;
    uint32_t private = partition_is_spread(vcpu->partition) ? 1U << GIC_SGI_KICK : 0;

    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        private |= features_irqs(vcpu);
    }
    if (private != 0) {
        mask[count++] = (struct irq_mask){.word = 0, .bits = private};
    }
    for (uint32_t word = 1; vcpu->index == 0 && word < VGIC_WORDS; word++) {
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

static START_UP bool build_window(const struct core *core, struct window *window,
                                  struct arena *arena)
{
    const struct window_desc *desc = window->desc;
    uint64_t hz = module_state.counter_hz;
    struct irq_mask mask[VGIC_WORDS];
    struct irq_mask *kept;

    window->start_ticks = ns_to_ticks(desc->start_ns, hz);
    window->guard_ticks = ns_to_ticks(desc->start_ns + desc->duration_ns, hz) - core->guard_ticks;
    window->release_min = INT64_MAX;
    window->release_max = INT64_MIN;
    window->period_irq = desc->period_start && window->vcpu->index == 0
                             ? window->vcpu->partition->desc->period_irq
                             : 0;
    window->mask_count = mask_words(window->vcpu, mask);
    window->plain = window->mask_count == 0 && window->period_irq == 0 &&
                    (!CONFIG_CPU_FEATURES || window->vcpu->features == NULL);
    if (window->mask_count != 0) {
        kept = arena_take_array(arena, window->mask_count, sizeof(*mask), 8);
        if (kept == NULL) {
            return false;
        }
        for (uint32_t m = 0; m < window->mask_count; m++) {
            kept[m] = mask[m];
        }
        window->mask = kept;
    }
    return true;
}

/* The core's list in a schedule; NULL if that has none for it. */
static START_UP const struct core_schedule_desc *list_of(const struct core *core,
                                                         const struct schedule_desc *schedule)
{
    for (uint32_t c = 0; c < schedule->core_count; c++) {
        if (schedule->core[c].cpu == core->cpu) {
            return &schedule->core[c];
        }
    }
    return NULL;
}

static START_UP bool build_plan(struct core *core, struct core_plan *plan,
                                const struct schedule_desc *schedule, struct partition *partitions,
                                struct arena *arena)
{
    const struct core_schedule_desc *list = list_of(core, schedule);
    uint32_t count = list != NULL ? list->window_count : 0;

    plan->windows = arena_take_array(arena, count, sizeof(*plan->windows), sizeof(uint64_t));
    if (plan->windows == NULL) {
        return false;
    }
    plan->windows_end = plan->windows + count;
    plan->clock = frame_clock_make(schedule->major_frame_ns, module_state.counter_hz);
    /* The boot core of several has the console of all, so it takes its boundaries. */
    plan->whole_frame = count == 1 && list->window[0].start_ns == 0 &&
                        list->window[0].duration_ns == schedule->major_frame_ns &&
                        (core->index != 0 || module_state.desc->core_count == 1);
    for (uint32_t i = 0; i < count; i++) {
        struct window *window = &plan->windows[i];

        window->desc = &list->window[i];
        window->index = i;
        window->vcpu = &partitions[list->window[i].partition].vcpu[list->window[i].vcpu];
        if (!build_window(core, window, arena)) {
            return false;
        }
    }
    return true;
}

START_UP bool core_build(struct core *core, const struct module_desc *module,
                         struct partition *partitions, struct arena *arena)
{
    uint64_t hz = module_state.counter_hz;

    core->plan =
        arena_take_array(arena, module->schedule_count, sizeof(*core->plan), sizeof(uint64_t));
    core->entered =
        arena_take_array(arena, module->partition_count, sizeof(struct vcpu *), sizeof(uint64_t));
    core->health = hm_queue_make(arena);
    if (CONFIG_TRACE) {
        core->trace.record = arena_take_array(arena, CONFIG_TRACE_RECORDS,
                                              sizeof(*core->trace.record), sizeof(uint64_t));
        core->trace.mask = CONFIG_TRACE_RECORDS - 1U;
    }
    if (core->plan == NULL || core->entered == NULL || core->health == NULL ||
        (CONFIG_TRACE && core->trace.record == NULL)) {
        return false;
    }
    core->exit_ticks = ns_to_ticks(module->exit_cost_ns, hz);
    /* Where a tick is longer than an instruction, the look at the counter may fall into the next
     * one. */
    core->tolerance_ticks = hz < NS_PER_SECOND ? 1 : 0;
    core->guard_ticks = ns_to_ticks(module->guard_ns, hz);
    core->tail_ticks = ns_to_ticks(RELEASE_TAIL_NS, hz);
    core->log_step_ticks = (int64_t)ns_to_ticks(HM_LOG_STEP_NS, hz);
    core->stop_frame = module->stop_after_frames != 0 ? module->stop_after_frames : UINT64_MAX;
    core->timer_irqs =
        1U << module->platform.irq_virt_timer | 1U << module->platform.irq_phys_timer;
    for (uint32_t s = 0; s < module->schedule_count; s++) {
        if (!build_plan(core, &core->plan[s], &module->schedule[s], partitions, arena)) {
            return false;
        }
    }
    core->frame_by_frame =
        module->schedule_count > 1 || core->plan[0].windows == core->plan[0].windows_end;
    return true;
}
