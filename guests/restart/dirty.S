/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition leave nothing of itself intact?  See restart.h.  No memory is read and no
 * stack used: they are gone while this runs.
 */
    .section .text.dirty, "ax"
    .balign 16
    .globl dirty_and_reset
dirty_and_reset:
    adr     x3, dirty_and_reset
    adr     x4, dirty_end
    movz    x5, #0xd1d1
    movk    x5, #0xd1d1, lsl #16
    movk    x5, #0xd1d1, lsl #32
    movk    x5, #0xd1d1, lsl #48
1:  cmp     x0, x3
    b.hs    2f
    str     x5, [x0], #8
    b       1b
2:  mov     x0, x4
3:  cmp     x0, x1
    b.hs    4f
    str     x5, [x0], #8
    b       3b
4:  mov     sp, x5
    msr     sp_el0, x5
    msr     vbar_el1, x5
    msr     tpidr_el1, x5
    msr     elr_el1, x5
    msr     spsr_el1, x5
    .irp n, 6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov     x\n, x5
    .endr
    movz    w0, #9                  /* PSCI SYSTEM_RESET (DEN 0022, 5.11) */
    movk    w0, #0x8400, lsl #16
    cbnz    x2, 5f
    hvc     #0
    b       .
5:  smc     #0
    b       .
    .balign 16
dirty_end:
