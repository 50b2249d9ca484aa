/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a trapped system-register access do, and how does a trapped instruction end?  See
 * sysreg_traps.c.
 */
#ifndef ASM_SYSREG_TRAPS_H
#define ASM_SYSREG_TRAPS_H

#include <bulkhead/partition.h>

enum sysreg_result {
    SYSREG_UNDEFINED, /* nothing happened: the caller gives an undefined instruction exception */
    SYSREG_DONE,      /* the caller calls trap_skip() */
    SYSREG_AGAIN,     /* an interrupt wants the core, or a sibling is at work: the instruction traps
                         again and goes on */
};

/*
 * Carries out a trapped MSR, MRS or system instruction (exception class 0x18).  Context: EL2, the
 * vCPU is live.  Time: a search over a constant table, and whatever trap_sgi1r() is bounded by;
 * set_way.h has its own bound.
 */
enum sysreg_result sysreg_trap(struct vcpu *vcpu, uint64_t esr);

/*
 * True if the trapped instruction would have been executed: always from AArch64; from AArch32 as
 * its condition and, inside an IT block, the block's condition say (Arm ARM, ESR_ELx.{CV, COND}).
 * A trapped instruction that would not have been executed is to be skipped, nothing more.
 */
bool trap_condition_passed(const struct vcpu *vcpu, uint64_t esr);

/* SPSR_EL2.SS: the next instruction is the one of a single step.  What was emulated was it. */
#define PSTATE_SS (UINT64_C(1) << 21)

/* Steps over the trapped instruction: PC by its length, the IT block onward, BTYPE and SS cleared.
 */
void trap_skip(struct vcpu *vcpu, uint64_t esr);

/*
 * A trap of exception class 0x01 to 0x0c from AArch32 EL0: skipped if its condition failed, else
 * an undefined instruction, since nothing that the kernel traps is granted to AArch32.
 */
void trap_from_aarch32(struct vcpu *vcpu, uint64_t esr);

/* SPSR_EL2.M[4]: the exception came from AArch32, which exists at EL0 only. */
static inline bool pstate_is_aarch32(uint64_t pstate)
{
    return (pstate & 0x10U) != 0;
}

/* Defined elsewhere in the kernel.  False: a sibling on another core has what it takes, or the
 * window is about to end; the instruction is to trap again. */
bool trap_sgi1r(struct vcpu *vcpu, uint64_t value, uint32_t group); /* ICC_SGI<group>R_EL1 */
bool trap_dir(struct vcpu *vcpu, uint64_t value);                   /* ICC_DIR_EL1 written */

#endif
