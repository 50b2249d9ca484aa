/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the timers may EL0 use?  CNTKCTL_EL1 says so, register by register.
 */
#include "conformance.h"

#define EL0PCTEN BIT(0)
#define EL0VCTEN BIT(1)
#define EL0VTEN  BIT(8)
#define EL0PTEN  BIT(9)
#define EC(esr)  ((esr) >> 26 & 0x3fU)
#define EC_SVC   0x15U
#define EC_TRAP  0x18U

/* Each reads or writes one register at EL0, and ends with SVC. */
#define AT_EL0(name, instruction)                                                                  \
    __asm__(".pushsection .text.el0, \"ax\"\n" #name ": " instruction "\n"                         \
            "svc #0\n"                                                                             \
            ".popsection");                                                                        \
    extern const uint32_t name[];

AT_EL0(el0_read_cntvct, "mrs x0, cntvct_el0")
AT_EL0(el0_read_cntpct, "mrs x0, cntpct_el0")
AT_EL0(el0_read_cntfrq, "mrs x0, cntfrq_el0")
AT_EL0(el0_read_cntv_ctl, "mrs x0, cntv_ctl_el0")
AT_EL0(el0_read_cntv_cval, "mrs x0, cntv_cval_el0")
AT_EL0(el0_write_cntv_cval, "msr cntv_cval_el0, x0")
AT_EL0(el0_read_cntp_ctl, "mrs x0, cntp_ctl_el0")
AT_EL0(el0_read_cntp_cval, "mrs x0, cntp_cval_el0")
AT_EL0(el0_write_cntp_cval, "msr cntp_cval_el0, x0")

static const struct {
    const char *name;
    const uint32_t *code;
    uint64_t enable; /* any of these opens it */
} accesses[] = {
    {"CNTVCT", el0_read_cntvct, EL0VCTEN},
    {"CNTPCT", el0_read_cntpct, EL0PCTEN},
    {"CNTFRQ", el0_read_cntfrq, EL0VCTEN | EL0PCTEN},
    {"CNTV_CTL", el0_read_cntv_ctl, EL0VTEN},
    {"CNTV_CVAL", el0_read_cntv_cval, EL0VTEN},
    {"CNTV_CVAL, written", el0_write_cntv_cval, EL0VTEN},
    {"CNTP_CTL", el0_read_cntp_ctl, EL0PTEN},
    {"CNTP_CVAL", el0_read_cntp_cval, EL0PTEN},
    {"CNTP_CVAL, written", el0_write_cntp_cval, EL0PTEN},
};

#define ALL (EL0PCTEN | EL0VCTEN | EL0VTEN | EL0PTEN)

static void set_kernel_control(uint64_t value)
{
    sysreg_write(cntkctl_el1, value);
    isb();
}

static void check_opened(const void *subject unused)
{
    struct el0_result result;

    for (uint32_t i = 0; i < countof(accesses); i++) {
        set_kernel_control(accesses[i].enable);
        el0_run(accesses[i].code, 1, &result);
        expect_equal(accesses[i].name, EC(result.esr), EC_SVC);
    }
    set_kernel_control(0);
}

static void check_shut(const void *subject unused)
{
    struct el0_result result;

    for (uint32_t i = 0; i < countof(accesses); i++) {
        set_kernel_control(ALL & ~accesses[i].enable);
        el0_run(accesses[i].code, 1, &result);
        expect_equal(accesses[i].name, EC(result.esr), EC_TRAP);
    }
    set_kernel_control(0);
}

/* What EL0 reads and writes is what EL1 does. */
static void check_same(const void *subject unused)
{
    struct el0_result result;
    uint64_t before;

    set_kernel_control(ALL);
    before = sysreg_read(cntvct_el0);
    el0_run(el0_read_cntvct, 0, &result);
    expect(result.x0 >= before && result.x0 <= sysreg_read(cntvct_el0), "CNTVCT");
    before = sysreg_read(cntpct_el0);
    el0_run(el0_read_cntpct, 0, &result);
    expect(result.x0 >= before && result.x0 <= sysreg_read(cntpct_el0), "CNTPCT");
    el0_run(el0_read_cntfrq, 0, &result);
    expect_equal("CNTFRQ", result.x0, sysreg_read(cntfrq_el0));
    el0_run(el0_write_cntv_cval, 0x123456789abc, &result);
    expect_equal("CNTV_CVAL", sysreg_read(cntv_cval_el0), 0x123456789abc);
    el0_run(el0_write_cntp_cval, 0x23456789abcd, &result);
    expect_equal("CNTP_CVAL", sysreg_read(cntp_cval_el0), 0x23456789abcd);
    set_kernel_control(0);
}

static void check_kept(const void *subject unused)
{
    set_kernel_control(ALL);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_equal("read back", sysreg_read(cntkctl_el1) & ALL, ALL);
    set_kernel_control(0);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_equal("read back", sysreg_read(cntkctl_el1) & ALL, 0);
}

#define DDI(text) "DDI0487 " text, "DDI0487 " text

static const struct rule rules[] = {
    {"el0-opened", DDI("CNTKCTL_EL1"), check_opened},
    {"el0-shut", DDI("CNTKCTL_EL1"), check_shut},
    {"el0-same-registers", DDI("D11.2"), check_same},
    {"cntkctl-kept-long", DDI("CNTKCTL_EL1"), check_kept},
};

const struct area area_timer_access = {"timer", rules, countof(rules), NULL, false, false};
