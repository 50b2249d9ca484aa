/* SPDX-License-Identifier: Apache-2.0 */
/* What does a guest do to the one machine that a test of the virtual GIC's rules is about? */
#ifndef TEST_VGIC_GUEST_H
#define TEST_VGIC_GUEST_H

#include "test_vgic.h"

/* Offsets of registers (IHI 0048, 4.3; IHI 0069, 12.9), and interrupts that tests use. */
#define ISENABLER  0x100U
#define ICENABLER  0x180U
#define ISPENDR    0x200U
#define ICPENDR    0x280U
#define ISACTIVER  0x300U
#define ICACTIVER  0x380U
#define IPRIORITYR 0x400U
#define ITARGETSR  0x800U
#define ICFGR      0xc00U
#define IROUTER    0x6000U
#define UART_SPI   33U
#define EDGE_SPI   40U
#define ANY_SPI    50U

extern struct machine m;

/* A machine with the distributor on. */
void start(enum gic_version model, uint32_t cpu_count, uint32_t lr_count);

/* The bit of an interrupt in one of the registers with a bit each. */
void set_bit(uint32_t c, uint32_t reg, uint32_t intid);
bool get_bit(uint32_t c, uint32_t reg, uint32_t intid);

void make_edge(uint32_t intid);
void set_priority(uint32_t c, uint32_t intid, uint8_t priority);

/* A device's line moves, or the vCPU comes in: with what the driver does afterwards. */
void set_line(uint32_t c, uint32_t intid, bool level);
void come_in(uint32_t c);

/* The list register value of an interrupt, 0 if it is in none. */
uint64_t lr_of(uint32_t c, uint32_t intid);

#endif
