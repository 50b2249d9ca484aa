/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does each change come when it should, however often and however late in a frame it is asked for?
 *
 * change_each_frame: in its first window of each major frame it asks for another schedule.
 * Parameter 1: schedules, in turn.  2: the frame in which it stops asking and reports.  3: asks
 * only in frames that leave this rest, 4: by this divisor (0: each).  5: 1 = its windows begin with
 * the frame, so the time of each change is known.  6: bit 0 = with a pseudo-random pause before
 * each question, bit 1 = says what it sees of each frame.
 *
 *     modes: saw frame=N start=N present=N
 *     modes: each asked=N refused=N windows=N wrong=N first_frame=N first_start=N last_frame=N
 *
 * refused: results other than 0 and BH_NO_ACTION; wrong: a schedule, or a time of the last change,
 * that is not what was asked for.  Where others ask, too (parameter 5 is 2), nothing is known
 * beforehand, and wrong is 0.
 *
 * change_in_last_instants: parameter 1: trials.  It asks for the other one of two schedules at a
 * pseudo-random time in its window, which is the frame's last one: in as many of its last ns as
 * parameter 2 says, but not in as many as parameter 3 does.
 *
 *     modes: instants trials=N next=N later=N lost=N both=N refused=N late_calls=N
 *
 * next, later: changes that came with the next frame, or one later; both: that came and were gone
 * again; late_calls: calls that came back in another window.
 *
 * change_in_whole_frames: the same, in two schedules whose only window is the whole frame, some
 * frames after the last change; a counter of 1 GHz.  Parameter 3 is the guard.
 *
 *     modes: whole trials=N next=N later=N wrong=N refused=N
 *
 * wrong: changes at another time than those two, or later though the call was back before the end
 * of usable time, or with the next frame though it began after that.
 */
#include "modes.h"

#define PAUSE_NS         20000U
#define WITH_PAUSE       BIT(0)
#define TELLS            BIT(1)
#define FRAMES_BETWEEN   3U
#define FRAMES_OF_A_WAIT 4U

/* What a sole changer knows: in the frame `window` is in, schedule `expected` runs. */
static bool is_wrong(const struct guest_window *window, const struct mode_status *status,
                     uint64_t expected, bool changed)
{
    if (status->result != 0 || status->present != expected || status->next != expected) {
        return true;
    }
    return guest_params.word[5] == 1 && changed && status->switched != window->start_ticks;
}

/* The status in a window, which may end between two questions. */
static struct mode_status status_in(struct guest_window *window)
{
    struct guest_window after = *window;
    struct mode_status status;

    do {
        *window = after;
        status = mode_status();
        window_read(&after);
    } while (after.start_ticks != window->start_ticks);
    return status;
}

void change_each_frame(void)
{
    uint64_t schedules = guest_params.word[1];
    uint64_t divisor = guest_params.word[4] != 0 ? guest_params.word[4] : 1;
    bool alone = guest_params.word[5] != 2;
    uint64_t asked = 0;
    uint64_t refused = 0;
    uint64_t windows = 0;
    uint64_t wrong = 0;
    uint64_t expected;
    uint32_t first_frame;
    uint64_t first_start;
    bool changed = false;
    struct guest_window window;

    window_read(&window);
    first_frame = window.frame;
    first_start = window.start_ticks;
    expected = mode_status().present;
    while (window.frame < guest_params.word[2]) {
        struct mode_status status = status_in(&window);

        windows++;
        if ((guest_params.word[6] & TELLS) != 0) {
            print("modes: saw frame=%u start=%lu present=%lu\n", window.frame, window.start_ticks,
                  status.present);
        }
        wrong += alone && is_wrong(&window, &status, expected, changed);
        changed = false;
        if (window.frame % divisor == guest_params.word[3]) {
            uint64_t wanted = (status.present + 1U) % schedules;
            int64_t result;

            if ((guest_params.word[6] & WITH_PAUSE) != 0) {
                delay_until(counter_read() + random_below(ticks_from_ns(PAUSE_NS)));
            }
            result = mode_set(wanted);
            asked++;
            refused += result != SMCCC_SUCCESS && result != BH_NO_ACTION;
            wrong += alone && mode_status().next != wanted;
            expected = wanted;
            changed = true;
        }
        /* Its other windows of this frame are not looked at. */
        for (uint32_t frame = window.frame; window.frame == frame;) {
            next_window(&window);
        }
    }
    print("modes: each asked=%lu refused=%lu windows=%lu wrong=%lu first_frame=%u "
          "first_start=%lu last_frame=%u\n",
          asked, refused, windows, wrong, first_frame, first_start, window.frame);
}

void change_in_last_instants(void)
{
    uint64_t next = 0;
    uint64_t later = 0;
    uint64_t lost = 0;
    uint64_t both = 0;
    uint64_t refused = 0;
    uint64_t late_calls = 0;
    struct guest_window window;

    window_read(&window);
    for (uint64_t trial = 0; trial < guest_params.word[1]; trial++) {
        uint64_t present = mode_status().present;
        uint64_t wanted = 1U - present;
        uint64_t seen[3];
        struct guest_window after;
        uint32_t asked_in = window.frame;

        delay_until(window.start_ticks + window.duration_ticks -
                    ticks_from_ns(guest_params.word[2]) +
                    random_below(ticks_from_ns(guest_params.word[2] - guest_params.word[3])));
        refused += mode_set(wanted) != SMCCC_SUCCESS;
        window_read(&after);
        if (after.start_ticks != window.start_ticks) {
            late_calls++;
        } else {
            next_window(&after);
        }
        for (unsigned i = 0; i < countof(seen); i++) {
            seen[i] = after.frame == asked_in + 1U + i ? mode_status().present : UINT64_MAX;
            window = after;
            next_window(&after);
        }
        window = after;
        if (seen[2] != wanted) {
            lost++;
        } else if (seen[0] == wanted && seen[1] == wanted) {
            next++;
        } else if (seen[0] == present && seen[1] == wanted) {
            later++;
        } else {
            both++;
        }
    }
    print("modes: instants trials=%lu next=%lu later=%lu lost=%lu both=%lu refused=%lu "
          "late_calls=%lu\n",
          guest_params.word[1], next, later, lost, both, refused, late_calls);
}

void change_in_whole_frames(void)
{
    uint64_t before = ticks_from_ns(guest_params.word[2]);
    uint64_t guard = ticks_from_ns(guest_params.word[3]);
    uint64_t next = 0;
    uint64_t later = 0;
    uint64_t wrong = 0;
    uint64_t refused = 0;
    struct guest_window window;

    for (uint64_t trial = 0; trial < guest_params.word[1]; trial++) {
        struct mode_status status = mode_status();
        uint64_t wanted = 1U - status.present;
        uint64_t end;
        uint64_t called;
        uint64_t back;

        window_read(&window);
        end = window.start_ticks + (1U + random_below(FRAMES_BETWEEN)) * window.duration_ticks;
        while (end < counter_read() + before) {
            end += window.duration_ticks;
        }
        delay_until(end - before + random_below(before));
        called = counter_read();
        refused += mode_set(wanted) != SMCCC_SUCCESS;
        back = counter_read();
        do {
            delay_until(counter_read() + ticks_from_ns(PAUSE_NS));
            status = mode_status();
        } while (status.present != wanted &&
                 counter_read() < end + FRAMES_OF_A_WAIT * window.duration_ticks);
        if (status.switched == end) {
            next++;
            wrong += called > end - guard;
        } else if (status.switched == end + window.duration_ticks) {
            later++;
            wrong += back < end - guard;
        } else {
            wrong++;
        }
    }
    print("modes: whole trials=%lu next=%lu later=%lu wrong=%lu refused=%lu\n",
          guest_params.word[1], next, later, wrong, refused);
}
