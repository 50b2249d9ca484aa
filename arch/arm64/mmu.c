/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See asm/mmu.h.  The tables are static pages that head.S linked together; all changes go invalid
 * -> valid or through an invalid entry (break-before-make, Arm ARM D8.14.1).  Owner: the boot core.
 */
#include <asm/layout.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <bulkhead/panic.h>

#define ENTRIES 512U

extern uint64_t el2_table_l2[ENTRIES];
extern uint64_t el2_table_device[ENTRIES];
extern uint64_t el2_table_fdt[2U * ENTRIES];

#define PAGE_DATA                                                                                  \
    (PTE_VALID | PTE_TABLE | PTE_NORMAL | PTE_AP1 | PTE_SH_IN | PTE_AF | (UINT64_C(1) << 54))
#define PAGE_DEVICE (PTE_VALID | PTE_TABLE | PTE_DEVICE | PTE_AP1 | PTE_AF | (UINT64_C(1) << 54))

/* Pages of the device window in use; its first ones are the copy windows. */
static uint32_t device_pages;
static uint64_t pool_bytes;

static void tlb_drop_page(uint64_t va)
{
    dsb(ishst);
    __asm__ volatile("tlbi vae2, %0" : : "r"(va >> 12) : "memory");
    dsb(nsh);
}

paddr_t mmu_physical(const void *address)
{
    uint64_t par;

    __asm__ volatile("at s1e2r, %0" : : "r"(address) : "memory");
    isb();
    par = sysreg_read(par_el1);
    if ((par & 1) != 0) {
        panic("address %lx is not mapped at EL2", (uint64_t)(uintptr_t)address);
    }
    return pa_of((par & UINT64_C(0x000ffffffffff000)) |
                 ((uint64_t)(uintptr_t)address & (PAGE_BYTES - 1)));
}

volatile void *mmu_map_device(paddr_t pa, uint64_t size_bytes)
{
    uint64_t first = pa.pa & ~(PAGE_BYTES - 1);
    uint64_t pages = (pa.pa - first + size_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    uint32_t next = MMU_WINDOW_COUNT + device_pages;
    uint64_t va = DEVICE_VA + next * PAGE_BYTES;

    if (pages > ENTRIES - next) {
        panic("device at %lx, %lx bytes: the EL2 device window is full", pa.pa, size_bytes);
    }
    for (uint64_t page = 0; page < pages; page++) {
        el2_table_device[next + page] = (first + page * PAGE_BYTES) | PAGE_DEVICE;
    }
    device_pages += (uint32_t)pages;
    dsb(ishst);
    isb();
    return (volatile void *)(uintptr_t)(va + (pa.pa - first));
}

const void *mmu_map_fdt(paddr_t pa, uint64_t size_bytes)
{
    uint64_t first = pa.pa & ~(PAGE_BYTES - 1);
    uint64_t offset = pa.pa - first;

    if (size_bytes > FDT_WINDOW || offset + size_bytes > FDT_WINDOW) {
        return NULL;
    }
    for (uint64_t page = 0; page * PAGE_BYTES < offset + size_bytes; page++) {
        if (el2_table_fdt[page] == 0) {
            el2_table_fdt[page] = (first + page * PAGE_BYTES) | PAGE_DATA | PTE_RO;
        }
    }
    dsb(ishst);
    isb();
    return (const void *)(uintptr_t)(FDT_VA + offset);
}

void *mmu_map_pool(paddr_t pa, uint64_t size_bytes)
{
    uint64_t va = POOL_VA + pool_bytes;

    for (uint64_t offset = 0; offset < size_bytes; offset += BLOCK_BYTES) {
        uint64_t index = (POOL_VA + pool_bytes - KERNEL_VA) / BLOCK_BYTES;

        if (index > POOL_BLOCKS_MAX) {
            panic("kernel pool of %lx bytes is larger than its EL2 window", size_bytes);
        }
        /* A block descriptor is a page descriptor without bit 1. */
        el2_table_l2[index] = (pa.pa + offset) | (PAGE_DATA & ~(uint64_t)PTE_TABLE);
        pool_bytes += BLOCK_BYTES;
    }
    dsb(ishst);
    isb();
    return (void *)(uintptr_t)va;
}

static void *window_map(enum mmu_window window, uint64_t descriptor)
{
    mmu_window_unmap(window);
    el2_table_device[window] = descriptor;
    dsb(ishst);
    isb();
    return (void *)(uintptr_t)(DEVICE_VA + (uint64_t)window * PAGE_BYTES);
}

void *mmu_window_map(enum mmu_window window, paddr_t page)
{
    return window_map(window, page.pa | PAGE_DATA);
}

volatile void *mmu_window_map_device(paddr_t page)
{
    return window_map(MMU_WINDOW_SOURCE, page.pa | PAGE_DEVICE);
}

void mmu_window_unmap(enum mmu_window window)
{
    if (el2_table_device[window] != 0) {
        el2_table_device[window] = 0;
        tlb_drop_page(DEVICE_VA + (uint64_t)window * PAGE_BYTES);
    }
}
