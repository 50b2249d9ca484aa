/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may a guest call?  Function numbers and results of the kernel's hypercalls, shared by kernel
 * and guests, in C and assembly.  SMC Calling Convention (ARM DEN 0028) vendor-specific hypervisor
 * service range, 64-bit fast calls; HVC #0 and SMC #0 are alike.  See docs/hypercalls.md.
 */
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

/* 32-bit general queries of the range (DEN 0028, 6.2). */
#define BH_CALL_UID      0x8600ff01
#define BH_CALL_REVISION 0x8600ff03

/* x0 = partition id, x1 = vCPU index, x2 = partition count. */
#define BH_PARTITION_ID 0xc6000000

/* The present window: x0 = 0, x1 = planned start (counter ticks, physical count), x2 = duration
 * (ticks), x3 = major frames since module start (low 32 bits) << 32 | window index in the frame. */
#define BH_WINDOW 0xc6000001

/* The partition stops itself: HM error "application", never returns. */
#define BH_STOP 0xc6000002

/* Module schedules (ARINC 653 Part 2).  Schedules are named by the `reg` of their node.
 *
 * x0 = 0, x1 = planned start of the first frame of the present schedule (counter ticks, as in
 * BH_WINDOW; 0: there was no change yet), x2 = present schedule, x3 = the next frame's schedule,
 * the present one if no change is pending. */
#define BH_MODULE_SCHEDULE_STATUS 0xc6000003

/* x1 = schedule that every core is to run from the end of the present major frame on; replaces a
 * change that is pending, and cancels it if it is the present one.  x0 = 0, BH_INVALID_CONFIG
 * (without the permission), SMCCC_INVALID_PARAMETER (no such schedule), BH_NO_ACTION (it is the
 * present one, and no change was pending). */
#define BH_SET_MODULE_SCHEDULE 0xc6000004

/* x1 to x4 = a schedule's name, 32 bytes in memory order, padded with zeros.  x0 = 0, x1 =
 * schedule; or x0 = BH_INVALID_CONFIG: none has that name. */
#define BH_MODULE_SCHEDULE_ID 0xc6000005

/* What the schedule grants this partition, and how it came to run: x0 = 0, x1 = start condition
 * (BH_START_...), with BH_PERIOD_START set if the present window starts a period; x2 = period, x3 =
 * duration (ns, 0 where none is stated in the present schedule). */
#define BH_PARTITION_STATUS 0xc6000006
#define BH_START_NORMAL     0 /* of the module */
#define BH_START_RESTART    1 /* cold, by the partition itself */
#define BH_START_CHANGE     2 /* cold, by a change of schedule */
#define BH_START_WARM       3 /* warm, by a change of schedule: memory is as it was left */
#define BH_PERIOD_START     0x100

/* Results: SMCCC's, and what ARINC 653 has beyond. */
#define SMCCC_SUCCESS           0
#define SMCCC_NOT_SUPPORTED     (-1)
#define SMCCC_INVALID_PARAMETER (-2)
#define BH_INVALID_CONFIG       (-3)
#define BH_NO_ACTION            (-4)

#endif
