/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a physical GICv3 or GICv4 driven (IHI 0069H)?  Distributor and redistributor by MMIO, the
 * CPU interface and the virtual interface control by system registers.  LPIs are never enabled.
 */
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <bulkhead/core.h>
#include <bulkhead/gic.h>
#include <bulkhead/mmio.h>
#include <bulkhead/module_state.h>
#include <bulkhead/vgic_quick.h>

#include "gic_registers.h"

#define GICD_CTLR_RWP        (1U << 31)
#define GICD_CTLR_ARE_NS     (1U << 4)
#define GICD_CTLR_ENABLE_G1A (1U << 1)

#define GICR_CTLR       0x0000
#define GICR_TYPER      0x0008
#define GICR_WAKER      0x0014
#define GICR_SGI_FRAME  0x10000
#define GICR_CTLR_RWP   (1U << 3)
#define GICR_TYPER_LAST (UINT64_C(1) << 4)
#define GICR_TYPER_VLPI (UINT64_C(1) << 1)

#define WAKER_PROCESSOR_SLEEP (1U << 1)
#define WAKER_CHILDREN_ASLEEP (1U << 2)

/* A redistributor answers within microseconds; this bound is only there to say so if it does not.
 */
#define START_POLLS 1000000U
/* On a running path: what the guard has room for. */
#define RWP_POLLS 64U

#define ICH_HCR_EN         (UINT64_C(1) << 0)
#define ICH_HCR_LRENPIE    (UINT64_C(1) << 2)
#define ICH_HCR_NPIE       (UINT64_C(1) << 3)
#define ICH_HCR_TDIR       (UINT64_C(1) << 14)
#define ICH_VMCR_GROUPS    3U /* VENG0, VENG1 */
#define ICH_VMCR_VEOIM     (UINT64_C(1) << 9)
#define ICH_HCR_ENDS_SHIFT 27U
#define ICH_HCR_ENDS(x)    ((uint32_t)((x) >> ICH_HCR_ENDS_SHIFT) & 0x1fU) /* EOIcount */

static volatile uint8_t *gicd;
static uint32_t list_register_count;
static uint32_t active_priority_words;

static void wait_rwp(volatile uint8_t *control, uint32_t bit, uint32_t polls)
{
    while ((mmio_read32(control) & bit) != 0 && polls != 0) {
        polls--;
    }
}

static START_UP void gicv3_init_distributor(const struct platform_desc *platform)
{
    uint32_t words;
    uint64_t route = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

    gicd = mmu_map_device(pa_of(platform->gicd.base), 0x10000);
    mmio_write32(gicd + GICD_CTLR, 0);
    wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP, START_POLLS);
    mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE_NS);
    wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP, START_POLLS);
    words = TYPER_IT_LINES(mmio_read32(gicd + GICD_TYPER));
    for (uint32_t word = 1; word < words; word++) {
        mmio_write32(gicd + GICD_ICENABLER + 4U * word, UINT32_MAX);
        mmio_write32(gicd + GICD_ICPENDR + 4U * word, UINT32_MAX);
        mmio_write32(gicd + GICD_ICACTIVER + 4U * word, UINT32_MAX);
        mmio_write32(gicd + GICD_IGROUPR + 4U * word, UINT32_MAX);
    }
    for (uint32_t quad = 8; quad < 8U * words; quad++) {
        mmio_write32(gicd + GICD_IPRIORITYR + 4U * quad, PRIORITY_OTHER);
    }
    for (uint32_t intid = 32; intid < 32U * words && intid < GIC_INTID_SPURIOUS; intid++) {
        mmio_write64(gicd + GICD_IROUTER + 8U * intid, route);
    }
    wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP, START_POLLS);
    mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_G1A | 1U);
}

/* The redistributor whose affinity is ours, in one of the regions of the device tree. */
static START_UP volatile uint8_t *find_redistributor(const struct platform_desc *platform)
{
    uint64_t mpidr = sysreg_read(mpidr_el1);
    uint32_t affinity = (uint32_t)((mpidr & 0xffffff) | ((mpidr >> 32) & 0xff) << 24);

    for (uint32_t region = 0; region < platform->gicr_count; region++) {
        uint64_t pa = platform->gicr[region].base;
        uint64_t end = pa + platform->gicr[region].size_bytes;

        while (end - pa >= 0x20000) {
            const volatile uint8_t *frame = mmu_window_map_device(pa_of(pa));
            uint64_t typer = mmio_read64(frame + GICR_TYPER);
            uint64_t stride = platform->gicr_stride_bytes;

            if ((uint32_t)(typer >> 32) == affinity) {
                return mmu_map_device(pa_of(pa), 0x20000);
            }
            if (stride == 0) {
                stride = (typer & GICR_TYPER_VLPI) != 0 ? 0x40000 : 0x20000;
            }
            if ((typer & GICR_TYPER_LAST) != 0 || stride > end - pa) {
                break;
            }
            pa += stride;
        }
    }
    return NULL;
}

/* ICC_SGI1R_EL1 (12.2.21) with this core as the only target: affinities 3 to 1, range of affinity
 * 0, target list. */
static START_UP uint64_t sgi_target(uint64_t mpidr)
{
    uint64_t aff0 = mpidr & 0xff;

    return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 |
           (aff0 / 16) << 44 | UINT64_C(1) << aff0 % 16;
}

/* ICH_LR<n>_EL2 is S3_4_C12_C12_<n> and S3_4_C12_C13_<n - 8>: a register name cannot be computed.
 */
#define EACH_LIST_REGISTER(x)                                                                      \
    x(15, C13_7) x(14, C13_6) x(13, C13_5) x(12, C13_4) x(11, C13_3) x(10, C13_2) x(9, C13_1)      \
        x(8, C13_0) x(7, C12_7) x(6, C12_6) x(5, C12_5) x(4, C12_4) x(3, C12_3) x(2, C12_2)        \
            x(1, C12_1) x(0, C12_0)

static const uint64_t no_list[VGIC_LR_MAX];

/* lr[] is zero where unused, so writing all of it also empties what the last vCPU left. */
static inline void set_list(const uint64_t *lr, uint32_t count)
{
    switch (count) {
#define WRITE(n, name)                                                                             \
    case (n) + 1:                                                                                  \
        sysreg_write(S3_4_C12_##name, lr[n]);                                                      \
        __attribute__((fallthrough));
        EACH_LIST_REGISTER(WRITE)
#undef WRITE
    default:
        break;
    }
}

/* List registers and words of active priorities are those of the boot core; vCPUs may run on any
 * of the cores, so all must have as many. */
static START_UP bool same_interface(const struct core *core)
{
    uint64_t vtr = sysreg_read(ICH_VTR_EL2);
    uint32_t lists = (uint32_t)(vtr & 0x1f) + 1U;
    /* Preemption bits 5, 6, 7: 1, 2, 4 words (ICH_VTR_EL2.PREbits + 1). */
    uint32_t words = 1U << (((vtr >> 26) & 7) + 1 > 5 ? ((vtr >> 26) & 7) + 1 - 5 : 0);

    lists = lists < VGIC_LR_USED ? lists : VGIC_LR_USED;
    if (core->index == 0) {
        list_register_count = lists;
        active_priority_words = words;
    }
    return list_register_count == lists && active_priority_words == words;
}

static START_UP const char *gicv3_init_core(const struct platform_desc *platform, struct core *core)
{
    volatile uint8_t *gicr = find_redistributor(platform);
    volatile uint8_t *sgi = gicr + GICR_SGI_FRAME;
    uint32_t polls = START_POLLS;

    if (gicr == NULL) {
        return "no GICv3 redistributor has its affinity";
    }
    core->gicr = gicr;
    core->sgi_target = sgi_target(sysreg_read(mpidr_el1));

    mmio_write32(gicr + GICR_WAKER, mmio_read32(gicr + GICR_WAKER) & ~WAKER_PROCESSOR_SLEEP);
    while ((mmio_read32(gicr + GICR_WAKER) & WAKER_CHILDREN_ASLEEP) != 0) {
        if (polls-- == 0) {
            return "its GICv3 redistributor does not wake";
        }
    }
    mmio_write32(sgi + GICD_ICENABLER, UINT32_MAX);
    wait_rwp(gicr + GICR_CTLR, GICR_CTLR_RWP, START_POLLS);
    mmio_write32(sgi + GICD_IGROUPR, UINT32_MAX);
    mmio_write32(sgi + GICD_ICPENDR, UINT32_MAX);
    mmio_write32(sgi + GICD_ICACTIVER, UINT32_MAX);
    for (uint32_t quad = 0; quad < 8; quad++) {
        mmio_write32(sgi + GICD_IPRIORITYR + 4U * quad, PRIORITY_OTHER);
    }
    mmio_write8(sgi + GICD_IPRIORITYR + platform->irq_hyp_timer, PRIORITY_GUARD);
    mmio_write32(sgi + GICD_ISENABLER,
                 1U << platform->irq_hyp_timer | 1U << platform->irq_virt_timer |
                     1U << platform->irq_phys_timer | 1U << platform->irq_maintenance);

    /* System registers for EL2 and, without a choice, for EL1: SRE with both bypasses disabled;
     * Enable stays 0, so that ICC_SRE_EL1 traps (12.2.24). */
    sysreg_write(ICC_SRE_EL2, 0x7);
    isb();
    sysreg_write(ICC_SRE_EL1, 0x7);
    isb();
    sysreg_write(ICH_HCR_EL2, 0);
    if (!same_interface(core)) {
        return "its virtual interrupt interface has not as many registers as the boot core's";
    }
    set_list(no_list, (uint32_t)(sysreg_read(ICH_VTR_EL2) & 0x1f) + 1U); /* a boot loader's */
    core->lr_loaded = 0;
    sysreg_write(ICC_CTLR_EL1, 1U << 1); /* ICC_CTLR_EL1.EOImode */
    sysreg_write(ICC_BPR1_EL1, 0);       /* ICC_BPR1_EL1: all preemption */
    sysreg_write(ICC_PMR_EL1, PRIORITY_MASK);
    sysreg_write(ICC_IGRPEN1_EL1, 1); /* ICC_IGRPEN1_EL1 */
    isb();
    return NULL;
}

static uint32_t gicv3_list_registers(void)
{
    return list_register_count;
}

static uint32_t gicv3_acknowledge(void)
{
    uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffffU;

    /* The acknowledge takes effect before anything that follows (IHI 0069, 4.1.1). */
    dsb(sy);
    if (CONFIG_SMP && intid < GIC_SGI_COUNT) {
        sysreg_write(ICC_EOIR1_EL1, intid);
        sysreg_write(ICC_DIR_EL1, intid);
        isb();
    }
    return intid;
}

static void gicv3_drop_priority(uint32_t intid)
{
    sysreg_write(ICC_EOIR1_EL1, intid);
}

static void gicv3_deactivate(uint32_t intid)
{
    sysreg_write(ICC_DIR_EL1, intid);
    isb();
}

static bool gicv3_ends_apart(void)
{
    return (sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) != 0;
}

/* lr[] and what was ended. */
static void read_lists(struct vgic_cpu *cpu)
{
    /* With EOImode 1 it is DIR that ends an interrupt, and that is trapped; QEMU counts EOIR, too.
     */
    if (cpu->active_overflow && !gicv3_ends_apart()) {
        cpu->eoi_count += ICH_HCR_ENDS(sysreg_read(ICH_HCR_EL2));
    }
    if (cpu->lr_used == 0) {
        return;
    }
    switch (cpu->lr_count) {
#define READ(n, name)                                                                              \
    case (n) + 1:                                                                                  \
        cpu->lr[n] = sysreg_read(S3_4_C12_##name);                                                 \
        __attribute__((fallthrough));
        EACH_LIST_REGISTER(READ)
#undef READ
    default:
        break;
    }
}

static void gicv3_read_list(struct vgic_cpu *cpu)
{
    cpu->groups_open = (uint32_t)sysreg_read(ICH_VMCR_EL2) & ICH_VMCR_GROUPS;
    read_lists(cpu);
}

/* Active ones are in no list register: their ends are counted, and those that were not seen to go
 * on counting, so that the maintenance interrupt comes for them, in the guest's own window. */
static inline uint64_t ends_wanted(struct vgic_cpu *cpu)
{
    uint64_t ends = cpu->eoi_count;

    cpu->eoi_count = 0;
    return ICH_HCR_LRENPIE | ICH_HCR_TDIR | ends << ICH_HCR_ENDS_SHIFT;
}

static void gicv3_write_list(struct vgic_cpu *cpu)
{
    struct core *core = this_core();

    set_list(cpu->lr, (cpu->lr_used | core->lr_loaded) != 0 ? cpu->lr_count : 0);
    core->lr_loaded = cpu->lr_used;
    sysreg_write(ICH_HCR_EL2, ICH_HCR_EN | cpu->group_interrupts |
                                  (cpu->more_pending ? ICH_HCR_NPIE : 0) |
                                  (cpu->active_overflow ? ends_wanted(cpu) : 0) |
                                  (cpu->dist->cpu_count > 1 ? ICH_HCR_TDIR : 0));
    if (cpu->hw_done_any) {
        gic_deactivate_done(cpu);
    }
}

_Static_assert(VGIC_QUICK_SLOTS == 4, "the register names below");

static bool gicv3_pend_quickly(struct vgic_cpu *cpu, uint32_t intid)
{
    uint32_t slot = vgic_quick_slot(cpu, intid);
    uint64_t lr;

    switch (slot) {
    case 0:
        lr = sysreg_read(S3_4_C12_C12_0);
        break;
    case 1:
        lr = sysreg_read(S3_4_C12_C12_1);
        break;
    case 2:
        lr = sysreg_read(S3_4_C12_C12_2);
        break;
    case 3:
        lr = sysreg_read(S3_4_C12_C12_3);
        break;
    default:
        return false;
    }
    if (!vgic_quick_pend(cpu, intid, slot, lr, false)) {
        return false;
    }
    switch (slot) {
    case 0:
        sysreg_write(S3_4_C12_C12_0, cpu->lr[0]);
        break;
    case 1:
        sysreg_write(S3_4_C12_C12_1, cpu->lr[1]);
        break;
    case 2:
        sysreg_write(S3_4_C12_C12_2, cpu->lr[2]);
        break;
    default:
        sysreg_write(S3_4_C12_C12_3, cpu->lr[3]);
        break;
    }
    this_core()->lr_loaded |= 1U << slot;
    return true;
}

/* What a vCPU has that is in no list register: only partitions of several have this. */
#define ICH_HCR_DETACHED (ICH_HCR_EN | ICH_HCR_TDIR)

static void gicv3_detach(struct vgic_cpu *cpu)
{
    struct core *core = this_core();

    set_list(no_list, core->lr_loaded != 0 ? cpu->lr_count : 0);
    core->lr_loaded = 0;
    sysreg_write(ICH_HCR_EL2, ICH_HCR_DETACHED);
}

static void gicv3_read_ends(struct vgic_cpu *cpu)
{
    uint64_t vmcr = sysreg_read(ICH_VMCR_EL2);

    cpu->groups_open = (uint32_t)vmcr & ICH_VMCR_GROUPS;
    if ((vmcr & ICH_VMCR_VEOIM) == 0) {
        cpu->eoi_count += ICH_HCR_ENDS(sysreg_read(ICH_HCR_EL2));
    }
    sysreg_write(ICH_HCR_EL2, ICH_HCR_DETACHED);
}

static void gicv3_save_detached(struct vcpu *vcpu)
{
    vcpu->gic_vmcr = (uint32_t)sysreg_read(ICH_VMCR_EL2);
    vcpu->vgic.groups_open = vcpu->gic_vmcr & ICH_VMCR_GROUPS;
    vcpu->gic_ap0r[0] = (uint32_t)sysreg_read(ICH_AP0R0_EL2);
    vcpu->gic_ap1r[0] = (uint32_t)sysreg_read(ICH_AP1R0_EL2);
    if (active_priority_words > 1) {
        vcpu->gic_ap0r[1] = (uint32_t)sysreg_read(ICH_AP0R1_EL2);
        vcpu->gic_ap1r[1] = (uint32_t)sysreg_read(ICH_AP1R1_EL2);
        if (active_priority_words > 2) {
            vcpu->gic_ap0r[2] = (uint32_t)sysreg_read(ICH_AP0R2_EL2);
            vcpu->gic_ap0r[3] = (uint32_t)sysreg_read(ICH_AP0R3_EL2);
            vcpu->gic_ap1r[2] = (uint32_t)sysreg_read(ICH_AP1R2_EL2);
            vcpu->gic_ap1r[3] = (uint32_t)sysreg_read(ICH_AP1R3_EL2);
        }
    }
    sysreg_write(ICH_HCR_EL2, 0);
}

static void gicv3_save(struct vcpu *vcpu)
{
    read_lists(&vcpu->vgic);
    gicv3_save_detached(vcpu);
}

static void load_interface(const struct vcpu *vcpu)
{
    sysreg_write(ICH_VMCR_EL2, vcpu->gic_vmcr);
    sysreg_write(ICH_AP0R0_EL2, vcpu->gic_ap0r[0]);
    sysreg_write(ICH_AP1R0_EL2, vcpu->gic_ap1r[0]);
    if (active_priority_words > 1) {
        sysreg_write(ICH_AP0R1_EL2, vcpu->gic_ap0r[1]);
        sysreg_write(ICH_AP1R1_EL2, vcpu->gic_ap1r[1]);
        if (active_priority_words > 2) {
            sysreg_write(ICH_AP0R2_EL2, vcpu->gic_ap0r[2]);
            sysreg_write(ICH_AP0R3_EL2, vcpu->gic_ap0r[3]);
            sysreg_write(ICH_AP1R2_EL2, vcpu->gic_ap1r[2]);
            sysreg_write(ICH_AP1R3_EL2, vcpu->gic_ap1r[3]);
        }
    }
}

static void gicv3_load(struct vcpu *vcpu)
{
    load_interface(vcpu);
    gicv3_write_list(&vcpu->vgic);
}

static void gicv3_load_detached(struct vcpu *vcpu)
{
    load_interface(vcpu);
    gicv3_detach(&vcpu->vgic);
}

/* What was written before is seen first. */
static void gicv3_kick(const struct core *core, uint32_t sgi)
{
    dsb(ishst);
    sysreg_write(ICC_SGI1R_EL1, core->sgi_target | (uint64_t)sgi << 24);
    isb();
}

static START_UP void gicv3_route(uint32_t intid, const struct core *core)
{
    mmio_write64(gicd + GICD_IROUTER + 8U * intid,
                 module_state.desc->platform.cpu_mpidr[core->cpu]);
}

static void gicv3_set_private_active(uint32_t which, uint32_t active)
{
    volatile uint8_t *sgi = this_core()->gicr + GICR_SGI_FRAME;

    mmio_write32(sgi + GICD_ICACTIVER, which & ~active);
    mmio_write32(sgi + GICD_ISACTIVER, which & active);
}

static void gicv3_mask(uint32_t word, uint32_t bits)
{
    if ((CONFIG_SMP || CONFIG_CPU_FEATURES) && word == 0) {
        volatile uint8_t *gicr = this_core()->gicr;

        mmio_write32(gicr + GICR_SGI_FRAME + GICD_ICENABLER, bits);
        wait_rwp(gicr + GICR_CTLR, GICR_CTLR_RWP, RWP_POLLS);
        return;
    }
    mmio_write32(gicd + GICD_ICENABLER + 4U * word, bits);
}

static void gicv3_unmask(uint32_t word, uint32_t bits)
{
    if ((CONFIG_SMP || CONFIG_CPU_FEATURES) && word == 0) {
        mmio_write32(this_core()->gicr + GICR_SGI_FRAME + GICD_ISENABLER, bits);
        return;
    }
    mmio_write32(gicd + GICD_ISENABLER + 4U * word, bits);
}

/* A device interrupt, a kick, or the counters'. */
static bool closes_with_window(uint32_t intid)
{
    return intid - 32U < GIC_INTID_SPURIOUS - 32U || (CONFIG_SMP && intid == GIC_SGI_KICK) ||
           (CONFIG_CPU_FEATURES && intid != 0 && intid == module_state.desc->platform.irq_pmu);
}

static void gicv3_settle(void)
{
    uint32_t polls = RWP_POLLS;

    wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP, RWP_POLLS);
    isb();
    /* Nobody's device interrupts are enabled now: one that the CPU interface still presents is
     * being taken back (IHI 0069, 4.1.2 and 12.2.7). */
    while (polls-- != 0 && closes_with_window((uint32_t)sysreg_read(ICC_HPPIR1_EL1))) {
        isb();
    }
}

const struct gic_driver gicv3_driver = {
    .init_distributor = gicv3_init_distributor,
    .init_core = gicv3_init_core,
    .list_registers = gicv3_list_registers,
    .acknowledge = gicv3_acknowledge,
    .drop_priority = gicv3_drop_priority,
    .deactivate = gicv3_deactivate,
    .save = gicv3_save,
    .load = gicv3_load,
    .save_detached = ONLY_SMP(gicv3_save_detached),
    .load_detached = ONLY_SMP(gicv3_load_detached),
    .detach = ONLY_SMP(gicv3_detach),
    .read_ends = ONLY_SMP(gicv3_read_ends),
    .kick = ONLY_SMP(gicv3_kick),
    .route = ONLY_SMP(gicv3_route),
    .read_list = gicv3_read_list,
    .write_list = gicv3_write_list,
    .ends_apart = gicv3_ends_apart,
    .pend_quickly = gicv3_pend_quickly,
    .set_private_active = gicv3_set_private_active,
    .mask = gicv3_mask,
    .unmask = gicv3_unmask,
    .settle = gicv3_settle,
};
