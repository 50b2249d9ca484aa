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

#define FRAMES 50000U
#define CORES  8U

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % limit;
}

/* What a core knows: it follows the changes in their order. */
struct core {
    uint32_t followed;
    uint32_t schedule;
};

/* To `frame`; the core has settled those before. */
static uint32_t at(struct timeline *timeline, struct core *core, uint64_t frame)
{
    struct timeline_change change = {0};
    enum timeline_answer answer = timeline_settle(timeline, frame, core->followed, &change);

    assert_int_not_equal(answer, TIMELINE_LOST);
    if (answer == TIMELINE_CHANGE) {
        assert_int_equal(change.frame, frame);
        assert_int_not_equal(change.schedule, core->schedule);
        core->followed++;
        core->schedule = change.schedule;
    }
    return core->schedule;
}

static uint32_t next_of(const struct timeline *timeline, const struct core *core)
{
    struct timeline_change change;

    return timeline_next(timeline, core->followed, &change) ? change.schedule : core->schedule;
}

static void nothing_asked_keeps_the_schedule(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};

    (void)state;
    for (uint64_t frame = 1; frame <= 3U * TIMELINE_CHANGES; frame++) {
        assert_int_equal(next_of(&timeline, &core), 0);
        assert_int_equal(at(&timeline, &core, frame), 0);
        assert_int_equal(at(&timeline, &core, frame), 0);
    }
    assert_int_equal(core.followed, 0);
}

static void what_is_asked_comes_with_the_next_frame(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};
    struct timeline_change change;

    (void)state;
    assert_int_equal(at(&timeline, &core, 4), 0);
    timeline_ask(&timeline, 4, 7);
    assert_true(timeline_next(&timeline, 0, &change));
    assert_int_equal(change.frame, 5);
    assert_int_equal(change.schedule, 7);
    assert_int_equal(at(&timeline, &core, 4), 0);
    assert_int_equal(at(&timeline, &core, 5), 7);
    assert_int_equal(at(&timeline, &core, 6), 7);
    assert_false(timeline_next(&timeline, core.followed, &change));
}

static void the_last_one_that_is_asked_counts(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};

    (void)state;
    timeline_ask(&timeline, 0, 7);
    timeline_ask(&timeline, 0, 9);
    assert_int_equal(next_of(&timeline, &core), 9);
    timeline_ask(&timeline, 0, 0); /* taken back */
    assert_int_equal(next_of(&timeline, &core), 0);
    assert_int_equal(at(&timeline, &core, 1), 0);
    timeline_ask(&timeline, 1, 3);
    assert_int_equal(at(&timeline, &core, 2), 3);
    timeline_ask(&timeline, 2, 3); /* runs already */
    assert_int_equal(at(&timeline, &core, 3), 3);
    assert_int_equal(core.followed, 1);
}

static void what_is_settled_stays(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};
    struct core late = {0};

    (void)state;
    assert_int_equal(at(&timeline, &core, 1), 0);
    timeline_ask(&timeline, 0, 7); /* by one in frame 0: frame 1 is settled */
    assert_int_equal(at(&timeline, &late, 1), 0);
    assert_int_equal(at(&timeline, &core, 2), 7);
    timeline_ask(&timeline, 0, 0); /* frame 2, too */
    assert_int_equal(at(&timeline, &late, 2), 7);
    assert_int_equal(at(&timeline, &core, 3), 0);
    assert_int_equal(at(&timeline, &late, 3), 0);
}

/* By a core that has passed frames which nobody settled. */
static void what_was_asked_before_comes_before(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};

    (void)state;
    timeline_ask(&timeline, 10, 7);
    timeline_ask(&timeline, 20, 9);
    assert_int_equal(at(&timeline, &core, 10), 0);
    assert_int_equal(at(&timeline, &core, 11), 7);
    assert_int_equal(at(&timeline, &core, 20), 7);
    assert_int_equal(at(&timeline, &core, 21), 9);
}

static void the_past_is_known_so_long_and_no_longer(void **state)
{
    struct timeline timeline = {0};
    struct core core = {0};
    struct core late = {0};
    struct timeline_change change;

    (void)state;
    /* Often enough for every field to wrap. */
    for (uint64_t frame = 1; frame <= 40000; frame++) {
        uint32_t schedule = (uint32_t)(frame % TIMELINE_SCHEDULES_MAX);

        timeline_ask(&timeline, frame - 1, schedule);
        assert_int_equal(at(&timeline, &core, frame), schedule);
        if (frame >= TIMELINE_CHANGES) {
            uint64_t past = frame - TIMELINE_CHANGES + 1;

            if (past == 1) {
                assert_int_equal(timeline_settle(&timeline, frame, UINT32_MAX, &change),
                                 TIMELINE_LOST);
            }
            assert_int_equal(at(&timeline, &late, past), past % TIMELINE_SCHEDULES_MAX);
        }
    }
    assert_int_equal(timeline_settle(&timeline, 40000, late.followed - 2, &change), TIMELINE_LOST);
}

static void a_core_that_skips_frames_finds_its_next_change(void **state)
{
    struct timeline timeline = {0};
    struct timeline_change change;
    uint64_t far = UINT64_C(1) << 39;

    (void)state;
    timeline_ask(&timeline, far, 2);
    assert_int_equal(timeline_settle(&timeline, far - 1, 0, &change), TIMELINE_SAME);
    assert_int_equal(timeline_settle(&timeline, far + 1000, 0, &change), TIMELINE_CHANGE);
    assert_int_equal(change.frame, far + 1);
    assert_int_equal(change.schedule, 2);
    assert_int_equal(timeline_settle(&timeline, far, 0, &change), TIMELINE_SAME);
    assert_int_equal(timeline_settle(&timeline, far + 1000, 1, &change), TIMELINE_SAME);
    /* Settled up to there: what is asked now comes behind it. */
    timeline_ask(&timeline, 5, 4);
    assert_int_equal(timeline_settle(&timeline, far + 2000, 1, &change), TIMELINE_CHANGE);
    assert_int_equal(change.frame, far + 1001);
}

/* --- many cores ------------------------------------------------------------------------------- */

struct race {
    struct timeline timeline;
    uint64_t reached[CORES]; /* atomic */
    uint8_t run[CORES][FRAMES];
    bool broken;
    pthread_barrier_t start;
};

struct runner {
    struct race *race;
    uint32_t core;
    pthread_t thread;
};

#define RACE_SCHEDULES 8U
#define SLACK          40U /* frames between the first and the last core */

static bool anybody_far_behind(struct race *race, uint64_t frame)
{
    for (uint32_t core = 0; core < CORES; core++) {
        if (__atomic_load_n(&race->reached[core], __ATOMIC_ACQUIRE) + SLACK < frame) {
            return true;
        }
    }
    return false;
}

/* Every core asks now and then; the odd ones skip frames, as those do that take no boundaries. */
static void *run_core(void *argument)
{
    const struct runner *runner = argument;
    struct race *race = runner->race;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (runner->core + 1U);
    uint64_t frame = 0;
    uint32_t followed = 0;
    uint32_t schedule = 0;

    pthread_barrier_wait(&race->start);
    while (frame + 1U < FRAMES) {
        uint64_t to = frame + 1U + (runner->core % 2U != 0 ? random_below(&seed, 20) : 0);
        struct timeline_change change = {0};
        enum timeline_answer answer;

        to = to < FRAMES - 1U ? to : FRAMES - 1U;
        while (anybody_far_behind(race, to)) {
            sched_yield();
        }
        answer = timeline_settle(&race->timeline, to, followed, &change);
        if (answer == TIMELINE_LOST || (answer == TIMELINE_CHANGE && change.frame <= frame)) {
            race->broken = true;
            return NULL;
        }
        while (frame < (answer == TIMELINE_CHANGE ? change.frame - 1U : to)) {
            race->run[runner->core][++frame] = (uint8_t)schedule;
        }
        if (answer == TIMELINE_CHANGE) {
            schedule = change.schedule;
            followed++;
            race->run[runner->core][++frame] = (uint8_t)schedule;
        }
        __atomic_store_n(&race->reached[runner->core], frame, __ATOMIC_RELEASE);
        if (random_below(&seed, 3) == 0) {
            timeline_ask(&race->timeline, frame, (uint32_t)random_below(&seed, RACE_SCHEDULES));
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
    assert_false(race.broken);
    for (uint32_t frame = 1; frame < FRAMES; frame++) {
        uint32_t schedule = race.run[0][frame];

        for (uint32_t core = 1; core < CORES; core++) {
            if (race.run[core][frame] != schedule) {
                fail_msg("frame %u: core %u has %u, core 0 has %u", frame, core,
                         race.run[core][frame], schedule);
            }
        }
        changes += schedule != race.run[0][frame - 1U];
    }
    assert_true(changes > FRAMES / 64U); /* else it was no race */
    pthread_barrier_destroy(&race.start);
}

/* One core asks, each time when its last one has come: it comes with the very next frame that was
 * not settled, and everybody has it. */
static void *run_asker(void *argument)
{
    const struct runner *runner = argument;
    struct race *race = runner->race;
    uint32_t followed = 0;
    uint32_t asked = 0;
    uint32_t schedule = 0;

    pthread_barrier_wait(&race->start);
    for (uint64_t frame = 1; frame < FRAMES; frame++) {
        struct timeline_change change = {0};

        while (anybody_far_behind(race, frame)) {
            sched_yield();
        }
        if (timeline_settle(&race->timeline, frame, followed, &change) == TIMELINE_CHANGE) {
            if (runner->core == 0 && change.schedule != asked) {
                race->broken = true;
            }
            schedule = change.schedule;
            followed++;
        }
        race->run[runner->core][frame] = (uint8_t)schedule;
        __atomic_store_n(&race->reached[runner->core], frame, __ATOMIC_RELEASE);
        if (runner->core == 0 && schedule == asked) {
            asked = (asked + 1U) % RACE_SCHEDULES;
            timeline_ask(&race->timeline, frame, asked);
        }
    }
    return NULL;
}

static void what_one_core_asks_all_get(void **state)
{
    static struct race race;
    struct runner runner[CORES];
    uint32_t changes = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&race.start, NULL, CORES), 0);
    for (uint32_t core = 0; core < CORES; core++) {
        runner[core] = (struct runner){.race = &race, .core = core};
        assert_int_equal(pthread_create(&runner[core].thread, NULL, run_asker, &runner[core]), 0);
    }
    for (uint32_t core = 0; core < CORES; core++) {
        assert_int_equal(pthread_join(runner[core].thread, NULL), 0);
    }
    assert_false(race.broken);
    for (uint32_t frame = 1; frame < FRAMES; frame++) {
        uint32_t before = race.run[0][frame - 1U];

        for (uint32_t core = 0; core < CORES; core++) {
            assert_int_equal(race.run[core][frame], race.run[0][frame]);
        }
        if (race.run[0][frame] != before) {
            assert_int_equal(race.run[0][frame], (before + 1U) % RACE_SCHEDULES);
            changes++;
        }
    }
    assert_true(changes > FRAMES / 64U);
    pthread_barrier_destroy(&race.start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asked_keeps_the_schedule),
        cmocka_unit_test(what_is_asked_comes_with_the_next_frame),
        cmocka_unit_test(the_last_one_that_is_asked_counts),
        cmocka_unit_test(what_is_settled_stays),
        cmocka_unit_test(what_was_asked_before_comes_before),
        cmocka_unit_test(the_past_is_known_so_long_and_no_longer),
        cmocka_unit_test(a_core_that_skips_frames_finds_its_next_change),
        cmocka_unit_test(no_two_cores_ever_differ),
        cmocka_unit_test(what_one_core_asks_all_get),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
