/* SPDX-License-Identifier: Apache-2.0 */
/* Which attacks use the processor itself: instructions, calls, caches, registers? */
#include "hostile.h"

#include <bulkhead/abi.h>

/* PSCI (DEN 0022, 5.1): calls that do not end the partition. */
static const uint32_t psci_function[] = {
    0x84000000,             /* PSCI_VERSION */
    0x8400000a,             /* PSCI_FEATURES */
    0x84000006,             /* MIGRATE_INFO_TYPE */
    0x84000004,             /* AFFINITY_INFO */
    0xc4000004, 0x84000003, /* CPU_ON: of itself */
    0xc4000003, 0x84000005, /* MIGRATE */
    0x84000007,             /* MIGRATE_INFO_UP_CPU */
    0x84000010,             /* reserved */
};

#define CALLS_PER_ROUND 16U

void attack_spin(void)
{
}

void attack_wfi(void)
{
    insn("wfi");
}

void attack_wfe_sev(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        insn("sev\n\twfe\n\tsevl\n\twfe");
    }
    insn("wfe");
}

/* CPU_SUSPEND in all states, valid or not, with a timer that ends it, or the window's end. */
void attack_suspend(void)
{
    static const uint64_t state[] = {0, 0x10000, 0x1010003, 0xffffffff};

    sysreg_write(cntv_cval_el0, hostile.end_ticks + dither_ticks() / 8 - ticks_from_ns(2000));
    sysreg_write(cntv_ctl_el0, 1);
    irq_unmask();
    hvc(random_below(2) != 0 ? 0x84000001 : 0xc4000001, state[random_below(countof(state))],
        GUEST_BASE, random_next());
    sysreg_write(cntv_ctl_el0, 0);
}

void attack_hypercall(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        hvc(i % 2U == 0 ? BH_WINDOW : BH_PARTITION_ID, random_next(), random_next(), random_next());
    }
}

void attack_hypercall_unknown(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        /* Every service (DEN 0028, 6.1), function numbers from 0xfff0, which are nobody's. */
        hvc((random_next() & 0xff000000U) | 0x8000fff0U | (random_next() & 15U), random_next(),
            random_next(), random_next());
    }
}

void attack_hypercall_edge(void)
{
    static const uint32_t function[] = {BH_WINDOW, BH_PARTITION_ID, BH_CALL_UID, BH_CALL_REVISION,
                                        0x84000000};

    delay_until(hostile.end_ticks - dither_ticks() / 8);
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        hvc(function[random_below(countof(function))], UINT64_MAX, UINT64_MAX, UINT64_MAX);
    }
}

/* The ids around those that there are; names that are none. */
void attack_module_schedule(void)
{
    static const uint32_t function[] = {BH_SET_MODULE_SCHEDULE, BH_MODULE_SCHEDULE_STATUS,
                                        BH_MODULE_SCHEDULE_ID, BH_PARTITION_STATUS};

    if (random_below(4) == 0) {
        delay_until(hostile.end_ticks - dither_ticks() / 8);
    }
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        hvc(function[random_below(countof(function))], random_below(4), random_next(),
            random_next());
    }
}

void attack_psci(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        hvc(psci_function[random_below(countof(psci_function))], random_below(2), GUEST_BASE,
            random_next());
    }
}

void attack_smc(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        smc(psci_function[random_below(countof(psci_function))], 0, GUEST_BASE, random_next());
    }
    insn("smc #0x1234");
}

void attack_tlbi(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        insn("tlbi vmalle1\n\ttlbi vmalle1is\n\tdsb ish");
        __asm__ volatile(
            "tlbi vae1, %0\n\ttlbi vae1is, %0\n\ttlbi aside1is, %0\n\ttlbi vaale1is, %0"
            :
            : "r"(random_next() & 0xffff000fffffffffU)
            : "memory");
        /* Not the guest's: UNDEF. */
        insn("tlbi alle1");
        insn("tlbi vmalls12e1is");
    }
    insn("dsb sy\n\tisb");
}

/* CLIDR, CCSIDR and the set/way operand (Arm ARM DDI 0487, D7.5.9.4): what an old boot loader does
 * to turn its caches off. */
static void set_way_all(void)
{
    for (uint64_t level = 0; level < 2; level++) {
        uint64_t ccsidr;
        uint64_t ways;
        uint64_t sets;

        sysreg_write(csselr_el1, level << 1);
        isb();
        ccsidr = sysreg_read(ccsidr_el1);
        ways = ((ccsidr >> 3) & 0x3ff) + 1;
        sets = ((ccsidr >> 13) & 0x7fff) + 1;
        for (uint64_t way = 0; way < ways && way < 2; way++) {
            for (uint64_t set = 0; set < sets && set < 8; set++) {
                uint64_t operand =
                    (way << (32 - (ways > 1 ? (unsigned)__builtin_ctzll(ways) : 0U)) & UINT32_MAX) |
                    (set << ((ccsidr & 7) + 4)) | (level << 1);

                __asm__ volatile("dc csw, %0\n\tdc cisw, %0" : : "r"(operand) : "memory");
            }
        }
    }
    /* ISW throws data away: only where nothing is, in set 0 of a level that does not exist. */
    __asm__ volatile("dc isw, %0\n\tdsb sy" : : "r"(UINT64_C(6) << 1) : "memory");
}

void attack_set_way(void)
{
    mmu_on();
    set_way_all();
    mmu_off();
    set_way_all();
}

void attack_cache_range(void)
{
    for (uint64_t address = GUEST_BASE; address < GUEST_BASE + 0x1000; address += 64) {
        __asm__ volatile("dc civac, %0\n\tdc cvau, %0\n\tic ivau, %0" : : "r"(address) : "memory");
    }
    insn("ic iallu\n\tic ialluis\n\tdsb sy\n\tisb");
}

void attack_sysreg(void)
{
    uint64_t sctlr = sysreg_read(sctlr_el1);
    uint64_t value = random_next();

    /* SCTLR_EL1: what is harmless to the guest itself: SA, SA0, UMA, UCT, nTWI, nTWE, UCI. */
    sysreg_write(sctlr_el1, sctlr ^ (BIT(9) | BIT(15) | BIT(16) | BIT(18) | BIT(26)));
    isb();
    sysreg_write(sctlr_el1, sctlr);
    insn("msr daifset, #15\n\tmsr daifclr, #15\n\tmsr daifset, #15");
    sysreg_write(cntkctl_el1, value);
    sysreg_write(contextidr_el1, value);
    sysreg_write(tpidr_el0, value);
    sysreg_write(tpidrro_el0, value);
    sysreg_write(tpidr_el1, value);
    sysreg_write(ttbr0_el1, value);
    sysreg_write(ttbr1_el1, value);
    sysreg_write(mair_el1, value);
    sysreg_write(amair_el1, value);
    sysreg_write(far_el1, value);
    sysreg_write(par_el1, value);
    sysreg_write(csselr_el1, value);
    sysreg_write(actlr_el1, value);
    /* Counter events to EL0 at every tick of bit 0 (CNTKCTL_EL1.EVNTEN, D17.11.14). */
    sysreg_write(cntkctl_el1, BIT(2));
    insn("msr spsel, #0\n\tmsr spsel, #1");
    insn("at s1e1r, xzr\n\tat s1e0w, xzr");
    insn("at s12e1r, xzr");
}

void attack_debug(void)
{
    uint64_t value = random_next();

    sysreg_write(oslar_el1, 0);
    sysreg_write(osdlr_el1, 1);
    sysreg_write(mdscr_el1, value);
    sysreg_write(dbgbvr0_el1, value);
    sysreg_write(dbgbcr0_el1, value | 1);
    sysreg_write(dbgwvr0_el1, value);
    sysreg_write(dbgwcr0_el1, value | 1);
    sysreg_write(dbgprcr_el1, 1);
    sysreg_write(mdccint_el1, value);
    sysreg_write(pmcr_el0, value | 1);
    sysreg_write(pmcntenset_el0, UINT32_MAX);
    sysreg_write(pmintenset_el1, UINT32_MAX);
    sysreg_write(pmovsset_el0, UINT32_MAX);
    sysreg_write(pmuserenr_el0, UINT32_MAX);
    sysreg_write(pmccntr_el0, UINT64_MAX - 100);
    sysreg_read(mdrar_el1);
    sysreg_write(mdscr_el1, 0);
    insn("isb");
}

/* Before a window's end. */
#define LAST_NS 12000U

/* Interrupts of a round after which the handler does not arm them any more. */
#define OVERFLOWS_MAX 30U
static uint64_t overflows_left;

/* Every counter is at the brink of overflow, the cycle counter `cycles` before it. */
static void counters_arm(uint64_t cycles)
{
    sysreg_write(pmovsclr_el0, UINT32_MAX);
    sysreg_write(pmccntr_el0, UINT64_C(0) - cycles);
    sysreg_write(pmevcntr0_el0, UINT32_MAX - 100);
    sysreg_write(pmevcntr1_el0, UINT32_MAX);
    sysreg_write(pmevcntr2_el0, UINT32_MAX);
    sysreg_write(pmevcntr3_el0, UINT32_MAX);
    sysreg_write(pmevcntr4_el0, UINT32_MAX);
    sysreg_write(pmevcntr5_el0, UINT32_MAX);
    sysreg_write(pmcr_el0, BIT(6) | BIT(4) | BIT(0)); /* LC, X, E */
}

void counters_overflowed(void)
{
    if (overflows_left != 0) {
        overflows_left--;
        counters_arm(300);
    } else {
        sysreg_write(pmintenclr_el1, UINT32_MAX);
    }
}

/* Instructions, cycles and software increments, also at EL2 (NSH).  Undefined without the grant. */
void attack_counters(void)
{
    uint64_t choice = random_next();

    gic_enable(INTID_PMU);
    sysreg_write(pmccfiltr_el0, BIT(27));
    sysreg_write(pmevtyper0_el0, BIT(27) | 0x08U);
    sysreg_write(pmevtyper1_el0, BIT(27) | 0x11U);
    sysreg_write(pmevtyper2_el0, BIT(27) | 0x08U);
    sysreg_write(pmevtyper3_el0, 0);
    sysreg_write(pmevtyper4_el0, BIT(27) | 0x1eU);
    sysreg_write(pmevtyper5_el0, BIT(27) | 0x11U);
    sysreg_write(pmcntenset_el0, UINT32_MAX);
    sysreg_write(pmintenset_el1, UINT32_MAX);
    overflows_left = (choice & 1) != 0 ? OVERFLOWS_MAX : 0;
    if ((choice & 2) != 0) { /* in the last instants */
        delay_until(hostile.end_ticks - dither_ticks());
    }
    counters_arm(random_below(3000));
    sysreg_write(pmswinc_el0, UINT32_MAX);
    if ((choice & 4) != 0) {
        irq_unmask();
    }
    delay_until(counter_read() + dither_ticks());
    irq_mask();
    if ((choice & 8) != 0) {
        sysreg_write(pmintenclr_el1, UINT32_MAX);
    }
}

/* A page of its own, since an emulator goes through one with a breakpoint step by step. */
static __attribute__((noinline, aligned(4096))) void breakpoint_target(void)
{
    static volatile uint64_t met[512] __attribute__((aligned(4096)));

    sysreg_write(dbgwvr1_el1, (uint64_t)&met[1]);
    insn("isb");
    met[1] = met[1] + 1;
    insn(".balign 4096");
}

static void breakpoints_off(void)
{
    sysreg_write(mdscr_el1, 0);
    sysreg_write(dbgbcr0_el1, 0);
    sysreg_write(dbgbcr1_el1, 0);
    sysreg_write(dbgbcr2_el1, 0);
    sysreg_write(dbgbcr3_el1, 0);
    sysreg_write(dbgwcr0_el1, 0);
    sysreg_write(dbgwcr2_el1, 0);
}

/* In its last microseconds on addresses of the kernel, too, for EL2 (HMC), which they outlast. They
 * are without effect there, and without the grant everywhere. */
void attack_breakpoints(void)
{
    const uint64_t kernel = UINT64_C(0x800000000000);
    uint64_t choice = random_next();
    bool late = counter_read() + ticks_from_ns(LAST_NS) > hostile.end_ticks;

    breakpoints_off();
    sysreg_write(oslar_el1, 0);
    sysreg_write(dbgbvr0_el1, (uint64_t)breakpoint_target);
    sysreg_write(dbgbcr0_el1, 0x21e7);
    sysreg_write(dbgbvr4_el1, random_next());
    sysreg_write(dbgbcr4_el1, 0x8021e7 | choice << 20);
    sysreg_write(dbgbcr5_el1, 0x3021e7); /* any context */
    sysreg_write(dbgwcr1_el1, UINT64_C(0x3fff));
    sysreg_write(dbgwvr3_el1, random_next());
    sysreg_write(dbgwcr3_el1, random_next() | 1);
    if (late) {
        sysreg_write(dbgbvr1_el1, kernel + random_below(0x20000));
        sysreg_write(dbgbcr1_el1, 0x21e7);
        sysreg_write(dbgbvr2_el1, kernel + 0x480 + random_below(0x800));
        sysreg_write(dbgbcr2_el1, 0xe1e1);
        sysreg_write(dbgbvr3_el1, choice);
        sysreg_write(dbgbcr3_el1, choice | 1);
        sysreg_write(dbgwvr0_el1, kernel);
        sysreg_write(dbgwcr0_el1, UINT64_C(0x1f003fff)); /* 2 GiB */
        sysreg_write(dbgwvr2_el1, 0);
        sysreg_write(dbgwcr2_el1, UINT64_C(0x1f00fff9)); /* EL2 alone */
    }
    sysreg_write(mdscr_el1, BIT(15) | BIT(14) | BIT(13)); /* MDE, HDE, KDE */
    insn("msr daifclr, #8");
    breakpoint_target();
    insn("msr daifset, #8");
    if ((choice & 4) != 0) {
        sysreg_write(osdlr_el1, 1);
        sysreg_write(oslar_el1, 1);
        sysreg_write(osdlr_el1, 0);
    }
    if (late) {
        delay_until(hostile.end_ticks);
    }
}

void attack_mmu_toggle(void)
{
    mmu_on();
    *(volatile uint64_t *)&hostile.exceptions = hostile.exceptions;
    mmu_off();
}

void attack_exception(void)
{
    insn("svc #7");
    insn("brk #7");
    insn("hvc #1");
    insn("hvc #0xffff");
    insn(".inst 0x00000000");
    insn("hlt #0x7777");
    sysreg_read(hcr_el2);
    sysreg_write(scr_el3, 0);
}

void attack_id_read(void)
{
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        sysreg_read(midr_el1);
        sysreg_read(mpidr_el1);
        sysreg_read(revidr_el1);
        sysreg_read(ctr_el0);
        sysreg_read(clidr_el1);
        sysreg_read(id_aa64pfr0_el1);
        sysreg_read(id_aa64isar1_el1);
        sysreg_read(id_aa64mmfr0_el1);
        sysreg_read(id_aa64dfr0_el1);
        sysreg_read(id_isar0_el1);
        sysreg_read(aidr_el1);
        sysreg_read(S3_1_C15_C0_0); /* implementation defined (A57: CPUACTLR and its like) */
    }
}
