/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does firmware answer as PSCI 1.1 and the SMC calling convention say?  Calls that return on a
 * machine that stays as it is, by HVC as a device tree of this machine says.  Turning CPUs on and
 * off is in power.c, SYSTEM_RESET in start.c.
 */
#include "conformance.h"

#define PSCI_VERSION           UINT64_C(0x84000000)
#define PSCI_CPU_SUSPEND       UINT64_C(0x84000001)
#define PSCI_CPU_ON_32         UINT64_C(0x84000003)
#define PSCI_AFFINITY_INFO_32  UINT64_C(0x84000004)
#define PSCI_MIGRATE_INFO_TYPE UINT64_C(0x84000006)
#define PSCI_FEATURES          UINT64_C(0x8400000a)
#define CALL_64                UINT64_C(0x40000000)
#define SMCCC_VERSION          UINT64_C(0x80000000)
#define SMCCC_ARCH_FEATURES    UINT64_C(0x80000001)

#define NOT_SUPPORTED (-1)
#define INVALID       (-2)
#define ALREADY_ON    (-4)

/* Rubbish above a 32-bit argument (DEN0028 3.1). */
#define RUBBISH UINT64_C(0x5a5a5a5a00000000)

/* A result as the call's width gives it. */
static int64_t call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t result = hvc(function, a1, a2, a3).x[0];

    return (function & CALL_64) != 0 ? (int64_t)result : (int64_t)(int32_t)result;
}

static void expect_call(const char *what, uint64_t function, uint64_t a1, uint64_t a2,
                        int64_t result)
{
    expect_equal(what, (uint64_t)call(function, a1, a2, 0), (uint64_t)result);
}

static void check_version(const void *subject unused)
{
    expect(call(PSCI_VERSION, 0, 0, 0) >= 0x10001, "older than 1.1");
    expect_call("64-bit form", PSCI_VERSION | CALL_64, 0, 0, NOT_SUPPORTED);
}

static void check_features(const void *subject unused)
{
    static const uint64_t here[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002,
                                    0x84000003, 0xc4000003, 0x84000004, 0xc4000004,
                                    0x84000006, 0x84000008, 0x84000009, 0x8400000a};
    static const uint64_t absent[] = {0xc4000000, 0xc4000002, 0xc4000008, 0xc4000009, 0xc400000a,
                                      0x8400001f, 0x84000fff, 0x00000003, 0x40000004, 0xffffffff};

    for (uint32_t i = 0; i < countof(here); i++) {
        expect(call(PSCI_FEATURES, here[i], 0, 0) >= 0, "a mandatory call is missing");
    }
    for (uint32_t i = 0; i < countof(absent); i++) {
        expect_call("not a call", PSCI_FEATURES, absent[i], 0, NOT_SUPPORTED);
    }
}

static void check_migrate(const void *subject unused)
{
    expect_call("MIGRATE_INFO_TYPE", PSCI_MIGRATE_INFO_TYPE, 0, 0, 2);
    expect_call("MIGRATE", 0x84000005, 0, 0, NOT_SUPPORTED);
    expect_call("MIGRATE, 64-bit", 0xc4000005, 0, 0, NOT_SUPPORTED);
    expect_call("MIGRATE_INFO_UP_CPU", 0x84000007, 0, 0, NOT_SUPPORTED);
}

static void check_affinity_info(const void *subject unused)
{
    static const uint64_t forms[] = {PSCI_AFFINITY_INFO_32, PSCI_AFFINITY_INFO};

    for (uint32_t i = 0; i < countof(forms); i++) {
        expect_call("self", forms[i], 0, 0, 0);
        expect_call("no such CPU", forms[i], cpu_count(), 0, INVALID);
        expect_call("no such cluster", forms[i], 0x100, 0, INVALID);
    }
}

static void check_affinity_level(const void *subject unused)
{
    expect_call("level 4", PSCI_AFFINITY_INFO_32, 0, 4, INVALID);
    expect_call("level 4, 64-bit", PSCI_AFFINITY_INFO, 0, 4, INVALID);
}

static void check_cpu_on_refused(const void *subject unused)
{
    static const uint64_t forms[] = {PSCI_CPU_ON_32, PSCI_CPU_ON};

    for (uint32_t i = 0; i < countof(forms); i++) {
        expect_call("self", forms[i], 0, (uint64_t)second_begin, ALREADY_ON);
        expect_call("no such CPU", forms[i], cpu_count(), (uint64_t)second_begin, INVALID);
        expect_call("no such cluster", forms[i], 0x10000, (uint64_t)second_begin, INVALID);
    }
    expect_call("bits above an affinity", PSCI_CPU_ON, BIT(40), (uint64_t)second_begin, INVALID);
}

static void check_upper_halves(const void *subject unused)
{
    expect_call("AFFINITY_INFO of self", PSCI_AFFINITY_INFO_32, RUBBISH, RUBBISH, 0);
    expect_call("CPU_ON of self", PSCI_CPU_ON_32, RUBBISH, RUBBISH | (uint64_t)second_begin,
                ALREADY_ON);
}

static void check_function_upper_half(const void *subject unused)
{
    expect(call(PSCI_VERSION | RUBBISH, 0, 0, 0) >= 0x10001, "VERSION");
}

static void check_suspend(const void *subject unused)
{
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect_call("standby", PSCI_CPU_SUSPEND, 0, 0, 0);
    expect_call("standby, 64-bit", PSCI_CPU_SUSPEND | CALL_64, 0, 0, 0);
    expect_taken_ended("what ended it", SPI_FREE);
}

static void check_suspend_refused(const void *subject unused)
{
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect_call("reserved bits of power_state", PSCI_CPU_SUSPEND, 0x80000000, 0, INVALID);
    expect_call("reserved bits, 64-bit", PSCI_CPU_SUSPEND | CALL_64, 0x00020000, 0, INVALID);
}

static void check_unknown(const void *subject unused)
{
    static const uint64_t functions[] = {
        0x8400001e, 0xc400001e,                         /* PSCI's range */
        0x80007fff,                                     /* Arm architecture */
        0x81000000, 0x82000000, 0xc2000000, 0x83000000, /* CPU, SiP, OEM services */
        0x84000050,                                     /* true random numbers */
        0x8400ffff, 0xb2000000, 0xbf00ff01, 0x00000000, 0x7fffffff,
    };

    for (uint32_t i = 0; i < countof(functions); i++) {
        expect_call("answered", functions[i], 1, 2, NOT_SUPPORTED);
    }
}

static void check_smccc_version(const void *subject unused)
{
    expect_call("PSCI_FEATURES", PSCI_FEATURES, SMCCC_VERSION, 0, 0);
    expect(call(SMCCC_VERSION, 0, 0, 0) >= 0x10001, "older than 1.1");
}

static void check_arch_features(const void *subject unused)
{
    expect_call("VERSION", SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0);
    expect_call("ARCH_FEATURES", SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0);
    expect_call("no such function", SMCCC_ARCH_FEATURES, 0x80007ffe, 0, NOT_SUPPORTED);
}

/* Registers that a call does not return in are kept (DEN0028). */
static void check_registers_kept(const void *subject unused)
{
    uint64_t changed;

    __asm__ volatile("mov   x0, %1\n\t"
                     ".irp  n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27\n\t"
                     "mov   x\\n, #(\\n + 0x100)\n\t"
                     ".endr\n\t"
                     "hvc   #0\n\t"
                     "mov   %0, #0\n\t"
                     ".irp  n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27\n\t"
                     "sub   x\\n, x\\n, #(\\n + 0x100)\n\t"
                     "orr   %0, %0, x\\n\n\t"
                     ".endr"
                     : "=&r"(changed)
                     : "r"(PSCI_VERSION)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23",
                       "x24", "x25", "x26", "x27", "memory", "cc");
    expect_equal("changed", changed, 0);
}

static void check_smc(const void *subject unused)
{
    uint64_t version;

    (void)exceptions_taken();
    version = smc(PSCI_VERSION, 0, 0, 0).x[0];
    expect_equal("exceptions", exceptions_taken(), 0);
    expect_equal("VERSION", version, hvc(PSCI_VERSION, 0, 0, 0).x[0]);
}

#define BOTH(text) text, text

static const struct rule rules[] = {
    {"version", BOTH("DEN0022 PSCI_VERSION"), check_version},
    {"features", BOTH("DEN0022 PSCI_FEATURES"), check_features},
    {"migrate-info-type", BOTH("DEN0022 MIGRATE_INFO_TYPE"), check_migrate},
    {"affinity-info", BOTH("DEN0022 AFFINITY_INFO"), check_affinity_info},
    {"affinity-info-level-refused", BOTH("DEN0022 AFFINITY_INFO"), check_affinity_level},
    {"cpu-on-refused", BOTH("DEN0022 CPU_ON"), check_cpu_on_refused},
    {"upper-halves-ignored", BOTH("DEN0028, arguments of SMC32"), check_upper_halves},
    {"function-upper-half-ignored", BOTH("DEN0028, function identifiers"),
     check_function_upper_half},
    {"cpu-suspend-standby", BOTH("DEN0022 CPU_SUSPEND"), check_suspend},
    {"cpu-suspend-refused", BOTH("DEN0022 CPU_SUSPEND"), check_suspend_refused},
    {"unknown-is-minus-one", BOTH("DEN0028, unknown function identifier"), check_unknown},
    {"smccc-version", BOTH("DEN0028 SMCCC_VERSION"), check_smccc_version},
    {"smccc-arch-features", BOTH("DEN0028 SMCCC_ARCH_FEATURES"), check_arch_features},
    {"registers-kept", BOTH("DEN0028, registers preserved"), check_registers_kept},
    {"by-smc", BOTH("DEN0022, conduits"), check_smc},
};

const struct area area_psci = {"psci", rules, countof(rules), NULL, false, false};
