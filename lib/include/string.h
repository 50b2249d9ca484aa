/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts of <string.h> does a freestanding kernel have?  What the compiler may call by itself,
 * and what libfdt needs.  Seen by the kernel only; the host uses its own C library.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size_bytes);
void *memmove(void *to, const void *from, size_t size_bytes);
void *memset(void *to, int value, size_t size_bytes);
int memcmp(const void *left, const void *right, size_t size_bytes);
void *memchr(const void *memory, int value, size_t size_bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);

#endif
