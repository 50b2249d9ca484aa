/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features of the CPU does a partition have beyond those that all have?  One file for each
 * knows its registers; this one says in which order they are opened and closed.
 *
 * Invariants: the trap controls have their strict values (el2_traps.c) whenever no vCPU with the
 * feature runs.  What a vCPU has is eagerly and completely switched.
 */
#include <asm/features.h>
#include <string.h>

uint32_t features_of_cpu(void)
{
    return 0;
}

uint64_t features_bytes(const struct partition_desc *desc)
{
    (void)desc;
    return (sizeof(struct vcpu_features) + FEATURES_ALIGN - 1U) & ~(uint64_t)(FEATURES_ALIGN - 1U);
}

void features_reset(struct vcpu *vcpu)
{
    memset(vcpu->features, 0, features_bytes(vcpu->partition->desc));
}

void features_save(struct vcpu *vcpu)
{
    vcpu->features->live = false;
}

void features_load(struct vcpu *vcpu)
{
    vcpu->features->live = true;
}
