/* SPDX-License-Identifier: Apache-2.0 */
/* Which attacks use interrupts, timers and devices? */
#include "hostile.h"

#define INTID_COUNT     128U
#define WORD_COUNT      (INTID_COUNT / 32U)
#define ROUND_TICKS_NS  8000U
#define CONSOLE_BYTES   8192U
#define CONSOLE_COLUMNS 64U

/* Distributor registers (IHI 0048B, 4.3). */
#define GICD_CTLR       0x000U
#define GICD_IGROUPR    0x080U
#define GICD_ISENABLER  0x100U
#define GICD_ICENABLER  0x180U
#define GICD_ISPENDR    0x200U
#define GICD_ICPENDR    0x280U
#define GICD_ISACTIVER  0x300U
#define GICD_ICACTIVER  0x380U
#define GICD_IPRIORITYR 0x400U
#define GICD_ITARGETSR  0x800U
#define GICD_ICFGR      0xc00U
#define GICD_IROUTER    0x6000U
#define GICR_SGI_FRAME  0x10000U

/* The longest trap takes less than 3 us; what is before it, some 50. */
#define LATE_NS       5000U
#define LATE_ARM_NS   100U
#define LATE_SETUP_NS 100000U

#define CTL_ENABLE 1U
#define CTL_IMASK  2U

static void storm_spin(uint64_t ns)
{
    delay_until(counter_read() + ticks_from_ns(ns));
}

void attack_sgi_masked(void)
{
    for (uint32_t intid = 0; intid < 16; intid++) {
        gic_enable(intid);
        gic_sgi_self(intid);
    }
}

void attack_sgi_taken(void)
{
    irq_unmask();
    for (uint32_t intid = 0; intid < 16; intid++) {
        gic_enable(intid);
        gic_sgi_self(intid);
    }
}

void attack_gicd_read(void)
{
    uint64_t base = GICD_BASE + random_below(16) * 0x100;

    for (uint64_t offset = 0; offset < 0x100; offset += 4) {
        read32(base + offset);
    }
    if (gic_is_v3) {
        for (uint64_t offset = 0; offset < 0x20; offset += 4) {
            read32(GICR_BASE + offset);
        }
    }
}

static void write_all(uint32_t offset, uint32_t value)
{
    for (uint32_t word = 0; word < WORD_COUNT; word++) {
        write32(gic_word(offset, word * 32U), value);
    }
}

void attack_gicd_enable(void)
{
    write_all(GICD_ISENABLER, UINT32_MAX);
    write_all(GICD_ICENABLER, (uint32_t)random_next());
}

void attack_gicd_pending(void)
{
    write_all(GICD_ISENABLER, UINT32_MAX);
    write_all(GICD_ISPENDR, UINT32_MAX);
    write_all(GICD_ICPENDR, (uint32_t)random_next());
}

void attack_gicd_active(void)
{
    write_all(GICD_ISACTIVER, UINT32_MAX);
    write_all(GICD_ISPENDR, (uint32_t)random_next());
    write_all(GICD_ICACTIVER, (uint32_t)random_next());
}

static void priority_all(void)
{
    for (uint32_t i = 0; i < INTID_COUNT; i += 4) {
        uint64_t frame = gic_is_v3 && i < 32U ? GICR_BASE + GICR_SGI_FRAME : GICD_BASE;

        write32(frame + GICD_IPRIORITYR + i, (uint32_t)random_next());
    }
}

void attack_gicd_priority(void)
{
    write_all(GICD_ISENABLER, UINT32_MAX);
    write_all(GICD_ISPENDR, UINT32_MAX);
    priority_all();
}

void attack_gic_flood(void)
{
    for (uint32_t intid = 32; intid < INTID_COUNT; intid++) {
        if (hostile.rounds == 0) {
            gic_enable(intid);
        }
        gic_set_priority(intid, (uint8_t)random_below(0xf0));
    }
    for (uint32_t word = 1; word < WORD_COUNT; word++) {
        write32(gic_word(GICD_ISPENDR, word * 32U), UINT32_MAX);
    }
    irq_unmask();
    storm_spin(ROUND_TICKS_NS);
}

static void arm_virt(uint64_t deadline)
{
    hostile.storm = false;
    sysreg_write(cntv_cval_el0, deadline);
    sysreg_write(cntv_ctl_el0, CTL_ENABLE);
}

/*
 * The longest traps there are, begun when the window is about to end: everything is pending, the
 * list registers are full of what is most urgent, and a timer that is in one of them was moved on.
 * Then one write concerns them all.  Once in a window.
 */
void attack_trap_late(void)
{
    static const struct {
        uint32_t offset, value;
    } longest[] = {
        {GICD_IPRIORITYR + 32U, 0x18100800U}, {GICD_ISACTIVER + 4U, UINT32_MAX},
        {GICD_ICACTIVER + 4U, UINT32_MAX},    {GICD_ICENABLER + 4U, UINT32_MAX},
        {GICD_ICPENDR + 4U, UINT32_MAX},      {GICD_IGROUPR + 4U, 0x5a5a5a5aU},
    };
    uint64_t which = random_below(countof(longest));
    uint64_t late = hostile.end_ticks - ticks_from_ns(random_below(LATE_NS));

    if (counter_read() + ticks_from_ns(LATE_SETUP_NS) > late) {
        return;
    }
    for (uint32_t i = 32; i < INTID_COUNT; i += 4) {
        write32(GICD_BASE + GICD_IPRIORITYR + i, i == 32 ? 0 : 0x80808080U);
    }
    write_all(GICD_ICACTIVER, UINT32_MAX);
    write_all(GICD_ISENABLER, UINT32_MAX);
    arm_virt(counter_read());
    for (unsigned fill = 0; fill < 3; fill++) {
        write_all(GICD_ISPENDR, UINT32_MAX);
    }
    delay_until(late - ticks_from_ns(LATE_ARM_NS));
    arm_virt(hostile.end_ticks + ticks_from_ns(LATE_SETUP_NS)); /* due when it comes back */
    delay_until(late);
    write32(GICD_BASE + longest[which].offset, longest[which].value);
}

void attack_gic_cpu_interface(void)
{
    if (gic_is_v3) {
        sysreg_write(S3_0_C4_C6_0, random_next() & 0xff); /* ICC_PMR_EL1 */
        sysreg_write(S3_0_C12_C12_3, random_next() & 7);  /* ICC_BPR1_EL1 */
        sysreg_write(S3_0_C12_C12_7, random_next() & 1);  /* ICC_IGRPEN1_EL1 */
        sysreg_write(S3_0_C12_C12_6, random_next() & 1);  /* ICC_IGRPEN0_EL1 */
        sysreg_write(S3_0_C12_C12_4, random_next() & 3);  /* ICC_CTLR_EL1 */
        sysreg_write(S3_0_C12_C12_5, random_next() & 7);  /* ICC_SRE_EL1 */
        sysreg_write(S3_0_C12_C8_3, random_next() & 7);   /* ICC_BPR0_EL1 */
        sysreg_write(S3_0_C12_C9_0, random_next());       /* ICC_AP1R0_EL1 */
        sysreg_write(S3_0_C12_C9_0, 0);
        sysreg_write(S3_0_C12_C12_1, random_next() & 1023); /* ICC_EOIR1_EL1 */
        sysreg_write(S3_0_C12_C11_1, random_next() & 1023); /* ICC_DIR_EL1 */
        sysreg_write(S3_0_C12_C11_7, random_next());        /* ICC_SGI0R_EL1 */
        sysreg_write(S3_0_C12_C11_6, random_next());        /* ICC_ASGI1R_EL1 */
        sysreg_write(S3_0_C12_C11_5, random_next());        /* ICC_SGI1R_EL1 */
        sysreg_read(S3_0_C12_C12_0);                        /* ICC_IAR1_EL1 */
        sysreg_read(S3_0_C12_C12_2);                        /* ICC_HPPIR1_EL1 */
        sysreg_read(S3_0_C12_C11_3);                        /* ICC_RPR_EL1 */
        write32(GICR_BASE + 0x14, (uint32_t)random_next()); /* GICR_WAKER */
        write32(GICR_BASE, 1);                              /* GICR_CTLR.EnableLPIs */
        write32(GICR_BASE + 0x70, UINT32_MAX);              /* GICR_PROPBASER */
        write32(GICR_BASE + 0x78, UINT32_MAX);              /* GICR_PENDBASER */
        return;
    }
    write32(GICC_BASE + 0x04, (uint32_t)random_next() & 0xff);  /* GICC_PMR */
    write32(GICC_BASE + 0x08, (uint32_t)random_next() & 7);     /* GICC_BPR */
    write32(GICC_BASE + 0x00, (uint32_t)random_next() & 0x3ff); /* GICC_CTLR */
    write32(GICC_BASE + 0xd0, (uint32_t)random_next());         /* GICC_APR0 */
    write32(GICC_BASE + 0xd0, 0);
    read32(GICC_BASE + 0x0c);                                     /* GICC_IAR */
    write32(GICC_BASE + 0x10, (uint32_t)random_next() & 0x3ff);   /* GICC_EOIR */
    write32(GICC_BASE + 0x1000, (uint32_t)random_next() & 0x3ff); /* GICC_DIR */
    write32(GICD_BASE + 0xf00, (uint32_t)random_next());          /* GICD_SGIR */
}

void attack_gic_config(void)
{
    uint32_t word = (uint32_t)random_below(WORD_COUNT) * 32U;

    write32(GICD_BASE + GICD_CTLR, (uint32_t)random_next() & 0x37U);
    write32(gic_word(GICD_IGROUPR, word), (uint32_t)random_next());
    for (uint32_t i = 0; i < INTID_COUNT / 4; i += 4) {
        write32(GICD_BASE + GICD_ICFGR + i, (uint32_t)random_next());
    }
    for (uint32_t i = 32; i < INTID_COUNT; i += 4) {
        write32(GICD_BASE + GICD_ITARGETSR + i, (uint32_t)random_next());
    }
    if (gic_is_v3) {
        for (uint32_t intid = 32; intid < INTID_COUNT; intid++) {
            write32(GICD_BASE + GICD_IROUTER + 8UL * intid, (uint32_t)random_next());
        }
    }
    write_all(GICD_ISENABLER, UINT32_MAX);
    write_all(GICD_ISPENDR, UINT32_MAX);
}

void attack_stage2_fault(void)
{
    static const uint64_t hole[] = {0x0,        0x04000000, 0x09010000,
                                    0x0a000000, 0x20000000, 0x7ffffff8};

    for (unsigned i = 0; i < countof(hole); i++) {
        read32(hole[i]);
        write32(hole[i], 1);
    }
}

static void arm_phys(uint64_t deadline)
{
    hostile.storm = false;
    sysreg_write(cntp_cval_el0, deadline);
    sysreg_write(cntp_ctl_el0, CTL_ENABLE);
}

/* 0 to 64 times the dither behind the window's end: in the next 512 us, where others run. */
static uint64_t deadline_away(void)
{
    return hostile.end_ticks + random_below(64) * hostile.dither_ticks + dither_ticks();
}

static void spin_past_end(void)
{
    irq_unmask();
    delay_until(hostile.end_ticks + 1);
}

static void wfi_past_end(void)
{
    irq_unmask();
    while (counter_read() <= hostile.end_ticks) {
        insn("wfi");
    }
}

void attack_virt_timer_edge(void)
{
    arm_virt(hostile.end_ticks - dither_ticks());
    spin_past_end();
}

void attack_virt_timer_edge_wfi(void)
{
    arm_virt(hostile.end_ticks - dither_ticks());
    wfi_past_end();
}

void attack_virt_timer_away(void)
{
    arm_virt(deadline_away());
    spin_past_end();
}

void attack_virt_timer_away_wfi(void)
{
    arm_virt(deadline_away());
    wfi_past_end();
}

void attack_phys_timer_edge(void)
{
    arm_phys(hostile.end_ticks - dither_ticks());
    spin_past_end();
}

void attack_phys_timer_edge_wfi(void)
{
    arm_phys(hostile.end_ticks - dither_ticks());
    wfi_past_end();
}

void attack_phys_timer_away(void)
{
    arm_phys(deadline_away());
    spin_past_end();
}

void attack_phys_timer_away_wfi(void)
{
    arm_phys(deadline_away());
    wfi_past_end();
}

void attack_virt_timer_storm(void)
{
    arm_virt(counter_read());
    hostile.storm = true;
    irq_unmask();
    storm_spin(ROUND_TICKS_NS);
}

void attack_virt_timer_storm_wfi(void)
{
    arm_virt(counter_read());
    hostile.storm = true;
    irq_unmask();
    for (unsigned i = 0; i < 8; i++) {
        insn("wfi");
    }
}

void attack_phys_timer_storm(void)
{
    arm_phys(counter_read());
    hostile.storm = true;
    irq_unmask();
    storm_spin(ROUND_TICKS_NS);
}

void attack_phys_timer_storm_wfi(void)
{
    arm_phys(counter_read());
    hostile.storm = true;
    irq_unmask();
    for (unsigned i = 0; i < 8; i++) {
        insn("wfi");
    }
}

void attack_timer_masked(void)
{
    arm_virt(0);
    arm_phys(0);
    insn("wfi");
    sysreg_write(cntv_ctl_el0, CTL_ENABLE | CTL_IMASK);
    sysreg_write(cntp_tval_el0, dither_ticks());
    sysreg_write(cntv_tval_el0, dither_ticks());
    sysreg_write(cntv_ctl_el0, CTL_ENABLE);
}

void attack_console(void)
{
    for (unsigned i = 1; i <= CONSOLE_BYTES; i++) {
        uart_put(i % CONSOLE_COLUMNS == 0 ? '\n' : (char)('a' + i % 26U));
    }
}

void attack_console_interrupt(void)
{
    gic_enable(INTID_UART);
    irq_unmask();
    for (unsigned i = 0; i < 8; i++) {
        uart_put('x');
        write32(UART_IMSC, UART_TX_BIT);
        storm_spin(1000);
        write32(UART_IMSC, 0);
    }
}
