/* SPDX-License-Identifier: Apache-2.0 */
/* What do the vectors call when a guest traps? */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <bulkhead/partition.h>

/* A synchronous exception from a guest, or a physical SError while it ran.  Returns false when the
 * vCPU may no longer run. */
bool trap(struct vcpu *vcpu);

#endif
