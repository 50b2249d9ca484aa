/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do rules use a second CPU?  CPU 1 waits for errands in memory, with caches off on both sides.
 * In a partition it may run in its own windows only, natively it takes turns with CPU 0: either
 * waits for the other with YIELD, which is where QEMU changes CPUs.
 */
#include "conformance.h"

#define CPUS_MAX        8U
#define AFFINITY_ON     0U
#define AFFINITY_OFF    1U
#define ANSWER_LIMIT_NS UINT64_C(100000000)

_Static_assert(offsetof(struct second_entry, x0) == ENTRY_X0, "enter.S");
_Static_assert(offsetof(struct second_entry, mpidr) == ENTRY_MPIDR, "enter.S");
_Static_assert(offsetof(struct second_entry, current_el) == ENTRY_CURRENT_EL, "enter.S");
_Static_assert(offsetof(struct second_entry, daif) == ENTRY_DAIF, "enter.S");
_Static_assert(offsetof(struct second_entry, sctlr) == ENTRY_SCTLR, "enter.S");
_Static_assert(offsetof(struct second_entry, count) == ENTRY_COUNT, "enter.S");

void second_main(void);

volatile struct second_entry second_entry;

static struct {
    uint64_t (*volatile errand)(uint64_t);
    volatile uint64_t argument;
    volatile uint64_t result;
    volatile bool ready; /* CPU 1 waits for errands */
} mail;

void second_main(void)
{
    interrupts_quiet_own();
    mail.ready = true;
    for (;;) {
        while (mail.errand == NULL) {
            chunk();
            insn("yield");
        }
        dsb();
        mail.result = mail.errand(mail.argument);
        dsb();
        mail.errand = NULL;
    }
}

uint32_t cpu_count(void)
{
    uint32_t count = 0;

    while (count < CPUS_MAX && (int64_t)hvc(PSCI_AFFINITY_INFO, count, 0, 0).x[0] >= 0) {
        count++;
    }
    return count;
}

/* Runs until `holds` or the limit; CPU 1 gets its turn meanwhile. */
static bool wait_until(bool (*holds)(void))
{
    uint64_t limit = counter_read() + ticks_from_ns(ANSWER_LIMIT_NS);

    while (!holds()) {
        if (chunk() > limit) {
            return false;
        }
        insn("yield");
    }
    dsb();
    return true;
}

static bool is_ready(void)
{
    return mail.ready;
}

static bool is_answered(void)
{
    return mail.errand == NULL;
}

static bool is_off(void)
{
    return hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0] == AFFINITY_OFF;
}

void second_expect(void)
{
    mail.ready = false;
    mail.errand = NULL;
    dsb();
}

void second_await(void)
{
    expect(wait_until(is_ready), "CPU 1 does not begin");
}

void second_start(void)
{
    second_expect();
    expect_equal("CPU_ON", hvc(PSCI_CPU_ON, 1, (uint64_t)second_begin, 0).x[0], 0);
    second_await();
}

void second_begin_errand(uint64_t (*errand)(uint64_t), uint64_t argument)
{
    mail.argument = argument;
    dsb();
    mail.errand = errand;
    dsb();
}

uint64_t second_end_errand(void)
{
    if (!wait_until(is_answered)) {
        expect(false, "CPU 1 does not answer");
        return UINT64_MAX;
    }
    return mail.result;
}

uint64_t second_do(uint64_t (*errand)(uint64_t), uint64_t argument)
{
    second_begin_errand(errand, argument);
    return second_end_errand();
}

static uint64_t go_off(uint64_t argument)
{
    interrupts_quiet_own();
    mail.errand = NULL; /* nobody comes back to say so */
    dsb();
    hvc(PSCI_CPU_OFF, 0, 0, 0);
    return argument;
}

void second_stop(void)
{
    second_do(go_off, 0);
    expect(wait_until(is_off), "CPU 1 does not go off");
}
