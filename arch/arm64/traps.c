/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What did the guest just do?  The one dispatch table from exception classes to small handlers.
 * Every handler is bounded whatever the guest does (docs/timing.md); a handler returns false when
 * the vCPU may no longer run.  vcpu->context holds the general registers, pc and pstate; EL1
 * registers are live in the core.
 */
#include <asm/esr.h>
#include <asm/features.h>
#include <asm/inject.h>
#include <asm/sysreg.h>
#include <asm/sysreg_traps.h>
#include <asm/traps.h>
#include <bulkhead/core.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/hypercall.h>
#include <bulkhead/module_state.h>
#include <bulkhead/nospec.h>
#include <bulkhead/share.h>
#include <bulkhead/timer.h>
#include <bulkhead/vgic_quick.h>

/* ISS of a data abort (Arm ARM D17.2.37). */
#define ISS_ISV         (UINT64_C(1) << 24)
#define ISS_SAS(esr)    (((esr) >> 22) & 3)
#define ISS_SSE         (UINT64_C(1) << 21)
#define ISS_SRT(esr)    (((esr) >> 16) & 31)
#define ISS_SF          (UINT64_C(1) << 15)
#define ISS_WORD        (UINT64_C(2) << 22) /* four bytes, no sign extension */
#define ISS_WORD_MASK   (UINT64_C(3) << 22 | ISS_SSE)
#define FSC_TYPE_MASK   0x3cU
#define FSC_TYPE(esr)   ((esr)&FSC_TYPE_MASK)
#define FSC_TRANSLATION 0x04U
#define FSC_ACCESS_FLAG 0x08U
#define FSC_PERMISSION  0x0cU

#define PSTATE_BTYPE (UINT64_C(3) << 10)

/* MSR ICC_SGI1R_EL1, x0 (IHI 0069H, 12.2.21). */
#define SGI1R_WRITE                                                                                \
    (UINT64_C(ESR_EC_SYSREG) << ESR_EC_SHIFT | ESR_IL | ESR_SYS_KEY(3, 0, 12, 11, 5))

#define GICR_FRAME     0x20000U
#define GICC_DIR       0x1000U /* IHI 0048, 4.4.15 */
#define GICC_DIR_INTID 0x3ffU
#define GICD_SGIR      0xf00U /* GICv2 */
#define UART_FRAME     0x1000U

/* Faulting IPA: HPFAR_EL2 holds bits 47:12 in bits 43:4 (Arm ARM D17.2.63). */
static uint64_t fault_ipa(uint64_t far)
{
    return (sysreg_read(hpfar_el2) & UINT64_C(0xfffffffff0)) << 8 | (far & (PAGE_BYTES - 1));
}

/* --- virtual devices ------------------------------------------------------------------------- */

/* Brings lr[] up to date for an access.  A timer or counter that the guest masked or re-armed after
 * its interrupt had become pending is no longer pending, as its line has fallen. */
static bool begin_list(struct vcpu *vcpu)
{
    const struct platform_desc *platform = &module_state.desc->platform;
    uint32_t linked = vcpu->vgic.private_bank.hw; /* timers, and its PMU */
    uint32_t busy;
    uint32_t high = 0;

    if (!core_has_time(this_core()) || !vgic_take(vcpu)) {
        return false;
    }
    busy = vgic_private_hw_busy(&vcpu->vgic);
    if (timer_virtual_firing()) {
        high |= 1U << platform->irq_virt_timer;
    }
    if (timer_physical_firing()) {
        high |= 1U << platform->irq_phys_timer;
    }
    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        high |= features_lines(vcpu);
    }
    vcpu->vgic.line_now = high;
    if ((busy & ~high) != 0) {
        vgic_hw_levels(&vcpu->vgic, 0, busy, high);
        gic->set_private_active(linked, vgic_private_hw_busy(&vcpu->vgic));
    }
    return true;
}

/* AGAIN: a sibling on another core has what it takes, or the window is about to end; the
 * instruction traps again. */
enum device_result { DEVICE_NONE, DEVICE_REFUSED, DEVICE_DONE, DEVICE_AGAIN };

static enum device_result done(bool ok)
{
    return ok ? DEVICE_DONE : DEVICE_REFUSED;
}

/* The same as begin_list(), and no sibling's list registers are in the hardware. */
static bool begin_lists(struct vcpu *vcpu)
{
    if (!begin_list(vcpu)) {
        return false;
    }
    if (partition_is_spread(vcpu->partition) && !share_is_alone(vcpu)) {
        share_give(vcpu);
        return false;
    }
    return true;
}

static void end_lists(struct vcpu *vcpu)
{
    if (partition_is_spread(vcpu->partition)) {
        share_give_alone(vcpu);
    } else {
        gic->write_list(&vcpu->vgic);
    }
}

/* Of a partition on several cores.  An SGI to itself needs its own list registers; the others' are
 * posted last, since the instruction may trap again until then.  sgi: see share_post_sgi(). */
static bool send_sgi(struct vcpu *vcpu, uint32_t targets, uint32_t sgi)
{
    uint8_t from[VGIC_SGI_COUNT] = {0};

    if ((targets >> vcpu->index & 1U) != 0) {
        if (!share_take(vcpu)) {
            return false;
        }
        from[sgi % VGIC_SGI_COUNT] = (uint8_t)(1U << vcpu->index);
        vgic_sgis_pend(&vcpu->vgic, 1U << sgi, from);
        share_give(vcpu);
    }
    share_post_sgi(vcpu, targets, sgi);
    return true;
}

static enum device_result uart_access(struct vcpu *vcpu, struct vgic_access *access)
{
    struct partition *partition = vcpu->partition;
    bool spread = partition_is_spread(partition);
    bool line;
    bool ok;

    /* Its interrupt line may change, and be the long way. */
    if (spread ? !share_take(vcpu) : !core_has_time(this_core())) {
        return DEVICE_AGAIN;
    }
    line = partition->uart.irq_line;
    ok = vpl011_access(&partition->uart, access);
    if (spread) {
        if (partition->uart.irq_line != line) {
            share_uart_line(vcpu);
        }
        share_give(vcpu);
    } else if (partition->uart.irq_line != line) {
        gic->read_list(&vcpu->vgic);
        vgic_set_line(&vcpu->vgic, partition->desc->uart_irq, !line);
        gic->write_list(&vcpu->vgic);
    }
    if (access->write && this_core()->index == 0) {
        core_request_boundary(this_core()); /* which has the console */
    }
    return done(ok);
}

static enum device_result distributor_access(struct vcpu *vcpu, struct vgic_access *access)
{
    const struct vgic_dist *dist = &vcpu->partition->vgic;
    bool ok;

    if ((!access->write && access->offset < VGIC_IDENTITY_END) ||
        !vgic_dist_needs_lr(dist, access)) {
        return done(vgic_dist_access(&vcpu->vgic, access));
    }
    if (partition_is_spread(vcpu->partition) && dist->model == GIC_V2 &&
        access->offset == GICD_SGIR && access->write && access->size_bytes == 4) {
        return send_sgi(vcpu, vgic_sgir_targets(&vcpu->vgic, (uint32_t)access->value),
                        (uint32_t)access->value & 15)
                   ? DEVICE_DONE
                   : DEVICE_AGAIN;
    }
    if (partition_is_spread(vcpu->partition) && vgic_dist_concerns_others(dist, access)
            ? !begin_lists(vcpu)
            : !begin_list(vcpu)) {
        return DEVICE_AGAIN;
    }
    ok = vgic_dist_access(&vcpu->vgic, access);
    end_lists(vcpu);
    return done(ok);
}

static enum device_result redistributor_access(struct vcpu *vcpu, struct vgic_access *access)
{
    bool ok;
    uint64_t index = index_nospec(access->offset / GICR_FRAME, vcpu->partition->desc->vcpu_count);
    struct vcpu *target = &vcpu->partition->vcpu[index];

    access->offset %= GICR_FRAME;
    if (!vgic_redist_needs_lr(access)) {
        return done(vgic_redist_access(&vcpu->vgic, &target->vgic, access));
    }
    if (target != vcpu ? !begin_lists(vcpu) : !begin_list(vcpu)) {
        access->offset += index * GICR_FRAME;
        return DEVICE_AGAIN;
    }
    ok = vgic_redist_access(&vcpu->vgic, &target->vgic, access);
    end_lists(vcpu);
    return done(ok);
}

/* The second page of GICC: DIR, by the word; the rest is reserved. */
static enum device_result interface_access(struct vcpu *vcpu, const struct vgic_access *access)
{
    if (access->size_bytes != 4) {
        return DEVICE_REFUSED;
    }
    if (access->write && access->offset == GICC_DIR &&
        !trap_dir(vcpu, access->value & GICC_DIR_INTID)) {
        return DEVICE_AGAIN;
    }
    return DEVICE_DONE;
}

/* Finds the virtual device at `ipa`, if there is one, and lets it answer; a device may refuse an
 * access by its width or alignment. */
static enum device_result device_access(struct vcpu *vcpu, uint64_t ipa, struct vgic_access *access)
{
    const struct partition_desc *desc = vcpu->partition->desc;

    access->offset = ipa - desc->gicd.ipa;
    if (access->offset < (desc->vgic == GIC_V3 ? VGICD_V3_BYTES : VGICD_V2_BYTES)) {
        return distributor_access(vcpu, access);
    }
    access->offset = ipa - desc->uart.ipa;
    if (desc->has_uart && access->offset < UART_FRAME) {
        return uart_access(vcpu, access);
    }
    access->offset = ipa - desc->gicc.ipa;
    if (desc->vgic == GIC_V2 && access->offset < VGICC_V2_BYTES) {
        return interface_access(vcpu, access);
    }
    access->offset = ipa - desc->gicr.ipa;
    if (desc->vgic == GIC_V3 && access->offset < (uint64_t)desc->vcpu_count * GICR_FRAME) {
        return redistributor_access(vcpu, access);
    }
    return DEVICE_NONE;
}

/* --- aborts ---------------------------------------------------------------------------------- */

static uint64_t access_mask(uint32_t size_bytes)
{
    return UINT64_MAX >> (64U - 8U * size_bytes);
}

static void finish_read(struct vcpu *vcpu, uint64_t esr, const struct vgic_access *access)
{
    uint64_t value = access->value & access_mask(access->size_bytes);

    if ((esr & ISS_SSE) != 0) {
        uint32_t shift = 64U - 8U * access->size_bytes;

        value = (uint64_t)((int64_t)(value << shift) >> shift);
    }
    if ((esr & ISS_SF) == 0) {
        value &= UINT32_MAX;
    }
    if (ISS_SRT(esr) != 31) {
        vcpu->context.x[ISS_SRT(esr)] = value;
    }
}

/* Memory that does not exist for the partition: an external abort or a health event, as configured.
 */
static bool nothing_there(struct vcpu *vcpu, uint64_t ipa, uint64_t far, uint64_t esr, bool fetch)
{
    if (vcpu->partition->desc->abort_on_unmapped) {
        if (fetch) {
            inject_instruction_abort(vcpu, far);
        } else {
            inject_data_abort(vcpu, far, esr);
        }
        return true;
    }
    hm_partition_event(vcpu, HM_ERROR_MEMORY_ACCESS, ipa, esr);
    return false;
}

/* Steps over an emulated load or store: the common case of trap_skip(). */
static void step(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t pc = vcpu->context.pc;
    uint64_t pstate = vcpu->context.pstate;

    if (!pstate_is_aarch32(pstate)) {
        vcpu->context.pc = pc + 4;
        vcpu->context.pstate = pstate & ~PSTATE_BTYPE & ~PSTATE_SS;
    } else {
        trap_skip(vcpu, esr);
    }
}

/* Everything but an access with a syndrome to an address that stage 2 does not map. */
static bool other_data_abort(struct vcpu *vcpu, uint64_t esr, uint64_t far)
{
    uint64_t ipa = fault_ipa(far);
    struct vgic_access access = {.size_bytes = 0};

    switch (FSC_TYPE(esr)) {
    case FSC_TRANSLATION:
        break;
    case FSC_PERMISSION:
        hm_partition_event(vcpu, HM_ERROR_PERMISSION, far, esr);
        return false;
    default:
        /* Address size, external abort on the access or the walk. */
        hm_partition_event(vcpu, HM_ERROR_MEMORY_ACCESS, far, esr);
        return false;
    }
    /* No syndrome (pairs, vectors, write-back, a table walk, cache maintenance): on memory that is
     * not there that is an access to nothing; on a device it cannot be emulated. */
    if (device_access(vcpu, ipa & ~(PAGE_BYTES - 1), &access) != DEVICE_NONE) {
        hm_partition_event(vcpu, HM_ERROR_DEVICE_ACCESS, ipa, esr);
        return false;
    }
    return nothing_there(vcpu, ipa, far, esr, false);
}

/* What guests do to their distributor all the time: they read words that say what it is, and, on
 * GICv2, send SGIs to themselves.  False: nothing was done. */
static inline bool distributor_quickly(struct vcpu *vcpu, uint64_t esr, uint64_t offset)
{
    uint64_t kind = esr & (ISS_WORD_MASK | ESR_ABORT_WNR);
    uint32_t intid;

    if (offset < VGIC_IDENTITY_END && kind == ISS_WORD && (offset & 3) == 0) {
        if (ISS_SRT(esr) != 31) {
            vcpu->context.x[ISS_SRT(esr)] =
                vgic_dist_identity(&vcpu->partition->vgic, (uint32_t)offset);
        }
        return true;
    }
    return offset == GICD_SGIR && kind == (ISS_WORD | ESR_ABORT_WNR) && ISS_SRT(esr) != 31 &&
           vcpu->partition->vgic.model == GIC_V2 && share_is_attached(vcpu) &&
           vgic_sgir_is_self(&vcpu->vgic, (uint32_t)vcpu->context.x[ISS_SRT(esr)], &intid) &&
           gic->pend_quickly(&vcpu->vgic, intid);
}

static bool data_abort(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);
    uint64_t ipa;
    struct vgic_access access;
    enum device_result result;

    if ((esr & (FSC_TYPE_MASK | ISS_ISV | ESR_ABORT_S1PTW)) != (FSC_TRANSLATION | ISS_ISV)) {
        return other_data_abort(vcpu, esr, far);
    }
    ipa = fault_ipa(far);
    if (distributor_quickly(vcpu, esr, ipa - vcpu->partition->desc->gicd.ipa)) {
        step(vcpu, esr);
        return true;
    }
    access.size_bytes = 1U << ISS_SAS(esr);
    access.write = (esr & ESR_ABORT_WNR) != 0;
    access.value = 0;
    if (access.write && ISS_SRT(esr) != 31) {
        access.value = vcpu->context.x[ISS_SRT(esr)] & access_mask(access.size_bytes);
    }
    result = device_access(vcpu, ipa, &access);
    if (result == DEVICE_NONE) {
        return nothing_there(vcpu, ipa, far, esr, false);
    }
    if (result == DEVICE_AGAIN) {
        return true;
    }
    if (result == DEVICE_REFUSED) {
        if (vcpu->partition->desc->abort_on_unmapped) {
            inject_data_abort(vcpu, far, esr);
            return true;
        }
        hm_partition_event(vcpu, HM_ERROR_DEVICE_ACCESS, ipa, esr);
        return false;
    }
    if (!access.write) {
        finish_read(vcpu, esr, &access);
    }
    step(vcpu, esr);
    return true;
}

static bool instruction_abort(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t far = sysreg_read(far_el2);

    if (FSC_TYPE(esr) == FSC_TRANSLATION) {
        return nothing_there(vcpu, fault_ipa(far), far, esr, true);
    }
    hm_partition_event(
        vcpu, FSC_TYPE(esr) == FSC_PERMISSION ? HM_ERROR_PERMISSION : HM_ERROR_MEMORY_ACCESS, far,
        esr);
    return false;
}

/* --- calls and instructions ------------------------------------------------------------------ */

static bool call(struct vcpu *vcpu, uint64_t esr)
{
    if ((esr & 0xffff) != 0) {
        inject_undefined(vcpu);
        return true;
    }
    trace_put(&this_core()->trace, TRACE_HYPERCALL, (uint32_t)vcpu->context.x[0],
              sysreg_read(cntpct_el0));
    return hypercall(vcpu);
}

static void register_access(struct vcpu *vcpu, uint64_t esr)
{
    enum sysreg_result result = sysreg_trap(vcpu, esr);

    if (result == SYSREG_DONE) {
        trap_skip(vcpu, esr);
    } else if (result == SYSREG_UNDEFINED) {
        inject_undefined(vcpu);
    }
}

/* WFI of a partition that leaves its waiting to the kernel.  A WFI with a time limit (hidden) is
 * over at once, as it may be. */
static void wait(struct vcpu *vcpu, uint64_t esr)
{
    bool waits = (esr & ESR_WFX_TI) == ESR_WFX_WFI && trap_condition_passed(vcpu, esr);

    trap_skip(vcpu, esr);
    if (waits) {
        core_wait(vcpu);
    }
}

/* ICC_SGI1R_EL1 written for an SGI to itself. */
static __attribute__((noinline)) bool sgi_quickly(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t rt = esr >> ESR_SYS_RT_SHIFT & 31;
    uint32_t intid;

    return (esr & ~(UINT64_C(31) << ESR_SYS_RT_SHIFT)) == SGI1R_WRITE && rt != 31 &&
           vcpu->partition->vgic.model == GIC_V3 && share_is_attached(vcpu) &&
           vgic_sgi1r_is_self(&vcpu->vgic, vcpu->context.x[rt], &intid) &&
           gic->pend_quickly(&vcpu->vgic, intid);
}

/* Everything but a hypercall, which has a frame less to set up. */
static __attribute__((noinline)) bool other_trap(struct vcpu *vcpu, uint64_t esr)
{
    unsigned int class = esr_class(esr);

    trace_put(&this_core()->trace, TRACE_TRAP, (uint32_t)esr, sysreg_read(cntpct_el0));
    if (class == ESR_EC_DABT_LOWER) {
        return data_abort(vcpu, esr);
    }
    if (sgi_quickly(vcpu, esr)) {
        step(vcpu, esr);
        return true;
    }
    switch (class) {
    case ESR_EC_SMC64:
        if ((esr & 0xffff) == 0) {
            trap_skip(vcpu, esr);
        }
        return call(vcpu, esr);
    case ESR_EC_IABT_LOWER:
        return instruction_abort(vcpu, esr);
    case ESR_EC_SYSREG:
        register_access(vcpu, esr);
        return true;
    case ESR_EC_WFX:
        wait(vcpu, esr);
        return true;
    case ESR_EC_CP15_32:
    case ESR_EC_CP15_64:
    case ESR_EC_CP14_32:
    case ESR_EC_CP14_LDC:
    case ESR_EC_CP10_ID:
    case ESR_EC_CP14_64:
        trap_from_aarch32(vcpu, esr);
        return true;
    case ESR_EC_UNKNOWN:
    case ESR_EC_FP:
    case ESR_EC_PAUTH:
    case ESR_EC_LS64:
    case ESR_EC_SVE:
    case ESR_EC_ERET:
    case ESR_EC_TSTART:
    case ESR_EC_SME:
        inject_undefined(vcpu);
        return true;
    case ESR_EC_SERROR:
        hm_partition_event(vcpu, HM_ERROR_SERROR, 0, esr);
        return false;
    default:
        hm_partition_event(vcpu, HM_ERROR_ILLEGAL_TRAP, sysreg_read(far_el2), esr);
        return false;
    }
}

bool trap(struct vcpu *vcpu)
{
    uint64_t esr = sysreg_read(esr_el2);

    if (esr_class(esr) == ESR_EC_HVC64) {
        if ((esr & 0xffff) != 0) {
            vcpu->context.pc -= 4; /* ELR is past the HVC; the handler is to see the HVC itself */
        }
        return call(vcpu, esr);
    }
    return other_trap(vcpu, esr);
}

/* --- offered to the system-register emulation ------------------------------------------------ */

bool trap_sgi1r(struct vcpu *vcpu, uint64_t value, uint32_t group)
{
    if (partition_is_spread(vcpu->partition)) {
        return send_sgi(vcpu, vgic_sgi1r_targets(&vcpu->vgic, value),
                        VGIC_SGIR_INTID(value) + (group == 0 ? VGIC_SGI_COUNT : 0));
    }
    if (!core_has_time(this_core())) {
        return false; /* each sibling has list registers to be looked through */
    }
    gic->read_list(&vcpu->vgic);
    vgic_sgi1r_write(&vcpu->vgic, value, group);
    gic->write_list(&vcpu->vgic);
    return true;
}

bool trap_dir(struct vcpu *vcpu, uint64_t value)
{
    uint32_t intid = (uint32_t)value & 0xffffffU;

    if (!gic->ends_apart()) {
        return true; /* ignored, as ICC_DIR_EL1 says (IHI 0069, 12.2) */
    }
    if (!core_has_time(this_core())) {
        return false;
    }
    /* What another vCPU holds may be in its list registers. */
    if (partition_is_spread(vcpu->partition) && !vgic_is_held(&vcpu->vgic, intid)
            ? !begin_lists(vcpu)
            : !vgic_take(vcpu)) {
        return false;
    }
    vgic_deactivate(&vcpu->vgic, intid);
    end_lists(vcpu);
    return true;
}
