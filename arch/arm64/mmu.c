/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See asm/mmu.h.  The tables are static pages that head.S linked together; all changes go invalid
 * -> valid or through an invalid entry (break-before-make, Arm ARM D8.14.1).  Owner: the boot core,
 * but for each core's copy windows, whose entries only that core changes and translates.
 */
#include <asm/layout.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <bulkhead/core.h>
#include <bulkhead/panic.h>

#define ENTRIES 512U

extern uint64_t el2_table_l0[ENTRIES];
extern uint64_t el2_table_l2[ENTRIES];
extern uint64_t el2_table_stack[ENTRIES];
extern uint64_t el2_table_identity[ENTRIES];
extern uint64_t el2_table_device[ENTRIES];
extern uint64_t el2_table_fdt[2U * ENTRIES];

#define PAGE_DATA                                                                                  \
    (PTE_VALID | PTE_TABLE | PTE_NORMAL | PTE_AP1 | PTE_SH_IN | PTE_AF | (UINT64_C(1) << 54))
#define PAGE_DEVICE (PTE_VALID | PTE_TABLE | PTE_DEVICE | PTE_AP1 | PTE_AF | (UINT64_C(1) << 54))

/* Pages of the device window in use; its first ones are the cores' copy windows. */
#define CORES_MAX    8U
#define WINDOW_PAGES (CORES_MAX * MMU_WINDOW_COUNT)
static uint32_t device_pages;
static uint32_t stack_pages;
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
    uint32_t next = WINDOW_PAGES + device_pages;
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

uint64_t mmu_map_stack(void *memory, uint64_t size_bytes)
{
    uint32_t first = stack_pages + 1U; /* behind a page that stays empty */
    uint32_t count = (uint32_t)(size_bytes / PAGE_BYTES);

    if (count >= ENTRIES - first) {
        panic("the EL2 stack window is full");
    }
    for (uint32_t page = 0; page < count; page++) {
        el2_table_stack[first + page] =
            mmu_physical((uint8_t *)memory + page * PAGE_BYTES).pa | PAGE_DATA;
    }
    stack_pages = first + count;
    dsb(ishst);
    isb();
    return STACK_VA + (uint64_t)stack_pages * PAGE_BYTES;
}

/* head.S has left the lower tables as they were when the boot core turned its MMU on. */
void mmu_map_identity(bool on)
{
    uint64_t pa = mmu_physical((const void *)(uintptr_t)KERNEL_VA).pa;

    el2_table_l0[pa >> 39] = on ? mmu_physical(el2_table_identity).pa | PTE_TABLE | PTE_VALID : 0;
    dsb(ishst);
    if (!on) {
        __asm__ volatile("tlbi alle2is" : : : "memory");
        dsb(ish);
    }
    isb();
}

/* This core's entry for a copy window. */
static uint32_t window_entry(enum mmu_window window)
{
    return this_core()->index * MMU_WINDOW_COUNT + (uint32_t)window;
}

static void *window_map(enum mmu_window window, uint64_t descriptor)
{
    uint32_t entry = window_entry(window);

    mmu_window_unmap(window);
    el2_table_device[entry] = descriptor;
    dsb(ishst);
    isb();
    return (void *)(uintptr_t)(DEVICE_VA + (uint64_t)entry * PAGE_BYTES);
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
    uint32_t entry = window_entry(window);

    if (el2_table_device[entry] != 0) {
        el2_table_device[entry] = 0;
        tlb_drop_page(DEVICE_VA + (uint64_t)entry * PAGE_BYTES);
    }
}
