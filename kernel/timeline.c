/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/timeline.h. */
#include <bulkhead/timeline.h>

#define SCHEDULE_MASK UINT64_C(0x7f)
#define SETTLED       UINT64_C(0x80)
#define FRAME_SHIFT   8U

_Static_assert((TIMELINE_FRAMES & (TIMELINE_FRAMES - 1U)) == 0, "an index is a mask");
_Static_assert(TIMELINE_SCHEDULES_MAX <= SCHEDULE_MASK, "a schedule fits its field");

static uint64_t *word_of(struct timeline *timeline, uint64_t frame)
{
    return &timeline->word[frame % TIMELINE_FRAMES];
}

static uint64_t frame_of(uint64_t word)
{
    return word >> FRAME_SHIFT;
}

uint32_t timeline_settle(struct timeline *timeline, uint64_t frame, uint32_t present)
{
    uint64_t *word = word_of(timeline, frame);
    uint64_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    uint64_t settled;

    do {
        if (frame_of(seen) > frame) {
            return TIMELINE_LOST;
        }
        settled =
            frame_of(seen) == frame ? seen | SETTLED : frame << FRAME_SHIFT | SETTLED | present;
    } while (seen != settled && !__atomic_compare_exchange_n(word, &seen, settled, false,
                                                             __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return (uint32_t)(settled & SCHEDULE_MASK);
}

bool timeline_ask(struct timeline *timeline, uint64_t frame, uint32_t schedule)
{
    uint64_t *word = word_of(timeline, frame);
    uint64_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    uint64_t latest = __atomic_load_n(&timeline->latest, __ATOMIC_RELAXED);

    do {
        if (frame_of(seen) > frame || (frame_of(seen) == frame && (seen & SETTLED) != 0)) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(word, &seen, frame << FRAME_SHIFT | schedule, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    while (latest < frame && !__atomic_compare_exchange_n(&timeline->latest, &latest, frame, false,
                                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
    return true;
}

uint32_t timeline_asked(const struct timeline *timeline, uint64_t frame, uint32_t present)
{
    uint64_t seen = __atomic_load_n(&timeline->word[frame % TIMELINE_FRAMES], __ATOMIC_ACQUIRE);

    return frame_of(seen) == frame && frame != 0 ? (uint32_t)(seen & SCHEDULE_MASK) : present;
}

uint64_t timeline_first(const struct timeline *timeline, uint64_t after, uint64_t last,
                        uint32_t present)
{
    uint64_t latest = __atomic_load_n(&timeline->latest, __ATOMIC_ACQUIRE);
    uint64_t end = latest < last ? latest : last;
    uint64_t frame = after + 1;

    /* Behind `latest` there is nothing. */
    if (end >= TIMELINE_LOOK_BACK && frame <= end - TIMELINE_LOOK_BACK) {
        frame = end - TIMELINE_LOOK_BACK + 1;
    }
    while (frame <= end && timeline_asked(timeline, frame, present) == present) {
        frame++;
    }
    return frame <= end ? frame : last + 1;
}
