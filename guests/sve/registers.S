/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a program reach the vector registers?  C is compiled without them, so what is written here
 * stays until it is read again, whatever C does in between.
 */
    .arch_extension sve

    .macro each_vector action
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \action \n
    .endr
    .endm
    .macro each_predicate action
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    \action \n
    .endr
    .endm

    .macro store_z n
    str     z\n, [x0, #\n, mul vl]
    .endm
    .macro load_z n
    ldr     z\n, [x0, #\n, mul vl]
    .endm
    .macro store_p n
    str     p\n, [x0, #\n, mul vl]
    .endm
    .macro load_p n
    ldr     p\n, [x0, #\n, mul vl]
    .endm
    .macro store_q n
    str     q\n, [x0, #16 * \n]
    .endm
    .macro load_q n
    ldr     q\n, [x0, #16 * \n]
    .endm

    .text
/* P0 is put back: reading changes nothing. */
    .globl  sve_read
sve_read:
    each_vector store_z
    addvl   x0, x0, #31
    addvl   x0, x0, #1
    each_predicate store_p
    rdffr   p0.b
    str     p0, [x0, #16, mul vl]
    ldr     p0, [x0]
    ret

    .globl  sve_write
sve_write:
    each_vector load_z
    addvl   x0, x0, #31
    addvl   x0, x0, #1
    ldr     p0, [x0, #16, mul vl]
    wrffr   p0.b
    each_predicate load_p
    ret

    .globl  sve_vector_bytes
sve_vector_bytes:
    rdvl    x0, #1
    ret

    .globl  simd_read
simd_read:
    each_vector store_q
    ret

    .globl  simd_write
simd_write:
    each_vector load_q
    ret
