/* SPDX-License-Identifier: Apache-2.0 */
/* Does the virtual GIC keep each rule of the architecture about an interrupt's state by itself?
 * Each test's name is its rule. */
#include "test_vgic_guest.h"

#include <string.h>

/* More of a group than there are list registers, and more urgent. */
static void a_group_closed_at_the_interface_holds_nobody_back(void **state)
{
    (void)state;
    start(GIC_V3, 1, 2);
    reg_write(&m, 0, 0x080, 4, 1U << 25);
    set_priority(0, 25, 0xf0);
    for (uint32_t intid = 20; intid < 26; intid++)
        set_bit(0, ISENABLER, intid);
    for (uint32_t intid = 20; intid < 25; intid++)
        set_bit(0, ISPENDR, intid);
    machine_open_groups(&m, 0, 2); /* two of them are in list registers */
    set_bit(0, ISPENDR, 25);
    assert_int_equal(machine_ack(&m, 0), 25);
    assert_false(vgic_has_pending(&m.cpu[0]));
    machine_eoi(&m, 0, 25);
    machine_open_groups(&m, 0, 3);
    for (uint32_t count = 0; count < 5; count++) {
        uint32_t intid = machine_ack(&m, 0);
        assert_in_range(intid, 20, 24);
        machine_eoi(&m, 0, intid);
    }
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

/* From a list register, for one of an open group: with the interrupts of `count` SGIs of group 1.
 */
static void check_what_gave_way_comes_when_its_group_opens(uint32_t count)
{
    start(GIC_V3, 1, 2);
    reg_write(&m, 0, 0x080, 4, 0xffff << 2); /* SGIs 0 and 1 are of group 0 */
    reg_write(&m, 0, ISENABLER, 4, 0xffff);
    set_priority(0, 0, 0xf0);
    set_priority(0, 1, 0xf0);
    reg_write(&m, 0, ISPENDR, 4, 3); /* both are in list registers */
    machine_open_groups(&m, 0, 2);
    reg_write(&m, 0, ISPENDR, 4, ((UINT64_C(1) << count) - 1) << 2);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t intid = machine_ack(&m, 0);

        assert_in_range(intid, 2, 1 + count);
        machine_eoi(&m, 0, intid);
    }
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    machine_open_groups(&m, 0, 3);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t intid = machine_ack(&m, 0);

        assert_in_range(intid, 0, 1);
        machine_eoi(&m, 0, intid);
    }
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void what_gave_way_to_an_open_group_comes_when_its_own_opens(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 8; count++)
        check_what_gave_way_comes_when_its_group_opens(count);
}

static void group_enables_are_respected_and_group_bit_shown(void **state)
{
    start(*(const enum gic_version *)*state, 1, 4);
    set_bit(0, ISENABLER, 20);
    set_bit(0, ISENABLER, 21);
    reg_write(&m, 0, 0x080, 4, 1U << 21);
    set_bit(0, ISPENDR, 20);
    set_bit(0, ISPENDR, 21);
    assert_false(lr_of(0, 20) & VGIC_LR_GROUP1);
    assert_true((lr_of(0, 21) & VGIC_LR_GROUP1) != 0);
    dist_write(&m, 0, 0, 4, 2);
    assert_true(lr_of(0, 20) == 0);
    assert_int_equal(machine_ack(&m, 0), 21);
    machine_eoi(&m, 0, 21);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    dist_write(&m, 0, 0, 4, 1);
    assert_int_equal(machine_ack(&m, 0), 20);
}

static void level_line_still_up_at_the_end_comes_back(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    set_bit(0, ISENABLER, UART_SPI);
    set_line(0, UART_SPI, true);
    assert_true((lr_of(0, UART_SPI) & VGIC_LR_EOI) != 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(machine_ack(&m, 0), UART_SPI);
        assert_int_equal(machine_ack(&m, 0), SPURIOUS);
        machine_eoi(&m, 0, UART_SPI);
    }
    assert_int_equal(machine_ack(&m, 0), UART_SPI);
    set_line(0, UART_SPI, false);
    machine_eoi(&m, 0, UART_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void level_line_down_before_acknowledge_withdraws(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    set_bit(0, ISENABLER, UART_SPI);
    set_line(0, UART_SPI, true);
    assert_true(vgic_has_pending(&m.cpu[0]));
    set_line(0, UART_SPI, false);
    assert_false(vgic_has_pending(&m.cpu[0]));
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void level_line_is_not_cleared_by_icpendr(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    set_bit(0, ISENABLER, UART_SPI);
    set_line(0, UART_SPI, true);
    set_bit(0, ICPENDR, UART_SPI);
    assert_true(get_bit(0, ISPENDR, UART_SPI));
    assert_int_equal(machine_ack(&m, 0), UART_SPI);
}

static void edge_latches_on_the_rise_and_once(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    make_edge(EDGE_SPI);
    set_bit(0, ISENABLER, EDGE_SPI);
    set_line(0, EDGE_SPI, true);
    set_line(0, EDGE_SPI, false);
    assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
    machine_eoi(&m, 0, EDGE_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void edge_while_active_is_pending_and_active(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    make_edge(EDGE_SPI);
    set_bit(0, ISENABLER, EDGE_SPI);
    set_line(0, EDGE_SPI, true);
    assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
    set_line(0, EDGE_SPI, false);
    set_line(0, EDGE_SPI, true);
    assert_true((lr_of(0, EDGE_SPI) & VGIC_LR_STATE) == VGIC_LR_STATE);
    assert_true(get_bit(0, ISPENDR, EDGE_SPI) && get_bit(0, ISACTIVER, EDGE_SPI));
    uint32_t before = m.maintenance_count;
    machine_eoi(&m, 0, EDGE_SPI);
    assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
    machine_eoi(&m, 0, EDGE_SPI);
    assert_int_equal(m.maintenance_count, before); /* the list register did it alone */
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void disabling_withdraws_pending_and_keeps_active(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    set_bit(0, ISENABLER, 20);
    set_bit(0, ISENABLER, 21);
    set_bit(0, ISPENDR, 20);
    assert_int_equal(machine_ack(&m, 0), 20);
    set_bit(0, ISPENDR, 21);
    set_bit(0, ICENABLER, 20);
    set_bit(0, ICENABLER, 21);
    assert_true(lr_of(0, 21) == 0);
    assert_true((lr_of(0, 20) & VGIC_LR_ACTIVE) != 0);
    assert_true(get_bit(0, ISPENDR, 21) && get_bit(0, ISACTIVER, 20));
    machine_eoi(&m, 0, 20);
    assert_false(get_bit(0, ISACTIVER, 20));
    set_bit(0, ISENABLER, 21);
    assert_int_equal(machine_ack(&m, 0), 21);
}

static void retargeting_withdraws_pending_and_waits_for_the_end_of_active(void **state)
{
    (void)state;
    start(GIC_V2, 2, 4);
    make_edge(EDGE_SPI);
    dist_write(&m, 0, ITARGETSR + EDGE_SPI, 1, 3); /* lowest of several: CPU 0 */
    set_bit(0, ISENABLER, EDGE_SPI);
    set_bit(0, ISPENDR, EDGE_SPI);
    dist_write(&m, 0, ITARGETSR + EDGE_SPI, 1, 2);
    assert_true(lr_of(0, EDGE_SPI) == 0);
    dist_write(&m, 0, ITARGETSR + EDGE_SPI, 1, 1);
    assert_int_equal(machine_ack(&m, 0), EDGE_SPI);
    set_bit(0, ISPENDR, EDGE_SPI);
    dist_write(&m, 0, ITARGETSR + EDGE_SPI, 1, 2);
    come_in(1);
    assert_int_equal(machine_ack(&m, 1), SPURIOUS);
    machine_eoi(&m, 0, EDGE_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    come_in(0);
    come_in(1);
    assert_int_equal(machine_ack(&m, 1), EDGE_SPI);
}

static void v2_sgi_comes_once_for_each_source(void **state)
{
    (void)state;
    start(GIC_V2, 3, 4);
    dist_write(&m, 1, 0xf00, 4, 1U << 16 | 5);
    dist_write(&m, 2, 0xf00, 4, 1U << 16 | 5);
    dist_write(&m, 2, 0xf00, 4, 1U << 16 | 5);
    come_in(0);
    assert_int_equal(dist_read(&m, 0, 0xf20 + 5, 1), 6);
    assert_int_equal(machine_ack(&m, 0), 1U << 10 | 5);
    assert_int_equal(dist_read(&m, 0, 0xf10 + 5, 1), 4);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    machine_eoi(&m, 0, 1U << 10 | 5);
    assert_int_equal(machine_ack(&m, 0), 2U << 10 | 5);
    machine_eoi(&m, 0, 2U << 10 | 5);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

static void v2_sgi_filters(void **state)
{
    (void)state;
    start(GIC_V2, 3, 4);
    dist_write(&m, 1, 0xf00, 4, 1U << 24 | 3); /* all others */
    dist_write(&m, 1, 0xf00, 4, 2U << 24 | 4); /* self */
    dist_write(&m, 1, 0xf00, 4, 3U << 24 | 6); /* reserved */
    for (uint32_t c = 0; c < 3; c++) {
        come_in(c);
        assert_int_equal(dist_read(&m, c, ISPENDR, 4), c == 1 ? 1U << 4 : 1U << 3);
    }
}

static void v3_sgi_goes_by_affinity_list_or_to_all_others(void **state)
{
    (void)state;
    start(GIC_V3, 3, 4);
    for (uint32_t c = 0; c < 3; c++)
        reg_write(&m, c, ISENABLER, 4, 0xffff);
    for (uint32_t c = 0; c < 3; c++)
        reg_write(&m, c, 0x080, 4, 0xffff);
    vgic_sgi1r_write(&m.cpu[1], 5U << 24 | 6, 1);
    vgic_sgi1r_write(&m.cpu[1], UINT64_C(1) << 40 | 7U << 24, 1);
    vgic_sgi1r_write(&m.cpu[1], UINT64_C(1) << 32 | 8U << 24 | 7, 1); /* affinity 2 is nobody's */
    vgic_sgi1r_write(&m.cpu[1], UINT64_C(1) << 44 | 9U << 24 | 7, 1); /* nor range 1 */
    static const uint32_t expected[] = {1U << 7, 1U << 5, 1U << 5 | 1U << 7};
    for (uint32_t c = 0; c < 3; c++) {
        come_in(c);
        assert_int_equal(reg_read(&m, c, ISPENDR, 4), expected[c]);
    }
}

static void v3_sgis_are_made_by_the_register_of_their_group(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    reg_write(&m, 0, 0x080, 4, 0xffffffff & ~(1U << 5));
    vgic_sgi1r_write(&m.cpu[0], 5U << 24 | 1, 1);
    vgic_sgi1r_write(&m.cpu[0], 6U << 24 | 1, 0);
    assert_int_equal(reg_read(&m, 0, ISPENDR, 4), 0);
    vgic_sgis_pend(&m.cpu[0], 1U << 5 | 1U << 16 << 6, (uint8_t[VGIC_SGI_COUNT]){0});
    assert_int_equal(reg_read(&m, 0, ISPENDR, 4), 0);
    vgic_sgi1r_write(&m.cpu[0], 5U << 24 | 1, 0);
    vgic_sgi1r_write(&m.cpu[0], 6U << 24 | 1, 1);
    assert_int_equal(reg_read(&m, 0, ISPENDR, 4), 3U << 5);
    reg_write(&m, 0, ICPENDR, 4, 3U << 5);
    vgic_sgis_pend(&m.cpu[0], 1U << 6 | 1U << 16 << 5, (uint8_t[VGIC_SGI_COUNT]){0});
    assert_int_equal(reg_read(&m, 0, ISPENDR, 4), 3U << 5);
}

static void most_urgent_come_first_and_displace_less_urgent(void **state)
{
    (void)state;
    start(GIC_V3, 1, 2);
    for (uint32_t intid = 20; intid < 26; intid++) {
        set_priority(0, intid, (uint8_t)(0xf0 - 8 * (intid - 20)));
        set_bit(0, ISENABLER, intid);
        set_bit(0, ISPENDR, intid);
        machine_check(&m, 0);
    }
    assert_true(m.cpu[0].more_pending);
    m.eoi_mode = true; /* priorities drop, interrupts stay active */
    for (uint32_t intid = 25; intid >= 20; intid--) {
        assert_int_equal(machine_ack(&m, 0), intid);
        machine_eoi(&m, 0, intid);
    }
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    assert_true(m.cpu[0].active_overflow);
    assert_int_equal(reg_read(&m, 0, ISACTIVER, 4), 0x3f00000);
    for (uint32_t intid = 20; intid < 26; intid++)
        machine_dir(&m, 0, intid);
    assert_int_equal(reg_read(&m, 0, ISACTIVER, 4), 0);
    assert_false(m.cpu[0].active_overflow);
}

static void pending_is_displaced_before_active(void **state)
{
    (void)state;
    start(GIC_V3, 1, 2);
    set_priority(0, 20, 0xf0);
    set_priority(0, 21, 0xa0);
    set_priority(0, 22, 0x80);
    reg_write(&m, 0, ISENABLER, 4, 0x700000);
    set_bit(0, ISPENDR, 20);
    assert_int_equal(machine_ack(&m, 0), 20);
    set_bit(0, ISPENDR, 21);
    set_bit(0, ISPENDR, 22);
    assert_true((lr_of(0, 20) & VGIC_LR_ACTIVE) && lr_of(0, 22) && !lr_of(0, 21));
    assert_false(m.cpu[0].active_overflow);
}

static void nesting_deeper_than_list_registers_ends_in_order(void **state)
{
    (void)state;
    start(GIC_V3, 1, 2);
    reg_write(&m, 0, ISENABLER, 4, 0xff0000);
    for (uint32_t intid = 16; intid < 24; intid++) {
        set_priority(0, intid, (uint8_t)(0xf8 - 8 * (intid - 16)));
        set_bit(0, ISPENDR, intid);
        assert_int_equal(machine_ack(&m, 0), intid);
    }
    for (uint32_t intid = 24; intid-- > 16;) {
        machine_eoi(&m, 0, intid);
        assert_int_equal(reg_read(&m, 0, ISACTIVER, 4), (1U << intid) - (1U << 16));
    }
}

static void written_active_state_blocks_and_ends(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    set_bit(0, ISENABLER, ANY_SPI);
    set_bit(0, ISACTIVER, ANY_SPI);
    set_bit(0, ISPENDR, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    set_bit(0, ICACTIVER, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), ANY_SPI);
    set_bit(0, ISACTIVER, ANY_SPI);
    m.eoi_mode = true;
    machine_dir(&m, 0, ANY_SPI);
    assert_false(get_bit(0, ISACTIVER, ANY_SPI));
}

/* Ends by count go to acknowledged interrupts first; having once been forced does not matter. */
static void interrupt_that_was_forced_and_ended_is_acknowledged_like_any_other(void **state)
{
    (void)state;
    start(GIC_V3, 1, 2);
    reg_write(&m, 0, ICFGR + 4, 4, 0xffffffff); /* edge: no maintenance when they end */
    set_bit(0, ISACTIVER, 21);
    m.eoi_mode = true;
    machine_dir(&m, 0, 21);
    m.eoi_mode = false;
    reg_write(&m, 0, ISENABLER, 4, 0xf00000);
    for (uint32_t intid = 20; intid < 24; intid++) {
        set_priority(0, intid, (uint8_t)(0xf8 - 8 * (intid - 20)));
        set_bit(0, ISPENDR, intid);
        assert_int_equal(machine_ack(&m, 0), intid);
    }
    machine_eoi(&m, 0, 23);
    machine_eoi(&m, 0, 22);
    machine_eoi(&m, 0, 21);
    assert_int_equal(reg_read(&m, 0, ISACTIVER, 4), 1U << 20);
}

static void reset_forgets_everything(void **state)
{
    static struct machine fresh;
    (void)state;
    start(GIC_V2, 2, 4);
    vgic_link_private(&m.cpu[0], 27, PHYSICAL_BASE + 27);
    reg_write(&m, 0, ISENABLER, 4, 0xffffffff);
    reg_write(&m, 0, ISPENDR, 4, 0xffffffff);
    (void)machine_ack(&m, 0);
    vgic_reset(&m.dist, GIC_V2, 2, m.cpus, 4);
    machine_init(&fresh, GIC_V2, 2, 4);
    fresh.cpu[0].groups_open = 0;
    m.cpu[0].dist = fresh.cpu[0].dist;
    assert_memory_equal(&m.cpu[0], &fresh.cpu[0], sizeof(fresh.cpu[0]));
    m.dist.cpu = fresh.dist.cpu;
    assert_memory_equal(&m.dist, &fresh.dist, sizeof(fresh.dist));
}

int main(void)
{
    static enum gic_version v2 = GIC_V2, v3 = GIC_V3;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_closed_at_the_interface_holds_nobody_back),
        cmocka_unit_test(what_gave_way_to_an_open_group_comes_when_its_own_opens),
        cmocka_unit_test_prestate(group_enables_are_respected_and_group_bit_shown, &v2),
        cmocka_unit_test_prestate(group_enables_are_respected_and_group_bit_shown, &v3),
        cmocka_unit_test(level_line_still_up_at_the_end_comes_back),
        cmocka_unit_test(level_line_down_before_acknowledge_withdraws),
        cmocka_unit_test(level_line_is_not_cleared_by_icpendr),
        cmocka_unit_test(edge_latches_on_the_rise_and_once),
        cmocka_unit_test(edge_while_active_is_pending_and_active),
        cmocka_unit_test(disabling_withdraws_pending_and_keeps_active),
        cmocka_unit_test(retargeting_withdraws_pending_and_waits_for_the_end_of_active),
        cmocka_unit_test(v2_sgi_comes_once_for_each_source),
        cmocka_unit_test(v2_sgi_filters),
        cmocka_unit_test(v3_sgi_goes_by_affinity_list_or_to_all_others),
        cmocka_unit_test(v3_sgis_are_made_by_the_register_of_their_group),
        cmocka_unit_test(most_urgent_come_first_and_displace_less_urgent),
        cmocka_unit_test(pending_is_displaced_before_active),
        cmocka_unit_test(nesting_deeper_than_list_registers_ends_in_order),
        cmocka_unit_test(written_active_state_blocks_and_ends),
        cmocka_unit_test(interrupt_that_was_forced_and_ended_is_acknowledged_like_any_other),
        cmocka_unit_test(reset_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
