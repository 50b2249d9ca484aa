/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How are times and sizes written in an overlay?  As two cells each, high word first, so that a
 * window reads `reg = <MS(5) US(400)>;` and a region `reg = <CELLS(0x40000000) MIB(1)>;`.
 * The arguments are whole numbers; dtc computes with 64 bits.
 */
#ifndef BULKHEAD_UNITS_H
#define BULKHEAD_UNITS_H

/* These are not C expressions. */
/* clang-format off */
#define CELLS(value) (((value) >> 32) & 0xffffffff) ((value) & 0xffffffff)

/* Nanoseconds. */
#define NS(count) CELLS(count)
#define US(count) CELLS((count) * 1000)
#define MS(count) CELLS((count) * 1000000)
#define SEC(count) CELLS((count) * 1000000000)

/* Bytes. */
#define KIB(count) CELLS((count) << 10)
#define MIB(count) CELLS((count) << 20)
#define GIB(count) CELLS((count) << 30)

/* clang-format on */

#endif
