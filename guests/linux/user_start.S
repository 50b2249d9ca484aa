/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where does a program without a C library begin?  And which of its SIMD registers are still its
 * own?  The compiler uses none of them here, so what is filled in stays until somebody else writes.
 */
    .text
    .globl _start
_start:
    mov     x29, #0
    mov     x30, #0
    mov     x0, sp
    bl      user_main
    brk     #0

/* Both halves of register n hold seed + n. */
    .globl simd_fill
simd_fill:
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add     x1, x0, #\n
    dup     v\n\().2d, x1
    .endr
    ret

    .globl simd_differing
simd_differing:
    mov     x4, #0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add     x1, x0, #\n
    umov    x2, v\n\().d[0]
    umov    x3, v\n\().d[1]
    cmp     x2, x1
    ccmp    x3, x1, #0, eq
    cinc    x4, x4, ne
    .endr
    mov     x0, x4
    ret
