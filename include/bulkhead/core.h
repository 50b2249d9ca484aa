/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does one core do, and when?  Its schedule tables in counter ticks, where it is in them, and
 * what it measured.  struct core is reached by TPIDR_EL2; nothing here is shared between cores.
 */
#ifndef BULKHEAD_CORE_H
#define BULKHEAD_CORE_H

#include <bulkhead/arena.h>
#include <bulkhead/partition.h>
#include <bulkhead/schedule.h>
#include <bulkhead/trace.h>

/* Interrupt enable words of one GIC register that a window opens: written on entering and leaving.
 */
struct irq_mask {
    uint32_t word; /* GICD_ISENABLER<word> */
    uint32_t bits;
};

/* One minor frame: immutable timing first, then what was measured. */
struct window {
    uint64_t start_ticks; /* offset in the major frame */
    uint64_t guard_ticks; /* offset at which usable time ends */
    struct vcpu *vcpu;
    uint32_t mask_count;
    const struct irq_mask *mask;
    const struct window_desc *desc;
    uint64_t due;
    uint64_t run;
    int64_t release_min; /* measured minus planned release, ticks */
    int64_t release_max;
};

struct core {
    /* Known to assembly (asm/core.h). */
    uint64_t stack_top;
    uint64_t emergency_top;
    uint64_t release_ticks;
    uint64_t released_ticks;
    uint64_t entry_ticks;
    uint32_t mitigation;
    uint32_t has_pauth;

    uint32_t index;
    uint32_t lr_loaded;    /* list registers of the hardware that may not be empty */
    struct vcpu *vcpu;     /* running or about to be released; NULL in gaps */
    struct window *window; /* the present one; NULL before the first */
    struct window *windows;
    struct window *windows_end;
    struct window *next; /* the window that comes next, in the frame of `cursor` */
    uint32_t window_count;
    uint32_t timer_irqs; /* private interrupts of the guest's two timers, as a word */
    struct frame_clock clock;
    struct frame_cursor cursor;
    uint64_t window_start; /* planned release of the present window, absolute ticks */
    uint64_t window_frame; /* its major frame */
    uint64_t
        guard_ticks; /* length of the guard: an idle core comes back this long before a window */
    int64_t tolerance_ticks;        /* a release is late when it is later than this */
    uint64_t exit_ticks;            /* wait exit to first guest instruction */
    uint64_t tail_ticks;            /* last look at the counter to first guest instruction */
    int64_t log_step_ticks;         /* time that one piece of a log line needs */
    uint64_t stop_frame;            /* first major frame that is not run */
    bool whole_frame;               /* one window, equal to the frame: boundaries only on request */
    struct window *measured_window; /* whose release released_ticks is; NULL before the first */
    uint64_t measured_start;

    uint64_t late_count;
    uint64_t missed_count;
    uint64_t switch_max_ticks; /* interrupt entry to first poll of the wait */
    struct trace_ring trace;
};

extern struct core boot_core;

/* This core's state.  Context: EL2. */
static inline struct core *this_core(void)
{
    struct core *core;
    __asm__ volatile("mrs %0, tpidr_el2" : "=r"(core));
    return core;
}

/* Builds the core's tables for schedule `schedule`; false = out of memory.  Start-up only. */
bool core_build(struct core *core, const struct module_desc *module, uint32_t schedule,
                uint32_t core_index, struct partition *partitions, struct arena *arena);

/* Starts the first major frame and never returns. */
void core_run(struct core *core) __attribute__((noreturn));

/* From the vectors: a physical interrupt while `vcpu` ran.  NULL = resume it, else the vCPU to
 * release. */
struct vcpu *core_irq(struct vcpu *vcpu);

/* From the vectors: `vcpu` may no longer run.  Returns the vCPU to release next. */
struct vcpu *core_vcpu_stopped(struct vcpu *vcpu);

/* `vcpu`, which runs, has nothing to do: idles until any interrupt wants the core, its own ones, a
 * device's or the guard's, and offers the time to console and log.  Returns at once if an interrupt
 * is pending for it. */
void core_wait(struct vcpu *vcpu);

/* A core without boundaries takes one at the end of the present frame (console output waits, ...).
 */
void core_request_boundary(struct core *core);

/* Releases a vCPU at core->release_ticks (vectors.S). */
void release_vcpu(struct vcpu *vcpu) __attribute__((noreturn));

#endif
