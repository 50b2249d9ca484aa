/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can a partition do to its own power state?  PSCI 1.1 (DEN 0022D) for the vCPUs of one
 * partition; nothing reaches the firmware.  32- and 64-bit forms differ in bit 30 of the function.
 */
#include <bulkhead/core.h>
#include <bulkhead/hm.h>
#include <bulkhead/hypercall.h>
#include <bulkhead/nospec.h>
#include <bulkhead/start.h>

#define PSCI_BASE  0x84000000U
#define PSCI_64    0x40000000U
#define PSCI_COUNT 0x20U

enum psci_function {
    PSCI_VERSION = 0x0,
    PSCI_CPU_SUSPEND = 0x1,
    PSCI_CPU_OFF = 0x2,
    PSCI_CPU_ON = 0x3,
    PSCI_AFFINITY_INFO = 0x4,
    PSCI_MIGRATE_INFO_TYPE = 0x6,
    PSCI_SYSTEM_OFF = 0x8,
    PSCI_SYSTEM_RESET = 0x9,
    PSCI_FEATURES = 0xa,
};

#define PSCI_1_1                0x10001U
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_INVALID_ADDRESS    (-9)
#define MIGRATE_NOT_REQUIRED    2U /* no trusted OS that would have to move */
#define AFFINITY_ON             0U
#define AFFINITY_OFF            1U
#define AFFINITY_ON_PENDING     2U

/* CPU_SUSPEND's power_state, original format (5.4.2); an entry point is for powerdown only. */
#define POWER_STATE_RESERVED UINT64_C(0xfcfe0000)
#define POWER_STATE_DOWN     UINT64_C(0x10000)

#define SMCCC_VERSION 0x80000000U

/* Affinity fields of an MPIDR; a partition's vCPUs are Aff0 = index, the rest zero. */
static struct vcpu *target_of(struct vcpu *vcpu, uint64_t mpidr)
{
    if (mpidr >= vcpu->partition->desc->vcpu_count) {
        return NULL;
    }
    return &vcpu->partition->vcpu[index_nospec(mpidr, vcpu->partition->desc->vcpu_count)];
}

static bool is_entry(const struct vcpu *vcpu, uint64_t entry)
{
    return (entry & 3) == 0 && partition_memory_at(vcpu->partition->desc, entry) != NULL;
}

/* Every state is a standby: a powerdown may be less deep than it was asked for, and then returns
 * like one (5.4.5).  The vCPU's time until then is its own. */
static int64_t cpu_suspend(struct vcpu *vcpu, uint64_t power_state, uint64_t entry)
{
    if ((power_state & POWER_STATE_RESERVED) != 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    if ((power_state & POWER_STATE_DOWN) != 0 && !is_entry(vcpu, entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    core_wait(vcpu);
    return 0;
}

static int64_t cpu_on(struct vcpu *vcpu, uint64_t mpidr, uint64_t entry, uint64_t argument)
{
    struct vcpu *target = target_of(vcpu, mpidr);
    enum vcpu_power seen = VCPU_OFF;

    if (target == NULL) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (__atomic_load_n(&target->power, __ATOMIC_ACQUIRE) == VCPU_OFF && !is_entry(vcpu, entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    /* Of those who race for it one gets it. */
    if (!__atomic_compare_exchange_n(&target->power, &seen, VCPU_ON_PENDING, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return PSCI_ALREADY_ON; /* also while it is on its way: guests know no other answer */
    }
    vcpu_reset(target);
    target->context.pc = entry;
    target->context.x[0] = argument;
    __atomic_store_n(&target->power, VCPU_ON, __ATOMIC_RELEASE);
    return 0;
}

/* It is off when its registers are saved (finish_power_off()): a sibling may want it on again at
 * once.  With nobody on there is no one to do so: of several that go at the same time at least one
 * sees that, since each says that it goes before it looks. */
static bool cpu_off(struct vcpu *vcpu)
{
    bool others = false;

    __atomic_store_n(&vcpu->power, VCPU_GOES_OFF, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < vcpu->partition->desc->vcpu_count; i++) {
        enum vcpu_power power = __atomic_load_n(&vcpu->partition->vcpu[i].power, __ATOMIC_SEQ_CST);

        others = others || power == VCPU_ON || power == VCPU_ON_PENDING;
    }
    if (!others) {
        hm_partition_event(vcpu, HM_ERROR_POWER_OFF, 0, 0);
    }
    return false;
}

static int64_t affinity_info(struct vcpu *vcpu, uint64_t mpidr, uint64_t level)
{
    const struct vcpu *target = target_of(vcpu, mpidr);

    if (level != 0 || target == NULL) {
        return PSCI_INVALID_PARAMETERS;
    }
    switch (__atomic_load_n(&target->power, __ATOMIC_ACQUIRE)) {
    case VCPU_OFF:
        return AFFINITY_OFF;
    case VCPU_ON_PENDING:
        return AFFINITY_ON_PENDING;
    default:
        return AFFINITY_ON;
    }
}

static int64_t features(uint32_t function)
{
    if (function == SMCCC_VERSION) {
        return 0;
    }
    switch ((function & ~PSCI_64) - PSCI_BASE) {
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_ON:
    case PSCI_AFFINITY_INFO:
        return 0;
    case PSCI_VERSION:
    case PSCI_CPU_OFF:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
        return (function & PSCI_64) == 0 ? 0 : PSCI_NOT_SUPPORTED;
    default:
        return PSCI_NOT_SUPPORTED;
    }
}

bool psci_call(struct vcpu *vcpu, uint32_t function, bool *go_on)
{
    uint64_t *x = vcpu->context.x;
    bool is_64 = (function & PSCI_64) != 0;
    uint64_t mask = is_64 ? UINT64_MAX : UINT32_MAX;
    int64_t result = PSCI_NOT_SUPPORTED;

    if ((function & ~PSCI_64) - PSCI_BASE >= PSCI_COUNT) {
        return false;
    }
    switch ((function & ~PSCI_64) - PSCI_BASE) {
    case PSCI_CPU_SUSPEND:
        result = cpu_suspend(vcpu, x[1] & UINT32_MAX, x[2] & mask);
        break;
    case PSCI_CPU_ON:
        result = cpu_on(vcpu, x[1] & mask, x[2] & mask, x[3] & mask);
        break;
    case PSCI_AFFINITY_INFO:
        result = affinity_info(vcpu, x[1] & mask, x[2] & mask);
        break;
    case PSCI_VERSION:
        result = is_64 ? PSCI_NOT_SUPPORTED : (int64_t)PSCI_1_1;
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        result = is_64 ? PSCI_NOT_SUPPORTED : (int64_t)MIGRATE_NOT_REQUIRED;
        break;
    case PSCI_FEATURES:
        result = is_64 ? PSCI_NOT_SUPPORTED : features((uint32_t)x[1]);
        break;
    case PSCI_CPU_OFF:
        if (!is_64) {
            *go_on = cpu_off(vcpu);
            return true;
        }
        break;
    case PSCI_SYSTEM_OFF:
        if (!is_64) {
            hm_partition_event(vcpu, HM_ERROR_POWER_OFF, 0, 0);
            *go_on = false;
            return true;
        }
        break;
    case PSCI_SYSTEM_RESET:
        if (!is_64) {
            hm_partition_event(vcpu, HM_ERROR_RESET, 0, 0);
            *go_on = false;
            return true;
        }
        break;
    default:
        break;
    }
    x[0] = (uint64_t)result;
    return true;
}
