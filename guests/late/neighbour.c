/* SPDX-License-Identifier: Apache-2.0 */
/* Which release takes longest?  That of a partition both of whose timers became due while it was
 * out, and besides, where it has them, an interrupt of its device and the start of its period. */
#include "late.h"

/* PL061 (ARM DDI 0190, 3.2): an input that nothing drives has the level that interrupts. */
#define GPIO_BASE UINT64_C(0x09030000)
#define GPIO_DIR  (GPIO_BASE + 0x400)
#define GPIO_IS   (GPIO_BASE + 0x404)
#define GPIO_IEV  (GPIO_BASE + 0x40c)
#define GPIO_IE   (GPIO_BASE + 0x410)
#define GPIO_IRQ  39U
#define PIN_IRQ   0x01U

#define PENDING_MAX 8U    /* more than there are sources */
#define RAISE_NS    3000U /* before its end: EL2 has dealt with the device by then */
#define AWAY_NS     2000U /* behind its end */
#define CTL_ENABLE  UINT64_C(1)

static void take_pending(void)
{
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        uint32_t iar = gic_ack();
        uint32_t intid = iar & INTID_NONE;

        if (intid == INTID_NONE) {
            return;
        }
        if (intid == GPIO_IRQ) {
            write32(GPIO_IE, 0);
        }
        sysreg_write(cntv_ctl_el0, 0);
        sysreg_write(cntp_ctl_el0, 0);
        gic_eoi(iar);
    }
}

void neighbour(uint32_t period_intid, bool has_gpio)
{
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    gic_enable(INTID_PHYS_TIMER);
    if (period_intid != 0) {
        gic_enable(period_intid);
    }
    if (has_gpio) {
        gic_enable(GPIO_IRQ);
        write32(GPIO_DIR, 0);
        write32(GPIO_IS, PIN_IRQ);
        write32(GPIO_IEV, 0);
        write32(GPIO_IE, PIN_IRQ);
    }
    for (;;) {
        uint64_t due;

        window_next();
        take_pending();
        due = usable_end + ticks_from_ns(AWAY_NS);
        if (has_gpio) {
            delay_until(usable_end - ticks_from_ns(RAISE_NS));
            write32(GPIO_IE, PIN_IRQ);
        }
        sysreg_write(cntv_cval_el0, due);
        sysreg_write(cntv_ctl_el0, CTL_ENABLE);
        sysreg_write(cntp_cval_el0, due);
        sysreg_write(cntp_ctl_el0, CTL_ENABLE);
    }
}
