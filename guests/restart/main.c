/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a restart a fresh start, however often?  Each life says what it found, then spoils whatever it
 * can reach and resets itself.  Parameters: 0 = what to do (enum ending), 1 = bytes of memory,
 * 2 = 1: by SMC instead of HVC, 3 = major frame from which on it stays alive, 4 = nanoseconds from
 * a life's start to its reset.
 *
 *     restart: life frame=N late=N words=N registers=N device=N
 *     restart: image hash=N skip=N skip_bytes=N bytes=N
 *
 * late: ticks from the window's planned start to the first instruction; words, registers, device:
 * what was not as after a cold start.  The image is hashed but for the words that the first
 * instructions write.
 */
#include "restart.h"

#include <guest.h>

#define PSCI_CPU_OFF     UINT64_C(0x84000002) /* DEN 0022, 5.1 */
#define PSCI_SYSTEM_OFF  UINT64_C(0x84000008)
#define GICD_ISENABLER   0x100U
#define GICD_ISPENDR     0x200U
#define PAGE_TABLE_BYTES 4096U
#define FNV_BASIS        UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME        UINT64_C(0x100000001b3)

enum ending { ENDING_RESET, ENDING_SYSTEM_OFF, ENDING_CPU_OFF, ENDING_PSCI };

static uint64_t hash_words(uint64_t hash, const void *begin, const void *end)
{
    for (const uint64_t *word = begin; word < (const uint64_t *)end; word++) {
        hash = (hash ^ *word) * FNV_PRIME;
    }
    return hash;
}

/* Behind the stack nothing has been written yet in this life. */
static uint64_t dirty_words(uint64_t end)
{
    uint64_t count = 0;

    for (uint64_t at = (uint64_t)guest_bss_end - PAGE_TABLE_BYTES; at < end; at += 8) {
        count += *(const volatile uint64_t *)at != 0;
    }
    return count;
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
    count += sysreg_read(tpidr_el1) != 0;
    count += sysreg_read(sp_el0) != 0;
    count += sysreg_read(cntv_ctl_el0) != 0;
    count += sysreg_read(cntp_ctl_el0) != 0;
    return count;
}

/* Enabled or pending private interrupts but for SGIs, whose enables a GICv2 may hard-wire. */
static uint64_t dirty_interrupts(void)
{
    gic_detect();
    return (read32(gic_word(GICD_ISENABLER, 0)) | read32(gic_word(GICD_ISPENDR, 0))) & 0xffff0000U;
}

/* Both timers are firing, enabled in the GIC and not taken. */
static void spoil_devices(void)
{
    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    gic_enable(INTID_PHYS_TIMER);
    sysreg_write(cntv_cval_el0, 0);
    sysreg_write(cntv_ctl_el0, 1);
    sysreg_write(cntp_cval_el0, 0);
    sysreg_write(cntp_ctl_el0, 1);
    gic_sgi_self(3);
}

static void call(uint64_t function)
{
    if (guest_params.word[2] != 0) {
        smc(function, 0, 0, 0);
    } else {
        hvc(function, 0, 0, 0);
    }
    print("restart: call %lx came back\n", function);
}

int main(void)
{
    const char *boot_end = (const char *)(&guest_boot + 1);
    uint64_t memory_end = GUEST_BASE + guest_params.word[1];
    uint64_t hash = hash_words(FNV_BASIS, (const void *)GUEST_BASE, &guest_boot);
    struct guest_window window;

    hash = hash_words(hash, boot_end, guest_image_end);
    window_read(&window);
    /* One instruction takes a nanosecond here. */
    print("restart: life frame=%u late=%ld words=%lu registers=%lu device=%lu\n", window.frame,
          (long)(guest_boot.counter - ticks_from_ns(BOOT_LEAD_INSNS) - window.start_ticks),
          dirty_words(memory_end), dirty_registers(), dirty_interrupts());
    print("restart: image hash=%lu skip=%lu skip_bytes=%lu bytes=%lu\n", hash,
          (uint64_t)&guest_boot - GUEST_BASE, sizeof(guest_boot),
          (uint64_t)guest_image_end - GUEST_BASE);
    switch (guest_params.word[0]) {
    case ENDING_RESET:
        if (window.frame < guest_params.word[3]) {
            delay_until(window.start_ticks + ticks_from_ns(guest_params.word[4]));
            spoil_devices();
            dirty_and_reset(GUEST_BASE, memory_end, guest_params.word[2]);
        }
        break;
    case ENDING_SYSTEM_OFF:
        call(PSCI_SYSTEM_OFF);
        break;
    case ENDING_CPU_OFF:
        call(PSCI_CPU_OFF);
        break;
    default:
        check_psci();
        break;
    }
    for (;;) {
        insn("wfi");
    }
}
