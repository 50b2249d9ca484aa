/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features does a guest find?  Those on an allow-list: for each 4-bit field of the
 * identification registers the greatest value that the kernel keeps its promise for.  A guest reads
 * the smaller of that and what the core has.  A field that is not on the list reads as "not
 * implemented", so a core younger than this file gives nothing away.
 *
 * Some fields are shown to those partitions only whose description grants them the feature.
 *
 * Invariants: the value never exceeds the core's own.  What is hidden here also traps or is
 * harmless (el2_traps.c, docs/attack-surface.md): hiding alone keeps nobody out.
 * State: one table, written by the boot core, constant afterwards; a core that would show its
 * guests anything else is refused.
 *
 * Fields and their values: Arm ARM DDI 0487, register descriptions, by the registers' names.
 */
#include <asm/features.h>
#include <asm/idregs.h>
#include <asm/sysreg.h>
#include <string.h>

#define CRM_FIRST 1U
#define CRM_COUNT 7U
#define OP2_COUNT 8U

/* Fields are unsigned where growing values mean growing features, or signed with -1 = absent
 * (DDI 0487, "Principles of the ID scheme for fields in ID registers"). */
struct allowed_field {
    uint8_t crm;
    uint8_t op2;
    uint8_t shift;
    uint8_t max;
    bool is_signed;
};

#define ALLOW(crm, op2, shift, max)                                                                \
    {                                                                                              \
        crm, op2, shift, max, false                                                                \
    }
#define ALLOW_SIGNED(crm, op2, shift, max)                                                         \
    {                                                                                              \
        crm, op2, shift, max, true                                                                 \
    }
/* The core's value whatever it is: a fact about it, not a feature to be granted. */
#define FACT(crm, op2, shift)                                                                      \
    {                                                                                              \
        crm, op2, shift, 0xf, false                                                                \
    }

static const struct allowed_field allow_list[] = {
    /* ID_AA64PFR0_EL1.  Not: EL2, EL3 (a guest has neither), RAS, SVE, SEL2, MPAM, AMU, RME. */
    ALLOW(4, 0, 0, 2),         /* EL0: AArch32 there where the core has it */
    ALLOW(4, 0, 4, 1),         /* EL1: AArch64 only (HCR_EL2.RW) */
    ALLOW_SIGNED(4, 0, 16, 1), /* FP, half precision */
    ALLOW_SIGNED(4, 0, 20, 1), /* AdvSIMD */
    ALLOW(4, 0, 24, 1),        /* GIC: system registers; 0 for a GICv2 machine, see idreg_read() */
    ALLOW(4, 0, 48, 1),        /* DIT */
    ALLOW(4, 0, 56, 1),        /* CSV2: 2 would promise SCXTNUM_ELx, which traps */
    ALLOW(4, 0, 60, 1),        /* CSV3 */

    /* ID_AA64PFR1_EL1.  Not: MTE, RAS_frac, MPAM_frac, SME, RNDR_trap, NMI, GCS. */
    ALLOW(4, 1, 0, 1),  /* BT */
    ALLOW(4, 1, 4, 2),  /* SSBS: PSTATE, switched with it */
    ALLOW(4, 1, 32, 1), /* CSV2_frac: 1p1; 1p2 has SCXTNUM_ELx */

    /* ID_AA64DFR0_EL1.  Armv8.0 debug is the least that the architecture permits: DebugVer 6, two
     * breakpoints, two watchpoints.  Their registers are RAZ/WI.  Not: TraceVer, PMUVer, PMSVer,
     * TraceFilt, TraceBuffer, BRBE.  DoubleLock 0 means present, as Armv8.0 demands. */
    ALLOW(5, 0, 0, 6),  /* DebugVer */
    ALLOW(5, 0, 12, 1), /* BRPs */
    ALLOW(5, 0, 20, 1), /* WRPs */

    /* ID_AA64ISAR0_EL1.  Not: TME, RNDR. */
    ALLOW(6, 0, 4, 2),  /* AES */
    ALLOW(6, 0, 8, 1),  /* SHA1 */
    ALLOW(6, 0, 12, 2), /* SHA2 */
    ALLOW(6, 0, 16, 1), /* CRC32 */
    ALLOW(6, 0, 20, 2), /* Atomic */
    ALLOW(6, 0, 28, 1), /* RDM */
    ALLOW(6, 0, 32, 1), /* SHA3 */
    ALLOW(6, 0, 36, 1), /* SM3 */
    ALLOW(6, 0, 40, 1), /* SM4 */
    ALLOW(6, 0, 44, 1), /* DP */
    ALLOW(6, 0, 48, 1), /* FHM */
    ALLOW(6, 0, 52, 2), /* TS: flag manipulation */
    ALLOW(6, 0, 56, 2), /* TLB: outer shareable and ranges, by own VMID */

    /* ID_AA64ISAR1_EL1.  Not: XS, LS64. */
    ALLOW(6, 1, 0, 2),  /* DPB */
    ALLOW(6, 1, 4, 5),  /* APA: the keys are switched */
    ALLOW(6, 1, 8, 5),  /* API */
    ALLOW(6, 1, 12, 1), /* JSCVT */
    ALLOW(6, 1, 16, 1), /* FCMA */
    ALLOW(6, 1, 20, 2), /* LRCPC */
    ALLOW(6, 1, 24, 1), /* GPA */
    ALLOW(6, 1, 28, 1), /* GPI */
    ALLOW(6, 1, 32, 1), /* FRINTTS */
    ALLOW(6, 1, 36, 1), /* SB */
    ALLOW(6, 1, 40, 1), /* SPECRES: acts on the own VMID */
    ALLOW(6, 1, 44, 2), /* BF16 */
    ALLOW(6, 1, 48, 1), /* DGH */
    ALLOW(6, 1, 52, 1), /* I8MM */

    /* ID_AA64ISAR2_EL1.  Not: WFxT, MOPS. */
    ALLOW(6, 2, 4, 1),  /* RPRES: FPCR is switched */
    ALLOW(6, 2, 8, 1),  /* GPA3 */
    ALLOW(6, 2, 12, 5), /* APA3 */
    ALLOW(6, 2, 20, 1), /* BC */
    ALLOW(6, 2, 24, 1), /* PAC_frac */
    ALLOW(6, 2, 28, 1), /* CLRBHB */

    /* ID_AA64MMFR0_EL1.  Not: BigEnd (devices are emulated for little-endian accesses), SNSMem,
     * stage-2 granules, FGT, ECV. */
    ALLOW(7, 0, 0, 5),         /* PARange: no 52-bit addresses */
    ALLOW(7, 0, 4, 2),         /* ASIDBits */
    ALLOW(7, 0, 20, 1),        /* TGran16 */
    ALLOW_SIGNED(7, 0, 24, 0), /* TGran64 */
    ALLOW_SIGNED(7, 0, 28, 0), /* TGran4 */
    ALLOW(7, 0, 44, 1),        /* ExS */

    /* ID_AA64MMFR1_EL1.  Not: VMIDBits, VH, LO, XNX, TWED, HCX, TIDCP1, CMOW. */
    ALLOW(7, 1, 0, 2),  /* HAFDBS */
    ALLOW(7, 1, 12, 2), /* HPDS */
    ALLOW(7, 1, 20, 3), /* PAN */
    FACT(7, 1, 24),     /* SpecSEI */
    ALLOW(7, 1, 36, 2), /* ETS */
    ALLOW(7, 1, 44, 1), /* AFP: FPCR is switched */
    FACT(7, 1, 48),     /* nTLBPA */
    FACT(7, 1, 60),     /* ECBHB */

    /* ID_AA64MMFR2_EL1.  Not: IESB, NV, FWB, EVT. */
    ALLOW(7, 2, 0, 1),  /* CnP */
    ALLOW(7, 2, 4, 1),  /* UAO */
    ALLOW(7, 2, 8, 1),  /* LSM */
    ALLOW(7, 2, 16, 1), /* VARange */
    FACT(7, 2, 20),     /* CCIDX: layout of CCSIDR_EL1, which does not trap */
    ALLOW(7, 2, 28, 1), /* ST */
    ALLOW(7, 2, 32, 1), /* AT */
    ALLOW(7, 2, 36, 1), /* IDS */
    ALLOW(7, 2, 48, 1), /* TTL */
    ALLOW(7, 2, 52, 2), /* BBM */
    ALLOW(7, 2, 60, 1), /* E0PD */

    /* ID_AA64MMFR3_EL1 and later: nothing. */

    /* AArch32, which is at EL0 or nowhere.  Instruction sets of EL0 are passed on; what only EL1
     * in AArch32 could use is a fact about the core and nothing more. */
    FACT(1, 0, 0),      /* ID_PFR0_EL1.State0: A32 */
    FACT(1, 0, 4),      /* State1: T32 */
    FACT(1, 0, 8),      /* State2: Jazelle */
    FACT(1, 0, 12),     /* State3: T32EE */
    ALLOW(1, 0, 16, 1), /* CSV2 */
    ALLOW(1, 0, 24, 1), /* DIT */
    ALLOW(1, 1, 0, 1),  /* ID_PFR1_EL1.ProgMod */
    ALLOW(1, 1, 16, 1), /* GenTimer */
    ALLOW(1, 2, 0, 6),  /* ID_DFR0_EL1.CopDbg */
    FACT(1, 4, 0),      /* ID_MMFR0_EL1.VMSA */
    FACT(1, 4, 8),      /* OuterShr */
    FACT(1, 4, 12),     /* ShareLvl */
    FACT(1, 4, 20),     /* AuxReg */
    FACT(1, 4, 28),     /* InnerShr */
    FACT(1, 5, 28),     /* ID_MMFR1_EL1.BPred */
    FACT(1, 6, 20),     /* ID_MMFR2_EL1.MemBarr */
    FACT(1, 6, 24),     /* WFIStall */
    FACT(1, 7, 0),      /* ID_MMFR3_EL1.CMaintVA */
    FACT(1, 7, 4),      /* CMaintSW */
    FACT(1, 7, 8),      /* BPMaint */
    FACT(1, 7, 12),     /* MaintBcst */
    ALLOW(1, 7, 16, 2), /* PAN */
    FACT(1, 7, 20),     /* CohWalk */
    FACT(1, 7, 24),     /* CMemSz */
    FACT(2, 0, 4),      /* ID_ISAR0_EL1.BitCount */
    FACT(2, 0, 8),      /* BitField */
    FACT(2, 0, 12),     /* CmpBranch */
    FACT(2, 0, 20),     /* Debug: BKPT */
    FACT(2, 0, 24),     /* Divide */
    FACT(2, 1, 0),      /* ID_ISAR1_EL1.Endian */
    FACT(2, 1, 4),      /* Except */
    FACT(2, 1, 8),      /* Except_AR */
    FACT(2, 1, 12),     /* Extend */
    FACT(2, 1, 16),     /* IfThen */
    FACT(2, 1, 20),     /* Immediate */
    FACT(2, 1, 24),     /* Interwork */
    FACT(2, 1, 28),     /* Jazelle */
    FACT(2, 2, 0),      /* ID_ISAR2_EL1.LoadStore */
    FACT(2, 2, 4),      /* MemHint */
    FACT(2, 2, 8),      /* MultiAccessInt */
    FACT(2, 2, 12),     /* Mult */
    FACT(2, 2, 16),     /* MultS */
    FACT(2, 2, 20),     /* MultU */
    FACT(2, 2, 24),     /* PSR_AR */
    FACT(2, 2, 28),     /* Reversal */
    FACT(2, 3, 0),      /* ID_ISAR3_EL1.Saturate */
    FACT(2, 3, 4),      /* SIMD */
    FACT(2, 3, 8),      /* SVC */
    FACT(2, 3, 12),     /* SynchPrim */
    FACT(2, 3, 16),     /* TabBranch */
    FACT(2, 3, 20),     /* T32Copy */
    FACT(2, 3, 24),     /* TrueNOP */
    FACT(2, 4, 0),      /* ID_ISAR4_EL1.Unpriv */
    FACT(2, 4, 4),      /* WithShifts */
    FACT(2, 4, 8),      /* Writeback */
    FACT(2, 4, 16),     /* Barrier */
    FACT(2, 4, 20),     /* SynchPrim_frac */
    FACT(2, 4, 24),     /* PSR_M */
    FACT(2, 5, 0),      /* ID_ISAR5_EL1.SEVL */
    ALLOW(2, 5, 4, 2),  /* AES */
    ALLOW(2, 5, 8, 1),  /* SHA1 */
    ALLOW(2, 5, 12, 1), /* SHA2 */
    ALLOW(2, 5, 16, 1), /* CRC32 */
    ALLOW(2, 5, 24, 1), /* RDM */
    ALLOW(2, 5, 28, 1), /* VCMA */
    ALLOW(2, 6, 12, 2), /* ID_MMFR4_EL1.CnP */
    ALLOW(2, 6, 16, 2), /* HPDS */
    ALLOW(2, 6, 20, 1), /* LSM */
    FACT(2, 6, 24),     /* CCIDX */
    ALLOW(2, 7, 0, 1),  /* ID_ISAR6_EL1.JSCVT */
    ALLOW(2, 7, 4, 1),  /* DP */
    ALLOW(2, 7, 8, 1),  /* FHM */
    ALLOW(2, 7, 12, 1), /* SB */
    ALLOW(2, 7, 16, 1), /* SPECRES */
    ALLOW(2, 7, 20, 1), /* BF16 */
    ALLOW(2, 7, 24, 1), /* I8MM */
    FACT(3, 0, 0),      /* MVFR0_EL1.SIMDReg */
    FACT(3, 0, 4),      /* FPSP */
    FACT(3, 0, 8),      /* FPDP */
    FACT(3, 0, 12),     /* FPTrap */
    FACT(3, 0, 16),     /* FPDivide */
    FACT(3, 0, 20),     /* FPSqrt */
    FACT(3, 0, 24),     /* FPShVec */
    FACT(3, 0, 28),     /* FPRound */
    FACT(3, 1, 0),      /* MVFR1_EL1.FPFtZ */
    FACT(3, 1, 4),      /* FPDNaN */
    FACT(3, 1, 8),      /* SIMDLS */
    FACT(3, 1, 12),     /* SIMDInt */
    FACT(3, 1, 16),     /* SIMDSP */
    FACT(3, 1, 20),     /* SIMDHP */
    FACT(3, 1, 24),     /* FPHP */
    FACT(3, 1, 28),     /* SIMDFMAC */
    FACT(3, 2, 0),      /* MVFR2_EL1.SIMDMisc */
    FACT(3, 2, 4),      /* FPMisc */
    ALLOW(3, 4, 0, 1),  /* ID_PFR2_EL1.CSV3 */
    ALLOW(3, 4, 4, 1),  /* SSBS */
    ALLOW(3, 6, 0, 1),  /* ID_MMFR5_EL1.ETS */
    FACT(3, 6, 4),      /* nTLBPA */
};

/* What only a partition that was granted the feature is shown, in the place of what the list above
 * shows. */
static const struct granted_field {
    uint32_t feature;
    struct allowed_field field;
} granted_list[] = {
    /* ID_AA64DFR0_EL1.PMUVer, ID_DFR0_EL1.PerfMon: up to FEAT_PMUv3p5; what came later has
     * registers that are not switched.  0xf, counters of another kind, is never granted. */
    {FEATURE_PMU, ALLOW(5, 0, 8, 6)},
    {FEATURE_PMU, ALLOW(1, 2, 24, 6)},
    /* ID_AA64DFR0_EL1.BRPs, WRPs, CTX_CMPs: all of them.  DebugVer stays at Armv8.0: what came
     * later are breakpoints on registers of EL2, which are without effect here (debug.c). */
    {FEATURE_DEBUG, ALLOW(5, 0, 12, 15)},
    {FEATURE_DEBUG, ALLOW(5, 0, 20, 15)},
    {FEATURE_DEBUG, ALLOW(5, 0, 28, 15)},
    /* ID_AA64PFR0_EL1.SVE and ID_AA64ZFR0_EL1: instructions whose state is all in Z, P, FFR and the
     * FP registers.  Not: SVE of a later version than 2, B16B16. */
    {FEATURE_SVE, ALLOW(4, 0, 32, 1)}, /* SVE */
    {FEATURE_SVE, ALLOW(4, 4, 0, 1)},  /* SVEver */
    {FEATURE_SVE, ALLOW(4, 4, 4, 2)},  /* AES */
    {FEATURE_SVE, ALLOW(4, 4, 16, 1)}, /* BitPerm */
    {FEATURE_SVE, ALLOW(4, 4, 20, 2)}, /* BF16: FPCR is switched */
    {FEATURE_SVE, ALLOW(4, 4, 32, 1)}, /* SHA3 */
    {FEATURE_SVE, ALLOW(4, 4, 40, 1)}, /* SM4 */
    {FEATURE_SVE, ALLOW(4, 4, 44, 1)}, /* I8MM */
    {FEATURE_SVE, ALLOW(4, 4, 52, 1)}, /* F32MM */
    {FEATURE_SVE, ALLOW(4, 4, 56, 1)}, /* F64MM: see with_features() */
};

/* [CRm - 1][op2].  Every signed field with -1 = absent is on the list, so zero hides the others. */
static uint64_t visible[CRM_COUNT + 1][OP2_COUNT]; /* rows: a power of two */

/* The values of granted_list's fields, in place. */
static uint64_t granted[ARRAY_COUNT(granted_list)];

#define FIELD_MASK(shift) (UINT64_C(0xf) << (shift))

#define PFR0_CRM 4U
#define PFR0_GIC FIELD_MASK(24)

/* FMMLA multiplies matrices of doubles that take 256 bits, and is undefined in shorter vectors
 * (C8.2). */
#define F64MM_SHIFT    56U
#define F64MM_BITS_MIN 256U

static int field_value(uint64_t id_register, const struct allowed_field *field)
{
    const int value = (int)(id_register >> field->shift & 0xfU);

    return field->is_signed && value >= 8 ? value - 16 : value;
}

/* Reading all of CRm 1 to 7 is defined: what is not allocated reads as zero (DDI
 * 0487, D18.3). */
static void read_core(uint64_t core[CRM_COUNT][OP2_COUNT])
{
#define READ(crm, op2) core[(crm)-CRM_FIRST][op2] = sysreg_read(S3_0_C0_C##crm##_##op2)
#define READ_ALL(crm)                                                                              \
    do {                                                                                           \
        READ(crm, 0);                                                                              \
        READ(crm, 1);                                                                              \
        READ(crm, 2);                                                                              \
        READ(crm, 3);                                                                              \
        READ(crm, 4);                                                                              \
        READ(crm, 5);                                                                              \
        READ(crm, 6);                                                                              \
        READ(crm, 7);                                                                              \
    } while (0)
    READ_ALL(1);
    READ_ALL(2);
    READ_ALL(3);
    READ_ALL(4);
    READ_ALL(5);
    READ_ALL(6);
    READ_ALL(7);
#undef READ_ALL
#undef READ
}

/* What guests may see of a field: the core's value, or the greatest that is allowed; in place. */
static uint64_t shown(uint64_t core[CRM_COUNT][OP2_COUNT], const struct allowed_field *field)
{
    const uint64_t id_register = core[field->crm - CRM_FIRST][field->op2];
    int value = field_value(id_register, field);

    if (value > (int)field->max) {
        value = (int)field->max;
    }
    return ((uint64_t)(unsigned int)value & 0xfU) << field->shift;
}

/* What guests of this core may see. */
static void compute(uint64_t seen[CRM_COUNT + 1][OP2_COUNT],
                    uint64_t seen_if_granted[ARRAY_COUNT(granted_list)])
{
    uint64_t core[CRM_COUNT][OP2_COUNT];

    read_core(core);
    for (size_t i = 0; i < ARRAY_COUNT(allow_list); i++) {
        const struct allowed_field *field = &allow_list[i];

        seen[field->crm - CRM_FIRST][field->op2] |= shown(core, field);
    }
    for (size_t i = 0; CONFIG_CPU_FEATURES && i < ARRAY_COUNT(granted_list); i++) {
        seen_if_granted[i] = shown(core, &granted_list[i].field);
    }
}

void idregs_init(void)
{
    compute(visible, granted);
}

bool idregs_match(uint32_t features)
{
    uint64_t own[CRM_COUNT + 1][OP2_COUNT] = {0};
    uint64_t own_granted[ARRAY_COUNT(granted_list)] = {0};
    bool match;

    compute(own, own_granted);
    match = memcmp(own, visible, sizeof(own)) == 0 &&
            (!CONFIG_CPU_FEATURES || (features & ~features_of_cpu()) == 0);
    for (size_t i = 0; CONFIG_CPU_FEATURES && i < ARRAY_COUNT(granted_list); i++) {
        match =
            match && ((granted_list[i].feature & features) == 0 || own_granted[i] == granted[i]);
    }
    return match;
}

/* The same register for a partition that has features. */
static uint64_t with_features(uint64_t value, const struct partition_desc *desc, unsigned int crm,
                              unsigned int op2)
{
    for (size_t i = 0; i < ARRAY_COUNT(granted_list); i++) {
        const struct allowed_field *field = &granted_list[i].field;

        if (field->crm == crm && field->op2 == op2 &&
            (granted_list[i].feature & desc->features) != 0 &&
            (granted_list[i].feature != FEATURE_SVE || field->shift != F64MM_SHIFT ||
             desc->sve_vector_bits >= F64MM_BITS_MIN)) {
            value = (value & ~FIELD_MASK(field->shift)) | granted[i];
        }
    }
    return value;
}

bool idreg_read(const struct vcpu *vcpu, unsigned int crm, unsigned int op2, uint64_t *value)
{
    if (crm < CRM_FIRST || crm >= CRM_FIRST + CRM_COUNT || op2 >= OP2_COUNT) {
        return false;
    }
    *value = visible[(crm - CRM_FIRST) & 7U][op2 & 7U]; /* masked: speculation stays inside */
    if (crm == PFR0_CRM && op2 == 0 && vcpu->partition->desc->vgic != GIC_V3) {
        *value &= ~PFR0_GIC;
    }
    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        *value = with_features(*value, vcpu->partition->desc, crm, op2);
    }
    return true;
}
