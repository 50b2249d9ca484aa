/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/uart.h.  Owner of the console: the boot core. */
#include <bulkhead/uart.h>

/* A full 32-byte FIFO at 9600 baud drains in 34 ms; a UART that takes longer per character is dead.
 */
#define PUT_POLLS 10000000U

static const struct uart_driver *console;

void uart_use(const struct uart_driver *driver, volatile void *registers)
{
    console = driver;
    if (driver != NULL) {
        driver->init(registers);
    }
}

bool uart_can_send(void)
{
    return console != NULL && console->can_send();
}

void uart_send(uint8_t character)
{
    if (console != NULL) {
        console->send(character);
    }
}

int uart_receive(void)
{
    return console != NULL ? console->receive() : -1;
}

void uart_put(uint8_t character)
{
    for (uint32_t poll = 0; console != NULL && poll < PUT_POLLS; poll++) {
        if (console->can_send()) {
            console->send(character);
            return;
        }
    }
}
