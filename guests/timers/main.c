/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do a partition's timers keep their time?  Both timers (virtual, PPI 27; physical, PPI 30), with
 * deadlines inside the own window, and with deadlines that pass while the partition is out and must
 * be found pending by its next window's first instruction.
 *
 *     timers: case=NAME ok late_ns=N
 *     timers: case=NAME FAILED WHY
 *
 * One window per major frame, at least 100 us long.
 */
#include <guest.h>

#define AHEAD_NS 10000U
/* Deadline to handler: injection and the handler's own way. */
#define LATE_NS_MAX    3000U
#define GICD_ISPENDR   0x200U
#define CTL_ENABLE     1U
#define CTL_IMASK      2U
#define CTL_ISTATUS    4U
#define INTIDS_WATCHED 32U

struct timer {
    const char *name;
    uint32_t intid;
    void (*arm)(uint64_t deadline);
    void (*control)(uint64_t value);
    uint64_t (*status)(void);
};

static volatile uint64_t taken_count[INTIDS_WATCHED];
static volatile uint64_t taken_at;
static struct window_watch watch;

static void virt_control(uint64_t value)
{
    sysreg_write(cntv_ctl_el0, value);
    isb();
}

static void virt_arm(uint64_t deadline)
{
    sysreg_write(cntv_cval_el0, deadline);
    virt_control(CTL_ENABLE);
}

static uint64_t virt_status(void)
{
    return sysreg_read(cntv_ctl_el0);
}

static void phys_control(uint64_t value)
{
    sysreg_write(cntp_ctl_el0, value);
    isb();
}

static void phys_arm(uint64_t deadline)
{
    sysreg_write(cntp_cval_el0, deadline);
    phys_control(CTL_ENABLE);
}

static uint64_t phys_status(void)
{
    return sysreg_read(cntp_ctl_el0);
}

static const struct timer timers[] = {
    {"virtual", INTID_VIRT_TIMER, virt_arm, virt_control, virt_status},
    {"physical", INTID_PHYS_TIMER, phys_arm, phys_control, phys_status},
};

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();
    uint32_t intid = iar & 1023U;

    if (intid >= INTIDS_WATCHED) {
        return;
    }
    taken_at = frame->counter;
    taken_count[intid]++;
    for (unsigned i = 0; i < countof(timers); i++) {
        if (timers[i].intid == intid) {
            timers[i].control(0);
        }
    }
    gic_eoi(iar);
}

static void begin(void)
{
    for (unsigned i = 0; i < INTIDS_WATCHED; i++) {
        taken_count[i] = 0;
    }
    irq_mask();
    window_wait(&watch);
}

static void judge(const struct timer *timer, const char *name, uint64_t deadline, uint64_t count)
{
    uint64_t late_ns = ns_from_ticks(taken_at - deadline);

    irq_mask();
    timer->control(0);
    if (taken_count[timer->intid] != count) {
        print("timers: case=%s_%s FAILED taken %lu times\n", timer->name, name,
              taken_count[timer->intid]);
    } else if (count != 0 && (int64_t)(taken_at - deadline) < 0) {
        print("timers: case=%s_%s FAILED early\n", timer->name, name);
    } else if (count != 0 && late_ns > LATE_NS_MAX) {
        print("timers: case=%s_%s FAILED late_ns=%lu\n", timer->name, name, late_ns);
    } else {
        print("timers: case=%s_%s ok late_ns=%lu\n", timer->name, name, count == 0 ? 0 : late_ns);
    }
}

/* The deadline comes while the guest spins, or waits. */
static void inside(const struct timer *timer, bool wfi)
{
    uint64_t deadline;

    begin();
    deadline = counter_read() + ticks_from_ns(AHEAD_NS);
    timer->arm(deadline);
    irq_unmask();
    while (counter_read() < deadline + ticks_from_ns(AHEAD_NS)) {
        if (wfi && taken_count[timer->intid] == 0) {
            insn("wfi");
        }
    }
    judge(timer, wfi ? "inside_wfi" : "inside", deadline, 1);
}

/* The deadline passes while the partition is out; its interrupt is there at the release. */
static void away(const struct timer *timer, bool wfi)
{
    uint64_t end;
    struct guest_window window;

    begin();
    end = watch.window.start_ticks + watch.window.duration_ticks;
    timer->arm(end + ticks_from_ns(AHEAD_NS));
    irq_unmask();
    while (taken_count[timer->intid] == 0 &&
           counter_read() < end + 4 * watch.window.duration_ticks) {
        if (wfi) {
            insn("wfi");
        }
    }
    irq_mask();
    window_read(&window);
    judge(timer, wfi ? "away_wfi" : "away", window.start_ticks, 1);
}

/* Stopped before its deadline: no interrupt, neither in this window nor later. */
static void stopped(const struct timer *timer)
{
    begin();
    timer->arm(counter_read() + ticks_from_ns(AHEAD_NS));
    timer->control(0);
    irq_unmask();
    window_wait(&watch);
    delay_until(counter_read() + ticks_from_ns(AHEAD_NS));
    judge(timer, "stopped", 0, 0);
}

/* The pending bit in the GIC and ISTATUS follow the line, up and down. */
static void line(const struct timer *timer)
{
    uint32_t bit = (uint32_t)BIT(timer->intid);
    const char *why = NULL;

    begin();
    timer->arm(counter_read() - 1);
    if ((timer->status() & CTL_ISTATUS) == 0) {
        why = "no ISTATUS";
    } else if ((read32(gic_word(GICD_ISPENDR, timer->intid)) & bit) == 0) {
        why = "not pending";
    }
    timer->control(CTL_ENABLE | CTL_IMASK);
    if (why == NULL && (read32(gic_word(GICD_ISPENDR, timer->intid)) & bit) != 0) {
        why = "pending though masked";
    }
    timer->control(0);
    if (why == NULL) {
        print("timers: case=%s_line ok late_ns=0\n", timer->name);
    } else {
        print("timers: case=%s_line FAILED %s\n", timer->name, why);
    }
}

int main(void)
{
    guest_irq = on_irq;
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    gic_enable(INTID_PHYS_TIMER);
    window_watch_begin(&watch);
    for (unsigned i = 0; i < countof(timers); i++) {
        inside(&timers[i], false);
        inside(&timers[i], true);
        away(&timers[i], false);
        away(&timers[i], true);
        stopped(&timers[i]);
        line(&timers[i]);
    }
    print("timers: end\n");
    for (;;) {
        insn("wfi");
    }
}
