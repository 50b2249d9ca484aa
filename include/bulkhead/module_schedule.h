/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who changes the module's schedule, and what do partitions learn of it?  ARINC 653 Part 2:
 * SET_MODULE_SCHEDULE and its queries, and the health monitor's maintenance schedule.
 */
#ifndef BULKHEAD_MODULE_SCHEDULE_H
#define BULKHEAD_MODULE_SCHEDULE_H

#include <bulkhead/core.h>
#include <bulkhead/timeline.h>

extern struct timeline module_timeline;

/* Every core runs schedule `index` from the end of this core's present major frame on, or, in the
 * last instants of it, one frame later.  Bounded: see bulkhead/timeline.h; a kick for each core. */
void module_schedule_change(struct core *core, uint32_t index);

/* The hypercalls of abi.h: results in the vCPU's x0 to x3.  Context: the vCPU that calls, on its
 * core.  At most 16 schedules are looked at. */
void module_schedule_status(struct vcpu *vcpu);
void module_schedule_set(struct vcpu *vcpu, uint32_t id);
void module_schedule_find(struct vcpu *vcpu);

/* What its schedule grants the partition of `vcpu`, and how it came to run. */
void module_partition_status(struct vcpu *vcpu);

#endif
