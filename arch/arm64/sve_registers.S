/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How are the scalable vector registers moved to memory and back?  Z0 to Z31, P0 to P15 and FFR, whole, at the
 * vector length that ZCR_EL2.LEN sets (Arm ARM DDI 0487, B1.2, "SVE register file"): 32 vectors, then 17 predicates of an eighth
 * of that each, without gaps.
 *
 * Invariants: straight lines, so the number of instructions is the same whatever a guest did and however long
 * vectors are; only the bytes that each moves grow with the length.  What is left behind by sve_save is zero: no
 * speculation finds it in a partition that has the instructions trapped.  The caller has CPTR_EL2.TZ = 0 and
 * ZCR_EL2 set and synchronised (arch/arm64/sve.c).
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
    .macro clear_z n
    mov     z\n\().b, #0
    .endm
    .macro store_p n
    str     p\n, [x0, #\n, mul vl]
    .endm
    .macro load_p n
    ldr     p\n, [x0, #\n, mul vl]
    .endm
    .macro clear_p n
    pfalse  p\n\().b
    .endm

    /* From the vectors to the predicates; ADDVL reaches 31 at most (C8.2.10). */
    .macro skip_vectors
    addvl   x0, x0, #31
    addvl   x0, x0, #1
    .endm

    .section .text.sve, "ax"

/* void sve_save(void *registers), and clears them. */
    .global sve_save
sve_save:
    each_vector store_z
    skip_vectors
    each_predicate store_p
    rdffr   p0.b
    str     p0, [x0, #16, mul vl]
/* void sve_clear(void) */
    .global sve_clear
sve_clear:
    each_vector clear_z
    each_predicate clear_p
    wrffr   p0.b
    ret

/* void sve_load(const void *registers) */
    .global sve_load
sve_load:
    each_vector load_z
    skip_vectors
    ldr     p0, [x0, #16, mul vl]      /* FFR comes and goes through a predicate */
    wrffr   p0.b
    each_predicate load_p
    ret

/* uint64_t sve_vector_bytes(void) */
    .global sve_vector_bytes
sve_vector_bytes:
    rdvl    x0, #1
    ret
