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

/* Two instructions for each round. */
static inline void spin(uint64_t rounds)
{
    __asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(rounds) : : "cc");
}

/* pmu.c and debug.c: the checks of who has the feature, and of who has not; everything armed, for a
 * next life to find nothing of it. */
void pmu_owner(void);
void pmu_spoil(void);
void pmu_absent(void);
void debug_owner(void);
void debug_spoil(void);
void debug_absent(void);

#endif
