/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can a guest reach?  A guest that tries everything that docs/attack-surface.md says is closed
 * and prints one line per row: "probe: PASS name" or "probe: FAIL name detail".
 */
#include "probe.h"

#include <bulkhead/abi.h>

/* A line takes its time on the one UART, and a ring that is full loses characters. */
#define LINE_PAUSE_NS UINT64_C(2000000)

static const char *check_name;
static unsigned int failure_count; /* of the present check */
static unsigned int passed_count;
static unsigned int failed_count;

static uint32_t slot[2] __attribute__((aligned(64)));
static uint32_t sequence_slot[10] __attribute__((aligned(64)));

void check_begin(const char *name)
{
    check_name = name;
    failure_count = 0;
}

void check_that(bool holds, const char *what, const char *format, uint64_t a, uint64_t b)
{
    if (!holds && failure_count++ == 0) {
        print("probe: FAIL %s %s ", check_name, what);
        print(format, a, b);
        print("\n");
    }
}

void check_end(void)
{
    if (failure_count == 0) {
        passed_count++;
        print("probe: PASS %s\n", check_name);
    } else {
        failed_count++;
    }
    delay_until(counter_read() + ticks_from_ns(LINE_PAUSE_NS));
}

/* Makes words that were just written visible to instruction fetch (Arm ARM B2.4.4). */
static void make_executable(const uint32_t *word, size_t word_count)
{
    for (size_t i = 0; i < word_count; i++) {
        __asm__ volatile("dc cvau, %0" : : "r"(&word[i]) : "memory");
    }
    dsb();
    for (size_t i = 0; i < word_count; i++) {
        __asm__ volatile("ic ivau, %0" : : "r"(&word[i]) : "memory");
    }
    dsb();
    isb();
}

#define WORD_RET UINT32_C(0xd65f03c0)

uint64_t execute(uint32_t word, uint64_t *x0)
{
    uint64_t (*call)(uint64_t) = (uint64_t(*)(uint64_t))(uintptr_t)slot;

    slot[0] = word;
    slot[1] = WORD_RET;
    make_executable(slot, countof(slot));
    probe_begin();
    *x0 = call(*x0);
    return probe_end() == 0 ? 0 : guest_probe.esr;
}

uint64_t sequence(const uint32_t *word, size_t word_count)
{
    for (size_t i = 0; i < word_count && i < countof(sequence_slot); i++) {
        sequence_slot[i] = word[i];
    }
    make_executable(sequence_slot, countof(sequence_slot));
    return (uint64_t)sequence_slot;
}

int main(void)
{
    gic_init();
    print("probe: begin, MIDR_EL1 %08lx\n", sysreg_read(midr_el1));
    check_registers();
    check_id_registers();
    check_calls();
    check_behaviour();
    check_levels();
    print("probe: done %u passed %u failed\n", passed_count, failed_count);
    delay_until(counter_read() + ticks_from_ns(LINE_PAUSE_NS));
    hvc(BH_STOP, 0, 0, 0);
    print("probe: FAIL stop returned\n");
    return 0;
}
