/* SPDX-License-Identifier: Apache-2.0 */
/* What do HVC #0 and SMC #0 of a guest do?  See docs/hypercalls.md for the calls. */
#ifndef BULKHEAD_HYPERCALL_H
#define BULKHEAD_HYPERCALL_H

#include <bulkhead/partition.h>

/* Carries out the call in x0..x7 and leaves the result there.  Returns false if the vCPU may no
 * longer run. Bounded: no call loops over anything that a guest chooses. */
bool hypercall(struct vcpu *vcpu);

/* PSCI (DEN 0022D): true if function is one of its numbers; *go_on as above. */
bool psci_call(struct vcpu *vcpu, uint32_t function, bool *go_on);

#endif
