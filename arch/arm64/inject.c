/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does EL2 give a guest an exception?  It does by hand what the core does when it takes a
 * synchronous exception to EL1 in AArch64: Arm ARM DDI 0487, shared pseudocode
 * AArch64.TakeException() and AArch64.ReportException().
 *
 * Invariants: the vCPU is the one whose EL1 registers are live, so ESR, FAR, ELR, SPSR, VBAR and
 * SCTLR are those of the core, while PC and PSTATE are in its context.  The PSTATE that is built
 * always says EL1h, AArch64, whatever the guest had: EL1 is AArch64 (HCR_EL2.RW).
 */
#include <asm/esr.h>
#include <asm/inject.h>
#include <asm/sysreg.h>
#include <asm/sysreg_traps.h>

/* SPSR_EL1. */
#define PSTATE_EL_MASK UINT64_C(0xc) /* M[3:2] */
#define PSTATE_EL1H    UINT64_C(0x5)
#define PSTATE_SP      UINT64_C(0x1)
#define PSTATE_DAIF    (UINT64_C(0xf) << 6)
#define PSTATE_SSBS    (UINT64_C(1) << 12) /* of AArch64; AArch32 has it elsewhere */
#define PSTATE_PAN     (UINT64_C(1) << 22)
#define PSTATE_DIT     (UINT64_C(1) << 24)
#define PSTATE_TCO     (UINT64_C(1) << 25)
#define PSTATE_NZCV    (UINT64_C(0xf) << 28)

#define SCTLR_SPAN  (UINT64_C(1) << 23)
#define SCTLR_DSSBS (UINT64_C(1) << 44)

/* Offsets of the synchronous vectors (DDI 0487, D1.3.1, "Vector tables"). */
#define VECTOR_SAME_SP_EL0   UINT64_C(0x000)
#define VECTOR_SAME_SP_ELX   UINT64_C(0x200)
#define VECTOR_LOWER_AARCH64 UINT64_C(0x400)
#define VECTOR_LOWER_AARCH32 UINT64_C(0x600)

static bool from_el1(uint64_t pstate)
{
    return !pstate_is_aarch32(pstate) && (pstate & PSTATE_EL_MASK) != 0;
}

static uint64_t vector_offset(uint64_t pstate)
{
    if (pstate_is_aarch32(pstate)) {
        return VECTOR_LOWER_AARCH32;
    }
    if (!from_el1(pstate)) {
        return VECTOR_LOWER_AARCH64;
    }
    return (pstate & PSTATE_SP) != 0 ? VECTOR_SAME_SP_ELX : VECTOR_SAME_SP_EL0;
}

/*
 * PSTATE at the handler's first instruction.  NZCV and DIT go on; D, A, I and F are set; UAO, SS,
 * IL and BTYPE are clear; PAN, SSBS and TCO as the features of the core demand, since a guest may
 * write bits of SCTLR_EL1 that its core does not have.
 */
static uint64_t handler_pstate(uint64_t pstate)
{
    const uint64_t sctlr = sysreg_read(SCTLR_EL1);
    const uint64_t pfr1 = sysreg_read(ID_AA64PFR1_EL1);
    const bool has_pan = (sysreg_read(ID_AA64MMFR1_EL1) >> 20 & 0xfU) != 0;
    const bool has_ssbs = (pfr1 >> 4 & 0xfU) != 0;
    const bool has_mte = (pfr1 >> 8 & 0xfU) != 0;
    uint64_t entry = PSTATE_EL1H | PSTATE_DAIF;

    entry |= pstate & (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN);
    if (has_pan && (sctlr & SCTLR_SPAN) == 0) {
        entry |= PSTATE_PAN;
    }
    if (has_ssbs && (sctlr & SCTLR_DSSBS) != 0) {
        entry |= PSTATE_SSBS;
    }
    if (has_mte) {
        entry |= PSTATE_TCO;
    }
    return entry;
}

static void take_exception(struct vcpu *vcpu, uint64_t esr)
{
    const uint64_t pstate = vcpu->context.pstate;

    sysreg_write(ESR_EL1, esr);
    sysreg_write(ELR_EL1, vcpu->context.pc);
    sysreg_write(SPSR_EL1, pstate);
    /* VBAR_EL1 is the guest's: a bad one faults at EL1, in its own time.  [10:0] are RES0. */
    vcpu->context.pc = (sysreg_read(VBAR_EL1) & ~UINT64_C(0x7ff)) + vector_offset(pstate);
    vcpu->context.pstate = handler_pstate(pstate);
}

void inject_undefined(struct vcpu *vcpu)
{
    take_exception(vcpu, (uint64_t)ESR_EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL);
}

void inject_data_abort(struct vcpu *vcpu, uint64_t far, uint64_t esr)
{
    const uint64_t class = from_el1(vcpu->context.pstate) ? ESR_EC_DABT_SAME : ESR_EC_DABT_LOWER;

    /* ISV is for stage 2 only, and without it IL is 1. */
    sysreg_write(FAR_EL1, far);
    take_exception(vcpu, class << ESR_EC_SHIFT | ESR_IL | (esr & (ESR_ABORT_WNR | ESR_ABORT_CM)) |
                             ESR_FSC_SEA);
}

void inject_instruction_abort(struct vcpu *vcpu, uint64_t far)
{
    const uint64_t class = from_el1(vcpu->context.pstate) ? ESR_EC_IABT_SAME : ESR_EC_IABT_LOWER;

    sysreg_write(FAR_EL1, far);
    take_exception(vcpu, class << ESR_EC_SHIFT | ESR_IL | ESR_FSC_SEA);
}
