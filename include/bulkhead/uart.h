/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the physical console?  One UART, polled.  Drivers are instances of struct uart_driver.
 */
#ifndef BULKHEAD_UART_H
#define BULKHEAD_UART_H

#include <bulkhead/types.h>

struct uart_driver {
    void (*init)(volatile void *registers);
    bool (*can_send)(void); /* one MMIO read */
    void (*send)(uint8_t character);
    int (*receive)(void); /* -1: nothing there */
};

extern const struct uart_driver pl011_driver;

/* Makes `driver` at `registers` the console; NULL = none, output is dropped. */
void uart_use(const struct uart_driver *driver, volatile void *registers);

bool uart_can_send(void);
void uart_send(uint8_t character);
int uart_receive(void);

/* Waits for space, at most a stated number of polls, then sends.  Start-up, report and panic only.
 */
void uart_put(uint8_t character);

#endif
