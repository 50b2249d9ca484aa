// SPDX-License-Identifier: Apache-2.0
/*
 * How is a violated rule told to a user?  One row per rule: its stable name, what it demands, and
 * what the two values of a fault mean.  Portable, without state.
 */
#include "rules.h"

#include <bulkhead/config.h>

enum number_form { FORM_DECIMAL, FORM_HEX };

struct rule_row {
    const char *name;
    const char *sentence;
    const char *value; /* meaning of config_fault.value */
    const char *limit; /* meaning of config_fault.limit */
    enum number_form form;
};

static const struct rule_row rule_row[RULE_COUNT] = {
    [RULE_BAD_BLOB] = {"bad-blob", "the device tree blob must be whole and well formed",
                       "fault at byte", "bytes given", FORM_DECIMAL},
    [RULE_TREE_DEPTH] = {"tree-depth", "nodes may be nested only so deep", "depth", "at most",
                         FORM_DECIMAL},
    [RULE_STARTUP_MEMORY] = {"startup-memory",
                             "the description must fit the kernel's start-up memory",
                             "bytes needed", "bytes left", FORM_DECIMAL},
    [RULE_HOST_TREE] = {"host-tree",
                        "the machine's tree must describe what the kernel needs of the machine",
                        "value", "expected", FORM_HEX},
    [RULE_UNKNOWN_NODE] = {"unknown-node", "only nodes of the binding may stand here", NULL, NULL,
                           FORM_DECIMAL},
    [RULE_UNKNOWN_PROPERTY] = {"unknown-property", "only properties of the binding may stand here",
                               NULL, NULL, FORM_DECIMAL},
    [RULE_MISSING_NODE] = {"missing-node", "a node that the binding requires is missing", NULL,
                           NULL, FORM_DECIMAL},
    [RULE_MISSING_PROPERTY] = {"missing-property",
                               "a property that the binding requires is missing", NULL, NULL,
                               FORM_DECIMAL},
    [RULE_NODE_TWICE] = {"node-twice", "a node of this kind may stand here only once", NULL, NULL,
                         FORM_DECIMAL},
    [RULE_PROPERTY_TWICE] = {"property-twice", "a property may stand in a node only once", NULL,
                             NULL, FORM_DECIMAL},
    [RULE_PROPERTY_LENGTH] = {"property-length", "a property must have the type of the binding",
                              "length in bytes", "required", FORM_DECIMAL},
    [RULE_PROPERTY_VALUE] = {"property-value",
                             "a property must have a value that the binding allows", "value",
                             "allowed", FORM_DECIMAL},
    [RULE_ID_TWICE] = {"id-twice", "identifiers must be unique among their kind", "id", "other id",
                       FORM_DECIMAL},
    [RULE_LABEL_TWICE] = {"label-twice", "labels must be unique among their kind", NULL, NULL,
                          FORM_DECIMAL},
    [RULE_LABEL_TEXT] = {"label-text",
                         "a label must be 1 to 31 printable characters without blanks", "length",
                         "at most", FORM_DECIMAL},
    [RULE_PARTITION_COUNT] =
        {"partition-count", "each partition needs a VMID of its own, of which the hardware has 255",
         "partitions", "at most", FORM_DECIMAL},
    [RULE_VCPU_COUNT] = {"vcpu-count", "a partition must have 1 to 8 vCPUs", "vcpus", "at most",
                         FORM_DECIMAL},
    [RULE_VGIC_MODEL] = {"vgic-model",
                         "a partition's interrupt controller must be of the host's version",
                         "partition has GICv", "host has GICv", FORM_DECIMAL},
    [RULE_INPUT_TWICE] = {"input-twice", "only one partition may receive the console's input", NULL,
                          NULL, FORM_DECIMAL},
    [RULE_SIZE_ZERO] = {"size-zero", "a range must not be empty", "size", "at least", FORM_HEX},
    [RULE_MISALIGNED] = {"misaligned", "addresses and sizes must be aligned", "address",
                         "multiple of", FORM_HEX},
    [RULE_ADDRESS_OVERFLOW] = {"address-overflow", "a range must not wrap around", "address",
                               "size", FORM_HEX},
    [RULE_IPA_WIDTH] = {"ipa-width", "a partition's addresses must fit stage 2", "last address",
                        "highest", FORM_HEX},
    [RULE_IPA_OVERLAP] = {"ipa-overlap", "ranges in a partition's address space must not overlap",
                          "address", "the other's", FORM_HEX},
    [RULE_MEMORY_OUTSIDE_RAM] = {"memory-outside-ram", "memory must lie inside the machine's RAM",
                                 "address", "size", FORM_HEX},
    [RULE_MEMORY_OVER_KERNEL] = {"memory-over-kernel", "memory must not lie over the kernel",
                                 "address", "the kernel's", FORM_HEX},
    [RULE_MEMORY_OVER_FDT] = {"memory-over-fdt", "memory must not lie over the device tree blob",
                              "address", "the blob's", FORM_HEX},
    [RULE_MEMORY_OVER_MODULE] = {"memory-over-module", "memory must not lie over a boot module",
                                 "address", "the module's", FORM_HEX},
    [RULE_MEMORY_OVER_DEVICE] = {"memory-over-device", "memory must not lie over a device",
                                 "address", "the device's", FORM_HEX},
    [RULE_MEMORY_OVER_RESERVED] = {"memory-over-reserved",
                                   "memory must not lie over reserved memory", "address",
                                   "the reserved range's", FORM_HEX},
    [RULE_MEMORY_OVER_MEMORY] = {"memory-over-memory", "each page of RAM may be given only once",
                                 "address", "the other's", FORM_HEX},
    [RULE_NO_SPACE] = {"no-space", "RAM must have room for memory that is given by size",
                       "size wanted", "aligned to", FORM_HEX},
    [RULE_MODULE_NOT_PLACED] =
        {"module-not-placed", "a boot module must have been placed: a loader or tool adds its reg",
         NULL, NULL, FORM_DECIMAL},
    [RULE_MODULE_OUTSIDE_RAM] = {"module-outside-ram", "a boot module must lie inside RAM",
                                 "address", "size", FORM_HEX},
    [RULE_MODULE_CLASH] = {"module-clash", "a boot module must not lie over something else",
                           "address", "the other's", FORM_HEX},
    [RULE_IMAGE_FORMAT] = {"image-format",
                           "a kernel must be a little-endian arm64 Image or a flat binary, neither "
                           "compressed nor ELF",
                           "found", "in its header; expected", FORM_HEX},
    [RULE_IMAGE_OUTSIDE] = {"image-outside", "an image must begin in memory of its partition",
                            "address", "size", FORM_HEX},
    [RULE_IMAGE_TOO_LARGE] = {"image-too-large", "an image must fit the memory that it begins in",
                              "size", "room", FORM_HEX},
    [RULE_IMAGE_OVERLAP] = {"image-overlap", "images of one partition must not overlap", "address",
                            "the other's", FORM_HEX},
    [RULE_ENTRY_OUTSIDE] =
        {"entry-outside", "the entry point must be aligned and lie in memory that may be executed",
         "entry", "alignment", FORM_HEX},
    [RULE_DEVICE_UNKNOWN] = {"device-unknown", "host-device must be the full path of a host node",
                             NULL, NULL, FORM_DECIMAL},
    [RULE_DEVICE_ADDRESS] = {"device-address",
                             "a device must be enabled and have registers at addresses of the CPU",
                             NULL, NULL, FORM_DECIMAL},
    [RULE_DEVICE_TWICE] = {"device-twice", "a device may be given to one partition only", "address",
                           "the other's", FORM_HEX},
    [RULE_DEVICE_IN_USE] = {"device-in-use", "a device that the kernel uses cannot be given away",
                            NULL, NULL, FORM_HEX},
    [RULE_DEVICE_BUS] = {"device-bus", "a bus cannot be given, only devices on it", NULL, NULL,
                         FORM_DECIMAL},
    [RULE_DEVICE_PAGE] = {"device-page", "a device must not share a 4 KiB page with something else",
                          "address", "the other's", FORM_HEX},
    [RULE_DEVICE_SIZE] = {"device-size", "a device's reg must be as large as the host node's",
                          "size", "host's", FORM_HEX},
    [RULE_DEVICE_INTERRUPTS] = {"device-interrupts",
                                "a device's interrupts must be SPIs of the host's GIC", "value",
                                "expected", FORM_DECIMAL},
    [RULE_IRQ_TWICE] = {"irq-twice", "an interrupt may be given only once", "INTID", "the other's",
                        FORM_DECIMAL},
    [RULE_IRQ_RANGE] = {"irq-range", "a partition's interrupts must be among those it can have",
                        "INTID", "below", FORM_DECIMAL},
    [RULE_GUARD_SHORT] = {"guard-short",
                          "the guard must cover the longest kernel path of this board", "guard",
                          "at least", FORM_DECIMAL},
    [RULE_EXIT_COST] = {"exit-cost", "the exit cost must be less than the guard", "exit cost",
                        "guard", FORM_DECIMAL},
    [RULE_FRAME_LENGTH] = {"frame-length",
                           "a major frame must last more than 0 ns and at most 1 hour", "ns",
                           "at most", FORM_DECIMAL},
    [RULE_CPU_UNKNOWN] = {"cpu-unknown", "a schedule may name only CPUs that the machine has",
                          "cpu", "below", FORM_DECIMAL},
    [RULE_WINDOW_ZERO] = {"window-zero", "a window must last longer than 0 ns", "duration",
                          "at least", FORM_DECIMAL},
    [RULE_WINDOW_SHORT] = {"window-short",
                           "a window must hold the guard and the shortest useful time", "duration",
                           "at least", FORM_DECIMAL},
    [RULE_WINDOW_OVERFLOW] = {"window-overflow", "start plus duration must fit 64 bits", "start",
                              "duration", FORM_DECIMAL},
    [RULE_WINDOW_PAST_FRAME] = {"window-past-frame", "a window must end within its major frame",
                                "end", "frame", FORM_DECIMAL},
    [RULE_WINDOW_OVERLAP] = {"window-overlap", "windows of one CPU must not overlap", "start",
                             "the other's end", FORM_DECIMAL},
    [RULE_WINDOW_PARTITION] = {"window-partition", "a window must name a partition of this module",
                               "phandle", NULL, FORM_DECIMAL},
    [RULE_WINDOW_VCPU] = {"window-vcpu", "a window must name a vCPU that its partition has", "vcpu",
                          "below", FORM_DECIMAL},
    [RULE_PARTITION_WITHOUT_WINDOW] = {"partition-without-window",
                                       "each partition must have a window in a schedule", NULL,
                                       NULL, FORM_DECIMAL},
    [RULE_VCPU_WITHOUT_WINDOW] = {"vcpu-without-window",
                                  "each vCPU must have a window in a schedule", "vcpu", "of",
                                  FORM_DECIMAL},
    [RULE_VCPU_TWO_CORES] = {"vcpu-two-cores", "a vCPU may run on one CPU only in one schedule",
                             "cpu", "and cpu", FORM_DECIMAL},
};

const char *config_rule_name(int rule)
{
    return rule > RULE_NONE && rule < RULE_COUNT ? rule_row[rule].name : NULL;
}

const char *config_rule_sentence(int rule)
{
    return rule > RULE_NONE && rule < RULE_COUNT ? rule_row[rule].sentence : NULL;
}

/* A text that grows to the right and never past its end. */
struct text {
    char *at;
    size_t left; /* bytes left, the final NUL included */
};

static void put_string(struct text *text, const char *string)
{
    while (*string != '\0' && text->left > 1) {
        /* Names come from the blob: nothing in them may steer a terminal. */
        unsigned char character = (unsigned char)*string++;
        *text->at++ = (char)(character >= 0x20 && character < 0x7f ? character : '?');
        text->left--;
    }
}

static void put_number(struct text *text, uint64_t value, enum number_form form)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;
    uint64_t base = form == FORM_HEX ? 16 : 10;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (form == FORM_HEX) {
        put_string(text, "0x");
    }
    put_string(text, &digits[at]);
}

size_t config_fault_text(const struct config_fault *fault, char *buffer, size_t size)
{
    struct text text = {buffer, size};
    if (size == 0) {
        return 0;
    }
    put_string(&text, fault->node != NULL ? fault->node : "/");
    if (fault->property != NULL) {
        put_string(&text, ", property ");
        put_string(&text, fault->property);
    }
    if (fault->other != NULL) {
        put_string(&text, fault->rule == RULE_MISSING_NODE ? ", child " : ", and ");
        put_string(&text, fault->other);
    }
    put_string(&text, ": ");
    put_string(&text, fault->sentence);
    if (fault->has_values && fault->rule > RULE_NONE && fault->rule < RULE_COUNT) {
        const struct rule_row *row = &rule_row[fault->rule];
        if (row->value != NULL) {
            put_string(&text, " (");
            put_string(&text, row->value);
            put_string(&text, " ");
            put_number(&text, fault->value, row->form);
        }
        if (row->value != NULL && row->limit != NULL) {
            put_string(&text, ", ");
            put_string(&text, row->limit);
            put_string(&text, " ");
            put_number(&text, fault->limit, row->form);
        }
        if (row->value != NULL) {
            put_string(&text, ")");
        }
    }
    *text.at = '\0';
    return size - text.left;
}
