/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a PL011 behave whose line is infinitely fast?  What is written has been sent when the
 * write returns: the transmit FIFO is always empty, and each write passes its trigger level, which
 * raises the transmit interrupt.  A received character has waited for 32 bit times at once, so the
 * receive timeout interrupt stands whenever one arrives.  As on the part, interrupts are raised by
 * events and stay down once cleared, until the next event.  The enable bits in CR are kept but not
 * obeyed: a driver that relies on firmware to have enabled the UART gets its output.
 *
 * The receive FIFO holds 16 characters (32 for SBSA), or one with FIFOs off.  What comes while it
 * is full is not lost, as long as there is room: it waits on the line, and comes in as soon as the
 * guest has read one.
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

#define DR_OE      (UINT32_C(1) << 11)
#define RSR_OE     (UINT32_C(1) << 3)
#define FR_RI      (UINT32_C(1) << 8)
#define FR_TXFE    (UINT32_C(1) << 7)
#define FR_RXFF    (UINT32_C(1) << 6)
#define FR_RXFE    (UINT32_C(1) << 4)
#define FR_DCD     (UINT32_C(1) << 2)
#define FR_DSR     (UINT32_C(1) << 1)
#define FR_CTS     (UINT32_C(1) << 0)
#define LCR_H_FEN  (UINT32_C(1) << 4)
#define CR_LBE     (UINT32_C(1) << 7)
#define CR_DTR     (UINT32_C(1) << 10)
#define CR_RTS     (UINT32_C(1) << 11)
#define CR_OUT1    (UINT32_C(1) << 12)
#define CR_OUT2    (UINT32_C(1) << 13)
#define INT_RI     (UINT32_C(1) << 0)
#define INT_CTS    (UINT32_C(1) << 1)
#define INT_DCD    (UINT32_C(1) << 2)
#define INT_DSR    (UINT32_C(1) << 3)
#define INT_RX     (UINT32_C(1) << 4)
#define INT_TX     (UINT32_C(1) << 5)
#define INT_RT     (UINT32_C(1) << 6)
#define INT_OE     (UINT32_C(1) << 10)
#define INT_MODEM  (INT_RI | INT_CTS | INT_DCD | INT_DSR)
#define INT_ALL    UINT32_C(0x7ff)
#define FIFO_BYTES 16U
#define SBSA_BYTES 32U

/* The registers that SBSA has, a bit for each word. */
#define SBSA_WORDS                                                                                 \
    (1U << UARTDR / 4U | 1U << UARTRSR / 4U | 1U << UARTFR / 4U | 1U << UARTIMSC / 4U |            \
     1U << UARTRIS / 4U | 1U << UARTMIS / 4U | 1U << UARTICR / 4U)

_Static_assert((VPL011_RX_BYTES & (VPL011_RX_BYTES - 1U)) == 0, "free-running indices");

/* Follows UARTLCR_H and UARTIFLS: the receive interrupt's level is eighths of the FIFO, by bits
 * 5:3, or one character with FIFOs off. */
static void set_fifo(struct vpl011 *uart)
{
    static const uint8_t level[8] = {1, 2, 4, 6, 7, 7, 7, 7};
    bool on = (uart->lcr_h & LCR_H_FEN) != 0;
    uint32_t bytes = uart->sbsa ? SBSA_BYTES : FIFO_BYTES;
    uart->rx_depth = on ? bytes : 1U;
    uart->rx_trigger = on ? level[uart->ifls >> 3 & 7U] * bytes / 8U : 1U;
}

void vpl011_reset(struct vpl011 *uart, enum uart_model model, struct console_ring *out)
{
    *uart = (struct vpl011){.out = out, .cr = 0x300, .ifls = 0x12}; /* DDI 0183, table 3-1 */
    uart->sbsa = model == UART_MODEL_SBSA;
    uart->lcr_h = uart->sbsa ? LCR_H_FEN : 0;
    set_fifo(uart);
}

static void update_line(struct vpl011 *uart)
{
    uart->irq_line = (uart->ris & uart->imsc) != 0;
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
        if (used + 1U >= uart->rx_trigger)
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
    uart->caught_up = used > uart->rx_depth;
    if (used - 1U < uart->rx_trigger)
        uart->ris &= ~INT_RX;
    if (used == 1U)
        uart->ris &= ~INT_RT;
    return value;
}

static uint32_t read_flags(const struct vpl011 *uart)
{
    uint32_t used = uart->rx_head - uart->rx_tail;
    return FR_TXFE | (used >= uart->rx_depth ? FR_RXFF : 0) | (used == 0 ? FR_RXFE : 0) |
           uart->modem;
}

/* UARTPeriphID0..3 and UARTPCellID0..3; the revision in ID2 says 16-byte FIFOs. */
static uint32_t read_id(uint32_t offset)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    return id[(offset - UART_ID) / 4U];
}

/* The registers that hold what is written to the bits that they have. */
static const struct plain {
    uint16_t offset;
    uint16_t field; /* in struct vpl011 */
    uint16_t bits;
} plain[] = {
    {UARTILPR, offsetof(struct vpl011, ilpr), 0xff},
    {UARTIBRD, offsetof(struct vpl011, ibrd), 0xffff},
    {UARTFBRD, offsetof(struct vpl011, fbrd), 0x3f},
    {UARTLCR_H, offsetof(struct vpl011, lcr_h), 0xff},
    {UARTCR, offsetof(struct vpl011, cr), 0xff87},
    {UARTIFLS, offsetof(struct vpl011, ifls), 0x3f},
    {UARTIMSC, offsetof(struct vpl011, imsc), INT_ALL},
    {UARTDMACR, offsetof(struct vpl011, dmacr), 0x7},
};

/* The register at this offset if it is one of those, and which bits it has; else NULL. */
static uint32_t *plain_register(struct vpl011 *uart, uint32_t offset, uint32_t *bits)
{
    for (uint32_t index = 0; index < ARRAY_COUNT(plain); index++) {
        if (plain[index].offset == offset) {
            *bits = plain[index].bits;
            return (uint32_t *)(void *)((uint8_t *)uart + plain[index].field);
        }
    }
    return NULL;
}

static uint32_t read_word(struct vpl011 *uart, uint32_t offset, uint32_t mask)
{
    uint32_t bits;
    const uint32_t *held = plain_register(uart, offset, &bits);

    if (held != NULL)
        return *held;
    switch (offset) {
    case UARTDR:
        return mask & 0xffU ? read_data(uart) : 0;
    case UARTRSR:
        return uart->rsr;
    case UARTFR: /* its upper half-word */
        return read_flags(uart);
    case UARTRIS:
        return uart->ris;
    case UARTMIS:
        return uart->ris & uart->imsc;
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

/* A guest that reads one character and then clears its interrupt has not seen the next one, which
 * came in between. */
static void clear_interrupts(struct vpl011 *uart, uint32_t bits)
{
    uart->ris &= ~bits;
    if (uart->caught_up) {
        uart->caught_up = false;
        uart->ris |= INT_RT;
        if (uart->rx_head - uart->rx_tail >= uart->rx_trigger)
            uart->ris |= INT_RX;
    }
}

/* What UARTFR shows of the modem's lines: nothing is connected, unless the outputs are looped
 * back. */
static uint32_t modem_flags(uint32_t cr)
{
    if (!(cr & CR_LBE))
        return 0;
    return (cr & CR_RTS ? FR_CTS : 0) | (cr & CR_DTR ? FR_DSR : 0) | (cr & CR_OUT1 ? FR_DCD : 0) |
           (cr & CR_OUT2 ? FR_RI : 0);
}

static uint32_t modem_interrupts(uint32_t changed)
{
    return (changed & FR_CTS ? INT_CTS : 0) | (changed & FR_DSR ? INT_DSR : 0) |
           (changed & FR_DCD ? INT_DCD : 0) | (changed & FR_RI ? INT_RI : 0);
}

static void control(struct vpl011 *uart)
{
    uint32_t flags = modem_flags(uart->cr);
    uart->ris |= modem_interrupts(flags ^ uart->modem);
    uart->modem = flags;
}

static void write_word(struct vpl011 *uart, uint32_t offset, uint32_t value, uint32_t mask)
{
    uint32_t bits;
    uint32_t *held = plain_register(uart, offset, &bits);

    if (held != NULL)
        *held = (*held & ~(bits & mask)) | (value & bits & mask);
    switch (offset) {
    case UARTRSR: /* any write clears the errors */
        uart->rsr = 0;
        break;
    case UARTLCR_H:
    case UARTIFLS:
        set_fifo(uart);
        break;
    case UARTCR:
        control(uart);
        break;
    case UARTIMSC:
        if (uart->sbsa)
            uart->imsc &= ~INT_MODEM;
        break;
    case UARTICR:
        clear_interrupts(uart, value & mask);
        break;
    default:
        break;
    }
}

static bool is_there(const struct vpl011 *uart, uint64_t offset)
{
    if (!uart->sbsa)
        return offset < UART_END;
    return offset < 32U * 4U && (SBSA_WORDS >> (offset / 4U) & 1U) != 0;
}

bool vpl011_access(struct vpl011 *uart, struct vgic_access *access)
{
    uint32_t size = access->size_bytes;

    if ((size != 1 && size != 2 && size != 4) || (access->offset & (size - 1)) != 0)
        return false;
    uint32_t mask = UINT32_C(0xffffffff) >> (32U - 8U * size);
    /* What drivers do for each character comes first, since it is done often. */
    if (access->offset == UARTFR && !access->write) {
        access->value = read_flags(uart) & mask;
        return true;
    }
    if (access->offset == UARTDR && access->write) {
        write_data(uart, (uint8_t)access->value);
        update_line(uart);
        return true;
    }
    if (!is_there(uart, access->offset)) {
        access->value = 0;
        return true;
    }
    uint32_t offset = (uint32_t)access->offset & ~3U;
    uint32_t shift = 8U * ((uint32_t)access->offset & 3U);
    if (access->write)
        write_word(uart, offset, (uint32_t)access->value << shift, mask << shift);
    else
        access->value = read_word(uart, offset, mask << shift) >> shift & mask;
    update_line(uart);
    return true;
}
