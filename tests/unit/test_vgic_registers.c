/* SPDX-License-Identifier: Apache-2.0 */
/* Does each register of the virtual GIC answer as the architecture says, at each width and in each
 * frame?  Each test's name is its rule. */
#include "test_vgic_guest.h"

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

int main(void)
{
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
