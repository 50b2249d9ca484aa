/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition start?  By the same routine each time: all its memory is scrubbed, its
 * pristine images are copied in, its vCPUs, timers, interrupts and console are reset.  The routine
 * is a sequence of short steps, so that a restart can run inside the partition's own windows.
 */
#ifndef BULKHEAD_START_H
#define BULKHEAD_START_H

#include <bulkhead/partition.h>

/* Longest step: one page of copy, by instruction count (docs/timing.md). */
#define START_STEP_NS UINT64_C(4000)

/* Back to the first step; the mode becomes COLD_START. */
void partition_start_begin(struct partition *partition);

/* One step.  Returns true when the partition is in mode NORMAL.  Core: the partition's own. */
bool partition_start_step(struct partition *partition);

/* A vCPU's registers and timers as after reset, at the partition's entry point; only vCPU 0 is
 * powered on. */
void vcpu_reset(struct vcpu *vcpu);

/* Learns what the CPU offers for zeroing. */
void start_init(void);

#endif
