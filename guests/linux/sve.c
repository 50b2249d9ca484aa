/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a process keep its scalable vectors, over switches of Linux and of the kernel below it? They
 * are not kept over a system call, so it makes none while it holds them.
 */
#include "user.h"

#include "../sve/sve.h"

#define HOLD_NS (30 * MS)
#define LOOK_NS (3 * MS)

uint64_t sve_hold(uint64_t seed)
{
    static struct sve_registers wanted;
    static struct sve_registers seen;
    uint64_t bytes = SVE_BYTES(sve_vector_bytes());
    uint64_t start = counter();
    uint64_t differing = 0;

    /* An FFR is ones up to some element (WRFFR): none. */
    for (uint64_t i = 0; i < (bytes - sve_vector_bytes() / 8) / 8; i++) {
        wanted.word[i] = seed + i;
    }
    while (ticks_to_ns(counter() - start) < HOLD_NS) {
        uint64_t begun = counter();

        sve_write(&wanted);
        while (ticks_to_ns(counter() - begun) < LOOK_NS) {
        }
        sve_read(&seen);
        for (uint64_t i = 0; i < bytes; i++) {
            differing += ((const uint8_t *)wanted.word)[i] != ((const uint8_t *)seen.word)[i];
        }
    }
    return differing;
}
