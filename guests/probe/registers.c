/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system registers and instructions are closed?  Tables of encodings (Arm ARM DDI 0487, D18)
 * with what each has to do; one table is one row of docs/attack-surface.md.
 */
#include "probe.h"

#define CPACR_ALL (UINT64_C(3) << 16 | UINT64_C(3) << 20 | UINT64_C(3) << 24) /* SVE, FP, SME */

enum expect {
    UNDEFINED,    /* read and write: undefined instruction */
    UNDEFINED_R,  /* read-only register: the read is undefined */
    UNDEFINED_W,  /* write-only register or instruction */
    UNDEFINED_ID, /* read in the identification space: with FEAT_IDST the class may be 0x18 */
    RAZ_WI,       /* reads 0 before and after all ones were written */
    RAZ,          /* read-only, 0 */
    WI,           /* write-only, ignored */
    READS,        /* read-only, `value` */
    FIXED,        /* reads `value` before and after all ones were written */
    ZERO_OR_NONE, /* undefined, or reads 0: emulators do not model it on every core */
    KEEPS,        /* starts as 0, keeps what is written: part of the context */
};

struct access {
    const char *name;
    uint32_t key;
    enum expect expect;
    uint64_t value;
};

#define SYS(op1, crn, crm, op2) KEY(1, op1, crn, crm, op2)

static const struct access debug_registers[] = {
    {"MDCCINT_EL1", KEY(2, 0, 0, 2, 0), RAZ_WI, 0},
    {"MDSCR_EL1", KEY(2, 0, 0, 2, 2), RAZ_WI, 0},
    {"DBGBVR0_EL1", KEY(2, 0, 0, 0, 4), RAZ_WI, 0},
    {"DBGBCR0_EL1", KEY(2, 0, 0, 0, 5), RAZ_WI, 0},
    {"DBGWVR0_EL1", KEY(2, 0, 0, 0, 6), RAZ_WI, 0},
    {"DBGWCR0_EL1", KEY(2, 0, 0, 0, 7), RAZ_WI, 0},
    {"DBGBVR1_EL1", KEY(2, 0, 0, 1, 4), RAZ_WI, 0},
    {"DBGBCR1_EL1", KEY(2, 0, 0, 1, 5), RAZ_WI, 0},
    {"DBGWVR1_EL1", KEY(2, 0, 0, 1, 6), RAZ_WI, 0},
    {"DBGWCR1_EL1", KEY(2, 0, 0, 1, 7), RAZ_WI, 0},
    {"MDRAR_EL1", KEY(2, 0, 1, 0, 0), RAZ, 0},
    {"OSLAR_EL1", KEY(2, 0, 1, 0, 4), WI, 0},
    {"OSLSR_EL1", KEY(2, 0, 1, 1, 4), READS, 8},
    {"OSDLR_EL1", KEY(2, 0, 1, 3, 4), RAZ_WI, 0},
    {"MDCCSR_EL0", KEY(2, 3, 0, 1, 0), RAZ, 0},
    {"OSDTRRX_EL1", KEY(2, 0, 0, 0, 2), ZERO_OR_NONE, 0},
    {"OSDTRTX_EL1", KEY(2, 0, 0, 3, 2), ZERO_OR_NONE, 0},
    {"OSECCR_EL1", KEY(2, 0, 0, 6, 2), ZERO_OR_NONE, 0},
    {"DBGPRCR_EL1", KEY(2, 0, 1, 4, 4), ZERO_OR_NONE, 0},
    {"DBGCLAIMSET_EL1", KEY(2, 0, 7, 8, 6), ZERO_OR_NONE, 0},
    {"DBGCLAIMCLR_EL1", KEY(2, 0, 7, 9, 6), ZERO_OR_NONE, 0},
    {"DBGAUTHSTATUS_EL1", KEY(2, 0, 7, 14, 6), ZERO_OR_NONE, 0},
    {"DBGDTR_EL0", KEY(2, 3, 0, 4, 0), ZERO_OR_NONE, 0},
    {"DBGDTRRX_EL0", KEY(2, 3, 0, 5, 0), ZERO_OR_NONE, 0},
};

static const struct access pmu_registers[] = {
    {"PMCR_EL0", KEY(3, 3, 9, 12, 0), UNDEFINED, 0},
    {"PMCNTENSET_EL0", KEY(3, 3, 9, 12, 1), UNDEFINED, 0},
    {"PMCNTENCLR_EL0", KEY(3, 3, 9, 12, 2), UNDEFINED, 0},
    {"PMOVSCLR_EL0", KEY(3, 3, 9, 12, 3), UNDEFINED, 0},
    {"PMSWINC_EL0", KEY(3, 3, 9, 12, 4), UNDEFINED_W, 0},
    {"PMSELR_EL0", KEY(3, 3, 9, 12, 5), UNDEFINED, 0},
    {"PMCEID0_EL0", KEY(3, 3, 9, 12, 6), UNDEFINED_R, 0},
    {"PMCEID1_EL0", KEY(3, 3, 9, 12, 7), UNDEFINED_R, 0},
    {"PMCCNTR_EL0", KEY(3, 3, 9, 13, 0), UNDEFINED, 0},
    {"PMXEVTYPER_EL0", KEY(3, 3, 9, 13, 1), UNDEFINED, 0},
    {"PMXEVCNTR_EL0", KEY(3, 3, 9, 13, 2), UNDEFINED, 0},
    {"PMOVSSET_EL0", KEY(3, 3, 9, 14, 3), UNDEFINED, 0},
    {"PMINTENSET_EL1", KEY(3, 0, 9, 14, 1), UNDEFINED, 0},
    {"PMINTENCLR_EL1", KEY(3, 0, 9, 14, 2), UNDEFINED, 0},
    {"PMMIR_EL1", KEY(3, 0, 9, 14, 6), UNDEFINED_R, 0},
    {"PMEVCNTR0_EL0", KEY(3, 3, 14, 8, 0), UNDEFINED, 0},
    {"PMEVTYPER0_EL0", KEY(3, 3, 14, 12, 0), UNDEFINED, 0},
    {"PMCCFILTR_EL0", KEY(3, 3, 14, 15, 7), UNDEFINED, 0},
    {"PMUSERENR_EL0", KEY(3, 3, 9, 14, 0), RAZ_WI, 0},
};

static const struct access trace_registers[] = {
    {"TRCTRACEIDR", KEY(2, 1, 0, 0, 1), UNDEFINED, 0},
    {"TRCPRGCTLR", KEY(2, 1, 0, 1, 0), UNDEFINED, 0},
    {"TRCSTATR", KEY(2, 1, 0, 3, 0), UNDEFINED_R, 0},
    {"TRCIDR0", KEY(2, 1, 0, 8, 7), UNDEFINED_R, 0},
    {"TRCOSLAR", KEY(2, 1, 1, 0, 4), UNDEFINED_W, 0},
    {"TRFCR_EL1", KEY(3, 0, 1, 2, 1), UNDEFINED, 0},
};

static const struct access spe_registers[] = {
    {"PMSCR_EL1", KEY(3, 0, 9, 9, 0), UNDEFINED, 0},
    {"PMSNEVFR_EL1", KEY(3, 0, 9, 9, 1), UNDEFINED, 0},
    {"PMSICR_EL1", KEY(3, 0, 9, 9, 2), UNDEFINED, 0},
    {"PMSIRR_EL1", KEY(3, 0, 9, 9, 3), UNDEFINED, 0},
    {"PMSFCR_EL1", KEY(3, 0, 9, 9, 4), UNDEFINED, 0},
    {"PMSEVFR_EL1", KEY(3, 0, 9, 9, 5), UNDEFINED, 0},
    {"PMSLATFR_EL1", KEY(3, 0, 9, 9, 6), UNDEFINED, 0},
    {"PMSIDR_EL1", KEY(3, 0, 9, 9, 7), UNDEFINED_R, 0},
    {"PMBLIMITR_EL1", KEY(3, 0, 9, 10, 0), UNDEFINED, 0},
    {"PMBPTR_EL1", KEY(3, 0, 9, 10, 1), UNDEFINED, 0},
    {"PMBSR_EL1", KEY(3, 0, 9, 10, 3), UNDEFINED, 0},
    {"PMBIDR_EL1", KEY(3, 0, 9, 10, 7), UNDEFINED_R, 0},
};

static const struct access trbe_brbe_registers[] = {
    {"TRBLIMITR_EL1", KEY(3, 0, 9, 11, 0), UNDEFINED, 0},
    {"TRBPTR_EL1", KEY(3, 0, 9, 11, 1), UNDEFINED, 0},
    {"TRBBASER_EL1", KEY(3, 0, 9, 11, 2), UNDEFINED, 0},
    {"TRBSR_EL1", KEY(3, 0, 9, 11, 3), UNDEFINED, 0},
    {"TRBMAR_EL1", KEY(3, 0, 9, 11, 4), UNDEFINED, 0},
    {"TRBTRG_EL1", KEY(3, 0, 9, 11, 6), UNDEFINED, 0},
    {"TRBIDR_EL1", KEY(3, 0, 9, 11, 7), UNDEFINED_R, 0},
    {"BRBCR_EL1", KEY(2, 1, 9, 0, 0), UNDEFINED, 0},
    {"BRBFCR_EL1", KEY(2, 1, 9, 0, 1), UNDEFINED, 0},
    {"BRBTS_EL1", KEY(2, 1, 9, 0, 2), UNDEFINED, 0},
    {"BRBIDR0_EL1", KEY(2, 1, 9, 2, 0), UNDEFINED_R, 0},
    {"BRBINF0_EL1", KEY(2, 1, 8, 0, 0), UNDEFINED_R, 0},
    {"BRB IALL", SYS(1, 7, 2, 4), UNDEFINED_W, 0},
    {"BRB INJ", SYS(1, 7, 2, 5), UNDEFINED_W, 0},
};

static const struct access amu_registers[] = {
    {"AMCR_EL0", KEY(3, 3, 13, 2, 0), UNDEFINED, 0},
    {"AMCFGR_EL0", KEY(3, 3, 13, 2, 1), UNDEFINED_R, 0},
    {"AMCGCR_EL0", KEY(3, 3, 13, 2, 2), UNDEFINED_R, 0},
    {"AMUSERENR_EL0", KEY(3, 3, 13, 2, 3), UNDEFINED, 0},
    {"AMCNTENCLR0_EL0", KEY(3, 3, 13, 2, 4), UNDEFINED, 0},
    {"AMCNTENSET0_EL0", KEY(3, 3, 13, 2, 5), UNDEFINED, 0},
    {"AMEVCNTR00_EL0", KEY(3, 3, 13, 4, 0), UNDEFINED, 0},
    {"AMEVTYPER00_EL0", KEY(3, 3, 13, 6, 0), UNDEFINED_R, 0},
    {"AMEVCNTR10_EL0", KEY(3, 3, 13, 12, 0), UNDEFINED, 0},
};

static const struct access mpam_registers[] = {
    {"MPAM0_EL1", KEY(3, 0, 10, 5, 1), UNDEFINED, 0},
    {"MPAM1_EL1", KEY(3, 0, 10, 5, 0), UNDEFINED, 0},
    {"MPAMIDR_EL1", KEY(3, 0, 10, 4, 4), UNDEFINED_R, 0},
    {"MPAMSM_EL1", KEY(3, 0, 10, 5, 3), UNDEFINED, 0},
};

static const struct access lor_registers[] = {
    {"LORSA_EL1", KEY(3, 0, 10, 4, 0), UNDEFINED, 0},
    {"LOREA_EL1", KEY(3, 0, 10, 4, 1), UNDEFINED, 0},
    {"LORN_EL1", KEY(3, 0, 10, 4, 2), UNDEFINED, 0},
    {"LORC_EL1", KEY(3, 0, 10, 4, 3), UNDEFINED, 0},
    {"LORID_EL1", KEY(3, 0, 10, 4, 7), UNDEFINED_R, 0},
};

static const struct access ras_registers[] = {
    {"ERRIDR_EL1", KEY(3, 0, 5, 3, 0), UNDEFINED_R, 0},
    {"ERRSELR_EL1", KEY(3, 0, 5, 3, 1), UNDEFINED, 0},
    {"ERXFR_EL1", KEY(3, 0, 5, 4, 0), UNDEFINED_R, 0},
    {"ERXCTLR_EL1", KEY(3, 0, 5, 4, 1), UNDEFINED, 0},
    {"ERXSTATUS_EL1", KEY(3, 0, 5, 4, 2), UNDEFINED, 0},
    {"ERXADDR_EL1", KEY(3, 0, 5, 4, 3), UNDEFINED, 0},
    {"ERXPFGF_EL1", KEY(3, 0, 5, 4, 4), UNDEFINED_R, 0},
    {"ERXPFGCTL_EL1", KEY(3, 0, 5, 4, 5), UNDEFINED, 0},
    {"ERXPFGCDN_EL1", KEY(3, 0, 5, 4, 6), UNDEFINED, 0},
    {"ERXMISC0_EL1", KEY(3, 0, 5, 5, 0), UNDEFINED, 0},
    {"ERXMISC1_EL1", KEY(3, 0, 5, 5, 1), UNDEFINED, 0},
};

static const struct access mte_registers[] = {
    {"RGSR_EL1", KEY(3, 0, 1, 0, 5), UNDEFINED, 0},
    {"GCR_EL1", KEY(3, 0, 1, 0, 6), UNDEFINED, 0},
    {"TFSR_EL1", KEY(3, 0, 5, 6, 0), UNDEFINED, 0},
    {"TFSRE0_EL1", KEY(3, 0, 5, 6, 1), UNDEFINED, 0},
    {"GMID_EL1", KEY(3, 1, 0, 0, 4), UNDEFINED_ID, 0},
};

static const struct access sve_registers[] = {
    {"ZCR_EL1", KEY(3, 0, 1, 2, 0), UNDEFINED, 0},
};

static const struct access sme_registers[] = {
    {"SMCR_EL1", KEY(3, 0, 1, 2, 6), UNDEFINED, 0},
    {"SVCR", KEY(3, 3, 4, 2, 2), UNDEFINED, 0},
    {"SMIDR_EL1", KEY(3, 1, 0, 0, 6), UNDEFINED_ID, 0},
    {"SMPRI_EL1", KEY(3, 0, 1, 2, 4), ZERO_OR_NONE, 0},
};

/* Registers of features that came after Armv8.6, and of CSV2 level 2. */
static const struct access later_registers[] = {
    {"SCXTNUM_EL1", KEY(3, 0, 13, 0, 7), UNDEFINED, 0},
    {"SCXTNUM_EL0", KEY(3, 3, 13, 0, 7), UNDEFINED, 0},
    {"ACCDATA_EL1", KEY(3, 0, 13, 0, 5), UNDEFINED, 0},
    {"TCR2_EL1", KEY(3, 0, 2, 0, 3), UNDEFINED, 0},
    {"SCTLR2_EL1", KEY(3, 0, 1, 0, 3), UNDEFINED, 0},
    {"PIR_EL1", KEY(3, 0, 10, 2, 3), UNDEFINED, 0},
    {"PIRE0_EL1", KEY(3, 0, 10, 2, 2), UNDEFINED, 0},
    {"POR_EL1", KEY(3, 0, 10, 2, 4), UNDEFINED, 0},
    {"MAIR2_EL1", KEY(3, 0, 10, 2, 1), UNDEFINED, 0},
    {"AMAIR2_EL1", KEY(3, 0, 10, 3, 1), UNDEFINED, 0},
    {"S2POR_EL1", KEY(3, 0, 10, 2, 5), UNDEFINED, 0},
    {"RCWMASK_EL1", KEY(3, 0, 13, 0, 6), UNDEFINED, 0},
    {"GCSCR_EL1", KEY(3, 0, 2, 5, 0), UNDEFINED, 0},
    {"GCSPR_EL0", KEY(3, 3, 2, 5, 1), UNDEFINED, 0},
    {"ALLINT", KEY(3, 0, 4, 3, 0), UNDEFINED, 0},
};

static const struct access higher_level_registers[] = {
    {"HCR_EL2", KEY(3, 4, 1, 1, 0), UNDEFINED, 0},
    {"SCTLR_EL2", KEY(3, 4, 1, 0, 0), UNDEFINED, 0},
    {"ACTLR_EL2", KEY(3, 4, 1, 0, 1), UNDEFINED, 0},
    {"CPTR_EL2", KEY(3, 4, 1, 1, 2), UNDEFINED, 0},
    {"MDCR_EL2", KEY(3, 4, 1, 1, 1), UNDEFINED, 0},
    {"HCRX_EL2", KEY(3, 4, 1, 2, 2), UNDEFINED, 0},
    {"VTTBR_EL2", KEY(3, 4, 2, 1, 0), UNDEFINED, 0},
    {"VTCR_EL2", KEY(3, 4, 2, 1, 2), UNDEFINED, 0},
    {"TTBR0_EL2", KEY(3, 4, 2, 0, 0), UNDEFINED, 0},
    {"SPSR_EL2", KEY(3, 4, 4, 0, 0), UNDEFINED, 0},
    {"ELR_EL2", KEY(3, 4, 4, 0, 1), UNDEFINED, 0},
    {"SP_EL1", KEY(3, 4, 4, 1, 0), UNDEFINED, 0},
    {"VMPIDR_EL2", KEY(3, 4, 0, 0, 5), UNDEFINED, 0},
    {"VBAR_EL2", KEY(3, 4, 12, 0, 0), UNDEFINED, 0},
    {"VDISR_EL2", KEY(3, 4, 12, 1, 1), UNDEFINED, 0},
    {"TPIDR_EL2", KEY(3, 4, 13, 0, 2), UNDEFINED, 0},
    {"CNTVOFF_EL2", KEY(3, 4, 14, 0, 3), UNDEFINED, 0},
    {"CNTHCTL_EL2", KEY(3, 4, 14, 1, 0), UNDEFINED, 0},
    {"CNTHP_CTL_EL2", KEY(3, 4, 14, 2, 1), UNDEFINED, 0},
    {"CNTHP_CVAL_EL2", KEY(3, 4, 14, 2, 2), UNDEFINED, 0},
    {"CNTHV_CTL_EL2", KEY(3, 4, 14, 3, 1), UNDEFINED, 0},
    {"ICC_SRE_EL2", KEY(3, 4, 12, 9, 5), UNDEFINED, 0},
    {"ICH_HCR_EL2", KEY(3, 4, 12, 11, 0), UNDEFINED, 0},
    {"ICH_LR0_EL2", KEY(3, 4, 12, 12, 0), UNDEFINED, 0},
    {"SCTLR_EL12", KEY(3, 5, 1, 0, 0), UNDEFINED, 0},
    {"CNTV_CTL_EL02", KEY(3, 5, 14, 3, 1), UNDEFINED, 0},
    {"SCR_EL3", KEY(3, 6, 1, 1, 0), UNDEFINED, 0},
    {"CNTPS_CTL_EL1", KEY(3, 7, 14, 2, 1), UNDEFINED, 0},
    {"TLBI ALLE1", SYS(4, 8, 7, 4), UNDEFINED_W, 0},
    {"TLBI ALLE2", SYS(4, 8, 7, 0), UNDEFINED_W, 0},
    {"TLBI VMALLS12E1", SYS(4, 8, 7, 6), UNDEFINED_W, 0},
    {"TLBI IPAS2E1", SYS(4, 8, 4, 1), UNDEFINED_W, 0},
    {"AT S1E2R", SYS(4, 7, 8, 0), UNDEFINED_W, 0},
    {"AT S12E1R", SYS(4, 7, 8, 4), UNDEFINED_W, 0},
};

static const struct access actlr[] = {
    {"ACTLR_EL1", KEY(3, 0, 1, 0, 1), RAZ_WI, 0},
    {"AIDR_EL1", KEY(3, 1, 0, 0, 7), RAZ, 0},
};

static const struct access implementation_defined[] = {
    {"S3_0_C15_C0_0", KEY(3, 0, 15, 0, 0), ZERO_OR_NONE, 0},
    {"S3_1_C15_C2_0", KEY(3, 1, 15, 2, 0), ZERO_OR_NONE, 0}, /* CPUACTLR_EL1 of a53, a57, a72 */
    {"S3_1_C15_C2_1", KEY(3, 1, 15, 2, 1), ZERO_OR_NONE, 0}, /* CPUECTLR_EL1 */
    {"S3_0_C15_C1_0", KEY(3, 0, 15, 1, 0), ZERO_OR_NONE, 0}, /* CPUACTLR_EL1 of neoverse-n1 */
    {"S3_7_C15_C15_7", KEY(3, 7, 15, 15, 7), UNDEFINED, 0},
    {"S3_3_C11_C7_3", KEY(3, 3, 11, 7, 3), UNDEFINED, 0},
    {"S1_2_C11_C3_5", SYS(2, 11, 3, 5), UNDEFINED_W, 0},
    {"S1_5_C15_C9_2", SYS(5, 15, 9, 2), UNDEFINED_W, 0},
};

static const struct access gicv3_interface[] = {
    {"ICC_IAR0_EL1", KEY(3, 0, 12, 8, 0), READS, 1023},
    {"ICC_EOIR0_EL1", KEY(3, 0, 12, 8, 1), WI, 0},
    {"ICC_HPPIR0_EL1", KEY(3, 0, 12, 8, 2), READS, 1023},
    {"ICC_SGI0R_EL1", KEY(3, 0, 12, 11, 7), WI, 0},
    {"ICC_ASGI1R_EL1", KEY(3, 0, 12, 11, 6), WI, 0},
    {"ICC_SRE_EL1", KEY(3, 0, 12, 12, 5), FIXED, 7},
};

static const struct access gicv2_none[] = {
    {"ICC_IAR0_EL1", KEY(3, 0, 12, 8, 0), UNDEFINED_R, 0},
    {"ICC_AP0R0_EL1", KEY(3, 0, 12, 8, 4), UNDEFINED, 0},
    {"ICC_IAR1_EL1", KEY(3, 0, 12, 12, 0), UNDEFINED_R, 0},
    {"ICC_SGI1R_EL1", KEY(3, 0, 12, 11, 5), UNDEFINED_W, 0},
    {"ICC_SGI0R_EL1", KEY(3, 0, 12, 11, 7), UNDEFINED_W, 0},
    {"ICC_SRE_EL1", KEY(3, 0, 12, 12, 5), UNDEFINED, 0},
    {"ICC_PMR_EL1", KEY(3, 0, 4, 6, 0), UNDEFINED, 0},
};

static const struct access pauth_present[] = {
    {"APIAKeyLo_EL1", KEY(3, 0, 2, 1, 0), KEEPS, 0},
    {"APIAKeyHi_EL1", KEY(3, 0, 2, 1, 1), KEEPS, 0},
    {"APIBKeyLo_EL1", KEY(3, 0, 2, 1, 2), KEEPS, 0},
    {"APIBKeyHi_EL1", KEY(3, 0, 2, 1, 3), KEEPS, 0},
    {"APDAKeyLo_EL1", KEY(3, 0, 2, 2, 0), KEEPS, 0},
    {"APDAKeyHi_EL1", KEY(3, 0, 2, 2, 1), KEEPS, 0},
    {"APDBKeyLo_EL1", KEY(3, 0, 2, 2, 2), KEEPS, 0},
    {"APDBKeyHi_EL1", KEY(3, 0, 2, 2, 3), KEEPS, 0},
    {"APGAKeyLo_EL1", KEY(3, 0, 2, 3, 0), KEEPS, 0},
    {"APGAKeyHi_EL1", KEY(3, 0, 2, 3, 1), KEEPS, 0},
};

static const struct access pauth_absent[] = {
    {"APIAKeyLo_EL1", KEY(3, 0, 2, 1, 0), UNDEFINED, 0},
    {"APIBKeyLo_EL1", KEY(3, 0, 2, 1, 2), UNDEFINED, 0},
    {"APDAKeyLo_EL1", KEY(3, 0, 2, 2, 0), UNDEFINED, 0},
    {"APDBKeyLo_EL1", KEY(3, 0, 2, 2, 2), UNDEFINED, 0},
    {"APGAKeyLo_EL1", KEY(3, 0, 2, 3, 0), UNDEFINED, 0},
};

#define ALL_ONES  UINT64_MAX
#define EC_SYSREG 0x18U
#define KEPT_WORD UINT64_C(0x5a5a1234deadbeef)

static void expect_undefined(const struct access *access, uint32_t word)
{
    uint64_t x0 = ALL_ONES;
    uint64_t esr = execute(word, &x0);

    check_that(esr == ESR_UNDEFINED, access->name, "not undefined: ESR %lx, x0 %lx", esr, x0);
}

static void expect_read(const struct access *access, uint64_t value)
{
    uint64_t x0 = ~value;
    uint64_t esr = execute(WORD_MRS(access->key), &x0);

    check_that(esr == 0, access->name, "read: ESR %lx, FAR %lx", esr, guest_probe.far);
    check_that(esr != 0 || x0 == value, access->name, "reads %lx, not %lx", x0, value);
}

static void expect_write(const struct access *access, uint64_t value)
{
    uint64_t x0 = value;
    uint64_t esr = execute(WORD_MSR(access->key), &x0);

    check_that(esr == 0, access->name, "write of %lx: ESR %lx", value, esr);
}

/* FEAT_IDST: not undefined with class 0 but "system register trapped", at EL1 itself. */
static void expect_undefined_id(const struct access *access)
{
    uint64_t x0 = ALL_ONES;
    uint64_t esr = execute(WORD_MRS(access->key), &x0);

    check_that(esr == ESR_UNDEFINED || ESR_EC(esr) == EC_SYSREG, access->name, "ESR %lx, x0 %lx",
               esr, x0);
}

static void expect_zero_or_none(const struct access *access)
{
    uint64_t x0 = ALL_ONES;
    uint64_t esr;

    execute(WORD_MSR(access->key), &x0);
    esr = execute(WORD_MRS(access->key), &x0);
    check_that(esr == ESR_UNDEFINED || (esr == 0 && x0 == 0), access->name, "ESR %lx, reads %lx",
               esr, x0);
}

static void check_access(const struct access *access)
{
    switch (access->expect) {
    case UNDEFINED:
        expect_undefined(access, WORD_MRS(access->key));
        expect_undefined(access, WORD_MSR(access->key));
        break;
    case UNDEFINED_R:
        expect_undefined(access, WORD_MRS(access->key));
        break;
    case UNDEFINED_W:
        expect_undefined(access, WORD_MSR(access->key));
        break;
    case UNDEFINED_ID:
        expect_undefined_id(access);
        break;
    case RAZ_WI:
    case FIXED:
        expect_read(access, access->value);
        expect_write(access, ALL_ONES);
        expect_read(access, access->value);
        break;
    case RAZ:
    case READS:
        expect_read(access, access->value);
        break;
    case WI:
        expect_write(access, ALL_ONES);
        break;
    case ZERO_OR_NONE:
        expect_zero_or_none(access);
        break;
    case KEEPS:
        expect_read(access, 0);
        expect_write(access, KEPT_WORD);
        expect_read(access, KEPT_WORD);
        expect_write(access, 0);
        break;
    }
}

/* ID_AA64ISAR1_EL1.{APA, API} or ID_AA64ISAR2_EL1.APA3. */
static bool has_pauth(void)
{
    return (sysreg_read(S3_0_C0_C6_1) & 0xff0) != 0 || (sysreg_read(S3_0_C0_C6_2) & 0xf000) != 0;
}

/* PACGA x0, x0, x0: HCR_EL2.API; needs no enable of the guest's own. */
static void check_pauth_instruction(void)
{
    uint64_t x0 = 1;
    uint64_t esr = execute(UINT32_C(0x9ac03000), &x0);

    check_begin("pauth-instruction");
    check_that(esr == (has_pauth() ? 0 : ESR_UNDEFINED), "PACGA", "ESR %lx, x0 %lx", esr, x0);
    check_end();
}

static void check_table(const char *name, const struct access *access, size_t count)
{
    uint64_t cpacr = sysreg_read(cpacr_el1);

    check_begin(name);
    /* The guest opens what it can open itself: what remains shut is shut by EL2. */
    sysreg_write(cpacr_el1, CPACR_ALL);
    isb();
    for (size_t i = 0; i < count; i++) {
        check_access(&access[i]);
    }
    sysreg_write(cpacr_el1, cpacr);
    isb();
    check_end();
}

#define CHECK(name, table) check_table(name, table, countof(table))

void check_registers(void)
{
    CHECK("debug-registers", debug_registers);
    CHECK("pmu-registers", pmu_registers);
    CHECK("trace-registers", trace_registers);
    CHECK("spe-registers", spe_registers);
    CHECK("trbe-brbe-registers", trbe_brbe_registers);
    CHECK("amu-registers", amu_registers);
    CHECK("mpam-registers", mpam_registers);
    CHECK("lor-registers", lor_registers);
    CHECK("ras-registers", ras_registers);
    CHECK("mte-registers", mte_registers);
    CHECK("sve-registers", sve_registers);
    CHECK("sme-registers", sme_registers);
    CHECK("later-registers", later_registers);
    CHECK("higher-level-registers", higher_level_registers);
    CHECK("actlr", actlr);
    CHECK("implementation-defined", implementation_defined);
    if (has_pauth()) {
        CHECK("pauth-keys", pauth_present);
    } else {
        CHECK("pauth-keys", pauth_absent);
    }
    check_pauth_instruction();
    if (gic_is_v3) {
        CHECK("gic-system-registers", gicv3_interface);
    } else {
        CHECK("gic-system-registers", gicv2_none);
    }
}
