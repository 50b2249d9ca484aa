/* SPDX-License-Identifier: Apache-2.0 */
/* What does switch.S and vectors.S offer to C?  Bounds in docs/timing.md. */
#ifndef ASM_CONTEXT_SWITCH_H
#define ASM_CONTEXT_SWITCH_H

#include <asm/context.h>
#include <asm/sysreg.h>

/* ISR_EL1.A: an SError is pending (Arm ARM D17.2.81). */
#define ISR_SERROR (UINT64_C(1) << 8)
#define ISR_ANY    (UINT64_C(7) << 6) /* A, I, F */

/* Something wants the core, though it is masked. */
static inline bool interrupt_waits(void)
{
    return (sysreg_read(isr_el1) & ISR_ANY) != 0;
}

void context_save(struct vcpu_context *context);
void context_load(const struct vcpu_context *context, uint64_t vttbr);

/* Takes the pending SError and drops it. */
void serror_take(void);

/* PSCI SYSTEM_OFF (DEN 0022D, 5.9). */
#define PSCI_SYSTEM_OFF 0x84000008U

/* A call to the firmware by the kernel itself, by SMC or HVC. */
uint64_t firmware_call(uint64_t function, uint64_t first, uint64_t second, uint64_t third,
                       bool hvc);

#endif
