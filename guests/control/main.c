/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a control loop see of the others on its CPU?  In each of its windows it is woken by a
 * timer that is due at the window's start, works for a while, and waits for the next interrupt, as
 * such software does; so it leaves the host's CPU alone, and others can be watched beside it.  One
 * window in each major frame.  Parameter 0: windows to a line; 0: 1000 to the first one, and twice
 * as many to each further one.
 *
 *     control: windows=N lost=N wake_min_ns=N wake_max_ns=N sum=N
 *
 * wake: from the window's planned start to the fourth instruction of the exception vector.
 */
#include <guest.h>

#define FIRST_LINE_WINDOWS 1000U
#define WORK_STEPS         500U
#define WINDOWS_LEARNING   2U
#define CTL_ENABLE         1U

static volatile uint64_t woken_at;

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    if ((iar & 1023U) == INTID_VIRT_TIMER) {
        woken_at = frame->counter;
        sysreg_write(cntv_ctl_el0, 0);
        isb();
    }
    gic_eoi(iar);
}

/* A recursive filter of second order over pretended measurements, in fixed point. */
static uint64_t work(uint64_t state)
{
    static int64_t past[2];

    for (unsigned i = 0; i < WORK_STEPS; i++) {
        int64_t sample = (int64_t)(state >> 40) - (1 << 23);
        int64_t out = (3 * sample + 9 * past[0] - 4 * past[1]) / 8;

        past[1] = past[0];
        past[0] = out / 4;
        state = state * UINT64_C(6364136223846793005) + (uint64_t)out;
    }
    return state;
}

/* Sleeps until the timer has fired. */
static void wait_until(uint64_t deadline)
{
    woken_at = 0;
    sysreg_write(cntv_cval_el0, deadline);
    sysreg_write(cntv_ctl_el0, CTL_ENABLE);
    isb();
    while (woken_at == 0) {
        /* With interrupts masked, WFI ends all the same: none can slip in between. */
        irq_mask();
        if (woken_at == 0) {
            insn("wfi");
        }
        irq_unmask();
    }
}

int main(void)
{
    bool regular = guest_params.word[0] != 0;
    uint64_t line_windows = regular ? guest_params.word[0] : FIRST_LINE_WINDOWS;
    struct window_watch watch;
    struct guest_window window;
    uint64_t period;
    uint64_t state = 1;

    /* How long a frame is, two windows show. */
    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_LEARNING; i++) {
        window = watch.window;
        window_wait(&watch);
    }
    period = watch.window.start_ticks - window.start_ticks;
    window = watch.window;

    guest_irq = on_irq;
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    irq_unmask();
    for (;;) {
        uint64_t wake_min = UINT64_MAX;
        uint64_t wake_max = 0;
        uint64_t lost = 0;

        for (uint64_t count = 0; count < line_windows; count++) {
            uint32_t frame = window.frame;
            uint64_t wake;

            wait_until(window.start_ticks + period);
            (void)window_read(&window);
            wake = woken_at - window.start_ticks;
            wake_min = wake < wake_min ? wake : wake_min;
            wake_max = wake > wake_max ? wake : wake_max;
            lost += window.frame - frame - 1U;
            state = work(state);
        }
        print("control: windows=%lu lost=%lu wake_min_ns=%lu wake_max_ns=%lu sum=%lx\n",
              line_windows, lost, ns_from_ticks(wake_min), ns_from_ticks(wake_max), state);
        line_windows *= regular ? 1 : 2;
    }
}
