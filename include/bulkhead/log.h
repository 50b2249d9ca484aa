/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does the kernel speak?  Directly and synchronously to the UART while nothing else runs
 * (start-up, final report, panic); by its own console ring, without waiting, once frames run.
 */
#ifndef BULKHEAD_LOG_H
#define BULKHEAD_LOG_H

#include <bulkhead/console.h>
#include <stdarg.h>

/* Formats into text (NUL-terminated, truncated to size).  %s %c %d %u %x with optional l and width
 * with 0 or blank fill, %%.  Returns the length without truncation.  O(output). */
size_t format_text(char *text, size_t size, const char *format, va_list arguments);
size_t format_into(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line "bulkhead: ...\n".  At most 399 characters. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text without prefix or line end, same route. */
void log_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether `length` more characters would all arrive. */
bool log_has_room(uint32_t length);

/* From now on through the ring (frames run) or directly to the UART (they do not). */
void log_use_ring(struct console_ring *ring);
void log_use_uart(void);

#endif
