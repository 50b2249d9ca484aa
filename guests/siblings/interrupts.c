/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does each vCPU use its part of the interrupt controller, and what did it take?  GICv2 by its
 * frames, with everything in group 0; GICv3 by system registers, with everything in group 1.  One
 * handler for all vCPUs counts, by vCPU.
 */
#include "siblings.h"

#define GICC_PMR       0x04U
#define GICC_CTLR      0x00U
#define GICR_STRIDE    0x20000UL
#define GICR_SGI_FRAME 0x10000UL
#define GICR_WAKER     0x14U
#define WAKER_SLEEP    BIT(1)
#define CTLR_V3        0x12U /* affinity routing, group 1 */
#define PRIORITIES_A0  0xa0a0a0a0U
#define PRIVATE        32U
#define EDGE_ALL       0xaaaaaaaaU
#define INTID_MASK     0x3ffU
#define SOURCE(iar)    ((iar) >> 10 & 7U)
#define FILTER_OTHERS  (1U << 24)
#define IRM_OTHERS     BIT(40)
#define CTL_ENABLE     UINT64_C(1)

volatile uint64_t taken[VCPUS_MAX][INTID_END];
volatile uint64_t taken_from[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
volatile uint64_t sent[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
volatile uint64_t seen[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
volatile uint64_t taken_nothing[VCPUS_MAX];
volatile uint64_t hold;
volatile uint64_t held;
void (*volatile on_sgi)(void);

static void take_sgi(uint32_t self, uint32_t intid, uint32_t iar)
{
    uint32_t source = SOURCE(iar);

    dsb(); /* what was sent before it, is seen now */
    if (!gic_is_v3) {
        taken_from[self][source][intid]++;
        seen[self][source][intid] = sent[source][self][intid];
        return;
    }
    for (uint32_t from = 0; from < vcpu_count; from++) {
        seen[self][from][intid] = sent[from][self][intid];
    }
}

static void on_irq(struct guest_frame *frame)
{
    uint32_t self = vcpu_index();
    uint32_t iar = gic_ack();
    uint32_t intid = iar & INTID_MASK;

    (void)frame;
    if (intid >= INTID_END) {
        taken_nothing[self]++;
        return;
    }
    if (intid < SGI_COUNT) {
        take_sgi(self, intid, iar);
    }
    if (intid == INTID_VIRT_TIMER) {
        sysreg_write(cntv_ctl_el0, 0);
        isb();
    }
    if (intid == INTID_UART) {
        write32(UART_BASE + UART_ICR, UART_TX);
    }
    taken[self][intid]++;
    if (on_sgi != NULL && intid < SGI_COUNT) {
        on_sgi();
    }
    if (hold == intid) {
        held = 1;
        dsb();
        while (hold == intid) {
            insn("yield");
        }
        held = 0;
    }
    dsb();
    gic_eoi(iar);
}

uint64_t gic_bits(uint32_t offset, uint32_t intid, uint32_t of)
{
    uint64_t frame =
        gic_is_v3 && intid < PRIVATE ? GICR_BASE + of * GICR_STRIDE + GICR_SGI_FRAME : GICD_BASE;

    return frame + offset + 4U * (intid / 32U);
}

void set_bit(uint32_t offset, uint32_t intid)
{
    write32(gic_bits(offset, intid, vcpu_index()), (uint32_t)BIT(intid % 32U));
}

bool is_bit(uint32_t offset, uint32_t intid)
{
    return (read32(gic_bits(offset, intid, vcpu_index())) >> (intid % 32U) & 1U) != 0;
}

void set_target(uint32_t intid, uint32_t vcpu)
{
    if (gic_is_v3) {
        write64(GICD_BASE + GICD_IROUTER + 8UL * intid, vcpu);
    } else {
        write8(GICD_BASE + GICD_ITARGETSR + intid, (uint8_t)BIT(vcpu));
    }
}

static void send(uint64_t v3, uint32_t v2)
{
    dsb();
    if (gic_is_v3) {
        sysreg_write(S3_0_C12_C11_5, v3); /* ICC_SGI1R_EL1 */
        isb();
    } else {
        write32(GICD_BASE + GICD_SGIR, v2);
    }
}

void send_sgi(uint32_t intid, uint32_t vcpu)
{
    sent[vcpu_index()][vcpu][intid]++;
    send((uint64_t)intid << 24 | BIT(vcpu), (uint32_t)BIT(16U + vcpu) | intid);
}

void send_sgi_others(uint32_t intid)
{
    uint32_t self = vcpu_index();

    for (uint32_t to = 0; to < vcpu_count; to++) {
        sent[self][to][intid] += to != self;
    }
    send(IRM_OTHERS | (uint64_t)intid << 24, FILTER_OTHERS | intid);
}

void interrupts_init_own(void)
{
    uint32_t self = vcpu_index();

    sysreg_write(cntv_ctl_el0, 0);
    write32(gic_bits(GICD_ICPENDR, 0, self), UINT32_MAX);
    write32(gic_bits(GICD_ICACTIVER, 0, self), UINT32_MAX);
    for (uint32_t i = 0; i < PRIVATE; i += 4U) {
        write32(gic_bits(GICD_IPRIORITYR, 0, self) + i, PRIORITIES_A0);
    }
    if (gic_is_v3) {
        uint64_t waker = GICR_BASE + self * GICR_STRIDE + GICR_WAKER;

        write32(gic_bits(GICD_IGROUPR, 0, self), UINT32_MAX);
        write32(waker, read32(waker) & ~(uint32_t)WAKER_SLEEP);
        sysreg_write(S3_0_C12_C12_5, sysreg_read(S3_0_C12_C12_5) | 1); /* ICC_SRE_EL1.SRE */
        isb();
        sysreg_write(S3_0_C4_C6_0, 0xf0); /* ICC_PMR_EL1 */
        sysreg_write(S3_0_C12_C12_3, 0);  /* ICC_BPR1_EL1 */
        sysreg_write(S3_0_C12_C12_4, 0);  /* ICC_CTLR_EL1 */
        sysreg_write(S3_0_C12_C12_7, 1);  /* ICC_IGRPEN1_EL1 */
        isb();
    } else {
        write32(GICC_BASE + GICC_PMR, 0xf0);
        write32(GICC_BASE + GICC_CTLR, 1);
    }
    write32(gic_bits(GICD_ISENABLER, 0, self),
            0xffffU | (uint32_t)(BIT(INTID_VIRT_TIMER) | BIT(PPI_FREE)));
}

void interrupts_quiet(void)
{
    hold = HOLD_NOTHING;
    on_sgi = NULL;
    write32(UART_BASE + UART_IMSC, 0);
    write32(UART_BASE + UART_ICR, UART_TX);
    for (uint32_t intid = SPI_FREE; intid <= SPI_LAST; intid++) {
        set_bit(GICD_ICENABLER, intid);
        set_bit(GICD_ICPENDR, intid);
        set_target(intid, 0);
        write8(GICD_BASE + GICD_IPRIORITYR + intid, 0xa0);
    }
}

void interrupts_init(void)
{
    gic_detect();
    guest_irq = on_irq;
    write32(GICD_BASE + GICD_CTLR, gic_is_v3 ? CTLR_V3 : 1U);
    for (uint32_t intid = SPI_FREE & ~31U; intid <= SPI_LAST; intid += 32U) {
        write32(gic_bits(GICD_IGROUPR, intid, 0), gic_is_v3 ? UINT32_MAX : 0);
    }
    write32(gic_bits(GICD_IGROUPR, INTID_UART, 0), gic_is_v3 ? UINT32_MAX : 0);
    write8(GICD_BASE + GICD_IPRIORITYR + INTID_UART, 0xa0);
    for (uint32_t intid = SPI_FREE; intid <= SPI_LAST; intid += 16U) {
        write32(GICD_BASE + GICD_ICFGR + 4UL * (intid / 16U), EDGE_ALL);
    }
    interrupts_init_own();
    interrupts_quiet();
}

bool sleep_until_is(const volatile uint64_t *value, uint64_t wanted)
{
    uint64_t limit = patience();

    irq_mask();
    sysreg_write(cntv_cval_el0, limit); /* an end, should the interrupt never come */
    sysreg_write(cntv_ctl_el0, CTL_ENABLE);
    isb();
    while (*value < wanted && counter_read() < limit) {
        insn("wfi");
        irq_unmask();
        isb();
        irq_mask();
    }
    sysreg_write(cntv_ctl_el0, 0);
    isb();
    return *value >= wanted;
}
