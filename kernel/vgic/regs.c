/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the registers do that describe interrupts by the word?  IGROUPR to ICFGR, offsets 0x080
 * to 0xcff, which the distributor and the redistributor's SGI frame lay out alike (IHI 0048, table
 * 4-1; IHI 0069, tables 12-25 and 12-29).  Whether a word exists in a frame is the caller's to
 * check.
 *
 * Bound of a write: a few steps for each of 32 INTIDs, plus O(lr_count) for folding and filling.
 */
#include "internal.h"

/* Register blocks of 128 bytes: offset / 0x80. */
enum {
    REG_IGROUPR = 0x080 / 0x80,
    REG_ISENABLER = 0x100 / 0x80,
    REG_ICENABLER = 0x180 / 0x80,
    REG_ISPENDR = 0x200 / 0x80,
    REG_ICPENDR = 0x280 / 0x80,
    REG_ISACTIVER = 0x300 / 0x80,
    REG_ICACTIVER = 0x380 / 0x80,
    REG_IPRIORITYR = 0x400 / 0x80,
    REG_ITARGETSR = 0x800 / 0x80,
    REG_ICFGR = 0xc00 / 0x80,
    REG_ICFGR_END = 0xd00 / 0x80,
};

/* Spreads 16 bits to the odd bits of a word, and gathers them. */
static uint32_t spread_odd(uint32_t bits)
{
    bits &= 0xffffU;
    bits = (bits | bits << 8) & UINT32_C(0x00ff00ff);
    bits = (bits | bits << 4) & UINT32_C(0x0f0f0f0f);
    bits = (bits | bits << 2) & UINT32_C(0x33333333);
    bits = (bits | bits << 1) & UINT32_C(0x55555555);
    return bits << 1;
}

static uint32_t gather_odd(uint32_t bits)
{
    bits = bits >> 1 & UINT32_C(0x55555555);
    bits = (bits | bits >> 1) & UINT32_C(0x33333333);
    bits = (bits | bits >> 2) & UINT32_C(0x0f0f0f0f);
    bits = (bits | bits >> 4) & UINT32_C(0x00ff00ff);
    return (bits | bits >> 8) & 0xffffU;
}

/* SGIs whose enable and pending bits a GICv2 guest cannot write (IHI 0048, 4.3.5 and 4.3.7). */
static uint32_t fixed_sgis(const struct vgic_cpu *owner, uint32_t word)
{
    return word == 0 && owner->dist->model == GIC_V2 ? SGI_MASK : 0;
}

void vgic_set_home(struct vgic_dist *dist, uint32_t intid, uint32_t index)
{
    for (uint32_t c = 0; c < dist->cpu_count; c++) {
        uint32_t *home = &dist->cpu[c]->home[intid / 32U];
        *home = c == index ? *home | vgic_bit(intid) : *home & ~vgic_bit(intid);
    }
}

static uint32_t read_bytes(const uint8_t *byte)
{
    return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

/* ITARGETSR: INTIDs 0..31 read as the reader; with one CPU all is RAZ/WI (IHI 0048, 4.3.12). */
static uint32_t read_targets(const struct vgic_cpu *owner, uint32_t intid)
{
    if (owner->dist->model != GIC_V2 || owner->dist->cpu_count == 1)
        return 0;
    if (intid < VGIC_PRIVATE_COUNT)
        return (UINT32_C(1) << owner->index) * UINT32_C(0x01010101);
    return read_bytes(&owner->dist->target[intid]);
}

uint32_t vgic_reg_read(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t offset)
{
    uint32_t intid = vgic_intid_masked(vgic_reg_intid(offset));
    uint32_t word = intid / 32U;
    const struct vgic_bank *bank = vgic_bank_of(owner, word);

    if (vgic_reg_is_state(offset)) {
        if (word != 0 || owner != cpu)
            vgic_fold_siblings(cpu);
        vgic_refill(cpu);
        /* What others hold is judged by their saved list registers. */
        if (cpu->dist->cpu_count > 1 && (word != 0 || owner != cpu)) {
            vgic_recall(owner, word, bank->in_lr);
            vgic_fill(cpu);
        }
    }
    switch (offset / 0x80U) {
    case REG_IGROUPR:
        return bank->group;
    case REG_ISENABLER:
    case REG_ICENABLER:
        return bank->enabled;
    case REG_ISPENDR:
    case REG_ICPENDR:
        return vgic_pending_bits(bank) |
               (word == 0 && owner == cpu ? cpu->line_now & bank->hw & ~bank->edge : 0);
    case REG_ISACTIVER:
    case REG_ICACTIVER:
        return bank->active;
    default:
        break;
    }
    if (offset < 0x800U)
        return read_bytes(vgic_priority_of(owner, intid));
    if (offset < 0xc00U)
        return read_targets(owner, intid);
    return spread_odd(bank->edge >> (intid % 32U));
}

static void write_group(struct vgic_cpu *owner, uint32_t word, uint32_t value, uint32_t mask)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    uint32_t changed = (bank->group ^ value) & mask;
    vgic_recall(owner, word, changed);
    bank->group ^= changed;
}

static void write_enable(struct vgic_cpu *owner, uint32_t word, uint32_t bits, bool set)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    bits &= ~fixed_sgis(owner, word) & (set ? ~bank->enabled : bank->enabled);
    vgic_recall(owner, word, bits);
    bank->enabled ^= bits;
}

static void set_pending(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    bits &= ~fixed_sgis(owner, word);
    vgic_recall(owner, word, bits);
    bank->pending |= bits;
}

static void clear_pending(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word,
                          uint32_t bits)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    bits &= ~fixed_sgis(owner, word);
    vgic_recall(owner, word, bits);
    /* The physical line, if it is still up, brings a linked interrupt back once deactivated. */
    uint32_t physical = bits & bank->hw & bank->line;
    bank->pending &= ~bits;
    bank->line &= ~physical;
    bank->hw_active &= ~physical;
    vgic_hw_done_add(word == 0 ? owner : cpu, word, physical);
}

/* An SPI that is made active is held by the vCPU it is targeted at, or else by the writer. */
static void set_active(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    const struct vgic_dist *dist = owner->dist;
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    vgic_recall(owner, word, bits);
    bits &= ~bank->active;
    bank->active |= bits;
    bank->forced |= bits;
    if (word == 0) {
        for (uint32_t left = bits & SGI_MASK; left != 0; left &= left - 1U)
            owner->sgi_active_source[vgic_lowest(left)] = 0;
        return;
    }
    for (uint32_t c = 0; c < dist->cpu_count; c++) {
        dist->cpu[c]->held[word] |= bits & dist->cpu[c]->home[word];
        bits &= ~dist->cpu[c]->home[word];
    }
    cpu->held[word] |= bits;
}

static void clear_active(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    vgic_recall(owner, word, bits);
    vgic_end(cpu, owner, word, bits & bank->active);
}

/* Moves an interrupt from one priority level to another. */
static void move_level(struct vgic_cpu *owner, uint32_t intid, uint32_t from, uint32_t to)
{
    uint32_t to_bit = UINT32_C(1) << to;
    uint32_t from_bit = UINT32_C(1) << from;

    if (intid < VGIC_PRIVATE_COUNT) {
        owner->level[from] &= ~vgic_bit(intid);
        if (owner->level[from] == 0)
            owner->levels &= ~from_bit;
        owner->level[to] |= vgic_bit(intid);
        owner->levels |= to_bit;
    } else {
        struct vgic_dist *dist = owner->dist;
        uint64_t bit = UINT64_C(1) << (intid % 64U);
        dist->level[from][intid / 64U] &= ~bit;
        if ((dist->level[from][0] | dist->level[from][1]) == 0)
            dist->levels &= ~from_bit;
        dist->level[to][intid / 64U] |= bit;
        dist->levels |= to_bit;
    }
}

static void write_priorities(struct vgic_cpu *owner, uint32_t intid, uint32_t value, uint32_t mask)
{
    for (uint32_t i = 0; i < 4; i++, intid++, value >>= 8, mask >>= 8) {
        uint8_t *priority = vgic_priority_of(owner, intid);
        uint32_t wanted = value & PRIORITY_MASK;
        if (!(mask & 1U) || *priority == wanted)
            continue;
        vgic_recall(owner, intid / 32U, vgic_bit(intid));
        move_level(owner, intid, (uint32_t)*priority >> PRIORITY_SHIFT, wanted >> PRIORITY_SHIFT);
        *priority = (uint8_t)wanted;
    }
}

static void write_targets(struct vgic_cpu *owner, uint32_t intid, uint32_t value, uint32_t mask)
{
    struct vgic_dist *dist = owner->dist;
    uint32_t everyone = (UINT32_C(1) << dist->cpu_count) - 1U;

    if (dist->model != GIC_V2 || dist->cpu_count == 1 || intid < VGIC_PRIVATE_COUNT)
        return;
    for (uint32_t i = 0; i < 4; i++, intid++, value >>= 8, mask >>= 8) {
        uint32_t wanted = value & 0xffU & everyone;
        if (!(mask & 1U) || dist->target[intid] == wanted)
            continue;
        vgic_recall(owner, intid / 32U, vgic_bit(intid));
        dist->target[intid] = (uint8_t)wanted;
        vgic_set_home(dist, intid, wanted != 0 ? vgic_lowest(wanted) : dist->cpu_count);
    }
}

static void write_config(struct vgic_cpu *owner, uint32_t intid, uint32_t value, uint32_t mask)
{
    uint32_t word = intid / 32U;
    struct vgic_bank *bank = vgic_bank_of(owner, word);
    uint32_t wanted = gather_odd(value) << (intid % 32U);
    uint32_t changed = (bank->edge ^ wanted) & gather_odd(mask) << (intid % 32U);

    if (word == 0) /* SGIs are edge-triggered for ever */
        changed &= ~SGI_MASK;
    vgic_recall(owner, word, changed);
    bank->edge ^= changed;
}

void vgic_reg_write(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t offset, uint32_t value,
                    uint32_t mask)
{
    uint32_t intid = vgic_intid_masked(vgic_reg_intid(offset));
    uint32_t word = intid / 32U;
    uint32_t ones = value & mask;

    vgic_fold(cpu);
    if (word != 0 || owner != cpu)
        vgic_fold_siblings(cpu);
    switch (offset / 0x80U) {
    case REG_IGROUPR:
        write_group(owner, word, value, mask);
        break;
    case REG_ISENABLER:
        write_enable(owner, word, ones, true);
        break;
    case REG_ICENABLER:
        write_enable(owner, word, ones, false);
        break;
    case REG_ISPENDR:
        set_pending(owner, word, ones);
        break;
    case REG_ICPENDR:
        clear_pending(cpu, owner, word, ones);
        break;
    case REG_ISACTIVER:
        set_active(cpu, owner, word, ones);
        break;
    case REG_ICACTIVER:
        clear_active(cpu, owner, word, ones);
        break;
    default:
        if (offset < 0x800U)
            write_priorities(owner, intid, value, mask);
        else if (offset < 0xc00U)
            write_targets(owner, intid, value, mask);
        else
            write_config(owner, intid, value, mask);
        break;
    }
    vgic_fill(cpu);
}

/*
 * Peripheral and component identification as in GIC-400, and GIC-500 (the redistributor's part
 * number is one more): what drivers match is ArchRev in PIDR2 (IHI 0048, 4.3.19; IHI 0069, 12.1.2).
 */
uint32_t vgic_id_read(enum gic_version model, bool redistributor, uint32_t offset)
{
    static const uint8_t id_v2[12] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t id_v3[12] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    uint32_t index = ((offset & 0x3fU) - 0x10U) / 4U;
    if (index >= 12U)
        return 0;
    return model == GIC_V2 ? id_v2[index] : id_v3[index] + (redistributor && index == 4U ? 1U : 0U);
}
