/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features does a guest find?  The identification registers that HCR_EL2.TID3 traps; see
 * idregs.c.
 */
#ifndef ASM_IDREGS_H
#define ASM_IDREGS_H

#include <bulkhead/partition.h>

/* Computes the table from this core's registers and the allow-list.  Context: start-up, once. */
void idregs_init(void);

/* Whether this core's guests, which have these features (FEATURE_...), would see the same.
 * Start-up only. */
bool idregs_match(uint32_t features);

/*
 * What vCPU reads from op0 = 3, op1 = 0, CRn = 0, CRm, op2.  Returns false if that is no register
 * of the trapped group (CRm 1 to 7).  O(1).
 */
bool idreg_read(const struct vcpu *vcpu, unsigned int crm, unsigned int op2, uint64_t *value);

#endif
