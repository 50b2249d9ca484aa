/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a machine start, and is a reset a fresh start?  What was found is noted before anything
 * is changed.  The first life shows a cold start, the second one what SYSTEM_RESET leaves of a
 * first life that spoilt all it could.
 */
#include "conformance.h"

#define CANARY_WORDS 64U
#define MEMORY_WORDS 0x8000U
#define DIRT         UINT64_C(0xd1d1d1d1d1d1d1d1)
#define FDT_MAGIC    0xedfe0dd0U /* big endian */
#define DAIF_ALL     0x3c0U
#define EL1          (1U << 2)
#define SCTLR_M_C_I  (BIT(0) | BIT(2) | BIT(12))
#define TIMER_ENABLE 1U
#define SGIS         0xffffU
#define UART_FR      0x18U
#define UART_LCR_H   0x2cU
#define UART_CR      0x30U
#define UART_IFLS    0x34U
#define UART_IMSC    0x38U
#define UART_RIS     0x3cU
#define AFFINITY_OFF 1U

static uint64_t canary[CANARY_WORDS] = {0x0123456789abcdef, [CANARY_WORDS - 1] = 1};

static struct {
    uint64_t tree_magic;
    uint64_t current_el;
    uint64_t sctlr;
    uint64_t canary_changed;
    uint64_t memory_dirty;
    uint64_t timers;
    uint32_t distributor_enables;
    uint32_t enabled;
    uint32_t pending;
    uint32_t active;
    uint32_t interface_enable;
    uint32_t uart_cr, uart_ifls, uart_imsc, uart_ris, uart_lcr_h, uart_fr;
    uint64_t second_state;
} found;

/* Behind the image: nothing of it is in use. */
static volatile uint64_t *memory_behind(void)
{
    return (volatile uint64_t *)guest_bss_end;
}

static void look_at_interrupts(void)
{
    uint64_t private = gic_is_v3 ? GICR_BASE + GICR_SGI_FRAME : GICD_BASE;

    found.distributor_enables = read32(GICD_BASE + GICD_CTLR) & 3U;
    found.enabled = read32(private + GICD_ISENABLER) & ~SGIS; /* a GICv2's SGIs may be wired on */
    found.pending = read32(private + GICD_ISPENDR);
    found.active = read32(private + GICD_ISACTIVER);
    for (uint32_t word = 1; word < 4; word++) {
        found.enabled |= read32(GICD_BASE + GICD_ISENABLER + 4U * word);
        found.pending |= read32(GICD_BASE + GICD_ISPENDR + 4U * word);
        found.active |= read32(GICD_BASE + GICD_ISACTIVER + 4U * word);
    }
    found.pending &= ~(uint32_t)BIT(INTID_UART % 32U); /* the UART's matter; a PPI's bit is free */
    found.interface_enable = gic_is_v3 ? (uint32_t)sysreg_read(S3_0_C12_C12_7) /* ICC_IGRPEN1_EL1 */
                                       : read32(GICC_BASE + GICC_CTLR) & 3U;
}

void start_look(void)
{
    found.tree_magic = guest_boot.x[0] == 0 ? 0 : read32(guest_boot.x[0]);
    found.current_el = sysreg_read(currentel);
    found.sctlr = sysreg_read(sctlr_el1);
    for (uint32_t i = 0; i < CANARY_WORDS; i++) {
        uint64_t should = i == 0 ? 0x0123456789abcdef : i == CANARY_WORDS - 1 ? 1 : 0;

        found.canary_changed += *(volatile uint64_t *)&canary[i] != should;
    }
    for (uint32_t i = 0; i < MEMORY_WORDS; i++) {
        found.memory_dirty += memory_behind()[i] != 0;
    }
    found.timers = (sysreg_read(cntv_ctl_el0) | sysreg_read(cntp_ctl_el0)) & TIMER_ENABLE;
    found.uart_cr = read32(UART_BASE + UART_CR);
    found.uart_ifls = read32(UART_BASE + UART_IFLS);
    found.uart_imsc = read32(UART_BASE + UART_IMSC);
    found.uart_ris = read32(UART_BASE + UART_RIS);
    found.uart_lcr_h = read32(UART_BASE + UART_LCR_H);
    found.uart_fr = read32(UART_BASE + UART_FR);
    found.second_state = hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0];
    look_at_interrupts();
}

void start_spoil(void)
{
    interrupts_quiet();
    if (cpu_count() > 1) {
        second_start();
    }
    write32(UART_BASE + UART_IFLS, 0);
    write32(UART_BASE + UART_LCR_H, 0x70);
    enable(INTID_VIRT_TIMER);
    enable(INTID_PHYS_TIMER);
    sysreg_write(cntv_cval_el0, 0);
    sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
    sysreg_write(cntp_cval_el0, 0);
    sysreg_write(cntp_ctl_el0, TIMER_ENABLE);
    enable(SPI_FREE);
    pend(SPI_FREE);
    (void)acknowledge();
    set_bit(GICD_ISACTIVER, SPI_LAST);
    pend(SPI_FREE + 1);
    send_sgi(SGI_FREE, 1);
    write32(UART_BASE + UART_IMSC, 0x7ff);
    for (uint32_t i = 0; i < CANARY_WORDS; i++) {
        *(volatile uint64_t *)&canary[i] = DIRT;
    }
    for (uint32_t i = 0; i < MEMORY_WORDS; i++) {
        memory_behind()[i] = DIRT;
    }
}

static void check_entry(const void *subject unused)
{
    expect_equal("CurrentEL", found.current_el, EL1);
    expect_equal("DAIF", guest_boot.daif, DAIF_ALL);
    expect_equal("SCTLR_EL1.{M,C}", found.sctlr & SCTLR_M_C_I & ~BIT(12), 0);
    expect_equal("x1 to x3", guest_boot.x[1] | guest_boot.x[2] | guest_boot.x[3], 0);
}

static void check_tree(const void *subject unused)
{
    expect_equal("word at x0", found.tree_magic, FDT_MAGIC);
}

static void check_image(const void *subject unused)
{
    expect_equal("words of the image changed", found.canary_changed, 0);
}

static void check_memory(const void *subject unused)
{
    expect_equal("words behind the image not zero", found.memory_dirty, 0);
}

static void check_timers(const void *subject unused)
{
    expect_equal("enabled", found.timers, 0);
}

static void check_interrupts(const void *subject unused)
{
    expect_equal("GICD_CTLR", found.distributor_enables, 0);
    expect_equal("CPU interface", found.interface_enable, 0);
    expect_equal("enabled", found.enabled, 0);
    expect_equal("pending", found.pending, 0);
    expect_equal("active", found.active, 0);
}

static void check_uart(const void *subject unused)
{
    expect_equal("UARTCR", found.uart_cr, 0x300);
    expect_equal("UARTIFLS", found.uart_ifls, 0x12);
    expect_equal("UARTIMSC", found.uart_imsc, 0);
    expect_equal("UARTRIS", found.uart_ris, 0);
    expect_equal("UARTLCR_H", found.uart_lcr_h, 0);
    expect_equal("UARTFR", found.uart_fr, 0x90);
}

static void check_second(const void *subject unused)
{
    if (cpu_count() > 1) {
        expect_equal("AFFINITY_INFO of CPU 1", found.second_state, AFFINITY_OFF);
    }
}

#define BOTH(text) text, text

static const struct rule rules[] = {
    {"entry-state", BOTH("Linux booting.rst 4"), check_entry},
    {"x0-device-tree", BOTH("Linux booting.rst 4"), check_tree},
    {"image-pristine", BOTH("DEN0022 SYSTEM_RESET"), check_image},
    {"memory-pristine", BOTH("DEN0022 SYSTEM_RESET"), check_memory},
    {"timers-off", BOTH("DDI0487 D11.2"), check_timers},
    {"interrupts-off", V2("tables 4-1, 4-2"), V3("12.2, 12.9, 12.11"), check_interrupts},
    {"uart-reset-values", BOTH("DDI0183 table 3-1"), check_uart},
    {"second-cpu-off", BOTH("DEN0022 SYSTEM_RESET"), check_second},
};

const struct area area_start = {"start", rules, countof(rules), NULL, false, false};
