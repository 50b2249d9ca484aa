/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a partition's UART receive?  Echoes each line that comes in, polling (parameter 0 = 0) or
 * waiting for its interrupt (1).  Parameter 1 = 1: a prompt, which no line end follows, stands
 * before each line.  Parameter 0 = 2: no echo; tells the time every 5 ms.
 *
 *     echo: ready
 *     echo: LINE
 *     echo: N ms
 */
#include <guest.h>

/* PL011 (ARM DDI 0183, 3.3). */
#define UART_DR   (UART_BASE + 0x00)
#define UART_FR   (UART_BASE + 0x18)
#define UART_IMSC (UART_BASE + 0x38)
#define UART_ICR  (UART_BASE + 0x44)
#define FR_RXFE   BIT(4)
#define INT_RX    BIT(4)
#define INT_RT    BIT(6)

#define MODE_INTERRUPT 1U
#define MODE_CLOCK     2U
#define TICK_NS        5000000U
#define NS_PER_MS      1000000U

static char line[128];
static size_t length;

static void prompt(void)
{
    if (guest_params.word[1] != 0) {
        print("> ");
    }
}

static void take(void)
{
    while ((read32(UART_FR) & FR_RXFE) == 0) {
        char character = (char)read32(UART_DR);

        if (character == '\n' || character == '\r') {
            line[length] = '\0';
            print("echo: %s\n", line);
            length = 0;
            prompt();
        } else if (length < sizeof(line) - 1) {
            line[length++] = character;
        }
    }
}

static void on_irq(struct guest_frame *frame unused)
{
    uint32_t iar = gic_ack();

    if ((iar & 1023U) == INTID_UART) {
        take();
        write32(UART_ICR, INT_RX | INT_RT);
    }
    gic_eoi(iar);
}

static void tell_time(void)
{
    uint64_t every = ticks_from_ns(TICK_NS);

    for (uint64_t tick = counter_read() / every * every;; tick += every) {
        delay_until(tick);
        print("echo: %lu ms\n", ns_from_ticks(tick) / NS_PER_MS);
    }
}

int main(void)
{
    if (guest_params.word[0] == MODE_CLOCK) {
        tell_time();
    }
    print("echo: ready\n");
    prompt();
    if (guest_params.word[0] != MODE_INTERRUPT) {
        for (;;) {
            take();
        }
    }
    guest_irq = on_irq;
    gic_init();
    gic_enable(INTID_UART);
    write32(UART_IMSC, INT_RX | INT_RT);
    irq_unmask();
    for (;;) {
        insn("wfi");
    }
}
