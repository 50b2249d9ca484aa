/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does the kernel get from a loader to C?  Entered with the MMU off at EL2 (or, by mistake, at EL1)
 * at any 2 MiB-aligned address with x0 = device tree.  Every loader leaves other register values, so
 * nothing is assumed: DAIF, SCTLR and HCR are set first.  Tables are written with caches off and their
 * lines invalidated, since a loader may have left stale ones (Arm ARM D8.2.13, B2.7).
 *
 * The same tables serve at EL1: there AP[1] means "EL0 too", which is harmless as no EL0 ever runs.
 * So a kernel that was started at EL1 reaches C, finds the console and can say what is wrong.
 */
#include <asm/core.h>
#include <asm/layout.h>
#include <asm/macros.inc>

    .section .head.text, "ax"

/* arm64 Image header (Linux Documentation/arch/arm64/booting.rst). */
    .global _start
_start:
    b       start
    .long   0
    .quad   0                          /* text_offset: at the 2 MiB boundary itself */
    .quad   KERNEL_BYTES               /* image_size: pool and bss included */
    .quad   (1 << 1) | (1 << 3)        /* little endian, 4 KiB pages, anywhere in memory */
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

start:
    msr     daifset, #0xf
    mov     x20, x0                    /* device tree */
    adrp    x21, __kernel_start        /* physical base: ADRP sees the running address */
    mrs     x22, CurrentEL
    lsr     x22, x22, #2

    /* A known MMU state before the first store: off, caches off, little endian. */
    cmp     x22, #2
    b.eq    1f
    cmp     x22, #1
    b.ne    park                       /* EL3: no console to be found without knowing the board */
    ldr     x0, =(0x30d00800)             /* SCTLR_EL1 RES1 bits */
    msr     sctlr_el1, x0
    isb
    b       2f
1:  ldr     x0, =(0x30c50830)             /* SCTLR_EL2 RES1 bits (Arm ARM D17.2.119) */
    msr     sctlr_el2, x0
    ldr     x0, =(1 << 31)                /* HCR_EL2.RW; the rest is el2_traps_init()'s */
    msr     hcr_el2, x0
    isb
2:
    /* The image must be where its own header demands: 2 MiB-aligned. */
    tst     x21, #(KERNEL_BYTES - 1)
    cset    x23, ne                    /* told in C: the tables below map 4 KiB pages anywhere */

    adrp    x0, __tables_start
    adrp    x1, __tables_end
    add     x1, x1, :lo12:__tables_end
3:  stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    3b

    /* Kernel region: level 0 -> 1 -> 2 -> image, devices, device tree. */
    mov     x9, #(PTE_TABLE | PTE_VALID)
    adrp    x10, el2_table_l0
    adrp    x11, el2_table_l1
    adrp    x12, el2_table_l2
    orr     x0, x11, x9
    str     x0, [x10, #(((KERNEL_VA >> 39) & 511) * 8)]
    orr     x0, x12, x9
    str     x0, [x11, #(((KERNEL_VA >> 30) & 511) * 8)]
    adrp    x13, el2_table_image
    orr     x0, x13, x9
    str     x0, [x12]
    adrp    x1, el2_table_device
    orr     x0, x1, x9
    str     x0, [x12, #(((DEVICE_VA >> 21) & 511) * 8)]
    adrp    x1, el2_table_stack
    orr     x0, x1, x9
    str     x0, [x12, #(((STACK_VA >> 21) & 511) * 8)]
    adrp    x1, el2_table_fdt
    orr     x0, x1, x9
    str     x0, [x12, #(((FDT_VA >> 21) & 511) * 8)]
    add     x0, x0, #4096
    str     x0, [x12, #((((FDT_VA >> 21) + 1) & 511) * 8)]

    /* Image pages by permission: text RX, rodata R, the rest RW and never executable, guards absent. */
    ldr     x1, =(PTE_AF | PTE_SH_IN | PTE_NORMAL | PTE_AP1 | PTE_TABLE | PTE_VALID)
    ldr     x2, =(PTE_XN)
    orr     x3, x1, #PTE_RO            /* text */
    orr     x4, x3, x2                 /* rodata */
    orr     x5, x1, x2                 /* data */
    adrp    x6, __text_end
    adrp    x7, __rodata_end
    adrp    x8, __guard0_start
    adrp    x14, __guard1_start
    mov     x0, x21
    add     x15, x21, #KERNEL_BYTES
4:  orr     x16, x0, x3
    cmp     x0, x6
    b.lo    5f
    orr     x16, x0, x4
    cmp     x0, x7
    b.lo    5f
    orr     x16, x0, x5
    cmp     x0, x8
    ccmp    x0, x14, #4, ne
    csel    x16, xzr, x16, eq
5:  str     x16, [x13], #8
    add     x0, x0, #4096
    cmp     x0, x15
    b.lo    4b

    /* Identity mapping of this page alone, for the instant in which the MMU goes on.  Level 0 entries of
     * physical addresses below 2^47 never meet the kernel's. */
    adrp    x17, el2_table_identity    /* three pages: levels 1, 2, 3 */
    orr     x0, x17, x9
    lsr     x1, x21, #39
    str     x0, [x10, x1, lsl #3]
    add     x0, x0, #4096
    ubfx    x1, x21, #30, #9
    str     x0, [x17, x1, lsl #3]
    add     x0, x0, #4096
    add     x16, x17, #4096
    ubfx    x1, x21, #21, #9
    str     x0, [x16, x1, lsl #3]
    add     x16, x17, #8192
    ubfx    x1, x21, #12, #9
    orr     x0, x21, x3
    str     x0, [x16, x1, lsl #3]

    /* Drop whatever stale lines the loader left over the tables. */
    dmb     sy
    adrp    x0, __tables_start
    adrp    x1, __tables_end
    add     x1, x1, :lo12:__tables_end
6:  dc      ivac, x0                   /* 16 bytes is the least line the architecture has; 64 the usual */
    add     x0, x0, #64
    cmp     x0, x1
    b.lo    6b
    dsb     sy

    adr_l   x6, in_virtual_space
/* x6: where to go on, x10: level 0 table, x21: physical base, x22: level. */
enable_mmu:
    ldr     x0, =(MAIR_VALUE)
    mrs     x1, id_aa64mmfr0_el1
    and     x1, x1, #0xf               /* PARange */
    cmp     x1, #5
    mov     x2, #5
    csel    x1, x1, x2, lo             /* 48 bits at most with this descriptor format */
    sub     x6, x6, x21
    ldr     x7, =(KERNEL_VA)
    add     x6, x6, x7                 /* its linked address */
    cmp     x22, #2
    b.ne    enable_el1

    msr     mair_el2, x0
    /* TCR_EL2: T0SZ 16, inner and outer write-back, inner shareable, 4 KiB; bits 31 and 23 RES1. */
    ldr     x2, =((1 << 31) | (1 << 23) | 16 | (1 << 8) | (1 << 10) | (3 << 12))
    orr     x2, x2, x1, lsl #16
    msr     tcr_el2, x2
    msr     ttbr0_el2, x10
    adr_l   x2, vectors
    sub     x2, x2, x21
    add     x2, x2, x7
    msr     vbar_el2, x2
    tlbi    alle2
    ic      iallu
    dsb     nsh
    isb
    ldr     x0, =(0x30c50830 | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 12) | (1 << 19)) /* M C SA I WXN */
    msr     sctlr_el2, x0
    isb
    br      x6

enable_el1:
    msr     mair_el1, x0
    ldr     x2, =(16 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (16 << 16)) /* EPD1 */
    orr     x2, x2, x1, lsl #32
    msr     tcr_el1, x2
    msr     ttbr0_el1, x10
    mov     x2, #(3 << 20)
    msr     cpacr_el1, x2              /* libfdt may use SIMD */
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x0, =(0x30d00800 | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 12))
    msr     sctlr_el1, x0
    isb
    br      x6

in_virtual_space:
    /* Caches are on: the rest of bss, then a stack. */
    adr_l   x0, __bss_start
    adr_l   x1, __bss_end
7:  stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    7b
    msr     spsel, #1
    adr_l   x0, __stack_top
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    cmp     x22, #2
    b.ne    8f
    adr_l   x0, boot_core
    adr_l   x1, __stack_top
    str     x1, [x0, #CORE_STACK_TOP]
    adr_l   x1, __emergency_top
    str     x1, [x0, #CORE_EMERGENCY]
    msr     tpidr_el2, x0
    msr     cptr_el2, xzr              /* FP/SIMD at EL2; el2_traps_init() sets the rest */
    isb
    /* The identity mapping has done its work. */
    adr_l   x0, el2_table_l0
    lsr     x1, x21, #39
    str     xzr, [x0, x1, lsl #3]
    dsb     ishst
    tlbi    alle2
    dsb     nsh
    isb
8:  mov     x0, x20
    mov     x1, x21
    mov     x2, x22
    mov     x3, x23
    bl      kernel_main
park:
    wfe
    b       park

#if CONFIG_SMP
/* A core that the firmware starts for the boot core: MMU off, x0 = its struct core's address in EL2's
 * space.  The tables are there.  At another level than EL2 it waits; the boot core gives up on it. */
    .global secondary_entry
secondary_entry:
    msr     daifset, #0xf
    mov     x20, x0
    adrp    x21, __kernel_start
    mrs     x22, CurrentEL
    lsr     x22, x22, #2
    cmp     x22, #2
    b.ne    park
    ldr     x0, =(0x30c50830)             /* SCTLR_EL2 RES1 bits */
    msr     sctlr_el2, x0
    ldr     x0, =(1 << 31)                /* HCR_EL2.RW */
    msr     hcr_el2, x0
    isb
    adrp    x10, el2_table_l0
    adr_l   x6, secondary_in_virtual_space
    b       enable_mmu

secondary_in_virtual_space:
    msr     spsel, #1
    ldr     x0, [x20, #CORE_STACK_TOP]
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    msr     tpidr_el2, x20
    msr     cptr_el2, xzr
    isb
    mov     x0, x20
    bl      secondary_main
    b       park
#endif

    .section .bss.tables, "aw", %nobits
    .balign 4096
    .global el2_table_l0, el2_table_l1, el2_table_l2, el2_table_image, el2_table_device, el2_table_fdt
    .global el2_table_stack, el2_table_identity
el2_table_l0:       .skip 4096
el2_table_l1:       .skip 4096
el2_table_l2:       .skip 4096
el2_table_image:    .skip 4096
el2_table_device:   .skip 4096
el2_table_stack:    .skip 4096
el2_table_fdt:      .skip 8192
el2_table_identity: .skip 12288
