/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/console_switch.h. */
#include <bulkhead/console_switch.h>

/* What is to be said next.  The list's line is said in pieces, one for each partition. */
enum {
    SAY_NOTHING,
    SAY_TARGET,
    SAY_HELLO,  /* the target, and that there is help */
    SAY_NOBODY, /* who was typed to is not any more */
    SAY_KEYS,
    SAY_LIST, /* + place in the list */
};

static const struct partition_desc *entry(const struct console_switch *input, uint32_t place)
{
    return &input->module->partition[input->list[place]];
}

void console_switch_init(struct console_switch *input, const struct module_desc *module)
{
    *input = (struct console_switch){.module = module};
    for (uint32_t digit = 0; CONFIG_CONSOLE_SWITCH && digit < 10; digit++)
        input->digit[digit] = CONSOLE_SWITCH_MAX;
    for (uint32_t p = 0; p < module->partition_count && input->count < CONSOLE_SWITCH_MAX; p++) {
        const struct partition_desc *partition = &module->partition[p];
        if (!partition->console_input)
            continue;
        if (partition->console_first)
            input->at = input->count;
        if (CONFIG_CONSOLE_SWITCH && partition->id < 10)
            input->digit[partition->id] = (uint8_t)input->count;
        input->list[input->count++] = (uint8_t)p;
    }
    if (CONFIG_CONSOLE_SWITCH && input->count > 1 && module->switch_key != 0)
        input->piece = SAY_HELLO;
    else if (input->count != 0 && entry(input, input->at)->console_raw)
        input->piece = SAY_TARGET;
}

uint32_t console_switch_target(const struct console_switch *input)
{
    return input->count != 0 ? input->list[input->at] : input->module->partition_count;
}

static void choose(struct console_switch *input, uint32_t place)
{
    input->at = place;
    input->piece = SAY_TARGET;
}

static void command(struct console_switch *input, uint8_t character)
{
    uint32_t place = CONSOLE_SWITCH_MAX;

    if (character == 'n')
        place = input->at + 1U < input->count ? input->at + 1U : 0;
    else if (character == 'p')
        place = input->at != 0 ? input->at - 1U : input->count - 1U;
    else if (character >= '0' && character <= '9')
        place = input->digit[character - '0'];
    if (place != CONSOLE_SWITCH_MAX)
        choose(input, place);
    else
        input->piece = SAY_KEYS;
}

bool console_switch_take(struct console_switch *input, uint8_t character)
{
    bool is_key = input->count > 1 && character != 0 && character == input->module->switch_key;

    if (!CONFIG_CONSOLE_SWITCH || input->command == is_key) {
        input->command = false; /* an ordinary character, or the key sent as one */
        return true;
    }
    if (is_key) {
        input->command = true;
    } else {
        input->command = false;
        command(input, character);
    }
    return false;
}

static void add_number(struct console_mux *mux, uint32_t value)
{
    char digits[11];
    uint32_t first = sizeof(digits) - 1U;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + value % 10U);
        value /= 10U;
    } while (value != 0);
    console_mux_add(mux, &digits[first]);
}

static void add_key(const struct console_switch *input, struct console_mux *mux)
{
    char key[] = "Ctrl-?";

    key[5] = (char)('@' + input->module->switch_key);
    console_mux_add(mux, key);
}

static void say_target(const struct console_switch *input, struct console_mux *mux)
{
    const struct partition_desc *target = entry(input, input->at);

    console_mux_add(mux, "bulkhead: typing to ");
    console_mux_add(mux, input->piece == SAY_NOBODY ? "nobody" : target->name);
    if (input->piece != SAY_NOBODY && target->console_raw)
        console_mux_add(mux, ", raw");
    if (CONFIG_CONSOLE_SWITCH && input->piece == SAY_HELLO) {
        console_mux_add(mux, "; ");
        add_key(input, mux);
        console_mux_add(mux, " ? for help");
    }
    console_mux_add(mux, "\r\n");
}

static void say_keys(const struct console_switch *input, struct console_mux *mux)
{
    console_mux_add(mux, "bulkhead: ");
    add_key(input, mux);
    console_mux_add(mux, " then n: next, p: previous, ");
    add_key(input, mux);
    console_mux_add(mux, ": itself, or:");
}

static void say_entry(const struct console_switch *input, struct console_mux *mux, uint32_t place)
{
    console_mux_add(mux, place == input->at ? " *" : " ");
    add_number(mux, entry(input, place)->id);
    console_mux_add(mux, " ");
    console_mux_add(mux, entry(input, place)->name);
    console_mux_add(mux, place + 1U == input->count ? "\r\n" : ",");
}

bool console_switch_say(struct console_switch *input, struct console_mux *mux)
{
    uint32_t piece = input->piece;

    if (piece == SAY_NOTHING)
        return false;
    console_mux_break(mux);
    if (CONFIG_CONSOLE_SWITCH && piece >= SAY_LIST) {
        uint32_t place = piece - SAY_LIST;
        say_entry(input, mux, place);
        input->piece = place + 1U == input->count ? SAY_NOTHING : piece + 1U;
    } else if (CONFIG_CONSOLE_SWITCH && piece == SAY_KEYS) {
        say_keys(input, mux);
        input->piece = SAY_LIST;
    } else {
        say_target(input, mux);
        input->piece = SAY_NOTHING;
    }
    return true;
}

void console_switch_end(struct console_switch *input)
{
    if (input->count != 0 && entry(input, input->at)->console_raw) {
        input->piece = SAY_NOBODY;
        input->count = 0;
    }
}
