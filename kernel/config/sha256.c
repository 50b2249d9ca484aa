// SPDX-License-Identifier: Apache-2.0
/*
 * How is a SHA-256 computed?  By FIPS 180-4: section 5 for padding, 6.2 for the compression of a
 * block, unless the CPU has instructions for it. The sixteen words of the message schedule that
 * later words depend on are kept in a ring.
 */
#include <bulkhead/sha256.h>

#include <string.h>

/* FIPS 180-4, 4.2.2. */
static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, uint32_t count)
{
    return word >> count | word << (32U - count);
}

static uint32_t big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t word[16];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    uint32_t e = state[4];
    uint32_t f = state[5];
    uint32_t g = state[6];
    uint32_t h = state[7];

    for (uint32_t round = 0; round < 64; round++) {
        uint32_t next;
        if (round < 16) {
            next = big32(&block[round * 4]);
        } else {
            uint32_t early = word[(round + 1) & 15];
            uint32_t late = word[(round + 14) & 15];
            next = word[round & 15] + word[(round + 9) & 15] +
                   (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) +
                   (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
        }
        word[round & 15] = next;
        uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                         round_constant[round] + next;
        uint32_t second =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

/* The CPU's own instructions, if it has them; set once, at start. */
static sha256_blocks_fn own_blocks;

void sha256_use(sha256_blocks_fn blocks)
{
    own_blocks = blocks;
}

static void hash_blocks(uint32_t state[8], const uint8_t *block, size_t count)
{
    if (own_blocks != NULL) {
        own_blocks(state, block, count, round_constant);
        return;
    }
    for (; count != 0; count--) {
        compress(state, block);
        block += SHA256_BLOCK_BYTES;
    }
}

void sha256_start(struct sha256 *hash)
{
    /* FIPS 180-4, 5.3.3. */
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof(initial));
    hash->length_bytes = 0;
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t size_bytes)
{
    const uint8_t *from = bytes;
    size_t waiting = (size_t)(hash->length_bytes % SHA256_BLOCK_BYTES);
    hash->length_bytes += size_bytes;
    if (waiting != 0) {
        size_t room = SHA256_BLOCK_BYTES - waiting;
        size_t taken = size_bytes < room ? size_bytes : room;
        memcpy(&hash->block[waiting], from, taken);
        from += taken;
        size_bytes -= taken;
        if (taken != room) {
            return;
        }
        hash_blocks(hash->state, hash->block, 1);
    }
    hash_blocks(hash->state, from, size_bytes / SHA256_BLOCK_BYTES);
    from += size_bytes - size_bytes % SHA256_BLOCK_BYTES;
    size_bytes %= SHA256_BLOCK_BYTES;
    if (size_bytes != 0) {
        memcpy(hash->block, from, size_bytes);
    }
}

void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_BYTES])
{
    uint64_t length_bits = hash->length_bytes * 8;
    size_t waiting = (size_t)(hash->length_bytes % SHA256_BLOCK_BYTES);
    hash->block[waiting++] = 0x80;
    if (waiting > SHA256_BLOCK_BYTES - 8) {
        memset(&hash->block[waiting], 0, SHA256_BLOCK_BYTES - waiting);
        hash_blocks(hash->state, hash->block, 1);
        waiting = 0;
    }
    memset(&hash->block[waiting], 0, SHA256_BLOCK_BYTES - 8 - waiting);
    for (uint32_t at = 0; at < 8; at++) {
        hash->block[SHA256_BLOCK_BYTES - 1 - at] = (uint8_t)(length_bits >> (8 * at));
    }
    hash_blocks(hash->state, hash->block, 1);
    for (uint32_t at = 0; at < SHA256_BYTES; at++) {
        digest[at] = (uint8_t)(hash->state[at / 4] >> (24 - 8 * (at % 4)));
    }
}
