/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the parts of the siblings guest share?  A rule is a named check, an area a table of
 * rules. vCPU 0 goes through them and gives one line for each; its siblings do errands, with MMU
 * and caches on everywhere.  No rule depends on when the vCPUs have their windows: together, in
 * turn, or not at all for a while; whoever waits gives up some day, and that is a verdict.
 */
#ifndef SIBLINGS_H
#define SIBLINGS_H

#include <guest.h>

#define VCPUS_MAX           8
#define SIBLING_STACK_SHIFT 12

/* struct found, for enter.S; main.c asserts the offsets. */
#define FOUND_X0         0
#define FOUND_CURRENT_EL 16
#define FOUND_SCTLR      32
#define FOUND_COUNT      48
#define FOUND_BYTES      56

#ifndef __ASSEMBLER__

struct rule {
    const char *name;
    void (*check)(void);
};

struct area {
    const char *prefix;
    const struct rule *rule;
    size_t count;
    bool siblings_on; /* they do errands meanwhile */
};

extern const struct area area_power;   /* power.c */
extern const struct area area_sgi;     /* sgi.c */
extern const struct area area_shared;  /* shared.c */
extern const struct area area_console; /* console.c */

/* --- main.c ----------------------------------------------------------------------------------- */

/* What a sibling found at its entry. */
struct found {
    uint64_t x0;
    uint64_t mpidr;
    uint64_t current_el;
    uint64_t daif;
    uint64_t sctlr;
    uint64_t too;   /* 1: by the second entry point */
    uint64_t count; /* entries so far */
};
extern volatile struct found sibling_found[VCPUS_MAX];

extern uint32_t vcpu_count;
extern uint64_t rounds; /* of what is done many times */

/* A rule fails with the first of its expectations that does not hold. */
void expect(bool holds, const char *what);
void expect_equal(const char *what, uint64_t is, uint64_t should);
/* The counter's value up to which to wait for what must come: not for long in a rule that has
 * failed. */
uint64_t patience(void);

/* --- errands.c: what siblings are told to do ---------------------------------------------------
 */

static inline uint32_t vcpu_index(void)
{
    return (uint32_t)sysreg_read(mpidr_el1) & 0xffU;
}

typedef uint64_t errand(uint64_t argument);

void sibling_enter(void); /* entry points (enter.S) */
void sibling_enter_too(void);
void sibling_main(uint64_t index) __attribute__((noreturn));

void errand_begin(uint32_t vcpu, errand *work, uint64_t argument);
uint64_t errand_end(uint32_t vcpu); /* its result */
uint64_t errand_do(uint32_t vcpu, errand *work, uint64_t argument);
/* All vCPUs, this one too, at the same time as far as the schedule has it so.  Sum of the results.
 */
uint64_t everybody_does(errand *work, uint64_t argument);
/* The same with vCPUs 0 to count - 1. */
uint64_t several_do(uint32_t count, errand *work, uint64_t argument);
/* In an errand of those: until `count` vCPUs have come to it. */
void meet(uint64_t count);

void siblings_start(void);
void sibling_goes_off(uint32_t vcpu); /* it is about to call CPU_OFF */
void siblings_stop(void);             /* CPU_OFF of all, and waits until they are off */

/* Runs until *value is at least `wanted`; false if it does not get there. */
bool wait_until_is(const volatile uint64_t *value, uint64_t wanted);
bool wait_until_off(uint32_t vcpu);
void wait_ns(uint64_t ns);

/* Pseudo-random numbers of the vCPU that calls. */
uint32_t dice(uint32_t limit);

#define PSCI_CPU_OFF       UINT64_C(0x84000002)
#define PSCI_CPU_ON_32     UINT64_C(0x84000003)
#define PSCI_CPU_ON        UINT64_C(0xc4000003)
#define PSCI_AFFINITY_INFO UINT64_C(0xc4000004)
#define PSCI_SYSTEM_OFF    UINT64_C(0x84000008)
#define PSCI_SYSTEM_RESET  UINT64_C(0x84000009)
#define PSCI_OK            0
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON         (-4)
#define ON_PENDING         (-5)
#define INVALID_ADDRESS    (-9)
#define AFFINITY_ON        0U
#define AFFINITY_OFF       1U

static inline int32_t psci(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return (int32_t)hvc(function, a1, a2, a3).x[0];
}

/* --- interrupts.c ----------------------------------------------------------------------------- */

#define GICD_CTLR       0x000U
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
#define GICD_SGIR       0xf00U
#define GICD_IROUTER    0x6000U

#define PPI_FREE  20U
#define SPI_FREE  80U /* and up to SPI_LAST; no device has them */
#define SPI_LAST  87U
#define INTID_END 128U
#define SGI_COUNT 16U
#define UART_ICR  0x44U
#define UART_IMSC 0x38U
#define UART_TX   0x20U

/* What each vCPU took, and from whom (GICv2, SGIs). */
extern volatile uint64_t taken[VCPUS_MAX][INTID_END];
extern volatile uint64_t taken_from[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
/* SGIs that each vCPU has sent to each, and how many of them when the last one was taken there. */
extern volatile uint64_t sent[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
extern volatile uint64_t seen[VCPUS_MAX][VCPUS_MAX][SGI_COUNT];
extern volatile uint64_t taken_nothing[VCPUS_MAX]; /* interrupts that were gone when asked for */
/* While it is this INTID, whoever takes it stays in its handler; held says that someone does. */
extern volatile uint64_t hold;
#define HOLD_NOTHING UINT64_MAX
extern volatile uint64_t held;
/* What to do in the handler of SGI_FREE; NULL: nothing. */
extern void (*volatile on_sgi)(void);

void interrupts_init(void);     /* vCPU 0, before its siblings */
void interrupts_init_own(void); /* each vCPU; leaves them masked in PSTATE */
/* Every SPI of SPI_FREE to SPI_LAST disabled, not pending, edge, to vCPU 0. */
void interrupts_quiet(void);

/* The register of `intid` in the block at `offset`, with a bit each; `of`: whose, if it is private.
 */
uint64_t gic_bits(uint32_t offset, uint32_t intid, uint32_t of);
void set_bit(uint32_t offset, uint32_t intid);
bool is_bit(uint32_t offset, uint32_t intid);
void set_target(uint32_t intid, uint32_t vcpu);
void send_sgi(uint32_t intid, uint32_t vcpu); /* counted in sent[] */
void send_sgi_others(uint32_t intid);

/* The same with WFI.  Interrupts are masked before and behind. */
bool sleep_until_is(const volatile uint64_t *value, uint64_t wanted);

static inline void write64(uint64_t address, uint64_t value)
{
    __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
}

#endif
#endif
