/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a guest's device tree say?  A reader for guests that trust the tree they were given
 * (Devicetree Specification 0.4, chapter 5).  Byte by byte, since the MMU may be off.
 */
#ifndef FDT_H
#define FDT_H

#include "guest.h"

#define FDT_NAME_LENGTH 64U

/* The value of a property; bytes is NULL where there is none. */
struct fdt_value {
    const uint8_t *bytes;
    uint32_t length;
};

/* The tree that x0 pointed to at entry, or NULL. */
const uint8_t *fdt_of_boot(void);

uint32_t fdt_size(const uint8_t *tree);

/*
 * The node number `nth` of those with this path, in which names stand without unit addresses
 * ("/cpus/cpu").  Returns its offset, or 0 when there are not so many.
 */
uint32_t fdt_find(const uint8_t *tree, const char *path, uint32_t nth);

struct fdt_value fdt_get(const uint8_t *tree, uint32_t node, const char *property);

/* The number in `cells` cells from cell `first` on; 0 past the end. */
uint64_t fdt_number(struct fdt_value value, uint32_t first, uint32_t cells);

/* Whether a list of strings has this one. */
bool fdt_has(struct fdt_value value, const char *text);

#endif
