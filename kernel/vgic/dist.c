/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a guest see in its distributor's frame?  GICv2 as in IHI 0048, 4.3, without Security
 * Extensions; GICv3 as in IHI 0069, 12.9, with one security state (DS = 1) and affinity routing
 * always on, no LPIs, no 1-of-N, no message-based SPIs, no extended ranges.
 */
#include "internal.h"

#define GICD_CTLR     0x000U
#define GICD_TYPER    0x004U
#define GICD_IIDR     0x008U
#define GICD_IGROUPR  0x080U
#define GICD_ICFGR    0xc00U
#define GICD_NSACR    0xe00U
#define GICD_SGIR     0xf00U
#define GICD_CPENDSGI 0xf10U
#define GICD_SPENDSGI 0xf20U
#define GICD_SGI_END  0xf30U
#define GICD_V2_ID    0xfd0U
#define GICD_V2_END   0x1000U
#define GICD_IROUTER  0x6000U /* + 8 * INTID, 32 and above */
#define GICD_V3_ID    0xffd0U
#define GICD_V3_END   0x10000U

#define CTLR_ARE (UINT32_C(1) << 4)
#define CTLR_DS  (UINT32_C(1) << 6)

/* ICFGR is the last of the registers by the word; IGRPMODR behind it is RAZ/WI (DS = 1). */
#define GICD_ICFGR_END (GICD_ICFGR + VGIC_IRQ_COUNT / 4U)

/* GICD_TYPER (IHI 0048, 4.3.2; IHI 0069, 12.9.38). */
static uint32_t read_typer(const struct vgic_dist *dist)
{
    uint32_t lines = VGIC_IRQ_COUNT / 32U - 1U;
    if (dist->model == GIC_V2)
        return (dist->cpu_count - 1U) << 5 | lines;
    return UINT32_C(1) << 25 /* No1N */ | UINT32_C(9) << 19 /* IDbits: ten */ | lines;
}

/* Whether the word at an offset in 0x080 to 0xcff exists in this frame. */
static bool word_exists(const struct vgic_dist *dist, uint32_t offset)
{
    uint32_t intid = vgic_reg_intid(offset);
    return intid < VGIC_IRQ_COUNT && (dist->model == GIC_V2 || intid >= VGIC_PRIVATE_COUNT);
}

static bool is_router(const struct vgic_dist *dist, uint64_t offset)
{
    return dist->model == GIC_V3 && offset >= GICD_IROUTER + 8U * VGIC_PRIVATE_COUNT &&
           offset < GICD_IROUTER + 8U * VGIC_IRQ_COUNT;
}

static uint32_t read_sgi_sources(struct vgic_cpu *cpu, uint32_t offset)
{
    const uint8_t *source = &cpu->sgi_source[offset & 0xcU];
    vgic_refill(cpu);
    return source[0] | (uint32_t)source[1] << 8 | (uint32_t)source[2] << 16 |
           (uint32_t)source[3] << 24;
}

/* CPENDSGIR and SPENDSGIR: a byte for each SGI, a bit for each source (IHI 0048, 4.3.16, 17). */
static void write_sgi_sources(struct vgic_cpu *cpu, uint32_t offset, uint32_t ones, bool set)
{
    uint32_t everyone = (UINT32_C(1) << cpu->dist->cpu_count) - 1U;
    struct vgic_bank *bank = &cpu->private_bank;

    vgic_fold(cpu);
    for (uint32_t intid = offset & 0xcU; ones != 0; intid++, ones >>= 8) {
        uint32_t sources = ones & 0xffU & everyone;
        if (sources == 0)
            continue;
        vgic_recall(cpu, 0, vgic_bit(intid));
        uint8_t *now = &cpu->sgi_source[intid];
        *now = (uint8_t)(set ? *now | sources : *now & ~sources);
        bank->pending &= ~vgic_bit(intid);
        bank->pending |= *now != 0 ? vgic_bit(intid) : 0;
    }
    vgic_fill(cpu);
}

static uint32_t read_v2_tail(struct vgic_cpu *cpu, uint32_t offset)
{
    if (offset >= GICD_CPENDSGI && offset < GICD_SGI_END)
        return read_sgi_sources(cpu, offset);
    if (offset >= GICD_V2_ID && offset < GICD_V2_END)
        return vgic_id_read(GIC_V2, false, offset);
    return 0;
}

static uint32_t read_v3_tail(struct vgic_dist *dist, uint32_t offset)
{
    if (is_router(dist, offset)) /* affinity 3 in the upper word is 0: A3V = 0 */
        return offset & 4U ? 0 : dist->route[vgic_intid_masked((offset - GICD_IROUTER) / 8U)];
    if (offset >= GICD_V3_ID && offset < GICD_V3_END)
        return vgic_id_read(GIC_V3, false, offset);
    return 0;
}

uint32_t vgic_dist_identity(const struct vgic_dist *dist, uint32_t offset)
{
    switch (offset) {
    case GICD_CTLR: /* RWP is 0: every effect is there when the write returns */
        return dist->ctlr | (dist->model == GIC_V3 ? CTLR_ARE | CTLR_DS : 0);
    case GICD_TYPER:
        return read_typer(dist);
    case GICD_IIDR:
        return VGIC_IIDR;
    default:
        return 0;
    }
}

static uint32_t read_word(struct vgic_cpu *cpu, uint32_t offset)
{
    struct vgic_dist *dist = cpu->dist;
    if (offset < VGIC_IDENTITY_END)
        return vgic_dist_identity(dist, offset);
    if (offset >= GICD_IGROUPR && offset < GICD_ICFGR_END)
        return word_exists(dist, offset) ? vgic_reg_read(cpu, cpu, offset) : 0;
    return dist->model == GIC_V2 ? read_v2_tail(cpu, offset) : read_v3_tail(dist, offset);
}

/* GICD_IROUTER<n>: affinities that are not a vCPU's are kept, and signal nobody. */
static void write_router(struct vgic_cpu *cpu, uint32_t intid, uint32_t value, uint32_t mask)
{
    struct vgic_dist *dist = cpu->dist;
    mask &= UINT32_C(0x00ffffff);
    vgic_fold(cpu);
    vgic_recall(cpu, intid / 32U, vgic_bit(intid));
    uint32_t route = (dist->route[intid] & ~mask) | (value & mask);
    dist->route[intid] = route;
    vgic_set_home(dist, intid, route);
    vgic_fill(cpu);
}

static void write_word(struct vgic_cpu *cpu, uint32_t offset, uint32_t value, uint32_t mask)
{
    struct vgic_dist *dist = cpu->dist;
    if (offset == GICD_CTLR) {
        mask &= CTLR_GROUP0 | CTLR_GROUP1;
        vgic_fold(cpu);
        dist->ctlr = (dist->ctlr & ~mask) | (value & mask);
        vgic_fill(cpu);
    } else if (offset >= GICD_IGROUPR && offset < GICD_ICFGR_END) {
        if (word_exists(dist, offset))
            vgic_reg_write(cpu, cpu, offset, value, mask);
    } else if (is_router(dist, offset)) {
        if (!(offset & 4U))
            write_router(cpu, vgic_intid_masked((offset - GICD_IROUTER) / 8U), value, mask);
    } else if (dist->model == GIC_V2) {
        if (offset == GICD_SGIR && mask == UINT32_C(0xffffffff))
            vgic_sgir_write(cpu, value);
        else if (offset >= GICD_CPENDSGI && offset < GICD_SGI_END)
            write_sgi_sources(cpu, offset, value & mask, offset >= GICD_SPENDSGI);
    }
}

bool vgic_dist_needs_lr(const struct vgic_dist *dist, const struct vgic_access *access)
{
    bool sgi =
        dist->model == GIC_V2 && access->offset >= GICD_CPENDSGI && access->offset < GICD_SGI_END;
    if (access->write)
        return access->offset < 4U ||
               (access->offset >= GICD_IGROUPR && access->offset < GICD_NSACR) ||
               (access->offset >= GICD_SGIR && access->offset < GICD_SGI_END) ||
               is_router(dist, access->offset);
    return vgic_reg_is_state(access->offset) || sgi;
}

bool vgic_dist_concerns_others(const struct vgic_dist *dist, const struct vgic_access *access)
{
    /* GICv2: the first words and the SGIs' sources are those of the vCPU that looks. */
    if (dist->model == GIC_V2 && access->offset >= GICD_CPENDSGI && access->offset < GICD_SGI_END)
        return false;
    return access->offset < GICD_IGROUPR || access->offset >= GICD_ICFGR_END ||
           vgic_reg_intid((uint32_t)access->offset & ~3U) >= VGIC_PRIVATE_COUNT;
}

bool vgic_dist_access(struct vgic_cpu *cpu, struct vgic_access *access)
{
    /* What guests poll most costs least. */
    if (access->offset == GICD_TYPER && access->size_bytes == 4 && !access->write) {
        access->value = read_typer(cpu->dist);
        return true;
    }
    if (!vgic_access_aligned(access))
        return false;
    if (access->size_bytes == 8) {
        if (!is_router(cpu->dist, access->offset))
            return false;
        if (access->write)
            write_word(cpu, (uint32_t)access->offset, (uint32_t)access->value,
                       UINT32_C(0xffffffff));
        else
            access->value = read_word(cpu, (uint32_t)access->offset);
        return true;
    }
    if (access->offset >= GICD_V3_END) {
        access->value = 0;
        return true;
    }
    uint32_t offset = (uint32_t)access->offset & ~3U;
    uint32_t mask = vgic_access_mask(access);
    uint32_t shift = vgic_access_shift(access);
    if (access->write)
        write_word(cpu, offset, (uint32_t)access->value << shift, mask);
    else
        access->value = (read_word(cpu, offset) & mask) >> shift;
    return true;
}
