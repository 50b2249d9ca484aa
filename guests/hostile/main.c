/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can a partition do to the others' time?  The hostile guest runs one of the attacks of
 * attacks.h for ever, in rounds of some microseconds, with a pseudo-random pause of 0 to 8 us in
 * between so that it meets its window's end in every phase.
 *
 * Parameter 0: attack.  1: windows before it reports (0 = 100).  It needs
 * `unmapped-access = "abort"`.  The report proves that it was at work:
 *
 *     hostile: attack=NAME windows=N rounds=N interrupts=N exceptions=N
 */
#include "hostile.h"

#define WINDOWS_DEFAULT 100U
#define DITHER_NS       8000U
/* Quiet windows at the start, to learn when exactly a window's usable time ends. */
#define WINDOWS_LEARNING 3U
/* Quiet windows before the report, so that a flooded console has room for it. */
#define WINDOWS_QUIET 20U

struct hostile hostile;

static const struct {
    const char *name;
    void (*run)(void);
} attack[] = {
#define ATTACK(number, name, text) [number] = {#name, attack_##name},
#include "attacks.h"
#undef ATTACK
};

/* Ends this round's interrupt; a storm arms the timer again. */
static void on_irq(struct guest_frame *frame unused)
{
    uint32_t iar = gic_ack();
    uint32_t intid = iar & 1023U;

    hostile.interrupts++;
    switch (intid) {
    case INTID_VIRT_TIMER:
        if (hostile.storm) {
            sysreg_write(cntv_cval_el0, counter_read() + hostile.storm_ticks);
        } else {
            sysreg_write(cntv_ctl_el0, 0);
        }
        break;
    case INTID_PHYS_TIMER:
        if (hostile.storm) {
            sysreg_write(cntp_cval_el0, counter_read() + hostile.storm_ticks);
        } else {
            sysreg_write(cntp_ctl_el0, 0);
        }
        break;
    case INTID_UART:
        write32(UART_ICR, UART_ALL_INT);
        break;
    case INTID_PMU:
        counters_overflowed();
        break;
    case INTID_NONE:
        return;
    default:
        break;
    }
    gic_eoi(iar);
}

uint64_t dither_ticks(void)
{
    return random_below(hostile.dither_ticks);
}

/* Follows the windows by the clock: past the usable end there must have been a new one. */
static bool window_follow(void)
{
    struct guest_window window;

    if (counter_read() < hostile.end_ticks) {
        return false;
    }
    window_read(&window);
    hostile.end_ticks = window.start_ticks + window.duration_ticks - hostile.margin_ticks;
    /* By the frame's number: a long round goes on over many windows. */
    hostile.windows = window.frame - hostile.first_frame;
    return true;
}

int main(void)
{
    uint64_t number = guest_params.word[0];
    uint64_t windows_due = guest_params.word[1] != 0 ? guest_params.word[1] : WINDOWS_DEFAULT;
    struct window_watch watch;
    bool reported = false;

    if (number >= countof(attack)) {
        guest_stop("no such attack");
    }
    hostile.dither_ticks = ticks_from_ns(DITHER_NS);
    hostile.storm_ticks = ticks_from_ns(1000);
    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_LEARNING; i++) {
        window_wait(&watch);
    }
    hostile.first_frame = watch.window.frame;
    hostile.margin_ticks = watch.margin_ticks;
    guest_irq = on_irq;
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    gic_enable(INTID_PHYS_TIMER);
    for (;;) {
        bool fresh = window_follow();

        if (!reported && hostile.windows + WINDOWS_QUIET > windows_due) {
            if (fresh && hostile.windows >= windows_due) {
                reported = true;
                print("\nhostile: attack=%s windows=%lu rounds=%lu interrupts=%lu exceptions=%lu\n",
                      attack[number].name, hostile.windows, hostile.rounds, hostile.interrupts,
                      hostile.exceptions);
            }
            continue;
        }
        delay_until(counter_read() + dither_ticks());
        probe_begin();
        attack[number].run();
        hostile.exceptions += probe_end();
        irq_mask();
        hostile.rounds++;
    }
}
