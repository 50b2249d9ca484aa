/* SPDX-License-Identifier: Apache-2.0 */
/* How does a guest sit through a switch with nothing but registers?  See leak.h. */
#include "leak.h"

    .macro each_x action, skip_a, skip_b
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    .if (\n != \skip_a) && (\n != \skip_b)
    \action \n, \skip_a
    .endif
    .endr
    .endm

    .macro load_x n, base
    ldr     x\n, [x\base, #LEAK_X + 8 * \n]
    .endm
    .macro store_x n, base
    str     x\n, [x\base, #LEAK_X + 8 * \n]
    .endm

    .macro hold name, a, b
    .globl \name
\name:
    adr     x1, saved
    stp     x18, x19, [x1]
    stp     x20, x21, [x1, #16]
    stp     x22, x23, [x1, #32]
    stp     x24, x25, [x1, #48]
    stp     x26, x27, [x1, #64]
    stp     x28, x29, [x1, #80]
    mov     x2, sp
    stp     x30, x2, [x1, #96]
    str     x0, [x1, #112]

    adr     x\a, leak_want
    add     x\b, x\a, #LEAK_Q
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ldr     q\n, [x\b], #16
    .endr
    ldr     x\b, [x\a, #LEAK_FPCR]
    msr     fpcr, x\b
    ldr     x\b, [x\a, #LEAK_FPSR]
    msr     fpsr, x\b
    ldr     x\b, [x\a, #LEAK_NZCV]
    msr     nzcv, x\b
    ldr     x\b, [x\a, #LEAK_SP]
    mov     sp, x\b
    each_x  load_x, \a, \b
    adr     x\b, saved
    ldr     x\b, [x\b, #112]

    /* The switch happens here.  No instruction touches the flags. */
\name\()_loop:
    mrs     x\a, cntpct_el0
    sub     x\a, x\a, x\b
    tbnz    x\a, #63, \name\()_loop

    adr     x\a, leak_seen
    each_x  store_x, \a, \b
    mov     x\b, sp
    str     x\b, [x\a, #LEAK_SP]
    mrs     x\b, nzcv
    str     x\b, [x\a, #LEAK_NZCV]
    mrs     x\b, fpcr
    str     x\b, [x\a, #LEAK_FPCR]
    mrs     x\b, fpsr
    str     x\b, [x\a, #LEAK_FPSR]
    add     x\b, x\a, #LEAK_Q
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str     q\n, [x\b], #16
    .endr
    adr     x2, leak_want
    ldr     x3, [x2, #LEAK_X + 8 * \a]
    ldr     x4, [x2, #LEAK_X + 8 * \b]
    adr     x2, leak_seen
    str     x3, [x2, #LEAK_X + 8 * \a]
    str     x4, [x2, #LEAK_X + 8 * \b]

    adr     x1, saved
    ldp     x18, x19, [x1]
    ldp     x20, x21, [x1, #16]
    ldp     x22, x23, [x1, #32]
    ldp     x24, x25, [x1, #48]
    ldp     x26, x27, [x1, #64]
    ldp     x28, x29, [x1, #80]
    ldp     x30, x2, [x1, #96]
    mov     sp, x2
    ret
    .endm

    .text
    hold    hold_low, 0, 1
    hold    hold_high, 29, 30

    .data
    .balign 16
    .globl leak_want
leak_want:
    .fill   LEAK_BYTES, 1, 0
    .globl leak_seen
leak_seen:
    .fill   LEAK_BYTES, 1, 0
saved:
    .fill   128, 1, 0
