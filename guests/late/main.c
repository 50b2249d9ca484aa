/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a release late by what another partition begins as its window ends?  This guest begins there
 * the work of EL2 that takes longest, or it is the neighbour whose release does.  It measures
 * nothing: the kernel's report has the releases.  Parameter 0: its role (enum role); further ones:
 *
 *     SUSPEND, CLEAR_ACTIVE, SET_ACTIVE, LINE_CHANGE  1, 2 = least and most nanoseconds from the
 *                                                     work's begin to the end of the usable time
 *     CLEAR_ACTIVE, SET_ACTIVE, LINE_CHANGE           3 = vCPUs of the partition
 *     NEIGHBOUR                                       1 = INTID of its period's start, 0 = none;
 *                                                     2 = not 0: it was given the GPIO
 */
#include "late.h"

#include <bulkhead/abi.h>

/* Quiet windows at the start, to learn when exactly a window's usable time ends. */
#define WINDOWS_LEARNING 3U
#define CR_IN_LINE       100U
#define TALK_NS          3000000U
#define SCHEDULE_WHOLE   1U /* the one in which it has the whole frame */

enum role {
    ROLE_SUSPEND,
    ROLE_CLEAR_ACTIVE,
    ROLE_SET_ACTIVE,
    ROLE_LINE_CHANGE,
    ROLE_NEIGHBOUR,
    ROLE_CARRIAGE_RETURNS,
    ROLE_UNFINISHED_LINE,
    ROLE_TALK,
    ROLE_CHANGE_AND_TALK,
};

uint64_t usable_end;
static uint64_t window_start;
static uint64_t margin_ticks; /* planned end less usable end: the guard */

static void learn_windows(void)
{
    struct window_watch watch;

    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_LEARNING; i++) {
        window_wait(&watch);
    }
    margin_ticks = watch.margin_ticks;
    window_start = watch.window.start_ticks;
}

void window_next(void)
{
    struct guest_window window;

    do {
        window_read(&window);
    } while (window.start_ticks == window_start);
    window_start = window.start_ticks;
    usable_end = window.start_ticks + window.duration_ticks - margin_ticks;
}

/* Characters each of which may have the partition's name sent again. */
static __attribute__((noreturn)) void carriage_returns(void)
{
    for (;;) {
        for (unsigned i = 0; i < CR_IN_LINE; i++) {
            uart_put('x');
            uart_put('\r');
        }
        uart_put('\n');
    }
}

static __attribute__((noreturn)) void unfinished_line(void)
{
    uart_put('x');
    for (;;) {
        insn("wfi");
    }
}

/* A line now and then, for which a boundary is wanted. */
static __attribute__((noreturn)) void talk(void)
{
    for (;;) {
        delay_until(counter_read() + ticks_from_ns(TALK_NS));
        print("late: line\n");
    }
}

static __attribute__((noreturn)) void change_and_talk(void)
{
    /* The others have begun their lines. */
    delay_until(counter_read() + ticks_from_ns(TALK_NS));
    if (hvc(BH_SET_MODULE_SCHEDULE, SCHEDULE_WHOLE, 0, 0).x[0] != SMCCC_SUCCESS) {
        guest_stop("no change of schedule");
    }
    talk();
}

int main(void)
{
    uint32_t role = (uint32_t)guest_params.word[0];
    struct lead lead = {ticks_from_ns(guest_params.word[1]), ticks_from_ns(guest_params.word[2])};
    uint32_t vcpus = (uint32_t)guest_params.word[3];

    switch (role) {
    case ROLE_CARRIAGE_RETURNS:
        carriage_returns();
    case ROLE_UNFINISHED_LINE:
        unfinished_line();
    case ROLE_TALK:
        talk();
    case ROLE_CHANGE_AND_TALK:
        change_and_talk();
    default:
        break;
    }
    learn_windows();
    switch (role) {
    case ROLE_SUSPEND:
        begin_suspends(lead);
    case ROLE_CLEAR_ACTIVE:
        begin_active_writes(lead, vcpus, false);
    case ROLE_SET_ACTIVE:
        begin_active_writes(lead, vcpus, true);
    case ROLE_LINE_CHANGE:
        begin_line_changes(lead, vcpus);
    case ROLE_NEIGHBOUR:
        neighbour((uint32_t)guest_params.word[1], guest_params.word[2] != 0);
    default:
        guest_stop("no such role");
    }
}
