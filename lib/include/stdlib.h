/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts of <stdlib.h> does a freestanding kernel have?  The one function that libfdt's
 * overlay code calls.  Seen by the kernel only.
 */
#ifndef LIB_STDLIB_H
#define LIB_STDLIB_H

unsigned long strtoul(const char *text, char **end, int base);

#endif
