/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When did my window begin, and did anybody take time from me?  A guest that polls the counter
 * without a pause sees every moment it was not running as a gap between two readings.  Far from a
 * window's end it polls in equal chunks; close to the end, whose distance it learns, it goes into
 * the sled, where the first reading behind the gap is exact.
 */
#include "guest.h"

#include <bulkhead/abi.h>

#define SLED_COUNT         28U
#define CALIBRATION_ROUNDS 32U
#define SLACK_TICKS        16U  /* what a polling step may take longer than the calibrated one */
#define PAUSE_TICKS        100U /* from polling into the sled */
#define SCAN_TICKS         500U /* looking through the sled's readings */
#define UNKNOWN_MARGIN_NS  20000U
#define APPROACH_NS        2000U

void sled(uint64_t value[SLED_COUNT]);

bool window_read(struct guest_window *window)
{
    struct hvc_result result;

    if (!guest_has_kernel()) {
        return false;
    }
    result = hvc(BH_WINDOW, 0, 0, 0);
    window->start_ticks = result.x[1];
    window->duration_ticks = result.x[2];
    window->frame = (uint32_t)(result.x[3] >> 32);
    window->index = (uint32_t)result.x[3];
    return result.x[0] == SMCCC_SUCCESS;
}

void window_watch_begin(struct window_watch *watch)
{
    *watch = (struct window_watch){.chunk_ticks = UINT64_MAX};
    watch->margin_ticks = ticks_from_ns(UNKNOWN_MARGIN_NS);
    if (!window_read(&watch->window)) {
        guest_stop("no kernel below that has windows");
    }
    for (unsigned i = 0; i < CALIBRATION_ROUNDS; i++) {
        uint64_t before = chunk();
        uint64_t span = chunk() - before;

        if (span < watch->chunk_ticks) {
            watch->chunk_ticks = span;
        }
    }
}

/* A gap from `before` to `after`: true if it led into a new window, else it was stolen. */
static bool gap_ends_window(struct window_watch *watch, uint64_t before, uint64_t after,
                            uint64_t undisturbed)
{
    struct guest_window now;

    window_read(&now);
    if (now.start_ticks != watch->window.start_ticks) {
        uint64_t end = watch->window.start_ticks + watch->window.duration_ticks;

        watch->margin_ticks = end - before;
        watch->window = now;
        watch->last_ticks = before;
        watch->first_ticks = after;
        return true;
    }
    watch->stolen_count++;
    if (after - before - undisturbed > watch->stolen_max_ticks) {
        watch->stolen_max_ticks = after - before - undisturbed;
    }
    return false;
}

/* Polls in chunks up to `until`; true if a new window came before that. */
static bool wait_coarse(struct window_watch *watch, uint64_t until)
{
    uint64_t before = counter_read();
    uint64_t now;

    /* The first chunk has no exact predecessor. */
    now = chunk();
    if (now - before > watch->chunk_ticks + SLACK_TICKS) {
        if (gap_ends_window(watch, before, now, watch->chunk_ticks)) {
            return true;
        }
        now = chunk();
    }
    while ((int64_t)(until - now) > 0) {
        before = now;
        now = chunk();
        if (now - before > watch->chunk_ticks + SLACK_TICKS) {
            if (gap_ends_window(watch, before, now, watch->chunk_ticks)) {
                return true;
            }
            now = chunk();
        }
    }
    return false;
}

/* Polls as tightly as it can from the reading *last up to `until`; true if a new window came before
 * that.  *last is the last reading then.  `pause`: how long ago *last may be without that being a
 * gap. */
static bool wait_fine(struct window_watch *watch, uint64_t *last, uint64_t until, uint64_t pause)
{
    while ((int64_t)(until - *last) > 0) {
        uint64_t now = counter_read();
        uint64_t before = *last;

        *last = now;
        if (now - before > pause) {
            if (gap_ends_window(watch, before, now, 1)) {
                return true;
            }
            *last = counter_read(); /* asking took time of its own */
        }
        pause = SLACK_TICKS;
    }
    return false;
}

void window_wait(struct window_watch *watch)
{
    uint64_t value[SLED_COUNT];
    uint64_t due = watch->window.start_ticks + watch->window.duration_ticks - watch->margin_ticks;

    uint64_t last;

    watch->exact = false;
    if (wait_coarse(watch, due - ticks_from_ns(APPROACH_NS))) {
        return;
    }
    last = counter_read();
    /* The sled's middle onto the expected instant; its prologue is half as long as the sled. */
    if (watch->learned) {
        if (wait_fine(watch, &last, due - SLED_COUNT, PAUSE_TICKS)) {
            return;
        }
        sled(value);
        if (value[0] - last > PAUSE_TICKS && gap_ends_window(watch, last, value[0], 1)) {
            return; /* between polling and the sled */
        }
        for (unsigned i = 1; i < SLED_COUNT; i++) {
            if (value[i] - value[i - 1] > SLACK_TICKS &&
                gap_ends_window(watch, value[i - 1], value[i], 1)) {
                watch->exact = true;
                return;
            }
        }
        last = value[SLED_COUNT - 1];
    }
    /* Not known yet, or not where it was last time. */
    watch->learned = wait_fine(watch, &last, last + INT64_MAX, SCAN_TICKS);
}
