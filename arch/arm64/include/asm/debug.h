/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose are breakpoints, watchpoints and single step?  Self-hosted debug of a partition that is
 * granted it; see debug.c.
 */
#ifndef ASM_DEBUG_H
#define ASM_DEBUG_H

#include <bulkhead/types.h>

#define DEBUG_PAIRS 16U /* as many breakpoints, and watchpoints, as ID_AA64DFR0_EL1 can say */

/* DBGBVR<n> and DBGBCR<n>_EL1, or DBGWVR<n> and DBGWCR<n>_EL1. */
struct debug_pair {
    uint64_t value;
    uint64_t control;
};

/* What the guest wrote; the core's registers hold what may have effect of it, while it runs. */
struct debug_state {
    uint64_t mdscr;
    uint64_t claim;
    bool os_lock;
    bool double_lock;
    struct debug_pair breakpoint[DEBUG_PAIRS]; /* as in the core's registers */
    struct debug_pair watchpoint[DEBUG_PAIRS];
    uint64_t dbgbcr[DEBUG_PAIRS]; /* as the guest reads them */
};

enum debug_result {
    DEBUG_OTHER,     /* no register that the grant is about */
    DEBUG_UNDEFINED, /* none that this core has */
    DEBUG_DONE,
};

/* A trapped access of the vCPU that runs to a register with op0 = 2.  value: what is written, or is
 * read.  O(1). */
enum debug_result debug_access(struct debug_state *state, uint64_t esr, uint64_t *value);

/* Disables all of it, or loads and enables it.  O(what the core has). */
void debug_save(void);
void debug_load(const struct debug_state *state);

#endif
