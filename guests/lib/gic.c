/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a guest use its interrupt controller?  GICv2 (IHI 0048B) by its two register frames,
 * GICv3 (IHI 0069H) by distributor, redistributor and system registers; ID_AA64PFR0_EL1.GIC says
 * which.  Everything in group 1 and enabled at priority 0xa0 unless told otherwise.
 */
#include "guest.h"

/* Distributor (IHI 0048B, 4.3). */
#define GICD_CTLR       0x000
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_SGIR       0xf00
#define SGIR_SELF       (UINT32_C(2) << 24)
#define GICD_CTLR_V3    0x13U /* ARE, EnableGrp1, EnableGrp0 (IHI 0069H, 12.9.4, DS = 1) */

/* CPU interface (IHI 0048B, 4.4). */
#define GICC_CTLR 0x00
#define GICC_PMR  0x04
#define GICC_IAR  0x0c
#define GICC_EOIR 0x10

/* Redistributor (IHI 0069H, 12.10-12.11). */
#define GICR_WAKER           0x14
#define WAKER_SLEEP          BIT(1)
#define WAKER_ASLEEP         BIT(2)
#define GICR_SGI_FRAME       0x10000UL
#define WAKE_POLL_LIMIT      100000U
#define PRIORITY_DEFAULT     0xa0U
#define PRIORITY_ALL         0xa0a0a0a0U
#define PRIORITY_MASK_OPEN   0xf0U
#define ID_AA64PFR0_GIC_MASK (UINT64_C(15) << 24)

bool gic_is_v3;

uint64_t gic_word(uint64_t offset, uint32_t intid)
{
    uint64_t frame = gic_is_v3 && intid < 32U ? GICR_BASE + GICR_SGI_FRAME : GICD_BASE;

    return frame + offset + 4UL * (intid / 32U);
}

static void gic_init_v3(void)
{
    sysreg_write(S3_0_C12_C12_5, sysreg_read(S3_0_C12_C12_5) | 1); /* ICC_SRE_EL1.SRE */
    isb();
    write32(GICD_BASE + GICD_CTLR, GICD_CTLR_V3);
    write32(GICR_BASE + GICR_WAKER, read32(GICR_BASE + GICR_WAKER) & ~(uint32_t)WAKER_SLEEP);
    for (uint32_t i = 0; i < WAKE_POLL_LIMIT; i++) {
        if ((read32(GICR_BASE + GICR_WAKER) & WAKER_ASLEEP) == 0) {
            break;
        }
    }
    write32(gic_word(GICD_IGROUPR, 0), UINT32_MAX);
    for (uint32_t i = 0; i < 32; i += 4) {
        write32(GICR_BASE + GICR_SGI_FRAME + GICD_IPRIORITYR + i, PRIORITY_ALL);
    }
    sysreg_write(S3_0_C4_C6_0, PRIORITY_MASK_OPEN); /* ICC_PMR_EL1 */
    sysreg_write(S3_0_C12_C12_3, 0);                /* ICC_BPR1_EL1 */
    sysreg_write(S3_0_C12_C12_4, 0);                /* ICC_CTLR_EL1: EOImode 0 */
    sysreg_write(S3_0_C12_C12_7, 1);                /* ICC_IGRPEN1_EL1 */
    isb();
}

static void gic_init_v2(void)
{
    write32(GICD_BASE + GICD_CTLR, 1);
    for (uint32_t i = 0; i < 32; i += 4) {
        write32(GICD_BASE + GICD_IPRIORITYR + i, PRIORITY_ALL);
    }
    write32(GICC_BASE + GICC_PMR, PRIORITY_MASK_OPEN);
    write32(GICC_BASE + GICC_CTLR, 1);
}

void gic_detect(void)
{
    gic_is_v3 = (sysreg_read(id_aa64pfr0_el1) & ID_AA64PFR0_GIC_MASK) != 0;
}

void gic_init(void)
{
    gic_detect();
    if (gic_is_v3) {
        gic_init_v3();
    } else {
        gic_init_v2();
    }
}

void gic_set_priority(uint32_t intid, uint8_t priority)
{
    uint64_t frame = gic_is_v3 && intid < 32U ? GICR_BASE + GICR_SGI_FRAME : GICD_BASE;

    write8(frame + GICD_IPRIORITYR + intid, priority);
}

void gic_enable(uint32_t intid)
{
    if (intid >= 32U) {
        gic_set_priority(intid, PRIORITY_DEFAULT);
        if (gic_is_v3) {
            uint64_t group = gic_word(GICD_IGROUPR, intid);

            write32(group, read32(group) | (uint32_t)BIT(intid % 32U));
        } else {
            write8(GICD_BASE + GICD_ITARGETSR + intid, 1);
        }
    }
    write32(gic_word(GICD_ISENABLER, intid), (uint32_t)BIT(intid % 32U));
}

void gic_disable(uint32_t intid)
{
    write32(gic_word(GICD_ICENABLER, intid), (uint32_t)BIT(intid % 32U));
}

uint32_t gic_ack(void)
{
    return gic_is_v3 ? (uint32_t)sysreg_read(S3_0_C12_C12_0) /* ICC_IAR1_EL1 */
                     : read32(GICC_BASE + GICC_IAR);
}

void gic_eoi(uint32_t iar)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C12_1, iar); /* ICC_EOIR1_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_EOIR, iar);
    }
}

void gic_sgi_self(uint32_t intid)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C11_5, ((uint64_t)intid << 24) | 1); /* ICC_SGI1R_EL1 */
        isb();
    } else {
        write32(GICD_BASE + GICD_SGIR, SGIR_SELF | intid);
    }
}
