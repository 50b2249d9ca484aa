/* SPDX-License-Identifier: Apache-2.0 */
/* What do the vectors call?  Both return false when the vCPU may no longer run. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <bulkhead/partition.h>

/* A synchronous exception from a guest. */
bool trap_sync(struct vcpu *vcpu);

/* A physical SError while a guest ran. */
bool trap_serror(struct vcpu *vcpu);

#endif
