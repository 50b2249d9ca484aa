/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do the rules use either GIC?  GICv2 by its two frames, with everything in group 0, which is
 * delivered as IRQ there; GICv3 by distributor, redistributor and system registers, with everything
 * in group 1.  Every wait is bounded: what does not come is a verdict, not a hang.
 */
#include "conformance.h"

#define SIGNAL_POLLS 200U

#define ISR_IRQ BIT(7) /* ISR_EL1.I, .F (DDI 0487, D17.2.84) */
#define ISR_FIQ BIT(6)

#define EOIMODE_V2 BIT(9) /* GICC_CTLR.EOImodeNS */
#define EOIMODE_V3 BIT(1) /* ICC_CTLR_EL1.EOImode */

#define GICR_WAKER      0x14U
#define WAKER_SLEEP     BIT(1)
#define WAKER_ASLEEP    BIT(2)
#define WAKER_POLLS     100000U
#define CTLR_V2         1U
#define CTLR_V3         0x12U /* affinity routing, group 1 */
#define PRIORITIES_A0   0xa0a0a0a0U
#define PRIVATE         32U
#define QUIET_END       128U /* INTIDs that the smallest distributor here has */
#define LEVEL_END       64U  /* below are the lines of real devices */
#define EDGE_ALL        0xaaaaaaaaU
#define SGIR_TO(cpus)   ((uint32_t)(cpus) << 16)
#define UART_IMSC       0x38U
#define UART_ICR        0x44U
#define UART_INTERRUPTS 0x7ffU

uint32_t cpu_index(void)
{
    return (uint32_t)sysreg_read(mpidr_el1) & 0xffU;
}

/* The frame that has the registers of an INTID. */
static uint64_t frame_of(uint32_t intid)
{
    return gic_is_v3 && intid < PRIVATE
               ? GICR_BASE + (uint64_t)cpu_index() * GICR_STRIDE + GICR_SGI_FRAME
               : GICD_BASE;
}

uint64_t gic_bits(uint32_t offset, uint32_t intid)
{
    return frame_of(intid) + offset + 4U * (intid / 32U);
}

uint64_t gic_byte(uint32_t offset, uint32_t intid)
{
    return frame_of(intid) + offset + intid;
}

uint64_t gic_config(uint32_t intid)
{
    return frame_of(intid) + GICD_ICFGR + 4U * (intid / 16U);
}

void set_bit(uint32_t offset, uint32_t intid)
{
    write32(gic_bits(offset, intid), (uint32_t)BIT(intid % 32U));
}

bool is_bit(uint32_t offset, uint32_t intid)
{
    return (read32(gic_bits(offset, intid)) >> (intid % 32U) & 1U) != 0;
}

void set_edge(uint32_t intid, bool edge)
{
    uint32_t bit = (uint32_t)BIT(2U * (intid % 16U) + 1U);
    uint32_t config = read32(gic_config(intid));

    write32(gic_config(intid), edge ? config | bit : config & ~bit);
}

void set_priority(uint32_t intid, uint8_t priority)
{
    write8(gic_byte(GICD_IPRIORITYR, intid), priority);
}

void set_target(uint32_t intid, uint32_t cpu)
{
    if (gic_is_v3) {
        write64(GICD_BASE + GICD_IROUTER + 8UL * intid, cpu);
    } else {
        write8(gic_byte(GICD_ITARGETSR, intid), (uint8_t)BIT(cpu));
    }
}

uint32_t acknowledge(void)
{
    return gic_ack();
}

void end(uint32_t acknowledged)
{
    gic_eoi(acknowledged);
}

void deactivate(uint32_t acknowledged)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C11_1, acknowledged); /* ICC_DIR_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_DIR, acknowledged);
    }
}

void send_sgi(uint32_t intid, uint32_t cpus)
{
    dsb();
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C11_5, (uint64_t)intid << 24 | cpus); /* ICC_SGI1R_EL1 */
        isb();
    } else {
        write32(GICD_BASE + GICD_SGIR, SGIR_TO(cpus) | intid);
    }
}

void set_eoimode(bool separate)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C12_4, separate ? EOIMODE_V3 : 0); /* ICC_CTLR_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_CTLR, 1U | (separate ? (uint32_t)EOIMODE_V2 : 0));
    }
}

void set_mask(uint32_t priority)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C4_C6_0, priority); /* ICC_PMR_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_PMR, priority);
    }
}

void set_binary_point(uint32_t value)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C12_3, value); /* ICC_BPR1_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_BPR, value);
    }
}

uint32_t running_priority(void)
{
    return gic_is_v3 ? (uint32_t)sysreg_read(S3_0_C12_C11_3) & 0xffU /* ICC_RPR_EL1 */
                     : read32(GICC_BASE + GICC_RPR) & 0xffU;
}

uint32_t highest_pending(void)
{
    return gic_is_v3 ? (uint32_t)sysreg_read(S3_0_C12_C12_2) /* ICC_HPPIR1_EL1 */
                     : read32(GICC_BASE + GICC_HPPIR);
}

static bool signalled(uint64_t which)
{
    for (uint32_t i = 0; i < SIGNAL_POLLS; i++) {
        if ((sysreg_read(isr_el1) & which) != 0) {
            return true;
        }
    }
    return false;
}

bool irq_signalled(void)
{
    return signalled(ISR_IRQ);
}

bool fiq_signalled(void)
{
    return signalled(ISR_FIQ);
}

void expect_taken(const char *what, uint32_t intid)
{
    expect(irq_signalled(), what);
    expect_equal(what, acknowledge() & INTID_NONE, intid);
}

void expect_none(const char *what)
{
    uint32_t acknowledged;

    expect(!irq_signalled(), what);
    acknowledged = acknowledge() & INTID_NONE;
    expect_equal(what, acknowledged, INTID_NONE);
    if (acknowledged < INTID_NONE - 3U) {
        end(acknowledged);
    }
}

void expect_taken_ended(const char *what, uint32_t intid)
{
    uint32_t acknowledged;

    expect(irq_signalled(), what);
    acknowledged = acknowledge();
    expect_equal(what, acknowledged & INTID_NONE, intid);
    end(acknowledged);
}

void expect_idle(const char *what, uint32_t intid)
{
    expect(!is_pending(intid), what);
    expect(!is_active(intid), what);
    expect_none(what);
}

void many_active(void)
{
    set_eoimode(true);
    for (uint32_t i = 0; i < MANY; i++) {
        enable(SPI_FREE + i);
        pend(SPI_FREE + i);
        expect_taken("one of many", SPI_FREE + i);
        end(SPI_FREE + i);
    }
}

void many_deactivate(void)
{
    for (uint32_t i = 0; i < MANY; i++) {
        expect(is_active(SPI_FREE + i), "one of many is not active");
        deactivate(SPI_FREE + i);
        expect(!is_active(SPI_FREE + i), "one of many is active");
    }
}

void wait_ns(uint64_t ns)
{
    delay_until(counter_read() + ticks_from_ns(ns));
}

static void quiet_word(uint32_t intid)
{
    write32(gic_bits(GICD_ICENABLER, intid), UINT32_MAX);
    write32(gic_bits(GICD_ICPENDR, intid), UINT32_MAX);
    write32(gic_bits(GICD_ICACTIVER, intid), UINT32_MAX);
    write32(gic_bits(GICD_IGROUPR, intid), gic_is_v3 ? UINT32_MAX : 0);
    for (uint32_t i = 0; i < 32U; i += 4U) {
        write32(gic_byte(GICD_IPRIORITYR, intid + i), PRIORITIES_A0);
    }
}

static void quiet_interface_v3(void)
{
    uint64_t waker = GICR_BASE + (uint64_t)cpu_index() * GICR_STRIDE + GICR_WAKER;

    sysreg_write(S3_0_C12_C12_5, sysreg_read(S3_0_C12_C12_5) | 1); /* ICC_SRE_EL1.SRE */
    isb();
    write32(waker, read32(waker) & ~(uint32_t)WAKER_SLEEP);
    for (uint32_t i = 0; i < WAKER_POLLS && (read32(waker) & WAKER_ASLEEP) != 0; i++) {
    }
    if (running_priority() != IDLE_RPR) {
        sysreg_write(S3_0_C12_C9_0, 0); /* ICC_AP1R0_EL1: what a failed rule left */
        isb();
    }
    set_eoimode(false);
    sysreg_write(S3_0_C12_C12_7, 1); /* ICC_IGRPEN1_EL1 */
    isb();
}

static void quiet_interface_v2(void)
{
    for (uint32_t i = 0; i < 16U; i += 4U) {
        write32(GICD_BASE + GICD_CPENDSGIR + i, UINT32_MAX);
    }
    if (running_priority() != IDLE_RPR) {
        write32(GICC_BASE + GICC_APR, 0);
    }
    set_eoimode(false);
}

void interrupts_quiet_own(void)
{
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    isb();
    quiet_word(0);
    if (gic_is_v3) {
        quiet_interface_v3();
    } else {
        quiet_interface_v2();
    }
    set_mask(0xff);
    set_binary_point(0);
}

void interrupts_quiet(void)
{
    write32(UART_BASE + UART_IMSC, 0);
    write32(UART_BASE + UART_ICR, UART_INTERRUPTS);
    write32(GICD_BASE + GICD_CTLR, gic_is_v3 ? CTLR_V3 : CTLR_V2);
    for (uint32_t intid = PRIVATE; intid < QUIET_END; intid += 32U) {
        quiet_word(intid);
    }
    for (uint32_t intid = PRIVATE; intid < QUIET_END; intid += 16U) {
        write32(gic_config(intid), intid < LEVEL_END ? 0 : EDGE_ALL);
    }
    for (uint32_t intid = PRIVATE; intid < QUIET_END; intid++) {
        set_target(intid, 0);
    }
    interrupts_quiet_own();
}
