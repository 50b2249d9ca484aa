/* SPDX-License-Identifier: Apache-2.0 */
/* How does guests/restart end a life? */
#ifndef RESTART_H
#define RESTART_H

#include <stdint.h>

#define DIRT UINT64_C(0xd1d1d1d1d1d1d1d1)

/* Overwrites everything from base to end but its own code, fills all registers that no argument
 * needs, and calls PSCI SYSTEM_RESET by HVC or, if `by_smc`, by SMC.  Does not return. */
__attribute__((noreturn)) void dirty_and_reset(uint64_t base, uint64_t end, uint64_t by_smc);

/* Compares what PSCI answers with DEN 0022; prints a line for each difference. */
void check_psci(void);

#endif
