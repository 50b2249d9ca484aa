/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/hypercall.h.  SMC Calling Convention (DEN 0028E): unknown functions give -1. */
#include <asm/mitigation.h>
#include <bulkhead/abi.h>
#include <bulkhead/core.h>
#include <bulkhead/hm.h>
#include <bulkhead/hypercall.h>
#include <bulkhead/module_schedule.h>
#include <bulkhead/module_state.h>

#define SMCCC_VERSION       0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_VERSION_1_1   0x10001U

/* UUID f08f5a4b-64c3-4bb7-9d3a-0b1c7e5a2d11, as four little-endian words (DEN 0028E, 6.2). */
static const uint32_t uid[4] = {0x4b5a8ff0, 0xb74bc364, 0x1c0b3a9d, 0x112d5a7e};

#define REVISION_MAJOR 0U
#define REVISION_MINOR 1U

/* The first 16 registers hold nothing of the kernel's: only x0..x3 are results. */
static void result(struct vcpu *vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    vcpu->context.x[0] = x0;
    vcpu->context.x[1] = x1;
    vcpu->context.x[2] = x2;
    vcpu->context.x[3] = x3;
}

static int64_t arch_features(uint32_t function)
{
    if (function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES) {
        return SMCCC_SUCCESS;
    }
    return mitigation_answer(function);
}

static bool schedule_call(struct vcpu *vcpu, uint32_t function)
{
    switch (function) {
    case BH_MODULE_SCHEDULE_STATUS:
        module_schedule_status(vcpu);
        return true;
    case BH_SET_MODULE_SCHEDULE:
        module_schedule_set(vcpu, (uint32_t)vcpu->context.x[1]);
        return true;
    case BH_MODULE_SCHEDULE_ID:
        module_schedule_find(vcpu);
        return true;
    default:
        return false;
    }
}

bool hypercall(struct vcpu *vcpu)
{
    const struct core *core = this_core();
    uint32_t function = (uint32_t)vcpu->context.x[0];
    bool go_on = true;

    switch (function) {
    case BH_PARTITION_ID:
        result(vcpu, vcpu->partition->desc->id, vcpu->index, module_state.desc->partition_count, 0);
        return true;
    case BH_WINDOW:
        result(vcpu, SMCCC_SUCCESS, core->window_start - vcpu->timers.virt_offset,
               core->window->guard_ticks - core->window->start_ticks + core->guard_ticks,
               core->window_frame << 32 | core->window->index);
        return true;
    case BH_PARTITION_STATUS:
        module_partition_status(vcpu);
        return true;
    case BH_STOP:
        hm_partition_event(vcpu, HM_ERROR_APPLICATION, 0, 0);
        return false;
    case BH_CALL_UID:
        result(vcpu, uid[0], uid[1], uid[2], uid[3]);
        return true;
    case BH_CALL_REVISION:
        result(vcpu, REVISION_MAJOR, REVISION_MINOR, 0, 0);
        return true;
    case SMCCC_VERSION:
        vcpu->context.x[0] = SMCCC_VERSION_1_1;
        return true;
    case SMCCC_ARCH_FEATURES:
        vcpu->context.x[0] = (uint64_t)arch_features((uint32_t)vcpu->context.x[1]);
        return true;
    case SMCCC_ARCH_WORKAROUND_1:
    case SMCCC_ARCH_WORKAROUND_3:
        vcpu->context.x[0] =
            (uint64_t)(mitigation_answer(function) < 0 ? SMCCC_NOT_SUPPORTED : SMCCC_SUCCESS);
        return true;
    default:
        if (CONFIG_MODULE_SCHEDULES && schedule_call(vcpu, function)) {
            return true;
        }
        if (psci_call(vcpu, function, &go_on)) {
            return go_on;
        }
        vcpu->context.x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
        return true;
    }
}
