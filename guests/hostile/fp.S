/* SPDX-License-Identifier: Apache-2.0 */
/* Which attacks need instructions that C does not have here?  FP and exclusive accesses. */
    .text
    .globl attack_fp
attack_fp:
    mrs     x0, cntpct_el0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    dup     v\n\().2d, x0
    fadd    v\n\().2d, v\n\().2d, v\n\().2d
    .endr
    mov     x0, #-1
    msr     fpsr, x0
    ret

    /* Leaves the monitor armed: the MMU is on for it, since exclusives need normal memory. */
    .globl attack_exclusive
attack_exclusive:
    stp     x29, x30, [sp, #-16]!
    bl      mmu_on
    adr     x0, word
    mov     x2, #64
1:  ldxr    x1, [x0]
    stxr    w3, x1, [x0]
    ldaxr   x1, [x0]
    subs    x2, x2, #1
    b.ne    1b
    bl      mmu_off
    ldp     x29, x30, [sp], #16
    ret

    .data
    .balign 8
word:
    .quad   0
