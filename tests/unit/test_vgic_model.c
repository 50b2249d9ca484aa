/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the virtual GIC do what a GIC without list registers does?  Random guest operations go to it
 * and to the model; every acknowledgement, register read and physical deactivation must agree, so
 * that no interrupt is lost, doubled or stuck.
 */
#include "test_vgic_ref.h"

static void do_switch(struct machine *m, uint32_t *running)
{
    *running = rnd(m->cpu_count);
    vgic_refill(&m->cpu[*running]);
    machine_settle(m, *running);
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
        cmocka_unit_test(the_short_way_agrees_with_the_model),
        cmocka_unit_test(gicv2_agrees_with_the_model),
        cmocka_unit_test(gicv2_with_separate_deactivation_agrees_with_the_model),
        cmocka_unit_test(gicv3_agrees_with_the_model),
        cmocka_unit_test(gicv3_with_separate_deactivation_agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
