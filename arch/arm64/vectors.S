/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens at an exception?  The EL2 vector table and the ways back into a guest.
 *
 * Invariants: while a guest runs, SP_EL2 points at its struct vcpu, whose first member is the register
 * context, so that entry needs no scratch register.  EL2 itself runs on the core's stack with every
 * exception masked; ERET is the context synchronisation event of whatever a handler changed.  An
 * exception taken from EL2 is a bug of ours and ends on the emergency stack in panic_exception().
 */
#include <asm/context.h>
#include <asm/core.h>
#include <asm/macros.inc>

    .macro save_guest_registers from
    .if \from == 0
    stp     x0, x1, [sp, #CTX_X]
    .endif
    stp     x2, x3, [sp, #CTX_X + 16]
    stp     x4, x5, [sp, #CTX_X + 32]
    stp     x6, x7, [sp, #CTX_X + 48]
    stp     x8, x9, [sp, #CTX_X + 64]
    stp     x10, x11, [sp, #CTX_X + 80]
    stp     x12, x13, [sp, #CTX_X + 96]
    stp     x14, x15, [sp, #CTX_X + 112]
    stp     x16, x17, [sp, #CTX_X + 128]
    stp     x18, x19, [sp, #CTX_X + 144]
    stp     x20, x21, [sp, #CTX_X + 160]
    stp     x22, x23, [sp, #CTX_X + 176]
    stp     x24, x25, [sp, #CTX_X + 192]
    stp     x26, x27, [sp, #CTX_X + 208]
    stp     x28, x29, [sp, #CTX_X + 224]
    str     x30, [sp, #CTX_X + 240]
    .endm

    .macro load_guest_registers from
    ldp     x4, x5, [sp, #CTX_X + 32]
    ldp     x6, x7, [sp, #CTX_X + 48]
    ldp     x8, x9, [sp, #CTX_X + 64]
    ldp     x10, x11, [sp, #CTX_X + 80]
    ldp     x12, x13, [sp, #CTX_X + 96]
    ldp     x14, x15, [sp, #CTX_X + 112]
    ldp     x16, x17, [sp, #CTX_X + 128]
    ldp     x18, x19, [sp, #CTX_X + 144]
    ldp     x20, x21, [sp, #CTX_X + 160]
    ldp     x22, x23, [sp, #CTX_X + 176]
    ldp     x24, x25, [sp, #CTX_X + 192]
    ldp     x26, x27, [sp, #CTX_X + 208]
    ldp     x28, x29, [sp, #CTX_X + 224]
    ldr     x30, [sp, #CTX_X + 240]
    .if \from == 0
    ldp     x2, x3, [sp, #CTX_X + 16]
    ldp     x0, x1, [sp, #CTX_X]
    .endif
    .endm

    /* A vector may not outgrow its 32 instructions: the next .org would move backwards and fail. */
    .macro vector offset
    .org    vectors + \offset
    .endm

    /* An exception that must not happen.  x0 and x1 are parked in guest registers: nobody returns. */
    .macro unexpected index
    msr     tpidrro_el0, x0
    msr     tpidr_el1, x1
    mov     x1, #\index
    b       panic_entry
    .endm

    /*
     * After the guest's registers are saved: harden the predictors against what the guest trained,
     * move to the core's stack.  Leaves x19 = vcpu, x20 = core.
     */
    .macro enter_kernel
    mov     x19, sp
    mrs     x20, tpidr_el2
    ldr     w21, [x20, #CORE_MITIGATION]
    cbnz    w21, 8f
9:  mrs     x21, elr_el2
    mrs     x22, spsr_el2
    stp     x21, x22, [x19, #CTX_PC]
    ldr     x21, [x20, #CORE_STACK_TOP]
    mov     sp, x21
    .subsection 1
    /* Branch history: rounds of eight taken branches (mitigation.c); then CVE-2017-5715 by firmware
     * where the CPU lacks CSV2 (DEN 0070: clobbers x0-x3 at most, all saved). */
8:  and     w22, w21, #0xff            /* at least one */
6:  .rept   7
    b       . + 4
    .endr
    subs    w22, w22, #1
    b.ne    6b
    dsb     nsh
    isb
    tbz     w21, #31, 9b
    mov     w0, #0x8000
    movk    w0, #0x8000, lsl #16
    smc     #0
    b       9b
    .previous
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    /* From EL2 on SP_EL0: this kernel never selects it. */
    vector  0x000
    unexpected 0
    vector  0x080
    unexpected 1
    vector  0x100
    unexpected 2
    vector  0x180
    unexpected 3

    /* From EL2 on SP_EL2: our own fault, stack overflow into a guard page included. */
    vector  0x200
    unexpected 4
    /* IRQ and FIQ are masked throughout EL2. */
    vector  0x280
    unexpected 5
    vector  0x300
    unexpected 6
    /* SError: expected only inside serror_take(). */
    vector  0x380
    msr     tpidrro_el0, x0
    msr     tpidr_el1, x1
    mrs     x0, elr_el2
    adr_l   x1, serror_take
    sub     x0, x0, x1
    cmp     x0, #(serror_take_end - serror_take)
    b.hs    1f
    mrs     x0, tpidrro_el0
    mrs     x1, tpidr_el1
    eret
    dsb     nsh
    isb
1:  mrs     x0, tpidrro_el0
    mrs     x1, tpidr_el1
    unexpected 7

    /* From EL1 or EL0 of a guest: HVC, SMC, trapped register, stage-2 abort, WFI. */
    vector  0x400
    save_guest_registers 0
guest_trap:
    enter_kernel
    mov     x0, x19
    bl      trap
    b       guest_trapped
    /* IRQ: the guard timer, a guest's own timer, an assigned device.  The entry time comes first. */
    vector  0x480
    stp     x0, x1, [sp, #CTX_X]
    mrs     x0, cntpct_el0
    mrs     x1, tpidr_el2
    str     x0, [x1, #CORE_ENTRY]
    save_guest_registers 1
    b       guest_irq
    /* FIQ: the non-secure world has no group 0 interrupts. */
    vector  0x500
    unexpected 10
    /* SError while a guest runs: charged to it. */
    vector  0x580
    save_guest_registers 0
    b       guest_trap

    /* EL1 in AArch32: HCR_EL2.RW is always 1. */
    vector  0x600
    unexpected 12
    vector  0x680
    unexpected 13
    vector  0x700
    unexpected 14
    vector  0x780
    unexpected 15
    .org    vectors + 0x800

guest_trapped:
    /* x0: true = go on with this vCPU, false = it is no longer runnable. */
    cbz     w0, guest_stopped
guest_return:
    /* What arrived during the handler is taken without a round trip through the guest. */
    mrs     x1, isr_el1
    tst     x1, #0xc0
    b.ne    guest_irq_pending
    mov     sp, x19
    ldp     x0, x1, [sp, #CTX_PC]
    msr     elr_el2, x0
    msr     spsr_el2, x1
    load_guest_registers 0
    eret
    dsb     nsh                        /* no speculation past ERET */
    isb

guest_irq_pending:
    mrs     x0, cntpct_el0
    str     x0, [x20, #CORE_ENTRY]
    b       1f
guest_irq:
    enter_kernel
1:  mov     x0, x19
    bl      core_irq
    /* x0: NULL = go on with this vCPU, else the one to release. */
    cbz     x0, guest_return
    b       release_vcpu
guest_stopped:
    mov     x0, x19
    bl      core_vcpu_stopped
    b       release_vcpu

    .section .text.low, "ax"           /* below the table, which leaves room there */

/*
 * Releases vcpu x0 at its instant: everything is restored but x0-x3, then wait, then go.  The wait
 * polls the counter; its loop is four instructions long, so it ends 0 to 3 instructions late by chance.
 * The lateness in counter ticks chooses the entry into a row of NOPs, after which every path has taken
 * the same time (a counter slower than the CPU cannot show the difference and enters at the top).
 * Also the way in for the first window.
 */
    .global release_vcpu
release_vcpu:
    ldp     x1, x2, [x0, #CTX_PC]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    mrs     x3, tpidr_el2
    mov     sp, x0
    load_guest_registers 1
    ldr     x1, [x3, #CORE_RELEASE]
1:  isb
    mrs     x0, cntpct_el0
    subs    x2, x0, x1
    b.mi    1b
    and     x2, x2, #3                 /* later than that is late: no phase to remove */
    adr     x0, 2f
    add     x0, x0, x2, lsl #2
    br      x0
2:  nop
    nop
    nop
    mrs     x0, cntpct_el0             /* what the report calls measured: RELEASE_TAIL_NS before the guest */
    str     x0, [x3, #CORE_RELEASED]
    ldp     x2, x3, [sp, #CTX_X + 16]
    ldp     x0, x1, [sp, #CTX_X]
    eret
    dsb     nsh
    isb

panic_entry:
    /* x0 is in TPIDRRO_EL0, x1 in TPIDR_EL1, x1 = vector index. */
    mrs     x0, tpidr_el2
    cbz     x0, .
    ldr     x0, [x0, #CORE_EMERGENCY]
    sub     x0, x0, #272
    stp     x2, x3, [x0, #16]
    stp     x4, x5, [x0, #32]
    stp     x6, x7, [x0, #48]
    stp     x8, x9, [x0, #64]
    stp     x10, x11, [x0, #80]
    stp     x12, x13, [x0, #96]
    stp     x14, x15, [x0, #112]
    stp     x16, x17, [x0, #128]
    stp     x18, x19, [x0, #144]
    stp     x20, x21, [x0, #160]
    stp     x22, x23, [x0, #176]
    stp     x24, x25, [x0, #192]
    stp     x26, x27, [x0, #208]
    stp     x28, x29, [x0, #224]
    mov     x2, sp
    stp     x30, x2, [x0, #240]
    mrs     x2, tpidrro_el0
    mrs     x3, tpidr_el1
    stp     x2, x3, [x0]
    mov     sp, x0
    bl      panic_exception
    b       .

/* Lets one pending SError be taken, here and nowhere else (Arm ARM D1.3.6).  Guest EL1 registers are
 * saved by then. */
    .global serror_take
serror_take:
    msr     daifclr, #4
    isb
    nop
    msr     daifset, #4
    isb
serror_take_end:
    ret
