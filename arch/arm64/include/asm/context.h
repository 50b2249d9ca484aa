/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a vCPU's register state look like in memory?  Assembly reaches the members by the CTX_*
 * offsets, which arch/arm64/offsets.c asserts against the struct.
 */
#ifndef ASM_CONTEXT_H
#define ASM_CONTEXT_H

#define CTX_X      0   /* x0..x30 */
#define CTX_PC     248 /* ELR_EL2 */
#define CTX_PSTATE 256 /* SPSR_EL2 */
#define CTX_SP_EL0 264
#define CTX_SYS    272 /* ten pairs, in the order of the struct */
#define CTX_TCR    432 /* TCR_EL1, SCTLR_EL1: loaded last */
#define CTX_VMPIDR 448
#define CTX_HCR    456
#define CTX_KEYS   464 /* APIA, APIB, APDA, APDB, APGA: low, high */
#define CTX_FPSR   544
#define CTX_FPCR   552
#define CTX_Q      560
#define CTX_BYTES  1072

#ifndef __ASSEMBLER__
#include <bulkhead/types.h>

/* Everything that a guest can see or set at EL1 and EL0, but for timers and interrupts. */
struct vcpu_context {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
    uint64_t sp_el0;
    uint64_t sp_el1, elr_el1;
    uint64_t spsr_el1, cpacr_el1;
    uint64_t ttbr0_el1, ttbr1_el1;
    uint64_t esr_el1, afsr0_el1;
    uint64_t afsr1_el1, far_el1;
    uint64_t mair_el1, vbar_el1;
    uint64_t contextidr_el1, amair_el1;
    uint64_t cntkctl_el1, par_el1;
    uint64_t tpidr_el0, tpidrro_el0;
    uint64_t tpidr_el1, csselr_el1;
    uint64_t tcr_el1, sctlr_el1;
    uint64_t vmpidr_el2, hcr_el2; /* loaded only */
    uint64_t keys[10];
    uint64_t fpsr;
    uint64_t fpcr;
    __uint128_t q[32];
};
#endif
#endif
