/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the UART a PL011?  Its registers, its interrupt as a level of SPI 1, and what it receives: the
 * rules about that print a line `conformance: type N` and wait for N characters, '0', '1' and so
 * on.
 */
#include "conformance.h"

#define UARTDR     0x000U
#define UARTRSR    0x004U
#define UARTFR     0x018U
#define UARTILPR   0x020U
#define UARTIBRD   0x024U
#define UARTFBRD   0x028U
#define UARTLCR_H  0x02cU
#define UARTCR     0x030U
#define UARTIFLS   0x034U
#define UARTIMSC   0x038U
#define UARTRIS    0x03cU
#define UARTMIS    0x040U
#define UARTICR    0x044U
#define UARTDMACR  0x048U
#define PERIPH_ID0 0xfe0U
#define PCELL_ID0  0xff0U

#define FR_BUSY   BIT(3)
#define FR_RXFE   BIT(4)
#define FR_TXFF   BIT(5)
#define FR_RXFF   BIT(6)
#define FR_TXFE   BIT(7)
#define INT_RX    BIT(4)
#define INT_TX    BIT(5)
#define INT_RT    BIT(6)
#define INT_ALL   0x7ffU
#define LCR_8BITS 0x60U
#define LCR_FEN   0x10U
#define CR_ON     0x301U
#define CR_LBE    0x80U

#define TYPE_LIMIT_NS UINT64_C(20000000000)

static uint32_t uart(uint32_t offset)
{
    return read32(UART_BASE + offset);
}

static void uart_write(uint32_t offset, uint32_t value)
{
    write32(UART_BASE + offset, value);
}

/* Sent, and whatever that raised taken back. */
static void uart_settle(void)
{
    while ((uart(UARTFR) & FR_BUSY) != 0) {
    }
    uart_write(UARTICR, INT_ALL);
}

static void check_flags_idle(const void *subject unused)
{
    uart_settle();
    expect_equal("TXFE, RXFE, and no other", uart(UARTFR) & 0xf8U, FR_TXFE | FR_RXFE);
}

static void check_read_back(const void *subject unused)
{
    static const struct {
        uint32_t offset;
        uint32_t bits;
        uint32_t restore;
    } registers[] = {
        {UARTILPR, 0xff, 0},     {UARTIBRD, 0xffff, 1},
        {UARTFBRD, 0x3f, 0},     {UARTLCR_H, 0xfe, 0}, /* all but the break condition */
        {UARTCR, 0xff00, CR_ON}, {UARTIFLS, 0x3f, 0x12},
        {UARTIMSC, INT_ALL, 0},  {UARTDMACR, 0x7, 0},
    };

    for (uint32_t i = 0; i < countof(registers); i++) {
        uint32_t pattern = 0x5aa5U & registers[i].bits;

        uart_write(registers[i].offset, pattern);
        expect_equal("read back", uart(registers[i].offset), pattern);
        uart_write(registers[i].offset, ~pattern & registers[i].bits);
        expect_equal("inverse", uart(registers[i].offset), ~pattern & registers[i].bits);
        uart_write(registers[i].offset, registers[i].restore);
    }
}

static void check_reserved_bits(const void *subject unused)
{
    uart_write(UARTIBRD, 0xffff0001);
    expect_equal("UARTIBRD", uart(UARTIBRD), 1);
    uart_write(UARTFBRD, 0xffffffc0);
    expect_equal("UARTFBRD", uart(UARTFBRD), 0);
    uart_write(UARTIMSC, 0xfffff800);
    expect_equal("UARTIMSC", uart(UARTIMSC), 0);
}

static void check_identification(const void *subject unused)
{
    static const uint8_t component[] = {0x0d, 0xf0, 0x05, 0xb1};

    expect_equal("part number", uart(PERIPH_ID0) | (uart(PERIPH_ID0 + 4) & 0xfU) << 8, 0x011);
    expect_equal("designer", uart(PERIPH_ID0 + 4) >> 4 | (uart(PERIPH_ID0 + 8) & 0xfU) << 4, 0x41);
    expect_equal("configuration", uart(PERIPH_ID0 + 12), 0);
    for (uint32_t i = 0; i < countof(component); i++) {
        expect_equal("UARTPCellID", uart(PCELL_ID0 + 4U * i), component[i]);
    }
}

static void check_widths(const void *subject unused)
{
    uart_write(UARTIBRD, 0x1234);
    expect_equal("half-word", read16(UART_BASE + UARTIBRD), 0x1234);
    expect_equal("byte", read8(UART_BASE + UARTIBRD), 0x34);
    write16(UART_BASE + UARTIBRD, 0x5678);
    expect_equal("half-word written", uart(UARTIBRD), 0x5678);
    write8(UART_BASE + UARTFBRD, 0x2a);
    expect_equal("byte written", uart(UARTFBRD), 0x2a);
    expect_equal("byte of flags", read8(UART_BASE + UARTFR) & FR_RXFE, FR_RXFE);
    expect_equal("byte of an identification", read8(UART_BASE + PCELL_ID0), 0x0d);
    uart_write(UARTIBRD, 1);
    uart_write(UARTFBRD, 0);
}

/* The test that runs this guest looks for the line. */
static void check_data_widths(const void *subject unused)
{
    static const char text[] = "conformance: sent by bytes, half-words and words\n";

    for (uint32_t i = 0; i + 1U < sizeof(text); i++) {
        if (i % 3U == 0) {
            write8(UART_BASE + UARTDR, (uint8_t)text[i]);
        } else if (i % 3U == 1) {
            write16(UART_BASE + UARTDR, (uint16_t)text[i]);
        } else {
            uart_write(UARTDR, (uint32_t)text[i]);
        }
    }
}

static void check_tx_interrupt(const void *subject unused)
{
    uart_settle();
    expect_equal("UARTRIS cleared", uart(UARTRIS) & INT_TX, 0);
    uart_write(UARTDR, '\n');
    while ((uart(UARTFR) & FR_BUSY) != 0) {
    }
    expect_equal("UARTRIS", uart(UARTRIS) & INT_TX, INT_TX);
    expect_equal("UARTMIS masked", uart(UARTMIS), 0);
    uart_write(UARTIMSC, INT_TX);
    expect_equal("UARTMIS", uart(UARTMIS), INT_TX);
    uart_write(UARTICR, INT_TX);
    expect_equal("UARTRIS after UARTICR", uart(UARTRIS) & INT_TX, 0);
    expect_equal("UARTMIS after UARTICR", uart(UARTMIS), 0);
}

static void check_icr(const void *subject unused)
{
    uart_settle();
    uart_write(UARTDR, '\n');
    uart_write(UARTICR, INT_ALL & ~(uint32_t)INT_TX);
    expect_equal("other ones written", uart(UARTRIS) & INT_TX, INT_TX);
    uart_write(UARTICR, 0);
    expect_equal("zeros written", uart(UARTRIS) & INT_TX, INT_TX);
    uart_write(UARTRIS, INT_ALL);
    uart_write(UARTMIS, INT_ALL);
    expect_equal("UARTRIS is read-only", uart(UARTRIS) & ~INT_TX, 0);
    uart_write(UARTICR, INT_TX);
    expect_equal("cleared", uart(UARTRIS) & INT_TX, 0);
}

/* The interrupt's line, as the GIC sees it, goes with UARTMIS. */
static void check_line(const void *subject unused)
{
    uart_settle();
    expect(!is_pending(INTID_UART), "before");
    uart_write(UARTDR, '\n');
    expect(!is_pending(INTID_UART), "masked in the UART");
    uart_write(UARTIMSC, INT_TX);
    expect(is_pending(INTID_UART), "not pending");
    uart_write(UARTIMSC, 0);
    expect(!is_pending(INTID_UART), "masked again");
    uart_write(UARTIMSC, INT_TX);
    set_bit(GICD_ICPENDR, INTID_UART);
    expect(is_pending(INTID_UART), "taken from a line that is high");
    uart_write(UARTICR, INT_TX);
    expect(!is_pending(INTID_UART), "after UARTICR");
}

static void check_line_delivered(const void *subject unused)
{
    uart_settle();
    enable(INTID_UART);
    uart_write(UARTDR, '\n');
    uart_write(UARTIMSC, INT_TX);
    expect_taken("first", INTID_UART);
    expect(is_active(INTID_UART), "not active");
    expect(is_pending(INTID_UART), "the line is still high");
    expect_none("while active");
    end(INTID_UART);
    expect_taken("as long as the line is high", INTID_UART);
    uart_write(UARTICR, INT_TX);
    expect(!is_pending(INTID_UART), "the line is low");
    end(INTID_UART);
    expect_idle("at the end", INTID_UART);
}

/* The line falls before the interrupt is acknowledged: it is no more. */
static void check_line_falls(const void *subject unused)
{
    uart_settle();
    enable(INTID_UART);
    uart_write(UARTDR, '\n');
    uart_write(UARTIMSC, INT_TX);
    expect(irq_signalled(), "not signalled");
    uart_write(UARTIMSC, 0);
    expect_idle("fallen", INTID_UART);
}

/* Configured as an edge, a rise is kept when the line falls. */
static void check_line_edge(const void *subject unused)
{
    uart_settle();
    set_edge(INTID_UART, true);
    enable(INTID_UART);
    uart_write(UARTDR, '\n');
    uart_write(UARTIMSC, INT_TX);
    uart_write(UARTIMSC, 0);
    expect(is_pending(INTID_UART), "lost");
    expect_taken_ended("edge", INTID_UART);
    expect_none("once");
    uart_write(UARTIMSC, INT_TX);
    expect_taken_ended("second edge", INTID_UART);
    expect_none("while the line stays high");
}

static void check_line_kept(const void *subject unused)
{
    uart_settle();
    enable(INTID_UART);
    uart_write(UARTDR, '\n');
    uart_write(UARTIMSC, INT_TX);
    wait_ns(SEVERAL_WINDOWS_NS);
    expect_taken("after a while", INTID_UART);
    wait_ns(SEVERAL_WINDOWS_NS);
    end(INTID_UART);
    expect_taken("again", INTID_UART);
    uart_write(UARTICR, INT_TX);
    wait_ns(SEVERAL_WINDOWS_NS);
    end(INTID_UART);
    expect_idle("at the end", INTID_UART);
}

static void check_loopback(const void *subject unused)
{
    uart_write(UARTLCR_H, LCR_8BITS | LCR_FEN);
    uart_write(UARTCR, CR_ON | CR_LBE);
    uart_write(UARTDR, '\n');
    while ((uart(UARTFR) & FR_BUSY) != 0) {
    }
    expect_equal("UARTFR.RXFE", uart(UARTFR) & FR_RXFE, 0);
    expect_equal("UARTDR", uart(UARTDR) & 0xffU, '\n');
    uart_write(UARTCR, CR_ON);
}

/* FIFOs on, and `count` characters typed.  Up to the limit, natively and in a partition alike,
 * since it is told by the counter. */
static void type(uint32_t count)
{
    uint64_t limit = counter_read() + ticks_from_ns(TYPE_LIMIT_NS);

    uart_write(UARTLCR_H, LCR_8BITS | LCR_FEN);
    uart_write(UARTCR, CR_ON);
    while ((uart(UARTFR) & FR_RXFE) == 0) {
        (void)uart(UARTDR);
    }
    uart_settle();
    print("conformance: type %u\n", count);
    while ((uart(UARTFR) & FR_RXFE) != 0 && counter_read() < limit) {
        wait_ns(10000);
    }
    wait_ns(2 * SEVERAL_WINDOWS_NS); /* the others */
}

static void expect_typed(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t limit = counter_read() + ticks_from_ns(TYPE_LIMIT_NS / 10);

        while ((uart(UARTFR) & FR_RXFE) != 0 && counter_read() < limit) {
            wait_ns(10000);
        }
        expect_equal("character", uart(UARTDR) & 0xffffU, '0' + i);
    }
    expect_equal("UARTFR.RXFE after them", uart(UARTFR) & FR_RXFE, FR_RXFE);
}

static void check_received(const void *subject unused)
{
    type(4);
    expect_equal("UARTFR.RXFE", uart(UARTFR) & (FR_RXFE | FR_RXFF), 0);
    expect((uart(UARTRIS) & (INT_RX | INT_RT)) != 0, "neither RX nor RT interrupt");
    expect_typed(4);
    expect_equal("UARTRIS when all is read", uart(UARTRIS) & (INT_RX | INT_RT), 0);
    expect_equal("errors", uart(UARTRSR), 0);
}

static void check_receive_level(const void *subject unused)
{
    uart_write(UARTIFLS, 0x12); /* half of 16 */
    type(4);
    expect_equal("UARTRIS, below the level", uart(UARTRIS) & (INT_RX | INT_RT), INT_RT);
    expect_typed(4);
}

static void check_receive_line(const void *subject unused)
{
    enable(INTID_UART);
    uart_write(UARTIMSC, INT_RX | INT_RT);
    expect_none("before");
    type(2);
    expect_taken("typed", INTID_UART);
    expect_typed(2);
    end(INTID_UART);
    expect_idle("when all is read", INTID_UART);
}

#define BOTH(text) text, text

static const struct rule rules[] = {
    {"flags-idle", BOTH("DDI0183 3.3.3"), check_flags_idle},
    {"registers-read-back", BOTH("DDI0183 3.2"), check_read_back},
    {"reserved-bits-zero", BOTH("DDI0183 3.3.5, 3.3.6, 3.3.10"), check_reserved_bits},
    {"identification", BOTH("DDI0183 3.3.15, 3.3.16"), check_identification},
    {"access-widths", BOTH("DDI0183 3.1"), check_widths},
    {"data-by-any-width", BOTH("DDI0183 3.3.1"), check_data_widths},
    {"tx-interrupt", BOTH("DDI0183 2.8.3, 3.3.11, 3.3.12"), check_tx_interrupt},
    {"icr-clears-only-ones", BOTH("DDI0183 3.3.13"), check_icr},
    {"line-pending-follows", V2("4.3.7"), V3("4.1.2"), check_line},
    {"line-delivered-while-high", V2("3.2.4"), V3("4.1.2"), check_line_delivered},
    {"line-falls-unacknowledged", V2("3.2.4"), V3("4.1.2"), check_line_falls},
    {"line-as-edge", V2("4.3.13"), V3("12.9 GICD_ICFGR"), check_line_edge},
    {"line-kept-long", V2("3.2.4"), V3("4.1.2"), check_line_kept},
    {"loopback", BOTH("DDI0183 2.4.5"), check_loopback},
    {"received", BOTH("DDI0183 2.4.3, 3.3.1"), check_received},
    {"receive-level", BOTH("DDI0183 2.8.2, 3.3.9"), check_receive_level},
    {"receive-interrupt", BOTH("DDI0183 2.8.2, 2.8.4"), check_receive_line},
};

const struct area area_uart = {"uart", rules, countof(rules), NULL, false, false};
