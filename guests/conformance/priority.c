/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several interrupts comes first, what may interrupt what, and what does the mask hold
 * back?  With more of them than any list registers hold.
 */
#include "conformance.h"

/* 20 priorities, 0x08 to 0xa0, such that neither INTIDs nor the order of pending give them. */
#define PRIORITY_OF(i) PRIORITY(1U + (i)*7U % MANY)

static void enable_spi(uint32_t intid, uint8_t priority)
{
    set_priority(intid, priority);
    enable(intid);
}

static void pend_spi(uint32_t intid, uint8_t priority)
{
    enable_spi(intid, priority);
    pend(intid);
}

/* The i-th most urgent of the many. */
static uint32_t many_by_rank(uint32_t rank)
{
    for (uint32_t i = 0; i < MANY; i++) {
        if (PRIORITY_OF(i) == PRIORITY(1U + rank)) {
            return SPI_FREE + i;
        }
    }
    return INTID_NONE;
}

static void check_order(const void *subject unused)
{
    pend_spi(SPI_FREE, 0x90);
    pend_spi(SPI_FREE + 1, 0x20);
    pend_spi(SPI_FREE + 2, 0x50);
    expect_taken_ended("first", SPI_FREE + 1);
    expect_taken_ended("second", SPI_FREE + 2);
    expect_taken_ended("third", SPI_FREE);
    expect_none("fourth");
}

static void check_many_pending(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        pend_spi(SPI_FREE + i, PRIORITY_OF(i));
    }
    for (uint32_t rank = 0; rank < MANY; rank++) {
        expect_taken_ended("out of order", many_by_rank(rank));
    }
    expect_none("more than that");
}

/* All become pending at one instant. */
static void check_many_at_once(const void *subject unused)
{
    uint32_t word = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        enable_spi(96U + i, PRIORITY_OF(i));
        word |= (uint32_t)BIT(i);
    }
    write32(gic_bits(GICD_ISPENDR, 96), word);
    for (uint32_t rank = 0; rank < MANY; rank++) {
        expect_taken_ended("out of order", many_by_rank(rank) + 96U - SPI_FREE);
    }
    expect_none("more than that");
}

/* Each comes while all less urgent ones are active. */
static void check_many_active(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        enable_spi(SPI_FREE + i, PRIORITY(MANY - i));
    }
    for (uint32_t i = 0; i < MANY; i++) {
        pend(SPI_FREE + i);
        expect_taken("does not preempt", SPI_FREE + i);
        expect_equal("running priority", running_priority(), PRIORITY(MANY - i));
    }
    for (uint32_t i = 0; i < MANY; i++) {
        expect(is_active(SPI_FREE + i), "not active");
    }
    wait_ns(SEVERAL_WINDOWS_NS);
    for (uint32_t i = MANY; i-- > 0;) {
        expect_equal("running priority before its end", running_priority(), PRIORITY(MANY - i));
        end(SPI_FREE + i);
        expect(!is_active(SPI_FREE + i), "active after its end");
        expect(i == 0 || is_active(SPI_FREE + i - 1U), "another one ended, too");
    }
    expect_equal("running priority at the end", running_priority(), IDLE_RPR);
}

/* While the most urgent is active the others wait; what comes then is in order. */
static void check_many_behind_active(const void *subject unused)
{
    pend_spi(SPI_LAST, 0);
    expect_taken("the most urgent", SPI_LAST);
    for (uint32_t i = 0; i < MANY; i++) {
        pend_spi(SPI_FREE + i, PRIORITY_OF(i));
    }
    expect_none("while the most urgent is active");
    wait_ns(SEVERAL_WINDOWS_NS);
    end(SPI_LAST);
    for (uint32_t rank = 0; rank < MANY; rank++) {
        expect_taken_ended("out of order", many_by_rank(rank));
    }
}

static void check_preemption(const void *subject unused)
{
    pend_spi(SPI_FREE, 0x90);
    expect_taken("first", SPI_FREE);
    expect_equal("running priority", running_priority(), 0x90);
    pend_spi(SPI_FREE + 1, 0xa0);
    expect_none("a less urgent one");
    pend_spi(SPI_FREE + 2, 0x90);
    expect_none("an equal one");
    pend_spi(SPI_FREE + 3, 0x40);
    expect_taken("a more urgent one", SPI_FREE + 3);
    expect_equal("running priority, nested", running_priority(), 0x40);
    end(SPI_FREE + 3);
    expect_equal("running priority, back", running_priority(), 0x90);
    expect_none("when the nested one has ended");
    end(SPI_FREE);
    expect_taken_ended("the equal one", SPI_FREE + 2);
    expect_taken_ended("the less urgent one", SPI_FREE + 1);
    expect_equal("running priority, idle", running_priority(), IDLE_RPR);
}

/* Binary point such that bits 7:6 are the group priority: 5 for BPR and for the ICC_BPR1_EL1 of a
 * machine with one security state, whose group 1 has one bit less (IHI0069H 4.8). */
static void check_binary_point(const void *subject unused)
{
    set_binary_point(gic_is_v3 ? 6 : 5);
    pend_spi(SPI_FREE, 0xb0);
    expect_taken("first", SPI_FREE);
    expect_equal("running priority is the group's", running_priority(), 0x80);
    pend_spi(SPI_FREE + 1, 0x90);
    expect_none("another of the group");
    pend_spi(SPI_FREE + 2, 0x80);
    pend_spi(SPI_FREE + 3, 0x78);
    expect_taken("of a more urgent group", SPI_FREE + 3);
    expect_equal("running priority, nested", running_priority(), 0x40);
    end(SPI_FREE + 3);
    end(SPI_FREE);
    expect_taken_ended("in the group, by subpriority", SPI_FREE + 2);
    expect_taken_ended("in the group, the last", SPI_FREE + 1);
}

static void check_mask(const void *subject unused)
{
    set_mask(0x80);
    pend_spi(SPI_FREE, 0x90);
    expect_none("less urgent than the mask");
    pend_spi(SPI_FREE + 1, 0x80);
    expect_none("equal to the mask");
    pend_spi(SPI_FREE + 2, 0x78);
    expect_taken_ended("more urgent than the mask", SPI_FREE + 2);
    set_mask(0x88);
    expect_taken_ended("mask moved", SPI_FREE + 1);
    set_mask(0);
    pend_spi(SPI_FREE + 3, 0);
    expect_none("mask 0 lets nothing through");
    set_mask(0xf0);
    expect_taken_ended("mask opened", SPI_FREE + 3);
    expect_taken_ended("the rest", SPI_FREE);
}

/* The mask holds back, it does not end what is active. */
static void check_mask_while_active(const void *subject unused)
{
    pend_spi(SPI_FREE, 0x90);
    expect_taken("first", SPI_FREE);
    set_mask(0x40);
    pend_spi(SPI_FREE + 1, 0x50);
    expect_none("masked");
    expect_equal("running priority", running_priority(), 0x90);
    set_mask(0xf0);
    expect_taken_ended("mask opened", SPI_FREE + 1);
    end(SPI_FREE);
}

static void check_running(const void *subject unused)
{
    expect_equal("idle", running_priority(), IDLE_RPR);
    for (uint32_t priority = 0; priority < 0xf8U; priority += 0x38U) {
        pend_spi(SPI_FREE, (uint8_t)priority);
        expect_taken("acknowledged", SPI_FREE);
        expect_equal("running", running_priority(), priority);
        end(SPI_FREE);
        expect_equal("idle again", running_priority(), IDLE_RPR);
    }
}

static void check_highest(const void *subject unused)
{
    expect_equal("nothing pending", highest_pending(), INTID_NONE);
    pend_spi(SPI_FREE, 0x90);
    expect(irq_signalled(), "not signalled");
    expect_equal("one pending", highest_pending(), SPI_FREE);
    pend_spi(SPI_FREE + 1, 0x40);
    expect_equal("a more urgent one", highest_pending(), SPI_FREE + 1);
    expect(is_pending(SPI_FREE + 1) && !is_active(SPI_FREE + 1), "reading acknowledges");
    expect_taken_ended("the more urgent one", SPI_FREE + 1);
    expect_taken_ended("the other", SPI_FREE);
}

/* Not only after what is pending has been taken. */
static void check_changed_while_pending(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        pend_spi(SPI_FREE + i, PRIORITY(2U + i));
    }
    expect_equal("before", highest_pending(), SPI_FREE);
    set_priority(SPI_FREE + MANY - 1U, PRIORITY(1));
    expect_taken_ended("made more urgent", SPI_FREE + MANY - 1U);
    set_priority(SPI_FREE, PRIORITY(30));
    for (uint32_t i = 1; i < MANY - 1U; i++) {
        expect_taken_ended("out of order", SPI_FREE + i);
    }
    expect_taken_ended("made less urgent", SPI_FREE);
}

static void check_disabled_among_many(const void *subject unused)
{
    for (uint32_t i = 0; i < MANY; i++) {
        pend_spi(SPI_FREE + i, PRIORITY(2U + i));
    }
    for (uint32_t i = 0; i < MANY; i += 2U) {
        set_bit(GICD_ICENABLER, SPI_FREE + i);
    }
    for (uint32_t i = 1; i < MANY; i += 2U) {
        expect_taken_ended("enabled", SPI_FREE + i);
    }
    expect_none("disabled");
    for (uint32_t i = 0; i < MANY; i += 2U) {
        enable(SPI_FREE + i);
        expect_taken_ended("enabled again", SPI_FREE + i);
    }
}

#define NESTED 8U

static volatile uint32_t depth, depth_max, nested_count;
static volatile bool nested_right;

/* Each handler makes a more urgent one pending, and ends after it. */
static void nest(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();
    uint32_t index = (acknowledged & INTID_NONE) - SPI_FREE;

    nested_count++;
    depth++;
    depth_max = depth > depth_max ? depth : depth_max;
    nested_right =
        nested_right && index + 1U == depth && running_priority() == PRIORITY(20U - index);
    if (index + 1U < NESTED) {
        pend(SPI_FREE + index + 1U);
        pend(SPI_FREE + NESTED); /* less urgent than all of them */
        irq_unmask();
        wait_ns(2000);
        irq_mask();
        nested_right = nested_right && depth == index + 1U && nested_count == NESTED;
    }
    depth--;
    end(acknowledged);
}

static void nest_or_last(struct guest_frame *frame)
{
    if (highest_pending() == SPI_FREE + NESTED) {
        nested_right = nested_right && depth == 0 && nested_count == NESTED;
        nested_count++;
        end(acknowledge());
    } else {
        nest(frame);
    }
}

static void check_nested(const void *subject unused)
{
    for (uint32_t i = 0; i < NESTED; i++) {
        enable_spi(SPI_FREE + i, PRIORITY(20U - i));
    }
    enable_spi(SPI_FREE + NESTED, PRIORITY(25));
    depth = depth_max = nested_count = 0;
    nested_right = true;
    guest_irq = nest_or_last;
    pend(SPI_FREE);
    irq_unmask();
    wait_ns(20000);
    irq_mask();
    expect_equal("depth", depth_max, NESTED);
    expect_equal("handlers", nested_count, NESTED + 1U);
    expect(nested_right, "order or running priority");
    expect_equal("running priority at the end", running_priority(), IDLE_RPR);
}

static const struct rule rules[] = {
    {"order", V2("3.3"), V3("4.8"), check_order},
    {"more-pending-than-list-registers", V2("3.3"), V3("4.8"), check_many_pending},
    {"more-pending-at-once", V2("3.3"), V3("4.8"), check_many_at_once},
    {"more-active-than-list-registers", V2("3.3.1"), V3("4.8"), check_many_active},
    {"more-pending-behind-active", V2("3.3.1"), V3("4.8"), check_many_behind_active},
    {"preemption", V2("3.3.1"), V3("4.8"), check_preemption},
    {"binary-point", V2("3.3.3"), V3("4.8"), check_binary_point},
    {"mask", V2("3.3.2"), V3("4.8"), check_mask},
    {"mask-while-active", V2("3.3.2"), V3("4.8"), check_mask_while_active},
    {"running-priority", V2("4.4.6"), V3("12.2 ICC_RPR_EL1"), check_running},
    {"highest-pending", V2("4.4.7"), V3("12.2 ICC_HPPIR1_EL1"), check_highest},
    {"changed-while-pending", V2("4.3.11"), V3("4.8"), check_changed_while_pending},
    {"disabled-among-many", V2("4.3.6"), V3("4.7"), check_disabled_among_many},
    {"nested-handlers", V2("3.3.1"), V3("4.8"), check_nested},
};

const struct area area_priority = {"priority", rules, countof(rules), NULL, false, false};
