/* SPDX-License-Identifier: Apache-2.0 */
/* Does an interrupt that is linked to a physical one act on that one, and only when it should? Each
 * test's name is its rule. */
#include "test_vgic_guest.h"

static void retract_sees_an_acknowledgement_on_another_cpu(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    vgic_link_shared(&m.dist, ANY_SPI, PHYSICAL_BASE + ANY_SPI);
    set_bit(0, ISENABLER, ANY_SPI);
    machine_fire(&m, 0, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), ANY_SPI);
    vgic_hw_retract(&m.cpu[1], ANY_SPI);
    come_in(0);
    machine_eoi(&m, 0, ANY_SPI);
    assert_false(*machine_physical(&m, 0, ANY_SPI));
}

static void linked_interrupt_is_ended_by_its_list_register(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    vgic_link_private(&m.cpu[0], 27, PHYSICAL_BASE + 27);
    set_bit(0, ISENABLER, 27);
    machine_fire(&m, 0, 27);
    uint64_t lr = lr_of(0, 27);
    assert_true((lr & VGIC_LR_HW) && (lr >> VGIC_LR_PINTID_SHIFT & 0x3ff) == PHYSICAL_BASE + 27);
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 1U << 27);
    assert_int_equal(machine_ack(&m, 0), 27);
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 1U << 27);
    machine_eoi(&m, 0, 27);
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 0);
    assert_false(*machine_physical(&m, 0, 27));
    assert_int_equal(m.maintenance_count, 0);
    machine_fire(&m, 0, 27); /* before anybody has folded */
    assert_int_equal(machine_ack(&m, 0), 27);
}

static void linked_interrupt_stays_busy_while_disabled(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    vgic_link_private(&m.cpu[0], 30, PHYSICAL_BASE + 30);
    machine_fire(&m, 0, 30);
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 1U << 30);
    assert_false(vgic_has_pending(&m.cpu[0]));
    set_bit(0, ISENABLER, 30);
    assert_int_equal(machine_ack(&m, 0), 30);
}

static void retract_takes_back_what_was_not_acknowledged(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    vgic_link_private(&m.cpu[0], 27, PHYSICAL_BASE + 27);
    set_bit(0, ISENABLER, 27);
    machine_fire(&m, 0, 27);
    vgic_hw_retract(&m.cpu[0], 27);
    *machine_physical(&m, 0, 27) = false;
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 0);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    machine_fire(&m, 0, 27);
    assert_int_equal(machine_ack(&m, 0), 27);
    vgic_hw_retract(&m.cpu[0], 27); /* too late: nothing changes */
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 1U << 27);
    machine_eoi(&m, 0, 27);
}

static void clearing_a_linked_interrupt_deactivates_the_physical_one(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    vgic_link_shared(&m.dist, ANY_SPI, PHYSICAL_BASE + ANY_SPI);
    set_bit(0, ISENABLER, ANY_SPI);
    machine_fire(&m, 0, ANY_SPI);
    set_bit(0, ICPENDR, ANY_SPI);
    assert_false(*machine_physical(&m, 0, ANY_SPI));
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    machine_fire(&m, 0, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), ANY_SPI);
    set_bit(0, ICACTIVER, ANY_SPI);
    assert_false(*machine_physical(&m, 0, ANY_SPI));
}

static void linked_interrupt_pended_by_the_guest_leaves_the_physical_one_alone(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    vgic_link_private(&m.cpu[0], 27, PHYSICAL_BASE + 27);
    set_bit(0, ISENABLER, 27);
    set_bit(0, ISPENDR, 27);
    assert_int_equal(vgic_private_hw_busy(&m.cpu[0]), 0);
    assert_int_equal(machine_ack(&m, 0), 27);
    machine_fire(&m, 0, 27); /* the real one, meanwhile */
    machine_eoi(&m, 0, 27);
    assert_true(*machine_physical(&m, 0, 27));
    assert_int_equal(machine_ack(&m, 0), 27);
    machine_eoi(&m, 0, 27);
    assert_false(*machine_physical(&m, 0, 27));
}

static void set_line_on_a_linked_interrupt_is_pending_or_retract(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    vgic_link_private(&m.cpu[0], 27, PHYSICAL_BASE + 27);
    set_bit(0, ISENABLER, 27);
    set_line(0, 27, true);
    assert_true((lr_of(0, 27) & VGIC_LR_HW) != 0);
    set_line(0, 27, false);
    assert_true(lr_of(0, 27) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retract_sees_an_acknowledgement_on_another_cpu),
        cmocka_unit_test(linked_interrupt_is_ended_by_its_list_register),
        cmocka_unit_test(linked_interrupt_stays_busy_while_disabled),
        cmocka_unit_test(retract_takes_back_what_was_not_acknowledged),
        cmocka_unit_test(clearing_a_linked_interrupt_deactivates_the_physical_one),
        cmocka_unit_test(linked_interrupt_pended_by_the_guest_leaves_the_physical_one_alone),
        cmocka_unit_test(set_line_on_a_linked_interrupt_is_pending_or_retract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
