/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does a partition have the Scalable Vector Extension?  See arch/arm64/sve.c.
 */
#ifndef ASM_SVE_H
#define ASM_SVE_H

#include <bulkhead/types.h>

/* The vector state of one vCPU while it is out. */
struct sve_state {
    uint64_t zcr_el2; /* LEN: the longest vectors that were granted */
    uint64_t zcr_el1;
    bool empty; /* it has not run since its reset: all registers are zero, whatever stands below */
    uint8_t registers[] __attribute__((aligned(16))); /* Z0 to Z31, P0 to P15, FFR */
};

/* Whether the CPU has it: its identification register says so. */
bool sve_is_there(void);

/* What registers[] needs for vectors of that many bits; 0 for none. */
size_t sve_register_bytes(uint32_t vector_bits);

/*
 * The vector lengths of this core, a set as in bulkhead/module.h; 0 without SVE.  The registers are
 * zero afterwards, the instructions trapped.  Context: start-up of each core, and only where SVE is
 * granted: what firmware keeps for itself (CPTR_EL3.EZ = 0) traps to EL3.
 */
uint32_t sve_lengths(void);

/* Whether this core has the lengths of the boot core up to that many bits.  Likewise. */
bool sve_lengths_match(uint32_t vector_bits);

/* As after a reset.  O(1): the registers are cleared when it comes in. */
void sve_reset(struct sve_state *state, uint32_t vector_bits);

/*
 * Opens the instructions and loads the registers; the contrary.  Context: behind context_load() and
 * before context_save(), since both know the low 128 bits of each vector as V<n>: those of the
 * context are zero at all times.  Time: straight lines; the bytes moved grow with the length.
 */
void sve_enter(const struct sve_state *state);
void sve_leave(struct sve_state *state);

/* sve_registers.S, at the present length. */
void sve_save(void *registers);
void sve_load(const void *registers);
void sve_clear(void);
uint64_t sve_vector_bytes(void);

#endif
