/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASM_MITIGATION_H
#define ASM_MITIGATION_H

#include <bulkhead/module.h>

/* Functions of DEN 0070. */
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U /* CVE-2017-5715, branch targets */
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffU /* CVE-2018-3639, speculative store bypass */
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffU /* CVE-2022-23960, branch history, and 1 */

/* The value of struct core.mitigation for this CPU.  Start-up only: it may call the firmware. */
uint32_t mitigation_of_this_core(enum psci_conduit conduit);

/* What SMCCC_ARCH_FEATURES tells a guest about a workaround, as DEN 0070 says: below zero, it is
 * not there; else it may be called, which does nothing that the entry to EL2 has not done. */
int64_t mitigation_answer(uint32_t workaround);

#endif
