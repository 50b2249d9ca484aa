/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mapped at EL2?  Device registers, the device tree, one page at a time for copies, and the
 * start-up pool.  The image itself is mapped by head.S.
 */
#ifndef ASM_MMU_H
#define ASM_MMU_H

#include <bulkhead/types.h>

/* Physical address of something mapped at EL2, by the MMU's own walk: no arithmetic, so that the
 * kernel may be scattered over physical memory.  Panics if it is not mapped.  Clobbers PAR_EL1:
 * start-up only. */
paddr_t mmu_physical(const void *address);

/* Maps a device frame (page-rounded) and returns the address of its first register.  Panics when
 * the device window is full.  Start-up only. */
volatile void *mmu_map_device(paddr_t pa, uint64_t size_bytes);

/* Maps [pa, pa + size) read-only into the device-tree window; NULL if it does not fit. */
const void *mmu_map_fdt(paddr_t pa, uint64_t size_bytes);

/* Adds 2 MiB blocks of RAM behind the pool (arena): returns their virtual address. */
void *mmu_map_pool(paddr_t pa, uint64_t size_bytes);

/* Maps a stack, which is in the pool, a second time, between pages that are not mapped, and returns
 * its top.  Panics when there is no room.  Start-up only. */
uint64_t mmu_map_stack(void *memory, uint64_t size_bytes);

/* The first page of the kernel at its physical address, as a core needs it that turns its MMU on.
 * Start-up only. */
void mmu_map_identity(bool on);

/* head.S: where a core begins that the firmware starts; x0 = its struct core. */
extern const uint8_t secondary_entry[];

/* This core's two copy windows: one page each, remapped with break-before-make and local TLB
 * maintenance only.  About 40 instructions.  The mapping lasts until the next call for the same
 * window. */
enum mmu_window { MMU_WINDOW_SOURCE, MMU_WINDOW_TARGET, MMU_WINDOW_COUNT };
void *mmu_window_map(enum mmu_window window, paddr_t page);
void mmu_window_unmap(enum mmu_window window);

/* The source window as device memory: to look at registers before they are mapped for good. */
volatile void *mmu_window_map_device(paddr_t page);

#endif
