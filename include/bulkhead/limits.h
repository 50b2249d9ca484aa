/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can this kernel keep?  Limits that the checker applies on the host and at start alike;
 * measured, see docs/timing.md.
 */
#ifndef BULKHEAD_LIMITS_H
#define BULKHEAD_LIMITS_H

/* Longest EL2 path plus a switch on this board: a shorter guard cannot hold. */
#define MINIMUM_GUARD_NS CONFIG_MINIMUM_GUARD_NS

/* What a boundary takes beyond that where a partition's vCPUs run on several cores, and where there
 * are several schedules. */
#define SPREAD_GUARD_NS    2000U
#define SCHEDULES_GUARD_NS 600U

/* And where a partition has a feature of the CPU that is switched with it: by feature, in the order
 * of FEATURE_... (bulkhead/module.h). */
#define PMU_GUARD_NS   700U
#define DEBUG_GUARD_NS 500U
#define SVE_GUARD_NS   400U
#define FEATURE_GUARDS_NS                                                                          \
    {                                                                                              \
        PMU_GUARD_NS, DEBUG_GUARD_NS, SVE_GUARD_NS                                                 \
    }

/* For each 128 bits of a vector beyond the first, which are 1,092 bytes more that a boundary moves.
 * They take no instruction more: an estimate, not measured (docs/timing.md). */
#define SVE_VECTOR_GUARD_NS 40U

/* Least usable time of a window: a step of a partition's restart must fit (bulkhead/start.h). */
#define MINIMUM_WINDOW_NS 5000U

/* What each further vCPU of a partition adds to the longest work on its interrupts, whose list
 * registers have to be taken back, and to the least usable time of its windows. */
#define SIBLING_TRAP_NS 400U

/* The same for a partition on several CPUs: an access to its interrupt controller that must wait
 * for all siblings, one after the other, has to be begun once more LONG_TRAP_NS before its end
 * (bulkhead/core.h), and what it has waited for is lost with the window. */
#define SPREAD_WINDOW_NS 10000U

#endif
