/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to a GICv2's CPU interface: its registers, and two groups in one security
 * state, of which group 0 may be delivered as FIQ?
 */
#include "conformance.h"

#define CTLR_GROUP0  1U
#define CTLR_GROUP1  2U
#define CTLR_ACK     4U
#define CTLR_FIQ     8U
#define CTLR_CBPR    16U
#define CTLR_EOIMODE BIT(9)
#define INTID_GROUP1 1022U /* IAR and HPPIR: the interrupt is of group 1 */
#define IIDR_ARCH(i) ((i) >> 16 & 0xfU)
#define ID_MASK      0x3ffU

static uint32_t gicc(uint32_t offset)
{
    return read32(GICC_BASE + offset);
}

static void gicc_write(uint32_t offset, uint32_t value)
{
    write32(GICC_BASE + offset, value);
}

static void check_ctlr(const void *subject unused)
{
    static const uint32_t values[] = {0,
                                      CTLR_GROUP0,
                                      CTLR_GROUP1,
                                      CTLR_ACK,
                                      CTLR_FIQ,
                                      CTLR_CBPR,
                                      CTLR_EOIMODE,
                                      CTLR_GROUP0 | CTLR_GROUP1 | CTLR_ACK | CTLR_FIQ | CTLR_CBPR};

    for (uint32_t i = 0; i < countof(values); i++) {
        gicc_write(GICC_CTLR, values[i]);
        expect_equal("read back", gicc(GICC_CTLR), values[i]);
    }
}

static void check_iidr(const void *subject unused)
{
    expect_equal("architecture version", IIDR_ARCH(gicc(GICC_IIDR)), 2);
    expect_equal("implementer", gicc(GICC_IIDR) & 0xfffU, 0x43b);
}

static void check_pmr(const void *subject unused)
{
    uint32_t bits;

    set_mask(0xff);
    bits = gicc(GICC_PMR);
    expect((bits & 0xf0U) == 0xf0U, "fewer than 16 levels");
    for (uint32_t value = 0; value <= 0xffU; value += 0x11U) {
        set_mask(value);
        expect_equal("read back", gicc(GICC_PMR), value & bits);
    }
}

static void check_bpr(const void *subject unused)
{
    uint32_t least;

    set_binary_point(0);
    least = gicc(GICC_BPR);
    expect(least <= 3, "minimum");
    for (uint32_t value = least; value <= 7U; value++) {
        set_binary_point(value);
        expect_equal("read back", gicc(GICC_BPR), value);
    }
}

static void check_abpr(const void *subject unused)
{
    for (uint32_t value = 4; value <= 7U; value++) {
        gicc_write(GICC_ABPR, value);
        expect_equal("read back", gicc(GICC_ABPR), value);
    }
    expect(gicc(GICC_BPR) <= 3, "GICC_BPR changed with it");
}

static void make_group1(uint32_t intid)
{
    uint64_t word = gic_bits(GICD_IGROUPR, intid);

    write32(word, read32(word) | (uint32_t)BIT(intid % 32U));
}

static void both_groups(uint32_t ctlr)
{
    write32(GICD_BASE + GICD_CTLR, CTLR_GROUP0 | CTLR_GROUP1);
    gicc_write(GICC_CTLR, CTLR_GROUP0 | CTLR_GROUP1 | ctlr);
    make_group1(SPI_FREE);
    enable(SPI_FREE);
    enable(SPI_FREE + 1);
}

static void check_fiq(const void *subject unused)
{
    uint32_t acknowledged;

    both_groups(CTLR_FIQ);
    pend(SPI_FREE + 1);
    expect(fiq_signalled(), "group 0 is no FIQ");
    expect(!irq_signalled(), "group 0 is an IRQ, too");
    acknowledged = gicc(GICC_IAR);
    expect_equal("acknowledged", acknowledged & ID_MASK, SPI_FREE + 1);
    gicc_write(GICC_EOIR, acknowledged);
    pend(SPI_FREE);
    expect(irq_signalled(), "group 1 is no IRQ");
    expect(!fiq_signalled(), "group 1 is a FIQ, too");
}

static void check_group1_hidden(const void *subject unused)
{
    both_groups(0);
    pend(SPI_FREE);
    expect(irq_signalled(), "not signalled");
    expect_equal("HPPIR", gicc(GICC_HPPIR), INTID_GROUP1);
    expect_equal("IAR", gicc(GICC_IAR), INTID_GROUP1);
    expect(is_pending(SPI_FREE), "acknowledged all the same");
}

static void check_aliased(const void *subject unused)
{
    uint32_t acknowledged;

    both_groups(0);
    pend(SPI_FREE);
    expect_equal("AHPPIR", gicc(GICC_AHPPIR), SPI_FREE);
    acknowledged = gicc(GICC_AIAR);
    expect_equal("AIAR", acknowledged & ID_MASK, SPI_FREE);
    expect(is_active(SPI_FREE), "not active");
    gicc_write(GICC_AEOIR, acknowledged);
    expect(!is_active(SPI_FREE), "AEOIR does not deactivate");
    pend(SPI_FREE + 1);
    expect_equal("AIAR for group 0", gicc(GICC_AIAR) & ID_MASK, INTID_NONE);
}

static void check_ackctl(const void *subject unused)
{
    uint32_t acknowledged;

    both_groups(CTLR_ACK);
    pend(SPI_FREE);
    expect_equal("HPPIR", gicc(GICC_HPPIR), SPI_FREE);
    acknowledged = gicc(GICC_IAR);
    expect_equal("IAR", acknowledged & ID_MASK, SPI_FREE);
    gicc_write(GICC_EOIR, acknowledged);
    expect(!is_active(SPI_FREE), "EOIR does not deactivate");
}

static void check_group_enables(const void *subject unused)
{
    both_groups(CTLR_ACK);
    write32(GICD_BASE + GICD_CTLR, CTLR_GROUP0);
    pend(SPI_FREE);
    expect(!irq_signalled(), "group 1 off in the distributor");
    write32(GICD_BASE + GICD_CTLR, CTLR_GROUP0 | CTLR_GROUP1);
    expect(irq_signalled(), "group 1 on in the distributor");
    gicc_write(GICC_CTLR, CTLR_GROUP0 | CTLR_ACK);
    expect(!irq_signalled(), "group 1 off in the interface");
    gicc_write(GICC_CTLR, CTLR_GROUP1 | CTLR_ACK);
    expect(irq_signalled(), "group 1 on in the interface");
    set_bit(GICD_ICPENDR, SPI_FREE);
    pend(SPI_FREE + 1);
    expect(!irq_signalled(), "group 0 off in the interface");
}

/* One register or several: a bit for each priority that can preempt. */
static uint32_t active_priorities(void)
{
    return gicc(GICC_APR) | gicc(GICC_APR + 4) | gicc(GICC_APR + 8) | gicc(GICC_APR + 12);
}

static void check_apr(const void *subject unused)
{
    uint32_t acknowledged;

    expect_equal("idle", active_priorities(), 0);
    enable(SPI_FREE);
    pend(SPI_FREE);
    acknowledged = gicc(GICC_IAR);
    expect(active_priorities() != 0, "active");
    gicc_write(GICC_EOIR, acknowledged);
    expect_equal("ended", active_priorities(), 0);
}

static const struct rule rules[] = {
    {"ctlr-read-back", V2("4.4.1"), NOT_HERE, check_ctlr},
    {"iidr", V2("4.4.14"), NOT_HERE, check_iidr},
    {"pmr-read-back", V2("4.4.2"), NOT_HERE, check_pmr},
    {"bpr-read-back", V2("4.4.3"), NOT_HERE, check_bpr},
    {"abpr-read-back", V2("4.4.8"), NOT_HERE, check_abpr},
    {"group0-as-fiq", V2("4.4.1"), NOT_HERE, check_fiq},
    {"group1-by-iar-is-1022", V2("4.4.4"), NOT_HERE, check_group1_hidden},
    {"group1-by-aliases", V2("4.4.9, 4.4.10, 4.4.11"), NOT_HERE, check_aliased},
    {"group1-by-ackctl", V2("4.4.1"), NOT_HERE, check_ackctl},
    {"group-enables", V2("4.3.1, 4.4.1"), NOT_HERE, check_group_enables},
    {"apr-follows", V2("4.4.12"), NOT_HERE, check_apr},
};

const struct area area_v2_interface = {"gicc", rules, countof(rules), NULL, false, false};
