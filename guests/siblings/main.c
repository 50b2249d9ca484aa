/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a partition whose vCPUs are on several cores one machine?  Parameter 0: what to do (enum
 * life), 1: rounds of what is done many times (0 = 50), 2: major frame from which on it does not
 * reset itself any more, 3: areas to check, a bit for each (0: all).
 *
 *     siblings: begin vcpus=N gic=N frame=N
 *     siblings: RULE pass took_ms=N
 *     siblings: RULE FAIL took_ms=N: WHAT[: is N, should be N]
 *     siblings: end pass|FAIL rules=N failed=N nothing=N
 *
 * nothing: interrupts that were gone when they were asked for.  Other lives:
 *
 *     siblings: life frame=N          begins; all vCPUs run
 *     siblings: alone                 vCPU 0 goes on when the others are off
 *     siblings: storm sent=N          every 20 ms or so
 */
#include "siblings.h"

#define ROUNDS_DEFAULT 50U
#define PATIENCE_NS    UINT64_C(8000000000)
#define HURRY_NS       UINT64_C(50000000)
#define LIFE_NS        UINT64_C(2000000)
#define NS_PER_MS      1000000U
#define STORM_NS       UINT64_C(20000000)

enum life { CHECKS, RESET_BY_SIBLING, OFF_BY_SIBLING, SIBLING_OFF, STORM, ALL_OFF };

_Static_assert(offsetof(struct found, x0) == FOUND_X0, "enter.S");
_Static_assert(offsetof(struct found, current_el) == FOUND_CURRENT_EL, "enter.S");
_Static_assert(offsetof(struct found, sctlr) == FOUND_SCTLR, "enter.S");
_Static_assert(offsetof(struct found, count) == FOUND_COUNT, "enter.S");
_Static_assert(sizeof(struct found) == FOUND_BYTES, "enter.S");

volatile struct found sibling_found[VCPUS_MAX];
uint32_t vcpu_count;
uint64_t rounds;

static const struct area *const areas[] = {&area_power, &area_sgi, &area_shared, &area_console};

static volatile bool holds_so_far;
static const char *failed_what;
static bool failed_has_values;
static uint64_t failed_is;
static uint64_t failed_should;
static uint32_t rule_count;
static uint32_t failed_count;

static void fail(const char *what, bool has_values, uint64_t is, uint64_t should)
{
    if (holds_so_far) {
        holds_so_far = false;
        failed_what = what;
        failed_has_values = has_values;
        failed_is = is;
        failed_should = should;
    }
}

void expect(bool holds, const char *what)
{
    if (!holds) {
        fail(what, false, 0, 0);
    }
}

void expect_equal(const char *what, uint64_t is, uint64_t should)
{
    if (is != should) {
        fail(what, true, is, should);
    }
}

uint64_t patience(void)
{
    return counter_read() + ticks_from_ns(holds_so_far ? PATIENCE_NS : HURRY_NS);
}

static void rule_check(const struct area *area, const struct rule *rule)
{
    uint64_t begun = counter_read();

    holds_so_far = true;
    irq_mask();
    interrupts_quiet();
    rule->check();
    irq_mask();
    interrupts_quiet();
    rule_count++;
    failed_count += !holds_so_far;
    print("siblings: %s-%s %s took_ms=%lu", area->prefix, rule->name,
          holds_so_far ? "pass" : "FAIL", ns_from_ticks(counter_read() - begun) / NS_PER_MS);
    if (!holds_so_far) {
        print(": %s", failed_what);
        if (failed_has_values) {
            print(": is %lx, should be %lx", failed_is, failed_should);
        }
    }
    print("\n");
}

static void check_all(void)
{
    uint64_t nothing = 0;

    for (size_t a = 0; a < countof(areas); a++) {
        if (guest_params.word[3] != 0 && (guest_params.word[3] >> a & 1U) == 0) {
            continue;
        }
        if (areas[a]->siblings_on) {
            siblings_start();
        }
        for (size_t i = 0; i < areas[a]->count; i++) {
            rule_check(areas[a], &areas[a]->rule[i]);
        }
        if (areas[a]->siblings_on) {
            siblings_stop();
        }
    }
    for (uint32_t v = 0; v < vcpu_count; v++) {
        nothing += taken_nothing[v];
    }
    print("siblings: end %s rules=%u failed=%u nothing=%lu\n", failed_count == 0 ? "pass" : "FAIL",
          rule_count, failed_count, nothing);
}

/* --- other lives --------------------------------------------------------------------------------
 */

static uint64_t spin(uint64_t argument)
{
    for (;;) {
        send_sgi(dice(SGI_COUNT), dice(vcpu_count));
    }
    return argument;
}

static uint64_t call_after_a_while(uint64_t function)
{
    wait_ns(LIFE_NS);
    irq_mask();
    hvc(function, 0, 0, 0);
    print("siblings: call %lx came back\n", function);
    return 0;
}

/* The last one ends it for all, who are busy. */
static void end_by_sibling(uint64_t function)
{
    irq_unmask();
    for (uint32_t v = 1; v < vcpu_count - 1; v++) {
        errand_begin(v, spin, 0);
    }
    errand_begin(vcpu_count - 1, call_after_a_while, function);
    spin(0);
}

static uint64_t go_off_together(uint64_t argument)
{
    meet(vcpu_count);
    irq_mask();
    hvc(PSCI_CPU_OFF, 0, 0, 0);
    print("siblings: CPU_OFF came back\n");
    return argument;
}

static void storm(void)
{
    uint64_t next = counter_read();
    uint64_t count = 0;

    irq_unmask();
    for (uint32_t v = 1; v < vcpu_count; v++) {
        errand_begin(v, spin, 0);
    }
    for (;; count++) {
        send_sgi(dice(SGI_COUNT), dice(vcpu_count));
        if (counter_read() >= next) {
            next += ticks_from_ns(STORM_NS);
            print("siblings: storm sent=%lu\n", count);
        }
    }
}

static uint32_t count_vcpus(void)
{
    uint32_t count = 0;

    while (count < VCPUS_MAX && psci(PSCI_AFFINITY_INFO, count, 0, 0) >= 0) {
        count++;
    }
    return count;
}

int main(void)
{
    struct guest_window window;

    mmu_on();
    vcpu_count = count_vcpus();
    rounds = guest_params.word[1] != 0 ? guest_params.word[1] : ROUNDS_DEFAULT;
    interrupts_init();
    (void)window_read(&window);
    if (guest_params.word[0] == CHECKS) {
        print("siblings: begin vcpus=%u gic=%u frame=%u\n", vcpu_count, gic_is_v3 ? 3U : 2U,
              window.frame);
        check_all();
    } else {
        holds_so_far = true;
        siblings_start();
        print("siblings: %s frame=%u\n", holds_so_far ? "life" : "bad life", window.frame);
    }
    switch (guest_params.word[0]) {
    case RESET_BY_SIBLING:
        if (window.frame < guest_params.word[2]) {
            end_by_sibling(PSCI_SYSTEM_RESET);
        }
        break;
    case OFF_BY_SIBLING:
        end_by_sibling(PSCI_SYSTEM_OFF);
        break;
    case SIBLING_OFF:
        siblings_stop();
        print("siblings: alone\n");
        break;
    case ALL_OFF:
        everybody_does(go_off_together, 0);
        break;
    case STORM:
        storm();
        break;
    default:
        break;
    }
    for (;;) {
        insn("wfi");
    }
}
