/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which schedule does a major frame have?  Every core asks at its own time; whoever comes first
 * settles it for all of them, so no two cores ever differ, however late one of them is.  What is
 * settled cannot be changed any more; a change is asked for the first frame that is not.
 *
 * One word says how far frames are settled, with which schedule, and what is asked for the next
 * one. It is changed by compare-and-swap alone: nothing is locked, nobody waits.  The changes that
 * there were are kept in their order, for cores that come later: each core knows how many it has
 * followed. Portable; called by any core.  Time: a few dozen instructions, and a retry for each
 * write of another core meanwhile, of which there is at most one for each call that is under way.
 */
#ifndef BULKHEAD_TIMELINE_H
#define BULKHEAD_TIMELINE_H

#include <bulkhead/types.h>

/* A core that has more changes than that to follow has lost its way.  Power of two. */
#define TIMELINE_CHANGES 256U

#define TIMELINE_SCHEDULES_MAX 16U /* ARINC 653 systems have a handful */

struct timeline {
    uint64_t state;                    /* see timeline.c */
    uint64_t change[TIMELINE_CHANGES]; /* number n in [n % TIMELINE_CHANGES], from 1 on */
};

struct timeline_change {
    uint64_t frame; /* the first one of the schedule */
    uint32_t schedule;
};

enum timeline_answer {
    TIMELINE_SAME,   /* frames up to the one in question have the schedule that the core knows */
    TIMELINE_CHANGE, /* the core's next change is at or before that frame */
    TIMELINE_LOST,   /* it was so long ago that it is not known any more */
};

/* Settles all frames up to `frame`, for a core that has followed `followed` changes so far; with
 * TIMELINE_CHANGE, *change is the next one. */
enum timeline_answer timeline_settle(struct timeline *timeline, uint64_t frame, uint32_t followed,
                                     struct timeline_change *change);

/* Asks for `schedule` from the first frame behind `frame` on that is not settled, in the place of
 * what was asked before.  The schedule that runs then takes back what was asked. */
void timeline_ask(struct timeline *timeline, uint64_t frame, uint32_t schedule);

/* The change that comes next, settled or asked, for a core that has followed `followed`.  False:
 * there is none. */
bool timeline_next(const struct timeline *timeline, uint32_t followed,
                   struct timeline_change *change);

#endif
