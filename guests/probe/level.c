/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an exception that EL2 gives look like one that the core takes?  The same context takes an
 * undefined instruction of the core's (UDF) and one that EL2 injects, and everything a handler can
 * see has to be equal.  And what do traps from AArch32 at EL0 do, where the core has it?
 */
#include "probe.h"

_Static_assert(offsetof(struct level_run, pstate) == RUN_PSTATE, "level_enter.S");
_Static_assert(offsetof(struct level_run, x0) == RUN_X0, "level_enter.S");
_Static_assert(offsetof(struct level_run, vector) == RUN_VECTOR, "level_enter.S");
_Static_assert(offsetof(struct level_run, esr) == RUN_ESR, "level_enter.S");
_Static_assert(offsetof(struct level_run, elr) == RUN_ELR, "level_enter.S");
_Static_assert(offsetof(struct level_run, spsr) == RUN_SPSR, "level_enter.S");
_Static_assert(offsetof(struct level_run, far) == RUN_FAR, "level_enter.S");
_Static_assert(offsetof(struct level_run, handler) == RUN_HANDLER, "level_enter.S");
_Static_assert(offsetof(struct level_run, saved) == RUN_SAVED, "level_enter.S");
_Static_assert(offsetof(struct level_run, sp_el0) == RUN_SP_EL0, "level_enter.S");

void level_enter(struct level_run *run);

#define PSTATE_EL0   UINT64_C(0x0)
#define PSTATE_EL1T  UINT64_C(0x4)
#define PSTATE_EL1H  UINT64_C(0x5)
#define PSTATE_A32   UINT64_C(0x10)
#define PSTATE_T32   UINT64_C(0x30)
#define PSTATE_DAIF  UINT64_C(0x3c0)
#define PSTATE_AIF   UINT64_C(0x1c0)
#define PSTATE_FLAGS (UINT64_C(0xf) << 28)
#define PSTATE_Z     BIT(30)
/* SSBS, PAN, UAO, DIT, TCO: the core drops those that it does not have. */
#define PSTATE_FEATURES (BIT(12) | BIT(22) | BIT(23) | BIT(24) | BIT(25))

/* NZCV and DIT: an exception leaves them alone (Arm ARM, AArch64.TakeException()).  QEMU 7.2 clears
 * them, so the core it models cannot be the reference. */
#define PSTATE_KEPT (PSTATE_FLAGS | BIT(24))

#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

#define WORD_UDF      UINT32_C(0x00000000)
#define WORD_HVC_1    UINT32_C(0xd4000022)
#define WORD_SMC_1    UINT32_C(0xd4000023)
#define WORD_LDR_X0   UINT32_C(0xf9400000)
#define NOTHING_THERE UINT64_C(0x0a000000)

#define EC_SVC32          0x11U
#define EC_DATA_ABORT_EL0 0x24U
#define EC_DATA_ABORT_EL1 0x25U
#define FSC_EXTERNAL      UINT64_C(0x10)

static void run_words(struct level_run *run, uint64_t pstate, const uint32_t *word, size_t count)
{
    static uint64_t stack[64];

    *run = (struct level_run){.pc = sequence(word, count),
                              .pstate = pstate,
                              .x0 = run->x0,
                              .sp_el0 = (uint64_t)&stack[countof(stack)]};
    level_enter(run);
}

static void expect_same(const char *what, uint64_t pstate, uint32_t injected_word)
{
    static const uint32_t native_word = WORD_UDF;
    struct level_run native = {.x0 = 0};
    struct level_run injected = {.x0 = 0};

    run_words(&native, pstate, &native_word, 1);
    run_words(&injected, pstate, &injected_word, 1);
    check_that(injected.vector == native.vector, what, "vector %lx, not %lx", injected.vector,
               native.vector);
    check_that(injected.esr == native.esr, what, "ESR %lx, not %lx", injected.esr, native.esr);
    check_that(injected.elr == native.elr, what, "ELR %lx, not %lx", injected.elr, native.elr);
    check_that(injected.spsr == native.spsr, what, "SPSR %lx, not %lx", injected.spsr, native.spsr);
    check_that((injected.handler & ~PSTATE_KEPT) == (native.handler & ~PSTATE_KEPT), what,
               "handler's PSTATE %lx, not %lx", injected.handler, native.handler);
    check_that((injected.handler & PSTATE_KEPT) == (native.spsr & PSTATE_KEPT), what,
               "handler's flags %lx, not those of %lx", injected.handler, native.spsr);
}

static void check_injected_undefined(void)
{
    static const uint64_t sctlr_bits[] = {0, SCTLR_SPAN, SCTLR_DSSBS, SCTLR_SPAN | SCTLR_DSSBS};
    static const uint64_t pstates[] = {
        PSTATE_EL1H | PSTATE_DAIF,
        PSTATE_EL1T | PSTATE_DAIF,
        PSTATE_EL1H | PSTATE_FLAGS | PSTATE_FEATURES,
        PSTATE_EL1T | PSTATE_FLAGS,
        PSTATE_EL1H | PSTATE_Z | BIT(22),
        PSTATE_EL1H | BIT(24) | BIT(12),
    };
    uint64_t sctlr = sysreg_read(sctlr_el1);

    check_begin("injected-undefined");
    for (size_t i = 0; i < countof(sctlr_bits); i++) {
        sysreg_write(sctlr_el1, (sctlr & ~(SCTLR_SPAN | SCTLR_DSSBS)) | sctlr_bits[i]);
        isb();
        for (size_t j = 0; j < countof(pstates); j++) {
            expect_same("HVC", pstates[j], WORD_HVC_1);
            expect_same("SMC", pstates[j], WORD_SMC_1);
        }
    }
    sysreg_write(sctlr_el1, sctlr);
    isb();
    check_end();
}

/* A load from where nothing is: an external abort, from both levels. */
static void check_injected_abort(void)
{
    static const uint32_t word = WORD_LDR_X0;
    static const struct {
        const char *name;
        uint64_t pstate;
        uint64_t vector;
        unsigned int ec;
    } from[] = {
        {"EL1h", PSTATE_EL1H | PSTATE_DAIF, 0x200, EC_DATA_ABORT_EL1},
        {"EL1t", PSTATE_EL1T | PSTATE_DAIF, 0x000, EC_DATA_ABORT_EL1},
        {"EL0", PSTATE_EL0 | PSTATE_FLAGS, 0x400, EC_DATA_ABORT_EL0},
    };

    check_begin("injected-abort");
    for (size_t i = 0; i < countof(from); i++) {
        struct level_run run = {.x0 = NOTHING_THERE};

        run_words(&run, from[i].pstate, &word, 1);
        check_that(run.vector == from[i].vector, from[i].name, "vector %lx, not %lx", run.vector,
                   from[i].vector);
        check_that(ESR_EC(run.esr) == from[i].ec, from[i].name, "ESR %lx (%lu)", run.esr, 0);
        check_that((run.esr & UINT64_C(0x3ffffff)) == (BIT(25) | FSC_EXTERNAL), from[i].name,
                   "ESR %lx (%lu)", run.esr, 0);
        check_that(run.elr == run.pc && run.spsr == from[i].pstate, from[i].name,
                   "ELR %lx, SPSR %lx", run.elr, run.spsr);
        check_that(run.far == NOTHING_THERE, from[i].name, "FAR %lx, not %lx", run.far,
                   NOTHING_THERE);
    }
    check_end();
}

/* A32: 32-bit words.  T32: two half-words in a word, the first one in the low half. */
#define A32_SVC       UINT32_C(0xef000000)
#define A32_DBGDSCR   UINT32_C(0xee100e11) /* MRC p14, 0, r0, c0, c1, 0: readable at EL0 */
#define A32_DBGDRAR   UINT32_C(0xee110e10) /* MRC p14, 0, r0, c1, c0, 0: readable at EL0 */
#define A32_PMCR      UINT32_C(0xee190f1c) /* MRC p15, 0, r0, c9, c12, 0 */
#define A32_L2CTLR    UINT32_C(0xee390f10) /* MRC p15, 1, r0, c9, c0, 0: implementation-defined */
#define A32_EQ(word)  ((word)&UINT32_C(0x0fffffff)) /* condition 0 = EQ */
#define T32_SVC_SVC   UINT32_C(0xdf00df00)
#define T32_IT_EQ_NOP UINT32_C(0xbf08bf00)          /* NOP; IT EQ */
#define T32(word)     ((word) << 16 | (word) >> 16) /* first half-word first */
#define T32_DBGDSCR   T32(A32_DBGDSCR)
#define IT_IN_BLOCK   UINT64_C(0x0800) /* SPSR.IT[7:2] for IT EQ, one left */

static void expect_svc(const char *what, uint64_t pstate, const uint32_t *word, size_t count,
                       uint64_t return_offset)
{
    struct level_run run = {.x0 = 0};

    run_words(&run, pstate, word, count);
    check_that(run.vector == 0x600 && ESR_EC(run.esr) == EC_SVC32, what, "vector %lx, ESR %lx",
               run.vector, run.esr);
    check_that(run.elr == run.pc + return_offset, what, "ELR %lx, not %lx", run.elr,
               run.pc + return_offset);
}

static void expect_undefined32(const char *what, uint64_t pstate, const uint32_t *word,
                               size_t count, uint64_t fault_offset, uint64_t it)
{
    struct level_run run = {.x0 = 0};

    run_words(&run, pstate, word, count);
    check_that(run.vector == 0x600 && run.esr == ESR_UNDEFINED, what, "vector %lx, ESR %lx",
               run.vector, run.esr);
    check_that(run.elr == run.pc + fault_offset, what, "ELR %lx, not %lx", run.elr,
               run.pc + fault_offset);
    check_that((run.spsr & UINT64_C(0x600fc00)) == it, what, "SPSR %lx, IT %lx", run.spsr, it);
}

static void check_aarch32(void)
{
    static const uint32_t a32_plain[] = {A32_DBGDSCR, A32_SVC};
    static const uint32_t a32_drar[] = {A32_DBGDRAR, A32_SVC};
    static const uint32_t a32_pmu[] = {A32_PMCR, A32_SVC};
    static const uint32_t a32_imp[] = {A32_L2CTLR, A32_SVC};
    static const uint32_t a32_eq[] = {A32_EQ(A32_DBGDSCR), A32_SVC};
    static const uint32_t t32_it[] = {T32_IT_EQ_NOP, T32_DBGDSCR, T32_SVC_SVC};

    check_begin("aarch32");
    if ((sysreg_read(id_aa64pfr0_el1) & 0xf) == 2) {
        uint64_t a32 = PSTATE_A32 | PSTATE_AIF;
        uint64_t t32 = PSTATE_T32 | PSTATE_AIF;

        expect_undefined32("A32 DBGDSCR", a32, a32_plain, countof(a32_plain), 0, 0);
        expect_undefined32("A32 DBGDRAR", a32, a32_drar, countof(a32_drar), 0, 0);
        expect_undefined32("A32 PMCR", a32, a32_pmu, countof(a32_pmu), 0, 0);
        expect_undefined32("A32 L2CTLR", a32, a32_imp, countof(a32_imp), 0, 0);
        expect_undefined32("A32 EQ taken", a32 | PSTATE_Z, a32_eq, countof(a32_eq), 0, 0);
        expect_svc("A32 EQ not taken", a32, a32_eq, countof(a32_eq), 8);
        expect_undefined32("T32 IT taken", t32 | PSTATE_Z, t32_it, countof(t32_it), 4, IT_IN_BLOCK);
        expect_svc("T32 IT not taken", t32, t32_it, countof(t32_it), 10);
    }
    check_end();
}

void check_levels(void)
{
    check_injected_undefined();
    check_injected_abort();
    check_aarch32();
}
