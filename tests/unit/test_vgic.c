/* SPDX-License-Identifier: Apache-2.0 */
/* Does the virtual GIC keep each rule of the architecture by itself?  Each test's name is its rule.
 */
#include "test_vgic.h"

#include <string.h>

#define ISENABLER  0x100U
#define ICENABLER  0x180U
#define ISPENDR    0x200U
#define ICPENDR    0x280U
#define ISACTIVER  0x300U
#define ICACTIVER  0x380U
#define IPRIORITYR 0x400U
#define ITARGETSR  0x800U
#define ICFGR      0xc00U
#define UART_SPI   33U
#define EDGE_SPI   40U
#define ANY_SPI    50U

static struct machine m;

/* Writes the bit of an interrupt in one of the registers with a bit each. */
static void set_bit(uint32_t c, uint32_t reg, uint32_t intid)
{
    reg_write(&m, c, reg + intid / 32 * 4, 4, UINT32_C(1) << (intid % 32));
}

static bool get_bit(uint32_t c, uint32_t reg, uint32_t intid)
{
    return reg_read(&m, c, reg + intid / 32 * 4, 4) >> (intid % 32) & 1U;
}

/* A machine with the distributor on. */
static void start(enum gic_version model, uint32_t cpu_count, uint32_t lr_count)
{
    machine_init(&m, model, cpu_count, lr_count);
    dist_write(&m, 0, 0, 4, 3);
}

static void make_edge(uint32_t intid)
{
    uint32_t offset = ICFGR + intid / 16 * 4;
    uint64_t old = reg_read(&m, 0, offset, 4);
    reg_write(&m, 0, offset, 4, old | UINT64_C(2) << (intid % 16 * 2));
}

static void set_priority(uint32_t c, uint32_t intid, uint8_t priority)
{
    reg_write(&m, c, IPRIORITYR + intid, 1, priority);
}

static void set_line(uint32_t c, uint32_t intid, bool level)
{
    vgic_set_line(&m.cpu[c], intid, level);
    machine_settle(&m, c);
}

/* The list register value of an interrupt, 0 if it is in none. */
static uint64_t lr_of(uint32_t c, uint32_t intid)
{
    for (uint32_t n = 0; n < m.cpu[c].lr_count; n++)
        if ((m.cpu[c].lr_used >> n & 1U) && (m.cpu[c].lr[n] & 0x3ff) == intid)
            return m.cpu[c].lr[n];
    return 0;
}

static void come_in(uint32_t c)
{
    vgic_refill(&m.cpu[c]);
    machine_settle(&m, c);
}

static void v2_identifies_itself(void **state)
{
    (void)state;
    start(GIC_V2, 3, 4);
    assert_int_equal(dist_read(&m, 0, 0x004, 4), 2U << 5 | 3U);
    assert_int_equal(dist_read(&m, 0, 0x008, 4) & 0xfff, 0x43b);
    assert_int_equal(dist_read(&m, 0, 0xfe8, 4) >> 4 & 0xf, 2);
    assert_int_equal(dist_read(&m, 0, 0xff0, 4), 0x0d);
    assert_int_equal(dist_read(&m, 0, 0xffc, 4), 0xb1);
    assert_int_equal(dist_read(&m, 0, 0xfc0, 4), 0);
    assert_int_equal(dist_read(&m, 0, 0x000, 4), 3);
}

static void v3_identifies_itself(void **state)
{
    (void)state;
    start(GIC_V3, 3, 4);
    assert_int_equal(dist_read(&m, 0, 0x004, 4), 1U << 25 | 9U << 19 | 3U);
    assert_int_equal(dist_read(&m, 0, 0x000, 4), 1U << 6 | 1U << 4 | 3U);
    assert_int_equal(dist_read(&m, 0, 0xffe8, 4) >> 4 & 0xf, 3);
    assert_int_equal(redist_read(&m, 0, 1, 0xffe8, 4) >> 4 & 0xf, 3);
    assert_int_equal(redist_read(&m, 0, 1, 0x0004, 4), dist_read(&m, 0, 0x008, 4));
}

static void redistributor_type_names_its_cpu_and_the_last(void **state)
{
    (void)state;
    start(GIC_V3, 3, 4);
    for (uint32_t t = 0; t < 3; t++) {
        uint64_t typer = redist_read(&m, 0, t, 0x8, 8);
        assert_int_equal(typer >> 32, t);
        assert_int_equal(typer >> 8 & 0xffff, t);
        assert_int_equal(typer >> 4 & 1, t == 2);
        assert_int_equal(typer & 0xf, 0); /* no LPIs */
        assert_int_equal(redist_read(&m, 0, t, 0xc, 4), t);
    }
}

static void waker_sleeps_and_wakes_at_once(void **state)
{
    (void)state;
    start(GIC_V3, 1, 4);
    assert_int_equal(redist_read(&m, 0, 0, 0x14, 4), 6);
    redist_write(&m, 0, 0, 0x14, 4, 0);
    assert_int_equal(redist_read(&m, 0, 0, 0x14, 4), 0);
    redist_write(&m, 0, 0, 0x14, 4, 2);
    assert_int_equal(redist_read(&m, 0, 0, 0x14, 4), 6);
}

static void lpi_registers_are_razwi(void **state)
{
    static const uint32_t wide[] = {0x40, 0x48, 0x70, 0x78, 0xa0, 0xb0};
    (void)state;
    start(GIC_V3, 1, 4);
    for (uint32_t i = 0; i < ARRAY_COUNT(wide); i++) {
        redist_write(&m, 0, 0, wide[i], 8, UINT64_MAX);
        assert_true(redist_read(&m, 0, 0, wide[i], 8) == 0);
    }
    redist_write(&m, 0, 0, 0, 4, 1); /* GICR_CTLR.EnableLPIs */
    assert_int_equal(redist_read(&m, 0, 0, 0, 4), 0);
}

static void wrong_widths_and_alignments_are_refused(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t size;
    } bad[] = {{0x4, 8},   {0x100, 8}, {0x6104, 8}, {0x101, 2},
               {0x102, 4}, {0x104, 3}, {0x100, 0},  {0x100, 16}};
    (void)state;
    start(GIC_V3, 1, 4);
    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct vgic_access access = {.offset = bad[i].offset, .size_bytes = bad[i].size};
        assert_false(vgic_dist_access(&m.cpu[0], &access));
        access.offset += 0x10000;
        assert_false(vgic_redist_access(&m.cpu[0], &m.cpu[0], &access));
    }
    start(GIC_V2, 1, 4);
    struct vgic_access access = {.offset = 0x6100, .size_bytes = 8};
    assert_false(vgic_dist_access(&m.cpu[0], &access));
}

/* Every aligned access is answered, changes no state by a zero, and leaves the invariants. */
static void every_offset_survives_every_width(void **state)
{
    (void)state;
    for (uint32_t model = GIC_V2; model <= GIC_V3; model++) {
        start((enum gic_version)model, 2, 4);
        for (uint32_t offset = 0; offset < 0x20010; offset++) {
            for (uint32_t size = 1; size <= 8; size *= 2) {
                for (uint32_t write = 0; write < 2; write++) {
                    struct vgic_access access = {.offset = offset, .size_bytes = size};
                    access.write = write != 0;
                    access.value = write != 0 ? UINT64_MAX : 0;
                    (void)vgic_dist_access(&m.cpu[0], &access);
                    if (!access.write)
                        assert_true(size == 8 || access.value >> (8 * size) == 0);
                    access.value = write != 0 ? UINT64_MAX : 0;
                    if (model == GIC_V3)
                        (void)vgic_redist_access(&m.cpu[0], &m.cpu[1], &access);
                }
            }
        }
        machine_check(&m, 0);
    }
}

static void narrow_writes_touch_their_lanes_only(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    dist_write(&m, 0, ISENABLER + 5, 1, 0x81);
    assert_int_equal(dist_read(&m, 0, ISENABLER + 4, 4), 0x8100);
    dist_write(&m, 0, ICENABLER + 4, 2, 0x8000);
    assert_int_equal(dist_read(&m, 0, ISENABLER + 4, 4), 0x0100);
    dist_write(&m, 0, 0x086, 2, 0x1234);
    assert_int_equal(dist_read(&m, 0, 0x084, 4), 0x12340000);
    dist_write(&m, 0, IPRIORITYR + 34, 1, 0xff);
    assert_int_equal(dist_read(&m, 0, IPRIORITYR + 32, 4), 0xf80000);
    dist_write(&m, 0, ICFGR + 9, 1, 0xff);
    assert_int_equal(dist_read(&m, 0, ICFGR + 8, 4), 0xaa00);
}

static void beyond_the_implemented_intids_is_razwi(void **state)
{
    (void)state;
    start(GIC_V2, 2, 4);
    static const uint32_t offset[] = {0x090, 0x110, 0x190, 0x210, 0x310, 0x480, 0x880, 0xc20};
    for (uint32_t i = 0; i < ARRAY_COUNT(offset); i++) {
        dist_write(&m, 0, offset[i], 4, 0xffffffff);
        assert_int_equal(dist_read(&m, 0, offset[i], 4), 0);
    }
}

static void v2_sgis_are_always_enabled_and_edge(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    dist_write(&m, 0, ICENABLER, 4, 0xffffffff);
    assert_int_equal(dist_read(&m, 0, ISENABLER, 4), 0xffff);
    dist_write(&m, 0, ICFGR, 4, 0);
    assert_int_equal(dist_read(&m, 0, ICFGR, 4), 0xaaaaaaaa);
    dist_write(&m, 0, ISPENDR, 4, 0xffff);
    assert_int_equal(dist_read(&m, 0, ISPENDR, 4), 0);
}

static void v2_private_registers_are_banked(void **state)
{
    (void)state;
    start(GIC_V2, 2, 4);
    set_bit(0, ISENABLER, 27);
    assert_true(get_bit(0, ISENABLER, 27));
    assert_false(get_bit(1, ISENABLER, 27));
    set_priority(1, 27, 0x80);
    assert_int_equal(dist_read(&m, 0, IPRIORITYR + 27, 1), 0);
}

static void v2_targets_are_razwi_with_one_cpu(void **state)
{
    (void)state;
    start(GIC_V2, 1, 4);
    dist_write(&m, 0, ITARGETSR + 32, 4, 0x01010101);
    assert_int_equal(dist_read(&m, 0, ITARGETSR + 32, 4), 0);
    assert_int_equal(dist_read(&m, 0, ITARGETSR, 4), 0);
    set_bit(0, ISENABLER, ANY_SPI);
    set_bit(0, ISPENDR, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), ANY_SPI);
}

static void v2_private_targets_read_as_the_reader(void **state)
{
    (void)state;
    start(GIC_V2, 3, 4);
    assert_int_equal(dist_read(&m, 2, ITARGETSR, 4), 0x04040404);
    dist_write(&m, 2, ITARGETSR, 4, 0xffffffff);
    assert_int_equal(dist_read(&m, 1, ITARGETSR + 28, 4), 0x02020202);
    dist_write(&m, 0, ITARGETSR + 32, 4, 0xffffffff);
    assert_int_equal(dist_read(&m, 0, ITARGETSR + 32, 4), 0x07070707);
}

static void v3_private_registers_are_not_in_the_distributor(void **state)
{
    static const uint32_t offset[] = {0x080, 0x100, 0x200, 0x300, 0x400, 0x41c, 0xc00, 0xc04};
    (void)state;
    start(GIC_V3, 1, 4);
    for (uint32_t i = 0; i < ARRAY_COUNT(offset); i++) {
        dist_write(&m, 0, offset[i], 4, 0xffffffff);
        assert_int_equal(dist_read(&m, 0, offset[i], 4), 0);
    }
    dist_write(&m, 0, ITARGETSR + 40, 4, 0xffffffff);
    assert_int_equal(dist_read(&m, 0, ITARGETSR + 40, 4), 0);
    machine_check(&m, 0);
}

static void v3_router_keeps_affinity_and_aims(void **state)
{
    (void)state;
    start(GIC_V3, 2, 4);
    set_bit(0, ISENABLER, ANY_SPI);
    dist_write(&m, 0, 0x6000 + 8 * ANY_SPI, 8, UINT64_C(0xff80ffffff));
    assert_int_equal(dist_read(&m, 0, 0x6000 + 8 * ANY_SPI, 8), 0xffffff);
    set_bit(0, ISPENDR, ANY_SPI);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    assert_true(get_bit(0, ISPENDR, ANY_SPI)); /* nobody's, and not lost */
    dist_write(&m, 0, 0x6000 + 8 * ANY_SPI, 8, 1);
    come_in(1);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    assert_int_equal(machine_ack(&m, 1), ANY_SPI);
}

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
        cmocka_unit_test(v2_identifies_itself),
        cmocka_unit_test(v3_identifies_itself),
        cmocka_unit_test(redistributor_type_names_its_cpu_and_the_last),
        cmocka_unit_test(waker_sleeps_and_wakes_at_once),
        cmocka_unit_test(lpi_registers_are_razwi),
        cmocka_unit_test(wrong_widths_and_alignments_are_refused),
        cmocka_unit_test(every_offset_survives_every_width),
        cmocka_unit_test(narrow_writes_touch_their_lanes_only),
        cmocka_unit_test(beyond_the_implemented_intids_is_razwi),
        cmocka_unit_test(v2_sgis_are_always_enabled_and_edge),
        cmocka_unit_test(v2_private_registers_are_banked),
        cmocka_unit_test(v2_targets_are_razwi_with_one_cpu),
        cmocka_unit_test(v2_private_targets_read_as_the_reader),
        cmocka_unit_test(v3_private_registers_are_not_in_the_distributor),
        cmocka_unit_test(v3_router_keeps_affinity_and_aims),
        cmocka_unit_test(a_group_closed_at_the_interface_holds_nobody_back),
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
        cmocka_unit_test(retract_sees_an_acknowledgement_on_another_cpu),
        cmocka_unit_test(linked_interrupt_is_ended_by_its_list_register),
        cmocka_unit_test(linked_interrupt_stays_busy_while_disabled),
        cmocka_unit_test(retract_takes_back_what_was_not_acknowledged),
        cmocka_unit_test(clearing_a_linked_interrupt_deactivates_the_physical_one),
        cmocka_unit_test(linked_interrupt_pended_by_the_guest_leaves_the_physical_one_alone),
        cmocka_unit_test(set_line_on_a_linked_interrupt_is_pending_or_retract),
        cmocka_unit_test(reset_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
