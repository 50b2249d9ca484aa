/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition begin as its window ends?  Calls and accesses whose work grows with what
 * the partition has: regions of memory, vCPUs, interrupts that wait.
 */
#include "late.h"

#define PSCI_CPU_SUSPEND     UINT64_C(0xc4000001) /* DEN 0022, 5.1 */
#define PSCI_CPU_ON          UINT64_C(0xc4000003)
#define PSCI_SUCCESS         0
#define PSCI_INVALID_ADDRESS (-9)
#define STATE_POWERDOWN      UINT64_C(0x10000)        /* 5.4.2 */
#define ENTRY_NOWHERE        UINT64_C(0xfffffffff000) /* behind all regions */

/* Distributor (IHI 0048B, 4.3; IHI 0069H, 12.9). */
#define GICD_IGROUPR    0x080U
#define GICD_ISENABLER  0x100U
#define GICD_ISPENDR    0x200U
#define GICD_ISACTIVER  0x300U
#define GICD_ICACTIVER  0x380U
#define GICD_ITARGETSR  0x800U
#define GICD_IROUTER    0x6000U
#define SPI_FIRST       32U
#define SPI_END         128U
#define SPI_WORDS       ((SPI_END - SPI_FIRST) / 32U)
#define SPI_ACTIVE_END  64U /* those that the siblings have active: one word */
#define PRIORITY_FIRST  0x00U
#define PRIORITY_UART   0x10U
#define PRIORITY_OTHERS 0x80U
#define PRIORITY_STEP   8U
#define PRIORITY_STEPS  30U

#define CTL_ENABLE UINT64_C(1)
#define TIMER_NS   100U /* at least, from the timer's line going down to what is begun */

/* What was prepared must not have taken the window's time, or nothing would be begun late. */
static void delay_until_late(struct lead lead)
{
    uint64_t begin =
        usable_end - lead.least_ticks - random_below(lead.most_ticks - lead.least_ticks);

    if (counter_read() > begin) {
        guest_stop("no time before the window's end");
    }
    delay_until(begin);
}

/* A bit for each SPI from word `first` on. */
static void write_spi_words(uint32_t offset, uint32_t first, uint32_t value)
{
    for (uint32_t word = first; word < SPI_WORDS; word++) {
        write32(GICD_BASE + offset + 4U * (SPI_FIRST / 32U + word), value);
    }
}

static void route(uint32_t intid, uint32_t vcpu)
{
    if (gic_is_v3) {
        write32(GICD_BASE + GICD_IROUTER + 8UL * intid, vcpu);
    } else {
        write8(GICD_BASE + GICD_ITARGETSR + intid, (uint8_t)BIT(vcpu));
    }
}

static void siblings_start(uint32_t vcpus)
{
    for (uint32_t v = 1; v < vcpus; v++) {
        if (hvc(PSCI_CPU_ON, v, (uint64_t)sibling_entry, 0).x[0] != PSCI_SUCCESS) {
            guest_stop("a sibling does not start");
        }
    }
}

void begin_suspends(struct lead lead)
{
    for (;;) {
        window_next();
        delay_until_late(lead);
        if ((int32_t)hvc(PSCI_CPU_SUSPEND, STATE_POWERDOWN, ENTRY_NOWHERE, 0).x[0] !=
            PSCI_INVALID_ADDRESS) {
            guest_stop("such an entry is accepted");
        }
    }
}

/* vCPU 0 has more interrupts waiting than list registers, each of another priority. */
static void pend_others(void)
{
    for (uint32_t intid = SPI_FIRST; intid < SPI_END; intid++) {
        gic_set_priority(intid, (uint8_t)(PRIORITY_STEP * (intid % PRIORITY_STEPS + 1U)));
    }
    for (uint32_t intid = SPI_ACTIVE_END; intid < SPI_END; intid++) {
        route(intid, 0);
    }
    if (gic_is_v3) {
        write_spi_words(GICD_IGROUPR, 1, UINT32_MAX);
    }
    write_spi_words(GICD_ISENABLER, 1, UINT32_MAX);
    write_spi_words(GICD_ISPENDR, 1, UINT32_MAX);
}

void begin_active_writes(struct lead lead, uint32_t vcpus, bool set)
{
    uint64_t word = GICD_BASE + SPI_FIRST / 8U;
    uint64_t attack = word + (set ? GICD_ISACTIVER : GICD_ICACTIVER);

    gic_init();
    siblings_start(vcpus);
    for (uint32_t intid = SPI_FIRST; intid < SPI_ACTIVE_END; intid++) {
        route(intid, intid % vcpus);
    }
    gic_enable(INTID_VIRT_TIMER);
    gic_set_priority(INTID_VIRT_TIMER, PRIORITY_FIRST);
    pend_others();
    for (;;) {
        window_next();
        write32(word + GICD_ICACTIVER, UINT32_MAX);
        write32(word + GICD_ISACTIVER, UINT32_MAX);
        /* Each sibling has its window, with its part of them in its list registers. */
        window_next();
        /* The timer's interrupt, the first in priority, waits in a list register; with its deadline
         * moved away, the access takes it back there, too. */
        sysreg_write(cntv_cval_el0, 0);
        sysreg_write(cntv_ctl_el0, CTL_ENABLE);
        delay_until(usable_end - lead.most_ticks - ticks_from_ns(TIMER_NS));
        sysreg_write(cntv_cval_el0, UINT64_MAX / 2);
        delay_until_late(lead);
        write32(attack, UINT32_MAX);
        sysreg_write(cntv_ctl_el0, 0);
    }
}

/* Everything but the UART's waits, and more of it than there are list registers. */
static void pend_all_but_uart(void)
{
    write_spi_words(GICD_ICACTIVER, 0, UINT32_MAX);
    write_spi_words(GICD_ISPENDR, 0, UINT32_MAX & ~(uint32_t)BIT(INTID_UART % 32U));
}

void begin_line_changes(struct lead lead, uint32_t vcpus)
{
    gic_init();
    siblings_start(vcpus);
    for (uint32_t intid = SPI_FIRST; intid < SPI_END; intid++) {
        route(intid, 0);
        gic_set_priority(intid, PRIORITY_OTHERS);
    }
    gic_set_priority(SPI_FIRST, PRIORITY_FIRST);
    gic_set_priority(INTID_UART, PRIORITY_UART); /* takes the place of one that waits */
    if (gic_is_v3) {
        write_spi_words(GICD_IGROUPR, 0, UINT32_MAX);
    }
    write_spi_words(GICD_ISENABLER, 0, UINT32_MAX);
    gic_enable(INTID_VIRT_TIMER);
    write32(UART_ICR, UART_ALL_INT);
    uart_put('\n'); /* sent: its interrupt waits for UART_IMSC from now on */
    for (;;) {
        window_next();
        write32(UART_IMSC, 0);
        pend_all_but_uart();
        delay_until_late(lead);
        write32(UART_IMSC, UART_TX_BIT);
    }
}
