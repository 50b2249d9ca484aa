// SPDX-License-Identifier: Apache-2.0
/*
 * How is a violated rule told to a user?  One row per rule: its stable name, what it demands, and
 * what the two values of a fault mean.  Portable, without state.
 */
#include "rules.h"

#include <bulkhead/config.h>

#include <string.h>

enum number_form { FORM_DECIMAL, FORM_HEX };

/*
 * A row is one string, since a table of pointers would be half as large as the texts: how numbers
 * are written, the name, the sentence, and what value and limit mean, each ended by a NUL.
 */
#define DECIMAL                                 "d"
#define HEX                                     "x"
#define ROW(form, name, sentence, value, limit) form name "\0" sentence "\0" value "\0" limit

/* Rules of what a build may leave out: nobody tells them then. */
#define MODES_ROW(...)    (CONFIG_MODULE_SCHEDULES ? ROW(__VA_ARGS__) : NULL)
#define CORES_ROW(...)    (CONFIG_SMP ? ROW(__VA_ARGS__) : NULL)
#define OVERLAY_ROW(...)  (CONFIG_OVERLAYS ? ROW(__VA_ARGS__) : NULL)
#define GUEST_ROW(...)    (CONFIG_GUEST_TREE ? ROW(__VA_ARGS__) : NULL)
#define FEATURES_ROW(...) (CONFIG_CPU_FEATURES ? ROW(__VA_ARGS__) : NULL)

enum rule_field { FIELD_NAME, FIELD_SENTENCE, FIELD_VALUE, FIELD_LIMIT };

static const char *const rule_row[RULE_COUNT] = {
    [RULE_BAD_BLOB] = ROW(DECIMAL, "bad-blob", "the device tree blob must be whole and well formed",
                          "fault at byte", "bytes given"),
    [RULE_TREE_DEPTH] =
        ROW(DECIMAL, "tree-depth", "nodes may be nested only so deep", "depth", "at most"),
    [RULE_STARTUP_MEMORY] =
        ROW(DECIMAL, "startup-memory", "the description must fit the kernel's start-up memory",
            "bytes needed", "bytes left"),
    [RULE_HOST_TREE] = ROW(HEX, "host-tree",
                           "the machine's tree must describe what the kernel needs of the machine",
                           "value", "expected"),
    [RULE_NO_DESCRIPTION] = ROW(DECIMAL, "no-description",
                                "there is no /bulkhead node: apply the system's overlay to the "
                                "tree, or load it and name it in /boot-modules",
                                "", ""),
    [RULE_OVERLAY_SUPPORT] =
        ROW(DECIMAL, "overlay-support",
            "this build of the kernel applies no overlays (option OVERLAYS): merge the tree before",
            "", ""),
    [RULE_OVERLAY_BLOB] = OVERLAY_ROW(
        DECIMAL, "overlay-blob",
        "an overlay must be a whole device tree blob: compile it with dtc -@, load all of it",
        "fault at byte", "bytes given"),
    [RULE_OVERLAY_EMPTY] =
        OVERLAY_ROW(DECIMAL, "overlay-empty",
                    "an overlay must change something: is it a whole tree, or compiled "
                    "without /plugin/?",
                    "", ""),
    [RULE_OVERLAY_BOARD] = OVERLAY_ROW(
        DECIMAL, "overlay-board",
        "an overlay must be for this board: its compatible is none of the tree's", "", ""),
    [RULE_OVERLAY_LABEL] =
        OVERLAY_ROW(DECIMAL, "overlay-label",
                    "a label must be in the tree or in an earlier overlay: is this "
                    "overlay for another board or system, or the order wrong?",
                    "", ""),
    [RULE_OVERLAY_TARGET] = OVERLAY_ROW(
        DECIMAL, "overlay-target",
        "a node that an overlay changes must exist: is an earlier overlay missing?", "", ""),
    [RULE_OVERLAY_APPLY] = OVERLAY_ROW(DECIMAL, "overlay-apply",
                                       "libfdt must be able to apply an overlay", "FDT_ERR", ""),
    [RULE_UNKNOWN_NODE] =
        ROW(DECIMAL, "unknown-node", "only nodes of the binding may stand here", "", ""),
    [RULE_UNKNOWN_PROPERTY] =
        ROW(DECIMAL, "unknown-property", "only properties of the binding may stand here", "", ""),
    [RULE_MISSING_NODE] =
        ROW(DECIMAL, "missing-node", "a node that the binding requires is missing", "", ""),
    [RULE_MISSING_PROPERTY] =
        ROW(DECIMAL, "missing-property", "a property that the binding requires is missing", "", ""),
    [RULE_NODE_TWICE] =
        ROW(DECIMAL, "node-twice", "a node of this kind may stand here only once", "", ""),
    [RULE_PROPERTY_TWICE] =
        ROW(DECIMAL, "property-twice", "a property may stand in a node only once", "", ""),
    [RULE_PROPERTY_LENGTH] =
        ROW(DECIMAL, "property-length", "a property must have the type of the binding",
            "length in bytes", "required"),
    [RULE_PROPERTY_VALUE] =
        ROW(DECIMAL, "property-value", "a property must have a value that the binding allows",
            "value", "allowed"),
    [RULE_ID_TWICE] =
        ROW(DECIMAL, "id-twice", "identifiers must be unique among their kind", "id", "other id"),
    [RULE_LABEL_TWICE] =
        ROW(DECIMAL, "label-twice", "labels must be unique among their kind", "", ""),
    [RULE_LABEL_TEXT] =
        ROW(DECIMAL, "label-text", "a label must be 1 to 31 printable characters without blanks",
            "length", "at most"),
    [RULE_PARTITION_COUNT] =
        ROW(DECIMAL, "partition-count",
            "each partition needs a VMID of its own, of which the hardware has 255", "partitions",
            "at most"),
    [RULE_SCHEDULE_COUNT] =
        MODES_ROW(DECIMAL, "schedule-count", "a module may have at most 16 schedules", "schedules",
                  "at most"),
    [RULE_VCPU_COUNT] =
        ROW(DECIMAL, "vcpu-count", "a partition must have 1 to 8 vCPUs", "vcpus", "at most"),
    [RULE_OWN_TIME_SUPPORT] = ROW(
        DECIMAL, "own-time-support",
        "this build of the kernel gives no partition its own time (option PARTITION_TIME)", "", ""),
    [RULE_SCHEDULES_SUPPORT] =
        ROW(DECIMAL, "schedules-support",
            "this build of the kernel has one schedule and no periods (option MODULE_SCHEDULES)",
            "", ""),
    [RULE_CORES_SUPPORT] =
        ROW(DECIMAL, "cores-support", "this build of the kernel runs one CPU (option SMP)", "", ""),
    [RULE_CPU_FEATURES_SUPPORT] =
        ROW(DECIMAL, "cpu-features-support",
            "this build of the kernel grants no features of the CPU (option CPU_FEATURES)", "", ""),
    [RULE_CPU_FEATURE_ABSENT] =
        FEATURES_ROW(DECIMAL, "cpu-feature-absent",
                     "a partition can have only what the CPU has and this kernel switches", "", ""),
    [RULE_SVE_LENGTH] = FEATURES_ROW(
        DECIMAL, "sve-length",
        "vectors must be 128 to 2048 bits long, in a length that the CPU has", "bits", "at most"),
    [RULE_VGIC_MODEL] = ROW(DECIMAL, "vgic-model",
                            "a partition's interrupt controller must be of the host's version",
                            "partition has GICv", "host has GICv"),
    [RULE_INPUT_TWICE] =
        ROW(DECIMAL, "input-twice",
            "only one partition may be typed to first (without the option CONSOLE_SWITCH: at all)",
            "", ""),
    [RULE_SIZE_ZERO] = ROW(HEX, "size-zero", "a range must not be empty", "size", "at least"),
    [RULE_MISALIGNED] =
        ROW(HEX, "misaligned", "addresses and sizes must be aligned", "address", "multiple of"),
    [RULE_ADDRESS_OVERFLOW] =
        ROW(HEX, "address-overflow", "a range must not wrap around", "address", "size"),
    [RULE_IPA_WIDTH] = ROW(HEX, "ipa-width", "a partition's addresses must fit stage 2",
                           "last address", "highest"),
    [RULE_IPA_OVERLAP] =
        ROW(HEX, "ipa-overlap", "ranges in a partition's address space must not overlap", "address",
            "the other's"),
    [RULE_MEMORY_OUTSIDE_RAM] = ROW(HEX, "memory-outside-ram",
                                    "memory must lie inside the machine's RAM", "address", "size"),
    [RULE_MEMORY_OVER_KERNEL] =
        ROW(HEX, "memory-over-kernel", "memory must not lie over the kernel", "address",
            "the kernel's"),
    [RULE_MEMORY_OVER_FDT] =
        ROW(HEX, "memory-over-fdt", "memory must not lie over the device tree blob", "address",
            "the blob's"),
    [RULE_MEMORY_OVER_MODULE] =
        ROW(HEX, "memory-over-module", "memory must not lie over a boot module", "address",
            "the module's"),
    [RULE_MEMORY_OVER_DEVICE] = ROW(HEX, "memory-over-device", "memory must not lie over a device",
                                    "address", "the device's"),
    [RULE_MEMORY_OVER_RESERVED] =
        ROW(HEX, "memory-over-reserved", "memory must not lie over reserved memory", "address",
            "the reserved range's"),
    [RULE_MEMORY_OVER_MEMORY] =
        ROW(HEX, "memory-over-memory", "each page of RAM may be given only once", "address",
            "the other's"),
    [RULE_NO_SPACE] =
        ROW(HEX, "no-space", "RAM must have room for memory that is given by size: give less",
            "size wanted", "aligned to"),
    [RULE_KERNEL_OUTSIDE_RAM] =
        ROW(HEX, "kernel-outside-ram", "the kernel and the rest of its 2 MiB must lie inside RAM",
            "address", "size"),
    [RULE_MODULE_NOT_PLACED] = ROW(
        DECIMAL, "module-not-placed",
        "a boot module must have been loaded: name it in /boot-modules, or give its reg", "", ""),
    [RULE_MODULE_OUTSIDE_RAM] =
        ROW(HEX, "module-outside-ram", "a boot module must lie inside RAM", "address", "size"),
    [RULE_MODULE_CLASH] = ROW(HEX, "module-clash", "a boot module must not lie over something else",
                              "address", "the other's"),
    [RULE_IMAGE_HASH] = ROW(
        HEX, "image-hash",
        "an image must have the description's SHA-256: another file, or not all of it, was loaded",
        "begins", "expected"),
    [RULE_IMAGE_FORMAT] = ROW(
        HEX, "image-format",
        "a kernel must be a little-endian arm64 Image or a flat binary, neither compressed nor ELF",
        "found", "in its header; expected"),
    [RULE_IMAGE_OUTSIDE] = ROW(HEX, "image-outside",
                               "an image must begin in memory of its partition", "address", "size"),
    [RULE_IMAGE_TOO_LARGE] = ROW(HEX, "image-too-large",
                                 "an image must fit the memory that it begins in", "size", "room"),
    [RULE_IMAGE_OVERLAP] = ROW(HEX, "image-overlap", "images of one partition must not overlap",
                               "address", "the other's"),
    [RULE_ENTRY_OUTSIDE] =
        ROW(HEX, "entry-outside",
            "the entry point must be aligned and lie in memory that may be executed", "entry",
            "alignment"),
    [RULE_GUEST_TREE_SUPPORT] = ROW(DECIMAL, "guest-tree-support",
                                    "this build of the kernel makes no device trees for guests "
                                    "(option GUEST_TREE): supply one",
                                    "", ""),
    [RULE_GUEST_TREE_ROOM] = GUEST_ROW(
        HEX, "guest-tree-room",
        "a partition's RAM must have room for the device tree that is made for it: give more, "
        "or say no-device-tree",
        "size", "of"),
    [RULE_GUEST_MEMORY] =
        GUEST_ROW(HEX, "guest-memory",
                  "a guest's device tree may name only memory that its partition may write",
                  "address", "size"),
    [RULE_GUEST_CPU] = GUEST_ROW(
        HEX, "guest-cpu",
        "a guest's device tree may name only vCPUs of its partition, each once and by psci", "reg",
        "below"),
    [RULE_GUEST_GIC] = GUEST_ROW(
        HEX, "guest-gic", "a guest's device tree must name its partition's interrupt controller",
        "found", "expected"),
    [RULE_GUEST_TIMER] =
        GUEST_ROW(DECIMAL, "guest-timer",
                  "a guest's device tree must name its partition's timers as they are wired",
                  "found INTID", "expected"),
    [RULE_GUEST_PSCI] = GUEST_ROW(DECIMAL, "guest-psci",
                                  "a guest's device tree must call PSCI by hvc or smc", "", ""),
    [RULE_GUEST_PMU] = GUEST_ROW(
        DECIMAL, "guest-pmu", "a guest's device tree may name a PMU only as its partition has one",
        "found INTID", "expected"),
    [RULE_DEVICE_UNKNOWN] =
        ROW(DECIMAL, "device-unknown", "host-device must be the full path of a host node", "", ""),
    [RULE_DEVICE_ADDRESS] =
        ROW(DECIMAL, "device-address",
            "a device must be enabled and have registers at addresses of the CPU", "", ""),
    [RULE_DEVICE_TWICE] = ROW(HEX, "device-twice", "a device may be given to one partition only",
                              "address", "the other's"),
    [RULE_DEVICE_IN_USE] =
        ROW(HEX, "device-in-use", "a device that the kernel uses cannot be given away", "", ""),
    [RULE_DEVICE_BUS] =
        ROW(DECIMAL, "device-bus", "a bus cannot be given, only devices on it", "", ""),
    [RULE_DEVICE_PAGE] =
        ROW(HEX, "device-page", "a device must not share a 4 KiB page with something else",
            "address", "the other's"),
    [RULE_DEVICE_SIZE] = ROW(
        HEX, "device-size", "a device's reg must be as large as the host node's", "size", "host's"),
    [RULE_DEVICE_INTERRUPTS] =
        ROW(DECIMAL, "device-interrupts", "a device's interrupts must be SPIs of the host's GIC",
            "value", "expected"),
    [RULE_IRQ_TWICE] =
        ROW(DECIMAL, "irq-twice", "an interrupt may be given only once", "INTID", "the other's"),
    [RULE_IRQ_RANGE] =
        ROW(DECIMAL, "irq-range", "a partition's interrupts must be among those it can have",
            "INTID", "below"),
    [RULE_GUARD_SHORT] =
        ROW(DECIMAL, "guard-short", "the guard must cover the longest kernel path of this board",
            "guard", "at least"),
    [RULE_EXIT_COST] = ROW(DECIMAL, "exit-cost", "the exit cost must be less than the guard",
                           "exit cost", "guard"),
    [RULE_FRAME_LENGTH] =
        ROW(DECIMAL, "frame-length", "a major frame must last more than 0 ns and at most 1 hour",
            "ns", "at most"),
    [RULE_CPU_UNKNOWN] = ROW(DECIMAL, "cpu-unknown",
                             "a schedule may name only CPUs that the machine has", "cpu", "below"),
    [RULE_CPU_TWICE] =
        CORES_ROW(HEX, "cpu-twice", "each CPU of the machine must have an affinity of its own",
                  "affinity", "that of CPU"),
    [RULE_CORE_COUNT] =
        CORES_ROW(DECIMAL, "core-count", "schedules may name at most 8 CPUs", "CPUs", "at most"),
    [RULE_CORE_START] = CORES_ROW(
        DECIMAL, "core-start",
        "more than one CPU needs PSCI in the machine's tree, by which the others are started", "",
        ""),
    [RULE_WINDOW_ZERO] =
        ROW(DECIMAL, "window-zero", "a window must last longer than 0 ns", "duration", "at least"),
    [RULE_WINDOW_SHORT] =
        ROW(DECIMAL, "window-short", "a window must hold the guard and the shortest useful time",
            "duration", "at least"),
    [RULE_WINDOW_OVERFLOW] = ROW(DECIMAL, "window-overflow", "start plus duration must fit 64 bits",
                                 "start", "duration"),
    [RULE_WINDOW_PAST_FRAME] = ROW(DECIMAL, "window-past-frame",
                                   "a window must end within its major frame", "end", "frame"),
    [RULE_WINDOW_OVERLAP] = ROW(DECIMAL, "window-overlap", "windows of one CPU must not overlap",
                                "start", "the other's end"),
    [RULE_WINDOW_PARTITION] = ROW(DECIMAL, "window-partition",
                                  "a window must name a partition of this module", "phandle", ""),
    [RULE_WINDOW_VCPU] = ROW(DECIMAL, "window-vcpu",
                             "a window must name a vCPU that its partition has", "vcpu", "below"),
    [RULE_PARTITION_WITHOUT_WINDOW] =
        ROW(DECIMAL, "partition-without-window", "each partition must have a window in a schedule",
            "", ""),
    [RULE_VCPU_WITHOUT_WINDOW] =
        ROW(DECIMAL, "vcpu-without-window",
            "each vCPU must have a window in each schedule in which its partition has one", "vcpu",
            "of"),
    [RULE_VCPU_TWO_CORES] =
        CORES_ROW(DECIMAL, "vcpu-two-cores", "a vCPU may run on one CPU only, in all schedules",
                  "cpu", "and cpu"),
    [RULE_OWN_TIME_CORES] = CORES_ROW(
        DECIMAL, "own-time-cores", "all vCPUs of a partition with its own time must run on one CPU",
        "cpu", "and cpu"),
    [RULE_PARTITION_UNKNOWN] =
        MODES_ROW(DECIMAL, "partition-unknown",
                  "a partition-schedule must name a partition of this module by its id", "id", ""),
    [RULE_PARTITION_SCHEDULE] = MODES_ROW(
        DECIMAL, "partition-schedule",
        "a partition-schedule must be of a partition that has a window in its schedule", "", ""),
    [RULE_PERIOD_LENGTH] =
        MODES_ROW(DECIMAL, "period-length", "a major frame must be a whole number of periods",
                  "period", "frame"),
    [RULE_PERIOD_DURATION] =
        MODES_ROW(DECIMAL, "period-duration",
                  "a duration must be more than 0 ns and at most the period", "duration", "period"),
    [RULE_PERIOD_START] = ROW(
        DECIMAL, "period-start",
        "only windows of vCPU 0 of a partition with a period in this schedule may start a period",
        "", ""),
    [RULE_PERIOD_COUNT] =
        MODES_ROW(DECIMAL, "period-count",
                  "each period in the major frame must begin with a window that says period-start",
                  "windows", "periods"),
    [RULE_PERIOD_SPACING] = MODES_ROW(
        DECIMAL, "period-spacing",
        "windows that start a period must start one period after the other", "start", "due"),
    [RULE_PERIOD_TIME] =
        MODES_ROW(DECIMAL, "period-time",
                  "the windows of vCPU 0 in each period, less their guards, must hold the duration",
                  "usable", "duration"),
    [RULE_PERIOD_PPI] = MODES_ROW(DECIMAL, "period-ppi",
                                  "an interrupt for periods needs a period in a schedule", "", ""),
    [RULE_CHANGE_ACTION] = MODES_ROW(
        DECIMAL, "change-action", "a change action needs another schedule to change from", "", ""),
    [RULE_MAINTENANCE_SCHEDULE] =
        MODES_ROW(DECIMAL, "maintenance-schedule",
                  "maintenance-schedule must name a schedule, and maintenance-on-error needs it",
                  "phandle", ""),
};

static const char *field(int rule, enum rule_field wanted)
{
    if (rule <= RULE_NONE || rule >= RULE_COUNT || rule_row[rule] == NULL) {
        return NULL;
    }
    const char *at = rule_row[rule] + 1;
    for (unsigned int skip = wanted; skip != 0; skip--) {
        at += strlen(at) + 1;
    }
    return at;
}

const char *config_rule_name(int rule)
{
    return field(rule, FIELD_NAME);
}

const char *config_rule_sentence(int rule)
{
    return field(rule, FIELD_SENTENCE);
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

/* What the second name of a fault is. */
static const char *other_word(int rule)
{
    if (rule == RULE_MISSING_NODE) {
        return ", child ";
    }
    if (rule == RULE_MODULE_NOT_PLACED) {
        return ", file ";
    }
    if (CONFIG_CPU_FEATURES && rule == RULE_CPU_FEATURE_ABSENT) {
        return ", feature ";
    }
    if (CONFIG_OVERLAYS && rule == RULE_OVERLAY_BOARD) {
        return ", board ";
    }
    if (CONFIG_OVERLAYS && rule == RULE_OVERLAY_TARGET) {
        return ", target ";
    }
    if (CONFIG_OVERLAYS && (rule == RULE_OVERLAY_LABEL || rule == RULE_OVERLAY_APPLY)) {
        return ", label ";
    }
    if (CONFIG_GUEST_TREE && rule >= RULE_GUEST_MEMORY && rule <= RULE_GUEST_PMU) {
        return ", its node ";
    }
    return ", and ";
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
        put_string(&text, other_word(fault->rule));
        put_string(&text, fault->other);
    }
    put_string(&text, ": ");
    put_string(&text, fault->sentence);
    const char *value = field(fault->rule, FIELD_VALUE);
    if (fault->has_values && value != NULL && value[0] != '\0') {
        const char *limit = field(fault->rule, FIELD_LIMIT);
        enum number_form form = rule_row[fault->rule][0] == HEX[0] ? FORM_HEX : FORM_DECIMAL;
        put_string(&text, " (");
        put_string(&text, value);
        put_string(&text, " ");
        put_number(&text, fault->value, form);
        if (limit[0] != '\0') {
            put_string(&text, ", ");
            put_string(&text, limit);
            put_string(&text, " ");
            put_number(&text, fault->limit, form);
        }
        put_string(&text, ")");
    }
    *text.at = '\0';
    return size - text.left;
}
