/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does CPU 1 begin, and how does code run at EL0?  CPU 1's entry notes what PSCI promises about
 * it and goes to second_main() with a stack of its own.  EL0 code runs with the MMU off and comes
 * back through a vector table of its own, with its first exception.
 */
#include "conformance.h"

    .text
    .globl second_begin
second_begin:
    adr     x9, second_entry
    str     x0, [x9, #ENTRY_X0]
    mrs     x0, mpidr_el1
    mrs     x1, currentel
    stp     x0, x1, [x9, #ENTRY_MPIDR]
    mrs     x0, daif
    mrs     x1, sctlr_el1
    stp     x0, x1, [x9, #ENTRY_DAIF]
    adr     x0, guest_vectors
    msr     vbar_el1, x0
    mov     x0, #(3 << 20)          /* CPACR_EL1.FPEN */
    msr     cpacr_el1, x0
    isb
    ldr     x0, =second_stack_top
    mov     sp, x0
    dsb     sy
    ldr     x0, [x9, #ENTRY_COUNT]  /* last: the rest is there now */
    add     x0, x0, #1
    str     x0, [x9, #ENTRY_COUNT]
    mov     x29, xzr
    mov     x30, xzr
    b       second_main

/* void el0_run(const void *code, uint64_t x0, struct el0_result *result) */
    .globl el0_run
el0_run:
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    mrs     x3, vbar_el1
    stp     x2, x3, [sp, #96]
    adr     x3, el0_vectors
    msr     vbar_el1, x3
    msr     elr_el1, x0
    mov     x0, #0x3c0              /* EL0t, everything masked */
    msr     spsr_el1, x0
    mov     x0, x1
    isb
    eret

    .macro elsewhere index
    .balign 128
    b       guest_vectors + \index * 128
    .endm

    .balign 2048
el0_vectors:
    .irp    index, 0, 1, 2, 3, 4, 5, 6, 7
    elsewhere \index
    .endr
    .balign 128                     /* synchronous, from EL0 */
    ldp     x2, x3, [sp, #96]
    msr     vbar_el1, x3
    isb
    mrs     x1, esr_el1
    stp     x1, x0, [x2]            /* struct el0_result */
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    ret
    .irp    index, 9, 10, 11, 12, 13, 14, 15
    elsewhere \index
    .endr

    .bss
    .balign 16
    .skip   4096
second_stack_top:
