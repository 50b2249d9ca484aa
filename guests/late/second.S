/* SPDX-License-Identifier: Apache-2.0 */
/* What does a sibling do?  Nothing: it is there to have list registers. */
    .section .text.second, "ax"
    .globl  sibling_entry
sibling_entry:
    b       .
