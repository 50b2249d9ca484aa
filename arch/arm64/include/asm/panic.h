/* SPDX-License-Identifier: Apache-2.0 */
/* What does vectors.S hand over when an exception must not happen? */
#ifndef ASM_PANIC_H
#define ASM_PANIC_H

#include <bulkhead/types.h>

/* On the emergency stack; layout written by panic_entry in vectors.S. */
struct panic_frame {
    uint64_t x[31];
    uint64_t sp;
};

/* vector: index 0..15 in the table. */
void panic_exception(const struct panic_frame *frame, uint64_t vector);

#endif
