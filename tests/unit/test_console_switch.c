/* SPDX-License-Identifier: Apache-2.0 */
/* Is typed to whom console_switch.h says?  Each test's name is its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/console_switch.h>

/* Ctrl-O as one types it, and as the description has it. */
#define KEY      "\017"
#define KEY_CODE 0x0fU

/* All but the second one may be typed to. */
static struct partition_desc partition[4];
static struct module_desc module;
static struct console_switch input;
static struct console_mux mux;
static char said[2048];

static int set_up(void **state)
{
    static const struct partition_desc fresh[4] = {
        {.id = 1, .name = "nav", .console_input = true},
        {.id = 2, .name = "deaf"},
        {.id = 7, .name = "linux", .console_input = true, .console_first = true},
        {.id = 4000000000, .name = "far", .console_input = true},
    };
    (void)state;
    memcpy(partition, fresh, sizeof(partition));
    module =
        (struct module_desc){.partition = partition, .partition_count = 4, .switch_key = KEY_CODE};
    console_switch_init(&input, &module);
    console_mux_init(&mux, NULL, 0);
    return 0;
}

/* Everything that is to be said now. */
static const char *saying(void)
{
    size_t length = 0;

    while (console_switch_say(&input, &mux)) {
        int character;
        while ((character = console_mux_next(&mux, false)) >= 0) {
            assert_true(length < sizeof(said) - 1);
            said[length++] = (char)character;
        }
    }
    said[length] = '\0';
    return said;
}

/* Types, and gives back what came through; all of it went to whom it names at its end. */
static const char *typed(const char *keys)
{
    static char through[64];
    size_t length = 0;

    for (; *keys != '\0'; keys++) {
        if (console_switch_take(&input, (uint8_t)*keys))
            through[length++] = *keys;
    }
    through[length] = '\0';
    return through;
}

static void the_first_is_announced_with_the_key(void **state)
{
    (void)state;
    assert_int_equal(console_switch_target(&input), 2);
    assert_string_equal(saying(), "bulkhead: typing to linux; Ctrl-O ? for help\r\n");
    assert_string_equal(saying(), "");
    assert_string_equal(typed("n p 7\r"), "n p 7\r");
    assert_string_equal(saying(), "");
}

static void next_and_previous_go_round(void **state)
{
    static const uint32_t order[] = {3, 0, 2, 3};
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(typed(KEY "n"), "");
        assert_int_equal(console_switch_target(&input), order[i]);
    }
    assert_string_equal(saying(), "bulkhead: typing to far\r\n");
    for (uint32_t i = 3; i-- != 0;) {
        assert_string_equal(typed(KEY "p"), "");
        assert_int_equal(console_switch_target(&input), order[i]);
    }
    assert_string_equal(typed(KEY "p"), "");
    assert_int_equal(console_switch_target(&input), 2);
}

static void a_digit_goes_to_the_partition_with_this_id(void **state)
{
    (void)state;
    assert_string_equal(typed(KEY "1x"), "x");
    assert_int_equal(console_switch_target(&input), 0);
    assert_string_equal(saying(), "bulkhead: typing to nav\r\n");
    assert_string_equal(typed(KEY "7"), "");
    assert_int_equal(console_switch_target(&input), 2);
}

static void the_key_twice_is_sent_once(void **state)
{
    (void)state;
    (void)saying();
    assert_string_equal(typed(KEY KEY), KEY);
    assert_string_equal(typed("n"), "n");
    assert_int_equal(console_switch_target(&input), 2);
    assert_string_equal(saying(), "");
}

static void anything_else_lists_the_partitions(void **state)
{
    /* 2 is the id of one that may not be typed to */
    static const char *const other[] = {KEY "?", KEY "2", KEY "3", KEY "x", KEY "\r"};
    (void)state;
    for (uint32_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        assert_string_equal(typed(other[i]), "");
        assert_int_equal(console_switch_target(&input), 2);
        assert_string_equal(saying(),
                            "bulkhead: Ctrl-O then n: next, p: previous, Ctrl-O: itself, or: 1 nav,"
                            " *7 linux, 4000000000 far\r\n");
    }
}

static void a_new_command_begins_a_new_line(void **state)
{
    (void)state;
    (void)saying();
    (void)typed(KEY "?");
    assert_true(console_switch_say(&input, &mux));
    while (console_mux_next(&mux, false) >= 0) {
    }
    (void)typed(KEY "1");
    assert_string_equal(saying(), "bulkhead: typing to nav\r\n");
}

static void one_alone_gets_every_character_and_no_notice(void **state)
{
    (void)state;
    partition[0].console_input = partition[3].console_input = false;
    console_switch_init(&input, &module);
    assert_string_equal(saying(), "");
    assert_string_equal(typed(KEY "n" KEY KEY), KEY "n" KEY KEY);
    assert_int_equal(console_switch_target(&input), 2);
    console_switch_end(&input);
    assert_string_equal(saying(), "");
}

static void without_a_key_no_character_is_taken_away(void **state)
{
    (void)state;
    module.switch_key = 0;
    console_switch_init(&input, &module);
    assert_string_equal(saying(), "");
    assert_string_equal(typed(KEY "n"), KEY "n");
    assert_true(console_switch_take(&input, 0));
    assert_true(console_switch_take(&input, 0));
    assert_int_equal(console_switch_target(&input), 2);
}

static void nobody_is_typed_to_without_input(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        partition[i].console_input = partition[i].console_first = false;
    console_switch_init(&input, &module);
    assert_int_equal(console_switch_target(&input), 4);
    assert_string_equal(saying(), "");
    console_switch_end(&input);
    assert_string_equal(saying(), "");
}

static void raw_is_said_and_so_is_its_end(void **state)
{
    (void)state;
    partition[2].console_raw = true;
    console_switch_init(&input, &module);
    assert_string_equal(saying(), "bulkhead: typing to linux, raw; Ctrl-O ? for help\r\n");
    (void)typed(KEY "n");
    assert_string_equal(saying(), "bulkhead: typing to far\r\n");
    (void)typed(KEY "p");
    assert_string_equal(saying(), "bulkhead: typing to linux, raw\r\n");
    console_switch_end(&input);
    assert_string_equal(saying(), "bulkhead: typing to nobody\r\n");
    assert_int_equal(console_switch_target(&input), 4);
    partition[0].console_input = partition[3].console_input = false;
    console_switch_init(&input, &module);
    assert_string_equal(saying(), "bulkhead: typing to linux, raw\r\n");
}

static void as_many_as_there_can_be(void **state)
{
    static struct partition_desc many[CONSOLE_SWITCH_MAX];
    (void)state;
    for (uint32_t i = 0; i < CONSOLE_SWITCH_MAX; i++)
        many[i] = (struct partition_desc){
            .id = i, .name = "a-name-of-thirty-one-characters", .console_input = true};
    many[254].console_first = true;
    module.partition = many;
    module.partition_count = CONSOLE_SWITCH_MAX;
    console_switch_init(&input, &module);
    assert_int_equal(console_switch_target(&input), 254);
    (void)typed(KEY "n");
    assert_int_equal(console_switch_target(&input), 0);
    (void)typed(KEY "p" KEY "?");
    uint32_t pieces = 0;
    while (console_switch_say(&input, &mux)) {
        assert_in_range(mux.text_length, 1, 90);
        while (console_mux_next(&mux, false) >= 0) {
        }
        pieces++;
    }
    assert_int_equal(pieces, 1 + CONSOLE_SWITCH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_is_announced_with_the_key, set_up),
        cmocka_unit_test_setup(next_and_previous_go_round, set_up),
        cmocka_unit_test_setup(a_digit_goes_to_the_partition_with_this_id, set_up),
        cmocka_unit_test_setup(the_key_twice_is_sent_once, set_up),
        cmocka_unit_test_setup(anything_else_lists_the_partitions, set_up),
        cmocka_unit_test_setup(a_new_command_begins_a_new_line, set_up),
        cmocka_unit_test_setup(one_alone_gets_every_character_and_no_notice, set_up),
        cmocka_unit_test_setup(without_a_key_no_character_is_taken_away, set_up),
        cmocka_unit_test_setup(nobody_is_typed_to_without_input, set_up),
        cmocka_unit_test_setup(raw_is_said_and_so_is_its_end, set_up),
        cmocka_unit_test_setup(as_many_as_there_can_be, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
