/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the performance counters the partition's own?  They begin as after a reset, keep their values
 * over its windows, count what it does and nothing else, stand still while it is out, and interrupt
 * it when they overflow.  One that has none finds none, and has their PPI for itself.
 *
 * Events and registers: Arm ARM DDI 0487, D11 and D17.5.
 */
#include "features.h"

#define PMCR_E        BIT(0)
#define PMCR_P        BIT(1)
#define PMCR_C        BIT(2)
#define PMCR_LC       BIT(6)
#define PMCR_N(pmcr)  ((pmcr) >> 11 & 0x1fU)
#define PMU_ALL       UINT64_C(0xffffffff)
#define CYCLES        BIT(31) /* in PMCNTEN, PMINTEN, PMOVS */
#define EVENT_RETIRED 0x08U
#define EVENT_CHAIN   0x1eU
#define FILTER_NSH    BIT(27)
#define PMUSERENR_EN  BIT(0)
#define PMUVER(dfr0)  ((dfr0) >> 8 & 0xfU)
#define PMUVER_P1     4U
#define GICD_ISPENDR  0x200U
#define WINDOW_MAX_NS 400000U
#define QUIET_WINDOWS 60U

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define COUNTERS 6U

static uint64_t own(unsigned int index)
{
    return own_number() * UINT64_C(0x01010101) + index * UINT64_C(0x00111111);
}

static void counters_write(unsigned int base)
{
#define WRITE(n) sysreg_write(pmevcntr##n##_el0, own(base + (n)));
    EACH(WRITE)
#undef WRITE
}

static void types_write(uint64_t event, unsigned int step)
{
#define WRITE(n) sysreg_write(pmevtyper##n##_el0, event + (n)*step);
    EACH(WRITE)
#undef WRITE
}

static void quiet(void)
{
    sysreg_write(pmcr_el0, PMCR_LC);
    sysreg_write(pmcntenclr_el0, PMU_ALL);
    sysreg_write(pmintenclr_el1, PMU_ALL);
    sysreg_write(pmovsclr_el0, PMU_ALL);
    sysreg_write(pmccfiltr_el0, 0);
    isb();
}

/* What is not as after a reset: E, settings, counts.  Reset leaves most of them unknown; the kernel
 * says that they are zero. */
static uint64_t remains(void)
{
    uint64_t wrong = sysreg_read(pmcr_el0) & PMCR_E;

    wrong |= sysreg_read(pmcntenset_el0) | sysreg_read(pmintenset_el1) | sysreg_read(pmovsset_el0);
    wrong |= sysreg_read(pmselr_el0) | sysreg_read(pmuserenr_el0);
    wrong |= sysreg_read(pmccntr_el0) | sysreg_read(pmccfiltr_el0);
#define ADD(n) wrong |= sysreg_read(pmevcntr##n##_el0) | sysreg_read(pmevtyper##n##_el0);
    EACH(ADD)
#undef ADD
    return wrong;
}

void pmu_keep(void)
{
    quiet();
    counters_write(0);
    types_write(EVENT_CHAIN, 0x100);
    sysreg_write(pmccntr_el0, own(20) << 32 | own(21));
    sysreg_write(pmccfiltr_el0, BIT(31));
    sysreg_write(pmselr_el0, 3);
    sysreg_write(pmuserenr_el0, 5);
    sysreg_write(pmcntenset_el0, CYCLES | 0x15U);
    sysreg_write(pmintenset_el1, CYCLES | 0x2aU);
    sysreg_write(pmovsset_el0, own(0) & 0x3fU);
}

void pmu_kept(const char *counters_case, const char *settings_case)
{
    uint64_t wrong = (sysreg_read(pmcr_el0) & PMCR_LC) ^ PMCR_LC;

    wrong |= PMCR_N(sysreg_read(pmcr_el0)) < COUNTERS;
#define COMPARE(n)                                                                                 \
    wrong |= sysreg_read(pmevcntr##n##_el0) ^ (uint32_t)own(n);                                    \
    wrong |= (sysreg_read(pmevtyper##n##_el0) ^ (EVENT_CHAIN + (n)*0x100U)) & 0x3ffU;
    EACH(COMPARE)
#undef COMPARE
    judge(counters_case, wrong == 0, wrong, 0);
    wrong = sysreg_read(pmccntr_el0) ^ (own(20) << 32 | own(21));
    wrong |= sysreg_read(pmccfiltr_el0) ^ BIT(31);
    wrong |= sysreg_read(pmselr_el0) ^ 3;
    wrong |= sysreg_read(pmuserenr_el0) ^ 5;
    wrong |= sysreg_read(pmcntenset_el0) ^ (CYCLES | 0x15U);
    wrong |= sysreg_read(pmintenset_el1) ^ (CYCLES | 0x2aU);
    wrong |= sysreg_read(pmovsset_el0) ^ (own(0) & 0x3fU);
    judge(settings_case, wrong == 0, wrong, 0);
    sysreg_write(pmuserenr_el0, 0);
    quiet();
}

/* Events of `rounds` rounds of spin(). */
static uint64_t events_of(uint64_t rounds)
{
    uint64_t before;
    uint64_t after;

    __asm__ volatile("isb\n mrs %0, pmevcntr0_el0\n"
                     "1: subs %2, %2, #1\n b.ne 1b\n"
                     "isb\n mrs %1, pmevcntr0_el0"
                     : "=&r"(before), "=&r"(after), "+r"(rounds)
                     :
                     : "cc", "memory");
    return (uint32_t)(after - before);
}

/* Instructions over many windows are as many as the loop has: nobody else's, none of the kernel's.
 */
static void count(void)
{
    const uint64_t rounds = 1000000;
    uint64_t overhead;
    uint64_t events;

    quiet();
    sysreg_write(pmevtyper0_el0, EVENT_RETIRED);
    sysreg_write(pmcntenset_el0, 1);
    sysreg_write(pmcr_el0, PMCR_LC | PMCR_E);
    isb();
    window_wait(&watch);
    overhead = events_of(1) - 2;
    events = events_of(rounds);
    judge("count_exact", events == 2 * rounds + overhead, events, 2 * rounds + overhead);
    quiet();
}

/* Cycles of the partition's own windows alone. */
static void still(void)
{
    uint64_t first_ticks;
    uint64_t cycles;
    uint64_t ticks;
    uint64_t own_ns;

    quiet();
    sysreg_write(pmcntenset_el0, CYCLES);
    sysreg_write(pmccntr_el0, 0);
    sysreg_write(pmcr_el0, PMCR_LC | PMCR_E);
    isb();
    window_wait(&watch);
    cycles = sysreg_read(pmccntr_el0);
    first_ticks = counter_read();
    for (unsigned int i = 0; i < 3; i++) {
        window_wait(&watch);
    }
    cycles = sysreg_read(pmccntr_el0) - cycles;
    ticks = counter_read() - first_ticks;
    /* Three frames by the clock, of which three windows were its own. */
    own_ns = 3 * ns_from_ticks(watch.window.duration_ticks);
    judge("still_outside",
          cycles <= own_ns && cycles + 100000 > own_ns && ns_from_ticks(ticks) > 2900000, cycles,
          own_ns);
    quiet();
}

static void clear(uint32_t intid)
{
    if (intid == INTID_PMU) {
        sysreg_write(pmovsclr_el0, PMU_ALL);
        isb();
    }
}

/* The cycle counter overflows in `cycles`, which is at most 2^32 with LC = 0. */
static void overflow_in(uint64_t cycles)
{
    quiet();
    taken[INTID_PMU] = 0;
    on_taken = clear;
    sysreg_write(pmccntr_el0, UINT64_C(0) - cycles);
    sysreg_write(pmintenset_el1, CYCLES);
    sysreg_write(pmcntenset_el0, CYCLES);
    sysreg_write(pmcr_el0, PMCR_LC | PMCR_E);
    isb();
}

static void overflow(void)
{
    uint64_t before;
    uint64_t status;

    gic_enable(INTID_PMU);
    /* Inside the window, spinning and waiting. */
    window_wait(&watch);
    overflow_in(20000);
    before = counter_read();
    irq_unmask();
    while (taken[INTID_PMU] == 0 && counter_read() - before < ticks_from_ns(50000)) {
    }
    irq_mask();
    before = ns_from_ticks(counter_read() - before);
    judge("overflow_inside", taken[INTID_PMU] == 1 && before >= 19000 && before < 30000,
          taken[INTID_PMU], before);
    overflow_in(20000);
    before = counter_read();
    irq_unmask();
    while (taken[INTID_PMU] == 0 && counter_read() - before < ticks_from_ns(50000)) {
        insn("wfi");
    }
    irq_mask();
    judge("overflow_wfi", taken[INTID_PMU] == 1, taken[INTID_PMU], 1);

    /* Masked over the window's end: it is there in the next one, once. */
    window_wait(&watch);
    overflow_in(10000);
    window_wait(&watch);
    status = sysreg_read(pmovsset_el0);
    irq_unmask();
    spin(1000);
    irq_mask();
    judge("overflow_pending", taken[INTID_PMU] == 1 && status == CYCLES, taken[INTID_PMU], status);

    /* Not cleared: it comes again, and is active, not twice pending, over a window's end. */
    window_wait(&watch);
    overflow_in(10000);
    on_taken = NULL;
    spin(10000);
    status = gic_ack() & 1023U;
    if (status !=
        INTID_PMU) { /* by the host's clock it may come later: then it must not come for ever */
        on_taken = clear;
    }
    window_wait(&watch);
    irq_unmask();
    spin(1000);
    irq_mask();
    judge("overflow_active", status == INTID_PMU && taken[INTID_PMU] == 0, taken[INTID_PMU],
          status);
    on_taken = clear;
    gic_eoi(INTID_PMU);
    irq_unmask();
    spin(1000);
    if (!gic_is_v3) {
        /* QEMU's GICv2 does not look at a line when a list register ends its interrupt. */
        window_wait(&watch);
    }
    irq_mask();
    judge("overflow_level", taken[INTID_PMU] == 1, taken[INTID_PMU], 1);

    /* Cleared before it was taken, and a window later: none. */
    window_wait(&watch);
    overflow_in(10000);
    spin(10000);
    quiet();
    window_wait(&watch);
    irq_unmask();
    spin(1000);
    irq_mask();
    judge("overflow_fallen", taken[INTID_PMU] == 0, taken[INTID_PMU], 0);
    gic_disable(INTID_PMU);
    quiet();
}

static uint64_t read_cycles(uint64_t argument unused)
{
    return sysreg_read(pmccntr_el0);
}

/* EL0 reads counters if EL1 lets it, before and behind a window's end. */
static void user(void)
{
    uint64_t refused;
    uint64_t value;

    quiet();
    sysreg_write(pmccntr_el0, 0x1234567);
    window_wait(&watch);
    probe_begin();
    (void)at_el0(read_cycles, 0);
    refused = probe_end();
    sysreg_write(pmuserenr_el0, PMUSERENR_EN);
    isb();
    window_wait(&watch);
    probe_begin();
    value = at_el0(read_cycles, 0);
    judge("user", probe_end() == 0 && refused == 1 && value == 0x1234567, value, refused);
    sysreg_write(pmuserenr_el0, 0);
}

/* A core that cannot keep EL2 out by itself drops the wish to count there. */
static void filter(void)
{
    uint64_t version = PMUVER(sysreg_read(id_aa64dfr0_el1));
    uint64_t wanted = version >= PMUVER_P1 ? FILTER_NSH : 0;
    uint64_t value;

    quiet();
    sysreg_write(pmevtyper0_el0, FILTER_NSH | EVENT_RETIRED);
    window_wait(&watch);
    value = sysreg_read(pmevtyper0_el0) & FILTER_NSH;
    judge("filter", value == wanted, value, wanted);
}

void pmu_spoil(void)
{
    counters_write(7);
    types_write(EVENT_RETIRED, 0);
    sysreg_write(pmccfiltr_el0, BIT(30));
    sysreg_write(pmselr_el0, 1);
    sysreg_write(pmuserenr_el0, 0xf);
    sysreg_write(pmintenset_el1, PMU_ALL);
    sysreg_write(pmovsset_el0, PMU_ALL);
    sysreg_write(pmcntenset_el0, PMU_ALL);
    sysreg_write(pmcr_el0, PMCR_LC | PMCR_E);
    isb();
}

void pmu_owner(bool with_interrupts)
{
    uint64_t n = PMCR_N(sysreg_read(pmcr_el0));
    uint64_t version = PMUVER(sysreg_read(id_aa64dfr0_el1));
    uint64_t wrong = remains();

    judge("pmu_shown", version >= 1 && version <= 6, version, 0);
    judge("pmu_counters", n >= COUNTERS, n, COUNTERS);
    judge("pmu_reset", wrong == 0, wrong, 0);
    pmu_keep();
    for (unsigned int i = 0; i < 4; i++) {
        window_wait(&watch);
    }
    pmu_kept("keep_counters", "keep_settings");
    count();
    still();
    if (with_interrupts) {
        overflow();
    }
    user();
    filter();
}

/* Undefined, all of it, but what guests write unasked; and PPI 23 is an interrupt like others. */
void pmu_absent(void)
{
    uint64_t undefined;
    uint64_t value;

    probe_begin();
    (void)sysreg_read(pmcr_el0);
    sysreg_write(pmcr_el0, PMCR_E);
    (void)sysreg_read(pmccntr_el0);
    (void)sysreg_read(pmcntenset_el0);
    sysreg_write(pmintenset_el1, PMU_ALL);
    (void)sysreg_read(pmovsset_el0);
    (void)sysreg_read(pmselr_el0);
    (void)sysreg_read(pmevcntr0_el0);
    sysreg_write(pmevtyper0_el0, EVENT_RETIRED);
    (void)sysreg_read(pmceid0_el0);
    undefined = probe_end();
    judge("absent_registers", undefined == 10, undefined, 10);
    value = PMUVER(sysreg_read(id_aa64dfr0_el1)) | (sysreg_read(id_dfr0_el1) >> 24 & 0xfU);
    judge("absent_shown", value == 0, value, 0);
    sysreg_write(pmuserenr_el0, 0xf);
    value = sysreg_read(pmuserenr_el0);
    judge("absent_user", value == 0, value, 0);
    gic_enable(INTID_PMU);
    irq_unmask();
    for (unsigned int i = 0; i < QUIET_WINDOWS; i++) {
        window_wait(&watch);
    }
    judge("absent_interrupt", taken[INTID_PMU] == 0, taken[INTID_PMU], 0);
    write32(gic_word(GICD_ISPENDR, INTID_PMU), (uint32_t)BIT(INTID_PMU));
    spin(1000);
    irq_mask();
    judge("absent_ppi", taken[INTID_PMU] == 1, taken[INTID_PMU], 1);
}
