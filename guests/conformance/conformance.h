/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the parts of the conformance guest share?  A rule is a named check with the section it
 * comes from, an area a table of rules about one thing.  Each rule starts from a quiet machine
 * (interrupts_quiet()) and gives one line:
 *
 *     conformance: gicd-isenabler-set-only-ones pass IHI0048B 4.3.5
 *     conformance: gicd-isenabler-set-only-ones FAIL IHI0048B 4.3.5: WHAT: is 0, should be 20
 *
 * The same binary runs in a partition and natively at EL1 on plain QEMU virt, linked where QEMU
 * puts a flat binary.  It asks nobody where it is, and no rule depends on it.  Interrupts stay
 * masked in PSTATE, but where a rule is about taking them: ISR_EL1 tells whether one is signalled.
 *
 * Two CPUs: main() runs on CPU 0; CPU 1 is off, but while an errand of CPU 0's runs there.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

/* struct second_entry, for enter.S; second.c asserts the offsets. */
#define ENTRY_X0         0
#define ENTRY_MPIDR      8
#define ENTRY_CURRENT_EL 16
#define ENTRY_DAIF       24
#define ENTRY_SCTLR      32
#define ENTRY_COUNT      40

#ifndef __ASSEMBLER__
#include <guest.h>

/* Why a rule is not asked of a GIC of this version. */
#define NOT_HERE NULL
#define V2(text) "IHI0048B " text
#define V3(text) "IHI0069H " text

struct rule {
    const char *name;
    const char *v2; /* the section, for a machine with a GICv2, or NOT_HERE */
    const char *v3;
    void (*check)(const void *subject);
};

struct area {
    const char *prefix;
    const struct rule *rule;
    size_t count;
    const void *subject; /* handed to each check */
    bool needs_two;      /* CPUs; left out on a machine of one */
    bool second_on;      /* CPU 1 runs errands meanwhile */
};

extern const struct area area_start;         /* start.c */
extern const struct area area_distributor;   /* distributor.c */
extern const struct area area_redistributor; /* redistributor.c */
extern const struct area area_v2_interface;  /* v2_interface.c */
extern const struct area area_v3_interface;  /* v3_interface.c */
extern const struct area area_delivery;      /* delivery.c */
extern const struct area area_priority;      /* priority.c */
extern const struct area area_end;           /* end.c */
extern const struct area area_sgi;           /* sgi.c */
extern const struct area area_shared;        /* shared.c */
extern const struct area area_uart;          /* uart.c */
extern const struct area area_psci;          /* psci.c */
extern const struct area area_power;         /* power.c */
extern const struct area area_virtual_timer; /* timer.c */
extern const struct area area_physical_timer;
extern const struct area area_timer_access; /* timer_access.c */

/* --- main.c: verdicts ------------------------------------------------------------------------ */

/* A rule fails with the first of its expectations that does not hold. */
void expect(bool holds, const char *what);
void expect_equal(const char *what, uint64_t is, uint64_t should);

/* Exceptions since the last call: main() expects none to be left. */
static inline uint64_t exceptions_taken(void)
{
    uint64_t count = guest_probe.count;

    guest_probe.count = 0;
    return count;
}

/* --- start.c ---------------------------------------------------------------------------------- */

void start_look(void);  /* before anything is changed */
void start_spoil(void); /* leaves nothing as it was */

/* --- interrupts.c: one way to use both GICs -------------------------------------------------- */

/* Register blocks of distributor and SGI frame (IHI0048B table 4-1, IHI0069H table 12-25). */
#define GICD_CTLR       0x000U
#define GICD_TYPER      0x004U
#define GICD_IIDR       0x008U
#define GICD_IGROUPR    0x080U
#define GICD_ISENABLER  0x100U
#define GICD_ICENABLER  0x180U
#define GICD_ISPENDR    0x200U
#define GICD_ICPENDR    0x280U
#define GICD_ISACTIVER  0x300U
#define GICD_ICACTIVER  0x380U
#define GICD_IPRIORITYR 0x400U
#define GICD_ITARGETSR  0x800U
#define GICD_ICFGR      0xc00U
#define GICD_NSACR      0xe00U
#define GICD_SGIR       0xf00U
#define GICD_CPENDSGIR  0xf10U
#define GICD_SPENDSGIR  0xf20U
#define GICD_IROUTER    0x6000U

#define GICR_STRIDE    0x20000U
#define GICR_SGI_FRAME 0x10000U

#define GICC_CTLR   0x0000U
#define GICC_PMR    0x0004U
#define GICC_BPR    0x0008U
#define GICC_IAR    0x000cU
#define GICC_EOIR   0x0010U
#define GICC_RPR    0x0014U
#define GICC_HPPIR  0x0018U
#define GICC_ABPR   0x001cU
#define GICC_AIAR   0x0020U
#define GICC_AEOIR  0x0024U
#define GICC_AHPPIR 0x0028U
#define GICC_APR    0x00d0U
#define GICC_IIDR   0x00fcU
#define GICC_DIR    0x1000U

/* Interrupts that no device of the machine drives, native or virtual: a PPI and SPIs. */
#define PPI_FREE        20U
#define SPI_FREE        80U /* and up to SPI_LAST */
#define SPI_LAST        127U
#define SGI_FREE        5U
#define IDLE_RPR        0xffU
#define PRIORITY(level) ((uint8_t)((level) << 3)) /* five bits are implemented at least here */

/* Everything disabled, inactive, not pending; timers and UART interrupts off; SPIs above 63 edge
 * triggered, to CPU 0, all of one group that is delivered as IRQ; EOImode 0; everything passes. */
void interrupts_quiet(void);
/* What of that concerns the CPU that calls: CPU interface, SGIs and PPIs. */
void interrupts_quiet_own(void);

uint32_t cpu_index(void);

/* Address of the register of `intid` in the block at `offset`: of one bit each, one byte each
 * (priority, target), or two bits each (configuration); private ones are the calling CPU's. */
uint64_t gic_bits(uint32_t offset, uint32_t intid);
uint64_t gic_byte(uint32_t offset, uint32_t intid);
uint64_t gic_config(uint32_t intid);

void set_bit(uint32_t offset, uint32_t intid); /* a write of one 1 */
bool is_bit(uint32_t offset, uint32_t intid);
void set_edge(uint32_t intid, bool edge);
void set_priority(uint32_t intid, uint8_t priority);
void set_target(uint32_t intid, uint32_t cpu);
static inline void enable(uint32_t intid)
{
    set_bit(GICD_ISENABLER, intid);
}
static inline void pend(uint32_t intid)
{
    set_bit(GICD_ISPENDR, intid);
}
static inline bool is_pending(uint32_t intid)
{
    return is_bit(GICD_ISPENDR, intid);
}
static inline bool is_active(uint32_t intid)
{
    return is_bit(GICD_ISACTIVER, intid);
}

uint32_t acknowledge(void); /* the INTID; GICv2: with the source CPU above it */
void end(uint32_t acknowledged);
void deactivate(uint32_t acknowledged);
void send_sgi(uint32_t intid, uint32_t cpus); /* a bit for each CPU */
void set_eoimode(bool separate);
void set_mask(uint32_t priority); /* PMR */
void set_binary_point(uint32_t value);
uint32_t running_priority(void);
uint32_t highest_pending(void);

bool irq_signalled(void); /* waits a little for it to be */
bool fiq_signalled(void);

/* Signalled, and acknowledged as `intid`; expects it. */
void expect_taken(const char *what, uint32_t intid);
/* Not signalled, and nothing to acknowledge. */
void expect_none(const char *what);
/* As expect_taken(), ended at once. */
void expect_taken_ended(const char *what, uint32_t intid);
/* Neither pending, nor active, nor signalled. */
void expect_idle(const char *what, uint32_t intid);

/* Many SPIs from SPI_FREE on, acknowledged and dropped, of any priority: more than list registers
 * hold.  Their end, in EOImode 1. */
#define MANY 20U
void many_active(void);
void many_deactivate(void);

/* Spins. */
void wait_ns(uint64_t ns);
/* More than one window and pause of any schedule that this guest is shown on. */
#define SEVERAL_WINDOWS_NS UINT64_C(3500000)

static inline uint8_t read8(uint64_t address)
{
    uint8_t value;

    __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline uint16_t read16(uint64_t address)
{
    uint16_t value;

    __asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline uint64_t read64(uint64_t address)
{
    uint64_t value;

    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void write16(uint64_t address, uint16_t value)
{
    __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void write64(uint64_t address, uint64_t value)
{
    __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

/* --- second.c: CPU 1 -------------------------------------------------------------------------- */

/* What CPU 1 found at its entry. */
struct second_entry {
    uint64_t x0;
    uint64_t mpidr;
    uint64_t current_el;
    uint64_t daif;
    uint64_t sctlr;
    uint64_t count; /* entries so far */
};
extern volatile struct second_entry second_entry;

#define PSCI_CPU_ON        UINT64_C(0xc4000003)
#define PSCI_CPU_OFF       UINT64_C(0x84000002)
#define PSCI_AFFINITY_INFO UINT64_C(0xc4000004)
#define PSCI_SYSTEM_OFF    UINT64_C(0x84000008)
#define PSCI_SYSTEM_RESET  UINT64_C(0x84000009)

uint32_t cpu_count(void); /* that PSCI knows */
void second_expect(void); /* before CPU_ON by the caller */
void second_await(void);  /* until it waits for errands */
void second_start(void);  /* all of that */
uint64_t second_do(uint64_t (*errand)(uint64_t), uint64_t argument);
void second_begin_errand(uint64_t (*errand)(uint64_t), uint64_t argument);
uint64_t second_end_errand(void);
void second_stop(void); /* CPU_OFF, and waits until it is off */

/* --- enter.S ---------------------------------------------------------------------------------- */

void second_begin(void); /* CPU 1's entry point; x0 goes to second_entry */

struct el0_result {
    uint64_t esr;
    uint64_t x0;
};
/* Runs `code` at EL0, with x0, to its first exception. */
void el0_run(const void *code, uint64_t x0, struct el0_result *result);

#endif
#endif
