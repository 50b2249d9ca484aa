/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does PSCI answer as DEN 0022 says, in its 32- and 64-bit forms, by HVC and by SMC?  Calls that
 * return, on a partition with one vCPU.
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
    {0x84000001, {0}, OK}, /* CPU_SUSPEND to standby: the interrupt that ends it has come */
    {0xc4000001, {0}, OK},
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

void check_psci(void)
{
    for (size_t i = 0; i < countof(calls); i++) {
        const uint64_t *argument = calls[i].argument;

        judge(i, "hvc", hvc(calls[i].function, argument[0], argument[1], argument[2]).x[0]);
        judge(i, "smc", smc(calls[i].function, argument[0], argument[1], argument[2]).x[0]);
    }
    print("restart: psci calls=%lu failures=%u\n", 2 * countof(calls), failures);
}
