/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a guest do about an exception?  IRQs go to a hook, expected synchronous exceptions are
 * counted and stepped over, anything else ends the guest with a line that says what it was.
 */
#include "guest.h"

#include <bulkhead/abi.h>

/* ESR_EL1.EC (Arm ARM DDI 0487, D17.2.37). */
#define EC_SHIFT                26
#define EC_MASK                 UINT64_C(0x3f)
#define EC_SVC64                0x15U
#define EC_INSTRUCTION_ABORT    0x21U
#define EC_PC_ALIGNMENT         0x22U
#define VECTOR_KIND_MASK        3U
#define VECTOR_KIND_SYNCHRONOUS 0U
#define VECTOR_KIND_IRQ         1U
#define VECTOR_KIND_FIQ         2U

_Static_assert(offsetof(struct guest_frame, x) == FRAME_X, "vectors.S");
_Static_assert(offsetof(struct guest_frame, elr) == FRAME_ELR, "vectors.S");
_Static_assert(offsetof(struct guest_frame, spsr) == FRAME_SPSR, "vectors.S");
_Static_assert(offsetof(struct guest_frame, far) == FRAME_FAR, "vectors.S");
_Static_assert(offsetof(struct guest_frame, counter) == FRAME_COUNTER, "vectors.S");
_Static_assert(sizeof(struct guest_frame) == FRAME_BYTES, "vectors.S");

void guest_exception(struct guest_frame *frame, uint64_t vector);

struct guest_probe guest_probe;

static void irq_unexpected(struct guest_frame *frame)
{
    print("guest: unexpected interrupt at 0x%lx\n", frame->elr);
    guest_stop("unexpected interrupt");
}

void (*guest_irq)(struct guest_frame *frame) = irq_unexpected;
bool (*guest_synchronous)(struct guest_frame *frame, uint64_t vector);

void guest_exception(struct guest_frame *frame, uint64_t vector)
{
    uint64_t kind = vector & VECTOR_KIND_MASK;
    uint64_t ec = (frame->esr >> EC_SHIFT) & EC_MASK;

    if (kind == VECTOR_KIND_IRQ || kind == VECTOR_KIND_FIQ) {
        guest_irq(frame);
        return;
    }
    if (kind == VECTOR_KIND_SYNCHRONOUS && guest_synchronous != NULL &&
        guest_synchronous(frame, vector)) {
        return;
    }
    if (kind == VECTOR_KIND_SYNCHRONOUS && guest_probe.armed) {
        guest_probe.count++;
        guest_probe.esr = frame->esr;
        guest_probe.far = frame->far;
        if (ec == EC_INSTRUCTION_ABORT || ec == EC_PC_ALIGNMENT) {
            frame->elr = frame->x[30];
        } else if (ec != EC_SVC64) {
            frame->elr += 4;
        }
        return;
    }
    print("guest: exception vector=%lu esr=0x%lx elr=0x%lx far=0x%lx spsr=0x%lx\n", vector,
          frame->esr, frame->elr, frame->far, frame->spsr);
    guest_stop("unexpected exception");
}

void probe_begin(void)
{
    guest_probe = (struct guest_probe){.armed = true};
}

uint64_t probe_end(void)
{
    guest_probe.armed = false;
    return guest_probe.count;
}

void guest_stop(const char *reason)
{
    irq_mask();
    print("guest: stops: %s\n", reason);
    if (guest_has_kernel()) {
        hvc(BH_STOP, 0, 0, 0);
    }
    for (;;) {
        insn("wfi");
    }
}
