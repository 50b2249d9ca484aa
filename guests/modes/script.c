/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition see, window by window, and what comes of what it does there?  Parameters 1
 * to 6 are the script: 16 bits for each of the first 24 major frames, two steps of an operation
 * (bits 7:4) and its argument (bits 3:0), the low byte first; done in the frame's first window of
 * this partition.  For each window in these frames:
 *
 *     modes: window frame=N index=N start=N duration=N present=N next=N switched=N condition=N
 *     marked=N period=N time=N irqs=N life=N kept=N dirty=N
 *     modes: step frame=N op=N argument=N result=N present=N next=N
 *     modes: irq frame=N index=N after=N
 *
 * (one line each).  condition, marked, period, time: BH_PARTITION_STATUS; irqs: interrupts before
 * this line; life: lives that the image's data remembers; kept: those that memory behind the image
 * does; dirty: registers that were not zero when this life began, or the counter (in ticks) by
 * which it began late.
 */
#include "modes.h"

#define FRAMES        24U
#define STEP_BITS     8U
#define STEPS         2U
#define PERIOD_INTID  20U
#define NOT_SCHEDULE  99U
#define NOWHERE       0x3f000000U
#define SYSTEM_RESET  UINT64_C(0x84000009) /* DEN 0022, 5.1 */
#define HALF          2U
#define IRQS_NOTED    8U
#define IRQ_SETTLE_NS 5000U /* an interrupt that waits is taken before a window's line */

enum operation {
    OP_NOTHING,
    OP_SET,         /* argument: schedule */
    OP_SET_UNKNOWN, /* a schedule that is not there */
    OP_SET_BY_SMC,
    OP_FIND, /* by the name "mode" and the argument as a letter from a on */
    OP_STOP,
    OP_RESET,
    OP_FAULT,      /* an access to nothing */
    OP_IRQ_ENABLE, /* argument: 1 enables the period's interrupt in the GIC, 0 disables it */
    OP_IRQ_UNMASK, /* argument: 1 unmasks interrupts, 0 masks them */
    OP_HALF,       /* waits for the middle of the window */
};

/* In the image's data, which a cold start restores. */
static volatile uint64_t life __attribute__((section(".data"))) = 0;

static struct {
    uint64_t count;
    uint64_t told;
    struct {
        uint32_t frame;
        uint32_t index;
        uint64_t after;
    } noted[IRQS_NOTED];
} irqs;

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();
    struct guest_window window;

    if ((iar & INTID_NONE) == INTID_NONE) {
        return;
    }
    window_read(&window);
    irqs.noted[irqs.count % IRQS_NOTED].frame = window.frame;
    irqs.noted[irqs.count % IRQS_NOTED].index = window.index;
    irqs.noted[irqs.count % IRQS_NOTED].after = frame->counter - window.start_ticks;
    irqs.count += (iar & INTID_NONE) == PERIOD_INTID;
    gic_eoi(iar);
}

static uint64_t dirty_registers(void)
{
    uint64_t count = 0;

    for (unsigned i = 1; i < countof(guest_boot.x); i++) {
        count += guest_boot.x[i] != 0;
    }
    for (unsigned i = 0; i < countof(guest_boot.q); i++) {
        count += guest_boot.q[i] != 0;
    }
    return count + (sysreg_read(tpidr_el1) != 0) + (sysreg_read(cntv_ctl_el0) != 0);
}

/* For the next life to find if it should not. */
static void spoil_registers(void)
{
    sysreg_write(tpidr_el1, UINT64_MAX);
    sysreg_write(cntv_cval_el0, UINT64_MAX);
    sysreg_write(cntv_ctl_el0, 1);
}

static int64_t step(unsigned operation, uint64_t argument, const struct guest_window *window)
{
    char name[] = "mode?";
    uint64_t found = 0;
    int64_t result = 0;

    switch (operation) {
    case OP_SET:
        return mode_set(argument);
    case OP_SET_UNKNOWN:
        return mode_set(NOT_SCHEDULE);
    case OP_SET_BY_SMC:
        return (int64_t)smc(BH_SET_MODULE_SCHEDULE, argument, 0, 0).x[0];
    case OP_FIND:
        name[4] = (char)('a' + argument);
        result = mode_find(name, &found);
        return result == 0 ? (int64_t)found : result;
    case OP_STOP:
        hvc(BH_STOP, 0, 0, 0);
        break;
    case OP_RESET:
        hvc(SYSTEM_RESET, 0, 0, 0);
        break;
    case OP_FAULT:
        (void)read32(NOWHERE);
        break;
    case OP_IRQ_ENABLE:
        if (argument != 0) {
            gic_enable(PERIOD_INTID);
        } else {
            gic_disable(PERIOD_INTID);
        }
        break;
    case OP_IRQ_UNMASK:
        if (argument != 0) {
            irq_unmask();
        } else {
            irq_mask();
        }
        break;
    case OP_HALF:
        delay_until(window->start_ticks + window->duration_ticks / HALF);
        break;
    default:
        break;
    }
    return result;
}

static void do_steps(const struct guest_window *window)
{
    uint64_t steps =
        guest_params.word[1U + window->frame / 4U] >> STEPS * STEP_BITS * (window->frame % 4U);

    for (unsigned i = 0; i < STEPS; i++) {
        unsigned operation = (unsigned)(steps >> (STEP_BITS * i + 4U)) & 15U;
        uint64_t argument = steps >> STEP_BITS * i & 15U;
        int64_t result;
        struct mode_status status;

        if (operation == OP_NOTHING) {
            continue;
        }
        result = step(operation, argument, window);
        status = mode_status();
        print("modes: step frame=%u op=%u argument=%lu result=%ld present=%lu next=%lu\n",
              window->frame, operation, argument, (long)result, status.present, status.next);
    }
}

static void tell_irqs(void)
{
    for (; irqs.told < irqs.count; irqs.told++) {
        print("modes: irq frame=%u index=%u after=%lu\n", irqs.noted[irqs.told % IRQS_NOTED].frame,
              irqs.noted[irqs.told % IRQS_NOTED].index, irqs.noted[irqs.told % IRQS_NOTED].after);
    }
}

void script(void)
{
    struct guest_window window;
    uint64_t dirty = dirty_registers();
    volatile uint64_t *kept = (volatile uint64_t *)((uint64_t)guest_bss_end + 4096U);
    uint32_t done = UINT32_MAX;

    window_read(&window);
    dirty += guest_boot.counter - ticks_from_ns(BOOT_LEAD_INSNS) - window.start_ticks;
    life++;
    ++*kept;
    spoil_registers();
    guest_irq = on_irq;
    gic_init();
    while (window.frame < FRAMES) {
        struct mode_status status = mode_status();
        struct hvc_result own = hvc(BH_PARTITION_STATUS, 0, 0, 0);

        delay_until(window.start_ticks + ticks_from_ns(IRQ_SETTLE_NS));
        print("modes: window frame=%u index=%u start=%lu duration=%lu present=%lu next=%lu "
              "switched=%lu condition=%lu marked=%u\n",
              window.frame, window.index, window.start_ticks, window.duration_ticks, status.present,
              status.next, status.switched, own.x[1] & ~(uint64_t)BH_PERIOD_START,
              (own.x[1] & BH_PERIOD_START) != 0);
        print("modes: state frame=%u index=%u period=%lu time=%lu irqs=%lu life=%lu kept=%lu "
              "dirty=%lu\n",
              window.frame, window.index, own.x[2], own.x[3], irqs.count, life, *kept, dirty);
        if (window.frame != done) {
            done = window.frame;
            do_steps(&window);
        }
        tell_irqs();
        next_window(&window);
    }
}
