/* SPDX-License-Identifier: Apache-2.0 */
/* What does assembly know of a core's state?  Offsets into struct core, asserted in offsets.c. */
#ifndef ASM_CORE_H
#define ASM_CORE_H

#define CORE_STACK_TOP  0
#define CORE_EMERGENCY  8
#define CORE_RELEASE    16 /* counter value at which the wait ends */
#define CORE_RELEASED   24 /* counter value that the wait saw */
#define CORE_ENTRY      32 /* counter value at the last interrupt entry */
#define CORE_MITIGATION 40 /* bits 7:0: BHB rounds; bit 31: SMCCC_ARCH_WORKAROUND_1 */
#define CORE_HAS_PAUTH  44

/* From release_vcpu's last look at the counter to the guest's first instruction: five instructions.
 */
#define RELEASE_TAIL_NS 5

#endif
