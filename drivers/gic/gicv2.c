/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a physical GICv2 driven (GIC-400 and its like, IHI 0048B)?  Distributor, CPU interface and
 * the virtual interface control block GICH; the guest reaches GICV directly through stage 2.
 */
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <bulkhead/core.h>
#include <bulkhead/gic.h>
#include <bulkhead/mmio.h>
#include <bulkhead/vgic_quick.h>

#include "gic_registers.h"

#define GICC_CTLR 0x0000
#define GICC_PMR  0x0004
#define GICC_BPR  0x0008
#define GICC_IAR  0x000c
#define GICC_EOIR 0x0010
/* DIR is on the second page; where the interface is repeated over 64 KiB, as it may be for guests
 * with pages of that size, on the second one of those (GIC-400 on many boards: 128 KiB in the
 * tree). */
#define GICC_DIR         0x1000
#define GICC_DIR_ALIASED 0x10000
#define GICC_ALIASED     0x20000

#define SGI_BITS ((1U << GIC_SGI_COUNT) - 1U)

#define GICC_CTLR_ENABLE  (1U << 0)
#define GICC_CTLR_EOIMODE (1U << 9) /* EOImodeNS in the non-secure view (4.4.1) */

/* GICH (5.3). */
#define GICH_HCR  0x000
#define GICH_VTR  0x004
#define GICH_VMCR 0x008
#define GICH_APR  0x0f0
#define GICH_LR   0x100

#define GICH_HCR_EN         (1U << 0)
#define GICH_HCR_LRENPIE    (1U << 2)
#define GICH_HCR_NPIE       (1U << 3)
#define GICH_HCR_ENDS_SHIFT 27U
#define GICH_HCR_ENDS(x)    ((x) >> GICH_HCR_ENDS_SHIFT) /* EOICount */
#define GICH_VMCR_GROUPS    3U                           /* VMGrp0En, VMGrp1En */
#define GICH_VMCR_VEM       (1U << 9)

static volatile uint8_t *gicd;
static volatile uint8_t *gicc;
static volatile uint8_t *gicc_dir;
static volatile uint8_t *gich;

static START_UP void gicv2_init_distributor(const struct platform_desc *platform)
{
    uint32_t words;

    gicd = mmu_map_device(pa_of(platform->gicd.base), platform->gicd.size_bytes);
    gicc = mmu_map_device(pa_of(platform->gicc.base), platform->gicc.size_bytes);
    gicc_dir = gicc + (platform->gicc.size_bytes >= GICC_ALIASED ? GICC_DIR_ALIASED : GICC_DIR);
    gich = mmu_map_device(pa_of(platform->gich.base), platform->gich.size_bytes);

    mmio_write32(gicd + GICD_CTLR, 0);
    words = TYPER_IT_LINES(mmio_read32(gicd + GICD_TYPER));
    for (uint32_t word = 1; word < words; word++) {
        mmio_write32(gicd + GICD_ICENABLER + 4U * word, UINT32_MAX);
        mmio_write32(gicd + GICD_ICPENDR + 4U * word, UINT32_MAX);
        mmio_write32(gicd + GICD_ICACTIVER + 4U * word, UINT32_MAX);
    }
    for (uint32_t quad = 8; quad < 8U * words; quad++) {
        mmio_write32(gicd + GICD_IPRIORITYR + 4U * quad, PRIORITY_OTHER);
        mmio_write32(gicd + GICD_ITARGETSR + 4U * quad, 0x01010101U); /* the boot core */
    }
    mmio_write32(gicd + GICD_CTLR, 1);
}

static uint32_t gicv2_list_registers(void)
{
    uint32_t count = (mmio_read32(gich + GICH_VTR) & 0x3fU) + 1U;

    return count < VGIC_LR_USED ? count : VGIC_LR_USED;
}

/* What a boot loader may have left there. */
static START_UP void empty_list_registers(void)
{
    uint32_t count = (mmio_read32(gich + GICH_VTR) & 0x3fU) + 1U;

    for (uint32_t n = 0; n < count; n++) {
        mmio_write32(gich + GICH_LR + 4U * n, 0);
    }
}

static START_UP const char *gicv2_init_core(const struct platform_desc *platform, struct core *core)
{
    mmio_write32(gicd + GICD_ICENABLER, UINT32_MAX);
    mmio_write32(gicd + GICD_ICPENDR, UINT32_MAX);
    mmio_write32(gicd + GICD_ICACTIVER, UINT32_MAX);
    for (uint32_t quad = 0; quad < 8; quad++) {
        mmio_write32(gicd + GICD_IPRIORITYR + 4U * quad,
                     4U * quad < GIC_SGI_COUNT ? PRIORITY_CLOSED : PRIORITY_OTHER);
    }
    mmio_write8(gicd + GICD_IPRIORITYR + platform->irq_hyp_timer, PRIORITY_GUARD);
    mmio_write32(gicd + GICD_ISENABLER,
                 1U << platform->irq_hyp_timer | 1U << platform->irq_virt_timer |
                     1U << platform->irq_phys_timer | 1U << platform->irq_maintenance);
    mmio_write32(gich + GICH_HCR, 0);
    empty_list_registers();
    core->lr_loaded = 0;
    /* Its own CPU interface, as a target (4.3.12). */
    core->sgi_target = mmio_read32(gicd + GICD_ITARGETSR) & 0xffU;
    mmio_write32(gicc + GICC_PMR, PRIORITY_MASK);
    mmio_write32(gicc + GICC_BPR, 0);
    mmio_write32(gicc + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
    return NULL;
}

static uint32_t gicv2_acknowledge(void)
{
    uint32_t value = mmio_read32(gicc + GICC_IAR);

    /* Bits 12:10 are the source of an SGI, and must be named when it ends (4.4.5). */
    if (CONFIG_SMP && (value & 0x3ffU) < GIC_SGI_COUNT) {
        mmio_write32(gicc + GICC_EOIR, value);
        mmio_write32(gicc_dir, value);
    }
    return value & 0x3ffU;
}

static void gicv2_drop_priority(uint32_t intid)
{
    mmio_write32(gicc + GICC_EOIR, intid);
}

static void gicv2_deactivate(uint32_t intid)
{
    mmio_write32(gicc_dir, intid);
}

/* GICH_LR (5.3.6) from the driver-neutral layout and back. */
static uint32_t pack(uint64_t lr)
{
    uint64_t word = lr & VGIC_LR_VINTID_MASK;

    word |= (lr & VGIC_LR_HW) != 0 ? ((lr >> VGIC_LR_PINTID_SHIFT) & 0x3ff) << 10
                                   : (lr & 0x1c00) | ((lr >> 41) & 1) << 19;
    word |= ((lr >> (VGIC_LR_PRIORITY_SHIFT + 3)) & 0x1f) << 23;
    word |= (lr >> 62) << 28 | ((lr >> 60) & 1) << 30 | ((lr >> 61) & 1) << 31;
    return (uint32_t)word;
}

static uint64_t unpack_state(uint64_t lr, uint32_t word)
{
    return (lr & ~VGIC_LR_STATE) | (uint64_t)((word >> 28) & 3U) << 62;
}

static bool gicv2_ends_apart(void)
{
    return (mmio_read32(gich + GICH_VMCR) & GICH_VMCR_VEM) != 0;
}

/* lr[] and what was ended. */
static void read_lists(struct vgic_cpu *cpu)
{
    /* With EOImode 1 it is GICV_DIR that ends an interrupt, and that page is not mapped. */
    if (cpu->active_overflow && !gicv2_ends_apart()) {
        cpu->eoi_count += GICH_HCR_ENDS(mmio_read32(gich + GICH_HCR));
    }
    for (uint32_t used = cpu->lr_used, n = 0; used != 0; used >>= 1, n++) {
        if ((used & 1U) != 0) {
            cpu->lr[n] = unpack_state(cpu->lr[n], mmio_read32(gich + GICH_LR + 4U * n));
        }
    }
}

static void gicv2_read_list(struct vgic_cpu *cpu)
{
    cpu->groups_open = mmio_read32(gich + GICH_VMCR) & GICH_VMCR_GROUPS;
    read_lists(cpu);
}

/* lr[] goes into list registers `used`, the others are emptied. */
static inline void set_list(const struct vgic_cpu *cpu, uint32_t used)
{
    struct core *core = this_core();
    uint32_t touched = used | core->lr_loaded;

    for (uint32_t n = 0; touched != 0; touched >>= 1, n++) {
        if ((touched & 1U) != 0) {
            mmio_write32(gich + GICH_LR + 4U * n, (used >> n & 1U) != 0 ? pack(cpu->lr[n]) : 0);
        }
    }
    core->lr_loaded = used;
}

/* See drivers/gic/gicv3.c. */
static inline uint32_t ends_wanted(struct vgic_cpu *cpu)
{
    uint32_t ends = cpu->eoi_count;

    cpu->eoi_count = 0;
    return GICH_HCR_LRENPIE | ends << GICH_HCR_ENDS_SHIFT;
}

static void gicv2_write_list(struct vgic_cpu *cpu)
{
    set_list(cpu, cpu->lr_used);
    mmio_write32(gich + GICH_HCR, GICH_HCR_EN | cpu->group_interrupts |
                                      (cpu->more_pending ? GICH_HCR_NPIE : 0) |
                                      (cpu->active_overflow ? ends_wanted(cpu) : 0));
    if (cpu->hw_done_any) {
        gic_deactivate_done(cpu);
    }
}

static bool gicv2_pend_quickly(struct vgic_cpu *cpu, uint32_t intid)
{
    uint32_t slot = vgic_quick_slot(cpu, intid);
    uint64_t lr;

    if (slot == VGIC_NO_SLOT) {
        return false;
    }
    lr = unpack_state(cpu->lr[slot], mmio_read32(gich + GICH_LR + 4U * slot));
    if (!vgic_quick_pend(cpu, intid, slot, lr, true)) {
        return false;
    }
    mmio_write32(gich + GICH_LR + 4U * slot, pack(cpu->lr[slot]));
    this_core()->lr_loaded |= 1U << slot;
    return true;
}

static void gicv2_detach(struct vgic_cpu *cpu)
{
    set_list(cpu, 0);
    mmio_write32(gich + GICH_HCR, GICH_HCR_EN);
}

static void gicv2_read_ends(struct vgic_cpu *cpu)
{
    uint32_t vmcr = mmio_read32(gich + GICH_VMCR);

    cpu->groups_open = vmcr & GICH_VMCR_GROUPS;
    if ((vmcr & GICH_VMCR_VEM) == 0) {
        cpu->eoi_count += GICH_HCR_ENDS(mmio_read32(gich + GICH_HCR));
    }
    mmio_write32(gich + GICH_HCR, GICH_HCR_EN);
}

static void gicv2_save_detached(struct vcpu *vcpu)
{
    vcpu->gic_vmcr = mmio_read32(gich + GICH_VMCR);
    vcpu->vgic.groups_open = vcpu->gic_vmcr & GICH_VMCR_GROUPS;
    vcpu->gic_ap1r[0] = mmio_read32(gich + GICH_APR);
    mmio_write32(gich + GICH_HCR, 0);
}

static void gicv2_save(struct vcpu *vcpu)
{
    read_lists(&vcpu->vgic);
    gicv2_save_detached(vcpu);
}

static void load_interface(const struct vcpu *vcpu)
{
    mmio_write32(gich + GICH_VMCR, vcpu->gic_vmcr);
    mmio_write32(gich + GICH_APR, vcpu->gic_ap1r[0]);
}

static void gicv2_load(struct vcpu *vcpu)
{
    load_interface(vcpu);
    gicv2_write_list(&vcpu->vgic);
}

static void gicv2_load_detached(struct vcpu *vcpu)
{
    load_interface(vcpu);
    gicv2_detach(&vcpu->vgic);
}

/* GICD_SGIR (4.3.15): target list 23:16, INTID 3:0.  What was written before is seen first. */
static void gicv2_kick(const struct core *core, uint32_t sgi)
{
    dsb(ishst);
    mmio_write32(gicd + GICD_SGIR, (uint32_t)core->sgi_target << 16 | sgi);
}

static START_UP void gicv2_route(uint32_t intid, const struct core *core)
{
    mmio_write8(gicd + GICD_ITARGETSR + intid, (uint8_t)core->sgi_target);
}

static void gicv2_set_private_active(uint32_t which, uint32_t active)
{
    mmio_write32(gicd + GICD_ICACTIVER, which & ~active);
    mmio_write32(gicd + GICD_ISACTIVER, which & active);
}

/* A GICv2 may have its SGIs enabled for ever, as GIC-400 has (4.3.5): a priority that GICC_PMR
 * holds back closes them. */
static void set_sgi_priority(uint32_t bits, uint32_t priority)
{
    for (; bits != 0; bits &= bits - 1U) {
        mmio_write8(gicd + GICD_IPRIORITYR + (uint32_t)__builtin_ctz(bits), (uint8_t)priority);
    }
}

static void gicv2_mask(uint32_t word, uint32_t bits)
{
    if (CONFIG_SMP && word == 0) {
        set_sgi_priority(bits & SGI_BITS, PRIORITY_CLOSED);
        bits &= ~SGI_BITS;
    }
    mmio_write32(gicd + GICD_ICENABLER + 4U * word, bits);
}

static void gicv2_unmask(uint32_t word, uint32_t bits)
{
    if (CONFIG_SMP && word == 0) {
        set_sgi_priority(bits & SGI_BITS, PRIORITY_OTHER);
        bits &= ~SGI_BITS;
    }
    mmio_write32(gicd + GICD_ISENABLER + 4U * word, bits);
}

/* GICv2 has no register-write-pending bit: the read back orders the write, and an interrupt that
 * was already on its way reads as spurious (3.2.2), which core_irq() accepts. */
static void gicv2_settle(void)
{
    (void)mmio_read32(gicd + GICD_ICENABLER);
    dsb(sy);
}

const struct gic_driver gicv2_driver = {
    .init_distributor = gicv2_init_distributor,
    .init_core = gicv2_init_core,
    .list_registers = gicv2_list_registers,
    .acknowledge = gicv2_acknowledge,
    .drop_priority = gicv2_drop_priority,
    .deactivate = gicv2_deactivate,
    .save = gicv2_save,
    .load = gicv2_load,
    .save_detached = ONLY_SMP(gicv2_save_detached),
    .load_detached = ONLY_SMP(gicv2_load_detached),
    .detach = ONLY_SMP(gicv2_detach),
    .read_ends = ONLY_SMP(gicv2_read_ends),
    .kick = ONLY_SMP(gicv2_kick),
    .route = ONLY_SMP(gicv2_route),
    .read_list = gicv2_read_list,
    .write_list = gicv2_write_list,
    .ends_apart = gicv2_ends_apart,
    .pend_quickly = gicv2_pend_quickly,
    .set_private_active = gicv2_set_private_active,
    .mask = gicv2_mask,
    .unmask = gicv2_unmask,
    .settle = gicv2_settle,
};
