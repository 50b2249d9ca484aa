/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What are a guest's first instructions?  A branch over the parameter block, a record of all
 * registers as they were found (guests/leak looks for other partitions' values in them), then the
 * C environment.
 */
#include "guest.h"

    .section .text.start, "ax"
    .globl _start
_start:
    b       begin
    .word   0
    .globl guest_params
guest_params:
    .quad   GUEST_PARAMS_MAGIC
    .quad   0, 0, 0, 0, 0, 0, 0

    /* x30 must be 0; only whether it was survives, since a base register is needed. */
begin:
    cbnz    x30, 1f
    adr     x30, guest_boot
    stp     x0, x1, [x30, #BOOT_X]
    mrs     x0, cntpct_el0
    str     x0, [x30, #BOOT_COUNTER]
    b       2f
1:  adr     x30, guest_boot
    stp     x0, x1, [x30, #BOOT_X]
    mov     x0, #1
    str     x0, [x30, #BOOT_X + 240]
2:  stp     x2, x3, [x30, #BOOT_X + 16]
    stp     x4, x5, [x30, #BOOT_X + 32]
    stp     x6, x7, [x30, #BOOT_X + 48]
    stp     x8, x9, [x30, #BOOT_X + 64]
    stp     x10, x11, [x30, #BOOT_X + 80]
    stp     x12, x13, [x30, #BOOT_X + 96]
    stp     x14, x15, [x30, #BOOT_X + 112]
    stp     x16, x17, [x30, #BOOT_X + 128]
    stp     x18, x19, [x30, #BOOT_X + 144]
    stp     x20, x21, [x30, #BOOT_X + 160]
    stp     x22, x23, [x30, #BOOT_X + 176]
    stp     x24, x25, [x30, #BOOT_X + 192]
    stp     x26, x27, [x30, #BOOT_X + 208]
    stp     x28, x29, [x30, #BOOT_X + 224]
    mov     x0, sp
    mrs     x1, nzcv
    stp     x0, x1, [x30, #BOOT_SP]
    mrs     x0, daif
    mrs     x1, cpacr_el1
    stp     x0, x1, [x30, #BOOT_DAIF]
    mrs     x0, vbar_el1
    str     x0, [x30, #BOOT_VBAR]

    /* CPACR_EL1.FPEN (Arm ARM DDI 0487, D17.2.30): FP and SIMD at EL1 and EL0. */
    mov     x0, #(3 << 20)
    msr     cpacr_el1, x0
    isb
    mrs     x0, fpcr
    mrs     x1, fpsr
    str     x0, [x30, #BOOT_FPCR]
    str     x1, [x30, #BOOT_FPSR]
    add     x0, x30, #BOOT_Q
    .macro store_q, a, b
    stp     q\a, q\b, [x0], #32
    .endm
    store_q 0, 1
    store_q 2, 3
    store_q 4, 5
    store_q 6, 7
    store_q 8, 9
    store_q 10, 11
    store_q 12, 13
    store_q 14, 15
    store_q 16, 17
    store_q 18, 19
    store_q 20, 21
    store_q 22, 23
    store_q 24, 25
    store_q 26, 27
    store_q 28, 29
    store_q 30, 31

    adr     x0, guest_vectors
    msr     vbar_el1, x0
    isb
    ldr     x0, =guest_stack_top
    mov     sp, x0
    ldr     x0, =guest_bss_begin
    ldr     x1, =guest_stack_begin
3:  cmp     x0, x1
    b.hs    4f
    stp     xzr, xzr, [x0], #16
    b       3b
4:  mov     x29, xzr
    bl      main
    adr     x0, main_returned
    bl      guest_stop

    .section .rodata, "a"
main_returned:
    .asciz  "main returned"

    .section .data, "aw"
    .balign 16
    .globl guest_boot
guest_boot:
    .fill   BOOT_BYTES, 1, 0
