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

/* What each source got in comes out in order, whatever the others do. */
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
        cmocka_unit_test_setup(random_traffic_comes_out_complete_and_in_order, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
