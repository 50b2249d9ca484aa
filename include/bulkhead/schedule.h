/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When does a frame start, in counter ticks?  Nanoseconds become ticks without drift: a major frame
 * need not be a whole number of ticks, so frame starts carry an integer remainder and offsets
 * within a frame are rounded once.  Portable and pure.
 */
#ifndef BULKHEAD_SCHEDULE_H
#define BULKHEAD_SCHEDULE_H

#include <bulkhead/types.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The counter's highest frequency for which no product below overflows. */
#define COUNTER_HZ_MAX UINT64_C(10000000000)
#define COUNTER_HZ_MIN UINT64_C(1000000)

/* Whole ticks in ns nanoseconds, rounded down.  hz within COUNTER_HZ_MIN..MAX; the result
 * must fit 64 bits (584 years at 1 GHz). */
uint64_t ns_to_ticks(uint64_t ns, uint64_t hz);

/* The same in the other direction, rounded down; saturates at UINT64_MAX. */
uint64_t ticks_to_ns(uint64_t ticks, uint64_t hz);

/* Length of a major frame: ticks + remainder / NS_PER_SECOND. */
struct frame_clock {
    uint64_t ticks;
    uint64_t remainder;
};

/* Start of the present major frame. */
struct frame_cursor {
    uint64_t start;       /* absolute ticks */
    uint64_t accumulated; /* < NS_PER_SECOND: the fraction that start leaves out */
    uint64_t frame;       /* number, from 0 */
};

struct frame_clock frame_clock_make(uint64_t major_frame_ns, uint64_t hz);

/* To the next frame.  O(1). */
void frame_advance(const struct frame_clock *clock, struct frame_cursor *cursor);

/* Over `count` frames at once, with the same result as count calls of frame_advance.  O(1).
 * count < 2^32: more is clamped (136 years of frames of one second). */
void frame_skip(const struct frame_clock *clock, struct frame_cursor *cursor, uint64_t count);

#endif
