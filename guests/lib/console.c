/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a guest say something?  Formatted lines through the PL011's data register (ARM DDI 0183,
 * 3.3.1).  The flag register is not polled: neither the kernel's virtual UART nor QEMU's is ever
 * full, and each access is a trap.
 */
#include "guest.h"

#include <stdarg.h>

#define LINE_BYTES 200U

struct line {
    char text[LINE_BYTES];
    size_t length;
};

void uart_put(char character)
{
    write32(UART_BASE, (uint8_t)character);
}

static void line_put(struct line *line, char character)
{
    if (line->length < LINE_BYTES) {
        line->text[line->length++] = character;
    }
}

static void line_put_number(struct line *line, uint64_t value, uint64_t radix, unsigned width,
                            char fill)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    while (width > count) {
        line_put(line, fill);
        width--;
    }
    while (count > 0) {
        line_put(line, digits[--count]);
    }
}

void print(const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        unsigned width = 0;
        char fill = ' ';
        bool is_long = false;
        uint64_t value;

        if (*format != '%') {
            line_put(&line, *format);
            continue;
        }
        format++;
        if (*format == '0') {
            fill = '0';
        }
        while (*format >= '0' && *format <= '9') {
            width = width * 10U + (unsigned)(*format++ - '0');
        }
        if (*format == 'l') {
            is_long = true;
            format++;
        }
        switch (*format) {
        case 'd':
            value = is_long ? (uint64_t)va_arg(arguments, long)
                            : (uint64_t)(int64_t)va_arg(arguments, int);
            if ((int64_t)value < 0) {
                line_put(&line, '-');
                value = -value;
            }
            line_put_number(&line, value, 10, width, fill);
            break;
        case 'u':
        case 'x':
            value = is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            line_put_number(&line, value, *format == 'x' ? 16 : 10, width, fill);
            break;
        case 's':
            for (const char *text = va_arg(arguments, const char *); *text != '\0'; text++) {
                line_put(&line, *text);
            }
            break;
        case 'c':
            line_put(&line, (char)va_arg(arguments, int));
            break;
        default:
            line_put(&line, *format);
            break;
        }
    }
    va_end(arguments);
    for (size_t i = 0; i < line.length; i++) {
        uart_put(line.text[i]);
    }
}
