/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a partition's fault its own affair?  The guest commits one of the faults of faults.h in its
 * fourth window.
 *
 * Parameter 0: fault.  1: bytes of its memory.  2: address of read-only memory.  3: address of
 * memory that must not be executed.
 *
 *     faults: case=NAME begins
 *     faults: case=NAME survived exceptions=N esr=0xN
 */
#include <guest.h>

#include <bulkhead/abi.h>

#define OUTSIDE       UINT64_C(0x70000000)
#define NO_DEVICE     UINT64_C(0x0a000000)
#define WIDE_ADDRESS  (UINT64_C(1) << 39)
#define WINDOWS_QUIET 3U

#define PSCI_SYSTEM_OFF   0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_CPU_OFF      0x84000002U

#define FAULT(number, name, outcome) static void fault_##name(void);
#include "faults.h"
#undef FAULT

static const struct {
    const char *name;
    void (*run)(void);
} fault[] = {
#define FAULT(number, name, outcome) [number] = {#name, fault_##name},
#include "faults.h"
#undef FAULT
};

static void execute(uint64_t address)
{
    __asm__ volatile("blr %0" : : "r"(address) : "x30", "memory");
}

static void fault_read_outside(void)
{
    read32(OUTSIDE);
}

static void fault_write_outside(void)
{
    write32(OUTSIDE, 1);
}

static void fault_execute_outside(void)
{
    execute(OUTSIDE);
}

static void fault_read_below(void)
{
    read32(GUEST_BASE - 8);
}

static void fault_read_behind_end(void)
{
    read32(GUEST_BASE + guest_params.word[1] - 4);
    read32(GUEST_BASE + guest_params.word[1]);
}

static void fault_write_read_only(void)
{
    read32(guest_params.word[2]);
    write32(guest_params.word[2], 1);
}

static void fault_execute_no_execute(void)
{
    write32(guest_params.word[3], 0xd65f03c0U); /* ret */
    execute(guest_params.word[3]);
}

static void fault_read_no_device(void)
{
    read32(NO_DEVICE);
}

static void fault_execute_uart(void)
{
    execute(UART_BASE);
}

static void fault_execute_gic(void)
{
    execute(GICC_BASE);
}

static void fault_gicd_pair(void)
{
    __asm__ volatile("ldp x0, x1, [%0]" : : "r"(GICD_BASE) : "x0", "x1", "memory");
}

static void fault_gicd_writeback(void)
{
    uint64_t address = GICD_BASE;

    __asm__ volatile("ldr w0, [%0], #4" : "+r"(address) : : "x0", "memory");
}

static void fault_gicd_doubleword(void)
{
    __asm__ volatile("ldr x0, [%0]" : : "r"(GICD_BASE) : "x0", "memory");
}

static void fault_gicd_misaligned(void)
{
    __asm__ volatile("ldr w0, [%0, #1]" : : "r"(GICD_BASE) : "x0", "memory");
}

static void fault_uart_doubleword(void)
{
    __asm__ volatile("ldr x0, [%0]" : : "r"(UART_BASE) : "x0", "memory");
}

static void fault_uart_exclusive(void)
{
    __asm__ volatile("ldxr w0, [%0]" : : "r"(UART_BASE) : "x0", "memory");
}

static void fault_uart_pair(void)
{
    __asm__ volatile("stp w0, w1, [%0]" : : "r"(UART_BASE) : "memory");
}

static void fault_uart_writeback(void)
{
    uint64_t address = UART_BASE;

    __asm__ volatile("strb wzr, [%0], #1" : "+r"(address) : : "memory");
}

static void fault_zero_read_only(void)
{
    mmu_on();
    __asm__ volatile("dc zva, %0" : : "r"(guest_params.word[2]) : "memory");
    mmu_off();
}

static void fault_push_outside(void)
{
    __asm__ volatile("mov x9, sp\n\tmov sp, %0\n\tstp x0, x1, [sp, #-16]!\n\tmov sp, x9"
                     :
                     : "r"(OUTSIDE)
                     : "x9", "memory");
}

static void fault_walk_outside(void)
{
    mmu_on();
    sysreg_write(ttbr0_el1, OUTSIDE);
    insn("isb\n\ttlbi vmalle1\n\tdsb nsh\n\tisb\n\tnop");
}

static void fault_vectors_outside(void)
{
    sysreg_write(vbar_el1, OUTSIDE);
    insn("isb\n\tsvc #0");
}

static void fault_wide_address(void)
{
    read32(WIDE_ADDRESS);
}

static void fault_hvc_immediate(void)
{
    insn("hvc #1");
}

static void fault_smc_immediate(void)
{
    insn("smc #1");
}

static void fault_hyp_register(void)
{
    sysreg_read(hcr_el2);
}

static void fault_stop(void)
{
    hvc(BH_STOP, 0, 0, 0);
}

static void fault_system_off(void)
{
    hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void fault_cpu_off(void)
{
    hvc(PSCI_CPU_OFF, 0, 0, 0);
}

/* The next life does it again. */
static void fault_system_reset(void)
{
    hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void fault_simd_insn(uint64_t address);

static void fault_uart_simd(void)
{
    fault_simd_insn(UART_BASE);
}

static void fault_gicd_simd(void)
{
    fault_simd_insn(GICD_BASE);
}

int main(void)
{
    uint64_t number = guest_params.word[0];
    struct window_watch watch;
    uint64_t exceptions;

    if (number >= countof(fault)) {
        guest_stop("no such fault");
    }
    window_watch_begin(&watch);
    for (unsigned i = 0; i < WINDOWS_QUIET; i++) {
        window_wait(&watch);
    }
    print("faults: case=%s begins\n", fault[number].name);
    probe_begin();
    fault[number].run();
    exceptions = probe_end();
    print("faults: case=%s survived exceptions=%lu esr=0x%lx\n", fault[number].name, exceptions,
          guest_probe.esr);
    for (;;) {
        window_wait(&watch);
    }
}
