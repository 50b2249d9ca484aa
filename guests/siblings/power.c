/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does PSCI turn each sibling on once, where and with what it was told, however many want to, and
 * off and on again?  All of it with siblings on cores of their own.
 */
#include "siblings.h"

#define EL1         (1U << 2)
#define DAIF_ALL    0x3c0U
#define SCTLR_M_C_I (BIT(0) | BIT(2) | BIT(12))
#define AFFINITY    UINT64_C(0xff00ffffff)
#define CONTEXT     UINT64_C(0xfedcba9876543200)

static int32_t turn_on(uint64_t function, uint32_t vcpu, void (*entry)(void), uint64_t argument)
{
    return psci(function, vcpu, (uint64_t)entry, argument);
}

static void turn_on_and_wait(uint64_t function, uint32_t vcpu, void (*entry)(void),
                             uint64_t argument)
{
    uint64_t count = sibling_found[vcpu].count;

    expect_equal("CPU_ON", (uint64_t)turn_on(function, vcpu, entry, argument), PSCI_OK);
    expect(wait_until_is(&sibling_found[vcpu].count, count + 1), "it does not begin");
}

static void each_on(uint64_t function, void (*entry)(void))
{
    for (uint32_t v = 1; v < vcpu_count; v++) {
        turn_on_and_wait(function, v, entry, CONTEXT | v);
    }
}

static void check_entry(void)
{
    each_on(PSCI_CPU_ON, sibling_enter);
    for (uint32_t v = 1; v < vcpu_count; v++) {
        const volatile struct found *found = &sibling_found[v];

        expect_equal("x0", found->x0, CONTEXT | v);
        expect_equal("MPIDR_EL1.Aff", found->mpidr & AFFINITY, v);
        expect_equal("CurrentEL", found->current_el, EL1);
        expect_equal("DAIF", found->daif, DAIF_ALL);
        expect_equal("SCTLR_EL1.{M,C,I}", found->sctlr & SCTLR_M_C_I, 0);
        expect_equal("entry point", found->too, 0);
    }
    siblings_stop();
}

static void check_32_bit(void)
{
    each_on(PSCI_CPU_ON_32, sibling_enter_too);
    for (uint32_t v = 1; v < vcpu_count; v++) {
        expect_equal("x0", sibling_found[v].x0, (uint32_t)CONTEXT | v);
        expect_equal("entry point", sibling_found[v].too, 1);
    }
    siblings_stop();
}

static void check_already_on(void)
{
    siblings_start();
    for (uint32_t v = 0; v < vcpu_count; v++) {
        uint64_t count = sibling_found[v].count;

        expect_equal("64-bit", (uint64_t)turn_on(PSCI_CPU_ON, v, sibling_enter, 0),
                     (uint64_t)ALREADY_ON);
        expect_equal("32-bit", (uint64_t)turn_on(PSCI_CPU_ON_32, v, sibling_enter, 0),
                     (uint64_t)ALREADY_ON);
        expect_equal("entries", sibling_found[v].count, count);
    }
    siblings_stop();
}

static void check_parameters(void)
{
    uint64_t target[] = {vcpu_count, BIT(8), BIT(16) | 1, BIT(32) | 1, BIT(31) | 1, UINT64_MAX};

    for (size_t i = 0; i < countof(target); i++) {
        expect_equal("no such vCPU",
                     (uint64_t)psci(PSCI_CPU_ON, target[i], (uint64_t)sibling_enter, 0),
                     (uint64_t)INVALID_PARAMETERS);
    }
    expect_equal("entry that is not aligned",
                 (uint64_t)psci(PSCI_CPU_ON, 1, (uint64_t)sibling_enter + 2, 0),
                 (uint64_t)INVALID_ADDRESS);
    expect_equal("entry outside", (uint64_t)psci(PSCI_CPU_ON, 1, 0, 0), (uint64_t)INVALID_ADDRESS);
    expect_equal("state after", (uint64_t)psci(PSCI_AFFINITY_INFO, 1, 0, 0), AFFINITY_OFF);
}

static void check_affinity(void)
{
    for (uint32_t v = 1; v < vcpu_count; v++) {
        expect_equal("before", (uint64_t)psci(PSCI_AFFINITY_INFO, v, 0, 0), AFFINITY_OFF);
    }
    siblings_start();
    for (uint32_t v = 0; v < vcpu_count; v++) {
        expect_equal("on", (uint64_t)psci(PSCI_AFFINITY_INFO, v, 0, 0), AFFINITY_ON);
    }
    siblings_stop();
    expect_equal("no such vCPU", (uint64_t)psci(PSCI_AFFINITY_INFO, vcpu_count, 0, 0),
                 (uint64_t)INVALID_PARAMETERS);
}

/* Off and on again at once, by another entry point, with another argument: CPU_ON is tried until
 * the sibling is off. */
static void check_cycles(void)
{
    siblings_start();
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint32_t v = 1; v < vcpu_count; v++) {
            uint64_t limit = patience();
            uint64_t count = sibling_found[v].count;
            uint64_t argument = CONTEXT + round * VCPUS_MAX + v;
            void (*entry)(void) = round % 2 == 0 ? sibling_enter_too : sibling_enter;
            int32_t result;

            sibling_goes_off(v);
            do {
                result = turn_on(round % 4 < 2 ? PSCI_CPU_ON : PSCI_CPU_ON_32, v, entry, argument);
                expect(result == PSCI_OK || result == ALREADY_ON, "another result");
            } while (result != PSCI_OK && counter_read() < limit);
            expect_equal("CPU_ON", (uint64_t)result, PSCI_OK);
            expect(wait_until_is(&sibling_found[v].count, count + 1), "it does not begin");
            expect_equal("entries", sibling_found[v].count, count + 1);
            expect_equal("x0", sibling_found[v].x0, round % 4 < 2 ? argument : (uint32_t)argument);
            expect_equal("entry point", sibling_found[v].too, round % 2 == 0);
        }
    }
    siblings_stop();
}

/* --- races --------------------------------------------------------------------------------------
 */

static volatile uint64_t winner;

/* All but the last vCPU, which is off, want to turn it on. */
static uint64_t race(uint64_t racers)
{
    int32_t result;

    meet(racers);
    result = turn_on(PSCI_CPU_ON, vcpu_count - 1, sibling_enter, CONTEXT | vcpu_index());
    if (result == PSCI_OK) {
        winner = vcpu_index();
        return 1;
    }
    return result == ALREADY_ON ? 0 : 0x1000;
}

static void check_race(void)
{
    uint32_t last = vcpu_count - 1;

    siblings_start();
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t count = sibling_found[last].count;

        sibling_goes_off(last);
        expect(wait_until_off(last), "it does not go off");
        expect_equal("successes", several_do(last, race, last), 1);
        expect(wait_until_is(&sibling_found[last].count, count + 1), "it does not begin");
        expect_equal("x0, the winner's", sibling_found[last].x0, CONTEXT | winner);
        expect_equal("entries", sibling_found[last].count, count + 1);
    }
    siblings_stop();
}

/* --- off ----------------------------------------------------------------------------------------
 */

static volatile uint64_t work_done;
static volatile bool enough;

static uint64_t count_up(uint64_t argument)
{
    while (!enough) {
        (void)__atomic_fetch_add(&work_done, 1, __ATOMIC_RELAXED);
    }
    return argument;
}

/* One goes off, the others do not notice. */
static void check_off_alone(void)
{
    for (uint32_t gone = 1; gone < vcpu_count; gone++) {
        uint64_t before;

        siblings_start();
        enough = false;
        dsb();
        for (uint32_t v = 1; v < vcpu_count; v++) {
            if (v != gone) {
                errand_begin(v, count_up, v);
            }
        }
        sibling_goes_off(gone);
        expect(wait_until_off(gone), "it does not go off");
        before = work_done;
        if (vcpu_count > 2) {
            expect(wait_until_is(&work_done, before + 1000), "others stand still");
        }
        enough = true;
        for (uint32_t v = 1; v < vcpu_count; v++) {
            if (v != gone) {
                expect_equal("result", errand_end(v), v);
                expect_equal("on", (uint64_t)psci(PSCI_AFFINITY_INFO, v, 0, 0), AFFINITY_ON);
            }
        }
        expect_equal("CPU_ON", (uint64_t)turn_on(PSCI_CPU_ON, gone, sibling_enter, 0), PSCI_OK);
        siblings_stop();
    }
}

static const struct rule rules[] = {
    {"entry-state", check_entry},
    {"entry-by-32-bit-call", check_32_bit},
    {"already-on", check_already_on},
    {"parameters", check_parameters},
    {"affinity-info-follows", check_affinity},
    {"off-and-on-again", check_cycles},
    {"one-success-in-a-race", check_race},
    {"off-alone", check_off_alone},
};

const struct area area_power = {"power", rules, countof(rules), false};
