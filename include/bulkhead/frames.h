/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which frame, of which schedule, is a core?  Cores whose schedule may change go frame by frame:
 * each frame's schedule is settled at its start (bulkhead/timeline.h).  A core whose only window is
 * its frame passes frames without a boundary, and counts them when somebody asks, or wants one.
 */
#ifndef BULKHEAD_FRAMES_H
#define BULKHEAD_FRAMES_H

#include <bulkhead/core.h>

/* `next` stops at a frame's end, and the cursor is that of the present frame; else the cursor is
 * that of `next`, which may be in the frame behind. */
static inline bool core_is_frame_by_frame(const struct core *core)
{
    return (CONFIG_SMP || CONFIG_MODULE_SCHEDULES) && core->frame_by_frame;
}

/* A core without boundaries ran through frames until `now`: counts them, and goes to the present
 * one, or, where it is not frame by frame, to the first that starts later.  O(1): the quotient is
 * off by one frame at most, since frame lengths are rounded down. */
void frames_catch_up(struct core *core, uint64_t now);

/* The core's tables of a schedule become the present ones. */
void frames_use_plan(struct core *core, uint32_t schedule);

/* The frame that starts at `start` begins, with whatever schedule it has. */
void frames_begin(struct core *core, const struct frame_cursor *start);

/* Something is to change behind the present frame. */
bool frames_change_is_coming(const struct core *core);

/* What its new schedule has for a partition whose first window in it comes, on whatever core. */
void frames_follow_change(const struct core *core, struct partition *partition);

#endif
