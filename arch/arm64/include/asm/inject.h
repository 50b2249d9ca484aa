/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does EL2 give a guest an exception?  By doing what the core would have done had it taken a
 * synchronous exception to EL1; see inject.c.
 *
 * Context of all: EL2, the vCPU is the one whose EL1 registers are live on this core, and
 * context.pc is the address that the handler is to see in ELR_EL1.  For an HVC, whose ELR_EL2 is
 * the address after it, the caller steps pc back by four first.  Time: straight-line code.
 */
#ifndef ASM_INJECT_H
#define ASM_INJECT_H

#include <bulkhead/partition.h>

/* Undefined instruction (EC 0). */
void inject_undefined(struct vcpu *vcpu);

/* Synchronous external abort on a data access to far.  esr is the ESR_EL2 of the stage-2 abort, of
 * which WnR and CM are passed on. */
void inject_data_abort(struct vcpu *vcpu, uint64_t far, uint64_t esr);

/* Synchronous external abort on the instruction fetch from far. */
void inject_instruction_abort(struct vcpu *vcpu, uint64_t far);

#endif
