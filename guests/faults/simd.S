/* SPDX-License-Identifier: Apache-2.0 */
/* A 16-byte load: C code here has no SIMD. */
    .text
    .globl fault_simd_insn
fault_simd_insn:
    ldr     q0, [x0]
    ret
