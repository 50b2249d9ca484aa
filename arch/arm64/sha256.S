/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How are blocks hashed on a CPU that has the SHA-256 instructions?  Arm ARM DDI 0487, C7.2: SHA256H
 * and SHA256H2 do four rounds, SHA256SU0 and SHA256SU1 make four words of the message schedule.
 * Start-up only: a guest's FP/SIMD registers do not exist yet.
 */
        .arch   armv8-a+crypto

/* Four rounds with the words in w0; they become the words of four rounds after the next three. */
.macro four_rounds w0, w1, w2, w3, more
        ld1     {v16.4s}, [x5], #16
        add     v16.4s, v16.4s, \w0\().4s
        mov     v17.16b, v0.16b
.if \more
        sha256su0 \w0\().4s, \w1\().4s
.endif
        sha256h q0, q1, v16.4s
        sha256h2 q1, q17, v16.4s
.if \more
        sha256su1 \w0\().4s, \w2\().4s, \w3\().4s
.endif
.endm

.macro sixteen_rounds more
        four_rounds v4, v5, v6, v7, \more
        four_rounds v5, v6, v7, v4, \more
        four_rounds v6, v7, v4, v5, \more
        four_rounds v7, v4, v5, v6, \more
.endm

/* void sha256_blocks_crypto(x0: uint32_t state[8], x1: blocks, x2: count, x3: round constants) */
        .section .text.sha256_blocks_crypto, "ax"
        .balign 4
        .global sha256_blocks_crypto
        .type   sha256_blocks_crypto, %function
sha256_blocks_crypto:
        ld1     {v0.4s, v1.4s}, [x0]
1:      cbz     x2, 2f
        sub     x2, x2, #1
        mov     x5, x3
        mov     v2.16b, v0.16b
        mov     v3.16b, v1.16b
        ld1     {v4.16b, v5.16b, v6.16b, v7.16b}, [x1], #64
        rev32   v4.16b, v4.16b
        rev32   v5.16b, v5.16b
        rev32   v6.16b, v6.16b
        rev32   v7.16b, v7.16b
        sixteen_rounds 1
        sixteen_rounds 1
        sixteen_rounds 1
        sixteen_rounds 0
        add     v0.4s, v0.4s, v2.4s
        add     v1.4s, v1.4s, v3.4s
        b       1b
2:      st1     {v0.4s, v1.4s}, [x0]
        ret
        .size   sha256_blocks_crypto, . - sha256_blocks_crypto
