/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a guest's cache maintenance by set and way?  See set_way.c.
 *
 * Context of all: EL2, the vCPU is live, context.pc is the trapped instruction.  Both work until an
 * interrupt of any kind waits: then they return false, the instruction is executed again when the
 * guest goes on, and the work continues where it was.  Time after an interrupt came: the rest of
 * one page, which is begun only if START_STEP_NS are left before the window's guard.
 */
#ifndef ASM_SET_WAY_H
#define ASM_SET_WAY_H

#include <bulkhead/partition.h>

/* DC ISW, CSW or CISW.  True: the partition's memory is clean and invalid to the point of
 * coherency, or is known to be so since the guest last switched its caches. */
bool set_way_operation(struct vcpu *vcpu);

/* SCTLR_EL1, trapped since such an operation.  True: it has the value. */
bool set_way_sctlr_write(struct vcpu *vcpu, uint64_t value);

/* Once, at start. */
void set_way_init(void);

#endif
