/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a table indexed by a number that a guest chose?  Bounds-checked, and masked so that a CPU
 * that speculates past the check stays inside the table too (Spectre variant 1, CVE-2017-5753).
 */
#ifndef BULKHEAD_NOSPEC_H
#define BULKHEAD_NOSPEC_H

#include <bulkhead/types.h>

/* index if index < count, else 0, by data flow instead of control flow.  Both below 2^63.  The
 * empty assembly keeps the compiler from turning the mask back into the branch that the caller has
 * made. */
static inline uint64_t index_nospec(uint64_t index, uint64_t count)
{
    uint64_t mask;

    __asm__ volatile("" : "+r"(index));
    mask = 0 - ((index - count) >> 63);
    return index & mask;
}

#endif
