/* SPDX-License-Identifier: Apache-2.0 */
/* See test_vgic_ref.h. */
#include "test_vgic_ref.h"

#include <bulkhead/vgic_quick.h>

#include <string.h>

uint64_t random_state;

uint32_t rnd(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % bound;
}

/* A word whose density varies. */
uint32_t rnd_word(void)
{
    switch (rnd(4)) {
    case 0:
        return UINT32_C(1) << rnd(32);
    case 1:
        return (rnd(0xffffffffU) & rnd(0xffffffffU)) & rnd(0xffffffffU);
    case 2:
        return rnd(0xffffffffU);
    default:
        return 0xffffffffU;
    }
}

struct ref_irq *ref_of(struct ref *ref, uint32_t c, uint32_t intid)
{
    return intid < 32 ? &ref->private_irq[c][intid] : &ref->shared_irq[intid];
}

bool ref_is_pending(const struct ref_irq *irq)
{
    return irq->latch || irq->sources != 0 || irq->hw_pending || (!irq->edge && irq->line);
}

static bool ref_is_for(const struct ref *ref, const struct ref_irq *irq, uint32_t c, uint32_t intid)
{
    if (intid < 32 || (ref->v2 && ref->cpu_count == 1))
        return true;
    if (ref->v2)
        return irq->route != 0 && (uint32_t)__builtin_ctz(irq->route) == c;
    return irq->route == c;
}

static bool ref_candidate(struct ref *ref, uint32_t c, uint32_t intid)
{
    const struct ref_irq *irq = ref_of(ref, c, intid);
    bool group_on = ref->ctlr & ref->open[c] & (irq->group ? 2U : 1U);
    return irq->enabled && ref_is_pending(irq) && !irq->active && group_on &&
           ref_is_for(ref, irq, c, intid);
}

void ref_deactivate(struct ref_irq *irq)
{
    if (irq->active && irq->hw_is_active)
        irq->physical_active = false;
    irq->active = false;
    irq->hw_is_active = false;
}

bool ref_on_stack(const struct ref *ref, uint32_t intid)
{
    for (uint32_t c = 0; c < ref->cpu_count; c++)
        for (uint32_t i = 0; i < ref->depth[c]; i++)
            if ((ref->stack[c][i] & 0x3ff) == intid)
                return true;
    return false;
}

void ref_init(struct ref *ref, enum gic_version model, uint32_t cpu_count)
{
    memset(ref, 0, sizeof(*ref));
    ref->v2 = model == GIC_V2;
    ref->cpu_count = cpu_count;
    for (uint32_t c = 0; c < cpu_count; c++) {
        ref->open[c] = 3;
        for (uint32_t i = 0; i < VGIC_IRQ_COUNT; i++) {
            struct ref_irq *irq = ref_of(ref, c, i);
            irq->edge = i < 16;
            irq->enabled = ref->v2 && i < 16;
        }
    }
}

void link_some(struct machine *m, struct ref *ref)
{
    static const uint32_t linked[] = {27, 30, 40, 41, 70, 71, 72, 127};
    for (uint32_t i = 0; i < ARRAY_COUNT(linked); i++) {
        if (linked[i] >= 32)
            vgic_link_shared(&m->dist, linked[i], PHYSICAL_BASE + linked[i]);
        for (uint32_t c = 0; c < m->cpu_count; c++) {
            if (linked[i] < 32)
                vgic_link_private(&m->cpu[c], linked[i], PHYSICAL_BASE + linked[i]);
            ref_of(ref, c, linked[i])->linked = true;
        }
    }
}

/* Physical interrupts whose line is up and that are not active fire on the running vCPU. */
void fire_all(struct machine *m, struct ref *ref, uint32_t c)
{
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
        struct ref_irq *irq = ref_of(ref, c, intid);
        /* A sibling that is out may have ended the last one and be yet to deactivate it. */
        if (irq->linked && irq->physical_line && !irq->physical_active &&
            !*machine_physical(m, c, intid)) {
            irq->physical_active = true;
            irq->hw_pending = true;
            machine_fire(m, c, intid);
        }
    }
}

/* A shared interrupt that has come to this vCPU, and a sibling that is out ended it so late that
 * only its list registers or its count of ends say so: it comes when the sibling has been in. */
static void wait_for_siblings(struct machine *m, struct ref *ref, uint32_t c)
{
    bool late = false;

    for (uint32_t intid = 32; m->lazy && intid < VGIC_IRQ_COUNT; intid++)
        late = late || (ref_candidate(ref, c, intid) &&
                        !(m->cpu[c].held[intid / 32] >> (intid % 32) & 1U) &&
                        ((m->dist.shared[intid / 32].active | m->dist.shared[intid / 32].in_lr) >>
                             (intid % 32) &
                         1U));
    if (!late)
        return;
    m->late_count++;
    for (uint32_t t = 0; t < ref->cpu_count; t++)
        vgic_publish(&m->cpu[t]);
    vgic_refill(&m->cpu[c]);
    machine_settle(m, c);
}

void do_ack(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t best = m->apr[c] != 0 ? (uint32_t)__builtin_ctz(m->apr[c]) : 32U;
    best = m->pmr[c] < best ? m->pmr[c] : best;
    uint32_t running = best;

    if (ref->depth[c] == STACK_MAX)
        return;
    wait_for_siblings(m, ref, c);
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
        uint32_t level = ref_of(ref, c, intid)->priority >> 3;
        if (ref_candidate(ref, c, intid) && level < best)
            best = level;
    }
    uint32_t iar = machine_ack(m, c);
    if (best == running) {
        assert_int_equal(iar, SPURIOUS);
        return;
    }
    assert_int_not_equal(iar, SPURIOUS);
    uint32_t intid = iar & 0x3ff;
    struct ref_irq *irq = ref_of(ref, c, intid);
    assert_true(ref_candidate(ref, c, intid));
    assert_int_equal(irq->priority >> 3, best);
    if (ref->v2 && intid < 16) {
        assert_true((uint32_t)irq->sources >> (iar >> 10) & 1U);
        irq->sources = (uint8_t)(irq->sources & ~(1U << (iar >> 10)));
        irq->active_source = (uint8_t)(iar >> 10);
    } else {
        assert_int_equal(iar >> 10, 0);
    }
    irq->active = true;
    irq->holder = c;
    irq->latch = false;
    irq->hw_is_active = irq->hw_pending;
    irq->hw_pending = false;
    ref->stack[c][ref->depth[c]++] = iar;
}

void do_end(struct machine *m, struct ref *ref, uint32_t c)
{
    if (ref->depth[c] == 0)
        return;
    if (!m->eoi_mode) {
        uint32_t iar = ref->stack[c][--ref->depth[c]];
        ref_deactivate(ref_of(ref, c, iar & 0x3ff));
        machine_eoi(m, c, iar);
        return;
    }
    if (m->apr[c] != 0 && rnd(2)) {
        machine_eoi(m, c, SPURIOUS);
        return;
    }
    uint32_t which = rnd(ref->depth[c]);
    uint32_t iar = ref->stack[c][which];
    struct ref_irq *irq = ref_of(ref, c, iar & 0x3ff);
    ref->stack[c][which] = ref->stack[c][--ref->depth[c]];
    if (irq->active && (irq->holder != c || (ref->v2 && iar < 0x2000 && (iar & 0x3ff) < 16 &&
                                             irq->active_source != iar >> 10)))
        return; /* a stale end: what it does is for the guest to regret */
    ref_deactivate(irq);
    machine_dir(m, c, iar);
}

void do_line(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t intid = 16 + rnd(VGIC_IRQ_COUNT - 16);
    struct ref_irq *irq = ref_of(ref, c, intid);
    bool level = rnd(2);

    if (irq->linked) {
        irq->physical_line = level;
        if (!level && irq->hw_pending && rnd(2)) {
            irq->hw_pending = false;
            irq->physical_active = false;
            vgic_hw_retract(&m->cpu[c], intid);
            *machine_physical(m, c, intid) = false;
            machine_settle(m, c);
        }
        return;
    }
    if (level && !irq->line && irq->edge)
        irq->latch = true;
    irq->line = level;
    vgic_set_line(&m->cpu[c], intid, level);
    machine_settle(m, c);
}

void do_sgi(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t intid = rnd(16);
    uint32_t list = rnd(2) ? 1U << c : rnd(1U << CPU_MAX);
    uint32_t filter = rnd(ref->v2 ? 3 : 2);
    uint32_t group = rnd(8) != 0;
    uint32_t everyone = (1U << ref->cpu_count) - 1U;
    uint32_t targets = filter == 0   ? list & everyone
                       : filter == 1 ? everyone & ~(1U << c)
                                     : 1U << c;

    for (uint32_t t = 0; t < ref->cpu_count; t++) {
        struct ref_irq *irq = ref_of(ref, t, intid);
        if (!(targets >> t & 1U))
            continue;
        if (ref->v2)
            irq->sources = (uint8_t)(irq->sources | 1U << c);
        else
            irq->latch = irq->latch || irq->group == group;
    }
    uint64_t value =
        ref->v2 ? filter << 24 | list << 16 | intid : (uint64_t)filter << 40 | list | intid << 24;
    uint32_t self;
    bool is_self = ref->v2 ? vgic_sgir_is_self(&m->cpu[c], (uint32_t)value, &self)
                           : group == 1 && vgic_sgi1r_is_self(&m->cpu[c], value, &self);
    if (!is_self || !machine_pend_quickly(m, c, self)) {
        if (ref->v2)
            dist_write(m, c, 0xf00, 4, value);
        else
            vgic_sgi1r_write(&m->cpu[c], value, group);
    }
    machine_settle(m, c);
}

void do_sgi_sources(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t intid = rnd(16);
    bool set = rnd(2);
    uint32_t value = rnd(256);
    struct ref_irq *irq = ref_of(ref, c, intid);
    uint32_t everyone = (1U << ref->cpu_count) - 1U;

    if (!ref->v2)
        return;
    irq->sources = (uint8_t)(set ? irq->sources | (value & everyone) : irq->sources & ~value);
    dist_write(m, c, (set ? 0xf20 : 0xf10) + intid, 1, value);
    assert_int_equal(dist_read(m, c, 0xf20 + intid, 1), irq->sources);
}

/* One of the registers with a bit for each interrupt. */
void do_bits(struct machine *m, struct ref *ref, uint32_t c)
{
    static const uint32_t base[] = {0x080, 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
    uint32_t offset = base[rnd(ARRAY_COUNT(base))];
    uint32_t size = 1U << rnd(3);
    uint32_t first_byte = rnd(VGIC_IRQ_COUNT / 8 / size) * size;
    uint32_t value = size == 4 ? rnd_word() : rnd_word() & ((1U << (8 * size)) - 1U);

    for (uint32_t i = 0; i < 8 * size; i++) {
        uint32_t intid = first_byte * 8 + i;
        struct ref_irq *irq = ref_of(ref, c, intid);
        bool one = value >> i & 1U;
        bool fixed = ref->v2 && intid < 16;
        /* EOImode 0: ending by register what will be ended again by EOIR confuses a real GIC. */
        if (offset == 0x380 && !m->eoi_mode && ref_on_stack(ref, intid)) {
            value &= ~(1U << i);
            continue;
        }
        if (offset == 0x080)
            irq->group = one;
        if (!one)
            continue;
        if (offset == 0x100)
            irq->enabled = true;
        if (offset == 0x180 && !fixed)
            irq->enabled = false;
        if (offset == 0x200 && !fixed)
            irq->latch = true;
        if (offset == 0x280 && !fixed) {
            irq->latch = false;
            if (irq->hw_pending)
                irq->physical_active = irq->hw_pending = false;
        }
        if (offset == 0x300 && !irq->active) {
            irq->active = true;
            irq->active_source = 0;
            irq->holder = c;
            for (uint32_t t = 0; intid >= 32 && t < ref->cpu_count; t++)
                if (ref_is_for(ref, irq, t, intid))
                    irq->holder = t;
        }
        if (offset == 0x380)
            ref_deactivate(irq);
    }
    reg_write(m, c, offset + first_byte, size, value);
}

void do_priority(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t size = 1U << rnd(3);
    uint32_t intid = rnd(VGIC_IRQ_COUNT / size) * size;
    uint32_t value = 0;

    for (uint32_t i = 0; i < size; i++) {
        struct ref_irq *irq = ref_of(ref, c, intid + i);
        /* EOImode 0: the order of ends is that of priorities, unless those change meanwhile. */
        uint8_t priority = irq->active ? irq->priority : (uint8_t)(rnd(2) ? rnd(256) : 0xa0);
        value |= (uint32_t)priority << (8 * i);
        irq->priority = priority & 0xf8;
    }
    reg_write(m, c, 0x400 + intid, size, value);
}

void do_route(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t intid = 32 + rnd(VGIC_IRQ_COUNT - 32);
    if (ref->v2) {
        uint32_t value = rnd(256);
        if (ref->cpu_count > 1)
            ref->shared_irq[intid].route = value & ((1U << ref->cpu_count) - 1U);
        reg_write(m, c, 0x800 + intid, 1, value);
        assert_int_equal(dist_read(m, c, 0x800 + intid, 1), ref->shared_irq[intid].route);
    } else {
        uint64_t value = rnd(10) == 0 ? 0x8100000100U : rnd(ref->cpu_count);
        ref->shared_irq[intid].route = value & 0xffffff;
        dist_write(m, c, 0x6000 + 8 * intid, rnd(2) ? 8 : 4, value);
    }
}

void do_config(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t word = rnd(VGIC_IRQ_COUNT / 16);
    uint32_t value = rnd_word();
    for (uint32_t i = 0; i < 16; i++)
        if (word != 0)
            ref_of(ref, c, word * 16 + i)->edge = value >> (2 * i + 1) & 1U;
    reg_write(m, c, 0xc00 + word * 4, 4, value);
}

void do_ctlr(struct machine *m, struct ref *ref, uint32_t c)
{
    ref->ctlr = rnd(4) ? 3 : rnd(4);
    dist_write(m, c, 0, 4, ref->ctlr);
}

void do_interface(struct machine *m, struct ref *ref, uint32_t c)
{
    ref->open[c] = rnd(2) ? 3 : rnd(4);
    machine_open_groups(m, c, ref->open[c]);
}

/* Any register that shows state agrees with the model. */
void check_reads(struct machine *m, struct ref *ref, uint32_t c)
{
    static const uint32_t base[] = {0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
    for (uint32_t word = 0; word < VGIC_WORDS; word++) {
        uint32_t offset = base[rnd(ARRAY_COUNT(base))];
        uint32_t expected = 0;
        for (uint32_t i = 0; i < 32; i++) {
            const struct ref_irq *irq = ref_of(ref, c, word * 32 + i);
            bool bit = offset < 0x100   ? irq->group
                       : offset < 0x200 ? irq->enabled
                       : offset < 0x300 ? ref_is_pending(irq)
                                        : irq->active;
            expected |= (uint32_t)bit << i;
        }
        assert_int_equal(reg_read(m, c, offset + word * 4, 4), expected);
    }
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
        const struct ref_irq *irq = ref_of(ref, c, intid);
        if (!m->lazy || intid < 32 || irq->physical_active)
            assert_int_equal(*machine_physical(m, c, intid), irq->physical_active);
        if (intid < 32)
            assert_int_equal(vgic_private_hw_busy(&m->cpu[c]) >> intid & 1U, irq->physical_active);
    }
    uint32_t intid = rnd(VGIC_IRQ_COUNT);
    assert_int_equal(reg_read(m, c, 0x400 + intid, 1), ref_of(ref, c, intid)->priority);
}

void check_wfi(struct machine *m, struct ref *ref, uint32_t c)
{
    bool any = false;
    wait_for_siblings(m, ref, c);
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++)
        any = any || ref_candidate(ref, c, intid);
    if (any)
        assert_true(vgic_has_pending(&m->cpu[c]));
}

/* Takes and ends everything that is deliverable: nothing may stay behind. */
void drain(struct machine *m, struct ref *ref, uint32_t c)
{
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
        struct ref_irq *irq = ref_of(ref, c, intid);
        irq->physical_line = false;
        if (!irq->linked && irq->line) {
            irq->line = false;
            vgic_set_line(&m->cpu[c], intid, false);
            machine_settle(m, c);
        }
    }
    ref->open[c] = 3;
    m->pmr[c] = 32;
    machine_open_groups(m, c, 3);
    for (uint32_t i = 0; i < 4000; i++) {
        do_end(m, ref, c);
        do_ack(m, ref, c);
    }
    while (ref->depth[c] != 0)
        do_end(m, ref, c);
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++)
        assert_false(ref_candidate(ref, c, intid) && m->apr[c] == 0);
}
