/* SPDX-License-Identifier: Apache-2.0 */
/* Do many sources share one wire as console.h says?  Each test's name is its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/console.h>

#define RING_COUNT 3U
#define RING_BYTES 64U

static uint8_t data[RING_COUNT][RING_BYTES];
static struct console_ring ring[RING_COUNT];
static struct console_ring *const rings[RING_COUNT] = {&ring[0], &ring[1], &ring[2]};
static struct console_mux mux;
static char wire[65536];
static size_t wire_length;

static int set_up(void **state)
{
    static const char *const tag[RING_COUNT] = {"a", "bee", NULL};
    (void)state;
    memset(data, 0xa5, sizeof(data));
    for (uint32_t i = 0; i < RING_COUNT; i++)
        console_ring_init(&ring[i], data[i], RING_BYTES, tag[i]);
    console_mux_init(&mux, rings, RING_COUNT);
    wire_length = 0;
    return 0;
}

static void put(uint32_t source, const char *string)
{
    for (; *string != '\0'; string++)
        console_ring_put(&ring[source], (uint8_t)*string);
}

/* Drains at most `limit` characters; ready and next must agree. */
static void drain(size_t limit, bool flush)
{
    while (limit-- != 0) {
        bool ready = console_mux_ready(&mux);
        int character = console_mux_next(&mux, flush);
        if (!flush)
            assert_int_equal(ready, character >= 0);
        if (character < 0)
            return;
        assert_true(wire_length < sizeof(wire) - 1);
        wire[wire_length++] = (char)character;
    }
}

static void expect(const char *string)
{
    wire[wire_length] = '\0';
    assert_string_equal(wire, string);
    wire_length = 0;
}

static void whole_lines_are_tagged_and_end_in_crlf(void **state)
{
    (void)state;
    put(0, "one\ntwo\r\n");
    drain(1000, false);
    expect("[a] one\r\n[a] two\r\n");
}

static void no_tag_where_there_is_none(void **state)
{
    (void)state;
    put(2, "plain\n");
    drain(1000, false);
    expect("plain\r\n");
}

static void part_of_a_line_waits(void **state)
{
    (void)state;
    put(0, "part");
    drain(1000, false);
    expect("");
    put(0, "ner\n");
    drain(1000, false);
    expect("[a] partner\r\n");
}

static void flush_sends_part_of_a_line_and_it_goes_on(void **state)
{
    (void)state;
    put(0, "$ ");
    drain(1000, true);
    expect("[a] $ ");
    put(0, "ls\n");
    drain(1000, false);
    expect("ls\r\n");
}

static void more_than_half_a_ring_does_not_wait(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RING_BYTES / 2; i++)
        put(0, "x");
    drain(1000, false);
    expect("");
    put(0, "y");
    drain(1000, false);
    expect("[a] xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy");
}

static void unfinished_line_is_ended_when_another_is_ready(void **state)
{
    (void)state;
    put(0, "$ ");
    drain(1000, true);
    put(1, "hello\n");
    put(0, "ls\n");
    drain(1000, false);
    expect("[a] $ \r\n[bee] hello\r\n[a] ls\r\n");
}

static void sources_take_turns_line_by_line(void **state)
{
    (void)state;
    put(0, "1\n2\n3\n");
    put(1, "4\n");
    put(2, "5\n6\n");
    drain(1000, false);
    expect("[a] 1\r\n[bee] 4\r\n5\r\n[a] 2\r\n6\r\n[a] 3\r\n");
}

static void a_line_is_not_cut_by_another_while_it_is_whole(void **state)
{
    (void)state;
    put(0, "first line\n");
    drain(7, false);
    put(1, "other\n");
    drain(1000, false);
    expect("[a] first line\r\n[bee] other\r\n");
}

static void cr_alone_sends_the_tag_again(void **state)
{
    (void)state;
    put(0, "good\r[bee] forged\n");
    drain(1000, false);
    expect("[a] good\r[a] [bee] forged\r\n");
}

static void cr_at_a_lines_start_and_nul_are_dropped(void **state)
{
    (void)state;
    put(0, "\r\n\rx\r\r\n");
    console_ring_put(&ring[0], 0);
    put(0, "\ty\033[0m\n");
    drain(1000, false);
    expect("[a] \r\n[a] x\r\n[a] \ty\033[0m\r\n");
}

static void trailing_cr_waits_for_what_follows(void **state)
{
    (void)state;
    put(0, "x\r");
    drain(1000, true);
    expect("[a] x");
    put(0, "\n");
    drain(1000, false);
    expect("\r\n");
}

static void flood_loses_its_own_characters_counted(void **state)
{
    (void)state;
    put(1, "safe\n");
    for (uint32_t i = 0; i < RING_BYTES - 1 + 5; i++)
        put(0, "x");
    put(0, "\n"); /* the last place is kept for it */
    put(0, "\n");
    assert_int_equal(ring[0].lost, 6);
    assert_int_equal(ring[1].lost, 0);
    drain(1000, false);
    expect("[a] xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
           "[bee] safe\r\n[a] lost 6 characters\r\n");
    drain(1000, true);
    expect("");
}

static void standing_flood_is_reported_too(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 200; i++)
        put(0, "x\n");
    assert_int_equal(ring[0].lost, 400 - RING_BYTES);
    drain(100, false);
    wire[27] = '\0';
    assert_string_equal(wire, "[a] lost 336 characters\r\n[a");
}

static void longest_report_and_tag_fit(void **state)
{
    (void)state;
    ring[1].tag = "a-name-that-is-longer-than-any-tag-may-be";
    ring[1].lost = UINT64_MAX;
    put(1, "x\n");
    drain(1000, false);
    expect("[a-name-that-is-longer-than-any-] lost 18446744073709551615 characters\r\n"
           "[a-name-that-is-longer-than-any-] x\r\n");
}

static void indices_wrap(void **state)
{
    (void)state;
    ring[0].head = ring[0].tail = ring[0].line_end = UINT32_MAX - 2;
    data[0][(UINT32_MAX - 3) % RING_BYTES] = '\n';
    put(0, "wrap\naround\n");
    drain(1000, false);
    expect("[a] wrap\r\n[a] around\r\n");
}

static void nothing_configured_is_never_ready(void **state)
{
    (void)state;
    console_mux_init(&mux, rings, 0);
    assert_false(console_mux_ready(&mux));
    assert_int_equal(console_mux_next(&mux, true), -1);
}

static void unfinished_line_of_the_focus_is_shown_when_it_has_settled(void **state)
{
    (void)state;
    console_mux_focus(&mux, 1);
    put(0, "no prompt");
    put(1, "$ ");
    drain(1000, false);
    expect("");
    mux.settled = true;
    drain(1000, false);
    expect("[bee] $ ");
}

static void what_follows_a_prompt_goes_on_in_its_line(void **state)
{
    (void)state;
    console_mux_focus(&mux, 1);
    mux.settled = true;
    put(1, "$ ");
    drain(1000, false);
    mux.settled = false;
    put(1, "l");
    drain(1000, false);
    expect("[bee] $ l");
    put(1, "s\nfile\nmore");
    drain(1000, false);
    expect("s\r\n[bee] file\r\n");
}

static void a_prompt_that_another_has_ended_begins_again_with_the_tag(void **state)
{
    (void)state;
    console_mux_focus(&mux, 1);
    mux.settled = true;
    put(1, "$ ");
    drain(1000, false);
    mux.settled = false;
    put(0, "news\n");
    drain(1000, false);
    put(1, "l");
    drain(1000, false);
    expect("[bee] $ \r\n[a] news\r\n");
    mux.settled = true;
    drain(1000, false);
    expect("[bee] l");
}

/* Four sources, two of which flood the wire with lines of all lengths: source 1's prompt waits for
 * one turn at most. */
static void prompt_waits_for_one_turn_at_most(void **state)
{
    enum { BYTES = 4096, TAG = CONSOLE_TAG_MAX + 3, LOST = 5 + 20 + 13, ENDS = 2 };
    static uint8_t room[4][BYTES];
    static struct console_ring source[4];
    static struct console_ring *const list[4] = {&source[0], &source[1], &source[2], &source[3]};
    uint32_t longest = 0;
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        console_ring_init(&source[i], room[i], BYTES, "a-name-that-is-longer-than-any-tag-may-be");
    console_mux_init(&mux, list, 4);
    console_mux_focus(&mux, 1);
    srand(2);
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t end = (uint32_t)rand() % 2000;
        for (uint32_t i = 0; i < 2 * BYTES; i++) {
            console_ring_put(&source[0], i % 3000 == end ? '\n' : 'x');
            console_ring_put(&source[3], (uint32_t)rand() % 400 == 0 ? '\n' : 'y');
        }
        for (uint32_t i = (uint32_t)rand() % 700; i != 0; i--)
            assert_true(console_mux_next(&mux, false) >= 0);
        console_ring_put(&source[1], '$');
        mux.settled = true;
        uint32_t waited = 0;
        while (source[1].tail != source[1].head) {
            assert_true(console_mux_next(&mux, false) >= 0);
            waited++;
        }
        longest = waited > longest ? waited : longest;
        mux.settled = false;
    }
    /* The other's loss, tag, line and its end, then the own tag and the character. */
    assert_in_range(longest, CONSOLE_TURN, CONSOLE_TURN + 3 * TAG + LOST + ENDS + 1);
}

static void a_focus_that_floods_leaves_the_others_their_turns(void **state)
{
    uint32_t sent[RING_COUNT] = {0};
    (void)state;
    console_mux_focus(&mux, 1);
    for (uint32_t round = 0; round < 400; round++) {
        for (uint32_t i = 0; i < RING_COUNT; i++) {
            for (uint32_t k = 0; k < RING_BYTES; k++)
                console_ring_put(&ring[i], (uint8_t)('A' + i));
        }
        for (uint32_t k = 0; k < 20; k++) {
            int character = console_mux_next(&mux, false);
            for (uint32_t i = 0; i < RING_COUNT; i++)
                sent[i] += character == (int)('A' + i);
        }
    }
    for (uint32_t i = 0; i < RING_COUNT; i += 2)
        assert_in_range(sent[i], sent[1] / 4, sent[1]);
    assert_true(sent[1] > 1000);
}

static void the_focus_is_found_among_many(void **state)
{
    enum { COUNT = 4 * CONSOLE_SCAN };
    static uint8_t room[COUNT][RING_BYTES];
    static struct console_ring source[COUNT];
    static struct console_ring *list[COUNT];
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        console_ring_init(&source[i], room[i], RING_BYTES, "many");
        list[i] = &source[i];
    }
    console_mux_init(&mux, list, COUNT);
    console_mux_focus(&mux, COUNT - 1);
    for (uint32_t i = 0; i < 20; i++) {
        console_ring_put(&source[COUNT - 1], '\n');
        drain(9, false);
    }
    assert_int_equal(wire_length, 20 * 9);
}

static void long_lines_are_cut_where_others_wait(void **state)
{
    static uint8_t room[1024];
    static char line[401];
    static char text[1024];
    (void)state;
    console_ring_init(&ring[0], room, sizeof(room), "a");
    memset(line, 'x', 400);
    put(0, line);
    put(0, "\n");
    drain(1000, false);
    (void)snprintf(text, sizeof(text), "[a] %s\r\n", line);
    expect(text);
    put(0, line);
    put(0, "\n");
    put(1, "one\n");
    drain(1000, false);
    (void)snprintf(text, sizeof(text), "[bee] one\r\n[a] %s\r\n", line);
    expect(text);
    put(0, line);
    put(0, "\n");
    drain(1, false);
    put(1, "one\n");
    drain(1000, false);
    (void)snprintf(text, sizeof(text), "[a] %.256s\r\n[bee] one\r\n[a] %s\r\n", line, &line[256]);
    expect(text);
}

static void raw_focus_goes_out_at_once_and_as_it_is(void **state)
{
    static const char bytes[] = "$ \n\r\r\r\n\0\033[Hx\r";
    (void)state;
    ring[1].raw = true;
    console_mux_focus(&mux, 1);
    for (uint32_t i = 0; i < sizeof(bytes) - 1; i++) {
        console_ring_put(&ring[1], (uint8_t)bytes[i]);
        drain(1000, false);
        assert_int_equal(wire_length, i + 1);
    }
    assert_memory_equal(wire, bytes, sizeof(bytes) - 1);
}

static void raw_without_the_focus_is_like_any_other(void **state)
{
    (void)state;
    ring[1].raw = true;
    put(1, "part");
    put(0, "line\n");
    drain(1000, false);
    expect("[a] line\r\n");
    put(1, "ner\r[a] forged\n");
    drain(1000, false);
    expect("[bee] partner\r[bee] [a] forged\r\n");
}

static void raw_focus_holds_others_till_half_full_but_not_the_kernel(void **state)
{
    (void)state;
    ring[1].raw = true;
    console_mux_focus(&mux, 1);
    put(0, "held\n");
    drain(1000, false);
    expect("");
    put(1, "$ ");
    put(2, "kernel\n");
    drain(1000, false);
    expect("$ \r\nkernel\r\n");
    put(0, "0123456789012345678901234567\n");
    put(1, "l");
    drain(1000, false);
    expect("l\r\n[a] held\r\n");
    put(1, "s\r\n");
    drain(1000, false);
    expect("s\r\n");
    console_mux_focus(&mux, 0);
    drain(1000, false);
    expect("[a] 0123456789012345678901234567\r\n");
}

static void raw_output_has_its_tag_again_when_the_focus_goes(void **state)
{
    (void)state;
    ring[1].raw = true;
    console_mux_focus(&mux, 1);
    put(1, "one two\n");
    drain(4, false);
    console_mux_focus(&mux, 3);
    assert_false(console_mux_in_text(&mux));
    console_mux_break(&mux);
    console_mux_add(&mux, "news\r\n");
    drain(1000, false);
    expect("one \r\nnews\r\n[bee] two\r\n");
}

static void the_kernels_own_text_ends_a_line_and_goes_first(void **state)
{
    static char text[201];
    (void)state;
    put(0, "$ ");
    drain(1000, true);
    put(0, "x\n");
    console_mux_break(&mux);
    console_mux_add(&mux, "who");
    console_mux_add(&mux, "?\r\n");
    assert_true(console_mux_in_text(&mux));
    drain(1000, false);
    expect("[a] $ \r\nwho?\r\n[a] x\r\n");
    memset(text, 'x', 200);
    console_mux_break(&mux);
    console_mux_add(&mux, text); /* cut, not written past the end */
    console_mux_add(&mux, text);
    drain(1000, false);
    assert_in_range(wire_length, 100, 199);
}

/* What each source got in comes out in order, whatever the others do and whoever is typed to. */
static void random_traffic_comes_out_complete_and_in_order(void **state)
{
    static char sent[RING_COUNT][8192];
    static char received[RING_COUNT][8192];
    size_t sent_length[RING_COUNT] = {0}, received_length[RING_COUNT] = {0};
    (void)state;
    ring[2].tag = "c";
    srand(1);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t source = (uint32_t)rand() % RING_COUNT;
        if (rand() % 3 == 0) {
            char character = (char)(rand() % 6 ? '0' + rand() % 10 : '\n');
            uint64_t lost = ring[source].lost;
            console_ring_put(&ring[source], (uint8_t)character);
            if (ring[source].lost == lost && character != '\n')
                sent[source][sent_length[source]++] = character;
        }
        drain((size_t)rand() % 4, rand() % 8 == 0);
        if (rand() % 16 == 0)
            console_mux_focus(&mux, (uint32_t)rand() % (RING_COUNT + 1));
        mux.settled = rand() % 2 == 0;
    }
    drain(sizeof(wire), true);
    wire[wire_length] = '\0';
    for (char *line = strtok(wire, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        assert_int_equal(line[0], '[');
        const char *close = strchr(line, ']');
        assert_non_null(close);
        uint32_t source = line[1] == 'a' ? 0 : line[1] == 'b' ? 1 : 2;
        if (strncmp(close + 2, "lost", 4) == 0)
            continue;
        for (const char *c = close + 2; *c != '\0'; c++)
            received[source][received_length[source]++] = *c;
    }
    for (uint32_t source = 0; source < RING_COUNT; source++) {
        assert_true(sent_length[source] > 500);
        assert_int_equal(received_length[source], sent_length[source]);
        assert_memory_equal(received[source], sent[source], sent_length[source]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole_lines_are_tagged_and_end_in_crlf, set_up),
        cmocka_unit_test_setup(no_tag_where_there_is_none, set_up),
        cmocka_unit_test_setup(part_of_a_line_waits, set_up),
        cmocka_unit_test_setup(flush_sends_part_of_a_line_and_it_goes_on, set_up),
        cmocka_unit_test_setup(more_than_half_a_ring_does_not_wait, set_up),
        cmocka_unit_test_setup(unfinished_line_is_ended_when_another_is_ready, set_up),
        cmocka_unit_test_setup(sources_take_turns_line_by_line, set_up),
        cmocka_unit_test_setup(a_line_is_not_cut_by_another_while_it_is_whole, set_up),
        cmocka_unit_test_setup(cr_alone_sends_the_tag_again, set_up),
        cmocka_unit_test_setup(cr_at_a_lines_start_and_nul_are_dropped, set_up),
        cmocka_unit_test_setup(trailing_cr_waits_for_what_follows, set_up),
        cmocka_unit_test_setup(flood_loses_its_own_characters_counted, set_up),
        cmocka_unit_test_setup(standing_flood_is_reported_too, set_up),
        cmocka_unit_test_setup(longest_report_and_tag_fit, set_up),
        cmocka_unit_test_setup(indices_wrap, set_up),
        cmocka_unit_test_setup(nothing_configured_is_never_ready, set_up),
        cmocka_unit_test_setup(unfinished_line_of_the_focus_is_shown_when_it_has_settled, set_up),
        cmocka_unit_test_setup(what_follows_a_prompt_goes_on_in_its_line, set_up),
        cmocka_unit_test_setup(a_prompt_that_another_has_ended_begins_again_with_the_tag, set_up),
        cmocka_unit_test_setup(prompt_waits_for_one_turn_at_most, set_up),
        cmocka_unit_test_setup(a_focus_that_floods_leaves_the_others_their_turns, set_up),
        cmocka_unit_test_setup(the_focus_is_found_among_many, set_up),
        cmocka_unit_test_setup(long_lines_are_cut_where_others_wait, set_up),
        cmocka_unit_test_setup(raw_focus_goes_out_at_once_and_as_it_is, set_up),
        cmocka_unit_test_setup(raw_without_the_focus_is_like_any_other, set_up),
        cmocka_unit_test_setup(raw_focus_holds_others_till_half_full_but_not_the_kernel, set_up),
        cmocka_unit_test_setup(raw_output_has_its_tag_again_when_the_focus_goes, set_up),
        cmocka_unit_test_setup(the_kernels_own_text_ends_a_line_and_goes_first, set_up),
        cmocka_unit_test_setup(random_traffic_comes_out_complete_and_in_order, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
