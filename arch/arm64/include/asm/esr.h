/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does an exception syndrome say?  Classes and fields of ESR_ELx (Arm ARM DDI 0487, the
 * description of ESR_EL2), shared by everything that looks at a trap.
 */
#ifndef ASM_ESR_H
#define ASM_ESR_H

#define ESR_EC_SHIFT         26
#define ESR_EC_UNKNOWN       0x00
#define ESR_EC_WFX           0x01
#define ESR_EC_CP15_32       0x03 /* MCR/MRC, coproc 15, from AArch32 */
#define ESR_EC_CP15_64       0x04 /* MCRR/MRRC, coproc 15 */
#define ESR_EC_CP14_32       0x05
#define ESR_EC_CP14_LDC      0x06
#define ESR_EC_FP            0x07 /* CPTR_EL2.TFP: not used here */
#define ESR_EC_CP10_ID       0x08 /* VMRS of MVFR<n>, FPSID */
#define ESR_EC_PAUTH         0x09
#define ESR_EC_LS64          0x0a
#define ESR_EC_CP14_64       0x0c
#define ESR_EC_ILLEGAL_STATE 0x0e
#define ESR_EC_HVC32         0x12
#define ESR_EC_SMC32         0x13
#define ESR_EC_HVC64         0x16
#define ESR_EC_SMC64         0x17
#define ESR_EC_SYSREG        0x18
#define ESR_EC_SVE           0x19
#define ESR_EC_ERET          0x1a
#define ESR_EC_TSTART        0x1b
#define ESR_EC_SME           0x1d
#define ESR_EC_IABT_LOWER    0x20
#define ESR_EC_IABT_SAME     0x21
#define ESR_EC_PC_ALIGN      0x22
#define ESR_EC_DABT_LOWER    0x24
#define ESR_EC_DABT_SAME     0x25
#define ESR_EC_SP_ALIGN      0x26
#define ESR_EC_SERROR        0x2f
#define ESR_EC_BRK64         0x3c

#define ESR_IL (UINT64_C(1) << 25) /* 32-bit instruction; 0 only after a 16-bit T32 one */

/* Data and instruction aborts. */
#define ESR_ABORT_FSC_MASK UINT64_C(0x3f)
#define ESR_ABORT_WNR      (UINT64_C(1) << 6)
#define ESR_ABORT_S1PTW    (UINT64_C(1) << 7)
#define ESR_ABORT_CM       (UINT64_C(1) << 8)
#define ESR_ABORT_FNV      (UINT64_C(1) << 10)
#define ESR_FSC_SEA        UINT64_C(0x10) /* synchronous external abort, not on a table walk */

/* Condition of a conditional AArch32 instruction: classes 0x01, 0x03..0x08, 0x0c, 0x13. */
#define ESR_CV         (UINT64_C(1) << 24)
#define ESR_COND_SHIFT 20

/* Class 0x01: which instruction. */
#define ESR_WFX_TI  UINT64_C(3)
#define ESR_WFX_WFI UINT64_C(0)

/* Class 0x18: the ISS holds the instruction's own fields. */
#define ESR_SYS_READ     (UINT64_C(1) << 0)
#define ESR_SYS_RT_SHIFT 5
#define ESR_SYS_KEY_MASK UINT64_C(0x3ffc1e) /* everything but Rt and direction */
#define ESR_SYS_KEY(op0, op1, crn, crm, op2)                                                       \
    ((UINT64_C(op0) << 20) | (UINT64_C(op2) << 17) | (UINT64_C(op1) << 14) |                       \
     (UINT64_C(crn) << 10) | (UINT64_C(crm) << 1))

#ifndef __ASSEMBLER__
#include <bulkhead/types.h>

static inline unsigned int esr_class(uint64_t esr)
{
    return (unsigned int)(esr >> ESR_EC_SHIFT) & 0x3f;
}
#endif
#endif
