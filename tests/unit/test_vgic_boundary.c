/* SPDX-License-Identifier: Apache-2.0 */
/* What do windows, siblings and more interrupts than list registers do to an interrupt?  Each
 * test's name is its rule; a review found these broken. */
#include "test_vgic_guest.h"

#define X 50U

/* An out sibling has ended a device's interrupt in its list register, unseen. */
static void a_device_interrupt_is_taken_though_a_sibling_that_is_out_had_the_last(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    m.spread = true;
    vgic_link_shared(&m.dist, X, PHYSICAL_BASE + X);
    dist_write(&m, 0, IROUTER + 8 * X, 8, 1);
    set_bit(0, ISENABLER, X);
    machine_fire(&m, 0, X); /* vCPU 0's core has the device's interrupts */
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), X);
    machine_eoi(&m, 1, X);
    assert_false(*machine_physical(&m, 1, X));
    machine_leave(&m, 1); /* share_leave(): no publish */
    (void)machine_enter(&m, 0, 0);
    machine_fire(&m, 0, X);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), X);
}

/* The same on one core: vCPU 1 leaves overloaded, so nothing is published. */
static void the_same_on_one_core_with_overload(void **state)
{
    (void)state;
    start(GIC_V3, 2, 2);
    vgic_link_shared(&m.dist, X, PHYSICAL_BASE + X);
    dist_write(&m, 0, IROUTER + 8 * X, 8, 1);
    set_bit(0, ISENABLER, X);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    reg_write(&m, 1, ISENABLER, 4, 0xf00000);
    reg_write(&m, 1, ICFGR + 4, 4, 0xaaaaaaaa);
    for (uint32_t i = 0; i < 3; i++) { /* three nested, one of them parked */
        set_priority(1, 20 + i, (uint8_t)(0xf0 - 8 * i));
        set_bit(1, ISPENDR, 20 + i);
        assert_int_equal(machine_ack(&m, 1), 20 + i);
    }
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    machine_fire(&m, 0, X);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), X);
    machine_eoi(&m, 1, X);
    assert_true(m.cpu[1].active_overflow);
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    machine_fire(&m, 0, X);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), X);
}

/* A sibling's SGI takes the active one out of an overloaded vCPU's list registers. */
static void an_end_after_a_siblings_sgi_is_not_forgotten(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    reg_write(&m, 0, 0x080, 4, UINT32_MAX);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    reg_write(&m, 1, 0x080, 4, UINT32_MAX);
    reg_write(&m, 1, ICFGR + 4, 4, 0xaaaaaaaa);
    reg_write(&m, 1, ISENABLER, 4, 0xf0000f);
    set_bit(1, ISPENDR, 3);
    assert_int_equal(machine_ack(&m, 1), 3);
    reg_write(&m, 1, ISPENDR, 4, 0xf00000); /* four more: two are in memory */
    assert_true(m.cpu[1].more_pending);
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    vgic_sgi1r_write(&m.cpu[0], UINT64_C(3) << 24 | 2, 1);
    machine_settle(&m, 0);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    machine_eoi(&m, 1, 3);
    assert_false(get_bit(1, ISACTIVER, 3));
}

/* The same, as a read of ISACTIVER does it (Linux: synchronize_irq()). */
static void an_end_after_a_siblings_read_is_not_forgotten(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    make_edge(X);
    dist_write(&m, 0, IROUTER + 8 * X, 8, 1);
    set_bit(0, ISENABLER, X);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    reg_write(&m, 1, ISENABLER, 4, 0xf00000);
    reg_write(&m, 1, ICFGR + 4, 4, 0xaaaaaaaa);
    set_bit(1, ISPENDR, X);
    assert_int_equal(machine_ack(&m, 1), X);
    reg_write(&m, 1, ISPENDR, 4, 0xf00000);
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    assert_true(get_bit(0, ISACTIVER, X));
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    machine_eoi(&m, 1, X);
    assert_false(get_bit(1, ISACTIVER, X));
}

/* A more urgent one from a sibling comes before what an overloaded vCPU has in its list
 * registers, and however far its priority mask holds those back. */
static void a_siblings_urgent_sgi_is_not_held_back_by_less_urgent_ones(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    reg_write(&m, 1, 0x080, 4, UINT32_MAX);
    for (uint32_t i = 0; i < 4; i++)
        set_priority(1, 20 + i, 0xa0);
    reg_write(&m, 1, ISENABLER, 4, 0xf0000f);
    reg_write(&m, 1, ISPENDR, 4, 0xf00000);
    m.pmr[1] = 0xa0 >> 3;
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    vgic_sgi1r_write(&m.cpu[0], UINT64_C(3) << 24 | 2, 1);
    machine_settle(&m, 0);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), 3);
}

static void a_group_that_a_sibling_turned_off_does_not_come(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    reg_write(&m, 1, 0x080, 4, UINT32_MAX);
    reg_write(&m, 1, ISENABLER, 4, 0xf0000f);
    reg_write(&m, 1, ISPENDR, 4, 0xf00000);
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    dist_write(&m, 0, 0, 4, 0);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    assert_int_equal(machine_ack(&m, 1), SPURIOUS);
}

/* One vCPU only, no boundary.  Active and pending in a list register, it becomes pending there
 * by its end, behind which the rest waits in memory. */
static void an_interrupt_that_comes_again_holds_nobody_back(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    reg_write(&m, 0, ISENABLER, 4, 0x1f00000);
    reg_write(&m, 0, ICFGR + 4, 4, 0xaaaaaaaa);
    set_priority(0, 20, 0xf0);
    for (uint32_t i = 1; i < 5; i++)
        set_priority(0, 20 + i, 0x80);
    set_bit(0, ISPENDR, 20);
    assert_int_equal(machine_ack(&m, 0), 20);
    set_bit(0, ISPENDR, 20);
    reg_write(&m, 0, ISPENDR, 4, 0x1e00000);
    machine_eoi(&m, 0, 20);
    m.pmr[0] = 0xf0 >> 3;
    for (uint32_t i = 1; i < 5; i++) {
        uint32_t intid = machine_ack(&m, 0);
        assert_in_range(intid, 21, 24);
        machine_eoi(&m, 0, intid);
    }
}

/* An end counted as the window ended, then a sibling clears the active state itself. */
static void an_end_is_that_of_the_interrupt_that_ended(void **state)
{
    (void)state;
    start(GIC_V3, 2, 2);
    for (uint32_t i = 0; i < 4; i++) {
        make_edge(X + i);
        dist_write(&m, 0, IROUTER + 8 * (X + i), 8, 1);
        set_priority(0, X + i, (uint8_t)(0xf0 - 8 * i));
        set_bit(0, ISENABLER, X + i);
    }
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    for (uint32_t i = 0; i < 4; i++) {
        set_bit(1, ISPENDR, X + i);
        assert_int_equal(machine_ack(&m, 1), X + i);
    }
    assert_true(m.cpu[1].active_overflow);
    uint32_t depth = 4;
    while (m.cpu[1].eoi_count == 0) { /* until one ends that is in no list register */
        m.no_time = true;
        machine_eoi(&m, 1, X + --depth);
    }
    assert_in_range(depth, 1, 3);
    machine_leave(&m, 1);
    (void)machine_enter(&m, 0, 0);
    bool read = get_bit(0, ISACTIVER, X + depth);
    set_bit(0, ICACTIVER, X + depth);
    machine_leave(&m, 0);
    (void)machine_enter(&m, 1, 0);
    for (uint32_t i = 0; i < depth; i++)
        assert_true(get_bit(1, ISACTIVER, X + i));
    assert_false(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_interrupt_is_taken_though_a_sibling_that_is_out_had_the_last),
        cmocka_unit_test(the_same_on_one_core_with_overload),
        cmocka_unit_test(an_end_after_a_siblings_sgi_is_not_forgotten),
        cmocka_unit_test(an_end_after_a_siblings_read_is_not_forgotten),
        cmocka_unit_test(a_siblings_urgent_sgi_is_not_held_back_by_less_urgent_ones),
        cmocka_unit_test(a_group_that_a_sibling_turned_off_does_not_come),
        cmocka_unit_test(an_interrupt_that_comes_again_holds_nobody_back),
        cmocka_unit_test(an_end_is_that_of_the_interrupt_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
