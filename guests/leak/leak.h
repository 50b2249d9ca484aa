/* SPDX-License-Identifier: Apache-2.0 */
/* What does one check of the registers look at?  Shared by C and hold.S. */
#ifndef LEAK_H
#define LEAK_H

#define LEAK_X     0
#define LEAK_SP    248
#define LEAK_NZCV  256
#define LEAK_FPCR  264
#define LEAK_FPSR  272
#define LEAK_Q     288
#define LEAK_BYTES 800

#ifndef __ASSEMBLER__
#include <guest.h>

struct leak_registers {
    uint64_t x[31];
    uint64_t sp;
    uint64_t nzcv;
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t unused_word;
    uint64_t q[64];
};
extern struct leak_registers leak_want;
extern struct leak_registers leak_seen;

/*
 * Loads leak_want into all of x0..x30, SP, NZCV, FPCR, FPSR and q0..q31 but the two registers that
 * its loop needs (x0 and x1; x29 and x30), stays in registers until the counter has passed `until`,
 * and stores what it finds then in leak_seen; the two are stored as wanted.  Interrupts are masked.
 */
void hold_low(uint64_t until);
void hold_high(uint64_t until);
#endif
#endif
