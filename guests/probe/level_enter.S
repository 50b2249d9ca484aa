/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does the probe see an exception exactly as the core, or EL2, delivers it?  A vector table of
 * its own records vector, ESR, ELR, SPSR and FAR, then takes an SVC on purpose: what that saves in
 * SPSR_EL1 is the PSTATE of the first handler.  Nothing before the SVC changes the flags.
 */
#include "probe.h"

    .macro entry offset
    .org    level_vectors + \offset
    msr     tpidr_el1, x0
    mov     x0, #\offset
    b       level_entry
    .endm

    .section .text.level, "ax"
    .balign 2048
level_vectors:
    entry   0x000
    entry   0x080
    entry   0x100
    entry   0x180
    entry   0x200
    entry   0x280
    entry   0x300
    entry   0x380
    entry   0x400
    entry   0x480
    entry   0x500
    entry   0x580
    entry   0x600
    entry   0x680
    entry   0x700
    entry   0x780
    .org    level_vectors + 0x800

level_entry:
    msr     contextidr_el1, x1
    adr     x1, level_current
    ldr     x1, [x1]
    ldr     x2, [x1, #RUN_HANDLER]
    cbnz    x2, second
    str     x0, [x1, #RUN_VECTOR]
    mrs     x0, esr_el1
    mrs     x2, elr_el1
    stp     x0, x2, [x1, #RUN_ESR]
    mrs     x0, spsr_el1
    mrs     x2, far_el1
    stp     x0, x2, [x1, #RUN_SPSR]
    mrs     x0, tpidr_el1
    str     x0, [x1, #RUN_X0]
    mov     x2, #1
    str     x2, [x1, #RUN_HANDLER]
    svc     #0
second:
    mrs     x2, spsr_el1
    str     x2, [x1, #RUN_HANDLER]
    ldr     x0, [x1, #RUN_SAVED]
    msr     spsel, #1
    mov     sp, x0
    ldr     x2, [sp, #96]
    msr     vbar_el1, x2
    isb
    ldp     x19, x20, [sp]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    add     sp, sp, #112
    msr     daifset, #0xf
    ret

/* void level_enter(struct level_run *) */
    .globl  level_enter
level_enter:
    sub     sp, sp, #112
    stp     x19, x20, [sp]
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    mrs     x2, vbar_el1
    str     x2, [sp, #96]
    mov     x2, sp
    str     x2, [x0, #RUN_SAVED]
    str     xzr, [x0, #RUN_HANDLER]
    adr     x2, level_current
    str     x0, [x2]
    adr     x2, level_vectors
    msr     vbar_el1, x2
    ldp     x2, x3, [x0, #RUN_PC]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldr     x2, [x0, #RUN_SP_EL0]
    msr     sp_el0, x2
    ldr     x0, [x0, #RUN_X0]
    isb
    eret

    .section .data.level, "aw"
    .balign 8
level_current:
    .quad   0
