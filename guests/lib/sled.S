/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a guest see its release to the instruction?  sled(uint64_t value[28]) reads the counter
 * 28 times with nothing in between and stores afterwards: a partition that is switched out here
 * finds in the first value behind the gap the instant of its window's very first instruction.
 */
    .text
    .globl sled
sled:
    stp     x29, x30, [sp, #-112]!
    stp     x18, x19, [sp, #16]
    stp     x20, x21, [sp, #32]
    stp     x22, x23, [sp, #48]
    stp     x24, x25, [sp, #64]
    stp     x26, x27, [sp, #80]
    str     x28, [sp, #96]
    mov     x28, x0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27
    mrs     x\n, cntpct_el0
    .endr
    stp     x0, x1, [x28]
    stp     x2, x3, [x28, #16]
    stp     x4, x5, [x28, #32]
    stp     x6, x7, [x28, #48]
    stp     x8, x9, [x28, #64]
    stp     x10, x11, [x28, #80]
    stp     x12, x13, [x28, #96]
    stp     x14, x15, [x28, #112]
    stp     x16, x17, [x28, #128]
    stp     x18, x19, [x28, #144]
    stp     x20, x21, [x28, #160]
    stp     x22, x23, [x28, #176]
    stp     x24, x25, [x28, #192]
    stp     x26, x27, [x28, #208]
    ldp     x18, x19, [sp, #16]
    ldp     x20, x21, [sp, #32]
    ldp     x22, x23, [sp, #48]
    ldp     x24, x25, [sp, #64]
    ldp     x26, x27, [sp, #80]
    ldr     x28, [sp, #96]
    ldp     x29, x30, [sp], #112
    ret

/*
 * uint64_t chunk(void): about 200 instructions that touch nothing, then the counter: the step of
 * coarse polling, always equally long.
 */
    .balign 64
    .globl chunk
chunk:
    mov     x1, #100
1:  subs    x1, x1, #1
    b.ne    1b
    mrs     x0, cntpct_el0
    ret
