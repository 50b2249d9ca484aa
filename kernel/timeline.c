/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See bulkhead/timeline.h.  The word, from the top: the last frame that is settled, how many
 * changes there were up to it, what is to come, that frame's schedule, and the one that is asked
 * for.
 *
 * A change is settled in two steps, so that no core that stops between them is waited for: the word
 * says CHANGED, which means that its last frame is the first of change `count`; then the word
 * itself is copied into the list.  Everybody who finds it so makes the copy before anything else,
 * so the list is complete up to `count` when the word moves on.
 */
#include <bulkhead/timeline.h>

#define FRAME_SHIFT    24U
#define COUNT_SHIFT    10U
#define COUNT_MASK     UINT32_C(0x3fff)
#define KIND_SHIFT     8U
#define SCHEDULE_SHIFT 4U
#define SCHEDULE_MASK  UINT32_C(0xf)

enum kind { QUIET, ASKED, CHANGED };

_Static_assert(TIMELINE_SCHEDULES_MAX - 1U == SCHEDULE_MASK, "a schedule fits its field");
_Static_assert((COUNT_MASK + 1U) % TIMELINE_CHANGES == 0, "a count that wraps stays in its place");

static uint64_t word(uint64_t frame, uint32_t count, enum kind kind, uint32_t schedule,
                     uint32_t asked)
{
    return frame << FRAME_SHIFT | (uint64_t)(count & COUNT_MASK) << COUNT_SHIFT |
           (uint64_t)kind << KIND_SHIFT | schedule << SCHEDULE_SHIFT | asked;
}

static uint64_t frame_of(uint64_t state)
{
    return state >> FRAME_SHIFT;
}

static uint32_t count_of(uint64_t state)
{
    return (uint32_t)(state >> COUNT_SHIFT) & COUNT_MASK;
}

static enum kind kind_of(uint64_t state)
{
    return (enum kind)(state >> KIND_SHIFT & 3U);
}

static uint32_t schedule_of(uint64_t state)
{
    return (uint32_t)(state >> SCHEDULE_SHIFT) & SCHEDULE_MASK;
}

static uint32_t asked_of(uint64_t state)
{
    return (uint32_t)state & SCHEDULE_MASK;
}

static uint64_t load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static bool replace(uint64_t *at, uint64_t seen, uint64_t by)
{
    return __atomic_compare_exchange_n(at, &seen, by, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* The state, with its change in the list. */
static uint64_t look(struct timeline *timeline)
{
    uint64_t state = load(&timeline->state);

    if (kind_of(state) == CHANGED) {
        uint64_t *place = &timeline->change[count_of(state) % TIMELINE_CHANGES];
        uint64_t there = load(place);

        /* Not where it stands already, nor over a later one, if this core slept over its look. */
        if (there == 0 || ((count_of(there) - count_of(state)) & COUNT_MASK) > COUNT_MASK / 2U) {
            (void)replace(place, there, state); /* or somebody else has */
        }
    }
    return state;
}

/* One frame further from a state with something asked. */
static uint64_t step(uint64_t state)
{
    uint64_t frame = frame_of(state) + 1;

    return asked_of(state) == schedule_of(state)
               ? word(frame, count_of(state), QUIET, schedule_of(state), 0)
               : word(frame, count_of(state) + 1, CHANGED, asked_of(state), 0);
}

/* Change number `count`, where it is in the list: there are `last` of them. */
static enum timeline_answer recall(const struct timeline *timeline, uint32_t count, uint32_t last,
                                   struct timeline_change *change)
{
    uint64_t there = load(&timeline->change[count % TIMELINE_CHANGES]);

    if (((last - count) & COUNT_MASK) >= TIMELINE_CHANGES ||
        count_of(there) != (count & COUNT_MASK)) {
        return TIMELINE_LOST;
    }
    *change = (struct timeline_change){frame_of(there), schedule_of(there)};
    return TIMELINE_CHANGE;
}

enum timeline_answer timeline_settle(struct timeline *timeline, uint64_t frame, uint32_t followed,
                                     struct timeline_change *change)
{
    for (;;) {
        uint64_t state = look(timeline);

        if (count_of(state) != (followed & COUNT_MASK)) {
            enum timeline_answer answer = recall(timeline, followed + 1, count_of(state), change);

            return answer == TIMELINE_CHANGE && change->frame > frame ? TIMELINE_SAME : answer;
        }
        if (frame_of(state) >= frame) {
            return TIMELINE_SAME;
        }
        (void)replace(&timeline->state, state,
                      kind_of(state) == ASKED
                          ? step(state)
                          : word(frame, count_of(state), QUIET, schedule_of(state), 0));
    }
}

void timeline_ask(struct timeline *timeline, uint64_t frame, uint32_t schedule)
{
    for (;;) {
        uint64_t state = look(timeline);
        uint64_t from = frame_of(state) < frame ? frame : frame_of(state);

        if (kind_of(state) == ASKED && frame_of(state) < frame) {
            (void)replace(&timeline->state, state, step(state)); /* that came before this */
        } else if (replace(&timeline->state, state,
                           word(from, count_of(state), ASKED, schedule_of(state), schedule))) {
            return;
        }
    }
}

bool timeline_next(const struct timeline *timeline, uint32_t followed,
                   struct timeline_change *change)
{
    uint64_t state = load(&timeline->state);

    if (count_of(state) == (followed & COUNT_MASK)) {
        *change = (struct timeline_change){frame_of(state) + 1, asked_of(state)};
        return kind_of(state) == ASKED && asked_of(state) != schedule_of(state);
    }
    /* The last one may not be in the list yet. */
    if (count_of(state) == ((followed + 1) & COUNT_MASK) && kind_of(state) == CHANGED) {
        *change = (struct timeline_change){frame_of(state), schedule_of(state)};
        return true;
    }
    return recall(timeline, followed + 1, count_of(state), change) == TIMELINE_CHANGE;
}
