/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time is it, and when does EL2 get the core back?  The physical counter, the EL2 physical
 * timer (CNTHP) with absolute deadlines, and the guest's two timers (Arm ARM D11.2).
 */
#ifndef BULKHEAD_TIMER_H
#define BULKHEAD_TIMER_H

#include <asm/sysreg.h>
#include <bulkhead/partition.h>

/* CNTx_CTL bits. */
#define TIMER_ENABLE  (UINT64_C(1) << 0)
#define TIMER_IMASK   (UINT64_C(1) << 1)
#define TIMER_ISTATUS (UINT64_C(1) << 2)

/* The physical counter.  The ISB keeps the read from being done early (Arm ARM D11.2.2). */
static inline uint64_t counter_now(void)
{
    isb();
    return sysreg_read(cntpct_el0);
}

/* Counter frequency in Hz, as firmware set it. */
uint64_t counter_hz(void);

/* Quiets all timers of this core. */
void timer_init_core(void);

/* The guard interrupt comes at this absolute counter value, at once if it has passed. */
static inline void guard_arm(uint64_t ticks)
{
    sysreg_write(cnthp_cval_el2, ticks);
    sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
    isb();
}

static inline bool guard_armed(void)
{
    return (sysreg_read(cnthp_ctl_el2) & TIMER_ENABLE) != 0;
}

static inline void guard_disarm(void)
{
    sysreg_write(cnthp_ctl_el2, 0);
    isb();
}

/* Takes the guest's timers away (their lines fall) or gives them back. */
void timers_save(struct vcpu_timers *timers);
void timers_load(const struct vcpu_timers *timers);

/* Whether a saved timer's line will be high at the counter value `ticks`. */
bool timer_virtual_due(const struct vcpu_timers *timers, uint64_t ticks);
bool timer_physical_due(const struct vcpu_timers *timers, uint64_t ticks);

/* Whether the running guest's timer line is high now. */
bool timer_virtual_firing(void);
bool timer_physical_firing(void);

#endif
