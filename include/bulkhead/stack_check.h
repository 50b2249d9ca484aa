/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_STACK_CHECK_H
#define BULKHEAD_STACK_CHECK_H

#include <bulkhead/types.h>

extern uintptr_t __stack_chk_guard;

/* Mixes boot-time entropy into the guard value.  Must be inlined into no protected frame that
 * returns: called once from kernel_main(), which never returns. */
void stack_guard_seed(uint64_t entropy);

#endif
