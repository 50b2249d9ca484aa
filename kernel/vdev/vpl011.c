/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a PL011 behave whose line is infinitely fast?  What is written has been sent when the
 * write returns: the transmit FIFO is always empty, and each write passes its trigger level, which
 * raises the transmit interrupt.  A received character has waited for 32 bit times at once, so the
 * receive timeout interrupt stands whenever one arrives.  As on the part, interrupts are raised by
 * events and stay down once cleared, until the next event.  The enable bits in CR are kept but not
 * obeyed: a driver that relies on firmware to have enabled the UART gets its output.
 *
 * Offsets and fields: ARM DDI 0183, chapter 3.
 */
#include <bulkhead/vpl011.h>

enum {
    UARTDR = 0x000,
    UARTRSR = 0x004,
    UARTFR = 0x018,
    UARTILPR = 0x020,
    UARTIBRD = 0x024,
    UARTFBRD = 0x028,
    UARTLCR_H = 0x02c,
    UARTCR = 0x030,
    UARTIFLS = 0x034,
    UARTIMSC = 0x038,
    UARTRIS = 0x03c,
    UARTMIS = 0x040,
    UARTICR = 0x044,
    UARTDMACR = 0x048,
    UART_ID = 0xfe0,
    UART_END = 0x1000,
};

#define DR_OE     (UINT32_C(1) << 11)
#define RSR_OE    (UINT32_C(1) << 3)
#define FR_TXFE   (UINT32_C(1) << 7)
#define FR_RXFF   (UINT32_C(1) << 6)
#define FR_RXFE   (UINT32_C(1) << 4)
#define LCR_H_FEN (UINT32_C(1) << 4)
#define CR_LBE    (UINT32_C(1) << 7)
#define INT_RX    (UINT32_C(1) << 4)
#define INT_TX    (UINT32_C(1) << 5)
#define INT_RT    (UINT32_C(1) << 6)
#define INT_OE    (UINT32_C(1) << 10)

_Static_assert((VPL011_RX_BYTES & (VPL011_RX_BYTES - 1U)) == 0, "free-running indices");

void vpl011_reset(struct vpl011 *uart, struct console_ring *out)
{
    *uart = (struct vpl011){.out = out, .cr = 0x300, .ifls = 0x12}; /* DDI 0183, table 3-1 */
}

static void update_line(struct vpl011 *uart)
{
    uart->irq_line = (uart->ris & uart->imsc) != 0;
}

/* Characters that raise the receive interrupt: eighths of a 16-byte FIFO by UARTIFLS bits 5:3, one
 * with FIFOs disabled. */
static uint32_t rx_trigger(const struct vpl011 *uart)
{
    static const uint8_t level[8] = {2, 4, 8, 12, 14, 14, 14, 14};
    return uart->lcr_h & LCR_H_FEN ? level[uart->ifls >> 3 & 7U] : 1U;
}

void vpl011_receive(struct vpl011 *uart, uint8_t character)
{
    uint32_t used = uart->rx_head - uart->rx_tail;

    if (used == VPL011_RX_BYTES) {
        uart->rx_lost++;
        uart->rsr |= RSR_OE;
        uart->ris |= INT_OE;
    } else {
        uart->rx[uart->rx_head++ % VPL011_RX_BYTES] = character;
        uart->ris |= INT_RT;
        if (used + 1U >= rx_trigger(uart))
            uart->ris |= INT_RX;
    }
    update_line(uart);
}

static uint32_t read_data(struct vpl011 *uart)
{
    uint32_t used = uart->rx_head - uart->rx_tail;
    uint32_t value = uart->rsr & RSR_OE ? DR_OE : 0;

    if (used == 0)
        return 0;
    value |= uart->rx[uart->rx_tail++ % VPL011_RX_BYTES];
    uart->rsr &= ~RSR_OE; /* there is room again */
    if (used - 1U < rx_trigger(uart))
        uart->ris &= ~INT_RX;
    if (used == 1U)
        uart->ris &= ~INT_RT;
    return value;
}

static uint32_t read_flags(const struct vpl011 *uart)
{
    uint32_t used = uart->rx_head - uart->rx_tail;
    return FR_TXFE | (used == VPL011_RX_BYTES ? FR_RXFF : 0) | (used == 0 ? FR_RXFE : 0);
}

/* UARTPeriphID0..3 and UARTPCellID0..3; the revision in ID2 says 16-byte FIFOs. */
static uint32_t read_id(uint32_t offset)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    return id[(offset - UART_ID) / 4U];
}

static uint32_t read_word(struct vpl011 *uart, uint32_t offset, uint32_t mask)
{
    switch (offset) {
    case UARTDR:
        return mask & 0xffU ? read_data(uart) : 0;
    case UARTRSR:
        return uart->rsr;
    case UARTFR:
        return read_flags(uart);
    case UARTILPR:
        return uart->ilpr;
    case UARTIBRD:
        return uart->ibrd;
    case UARTFBRD:
        return uart->fbrd;
    case UARTLCR_H:
        return uart->lcr_h;
    case UARTCR:
        return uart->cr;
    case UARTIFLS:
        return uart->ifls;
    case UARTIMSC:
        return uart->imsc;
    case UARTRIS:
        return uart->ris;
    case UARTMIS:
        return uart->ris & uart->imsc;
    case UARTDMACR:
        return uart->dmacr;
    default:
        return offset >= UART_ID && offset < UART_END ? read_id(offset) : 0;
    }
}

static void write_data(struct vpl011 *uart, uint8_t character)
{
    if (uart->cr & CR_LBE)
        vpl011_receive(uart, character);
    else
        console_ring_put(uart->out, character);
    uart->ris |= INT_TX;
}

/* The bits of a register that are both implemented and written take the new value. */
static void merge(uint32_t *reg, uint32_t value, uint32_t mask, uint32_t implemented)
{
    mask &= implemented;
    *reg = (*reg & ~mask) | (value & mask);
}

static void write_word(struct vpl011 *uart, uint32_t offset, uint32_t value, uint32_t mask)
{
    switch (offset) {
    case UARTDR:
        if (mask & 0xffU)
            write_data(uart, (uint8_t)value);
        break;
    case UARTRSR: /* any write clears the errors */
        uart->rsr = 0;
        break;
    case UARTILPR:
        merge(&uart->ilpr, value, mask, 0xffU);
        break;
    case UARTIBRD:
        merge(&uart->ibrd, value, mask, 0xffffU);
        break;
    case UARTFBRD:
        merge(&uart->fbrd, value, mask, 0x3fU);
        break;
    case UARTLCR_H:
        merge(&uart->lcr_h, value, mask, 0xffU);
        break;
    case UARTCR:
        merge(&uart->cr, value, mask, 0xff87U);
        break;
    case UARTIFLS:
        merge(&uart->ifls, value, mask, 0x3fU);
        break;
    case UARTIMSC:
        merge(&uart->imsc, value, mask, 0x7ffU);
        break;
    case UARTICR:
        uart->ris &= ~(value & mask);
        break;
    case UARTDMACR:
        merge(&uart->dmacr, value, mask, 0x7U);
        break;
    default:
        break;
    }
}

bool vpl011_access(struct vpl011 *uart, struct vgic_access *access)
{
    uint32_t size = access->size_bytes;

    if ((size != 1 && size != 2 && size != 4) || (access->offset & (size - 1)) != 0)
        return false;
    if (access->offset >= UART_END) {
        access->value = 0;
        return true;
    }
    uint32_t offset = (uint32_t)access->offset & ~3U;
    uint32_t shift = 8U * ((uint32_t)access->offset & 3U);
    uint32_t mask = UINT32_C(0xffffffff) >> (32U - 8U * size) << shift;
    if (access->write)
        write_word(uart, offset, (uint32_t)access->value << shift, mask);
    else
        access->value = (read_word(uart, offset, mask) & mask) >> shift;
    update_line(uart);
    return true;
}
