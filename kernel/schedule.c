/* SPDX-License-Identifier: Apache-2.0 */
/* See include/bulkhead/schedule.h.  Pure arithmetic; no state, no locks. */
#include <bulkhead/schedule.h>

uint64_t ns_to_ticks(uint64_t ns, uint64_t hz)
{
    /* Split, so that both products stay below 2^64 for hz <= 10 GHz. */
    return ns / NS_PER_SECOND * hz + ns % NS_PER_SECOND * hz / NS_PER_SECOND;
}

uint64_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
    uint64_t seconds = ticks / hz;

    if (seconds >= UINT64_MAX / NS_PER_SECOND) {
        return UINT64_MAX;
    }
    return seconds * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

struct frame_clock frame_clock_make(uint64_t major_frame_ns, uint64_t hz)
{
    return (struct frame_clock){
        .ticks = ns_to_ticks(major_frame_ns, hz),
        .remainder = major_frame_ns % NS_PER_SECOND * hz % NS_PER_SECOND,
    };
}

void frame_advance(const struct frame_clock *clock, struct frame_cursor *cursor)
{
    cursor->start += clock->ticks;
    cursor->accumulated += clock->remainder;
    if (cursor->accumulated >= NS_PER_SECOND) {
        cursor->accumulated -= NS_PER_SECOND;
        cursor->start++;
    }
    cursor->frame++;
}

void frame_skip(const struct frame_clock *clock, struct frame_cursor *cursor, uint64_t count)
{
    uint64_t fraction;

    if (count > UINT32_MAX) {
        count = UINT32_MAX;
    }
    /* remainder < 10^9 < 2^30 and count < 2^32: the sum stays below 2^63. */
    fraction = cursor->accumulated + clock->remainder * count;
    cursor->start += clock->ticks * count + fraction / NS_PER_SECOND;
    cursor->accumulated = fraction % NS_PER_SECOND;
    cursor->frame += count;
}
