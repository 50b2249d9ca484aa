/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where do a guest's exceptions go?  Sixteen vectors (Arm ARM DDI 0487, D1.3.1.5) that all save the
 * general registers in a struct guest_frame on the stack and call guest_exception(frame, vector).
 */
#include "guest.h"

    .macro vector, number
    .balign 128
    sub     sp, sp, #FRAME_BYTES
    stp     x0, x1, [sp, #FRAME_X]
    mrs     x0, cntpct_el0
    mov     x1, #\number
    b       enter
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .globl guest_vectors
guest_vectors:
    .set    index, 0
    .rept   16
    vector  index
    .set    index, index + 1
    .endr

    .balign 128
enter:
    str     x0, [sp, #FRAME_COUNTER]
    stp     x2, x3, [sp, #FRAME_X + 16]
    stp     x4, x5, [sp, #FRAME_X + 32]
    stp     x6, x7, [sp, #FRAME_X + 48]
    stp     x8, x9, [sp, #FRAME_X + 64]
    stp     x10, x11, [sp, #FRAME_X + 80]
    stp     x12, x13, [sp, #FRAME_X + 96]
    stp     x14, x15, [sp, #FRAME_X + 112]
    stp     x16, x17, [sp, #FRAME_X + 128]
    stp     x18, x19, [sp, #FRAME_X + 144]
    stp     x20, x21, [sp, #FRAME_X + 160]
    stp     x22, x23, [sp, #FRAME_X + 176]
    stp     x24, x25, [sp, #FRAME_X + 192]
    stp     x26, x27, [sp, #FRAME_X + 208]
    stp     x28, x29, [sp, #FRAME_X + 224]
    mrs     x2, elr_el1
    stp     x30, x2, [sp, #FRAME_X + 240]
    mrs     x2, spsr_el1
    mrs     x3, esr_el1
    stp     x2, x3, [sp, #FRAME_SPSR]
    mrs     x2, far_el1
    str     x2, [sp, #FRAME_FAR]
    mov     x0, sp
    bl      guest_exception
    ldp     x30, x2, [sp, #FRAME_X + 240]
    ldr     x3, [sp, #FRAME_SPSR]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x0, x1, [sp, #FRAME_X]
    ldp     x2, x3, [sp, #FRAME_X + 16]
    ldp     x4, x5, [sp, #FRAME_X + 32]
    ldp     x6, x7, [sp, #FRAME_X + 48]
    ldp     x8, x9, [sp, #FRAME_X + 64]
    ldp     x10, x11, [sp, #FRAME_X + 80]
    ldp     x12, x13, [sp, #FRAME_X + 96]
    ldp     x14, x15, [sp, #FRAME_X + 112]
    ldp     x16, x17, [sp, #FRAME_X + 128]
    ldp     x18, x19, [sp, #FRAME_X + 144]
    ldp     x20, x21, [sp, #FRAME_X + 160]
    ldp     x22, x23, [sp, #FRAME_X + 176]
    ldp     x24, x25, [sp, #FRAME_X + 192]
    ldp     x26, x27, [sp, #FRAME_X + 208]
    ldp     x28, x29, [sp, #FRAME_X + 224]
    add     sp, sp, #FRAME_BYTES
    eret
