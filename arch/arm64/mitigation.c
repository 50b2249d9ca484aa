/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does this CPU need between a guest's training of its predictors and our first indirect
 * branch? Branch history injection: a loop of taken branches, whose length Arm published per core
 * ("Spectre-BHB" white paper, March 2022: k rounds of two taken branches; ours are k / 4 rounds of
 * eight).  Branch target injection: firmware's SMCCC_ARCH_WORKAROUND_1 (DEN 0070) where
 * ID_AA64PFR0_EL1.CSV2 does not promise hardware separation.
 *
 * Guests are told what comes of it, in the words of DEN 0070: their calls of a workaround do what
 * every entry to EL2 does, so they have nothing left to do.
 * State: the answers, written at start by each core; cores of other features are refused
 * (idregs.c).
 */
#include <asm/context_switch.h>
#include <asm/mitigation.h>
#include <asm/sysreg.h>

#define SMCCC_VERSION       0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_VERSION_1_1   0x10001U

#define MITIGATION_WORKAROUND_1 (1U << 31)

/* MIDR_EL1: implementer and part number (Arm ARM D17.2.99). */
#define MIDR_PART(midr) (((midr) >> 4 & 0xfff) | ((midr) >> 24 & 0xff) << 12)
#define ARM(part)       (0x41U << 12 | (part))

static const struct {
    uint32_t part;
    uint8_t rounds;
} bhb_table[] = {
    {ARM(0xd07), 2}, /* Cortex-A57 */
    {ARM(0xd08), 2}, /* Cortex-A72 */
    {ARM(0xd09), 0}, /* Cortex-A73: no loop helps, the firmware's call does */
    {ARM(0xd0a), 0}, /* Cortex-A75: the same */
    {ARM(0xd0b), 6}, /* Cortex-A76 */
    {ARM(0xd0c), 6}, /* Neoverse N1 */
    {ARM(0xd0d), 6}, /* Cortex-A77 */
    {ARM(0xd41), 8}, /* Cortex-A78 */
    {ARM(0xd40), 8}, /* Neoverse V1 */
    {ARM(0xd44), 8}, /* Cortex-X1 */
    {ARM(0xd47), 8}, /* Cortex-A710 */
    {ARM(0xd48), 8}, /* Cortex-X2 */
    {ARM(0xd49), 8}, /* Neoverse N2 */
};

/* Cores that predict too little for any of it (Arm, "Vulnerability of Speculative Processors to
 * Cache Timing Side-Channel Mechanism"): in order, without speculation past memory accesses. */
static const uint32_t safe_parts[] = {
    ARM(0xd03), /* Cortex-A53 */
    ARM(0xd04), /* Cortex-A35 */
    ARM(0xd05), /* Cortex-A55 */
};

/* What ARCH_FEATURES says about a workaround (DEN 0070). */
#define CALL_HELPS   0    /* the call mitigates */
#define CALL_NOT     1    /* may be called, needs not be */
#define NOT_REQUIRED (-2) /* workaround 2: no core needs it, and it is not there */
#define NOT_KNOWN    (-1) /* not there, whether it is needed or not */

/* Set by mitigation_of_this_core(). */
static int8_t answer_1;
static int8_t answer_2;
static int8_t answer_3;

static bool is_safe(uint32_t part)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(safe_parts); i++) {
        if (safe_parts[i] == part) {
            return true;
        }
    }
    return false;
}

/* Rounds of the loop, or -1 for a core that is not known to be affected. */
static int bhb_rounds(uint32_t part)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(bhb_table); i++) {
        if (bhb_table[i].part == part) {
            return bhb_table[i].rounds;
        }
    }
    return -1;
}

uint32_t mitigation_of_this_core(enum psci_conduit conduit)
{
    const uint32_t part = (uint32_t)MIDR_PART(sysreg_read(midr_el1));
    const unsigned int csv2 = (unsigned int)(sysreg_read(id_aa64pfr0_el1) >> 56) & 0xfU;
    /* ID_AA64MMFR1_EL1.ECBHB, CSV2 = 3: history is not shared between exception levels. */
    const bool own_history =
        (sysreg_read(id_aa64mmfr1_el1) >> 60 & 0xf) != 0 || csv2 >= 3 || is_safe(part);
    const int rounds = own_history ? 0 : bhb_rounds(part);
    uint32_t mitigation = rounds > 0 ? (uint32_t)rounds : 0;

    /* The vectors call by SMC only: with HVC as conduit there is no EL3 to ask. */
    if (csv2 == 0 && conduit == PSCI_SMC &&
        (int32_t)firmware_call(SMCCC_VERSION, 0, 0, 0, false) >= (int32_t)SMCCC_VERSION_1_1 &&
        (int32_t)firmware_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1, 0, 0, false) == 0) {
        mitigation |= MITIGATION_WORKAROUND_1 | (mitigation == 0 ? 1U : 0U);
    }
    answer_1 = answer_2 = answer_3 = NOT_KNOWN;
    if (csv2 != 0 || is_safe(part)) {
        answer_1 = CALL_NOT;
    } else if ((mitigation & MITIGATION_WORKAROUND_1) != 0) {
        answer_1 = CALL_HELPS;
    }
    /* Speculative store bypass is nobody's but the guest's own (ID_AA64PFR1_EL1.SSBS) where the
     * core has a bit for it, and left as the firmware has it where there is none. */
    if (is_safe(part)) {
        answer_2 = NOT_REQUIRED;
    }
    /* Workaround 3 is to do all that workaround 1 does, and history besides. */
    if (answer_1 != NOT_KNOWN && own_history) {
        answer_3 = CALL_NOT;
    } else if (answer_1 != NOT_KNOWN && (rounds > 0 || (rounds == 0 && answer_1 == CALL_HELPS))) {
        answer_3 = CALL_HELPS;
    }
    return mitigation;
}

int64_t mitigation_answer(uint32_t workaround)
{
    switch (workaround) {
    case SMCCC_ARCH_WORKAROUND_1:
        return answer_1;
    case SMCCC_ARCH_WORKAROUND_2:
        return answer_2;
    case SMCCC_ARCH_WORKAROUND_3:
        return answer_3;
    default:
        return NOT_KNOWN;
    }
}
