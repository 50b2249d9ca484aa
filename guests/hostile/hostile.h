/* SPDX-License-Identifier: Apache-2.0 */
/* What do the attacks share?  The hostile guest's state; see main.c. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <guest.h>

/* PL011 (ARM DDI 0183, 3.3): interrupt mask and clear, transmit interrupt. */
#define UART_IMSC    (UART_BASE + 0x38)
#define UART_ICR     (UART_BASE + 0x44)
#define UART_TX_BIT  BIT(5)
#define UART_ALL_INT 0x7ffU

#define INTID_PMU 23U /* of a partition that was granted counters */

struct hostile {
    uint64_t end_ticks;    /* usable end of the present window */
    uint64_t margin_ticks; /* planned end less usable end: the guard */
    uint64_t dither_ticks;
    uint64_t storm_ticks;
    bool storm; /* the interrupt handler arms its timer again */
    uint32_t first_frame;
    uint64_t windows; /* since then, one per frame */
    uint64_t rounds;
    uint64_t interrupts;
    uint64_t exceptions;
};
extern struct hostile hostile;

/* Pseudo-random, 0 to 8 us. */
uint64_t dither_ticks(void);

/* The interrupt of the performance counters. */
void counters_overflowed(void);

#define ATTACK(number, name, text) void attack_##name(void);
#include "attacks.h"
#undef ATTACK

#endif
