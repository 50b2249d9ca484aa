/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does vCPU 0 have its siblings do something?  By an errand in memory, for which each of them
 * looks, with interrupts open.
 */
#include "siblings.h"

#define LOOKS  50U
#define NAP_NS UINT64_C(200000)

static struct {
    errand *volatile work;
    volatile uint64_t argument;
    volatile uint64_t result;
    volatile uint64_t begun; /* errands */
    volatile uint64_t done;
    uint64_t dice;
} of[VCPUS_MAX];

static volatile uint64_t met;

/* Runs for a while and sleeps for a while, by its timer: under an emulator with fewer CPUs than
 * this machine has, who only looks must not take the time of who works. */
static void nap(void)
{
    for (uint32_t i = 0; i < LOOKS; i++) {
        chunk();
    }
    irq_mask(); /* else the timer could fire before WFI, which nothing would end then */
    sysreg_write(cntv_cval_el0, counter_read() + ticks_from_ns(NAP_NS));
    sysreg_write(cntv_ctl_el0, 1);
    isb();
    insn("wfi");
    irq_unmask();
    isb();
}

void sibling_main(uint64_t index)
{
    interrupts_init_own();
    irq_unmask();
    for (;;) {
        while (of[index].done == of[index].begun) {
            nap();
        }
        sysreg_write(cntv_ctl_el0, 0);
        dsb();
        of[index].result = of[index].work(of[index].argument);
        dsb();
        of[index].done = of[index].begun;
    }
}

void errand_begin(uint32_t vcpu, errand *work, uint64_t argument)
{
    of[vcpu].work = work;
    of[vcpu].argument = argument;
    dsb();
    of[vcpu].begun++;
}

uint64_t errand_end(uint32_t vcpu)
{
    if (!wait_until_is(&of[vcpu].done, of[vcpu].begun)) {
        expect(false, "a sibling does not answer");
        return UINT64_MAX;
    }
    dsb();
    return of[vcpu].result;
}

uint64_t errand_do(uint32_t vcpu, errand *work, uint64_t argument)
{
    errand_begin(vcpu, work, argument);
    return errand_end(vcpu);
}

uint64_t several_do(uint32_t count, errand *work, uint64_t argument)
{
    uint64_t sum;

    met = 0;
    dsb();
    for (uint32_t v = 1; v < count; v++) {
        errand_begin(v, work, argument);
    }
    sum = work(argument);
    for (uint32_t v = 1; v < count; v++) {
        sum += errand_end(v);
    }
    return sum;
}

uint64_t everybody_does(errand *work, uint64_t argument)
{
    return several_do(vcpu_count, work, argument);
}

void meet(uint64_t count)
{
    (void)__atomic_fetch_add(&met, 1, __ATOMIC_SEQ_CST);
    (void)wait_until_is(&met, count);
}

/* Nobody comes back to say that it is done. */
static uint64_t go_off(uint64_t argument)
{
    uint32_t index = vcpu_index();

    irq_mask();
    of[index].done = of[index].begun;
    dsb();
    hvc(PSCI_CPU_OFF, 0, 0, 0);
    print("siblings: CPU_OFF came back\n");
    return argument;
}

void sibling_goes_off(uint32_t vcpu)
{
    (void)errand_do(vcpu, go_off, 0);
}

void siblings_start(void)
{
    for (uint32_t v = 1; v < vcpu_count; v++) {
        uint64_t count = sibling_found[v].count;

        expect_equal("CPU_ON", (uint64_t)psci(PSCI_CPU_ON, v, (uint64_t)sibling_enter, v), PSCI_OK);
        expect(wait_until_is(&sibling_found[v].count, count + 1), "a sibling does not begin");
    }
}

void siblings_stop(void)
{
    for (uint32_t v = 1; v < vcpu_count; v++) {
        sibling_goes_off(v);
    }
    for (uint32_t v = 1; v < vcpu_count; v++) {
        expect(wait_until_off(v), "a sibling does not go off");
    }
}

bool wait_until_is(const volatile uint64_t *value, uint64_t wanted)
{
    uint64_t limit = patience();

    while (*value < wanted) {
        if (chunk() > limit) {
            return false;
        }
        insn("yield");
    }
    dsb();
    return true;
}

bool wait_until_off(uint32_t vcpu)
{
    uint64_t limit = patience();

    while (psci(PSCI_AFFINITY_INFO, vcpu, 0, 0) != AFFINITY_OFF) {
        if (chunk() > limit) {
            return false;
        }
    }
    return true;
}

void wait_ns(uint64_t ns)
{
    uint64_t until = counter_read() + ticks_from_ns(ns);

    while (chunk() < until) {
        insn("yield");
    }
}

uint32_t dice(uint32_t limit)
{
    uint64_t *state = &of[vcpu_index()].dice;

    if (*state == 0) {
        *state = UINT64_C(0x9e3779b97f4a7c15) * (vcpu_index() + 1);
    }
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % limit;
}
