/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is the state of one vCPU exchanged for another's?  The EL1 system registers, SP_EL0, PAuth keys and
 * FP/SIMD state; general registers travel through the vectors, timers and interrupts through their
 * drivers.  FP/SIMD is switched eagerly: a lazy switch is a timing channel.
 */
#include <asm/context.h>
#include <asm/core.h>
#include <asm/macros.inc>

    .arch_extension fp

    .macro save_pair first, second, offset
    mrs     x2, \first
    mrs     x3, \second
    stp     x2, x3, [x1, #\offset]
    .endm

    .macro load_pair first, second, offset
    ldp     x2, x3, [x1, #\offset]
    msr     \first, x2
    msr     \second, x3
    .endm

    /* The order of struct vcpu_context from CTX_SYS on. */
    .macro each_system_pair action
    \action sp_el1, elr_el1, 0
    \action spsr_el1, cpacr_el1, 16
    \action ttbr0_el1, ttbr1_el1, 32
    \action esr_el1, afsr0_el1, 48
    \action afsr1_el1, far_el1, 64
    \action mair_el1, vbar_el1, 80
    \action contextidr_el1, amair_el1, 96
    \action cntkctl_el1, par_el1, 112
    \action tpidr_el0, tpidrro_el0, 128
    \action tpidr_el1, csselr_el1, 144
    .endm

    /* APIA, APIB, APDA, APDB, APGA: low, high (Arm ARM D17.2.14 and following), by encoding. */
    .macro each_key_pair action
    \action S3_0_C2_C1_0, S3_0_C2_C1_1, 0
    \action S3_0_C2_C1_2, S3_0_C2_C1_3, 16
    \action S3_0_C2_C2_0, S3_0_C2_C2_1, 32
    \action S3_0_C2_C2_2, S3_0_C2_C2_3, 48
    \action S3_0_C2_C3_0, S3_0_C2_C3_1, 64
    .endm

    .macro each_vector_pair action
    \action q0, q1, [x1, #0]
    \action q2, q3, [x1, #32]
    \action q4, q5, [x1, #64]
    \action q6, q7, [x1, #96]
    \action q8, q9, [x1, #128]
    \action q10, q11, [x1, #160]
    \action q12, q13, [x1, #192]
    \action q14, q15, [x1, #224]
    \action q16, q17, [x1, #256]
    \action q18, q19, [x1, #288]
    \action q20, q21, [x1, #320]
    \action q22, q23, [x1, #352]
    \action q24, q25, [x1, #384]
    \action q26, q27, [x1, #416]
    \action q28, q29, [x1, #448]
    \action q30, q31, [x1, #480]
    .endm

    .section .text.low, "ax"           /* fills the hole before the vector table */

/* void context_save(struct vcpu_context *) */
    .global context_save
context_save:
    mrs     x2, sp_el0
    str     x2, [x0, #CTX_SP_EL0]
    add     x1, x0, #CTX_SYS
    each_system_pair save_pair
    save_pair tcr_el1, sctlr_el1, CTX_TCR - CTX_SYS
    mrs     x4, tpidr_el2
    ldr     w4, [x4, #CORE_HAS_PAUTH]
    cbz     w4, 1f
    add     x1, x0, #CTX_KEYS
    each_key_pair save_pair
1:  mrs     x2, fpsr
    mrs     x3, fpcr
    add     x1, x0, #CTX_FPSR
    stp     x2, x3, [x1], #16
    each_vector_pair stp
    ret

/*
 * void context_load(const struct vcpu_context *, uint64_t vttbr).  Some cores walk tables speculatively at EL2
 * (Cortex-A53 1530924, A57 1319537, A72 1319367, A76 1165522), so EL1's walks are disabled (TCR_EL1.EPD0 and
 * EPD1, SCTLR_EL1.M set) while its registers and VTTBR_EL2 belong to different partitions.
 */
    .global context_load
context_load:
    ldr     x2, =((1 << 23) | (1 << 7))
    msr     tcr_el1, x2
    ldr     x2, =(0x30d00800 | 1)
    msr     sctlr_el1, x2
    isb
    msr     vttbr_el2, x1
    ldr     x2, [x0, #CTX_SP_EL0]
    msr     sp_el0, x2
    add     x1, x0, #CTX_SYS
    each_system_pair load_pair
    ldp     x2, x3, [x0, #CTX_VMPIDR]
    msr     vmpidr_el2, x2
    msr     hcr_el2, x3
    isb
    ldp     x2, x3, [x0, #CTX_TCR]
    msr     tcr_el1, x2
    msr     sctlr_el1, x3
    mrs     x4, tpidr_el2
    ldr     w4, [x4, #CORE_HAS_PAUTH]
    cbz     w4, 1f
    add     x1, x0, #CTX_KEYS
    each_key_pair load_pair
1:  add     x1, x0, #CTX_FPSR
    ldp     x2, x3, [x1], #16
    msr     fpsr, x2
    msr     fpcr, x3
    each_vector_pair ldp
    clrex                              /* nor does the exclusive monitor carry anything over, */
    sevl                               /* nor the event register: set, then consumed */
    wfe
    ret

/* uint64_t firmware_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c, bool hvc): PSCI and SMCCC to
 * the firmware, by the kernel for itself only. */
    .global firmware_call
firmware_call:
    cbnz    w4, 2f
    smc     #0
    ret
2:  hvc     #0
    ret

/* void page_zero(void *page, bool zva): zeroes 4 KiB and cleans it to the point of coherency.  zva: DC ZVA of
 * 64 bytes is usable. */
    .global page_zero
page_zero:
    add     x2, x0, #4096
    cbz     w1, 4f
3:  dc      zva, x0
    dc      civac, x0
    add     x3, x0, #64
    dc      zva, x3
    dc      civac, x3
    add     x0, x0, #128
    cmp     x0, x2
    b.lo    3b
    ret
4:  mov     x3, x0
5:  stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    dc      civac, x3
    add     x3, x3, #64
    cmp     x0, x2
    b.lo    5b
    ret

/* void page_clean(void *page): cleans and invalidates 4 KiB to the point of coherency. */
    .global page_clean
page_clean:
    add     x2, x0, #4096
6:  dc      civac, x0
    add     x0, x0, #64
    cmp     x0, x2
    b.lo    6b
    ret
