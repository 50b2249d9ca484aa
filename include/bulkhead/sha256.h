/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the SHA-256 of these bytes?  FIPS 180-4.  Portable; a CPU's instructions may be put to
 * use.
 */
#ifndef BULKHEAD_SHA256_H
#define BULKHEAD_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES       32U
#define SHA256_BLOCK_BYTES 64U

struct sha256 {
    uint32_t state[8];
    uint64_t length_bytes; /* hashed so far, what waits in block[] included */
    uint8_t block[SHA256_BLOCK_BYTES];
};

/* Hashes count blocks into the state, with the round constants of FIPS 180-4, 4.2.2. */
typedef void (*sha256_blocks_fn)(uint32_t state[8], const uint8_t *block, size_t count,
                                 const uint32_t constant[64]);

/* Hashes by these instructions from now on.  Start-up only. */
void sha256_use(sha256_blocks_fn blocks);

void sha256_start(struct sha256 *hash);

/* Adds bytes, in any portions.  Time: about 50 instructions per byte, 3 with a CPU's own. */
void sha256_add(struct sha256 *hash, const void *bytes, size_t size_bytes);

/* Ends the message and writes the digest; *hash is used up. */
void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

#endif
