/* SPDX-License-Identifier: Apache-2.0 */
/* What does one look at the vector registers see?  Shared by C and registers.S. */
#ifndef SVE_H
#define SVE_H

#define SVE_BYTES_MAX    256 /* of a vector: 2048 bits */
#define SVE_VECTORS      32
#define SVE_PREDICATES   17 /* with FFR; an eighth of a vector each */
#define SVE_BYTES(bytes) (SVE_VECTORS * (bytes) + SVE_PREDICATES * (bytes) / 8)

#define SVE_SECOND_STACK_BYTES 4096 /* guests/sve; guests/linux has the registers alone */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Z0 to Z31, P0 to P15, FFR at the present vector length, without gaps. */
struct sve_registers {
    uint64_t word[SVE_BYTES(SVE_BYTES_MAX) / 8];
};

void sve_read(struct sve_registers *to);
void sve_write(const struct sve_registers *from);
uint64_t sve_vector_bytes(void);

/* V0 to V31 by the instructions of FP and SIMD. */
void simd_read(struct sve_registers *to);
void simd_write(const struct sve_registers *from);

/* Where CPU_ON sends the second vCPU: sve_second_main() on a stack of its own. */
void sve_second_entry(void);
void sve_second_main(uint64_t argument);
#endif
#endif
