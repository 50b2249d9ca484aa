/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When do characters cross between rings and the UART?  Only in time that belongs to nobody:
 * between the end of a switch and the release, and in gaps.
 */
#ifndef BULKHEAD_CONSOLE_HOST_H
#define BULKHEAD_CONSOLE_HOST_H

#include <bulkhead/console.h>
#include <bulkhead/partition.h>

/* All rings: the kernel's first, then one per partition. */
void console_host_init(struct console_ring *const *ring, uint32_t ring_count);

/* Sends at most `limit` characters while the FIFO has space, each begun only if it ends before
 * `until_ticks`. Returns the counter value it saw last. */
uint64_t console_host_drain(uint64_t until_ticks, uint32_t limit);

/* For idle time: sends at most one character.  False when nothing is left to send, or too little
 * time for it before `until_ticks`. */
bool console_host_step(uint64_t until_ticks);

/* Something waits to be sent, or something may come in: boundaries are wanted.  O(number of
 * partitions): only for cores that run one. */
bool console_host_ready(void);

/* Sends everything there is, waiting for the UART: final report and panic only. */
void console_host_flush(void);

/* Gives a vCPU that is about to be released what was typed to its partition, if the boot core,
 * which has the UART, has left it something.  Context: the vCPU's core. */
void console_host_take_typed(struct vcpu *vcpu, uint64_t until_ticks);

/* Takes at most four characters of input to the partition that is typed to, if they are done by
 * `until_ticks`.  loaded: the vCPU whose list registers are in the hardware, or NULL. */
void console_host_input(const struct vcpu *loaded, uint64_t until_ticks);

#endif
