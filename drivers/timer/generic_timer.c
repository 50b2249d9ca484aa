/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/timer.h.  Banked per core: no state here. */
#include <bulkhead/timer.h>

uint64_t counter_hz(void)
{
    return sysreg_read(cntfrq_el0);
}

void timer_init_core(void)
{
    sysreg_write(cnthp_ctl_el2, 0);
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    sysreg_write(cntvoff_el2, 0);
    isb();
}

void timers_save(struct vcpu_timers *timers)
{
    timers->virt_ctl = sysreg_read(cntv_ctl_el0);
    timers->virt_cval = sysreg_read(cntv_cval_el0);
    timers->phys_ctl = sysreg_read(cntp_ctl_el0);
    timers->phys_cval = sysreg_read(cntp_cval_el0);
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    isb();
}

void timers_load(const struct vcpu_timers *timers)
{
    if (CONFIG_PARTITION_TIME) {
        sysreg_write(cnthctl_el2, timers->control);
    }
    sysreg_write(cntvoff_el2, timers->virt_offset);
    sysreg_write(cntv_cval_el0, timers->virt_cval);
    sysreg_write(cntp_cval_el0, timers->phys_cval);
    isb();
    sysreg_write(cntv_ctl_el0, timers->virt_ctl);
    sysreg_write(cntp_ctl_el0, timers->phys_ctl);
}

static bool due(uint64_t ctl, uint64_t cval, uint64_t count)
{
    return (ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE && count >= cval;
}

bool timer_virtual_due(const struct vcpu_timers *timers, uint64_t ticks)
{
    return due(timers->virt_ctl, timers->virt_cval, ticks - timers->virt_offset);
}

bool timer_physical_due(const struct vcpu_timers *timers, uint64_t ticks)
{
    return due(timers->phys_ctl, timers->phys_cval, ticks);
}

static bool firing(uint64_t ctl)
{
    return (ctl & (TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS)) == (TIMER_ENABLE | TIMER_ISTATUS);
}

bool timer_virtual_firing(void)
{
    return firing(sysreg_read(cntv_ctl_el0));
}

bool timer_physical_firing(void)
{
    return firing(sysreg_read(cntp_ctl_el0));
}

static uint64_t sooner(uint64_t next, uint64_t ctl, uint64_t instant)
{
    return (ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE && instant < next ? instant : next;
}

uint64_t timers_next(void)
{
    uint64_t next = INT64_MAX;
    uint64_t instant;

    /* A deadline beyond the counter's end never comes. */
    if (!__builtin_add_overflow(sysreg_read(cntv_cval_el0), sysreg_read(cntvoff_el2), &instant)) {
        next = sooner(next, sysreg_read(cntv_ctl_el0), instant);
    }
    return sooner(next, sysreg_read(cntp_ctl_el0), sysreg_read(cntp_cval_el0));
}
