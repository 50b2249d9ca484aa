/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/console_host.h.  Owner: the boot core. */
#include <bulkhead/console_host.h>
#include <bulkhead/gic.h>
#include <bulkhead/module_state.h>
#include <bulkhead/timer.h>
#include <bulkhead/uart.h>

#define INPUT_LIMIT 4U

/* What must be left before the release when a character is begun: inside a line, and where the next
 * line is looked for among all sources and its tag or loss is put into words (docs/timing.md). */
#define CHARACTER_NS 300U
#define LINE_NS      1800U

static struct console_mux mux;
static int64_t character_ticks;
static int64_t line_ticks;

void console_host_init(struct console_ring *const *ring, uint32_t ring_count)
{
    console_mux_init(&mux, ring, ring_count);
    character_ticks = (int64_t)ns_to_ticks(CHARACTER_NS, module_state.counter_hz);
    line_ticks = (int64_t)ns_to_ticks(LINE_NS, module_state.counter_hz);
}

uint64_t console_host_drain(uint64_t until_ticks, uint32_t limit)
{
    uint64_t now = counter_now();

    for (; limit != 0; limit--) {
        int64_t left = (int64_t)(until_ticks - now);
        int character;

        if (left < (console_mux_in_text(&mux) ? character_ticks : line_ticks) || !uart_can_send()) {
            break;
        }
        character = console_mux_next(&mux, false);
        if (character < 0) {
            break;
        }
        uart_send((uint8_t)character);
        now = counter_now();
    }
    return now;
}

bool console_host_ready(void)
{
    return console_mux_ready(&mux);
}

void console_host_flush(void)
{
    uint32_t empty = 0;

    /* A source may be ready behind the ones that a call looks at. */
    while (empty <= mux.ring_count / CONSOLE_SCAN) {
        int character = mux.ring_count != 0 ? console_mux_next(&mux, true) : -1;

        if (character >= 0) {
            uart_put((uint8_t)character);
        }
        empty = character >= 0 ? 0 : empty + 1;
    }
}

bool console_host_step(uint64_t until_ticks)
{
    static uint32_t empty;
    int64_t left = (int64_t)(until_ticks - counter_now());
    int character;

    if (left < line_ticks) {
        return false;
    }
    if (!uart_can_send()) {
        return true;
    }
    character = console_mux_next(&mux, false);
    if (character >= 0) {
        uart_send((uint8_t)character);
    }
    empty = character >= 0 ? 0 : empty + 1;
    if (empty > mux.ring_count / CONSOLE_SCAN) {
        empty = 0;
        return false;
    }
    return true;
}

/* The partition that the configuration gave the input to, or none. */
static struct partition *input_partition(void)
{
    for (uint32_t i = 0; i < module_state.desc->partition_count; i++) {
        if (module_state.desc->partition[i].console_input) {
            return &module_state.partition[i];
        }
    }
    return NULL;
}

static void deliver(struct partition *target, uint8_t character, const struct vcpu *loaded)
{
    struct vcpu *vcpu = &target->vcpu[0];

    vpl011_receive(&target->uart, character);
    if (vcpu == loaded) {
        gic->read_list(&vcpu->vgic);
    }
    vgic_set_line(&vcpu->vgic, target->desc->uart_irq, target->uart.irq_line);
    if (vcpu == loaded) {
        gic->write_list(&vcpu->vgic);
    }
}

void console_host_input(const struct vcpu *loaded)
{
    static struct partition *target;
    static bool known;

    if (!known) {
        target = input_partition();
        known = true;
    }
    for (uint32_t i = 0; i < INPUT_LIMIT; i++) {
        int character = uart_receive();

        if (character < 0) {
            return;
        }
        if (target != NULL && target->mode == PARTITION_NORMAL) {
            deliver(target, (uint8_t)character, loaded);
        }
    }
}
