/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the interrupt that a guest names the one that ends, on whichever vCPU, and do siblings know?
 * Each test's name is its rule; guests/conformance found these broken.
 */
#include "test_vgic_guest.h"

#define TIMER 27U

/* A machine with the distributor on and an edge-triggered SPI for vCPU `target`, enabled. */
static void start_with_spi(enum gic_version model, uint32_t cpu_count, uint32_t lr_count,
                           uint32_t target)
{
    start(model, cpu_count, lr_count);
    make_edge(EDGE_SPI);
    if (model == GIC_V2)
        dist_write(&m, 0, ITARGETSR + EDGE_SPI, 1, UINT64_C(1) << target);
    else
        dist_write(&m, 0, IROUTER + 8 * EDGE_SPI, 8, target);
    set_bit(0, ISENABLER, EDGE_SPI);
}

static void end_is_known_to_siblings_once_its_cpu_has_left(void **state)
{
    (void)state;
    start_with_spi(GIC_V3, 2, 4, 1);
    set_bit(0, ISPENDR, EDGE_SPI);
    come_in(1);
    assert_int_equal(machine_ack(&m, 1), EDGE_SPI);
    vgic_publish(&m.cpu[1]);
    dist_write(&m, 0, IROUTER + 8 * EDGE_SPI, 8, 0);
    set_bit(0, ISPENDR, EDGE_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    come_in(1);
    machine_eoi(&m, 1, EDGE_SPI);
    vgic_publish(&m.cpu[1]);
    come_in(0);
    assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
}

static void shared_interrupt_is_deactivated_by_any_cpu(void **state)
{
    static const enum gic_version models[] = {GIC_V2, GIC_V3};

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        start_with_spi(models[i], 2, 4, 0);
        m.eoi_mode = true;
        set_bit(0, ISPENDR, EDGE_SPI);
        assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
        machine_eoi(&m, 0, EDGE_SPI);
        machine_dir(&m, 1, EDGE_SPI);
        assert_false(get_bit(0, ISACTIVER, EDGE_SPI));
        set_bit(0, ISPENDR, EDGE_SPI);
        assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
    }
}

static void private_interrupt_is_deactivated_by_its_own_cpu_only(void **state)
{
    (void)state;
    start_with_spi(GIC_V3, 2, 4, 0);
    m.eoi_mode = true;
    set_bit(0, ISENABLER, TIMER);
    set_bit(0, ISPENDR, TIMER);
    assert_int_equal(machine_ack(&m, 0), TIMER);
    machine_eoi(&m, 0, TIMER);
    machine_dir(&m, 1, TIMER);
    assert_true(get_bit(0, ISACTIVER, TIMER));
    machine_dir(&m, 0, TIMER);
    assert_false(get_bit(0, ISACTIVER, TIMER));
}

/* More active ones than list registers, in any order. */
static void v2_deactivates_what_is_named(void **state)
{
    (void)state;
    start_with_spi(GIC_V2, 1, 2, 0);
    m.eoi_mode = true;
    reg_write(&m, 0, ISENABLER, 4, 0xff0000);
    for (uint32_t intid = 16; intid < 24; intid++) {
        set_bit(0, ISPENDR, intid);
        assert_int_equal(machine_ack(&m, 0), intid);
        machine_eoi(&m, 0, intid);
    }
    for (uint32_t i = 0; i < 8; i++) {
        machine_dir(&m, 0, 16 + i * 3 % 8);
        assert_false(get_bit(0, ISACTIVER, 16 + i * 3 % 8));
        assert_int_equal(__builtin_popcountll(reg_read(&m, 0, ISACTIVER, 4)), 7 - i);
    }
}

static void line_of_an_active_linked_interrupt_reads_as_pending(void **state)
{
    (void)state;
    start_with_spi(GIC_V3, 1, 4, 0);
    vgic_link_private(&m.cpu[0], TIMER, PHYSICAL_BASE + TIMER);
    set_bit(0, ISENABLER, TIMER);
    m.cpu[0].line_now = 1U << TIMER;
    machine_fire(&m, 0, TIMER);
    assert_int_equal(machine_ack(&m, 0), TIMER);
    assert_true(get_bit(0, ISPENDR, TIMER) && get_bit(0, ISACTIVER, TIMER));
    assert_false(get_bit(0, ISPENDR, TIMER - 1));
    m.cpu[0].line_now = 0;
    assert_false(get_bit(0, ISPENDR, TIMER));
    machine_eoi(&m, 0, TIMER);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_is_known_to_siblings_once_its_cpu_has_left),
        cmocka_unit_test(shared_interrupt_is_deactivated_by_any_cpu),
        cmocka_unit_test(private_interrupt_is_deactivated_by_its_own_cpu_only),
        cmocka_unit_test(v2_deactivates_what_is_named),
        cmocka_unit_test(line_of_an_active_linked_interrupt_reads_as_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
