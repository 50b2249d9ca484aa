/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What did the core just do?  A ring of fixed-size binary records per core, written by that core
 * alone with interrupts masked; newest records overwrite oldest.  At most 25 instructions each.
 */
#ifndef BULKHEAD_TRACE_H
#define BULKHEAD_TRACE_H

#include <bulkhead/types.h>

enum trace_event {
    TRACE_NONE,
    TRACE_BOUNDARY,  /* a window's usable time ended; argument: window index */
    TRACE_RELEASE,   /* a window was prepared; argument: window index, time: planned release */
    TRACE_GAP,       /* idle until the next guard; argument: index of the next window */
    TRACE_TRAP,      /* argument: ESR_EL2 */
    TRACE_HYPERCALL, /* argument: function number */
    TRACE_INJECT,    /* argument: virtual INTID */
    TRACE_HEALTH,    /* argument: error << 16 | partition */
    TRACE_SCHEDULE, /* another schedule; argument: its index, time: planned start of its first frame
                     */
};

struct trace_record {
    uint64_t time_ticks;
    uint32_t event;
    uint32_t argument;
};

struct trace_ring {
    struct trace_record *record;
    uint32_t mask; /* records - 1 */
    uint32_t next; /* free-running */
};

/* One record; time: the caller's, or the counter as it is (sysreg_read(cntpct_el0), not waited
 * for). */
static inline void trace_put(struct trace_ring *ring, enum trace_event event, uint32_t argument,
                             uint64_t time_ticks)
{
    if (CONFIG_TRACE) {
        struct trace_record *record = &ring->record[ring->next++ & ring->mask];

        record->time_ticks = time_ticks;
        record->event = (uint32_t)event;
        record->argument = argument;
    }
}

#endif
