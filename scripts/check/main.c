// SPDX-License-Identifier: Apache-2.0
/*
 * Would the kernel take this system?  Host program around the kernel's own reader, checker and
 * placement: prints every fault as one sentence, or what the system is.  Exit status 0: it would be
 * taken; 1: it would be refused; 2: the program was used wrongly or a file cannot be read.
 *
 * usage: bulkhead-check [options] merged.dtb
 *   --guard-ns N            guard where the description gives none
 *   --minimum-guard-ns N    what the kernel of this board needs at least
 *   --minimum-window-ns N   shortest useful time of a window beside its guard
 *   --exit-cost-ns N        exit cost where the description gives none
 *   --kernel BASE SIZE      where the kernel will be
 *   --fdt BASE              where the blob will be
 *   --pool-bytes N          memory that the kernel will take beside its own
 *   --loaded ADDRESS FILE   what a loader puts there: images and overlays (may be repeated)
 *   --hash                  print only the hash
 *   --guest-tree NAME FILE  write the device tree that is made for a partition
 */
#include "report.h"

#include <bulkhead/config.h>
#include <bulkhead/limits.h>

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOADED_MAX 512U

/* A file in the RAM of the machine. */
struct loaded_file {
    uint64_t address;
    uint8_t *bytes;
    size_t size_bytes;
};

struct options {
    struct config_input input;
    uint64_t pool_bytes;
    struct loaded_file loaded[LOADED_MAX];
    uint32_t loaded_count;
    const char *blob;
    const char *guest; /* the partition whose tree is wanted */
    const char *guest_file;
    bool hash_only;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bulkhead-check: %s: %s\n", what, why);
    exit(2);
}

static const char *next_word(char **argv, int argc, int *at)
{
    if (*at + 1 >= argc) {
        fail(argv[*at], "a value is missing");
    }
    return argv[++*at];
}

static uint64_t next_number(char **argv, int argc, int *at)
{
    const char *option = argv[*at];
    const char *word = next_word(argv, argc, at);
    char *end;
    errno = 0;
    unsigned long long value = strtoull(word, &end, 0);
    if (errno != 0 || *end != '\0' || end == word || word[0] == '-') {
        fail(option, "not a number");
    }
    return value;
}

/* The whole file; *size_bytes is its length. */
static void *read_file(const char *name, size_t *size_bytes)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(name, strerror(errno));
    }
    long length = ftell(file);
    rewind(file);
    void *bytes = malloc(length > 0 ? (size_t)length : 1);
    if (length < 0 || bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        fail(name, "cannot be read");
    }
    fclose(file);
    *size_bytes = (size_t)length;
    return bytes;
}

static void read_options(struct options *options, int argc, char **argv)
{
    struct config_input *input = &options->input;
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--guard-ns") == 0) {
            input->default_guard_ns = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--minimum-guard-ns") == 0) {
            input->minimum_guard_ns = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--minimum-window-ns") == 0) {
            input->minimum_window_ns = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--exit-cost-ns") == 0) {
            input->default_exit_cost_ns = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--kernel") == 0) {
            input->kernel.base = next_number(argv, argc, &at);
            input->kernel.size_bytes = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--fdt") == 0) {
            input->fdt_pa = pa_of(next_number(argv, argc, &at));
        } else if (strcmp(argv[at], "--pool-bytes") == 0) {
            options->pool_bytes = next_number(argv, argc, &at);
        } else if (strcmp(argv[at], "--loaded") == 0) {
            if (options->loaded_count == LOADED_MAX) {
                fail("--loaded", "too many");
            }
            struct loaded_file *loaded = &options->loaded[options->loaded_count++];
            loaded->address = next_number(argv, argc, &at);
            loaded->bytes = read_file(next_word(argv, argc, &at), &loaded->size_bytes);
        } else if (strcmp(argv[at], "--hash") == 0) {
            options->hash_only = true;
        } else if (strcmp(argv[at], "--guest-tree") == 0) {
            options->guest = next_word(argv, argc, &at);
            options->guest_file = next_word(argv, argc, &at);
        } else if (argv[at][0] == '-' || options->blob != NULL) {
            fail(argv[at], "not an option of this program; see the head of scripts/check/main.c");
        } else {
            options->blob = argv[at];
        }
    }
    if (options->blob == NULL) {
        fail("usage", "bulkhead-check [options] merged.dtb");
    }
}

static void print_fault(void *context, const struct config_fault *fault)
{
    char text[1024];
    uint32_t *fault_count = context;
    config_fault_text(fault, text, sizeof(text));
    printf("refused %s: %s\n", fault->rule_name, text);
    (*fault_count)++;
}

/* RAM as the loader leaves it: zero where no file is, so such an image is taken for a flat binary.
 */
static bool read_loaded(void *context, paddr_t pa, void *to, size_t size_bytes)
{
    const struct options *options = context;
    uint8_t *bytes = to;
    memset(bytes, 0, size_bytes);
    for (uint32_t index = 0; index < options->loaded_count; index++) {
        const struct loaded_file *file = &options->loaded[index];
        uint64_t from = pa.pa > file->address ? pa.pa : file->address;
        uint64_t end = pa.pa + size_bytes < file->address + file->size_bytes
                           ? pa.pa + size_bytes
                           : file->address + file->size_bytes;
        if (from < end) {
            memcpy(&bytes[from - pa.pa], &file->bytes[from - file->address], end - from);
        }
    }
    return true;
}

/* Writes the tree that the kernel would make for a partition. */
static void write_guest_tree(const struct module_desc *module, const char *name, const char *path)
{
    const struct image_desc *tree = NULL;
    bool known = false;
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        if (strcmp(partition->name, name) != 0) {
            continue;
        }
        known = true;
        for (uint32_t at = 0; at < partition->image_count; at++) {
            if (partition->image[at].made != NULL) {
                tree = &partition->image[at];
            }
        }
    }
    if (tree == NULL) {
        fail(name, known ? "no device tree is made for this partition" : "no such partition");
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(tree->made, 1, tree->size_bytes, file) != tree->size_bytes ||
        fclose(file) != 0) {
        fail(path, "cannot be written");
    }
}

int main(int argc, char **argv)
{
    /* Where QEMU's `virt` machine puts things, with the kernel's defaults. */
    static struct options options = {
        .input = {.fdt_pa = {0x48000000},
                  .kernel = {0x40200000, 0x200000, "the kernel"},
                  .default_guard_ns = CONFIG_DEFAULT_GUARD_NS,
                  .minimum_guard_ns = MINIMUM_GUARD_NS,
                  .spread_guard_ns = SPREAD_GUARD_NS,
                  .schedules_guard_ns = SCHEDULES_GUARD_NS,
                  .feature_guard_ns = FEATURE_GUARDS_NS,
                  .sve_vector_guard_ns = SVE_VECTOR_GUARD_NS,
                  .cpu_features = FEATURE_ALL,
                  .minimum_window_ns = MINIMUM_WINDOW_NS,
                  .sibling_window_ns = SIBLING_TRAP_NS,
                  .spread_window_ns = SPREAD_WINDOW_NS,
                  .default_exit_cost_ns = CONFIG_DEFAULT_EXIT_COST_NS},
    };
    uint32_t fault_count = 0;
    size_t size_bytes;

    read_options(&options, argc, argv);
    void *blob = read_file(options.blob, &size_bytes);
    /* The description is smaller than the blob that it was read from, but for the index of it. */
    size_t arena_bytes = 65536 + 32 * size_bytes;
    for (uint32_t index = 0; index < options.loaded_count; index++) {
        const struct loaded_file *file = &options.loaded[index];
        if (file->size_bytes > sizeof(struct fdt_header) && fdt_magic(file->bytes) == FDT_MAGIC) {
            arena_bytes += 64 * file->size_bytes; /* an overlay */
        }
    }
    uint8_t *memory = malloc(arena_bytes);
    if (memory == NULL) {
        fail(options.blob, "not enough memory");
    }
    struct arena arena = {memory, memory + arena_bytes};
    options.input.fdt = blob;
    options.input.fdt_bytes = size_bytes;
    options.input.fault = print_fault;
    options.input.fault_context = &fault_count;
    options.input.read = read_loaded;
    options.input.read_context = &options;

    struct module_desc *module = config_read(&options.input, &arena);
    if (module != NULL && config_check_images(&options.input, module, &arena) &&
        config_make_trees(&options.input, module, &arena) &&
        config_place(module, &options.input, options.pool_bytes)) {
        uint8_t digest[32];
        config_hash(module, digest);
        if (options.guest != NULL) {
            write_guest_tree(module, options.guest, options.guest_file);
        } else {
            if (!options.hash_only) {
                report_module(module);
            }
            report_hash(digest);
        }
    } else {
        printf("%" PRIu32 " fault%s\n", fault_count, fault_count == 1 ? "" : "s");
    }
    for (uint32_t index = 0; index < options.loaded_count; index++) {
        free(options.loaded[index].bytes);
    }
    free(memory);
    free(blob);
    return fault_count == 0 ? 0 : 1;
}
