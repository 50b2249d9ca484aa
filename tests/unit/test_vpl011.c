/* SPDX-License-Identifier: Apache-2.0 */
/* Is the virtual PL011 the part that drivers expect?  Each test's name is its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/vpl011.h>

#define DR    0x00U
#define RSR   0x04U
#define FR    0x18U
#define LCR_H 0x2cU
#define CR    0x30U
#define IFLS  0x34U
#define IMSC  0x38U
#define RIS   0x3cU
#define MIS   0x40U
#define ICR   0x44U
#define RX    0x10U
#define TX    0x20U
#define RT    0x40U
#define OE    0x400U
#define FEN   0x10U

static struct vpl011 uart;
static struct console_ring out;
static uint8_t out_data[64];

static int set_up(void **state)
{
    (void)state;
    console_ring_init(&out, out_data, sizeof(out_data), NULL);
    memset(&uart, 0xa5, sizeof(uart));
    vpl011_reset(&uart, UART_MODEL_PL011, &out);
    return 0;
}

static uint64_t get_wide(uint64_t offset, uint32_t size)
{
    struct vgic_access access = {.offset = offset, .size_bytes = size};
    assert_true(vpl011_access(&uart, &access));
    assert_int_equal(uart.irq_line, (uart.ris & uart.imsc) != 0);
    return access.value;
}

static void set_wide(uint64_t offset, uint32_t size, uint64_t value)
{
    struct vgic_access access = {
        .offset = offset, .size_bytes = size, .write = true, .value = value};
    assert_true(vpl011_access(&uart, &access));
    assert_int_equal(uart.irq_line, (uart.ris & uart.imsc) != 0);
}

static uint64_t get(uint64_t offset)
{
    return get_wide(offset, 4);
}

static void set(uint64_t offset, uint64_t value)
{
    set_wide(offset, 4, value);
}

static void receive(uint32_t count)
{
    while (count-- != 0)
        vpl011_receive(&uart, 'x');
}

static void reset_values_are_the_parts(void **state)
{
    (void)state;
    assert_int_equal(get(FR), 0x90);
    assert_int_equal(get(CR), 0x300);
    assert_int_equal(get(IFLS), 0x12);
    assert_int_equal(get(IMSC) | get(RIS) | get(MIS) | get(LCR_H) | get(RSR), 0);
    assert_false(uart.irq_line);
}

static void identification_is_a_pl011_with_16_byte_fifos(void **state)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(get(0xfe0 + 4 * i), id[i]);
}

static void registers_keep_their_implemented_bits(void **state)
{
    static const struct {
        uint32_t offset, bits;
    } reg[] = {{0x20, 0xff},   {0x24, 0xffff}, {0x28, 0x3f},  {0x2c, 0xff},
               {0x30, 0xff87}, {0x34, 0x3f},   {0x38, 0x7ff}, {0x48, 7}};
    (void)state;
    for (uint32_t i = 0; i < sizeof(reg) / sizeof(reg[0]); i++) {
        set(reg[i].offset, 0xffffffff);
        assert_int_equal(get(reg[i].offset), reg[i].bits);
        set(reg[i].offset, 0);
        assert_int_equal(get(reg[i].offset), 0);
    }
    assert_int_equal(get(FR), 0x90);
}

static void narrow_accesses_touch_their_lanes_only(void **state)
{
    (void)state;
    set(CR, 0x0301);
    set_wide(CR + 1, 1, 0x0f);
    assert_int_equal(get(CR), 0x0f01);
    set_wide(CR, 2, 0x8300);
    assert_int_equal(get_wide(CR, 2), 0x8300);
    assert_int_equal(get_wide(CR + 1, 1), 0x83);
    set_wide(CR + 2, 2, 0xffff);
    assert_int_equal(get(CR), 0x8300);
    vpl011_receive(&uart, 'q');
    assert_int_equal(get_wide(DR + 1, 1) | get_wide(DR + 2, 2), 0); /* takes nothing */
    assert_int_equal(get_wide(DR, 1), 'q');
}

static void written_characters_go_to_the_ring_in_every_width(void **state)
{
    (void)state;
    set_wide(DR, 1, 'a');
    set_wide(DR, 2, 'b');
    set_wide(DR, 4, 'c');
    set_wide(DR + 1, 1, 'x'); /* another lane: no character */
    assert_int_equal(out.head, 3);
    assert_memory_equal(out_data, "abc", 3);
    assert_int_equal(get(FR), 0x90);
}

static void transmitter_is_never_full(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        set(DR, 'x');
        assert_int_equal(get(FR) & 0x28, 0);
    }
    assert_int_equal(out.lost, 1000 - 63);
}

static void transmit_interrupt_is_raised_by_a_write_and_cleared_by_icr(void **state)
{
    (void)state;
    set(IMSC, TX);
    assert_false(uart.irq_line);
    set(DR, 'x');
    assert_true(uart.irq_line);
    assert_int_equal(get(MIS), TX);
    set(ICR, TX);
    assert_false(uart.irq_line);
    set(DR, 'y');
    assert_true(uart.irq_line);
    set(IMSC, 0);
    assert_false(uart.irq_line);
    assert_int_equal(get(RIS), TX);
    assert_int_equal(get(MIS), 0);
}

static void received_characters_come_out_in_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * VPL011_RX_BYTES; i++) {
        vpl011_receive(&uart, (uint8_t)i);
        if (i % 3 == 2) {
            for (uint32_t k = i - 2; k <= i; k++) {
                assert_int_equal(get(FR) & 0x10, 0);
                assert_int_equal(get_wide(DR, 1 + k % 2), (uint8_t)k);
            }
            assert_int_equal(get(FR) & 0x10, 0x10);
        }
    }
    assert_int_equal(get(DR), 0); /* empty */
}

static void receive_interrupt_follows_the_fifo_trigger(void **state)
{
    static const uint8_t trigger[] = {2, 4, 8, 12, 14};
    (void)state;
    set(LCR_H, FEN);
    for (uint32_t level = 0; level < sizeof(trigger); level++) {
        set(IFLS, level << 3);
        for (uint32_t i = 1; i <= trigger[level]; i++) {
            assert_int_equal(get(RIS) & RX, 0);
            vpl011_receive(&uart, 'x');
        }
        assert_int_equal(get(RIS) & RX, RX);
        (void)get(DR);
        assert_int_equal(get(RIS) & RX, 0);
        while (!(get(FR) & 0x10))
            (void)get(DR);
    }
}

static void receive_fifo_is_full_at_16_or_at_one(void **state)
{
    (void)state;
    for (uint32_t depth = 1; depth <= 16; depth += 15) {
        set(LCR_H, depth == 16 ? FEN : 0);
        receive(depth - 1);
        assert_int_equal(get(FR) & 0x40, 0);
        receive(1);
        assert_int_equal(get(FR) & 0x40, 0x40);
        (void)get(DR);
        assert_int_equal(get(FR) & 0x40, 0);
        while (!(get(FR) & 0x10))
            (void)get(DR);
    }
}

static void what_comes_while_the_fifo_is_full_waits(void **state)
{
    (void)state;
    set(LCR_H, FEN);
    for (uint32_t i = 0; i < 40; i++)
        vpl011_receive(&uart, (uint8_t)i);
    assert_int_equal(get(RIS) & OE, 0);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(get(FR) & 0x50, i <= 40 - 16 ? 0x40 : 0);
        assert_int_equal(get(DR), i);
    }
    assert_int_equal(get(FR) & 0x50, 0x10);
}

/* A handler that takes one character and then clears its interrupt gets them all. */
static void each_character_that_waited_interrupts(void **state)
{
    (void)state;
    set(IMSC, RX);
    for (uint32_t i = 0; i < 5; i++)
        vpl011_receive(&uart, (uint8_t)i);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(uart.irq_line);
        assert_int_equal(get(DR), i);
        set(ICR, RX);
    }
    assert_false(uart.irq_line);
    assert_int_equal(get(RIS) & (RX | RT), 0);
    receive(3); /* and one that takes no more is not asked again */
    (void)get(DR);
    set(ICR, RX | RT);
    assert_int_equal(get(RIS) & (RX | RT), RX | RT);
    set(ICR, RX | RT);
    assert_int_equal(get(RIS) & (RX | RT), 0);
}

static void receive_interrupt_is_at_once_without_fifos(void **state)
{
    (void)state;
    set(IMSC, RX);
    vpl011_receive(&uart, 'x');
    assert_true(uart.irq_line);
    (void)get(DR);
    assert_false(uart.irq_line);
}

static void receive_timeout_stands_until_read_empty_or_cleared(void **state)
{
    (void)state;
    set(LCR_H, FEN);
    set(IMSC, RT);
    vpl011_receive(&uart, 'x');
    vpl011_receive(&uart, 'y');
    assert_true(uart.irq_line);
    (void)get(DR);
    assert_true(uart.irq_line);
    (void)get(DR);
    assert_false(uart.irq_line);
    vpl011_receive(&uart, 'z');
    set(ICR, RT);
    assert_false(uart.irq_line);
    vpl011_receive(&uart, 'w');
    assert_true(uart.irq_line);
}

static void overrun_is_counted_and_shown_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < VPL011_RX_BYTES; i++)
        vpl011_receive(&uart, 'x');
    assert_int_equal(get(FR) & 0x40, 0x40);
    assert_int_equal(get(RIS) & OE, 0);
    vpl011_receive(&uart, 'y');
    assert_int_equal(uart.rx_lost, 1);
    assert_int_equal(get(RIS) & OE, OE);
    assert_int_equal(get(RSR), 8);
    assert_int_equal(get(DR), 0x800 | 'x');
    assert_int_equal(get(DR), 'x');
    assert_int_equal(get(RSR), 0);
    set(ICR, OE);
    assert_int_equal(get(RIS) & OE, 0);
}

static void error_clear_takes_any_write(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= VPL011_RX_BYTES; i++)
        vpl011_receive(&uart, 'x');
    set_wide(RSR, 1, 0);
    assert_int_equal(get(RSR), 0);
}

static void loopback_goes_to_the_receiver(void **state)
{
    (void)state;
    set(CR, 0x381);
    set(DR, 'q');
    assert_int_equal(out.head, 0);
    assert_int_equal(get(DR), 'q');
}

static void loopback_shows_the_modem_outputs(void **state)
{
    /* UARTCR bit, UARTFR bit, interrupt: RTS to CTS, DTR to DSR, Out1 to DCD, Out2 to RI */
    static const uint32_t line[][3] = {
        {0x800, 0x1, 0x2}, {0x400, 0x2, 0x8}, {0x1000, 0x4, 0x4}, {0x2000, 0x100, 0x1}};
    (void)state;
    set(CR, 0x3f00);
    assert_int_equal(get(FR), 0x90); /* nothing is connected */
    assert_int_equal(get(RIS), 0);
    for (uint32_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
        set(CR, 0x80);
        set(ICR, 0x7ff);
        set(CR, 0x80 | line[i][0]);
        assert_int_equal(get(FR), 0x90 | line[i][1]);
        assert_int_equal(get_wide(FR, 1), (0x90 | line[i][1]) & 0xff);
        assert_int_equal(get_wide(FR + 1, 1), line[i][1] >> 8);
        assert_int_equal(get(RIS), line[i][2]);
        set(ICR, 0x7ff);
        set(CR, 0x80);
        assert_int_equal(get(FR), 0x90);
        assert_int_equal(get(RIS), line[i][2]);
    }
}

static void sbsa_has_its_registers_and_no_others(void **state)
{
    static const uint32_t there[] = {DR, RSR, FR, IMSC, RIS, MIS, ICR};
    (void)state;
    vpl011_reset(&uart, UART_MODEL_SBSA, &out);
    for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
        bool is_there = false;
        for (uint32_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
            is_there |= offset == there[i];
        if (is_there)
            continue;
        struct vpl011 before = uart;
        set(offset, 0xffffffff);
        assert_memory_equal(&uart, &before, sizeof(uart));
        assert_int_equal(get(offset), 0);
    }
    set(IMSC, 0xffffffff);
    assert_int_equal(get(IMSC), 0x7f0); /* no modem lines */
    assert_int_equal(get(FR), 0x90);
    set(DR, 'a');
    assert_int_equal(out.head, 1);
    assert_int_equal(get(MIS), TX);
    set(ICR, TX);
    assert_int_equal(get(RIS), 0);
}

static void sbsa_fifo_holds_32_and_interrupts_at_half(void **state)
{
    (void)state;
    vpl011_reset(&uart, UART_MODEL_SBSA, &out);
    receive(15);
    assert_int_equal(get(RIS) & (RX | RT), RT);
    receive(1);
    assert_int_equal(get(RIS) & (RX | RT), RX | RT);
    receive(15);
    assert_int_equal(get(FR) & 0x40, 0);
    receive(1);
    assert_int_equal(get(FR) & 0x40, 0x40);
    receive(VPL011_RX_BYTES - 32 + 1);
    assert_int_equal(get(RSR), 8);
    set(RSR, 0);
    assert_int_equal(get(RSR), 0);
}

static void wrong_widths_and_alignments_are_refused(void **state)
{
    static const uint32_t bad[][2] = {{0, 8}, {0, 0}, {0, 3}, {1, 2}, {2, 4}, {0, 16}};
    (void)state;
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vgic_access access = {.offset = bad[i][0], .size_bytes = bad[i][1]};
        assert_false(vpl011_access(&uart, &access));
        access.write = true;
        assert_false(vpl011_access(&uart, &access));
    }
    assert_int_equal(out.head, 0);
}

static void unknown_offsets_are_razwi(void **state)
{
    static const uint32_t offset[] = {0x08, 0x14, 0x1c, 0x4c, 0x80, 0xfdc, 0x1000};
    (void)state;
    for (uint32_t i = 0; i < sizeof(offset) / sizeof(offset[0]); i++) {
        set(offset[i], 0xffffffff);
        assert_int_equal(get(offset[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reset_values_are_the_parts, set_up),
        cmocka_unit_test_setup(identification_is_a_pl011_with_16_byte_fifos, set_up),
        cmocka_unit_test_setup(registers_keep_their_implemented_bits, set_up),
        cmocka_unit_test_setup(narrow_accesses_touch_their_lanes_only, set_up),
        cmocka_unit_test_setup(written_characters_go_to_the_ring_in_every_width, set_up),
        cmocka_unit_test_setup(transmitter_is_never_full, set_up),
        cmocka_unit_test_setup(transmit_interrupt_is_raised_by_a_write_and_cleared_by_icr, set_up),
        cmocka_unit_test_setup(received_characters_come_out_in_order, set_up),
        cmocka_unit_test_setup(receive_interrupt_follows_the_fifo_trigger, set_up),
        cmocka_unit_test_setup(receive_fifo_is_full_at_16_or_at_one, set_up),
        cmocka_unit_test_setup(what_comes_while_the_fifo_is_full_waits, set_up),
        cmocka_unit_test_setup(each_character_that_waited_interrupts, set_up),
        cmocka_unit_test_setup(receive_interrupt_is_at_once_without_fifos, set_up),
        cmocka_unit_test_setup(receive_timeout_stands_until_read_empty_or_cleared, set_up),
        cmocka_unit_test_setup(overrun_is_counted_and_shown_once, set_up),
        cmocka_unit_test_setup(error_clear_takes_any_write, set_up),
        cmocka_unit_test_setup(loopback_goes_to_the_receiver, set_up),
        cmocka_unit_test_setup(loopback_shows_the_modem_outputs, set_up),
        cmocka_unit_test_setup(sbsa_has_its_registers_and_no_others, set_up),
        cmocka_unit_test_setup(sbsa_fifo_holds_32_and_interrupts_at_half, set_up),
        cmocka_unit_test_setup(wrong_widths_and_alignments_are_refused, set_up),
        cmocka_unit_test_setup(unknown_offsets_are_razwi, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
