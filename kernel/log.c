/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/log.h.  Owner: the boot core. */
#include <bulkhead/log.h>
#include <bulkhead/uart.h>
#include <string.h>

/* The longest sentence is a configuration fault with two node paths. */
#define LINE_BYTES 400U

static struct console_ring *ring;

struct output {
    char *text;
    size_t size;
    size_t length;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size) {
        output->text[output->length] = character;
    }
    output->length++;
}

static void put_padded(struct output *output, const char *text, size_t length, size_t width,
                       char fill, bool left)
{
    for (size_t pad = length; !left && pad < width; pad++) {
        put(output, fill);
    }
    for (size_t i = 0; i < length; i++) {
        put(output, text[i]);
    }
    for (size_t pad = length; left && pad < width; pad++) {
        put(output, ' ');
    }
}

static void put_number(struct output *output, uint64_t value, unsigned int base, bool negative,
                       size_t width, char fill, bool left)
{
    char digits[24];
    size_t start = sizeof(digits);

    do {
        digits[--start] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative && fill == '0') {
        put(output, '-'); /* before the fill */
        width -= width != 0 ? 1U : 0;
    } else if (negative) {
        digits[--start] = '-';
    }
    put_padded(output, &digits[start], sizeof(digits) - start, width, fill, left);
}

size_t format_text(char *text, size_t size, const char *format, va_list arguments)
{
    struct output output = {.text = text, .size = size};

    for (; *format != '\0'; format++) {
        bool is_long = false;
        bool left = false;
        char fill = ' ';
        size_t width = 0;

        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        format++;
        if (*format == '-') {
            left = true;
            format++;
        }
        if (*format == '0') {
            fill = '0';
            format++;
        }
        for (; *format >= '0' && *format <= '9'; format++) {
            width = width * 10 + (size_t)(*format - '0');
        }
        while (*format == 'l') {
            is_long = true;
            format++;
        }
        if (*format == 's') {
            const char *string = va_arg(arguments, const char *);

            string = string != NULL ? string : "(none)";
            put_padded(&output, string, strlen(string), width, ' ', left);
        } else if (*format == 'c') {
            put(&output, (char)va_arg(arguments, int));
        } else if (*format == 'd') {
            int64_t value = is_long ? va_arg(arguments, long) : va_arg(arguments, int);

            put_number(&output, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0,
                       width, fill, left);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t value =
                is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned int);

            put_number(&output, value, *format == 'u' ? 10 : 16, false, width, fill, left);
        } else if (*format == '\0') {
            break;
        } else {
            put(&output, *format);
        }
    }
    if (size != 0) {
        text[output.length < size ? output.length : size - 1] = '\0';
    }
    return output.length;
}

size_t format_into(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = format_text(text, size, format, arguments);
    va_end(arguments);
    return length;
}

static void emit(const char *text)
{
    for (; *text != '\0'; text++) {
        if (ring != NULL) {
            console_ring_put(ring, (uint8_t)*text);
        } else {
            if (*text == '\n') {
                uart_put('\r');
            }
            uart_put((uint8_t)*text);
        }
    }
}

void log_line(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)format_text(line, sizeof(line), format, arguments);
    va_end(arguments);
    emit("bulkhead: ");
    emit(line);
    emit("\n");
}

void log_text(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)format_text(line, sizeof(line), format, arguments);
    va_end(arguments);
    emit(line);
}

bool log_has_room(uint32_t length)
{
    return ring == NULL || console_ring_room(ring) >= length;
}

void log_use_ring(struct console_ring *target)
{
    ring = target;
}

void log_use_uart(void)
{
    ring = NULL;
}
