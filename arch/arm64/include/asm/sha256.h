/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can this CPU hash by itself?  FEAT_SHA256: ID_AA64ISAR0_EL1.SHA2, bits 15:12 (Arm ARM D17.2).
 */
#ifndef ASM_SHA256_H
#define ASM_SHA256_H

#include <asm/sysreg.h>
#include <bulkhead/sha256.h>

/* See sha256.S; a sha256_blocks_fn.  Uses v0 to v7, v16 and v17: start-up only. */
void sha256_blocks_crypto(uint32_t state[8], const uint8_t *block, size_t count,
                          const uint32_t constant[64]);

static inline bool sha256_in_hardware(void)
{
    return (sysreg_read(id_aa64isar0_el1) >> 12 & 0xf) != 0;
}

#endif
