/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What if a function overwrites its own frame?  The compiler's stack protector compares with this
 * value and calls __stack_chk_fail(): a bug of ours, so a panic.  The value is stirred at start-up
 * by kernel_main's first caller of stack_guard_seed().
 */
#include <bulkhead/panic.h>
#include <bulkhead/stack_check.h>

/* Zero until kernel_main() has seeded it. */
uintptr_t __stack_chk_guard;

/* Declared by the compiler's convention only. */
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    panic("stack smashed");
}

void stack_guard_seed(uint64_t entropy)
{
    /* The lowest byte stays zero: a string overrun cannot reproduce it. */
    __stack_chk_guard = ((entropy + 1) * UINT64_C(0x9e3779b97f4a7c15)) << 8;
}
