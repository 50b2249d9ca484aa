/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this configuration one that can be kept?  Reader, checker and placement: device tree blob in,
 * validated and immutable module description out, or faults that name node, property, value and
 * rule. Portable C; the kernel, `make check`, the unit tests and the fuzzer run the same code.
 */
#ifndef BULKHEAD_CONFIG_H
#define BULKHEAD_CONFIG_H

#include <bulkhead/arena.h>
#include <bulkhead/module.h>

/* One violated rule.  Strings live until the callback returns. */
struct config_fault {
    int rule;              /* enum config_rule (kernel/config/rules.h); > 0 */
    const char *rule_name; /* stable short name, e.g. "window-overlap" */
    const char *sentence;  /* what the rule demands */
    const char *node;      /* the node at fault */
    const char *property;  /* or NULL */
    const char *other;     /* the node that it clashes with, or NULL */
    uint64_t value;        /* the offending value */
    uint64_t limit;        /* the value it clashes with or the limit it breaks */
    bool has_values;       /* value and limit are meaningful */
};

/* Called once per fault; the reader goes on where that is safe so that a user sees several. */
typedef void (*config_fault_fn)(void *context, const struct config_fault *fault);

/* Copies size_bytes at an address of the machine's RAM; false if they cannot be read. */
typedef bool (*config_read_fn)(void *context, paddr_t pa, void *to, size_t size_bytes);

/* Vector lengths of this CPU, never empty: SVE_LENGTHS_ALL has all. */
typedef uint32_t (*config_lengths_fn)(void);

/* What only the caller knows. */
struct config_input {
    const void *fdt;  /* mapped, 8-byte aligned */
    size_t fdt_bytes; /* mapped bytes: nothing past them is read */
    paddr_t fdt_pa;
    struct address_range kernel;
    uint64_t default_guard_ns;
    uint64_t minimum_guard_ns;   /* longest EL2 path and switch on this board */
    uint64_t spread_guard_ns;    /* on top, where a partition runs on several CPUs, ... */
    uint64_t schedules_guard_ns; /* ... where there are several schedules ... */
    uint64_t feature_guard_ns[FEATURE_COUNT]; /* ... and where a partition has a feature */
    uint64_t sve_vector_guard_ns;             /* for each 128 bits of a vector beyond the first */
    uint64_t minimum_window_ns;               /* besides the guard */
    uint64_t sibling_window_ns;               /* for each further vCPU of the partition */
    uint64_t spread_window_ns; /* the same where the partition runs on several CPUs */
    uint64_t default_exit_cost_ns;
    uint32_t ipa_bits;             /* width of stage 2 on this CPU; 0 = 40, what most have */
    uint32_t cpu_features;         /* FEATURE_... that this CPU has and this kernel switches */
    config_lengths_fn sve_lengths; /* NULL = not known, any will do; asked if SVE is granted */
    config_fault_fn fault;
    void *fault_context;
    config_read_fn read; /* never asked for what is not RAM by the tree */
    void *read_context;
};

/*
 * Applies the overlays of /boot-modules, reads and checks everything.  Returns the description, or
 * NULL after at least one fault. Context: start-up only, MMU on.  Time: linear in the blob but for
 * the pairwise clash checks.
 */
struct module_desc *config_read(const struct config_input *input, struct arena *arena);

/*
 * Reads the images' bytes by input->read: completes kernels from their headers and compares hashes
 * where the description gives them.  Between config_read() and config_place().  The arena is used,
 * and left as it was.  Time: 50 instructions for each byte that is hashed.  Returns false after a
 * fault.
 */
bool config_check_images(const struct config_input *input, struct module_desc *module,
                         struct arena *arena);

/*
 * Makes the device trees of the partitions that are to have one, in the arena, where they stay:
 * each becomes an image of its partition, in a place that no other image takes, and x0.  Between
 * config_check_images() and config_place().  Returns false after a fault.  Context: start-up only.
 * Time: linear in the trees.
 */
bool config_make_trees(const struct config_input *input, struct module_desc *module,
                       struct arena *arena);

/* Bytes at the start of a kernel image that config_apply_image_header() judges. */
#define IMAGE_HEADER_BYTES 64U

/*
 * Completes a kernel image from its first bytes, which config_read() cannot see: load address, size
 * in memory and entry point; then checks that it lies in memory of the partition and clear of the
 * other images.  A module shorter than IMAGE_HEADER_BYTES is padded with zeroes by the caller.
 * config_check_images() does it for every image.  Returns false after a fault.
 */
bool config_apply_image_header(const struct config_input *input, struct module_desc *module,
                               struct partition_desc *partition, struct image_desc *image,
                               const uint8_t header[IMAGE_HEADER_BYTES]);

/*
 * Chooses physical memory for regions given by size and for a kernel pool of pool_bytes (2 MiB
 * aligned, may be 0), off everything else.  Deterministic: ascending partition order, lowest
 * address first.  Returns false after a fault.
 */
bool config_place(struct module_desc *module, const struct config_input *input,
                  uint64_t pool_bytes);

/* SHA-256 over the canonical form: without physical addresses of modules, kernel and blob. */
void config_hash(const struct module_desc *module, uint8_t digest[32]);

/* Writes one fault as a sentence of at most size bytes, NUL-terminated; returns the length. */
size_t config_fault_text(const struct config_fault *fault, char *text, size_t size);

#endif
