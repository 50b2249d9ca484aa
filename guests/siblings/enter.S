/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a sibling begin?  With nothing, at one of two entry points that CPU_ON names.  What it found
 * stays in registers until it sees memory as vCPU 0 does, through caches and vCPU 0's table; then it is
 * noted, the count of entries last, and sibling_main(index) goes on with a stack of its own.
 */
#include "siblings.h"

    .text
    .globl  sibling_enter, sibling_enter_too
sibling_enter_too:
    mov     x25, #1
    b       1f
sibling_enter:
    mov     x25, #0
1:  mov     x20, x0
    mrs     x21, mpidr_el1
    mrs     x22, currentel
    mrs     x23, daif
    mrs     x24, sctlr_el1
    ldr     x0, =GUEST_MAIR
    msr     mair_el1, x0
    ldr     x0, =GUEST_TCR
    msr     tcr_el1, x0
    ldr     x0, =guest_page_table
    msr     ttbr0_el1, x0
    isb
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    mov     x0, #(1 << 0 | 1 << 2)  /* SCTLR_EL1.M, C, I */
    orr     x0, x0, #(1 << 12)
    orr     x0, x24, x0
    msr     sctlr_el1, x0
    mov     x0, #(3 << 20)          /* CPACR_EL1.FPEN */
    msr     cpacr_el1, x0
    adr     x0, guest_vectors
    msr     vbar_el1, x0
    isb
    and     x19, x21, #(VCPUS_MAX - 1)
    ldr     x0, =sibling_stacks
    add     x1, x19, #1
    add     x0, x0, x1, lsl #SIBLING_STACK_SHIFT
    mov     sp, x0
    ldr     x0, =sibling_found
    mov     x1, #FOUND_BYTES
    madd    x0, x19, x1, x0
    stp     x20, x21, [x0, #FOUND_X0]
    stp     x22, x23, [x0, #FOUND_CURRENT_EL]
    stp     x24, x25, [x0, #FOUND_SCTLR]
    dmb     ish
    ldr     x1, [x0, #FOUND_COUNT]
    add     x1, x1, #1
    str     x1, [x0, #FOUND_COUNT]
    mov     x0, x19
    mov     x29, xzr
    mov     x30, xzr
    b       sibling_main

    .section .bss.siblings, "aw", %nobits
    .balign 16
sibling_stacks:
    .skip   VCPUS_MAX << SIBLING_STACK_SHIFT
