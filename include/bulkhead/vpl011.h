/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What UART does a partition see?  A PL011 (ARM DDI 0183), or the part of one that SBSA asks for
 * (ARM DEN 0029, appendix on the generic UART).  Its transmitter is the partition's console ring:
 * never full, never busy, so that nothing about the physical UART shows.  Characters that come in
 * wait on the line while the receive FIFO is full.
 *
 * Portable.  Ownership: the core that runs the partition.
 */
#ifndef BULKHEAD_VPL011_H
#define BULKHEAD_VPL011_H

#include <bulkhead/console.h>
#include <bulkhead/vgic.h>

#define VPL011_RX_BYTES 256U /* power of two: receive FIFO and what waits behind it */

struct vpl011 {
    struct console_ring *out;
    uint8_t rx[VPL011_RX_BYTES];
    uint32_t rx_head; /* free-running */
    uint32_t rx_tail;
    uint64_t rx_lost;
    uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    uint32_t rx_depth;   /* characters that the receive FIFO holds */
    uint32_t rx_trigger; /* as many raise the receive interrupt */
    uint32_t modem;      /* UARTFR's bits of the modem lines: not 0 in loopback only */
    bool sbsa;           /* SBSA's registers only; FIFOs of 32, always on */
    bool caught_up;      /* the last read let in a character that had waited on the line */
    bool irq_line;       /* (ris & imsc) != 0 */
};

void vpl011_reset(struct vpl011 *uart, enum uart_model model, struct console_ring *out);

/*
 * One guest access; offset within the 4 KiB frame; widths 1, 2 and 4.  Returns false for others and
 * for misaligned ones.  Unknown offsets RAZ/WI.  Narrow accesses touch their byte lanes only.
 * The caller then compares irq_line with what it told the virtual GIC.  O(1).
 */
bool vpl011_access(struct vpl011 *uart, struct vgic_access *access);

/* A character from the host console; lost, with an overrun shown to the guest, when VPL011_RX_BYTES
 * wait already.  The caller compares irq_line as above.  O(1). */
void vpl011_receive(struct vpl011 *uart, uint8_t character);

#endif
