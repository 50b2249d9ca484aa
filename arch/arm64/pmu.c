/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose are the performance counters?  They belong to a partition that was granted them from its
 * release to its window's end; between the two they stand still, hold zero and raise no interrupt,
 * and every access of EL1 and EL0 to them traps (MDCR_EL2.TPM, TPMCR; HSTR_EL2.T9 for AArch32).
 *
 * Invariants: HPMN is the number of counters (el2_traps.c), so all are the partition's and PMCR_EL0
 * says so.  What EL2 does is not counted: FEAT_PMUv3p1 has MDCR_EL2.HPMD for events and
 * FEAT_PMUv3p5 HCCD for cycles.  Cores without count EL2 where a guest sets PMEVTYPER<n>_EL0.NSH:
 * it sees how long its own traps take; the bit is dropped at each release, so that what the kernel
 * does for others between two windows, and the wait, are never in it.
 *
 * State: struct pmu_state of the vCPU.  Registers and bits: Arm ARM DDI 0487, D17.5.  The whole 64
 * bits of each register are switched: later versions use the upper halves.
 */
#include <asm/pmu.h>
#include <asm/sysreg.h>

#define BIT(n) (UINT64_C(1) << (n))

#define PMCR_E         BIT(0)
#define PMCR_P         BIT(1) /* resets event counters, at EL2 all of them */
#define PMCR_C         BIT(2) /* resets the cycle counter */
#define PMCR_N(pmcr)   ((pmcr) >> 11 & 0x1fU)
#define PMU_ALL        UINT64_C(0xffffffff)
#define FILTER_NSH     BIT(27)
#define MDCR_TPMCR     BIT(5)
#define MDCR_TPM       BIT(6)
#define HSTR_T9        BIT(9)
#define VERSION_P1     4U /* ID_AA64DFR0_EL1.PMUVer */
#define VERSION_P5     6U
#define VERSION_IMPDEF 0xfU

/* Counter n, PMEVCNTR<n>_EL0 and PMEVTYPER<n>_EL0 (D17.5.9, D17.5.10), from the last to the first.
 */
#define EACH_COUNTER(DO)                                                                           \
    DO(30, S3_3_C14_C11_6, S3_3_C14_C15_6)                                                         \
    DO(29, S3_3_C14_C11_5, S3_3_C14_C15_5)                                                         \
    DO(28, S3_3_C14_C11_4, S3_3_C14_C15_4)                                                         \
    DO(27, S3_3_C14_C11_3, S3_3_C14_C15_3)                                                         \
    DO(26, S3_3_C14_C11_2, S3_3_C14_C15_2)                                                         \
    DO(25, S3_3_C14_C11_1, S3_3_C14_C15_1)                                                         \
    DO(24, S3_3_C14_C11_0, S3_3_C14_C15_0)                                                         \
    DO(23, S3_3_C14_C10_7, S3_3_C14_C14_7)                                                         \
    DO(22, S3_3_C14_C10_6, S3_3_C14_C14_6)                                                         \
    DO(21, S3_3_C14_C10_5, S3_3_C14_C14_5)                                                         \
    DO(20, S3_3_C14_C10_4, S3_3_C14_C14_4)                                                         \
    DO(19, S3_3_C14_C10_3, S3_3_C14_C14_3)                                                         \
    DO(18, S3_3_C14_C10_2, S3_3_C14_C14_2)                                                         \
    DO(17, S3_3_C14_C10_1, S3_3_C14_C14_1)                                                         \
    DO(16, S3_3_C14_C10_0, S3_3_C14_C14_0)                                                         \
    DO(15, S3_3_C14_C9_7, S3_3_C14_C13_7)                                                          \
    DO(14, S3_3_C14_C9_6, S3_3_C14_C13_6)                                                          \
    DO(13, S3_3_C14_C9_5, S3_3_C14_C13_5)                                                          \
    DO(12, S3_3_C14_C9_4, S3_3_C14_C13_4)                                                          \
    DO(11, S3_3_C14_C9_3, S3_3_C14_C13_3)                                                          \
    DO(10, S3_3_C14_C9_2, S3_3_C14_C13_2)                                                          \
    DO(9, S3_3_C14_C9_1, S3_3_C14_C13_1)                                                           \
    DO(8, S3_3_C14_C9_0, S3_3_C14_C13_0)                                                           \
    DO(7, S3_3_C14_C8_7, S3_3_C14_C12_7)                                                           \
    DO(6, S3_3_C14_C8_6, S3_3_C14_C12_6)                                                           \
    DO(5, S3_3_C14_C8_5, S3_3_C14_C12_5)                                                           \
    DO(4, S3_3_C14_C8_4, S3_3_C14_C12_4)                                                           \
    DO(3, S3_3_C14_C8_3, S3_3_C14_C12_3)                                                           \
    DO(2, S3_3_C14_C8_2, S3_3_C14_C12_2)                                                           \
    DO(1, S3_3_C14_C8_1, S3_3_C14_C12_1)                                                           \
    DO(0, S3_3_C14_C8_0, S3_3_C14_C12_0)

static unsigned int version(void)
{
    return (unsigned int)(sysreg_read(id_aa64dfr0_el1) >> 8) & 0xfU;
}

bool pmu_is_there(void)
{
    return version() != 0 && version() != VERSION_IMPDEF;
}

/* The filter bits that a version keeps over windows. */
static uint64_t kept(unsigned int closes_el2_from)
{
    return version() >= closes_el2_from ? UINT64_MAX : ~FILTER_NSH;
}

#define SAVE(n, count, type)                                                                       \
    case (n) + 1: {                                                                                \
        const uint64_t events = sysreg_read(count);                                                \
        const uint64_t event_type = sysreg_read(type);                                             \
        state->event[n].pmevcntr = events;                                                         \
        state->event[n].pmevtyper = event_type;                                                    \
        sysreg_zero(type);                                                                         \
    }                                                                                              \
        __attribute__((fallthrough));

void pmu_save(struct pmu_state *state)
{
    state->pmcr = sysreg_read(pmcr_el0);
    sysreg_zero(pmcr_el0);
    isb(); /* they stand still now */
    state->pmcnten = sysreg_read(pmcntenset_el0);
    state->pminten = sysreg_read(pmintenset_el1);
    state->pmovs = sysreg_read(pmovsset_el0);
    state->pmselr = sysreg_read(pmselr_el0);
    state->pmuserenr = sysreg_read(pmuserenr_el0);
    state->pmccntr = sysreg_read(pmccntr_el0);
    state->pmccfiltr = sysreg_read(pmccfiltr_el0);
    switch (PMCR_N(state->pmcr)) {
        EACH_COUNTER(SAVE)
    default:
        break;
    }
    sysreg_write(pmcr_el0, PMCR_P | PMCR_C);
    sysreg_write(pmcntenclr_el0, PMU_ALL);
    sysreg_write(pmintenclr_el1, PMU_ALL);
    sysreg_write(pmovsclr_el0, PMU_ALL);
    sysreg_zero(pmselr_el0);
    sysreg_zero(pmuserenr_el0);
    sysreg_zero(pmccfiltr_el0);
    sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) | MDCR_TPM | MDCR_TPMCR);
    sysreg_write(hstr_el2, sysreg_read(hstr_el2) | HSTR_T9);
    isb(); /* before the GIC is asked whether their interrupt has gone */
}

#define LOAD(n, count, type)                                                                       \
    case (n) + 1: {                                                                                \
        const uint64_t events = state->event[n].pmevcntr;                                          \
        const uint64_t event_type = state->event[n].pmevtyper;                                     \
        sysreg_write(count, events);                                                               \
        sysreg_write(type, event_type &event_bits);                                                \
    }                                                                                              \
        __attribute__((fallthrough));

void pmu_load(const struct pmu_state *state)
{
    const uint64_t event_bits = kept(VERSION_P1);

    switch (PMCR_N(sysreg_read(pmcr_el0))) {
        EACH_COUNTER(LOAD)
    default:
        break;
    }
    sysreg_write(pmccntr_el0, state->pmccntr);
    sysreg_write(pmccfiltr_el0, state->pmccfiltr & kept(VERSION_P5));
    sysreg_write(pmselr_el0, state->pmselr);
    sysreg_write(pmuserenr_el0, state->pmuserenr);
    sysreg_write(pmovsset_el0, state->pmovs);
    sysreg_write(pmcr_el0, state->pmcr & ~(PMCR_P | PMCR_C));
    isb(); /* nothing counts by a setting that is not yet whole */
    /* Behind E, since QEMU 7.2 looks at the interrupt's line when these are written, and not then.
     */
    sysreg_write(pmintenset_el1, state->pminten);
    sysreg_write(pmcntenset_el0, state->pmcnten);
    /* Open to the guest from ERET on. */
    sysreg_write(mdcr_el2, sysreg_read(mdcr_el2) & ~(MDCR_TPM | MDCR_TPMCR));
    sysreg_write(hstr_el2, sysreg_read(hstr_el2) & ~HSTR_T9);
}

/* PMUIRQ (DDI 0487, D11.3 "Behavior on overflow"): counters below HPMN, which are all. */
static bool line(uint64_t pmcr, uint64_t pmovs, uint64_t pminten)
{
    return (pmcr & PMCR_E) != 0 && (pmovs & pminten) != 0;
}

bool pmu_saved_line(const struct pmu_state *state)
{
    return line(state->pmcr, state->pmovs, state->pminten);
}

bool pmu_live_line(void)
{
    return line(sysreg_read(pmcr_el0), sysreg_read(pmovsset_el0), sysreg_read(pmintenset_el1));
}
