/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a host device that was given to a partition work there, with its interrupt?  Parameter 0: 0
 * = PL031 real-time clock, 1 = PL061 GPIO; 1: rounds; 2 (GPIO): major frame up to which the line
 * stays raised and is never served.
 *
 *     rtc: id=N
 *     rtc: alarm due_ns=N taken_ns=N wait_ns=N seconds=N mis=N
 *     rtc: watched windows=N judged=N offset_min_ns=N offset_max_ns=N stolen_count=N raised=N
 *     gpio: id=N data=N rounds=N served=N unserved=N
 *
 * due_ns, taken_ns: when the alarm went off and when its interrupt was taken, both from the planned
 * start of the window in which it was taken.
 */
#include <guest.h>

/* PL031 (ARM DDI 0224, 3.2). */
#define RTC_BASE UINT64_C(0x09010000)
#define RTC_DR   (RTC_BASE + 0x00)
#define RTC_MR   (RTC_BASE + 0x04)
#define RTC_IMSC (RTC_BASE + 0x10)
#define RTC_MIS  (RTC_BASE + 0x18)
#define RTC_ICR  (RTC_BASE + 0x1c)
#define RTC_ID   (RTC_BASE + 0xfe0)
#define RTC_IRQ  34U

/* PL061 (ARM DDI 0190, 3.2). */
#define GPIO_BASE UINT64_C(0x09030000)
#define GPIO_DATA (GPIO_BASE + 0x3fc) /* all eight pins */
#define GPIO_DIR  (GPIO_BASE + 0x400)
#define GPIO_IS   (GPIO_BASE + 0x404)
#define GPIO_IEV  (GPIO_BASE + 0x40c)
#define GPIO_IE   (GPIO_BASE + 0x410)
#define GPIO_MIS  (GPIO_BASE + 0x418)
#define GPIO_ID   (GPIO_BASE + 0xfe0)
#define GPIO_IRQ  39U

#define PSCI_SYSTEM_RESET UINT64_C(0x84000009) /* DEN 0022, 5.11 */

#define PIN_DATA 0xf0U /* pins that nothing drives */
#define PIN_IRQ  0x01U

#define ALARM_SECONDS     1U
#define VECTOR_LEAD_TICKS 2U /* from the vector to the reading in struct guest_frame */

static volatile uint64_t taken_count;
static volatile uint64_t taken_ticks;
static volatile uint32_t taken_mis;
static volatile bool serve;
static uint64_t storm_last_frame;
static struct guest_window taken_window;

/* Part number and designer, as the first four identification bytes hold them. */
static uint32_t identity(uint64_t base)
{
    uint32_t id = 0;

    for (unsigned i = 0; i < 4; i++) {
        id |= (read32(base + 4 * i) & 0xffU) << (8 * i);
    }
    return id;
}

static void on_rtc(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    if ((iar & 1023U) == RTC_IRQ) {
        taken_ticks = frame->counter - VECTOR_LEAD_TICKS;
        window_read(&taken_window);
        taken_mis = read32(RTC_MIS);
        write32(RTC_ICR, 1);
        taken_count++;
    }
    gic_eoi(iar);
}

static void rtc(uint64_t rounds)
{
    guest_irq = on_rtc;
    gic_enable(RTC_IRQ);
    print("rtc: id=%u\n", identity(RTC_ID));
    write32(RTC_ICR, 1);
    write32(RTC_IMSC, 1);
    irq_unmask();
    for (uint64_t i = 1; i <= rounds; i++) {
        uint32_t before = read32(RTC_DR);
        uint64_t armed = counter_read();
        uint64_t due = armed + ALARM_SECONDS * counter_hz();

        write32(RTC_MR, before + ALARM_SECONDS);
        while (taken_count < i) {
            insn("wfi");
        }
        print("rtc: alarm due_ns=%ld taken_ns=%ld wait_ns=%lu seconds=%u mis=%u\n",
              (long)(due - taken_window.start_ticks),
              (long)(taken_ticks - taken_window.start_ticks), taken_ticks - armed,
              read32(RTC_DR) - before, taken_mis);
    }
    write32(RTC_IMSC, 0);
    print("rtc: end taken=%lu\n", taken_count);
}

/* An alarm goes off while the partition is out: does its next window begin later for that? */
static void rtc_watched(uint64_t windows)
{
    struct window_watch watch;
    int64_t offset_min = INT64_MAX;
    int64_t offset_max = INT64_MIN;
    uint64_t judged = 0;

    gic_enable(RTC_IRQ);
    write32(RTC_ICR, 1);
    write32(RTC_IMSC, 1);
    window_watch_begin(&watch);
    for (unsigned i = 0; i < 3; i++) {
        window_wait(&watch); /* learns where windows end */
    }
    write32(RTC_MR, read32(RTC_DR) + ALARM_SECONDS);
    for (uint64_t i = 0; i < windows; i++) {
        int64_t offset;

        window_wait(&watch);
        if (!watch.exact) {
            continue;
        }
        judged++;
        offset = (int64_t)(watch.first_ticks - watch.window.start_ticks);
        offset_min = offset < offset_min ? offset : offset_min;
        offset_max = offset > offset_max ? offset : offset_max;
    }
    print("rtc: watched windows=%lu judged=%lu offset_min_ns=%ld offset_max_ns=%ld "
          "stolen_count=%lu raised=%u\n",
          windows, judged, (long)ns_from_ticks((uint64_t)offset_min),
          (long)ns_from_ticks((uint64_t)offset_max), watch.stolen_count, read32(RTC_MIS));
}

static void on_gpio(struct guest_frame *frame unused)
{
    uint32_t iar = gic_ack();

    if ((iar & 1023U) == GPIO_IRQ) {
        taken_count++;
        /* A raised line leaves no time for anything but this handler: it ends the storm, too. */
        window_read(&taken_window);
        if (serve || taken_window.frame >= storm_last_frame) {
            write32(GPIO_IE, 0);
            serve = true;
        }
    }
    gic_eoi(iar);
}

/* The interrupt is active and its line raised when the partition starts anew. */
static void on_gpio_reset(struct guest_frame *frame unused)
{
    uint32_t iar = gic_ack();

    if ((iar & 1023U) == GPIO_IRQ) {
        window_read(&taken_window);
        if (taken_window.frame < storm_last_frame) {
            hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
        }
        write32(GPIO_IE, 0);
        taken_count++;
    }
    gic_eoi(iar);
}

static void gpio_reset(uint64_t frame_last)
{
    storm_last_frame = frame_last;
    write32(GPIO_IE, 0);
    guest_irq = on_gpio_reset;
    gic_enable(GPIO_IRQ);
    write32(GPIO_IS, PIN_IRQ);
    write32(GPIO_IEV, 0);
    print("gpio: life\n");
    irq_unmask();
    write32(GPIO_IE, PIN_IRQ);
    while (taken_count == 0) {
        insn("wfi");
    }
    print("gpio: taken=%lu\n", taken_count);
}

/* A pin that is low and interrupts while it is low: raised by enabling it. */
static void gpio(uint64_t rounds, uint64_t frame_last)
{
    uint64_t served;
    uint32_t data;

    guest_irq = on_gpio;
    gic_enable(GPIO_IRQ);
    write32(GPIO_DIR, PIN_DATA);
    write32(GPIO_DATA, PIN_DATA & 0xa5U);
    data = read32(GPIO_DATA) & PIN_DATA;
    write32(GPIO_IS, PIN_IRQ);
    write32(GPIO_IEV, 0);
    irq_unmask();
    serve = true;
    for (uint64_t i = 1; i <= rounds; i++) {
        write32(GPIO_IE, PIN_IRQ);
        while (taken_count < i) {
            insn("wfi");
        }
    }
    served = taken_count;
    storm_last_frame = frame_last;
    serve = false;
    write32(GPIO_IE, PIN_IRQ);
    while (!serve) {
        insn("wfi");
    }
    print("gpio: id=%u data=%u rounds=%lu served=%lu unserved=%lu\n", identity(GPIO_ID), data,
          rounds, served, taken_count - served);
}

int main(void)
{
    gic_init();
    if (guest_params.word[0] == 0) {
        rtc(guest_params.word[1]);
    } else if (guest_params.word[0] == 2) {
        rtc_watched(guest_params.word[1]);
    } else if (guest_params.word[0] == 3) {
        gpio_reset(guest_params.word[2]);
    } else {
        gpio(guest_params.word[1], guest_params.word[2]);
    }
    for (;;) {
        insn("wfi");
    }
}
