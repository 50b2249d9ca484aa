/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where is what in EL2's address space?  One 1 GiB region at a fixed high address, whatever the
 * physical load address; 48-bit VA, 4 KiB granule.
 *
 *   KERNEL_VA                 image: text RX | rodata R | data, bss RW | stacks with guard pages
 *     ... + 2 MiB             rest of the 2 MiB block: start-up pool, RW
 *   KERNEL_VA + 2 MiB         more pool, in 2 MiB blocks, when the configuration asks for it
 *   DEVICE_VA                 GIC, UART (device memory) and the copy windows of each core
 *   STACK_VA                  stacks of the other cores, each between guard pages
 *   FDT_VA                    the device tree, read-only: names in the description point into it
 *
 * No guest memory is mapped but for one page per core during a copy.
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define KERNEL_VA       0x0000800000000000
#define KERNEL_BYTES    0x200000
#define POOL_VA         (KERNEL_VA + KERNEL_BYTES)
#define POOL_BLOCKS_MAX 255
#define DEVICE_VA       (KERNEL_VA + 256 * KERNEL_BYTES)
#define STACK_VA        (KERNEL_VA + 257 * KERNEL_BYTES)
#define FDT_VA          (KERNEL_VA + 258 * KERNEL_BYTES)
#define FDT_WINDOW      (2 * KERNEL_BYTES)

/* Stage-1 descriptor bits, EL2 translation regime (Arm ARM D8.3).  AP[1] is RES1 there. */
#define PTE_VALID  1
#define PTE_TABLE  2 /* levels 0 to 2; at level 3: page */
#define PTE_NORMAL (0 << 2)
#define PTE_DEVICE (1 << 2)
#define PTE_AP1    (1 << 6)
#define PTE_RO     (1 << 7)
#define PTE_SH_IN  (3 << 8)
#define PTE_AF     (1 << 10)
#define PTE_XN     (1 << 54)

/* MAIR_EL2: attribute 0 = Normal write-back, 1 = Device-nGnRE (Arm ARM D17.2.97). */
#define MAIR_VALUE 0x04ff

#endif
