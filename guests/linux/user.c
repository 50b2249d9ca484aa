/* SPDX-License-Identifier: Apache-2.0 */
/* See user.h. */
#include "user.h"

#include <stdarg.h>

#define LINE_CHARACTERS 200U

long call(enum call_number number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
          uint64_t a5)
{
    register uint64_t x8 __asm__("x8") = (uint64_t)number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x4 __asm__("x4") = a4;
    register uint64_t x5 __asm__("x5") = a5;

    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return (long)x0;
}

void end(int code)
{
    for (;;) {
        (void)call3(CALL_EXIT, (uint64_t)code, 0, 0);
    }
}

/* From user_start.S, with the stack as execve() left it: argc, argv, 0, envp, 0. */
__attribute__((noreturn)) void user_main(uint64_t *stack);
void user_main(uint64_t *stack)
{
    char **argv = (char **)(stack + 1);

    end(program((int)stack[0], argv, argv + stack[0] + 1));
}

/* --- text ------------------------------------------------------------------------------------ */

struct line {
    char text[LINE_CHARACTERS];
    size_t length;
};

static void put(struct line *line, char character)
{
    if (line->length < LINE_CHARACTERS) {
        line->text[line->length++] = character;
    }
}

static void put_number(struct line *line, uint64_t value, uint64_t base)
{
    char digit[20];
    unsigned int count = 0;

    do {
        digit[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        put(line, digit[--count]);
    }
}

void say(const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(&line, *format);
            continue;
        }
        switch (*++format) {
        case 's':
            for (const char *text = va_arg(arguments, const char *); *text != '\0'; text++) {
                put(&line, *text);
            }
            break;
        case 'd': {
            int64_t value = va_arg(arguments, int64_t);

            if (value < 0) {
                put(&line, '-');
                value = -value;
            }
            put_number(&line, (uint64_t)value, 10);
            break;
        }
        case 'x':
            put_number(&line, va_arg(arguments, uint64_t), 16);
            break;
        default:
            put_number(&line, va_arg(arguments, uint64_t), 10);
            break;
        }
    }
    va_end(arguments);
    (void)call3(CALL_WRITE, 1, line.text, line.length);
}

bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

uint64_t number_of(const char *text)
{
    uint64_t value = 0;

    while (*text >= '0' && *text <= '9') {
        value = value * 10 + (uint64_t)(*text++ - '0');
    }
    return value;
}

size_t read_file(const char *path, char *text, size_t size)
{
    long file = call3(CALL_OPENAT, AT_FDCWD, path, 0);
    size_t length = 0;

    if (file >= 0) {
        long got;

        do {
            got = call3(CALL_READ, file, text + length, size - 1 - length);
            length += got > 0 ? (size_t)got : 0;
        } while (got > 0 && length < size - 1);
        (void)call3(CALL_CLOSE, file, 0, 0);
    }
    text[length] = '\0';
    return length;
}

/* --- time ------------------------------------------------------------------------------------ */

uint64_t counter(void)
{
    uint64_t value;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(value) : : "memory");
    return value;
}

uint64_t counter_hz(void)
{
    uint64_t value;

    __asm__("mrs %0, cntfrq_el0" : "=r"(value));
    return value;
}

uint64_t ticks_to_ns(uint64_t ticks)
{
    uint64_t hz = counter_hz();

    return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

uint64_t clock_ns(void)
{
    struct timespec now = {0, 0};

    (void)call3(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC_RAW, &now, 0);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
    struct timespec time = {(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND)};

    (void)call3(CALL_NANOSLEEP, &time, 0, 0);
}
