/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose are the performance counters?  PMUv3 of a partition that is granted it; see pmu.c.
 */
#ifndef ASM_PMU_H
#define ASM_PMU_H

#include <bulkhead/types.h>

#define PMU_COUNTERS 31U /* as many as PMCR_EL0.N can say, beside the cycle counter */

/* The registers of a vCPU that is out, by their names in the Arm ARM. */
struct pmu_state {
    uint64_t pmcr;
    uint64_t pmcnten;
    uint64_t pminten;
    uint64_t pmovs;
    uint64_t pmselr;
    uint64_t pmuserenr;
    uint64_t pmccntr;
    uint64_t pmccfiltr;
    struct {
        uint64_t pmevcntr;
        uint64_t pmevtyper;
    } event[PMU_COUNTERS];
};

/* Whether this core has counters of the architecture's kind. */
bool pmu_is_there(void);

/* Stops, takes over, erases and closes the counters; opens and loads them, and lets them run.
 * O(counters that the core has). */
void pmu_save(struct pmu_state *state);
void pmu_load(const struct pmu_state *state);

/* Whether an overflow raises the interrupt's line: of a vCPU that is out, of the one that runs. */
bool pmu_saved_line(const struct pmu_state *state);
bool pmu_live_line(void);

#endif
