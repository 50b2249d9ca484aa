/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the kernel leave behind when it is wrong?  The reason, every register, and a
 * machine-readable last line; then power off.  A panic inside a panic says so in one line and
 * stops.
 */
#include <asm/esr.h>
#include <asm/panic.h>
#include <asm/sysreg.h>
#include <bulkhead/console_host.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/timer.h>

/* The 16 vectors: what was taken, and from where. */
static const char *const vector_kind[] = {"synchronous", "IRQ", "FIQ", "SError"};
static const char *const vector_source[] = {"EL2 on SP_EL0", "EL2", "a guest", "AArch32 EL1"};

static uint32_t depth;
static struct core *speaker; /* whose panic it is */

/* What was on its way to the console goes first, then only the UART.  Of several cores that panic
 * one speaks; what waits for the console is the boot core's to send. */
static void begin(void)
{
    struct core *none = NULL;

    if (CONFIG_SMP &&
        !__atomic_compare_exchange_n(&speaker, &none, this_core(), false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE) &&
        none != this_core()) {
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    if (++depth > 2) {
        machine_off();
    }
    log_use_uart();
    if (depth == 2) {
        log_line("panic: panic inside a panic");
        machine_off();
    }
    if (this_core()->index == 0) {
        console_host_flush();
    }
}

static void finish(void)
{
    log_line("end status=panic");
    machine_off();
}

void panic(const char *format, ...)
{
    char reason[160];
    va_list arguments;

    begin();
    va_start(arguments, format);
    (void)format_text(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    log_line("panic: %s", reason);
    log_line("  called from 0x%lx, core %u, counter %lu",
             (uint64_t)(uintptr_t)__builtin_return_address(0), this_core()->index, counter_now());
    finish();
    __builtin_unreachable();
}

void panic_exception(const struct panic_frame *frame, uint64_t vector)
{
    uint64_t esr = sysreg_read(esr_el2);

    begin();
    log_line("panic: unexpected exception: %s from %s", vector_kind[vector % 4],
             vector_source[vector / 4 % 4]);
    log_line("  esr=0x%lx class=0x%x elr=0x%lx far=0x%lx hpfar=0x%lx spsr=0x%lx", esr,
             esr_class(esr), sysreg_read(elr_el2), sysreg_read(far_el2), sysreg_read(hpfar_el2),
             sysreg_read(spsr_el2));
    for (uint32_t i = 0; i < 30; i += 3) {
        log_line("  x%02u=%016lx x%02u=%016lx x%02u=%016lx", i, frame->x[i], i + 1, frame->x[i + 1],
                 i + 2, frame->x[i + 2]);
    }
    log_line("  x30=%016lx sp=%016lx counter=%lu", frame->x[30], frame->sp, counter_now());
    finish();
}
