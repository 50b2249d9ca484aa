/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What if the kernel itself is wrong?  It says so with everything it knows and stops the machine's
 * schedule: no partition runs after a panic.
 */
#ifndef BULKHEAD_PANIC_H
#define BULKHEAD_PANIC_H

/* A broken invariant.  Format as log_line().  Never returns; safe in any EL2 context. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
