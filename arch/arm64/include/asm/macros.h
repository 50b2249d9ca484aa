/* SPDX-License-Identifier: Apache-2.0 */
/* What do the assembly files share?  How to reach a symbol relative to the running address. */
#ifndef ASM_MACROS_H
#define ASM_MACROS_H

    .macro adr_l, register, symbol
    adrp    \register, \symbol
    add     \register, \register, :lo12:\symbol
    .endm

#endif
