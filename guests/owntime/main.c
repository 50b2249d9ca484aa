/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition see of time that has its own (`time = "partition"`)?  Counters that stand
 * still while it is out and begin with zero, and timers that go by them: a deadline does not pass
 * meanwhile.  Parameters: 0 = windows to watch, 1 = major frames in which it restarts first, 2 =
 * its windows: SOME, THE_FRAME (one that never ends), TWO_VCPUS (in turn).
 *
 *     owntime: case=NAME ok value_ns=N
 *     owntime: case=NAME FAILED value_ns=N
 */
#include <guest.h>

#define PSCI_CPU_ON       UINT64_C(0xc4000003)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)

#define AHEAD_NS     10000U
#define LATE_NS_MAX  3000U /* deadline to handler */
#define GUARD_NS     3000U
#define POLL_NS_MAX  600U /* between two readings, of which one traps; the switch besides */
#define START_NS_MAX 1000U
#define OUTPUT_NS    700000U

#define CTL_ENABLE  UINT64_C(1)
#define CTL_ISTATUS UINT64_C(4)

enum windows { SOME, THE_FRAME, TWO_VCPUS };

static volatile uint64_t taken_at;
static volatile uint64_t taken_count;

static uint64_t now(void)
{
    isb();
    return sysreg_read(cntvct_el0);
}

static void verdict(const char *name, bool holds, uint64_t ticks)
{
    print("owntime: case=%s %s value_ns=%lu\n", name, holds ? "ok" : "FAILED",
          ns_from_ticks(ticks));
}

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    (void)frame;
    taken_at = now();
    taken_count++;
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    isb();
    gic_eoi(iar);
}

/* Its windows follow each other without a gap but for the switch; where the schedule has its
 * windows, partition time has them without what lies between. */
static void watch_windows(uint64_t count)
{
    struct guest_window window;
    struct guest_window next;
    uint64_t gap_max = 0;
    uint64_t drift = 0;
    uint64_t last = now();

    window_read(&window);
    while (count != 0) {
        uint64_t at = now();

        gap_max = at - last > gap_max ? at - last : gap_max;
        last = at;
        if (at - window.start_ticks >= window.duration_ticks) {
            window_read(&next);
            drift += next.start_ticks - window.start_ticks != window.duration_ticks;
            window = next;
            count--;
            last = now();
        }
    }
    verdict("no_gap_but_the_switch", gap_max <= ticks_from_ns(GUARD_NS + POLL_NS_MAX), gap_max);
    verdict("windows_add_up", drift == 0, drift);
}

static void watch_frames(uint64_t count)
{
    struct guest_window first;
    struct guest_window last;
    uint64_t gap_max = 0;
    uint64_t before = now();
    uint64_t output = before;

    window_read(&first);
    last = first;
    while (last.frame < first.frame + count) {
        uint64_t at = now();

        gap_max = at - before > gap_max ? at - before : gap_max;
        window_read(&last);
        if (at - output > ticks_from_ns(OUTPUT_NS)) {
            print("tick\n"); /* so that the kernel takes boundaries */
            output = at;
        }
        before = now();
    }
    verdict("no_gap_but_the_switch", gap_max <= ticks_from_ns(GUARD_NS + POLL_NS_MAX), gap_max);
    verdict("frames_add_up",
            last.start_ticks - first.start_ticks ==
                (last.frame - first.frame) * first.duration_ticks,
            last.start_ticks - first.start_ticks);
}

/* --- two vCPUs, one time ---------------------------------------------------------------------- */

void second_entry(void);
void second_main(void);

static volatile uint64_t first_saw;
static volatile uint64_t second_saw;
static volatile uint64_t second_went_back;

void second_main(void)
{
    for (;;) {
        uint64_t before = first_saw > second_saw ? first_saw : second_saw;
        uint64_t at = now();

        second_went_back += at < before;
        second_saw = at;
    }
}

/* What one vCPU has seen, the other one never is before; the partition's time is made of the
 * windows of both. */
static void watch_both(uint64_t count)
{
    struct guest_window window;
    struct guest_window next;
    uint64_t went_back = 0;
    uint64_t drift = 0;

    verdict("second_is_on", hvc(PSCI_CPU_ON, 1, (uint64_t)second_entry, 0).x[0] == 0, 0);
    window_read(&window);
    /* Its first window counts from the next one on. */
    while (second_saw == 0) {
        window_read(&window);
    }
    while (count != 0) {
        uint64_t before = second_saw;
        uint64_t at = now();

        went_back += at < before;
        first_saw = at;
        if (at - window.start_ticks >= window.duration_ticks) {
            window_read(&next);
            drift += next.start_ticks - window.start_ticks != 2 * window.duration_ticks;
            window = next;
            count--;
        }
    }
    verdict("never_back", went_back == 0 && second_went_back == 0, went_back + second_went_back);
    verdict("windows_add_up", drift == 0, drift);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void both_counters(void)
{
    uint64_t before = now();
    uint64_t physical = counter_read();
    uint64_t after = now();

    verdict("one_time", before <= physical && physical <= after, after - before);
}

static void virtual_arm(uint64_t deadline)
{
    sysreg_write(cntv_cval_el0, deadline);
    sysreg_write(cntv_ctl_el0, CTL_ENABLE);
}

static void physical_arm(uint64_t deadline)
{
    sysreg_write(cntp_cval_el0, deadline);
    sysreg_write(cntp_ctl_el0, CTL_ENABLE);
}

/* A deadline `ahead_ns` from the end of this window: behind it, it is met in the next one. */
static void one_deadline(const char *name, void (*arm)(uint64_t), int64_t ahead_ns)
{
    struct guest_window window;
    uint64_t deadline;

    window_read(&window);
    deadline = window.start_ticks + window.duration_ticks;
    /* Early enough in a window to be the next one's business, or this one's. */
    while ((int64_t)(deadline - now()) < (int64_t)ticks_from_ns(4 * AHEAD_NS)) {
        window_read(&window);
        deadline = window.start_ticks + window.duration_ticks;
    }
    deadline += (uint64_t)((int64_t)ticks_from_ns(AHEAD_NS) * ahead_ns);
    taken_count = 0;
    arm(deadline);
    isb();
    irq_unmask();
    while (taken_count == 0 && (int64_t)(now() - deadline) < (int64_t)ticks_from_ns(5 * AHEAD_NS)) {
    }
    irq_mask();
    verdict(name,
            taken_count == 1 && (int64_t)(taken_at - deadline) >= 0 &&
                taken_at - deadline <= ticks_from_ns(LATE_NS_MAX),
            taken_at - deadline);
}

/* What is trapped and emulated behaves like a timer (Arm ARM D11.2.4). */
static void physical_registers(void)
{
    uint64_t value;
    uint64_t before;
    int64_t left;

    sysreg_write(cntp_ctl_el0, CTL_ENABLE | 2);
    sysreg_write(cntp_cval_el0, UINT64_MAX);
    isb();
    value = sysreg_read(cntp_cval_el0);
    verdict("never", value == UINT64_MAX && (sysreg_read(cntp_ctl_el0) & CTL_ISTATUS) == 0, 0);
    sysreg_write(cntp_cval_el0, 5);
    isb();
    verdict("past",
            sysreg_read(cntp_cval_el0) == 5 && sysreg_read(cntp_ctl_el0) == (CTL_ENABLE | 2 | 4),
            0);
    before = now();
    sysreg_write(cntp_tval_el0, ticks_from_ns(AHEAD_NS) | UINT64_C(0x5a5a00000000));
    isb();
    value = sysreg_read(cntp_cval_el0);
    left = (int32_t)sysreg_read(cntp_tval_el0);
    verdict("from_now",
            value - before >= ticks_from_ns(AHEAD_NS) && value <= now() + ticks_from_ns(AHEAD_NS) &&
                left > 0 && (uint64_t)left <= ticks_from_ns(AHEAD_NS),
            (uint64_t)left);
    sysreg_write(cntp_tval_el0, UINT64_C(0xffffff00));
    isb();
    left = (int32_t)sysreg_read(cntp_tval_el0);
    verdict("before_now", left < 0 && (sysreg_read(cntp_ctl_el0) & CTL_ISTATUS) != 0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    verdict("off", sysreg_read(cntp_ctl_el0) == 0, 0);
}

int main(void)
{
    uint64_t start = guest_boot.counter;
    struct guest_window window;

    window_read(&window);
    verdict("begins_with_zero", start < ticks_from_ns(START_NS_MAX) && (window.start_ticks == 0),
            start);
    if (window.frame < guest_params.word[1]) {
        hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
    guest_irq = on_irq;
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    gic_enable(INTID_PHYS_TIMER);
    switch (guest_params.word[2]) {
    case SOME:
        watch_windows(guest_params.word[0]);
        break;
    case THE_FRAME:
        watch_frames(guest_params.word[0]);
        break;
    default:
        watch_both(guest_params.word[0]);
        break;
    }
    both_counters();
    physical_registers();
    if (guest_params.word[2] == SOME) {
        one_deadline("virtual_inside", virtual_arm, -2);
        one_deadline("physical_inside", physical_arm, -2);
        one_deadline("virtual_next", virtual_arm, 1);
        one_deadline("physical_next", physical_arm, 1);
    }
    print("owntime: end\n");
    for (;;) {
        insn("wfi");
    }
}
