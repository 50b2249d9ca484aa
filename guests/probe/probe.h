/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the probe's files share?  A named check is one row of docs/attack-surface.md.  Any single
 * instruction can be tried, by writing its word into a slot and calling it; any short sequence can
 * be run at EL0 or EL1, in AArch64 or AArch32, with its exception recorded.
 */
#ifndef PROBE_H
#define PROBE_H

/* struct level_run, for level_enter.S; level.c asserts the offsets. */
#define RUN_PC      0
#define RUN_PSTATE  8
#define RUN_X0      16
#define RUN_VECTOR  24
#define RUN_ESR     32
#define RUN_ELR     40
#define RUN_SPSR    48
#define RUN_FAR     56
#define RUN_HANDLER 64
#define RUN_SAVED   72
#define RUN_SP_EL0  80

#ifndef __ASSEMBLER__
#include <guest.h>

#define ESR_UNDEFINED UINT64_C(0x02000000) /* EC 0, IL 1 (Arm ARM DDI 0487, ESR_EL1) */
#define ESR_EC(esr)   ((unsigned int)((esr) >> 26) & 0x3fU)

/* A check fails if one of the conditions between begin and end does not hold; the first one that
 * does not is printed: what it was about, and two numbers. */
void check_begin(const char *name);
void check_that(bool holds, const char *what, const char *format, uint64_t a, uint64_t b);
void check_end(void);

/* Runs one instruction with x0 in and out.  Returns the ESR_EL1 of its exception, 0 for none. */
uint64_t execute(uint32_t word, uint64_t *x0);

#define KEY(op0, op1, crn, crm, op2)                                                               \
    ((uint32_t)(((op0)&3U) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5))
#define WORD_MRS(key) (UINT32_C(0xd5200000) | (key)) /* Rt = x0 */
#define WORD_MSR(key) (UINT32_C(0xd5000000) | (key))

/* Exceptions from a sequence that runs elsewhere than in main(). */
struct level_run {
    uint64_t pc;
    uint64_t pstate;
    uint64_t x0;     /* in and out */
    uint64_t vector; /* offset in the table */
    uint64_t esr;
    uint64_t elr;
    uint64_t spsr;
    uint64_t far;
    uint64_t handler; /* PSTATE in the handler, as a second exception saves it */
    uint64_t saved;
    uint64_t sp_el0;
};

/* Writes at most eight words into the sequence slot and makes them executable. */
uint64_t sequence(const uint32_t *word, size_t word_count);
/* Runs until the first exception. */
void level_run(struct level_run *run);

void check_registers(void);    /* registers.c */
void check_id_registers(void); /* id.c */
void check_calls(void);        /* calls.c */
void check_behaviour(void);    /* behaviour.c */
void check_levels(void);       /* level.c */

#endif
#endif
