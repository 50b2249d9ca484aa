/* SPDX-License-Identifier: Apache-2.0 */
/* What do the roles share?  Where the present window's usable time ends, and the UART's registers;
 * see main.c. */
#ifndef LATE_H
#define LATE_H

#include <guest.h>

/* PL011 (ARM DDI 0183, 3.3): interrupt mask and clear, transmit interrupt. */
#define UART_IMSC    (UART_BASE + 0x38)
#define UART_ICR     (UART_BASE + 0x44)
#define UART_TX_BIT  BIT(5)
#define UART_ALL_INT 0x7ffU

/* --- main.c ----------------------------------------------------------------------------------- */

/* End of the present window's usable time.  After window_next() only. */
extern uint64_t usable_end;

/* Waits for the next window of this vCPU. */
void window_next(void);

/* --- begin.c: the longest work of EL2, begun as the window ends -------------------------------
 */

/* How long before the usable end: at random between both. */
struct lead {
    uint64_t least_ticks;
    uint64_t most_ticks;
};

/* CPU_SUSPEND to a power-down state, with an entry that all regions are asked for. */
void begin_suspends(struct lead lead) __attribute__((noreturn));
/* Writes of GICD_ICACTIVER or, if `set`, of GICD_ISACTIVER, of what the siblings have in their list
 * registers. */
void begin_active_writes(struct lead lead, uint32_t vcpus, bool set) __attribute__((noreturn));
/* Writes that change the UART's interrupt line. */
void begin_line_changes(struct lead lead, uint32_t vcpus) __attribute__((noreturn));

/* --- neighbour.c: the longest release -------------------------------------------------------- */

/* period_intid: of its period's start, 0 = none. */
void neighbour(uint32_t period_intid, bool has_gpio) __attribute__((noreturn));

/* --- second.S --------------------------------------------------------------------------------- */

/* Where a sibling begins, and stays. */
extern char sibling_entry[];

#endif
