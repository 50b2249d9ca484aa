/* SPDX-License-Identifier: Apache-2.0 */
/* Where are the registers of a physical GIC?  Offsets common to GICv2 (IHI 0048B, table 4-1) and
 * GICv3 (IHI 0069H, 12.8). */
#ifndef GIC_REGISTERS_H
#define GIC_REGISTERS_H

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR  0x0800
#define GICD_ICFGR      0x0c00
#define GICD_SGIR       0x0f00
#define GICD_IROUTER    0x6000

#define TYPER_IT_LINES(typer) (((typer)&0x1fU) + 1U) /* words of 32 INTIDs */

/* The guard timer comes before everything else; equal priorities do not preempt. */
#define PRIORITY_GUARD  0x00U
#define PRIORITY_OTHER  0xa0a0a0a0U
#define PRIORITY_CLOSED 0xffffffffU /* held back by PRIORITY_MASK */
#define PRIORITY_MASK   0xf0U

#endif
