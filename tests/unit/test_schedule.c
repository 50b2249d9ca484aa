/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is time arithmetic exact?  Frame starts against 128-bit products over 10^6 frames, skips against
 * steps, window offsets against each other, conversions up to where 64 bits end.  BH-TIME-4
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bulkhead/schedule.h>

#define FRAMES 1000000U

typedef unsigned __int128 uint128_t;

static const uint64_t frequency[] = {
    19200000, 24000000, 54000000, 62500000, 1000000000, COUNTER_HZ_MIN, COUNTER_HZ_MAX,
};

static const uint64_t frame_ns[] = {
    1000000,             /* 1 ms */
    1000001,             /* a nanosecond more */
    3333333,             /* a third of 10 ms, cut */
    16666667,            /* a frame of 60 Hz video */
    999999999,           /* a nanosecond short of a second */
    60 * NS_PER_SECOND,  /* a minute */
    600 * NS_PER_SECOND, /* ten minutes */
    600 * NS_PER_SECOND + 1,
    3600 * NS_PER_SECOND - 7919, /* just below the longest frame */
};

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t random_below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

/* Start and fraction of frame n, counted from `first`, must be n * length without any loss. */
static void assert_at(const struct frame_cursor *cursor, uint64_t first, uint64_t ns, uint64_t hz)
{
    uint128_t elapsed = (uint128_t)(cursor->start - first) * NS_PER_SECOND + cursor->accumulated;

    if (elapsed != (uint128_t)cursor->frame * ns * hz || cursor->accumulated >= NS_PER_SECOND) {
        fail_msg("frame %llu of %llu ns at %llu Hz: start %llu, fraction %llu",
                 (unsigned long long)cursor->frame, (unsigned long long)ns, (unsigned long long)hz,
                 (unsigned long long)cursor->start, (unsigned long long)cursor->accumulated);
    }
}

static void frames_do_not_drift(void **state)
{
    (void)state;
    for (size_t h = 0; h < ARRAY_COUNT(frequency); h++) {
        for (size_t f = 0; f < ARRAY_COUNT(frame_ns); f++) {
            struct frame_clock clock = frame_clock_make(frame_ns[f], frequency[h]);
            struct frame_cursor cursor = {.start = 12345};

            if ((uint128_t)frame_ns[f] * FRAMES * frequency[h] / NS_PER_SECOND > INT64_MAX) {
                continue; /* past the end of the counter */
            }
            for (uint32_t i = 0; i < FRAMES; i++) {
                frame_advance(&clock, &cursor);
                assert_at(&cursor, 12345, frame_ns[f], frequency[h]);
            }
            assert_int_equal(cursor.frame, FRAMES);
        }
    }
}

static void a_skip_is_as_many_steps(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        uint64_t hz = frequency[random_below(ARRAY_COUNT(frequency))];
        uint64_t ns = frame_ns[random_below(ARRAY_COUNT(frame_ns))];
        struct frame_clock clock = frame_clock_make(ns, hz);
        struct frame_cursor stepped = {
            .start = random_below(UINT64_C(1) << 40),
            .accumulated = random_below(NS_PER_SECOND),
            .frame = random_below(UINT64_C(1) << 40),
        };
        struct frame_cursor skipped = stepped;
        uint64_t count = random_below(4) == 0 ? random_below(3) : random_below(3000);

        frame_skip(&clock, &skipped, count);
        for (uint64_t i = 0; i < count; i++) {
            frame_advance(&clock, &stepped);
        }
        assert_int_equal(skipped.start, stepped.start);
        assert_int_equal(skipped.accumulated, stepped.accumulated);
        assert_int_equal(skipped.frame, stepped.frame);
    }
}

static void the_longest_skip_is_exact_and_the_limit(void **state)
{
    static const uint64_t worst_ns[] = {999999999, 1000001, 16666667};

    (void)state;
    for (size_t h = 0; h < ARRAY_COUNT(frequency); h++) {
        for (size_t f = 0; f < ARRAY_COUNT(worst_ns); f++) {
            struct frame_clock clock = frame_clock_make(worst_ns[f], frequency[h]);
            struct frame_cursor cursor = {0};
            struct frame_cursor beyond = {0};

            if ((uint128_t)worst_ns[f] * UINT32_MAX * frequency[h] / NS_PER_SECOND > UINT64_MAX) {
                continue;
            }
            frame_skip(&clock, &cursor, UINT32_MAX);
            assert_int_equal(cursor.frame, UINT32_MAX);
            assert_at(&cursor, 0, worst_ns[f], frequency[h]);
            frame_skip(&clock, &beyond, UINT64_MAX);
            assert_int_equal(beyond.frame, UINT32_MAX);
            assert_int_equal(beyond.start, cursor.start);
        }
    }
}

/*
 * A frame cut at random places into abutting windows: each cut is one tick for the window that ends
 * and the one that begins, in order, and less than a tick from the exact instant; the next frame's
 * first window begins where this one's last ends, or a tick later when the fractions fill one.
 */
static void windows_abut_in_order(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 500; round++) {
        uint64_t hz = frequency[random_below(ARRAY_COUNT(frequency))];
        uint64_t ns = frame_ns[random_below(ARRAY_COUNT(frame_ns))];
        struct frame_clock clock = frame_clock_make(ns, hz);
        struct frame_cursor cursor = {.start = random_below(UINT64_C(1) << 50)};
        uint64_t first = cursor.start;
        uint64_t next;

        frame_skip(&clock, &cursor, random_below(1000));
        for (uint64_t start_ns = 0, end_ns; start_ns < ns; start_ns = end_ns) {
            uint64_t left = ns - start_ns;
            uint64_t start = cursor.start + ns_to_ticks(start_ns, hz);
            uint64_t end;
            uint128_t exact;

            end_ns = start_ns + 1 + random_below(left < ns / 50 ? left : ns / 50 + 1);
            end = cursor.start + ns_to_ticks(end_ns, hz);
            assert_true(end >= start);
            assert_true((uint128_t)(end - start + 1) * NS_PER_SECOND >
                        (uint128_t)(end_ns - start_ns) * hz);
            exact = ((uint128_t)cursor.frame * ns + start_ns) * hz;
            /* The frame's start and the offset in it are each rounded down, once. */
            assert_true((uint128_t)(start - first) * NS_PER_SECOND <= exact);
            assert_true((uint128_t)(start - first + 2) * NS_PER_SECOND > exact);
        }
        next = cursor.start + ns_to_ticks(ns, hz);
        assert_int_equal(next, cursor.start + clock.ticks);
        frame_advance(&clock, &cursor);
        assert_true(cursor.start == next || cursor.start == next + 1);
    }
}

static void conversions_are_exact_to_the_edge(void **state)
{
    (void)state;
    for (size_t h = 0; h < ARRAY_COUNT(frequency); h++) {
        uint64_t hz = frequency[h];
        /* The last nanosecond whose ticks fit into 64 bits, and that the interface takes. */
        uint128_t fits = (uint128_t)UINT64_MAX * NS_PER_SECOND / hz;
        uint64_t ns_max = fits < INT64_MAX ? (uint64_t)fits : INT64_MAX;

        for (uint64_t i = 0; i < 4000; i++) {
            uint64_t ns = i < 1000   ? i
                          : i < 2000 ? ns_max - (i - 1000)
                                     : random_below(ns_max) >> random_below(63);
            uint64_t ticks = ns_to_ticks(ns, hz);
            uint128_t back;

            assert_int_equal(ticks, (uint64_t)((uint128_t)ns * hz / NS_PER_SECOND));
            back = (uint128_t)ticks * NS_PER_SECOND / hz;
            assert_int_equal(ticks_to_ns(ticks, hz), (uint64_t)back);
        }
        assert_int_equal(ns_to_ticks(ns_max, hz),
                         (uint64_t)((uint128_t)ns_max * hz / NS_PER_SECOND));
    }
}

static void nanoseconds_saturate(void **state)
{
    (void)state;
    for (size_t h = 0; h < ARRAY_COUNT(frequency); h++) {
        uint64_t hz = frequency[h];
        uint128_t whole_seconds = (uint128_t)(UINT64_MAX / NS_PER_SECOND) * hz;

        if (whole_seconds + hz - 1 <= UINT64_MAX) {
            /* The last second that 64 bits of nanoseconds begin but do not hold. */
            assert_int_equal(ticks_to_ns((uint64_t)whole_seconds + hz - 1, hz), UINT64_MAX);
        }
        if (whole_seconds <= UINT64_MAX) {
            uint64_t ticks = (uint64_t)whole_seconds - 1;

            assert_int_equal(ticks_to_ns(ticks, hz),
                             (uint64_t)((uint128_t)ticks * NS_PER_SECOND / hz));
        }
        if ((uint128_t)UINT64_MAX * NS_PER_SECOND / hz > UINT64_MAX) {
            assert_int_equal(ticks_to_ns(UINT64_MAX, hz), UINT64_MAX);
        } else {
            assert_int_equal(ticks_to_ns(UINT64_MAX, hz),
                             (uint64_t)((uint128_t)UINT64_MAX * NS_PER_SECOND / hz));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_do_not_drift),
        cmocka_unit_test(a_skip_is_as_many_steps),
        cmocka_unit_test(the_longest_skip_is_exact_and_the_limit),
        cmocka_unit_test(windows_abut_in_order),
        cmocka_unit_test(conversions_are_exact_to_the_edge),
        cmocka_unit_test(nanoseconds_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
