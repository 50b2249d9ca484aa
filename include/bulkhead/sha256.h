/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the SHA-256 of these bytes?  FIPS 180-4.  Portable, without state of its own.
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

void sha256_start(struct sha256 *hash);

/* Adds bytes, in any portions.  Time: about 50 instructions per byte. */
void sha256_add(struct sha256 *hash, const void *bytes, size_t size_bytes);

/* Ends the message and writes the digest; *hash is used up. */
void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

#endif
