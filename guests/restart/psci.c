/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does PSCI answer as DEN 0022 says, in its 32- and 64-bit forms, by HVC and by SMC?  Calls that
 * return, on a partition with one vCPU.  Does CPU_SUSPEND wait?
 */
#include "restart.h"

#include <guest.h>

#define CALL_64 UINT64_C(0x40000000)

#define OK              0
#define NOT_SUPPORTED   (-1)
#define INVALID         (-2)
#define ALREADY_ON      (-4)
#define INVALID_ADDRESS (-9)

/* Rubbish in the upper half of a register, which a 32-bit call must not see (DEN 0028, 3.1). */
#define RUBBISH UINT64_C(0x5a5a5a5a00000000)

static const struct {
    uint64_t function;
    uint64_t argument[3];
    int64_t result;
} calls[] = {
    {0x84000000, {0}, 0x10001}, /* VERSION: 1.1 */
    {0xc4000000, {0}, NOT_SUPPORTED},
    {0x84000000 | RUBBISH, {0}, 0x10001},
    /* CPU_SUSPEND: reserved bits, an entry point outside memory, in both widths */
    {0x84000001, {0x00020000, GUEST_BASE, 0}, INVALID},
    {0xc4000001, {0x80000000, GUEST_BASE, 0}, INVALID},
    {0x84000001, {0x00010000, 0, 0}, INVALID_ADDRESS},
    {0x84000001, {0x01010000, GUEST_BASE + 2, 0}, INVALID_ADDRESS},
    {0xc4000001, {0x00010000, RUBBISH | GUEST_BASE, 0}, INVALID_ADDRESS},
    {0xc4000002, {0}, NOT_SUPPORTED}, /* CPU_OFF exists as a 32-bit call only */
    /* CPU_ON: of itself, of one that does not exist */
    {0x84000003, {0, GUEST_BASE, 0}, ALREADY_ON},
    {0xc4000003, {0, GUEST_BASE, 0}, ALREADY_ON},
    {0x84000003, {1, GUEST_BASE, 0}, INVALID},
    {0xc4000003, {1, GUEST_BASE, 0}, INVALID},
    {0x84000003, {0x80000000, GUEST_BASE, 0}, INVALID},
    {0xc4000003, {0x80000000, GUEST_BASE, 0}, INVALID},
    {0xc4000003, {UINT64_MAX, GUEST_BASE, 0}, INVALID},
    {0x84000003, {RUBBISH, RUBBISH | GUEST_BASE, 0}, ALREADY_ON},
    {0xc4000003, {RUBBISH, GUEST_BASE, 0}, INVALID},
    /* AFFINITY_INFO: on, absent, unknown level */
    {0x84000004, {0, 0}, OK},
    {0xc4000004, {0, 0}, OK},
    {0x84000004, {1, 0}, INVALID},
    {0xc4000004, {1, 0}, INVALID},
    {0x84000004, {0, 4}, INVALID},
    {0xc4000004, {0, 4}, INVALID},
    {0x84000004, {RUBBISH, RUBBISH}, OK},
    {0xc4000004, {RUBBISH, 0}, INVALID},
    {0x84000005, {0}, NOT_SUPPORTED}, /* MIGRATE */
    {0xc4000005, {0}, NOT_SUPPORTED},
    {0x84000006, {0}, 2}, /* MIGRATE_INFO_TYPE: nothing to migrate */
    {0xc4000006, {0}, NOT_SUPPORTED},
    {0x84000007, {0}, NOT_SUPPORTED}, /* MIGRATE_INFO_UP_CPU */
    {0xc4000007, {0}, NOT_SUPPORTED},
    {0xc4000008, {0}, NOT_SUPPORTED}, /* SYSTEM_OFF exists as a 32-bit call only */
    {0xc4000009, {0}, NOT_SUPPORTED}, /* SYSTEM_RESET, too */
    /* What is optional and keeps state that a restart here does not: SYSTEM_RESET2, SYSTEM_SUSPEND,
     * MEM_PROTECT; and the rest of what is optional. */
    {0x84000012, {0}, NOT_SUPPORTED},
    {0xc4000012, {0}, NOT_SUPPORTED},
    {0x8400000e, {GUEST_BASE}, NOT_SUPPORTED},
    {0xc400000e, {GUEST_BASE}, NOT_SUPPORTED},
    {0x84000013, {1}, NOT_SUPPORTED},
    {0x8400000b, {0}, NOT_SUPPORTED}, /* CPU_FREEZE */
    {0x8400000c, {0}, NOT_SUPPORTED}, /* CPU_DEFAULT_SUSPEND */
    {0x8400000d, {0}, NOT_SUPPORTED}, /* NODE_HW_STATE */
    {0x8400000f, {1}, NOT_SUPPORTED}, /* PSCI_SET_SUSPEND_MODE */
    {0x84000010, {0}, NOT_SUPPORTED}, /* PSCI_STAT_RESIDENCY */
    {0x84000011, {0}, NOT_SUPPORTED}, /* PSCI_STAT_COUNT */
    /* FEATURES: what the calls above do, and what is no PSCI call at all */
    {0x8400000a, {0x84000000}, OK},
    {0x8400000a, {0xc4000000}, NOT_SUPPORTED},
    {0x8400000a, {0x84000001}, OK},
    {0x8400000a, {0xc4000001}, OK},
    {0x8400000a, {0x84000002}, OK},
    {0x8400000a, {0xc4000002}, NOT_SUPPORTED},
    {0x8400000a, {0x84000003}, OK},
    {0x8400000a, {0xc4000003}, OK},
    {0x8400000a, {0x84000004}, OK},
    {0x8400000a, {0xc4000004}, OK},
    {0x8400000a, {0x84000005}, NOT_SUPPORTED},
    {0x8400000a, {0x84000006}, OK},
    {0x8400000a, {0x84000008}, OK},
    {0x8400000a, {0x84000009}, OK},
    {0x8400000a, {0x8400000a}, OK},
    {0x8400000a, {0x8400000c}, NOT_SUPPORTED},
    {0x8400000a, {0x84000012}, NOT_SUPPORTED},
    {0x8400000a, {0xc4000012}, NOT_SUPPORTED},
    {0x8400000a, {0xc400000a}, NOT_SUPPORTED},
    {0x8400000a, {0x80000000}, OK}, /* SMCCC_VERSION (DEN 0022, 5.15.2) */
    {0x8400000a, {RUBBISH | 0x84000000}, OK},
    {0x8400000a, {0x3}, NOT_SUPPORTED},
    {0x8400000a, {0x80000003}, NOT_SUPPORTED},
    {0x8400000a, {0x40000004}, NOT_SUPPORTED},
    {0x8400000a, {0xffffffff}, NOT_SUPPORTED},
    {0xc400000a, {0x84000000}, NOT_SUPPORTED},
    {0x8400001f, {0}, NOT_SUPPORTED}, /* the last number of the range (DEN 0028, 6.3) */
    {0xc400001f, {0}, NOT_SUPPORTED},
};

static unsigned failures;

static void judge(size_t index, const char *by, uint64_t result)
{
    int64_t expected = calls[index].result;
    /* A 32-bit call has a 32-bit result. */
    bool equal = (calls[index].function & CALL_64) == 0 ? (int32_t)result == (int32_t)expected
                                                        : (int64_t)result == expected;

    if (!equal) {
        failures++;
        print("restart: psci %s %lx (%lx, %lx) gives %ld, expected %ld\n", by,
              calls[index].function, calls[index].argument[0], calls[index].argument[1],
              (long)result, (long)expected);
    }
}

/* --- CPU_SUSPEND ------------------------------------------------------------------------------ */

#define SUSPEND_NS     UINT64_C(20000)
#define SUSPEND_LATE   UINT64_C(3000) /* from the deadline to the call's return */
#define POWERDOWN      UINT64_C(0x00010000)
#define MAYBE_DEEP     UINT64_C(0x01010003) /* level 1, some state of its own */
#define PENDING_NS_MAX UINT64_C(3000)

static volatile unsigned taken;

static void on_timer(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    (void)frame;
    sysreg_write(cntv_ctl_el0, 0);
    isb();
    taken++;
    gic_eoi(iar);
}

static void judge_suspend(const char *what, uint64_t power_state, bool holds)
{
    if (!holds) {
        failures++;
        print("restart: psci CPU_SUSPEND %lx gives %s\n", power_state, what);
    }
}

/* Every state is a standby, which the virtual timer's interrupt ends, masked or not; with the
 * interrupt already there it ends at once. */
static unsigned check_suspend(uint64_t function, uint64_t power_state, bool by_smc)
{
    uint64_t deadline = counter_read() + ticks_from_ns(SUSPEND_NS);
    unsigned before = taken;
    uint64_t entry = GUEST_BASE;
    struct hvc_result result;
    uint64_t now;

    sysreg_write(cntv_cval_el0, deadline);
    sysreg_write(cntv_ctl_el0, 1);
    isb();
    result = by_smc ? smc(function, power_state, entry, 0) : hvc(function, power_state, entry, 0);
    now = counter_read();
    judge_suspend("a result", power_state, result.x[0] == OK);
    judge_suspend("an early return", power_state, now >= deadline);
    judge_suspend("a late return", power_state, now - deadline < ticks_from_ns(SUSPEND_LATE));
    judge_suspend("an interrupt though masked", power_state, taken == before);
    now = counter_read();
    hvc(function, power_state, entry, 0);
    judge_suspend("a wait with an interrupt pending", power_state,
                  counter_read() - now < ticks_from_ns(PENDING_NS_MAX));
    irq_unmask();
    isb();
    irq_mask();
    judge_suspend("no interrupt", power_state, taken == before + 1);
    return 2;
}

static unsigned check_suspends(void)
{
    static const uint64_t state[] = {0, POWERDOWN, MAYBE_DEEP};
    unsigned count = 0;

    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    guest_irq = on_timer;
    for (size_t i = 0; i < countof(state); i++) {
        for (unsigned by_smc = 0; by_smc < 2; by_smc++) {
            count += check_suspend(0x84000001, state[i], by_smc != 0);
            count += check_suspend(0xc4000001, state[i], by_smc != 0);
        }
    }
    return count;
}

void check_psci(void)
{
    unsigned suspends = check_suspends();

    for (size_t i = 0; i < countof(calls); i++) {
        const uint64_t *argument = calls[i].argument;

        judge(i, "hvc", hvc(calls[i].function, argument[0], argument[1], argument[2]).x[0]);
        judge(i, "smc", smc(calls[i].function, argument[0], argument[1], argument[2]).x[0]);
    }
    print("restart: psci calls=%lu failures=%u\n", 2 * countof(calls) + suspends, failures);
}
