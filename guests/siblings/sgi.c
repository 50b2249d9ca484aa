/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do SGIs between vCPUs on several cores arrive, all kinds of them between all pairs, whoever runs
 * and whoever sleeps?
 */
#include "siblings.h"

#define SGI_PLAIN   5U
#define SGI_TOKEN   6U
#define SETTLE_NS   UINT64_C(100000000) /* what is still to come has come: several frames */
#define NEXT_ROUNDS 20U

static uint64_t total(const volatile uint64_t of[VCPUS_MAX][SGI_COUNT], uint32_t intid)
{
    uint64_t sum = 0;

    for (uint32_t v = 0; v < vcpu_count; v++) {
        sum += of[v][intid];
    }
    return sum;
}

static uint64_t sent_to(uint32_t to, uint32_t intid)
{
    uint64_t sum = 0;

    for (uint32_t from = 0; from < vcpu_count; from++) {
        sum += sent[from][to][intid];
    }
    return sum;
}

static void forget(void)
{
    for (uint32_t a = 0; a < VCPUS_MAX; a++) {
        taken_nothing[a] = 0;
        for (uint32_t i = 0; i < INTID_END; i++) {
            taken[a][i] = 0;
        }
        for (uint32_t b = 0; b < VCPUS_MAX; b++) {
            for (uint32_t i = 0; i < SGI_COUNT; i++) {
                taken_from[a][b][i] = sent[a][b][i] = seen[a][b][i] = 0;
            }
        }
    }
    dsb();
}

/* Each SGI that was sent, was taken after it was sent; none came more often than it was sent, and
 * on a GICv2 none from another than its sender. */
static bool all_seen(void)
{
    for (uint32_t to = 0; to < vcpu_count; to++) {
        for (uint32_t from = 0; from < vcpu_count; from++) {
            for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
                if (seen[to][from][intid] != sent[from][to][intid]) {
                    return false;
                }
            }
        }
    }
    return true;
}

static void expect_all_seen(void)
{
    uint64_t limit = patience();

    while (!all_seen() && chunk() < limit) {
    }
    for (uint32_t to = 0; to < vcpu_count; to++) {
        for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
            uint64_t by_source = total(taken_from[to], intid);

            for (uint32_t from = 0; from < vcpu_count; from++) {
                expect_equal("an SGI is lost", seen[to][from][intid], sent[from][to][intid]);
                expect(taken_from[to][from][intid] <= sent[from][to][intid],
                       "more from one than it sent");
            }
            expect(taken[to][intid] <= sent_to(to, intid), "more than were sent");
            expect_equal("sources", by_source, gic_is_v3 ? 0 : taken[to][intid]);
        }
    }
}

/* --- storms -------------------------------------------------------------------------------------
 */

static uint64_t send_many(uint64_t count)
{
    meet(vcpu_count);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t intid = dice(SGI_COUNT);

        if (dice(8) == 0) {
            send_sgi_others(intid);
        } else {
            send_sgi(intid, dice(vcpu_count));
        }
    }
    return 0;
}

static void check_storm(void)
{
    forget();
    irq_unmask();
    everybody_does(send_many, 10 * rounds);
    expect_all_seen();
    irq_mask();
}

/* --- one after the other ------------------------------------------------------------------------
 */

/* Each pair, exactly once, by as many numbers as there are pairs for. */
static uint32_t number_for(uint32_t from, uint32_t to)
{
    return (from * vcpu_count + to) % SGI_COUNT;
}

static uint64_t send_to_each(uint64_t from)
{
    for (uint32_t to = 0; to < vcpu_count; to++) {
        uint32_t intid = number_for((uint32_t)from, to);
        uint64_t before = taken[to][intid];

        send_sgi(intid, to);
        if (!wait_until_is(&taken[to][intid], before + 1)) {
            return 1;
        }
    }
    return 0;
}

static void check_pairs(void)
{
    forget();
    irq_unmask();
    for (uint32_t from = 0; from < vcpu_count; from++) {
        expect_equal("not taken",
                     from == 0 ? send_to_each(from) : errand_do(from, send_to_each, from), 0);
    }
    wait_ns(SETTLE_NS);
    for (uint32_t to = 0; to < vcpu_count; to++) {
        for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
            expect_equal("taken", taken[to][intid], sent_to(to, intid));
        }
        for (uint32_t from = 0; from < vcpu_count && !gic_is_v3; from++) {
            expect_equal("from", taken_from[to][from][number_for(from, to)], 1);
        }
    }
    irq_mask();
}

/* With interrupts masked at its target each of the sixteen waits, from every sender. */
static volatile uint64_t masked;

static uint64_t wait_masked(uint64_t argument)
{
    irq_mask();
    masked = 1;
    while (masked != 2) {
        chunk();
    }
    irq_unmask();
    isb();
    return argument;
}

static uint64_t send_all(uint64_t to)
{
    for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
        send_sgi(intid, (uint32_t)to);
    }
    return 0;
}

static void check_masked(void)
{
    for (uint32_t to = 1; to < vcpu_count; to++) {
        forget();
        masked = 0;
        errand_begin(to, wait_masked, 0);
        expect(wait_until_is(&masked, 1), "does not begin");
        for (uint32_t from = 0; from < vcpu_count; from++) {
            if (from == 0) {
                send_all(to);
            } else if (from != to) {
                errand_do(from, send_all, to);
            }
        }
        wait_ns(SETTLE_NS / 4);
        for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
            expect_equal("taken while masked", taken[to][intid], 0);
        }
        masked = 2;
        errand_end(to);
        expect_all_seen();
        for (uint32_t intid = 0; intid < SGI_COUNT; intid++) {
            expect_equal("taken", taken[to][intid], gic_is_v3 ? 1 : vcpu_count - 1);
        }
    }
}

/* --- asleep -------------------------------------------------------------------------------------
 */

/* A token goes round: everybody sleeps but the one who has it. */
static uint64_t pass_token(uint64_t count)
{
    uint32_t self = vcpu_index();
    uint64_t lost = 0;

    irq_mask();
    for (uint64_t i = 1; i <= count && lost == 0; i++) {
        if (self == 0) {
            send_sgi(SGI_TOKEN, 1);
        }
        lost += !sleep_until_is(&taken[self][SGI_TOKEN], i);
        if (self != 0) {
            send_sgi(SGI_TOKEN, (self + 1) % vcpu_count);
        }
    }
    if (self != 0) {
        irq_unmask();
    }
    return lost;
}

static void check_token(void)
{
    forget();
    expect_equal("nobody was woken", everybody_does(pass_token, rounds), 0);
    for (uint32_t v = 0; v < vcpu_count; v++) {
        expect_equal("taken", taken[v][SGI_TOKEN], rounds);
    }
}

/* --- away ---------------------------------------------------------------------------------------
 */

static volatile uint64_t sent_at; /* 0: not yet */
static volatile uint64_t taken_at_window;

static void note_window(void)
{
    struct guest_window window;

    (void)window_read(&window);
    taken_at_window = window.start_ticks;
}

/* Looks at its windows until the SGI is there: how many have begun since it was sent, the one in
 * which it came included. */
static uint64_t count_windows(uint64_t argument)
{
    struct guest_window window;
    uint64_t last = 0;
    uint64_t count = 0;
    uint64_t limit = patience();

    (void)argument;
    while (taken_at_window == 0 && counter_read() < limit) {
        (void)window_read(&window);
        if (sent_at != 0 && window.start_ticks > sent_at && window.start_ticks != last) {
            last = window.start_ticks;
            count += taken_at_window == 0 || window.start_ticks <= taken_at_window;
        }
    }
    return count;
}

/* At the latest in the first window that begins after it was sent. */
static void check_next_window(void)
{
    for (uint32_t i = 0; i < NEXT_ROUNDS; i++) {
        uint32_t to = 1 + i % (vcpu_count - 1);

        sent_at = 0;
        taken_at_window = 0;
        on_sgi = note_window;
        errand_begin(to, count_windows, 0);
        wait_ns(UINT64_C(1000000) + dice(8000000));
        send_sgi(SGI_PLAIN, to);
        dsb();
        sent_at = counter_read();
        expect(errand_end(to) <= 1, "a whole window without it");
        expect(taken_at_window != 0, "lost");
        on_sgi = NULL;
    }
}

/* --- with other things going on -----------------------------------------------------------------
 */

#define TIMER_NS UINT64_C(500000)

static uint64_t send_and_tick(uint64_t count)
{
    uint32_t self = vcpu_index();
    uint64_t before = taken[self][INTID_VIRT_TIMER];
    uint64_t armed = 0;

    meet(vcpu_count);
    for (uint64_t i = 0; i < count || armed < 5; i++) {
        if (taken[self][INTID_VIRT_TIMER] - before == armed) {
            armed++;
            sysreg_write(cntv_cval_el0, counter_read() + ticks_from_ns(TIMER_NS));
            sysreg_write(cntv_ctl_el0, 1);
            isb();
        }
        send_sgi(dice(SGI_COUNT), dice(vcpu_count));
    }
    return wait_until_is(&taken[self][INTID_VIRT_TIMER], before + armed) ? 0 : 1;
}

/* Every timer that was armed fires, on every vCPU, in the midst of SGIs. */
static void check_timers(void)
{
    forget();
    irq_unmask();
    expect_equal("a timer that never fires", everybody_does(send_and_tick, 5 * rounds), 0);
    expect_all_seen();
    irq_mask();
}

static const struct rule rules[] = {
    {"each-pair", check_pairs},
    {"storm", check_storm},
    {"kept-while-masked", check_masked},
    {"wakes-who-sleeps", check_token},
    {"in-the-next-window", check_next_window},
    {"storm-beside-timers", check_timers},
};

const struct area area_sgi = {"sgi", rules, countof(rules), true};
