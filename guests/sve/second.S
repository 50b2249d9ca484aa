/* SPDX-License-Identifier: Apache-2.0 */
/* Where does the second vCPU begin?  At the address that CPU_ON names, without a stack. */
#include "sve.h"

    .text
    .globl  sve_second_entry
sve_second_entry:
    adrp    x1, second_stack_end
    add     x1, x1, :lo12:second_stack_end
    mov     sp, x1
    mov     x1, #(3 << 20 | 3 << 16)   /* CPACR_EL1.FPEN, ZEN */
    msr     cpacr_el1, x1
    adr     x1, guest_vectors
    msr     vbar_el1, x1
    isb
    bl      sve_second_main
    b       .

    .section .bss.second, "aw", %nobits
    .balign 16
    .skip   SVE_SECOND_STACK_BYTES
second_stack_end:
