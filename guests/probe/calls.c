/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a call get?  HVC #0 and SMC #0 are the kernel's and alike; every other immediate is an
 * undefined instruction, every unknown function -1, and nothing reaches the firmware.
 */
#include "probe.h"

#include <bulkhead/abi.h>

#define WORD_HVC(immediate) (UINT32_C(0xd4000002) | (uint32_t)(immediate) << 5)
#define WORD_SMC(immediate) (UINT32_C(0xd4000003) | (uint32_t)(immediate) << 5)
#define WORD_HLT(immediate) (UINT32_C(0xd4400000) | (uint32_t)(immediate) << 5)
#define WORD_BRK            UINT32_C(0xd4200000)
#define EC_BRK              0x3cU

/* PSCI (DEN 0022, 5): the calls that change nothing. */
#define PSCI_VERSION           UINT64_C(0x84000000)
#define PSCI_MIGRATE_INFO_TYPE UINT64_C(0x84000006)
#define PSCI_FEATURES          UINT64_C(0x8400000a)

static const uint64_t unknown_function[] = {
    0,          /* yielding, Arm architecture range */
    0x80007fff, /* Arm architecture service */
    0x81000000, /* CPU service: implementation-defined power and errata calls */
    0x82000000, /* SiP: the silicon vendor's own */
    0xc2000000,
    0x83000000,           /* OEM */
    0x84000050,           /* TRNG (DEN 0098) */
    0x8400ffff,           /* standard secure service */
    0xb2000000,           /* trusted application */
    0xbf00ff01,           /* trusted OS: UID */
    0xc600ffff,           /* our own range, unused number */
    UINT64_C(0x7fffffff), /* yielding, trusted OS */
};

static void expect_unknown(uint64_t function)
{
    uint64_t by_hvc = hvc(function, 1, 2, 3).x[0];
    uint64_t by_smc = smc(function, 1, 2, 3).x[0];

    /* A 32-bit function returns a 32-bit -1 (DEN 0028, 3.1). */
    check_that((uint32_t)by_hvc == UINT32_MAX, "HVC", "function %lx: %lx", function, by_hvc);
    check_that((uint32_t)by_smc == UINT32_MAX, "SMC", "function %lx: %lx", function, by_smc);
}

static void expect_alike(uint64_t function, uint64_t argument)
{
    uint64_t by_hvc, by_smc;

    probe_begin();
    by_hvc = hvc(function, argument, 0, 0).x[0];
    by_smc = smc(function, argument, 0, 0).x[0];
    check_that(probe_end() == 0, "exception", "function %lx: ESR %lx", function, guest_probe.esr);
    check_that(by_hvc == by_smc, "differ", "HVC %lx, SMC %lx", by_hvc, by_smc);
}

/* Workarounds 1 (branch targets), 2 (store bypass), 3 (branch history) of DEN 0070. */
static const uint64_t workaround[] = {0x80008000, 0x80007fff, 0x80003fff};

#define CALL_HELPS   0
#define CALL_NOT     1
#define NOT_KNOWN    (-1)
#define NOT_REQUIRED (-2)
#define MIDR_PART    UINT64_C(0xff00fff0)

/* What is true of QEMU's cores, whose firmware offers none of the three. */
static const struct {
    uint64_t part;
    int32_t answer[countof(workaround)];
} answers[] = {
    {0x4100d030, {CALL_NOT, NOT_REQUIRED, CALL_NOT}}, /* Cortex-A53 */
    {0x4100d070, {NOT_KNOWN, NOT_KNOWN, NOT_KNOWN}},  /* Cortex-A57: history alone is not enough */
    {0x4100d080, {NOT_KNOWN, NOT_KNOWN, NOT_KNOWN}},  /* Cortex-A72 */
    {0x4100d0c0, {CALL_NOT, NOT_KNOWN, CALL_HELPS}},  /* Neoverse N1: CSV2, the kernel's loop */
    {0x00000510, {CALL_NOT, NOT_KNOWN, NOT_KNOWN}},   /* max: CSV2, nothing said about history */
};

#define SMCCC_ARCH_FEATURES UINT64_C(0x80000001)

static void expect_workarounds(const int32_t answer[countof(workaround)])
{
    for (size_t i = 0; i < countof(workaround); i++) {
        int32_t by_hvc = (int32_t)hvc(SMCCC_ARCH_FEATURES, workaround[i], 0, 0).x[0];
        int32_t by_smc = (int32_t)smc(SMCCC_ARCH_FEATURES, workaround[i], 0, 0).x[0];
        /* A call that is not there says so; number 2 is there on no core. */
        int32_t called = answer[i] < 0 ? NOT_KNOWN : 0;

        check_that(by_hvc == answer[i] && by_smc == answer[i], "ARCH_FEATURES", "of %lx: %lx",
                   workaround[i], (uint32_t)by_hvc);
        check_that((int32_t)hvc(workaround[i], 0, 0, 0).x[0] == called &&
                       (int32_t)smc(workaround[i], 0, 0, 0).x[0] == called,
                   "call", "%lx, expected %lx", workaround[i], (uint32_t)called);
    }
}

static void check_workarounds(void)
{
    bool known = false;

    check_begin("workarounds");
    for (size_t i = 0; i < countof(answers); i++) {
        if (answers[i].part == (sysreg_read(midr_el1) & MIDR_PART)) {
            known = true;
            expect_workarounds(answers[i].answer);
        }
    }
    check_that(known, "core", "is not in the table: %lx (%lu)", sysreg_read(midr_el1), 0);
    check_that((int32_t)hvc(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0).x[0] == 0,
               "ARCH_FEATURES", "of itself (%lu, %lu)", 0, 0);
    check_that((int32_t)hvc(SMCCC_ARCH_FEATURES, 0x80000002, 0, 0).x[0] == -1, "ARCH_FEATURES",
               "of ARCH_SOC_ID (%lu, %lu)", 0, 0);
    check_end();
}

void check_calls(void)
{
    static const uint16_t immediate[] = {1, 2, 0x4a48, 0x7fff, 0xea1, 0xffff};
    uint64_t x0;

    check_begin("hvc-immediate");
    for (size_t i = 0; i < countof(immediate); i++) {
        x0 = PSCI_VERSION;
        check_that(execute(WORD_HVC(immediate[i]), &x0) == ESR_UNDEFINED, "HVC", "#%lx: x0 %lx",
                   immediate[i], x0);
    }
    check_end();

    check_begin("smc-immediate");
    for (size_t i = 0; i < countof(immediate); i++) {
        x0 = PSCI_VERSION;
        check_that(execute(WORD_SMC(immediate[i]), &x0) == ESR_UNDEFINED, "SMC", "#%lx: x0 %lx",
                   immediate[i], x0);
    }
    check_end();

    check_begin("unknown-function");
    for (size_t i = 0; i < countof(unknown_function); i++) {
        expect_unknown(unknown_function[i]);
    }
    check_end();

    check_workarounds();

    check_begin("smc-like-hvc");
    expect_alike(PSCI_VERSION, 0);
    expect_alike(PSCI_FEATURES, PSCI_VERSION);
    expect_alike(PSCI_MIGRATE_INFO_TYPE, 0);
    expect_alike(BH_PARTITION_ID, 0);
    expect_alike(BH_CALL_UID, 0);
    check_end();

    /* Semihosting would be the emulator's host; halting debug is off.  BRK is the guest's own. */
    check_begin("hlt-brk");
    x0 = 0x18; /* semihosting SYS_EXIT */
    check_that(execute(WORD_HLT(0xf000), &x0) == ESR_UNDEFINED, "HLT", "#f000: x0 %lx (%lu)", x0,
               0);
    check_that(ESR_EC(execute(WORD_BRK, &x0)) == EC_BRK, "BRK", "ESR %lx, x0 %lx", guest_probe.esr,
               x0);
    check_end();
}
