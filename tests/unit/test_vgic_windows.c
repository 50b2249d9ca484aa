/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an interrupt survive windows?  As test_vgic_model.c, with vCPUs that go out and come in, on
 * one core and on several, and what a guest does last with no time left for a maintenance
 * interrupt; and registers that would have the list registers looked at are seldom read.  SEED=n:
 * another run.
 */
#include "test_vgic_ref.h"

#include <stdlib.h>

#define ROUNDS 3U

static uint64_t seed;

/* The window ends and another vCPU's, or the same one's, begins. */
static void do_boundary(struct machine *m, struct ref *ref, uint32_t *running)
{
    uint32_t c = *running;
    uint32_t due = 0;
    bool timers_seen;

    if (rnd(3) == 0) { /* what the guest does last has no maintenance interrupt any more */
        m->no_time = true;
        if (rnd(3) == 0)
            do_ack(m, ref, c);
        else
            do_end(m, ref, c);
    }
    machine_leave(m, c);
    *running = c = rnd(m->cpu_count);
    for (uint32_t intid = 16; intid < 32; intid++)
        due |= (uint32_t)(ref_of(ref, c, intid)->linked && ref_of(ref, c, intid)->physical_line)
               << intid;
    timers_seen = machine_enter(m, c, due);
    for (uint32_t intid = 16; intid < 32 && timers_seen; intid++) {
        struct ref_irq *irq = ref_of(ref, c, intid);
        if (irq->linked && irq->physical_line && !irq->physical_active)
            irq->physical_active = irq->hw_pending = true;
        else if (irq->linked && !irq->physical_line && irq->hw_pending)
            irq->physical_active = irq->hw_pending = false;
    }
}

static void do_mask(struct machine *m, uint32_t c)
{
    m->pmr[c] = rnd(2) ? 32U : rnd(33);
}

/* A timer is re-armed in any vCPU's own time: only its line matters at the boundary. */
static void do_timer(struct machine *m, struct ref *ref, uint32_t c)
{
    (void)m;
    ref_of(ref, c, rnd(2) ? 27 : 30)->physical_line = rnd(2);
}

/* Several become pending at once. */
static void do_burst(struct machine *m, struct ref *ref, uint32_t c)
{
    uint32_t word = rnd(VGIC_WORDS);
    uint32_t value = rnd(0xffffffffU) & rnd(0xffffffffU) & rnd(0xffffffffU);

    value &= word == 0 && ref->v2 ? UINT32_C(0xffff0000) : UINT32_MAX;
    for (uint32_t i = 0; i < 32; i++)
        if (value >> i & 1U)
            ref_of(ref, c, word * 32 + i)->latch = true;
    reg_write(m, c, 0x200 + 4 * word, 4, value);
}

/* GICv3: a sibling's redistributor, written and read while that vCPU is out. */
static void do_sibling(struct machine *m, struct ref *ref, uint32_t c)
{
    static const uint32_t base[] = {0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
    uint32_t offset = base[rnd(ARRAY_COUNT(base))];
    uint32_t t = rnd(ref->cpu_count);
    uint32_t value = rnd_word();
    uint32_t expected = 0;

    if (ref->v2 || t == c)
        return;
    for (uint32_t intid = 0; intid < 32; intid++) {
        struct ref_irq *irq = ref_of(ref, t, intid);
        if (offset == 0x380 && !m->eoi_mode && ref_on_stack(ref, intid))
            value &= ~(1U << intid);
        if (!(value >> intid & 1U))
            continue;
        if (offset < 0x200)
            irq->enabled = offset == 0x100;
        if (offset == 0x200)
            irq->latch = true;
        if (offset == 0x280) {
            irq->latch = false;
            if (irq->hw_pending)
                irq->physical_active = irq->hw_pending = false;
        }
        if (offset == 0x300 && !irq->active) {
            irq->active = true;
            irq->active_source = 0;
            irq->holder = t;
        }
        if (offset == 0x380)
            ref_deactivate(irq);
    }
    redist_write(m, c, t, 0x10000 + offset, 4, value);
    offset = 0x200 + 0x80 * rnd(4);
    for (uint32_t intid = 0; intid < 32; intid++) {
        const struct ref_irq *irq = ref_of(ref, t, intid);
        expected |= (uint32_t)(offset < 0x300 ? ref_is_pending(irq) : irq->active) << intid;
    }
    assert_int_equal(redist_read(m, c, t, 0x10000 + offset, 4), expected);
}

/* Windows: nobody looks at registers that would have list registers filled anew, but seldom. */
static void windows_step(struct machine *m, struct ref *ref, uint32_t *running, uint32_t busy)
{
    uint32_t c = *running;
    m->quick = rnd(4) != 0;
    switch (rnd(24)) {
    case 0:
        if (rnd(busy) == 0)
            do_bits(m, ref, c);
        break;
    case 1:
        if (rnd(busy) == 0)
            do_priority(m, ref, c);
        break;
    case 2:
        if (rnd(busy) == 0)
            do_route(m, ref, c);
        break;
    case 3:
        if (rnd(4 * busy) == 0)
            do_config(m, ref, c);
        break;
    case 4:
        if (rnd(4 * busy) == 0)
            do_ctlr(m, ref, c);
        break;
    case 5:
    case 6:
        do_sgi(m, ref, c);
        break;
    case 7:
        if (rnd(8) == 0)
            do_burst(m, ref, c);
        else if (rnd(busy) == 0)
            do_sgi_sources(m, ref, c);
        break;
    case 8:
        if (rnd(busy) == 0)
            do_sibling(m, ref, c);
        break;
    case 9:
    case 10:
        do_boundary(m, ref, running);
        break;
    case 11:
        do_line(m, ref, c);
        break;
    case 12:
        do_timer(m, ref, c);
        break;
    case 13:
        do_mask(m, c);
        break;
    case 14:
        if (rnd(2) == 0)
            do_interface(m, ref, c);
        break;
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
        do_ack(m, ref, c);
        break;
    default:
        do_end(m, ref, c);
        break;
    }
    fire_all(m, ref, *running);
}

static void do_enable_all(struct machine *m, struct ref *ref)
{
    ref->ctlr = 3;
    dist_write(m, 0, 0, 4, 3);
    for (uint32_t c = 0; c < ref->cpu_count; c++) {
        for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
            ref_of(ref, c, intid)->enabled = true;
            ref_of(ref, c, intid)->group = intid % 3 != 0;
            if (intid >= 32 && rnd(2) && intid % 16 == 0)
                do_route(m, ref, c);
        }
        for (uint32_t word = 0; word < (c == 0 ? VGIC_WORDS : 1); word++) {
            uint32_t groups = 0;
            for (uint32_t i = 0; i < 32; i++)
                groups |= (uint32_t)((word * 32 + i) % 3 != 0) << i;
            reg_write(m, c, 0x080 + 4 * word, 4, groups);
            reg_write(m, c, 0x100 + 4 * word, 4, UINT32_MAX);
        }
        for (uint32_t i = 0; i < 64; i++)
            do_priority(m, ref, c);
        for (uint32_t i = 0; i < 8; i++)
            do_config(m, ref, c);
        machine_leave(m, c);
    }
    machine_enter(m, 0, 0);
}

static void run_windows(enum gic_version model, uint32_t cpu_count, uint32_t lr_count,
                        bool eoi_mode, bool spread)
{
    static struct machine m;
    static struct ref ref;
    uint32_t running = 0;

    random_state = 0x9e3779b97f4a7c15U + 1000U * lr_count + 10U * cpu_count + eoi_mode + model +
                   (spread ? 100000U : 0) + UINT64_C(1000003) * seed;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t busy = 1U << 2 * rnd(4);
        machine_init(&m, model, cpu_count, lr_count);
        ref_init(&ref, model, cpu_count);
        link_some(&m, &ref);
        m.eoi_mode = eoi_mode;
        m.spread = spread;
        m.lazy = true;
        running = 0;
        do_enable_all(&m, &ref);
        for (uint32_t step = 0; step < 2000; step++) {
            windows_step(&m, &ref, &running, busy);
            check_wfi(&m, &ref, running);
            if (rnd(64) == 0)
                check_reads(&m, &ref, running);
        }
        for (uint32_t c = 0; c < cpu_count; c++) {
            while (running != c)
                do_boundary(&m, &ref, &running);
            fire_all(&m, &ref, running);
            drain(&m, &ref, c);
        }
        vgic_refill(&m.cpu[running]);
        machine_check(&m, running);
    }
}

static void windows_agree_with_the_model(void **state)
{
    static const uint32_t lr_count[] = {1, 2, 4, 16};
    (void)state;
    for (uint32_t i = 0; i < 4 * 2 * 2 * 2; i++) {
        enum gic_version model = i & 1 ? GIC_V3 : GIC_V2;
        bool eoi_mode = i >> 1 & 1;
        uint32_t lrs = lr_count[i >> 3];
        if ((i >> 2 & 1) == 0) {
            run_windows(model, 1, lrs, eoi_mode, false);
        } else {
            run_windows(model, 3, lrs, eoi_mode, false);
            run_windows(model, 3, lrs, eoi_mode, true);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_agree_with_the_model),
    };
    const char *text = getenv("SEED");

    seed = text != NULL ? strtoull(text, NULL, 0) : 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
