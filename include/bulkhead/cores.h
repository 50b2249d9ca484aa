/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do the other cores come up, and how does the module begin and end on all of them?  The boot
 * core asks the firmware for one after the other (PSCI CPU_ON), each says that it is ready or why
 * not, and all wait for the instant of the first frame.
 */
#ifndef BULKHEAD_CORES_H
#define BULKHEAD_CORES_H

#include <bulkhead/arena.h>
#include <bulkhead/core.h>

/* Starts every core but this one; with words and an end if one does not come.  Boot core, start-up
 * only. */
void cores_start(struct arena *arena);

/* Decides when the first major frame starts, and lets the waiting cores know. */
uint64_t cores_first_frame(void);

/* EL2 state of this core that does not depend on what it runs. */
void core_init_traps(struct core *core, const struct platform_desc *platform);

/* Boot core, which has run its last frame: waits until the others have, too.  False: one has not.
 */
bool cores_wait_for_end(void);

/* From head.S: a core that CPU_ON has started, on its own stack. */
void secondary_main(struct core *core) __attribute__((noreturn));

#endif
