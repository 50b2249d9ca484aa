/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the virtual GIC do what a GIC without list registers does?  A reference model keeps each
 * interrupt's state by itself and scans all of them for the most urgent.  Random guest operations
 * go to both; every acknowledgement, register read and physical deactivation must agree, so that
 * no interrupt is lost, doubled or stuck.
 */
#include "test_vgic.h"

#include <bulkhead/vgic_quick.h>

#include <stdio.h>
#include <string.h>

#define STACK_MAX 64U

struct ref_irq {
    bool enabled, latch, line, active, edge, group, linked;
    bool hw_pending;   /* the physical interrupt was taken and waits for the guest */
    bool hw_is_active; /* the active state is that of the physical interrupt */
    bool physical_line, physical_active;
    uint8_t priority, sources, active_source;
    uint32_t route;
    uint32_t holder; /* active: on which vCPU */
};

struct ref {
    bool v2;
    uint32_t cpu_count, ctlr;
    uint32_t open[CPU_MAX]; /* groups that the CPU interface signals */
    struct ref_irq private_irq[CPU_MAX][32];
    struct ref_irq shared_irq[VGIC_IRQ_COUNT];
    uint32_t stack[CPU_MAX][STACK_MAX]; /* IAR values acknowledged and not ended */
    uint32_t depth[CPU_MAX];
};

static uint64_t random_state;

static uint32_t rnd(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % bound;
}

/* A word whose density varies. */
static uint32_t rnd_word(void)
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

static struct ref_irq *ref_of(struct ref *ref, uint32_t c, uint32_t intid)
{
    return intid < 32 ? &ref->private_irq[c][intid] : &ref->shared_irq[intid];
}

static bool ref_is_pending(const struct ref_irq *irq)
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

static void ref_deactivate(struct ref_irq *irq)
{
    if (irq->active && irq->hw_is_active)
        irq->physical_active = false;
    irq->active = false;
    irq->hw_is_active = false;
}

static bool ref_on_stack(const struct ref *ref, uint32_t intid)
{
    for (uint32_t c = 0; c < ref->cpu_count; c++)
        for (uint32_t i = 0; i < ref->depth[c]; i++)
            if ((ref->stack[c][i] & 0x3ff) == intid)
                return true;
    return false;
}

static void ref_init(struct ref *ref, enum gic_version model, uint32_t cpu_count)
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

static void link_some(struct machine *m, struct ref *ref)
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
static void fire_all(struct machine *m, struct ref *ref, uint32_t c)
{
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
        struct ref_irq *irq = ref_of(ref, c, intid);
        if (irq->linked && irq->physical_line && !irq->physical_active) {
            irq->physical_active = true;
            irq->hw_pending = true;
            machine_fire(m, c, intid);
        }
    }
}

static void do_ack(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t best = m->apr[c] != 0 ? (uint32_t)__builtin_ctz(m->apr[c]) : 32U;
    uint32_t running = best;

    if (ref->depth[c] == STACK_MAX)
        return;
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

static void do_end(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_switch(struct machine *m, uint32_t *running)
{
    *running = rnd(m->cpu_count);
    vgic_refill(&m->cpu[*running]);
    machine_settle(m, *running);
}

static void do_line(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_sgi(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_sgi_sources(struct machine *m, struct ref *ref, uint32_t c)
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
static void do_bits(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_priority(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_route(struct machine *m, struct ref *ref, uint32_t c)
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

static void do_config(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t word = rnd(VGIC_IRQ_COUNT / 16);
    uint32_t value = rnd_word();
    for (uint32_t i = 0; i < 16; i++)
        if (word != 0)
            ref_of(ref, c, word * 16 + i)->edge = value >> (2 * i + 1) & 1U;
    reg_write(m, c, 0xc00 + word * 4, 4, value);
}

static void do_ctlr(struct machine *m, struct ref *ref, uint32_t c)
{
    ref->ctlr = rnd(4) ? 3 : rnd(4);
    dist_write(m, c, 0, 4, ref->ctlr);
}

static void do_interface(struct machine *m, struct ref *ref, uint32_t c)
{
    ref->open[c] = rnd(2) ? 3 : rnd(4);
    machine_open_groups(m, c, ref->open[c]);
}

/* Any register that shows state agrees with the model. */
static void check_reads(struct machine *m, struct ref *ref, uint32_t c)
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
        assert_int_equal(*machine_physical(m, c, intid), irq->physical_active);
        if (intid < 32)
            assert_int_equal(vgic_private_hw_busy(&m->cpu[c]) >> intid & 1U, irq->physical_active);
    }
    uint32_t intid = rnd(VGIC_IRQ_COUNT);
    assert_int_equal(reg_read(m, c, 0x400 + intid, 1), ref_of(ref, c, intid)->priority);
}

static void check_wfi(struct machine *m, struct ref *ref, uint32_t c)
{
    bool any = false;
    for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++)
        any = any || ref_candidate(ref, c, intid);
    if (any)
        assert_true(vgic_has_pending(&m->cpu[c]));
}

static void one_step(struct machine *m, struct ref *ref, uint32_t *running)
{
    uint32_t c = *running;
    m->quick = rnd(4) != 0;
    switch (rnd(25)) {
    case 0:
    case 1:
    case 2:
    case 3:
        do_bits(m, ref, c);
        break;
    case 4:
        do_priority(m, ref, c);
        break;
    case 5:
        do_route(m, ref, c);
        break;
    case 6:
        do_config(m, ref, c);
        break;
    case 7:
        do_ctlr(m, ref, c);
        break;
    case 8:
    case 9:
        do_sgi(m, ref, c);
        break;
    case 10:
        do_sgi_sources(m, ref, c);
        break;
    case 11:
    case 12:
        do_switch(m, running);
        break;
    case 13:
    case 14:
    case 15:
        do_line(m, ref, c);
        break;
    case 16:
    case 17:
    case 18:
    case 19:
        do_ack(m, ref, c);
        break;
    case 20:
        do_interface(m, ref, c);
        break;
    default:
        do_end(m, ref, c);
        break;
    }
    fire_all(m, ref, *running);
}

/* Takes and ends everything that is deliverable: nothing may stay behind. */
static void drain(struct machine *m, struct ref *ref, uint32_t c)
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

static void run(enum gic_version model, uint32_t cpu_count, uint32_t lr_count, bool eoi_mode)
{
    static struct machine m;
    static struct ref ref;
    uint32_t running = 0;

    random_state = 0x9e3779b97f4a7c15U + 1000U * lr_count + 10U * cpu_count + eoi_mode + model;
    for (uint32_t round = 0; round < 8; round++) {
        machine_init(&m, model, cpu_count, lr_count);
        ref_init(&ref, model, cpu_count);
        link_some(&m, &ref);
        m.eoi_mode = eoi_mode;
        running = 0;
        for (uint32_t step = 0; step < 2000; step++) {
            one_step(&m, &ref, &running);
            check_wfi(&m, &ref, running);
            if (step % 4 == 0)
                check_reads(&m, &ref, running);
            if (step % 16 == 0)
                machine_check(&m, running);
        }
        drain(&m, &ref, running);
        machine_check(&m, running);
    }
}

static void run_all_sizes(enum gic_version model, bool eoi_mode)
{
    static const uint32_t lr_count[] = {1, 2, 4, 16};
    for (uint32_t i = 0; i < ARRAY_COUNT(lr_count); i++) {
        run(model, 1, lr_count[i], eoi_mode);
        run(model, 3, lr_count[i], eoi_mode);
    }
}

/* A guest that keeps everything enabled and ends what it takes: timers, SGIs to itself, and now and
 * then anything else. */
static void calm_step(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t timer = rnd(2) ? 27 : 30;
    uint32_t running = c;

    m->quick = rnd(16) != 0;
    switch (rnd(8)) {
    case 0:
    case 1:
        do_sgi(m, ref, c);
        break;
    case 2:
        ref_of(ref, c, timer)->physical_line = true;
        break;
    case 3:
        ref_of(ref, c, timer)->physical_line = false;
        break;
    case 4:
        if (rnd(64) == 0)
            do_priority(m, ref, running);
        break;
    default:
        do_ack(m, ref, c);
        if (rnd(4) != 0)
            do_end(m, ref, c);
        break;
    }
    fire_all(m, ref, c);
}

/* The short way of vgic_quick.h and the long one, mixed at random, come to the same. */
static void run_calm(enum gic_version model, uint32_t cpu_count, uint32_t lr_count)
{
    static struct machine m;
    static struct ref ref;

    random_state = 0x9e3779b97f4a7c15U + 100U * lr_count + 10U * cpu_count + model;
    machine_init(&m, model, cpu_count, lr_count);
    ref_init(&ref, model, cpu_count);
    link_some(&m, &ref);
    ref.ctlr = 3;
    dist_write(&m, 0, 0, 4, 3);
    for (uint32_t intid = 0; intid < 32; intid++) {
        ref_of(&ref, 0, intid)->enabled = true;
        ref_of(&ref, 0, intid)->group = true;
    }
    reg_write(&m, 0, 0x080, 4, UINT32_MAX);
    reg_write(&m, 0, 0x100, 4, UINT32_MAX);
    for (uint32_t step = 0; step < 20000; step++) {
        calm_step(&m, &ref, 0);
        check_wfi(&m, &ref, 0);
        if (step % 16 == 0)
            check_reads(&m, &ref, 0);
    }
    drain(&m, &ref, 0);
    machine_check(&m, 0);
    assert_true(m.quick_count > 300);
}

static void the_short_way_agrees_with_the_model(void **state)
{
    static const uint32_t lr_count[] = {2, 4, 16};
    (void)state;
    for (uint32_t i = 0; i < ARRAY_COUNT(lr_count); i++) {
        for (uint32_t cpu_count = 1; cpu_count <= 3; cpu_count += 2) {
            run_calm(GIC_V2, cpu_count, lr_count[i]);
            run_calm(GIC_V3, cpu_count, lr_count[i]);
        }
    }
}

static void gicv2_agrees_with_the_model(void **state)
{
    (void)state;
    run_all_sizes(GIC_V2, false);
}

static void gicv2_with_separate_deactivation_agrees_with_the_model(void **state)
{
    (void)state;
    run_all_sizes(GIC_V2, true);
}

static void gicv3_agrees_with_the_model(void **state)
{
    (void)state;
    run_all_sizes(GIC_V3, false);
}

static void gicv3_with_separate_deactivation_agrees_with_the_model(void **state)
{
    (void)state;
    run_all_sizes(GIC_V3, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gicv2_agrees_with_the_model),
        cmocka_unit_test(gicv2_with_separate_deactivation_agrees_with_the_model),
        cmocka_unit_test(gicv3_agrees_with_the_model),
        cmocka_unit_test(gicv3_with_separate_deactivation_agrees_with_the_model),
        cmocka_unit_test(the_short_way_agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
