/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do software-generated interrupts reach whom they are sent to, with their sender (GICv2), each
 * once? Two CPUs; what CPU 1 does is an errand.
 */
#include "conformance.h"

#define OTHER         1U
#define ID_MASK       0x3ffU
#define SOURCE(iar)   ((iar) >> 10 & 7U)
#define FILTER_OTHERS (1U << 24)
#define FILTER_SELF   (2U << 24)
#define IRM_OTHERS    BIT(40)
#define WAIT_NS       UINT64_C(20000000)
#define ROUNDS        16U

/* --- errands ---------------------------------------------------------------------------------- */

static uint64_t be_quiet(uint64_t argument)
{
    interrupts_quiet_own();
    return argument;
}

static uint64_t enable_there(uint64_t intid)
{
    enable((uint32_t)intid);
    return 0;
}

static uint64_t send_from_there(uint64_t intid)
{
    send_sgi((uint32_t)intid, 1U);
    return 0;
}

/* Waits for an interrupt; CPU 0 may have its turn. */
static uint32_t take_within(uint64_t ns)
{
    uint64_t limit = counter_read() + ticks_from_ns(ns);
    uint32_t acknowledged;

    while (!irq_signalled()) {
        if (counter_read() > limit) {
            return INTID_NONE;
        }
        insn("yield");
    }
    acknowledged = acknowledge();
    end(acknowledged);
    return acknowledged;
}

static uint64_t take_there(uint64_t argument unused)
{
    return take_within(WAIT_NS);
}

static uint64_t none_there(uint64_t argument unused)
{
    return irq_signalled() ? acknowledge() : acknowledge() & INTID_NONE;
}

/* Answers each SGI with one to CPU 0. */
static uint64_t echo_there(uint64_t rounds)
{
    uint64_t count = 0;

    while (count < rounds && (take_within(WAIT_NS) & ID_MASK) == SGI_FREE) {
        send_sgi(SGI_FREE, 1U);
        count++;
    }
    return count;
}

static uint64_t priority_there(uint64_t priority)
{
    set_priority(PPI_FREE, (uint8_t)priority);
    return read8(gic_byte(GICD_IPRIORITYR, PPI_FREE));
}

static uint64_t pend_there(uint64_t intid)
{
    pend((uint32_t)intid);
    return is_pending((uint32_t)intid);
}

static void begin(void)
{
    second_do(be_quiet, 0);
    enable(SGI_FREE);
    second_do(enable_there, SGI_FREE);
}

/* --- rules ------------------------------------------------------------------------------------ */

static void check_to_self(const void *subject unused)
{
    begin();
    send_sgi(SGI_FREE, 1);
    expect_taken_ended("own", SGI_FREE);
    expect_equal("CPU 1", second_do(none_there, 0), INTID_NONE);
}

static void check_to_other(const void *subject unused)
{
    begin();
    send_sgi(SGI_FREE, 1U << OTHER);
    expect_none("own");
    expect_equal("CPU 1", second_do(take_there, 0) & ID_MASK, SGI_FREE);
    expect_equal("CPU 1, again", second_do(none_there, 0), INTID_NONE);
}

static void check_to_both(const void *subject unused)
{
    begin();
    send_sgi(SGI_FREE, 3);
    expect_taken_ended("own", SGI_FREE);
    expect_equal("CPU 1", second_do(take_there, 0) & ID_MASK, SGI_FREE);
}

static void check_to_others(const void *subject unused)
{
    begin();
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C11_5, IRM_OTHERS | (uint64_t)SGI_FREE << 24); /* ICC_SGI1R_EL1 */
        isb();
    } else {
        write32(GICD_BASE + GICD_SGIR, FILTER_OTHERS | SGI_FREE);
    }
    expect_none("own");
    expect_equal("CPU 1", second_do(take_there, 0) & ID_MASK, SGI_FREE);
}

static void check_filter_self(const void *subject unused)
{
    begin();
    write32(GICD_BASE + GICD_SGIR, FILTER_SELF | 0x00ff0000U | SGI_FREE);
    expect_taken_ended("own", SGI_FREE);
    expect_equal("CPU 1", second_do(none_there, 0), INTID_NONE);
}

static void check_to_nobody(const void *subject unused)
{
    begin();
    send_sgi(SGI_FREE, 0);
    send_sgi(SGI_FREE, 0xf0);
    if (gic_is_v3) {
        /* Another affinity 1, 2, 3. */
        sysreg_write(S3_0_C12_C11_5, (uint64_t)SGI_FREE << 24 | 1U << 16 | 3U);
        sysreg_write(S3_0_C12_C11_5, (uint64_t)SGI_FREE << 24 | BIT(32) | 3U);
        sysreg_write(S3_0_C12_C11_5, (uint64_t)SGI_FREE << 24 | BIT(48) | 3U);
        isb();
    }
    expect_none("own");
    expect_equal("CPU 1", second_do(none_there, 0), INTID_NONE);
}

static void check_from_other(const void *subject unused)
{
    uint32_t acknowledged;

    begin();
    second_do(send_from_there, SGI_FREE);
    expect(is_pending(SGI_FREE), "not pending");
    expect(irq_signalled(), "not signalled");
    acknowledged = acknowledge();
    expect_equal("INTID", acknowledged & ID_MASK, SGI_FREE);
    expect_equal("source", gic_is_v3 ? OTHER : SOURCE(acknowledged), OTHER);
    end(acknowledged);
    expect_idle("at the end", SGI_FREE);
}

/* It comes though the list registers are full of active ones. */
static void check_from_other_among_many(const void *subject unused)
{
    begin();
    many_active();
    second_do(send_from_there, SGI_FREE);
    expect_taken("sent by CPU 1", SGI_FREE);
    end(SGI_FREE | (gic_is_v3 ? 0 : OTHER << 10));
    deactivate(SGI_FREE | (gic_is_v3 ? 0 : OTHER << 10));
    many_deactivate();
}

static void check_once_from_one(const void *subject unused)
{
    begin();
    send_sgi(SGI_FREE, 1);
    send_sgi(SGI_FREE, 1);
    expect_taken_ended("first", SGI_FREE);
    expect_none("second");
}

/* Each sender's is an interrupt of its own. */
static void check_two_sources(const void *subject unused)
{
    uint32_t first, second;

    begin();
    send_sgi(SGI_FREE, 1);
    second_do(send_from_there, SGI_FREE);
    expect_equal("SPENDSGIR", read8(GICD_BASE + GICD_SPENDSGIR + SGI_FREE), 3);
    first = acknowledge();
    expect_equal("first", first & ID_MASK, SGI_FREE);
    expect_equal("SPENDSGIR, one acknowledged", read8(GICD_BASE + GICD_SPENDSGIR + SGI_FREE),
                 3U & ~(1U << SOURCE(first)));
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_none("while one is active");
    end(first);
    expect(irq_signalled(), "second is not signalled");
    second = acknowledge();
    expect_equal("second", second & ID_MASK, SGI_FREE);
    expect_equal("both sources", 1U << SOURCE(first) | 1U << SOURCE(second), 3);
    end(second);
    expect_idle("at the end", SGI_FREE);
}

static void check_spendsgir(const void *subject unused)
{
    uint64_t set = GICD_BASE + GICD_SPENDSGIR + SGI_FREE;
    uint64_t clear = GICD_BASE + GICD_CPENDSGIR + SGI_FREE;
    uint32_t acknowledged;

    begin();
    write8(set, 3);
    expect_equal("set", read8(set), 3);
    expect_equal("reads alike", read8(clear), 3);
    expect(is_pending(SGI_FREE), "ISPENDR");
    write8(clear, 1);
    expect_equal("one cleared", read8(set), 2);
    expect(irq_signalled(), "not signalled");
    acknowledged = acknowledge();
    expect_equal("acknowledged", acknowledged, SGI_FREE | 1U << 10);
    end(acknowledged);
    write32(GICD_BASE + GICD_SPENDSGIR, 0x01020301);
    expect_equal("four by a word", read32(GICD_BASE + GICD_CPENDSGIR), 0x01020301);
    write32(GICD_BASE + GICD_CPENDSGIR, UINT32_MAX);
    expect_equal("four cleared", read32(GICD_BASE + GICD_SPENDSGIR), 0);
}

/* As many senders as there are CPUs; those that are off have sent theirs before. */
static void check_every_source(const void *subject unused)
{
    uint32_t everyone = (1U << cpu_count()) - 1U;
    uint32_t seen = 0;

    begin();
    for (uint32_t intid = SGI_FREE; intid < SGI_FREE + 2U; intid++) {
        enable(intid);
        write8(GICD_BASE + GICD_SPENDSGIR + intid, (uint8_t)everyone);
        expect_equal("SPENDSGIR", read8(GICD_BASE + GICD_SPENDSGIR + intid), everyone);
    }
    for (uint32_t i = 0; i < 2U * cpu_count(); i++) {
        uint32_t acknowledged;

        expect(irq_signalled(), "not signalled");
        acknowledged = acknowledge();
        seen ^= (uint32_t)BIT(8U * ((acknowledged & ID_MASK) - SGI_FREE) + SOURCE(acknowledged));
        end(acknowledged);
    }
    expect_equal("each once", seen, everyone | everyone << 8);
    expect_idle("first, at the end", SGI_FREE);
    expect_idle("second, at the end", SGI_FREE + 1U);
}

static void check_spendsgir_absent(const void *subject unused)
{
    begin();
    write8(GICD_BASE + GICD_SPENDSGIR + SGI_FREE, 0xff);
    expect_equal("CPUs that exist", read8(GICD_BASE + GICD_SPENDSGIR + SGI_FREE),
                 (1U << cpu_count()) - 1U);
    write8(GICD_BASE + GICD_CPENDSGIR + SGI_FREE, 0xff);
}

static void check_sixteen(const void *subject unused)
{
    begin();
    for (uint32_t intid = 0; intid < 16U; intid++) {
        set_priority(intid, PRIORITY(intid * 5U % 16U));
        enable(intid);
        send_sgi(intid, 1);
    }
    for (uint32_t rank = 0; rank < 16U; rank++) {
        expect_taken_ended("by priority", rank * 13U % 16U); /* 13 * 5 = 1 modulo 16 */
    }
    expect_none("at the end");
}

static void check_disabled(const void *subject unused)
{
    begin();
    set_bit(GICD_ICENABLER, SGI_FREE);
    second_do(send_from_there, SGI_FREE);
    expect(is_pending(SGI_FREE), "not pending");
    expect_none("disabled");
    enable(SGI_FREE);
    expect_taken_ended("enabled", SGI_FREE);
}

static void check_group(const void *subject unused)
{
    uint64_t word = gic_bits(GICD_IGROUPR, SGI_FREE);

    begin();
    write32(word, read32(word) & ~(uint32_t)BIT(SGI_FREE));
    send_sgi(SGI_FREE, 1);
    expect(!is_pending(SGI_FREE), "of group 0, by ICC_SGI1R_EL1");
}

static void check_ping_pong(const void *subject unused)
{
    uint32_t count = 0;

    begin();
    /* The errand runs while this goes on. */
    second_begin_errand(echo_there, ROUNDS);
    while (count < ROUNDS) {
        send_sgi(SGI_FREE, 1U << OTHER);
        if ((take_within(WAIT_NS) & ID_MASK) != SGI_FREE) {
            break;
        }
        count++;
    }
    expect_equal("answers", count, ROUNDS);
    expect_equal("received by CPU 1", second_end_errand(), ROUNDS);
    expect_none("at the end");
}

static void check_banked(const void *subject unused)
{
    begin();
    set_priority(PPI_FREE, 0x40);
    expect_equal("CPU 1's priority", second_do(priority_there, 0xc0), 0xc0);
    expect_equal("own priority", read8(gic_byte(GICD_IPRIORITYR, PPI_FREE)), 0x40);
    second_do(enable_there, PPI_FREE);
    expect(!is_bit(GICD_ISENABLER, PPI_FREE), "enabled by CPU 1");
    expect_equal("pending there", second_do(pend_there, PPI_FREE), 1);
    expect(!is_pending(PPI_FREE), "pending here");
    enable(PPI_FREE);
    expect_none("own");
    expect_equal("CPU 1's", second_do(take_there, 0) & ID_MASK, PPI_FREE);
}

static const struct rule rules[] = {
    {"to-self", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_to_self},
    {"to-other", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_to_other},
    {"to-both", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_to_both},
    {"to-all-others", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_to_others},
    {"filter-self", V2("4.3.15"), NOT_HERE, check_filter_self},
    {"to-nobody", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_to_nobody},
    {"from-other", V2("4.4.4"), V3("12.2 ICC_SGI1R_EL1"), check_from_other},
    {"from-other-among-many-active", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"),
     check_from_other_among_many},
    {"once-from-one-source", V2("3.2.4"), V3("4.1.2"), check_once_from_one},
    {"two-sources", V2("3.2.4"), NOT_HERE, check_two_sources},
    {"spendsgir", V2("4.3.16, 4.3.17"), NOT_HERE, check_spendsgir},
    {"every-source", V2("3.2.4"), NOT_HERE, check_every_source},
    {"spendsgir-absent-cpus", V2("4.3.17"), NOT_HERE, check_spendsgir_absent},
    {"sixteen-by-priority", V2("3.3"), V3("4.8"), check_sixteen},
    {"kept-while-disabled", NOT_HERE, V3("4.7"), check_disabled},
    {"of-its-group-only", NOT_HERE, V3("table 12-14"), check_group},
    {"ping-pong", V2("4.3.15"), V3("12.2 ICC_SGI1R_EL1"), check_ping_pong},
    {"private-banked", V2("table 4-1"), V3("12.10"), check_banked},
};

const struct area area_sgi = {"sgi", rules, countof(rules), NULL, true, true};
