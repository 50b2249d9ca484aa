/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How are device registers accessed?  One instruction each, never merged, split or re-ordered by
 * the compiler; device memory keeps the order among accesses to one device.
 */
#ifndef BULKHEAD_MMIO_H
#define BULKHEAD_MMIO_H

#include <bulkhead/types.h>

static inline uint32_t mmio_read32(const volatile void *address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline uint64_t mmio_read64(const volatile void *address)
{
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mmio_write32(volatile void *address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline void mmio_write8(volatile void *address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline void mmio_write64(volatile void *address, uint64_t value)
{
    __asm__ volatile("str %0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

#endif
