/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does one core do, and when?  Its schedule tables in counter ticks, where it is in them, and
 * what it measured.  struct core is reached by TPIDR_EL2; nothing here is shared between cores.
 */
#ifndef BULKHEAD_CORE_H
#define BULKHEAD_CORE_H

#include <bulkhead/arena.h>
#include <bulkhead/limits.h>
#include <bulkhead/partition.h>
#include <bulkhead/schedule.h>
#include <bulkhead/timer.h>
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
    uint32_t index;      /* in its list */
    bool plain;          /* opens no interrupts and features, and none is made pending: most are */
    uint32_t period_irq; /* made pending at its release; 0 = none is */
    uint32_t mask_count;
    const struct irq_mask *mask;
    const struct window_desc *desc;
    uint64_t due;
    uint64_t run;
    int64_t release_min; /* measured minus planned release, ticks */
    int64_t release_max;
};

/* What a core does in one schedule. */
struct core_plan {
    struct window *windows;
    struct window *windows_end;
    struct frame_clock clock;
    bool whole_frame; /* one window, equal to the frame: boundaries only on request */
};

/* How far a core has come.  Written by the core itself, with release. */
enum core_state {
    CORE_OFF,     /* firmware has it */
    CORE_READY,   /* waits for the first frame */
    CORE_REFUSED, /* it is not one that this module can run on (core->refusal) */
    CORE_ENDED,   /* has run its last frame */
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

    uint32_t index;        /* in module_state.core; 0: the boot core */
    uint32_t cpu;          /* in platform_desc.cpu_mpidr */
    enum core_state state; /* atomic */
    const char *refusal;
    volatile uint8_t *gicr; /* GICv3: its redistributor's RD frame */
    uint64_t sgi_target;    /* the GIC driver's word for it as a target of SGIs */
    uint32_t lr_loaded;     /* list registers of the hardware that may not be empty */
    struct vcpu *vcpu;      /* running or about to be released; NULL in gaps */
    struct window *window;  /* the present one; NULL before the first */
    struct window *windows;
    struct window *windows_end;
    struct window *next; /* the window that comes next, in the frame of `cursor` */
    uint32_t timer_irqs; /* private interrupts of the guest's two timers, as a word */
    struct frame_clock clock;
    struct frame_cursor cursor;
    uint64_t window_start; /* planned release of the present window, absolute ticks */
    uint64_t window_frame; /* its major frame */
    uint64_t
        guard_ticks; /* length of the guard: an idle core comes back this long before a window */
    int64_t tolerance_ticks;     /* a release is late when it is later than this */
    uint64_t exit_ticks;         /* wait exit to first guest instruction */
    uint64_t tail_ticks;         /* last look at the counter to first guest instruction */
    int64_t log_step_ticks;      /* time that one piece of a log line needs */
    uint64_t stop_frame;         /* first major frame that is not run */
    bool whole_frame;            /* of the present plan */
    bool frame_by_frame;         /* `next` stops at each frame's end: another schedule may follow */
    struct core_plan *plan;      /* [schedule_count] */
    uint32_t schedule;           /* the present one, windows to whole_frame are its plan's */
    uint32_t changes;            /* of the timeline that it has followed */
    uint64_t change_frame;       /* first frame of the present schedule, 0: no change yet */
    uint64_t change_start;       /* its planned start */
    const struct vcpu **entered; /* [partition_count]: who last used the VMID on this core */
    struct hm_queue *health;     /* events that wait for their line */
    struct window *measured_window; /* whose release released_ticks is; NULL before the first */
    uint64_t measured_start;

    uint64_t late_count;
    uint64_t missed_count;
    uint64_t switch_max_ticks; /* interrupt entry to first poll of the wait */
    struct trace_ring trace;
};

/* The one that starts the others. */
extern struct core boot_core;

/* This core's state.  Context: EL2. */
static inline struct core *this_core(void)
{
    struct core *core;
    __asm__ volatile("mrs %0, tpidr_el2" : "=r"(core));
    return core;
}

/* Builds the core's tables for all schedules; false = out of memory.  Start-up only. */
bool core_build(struct core *core, const struct module_desc *module, struct partition *partitions,
                struct arena *arena);

/* The first major frame starts when the counter says `start`, on all cores.  Never returns. */
void core_run(struct core *core, uint64_t start) __attribute__((noreturn));

/* Windows of the present plan. */
static inline uint32_t core_window_count(const struct core *core)
{
    return (uint32_t)(core->windows_end - core->windows);
}

/* Another core's whole-frame window is to end with its frame: something changes then. */
void core_ask_for_boundary(struct core *core);

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

/* The present major frame of a core that runs a window. */
uint64_t core_frame(struct core *core);

/* After core_frame(): no boundary comes at this frame's end any more, since the core takes none
 * and there is no time left for one. */
bool core_frame_is_ending(const struct core *core);

/* Makes pending what is due of the interrupts that are linked to a vCPU's own registers: its
 * timers, as of the counter value `ticks`, and its PMU; and marks them in the physical GIC.  Its
 * timers are out. */
void core_inject_due(const struct core *core, struct vcpu *vcpu, uint64_t ticks);

/* Opens the interrupts of a window and takes those that wait already into risen[VGIC_WORDS].
 * True: a sibling's kick was among them. */
bool core_open_interrupts(const struct vcpu *vcpu, const struct window *window, uint32_t *risen);

/*
 * Longest work on the interrupts of a guest (docs/timing.md), whatever the guest has made of them.
 * Where less is left before the guard, it is not begun: the instruction traps, or the interrupt
 * comes, again, and after the boundary.  So no boundary waits for it.  Less than MINIMUM_WINDOW_NS,
 * or a guest with the shortest window would never get on.
 */
#define LONG_TRAP_NS UINT64_C(3500)
_Static_assert(LONG_TRAP_NS < MINIMUM_WINDOW_NS, "there must be time for it in every window");

/* Whether there is time for it, while a vCPU runs. */
static inline bool core_has_time(const struct core *core)
{
    return !guard_armed() || (int64_t)(sysreg_read(cnthp_cval_el2) - sysreg_read(cntpct_el0)) >
                                 core->vcpu->long_trap_ticks;
}

/* Whether a vCPU may be released. */
static inline bool core_may_run(const struct vcpu *vcpu)
{
    return partition_mode(vcpu->partition) == PARTITION_NORMAL &&
           __atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) == VCPU_ON;
}

/* Releases a vCPU at core->release_ticks (vectors.S). */
void release_vcpu(struct vcpu *vcpu) __attribute__((noreturn));

#endif
