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

/* SMCCC results. */
#define SMCCC_SUCCESS           0
#define SMCCC_NOT_SUPPORTED     (-1)
#define SMCCC_INVALID_PARAMETER (-2)

#endif
