/* SPDX-License-Identifier: Apache-2.0 */
/* Where do the sections go?  Page-aligned by permission; stacks between guard pages; see layout.h. */
#include <asm/layout.h>

OUTPUT_ARCH(aarch64)
ENTRY(_start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
}

SECTIONS
{
    . = KERNEL_VA;
    __kernel_start = .;
    .text : ALIGN(4096) {
        *(.head.text)
        __head_end = .;
        *(.text.low)
        *(.text.vectors)
        *(.text .text.*)
    } :text
    . = ALIGN(4096);
    __text_end = .;
    .rodata : {
        *(.rodata .rodata.*)
        *(.got .got.plt)
    } :rodata
    . = ALIGN(4096);
    __rodata_end = .;
    .data : {
        *(.data .data.*)
    } :data
    __image_end = .;
    .bss (NOLOAD) : ALIGN(4096) {
        __tables_start = .;
        *(.bss.tables)
        __tables_end = .;
        __bss_start = .;
        *(.bss .bss.*)
        *(COMMON)
        . = ALIGN(64);
        __bss_end = .;
    }
    .stacks (NOLOAD) : ALIGN(4096) {
        __guard0_start = .;
        . += 4096;
        __guard0_end = .;
        __stack_bottom = .;
        . += CONFIG_STACK_BYTES;
        __stack_top = .;
        __guard1_start = .;
        . += 4096;
        __guard1_end = .;
        __emergency_bottom = .;
        . += 4096;
        __emergency_top = .;
    }
    . = ALIGN(4096);
    __pool_start = .;
    __kernel_end = KERNEL_VA + KERNEL_BYTES;
    ASSERT(__head_end <= __kernel_start + 4096, "what runs at its physical address is one page")
    ASSERT(__pool_start < __kernel_end, "the kernel image does not fit its 2 MiB")

    /DISCARD/ : {
        *(.note.*) *(.comment) *(.eh_frame*) *(.gnu.*) *(.dyn*) *(.hash) *(.interp)
    }
}
