/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a partition's machine look like where its description says nothing?  The defaults of
 * docs/bindings.md under names, for descriptions that reckon with them: addresses are the
 * partition's own, as numbers for CELLS().
 */
#ifndef BULKHEAD_MACHINE_H
#define BULKHEAD_MACHINE_H

/* These are not C expressions. */
/* clang-format off */

/* Where guests for QEMU's virt machine expect their memory; not a default, memory is always said. */
#define GUEST_RAM      0x40000000

#define GUEST_UART     0x09000000
#define GUEST_UART_SPI 1

#define GUEST_GICD     0x08000000
#define GUEST_GICC     0x08010000 /* GICv2 */
#define GUEST_GICR     0x080a0000 /* GICv3 */

/* What `compatible` of an image says. */
#define IMAGE_KERNEL      "multiboot,kernel", "multiboot,module"
#define IMAGE_RAMDISK     "multiboot,ramdisk", "multiboot,module"
#define IMAGE_DEVICE_TREE "multiboot,device-tree", "multiboot,module"
#define IMAGE_DATA        "multiboot,module"

/* clang-format on */

#endif
