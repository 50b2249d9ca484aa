/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this the machine that the specifications describe?  Goes through all areas, resets the
 * machine, and looks in its second life whether that was a fresh start (see start.c); then it
 * switches off.
 *
 *     conformance: begin life=N cpus=N gic=N
 *     conformance: RULE pass|FAIL SECTION[: WHAT]
 *     conformance: end
 */
#include "conformance.h"

/* The counter goes on through a reset, and the first life lasts longer than this. */
#define FIRST_LIFE_STARTS_BEFORE_NS UINT64_C(2000000)

static const struct area *const areas[] = {
    &area_distributor,    &area_redistributor, &area_v2_interface, &area_v3_interface,
    &area_delivery,       &area_priority,      &area_end,          &area_virtual_timer,
    &area_physical_timer, &area_timer_access,  &area_uart,         &area_psci,
    &area_power,          &area_sgi,           &area_shared,
};

static bool holds_so_far;
static const char *failed_what;
static bool failed_has_values;
static uint64_t failed_is;
static uint64_t failed_should;

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

static void rule_check(const struct area *area, const struct rule *rule)
{
    const char *section = gic_is_v3 ? rule->v3 : rule->v2;
    uint64_t exceptions;

    if (section == NOT_HERE) {
        return;
    }
    irq_mask();
    interrupts_quiet();
    holds_so_far = true;
    probe_begin();
    rule->check(area->subject);
    exceptions = probe_end();
    irq_mask();
    if (exceptions != 0) {
        fail("exception, ESR_EL1", true, guest_probe.esr, 0);
    }
    print("conformance: %s-%s %s %s", area->prefix, rule->name, holds_so_far ? "pass" : "FAIL",
          section);
    if (!holds_so_far) {
        print(": %s", failed_what);
        if (failed_has_values) {
            print(": is %lx, should be %lx", failed_is, failed_should);
        }
    }
    print("\n");
}

static void area_check(const struct area *area)
{
    if (area->needs_two && cpu_count() < 2) {
        return;
    }
    if (area->second_on) {
        second_start();
    }
    for (size_t i = 0; i < area->count; i++) {
        rule_check(area, &area->rule[i]);
    }
    if (area->second_on) {
        second_stop();
    }
}

int main(void)
{
    bool first = guest_boot.counter < ticks_from_ns(FIRST_LIFE_STARTS_BEFORE_NS);

    gic_detect();
    start_look();
    print("conformance: begin life=%u cpus=%u gic=%u\n", first ? 1U : 2U, cpu_count(),
          gic_is_v3 ? 3U : 2U);
    area_check(&area_start);
    if (first) {
        for (size_t i = 0; i < countof(areas); i++) {
            area_check(areas[i]);
        }
        start_spoil();
        hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
        print("conformance: SYSTEM_RESET came back\n");
    }
    print("conformance: end\n");
    hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
    print("conformance: SYSTEM_OFF came back\n");
    for (;;) {
        insn("wfi");
    }
}
