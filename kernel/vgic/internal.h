/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do the parts of the virtual GIC fit together?
 *
 *   dist.c, redist.c  decode accesses     ->  regs.c  change 32 interrupts at a time
 *   inputs.c          lines, SGIs, reset  ->  lr.c    list registers: fold, recall, fill
 *
 * Every change runs in the same order: vgic_fold() takes over what the guest did in the list
 * registers; vgic_recall() takes the interrupts concerned out of them; words in struct vgic_bank
 * change; vgic_fill() puts the most urgent back.  What is ready follows from the words alone, and
 * the words by priority level (which only priority writes change) put it in order, so that a write
 * to 32 interrupts costs hardly more than one to a single one.
 *
 * An interrupt that is active or in a list register has one holder: for a private one its vCPU, for
 * an SPI the vCPU whose held[] has its bit.  in_lr: exactly one list register of the holder has it.
 */
#ifndef BULKHEAD_VGIC_INTERNAL_H
#define BULKHEAD_VGIC_INTERNAL_H

#include <bulkhead/vgic.h>

#define SGI_MASK UINT32_C(0xffff) /* INTID 0..15 in word 0 */

/* GICv2 with CPUID in the list register: bits 12:10 (IHI 0069, 12.4.6, vINTID). */
#define LR_SOURCE_SHIFT 10U

/* GICD_CTLR.EnableGrp0 and .EnableGrp1 (IHI 0048, 4.3.1; IHI 0069, 12.9.4 with DS = 1). */
#define CTLR_GROUP0 UINT32_C(1)
#define CTLR_GROUP1 UINT32_C(2)

/* How implemented priority bits sit in their byte (IHI 0048, 3.3: the low bits are RAZ/WI). */
#define PRIORITY_SHIFT 3U
#define PRIORITY_MASK  0xf8U

_Static_assert(VGIC_PRIORITY_COUNT == 32, "priority levels are one word");
_Static_assert(VGIC_IRQ_COUNT == 128, "a priority level is two double words");

static inline uint32_t vgic_bit(uint32_t intid)
{
    return UINT32_C(1) << (intid % 32U);
}

/* `value` is not 0. */
static inline uint32_t vgic_lowest(uint32_t value)
{
    return (uint32_t)__builtin_ctz(value);
}

static inline struct vgic_bank *vgic_bank_of(struct vgic_cpu *owner, uint32_t word)
{
    return word == 0 ? &owner->private_bank : &owner->dist->shared[word];
}

static inline uint8_t *vgic_priority_of(struct vgic_cpu *owner, uint32_t intid)
{
    return intid < VGIC_PRIVATE_COUNT ? &owner->private_priority[intid]
                                      : &owner->dist->priority[intid];
}

static inline bool vgic_is_v2_sgi(const struct vgic_cpu *owner, uint32_t intid)
{
    return intid < VGIC_SGI_COUNT && owner->dist->model == GIC_V2;
}

/*
 * Pending interrupts of a bank.  The line counts where it is level-sensitive, and for linked ones
 * whatever the guest configured: there it says that a physical interrupt waits for the guest.
 */
static inline uint32_t vgic_pending_bits(const struct vgic_bank *bank)
{
    return bank->pending | (bank->line & (~bank->edge | bank->hw));
}

/* Groups that the distributor forwards, bit g for group g. */
static inline uint32_t vgic_groups_on(const struct vgic_dist *dist)
{
    return dist->ctlr & (CTLR_GROUP0 | CTLR_GROUP1);
}

static inline void vgic_hw_done_add(struct vgic_cpu *cpu, uint32_t word, uint32_t bits)
{
    if (bits != 0) {
        cpu->hw_done[word] |= bits;
        cpu->hw_done_any = true;
    }
}

/* lr.c */

void vgic_fold_used(struct vgic_cpu *cpu);
void vgic_recall_some(struct vgic_cpu *owner, uint32_t word, uint32_t bits);

/* Takes over what the guest did in the list registers; frees those that are finished. */
static inline void vgic_fold(struct vgic_cpu *cpu)
{
    if ((cpu->lr_used | cpu->eoi_count) != 0)
        vgic_fold_used(cpu);
}

/* Siblings' ends that were counted as their windows ended, before their active state is looked at
 * or changed.  A sibling that runs without list registers will see to its own. */
void vgic_fold_siblings(struct vgic_cpu *cpu);

/* Takes the interrupts of `bits` that are in list registers, whoever's, out of them. */
static inline void vgic_recall(struct vgic_cpu *owner, uint32_t word, uint32_t bits)
{
    bits &= vgic_bank_of(owner, word)->in_lr;
    if (bits != 0)
        vgic_recall_some(owner, word, bits);
}

/* Fills list registers with the most urgent and sets the out fields. */
void vgic_fill(struct vgic_cpu *cpu);

/* Ends the active state of `bits` (all active, in no list register); `cpu` runs. */
void vgic_end(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t word, uint32_t bits);

/* inputs.c: an SGI becomes pending at `target`. */
void vgic_sgi_pend(struct vgic_cpu *target, uint32_t intid, uint32_t source);

/* regs.c: registers that GICD and the GICR SGI frame have in common, offsets 0x080 to 0xcff.
 * Offsets are word-aligned, `mask` has the bits that are written.  `owner` is the vCPU whose
 * INTIDs 0..31 are meant, `cpu` the one that runs. */
uint32_t vgic_reg_read(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t offset);
void vgic_reg_write(struct vgic_cpu *cpu, struct vgic_cpu *owner, uint32_t offset, uint32_t value,
                    uint32_t mask);

/* An SPI is signalled to vCPU `index` from now on, to none if there is no such. */
void vgic_set_home(struct vgic_dist *dist, uint32_t intid, uint32_t index);

/* First INTID that the word at `offset` (0x080 to 0xcff) is about: one bit each below 0x400, one
 * byte each up to 0xbff, two bits each in ICFGR (IHI 0048, table 4-1; IHI 0069, table 12-25). */
static inline uint32_t vgic_reg_intid(uint32_t offset)
{
    if (offset < 0x400U)
        return (offset & 0x7cU) * 8U;
    return offset < 0xc00U ? offset & 0x3fcU : (offset & 0xfcU) * 4U;
}

/* The caller has checked that the INTID exists; the mask keeps speculation past that check inside
 * the tables (CVE-2017-5753).  The empty assembly keeps the compiler from proving it away. */
_Static_assert((VGIC_IRQ_COUNT & (VGIC_IRQ_COUNT - 1U)) == 0, "a mask needs a power of two");
static inline uint32_t vgic_intid_masked(uint32_t intid)
{
    __asm__ volatile("" : "+r"(intid));
    return intid & (VGIC_IRQ_COUNT - 1U);
}

/* Pending and active state, which list registers cache: ISPENDR to ICACTIVER. */
static inline bool vgic_reg_is_state(uint64_t offset)
{
    return offset >= 0x200U && offset < 0x400U;
}

static inline bool vgic_access_aligned(const struct vgic_access *access)
{
    uint32_t size = access->size_bytes;
    return (size == 1 || size == 2 || size == 4 || size == 8) && (access->offset & (size - 1)) == 0;
}

/* Bits of its word that an access of at most four bytes is about. */
static inline uint32_t vgic_access_mask(const struct vgic_access *access)
{
    uint32_t bytes = (UINT32_C(0xffffffff) >> (32U - 8U * access->size_bytes));
    return bytes << (8U * (uint32_t)(access->offset & 3U));
}

static inline uint32_t vgic_access_shift(const struct vgic_access *access)
{
    return 8U * (uint32_t)(access->offset & 3U);
}

/* Identification registers 0xffd0 to 0xfffc (v2: 0xfd0 to 0xffc); regs.c. */
uint32_t vgic_id_read(enum gic_version model, bool redistributor, uint32_t offset);

#define VGIC_IIDR UINT32_C(0x4200043b) /* product 'B', JEP106 code of Arm (IHI 0069, 12.9.11) */

#endif
