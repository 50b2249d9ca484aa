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

/* The counter value at which the running guest's next enabled timer fires; far away without one. */
uint64_t timers_next(void);

/*
 * Time of a partition that has its own (CONFIG_PARTITION_TIME): its counters stand still from the
 * planned end of one of its windows to the planned start of the next, and begin with zero at its
 * first.  Exact and deterministic, since both instants are those of the schedule.  The real
 * physical timer is armed for the instant at which the guest's would fire, or for none if that lies
 * beyond the counter's end.
 */
static inline uint64_t own_time_instant(const struct vcpu_timers *timers)
{
    uint64_t instant;

    return __builtin_add_overflow(timers->own_cval, timers->virt_offset, &instant) ? UINT64_MAX
                                                                                   : instant;
}

/* `vcpu` is about to be released at `start`. */
static inline void own_time_enter(struct vcpu *vcpu, uint64_t start)
{
    vcpu->timers.virt_offset = start - vcpu->partition->own_ticks;
    vcpu->timers.phys_cval = own_time_instant(&vcpu->timers);
}

/* The running guest's physical count now, and a write of its CNTP_CVAL_EL0. */
static inline uint64_t own_time_count(void)
{
    return sysreg_read(cntvct_el0);
}

static inline void own_time_set_compare(struct vcpu_timers *timers, uint64_t value)
{
    timers->own_cval = value;
    sysreg_write(cntp_cval_el0, own_time_instant(timers));
}

/* Whether a saved timer's line will be high at the counter value `ticks`. */
bool timer_virtual_due(const struct vcpu_timers *timers, uint64_t ticks);
bool timer_physical_due(const struct vcpu_timers *timers, uint64_t ticks);

/* Whether the running guest's timer line is high now. */
bool timer_virtual_firing(void);
bool timer_physical_firing(void);

#endif
