/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does C read and write system registers?  By name where the assembler knows it, else by its
 * S<op0>_<op1>_C<n>_C<m>_<op2> encoding (Arm ARM C5.1.2).
 */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#include <bulkhead/types.h>

/* Expands a name that is defined below before it becomes text. */
#define SYSREG_TEXT(name) #name
#define SYSREG_NAME(name) SYSREG_TEXT(name)

#define sysreg_read(name)                                                                          \
    ({                                                                                             \
        uint64_t sysreg_value;                                                                     \
        __asm__ volatile("mrs %0, " SYSREG_NAME(name) : "=r"(sysreg_value));                       \
        sysreg_value;                                                                              \
    })

#define sysreg_write(name, value)                                                                  \
    __asm__ volatile("msr " SYSREG_NAME(name) ", %0" : : "r"((uint64_t)(value)) : "memory")

/* Zero without a register for it. */
#define sysreg_zero(name) __asm__ volatile("msr " SYSREG_NAME(name) ", xzr" : : : "memory")

static inline void isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

#define dsb(domain) __asm__ volatile("dsb " #domain : : : "memory")

/* Affinity fields of MPIDR_EL1 (Arm ARM D17.2.98). */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* GICv3 CPU interface (IHI 0069H, 12.2 and 12.4); written as encodings so that every assembler
 * accepts them at -march=armv8-a. */
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICC_IAR1_EL1    S3_0_C12_C12_0
#define ICC_EOIR1_EL1   S3_0_C12_C12_1
#define ICC_HPPIR1_EL1  S3_0_C12_C12_2
#define ICC_BPR1_EL1    S3_0_C12_C12_3
#define ICC_CTLR_EL1    S3_0_C12_C12_4
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_DIR_EL1     S3_0_C12_C11_1
#define ICC_SGI1R_EL1   S3_0_C12_C11_5
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICH_AP0R0_EL2   S3_4_C12_C8_0
#define ICH_AP1R0_EL2   S3_4_C12_C9_0
#define ICH_HCR_EL2     S3_4_C12_C11_0
#define ICH_VTR_EL2     S3_4_C12_C11_1
#define ICH_MISR_EL2    S3_4_C12_C11_2
#define ICH_EISR_EL2    S3_4_C12_C11_3
#define ICH_ELRSR_EL2   S3_4_C12_C11_5
#define ICH_VMCR_EL2    S3_4_C12_C11_7

#endif
