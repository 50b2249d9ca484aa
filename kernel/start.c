/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/start.h.  State: struct start_cursor of each partition; owner: vCPU 0's core while
 * the partition starts. */
#include <asm/cache.h>
#include <asm/el2_traps.h>
#include <asm/features.h>
#include <asm/mmu.h>
#include <asm/set_way.h>
#include <asm/sysreg.h>
#include <bulkhead/abi.h>
#include <bulkhead/gic.h>
#include <bulkhead/module_state.h>
#include <bulkhead/share.h>
#include <bulkhead/start.h>
#include <string.h>

enum phase {
    PHASE_SCRUB,      /* a page of a region each */
    PHASE_IMAGES,     /* a page of an image each */
    PHASE_INTERRUPTS, /* the virtual interrupt controller */
    PHASE_VCPUS,      /* one each */
    PHASE_DEVICES,    /* some interrupts of a device each */
    PHASE_LAST,
};

/* Interrupts of a device that one step sees to. */
#define STEP_IRQS 16U

/* SCTLR_EL1 after reset: its RES1 bits, MMU and caches off (Arm ARM D17.2.118). */
#define SCTLR_EL1_RESET UINT64_C(0x30d00800)
/* EL1h, DAIF masked. */
#define PSTATE_RESET UINT64_C(0x3c5)
#define VMPIDR_RES1  (UINT64_C(1) << 31)

/* DCZID_EL0: DZP = 0 and blocks of 64 bytes (Arm ARM D17.2.29). */
static bool zva_usable;

void start_init(void)
{
    if (CONFIG_SET_WAY) {
        set_way_init();
    }
    zva_usable = sysreg_read(dczid_el0) == 4;
}

static void begin_phase(struct start_cursor *cursor, enum phase phase)
{
    *cursor = (struct start_cursor){.phase = phase};
}

static void tell_siblings(const struct partition *partition)
{
    if (partition_is_spread(partition)) {
        share_kick_all(partition);
    }
}

/* The cursor is at the beginning while the partition runs.  One that was stopped in the midst of a
 * start is stopped for good until a change of schedule, which has one core look after it. */
bool partition_start_begin(struct partition *partition, enum partition_mode mode, uint32_t reason)
{
    enum partition_mode seen = partition_mode(partition);

    if (seen == PARTITION_IDLE) {
        partition->start = (struct start_cursor){0};
    }
    if (CONFIG_MODULE_SCHEDULES && mode == PARTITION_WARM_START && partition->torn) {
        mode = PARTITION_COLD_START;
        reason = BH_START_CHANGE;
    }
    if ((seen != PARTITION_NORMAL && seen != PARTITION_IDLE) ||
        !__atomic_compare_exchange_n(&partition->mode, &seen, mode, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_ACQUIRE)) {
        return false;
    }
    partition->start_reason = reason;
    tell_siblings(partition);
    return true;
}

bool partition_stop_running(struct partition *partition)
{
    enum partition_mode seen = PARTITION_NORMAL;

    if (!__atomic_compare_exchange_n(&partition->mode, &seen, PARTITION_IDLE, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)) {
        return false;
    }
    tell_siblings(partition);
    return true;
}

void partition_stop(struct partition *partition)
{
    __atomic_store_n(&partition->mode, PARTITION_IDLE, __ATOMIC_SEQ_CST);
    tell_siblings(partition);
}

/* Zeroes one page of the present region. */
static void scrub_step(struct partition *partition)
{
    struct start_cursor *cursor = &partition->start;
    const struct memory_desc *memory = &partition->desc->memory[cursor->index];

    page_zero(mmu_window_map(MMU_WINDOW_TARGET, pa_of(memory->pa.pa + cursor->offset)), zva_usable);
    dsb(sy);
    cursor->offset += PAGE_BYTES;
    if (cursor->offset == memory->size_bytes) {
        cursor->offset = 0;
        cursor->index++;
        if (cursor->index == partition->desc->memory_count) {
            begin_phase(cursor, PHASE_IMAGES);
        }
    }
}

/* The checker has made sure that every image lies inside one region. */
static paddr_t image_target(const struct partition_desc *desc, uint64_t ipa)
{
    const struct memory_desc *memory = partition_memory_at(desc, ipa);

    return memory != NULL ? pa_of(memory->pa.pa + (ipa - memory->ipa.ipa)) : pa_of(UINT64_MAX);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Bytes of an image from an offset on, at most to the end of their page; *size_bytes says how many.
 */
static const uint8_t *image_source(const struct image_desc *image, uint64_t offset,
                                   uint64_t *size_bytes)
{
    uint64_t from = image->pa.pa + offset;
    const uint8_t *page;

    *size_bytes = least(image->size_bytes - offset, PAGE_BYTES);
    if (image->made != NULL) {
        return (const uint8_t *)image->made + offset;
    }
    *size_bytes = least(*size_bytes, PAGE_BYTES - from % PAGE_BYTES);
    page = mmu_window_map(MMU_WINDOW_SOURCE, pa_of(from & ~(PAGE_BYTES - 1)));
    return page + from % PAGE_BYTES;
}

/* Copies at most a page of the present image. */
static void image_step(struct partition *partition)
{
    struct start_cursor *cursor = &partition->start;
    const struct image_desc *image = &partition->desc->image[cursor->index];
    uint64_t to = image_target(partition->desc, image->load.ipa + cursor->offset).pa;
    uint64_t size;
    const uint8_t *source = image_source(image, cursor->offset, &size);
    uint8_t *target = mmu_window_map(MMU_WINDOW_TARGET, pa_of(to & ~(PAGE_BYTES - 1)));

    size = least(size, PAGE_BYTES - to % PAGE_BYTES);
    memcpy(target + to % PAGE_BYTES, source, size);
    page_clean(target);
    dsb(sy);
    cursor->offset += size;
    if (cursor->offset == image->size_bytes) {
        cursor->offset = 0;
        cursor->index++;
    }
}

void vcpu_reset(struct vcpu *vcpu)
{
    vcpu->context = (struct vcpu_context){
        .x = {vcpu->partition->desc->boot_arg},
        .pc = vcpu->partition->desc->entry.ipa,
        .pstate = PSTATE_RESET,
        .sctlr_el1 = SCTLR_EL1_RESET,
        .vmpidr_el2 = VMPIDR_RES1 | vcpu->index,
        .hcr_el2 = el2_guest_hcr(vcpu->partition->desc),
    };
    vcpu->timers = (struct vcpu_timers){
        .control = el2_guest_cnthctl(vcpu->partition->desc),
        .own_time = vcpu->partition->desc->own_time,
    };
    vcpu->flush = (struct flush_cursor){0};
    if (CONFIG_CPU_FEATURES && vcpu->features != NULL) {
        features_reset(vcpu);
    }
    vcpu->gic_vmcr = 0;
    memset(vcpu->gic_ap0r, 0, sizeof(vcpu->gic_ap0r));
    memset(vcpu->gic_ap1r, 0, sizeof(vcpu->gic_ap1r));
}

static void interrupts_step(struct partition *partition)
{
    const struct partition_desc *desc = partition->desc;

    mmu_window_unmap(MMU_WINDOW_SOURCE);
    mmu_window_unmap(MMU_WINDOW_TARGET);
    vgic_reset(&partition->vgic, desc->vgic, desc->vcpu_count, partition->vgic.cpu,
               gic->list_registers());
    begin_phase(&partition->start, PHASE_VCPUS);
}

static void vcpu_step(struct partition *partition)
{
    const struct partition_desc *desc = partition->desc;
    const struct platform_desc *platform = &module_state.desc->platform;
    struct vcpu *vcpu = &partition->vcpu[partition->start.index];

    vcpu_reset(vcpu);
    vcpu->power = vcpu->index == 0 ? VCPU_ON : VCPU_OFF;
    vcpu->share = (struct vcpu_share){0};
    vgic_link_private(&vcpu->vgic, platform->irq_virt_timer, platform->irq_virt_timer);
    vgic_link_private(&vcpu->vgic, platform->irq_phys_timer, platform->irq_phys_timer);
    if (CONFIG_CPU_FEATURES && (desc->features & FEATURE_PMU) != 0) {
        vgic_link_private(&vcpu->vgic, platform->irq_pmu, platform->irq_pmu);
    }
    if (++partition->start.index == desc->vcpu_count) {
        begin_phase(&partition->start, PHASE_DEVICES);
    }
}

static void device_step(struct partition *partition)
{
    struct start_cursor *cursor = &partition->start;
    const struct device_desc *device = &partition->desc->device[cursor->index];

    for (uint32_t left = STEP_IRQS; left != 0 && cursor->offset < device->irq_count; left--) {
        uint32_t intid = device->irq[cursor->offset++];

        gic->mask(intid / 32, 1U << intid % 32);
        gic->deactivate(intid);
        vgic_link_shared(&partition->vgic, intid, intid);
    }
    if (cursor->offset == device->irq_count) {
        cursor->offset = 0;
        cursor->index++;
    }
}

/* What else a former life could have left, TLB and instruction cache above all. */
static void last_step(struct partition *partition, enum partition_mode mode)
{
    vpl011_reset(&partition->uart, partition->desc->uart_model, &partition->console);
    partition->own_ticks = 0;

    /* Of its VMID, here and on every core that it ever ran on. */
    sysreg_write(vttbr_el2, partition->vttbr);
    isb();
    __asm__ volatile("tlbi vmalls12e1is" : : : "memory");
    __asm__ volatile("ic ialluis" : : : "memory");
    dsb(ish);
    isb();
    partition->start = (struct start_cursor){0};
    if (CONFIG_MODULE_SCHEDULES) {
        partition->torn = false;
    }
    if (CONFIG_SMP) { /* what was typed to its former life */
        __atomic_store_n(&partition->typed.tail,
                         __atomic_load_n(&partition->typed.head, __ATOMIC_ACQUIRE),
                         __ATOMIC_RELEASE);
    }
    partition->start_count++;
    /* Unless it was stopped meanwhile. */
    (void)__atomic_compare_exchange_n(&partition->mode, &mode, PARTITION_NORMAL, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool partition_start_step(struct partition *partition)
{
    struct start_cursor *cursor = &partition->start;
    enum partition_mode mode = partition_mode(partition);

    if (partition_is_spread(partition) && !share_is_out(partition)) {
        return false; /* a sibling is on its way out */
    }
    if (mode == PARTITION_WARM_START && cursor->phase < PHASE_INTERRUPTS) {
        begin_phase(cursor, PHASE_INTERRUPTS);
    } else if (cursor->phase == PHASE_IMAGES && cursor->index == partition->desc->image_count) {
        begin_phase(cursor, PHASE_INTERRUPTS);
    } else if (cursor->phase == PHASE_DEVICES && cursor->index == partition->desc->device_count) {
        begin_phase(cursor, PHASE_LAST);
    }
    switch (cursor->phase) {
    case PHASE_SCRUB:
        if (CONFIG_MODULE_SCHEDULES) {
            partition->torn = true;
        }
        scrub_step(partition);
        break;
    case PHASE_IMAGES:
        image_step(partition);
        break;
    case PHASE_INTERRUPTS:
        interrupts_step(partition);
        break;
    case PHASE_VCPUS:
        vcpu_step(partition);
        break;
    case PHASE_DEVICES:
        device_step(partition);
        break;
    default:
        last_step(partition, mode);
        break;
    }
    return partition_mode(partition) == PARTITION_NORMAL;
}
