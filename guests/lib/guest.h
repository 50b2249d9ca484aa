/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a test guest have to stand on?  The small library that every guest under guests/ is
 * linked with: entry, exceptions, console, GIC, timers, windows.  A guest is a flat binary linked
 * at GUEST_BASE, entered at its first byte at EL1 with the MMU off; it runs as well on plain
 * `qemu-system-aarch64 -M virt`, where hypercalls are absent (guest_has_kernel tells).
 *
 * One vCPU, no locks.  Interrupts are masked at entry and stay so until irq_unmask().
 */
#ifndef GUEST_H
#define GUEST_H

#define GUEST_BASE         0x40000000
#define GUEST_PARAMS_MAGIC 0x534d415241504842 /* "BHPARAMS", little endian */
#define GUEST_STACK_BYTES  8192

/* struct guest_boot, for start.S; guest.c asserts the offsets. */
#define BOOT_X          0
#define BOOT_SP         248
#define BOOT_NZCV       256
#define BOOT_DAIF       264
#define BOOT_CPACR      272
#define BOOT_VBAR       280
#define BOOT_COUNTER    288
#define BOOT_FPCR       296
#define BOOT_FPSR       304
#define BOOT_Q          320
#define BOOT_BYTES      832
#define BOOT_LEAD_INSNS 4 /* instructions from the first one to the reading of BOOT_COUNTER */

/* struct guest_frame, for vectors.S. */
#define FRAME_X       0
#define FRAME_ELR     248
#define FRAME_SPSR    256
#define FRAME_ESR     264
#define FRAME_FAR     272
#define FRAME_COUNTER 280
#define FRAME_BYTES   288

/* MAIR_EL1 (D17.2.97): 0 = Device-nGnRnE, 1 = normal write-back. */
#define GUEST_MAIR 0xff00
/* TCR_EL1 (D17.2.131): T0SZ 25, write-back walks, inner shareable, EPD1, 40-bit output. */
#define GUEST_TCR 0x200803519

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define sysreg_read(name)                                                                          \
    ({                                                                                             \
        uint64_t sysreg_value;                                                                     \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value) : : "memory");                      \
        sysreg_value;                                                                              \
    })

#define sysreg_write(name, value)                                                                  \
    ({ __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory"); })

#define isb()       __asm__ volatile("isb" : : : "memory")
#define dsb()       __asm__ volatile("dsb sy" : : : "memory")
#define insn(text)  __asm__ volatile(text : : : "memory")
#define countof(a)  (sizeof(a) / sizeof((a)[0]))
#define unused      __attribute__((unused))
#define BIT(number) (UINT64_C(1) << (number))

/* Set from outside: scripts and tests patch the binary at offset 8 (guest_params.py). */
struct guest_params {
    uint64_t magic;
    uint64_t word[7];
};
extern const volatile struct guest_params guest_params;

/* The registers as they were at the guest's first instruction. */
struct guest_boot {
    uint64_t x[31]; /* x[30]: 0, or 1 if it was anything else */
    uint64_t sp;
    uint64_t nzcv;
    uint64_t daif;
    uint64_t cpacr;
    uint64_t vbar;
    uint64_t counter; /* CNTPCT, BOOT_LEAD_INSNS instructions after the first one */
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t unused_word;
    uint64_t q[64];
};
extern struct guest_boot guest_boot;

extern char guest_image_end[]; /* first byte past code and data */
extern char guest_bss_end[];   /* first byte past bss and stack */

int main(void);

/* --- console.c ------------------------------------------------------------------------------ */

void uart_put(char character);
/* %s %c %% %u %d %x with optional zero flag, width and `l`; at most 200 characters. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- exception.c ---------------------------------------------------------------------------- */

struct guest_frame {
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
    uint64_t esr;
    uint64_t far;
    uint64_t counter; /* CNTPCT, three instructions after the vector's first */
};

/* Called for every IRQ and FIQ; default: stop. */
extern void (*guest_irq)(struct guest_frame *frame);

/* If set: asked first about each synchronous exception; true: it was dealt with. */
extern bool (*guest_synchronous)(struct guest_frame *frame, uint64_t vector);

/* A synchronous exception between probe_begin and probe_end is recorded, and execution goes on
 * behind the instruction (after an instruction abort: at the caller). */
struct guest_probe {
    bool armed;
    uint64_t count;
    uint64_t esr; /* the last one's */
    uint64_t far;
};
extern struct guest_probe guest_probe;

void probe_begin(void);
uint64_t probe_end(void); /* exceptions since probe_begin */

/* Reports and ends the partition; without a kernel: waits for ever. */
__attribute__((noreturn)) void guest_stop(const char *reason);

/* --- guest.c -------------------------------------------------------------------------------- */

struct hvc_result {
    uint64_t x[4];
};
struct hvc_result hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
struct hvc_result smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* True when HVC is answered by Bulkhead; asked once, by probing. */
bool guest_has_kernel(void);
uint64_t guest_partition_id(void);

static inline uint64_t counter_read(void)
{
    uint64_t value;

    __asm__ volatile("mrs %0, cntpct_el0" : "=r"(value) : : "memory");
    return value;
}

uint64_t counter_hz(void);
uint64_t ticks_from_ns(uint64_t ns);
uint64_t ns_from_ticks(uint64_t ticks);
void delay_until(uint64_t counter); /* returns at once when that is past */

/* About 200 instructions that touch nothing, then the counter (sled.S). */
uint64_t chunk(void);

/* Deterministic pseudo-random numbers; the seed comes from the partition's id. */
uint64_t random_next(void);
uint64_t random_below(uint64_t limit);

/* Identity map, 1 GiB blocks: the first one device memory, the second one normal memory. */
void mmu_on(void);
void mmu_off(void);

/* --- gic.c ---------------------------------------------------------------------------------- */

#define GICD_BASE 0x08000000UL
#define GICC_BASE 0x08010000UL
#define GICR_BASE 0x080a0000UL
#define UART_BASE 0x09000000UL

#define INTID_VIRT_TIMER 27U
#define INTID_PHYS_TIMER 30U
#define INTID_UART       33U
#define INTID_NONE       1023U

static inline uint32_t read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void write8(uint64_t address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

extern bool gic_is_v3;

void gic_detect(void); /* sets gic_is_v3 and touches nothing else */
void gic_init(void);
/* Address of the 32-bit word at `offset` of a one-bit-per-INTID register block: in the SGI frame of
 * the redistributor for private ones under GICv3, else in the distributor. */
uint64_t gic_word(uint64_t offset, uint32_t intid);
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
void gic_set_priority(uint32_t intid, uint8_t priority);
uint32_t gic_ack(void); /* IAR as read; INTID in the low 10 bits */
void gic_eoi(uint32_t iar);
void gic_sgi_self(uint32_t intid);

static inline void irq_unmask(void)
{
    __asm__ volatile("msr daifclr, #3" : : : "memory");
}

static inline void irq_mask(void)
{
    __asm__ volatile("msr daifset, #3" : : : "memory");
}

/* --- window.c ------------------------------------------------------------------------------- */

struct guest_window {
    uint64_t start_ticks;
    uint64_t duration_ticks;
    uint32_t frame;
    uint32_t index;
};

/* The present window as the kernel planned it; false without a kernel. */
bool window_read(struct guest_window *window);

/* Watches the counter for gaps.  After window_wait(): */
struct window_watch {
    struct guest_window window; /* the new one */
    uint64_t first_ticks;       /* first counter value seen in it */
    uint64_t last_ticks;        /* last one seen in the window before */
    bool exact;                 /* first_ticks was read by the window's very first instruction */
    uint64_t stolen_count;      /* gaps inside own windows, since the start */
    uint64_t stolen_max_ticks;
    uint64_t chunk_ticks;  /* what one undisturbed polling step takes */
    uint64_t margin_ticks; /* planned end less the last value seen: the guard, as learned */
    bool learned;          /* margin_ticks is exact enough for the sled */
};

void window_watch_begin(struct window_watch *watch);
void window_wait(struct window_watch *watch);

#endif
#endif
