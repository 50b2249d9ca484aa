/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may EL1 and EL0 do by themselves?  The trap controls of EL2; see el2_traps.c.
 */
#ifndef ASM_EL2_TRAPS_H
#define ASM_EL2_TRAPS_H

#include <bulkhead/module.h>

/*
 * Gives every trap control of this core its value, whatever the loader left there.  HCR_EL2.VM
 * stays off until the first vCPU context is loaded, since VTTBR_EL2 means nothing before.
 * Context: start-up of each core, EL2, before the first guest.  Time: straight-line code.
 */
void el2_traps_init(void);

/* HCR_EL2 of a vCPU on this core: goes into vcpu_context.hcr_el2 when a partition starts. */
uint64_t el2_guest_hcr(const struct partition_desc *desc);

/* CNTHCTL_EL2, likewise: into vcpu_timers.control. */
uint64_t el2_guest_cnthctl(const struct partition_desc *desc);

/* Whether this core has pointer authentication, whose keys are then switched. */
bool el2_has_pauth(void);

/*
 * Erases what guests can write, no control can withhold and no context holds, because the feature
 * it belongs to is hidden: VDISR_EL2 and TPIDR2_EL0.  Context: after a vCPU left, before another
 * enters.  Time: two tests, at most two register writes.
 */
void el2_traps_scrub(void);

#endif
