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

/* A partition that runs, or is idle, begins to start: `mode` is PARTITION_COLD_START, or
 * PARTITION_WARM_START, which leaves its memory as it is (cold, too, if a start was broken off in
 * it); reason: BH_START_... of abi.h.  Its vCPUs on other cores are told.  One that is starting
 * already goes on with that: false.  Any core. */
bool partition_start_begin(struct partition *partition, enum partition_mode mode, uint32_t reason);

/* To mode IDLE, whatever it is in.  Any core. */
void partition_stop(struct partition *partition);

/* The same from mode NORMAL only; false: a sibling was first.  Any core. */
bool partition_stop_running(struct partition *partition);

/* One step.  Returns true when the partition is in mode NORMAL.  Core: vCPU 0's. */
bool partition_start_step(struct partition *partition);

/* A vCPU's registers and timers as after reset, at the partition's entry point.  It is off. */
void vcpu_reset(struct vcpu *vcpu);

/* Learns what the CPU offers for zeroing. */
void start_init(void);

#endif
