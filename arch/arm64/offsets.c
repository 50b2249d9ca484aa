/* SPDX-License-Identifier: Apache-2.0 */
/* Do assembly and C agree?  Every offset that assembly uses, checked against the struct. */
#include <asm/context.h>
#include <asm/core.h>
#include <asm/panic.h>
#include <bulkhead/core.h>

#define AGREES(type, member, offset)                                                               \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

AGREES(vcpu, context, 0);
AGREES(vcpu_context, x, CTX_X);
AGREES(vcpu_context, pc, CTX_PC);
AGREES(vcpu_context, pstate, CTX_PSTATE);
AGREES(vcpu_context, sp_el0, CTX_SP_EL0);
AGREES(vcpu_context, sp_el1, CTX_SYS);
AGREES(vcpu_context, tpidr_el1, CTX_SYS + 144);
AGREES(vcpu_context, tcr_el1, CTX_TCR);
AGREES(vcpu_context, vmpidr_el2, CTX_VMPIDR);
AGREES(vcpu_context, hcr_el2, CTX_HCR);
AGREES(vcpu_context, keys, CTX_KEYS);
AGREES(vcpu_context, fpsr, CTX_FPSR);
AGREES(vcpu_context, fpcr, CTX_FPCR);
AGREES(vcpu_context, q, CTX_Q);
_Static_assert(sizeof(struct vcpu_context) == CTX_BYTES, "vcpu_context");
AGREES(core, stack_top, CORE_STACK_TOP);
AGREES(core, emergency_top, CORE_EMERGENCY);
AGREES(core, release_ticks, CORE_RELEASE);
AGREES(core, released_ticks, CORE_RELEASED);
AGREES(core, entry_ticks, CORE_ENTRY);
AGREES(core, mitigation, CORE_MITIGATION);
AGREES(core, has_pauth, CORE_HAS_PAUTH);
AGREES(panic_frame, sp, 248);
