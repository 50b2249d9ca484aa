/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes an interrupt pending or ends it, other than the guest's register accesses and list
 * registers: reset, links to physical interrupts, input lines, SGIs, trapped deactivation.
 *
 * Bound: O(lr_count) each; SGIs times the vCPUs they go to, of which there are at most 16.
 */
#include <string.h>

#include "internal.h"
#include <bulkhead/vgic_quick.h>

static void reset_cpu(struct vgic_cpu *cpu, struct vgic_dist *dist, uint32_t index,
                      uint32_t lr_count)
{
    memset(cpu, 0, sizeof(*cpu));
    cpu->dist = dist;
    cpu->index = index;
    cpu->is_out = true;
    cpu->lr_count = lr_count < VGIC_LR_MAX ? lr_count : VGIC_LR_MAX;
    cpu->private_bank.edge = SGI_MASK;
    cpu->home[0] = UINT32_C(0xffffffff);
    cpu->held[0] = UINT32_C(0xffffffff);
    cpu->levels = 1;
    cpu->level[0] = UINT32_C(0xffffffff);
    /* Routes reset to affinity 0.0.0.0.  Targets reset to none, where there is a choice. */
    if (index == 0 && (dist->model == GIC_V3 || dist->cpu_count == 1))
        memset(&cpu->home[1], 0xff, sizeof(cpu->home) - sizeof(cpu->home[0]));
    if (dist->model == GIC_V2) /* SGIs cannot be disabled: allowed by IHI 0048, 4.3.5 */
        cpu->private_bank.enabled = SGI_MASK;
}

void vgic_reset(struct vgic_dist *dist, enum gic_version model, uint32_t cpu_count,
                struct vgic_cpu *const *cpu, uint32_t lr_count)
{
    memset(dist, 0, sizeof(*dist));
    dist->model = model;
    dist->cpu_count = cpu_count;
    dist->cpu = cpu;
    dist->levels = 1;
    dist->level[0][0] = UINT64_C(0xffffffff00000000);
    dist->level[0][1] = UINT64_C(0xffffffffffffffff);
    for (uint32_t index = 0; index < cpu_count; index++)
        reset_cpu(cpu[index], dist, index, lr_count);
}

void vgic_link_private(struct vgic_cpu *cpu, uint32_t intid, uint32_t physical_intid)
{
    cpu->private_bank.hw |= vgic_bit(intid);
    cpu->dist->hw_intid[intid] = (uint16_t)physical_intid;
}

void vgic_link_shared(struct vgic_dist *dist, uint32_t intid, uint32_t physical_intid)
{
    dist->shared[intid / 32U].hw |= vgic_bit(intid);
    dist->hw_intid[intid] = (uint16_t)physical_intid;
}

void vgic_hw_levels(struct vgic_cpu *cpu, uint32_t word, uint32_t which, uint32_t high)
{
    struct vgic_bank *bank = vgic_bank_of(cpu, word);
    uint32_t risen;
    uint32_t fallen;

    vgic_fold(cpu);
    if (word != 0) /* that its last one has ended may be seen only in a sibling's list register */
        vgic_recall(cpu, word, which & high);
    risen = which & high & ~bank->hw_active;
    fallen = which & ~high & bank->line;
    if ((risen | fallen) != 0) {
        vgic_recall(cpu, word, risen | fallen);
        /* Unless a list register has just shown that the guest was faster. */
        fallen &= bank->line;
        bank->line = (bank->line | risen) & ~fallen;
        bank->hw_active = (bank->hw_active | risen) & ~fallen;
    }
    vgic_fill(cpu);
}

void vgic_hw_pending(struct vgic_cpu *cpu, uint32_t intid)
{
    vgic_hw_levels(cpu, intid / 32U, vgic_bit(intid), vgic_bit(intid));
}

void vgic_hw_retract(struct vgic_cpu *cpu, uint32_t intid)
{
    vgic_hw_levels(cpu, intid / 32U, vgic_bit(intid), 0);
}

void vgic_set_line(struct vgic_cpu *cpu, uint32_t intid, bool level)
{
    uint32_t word = intid / 32U;
    uint32_t bit = vgic_bit(intid);
    struct vgic_bank *bank = vgic_bank_of(cpu, word);

    if (bank->hw & bit) {
        if (level)
            vgic_hw_pending(cpu, intid);
        else
            vgic_hw_retract(cpu, intid);
        return;
    }
    vgic_fold(cpu);
    if (level != ((bank->line & bit) != 0)) {
        vgic_recall(cpu, word, bit);
        bank->line ^= bit;
        bank->pending |= bank->line & bank->edge & bit;
    }
    vgic_fill(cpu);
}

void vgic_sgi_pend(struct vgic_cpu *target, uint32_t intid, uint32_t source)
{
    struct vgic_bank *bank = &target->private_bank;
    vgic_recall(target, 0, vgic_bit(intid));
    if (target->dist->model == GIC_V2)
        target->sgi_source[intid] = (uint8_t)(target->sgi_source[intid] | (1U << source));
    bank->pending |= vgic_bit(intid);
}

/* GICD_SGIR (IHI 0048, 4.3.15): filter 25:24, target list 23:16, INTID 3:0. */
uint32_t vgic_sgir_targets(const struct vgic_cpu *cpu, uint32_t value)
{
    uint32_t self = UINT32_C(1) << cpu->index;
    uint32_t everyone = (UINT32_C(1) << cpu->dist->cpu_count) - 1U;

    switch (value >> 24 & 3U) {
    case 0:
        return (value >> 16 & 0xffU) & everyone;
    case 1:
        return everyone & ~self;
    case 2:
        return self;
    default: /* reserved */
        return 0;
    }
}

RARELY void vgic_sgir_write(struct vgic_cpu *cpu, uint32_t value)
{
    struct vgic_dist *dist = cpu->dist;
    uint32_t targets = vgic_sgir_targets(cpu, value);

    vgic_fold(cpu);
    for (; targets != 0; targets &= targets - 1U)
        vgic_sgi_pend(dist->cpu[vgic_lowest(targets)], value & 0xfU, cpu->index);
    vgic_fill(cpu);
}

/*
 * ICC_SGI1R_EL1 and its like (IHI 0069, 12.2.21): target list 15:0 of affinity 0, INTID 27:24, IRM
 * 40; the other affinities and the range selector are 0 for every vCPU, since a partition has at
 * most 16.
 */
uint32_t vgic_sgi1r_targets(const struct vgic_cpu *cpu, uint64_t value)
{
    uint32_t everyone = (UINT32_C(1) << cpu->dist->cpu_count) - 1U;

    if (value & VGIC_SGIR_IRM)
        return everyone & ~(UINT32_C(1) << cpu->index);
    return value & VGIC_SGIR_ELSEWHERE ? 0 : (uint32_t)value & 0xffffU & everyone;
}

RARELY void vgic_sgi1r_write(struct vgic_cpu *cpu, uint64_t value, uint32_t group)
{
    struct vgic_dist *dist = cpu->dist;
    uint32_t intid = VGIC_SGIR_INTID(value);
    uint32_t targets = vgic_sgi1r_targets(cpu, value);

    vgic_fold(cpu);
    for (; targets != 0; targets &= targets - 1U) {
        struct vgic_cpu *target = dist->cpu[vgic_lowest(targets)];
        if ((target->private_bank.group >> intid & 1U) == group)
            vgic_sgi_pend(target, intid, cpu->index);
    }
    vgic_fill(cpu);
}

void vgic_sgis_pend(struct vgic_cpu *cpu, uint32_t sgis, const uint8_t *from)
{
    struct vgic_bank *bank = &cpu->private_bank;

    if (cpu->dist->model == GIC_V3)
        sgis = (sgis & SGI_MASK & bank->group) | (sgis >> VGIC_SGI_COUNT & ~bank->group);
    vgic_fold(cpu);
    vgic_recall(cpu, 0, sgis);
    if (cpu->dist->model == GIC_V2) {
        for (uint32_t left = sgis; left != 0; left &= left - 1U) {
            uint32_t intid = vgic_lowest(left);
            cpu->sgi_source[intid] = (uint8_t)(cpu->sgi_source[intid] | from[intid]);
            if (cpu->sgi_source[intid] == 0)
                sgis &= ~vgic_bit(intid);
        }
    }
    bank->pending |= sgis;
    vgic_fill(cpu);
}

void vgic_pend_private(struct vgic_cpu *cpu, uint32_t intid)
{
    vgic_fold(cpu);
    vgic_recall(cpu, 0, vgic_bit(intid));
    cpu->private_bank.pending |= vgic_bit(intid);
    vgic_fill(cpu);
}

bool vgic_is_held(const struct vgic_cpu *cpu, uint32_t intid)
{
    if (intid >= VGIC_IRQ_COUNT)
        return true; /* nobody's: nothing will be done */
    intid = vgic_intid_masked(intid);
    return (cpu->held[intid / 32U] & vgic_bit(intid)) != 0;
}

void vgic_deactivate(struct vgic_cpu *cpu, uint32_t intid)
{
    vgic_fold(cpu);
    vgic_fold_siblings(cpu);
    if (intid < VGIC_IRQ_COUNT) {
        intid = vgic_intid_masked(intid);
        struct vgic_bank *bank = vgic_bank_of(cpu, intid / 32U);

        /* Whether it is active, only a list register may know. */
        vgic_recall(cpu, intid / 32U, vgic_bit(intid));
        if (bank->active & vgic_bit(intid))
            vgic_end(cpu, cpu, intid / 32U, vgic_bit(intid));
    }
    vgic_fill(cpu);
}

void vgic_publish(struct vgic_cpu *cpu)
{
    vgic_fold(cpu);
}
