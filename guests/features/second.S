/* SPDX-License-Identifier: Apache-2.0 */
/* Where does vCPU 1 begin, and on which stack? */
    .text
    .globl  features_second_entry
features_second_entry:
    adrp    x1, second_stack_end
    add     x1, x1, :lo12:second_stack_end
    mov     sp, x1
    adr     x1, guest_vectors
    msr     vbar_el1, x1
    isb
    bl      features_second
    b       .

    .section .bss.second, "aw", %nobits
    .balign 16
    .skip   8192
second_stack_end:
