/* SPDX-License-Identifier: Apache-2.0 */
/* How does EL2 write memory that a guest will read with its caches off?  See switch.S. */
#ifndef ASM_CACHE_H
#define ASM_CACHE_H

#include <bulkhead/types.h>

/* Zeroes a page and cleans it to the point of coherency; a DSB by the caller completes it. */
void page_zero(void *page, bool zva);

/* Cleans and invalidates a page to the point of coherency; a DSB by the caller completes it. */
void page_clean(void *page);

#endif
