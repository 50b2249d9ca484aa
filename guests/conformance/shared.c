/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do shared interrupts go where they are targeted or routed, and does everybody see one state of
 * them?  Two CPUs; what CPU 1 does is an errand.
 */
#include "conformance.h"

#define OTHER   1U
#define NOWHERE 7U /* no such CPU */
#define WAIT_NS UINT64_C(20000000)

static uint64_t be_quiet(uint64_t argument)
{
    interrupts_quiet_own();
    return argument;
}

static uint32_t wait_and_acknowledge(void)
{
    uint64_t limit = counter_read() + ticks_from_ns(WAIT_NS);

    while (!irq_signalled()) {
        if (counter_read() > limit) {
            break;
        }
        insn("yield");
    }
    return acknowledge();
}

static uint64_t take_there(uint64_t argument unused)
{
    uint32_t acknowledged = wait_and_acknowledge();

    end(acknowledged);
    return acknowledged;
}

static uint64_t hold_there(uint64_t separate)
{
    uint32_t acknowledged;

    set_eoimode(separate != 0);
    acknowledged = wait_and_acknowledge();
    if (separate != 0) {
        end(acknowledged);
    }
    return acknowledged;
}

static uint64_t end_there(uint64_t acknowledged)
{
    end((uint32_t)acknowledged);
    return running_priority();
}

static uint64_t deactivate_there(uint64_t intid)
{
    set_eoimode(true);
    deactivate((uint32_t)intid);
    return 0;
}

static uint64_t none_there(uint64_t argument unused)
{
    return irq_signalled() ? acknowledge() : acknowledge() & INTID_NONE;
}

static uint64_t pend_from_there(uint64_t intid)
{
    pend((uint32_t)intid);
    return 0;
}

static void begin(void)
{
    second_do(be_quiet, 0);
    enable(SPI_FREE);
}

static void check_to_other(const void *subject unused)
{
    begin();
    set_target(SPI_FREE, OTHER);
    pend(SPI_FREE);
    expect_none("own");
    expect_equal("CPU 1", second_do(take_there, 0), SPI_FREE);
    expect_idle("at the end", SPI_FREE);
}

static void check_from_other(const void *subject unused)
{
    begin();
    second_do(pend_from_there, SPI_FREE);
    expect_taken_ended("pended by CPU 1", SPI_FREE);
}

static void check_moved_while_pending(const void *subject unused)
{
    begin();
    pend(SPI_FREE);
    expect(irq_signalled(), "not signalled");
    set_target(SPI_FREE, OTHER);
    expect_none("moved away");
    expect_equal("CPU 1", second_do(take_there, 0), SPI_FREE);
    set_target(SPI_FREE, OTHER);
    pend(SPI_FREE);
    set_target(SPI_FREE, 0);
    expect_equal("CPU 1, moved back", second_do(none_there, 0), INTID_NONE);
    expect_taken_ended("moved back", SPI_FREE);
}

static void target_nobody(void)
{
    if (gic_is_v3) {
        set_target(SPI_FREE, NOWHERE);
    } else {
        write8(gic_byte(GICD_ITARGETSR, SPI_FREE), 0);
    }
}

static void check_to_nobody(const void *subject unused)
{
    begin();
    target_nobody();
    set_target(SPI_FREE + 1, 0);
    pend(SPI_FREE);
    expect_none("own");
    expect_equal("CPU 1", second_do(none_there, 0), INTID_NONE);
    expect(is_pending(SPI_FREE), "lost");
    set_target(SPI_FREE, 0);
    expect_taken_ended("targeted again", SPI_FREE);
}

/* Pending again while it is active on CPU 1: nobody gets it before CPU 1 is done. */
static void check_active_elsewhere(const void *subject unused)
{
    begin();
    set_target(SPI_FREE, OTHER);
    pend(SPI_FREE);
    expect_equal("CPU 1", second_do(hold_there, 0), SPI_FREE);
    expect(is_active(SPI_FREE), "not active as CPU 0 sees it");
    expect(!is_pending(SPI_FREE), "pending as CPU 0 sees it");
    set_target(SPI_FREE, 0);
    pend(SPI_FREE);
    expect_none("active on CPU 1");
    expect(is_active(SPI_FREE) && is_pending(SPI_FREE), "not pending and active");
    expect_equal("CPU 1's running priority", second_do(end_there, SPI_FREE), IDLE_RPR);
    expect_taken_ended("ended by CPU 1", SPI_FREE);
    expect_idle("at the end", SPI_FREE);
}

static void check_deactivated_by_icactiver(const void *subject unused)
{
    begin();
    set_target(SPI_FREE, OTHER);
    pend(SPI_FREE);
    expect_equal("CPU 1", second_do(hold_there, 1), SPI_FREE);
    expect(is_active(SPI_FREE), "not active as CPU 0 sees it");
    set_bit(GICD_ICACTIVER, SPI_FREE);
    expect(!is_active(SPI_FREE), "active");
    pend(SPI_FREE);
    expect_equal("CPU 1, again", second_do(hold_there, 1), SPI_FREE);
    second_do(deactivate_there, SPI_FREE);
    expect_idle("at the end", SPI_FREE);
}

static void check_deactivated_by_dir(const void *subject unused)
{
    begin();
    set_eoimode(true);
    pend(SPI_FREE);
    expect_taken("first", SPI_FREE);
    end(SPI_FREE);
    second_do(deactivate_there, SPI_FREE);
    expect(!is_active(SPI_FREE), "active");
    pend(SPI_FREE);
    expect_taken("second", SPI_FREE);
    end(SPI_FREE);
    deactivate(SPI_FREE);
}

/* Each CPU has its own of two that come at once. */
static void check_each_its_own(const void *subject unused)
{
    begin();
    enable(SPI_FREE + 1);
    set_target(SPI_FREE + 1, OTHER);
    write32(gic_bits(GICD_ISPENDR, SPI_FREE), 3U << SPI_FREE % 32U);
    expect_taken_ended("own", SPI_FREE);
    expect_none("the other's");
    expect_equal("CPU 1", second_do(take_there, 0), SPI_FREE + 1);
}

static const struct rule rules[] = {
    {"to-other", V2("4.3.12"), V3("12.9 GICD_IROUTER"), check_to_other},
    {"pended-by-other", V2("4.3.7"), V3("12.9 GICD_ISPENDR"), check_from_other},
    {"moved-while-pending", V2("4.3.12"), V3("12.9 GICD_IROUTER"), check_moved_while_pending},
    {"to-nobody", V2("4.3.12"), V3("12.9 GICD_IROUTER"), check_to_nobody},
    {"active-elsewhere", V2("3.2.4"), V3("4.1.2"), check_active_elsewhere},
    {"inactive-by-icactiver", V2("4.3.10"), V3("12.9 GICD_ICACTIVER"),
     check_deactivated_by_icactiver},
    {"inactive-by-other-dir", NOT_HERE, V3("12.2 ICC_DIR_EL1"), check_deactivated_by_dir},
    {"each-its-own", V2("4.3.12"), V3("12.9 GICD_IROUTER"), check_each_its_own},
};

const struct area area_shared = {"shared", rules, countof(rules), NULL, true, true};
