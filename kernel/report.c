/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How did it go?  The final table of a module that was told to stop: each window's plan and what
 * was measured, for people and, line by line, for tools; then power off.
 */
#include <asm/context_switch.h>
#include <asm/core.h>
#include <bulkhead/console_host.h>
#include <bulkhead/cores.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/timer.h>

struct core boot_core;

void machine_off(void)
{
    const struct module_desc *desc = module_state.desc;

    if (desc == NULL || desc->platform.psci != PSCI_NONE) {
        (void)firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0,
                            desc != NULL && desc->platform.psci == PSCI_HVC);
    }
    for (;;) {
        __asm__ volatile("wfe");
    }
}

static int64_t signed_ns(int64_t ticks)
{
    uint64_t hz = module_state.counter_hz;

    return ticks < 0 ? -(int64_t)ticks_to_ns((uint64_t)-ticks, hz)
                     : (int64_t)ticks_to_ns((uint64_t)ticks, hz);
}

/* Microseconds with three places: what a schedule is read in. */
static void put_us(int64_t ns)
{
    uint64_t magnitude = ns < 0 ? (uint64_t)-ns : (uint64_t)ns;
    char text[24];

    (void)format_into(text, sizeof(text), "%s%lu.%03lu", ns < 0 ? "-" : "", magnitude / 1000,
                      magnitude % 1000);
    log_text("%13s", text);
}

static uint32_t window_count(const struct core_plan *plan)
{
    return (uint32_t)(plan->windows_end - plan->windows);
}

/* Which core's, and which schedule's, where there are several. */
static void put_heading(const struct core *core, uint32_t schedule)
{
    const struct module_desc *desc = module_state.desc;

    log_text("\n");
    if (desc->core_count > 1 || desc->schedule_count > 1) {
        log_text("  CPU %u, schedule %s%s\n", core->cpu, desc->schedule[schedule].name,
                 window_count(&core->plan[schedule]) == 0 ? ": idle" : "");
    }
}

static void table(const struct core *core, uint32_t schedule)
{
    const struct core_plan *list = &core->plan[schedule];

    put_heading(core, schedule);
    if (window_count(list) == 0) {
        return;
    }
    log_text("  window partition        start us  duration us   measured min   measured max"
             "      due      run\n");
    for (uint32_t i = 0; i < window_count(list); i++) {
        const struct window *window = &list->windows[i];
        const struct window_desc *plan = window->desc;
        bool ran = window->release_min <= window->release_max;

        log_text("  %6u %-12s", i, window->vcpu->partition->desc->name);
        put_us((int64_t)plan->start_ns);
        put_us((int64_t)plan->duration_ns);
        if (ran) {
            log_text("  ");
            put_us((int64_t)plan->start_ns + signed_ns(window->release_min));
            log_text("  ");
            put_us((int64_t)plan->start_ns + signed_ns(window->release_max));
        } else {
            log_text("  %13s  %13s", "-", "-");
        }
        log_text(" %8lu %8lu\n", window->due, window->run);
    }
}

static void partition_lines(void)
{
    log_text("\n");
    for (uint32_t p = 0; p < module_state.desc->partition_count; p++) {
        const struct partition *partition = &module_state.partition[p];

        log_text("  partition %-12s %-10s starts %lu  health events %lu  characters lost %lu\n",
                 partition->desc->name,
                 partition->mode == PARTITION_NORMAL       ? "NORMAL"
                 : partition->mode == PARTITION_IDLE       ? "IDLE"
                 : partition->mode == PARTITION_WARM_START ? "WARM_START"
                                                           : "COLD_START",
                 partition->start_count, partition->health_events, partition->console.lost);
    }
    log_text("\n");
}

struct totals {
    uint64_t due;
    uint64_t run;
    uint64_t late;
    uint64_t missed;
    uint64_t switch_max_ticks;
};

static void window_lines(const struct core *core, uint32_t schedule, struct totals *totals)
{
    const struct core_plan *list = &core->plan[schedule];

    for (uint32_t i = 0; i < window_count(list); i++) {
        const struct window *window = &list->windows[i];
        bool ran = window->release_min <= window->release_max;

        totals->due += window->due;
        totals->run += window->run;
        log_line("window index=%u partition=%s vcpu=%u cpu=%u schedule=%u start_ns=%lu "
                 "duration_ns=%lu due=%lu run=%lu release_min_ns=%ld release_max_ns=%ld",
                 i, window->vcpu->partition->desc->name, window->vcpu->index, core->cpu,
                 module_state.desc->schedule[schedule].id, window->desc->start_ns,
                 window->desc->duration_ns, window->due, window->run,
                 ran ? signed_ns(window->release_min) : 0,
                 ran ? signed_ns(window->release_max) : 0);
    }
}

/* The start of a core's next frame is the same counter value on every core that has run as many. */
static void core_lines(const struct core *core, struct totals *totals)
{
    for (uint32_t s = 0; s < module_state.desc->schedule_count; s++) {
        window_lines(core, s, totals);
    }
    totals->late += core->late_count;
    totals->missed += core->missed_count;
    if (core->switch_max_ticks > totals->switch_max_ticks) {
        totals->switch_max_ticks = core->switch_max_ticks;
    }
    log_line("core cpu=%u schedule=%u frame=%lu frame_start=%lu late=%lu missed=%lu", core->cpu,
             module_state.desc->schedule[core->schedule].id, core->cursor.frame, core->cursor.start,
             core->late_count, core->missed_count);
}

static void stat_lines(const struct totals *totals)
{
    const struct core *core = &boot_core;

    log_line("stat switch_entry_to_wait_max=%lu", totals->switch_max_ticks);
    log_line("stat exit_ticks=%lu", core->exit_ticks);
    log_line("stat guard_ns=%lu", module_state.desc->guard_ns);
    log_line("stat windows_late=%lu", totals->late);
    log_line("stat windows_missed=%lu", totals->missed);
    log_line("stat health_lines_dropped=%lu", hm_unlogged_count());
    log_line("stat major_frames=%lu", core->cursor.frame);
    log_line("stat kernel_ram_bytes=%lu", module_state.kernel_ram_bytes);
}

static void print_trace(const struct core *core)
{
    static const char *const name[] = {
        "none", "boundary", "release", "gap", "trap", "hypercall", "inject", "health", "schedule",
    };
    uint32_t size = core->trace.mask + 1;
    uint32_t first = core->trace.next > size ? core->trace.next - size : 0;

    for (uint32_t i = first; i != core->trace.next; i++) {
        const struct trace_record *record = &core->trace.record[i & core->trace.mask];

        log_line("trace core=%u time=%lu event=%s argument=0x%x", core->cpu, record->time_ticks,
                 name[record->event % ARRAY_COUNT(name)], record->argument);
    }
}

/* Late: what did not run as planned is counted as late or missed, window by window.  On a machine
 * whose time is not its own, an emulator by the host's clock, nothing better can be had. */
static const char *status(const struct totals *totals, bool ended)
{
    if (!ended || totals->due - totals->run > totals->missed) {
        return "fail";
    }
    return totals->late != 0 || totals->missed != 0 ? "late" : "ok";
}

/* What waits for its line, and for room for it.  Whole lines go out meanwhile: a flush would send
 * one that is begun, and another's behind it. */
static void drain_health(void)
{
    do {
        while (console_host_step(counter_now() + INT64_MAX / 2)) {
        }
        if (hm_log_pending()) {
            hm_log_step();
        }
    } while (hm_log_pending());
}

void module_end(void)
{
    const struct module_desc *desc = module_state.desc;
    struct totals totals = {0};
    bool ended;

    guard_disarm();
    ended = cores_wait_for_end();
    drain_health();
    console_host_flush();
    log_use_uart();
    for (uint32_t s = 0; s < desc->schedule_count; s++) {
        for (uint32_t c = 0; c < desc->core_count; c++) {
            table(module_state.core[c], s);
        }
    }
    partition_lines();
    for (uint32_t c = 0; c < desc->core_count; c++) {
        core_lines(module_state.core[c], &totals);
    }
    stat_lines(&totals);
    for (uint32_t c = 0; CONFIG_TRACE && desc->print_trace && c < desc->core_count; c++) {
        print_trace(module_state.core[c]);
    }
    log_line("end status=%s windows_due=%lu windows_run=%lu health_events=%lu",
             status(&totals, ended), totals.due, totals.run, hm_event_count());
    machine_off();
}
