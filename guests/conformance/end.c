/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does an interrupt end?  At once (EOImode 0), or in two steps, priority drop and deactivation
 * (EOImode 1), in any order, with more active ones than list registers.
 */
#include "conformance.h"

static const uint32_t kinds[] = {SPI_FREE, PPI_FREE, SGI_FREE};

static void trigger(uint32_t intid)
{
    if (intid < 16U) {
        send_sgi(intid, 1U << cpu_index());
    } else {
        pend(intid);
    }
}

static void check_together(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t acknowledged;

        enable(kinds[i]);
        trigger(kinds[i]);
        expect(irq_signalled(), "not signalled");
        acknowledged = acknowledge();
        end(acknowledged);
        expect_equal("running priority", running_priority(), IDLE_RPR);
        expect(!is_active(kinds[i]), "active");
    }
}

static void check_separate(const void *subject unused)
{
    set_eoimode(true);
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t acknowledged;

        set_priority(kinds[i], 0x80);
        enable(kinds[i]);
        trigger(kinds[i]);
        expect(irq_signalled(), "not signalled");
        acknowledged = acknowledge();
        expect_equal("running priority", running_priority(), 0x80);
        end(acknowledged);
        expect_equal("running priority after EOI", running_priority(), IDLE_RPR);
        expect(is_active(kinds[i]), "EOI deactivates");
        deactivate(acknowledged);
        expect(!is_active(kinds[i]), "DIR does not deactivate");
    }
}

/* What is dropped and active does not come again; a less urgent one does. */
static void check_dropped(const void *subject unused)
{
    set_eoimode(true);
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t acknowledged;

        set_priority(kinds[i], 0x40);
        enable(kinds[i]);
        trigger(kinds[i]);
        acknowledged = acknowledge();
        end(acknowledged);
        trigger(kinds[i]);
        expect_none("itself, active");
        set_priority(SPI_LAST, 0x90);
        enable(SPI_LAST);
        pend(SPI_LAST);
        expect_taken("a less urgent one", SPI_LAST);
        end(SPI_LAST);
        deactivate(SPI_LAST);
        wait_ns(SEVERAL_WINDOWS_NS);
        expect_none("itself, later");
        deactivate(acknowledged);
        expect(irq_signalled(), "not signalled once deactivated");
        acknowledged = acknowledge();
        expect_equal("deactivated", acknowledged & INTID_NONE, kinds[i]);
        end(acknowledged);
        deactivate(acknowledged);
    }
}

/* Each acknowledged and dropped; deactivated later in the order of `step`, which is coprime. */
static void many(uint32_t step)
{
    many_active();
    wait_ns(SEVERAL_WINDOWS_NS);
    for (uint32_t i = 0; i < MANY; i++) {
        expect(is_active(SPI_FREE + i), "not active");
        pend(SPI_FREE + i);
    }
    expect_none("active ones");
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t intid = SPI_FREE + i * step % MANY;

        deactivate(intid);
        expect_taken("deactivated", intid);
        end(intid);
        deactivate(intid);
        expect_idle("deactivated again", intid);
    }
}

static void check_many(const void *subject unused)
{
    many(1);
}

static void check_many_out_of_order(const void *subject unused)
{
    many(7);
}

/* Nested ones that are deactivated while others still run. */
static void check_deactivated_early(const void *subject unused)
{
    set_eoimode(true);
    for (uint32_t i = 0; i < 8U; i++) {
        set_priority(SPI_FREE + i, PRIORITY(20U - i));
        enable(SPI_FREE + i);
        pend(SPI_FREE + i);
        expect_taken("nested", SPI_FREE + i);
    }
    for (uint32_t i = 0; i < 8U; i++) {
        end(SPI_FREE + 7U - i);
    }
    expect_equal("running priority", running_priority(), IDLE_RPR);
    for (uint32_t i = 0; i < 8U; i++) {
        expect(is_active(SPI_FREE + i), "not active");
        deactivate(SPI_FREE + i);
        expect(!is_active(SPI_FREE + i), "active");
        expect(i == 7U || is_active(SPI_FREE + i + 1U), "another one");
    }
}

/* DIR for what is not active changes nothing. */
static void check_deactivate_inactive(const void *subject unused)
{
    set_eoimode(true);
    enable(SPI_FREE);
    deactivate(SPI_FREE);
    expect_idle("inactive", SPI_FREE);
    pend(SPI_FREE);
    deactivate(SPI_FREE);
    expect(is_pending(SPI_FREE), "pending one");
    expect_taken("pending one, then", SPI_FREE);
    end(SPI_FREE);
    deactivate(SPI_FREE + 1);
    expect(is_active(SPI_FREE), "another one");
    deactivate(SPI_FREE);
    expect(!is_active(SPI_FREE), "active");
}

/* What software made active, a handler's deactivation ends. */
static void check_deactivate_software(const void *subject unused)
{
    set_eoimode(true);
    for (uint32_t i = 0; i < countof(kinds); i++) {
        set_bit(GICD_ISACTIVER, kinds[i]);
        expect(is_active(kinds[i]), "not active");
        deactivate(kinds[i]);
        expect(!is_active(kinds[i]), "DIR does not deactivate");
    }
}

/* In EOImode 0 DIR does nothing, with few active ones and with many. */
static void check_deactivate_together(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        set_priority(SPI_FREE + i, PRIORITY(MANY - i));
        enable(SPI_FREE + i);
        pend(SPI_FREE + i);
        expect_taken("nested", SPI_FREE + i);
        deactivate(SPI_FREE + i);
        expect(is_active(SPI_FREE + i), "DIR deactivates");
    }
    for (uint32_t i = MANY; i-- > 0;) {
        deactivate(SPI_FREE);
        expect(is_active(SPI_FREE), "DIR deactivates another one");
        end(SPI_FREE + i);
        expect(!is_active(SPI_FREE + i), "EOI does not deactivate");
    }
}

/* Priority drops in EOImode 1 while the mode changes later. */
static void check_mode_changes(const void *subject unused)
{
    set_eoimode(true);
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect_taken("first", SPI_FREE);
    end(SPI_FREE);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect(is_active(SPI_FREE), "the mode was lost");
    deactivate(SPI_FREE);
    set_eoimode(false);
    pend(SPI_FREE);
    expect_taken("second", SPI_FREE);
    wait_ns(SEVERAL_WINDOWS_NS);
    end(SPI_FREE);
    expect_idle("ended at once", SPI_FREE);
}

static bool signalled_soon(void)
{
    uint64_t deadline = counter_read() + ticks_from_ns(SEVERAL_WINDOWS_NS);

    while ((int64_t)(counter_read() - deadline) < 0) {
        if (irq_signalled()) {
            return true;
        }
    }
    return false;
}

/* Of nested ones the first is pending again when it ends, as the last.  It comes, whenever that
 * was, and with no access to the GIC at which a kernel below might look after it.  It is the one
 * that has no list register where there are 4, 8 or 16. */
static void check_ended_any_time(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        set_priority(SPI_FREE + i, PRIORITY(20U - i));
        enable(SPI_FREE + i);
    }
    for (uint32_t round = 0; round < 400U; round++) {
        uint32_t depth = 1U + (4U << round % 3U);

        for (uint32_t i = 0; i < depth; i++) {
            pend(SPI_FREE + i);
            expect_taken("nested", SPI_FREE + i);
        }
        pend(SPI_FREE);
        wait_ns(round * 7919U % 100000U);
        for (uint32_t i = depth; i-- > 0;) {
            end(SPI_FREE + i);
        }
        expect(signalled_soon(), "not signalled again");
        expect_taken_ended("again", SPI_FREE);
    }
}

static const struct rule rules[] = {
    {"eoimode0-ends-at-once", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_together},
    {"eoimode0-ended-any-time", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_ended_any_time},
    {"eoimode1-two-steps", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_separate},
    {"eoimode1-dropped-waits", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_dropped},
    {"eoimode1-many", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_many},
    {"eoimode1-many-out-of-order", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_many_out_of_order},
    {"eoimode1-nested", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_deactivated_early},
    {"dir-of-inactive-ignored", V2("4.4.15"), V3("12.2 ICC_DIR_EL1"), check_deactivate_inactive},
    {"dir-after-isactiver", V2("4.4.15"), V3("12.2 ICC_DIR_EL1"), check_deactivate_software},
    {"dir-in-eoimode0-ignored", V2("4.4.15"), V3("12.2 ICC_DIR_EL1"), check_deactivate_together},
    {"eoimode-kept-long", V2("4.4.1"), V3("12.2 ICC_CTLR_EL1"), check_mode_changes},
};

const struct area area_end = {"end", rules, countof(rules), NULL, false, false};
