/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a PL011 driven?  Polled, FIFOs on, interrupts off; line settings stay as firmware left
 * them (ARM DDI 0183, chapter 3).
 */
#include <bulkhead/mmio.h>
#include <bulkhead/uart.h>

#define UARTDR    0x00
#define UARTFR    0x18
#define UARTLCR_H 0x2c
#define UARTCR    0x30
#define UARTIMSC  0x38
#define UARTICR   0x44

#define FR_RXFE   (1U << 4)
#define FR_TXFF   (1U << 5)
#define LCR_FEN   (1U << 4)
#define LCR_8BIT  (3U << 5)
#define CR_ENABLE (1U << 0)
#define CR_TXE    (1U << 8)
#define CR_RXE    (1U << 9)
#define ICR_ALL   0x7ffU
#define DR_ERRORS 0xf00U

static volatile uint8_t *base;

static void pl011_init(volatile void *registers)
{
    base = registers;
    mmio_write32(base + UARTIMSC, 0);
    mmio_write32(base + UARTICR, ICR_ALL);
    if ((mmio_read32(base + UARTCR) & CR_ENABLE) == 0) {
        mmio_write32(base + UARTLCR_H, LCR_FEN | LCR_8BIT);
    }
    mmio_write32(base + UARTCR, CR_ENABLE | CR_TXE | CR_RXE);
}

static bool pl011_can_send(void)
{
    return (mmio_read32(base + UARTFR) & FR_TXFF) == 0;
}

static void pl011_send(uint8_t character)
{
    mmio_write32(base + UARTDR, character);
}

static int pl011_receive(void)
{
    uint32_t data;

    if ((mmio_read32(base + UARTFR) & FR_RXFE) != 0) {
        return -1;
    }
    data = mmio_read32(base + UARTDR);
    return (data & DR_ERRORS) != 0 ? -1 : (int)(data & 0xff);
}

const struct uart_driver pl011_driver = {
    .init = pl011_init,
    .can_send = pl011_can_send,
    .send = pl011_send,
    .receive = pl011_receive,
};
