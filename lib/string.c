/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which C library functions does the kernel supply?  What the compiler emits calls to and what
 * libfdt needs.  Plain loops, moves by words: nothing on a running path uses them for more than a
 * few dozen bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD sizeof(uint64_t)

/* Anywhere in normal memory: this file alone is built for unaligned accesses, which the MMU, on
 * before C runs, makes possible (Arm ARM B2.5). */
typedef uint64_t __attribute__((aligned(1), may_alias)) unaligned_word;

/* Upwards.  Right also where target lies below source and they overlap: each step loads before it
 * stores. */
static void copy_up(uint8_t *target, const uint8_t *source, size_t size_bytes)
{
    for (; size_bytes >= 2 * WORD; size_bytes -= 2 * WORD) {
        uint64_t low = *(const unaligned_word *)source;
        uint64_t high = *(const unaligned_word *)(source + WORD);
        *(unaligned_word *)target = low;
        *(unaligned_word *)(target + WORD) = high;
        target += 2 * WORD;
        source += 2 * WORD;
    }
    while (size_bytes-- != 0) {
        *target++ = *source++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size_bytes)
{
    copy_up(to, from, size_bytes);
    return to;
}

/* libfdt moves the rest of a tree for each property that it adds. */
void *memmove(void *to, const void *from, size_t size_bytes)
{
    uint8_t *target = to;
    const uint8_t *source = from;

    if (target <= source || target >= source + size_bytes) {
        copy_up(target, source, size_bytes);
        return to;
    }
    while (size_bytes >= 2 * WORD) {
        size_bytes -= 2 * WORD;
        uint64_t low = *(const unaligned_word *)(source + size_bytes);
        uint64_t high = *(const unaligned_word *)(source + size_bytes + WORD);
        *(unaligned_word *)(target + size_bytes) = low;
        *(unaligned_word *)(target + size_bytes + WORD) = high;
    }
    while (size_bytes-- != 0) {
        target[size_bytes] = source[size_bytes];
    }
    return to;
}

void *memset(void *to, int value, size_t size_bytes)
{
    uint8_t *target = to;
    uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);

    while (size_bytes != 0 && ((uintptr_t)target & (WORD - 1)) != 0) {
        *target++ = (uint8_t)value;
        size_bytes--;
    }
    for (; size_bytes >= 2 * WORD; size_bytes -= 2 * WORD) {
        ((uint64_t *)(void *)target)[0] = word;
        ((uint64_t *)(void *)target)[1] = word;
        target += 2 * WORD;
    }
    while (size_bytes-- != 0) {
        *target++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size_bytes)
{
    const uint8_t *a = left;
    const uint8_t *b = right;

    for (size_t i = 0; i < size_bytes; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

void *memchr(const void *memory, int value, size_t size_bytes)
{
    const uint8_t *byte = memory;

    for (size_t i = 0; i < size_bytes; i++) {
        if (byte[i] == (uint8_t)value) {
            return (void *)(uintptr_t)(byte + i);
        }
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    return length;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length] != '\0') {
        length++;
    }
    return length;
}

int strcmp(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return (uint8_t)*left - (uint8_t)*right;
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit != 0; limit--, left++, right++) {
        if (*left != *right || *left == '\0') {
            return (uint8_t)*left - (uint8_t)*right;
        }
    }
    return 0;
}

char *strchr(const char *text, int character)
{
    for (;; text++) {
        if (*text == (char)character) {
            return (char *)(uintptr_t)text;
        }
        if (*text == '\0') {
            return NULL;
        }
    }
}

char *strrchr(const char *text, int character)
{
    const char *last = NULL;

    for (;; text++) {
        if (*text == (char)character) {
            last = text;
        }
        if (*text == '\0') {
            return (char *)(uintptr_t)last;
        }
    }
}

static unsigned int digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return (unsigned int)(character - '0');
    }
    if (character >= 'a' && character <= 'z') {
        return (unsigned int)(character - 'a') + 10U;
    }
    if (character >= 'A' && character <= 'Z') {
        return (unsigned int)(character - 'A') + 10U;
    }
    return UINT32_MAX;
}

unsigned long strtoul(const char *text, char **end, int base)
{
    unsigned long value = 0;

    if (base == 0) {
        base = 10;
        if (text[0] == '0') {
            base = 8;
            if (text[1] == 'x' || text[1] == 'X') {
                base = 16;
                text += 2;
            }
        }
    }
    while (digit_value(*text) < (unsigned int)base) {
        value = value * (unsigned long)base + digit_value(*text++);
    }
    if (end != NULL) {
        *end = (char *)(uintptr_t)text;
    }
    return value;
}
