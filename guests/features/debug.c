/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are breakpoints, watchpoints and single step the partition's own?  They begin disabled, keep
 * their settings over its windows, and stop what it executes and accesses, at EL0 and EL1, after it
 * was away as before.  One that has none executes the same code at the same addresses undisturbed.
 *
 * QEMU 7.2 has no claim tags, so nothing is asked of them.  Registers and exceptions: Arm ARM DDI
 * 0487, D2, D17.3 and D17.2.37.
 */
#include "features.h"

#define MDSCR_SS      BIT(0)
#define MDSCR_TDCC    BIT(12)
#define MDSCR_KDE     BIT(13)
#define MDSCR_HDE     BIT(14)
#define MDSCR_MDE     BIT(15)
#define PSTATE_SS     BIT(21)
#define OSLSR_OPEN    UINT64_C(0x8)
#define OSLSR_LOCKED  UINT64_C(0xa)
#define BCR_ON        (BIT(0) | 0xfU << 5)
#define BCR_EL1       (1U << 1)
#define BCR_EL0       (2U << 1)
#define BCR_LINKED    (1U << 20)
#define BCR_CONTEXT   (3U << 20) /* linked context */
#define BCR_VMID      (8U << 20)
#define BCR_LBN(n)    ((uint64_t)(n) << 16)
#define WCR_ON        (BIT(0) | 0xffU << 5)
#define WCR_STORE     (2U << 3)
#define EC_SHIFT      26
#define EC_BREAK_EL0  0x30U
#define EC_BREAK_EL1  0x31U
#define EC_STEP_EL0   0x32U
#define EC_WATCH_EL1  0x35U
#define QUIET_WINDOWS 40U

#define EACH_BREAK(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define EACH_WATCH(DO) DO(0) DO(1) DO(2) DO(3)
#define BREAKS         6U
#define WATCHES        4U

static volatile uint64_t watched[2] __attribute__((aligned(16)));

static volatile struct {
    uint64_t count;
    uint64_t ec;
    uint64_t elr;
    uint64_t far;
} caught;

/* Debug exceptions: noted, and what raised them is taken back; a step is followed by the next one.
 */
static bool on_debug(struct guest_frame *frame, uint64_t vector unused)
{
    uint64_t ec = frame->esr >> EC_SHIFT & 0x3fU;

    if (ec < EC_BREAK_EL0 || ec > EC_WATCH_EL1) {
        return false;
    }
    caught.count++;
    caught.ec = ec;
    caught.elr = frame->elr;
    caught.far = frame->far;
    if (ec == EC_STEP_EL0) {
        frame->spsr |= PSTATE_SS;
    } else {
        sysreg_write(dbgbcr0_el1, 0);
        sysreg_write(dbgwcr0_el1, 0);
        isb();
    }
    return true;
}

static __attribute__((noinline)) void target(void)
{
    insn("nop");
}

/* In assembly, since the number of its instructions matters: nine, of which EL2 emulates one. */
uint64_t debug_steps(uint64_t argument);
__asm__(".text\n .globl debug_steps\n"
        "debug_steps: mov x1, #3\n"
        "1: add x0, x0, #1\n"
        "subs x1, x1, #2\n"
        "b.gt 1b\n"
        "mrs x2, mdccsr_el0\n"
        "ret\n");
#define STEPS 9U /* mov, twice the loop, mrs, ret */

static void quiet(void)
{
    sysreg_write(mdscr_el1, 0);
#define OFF(n) sysreg_write(dbgbcr##n##_el1, 0);
    EACH_BREAK(OFF)
#undef OFF
#define OFF(n) sysreg_write(dbgwcr##n##_el1, 0);
    EACH_WATCH(OFF)
#undef OFF
    isb();
    caught.count = 0;
    caught.ec = 0;
}

/* MDE and KDE, debug exceptions unmasked. */
static void arm(void)
{
    sysreg_write(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
    insn("msr daifclr, #8");
    isb();
}

static void disarm(void)
{
    insn("msr daifset, #8");
    isb();
}

static uint64_t remains(void)
{
    uint64_t wrong = sysreg_read(mdscr_el1);

    wrong |= sysreg_read(osdlr_el1) | (sysreg_read(oslsr_el1) ^ OSLSR_OPEN);
#define ADD(n) wrong |= sysreg_read(dbgbvr##n##_el1) | sysreg_read(dbgbcr##n##_el1);
    EACH_BREAK(ADD)
#undef ADD
#define ADD(n) wrong |= sysreg_read(dbgwvr##n##_el1) | sysreg_read(dbgwcr##n##_el1);
    EACH_WATCH(ADD)
#undef ADD
    return wrong;
}

static uint64_t own(unsigned int index)
{
    return own_number() * 0x10000U + index * 0x100U;
}

void debug_keep(void)
{
    quiet();
#define WRITE(n)                                                                                   \
    sysreg_write(dbgbvr##n##_el1, own(n));                                                         \
    sysreg_write(dbgbcr##n##_el1, BCR_EL1 | BCR_LBN(n));
    EACH_BREAK(WRITE)
#undef WRITE
#define WRITE(n)                                                                                   \
    sysreg_write(dbgwvr##n##_el1, own(20 + (n)));                                                  \
    sysreg_write(dbgwcr##n##_el1, WCR_STORE | BCR_LBN(n));
    EACH_WATCH(WRITE)
#undef WRITE
    sysreg_write(mdscr_el1, MDSCR_TDCC | MDSCR_HDE);
    sysreg_write(oslar_el1, 1);
}

void debug_kept(const char *name)
{
    uint64_t wrong = sysreg_read(mdscr_el1) ^ MDSCR_TDCC; /* HDE is nobody's */

    wrong |= sysreg_read(oslsr_el1) ^ OSLSR_LOCKED;
#define COMPARE(n)                                                                                 \
    wrong |= sysreg_read(dbgbvr##n##_el1) ^ own(n);                                                \
    wrong |= sysreg_read(dbgbcr##n##_el1) ^ (BCR_EL1 | BCR_LBN(n));
    EACH_BREAK(COMPARE)
#undef COMPARE
#define COMPARE(n)                                                                                 \
    wrong |= sysreg_read(dbgwvr##n##_el1) ^ own(20 + (n));                                         \
    wrong |= sysreg_read(dbgwcr##n##_el1) ^ (WCR_STORE | BCR_LBN(n));
    EACH_WATCH(COMPARE)
#undef COMPARE
    judge(name, wrong == 0, wrong, 0);
    sysreg_write(oslar_el1, 0);
    quiet();
}

/* Armed in one window, met in the next one. */
static void breakpoint(void)
{
    quiet();
    sysreg_write(dbgbvr0_el1, (uint64_t)target);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL1);
    arm();
    window_wait(&watch);
    target();
    judge("break_el1",
          caught.count == 1 && caught.ec == EC_BREAK_EL1 && caught.elr == (uint64_t)target,
          caught.count, caught.elr);
    target();
    judge("break_off", caught.count == 1, caught.count, 1);
    disarm();

    /* EL0's comes to EL1, masked or not; not where only EL1 is meant. */
    quiet();
    sysreg_write(dbgbvr0_el1, (uint64_t)debug_steps);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL1);
    sysreg_write(mdscr_el1, MDSCR_MDE);
    isb();
    (void)at_el0(debug_steps, 0);
    judge("break_el1_only", caught.count == 0, caught.count, 0);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL0);
    isb();
    window_wait(&watch);
    (void)at_el0(debug_steps, 0);
    judge("break_el0",
          caught.count == 1 && caught.ec == EC_BREAK_EL0 && caught.elr == (uint64_t)debug_steps,
          caught.count, caught.elr);
    quiet();
}

static void watchpoint(void)
{
    quiet();
    sysreg_write(dbgwvr0_el1, (uint64_t)&watched[1]);
    sysreg_write(dbgwcr0_el1, WCR_ON | WCR_STORE | BCR_EL1);
    arm();
    window_wait(&watch);
    watched[0] = 1;
    (void)watched[1];
    judge("watch_others", caught.count == 0, caught.count, 0);
    watched[1] = 0x55;
    judge("watch_store",
          caught.count == 1 && caught.ec == EC_WATCH_EL1 && caught.far == (uint64_t)&watched[1] &&
              watched[1] == 0x55,
          caught.count, caught.far);
    disarm();
    quiet();
}

/* Linked to CONTEXTIDR_EL1: another process does not meet it. */
static void context(void)
{
    uint64_t first;

    quiet();
    sysreg_write(dbgbvr5_el1, 0x1234);
    sysreg_write(dbgbcr5_el1, BCR_ON | BCR_EL1 | BCR_CONTEXT);
    sysreg_write(dbgbvr0_el1, (uint64_t)target);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL1 | BCR_LINKED | BCR_LBN(5));
    arm();
    window_wait(&watch);
    sysreg_write(contextidr_el1, 0x4321);
    isb();
    target();
    first = caught.count;
    sysreg_write(contextidr_el1, 0x1234);
    isb();
    target();
    judge("break_context", first == 0 && caught.count == 1, first, caught.count);
    disarm();
    sysreg_write(contextidr_el1, 0);
    /* By VMID: a thing of EL2's, without effect. */
    quiet();
    sysreg_write(dbgbvr5_el1, (guest_params.word[2] + 1) << 32);
    sysreg_write(dbgbcr5_el1, BCR_ON | BCR_EL1 | BCR_VMID);
    arm();
    target();
    judge("break_vmid", caught.count == 0, caught.count, 0);
    disarm();
    quiet();
}

/* Each instruction of a function at EL0, and nothing else. */
static void single_step(void)
{
    uint64_t value;

    quiet();
    window_wait(&watch);
    sysreg_write(mdscr_el1, MDSCR_SS);
    isb();
    value = at_el0_stepped(debug_steps, 5);
    judge("step", caught.count == STEPS && caught.ec == EC_STEP_EL0 && value == 7, caught.count,
          value);
    quiet();
}

/* Locked, nothing arises. */
static void locks(void)
{
    quiet();
    sysreg_write(dbgbvr0_el1, (uint64_t)target);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL1);
    sysreg_write(oslar_el1, 1);
    arm();
    window_wait(&watch);
    target();
    judge("locked", caught.count == 0, caught.count, 0);
    sysreg_write(oslar_el1, 0);
    isb();
    target();
    judge("unlocked", caught.count == 1, caught.count, 1);
    disarm();
    quiet();
}

/* Every breakpoint and watchpoint is on, on what the others execute and access. */
void debug_spoil(void)
{
#define WRITE(n)                                                                                   \
    sysreg_write(dbgbvr##n##_el1, (uint64_t)target);                                               \
    sysreg_write(dbgbcr##n##_el1, BCR_ON | BCR_EL1 | BCR_EL0);
    EACH_BREAK(WRITE)
#undef WRITE
#define WRITE(n)                                                                                   \
    sysreg_write(dbgwvr##n##_el1, (uint64_t)&watched[0]);                                          \
    sysreg_write(dbgwcr##n##_el1, WCR_ON | 3U << 3 | BCR_EL1 | BCR_EL0);
    EACH_WATCH(WRITE)
#undef WRITE
    sysreg_write(osdlr_el1, 1);
    sysreg_write(oslar_el1, 1);
    sysreg_write(mdscr_el1, MDSCR_MDE | MDSCR_KDE | MDSCR_SS);
    isb();
}

void debug_owner(void)
{
    uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
    uint64_t wrong = remains();

    on_exception = on_debug;
    judge("debug_shown",
          (dfr0 >> 12 & 0xfU) == BREAKS - 1 && (dfr0 >> 20 & 0xfU) == WATCHES - 1 &&
              (dfr0 >> 28 & 0xfU) == 1 && (dfr0 & 0xfU) == 6,
          dfr0, 0);
    judge("debug_reset", wrong == 0, wrong, 0);
    probe_begin();
    (void)sysreg_read(dbgbvr6_el1);
    sysreg_write(dbgwcr4_el1, 0);
    wrong = probe_end();
    judge("debug_beyond", wrong == 2, wrong, 2);
    debug_keep();
    for (unsigned int i = 0; i < 4; i++) {
        window_wait(&watch);
    }
    debug_kept("debug_keep");
    breakpoint();
    watchpoint();
    context();
    single_step();
    locks();
    debug_spoil();
    sysreg_write(oslar_el1, 0); /* D is masked, and nothing of it is at EL0 */
    sysreg_write(osdlr_el1, 0);
    for (unsigned int i = 0; i < 4; i++) {
        window_wait(&watch);
    }
    quiet();
}

/* The least that the architecture permits, without effect; and what others meet is not met here. */
void debug_absent(void)
{
    uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
    uint64_t value;

    on_exception = on_debug;
    judge("absent_pairs", (dfr0 >> 12 & 0xfU) <= 1 && (dfr0 >> 20 & 0xfU) <= 1 && dfr0 >> 28 == 0,
          dfr0, 0);
    sysreg_write(mdscr_el1, MDSCR_MDE | MDSCR_KDE | MDSCR_SS);
    sysreg_write(dbgbvr0_el1, (uint64_t)target);
    sysreg_write(dbgbcr0_el1, BCR_ON | BCR_EL1);
    value = sysreg_read(mdscr_el1) | sysreg_read(dbgbvr0_el1) | sysreg_read(dbgbcr0_el1);
    judge("absent_debug", value == 0, value, 0);
    insn("msr daifclr, #8");
    for (unsigned int i = 0; i < QUIET_WINDOWS; i++) {
        window_wait(&watch);
        target();
        watched[0] = i;
        watched[1] = i;
        (void)at_el0(debug_steps, 0);
    }
    insn("msr daifset, #8");
    judge("absent_exceptions", caught.count == 0, caught.count, 0);
}
