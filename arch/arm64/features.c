/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features of the CPU does a partition have beyond those that all have?  One file for each
 * knows its registers; this one says in which order they are opened and closed.
 *
 * Invariants: the trap controls have their strict values (el2_traps.c) whenever no vCPU with the
 * feature runs.  What a vCPU has is eagerly and completely switched.
 */
#include <asm/features.h>
#include <bulkhead/module_state.h>
#include <string.h>

static bool has(const struct vcpu *vcpu, uint32_t feature)
{
    return (vcpu->partition->desc->features & feature) != 0;
}

uint32_t features_of_cpu(void)
{
    /* Every core has debug registers. */
    return FEATURE_DEBUG | (pmu_is_there() ? FEATURE_PMU : 0) | (sve_is_there() ? FEATURE_SVE : 0);
}

uint64_t features_bytes(const struct partition_desc *desc)
{
    return (sizeof(struct vcpu_features) + sve_register_bytes(desc->sve_vector_bits) +
            FEATURES_ALIGN - 1U) &
           ~(uint64_t)(FEATURES_ALIGN - 1U);
}

uint32_t features_of_core(const struct core *core, uint32_t *vector_bits)
{
    uint32_t features = 0;

    *vector_bits = 0;
    for (uint32_t p = 0; p < module_state.desc->partition_count; p++) {
        const struct partition *partition = &module_state.partition[p];

        for (uint32_t v = 0; v < partition->desc->vcpu_count; v++) {
            if (partition->vcpu[v].core == core) {
                features |= partition->desc->features;
                if (partition->desc->sve_vector_bits > *vector_bits) {
                    *vector_bits = partition->desc->sve_vector_bits;
                }
            }
        }
    }
    return features;
}

/* Registers that are as long as vectors are stay as they are: what is in them is not looked at. */
void features_reset(struct vcpu *vcpu)
{
    memset(vcpu->features, 0, sizeof(*vcpu->features));
    if (has(vcpu, FEATURE_SVE)) {
        sve_reset(&vcpu->features->sve, vcpu->partition->desc->sve_vector_bits);
    }
}

/* The counters stop first and start last, so that they see as little as possible of the kernel. */
void features_save(struct vcpu *vcpu)
{
    if (has(vcpu, FEATURE_PMU)) {
        pmu_save(&vcpu->features->pmu);
    }
    if (has(vcpu, FEATURE_DEBUG)) {
        debug_save();
    }
    vcpu->features->live = false;
    if (has(vcpu, FEATURE_SVE)) {
        sve_leave(&vcpu->features->sve);
    }
}

void features_load(struct vcpu *vcpu)
{
    if (has(vcpu, FEATURE_DEBUG)) {
        debug_load(&vcpu->features->debug);
    }
    if (has(vcpu, FEATURE_SVE)) {
        sve_enter(&vcpu->features->sve);
    }
    if (has(vcpu, FEATURE_PMU)) {
        pmu_load(&vcpu->features->pmu);
    }
    vcpu->features->live = true;
}

uint32_t features_irqs(const struct vcpu *vcpu)
{
    return has(vcpu, FEATURE_PMU) ? UINT32_C(1) << module_state.desc->platform.irq_pmu : 0;
}

uint32_t features_lines(const struct vcpu *vcpu)
{
    const struct vcpu_features *features = vcpu->features;
    uint32_t irqs = features_irqs(vcpu);

    if (irqs == 0 || !(features->live ? pmu_live_line() : pmu_saved_line(&features->pmu))) {
        return 0;
    }
    return irqs;
}
