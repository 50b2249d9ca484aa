/* SPDX-License-Identifier: Apache-2.0 */
/* Which memory routines does the compiler call by itself, library or none? */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);

void *memset(void *to, int value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ((uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}
