/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a guest's cache maintenance by set and way?  Old boot loaders and some kernels
 * walk all sets and ways when they switch their caches on or off.  Passed on, that would work on
 * everybody's lines and on one core's caches only.  What the guest wants is its memory in a state
 * that does not depend on caches; so the first such operation cleans and invalidates the
 * partition's memory by address, to the point of coherency, and the ones that follow it find
 * nothing left to do.
 *
 * That is true until the guest switches its caches: HCR_EL2.TVM is on from the flush until then, so
 * that EL2 sees it happen.  Caches going off: what was written since is flushed once more.  Caches
 * going on: stale lines are dropped, TVM goes off, and the next set/way operation is a first one
 * again.  HCR_EL2.TSW stays on all the time: no such operation ever reaches the hardware.
 *
 * The flush has as many steps as the partition has pages, so it may take windows.  It stops for
 * every interrupt and goes on when the instruction traps again, by a cursor that belongs to the
 * instruction's address.  A guest that repeats this spends its own time.
 *
 * State: vcpu.flush, and TVM in context.hcr_el2; owner: the core that runs the vCPU.
 */
#include <asm/cache.h>
#include <asm/context_switch.h>
#include <asm/mmu.h>
#include <asm/set_way.h>
#include <asm/sysreg.h>
#include <bulkhead/module_state.h>
#include <bulkhead/schedule.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

#define HCR_TVM     (UINT64_C(1) << 26)
#define SCTLR_M     (UINT64_C(1) << 0)
#define SCTLR_C     (UINT64_C(1) << 2)
#define CURSOR_DONE UINT64_MAX /* no instruction is there */

static int64_t step_ticks;

void set_way_init(void)
{
    step_ticks = (int64_t)ns_to_ticks(START_STEP_NS, module_state.counter_hz);
}

static bool page_fits(void)
{
    return !guard_armed() || (int64_t)(sysreg_read(cnthp_cval_el2) - counter_now()) > step_ticks;
}

/* True when all memory is done; false when something else wants the core. */
static bool flush(struct vcpu *vcpu)
{
    const struct partition_desc *desc = vcpu->partition->desc;
    struct flush_cursor *cursor = &vcpu->flush;

    if (cursor->pc != vcpu->context.pc) {
        *cursor = (struct flush_cursor){.pc = vcpu->context.pc};
    }
    while (cursor->index < desc->memory_count) {
        const struct memory_desc *memory = &desc->memory[cursor->index];

        if (interrupt_waits()) {
            mmu_window_unmap(MMU_WINDOW_TARGET);
            return false;
        }
        if (!page_fits()) {
            continue; /* the guard interrupt is less than a step away */
        }
        page_clean(mmu_window_map(MMU_WINDOW_TARGET, pa_of(memory->pa.pa + cursor->offset)));
        dsb(sy);
        cursor->offset += PAGE_BYTES;
        if (cursor->offset == memory->size_bytes) {
            cursor->offset = 0;
            cursor->index++;
        }
    }
    mmu_window_unmap(MMU_WINDOW_TARGET);
    cursor->pc = CURSOR_DONE;
    return true;
}

static void watch_caches(struct vcpu *vcpu, bool on)
{
    uint64_t hcr = vcpu->context.hcr_el2 & ~HCR_TVM;

    vcpu->context.hcr_el2 = hcr | (on ? HCR_TVM : 0);
    sysreg_write(hcr_el2, vcpu->context.hcr_el2);
}

bool set_way_operation(struct vcpu *vcpu)
{
    if ((vcpu->context.hcr_el2 & HCR_TVM) == 0) {
        if (!flush(vcpu)) {
            return false;
        }
        watch_caches(vcpu, true);
    }
    return true;
}

/* Data accesses of EL1 are cached. */
static bool caches_on(uint64_t sctlr)
{
    return (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
}

bool set_way_sctlr_write(struct vcpu *vcpu, uint64_t value)
{
    if (caches_on(value) != caches_on(sysreg_read(sctlr_el1))) {
        if (!flush(vcpu)) {
            return false;
        }
        watch_caches(vcpu, !caches_on(value));
    }
    sysreg_write(sctlr_el1, value);
    return true;
}
