/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a GICv3 guest see in a redistributor's frames?  RD_base at 0, SGI_base at 0x10000
 * (IHI 0069, 12.10 and 12.11).  There are no LPIs: their registers are RAZ/WI and GICR_TYPER says
 * so.  GICR_WAKER sleeps and wakes at once and holds nothing back.
 */
#include "internal.h"

#define GICR_IIDR       0x0004U
#define GICR_TYPER      0x0008U
#define GICR_TYPER_HIGH 0x000cU
#define GICR_WAKER      0x0014U
#define GICR_ID         0xffd0U
#define GICR_SGI_BASE   0x10000U
#define GICR_FRAMES_END 0x20000U

#define SGI_IGROUPR   0x0080U
#define SGI_ICFGR_END 0x0c08U

#define TYPER_LAST          (UINT32_C(1) << 4)
#define TYPER_NUMBER_SHIFT  8U
#define WAKER_SLEEP         (UINT32_C(1) << 1)
#define WAKER_CHILDREN_DOZE (UINT32_C(1) << 2)

/* 64-bit registers of RD_base: TYPER, SETLPIR, CLRLPIR, PROPBASER, PENDBASER, INVLPIR, INVALLR. */
static bool is_double_word(uint64_t offset)
{
    switch (offset) {
    case 0x08:
    case 0x40:
    case 0x48:
    case 0x70:
    case 0x78:
    case 0xa0:
    case 0xb0:
        return true;
    default:
        return false;
    }
}

static bool sgi_word_exists(uint32_t offset)
{
    return offset >= SGI_IGROUPR && offset < SGI_ICFGR_END &&
           (offset < 0x800U || offset >= 0xc00U) && vgic_reg_intid(offset) < VGIC_PRIVATE_COUNT;
}

static uint32_t read_rd_word(const struct vgic_cpu *target, uint32_t offset)
{
    switch (offset) {
    case GICR_IIDR:
        return VGIC_IIDR;
    case GICR_TYPER:
        return target->index << TYPER_NUMBER_SHIFT |
               (target->index + 1U == target->dist->cpu_count ? TYPER_LAST : 0);
    case GICR_TYPER_HIGH: /* affinity, as in MPIDR_EL1 */
        return target->index;
    case GICR_WAKER:
        return target->redistributor_awake ? 0 : WAKER_SLEEP | WAKER_CHILDREN_DOZE;
    default:
        return offset >= GICR_ID ? vgic_id_read(GIC_V3, true, offset) : 0;
    }
}

static uint32_t read_word(struct vgic_cpu *cpu, struct vgic_cpu *target, uint32_t offset)
{
    if (offset < GICR_SGI_BASE)
        return read_rd_word(target, offset);
    offset -= GICR_SGI_BASE;
    return sgi_word_exists(offset) ? vgic_reg_read(cpu, target, offset) : 0;
}

static void write_word(struct vgic_cpu *cpu, struct vgic_cpu *target, uint32_t offset,
                       uint32_t value, uint32_t mask)
{
    if (offset == GICR_WAKER && (mask & WAKER_SLEEP))
        target->redistributor_awake = !(value & WAKER_SLEEP);
    if (offset >= GICR_SGI_BASE && sgi_word_exists(offset - GICR_SGI_BASE))
        vgic_reg_write(cpu, target, offset - GICR_SGI_BASE, value, mask);
}

bool vgic_redist_needs_lr(const struct vgic_access *access)
{
    if (access->offset < GICR_SGI_BASE)
        return false;
    return access->write || vgic_reg_is_state(access->offset - GICR_SGI_BASE);
}

bool vgic_redist_access(struct vgic_cpu *cpu, struct vgic_cpu *target, struct vgic_access *access)
{
    if (!vgic_access_aligned(access))
        return false;
    if (access->size_bytes == 8) {
        if (!is_double_word(access->offset))
            return false;
        if (!access->write) {
            uint32_t offset = (uint32_t)access->offset;
            access->value =
                read_rd_word(target, offset) | (uint64_t)read_rd_word(target, offset + 4U) << 32;
        }
        return true;
    }
    if (access->offset >= GICR_FRAMES_END) {
        access->value = 0;
        return true;
    }
    uint32_t offset = (uint32_t)access->offset & ~3U;
    uint32_t mask = vgic_access_mask(access);
    uint32_t shift = vgic_access_shift(access);
    if (access->write)
        write_word(cpu, target, offset, (uint32_t)access->value << shift, mask);
    else
        access->value = (read_word(cpu, target, offset) & mask) >> shift;
    return true;
}
