/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When must the short way of vgic_quick.h not be taken, or must it leave nothing behind?  States
 * that a random guest seldom reaches; test_vgic_model.c mixes both ways at random.
 */
#include "test_vgic.h"

#define ISENABLER  0x100U
#define ISPENDR    0x200U
#define IPRIORITYR 0x400U
#define ICFGR      0xc00U
#define SGIR       0xf00U
#define TIMER      27U
#define SPI_FIRST  40U
#define SPI_COUNT  6U
#define SGI        3U

static struct machine m;

static void start(enum gic_version model, uint32_t cpu_count)
{
    machine_init(&m, model, cpu_count, 4);
    m.quick = true;
    vgic_link_private(&m.cpu[0], TIMER, PHYSICAL_BASE + TIMER);
    dist_write(&m, 0, 0, 4, 3);
    reg_write(&m, 0, ISENABLER, 4, UINT64_C(1) << TIMER);
}

static void take(uint32_t expected)
{
    uint32_t iar = machine_ack(&m, 0);
    assert_int_equal(iar, expected);
    machine_eoi(&m, 0, iar);
}

/* List registers are free, but more urgent interrupts are still in memory. */
static void what_waits_in_memory_and_is_more_urgent_comes_first(void **state)
{
    (void)state;
    start(GIC_V3, 1);
    reg_write(&m, 0, IPRIORITYR + TIMER, 1, 0xa0);
    reg_write(&m, 0, ICFGR + 8, 4, 0xaaaaaaaa); /* edges: their ends do not come to EL2 */
    for (uint32_t i = 0; i < SPI_COUNT; i++)
        reg_write(&m, 0, IPRIORITYR + SPI_FIRST + i, 1, i << 3);
    reg_write(&m, 0, ISENABLER + 4, 4, ((1U << SPI_COUNT) - 1U) << (SPI_FIRST - 32U));
    reg_write(&m, 0, ISPENDR + 4, 4, ((1U << SPI_COUNT) - 1U) << (SPI_FIRST - 32U));
    assert_true(m.cpu[0].more_pending);
    assert_true(m.cpu[0].lr_used != 0xfU);
    machine_fire(&m, 0, TIMER);
    for (uint32_t i = 0; i < SPI_COUNT; i++)
        take(SPI_FIRST + i);
    take(TIMER);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

/* Pended by the line and by software at once, taken and ended; then by the line, which falls before
 * the guest looks. */
static void a_former_pending_state_does_not_come_back(void **state)
{
    (void)state;
    start(GIC_V3, 1);
    machine_fire(&m, 0, TIMER);
    reg_write(&m, 0, ISPENDR, 4, UINT64_C(1) << TIMER);
    take(TIMER);
    machine_fire(&m, 0, TIMER);
    assert_int_equal(m.quick_count, 2);
    vgic_hw_retract(&m.cpu[0], TIMER);
    *machine_physical(&m, 0, TIMER) = false;
    machine_settle(&m, 0);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

/* Pended by software while it is active, and fired when it has ended: one interrupt. */
static void pending_while_active_is_one_interrupt_more(void **state)
{
    (void)state;
    for (uint32_t fired = 0; fired < 2; fired++) {
        start(GIC_V3, 1);
        machine_fire(&m, 0, TIMER);
        assert_int_equal(machine_ack(&m, 0), TIMER);
        reg_write(&m, 0, ISPENDR, 4, UINT64_C(1) << TIMER);
        machine_eoi(&m, 0, TIMER);
        if (fired != 0)
            machine_fire(&m, 0, TIMER);
        take(TIMER);
        assert_int_equal(machine_ack(&m, 0), SPURIOUS);
    }
}

/* GICv2: a sibling sends the same SGI while the vCPU's own one is active. */
static void an_sgi_of_a_sibling_is_not_lost(void **state)
{
    const uint32_t to_0 = UINT32_C(1) << 16 | SGI;
    uint32_t sources = 0;

    (void)state;
    start(GIC_V2, 2);
    assert_true(machine_pend_quickly(&m, 0, SGI));
    uint32_t iar = machine_ack(&m, 0);
    assert_int_equal(iar, SGI);
    dist_write(&m, 1, SGIR, 4, to_0);
    vgic_refill(&m.cpu[0]);
    machine_settle(&m, 0);
    machine_eoi(&m, 0, iar);
    if (!machine_pend_quickly(&m, 0, SGI))
        dist_write(&m, 0, SGIR, 4, to_0);
    for (uint32_t i = 0; i < 2; i++) {
        iar = machine_ack(&m, 0);
        assert_int_equal(iar & 0x3ffU, SGI);
        sources |= 1U << (iar >> 10);
        machine_eoi(&m, 0, iar);
    }
    assert_int_equal(sources, 3);
    assert_int_equal(machine_ack(&m, 0), SPURIOUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_in_memory_and_is_more_urgent_comes_first),
        cmocka_unit_test(a_former_pending_state_does_not_come_back),
        cmocka_unit_test(pending_while_active_is_one_interrupt_more),
        cmocka_unit_test(an_sgi_of_a_sibling_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
