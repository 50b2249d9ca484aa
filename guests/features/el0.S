/* SPDX-License-Identifier: Apache-2.0 */
/* How does the guest call a function at EL0?  By ERET there and SVC back. */

    .text
/* uint64_t el0_call(function, argument, stack, pstate) */
    .globl  el0_call
el0_call:
    stp     x29, x30, [sp, #-16]!
    msr     elr_el1, x0
    msr     spsr_el1, x3
    msr     sp_el0, x2
    mov     x0, x1
    adr     x30, el0_return
    isb
    eret
el0_return:
    svc     #0x5a5
/* Where the handler of that SVC goes on, at EL1. */
    .globl  el0_back
el0_back:
    ldp     x29, x30, [sp], #16
    ret
