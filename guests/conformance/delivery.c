/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an interrupt come when it must, once, and not otherwise?  Its way from pending over active
 * to inactive, for SPIs, a PPI and an SGI alike, and what keeps it from coming.
 */
#include "conformance.h"

#define LEVEL_SPI (SPI_FREE + 7U)

/* One of each kind, made pending by its own means. */
static const uint32_t kinds[] = {SPI_FREE, PPI_FREE, SGI_FREE};

static void trigger(uint32_t intid)
{
    if (intid < 16U) {
        send_sgi(intid, 1U << cpu_index());
    } else {
        pend(intid);
    }
}

static void check_once(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];
        uint32_t acknowledged;

        expect_none("before");
        enable(intid);
        expect_none("enabled");
        trigger(intid);
        expect(is_pending(intid), "not pending");
        expect(irq_signalled(), "not signalled");
        acknowledged = acknowledge();
        expect_equal("acknowledged", acknowledged & INTID_NONE, intid);
        expect(!is_pending(intid), "pending still");
        expect(is_active(intid), "not active");
        expect_none("while active");
        end(acknowledged);
        expect_idle("ended", intid);
    }
}

static void check_disabled(const void *subject unused)
{
    for (uint32_t i = 0; i < 2; i++) { /* a GICv2 may not disable SGIs */
        uint32_t intid = kinds[i];

        trigger(intid);
        expect_none("disabled");
        enable(intid);
        expect(irq_signalled(), "not signalled once enabled");
        set_bit(GICD_ICENABLER, intid);
        expect_none("disabled again");
        expect(is_pending(intid), "lost");
        enable(intid);
        expect_taken_ended("enabled again", intid);
        expect_idle("at the end", intid);
    }
}

static void check_distributor_off(const void *subject unused)
{
    uint32_t ctlr = read32(GICD_BASE + GICD_CTLR);

    for (uint32_t i = 0; i < countof(kinds); i++) {
        enable(kinds[i]);
        write32(GICD_BASE + GICD_CTLR, 0);
        trigger(kinds[i]);
        expect_none("off");
        write32(GICD_BASE + GICD_CTLR, ctlr);
        expect_taken_ended("on", kinds[i]);
    }
}

static void interface_on(bool on)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C12_7, on ? 1 : 0); /* ICC_IGRPEN1_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_CTLR, on ? 1 : 0);
    }
}

static void check_interface_off(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        enable(kinds[i]);
        interface_on(false);
        trigger(kinds[i]);
        expect(!irq_signalled(), "signalled while off");
        interface_on(true);
        expect_taken_ended("on", kinds[i]);
    }
}

static void check_spurious(const void *subject unused)
{
    expect_equal("nothing pending", acknowledge(), INTID_NONE);
    end(INTID_NONE);
    expect_equal("running priority", running_priority(), IDLE_RPR);
}

static void check_retracted(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];

        enable(intid);
        trigger(intid);
        expect(irq_signalled(), "not signalled");
        if (intid < 16U && !gic_is_v3) {
            write8(GICD_BASE + GICD_CPENDSGIR + intid, 1);
        } else {
            set_bit(GICD_ICPENDR, intid);
        }
        expect_idle("cleared before it was acknowledged", intid);
    }
}

static void check_pending_and_active(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];
        uint32_t acknowledged;

        enable(intid);
        trigger(intid);
        acknowledged = acknowledge();
        trigger(intid);
        expect(is_pending(intid) && is_active(intid), "not pending and active");
        expect_none("while active");
        trigger(intid); /* once pending is pending */
        end(acknowledged);
        expect_taken_ended("a second time", intid);
        expect_idle("at the end", intid);
    }
}

static void check_active_by_software(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];

        enable(intid);
        set_bit(GICD_ISACTIVER, intid);
        trigger(intid);
        expect_none("active");
        expect_equal("running priority", running_priority(), IDLE_RPR);
        expect(is_active(intid), "active no longer");
        set_bit(GICD_ICACTIVER, intid);
        expect_taken_ended("inactive again", intid);
        expect_idle("at the end", intid);
    }
}

/* A handler's interrupt is deactivated by software, pends again, and comes. */
static void check_deactivated_by_software(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];

        set_eoimode(true);
        enable(intid);
        trigger(intid);
        end(acknowledge());
        trigger(intid);
        expect_none("active after EOI");
        set_bit(GICD_ICACTIVER, intid);
        expect(irq_signalled(), "not signalled");
        set_eoimode(false);
        expect_taken_ended("deactivated by ICACTIVER", intid);
    }
}

/* Software makes a level-sensitive interrupt pending: it stays so until it is acknowledged. */
static void check_level_by_software(const void *subject unused)
{
    set_edge(LEVEL_SPI, false);
    enable(LEVEL_SPI);
    pend(LEVEL_SPI);
    expect(is_pending(LEVEL_SPI), "not pending");
    expect_taken_ended("pending", LEVEL_SPI);
    expect_idle("acknowledged", LEVEL_SPI);
    pend(LEVEL_SPI);
    set_bit(GICD_ICPENDR, LEVEL_SPI);
    expect_idle("cleared", LEVEL_SPI);
}

static void check_kept_active(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint32_t intid = kinds[i];
        uint32_t acknowledged;

        set_priority(intid, 0x80);
        enable(intid);
        trigger(intid);
        acknowledged = acknowledge();
        wait_ns(SEVERAL_WINDOWS_NS);
        expect(is_active(intid), "not active any more");
        expect_equal("running priority", running_priority(), 0x80);
        trigger(intid);
        expect_none("while active");
        wait_ns(SEVERAL_WINDOWS_NS);
        expect(is_active(intid) && is_pending(intid), "not pending and active any more");
        expect_none("later");
        end(acknowledged);
        expect_taken_ended("a second time", intid);
        expect_idle("at the end", intid);
    }
}

/* As a guest does that saves all state of its GIC and puts it back, or kexec. */
static void check_kept_active_by_software(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        set_bit(GICD_ISACTIVER, kinds[i]);
        enable(kinds[i]);
        trigger(kinds[i]);
    }
    for (uint32_t round = 0; round < 2; round++) {
        wait_ns(SEVERAL_WINDOWS_NS);
        for (uint32_t i = 0; i < countof(kinds); i++) {
            expect(is_active(kinds[i]) && is_pending(kinds[i]), "lost");
        }
        expect_none("while active");
    }
    for (uint32_t i = 0; i < countof(kinds); i++) {
        set_bit(GICD_ICACTIVER, kinds[i]);
        expect_taken_ended("inactive again", kinds[i]);
    }
}

static void check_kept_pending(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        enable(kinds[i]);
        set_priority(kinds[i], (uint8_t)(0x40U + 0x10U * i));
        trigger(kinds[i]);
    }
    wait_ns(SEVERAL_WINDOWS_NS);
    for (uint32_t i = 0; i < countof(kinds); i++) {
        expect_taken_ended("in order", kinds[i]);
    }
    expect_none("more than that");
}

static void check_wfi(const void *subject unused)
{
    for (uint32_t i = 0; i < countof(kinds); i++) {
        enable(kinds[i]);
        trigger(kinds[i]);
        insn("wfi"); /* would wait for ever */
        expect_taken_ended("after WFI", kinds[i]);
    }
}

static volatile uint32_t taken_count;
static volatile uint32_t taken_intid;

static void take(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();

    taken_intid = acknowledged & INTID_NONE;
    taken_count++;
    end(acknowledged);
}

static void check_exception(const void *subject unused)
{
    guest_irq = take;
    for (uint32_t i = 0; i < countof(kinds); i++) {
        taken_count = 0;
        enable(kinds[i]);
        trigger(kinds[i]);
        expect_equal("masked in PSTATE", taken_count, 0);
        irq_unmask();
        wait_ns(2000);
        irq_mask();
        expect_equal("times", taken_count, 1);
        expect_equal("which", taken_intid, kinds[i]);
    }
}

#define STORM 200U

static void take_and_trigger(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();

    taken_count++;
    if (taken_count < STORM) {
        trigger(acknowledged & INTID_NONE);
    }
    end(acknowledged);
}

static void check_storm(const void *subject unused)
{
    guest_irq = take_and_trigger;
    for (uint32_t i = 0; i < countof(kinds); i++) {
        uint64_t limit = counter_read() + ticks_from_ns(100000000);

        taken_count = 0;
        enable(kinds[i]);
        trigger(kinds[i]);
        irq_unmask();
        while (taken_count < STORM && counter_read() < limit) {
        }
        wait_ns(2000);
        irq_mask();
        expect_equal("times", taken_count, STORM);
        expect_idle("at the end", kinds[i]);
    }
}

static const struct rule rules[] = {
    {"once", V2("3.2.4"), V3("4.1.2"), check_once},
    {"not-while-disabled", V2("4.3.5"), V3("4.7"), check_disabled},
    {"not-while-distributor-off", V2("4.3.1"), V3("4.7"), check_distributor_off},
    {"not-while-interface-off", V2("4.4.1"), V3("4.7"), check_interface_off},
    {"spurious-is-1023", V2("4.4.4"), V3("2.2.1"), check_spurious},
    {"retracted-by-icpendr", V2("4.3.8"), V3("12.9 GICD_ICPENDR"), check_retracted},
    {"pending-and-active", V2("3.2.4"), V3("4.1.2"), check_pending_and_active},
    {"active-by-isactiver", V2("4.3.9"), V3("12.9 GICD_ISACTIVER"), check_active_by_software},
    {"inactive-by-icactiver", V2("4.3.10"), V3("12.9 GICD_ICACTIVER"),
     check_deactivated_by_software},
    {"level-by-ispendr", V2("4.3.7"), V3("12.9 GICD_ISPENDR"), check_level_by_software},
    {"active-kept-long", V2("3.2.4"), V3("4.1.2"), check_kept_active},
    {"active-by-isactiver-kept-long", V2("4.3.9"), V3("12.9 GICD_ISACTIVER"),
     check_kept_active_by_software},
    {"pending-kept-long", V2("3.2.4"), V3("4.1.2"), check_kept_pending},
    {"wfi-ends-though-masked", V2("2.3"), V3("4.1"), check_wfi},
    {"taken-as-exception", V2("3.1"), V3("4.1"), check_exception},
    {"storm", V2("3.2.4"), V3("4.1.2"), check_storm},
};

const struct area area_delivery = {"delivery", rules, countof(rules), NULL, false, false};
