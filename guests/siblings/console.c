/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do all vCPUs have one UART?  Whole lines by turns, single characters at the same time, of which
 * none is lost, and its interrupt on whichever vCPU it is routed to.
 *
 *     siblings: turn vcpu=N number=N
 *     siblings: characters each=N
 *     ...                             N times a letter for each vCPU, in any order, and line ends
 *     siblings: characters end
 */
#include "siblings.h"

#define LINES      10U
#define CHARACTERS 200U
#define TX_ROUNDS  20U

static uint32_t lock;

static uint64_t say_lines(uint64_t count)
{
    meet(vcpu_count);
    for (uint32_t i = 0; i < count; i++) {
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) {
            chunk();
        }
        print("siblings: turn vcpu=%u number=%u\n", vcpu_index(), i);
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    }
    return 0;
}

static void check_turns(void)
{
    everybody_does(say_lines, LINES);
}

static uint64_t say_characters(uint64_t count)
{
    meet(vcpu_count);
    for (uint64_t i = 0; i < count; i++) {
        uart_put((char)('a' + vcpu_index()));
    }
    return 0;
}

static void check_characters(void)
{
    print("siblings: characters each=%u\n", CHARACTERS);
    for (uint32_t i = 0; i < CHARACTERS; i += 10U) {
        everybody_does(say_characters, 10);
        print("\n");
    }
    print("siblings: characters end\n");
}

static void check_interrupt(void)
{
    irq_unmask();
    for (uint32_t to = 0; to < vcpu_count; to++) {
        set_target(INTID_UART, to);
        set_bit(GICD_ISENABLER, INTID_UART);
        for (uint32_t i = 0; i < TX_ROUNDS; i++) {
            uint64_t before = taken[to][INTID_UART];

            write32(UART_BASE + UART_IMSC, UART_TX);
            uart_put('\n');
            expect(wait_until_is(&taken[to][INTID_UART], before + 1), "does not come");
            write32(UART_BASE + UART_IMSC, 0);
            expect_equal("taken", taken[to][INTID_UART], before + 1);
        }
        write32(gic_bits(GICD_ICENABLER, INTID_UART, 0), (uint32_t)BIT(INTID_UART % 32U));
    }
}

static const struct rule rules[] = {
    {"lines-by-turns", check_turns},
    {"characters-at-once", check_characters},
    {"interrupt-where-it-is-routed", check_interrupt},
};

const struct area area_console = {"console", rules, countof(rules), true};
