/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens when something goes wrong?  The health monitor: every error a guest causes, and
 * every broken promise of our own that is not fatal, is an event with a code; a table says what
 * follows.
 */
#ifndef BULKHEAD_HM_H
#define BULKHEAD_HM_H

#include <bulkhead/arena.h>
#include <bulkhead/partition.h>

enum hm_error {
    HM_ERROR_MEMORY_ACCESS, /* stage-2 fault on memory that was not granted */
    HM_ERROR_PERMISSION,    /* write to read-only, execution of no-execute memory */
    HM_ERROR_DEVICE_ACCESS, /* bad width or undecodable access to a virtual device */
    HM_ERROR_ILLEGAL_TRAP,  /* exception class that the kernel does not grant */
    HM_ERROR_SERROR,        /* asynchronous external abort, charged to the partition */
    HM_ERROR_APPLICATION,   /* raised by the partition itself (BH_STOP) */
    HM_ERROR_POWER_OFF,     /* PSCI SYSTEM_OFF, or CPU_OFF of the last vCPU */
    HM_ERROR_RESET,         /* PSCI SYSTEM_RESET */
    HM_ERROR_WINDOW_LATE,   /* a release was late: module level */
    HM_ERROR_WINDOW_MISSED, /* a window was not given at all: module level */
    HM_ERROR_COUNT,
};

enum hm_action {
    HM_LOG,            /* record and go on */
    HM_STOP_PARTITION, /* to IDLE */
    HM_RESTART_COLD,   /* to COLD_START in its own windows */
};

/* Events of one core that wait for their line; the boot core puts them into words. */
struct hm_queue;

/* NULL: out of memory.  Start-up only. */
struct hm_queue *hm_queue_make(struct arena *arena);
uint64_t hm_queue_bytes(void);

/*
 * A vCPU caused an event.  Records it, prints one line (to the kernel's console ring, bounded),
 * applies the action of the table.  The vCPU may no longer be runnable afterwards. Context: EL2,
 * interrupts masked, from its own core.  Time: bounded, see docs/timing.md.
 */
void hm_partition_event(struct vcpu *vcpu, enum hm_error error, uint64_t address, uint64_t detail);

/* A module-level event: window is the index in the frame, lateness in ticks. */
void hm_module_event(enum hm_error error, uint64_t window, uint64_t lateness_ticks);

/* Events since start, of all kinds that count as errors (power-off and stop by itself do not). */
uint64_t hm_event_count(void);

/* Events whose line was dropped because too many came at once; they were counted all the same. */
uint64_t hm_unlogged_count(void);

/* Whether a line waits that the kernel's ring has room to go on with, and the next piece of it: at
 * most HM_LOG_PIECE characters, HM_LOG_STEP_NS. */
bool hm_log_pending(void);
void hm_log_step(void);
#define HM_LOG_PIECE   48U
#define HM_LOG_STEP_NS 2000U

#endif
