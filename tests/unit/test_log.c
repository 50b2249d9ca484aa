/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the kernel's text come out as format strings say?  Against the C library's snprintf() where
 * both know a conversion, against the text in the test where they differ; and the two routes, UART
 * and ring.  BH-CON-1
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/log.h>
#include <bulkhead/uart.h>

static char wire[2048];
static size_t wire_length;

void uart_put(uint8_t character)
{
    assert_true(wire_length < sizeof(wire) - 1);
    wire[wire_length++] = (char)character;
    wire[wire_length] = '\0';
}

static int set_up(void **state)
{
    (void)state;
    wire_length = 0;
    wire[0] = '\0';
    log_use_uart();
    return 0;
}

/* Both formatters on the same arguments: text, length and what lies behind. */
#define ASSERT_LIKE_LIBC(...)                                                                      \
    do {                                                                                           \
        char ours[64];                                                                             \
        char theirs[64];                                                                           \
        size_t length = format_into(ours, sizeof(ours), __VA_ARGS__);                              \
        int expected = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                              \
        assert_string_equal(ours, theirs);                                                         \
        assert_int_equal(length, expected);                                                        \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    ASSERT_LIKE_LIBC("%u %u %u", 0U, 7U, UINT_MAX);
    ASSERT_LIKE_LIBC("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    ASSERT_LIKE_LIBC("%x %x", 0U, UINT_MAX);
    ASSERT_LIKE_LIBC("%lu %lu", 0UL, ULONG_MAX);
    ASSERT_LIKE_LIBC("%ld %ld %ld", 0L, LONG_MAX, LONG_MIN);
    ASSERT_LIKE_LIBC("%lx", ULONG_MAX);
    ASSERT_LIKE_LIBC("%lx %u", 0x123456789abcdef0UL, 5U);
    /* Only the argument's own width counts. */
    ASSERT_LIKE_LIBC("%x", (unsigned int)0xffffffff12345678UL);
}

static void widths(void **state)
{
    (void)state;
    ASSERT_LIKE_LIBC("[%5u][%5u][%1u]", 42U, 1234567U, 10U);
    ASSERT_LIKE_LIBC("[%08x][%016lx][%02x]", 0xabcU, 0xdeadbeefUL, 0x123U);
    ASSERT_LIKE_LIBC("[%-6u][%-6d][%-3lx]", 42U, -42, 0x12345UL);
    ASSERT_LIKE_LIBC("[%6d][%06d][%021ld]", -42, -42, LONG_MIN);
    ASSERT_LIKE_LIBC("[%12s][%-12s][%2s]", "name", "name", "name");
    ASSERT_LIKE_LIBC("[%s][%3s][%-3s]", "", "", "");
    ASSERT_LIKE_LIBC("[%010lu]", 0UL);
}

static void characters_and_percent(void **state)
{
    (void)state;
    ASSERT_LIKE_LIBC("%c%c%c", 'a', '%', 'z');
    ASSERT_LIKE_LIBC("100%%");
    ASSERT_LIKE_LIBC("%%%%u%%");
    ASSERT_LIKE_LIBC("plain");
}

/* Through a variable, so that the compiler does not reject what the kernel must survive. */
static size_t format_unchecked(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_text(text, size, format, arguments);
    va_end(arguments);
    return length;
}

static void what_it_does_not_know(void **state)
{
    char text[32];

    (void)state;
    assert_int_equal(format_unchecked(text, sizeof(text), "%q|%5!|%u", 3U), 5);
    assert_string_equal(text, "q|!|3");
    assert_int_equal(format_unchecked(text, sizeof(text), "end%"), 3);
    assert_string_equal(text, "end");
    assert_int_equal(format_unchecked(text, sizeof(text), "end%08l"), 3);
    assert_string_equal(text, "end");
    assert_int_equal(format_unchecked(text, sizeof(text), "%s", NULL), 6);
    assert_string_equal(text, "(none)");
    assert_int_equal(format_unchecked(text, sizeof(text), ""), 0);
    assert_string_equal(text, "");
}

/* Every size from none to more than enough: nothing is written behind it, the length is the whole.
 */
static void truncation(void **state)
{
    const char whole[] = "abc-0000beef  42.";
    char text[40];

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        size_t kept = size == 0 ? 0 : size - 1 < strlen(whole) ? size - 1 : strlen(whole);

        memset(text, '#', sizeof(text));
        assert_int_equal(format_into(text, size, "%s-%08x%4u%c", "abc", 0xbeefU, 42U, '.'),
                         strlen(whole));
        assert_memory_equal(text, whole, kept);
        if (size != 0) {
            assert_int_equal(text[kept], '\0');
        }
        for (size_t i = size; i < sizeof(text); i++) {
            assert_int_equal(text[i], '#');
        }
    }
    assert_int_equal(format_into(NULL, 0, "%u", 12345U), 5);
}

static void a_line_on_the_uart(void **state)
{
    (void)state;
    log_line("status=%s", "ok");
    assert_string_equal(wire, "bulkhead: status=ok\r\n");
    log_text("a\nb");
    assert_string_equal(wire, "bulkhead: status=ok\r\na\r\nb");
}

static void a_long_line_is_cut_but_ended(void **state)
{
    char text[600];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_line("%s", text);
    assert_int_equal(wire_length, strlen("bulkhead: ") + 399 + strlen("\r\n"));
    assert_string_equal(wire + wire_length - 3, "x\r\n");
}

static void a_line_through_the_ring(void **state)
{
    static uint8_t data[64];
    struct console_ring ring;

    (void)state;
    console_ring_init(&ring, data, sizeof(data), NULL);
    log_use_ring(&ring);
    log_line("%u", 7U);
    assert_string_equal(wire, "");
    assert_int_equal(ring.head - ring.tail, strlen("bulkhead: 7\n"));
    assert_memory_equal(data, "bulkhead: 7\n", strlen("bulkhead: 7\n"));
    assert_int_equal(ring.line_end, ring.head);
    log_use_uart();
    log_text("direct");
    assert_string_equal(wire, "direct");
}

/* A ring of 16 takes 15 characters, and a line feed for which the last place is kept. */
static void room_is_what_would_all_arrive(void **state)
{
    static uint8_t data[16];
    struct console_ring ring;

    (void)state;
    assert_true(log_has_room(UINT32_MAX)); /* the UART */
    console_ring_init(&ring, data, sizeof(data), NULL);
    log_use_ring(&ring);
    for (uint32_t used = 0; used < 15; used++) {
        assert_true(log_has_room(15 - used));
        assert_false(log_has_room(16 - used));
        log_text("x");
        assert_int_equal(ring.lost, 0);
    }
    assert_false(log_has_room(1));
    log_text("\n");
    assert_int_equal(ring.lost, 0);
    assert_false(log_has_room(1)); /* all 16 are used */
    ring.tail += 2;
    assert_true(log_has_room(1));
    assert_false(log_has_room(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(numbers, set_up),
        cmocka_unit_test_setup(widths, set_up),
        cmocka_unit_test_setup(characters_and_percent, set_up),
        cmocka_unit_test_setup(what_it_does_not_know, set_up),
        cmocka_unit_test_setup(truncation, set_up),
        cmocka_unit_test_setup(a_line_on_the_uart, set_up),
        cmocka_unit_test_setup(a_long_line_is_cut_but_ended, set_up),
        cmocka_unit_test_setup(a_line_through_the_ring, set_up),
        cmocka_unit_test_setup(room_is_what_would_all_arrive, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
