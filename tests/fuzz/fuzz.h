/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What do the fuzz targets share?  What must hold of an accepted description, and how a tree is
 * changed.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <bulkhead/config.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* Ends the program, which is a finding, unless it holds. */
void require(bool holds);

/* Takes a fault, of which *context is the number so far. */
void count_fault(void *context, const struct config_fault *fault);

/* The input that reading begins with. */
struct config_input fuzz_input(const void *blob, size_t blob_bytes, uint32_t *fault_count);

/* Of a description that was read, and of one that was placed. */
void require_windows(const struct module_desc *module);
void require_partitions(const struct module_desc *module);

uint32_t next_random(uint32_t *seed);

/* Changes a tree of size bytes, 8-byte aligned, in room for max_size; returns its new size. */
size_t mutate_tree(void *tree, size_t size, size_t max_size, uint32_t *seed);

/* The same for an input that is one tree, at any address. */
size_t mutate_input(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

#endif
