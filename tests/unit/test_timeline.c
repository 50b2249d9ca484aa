/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do all cores see the same schedules, whoever asks and whenever?  Frame by frame with one thread,
 * against a plain list; then with a thread for each core, all settling and asking as fast as they
 * can.  BH-MOD-1, BH-MOD-3
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/timeline.h>

#define FRAMES  50000U
#define CORES   8U
#define PRESENT 3U

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % limit;
}

static void nothing_asked_keeps_the_schedule(void **state)
{
    struct timeline timeline = {0};

    (void)state;
    for (uint64_t frame = 1; frame <= 3U * TIMELINE_FRAMES; frame++) {
        assert_int_equal(timeline_asked(&timeline, frame, PRESENT), PRESENT);
        assert_int_equal(timeline_settle(&timeline, frame, PRESENT), PRESENT);
        assert_int_equal(timeline_settle(&timeline, frame, PRESENT), PRESENT);
    }
    assert_int_equal(timeline_first(&timeline, 0, 1000, PRESENT), 1001);
}

static void what_is_asked_comes_from_that_frame_on(void **state)
{
    struct timeline timeline = {0};

    (void)state;
    assert_true(timeline_ask(&timeline, 5, 7));
    assert_int_equal(timeline_asked(&timeline, 5, 0), 7);
    for (uint64_t frame = 1; frame < 5; frame++) {
        assert_int_equal(timeline_asked(&timeline, frame, 0), 0);
        assert_int_equal(timeline_settle(&timeline, frame, 0), 0);
    }
    assert_int_equal(timeline_settle(&timeline, 5, 0), 7);
    assert_int_equal(timeline_asked(&timeline, 5, 0), 7);
    assert_int_equal(timeline_settle(&timeline, 6, 7), 7);
}

static void the_last_one_that_is_asked_counts(void **state)
{
    struct timeline timeline = {0};

    (void)state;
    assert_true(timeline_ask(&timeline, 1, 7));
    assert_true(timeline_ask(&timeline, 1, 9));
    assert_int_equal(timeline_asked(&timeline, 1, 0), 9);
    assert_true(timeline_ask(&timeline, 1, 0)); /* taken back */
    assert_int_equal(timeline_asked(&timeline, 1, 0), 0);
    assert_int_equal(timeline_settle(&timeline, 1, 0), 0);
}

static void what_is_settled_stays(void **state)
{
    struct timeline timeline = {0};

    (void)state;
    assert_int_equal(timeline_settle(&timeline, 1, 0), 0);
    assert_false(timeline_ask(&timeline, 1, 7));
    assert_int_equal(timeline_settle(&timeline, 1, 0), 0);
    assert_true(timeline_ask(&timeline, 2, TIMELINE_SCHEDULES_MAX - 1U));
    assert_int_equal(timeline_settle(&timeline, 2, 0), TIMELINE_SCHEDULES_MAX - 1U);
    assert_false(timeline_ask(&timeline, 2, 0));
    assert_int_equal(timeline_settle(&timeline, 2, 0), TIMELINE_SCHEDULES_MAX - 1U);
}

static void the_past_is_known_so_long_and_no_longer(void **state)
{
    struct timeline timeline = {0};
    uint64_t last = 4U * TIMELINE_FRAMES;

    (void)state;
    for (uint64_t frame = 1; frame <= last; frame++) {
        uint32_t schedule = (uint32_t)(frame % TIMELINE_SCHEDULES_MAX);

        assert_true(timeline_ask(&timeline, frame, schedule));
        assert_int_equal(timeline_settle(&timeline, frame, 0), schedule);
    }
    for (uint64_t frame = last - TIMELINE_FRAMES + 1; frame <= last; frame++) {
        assert_int_equal(timeline_settle(&timeline, frame, 0), frame % TIMELINE_SCHEDULES_MAX);
        assert_false(timeline_ask(&timeline, frame, 0));
    }
    assert_int_equal(timeline_settle(&timeline, last - TIMELINE_FRAMES, 0), TIMELINE_LOST);
    assert_int_equal(timeline_settle(&timeline, 1, 0), TIMELINE_LOST);
    assert_false(timeline_ask(&timeline, last - TIMELINE_FRAMES, 0));
}

/* Changes at random distances; asked from every frame before, up to every frame behind. */
static void the_first_change_is_found(void **state)
{
    struct timeline timeline = {0};
    uint64_t seed = 1;
    uint64_t change = 0;

    (void)state;
    for (uint64_t frame = 1; frame <= 3000; frame++) {
        uint64_t before = change;
        uint64_t present = change == 0 ? 0 : change % 2U + 1U;

        change = frame + random_below(&seed, TIMELINE_LOOK_BACK - 1U) + 1U;
        assert_true(timeline_ask(&timeline, change, (uint32_t)(change % 2U + 1U)));
        for (uint64_t after = frame; after <= change; after += 1U + random_below(&seed, 40)) {
            uint64_t last = after + random_below(&seed, 2U * TIMELINE_FRAMES);
            uint64_t found = timeline_first(&timeline, after, last, (uint32_t)present);
            bool there = present != change % 2U + 1U && after < change && change <= last;

            assert_int_equal(found, there ? change : last + 1U);
        }
        assert_true(before < change);
        while (frame < change) {
            (void)timeline_settle(&timeline, frame++, (uint32_t)present);
        }
        assert_int_equal(timeline_settle(&timeline, frame, (uint32_t)present), change % 2U + 1U);
    }
}

static void a_core_without_boundaries_finds_a_change_late(void **state)
{
    struct timeline timeline = {0};

    (void)state;
    assert_true(timeline_ask(&timeline, UINT64_C(1) << 40, 2));
    assert_int_equal(timeline_first(&timeline, 3, UINT64_C(1) << 41, 0), UINT64_C(1) << 40);
    assert_int_equal(timeline_first(&timeline, 3, (UINT64_C(1) << 40) - 1U, 0), UINT64_C(1) << 40);
    assert_int_equal(timeline_first(&timeline, UINT64_C(1) << 40, UINT64_C(1) << 41, 2),
                     (UINT64_C(1) << 41) + 1U);
}

/* --- many cores ------------------------------------------------------------------------------- */

struct race {
    struct timeline timeline;
    uint64_t reached[CORES]; /* atomic */
    uint8_t run[CORES][FRAMES];
    uint8_t mark[FRAMES]; /* atomic: schedules that somebody had a yes for, as bits */
    uint64_t refused;
    uint64_t accepted;
    pthread_barrier_t start;
};

struct runner {
    struct race *race;
    uint32_t core;
    pthread_t thread;
};

#define RACE_SCHEDULES 8U
#define SLACK          4U /* frames between the first and the last core: they shall meet often */

static bool anybody_far_behind(struct race *race, uint64_t frame)
{
    for (uint32_t core = 0; core < CORES; core++) {
        if (__atomic_load_n(&race->reached[core], __ATOMIC_ACQUIRE) + SLACK < frame) {
            return true;
        }
    }
    return false;
}

static void *run_core(void *argument)
{
    const struct runner *runner = argument;
    struct race *race = runner->race;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (runner->core + 1U);
    uint32_t schedule = 0;

    pthread_barrier_wait(&race->start);
    for (uint64_t frame = 1; frame < FRAMES; frame++) {
        while (anybody_far_behind(race, frame)) {
            sched_yield();
        }
        schedule = timeline_settle(&race->timeline, frame, schedule);
        race->run[runner->core][frame] = (uint8_t)schedule;
        __atomic_store_n(&race->reached[runner->core], frame, __ATOMIC_RELEASE);
        for (uint64_t ask = random_below(&seed, 3); ask != 0 && frame + 1U < FRAMES; ask--) {
            uint32_t wanted = (uint32_t)random_below(&seed, RACE_SCHEDULES);

            /* Before the question, since the answer may have been read by others before it is. */
            (void)__atomic_fetch_or(&race->mark[frame + 1U], 1U << wanted, __ATOMIC_ACQ_REL);
            if (timeline_ask(&race->timeline, frame + 1U, wanted)) {
                (void)__atomic_fetch_add(&race->accepted, 1, __ATOMIC_RELAXED);
            } else {
                (void)__atomic_fetch_add(&race->refused, 1, __ATOMIC_RELAXED);
            }
        }
    }
    return NULL;
}

static void no_two_cores_ever_differ(void **state)
{
    static struct race race;
    struct runner runner[CORES];
    uint64_t changes = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&race.start, NULL, CORES), 0);
    for (uint32_t core = 0; core < CORES; core++) {
        runner[core] = (struct runner){.race = &race, .core = core};
        assert_int_equal(pthread_create(&runner[core].thread, NULL, run_core, &runner[core]), 0);
    }
    for (uint32_t core = 0; core < CORES; core++) {
        assert_int_equal(pthread_join(runner[core].thread, NULL), 0);
    }
    for (uint32_t frame = 1; frame < FRAMES; frame++) {
        uint32_t schedule = race.run[0][frame];

        for (uint32_t core = 1; core < CORES; core++) {
            if (race.run[core][frame] != schedule) {
                fail_msg("frame %u: core %u has %u, core 0 has %u", frame, core,
                         race.run[core][frame], schedule);
            }
        }
        /* Nobody runs what nobody asked for. */
        if (schedule != race.run[0][frame - 1U]) {
            changes++;
            assert_true((race.mark[frame] & 1U << schedule) != 0);
        }
    }
    /* Else it was no race. */
    assert_true(race.accepted > FRAMES / 64U);
    assert_true(race.refused > FRAMES / 64U);
    assert_true(changes > FRAMES / 64U);
    pthread_barrier_destroy(&race.start);
}

/* A change that was said yes to is run from its frame on, unless somebody replaced it: with one
 * core that asks, nobody does.  It asks for later frames until there is a yes. */
static void *run_asker(void *argument)
{
    const struct runner *runner = argument;
    struct race *race = runner->race;
    uint64_t seed = 77;

    pthread_barrier_wait(&race->start);
    for (uint64_t frame = 1; frame < FRAMES; frame++) {
        while (anybody_far_behind(race, frame)) {
            sched_yield();
        }
        race->run[runner->core][frame] =
            (uint8_t)timeline_settle(&race->timeline, frame, race->run[runner->core][frame - 1U]);
        __atomic_store_n(&race->reached[runner->core], frame, __ATOMIC_RELEASE);
        for (uint64_t to = frame + 1U; runner->core == 0 && to < FRAMES; to++) {
            uint32_t wanted = (uint32_t)random_below(&seed, RACE_SCHEDULES);

            if (timeline_ask(&race->timeline, to, wanted)) {
                race->mark[to] = (uint8_t)(wanted + 1U);
                race->refused += to - frame - 1U;
                break;
            }
        }
    }
    return NULL;
}

static void a_yes_is_kept_and_a_no_changes_nothing(void **state)
{
    static struct race race;
    struct runner runner[CORES];
    uint32_t yes = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&race.start, NULL, CORES), 0);
    for (uint32_t core = 0; core < CORES; core++) {
        runner[core] = (struct runner){.race = &race, .core = core};
        assert_int_equal(pthread_create(&runner[core].thread, NULL, run_asker, &runner[core]), 0);
    }
    for (uint32_t core = 0; core < CORES; core++) {
        assert_int_equal(pthread_join(runner[core].thread, NULL), 0);
    }
    for (uint32_t frame = 1; frame < FRAMES; frame++) {
        uint32_t expected = race.mark[frame] != 0 ? race.mark[frame] - 1U : race.run[0][frame - 1U];

        yes += race.mark[frame] != 0;
        for (uint32_t core = 0; core < CORES; core++) {
            assert_int_equal(race.run[core][frame], expected);
        }
    }
    assert_true(yes > FRAMES / 64U);
    assert_true(race.refused > FRAMES / 64U);
    pthread_barrier_destroy(&race.start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_keeps_the_schedule),
        cmocka_unit_test(what_is_asked_comes_from_that_frame_on),
        cmocka_unit_test(the_last_one_that_is_asked_counts),
        cmocka_unit_test(what_is_settled_stays),
        cmocka_unit_test(the_past_is_known_so_long_and_no_longer),
        cmocka_unit_test(the_first_change_is_found),
        cmocka_unit_test(a_core_without_boundaries_finds_a_change_late),
        cmocka_unit_test(no_two_cores_ever_differ),
        cmocka_unit_test(a_yes_is_kept_and_a_no_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
