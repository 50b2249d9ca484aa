/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may EL1 and EL0 do by themselves, and what comes to EL2?  Values of the trap controls, from
 * the strictest setting: a bit that leaves something open has its reason next to it.  The table
 * that a reader checks this against is docs/attack-surface.md.
 *
 * Invariants: the controls are the same for every vCPU of a core, so a switch reloads only HCR_EL2
 * (with the context) and CNTHCTL_EL2 (with the timers).  A register that the core does not
 * implement is never touched, since that is undefined at EL2; what the core implements is asked of
 * the core itself, so unlike cores work.
 *
 * State: the core's own registers, nothing in memory.
 *
 * Registers younger than Armv8.0 are written as encodings, which every assembler takes (Arm ARM
 * DDI 0487, C5.1.2).  Fields: DDI 0487, "AArch64 System Register Descriptions", by register name.
 *
 * Firmware: where EL3 exists it must let EL2 use FGT, HCRX, MPAM and the RAS registers, as it must
 * for every EL2 software (SCR_EL3.{FGTEn, HXEn}, MPAM3_EL3.TRAPLOWER).  EL2 has no way to ask.
 */
#include <asm/el2_traps.h>
#include <asm/sysreg.h>

#define BIT(n) (UINT64_C(1) << (n))

/* HCR_EL2. */
#define HCR_VM    BIT(0)
#define HCR_SWIO  BIT(1)
#define HCR_PTW   BIT(2)
#define HCR_FMO   BIT(3)
#define HCR_IMO   BIT(4)
#define HCR_AMO   BIT(5)
#define HCR_TWI   BIT(13)
#define HCR_TID1  BIT(16)
#define HCR_TID3  BIT(18)
#define HCR_TSC   BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR  BIT(21)
#define HCR_TSW   BIT(22)
#define HCR_RW    BIT(31)
#define HCR_TLOR  BIT(35)
#define HCR_TERR  BIT(36)
#define HCR_TEA   BIT(37)
#define HCR_APK   BIT(40)
#define HCR_API   BIT(41)
#define HCR_GPF   BIT(48)
#define HCR_TID5  BIT(58)

/* CPTR_EL2 in its layout for E2H = 0. */
#define CPTR_RES1 UINT64_C(0x22ff)
#define CPTR_TZ   BIT(8)  /* RES1 without SVE */
#define CPTR_TSM  BIT(12) /* RES1 without SME */
#define CPTR_TTA  BIT(20)
#define CPTR_TAM  BIT(30)

/* MDCR_EL2. */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)
#define MDCR_TDA   BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA  BIT(11)
#define MDCR_TPMS  BIT(14)
#define MDCR_HPMD  BIT(17)
#define MDCR_TTRF  BIT(19)
#define MDCR_HCCD  BIT(23)

/* CNTHCTL_EL2 in its layout for E2H = 0. */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN  BIT(1)

/* HCRX_EL2. */
#define HCRX_TALLINT BIT(6)

/* MPAM2_EL2. */
#define MPAM2_TRAPMPAM1EL1 BIT(48)
#define MPAM2_TRAPMPAM0EL1 BIT(49)
#define MPAM2_TIDR         BIT(58)

/* HSTR_EL2: c0 to c15 of coprocessor 15; c4 and c14 are RES0, c7 (barriers) and c13 (thread id
 * registers) are what compilers and C libraries use at EL0. */
#define HSTR_ALL_BUT_BARRIERS_AND_THREAD_IDS UINT64_C(0x9f6f)

/* The 4-bit field of an identification register that starts at bit `shift`. */
static unsigned int field(uint64_t id_register, unsigned int shift)
{
    return (unsigned int)(id_register >> shift) & 0xfU;
}

static uint64_t pfr0(void)
{
    return sysreg_read(ID_AA64PFR0_EL1);
}

static uint64_t pfr1(void)
{
    return sysreg_read(ID_AA64PFR1_EL1);
}

static uint64_t dfr0(void)
{
    return sysreg_read(ID_AA64DFR0_EL1);
}

static uint64_t mmfr0(void)
{
    return sysreg_read(ID_AA64MMFR0_EL1);
}

static uint64_t mmfr1(void)
{
    return sysreg_read(ID_AA64MMFR1_EL1);
}

static bool has_ras(void)
{
    return field(pfr0(), 28) != 0;
}

bool el2_has_pauth(void)
{
    /* ID_AA64ISAR1_EL1.{APA, API}, ID_AA64ISAR2_EL1.APA3: one algorithm of three. */
    return (sysreg_read(ID_AA64ISAR1_EL1) & UINT64_C(0xff0)) != 0 ||
           field(sysreg_read(S3_0_C0_C6_2), 12) != 0;
}

static bool has_fgt(void)
{
    return field(mmfr0(), 56) != 0;
}

/* 0xf: counters of the implementer's own kind, without the architecture's registers. */
static bool has_pmu(void)
{
    const unsigned int version = field(dfr0(), 8);

    return version != 0 && version != 0xf;
}

static uint64_t common_hcr(void)
{
    uint64_t hcr = 0;

    hcr |= HCR_VM | HCR_RW;             /* stage 2 on; EL1 is AArch64 */
    hcr |= HCR_SWIO;                    /* DC ISW must not throw another's dirty lines away */
    hcr |= HCR_PTW;                     /* no table walk through a device's registers */
    hcr |= HCR_FMO | HCR_IMO | HCR_AMO; /* every physical interrupt and SError is ours */
    hcr |= HCR_TID1 | HCR_TID3;         /* features by allow-list */
    hcr |= HCR_TSC;                     /* no SMC reaches the firmware */
    hcr |= HCR_TIDCP | HCR_TACR;        /* implementation-defined controls */
    hcr |= HCR_TSW;                     /* set/way operations work on the whole cache */

    if (field(mmfr1(), 16) != 0) {
        hcr |= HCR_TLOR;
    }
    if (has_ras()) {
        hcr |= HCR_TERR | HCR_TEA; /* error records; external aborts are charged by us */
    }
    if (field(pfr0(), 52) != 0) {
        hcr |= HCR_GPF; /* granule protection faults are ours as well */
    }
    if (field(pfr1(), 8) >= 2) {
        hcr |= HCR_TID5; /* GMID_EL1: memory tagging is hidden */
    }
    if (el2_has_pauth()) {
        hcr |= HCR_API | HCR_APK; /* open: the keys are part of the context */
    }

    /*
     * Open, since the partition pays for it itself and nothing is left behind:
     *  TWI, TWE: a wait ends with the guard interrupt at the latest; no trap, no EL2 time, unless
     *  the partition asks for it.
     *  HCD: the hypercall itself.  TRVM, TDZ, AT: registers of the context, its own memory.
     *  TVM: the same, but for the time from a set/way operation to the next change of SCTLR_EL1
     *  (set_way.c).
     *  TID0: only AArch32 at EL1 could.  TID2, TID4: CTR_EL0 is read by every cache loop (78,000
     *  times in one Linux boot), and CLIDR, CCSIDR and CSSELR (context) are facts and an index.
     *  TPCP, TPU, TICAB, TOCU, TTLB*: by address in own memory, or by own VMID.
     *
     * Off, since it would give more instead of less:
     *  FB, BSU: a vCPU stays on one core, so its local maintenance is enough and stays local.
     *  DC, CD, ID, MIOCNCE, FWB: cacheability is as the guest says; see the stage-2 code.
     *  VF, VI, VSE: virtual interrupts come from the GIC, none is forced.
     *  TGE, E2H, NV, NV1, NV2, AMVOFFEN: no host process, no nested EL2.
     *  FIEN, ATA, EnSCXT, TME: the feature traps while its enable is 0, and is hidden.
     */
    return hcr;
}

static void init_cptr(void)
{
    /* Open: TFP, since FP and SIMD registers are part of every context (and libfdt uses them at
     * EL2); TCPAC, since CPACR_EL1 is part of it. */
    uint64_t cptr = CPTR_RES1 | CPTR_TZ | CPTR_TSM;

    if (field(dfr0(), 4) != 0) {
        cptr |= CPTR_TTA;
    }
    if (field(pfr0(), 44) != 0) {
        cptr |= CPTR_TAM;
    }
    sysreg_write(CPTR_EL2, cptr);
}

static void init_debug(void)
{
    const uint64_t features = dfr0();
    /* TDE off: BRK is the guest's own business; breakpoint and watchpoint registers trap, so no
     * other debug exception can arise.  E2PB = E2TB = 0: both buffers belong to EL2 and EL1's
     * accesses to their registers trap. */
    uint64_t mdcr = MDCR_TDA | MDCR_TDOSA | MDCR_TDRA;

    if (has_pmu()) {
        /* All counters are below HPMN: above it they would be EL2's own, and a value above N is
         * not permitted, nor is 0 with N > 0. */
        mdcr |= (sysreg_read(PMCR_EL0) >> 11) & 0x1fU;
        mdcr |= MDCR_TPM | MDCR_TPMCR;
        if (field(features, 8) >= 4) { /* FEAT_PMUv3p1 */
            mdcr |= MDCR_HPMD;
        }
        if (field(features, 8) >= 6) { /* FEAT_PMUv3p5 */
            mdcr |= MDCR_HCCD;
        }
    }
    if (field(features, 32) != 0) {
        mdcr |= MDCR_TPMS;
    }
    if (field(features, 40) != 0) {
        mdcr |= MDCR_TTRF;
    }
    sysreg_write(MDCR_EL2, mdcr);

    /* What a loader or debugger left running: no monitor debug events, no counters. */
    sysreg_write(MDSCR_EL1, 0);
    sysreg_write(MDCCINT_EL1, 0);
    if (has_pmu()) {
        sysreg_write(PMCR_EL0, 0);
        sysreg_write(PMCNTENCLR_EL0, UINT64_C(0xffffffff));
        sysreg_write(PMINTENCLR_EL1, UINT64_C(0xffffffff));
        sysreg_write(PMOVSCLR_EL0, UINT64_C(0xffffffff));
        sysreg_write(PMUSERENR_EL0, 0);
    }
    /* Profiling and trace buffers write memory by EL2's translation when they run: stop them,
     * unless EL3 keeps them for itself (PMBIDR_EL1.P, TRBIDR_EL1.P), where EL2 may not touch them.
     */
    if (field(features, 32) != 0 && (sysreg_read(S3_0_C9_C10_7) & BIT(4)) == 0) {
        sysreg_write(S3_0_C9_C10_0, 0); /* PMBLIMITR_EL1 */
        sysreg_write(S3_0_C9_C9_0, 0);  /* PMSCR_EL1 */
        sysreg_write(S3_4_C9_C9_0, 0);  /* PMSCR_EL2 */
    }
    if (field(features, 40) != 0) {
        sysreg_write(S3_0_C1_C2_1, 0); /* TRFCR_EL1 */
        sysreg_write(S3_4_C1_C2_1, 0); /* TRFCR_EL2 */
    }
    if (field(features, 44) != 0 && (sysreg_read(S3_0_C9_C11_7) & BIT(4)) == 0) {
        sysreg_write(S3_0_C9_C11_0, 0); /* TRBLIMITR_EL1 */
    }
    if (field(features, 52) != 0) {
        sysreg_write(S2_1_C9_C0_0, 0); /* BRBCR_EL1 */
        sysreg_write(S2_4_C9_C0_0, 0); /* BRBCR_EL2 */
    }
}

/* Fine-grained traps and HCRX_EL2.  Their enables (HCRX, and the n<REGISTER> bits) are 0 = trap:
 * all that came after Armv8.6 is off.  Their trap bits stay 0 where HCR, MDCR or CPTR already trap.
 */
static void init_fine_grained(void)
{
    const unsigned int level = field(mmfr0(), 56);

    if (level >= 1) {
        sysreg_write(S3_4_C1_C1_4, 0); /* HFGRTR_EL2: nACCDATA, nTPIDR2, nSMPRI, nGCS, nPIR, ... */
        sysreg_write(S3_4_C1_C1_5, 0); /* HFGWTR_EL2 */
        sysreg_write(S3_4_C1_C1_6, 0); /* HFGITR_EL2: nBRBIALL, nBRBINJ, nGCS* */
        sysreg_write(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2: nBRBIDR, nBRBCTL, nBRBDATA, nPMSNEVFR */
        sysreg_write(S3_4_C3_C1_5, 0); /* HDFGWTR_EL2 */
        if (field(pfr0(), 44) != 0) {
            sysreg_write(S3_4_C3_C1_6, 0); /* HAFGRTR_EL2: CPTR_EL2.TAM has all of it */
        }
    }
    if (level >= 2) {
        sysreg_write(S3_4_C3_C1_2, 0); /* HFGRTR2_EL2 */
        sysreg_write(S3_4_C3_C1_3, 0); /* HFGWTR2_EL2 */
        sysreg_write(S3_4_C3_C1_7, 0); /* HFGITR2_EL2 */
        sysreg_write(S3_4_C3_C1_0, 0); /* HDFGRTR2_EL2 */
        sysreg_write(S3_4_C3_C1_1, 0); /* HDFGWTR2_EL2 */
    }
    if (field(mmfr1(), 40) != 0) {
        /* LS64 (EnALS, EnAS0, EnASR), MOPS, TCR2, SCTLR2, GCS: off.  ALLINT where it exists. */
        const bool has_nmi = field(pfr1(), 36) != 0;

        sysreg_write(S3_4_C1_C2_2, has_nmi ? HCRX_TALLINT : 0); /* HCRX_EL2 */
    }
}

static void init_mpam(void)
{
    uint64_t mpamidr;

    /* ID_AA64PFR0_EL1.MPAM, or MPAM_frac for version 0.1. */
    if (field(pfr0(), 40) == 0 && field(pfr1(), 16) == 0) {
        return;
    }
    mpamidr = sysreg_read(S3_0_C10_C4_4); /* MPAMIDR_EL1 */
    sysreg_write(S3_0_C10_C5_1, 0);       /* MPAM0_EL1: everybody is in the default class */
    sysreg_write(S3_0_C10_C5_0, 0);       /* MPAM1_EL1 */
    sysreg_write(S3_4_C10_C5_0,           /* MPAM2_EL2 */
                 MPAM2_TRAPMPAM0EL1 | MPAM2_TRAPMPAM1EL1 |
                     ((mpamidr & BIT(58)) != 0 ? MPAM2_TIDR : 0)); /* MPAMIDR.HAS_TIDR */
    if ((mpamidr & BIT(17)) != 0) {                                /* MPAMIDR.HAS_HCR */
        sysreg_write(S3_4_C10_C4_0, BIT(31));                      /* MPAMHCR: TRAP_MPAMIDR_EL1 */
    }
}

uint64_t el2_guest_hcr(const struct partition_desc *desc)
{
    return common_hcr() | (desc->idle_in_kernel ? HCR_TWI : 0);
}

/* EL1 may use the registers that CNTHCTL can withhold, since both timers are part of the context.
 * No event stream (EVNTEN = 0): it would be a clock tick that nobody scheduled. */
#define CNTHCTL_OPEN (CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN)

uint64_t el2_guest_cnthctl(const struct partition_desc *desc)
{
    /* The physical count runs on while a partition with its own time is out. */
    return CONFIG_PARTITION_TIME && desc->own_time ? 0 : CNTHCTL_OPEN;
}

void el2_traps_init(void)
{
    const uint64_t midr = sysreg_read(MIDR_EL1);

    sysreg_write(HCR_EL2, common_hcr() & ~HCR_VM);
    sysreg_write(CNTHCTL_EL2, CNTHCTL_OPEN);
    sysreg_write(HSTR_EL2, field(pfr0(), 0) == 2 ? HSTR_ALL_BUT_BARRIERS_AND_THREAD_IDS : 0);
    init_cptr();
    init_debug();
    init_fine_grained();
    init_mpam();
    if (field(mmfr1(), 16) != 0) {
        sysreg_write(S3_0_C10_C4_3, 0); /* LORC_EL1.EN = 0 */
    }
    if (has_ras()) {
        sysreg_write(S3_4_C12_C1_1, 0); /* VDISR_EL2 */
        sysreg_write(S3_4_C5_C2_3, 0);  /* VSESR_EL2 */
    }
    sysreg_write(HACR_EL2, 0);
    /* Arm's own cores: ACTLR_EL2 says which implementation-defined registers EL1 may write; 0 is
     * none.  Other implementers give it other meanings, so theirs stays as the firmware left it. */
    if ((midr >> 24 & 0xffU) == 0x41) {
        sysreg_write(ACTLR_EL2, 0);
    }
    /* The true MIDR: errata work-arounds in guests depend on it. */
    sysreg_write(VPIDR_EL2, midr);
    isb();
}

void el2_traps_scrub(void)
{
    /* With HCR_EL2.AMO set, EL1's DISR_EL1 is VDISR_EL2, and no trap exists for it. */
    if (has_ras()) {
        sysreg_write(S3_4_C12_C1_1, 0);
    }
    /* HFGxTR_EL2.nTPIDR2_EL0 traps it where fine-grained traps exist, as they do on every core
     * with SME; an emulator may model one without the other. */
    if (field(pfr1(), 24) != 0 && !has_fgt()) {
        sysreg_write(S3_3_C13_C0_5, 0); /* TPIDR2_EL0 */
    }
}
