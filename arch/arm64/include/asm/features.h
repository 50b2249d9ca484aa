/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features of the CPU are a partition's only because it asked for them, and how are they
 * switched?  See features.c.  All of it is for vCPUs whose `features` is not NULL
 * (CONFIG_CPU_FEATURES); windows of others come near none of it.
 */
#ifndef ASM_FEATURES_H
#define ASM_FEATURES_H

#include <asm/debug.h>
#include <asm/pmu.h>
#include <asm/sve.h>
#include <bulkhead/core.h>

/* State of one vCPU's features while it is out.  Owner: the core that runs it. */
struct vcpu_features {
    bool live; /* the state is in the core's registers */
    struct pmu_state pmu;
    struct debug_state debug;
    struct sve_state sve; /* last: its registers are as long as was granted */
};

#define FEATURES_ALIGN 16U

/* FEATURE_... that this core has and that are switched.  Context: start-up. */
uint32_t features_of_cpu(void);

/* What the vCPUs of a core were granted, and their longest vector.  Context: start-up, once the
 * partitions are built. */
uint32_t features_of_core(const struct core *core, uint32_t *vector_bits);

/* Bytes that the state of a vCPU of this partition takes; a multiple of FEATURES_ALIGN. */
uint64_t features_bytes(const struct partition_desc *desc);

/* As after a reset of the core.  The vCPU is out. */
void features_reset(struct vcpu *vcpu);

/*
 * Closes the features and takes their state away, or gives it back and opens them.  Around a
 * window, with the vCPU's other registers in the core.  Nothing counts, fires or can be read
 * between the two, whoever runs.  Time: see docs/timing.md.
 */
void features_save(struct vcpu *vcpu);
void features_load(struct vcpu *vcpu);

/* Private interrupts of its features, as a word, and those of them whose line is up: of a vCPU that
 * is out, when it comes back. */
uint32_t features_irqs(const struct vcpu *vcpu);
uint32_t features_lines(const struct vcpu *vcpu);

#endif
