/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which queue is an interrupt?  Ready ones wait with the vCPU they are targeted at, by group;
 * active ones that are in no list register are parked with the vCPU that holds them.  internal.h
 * has the rule.
 *
 * Bound: about 20 instructions for each interrupt that moves.
 */
#include "internal.h"

/* The vCPU in whose ready queues an interrupt of word 1 and up waits; NULL if it has none. */
static struct vgic_cpu *home_of(const struct vgic_dist *dist, uint32_t intid)
{
    uint32_t index = dist->home[intid];
    return index == VGIC_NOWHERE ? NULL : dist->cpu[index];
}

void vgic_ready_add(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const uint8_t *priority = vgic_priorities(owner, word);
    uint32_t group = vgic_bank_of(owner, word)->group;

    for (; bits != 0; bits &= bits - 1U) {
        uint32_t i = vgic_lowest(bits);
        struct vgic_cpu *home = word == 0 ? owner : home_of(owner->dist, word * 32U + i);
        if (home != NULL)
            vgic_queue_add(&home->ready[group >> i & 1U], priority[i], word * 32U + i);
    }
}

void vgic_ready_remove(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const uint8_t *priority = vgic_priorities(owner, word);
    uint32_t group = vgic_bank_of(owner, word)->group;

    for (; bits != 0; bits &= bits - 1U) {
        uint32_t i = vgic_lowest(bits);
        struct vgic_cpu *home = word == 0 ? owner : home_of(owner->dist, word * 32U + i);
        if (home != NULL)
            vgic_queue_remove(&home->ready[group >> i & 1U], priority[i], word * 32U + i);
    }
}

void vgic_parked_add(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const uint8_t *priority = vgic_priorities(owner, word);
    uint32_t forced = vgic_bank_of(owner, word)->forced;

    for (; bits != 0; bits &= bits - 1U) {
        uint32_t i = vgic_lowest(bits);
        struct vgic_cpu *holder = vgic_holder(owner, word * 32U + i);
        vgic_queue_add(&holder->parked[forced >> i & 1U], priority[i], word * 32U + i);
    }
}

void vgic_parked_remove(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const uint8_t *priority = vgic_priorities(owner, word);
    uint32_t forced = vgic_bank_of(owner, word)->forced;

    for (; bits != 0; bits &= bits - 1U) {
        uint32_t i = vgic_lowest(bits);
        struct vgic_cpu *holder = vgic_holder(owner, word * 32U + i);
        vgic_queue_remove(&holder->parked[forced >> i & 1U], priority[i], word * 32U + i);
    }
}

void vgic_requeue(struct vgic_cpu *owner, uint32_t word, uint32_t before)
{
    uint32_t changed = before ^ vgic_ready_bits(vgic_bank_of(owner, word));
    if ((changed & before) != 0)
        vgic_ready_remove(owner, word, changed & before);
    if ((changed & ~before) != 0)
        vgic_ready_add(owner, word, changed & ~before);
}

void vgic_enqueue(struct vgic_cpu *owner, uint32_t intid)
{
    struct vgic_bank *bank = vgic_bank_of(owner, intid / 32U);
    uint32_t bit = vgic_bit(intid);
    if (bank->active & bit)
        vgic_parked_add(owner, intid / 32U, bit);
    else if (vgic_ready_bits(bank) & bit)
        vgic_ready_add(owner, intid / 32U, bit);
}

void vgic_dequeue(struct vgic_cpu *owner, uint32_t intid)
{
    struct vgic_bank *bank = vgic_bank_of(owner, intid / 32U);
    uint32_t bit = vgic_bit(intid);
    vgic_recall(owner, intid / 32U, bit);
    if (bank->active & bit)
        vgic_parked_remove(owner, intid / 32U, bit);
    else if (vgic_ready_bits(bank) & bit)
        vgic_ready_remove(owner, intid / 32U, bit);
}

void vgic_end(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    uint32_t before = vgic_ready_bits(bank);
    /* Not in a list register, so the physical interrupt is left for the driver to deactivate. */
    uint32_t physical = bits & bank->hw_active & ~bank->line;

    vgic_parked_remove(owner, word, bits);
    bank->active &= ~bits;
    bank->forced &= ~bits;
    bank->hw_active &= ~physical;
    vgic_hw_done_add(word == 0 ? owner : cpu, word, physical);
    vgic_requeue(owner, word, before);
}
