/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition have the Scalable Vector Extension?  Its vCPUs' Z, P, FFR and ZCR_EL1 are
 * exchanged at every boundary, used or not: a lazy switch would show in the neighbour's time. While
 * such a vCPU runs CPTR_EL2.TZ is 0 and ZCR_EL2.LEN is what was granted; at all other times TZ is
 * 1, and EL2 itself uses nothing of it.
 *
 * Invariants: whoever comes in loads, or clears, all that its own ZCR_EL2.LEN lets it see; whoever
 * leaves clears all that it could have written.  So above the length of the present vCPU the
 * registers hold zeros, and no length can be chosen at which another's bits show, whether the core
 * keeps or clears bits that a shorter length hides (Arm ARM DDI 0487, ZCR_EL2: it may do either).
 *
 * Synchronisation: SVE instructions, and ZCR_ELx accesses, see CPTR_EL2 and ZCR_EL2 after an ISB
 * (DDI 0487, "Synchronization requirements for AArch64 System registers"); what EL1 sees is
 * synchronised by ERET.
 *
 * State: struct sve_state, the core's that runs its vCPU; the boot core's lengths, constant after
 * start.
 */
#include <asm/sve.h>
#include <asm/sysreg.h>
#include <bulkhead/module.h>

#define ZCR_EL1 S3_0_C1_C2_0
#define ZCR_EL2 S3_4_C1_C2_0

#define CPTR_TZ (UINT64_C(1) << 8)

#define VECTORS    32U
#define PREDICATES 17U /* with FFR; an eighth of a vector each */

/* After reset ZCR_EL1.LEN has no known value (DDI 0487, ZCR_EL1): here always the shortest. */
#define ZCR_EL1_RESET UINT64_C(0)

static uint32_t boot_lengths; /* 0: nobody asked */

static void open_instructions(void)
{
    sysreg_write(CPTR_EL2, sysreg_read(CPTR_EL2) & ~CPTR_TZ);
    isb();
}

static void shut_instructions(void)
{
    sysreg_write(CPTR_EL2, sysreg_read(CPTR_EL2) | CPTR_TZ);
}

static void set_length(uint64_t zcr)
{
    sysreg_write(ZCR_EL2, zcr);
    isb();
}

static uint64_t zcr_of(uint32_t vector_bits)
{
    return vector_bits / SVE_BITS_UNIT - 1U;
}

bool sve_is_there(void)
{
    return (sysreg_read(ID_AA64PFR0_EL1) >> 32 & 0xfU) != 0;
}

size_t sve_register_bytes(uint32_t vector_bits)
{
    size_t vector_bytes = vector_bits / 8;

    return VECTORS * vector_bytes + PREDICATES * vector_bytes / 8;
}

/* A length that the core does not have gives it the next shorter one (DDI 0487, ZCR_EL2.LEN). */
static uint32_t find_lengths(void)
{
    uint32_t lengths = 0;

    if (!sve_is_there()) {
        return 0;
    }
    open_instructions();
    for (uint64_t length = 0; length <= zcr_of(SVE_BITS_MAX); length++) {
        set_length(length);
        lengths |= 1U << zcr_of((uint32_t)sve_vector_bytes() * 8U);
    }
    sve_clear(); /* what a loader left; ZCR_EL2 has the greatest length now */
    shut_instructions();
    isb();
    return lengths;
}

uint32_t sve_lengths(void)
{
    boot_lengths = find_lengths();
    return boot_lengths;
}

bool sve_lengths_match(uint32_t vector_bits)
{
    uint32_t lengths = find_lengths();

    return ((lengths ^ boot_lengths) & ((2U << zcr_of(vector_bits)) - 1U)) == 0;
}

void sve_reset(struct sve_state *state, uint32_t vector_bits)
{
    state->zcr_el2 = zcr_of(vector_bits);
    state->zcr_el1 = ZCR_EL1_RESET;
    state->empty = true;
}

void sve_enter(const struct sve_state *state)
{
    open_instructions();
    set_length(state->zcr_el2);
    if (state->empty) {
        sve_clear();
    } else {
        sve_load(state->registers);
    }
    sysreg_write(ZCR_EL1, state->zcr_el1);
}

void sve_leave(struct sve_state *state)
{
    state->zcr_el1 = sysreg_read(ZCR_EL1);
    sve_save(state->registers);
    state->empty = false;
    shut_instructions();
}
