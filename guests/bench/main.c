/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the kernel's services cost?  Each operation is timed between two readings of the counter
 * right before and behind it, less what the two readings themselves take; under icount at 1 GHz a
 * tick is an instruction.  The partition's one window is its whole frame, so nothing comes between.
 *
 *     bench: NAME=TICKS      the largest of 64 rounds
 *     bench: NAME_min=TICKS
 */
#include <guest.h>

#include <bulkhead/abi.h>

#define ROUNDS            64U
#define PSCI_VERSION      0x84000000U
#define LAST_SCHEDULE     15U /* where there are sixteen, and the partition may change them */
#define GICD_TYPER        (GICD_BASE + 4)
#define GICD_CTLR         GICD_BASE
#define GICD_PRIORITY_32  (GICD_BASE + 0x420)
#define GICD_SGIR         (GICD_BASE + 0xf00)
#define UART_FR           (UART_BASE + 0x18)
#define TIMER_AHEAD_TICKS 4000U

static uint64_t overhead;

/* Times `text` with x0 = first and x1 = second. */
#define TIMED(text, first, second)                                                                 \
    ({                                                                                             \
        register uint64_t x0 __asm__("x0") = (first);                                              \
        register uint64_t x1 __asm__("x1") = (second);                                             \
        uint64_t before;                                                                           \
        uint64_t after;                                                                            \
        __asm__ volatile("mrs %2, cntpct_el0\n\t" text "\n\tmrs %3, cntpct_el0"                    \
                         : "+r"(x0), "+r"(x1), "=&r"(before), "=&r"(after)                         \
                         :                                                                         \
                         : "x2", "x3", "memory");                                                  \
        after - before;                                                                            \
    })

#define BENCH(name, text, first, second)                                                           \
    do {                                                                                           \
        uint64_t least = UINT64_MAX;                                                               \
        uint64_t most = 0;                                                                         \
        for (unsigned round = 0; round < ROUNDS; round++) {                                        \
            uint64_t ticks = TIMED(text, first, second) - overhead;                                \
            least = ticks < least ? ticks : least;                                                 \
            most = ticks > most ? ticks : most;                                                    \
        }                                                                                          \
        result(name, least, most);                                                                 \
    } while (0)

static volatile uint64_t handler_ticks;

static void result(const char *name, uint64_t least, uint64_t most)
{
    print("bench: %s=%lu\n", name, most);
    print("bench: %s_min=%lu\n", name, least);
}

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    handler_ticks = frame->counter;
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    gic_eoi(iar);
}

/* From the timer's deadline to the first instructions of the vector, spinning or in WFI. */
static void bench_timer(const char *name, bool wfi)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t deadline = counter_read() + TIMER_AHEAD_TICKS + round;
        uint64_t ticks;

        handler_ticks = 0;
        sysreg_write(cntv_cval_el0, deadline);
        sysreg_write(cntv_ctl_el0, 1);
        irq_unmask();
        while (handler_ticks == 0) {
            if (wfi) {
                insn("wfi");
            }
        }
        irq_mask();
        ticks = handler_ticks - deadline;
        least = ticks < least ? ticks : least;
        most = ticks > most ? ticks : most;
    }
    result(name, least, most);
}

/* An SGI to itself: sent with interrupts masked, again while it is pending, and each taken. */
static void bench_sgi(void)
{
    const uint64_t self = gic_is_v3 ? 1 : UINT64_C(2) << 24;

    for (unsigned taken = 0; taken < 2; taken++) {
        uint64_t least = UINT64_MAX;
        uint64_t most = 0;

        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t ticks = gic_is_v3 ? TIMED("msr S3_0_C12_C11_5, x0", self, 0)
                                       : TIMED("str w0, [x1]", self, GICD_SGIR);

            ticks -= overhead;
            least = ticks < least ? ticks : least;
            most = ticks > most ? ticks : most;
            if (taken != 0) {
                irq_unmask();
                insn("isb");
                irq_mask();
            }
        }
        result(taken != 0 ? "sgi_self_taken" : "sgi_self", least, most);
    }
}

int main(void)
{
    overhead = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t ticks = TIMED("", 0, 0);

        overhead = ticks < overhead ? ticks : overhead;
    }
    print("bench: first_instruction=%lu\n", guest_boot.counter - BOOT_LEAD_INSNS);

    gic_init();
    guest_irq = on_irq;
    gic_enable(INTID_VIRT_TIMER);
    BENCH("hypercall", "hvc #0", BH_PARTITION_ID, 0);
    BENCH("window_call", "hvc #0", BH_WINDOW, 0);
    BENCH("schedule_status", "hvc #0", BH_MODULE_SCHEDULE_STATUS, 0);
    BENCH("schedule_id", "hvc #0", BH_MODULE_SCHEDULE_ID, 0); /* a name that is none */
    BENCH("partition_status", "hvc #0", BH_PARTITION_STATUS, 0);
    BENCH("schedule_set_present", "hvc #0", BH_SET_MODULE_SCHEDULE, 0);
    BENCH("schedule_set", "hvc #0", BH_SET_MODULE_SCHEDULE, LAST_SCHEDULE);
    BENCH("schedule_set_unknown", "hvc #0", BH_SET_MODULE_SCHEDULE, UINT32_MAX);
    BENCH("psci_version", "hvc #0", PSCI_VERSION, 0);
    BENCH("unknown_call", "hvc #0", 0xc600ffff, 0);
    BENCH("gicd_typer_read", "ldr w0, [x1]", 0, GICD_TYPER);
    BENCH("gicd_ctlr_read", "ldr w0, [x1]", 0, GICD_CTLR);
    gic_enable(0);
    bench_sgi();
    BENCH("gicd_priority_write", "str w0, [x1]", 0xa0a0a0a0, GICD_PRIORITY_32);
    BENCH("uart_flags_read", "ldr w0, [x1]", 0, UART_FR);
    BENCH("uart_write", "str w0, [x1]", '\n', UART_BASE);
    bench_timer("timer_spinning", false);
    bench_timer("timer_wfi", true);
    print("bench: end\n");
    for (;;) {
        insn("wfi");
    }
}
