/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/console_host.h.  Owner: the boot core. */
#include <bulkhead/console_host.h>
#include <bulkhead/console_switch.h>
#include <bulkhead/gic.h>
#include <bulkhead/module_state.h>
#include <bulkhead/share.h>
#include <bulkhead/timer.h>
#include <bulkhead/uart.h>

#define INPUT_LIMIT 4U

/* What must be left before the release when a character is begun: inside a line, and where the next
 * line is looked for among all sources and its tag or loss is put into words; and when input is
 * taken (docs/timing.md). */
#define CHARACTER_NS 300U
#define LINE_NS      1800U
#define INPUT_NS     1500U

/* A line that its writer has left unfinished for so long is a prompt. */
#define SETTLE_NS 20000000U

static struct console_mux mux;
static struct console_switch input;
static struct partition *target; /* who is typed to; NULL: nobody */
static int64_t character_ticks;
static int64_t line_ticks;
static int64_t input_ticks;
static uint64_t settle_ticks;

static void follow_switch(void)
{
    uint32_t index = console_switch_target(&input);

    console_mux_focus(&mux, index + 1U); /* ring 0 is the kernel's */
    target = index < module_state.desc->partition_count ? &module_state.partition[index] : NULL;
}

void console_host_init(struct console_ring *const *ring, uint32_t ring_count)
{
    uint64_t hz = module_state.counter_hz;

    console_mux_init(&mux, ring, ring_count);
    console_switch_init(&input, module_state.desc);
    follow_switch();
    character_ticks = (int64_t)ns_to_ticks(CHARACTER_NS, hz);
    line_ticks = (int64_t)ns_to_ticks(LINE_NS, hz);
    input_ticks = (int64_t)ns_to_ticks(INPUT_NS, hz);
    settle_ticks = ns_to_ticks(SETTLE_NS, hz);
}

/* Whether who is typed to has stopped in the midst of a line. */
static void look_at_focus(uint64_t now)
{
    static uint32_t head;
    static uint64_t since;

    if (mux.focus != mux.ring_count) {
        uint32_t seen = __atomic_load_n(&mux.ring[mux.focus]->head, __ATOMIC_ACQUIRE);

        if (seen != head) {
            head = seen;
            since = now;
        }
        mux.settled = now - since >= settle_ticks;
    }
}

/* The next character for the wire; the kernel's own words come between lines. */
static int next_character(uint64_t now, bool inside)
{
    if (!inside && !console_switch_say(&input, &mux)) {
        look_at_focus(now);
    }
    return console_mux_next(&mux, false);
}

uint64_t console_host_drain(uint64_t until_ticks, uint32_t limit)
{
    uint64_t now = counter_now();

    for (; limit != 0; limit--) {
        int64_t left = (int64_t)(until_ticks - now);
        bool inside = console_mux_in_text(&mux);
        int character;

        if (left < (console_mux_is_quick(&mux) ? character_ticks : line_ticks) ||
            !uart_can_send()) {
            break;
        }
        character = next_character(now, inside);
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
    return mux.focus != mux.ring_count || console_mux_ready(&mux);
}

void console_host_flush(void)
{
    uint32_t empty = 0;

    if (mux.hold) {
        console_switch_end(&input);
        follow_switch();
    }
    /* A source may be ready behind the ones that a call looks at. */
    while (empty <= mux.ring_count / CONSOLE_SCAN) {
        int character = -1;

        if (mux.ring_count != 0) {
            if (!console_mux_in_text(&mux)) {
                (void)console_switch_say(&input, &mux);
            }
            character = console_mux_next(&mux, true);
        }
        if (character >= 0) {
            uart_put((uint8_t)character);
        }
        empty = character >= 0 ? 0 : empty + 1;
    }
}

bool console_host_step(uint64_t until_ticks)
{
    static uint32_t empty;
    uint64_t now = counter_now();
    int character;

    if ((int64_t)(until_ticks - now) < line_ticks) {
        return false;
    }
    if (!uart_can_send()) {
        return true;
    }
    character = next_character(now, console_mux_in_text(&mux));
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

/* Tells the target's interrupt controller that its UART's line has changed. */
static void signal_target(const struct vcpu *loaded)
{
    bool is_in = loaded != NULL && loaded->partition == target;
    struct vcpu *vcpu = is_in ? &target->vcpu[loaded->index] : &target->vcpu[0];

    if (is_in) {
        gic->read_list(&vcpu->vgic);
    }
    vgic_set_line(&vcpu->vgic, target->desc->uart_irq, target->uart.irq_line);
    if (is_in) {
        gic->write_list(&vcpu->vgic);
    }
}

/* Not all of the partition runs on this core: what is typed waits for vCPU 0's. */
static bool is_elsewhere(const struct partition *partition)
{
    return CONFIG_SMP && (partition->spread || partition->vcpu[0].core != this_core());
}

/* Characters that do not fit stay in the UART. */
static void type_elsewhere(void)
{
    struct typed *typed = &target->typed;
    bool taken = true;

    for (uint32_t i = 0; taken && i < INPUT_LIMIT; i++) {
        uint32_t waiting = typed->head - __atomic_load_n(&typed->tail, __ATOMIC_ACQUIRE);
        int character = waiting < TYPED_BYTES ? uart_receive() : -1;

        if (character < 0) {
            break;
        }
        taken = console_switch_take(&input, (uint8_t)character);
        if (taken && partition_mode(target) == PARTITION_NORMAL) {
            typed->text[typed->head % TYPED_BYTES] = (uint8_t)character;
            __atomic_store_n(&typed->head, typed->head + 1, __ATOMIC_RELEASE);
            core_ask_for_boundary(target->vcpu[0].core);
        }
    }
    if (!taken) {
        follow_switch(); /* the rest may be for another */
    }
}

void console_host_take_typed(struct vcpu *vcpu, uint64_t until_ticks)
{
    struct partition *partition = vcpu->partition;
    struct typed *typed = &partition->typed;
    uint32_t head = __atomic_load_n(&typed->head, __ATOMIC_ACQUIRE);
    int64_t left;
    bool line;

    /* Where a release is late already, as on an emulator always, it costs its own partition only.
     */
    left = (int64_t)(until_ticks - counter_now());
    if (vcpu->index != 0 || head == typed->tail || (left > 0 && left < input_ticks) ||
        !vgic_take(vcpu)) {
        return; /* at the next window, perhaps */
    }
    line = partition->uart.irq_line;
    for (uint32_t i = 0; i < INPUT_LIMIT && typed->tail != head; i++) {
        vpl011_receive(&partition->uart, typed->text[typed->tail % TYPED_BYTES]);
        __atomic_store_n(&typed->tail, typed->tail + 1, __ATOMIC_RELEASE);
    }
    if (partition->uart.irq_line != line && partition_is_spread(partition)) {
        share_uart_line(vcpu);
    } else if (partition->uart.irq_line != line) {
        vgic_set_line(&vcpu->vgic, partition->desc->uart_irq, !line);
    }
    vgic_give(vcpu);
}

void console_host_input(const struct vcpu *loaded, uint64_t until_ticks)
{
    bool taken = true;
    bool line;

    if ((int64_t)(until_ticks - counter_now()) < input_ticks) {
        return;
    }
    if (target == NULL) {
        (void)uart_receive(); /* nobody's */
        return;
    }
    if (is_elsewhere(target)) {
        type_elsewhere();
        return;
    }
    line = target->uart.irq_line;
    for (uint32_t i = 0; taken && i < INPUT_LIMIT; i++) {
        int character = uart_receive();

        if (character < 0) {
            break;
        }
        taken = console_switch_take(&input, (uint8_t)character);
        if (taken && target->mode == PARTITION_NORMAL) {
            vpl011_receive(&target->uart, (uint8_t)character);
        }
    }
    if (target->uart.irq_line != line) {
        signal_target(loaded);
    }
    if (!taken) {
        follow_switch(); /* the rest may be for another */
    }
}
