/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition's own work cost, compared with the same work on a machine of its own?  A
 * loop in registers, and copying memory, each long enough for many frames; the counter before and
 * behind. It runs as well on plain QEMU.  Parameter 0: rounds of each (0 = 8).
 *
 *     loops: cpu_ticks=N memcpy_ticks=N bytes=N
 */
#include <guest.h>

#define ROUNDS_DEFAULT 8U
#define LOOPS          1000000U /* three instructions each */
#define COPY_BYTES     0x40000U
#define COPIES         32U

static uint64_t from[COPY_BYTES / 8];
static uint64_t to[COPY_BYTES / 8];

static void compute(void)
{
    uint64_t left = LOOPS;
    uint64_t value = 1;

    __asm__ volatile("1: madd %1, %1, %1, %0\n"
                     "   subs %0, %0, #1\n"
                     "   b.ne 1b"
                     : "+r"(left), "+r"(value)
                     :
                     : "cc");
}

/* 64 bytes in ten instructions, as a C library would without SIMD. */
static void copy(void)
{
    const uint64_t *source = from;
    uint64_t *target = to;
    uint64_t left = COPY_BYTES;

    __asm__ volatile("1: ldp x2, x3, [%0], #16\n"
                     "   ldp x4, x5, [%0], #16\n"
                     "   ldp x6, x7, [%0], #16\n"
                     "   ldp x8, x9, [%0], #16\n"
                     "   stp x2, x3, [%1], #16\n"
                     "   stp x4, x5, [%1], #16\n"
                     "   stp x6, x7, [%1], #16\n"
                     "   stp x8, x9, [%1], #16\n"
                     "   subs %2, %2, #64\n"
                     "   b.ne 1b"
                     : "+r"(source), "+r"(target), "+r"(left)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "cc", "memory");
}

int main(void)
{
    uint64_t rounds = guest_params.word[0] != 0 ? guest_params.word[0] : ROUNDS_DEFAULT;
    uint64_t cpu = 0;
    uint64_t copying = 0;

    for (size_t i = 0; i < countof(from); i++) {
        from[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    }
    mmu_on();
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t start = counter_read();
        uint64_t middle;

        compute();
        middle = counter_read();
        for (unsigned k = 0; k < COPIES; k++) {
            copy();
        }
        copying += counter_read() - middle;
        cpu += middle - start;
    }
    for (size_t i = 0; i < countof(from); i++) {
        if (to[i] != from[i]) {
            print("loops: FAILED: word %lu differs\n", i);
            return 1;
        }
    }
    print("loops: cpu_ticks=%lu memcpy_ticks=%lu bytes=%lu\n", cpu, copying,
          rounds * COPIES * COPY_BYTES);
    return 0;
}
