/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASM_MITIGATION_H
#define ASM_MITIGATION_H

#include <bulkhead/module.h>

/* The value of struct core.mitigation for this CPU.  Start-up only: it may call the firmware. */
uint32_t mitigation_of_this_core(enum psci_conduit conduit);

#endif
