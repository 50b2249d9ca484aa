/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does this CPU need between a guest's training of its predictors and our first indirect
 * branch? Branch history injection: a loop of taken branches, whose length Arm published per core
 * ("Spectre-BHB" white paper, March 2022: k rounds of two taken branches; ours are k / 4 rounds of
 * eight).  Branch target injection: firmware's SMCCC_ARCH_WORKAROUND_1 (DEN 0070) where
 * ID_AA64PFR0_EL1.CSV2 does not promise hardware separation.
 */
#include <asm/context_switch.h>
#include <asm/mitigation.h>
#include <asm/sysreg.h>

#define SMCCC_VERSION           0x80000000U
#define SMCCC_ARCH_FEATURES     0x80000001U
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U
#define SMCCC_VERSION_1_1       0x10001U

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
    {ARM(0xd09), 2}, /* Cortex-A73 */
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

uint32_t mitigation_of_this_core(enum psci_conduit conduit)
{
    uint32_t part = (uint32_t)MIDR_PART(sysreg_read(midr_el1));
    bool has_csv2 = (sysreg_read(id_aa64pfr0_el1) >> 56 & 0xf) != 0;
    /* ID_AA64MMFR1_EL1.ECBHB: history is not shared between exception levels. */
    bool has_ecbhb = (sysreg_read(id_aa64mmfr1_el1) >> 60 & 0xf) != 0;
    uint32_t mitigation = 0;

    for (uint32_t i = 0; !has_ecbhb && i < ARRAY_COUNT(bhb_table); i++) {
        if (bhb_table[i].part == part) {
            mitigation = bhb_table[i].rounds;
        }
    }
    /* The vectors call by SMC only: with HVC as conduit there is no EL3 to ask. */
    if (!has_csv2 && conduit == PSCI_SMC &&
        (int32_t)firmware_call(SMCCC_VERSION, 0, 0, 0, false) >= (int32_t)SMCCC_VERSION_1_1 &&
        (int32_t)firmware_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1, 0, 0, false) == 0) {
        mitigation |= MITIGATION_WORKAROUND_1 | (mitigation == 0 ? 1U : 0U);
    }
    return mitigation;
}
