/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a partition have the features of the CPU that it was granted, for itself, and nobody else
 * anything of them?  Parameter 0: the features (FEATURE_... of bulkhead/module.h) that it was
 * granted; 1: up to which frame a life ends with a reset; 2: what makes its values its own; 3: not
 * 0 if vCPU 1 is to go through what needs no interrupt of its own, too, beside what vCPU 0 keeps.
 *
 *     features: life frame=N
 *     features: case=NAME ok
 *     features: case=NAME FAILED VALUE WANTED
 *     features: end
 *
 * Frames of 1 ms, in which it has one window of at least 200 us.
 */
#include "features.h"

#include <bulkhead/abi.h>

#define FEATURE_PMU       BIT(0)
#define FEATURE_DEBUG     BIT(1)
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_CPU_ON       0xc4000003
#define EC_SHIFT          26
#define EC_SVC64          0x15U
#define SVC_RETURN        0x5a5U
#define VECTOR_LOWER      8U
#define PSTATE_EL1H_DAIF  UINT64_C(0x3c5)
#define PSTATE_EL0_DAIF   UINT64_C(0x3c0)
#define PSTATE_SS         BIT(21)
#define EL0_STACK_WORDS   512U

uint64_t el0_call(uint64_t (*function)(uint64_t argument), uint64_t argument, uint64_t stack,
                  uint64_t pstate);
extern char el0_back[];

struct window_watch watch;
volatile uint64_t taken[32];
void (*on_taken)(uint32_t intid);
static volatile bool second_done;
bool (*on_exception)(struct guest_frame *frame, uint64_t vector);

void judge(const char *name, bool right, uint64_t value, uint64_t wanted)
{
    if (right) {
        print("features: case=%s ok\n", name);
    } else {
        print("features: case=%s FAILED %lx %lx\n", name, value, wanted);
    }
}

static void on_irq(struct guest_frame *frame unused)
{
    uint32_t iar = gic_ack();
    uint32_t intid = iar & 1023U;

    if (intid >= countof(taken)) {
        return;
    }
    taken[intid]++;
    if (on_taken != NULL) {
        on_taken(intid);
    }
    gic_eoi(iar);
}

static bool on_synchronous(struct guest_frame *frame, uint64_t vector)
{
    if (vector == VECTOR_LOWER &&
        (frame->esr & 0xfc00ffffU) == ((uint64_t)EC_SVC64 << EC_SHIFT | SVC_RETURN)) {
        frame->elr = (uint64_t)el0_back;
        frame->spsr = PSTATE_EL1H_DAIF;
        return true;
    }
    return on_exception != NULL && on_exception(frame, vector);
}

static uint64_t call_el0(uint64_t (*function)(uint64_t argument), uint64_t argument,
                         uint64_t pstate)
{
    static uint64_t stack[EL0_STACK_WORDS];

    return el0_call(function, argument, (uint64_t)&stack[EL0_STACK_WORDS], pstate);
}

uint64_t at_el0(uint64_t (*function)(uint64_t argument), uint64_t argument)
{
    return call_el0(function, argument, PSTATE_EL0_DAIF);
}

uint64_t at_el0_stepped(uint64_t (*function)(uint64_t argument), uint64_t argument)
{
    return call_el0(function, argument, PSTATE_EL0_DAIF | PSTATE_SS);
}

static void go_through(bool with_interrupts)
{
    window_watch_begin(&watch);
    print("features: life frame=%u\n", watch.window.frame);
    window_wait(&watch);
    if ((guest_params.word[0] & FEATURE_PMU) != 0) {
        pmu_owner(with_interrupts);
    } else if (with_interrupts) {
        pmu_absent();
    }
    if ((guest_params.word[0] & FEATURE_DEBUG) != 0) {
        debug_owner();
    } else {
        debug_absent();
    }
}

void features_second(void)
{
    go_through(false);
    second_done = true;
    dsb();
    for (;;) {
        insn("wfi");
    }
}

/* While the other vCPU goes through all. */
static void keep_beside_second(void)
{
    if ((guest_params.word[0] & FEATURE_PMU) != 0) {
        pmu_keep();
    }
    if ((guest_params.word[0] & FEATURE_DEBUG) != 0) {
        debug_keep();
    }
    hvc(PSCI_CPU_ON, 1, (uint64_t)features_second_entry, 0);
    while (!second_done) {
    }
    if ((guest_params.word[0] & FEATURE_PMU) != 0) {
        pmu_kept("first_counters", "first_settings");
    }
    if ((guest_params.word[0] & FEATURE_DEBUG) != 0) {
        debug_kept("first_debug");
    }
}

int main(void)
{
    uint64_t granted = guest_params.word[0];

    guest_irq = on_irq;
    guest_synchronous = on_synchronous;
    gic_init();
    go_through(true);
    if (guest_params.word[3] != 0) {
        keep_beside_second();
    }
    if (watch.window.frame < guest_params.word[1]) {
        if ((granted & FEATURE_PMU) != 0) {
            pmu_spoil();
        }
        if ((granted & FEATURE_DEBUG) != 0) {
            debug_spoil();
        }
        hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
    print("features: end\n");
    for (;;) {
        insn("wfi");
    }
}
