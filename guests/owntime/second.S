/* SPDX-License-Identifier: Apache-2.0 */
/* Where does the second vCPU begin?  At the address that CPU_ON names, without a stack. */
    .section .text.second, "ax"
    .globl  second_entry
second_entry:
    adrp    x0, second_stack_end
    add     x0, x0, :lo12:second_stack_end
    mov     sp, x0
    bl      second_main
    b       .

    .section .bss.second, "aw", %nobits
    .balign 16
    .skip   2048
second_stack_end:
