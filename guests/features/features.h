/* SPDX-License-Identifier: Apache-2.0 */
/* What do the checks of the features guest share?  See main.c. */
#ifndef FEATURES_H
#define FEATURES_H

#include <guest.h>

#define INTID_PMU 23U

extern struct window_watch watch;

/* `features: case=NAME ok`, or FAILED with two values. */
void judge(const char *name, bool right, uint64_t value, uint64_t wanted);

/* Interrupts of each private INTID so far, and what is done about one before its end. */
extern volatile uint64_t taken[32];
extern void (*on_taken)(uint32_t intid);

/* A synchronous exception goes here first; true: it is dealt with. */
extern bool (*on_exception)(struct guest_frame *frame, uint64_t vector);

/* Calls a function at EL0 with this argument; exceptions between probe_begin() and probe_end() are
 * stepped over. */
uint64_t at_el0(uint64_t (*function)(uint64_t argument), uint64_t argument);
/* The same, its first instruction in a single step. */
uint64_t at_el0_stepped(uint64_t (*function)(uint64_t argument), uint64_t argument);

/* What makes the values of this vCPU its own. */
static inline uint64_t own_number(void)
{
    return guest_params.word[2] + 1 + 8 * (sysreg_read(mpidr_el1) & 0xffU);
}

/* Two instructions for each round. */
static inline void spin(uint64_t rounds)
{
    __asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(rounds) : : "cc");
}

/* pmu.c and debug.c: the checks of who has the feature, and of who has not; everything armed, for a
 * next life to find nothing of it. */
void pmu_owner(bool with_interrupts);
void pmu_spoil(void);
void pmu_absent(void);
void debug_owner(void);
void debug_spoil(void);
void debug_absent(void);

/* Everything is written, disabled; and found as it was, then left quiet. */
void pmu_keep(void);
void pmu_kept(const char *counters_case, const char *settings_case);
void debug_keep(void);
void debug_kept(const char *name);

/* second.S: where vCPU 1 begins, to go on in features_second(). */
void features_second_entry(void);
void features_second(void);

#endif
