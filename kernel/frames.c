/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/frames.h. */
#include <bulkhead/abi.h>
#include <bulkhead/frames.h>
#include <bulkhead/gic.h>
#include <bulkhead/module_schedule.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

/* Settles the frames up to `frame`; true: there is a change that the core has yet to follow. */
static bool settle(const struct core *core, uint64_t frame, struct timeline_change *change)
{
    enum timeline_answer answer = timeline_settle(&module_timeline, frame, core->changes, change);

    if (answer == TIMELINE_LOST) {
        panic("core %u is more than %u changes of schedule late", core->index, TIMELINE_CHANGES);
    }
    return answer == TIMELINE_CHANGE;
}

/* The same as frames_catch_up() where the cursor stays in the present frame.  Goes no further than
 * to the end of the present schedule, or of the module. */
static void catch_up_by_frames(struct core *core, uint64_t now)
{
    struct window *window = &core->windows[0];
    struct frame_cursor here = core->cursor;
    struct timeline_change change;
    uint64_t frames = (now - here.start) / core->clock.ticks;

    if (frames >= core->stop_frame - here.frame) {
        frames = core->stop_frame - here.frame - 1;
    }
    /* The quotient is off by one at most, since frame lengths are rounded down. */
    if (frames > 1) {
        frame_skip(&core->clock, &here, frames - 1);
    }
    for (;;) {
        struct frame_cursor next = here;

        frame_advance(&core->clock, &next);
        if (next.start > now || next.frame >= core->stop_frame) {
            break;
        }
        here = next;
    }
    if (here.frame != core->cursor.frame && settle(core, here.frame, &change)) {
        here = core->cursor;
        frame_skip(&core->clock, &here, change.frame - 1 - here.frame);
    }
    window->due += here.frame - core->cursor.frame;
    window->run += here.frame - core->cursor.frame;
    core->cursor = here;
    core->window_start = here.start;
    core->window_frame = here.frame;
}

void frames_catch_up(struct core *core, uint64_t now)
{
    struct window *window = &core->windows[0];
    uint64_t before = core->cursor.frame;

    if (now < core->cursor.start) {
        return;
    }
    if (core_is_frame_by_frame(core)) {
        catch_up_by_frames(core, now);
        return;
    }
    frame_skip(&core->clock, &core->cursor, (now - core->cursor.start) / core->clock.ticks);
    while (core->cursor.start <= now) {
        frame_advance(&core->clock, &core->cursor);
    }
    window->due += core->cursor.frame - before;
    window->run += core->cursor.frame - before;
}

/* --- schedules and their changes -------------------------------------------------------------- */

bool frames_change_is_coming(const struct core *core)
{
    struct timeline_change change;

    return timeline_next(&module_timeline, core->changes, &change);
}

void frames_use_plan(struct core *core, uint32_t schedule)
{
    const struct core_plan *plan = &core->plan[schedule];

    core->schedule = schedule;
    core->windows = plan->windows;
    core->windows_end = plan->windows_end;
    core->clock = plan->clock;
    if (core->whole_frame != plan->whole_frame) {
        __atomic_store_n(&core->whole_frame, plan->whole_frame, __ATOMIC_SEQ_CST);
        /* Nobody asks a core with boundaries for one. */
        if (CONFIG_SMP && plan->whole_frame) {
            gic->unmask(0, 1U << GIC_SGI_BOUNDARY);
        } else if (CONFIG_SMP) {
            gic->mask(0, 1U << GIC_SGI_BOUNDARY);
        }
    }
}

/* A frame that is over before it begins is lost as a whole, at the price of a few instructions. */
void frames_begin(struct core *core, const struct frame_cursor *start)
{
    struct frame_cursor end = *start;
    struct timeline_change change;
    bool changed = settle(core, start->frame, &change);

    core->cursor = *start;
    if (changed) {
        core->changes++;
        frames_use_plan(core, change.schedule);
        core->change_frame = start->frame;
        core->change_start = start->start;
        trace_put(&core->trace, TRACE_SCHEDULE, change.schedule, start->start);
    }
    core->next = core->windows;
    frame_advance(&core->clock, &end);
    if ((int64_t)(counter_now() - end.start) >= 0) {
        core->missed_count += core_window_count(core);
        core->next = core->windows_end;
    }
}

void frames_follow_change(const struct core *core, struct partition *partition)
{
    uint64_t followed = __atomic_load_n(&partition->action_frame, __ATOMIC_ACQUIRE);

    if (followed >= core->change_frame ||
        !__atomic_compare_exchange_n(&partition->action_frame, &followed, core->change_frame, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return;
    }
    switch (module_state.desc->schedule[core->schedule].partition[partition->index].change_action) {
    case CHANGE_IDLE:
        partition_stop(partition);
        break;
    case CHANGE_COLD_START:
        (void)partition_start_begin(partition, PARTITION_COLD_START, BH_START_CHANGE);
        break;
    case CHANGE_WARM_START:
        (void)partition_start_begin(partition, PARTITION_WARM_START, BH_START_WARM);
        break;
    default:
        break;
    }
}

/* --- a core without boundaries ---------------------------------------------------------------- */

bool core_frame_is_ending(const struct core *core)
{
    return core->whole_frame &&
           (int64_t)(counter_now() - (core->cursor.start + core->windows[0].guard_ticks)) >= 0;
}

/* Where the present frame's usable time is over, a boundary would make the next release late: there
 * is one at the end of the next frame, unless that has another schedule. */
static uint64_t boundary_of_frame(const struct core *core)
{
    struct frame_cursor frame = core->cursor;
    struct timeline_change change;

    if (core_frame_is_ending(core) && (!timeline_next(&module_timeline, core->changes, &change) ||
                                       change.frame > frame.frame + 1)) {
        frame_advance(&core->clock, &frame);
    }
    return frame.start + core->windows[0].guard_ticks;
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
        frames_catch_up(core, now);
        if (core_is_frame_by_frame(core)) {
            guard_arm(boundary_of_frame(core));
            return;
        }
        guard = core->cursor.start - core->clock.ticks + core->windows[0].guard_ticks;
        guard_arm(guard > now ? guard : guard + core->clock.ticks);
    }
}

void core_ask_for_boundary(struct core *core)
{
    if (!__atomic_load_n(&core->whole_frame, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (core == this_core()) {
        core_request_boundary(core);
    } else {
        gic->kick(core, GIC_SGI_BOUNDARY);
    }
}

uint64_t core_frame(struct core *core)
{
    if (core->whole_frame) {
        frames_catch_up(core, counter_now());
    }
    return core->window_frame;
}
