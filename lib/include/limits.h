/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What are the limits of the integer types?  The few that libfdt's headers expect; the compiler's
 * own <limits.h> insists on a C library behind it.  Seen by the kernel only.
 */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#define CHAR_BIT  __CHAR_BIT__
#define INT_MAX   __INT_MAX__
#define INT_MIN   (-INT_MAX - 1)
#define UINT_MAX  (2U * (unsigned int)__INT_MAX__ + 1U)
#define LONG_MAX  __LONG_MAX__
#define ULONG_MAX (2UL * (unsigned long)__LONG_MAX__ + 1UL)

#endif
