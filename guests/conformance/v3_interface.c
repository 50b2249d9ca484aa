/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to a GICv3's CPU interface: its system registers, and group 0, which is
 * delivered as FIQ?
 */
#include "conformance.h"

#define CTLR_CBPR       BIT(0)
#define CTLR_EOIMODE    BIT(1)
#define CTLR_PRIBITS(c) ((uint32_t)((c) >> 8) & 7U)
#define CTLR_IDBITS(c)  ((uint32_t)((c) >> 11) & 7U)
#define SRE_SRE         BIT(0)
#define CTLR_ENABLE_ALL 0x13U /* affinity routing, both groups */

/* System registers under their encodings, which every assembler takes (IHI0069H 12.2). */
#define read_pmr()       sysreg_read(S3_0_C4_C6_0)
#define read_iar0()      sysreg_read(S3_0_C12_C8_0)
#define write_eoir0(v)   sysreg_write(S3_0_C12_C8_1, v)
#define read_hppir0()    sysreg_read(S3_0_C12_C8_2)
#define read_bpr0()      sysreg_read(S3_0_C12_C8_3)
#define write_bpr0(v)    sysreg_write(S3_0_C12_C8_3, v)
#define read_ap0r0()     sysreg_read(S3_0_C12_C8_4)
#define send_sgi0r(v)    sysreg_write(S3_0_C12_C11_7, v)
#define send_asgi1r(v)   sysreg_write(S3_0_C12_C11_6, v)
#define read_ap1r0()     sysreg_read(S3_0_C12_C9_0)
#define write_ap1r0(v)   sysreg_write(S3_0_C12_C9_0, v)
#define read_bpr1()      sysreg_read(S3_0_C12_C12_3)
#define read_ctlr()      sysreg_read(S3_0_C12_C12_4)
#define write_ctlr(v)    sysreg_write(S3_0_C12_C12_4, v)
#define read_sre()       sysreg_read(S3_0_C12_C12_5)
#define read_igrpen0()   sysreg_read(S3_0_C12_C12_6)
#define write_igrpen0(v) sysreg_write(S3_0_C12_C12_6, v)
#define read_igrpen1()   sysreg_read(S3_0_C12_C12_7)
#define write_igrpen1(v) sysreg_write(S3_0_C12_C12_7, v)

static void check_sre(const void *subject unused)
{
    expect((read_sre() & SRE_SRE) != 0, "SRE");
}

static void check_ctlr_fields(const void *subject unused)
{
    expect(CTLR_PRIBITS(read_ctlr()) >= 3, "PRIbits: fewer than 16 levels");
    expect(CTLR_IDBITS(read_ctlr()) <= 1, "IDbits: neither 16 nor 24");
}

static void check_ctlr_eoimode(const void *subject unused)
{
    write_ctlr(CTLR_EOIMODE);
    isb();
    expect((read_ctlr() & CTLR_EOIMODE) != 0, "EOImode 1");
    write_ctlr(0);
    isb();
    expect((read_ctlr() & CTLR_EOIMODE) == 0, "EOImode 0");
}

static void check_pmr(const void *subject unused)
{
    uint64_t bits;

    set_mask(0xff);
    bits = read_pmr();
    expect((bits & 0xf0U) == 0xf0U, "fewer than 16 levels");
    for (uint32_t value = 0; value <= 0xffU; value += 0x11U) {
        set_mask(value);
        expect_equal("read back", read_pmr(), value & bits);
    }
}

static void check_bpr1(const void *subject unused)
{
    uint64_t least;

    set_binary_point(0);
    least = read_bpr1();
    expect(least <= 4, "minimum");
    for (uint64_t value = least; value <= 7U; value++) {
        set_binary_point((uint32_t)value);
        expect_equal("read back", read_bpr1(), value);
    }
}

static void check_igrpen1(const void *subject unused)
{
    write_igrpen1(0);
    isb();
    expect_equal("off", read_igrpen1(), 0);
    write_igrpen1(1);
    isb();
    expect_equal("on", read_igrpen1(), 1);
}

static void check_ap1r0(const void *subject unused)
{
    uint32_t acknowledged;

    expect_equal("idle", read_ap1r0(), 0);
    set_priority(SPI_FREE, 0x80);
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect(irq_signalled(), "not signalled");
    acknowledged = acknowledge();
    expect(read_ap1r0() != 0, "active");
    expect_equal("a bit for each priority", read_ap1r0() & (read_ap1r0() - 1U), 0);
    end(acknowledged);
    expect_equal("ended", read_ap1r0(), 0);
}

/* What software saves for a sleep it may put back. */
static void check_ap1r0_restored(const void *subject unused)
{
    uint64_t saved;
    uint32_t acknowledged;

    set_priority(SPI_FREE, 0x80);
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect(irq_signalled(), "not signalled");
    acknowledged = acknowledge();
    saved = read_ap1r0();
    write_ap1r0(0);
    isb();
    expect_equal("running priority without it", running_priority(), IDLE_RPR);
    write_ap1r0(saved);
    isb();
    expect_equal("running priority with it", running_priority(), 0x80);
    end(acknowledged);
}

static void check_eoir1_special(const void *subject unused)
{
    uint32_t acknowledged;

    enable(SPI_FREE);
    pend(SPI_FREE);
    expect(irq_signalled(), "not signalled");
    acknowledged = acknowledge();
    end(INTID_NONE);
    expect(is_active(SPI_FREE), "ended by 1023");
    expect_equal("running priority", running_priority(), 0xa0);
    end(acknowledged);
}

static void check_group0_registers(const void *subject unused)
{
    expect_equal("ICC_IAR0_EL1", read_iar0(), INTID_NONE);
    expect_equal("ICC_HPPIR0_EL1", read_hppir0(), INTID_NONE);
    expect_equal("ICC_AP0R0_EL1", read_ap0r0(), 0);
    write_eoir0(INTID_NONE);
    write_igrpen0(0);
    isb();
    expect_equal("ICC_IGRPEN0_EL1", read_igrpen0(), 0);
}

static void make_group0(uint32_t intid)
{
    uint64_t word = gic_bits(GICD_IGROUPR, intid);

    write32(word, read32(word) & ~(uint32_t)BIT(intid % 32U));
}

static void check_group0_enables(const void *subject unused)
{
    write_igrpen0(1);
    isb();
    expect_equal("ICC_IGRPEN0_EL1", read_igrpen0(), 1);
    write_bpr0(6);
    isb();
    expect_equal("ICC_BPR0_EL1", read_bpr0(), 6);
    write_bpr0(0);
    write_igrpen0(0);
    isb();
}

static void open_group0(void)
{
    write32(GICD_BASE + GICD_CTLR, CTLR_ENABLE_ALL);
    write_igrpen0(1);
    isb();
}

static void close_group0(void)
{
    write_igrpen0(0);
    isb();
}

static void end_group0(uint64_t acknowledged)
{
    write_eoir0(acknowledged);
    isb();
}

static void check_group0_fiq(const void *subject unused)
{
    uint64_t acknowledged;

    make_group0(SPI_FREE);
    enable(SPI_FREE);
    open_group0();
    pend(SPI_FREE);
    expect(fiq_signalled(), "no FIQ");
    expect(!irq_signalled(), "an IRQ, too");
    expect_equal("ICC_IAR1_EL1", acknowledge(), INTID_NONE);
    expect_equal("ICC_HPPIR0_EL1", read_hppir0(), SPI_FREE);
    acknowledged = read_iar0();
    expect_equal("ICC_IAR0_EL1", acknowledged, SPI_FREE);
    expect(read_ap0r0() != 0, "ICC_AP0R0_EL1");
    end_group0(acknowledged);
    expect(!is_active(SPI_FREE), "ICC_EOIR0_EL1 does not deactivate");
    close_group0();
}

static void check_group0_kept(const void *subject unused)
{
    uint64_t active;
    uint64_t acknowledged;

    make_group0(SPI_FREE);
    make_group0(SPI_FREE + 1);
    set_priority(SPI_FREE, 0x80);
    enable(SPI_FREE);
    enable(SPI_FREE + 1);
    open_group0();
    write_bpr0(5);
    pend(SPI_FREE);
    expect(fiq_signalled(), "no FIQ");
    acknowledged = read_iar0();
    active = read_ap0r0();
    pend(SPI_FREE + 1);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_equal("ICC_AP0R0_EL1", read_ap0r0(), active);
    expect_equal("ICC_AP1R0_EL1", read_ap1r0(), 0);
    expect_equal("ICC_IGRPEN0_EL1", read_igrpen0(), 1);
    expect_equal("ICC_BPR0_EL1", read_bpr0(), 5);
    expect_equal("running priority", running_priority(), 0x80);
    expect(is_active(SPI_FREE), "not active any more");
    expect(!fiq_signalled(), "a less urgent one comes");
    end_group0(acknowledged);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect(fiq_signalled(), "the next one does not come");
    acknowledged = read_iar0();
    expect_equal("ICC_IAR0_EL1", acknowledged, SPI_FREE + 1);
    end_group0(acknowledged);
    write_bpr0(0);
    close_group0();
}

/* Of two groups the more urgent interrupt comes, whichever is open. */
static void check_group0_preempts(const void *subject unused)
{
    uint32_t acknowledged;

    make_group0(SPI_FREE);
    set_priority(SPI_FREE, 0x40);
    set_priority(SPI_FREE + 1, 0x80);
    enable(SPI_FREE);
    enable(SPI_FREE + 1);
    open_group0();
    pend(SPI_FREE + 1);
    expect(irq_signalled(), "group 1 is no IRQ");
    acknowledged = acknowledge();
    pend(SPI_FREE);
    expect(fiq_signalled(), "group 0 is no FIQ");
    expect_equal("ICC_IAR0_EL1", read_iar0(), SPI_FREE);
    expect_equal("running priority", running_priority(), 0x40);
    end_group0(SPI_FREE);
    end(acknowledged);
    close_group0();
}

/* Each SGI register makes those of its group alone (with one security state). */
static void check_group0_sgis(const void *subject unused)
{
    static const uint32_t own = 9;
    uint64_t to_self = (uint64_t)own << 24 | 1;

    send_sgi0r(to_self);
    send_asgi1r(to_self);
    isb();
    expect(!is_pending(own), "of group 1, by ICC_SGI0R_EL1 or ICC_ASGI1R_EL1");
    make_group0(own);
    enable(own);
    open_group0();
    for (unsigned alias = 0; alias < 2; alias++) {
        if (alias == 0) {
            send_sgi0r(to_self);
        } else {
            send_asgi1r(to_self);
        }
        isb();
        expect(fiq_signalled(), "no FIQ");
        expect_equal("ICC_IAR0_EL1", read_iar0(), own);
        end_group0(own);
    }
    close_group0();
}

/* A group that is closed at the interface does not hold back the other, however many they are. */
static void check_group0_closed(const void *subject unused)
{
    write32(GICD_BASE + GICD_CTLR, CTLR_ENABLE_ALL);
    for (uint32_t intid = SPI_FREE + 1; intid <= SPI_LAST; intid++) {
        make_group0(intid);
        set_priority(intid, 0x40);
        enable(intid);
        pend(intid);
    }
    set_priority(SPI_FREE, 0x80);
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect_taken_ended("beside a closed group", SPI_FREE);
    open_group0();
    for (uint32_t intid = SPI_FREE + 1; intid <= SPI_LAST; intid++) {
        expect_equal("once it is open", read_iar0(), intid);
        end_group0(intid);
    }
    expect_equal("at the end", read_iar0(), INTID_NONE);
    close_group0();
}

/* An interrupt of group 0 is none of group 1's. */
static void check_group0_not_group1(const void *subject unused)
{
    make_group0(SPI_FREE);
    enable(SPI_FREE);
    pend(SPI_FREE);
    expect_none("group 0, disabled");
    expect(is_pending(SPI_FREE), "lost");
}

static const struct rule rules[] = {
    {"sre", NOT_HERE, V3("12.2 ICC_SRE_EL1"), check_sre},
    {"ctlr-fields", NOT_HERE, V3("12.2 ICC_CTLR_EL1"), check_ctlr_fields},
    {"ctlr-eoimode", NOT_HERE, V3("12.2 ICC_CTLR_EL1"), check_ctlr_eoimode},
    {"pmr-read-back", NOT_HERE, V3("12.2 ICC_PMR_EL1"), check_pmr},
    {"bpr1-read-back", NOT_HERE, V3("12.2 ICC_BPR1_EL1"), check_bpr1},
    {"igrpen1-read-back", NOT_HERE, V3("12.2 ICC_IGRPEN1_EL1"), check_igrpen1},
    {"ap1r0-follows", NOT_HERE, V3("12.2 ICC_AP1R0_EL1"), check_ap1r0},
    {"ap1r0-restored", NOT_HERE, V3("12.2 ICC_AP1R0_EL1"), check_ap1r0_restored},
    {"eoir1-of-1023-ignored", NOT_HERE, V3("12.2 ICC_EOIR1_EL1"), check_eoir1_special},
    {"group0-registers", NOT_HERE, V3("12.2 ICC_IAR0_EL1"), check_group0_registers},
    {"group0-not-by-group1", NOT_HERE, V3("4.6"), check_group0_not_group1},
    {"group0-enables", NOT_HERE, V3("12.2 ICC_IGRPEN0_EL1"), check_group0_enables},
    {"group0-as-fiq", NOT_HERE, V3("4.6"), check_group0_fiq},
    {"group0-kept-long", NOT_HERE, V3("4.6"), check_group0_kept},
    {"group0-preempts-group1", NOT_HERE, V3("4.8"), check_group0_preempts},
    {"group0-sgis", NOT_HERE, V3("table 12-14"), check_group0_sgis},
    {"group0-closed-holds-nobody", NOT_HERE, V3("4.6.1"), check_group0_closed},
};

const struct area area_v3_interface = {"icc", rules, countof(rules), NULL, false, false};
