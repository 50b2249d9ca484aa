/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What else does a guest need?  Hypercalls, the counter in nanoseconds, pseudo-random numbers, an
 * identity map.
 */
#include "guest.h"

#include <bulkhead/abi.h>

_Static_assert(offsetof(struct guest_boot, sp) == BOOT_SP, "start.S");
_Static_assert(offsetof(struct guest_boot, daif) == BOOT_DAIF, "start.S");
_Static_assert(offsetof(struct guest_boot, vbar) == BOOT_VBAR, "start.S");
_Static_assert(offsetof(struct guest_boot, counter) == BOOT_COUNTER, "start.S");
_Static_assert(offsetof(struct guest_boot, fpcr) == BOOT_FPCR, "start.S");
_Static_assert(offsetof(struct guest_boot, q) == BOOT_Q, "start.S");
_Static_assert(sizeof(struct guest_boot) == BOOT_BYTES, "start.S");

/* More than chunk() takes on any machine with a counter of 1 GHz or less. */
#define DELAY_CHUNK_TICKS 256

#define NS_PER_SECOND UINT64_C(1000000000)

extern uint64_t guest_page_table[512];

struct hvc_result hvc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    return (struct hvc_result){{x0, x1, x2, x3}};
}

struct hvc_result smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    return (struct hvc_result){{x0, x1, x2, x3}};
}

bool guest_has_kernel(void)
{
    static enum { UNKNOWN, ABSENT, PRESENT } state;

    if (state == UNKNOWN) {
        struct guest_probe outer = guest_probe;
        struct hvc_result result;

        probe_begin();
        result = hvc(BH_PARTITION_ID, 0, 0, 0);
        state = probe_end() == 0 && result.x[0] != (uint64_t)SMCCC_NOT_SUPPORTED ? PRESENT : ABSENT;
        guest_probe = outer;
    }
    return state == PRESENT;
}

uint64_t guest_partition_id(void)
{
    return guest_has_kernel() ? hvc(BH_PARTITION_ID, 0, 0, 0).x[0] : 0;
}

uint64_t counter_hz(void)
{
    return sysreg_read(cntfrq_el0);
}

/* Both conversions are for spans below 2^64 / 10^9 ticks or ns: 18 seconds at 1 GHz. */
uint64_t ticks_from_ns(uint64_t ns)
{
    return ns * counter_hz() / NS_PER_SECOND;
}

uint64_t ns_from_ticks(uint64_t ticks)
{
    return ticks * NS_PER_SECOND / counter_hz();
}

void delay_until(uint64_t counter)
{
    /* Reading the counter is slow under QEMU's icount: far off, every 200 instructions will do. */
    while ((int64_t)(counter - counter_read()) > DELAY_CHUNK_TICKS) {
        chunk();
    }
    while ((int64_t)(counter_read() - counter) < 0) {
    }
}

uint64_t random_next(void)
{
    static uint64_t state;

    if (state == 0) {
        state = UINT64_C(0x9e3779b97f4a7c15) * (guest_partition_id() + 1);
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint64_t random_below(uint64_t limit)
{
    return random_next() % limit;
}

/* Block descriptors of level 1 (Arm ARM D8.3): AF, SH inner, AttrIndx 0 = device, 1 = normal. */
#define BLOCK          UINT64_C(1)
#define BLOCK_ACCESSED BIT(10)
#define BLOCK_SHARED   (UINT64_C(3) << 8)
#define BLOCK_INDEX(n) ((uint64_t)(n) << 2)
#define BLOCK_PXN      BIT(53)
#define BLOCK_UXN      BIT(54)

/* SCTLR_EL1 (D17.2.118): M, C, I. */
#define SCTLR_MMU (BIT(0) | BIT(2) | BIT(12))

void mmu_on(void)
{
    uint64_t flags = BLOCK | BLOCK_ACCESSED | BLOCK_SHARED;

    for (unsigned i = 0; i < 512; i++) {
        guest_page_table[i] = 0;
    }
    guest_page_table[0] = flags | BLOCK_INDEX(0) | BLOCK_PXN | BLOCK_UXN;
    guest_page_table[1] = flags | BLOCK_INDEX(1) | BIT(30) | BLOCK_UXN;
    dsb();
    sysreg_write(mair_el1, GUEST_MAIR);
    sysreg_write(tcr_el1, GUEST_TCR);
    sysreg_write(ttbr0_el1, (uint64_t)guest_page_table);
    isb();
    insn("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb");
    sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) | SCTLR_MMU);
    isb();
}

void mmu_off(void)
{
    sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) & ~SCTLR_MMU);
    isb();
    insn("tlbi vmalle1\n\tdsb nsh\n\tisb");
}
