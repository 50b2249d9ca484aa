/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the virtual and the physical timer fire when they are due, not before, and as often as they
 * are due?  Both by the same rules: ISTATUS, IMASK, TVAL, and a level-sensitive PPI.
 */
#include "conformance.h"

#define CTL_ENABLE  1U
#define CTL_IMASK   2U
#define CTL_ISTATUS 4U
#define SOON_NS     20000U
#define STORM       200U
#define REARMED     20U

struct timer {
    uint32_t intid;
    uint32_t other_intid;
    uint64_t (*count)(void);
    uint64_t (*ctl)(void);
    uint64_t (*cval)(void);
    uint64_t (*tval)(void);
    void (*set_ctl)(uint64_t value);
    void (*set_cval)(uint64_t value);
    void (*set_tval)(uint64_t value);
};

#define READ(name)                                                                                 \
    static uint64_t read_##name(void)                                                              \
    {                                                                                              \
        isb();                                                                                     \
        return sysreg_read(name);                                                                  \
    }
#define WRITE(name)                                                                                \
    static void write_##name(uint64_t value)                                                       \
    {                                                                                              \
        sysreg_write(name, value);                                                                 \
        isb();                                                                                     \
    }
READ(cntvct_el0)
READ(cntv_ctl_el0)
READ(cntv_cval_el0)
READ(cntv_tval_el0)
WRITE(cntv_ctl_el0)
WRITE(cntv_cval_el0)
WRITE(cntv_tval_el0)
READ(cntpct_el0)
READ(cntp_ctl_el0)
READ(cntp_cval_el0)
READ(cntp_tval_el0)
WRITE(cntp_ctl_el0)
WRITE(cntp_cval_el0)
WRITE(cntp_tval_el0)

static const struct timer virtual_timer = {
    .intid = INTID_VIRT_TIMER,
    .other_intid = INTID_PHYS_TIMER,
    .count = read_cntvct_el0,
    .ctl = read_cntv_ctl_el0,
    .cval = read_cntv_cval_el0,
    .tval = read_cntv_tval_el0,
    .set_ctl = write_cntv_ctl_el0,
    .set_cval = write_cntv_cval_el0,
    .set_tval = write_cntv_tval_el0,
};
static const struct timer physical_timer = {
    .intid = INTID_PHYS_TIMER,
    .other_intid = INTID_VIRT_TIMER,
    .count = read_cntpct_el0,
    .ctl = read_cntp_ctl_el0,
    .cval = read_cntp_cval_el0,
    .tval = read_cntp_tval_el0,
    .set_ctl = write_cntp_ctl_el0,
    .set_cval = write_cntp_cval_el0,
    .set_tval = write_cntp_tval_el0,
};

/* --- what handlers note ----------------------------------------------------------------------- */

static const struct timer *handled;
static volatile uint32_t taken;
static volatile uint32_t early;
static volatile uint32_t others;
static volatile uint32_t wanted;
static volatile uint64_t deadline;

static bool is_own(uint32_t acknowledged)
{
    if ((acknowledged & INTID_NONE) == handled->intid) {
        return true;
    }
    others++;
    return false;
}

static void take_and_stop(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();

    if (is_own(acknowledged)) {
        early += handled->count() < deadline;
        taken++;
        handled->set_ctl(0);
    }
    end(acknowledged);
}

/* Sets the next deadline, a step behind the last one, until enough were taken. */
static void take_and_rearm(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();

    if (is_own(acknowledged)) {
        early += handled->count() < deadline;
        taken++;
        deadline += ticks_from_ns(SOON_NS);
        handled->set_cval(deadline);
        if (taken == wanted) {
            handled->set_ctl(0);
        }
    }
    end(acknowledged);
}

static void take_and_leave_firing(struct guest_frame *frame unused)
{
    uint32_t acknowledged = acknowledge();

    if (is_own(acknowledged)) {
        taken++;
        if (taken == wanted) {
            handled->set_ctl(0);
        }
    }
    end(acknowledged);
}

static void handle(const struct timer *timer, void (*handler)(struct guest_frame *), uint32_t count)
{
    handled = timer;
    taken = early = others = 0;
    wanted = count;
    guest_irq = handler;
}

/* With interrupts open until all came, or much too long. */
static void let_come(bool wait)
{
    uint64_t limit = counter_read() + ticks_from_ns(50000000);

    irq_unmask();
    while (taken < wanted && counter_read() < limit) {
        if (wait) {
            insn("wfi");
        }
    }
    wait_ns(2000);
    irq_mask();
}

static void expect_came(void)
{
    expect_equal("times", taken, wanted);
    expect_equal("early", early, 0);
    expect_equal("others", others, 0);
}

/* --- registers -------------------------------------------------------------------------------- */

static void check_ctl(const void *subject)
{
    const struct timer *timer = subject;

    timer->set_cval(UINT64_MAX);
    for (uint64_t value = 0; value < 4; value++) {
        timer->set_ctl(value);
        expect_equal("read back", timer->ctl() & 3U, value);
    }
    timer->set_ctl(~UINT64_C(0) & ~(uint64_t)CTL_ISTATUS);
    expect_equal("reserved bits", timer->ctl(), CTL_ENABLE | CTL_IMASK);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
    expect_equal("ISTATUS cannot be written", timer->ctl(), CTL_ENABLE | CTL_IMASK);
}

static void check_istatus(const void *subject)
{
    const struct timer *timer = subject;
    uint64_t due = timer->count() + ticks_from_ns(SOON_NS);

    timer->set_cval(due);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    do {
        bool before = (timer->ctl() & CTL_ISTATUS) != 0;

        expect(!before || timer->count() >= due, "ISTATUS early");
    } while (timer->count() < due);
    expect_equal("met, masked", timer->ctl(), CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
    timer->set_ctl(CTL_ENABLE);
    expect_equal("met, unmasked", timer->ctl(), CTL_ENABLE | CTL_ISTATUS);
    timer->set_cval(UINT64_MAX);
    expect_equal("met no longer", timer->ctl(), CTL_ENABLE);
    timer->set_cval(0);
    expect_equal("deadline 0", timer->ctl(), CTL_ENABLE | CTL_ISTATUS);
}

static void check_cval(const void *subject)
{
    static const uint64_t values[] = {0, 1, UINT64_MAX, UINT64_C(0x0123456789abcdef), BIT(63)};
    const struct timer *timer = subject;

    for (uint32_t i = 0; i < countof(values); i++) {
        timer->set_cval(values[i]);
        expect_equal("read back", timer->cval(), values[i]);
    }
}

/* CVAL = count + TVAL, TVAL signed; read, TVAL = CVAL - count. */
static void check_tval(const void *subject)
{
    static const int64_t values[] = {0, 1000, INT32_MAX, -1, -100000};
    const struct timer *timer = subject;

    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    for (uint32_t i = 0; i < countof(values); i++) {
        uint64_t before = timer->count();
        uint64_t after;

        timer->set_tval((uint32_t)values[i]);
        after = timer->count();
        expect(timer->cval() - before - (uint64_t)values[i] <= after - before, "CVAL of TVAL");
        before = timer->count();
        after = timer->tval();
        expect((int32_t)after <= (int32_t)(timer->cval() - before), "TVAL above the rest");
        expect((int32_t)after >= (int32_t)(timer->cval() - timer->count()), "TVAL below the rest");
        expect_equal("upper half of TVAL", after >> 32, 0);
    }
    timer->set_tval((uint32_t)-1000);
    expect((timer->ctl() & CTL_ISTATUS) != 0, "negative TVAL is not due");
}

static void check_registers_kept(const void *subject)
{
    const struct timer *timer = subject;

    timer->set_cval(UINT64_C(0xfedcba9876543210));
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_equal("CVAL", timer->cval(), UINT64_C(0xfedcba9876543210));
    expect_equal("CTL", timer->ctl(), CTL_ENABLE | CTL_IMASK);
}

static void check_counter(const void *subject)
{
    const struct timer *timer = subject;
    uint64_t last = timer->count();

    expect(sysreg_read(cntfrq_el0) >= 1000000, "CNTFRQ_EL0");
    for (uint32_t i = 0; i < 1000U; i++) {
        uint64_t now = timer->count();

        expect(now >= last, "goes back");
        last = now;
    }
    last = timer->count();
    wait_ns(SEVERAL_WINDOWS_NS);
    expect(timer->count() - last >= ticks_from_ns(SEVERAL_WINDOWS_NS), "stands still");
}

/* --- the line --------------------------------------------------------------------------------- */

static void check_line(const void *subject)
{
    const struct timer *timer = subject;

    expect(!is_pending(timer->intid), "before");
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    expect(is_pending(timer->intid), "due");
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    expect(!is_pending(timer->intid), "masked");
    timer->set_ctl(CTL_ENABLE);
    expect(is_pending(timer->intid), "unmasked");
    timer->set_cval(UINT64_MAX);
    expect(!is_pending(timer->intid), "moved on");
    timer->set_cval(0);
    expect(is_pending(timer->intid), "moved back");
    set_bit(GICD_ICPENDR, timer->intid);
    expect(is_pending(timer->intid), "taken from a line that is high");
    timer->set_ctl(0);
    expect(!is_pending(timer->intid), "off");
}

static void check_delivered_while_high(const void *subject)
{
    const struct timer *timer = subject;

    enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    for (uint32_t i = 0; i < 5U; i++) {
        expect_taken("as long as it is due", timer->intid);
        expect(is_active(timer->intid), "not active");
        expect(is_pending(timer->intid), "the line is still high");
        expect_none("while active");
        end(timer->intid);
    }
    expect_taken("last", timer->intid);
    timer->set_ctl(0);
    expect(!is_pending(timer->intid), "pending though off");
    end(timer->intid);
    expect_idle("at the end", timer->intid);
}

/* The line falls before the interrupt is acknowledged: it is no more. */
static void check_falls(const void *subject)
{
    const struct timer *timer = subject;

    enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    expect(irq_signalled(), "not signalled");
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    expect_none("masked by IMASK");
    timer->set_ctl(CTL_ENABLE);
    expect(irq_signalled(), "not signalled again");
    timer->set_cval(UINT64_MAX);
    expect_none("moved on");
}

static void check_disabled(const void *subject)
{
    const struct timer *timer = subject;

    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_none("disabled in the GIC");
    expect(is_pending(timer->intid), "not pending");
    enable(timer->intid);
    expect_taken("enabled", timer->intid);
    set_bit(GICD_ICENABLER, timer->intid);
    end(timer->intid);
    expect_none("disabled again");
    enable(timer->intid);
    expect_taken("enabled again", timer->intid);
    timer->set_ctl(0);
    end(timer->intid);
}

static void check_active_by_software(const void *subject)
{
    const struct timer *timer = subject;

    enable(timer->intid);
    set_bit(GICD_ISACTIVER, timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    expect_none("active");
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_none("active, later");
    expect(is_active(timer->intid) && is_pending(timer->intid), "not pending and active");
    set_bit(GICD_ICACTIVER, timer->intid);
    expect_taken("inactive", timer->intid);
    timer->set_ctl(0);
    end(timer->intid);
    expect_idle("at the end", timer->intid);
}

static void check_pended_by_software(const void *subject)
{
    const struct timer *timer = subject;

    enable(timer->intid);
    pend(timer->intid);
    expect_taken_ended("line low", timer->intid);
    expect_idle("at the end", timer->intid);
    pend(timer->intid);
    set_bit(GICD_ICPENDR, timer->intid);
    expect_idle("cleared", timer->intid);
}

static void check_priority(const void *subject)
{
    const struct timer *timer = subject;

    set_priority(timer->intid, 0x60);
    set_priority(SPI_FREE, 0x58);
    set_priority(SPI_FREE + 1, 0x68);
    enable(timer->intid);
    enable(SPI_FREE);
    enable(SPI_FREE + 1);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    pend(SPI_FREE);
    pend(SPI_FREE + 1);
    expect_taken_ended("more urgent SPI", SPI_FREE);
    expect_taken("timer", timer->intid);
    expect_equal("running priority", running_priority(), 0x60);
    timer->set_ctl(0);
    end(timer->intid);
    expect_taken_ended("less urgent SPI", SPI_FREE + 1);
}

static void check_both_timers(const void *subject)
{
    const struct timer *timer = subject;

    set_priority(timer->intid, 0x40);
    set_priority(timer->other_intid, 0x80);
    enable(timer->intid);
    enable(timer->other_intid);
    write_cntv_cval_el0(0);
    write_cntp_cval_el0(0);
    write_cntv_ctl_el0(CTL_ENABLE);
    write_cntp_ctl_el0(CTL_ENABLE);
    expect_taken("the more urgent one", timer->intid);
    expect_none("the other, meanwhile");
    timer->set_ctl(0);
    end(timer->intid);
    expect_taken("the other", timer->other_intid);
    write_cntv_ctl_el0(0);
    write_cntp_ctl_el0(0);
    end(timer->other_intid);
    expect_none("at the end");
}

static void check_kept_active(const void *subject)
{
    const struct timer *timer = subject;

    set_priority(timer->intid, 0x60);
    enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    expect_taken("first", timer->intid);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect(is_active(timer->intid), "not active any more");
    expect_equal("running priority", running_priority(), 0x60);
    expect_none("while active");
    end(timer->intid);
    expect_taken("again", timer->intid);
    timer->set_ctl(0);
    wait_ns(SEVERAL_WINDOWS_NS);
    end(timer->intid);
    expect_idle("at the end", timer->intid);
}

static void check_two_steps(const void *subject)
{
    const struct timer *timer = subject;

    set_eoimode(true);
    enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    for (uint32_t i = 0; i < 3U; i++) {
        expect_taken("due", timer->intid);
        end(timer->intid);
        expect_equal("running priority", running_priority(), IDLE_RPR);
        expect_none("dropped, active");
        wait_ns(SEVERAL_WINDOWS_NS);
        expect(is_active(timer->intid), "not active any more");
        deactivate(timer->intid);
    }
    expect_taken("last", timer->intid);
    timer->set_ctl(0);
    end(timer->intid);
    deactivate(timer->intid);
    expect_idle("at the end", timer->intid);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void fire(const struct timer *timer, uint64_t ns, bool wait)
{
    handle(timer, take_and_stop, 1);
    enable(timer->intid);
    deadline = timer->count() + ticks_from_ns(ns);
    timer->set_cval(deadline);
    timer->set_ctl(CTL_ENABLE);
    let_come(wait);
    expect_came();
}

static void check_deadline(const void *subject)
{
    fire(subject, SOON_NS, false);
    fire(subject, SOON_NS, true);
}

static void check_deadline_far(const void *subject)
{
    fire(subject, SEVERAL_WINDOWS_NS, false);
    fire(subject, SEVERAL_WINDOWS_NS, true);
}

/* Its interrupt comes though the list registers are full of active ones. */
static void check_deadline_among_many(const void *subject)
{
    const struct timer *timer = subject;

    many_active();
    enable(timer->intid);
    for (uint32_t i = 0; i < 2; i++) {
        timer->set_cval(timer->count() + ticks_from_ns(i == 0 ? SOON_NS : SEVERAL_WINDOWS_NS));
        timer->set_ctl(CTL_ENABLE);
        while ((timer->ctl() & CTL_ISTATUS) == 0) {
        }
        expect_taken("due", timer->intid);
        timer->set_ctl(0);
        end(timer->intid);
        deactivate(timer->intid);
    }
    many_deactivate();
    expect_idle("at the end", timer->intid);
}

static void check_deadline_past(const void *subject)
{
    const struct timer *timer = subject;

    handle(timer, take_and_stop, 1);
    enable(timer->intid);
    deadline = 0;
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    irq_unmask();
    wait_ns(2000);
    irq_mask();
    expect_came();
}

static void check_not_due(const void *subject)
{
    const struct timer *timer = subject;

    handle(timer, take_and_stop, 0);
    enable(timer->intid);
    deadline = UINT64_MAX;
    timer->set_cval(UINT64_MAX);
    timer->set_ctl(CTL_ENABLE);
    irq_unmask();
    wait_ns(SEVERAL_WINDOWS_NS);
    irq_mask();
    expect_came();
    timer->set_cval(timer->count() + ticks_from_ns(SOON_NS));
    timer->set_ctl(0);
    irq_unmask();
    wait_ns(SEVERAL_WINDOWS_NS);
    irq_mask();
    expect_came();
}

static void check_masked_then_due(const void *subject)
{
    const struct timer *timer = subject;

    handle(timer, take_and_stop, 0);
    enable(timer->intid);
    deadline = timer->count() + ticks_from_ns(SOON_NS);
    timer->set_cval(deadline);
    timer->set_ctl(CTL_ENABLE | CTL_IMASK);
    irq_unmask();
    wait_ns(SEVERAL_WINDOWS_NS);
    irq_mask();
    expect_came();
    wanted = 1;
    timer->set_ctl(CTL_ENABLE);
    let_come(false);
    expect_came();
}

static void check_rearmed(const void *subject)
{
    const struct timer *timer = subject;

    handle(timer, take_and_rearm, REARMED);
    enable(timer->intid);
    deadline = timer->count() + ticks_from_ns(SOON_NS);
    timer->set_cval(deadline);
    timer->set_ctl(CTL_ENABLE);
    let_come(false);
    expect_came();
    handle(timer, take_and_rearm, REARMED);
    deadline = timer->count() + ticks_from_ns(SOON_NS);
    timer->set_cval(deadline);
    timer->set_ctl(CTL_ENABLE);
    let_come(true);
    expect_came();
}

static void check_storm(const void *subject)
{
    const struct timer *timer = subject;

    handle(timer, take_and_leave_firing, STORM);
    enable(timer->intid);
    timer->set_cval(0);
    timer->set_ctl(CTL_ENABLE);
    let_come(false);
    expect_came();
}

#define DDI(text) "DDI0487 " text, "DDI0487 " text

static const struct rule rules[] = {
    {"ctl-read-back", DDI("CNTx_CTL_EL0"), check_ctl},
    {"istatus", DDI("CNTx_CTL_EL0"), check_istatus},
    {"cval-read-back", DDI("CNTx_CVAL_EL0"), check_cval},
    {"tval-signed", DDI("D11.2.4"), check_tval},
    {"registers-kept-long", DDI("D11.2.4"), check_registers_kept},
    {"counter-goes-on", DDI("D11.1.2"), check_counter},
    {"pending-follows", V2("4.3.7"), V3("4.1.2"), check_line},
    {"delivered-while-high", V2("3.2.4"), V3("4.1.2"), check_delivered_while_high},
    {"falls-unacknowledged", V2("3.2.4"), V3("4.1.2"), check_falls},
    {"disabled-in-gic", V2("4.3.5"), V3("4.7"), check_disabled},
    {"active-by-isactiver", V2("4.3.9"), V3("12.11 GICR_ISACTIVER0"), check_active_by_software},
    {"pending-by-ispendr", V2("4.3.7"), V3("12.11 GICR_ISPENDR0"), check_pended_by_software},
    {"priority", V2("3.3"), V3("4.8"), check_priority},
    {"both-timers", V2("3.3"), V3("4.8"), check_both_timers},
    {"active-kept-long", V2("3.2.4"), V3("4.1.2"), check_kept_active},
    {"eoimode1", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"), check_two_steps},
    {"deadline", DDI("D11.2.4"), check_deadline},
    {"deadline-windows-away", DDI("D11.2.4"), check_deadline_far},
    {"deadline-among-many-active", V2("3.2.1"), V3("12.2 ICC_EOIR1_EL1"),
     check_deadline_among_many},
    {"deadline-past", DDI("D11.2.4"), check_deadline_past},
    {"not-due-not-fired", DDI("D11.2.4"), check_not_due},
    {"imask", DDI("D11.2.4"), check_masked_then_due},
    {"rearmed-in-handler", DDI("D11.2.4"), check_rearmed},
    {"storm", DDI("D11.2.4"), check_storm},
};

const struct area area_virtual_timer = {"virtual-timer", rules, countof(rules),
                                        &virtual_timer,  false, false};
const struct area area_physical_timer = {"physical-timer", rules, countof(rules),
                                         &physical_timer,  false, false};
