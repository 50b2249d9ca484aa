/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does PSCI turn a second CPU on and off as it promises, once, at its entry point, with its
 * argument, and again?
 */
#include "conformance.h"

#define PSCI_CPU_ON_32 UINT64_C(0x84000003)
#define OK             0
#define ALREADY_ON     UINT32_C(0xfffffffc)
#define ON_PENDING     UINT32_C(0xfffffffb)
#define AFFINITY_ON    0U
#define AFFINITY_OFF   1U
#define EL1            (1U << 2)
#define DAIF_ALL       0x3c0U
#define SCTLR_M_C_I    (BIT(0) | BIT(2) | BIT(12))
#define CONTEXT        UINT64_C(0xfedcba9876543210)
#define CYCLES         10U

static uint32_t turn_on(uint64_t function, uint64_t context)
{
    return (uint32_t)hvc(function, 1, (uint64_t)second_begin, context).x[0];
}

static uint64_t state(void)
{
    return hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0];
}

/* Until CPU 1 is in, and takes errands. */
static void on(uint64_t function, uint64_t context)
{
    second_expect();
    expect_equal("CPU_ON", turn_on(function, context), OK);
    second_await();
}

static void check_entry(const void *subject unused)
{
    on(PSCI_CPU_ON, CONTEXT);
    expect_equal("MPIDR_EL1.Aff", second_entry.mpidr & 0xff00ffffffU, 1);
    expect_equal("CurrentEL", second_entry.current_el, EL1);
    expect_equal("DAIF", second_entry.daif, DAIF_ALL);
    expect_equal("SCTLR_EL1.{M,C,I}", second_entry.sctlr & SCTLR_M_C_I, 0);
    second_stop();
}

static void check_context(const void *subject unused)
{
    on(PSCI_CPU_ON, CONTEXT);
    expect_equal("64-bit", second_entry.x0, CONTEXT);
    second_stop();
    on(PSCI_CPU_ON_32, (uint32_t)CONTEXT);
    expect_equal("32-bit", second_entry.x0, (uint32_t)CONTEXT);
    second_stop();
}

static void check_context_upper_half(const void *subject unused)
{
    on(PSCI_CPU_ON_32, CONTEXT);
    expect_equal("32-bit call", second_entry.x0, (uint32_t)CONTEXT);
    second_stop();
}

static void check_states(const void *subject unused)
{
    expect_equal("before", state(), AFFINITY_OFF);
    on(PSCI_CPU_ON, 0);
    expect_equal("on", state(), AFFINITY_ON);
    second_stop();
    expect_equal("after", state(), AFFINITY_OFF);
}

static void check_race(const void *subject unused)
{
    uint64_t count = second_entry.count;
    uint32_t successes = 0;

    second_expect();
    for (uint32_t i = 0; i < 8U; i++) {
        uint32_t result = turn_on(PSCI_CPU_ON, i);

        successes += result == OK;
        expect(result == OK || result == ALREADY_ON || result == ON_PENDING, "another result");
        expect_equal("first success", result == OK, i == 0);
    }
    expect_equal("successes", successes, 1);
    second_await();
    expect_equal("once it runs", turn_on(PSCI_CPU_ON, 0), ALREADY_ON);
    expect_equal("argument of the first", second_entry.x0, 0);
    expect_equal("entries", second_entry.count - count, 1);
    second_stop();
}

static void check_cycles(const void *subject unused)
{
    uint64_t count = second_entry.count;

    for (uint32_t i = 0; i < CYCLES; i++) {
        on(PSCI_CPU_ON, i);
        expect_equal("argument", second_entry.x0, i);
        second_stop();
    }
    expect_equal("entries", second_entry.count - count, CYCLES);
}

/* CPU 1's private state after a cycle is its own business; CPU 0 keeps its own. */
static void check_own_kept(const void *subject unused)
{
    enable(PPI_FREE);
    set_priority(PPI_FREE, 0x40);
    pend(PPI_FREE);
    on(PSCI_CPU_ON, 0);
    second_stop();
    expect_taken_ended("own PPI", PPI_FREE);
    expect_equal("own priority", read8(gic_byte(GICD_IPRIORITYR, PPI_FREE)), 0x40);
}

#define BOTH(text) text, text

static const struct rule rules[] = {
    {"entry-state", BOTH("DEN0022, initial core configuration"), check_entry},
    {"context-id", BOTH("DEN0022 CPU_ON"), check_context},
    {"context-id-upper-half-ignored", BOTH("DEN0028, arguments of SMC32"),
     check_context_upper_half},
    {"affinity-info-follows", BOTH("DEN0022 AFFINITY_INFO"), check_states},
    {"one-success-in-a-race", BOTH("DEN0022 CPU_ON"), check_race},
    {"on-off-cycles", BOTH("DEN0022 CPU_OFF"), check_cycles},
    {"others-state-kept", BOTH("DEN0022 CPU_ON"), check_own_kept},
};

const struct area area_power = {"power", rules, countof(rules), NULL, true, false};
