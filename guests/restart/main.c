/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a restart a fresh start, however often?  Each life says what it found, then spoils whatever it
 * can reach and resets itself.  Parameters: 0 = what to do (enum ending), 1 = bytes of memory,
 * 2 = 1: by SMC instead of HVC, 3 = major frame from which on it stays alive, 4 = nanoseconds from
 * a life's start to its reset.
 *
 *     restart: life frame=N late=N words=N registers=N device=N timer=N tree=N
 *     restart: image hash=N skip=N skip_bytes=N bytes=N
 *
 * late: ticks from the window's planned start to the first instruction; words, registers, device:
 * what was not as after a cold start; timer: 1 if the virtual timer's interrupt does not come;
 * tree: hash of the device tree.  The image is hashed but for the words that the first instructions
 * write.
 *
 * With parameter 5 a life speaks only in every so manieth major frame, or when something is wrong:
 * one of the above, or the hash of image behind the parameters and tree is not parameter 6.
 *
 *     restart: brief frame=N wrong=N hash=N skip=N
 */
#include "restart.h"

#include <fdt.h>
#include <guest.h>

#define PSCI_CPU_OFF     UINT64_C(0x84000002) /* DEN 0022, 5.1 */
#define PSCI_SYSTEM_OFF  UINT64_C(0x84000008)
#define GICD_ISENABLER   0x100U
#define GICD_ISPENDR     0x200U
#define GICD_ISACTIVER   0x300U
#define TIMER_TICKS      2000U
#define PARAMS_BYTES     sizeof(struct guest_params)
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

/* Behind the stack nothing has been written yet in this life but the device tree. */
static uint64_t dirty_words(uint64_t end)
{
    const uint8_t *tree = fdt_of_boot();
    uint64_t tree_begin = tree == NULL ? end : (uint64_t)tree;
    uint64_t tree_end = tree == NULL ? end : tree_begin + fdt_size(tree);
    uint64_t count = 0;

    for (uint64_t at = (uint64_t)guest_bss_end - PAGE_TABLE_BYTES; at < end; at += 8) {
        count += (at < tree_begin || at >= tree_end) && *(const volatile uint64_t *)at != 0;
    }
    return count;
}

static uint64_t hash_tree(uint64_t hash)
{
    const uint8_t *tree = fdt_of_boot();

    return tree == NULL ? 0 : hash_words(hash, tree, tree + (fdt_size(tree) & ~7U));
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

/* Enabled or pending private interrupts but for SGIs, whose enables a GICv2 may hard-wire; active
 * ones. */
static uint64_t dirty_interrupts(void)
{
    gic_detect();
    return ((read32(gic_word(GICD_ISENABLER, 0)) | read32(gic_word(GICD_ISPENDR, 0))) &
            0xffff0000U) |
           read32(gic_word(GICD_ISACTIVER, 0));
}

/* Taken from the controller's registers, with interrupts masked: 1 if it does not come. */
static uint32_t dirty_timer(void)
{
    uint32_t iar = INTID_NONE;
    uint64_t until;

    gic_init();
    gic_enable(INTID_VIRT_TIMER);
    until = counter_read() + TIMER_TICKS;
    sysreg_write(cntv_cval_el0, 0);
    sysreg_write(cntv_ctl_el0, 1);
    while ((iar & INTID_NONE) != INTID_VIRT_TIMER && counter_read() < until) {
        iar = gic_ack();
    }
    sysreg_write(cntv_ctl_el0, 0);
    if ((iar & INTID_NONE) != INTID_VIRT_TIMER) {
        return 1;
    }
    gic_eoi(iar);
    return 0;
}

/* Both timers are firing and enabled in the GIC; one of them, or the SGI, is active and never
 * ends. */
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
    isb();
    (void)gic_ack();
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

/* All that is copied into the partition, but for the parameters, which one of them is about. */
static uint64_t all_hash(void)
{
    uint64_t hash =
        hash_words(FNV_BASIS, (const char *)(uintptr_t)&guest_params + PARAMS_BYTES, &guest_boot);

    hash = hash_words(hash, &guest_boot + 1, guest_image_end);
    return hash_tree(hash);
}

int main(void)
{
    const char *boot_end = (const char *)(&guest_boot + 1);
    uint64_t memory_end = GUEST_BASE + guest_params.word[1];
    uint64_t hash = hash_words(FNV_BASIS, (const void *)GUEST_BASE, &guest_boot);
    struct guest_window window;
    uint64_t late;
    uint64_t words;
    uint64_t registers;
    uint64_t device;
    uint64_t tree = hash_tree(FNV_BASIS);
    uint64_t all = all_hash();
    uint32_t timer;

    hash = hash_words(hash, boot_end, guest_image_end);
    window_read(&window);
    /* One instruction takes a nanosecond here. */
    late = guest_boot.counter - ticks_from_ns(BOOT_LEAD_INSNS) - window.start_ticks;
    words = dirty_words(memory_end);
    registers = dirty_registers();
    device = dirty_interrupts();
    timer = dirty_timer();
    if (guest_params.word[5] == 0) {
        print("restart: life frame=%u late=%ld words=%lu registers=%lu device=%lu timer=%u "
              "tree=%lu\n",
              window.frame, (long)late, words, registers, device, timer, tree);
        print("restart: image hash=%lu skip=%lu skip_bytes=%lu bytes=%lu\n", hash,
              (uint64_t)&guest_boot - GUEST_BASE, sizeof(guest_boot),
              (uint64_t)guest_image_end - GUEST_BASE);
    } else {
        uint64_t wrong = late | words | registers | device | timer;

        if (wrong != 0 || all != guest_params.word[6] || window.frame % guest_params.word[5] == 0) {
            print("restart: brief frame=%u wrong=%lu hash=%lu skip=%lu\n", window.frame, wrong, all,
                  (uint64_t)&guest_boot - GUEST_BASE);
        }
    }
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
