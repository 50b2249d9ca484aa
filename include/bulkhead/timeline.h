/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which schedule does a major frame have?  Every core asks at the frame's start, at its own time;
 * whoever asks first settles it for all of them, so no two cores ever differ, however late one of
 * them is.  A change is asked for frame by frame; what is settled cannot be changed any more.
 *
 * One word for each of the last TIMELINE_FRAMES frames: nothing is locked, nobody waits.  Portable;
 * called by any core.
 */
#ifndef BULKHEAD_TIMELINE_H
#define BULKHEAD_TIMELINE_H

#include <bulkhead/types.h>

/* A core that is later than this has lost its way.  Power of two. */
#define TIMELINE_FRAMES 256U

/* How far back a core that takes no boundaries looks for what it was told of: it is told of each
 * change when that is asked for, so that only one that an emulator does not let run is ever behind.
 * Bounds what that costs in its window. */
#define TIMELINE_LOOK_BACK 32U

#define TIMELINE_SCHEDULES_MAX 16U /* ARINC 653 systems have a handful */

struct timeline {
    uint64_t word[TIMELINE_FRAMES]; /* frame << 8 | settled << 7 | schedule; of frame % FRAMES */
    uint64_t latest;                /* the last frame that a change was asked for; 0: none */
};

/*
 * The schedule of `frame` (not 0), which is now settled; `present` is that of the frame before.
 * TIMELINE_LOST: so long ago that nobody knows any more.  A retry for each write of another core to
 * the same word meanwhile, of which there is at most one for each running call.
 */
#define TIMELINE_LOST UINT32_MAX
uint32_t timeline_settle(struct timeline *timeline, uint64_t frame, uint32_t present);

/* Asks for `schedule` from `frame` on, in the place of what was asked before.  False: the frame is
 * settled, ask for a later one. */
bool timeline_ask(struct timeline *timeline, uint64_t frame, uint32_t schedule);

/* What was asked for `frame`, settled or not; `present` if nothing was. */
uint32_t timeline_asked(const struct timeline *timeline, uint64_t frame, uint32_t present);

/* The first frame in (after, last] of another schedule than `present`, of the TIMELINE_LOOK_BACK
 * last ones that may have one; last + 1 if there is none. */
uint64_t timeline_first(const struct timeline *timeline, uint64_t after, uint64_t last,
                        uint32_t present);

#endif
