/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules must a configuration keep?  One value per rule; the names and sentences are in
 * rules.c and are stable: tests and users' scripts match on the names.
 */
#ifndef KERNEL_CONFIG_RULES_H
#define KERNEL_CONFIG_RULES_H

enum config_rule {
    RULE_NONE,

    /* The blob as such. */
    RULE_BAD_BLOB,
    RULE_TREE_DEPTH,
    RULE_STARTUP_MEMORY,
    RULE_HOST_TREE,
    RULE_NO_DESCRIPTION,

    /* Overlays that the loader brought. */
    RULE_OVERLAY_SUPPORT,
    RULE_OVERLAY_BLOB,
    RULE_OVERLAY_EMPTY,
    RULE_OVERLAY_BOARD,
    RULE_OVERLAY_LABEL,
    RULE_OVERLAY_TARGET,
    RULE_OVERLAY_APPLY,

    /* Shape of the subtree at /bulkhead. */
    RULE_UNKNOWN_NODE,
    RULE_UNKNOWN_PROPERTY,
    RULE_MISSING_NODE,
    RULE_MISSING_PROPERTY,
    RULE_NODE_TWICE,
    RULE_PROPERTY_TWICE,
    RULE_PROPERTY_LENGTH,
    RULE_PROPERTY_VALUE,

    /* Identity and counts. */
    RULE_ID_TWICE,
    RULE_LABEL_TWICE,
    RULE_LABEL_TEXT,
    RULE_PARTITION_COUNT,
    RULE_VCPU_COUNT,
    RULE_OWN_TIME_SUPPORT,
    RULE_VGIC_MODEL,
    RULE_INPUT_TWICE,

    /* Address ranges. */
    RULE_SIZE_ZERO,
    RULE_MISALIGNED,
    RULE_ADDRESS_OVERFLOW,
    RULE_IPA_WIDTH,
    RULE_IPA_OVERLAP,
    RULE_MEMORY_OUTSIDE_RAM,
    RULE_MEMORY_OVER_KERNEL,
    RULE_MEMORY_OVER_FDT,
    RULE_MEMORY_OVER_MODULE,
    RULE_MEMORY_OVER_DEVICE,
    RULE_MEMORY_OVER_RESERVED,
    RULE_MEMORY_OVER_MEMORY,
    RULE_NO_SPACE,
    RULE_KERNEL_OUTSIDE_RAM,

    /* Images. */
    RULE_MODULE_NOT_PLACED,
    RULE_MODULE_OUTSIDE_RAM,
    RULE_MODULE_CLASH,
    RULE_IMAGE_HASH,
    RULE_IMAGE_FORMAT,
    RULE_IMAGE_OUTSIDE,
    RULE_IMAGE_TOO_LARGE,
    RULE_IMAGE_OVERLAP,
    RULE_ENTRY_OUTSIDE,

    /* Device trees of guests. */
    RULE_GUEST_TREE_SUPPORT,
    RULE_GUEST_TREE_ROOM,
    RULE_GUEST_MEMORY,
    RULE_GUEST_CPU,
    RULE_GUEST_GIC,
    RULE_GUEST_TIMER,
    RULE_GUEST_PSCI,

    /* Devices and interrupts. */
    RULE_DEVICE_UNKNOWN,
    RULE_DEVICE_ADDRESS,
    RULE_DEVICE_TWICE,
    RULE_DEVICE_IN_USE,
    RULE_DEVICE_BUS,
    RULE_DEVICE_PAGE,
    RULE_DEVICE_SIZE,
    RULE_DEVICE_INTERRUPTS,
    RULE_IRQ_TWICE,
    RULE_IRQ_RANGE,

    /* Time. */
    RULE_GUARD_SHORT,
    RULE_EXIT_COST,
    RULE_FRAME_LENGTH,
    RULE_CPU_UNKNOWN,
    RULE_WINDOW_ZERO,
    RULE_WINDOW_SHORT,
    RULE_WINDOW_OVERFLOW,
    RULE_WINDOW_PAST_FRAME,
    RULE_WINDOW_OVERLAP,
    RULE_WINDOW_PARTITION,
    RULE_WINDOW_VCPU,
    RULE_PARTITION_WITHOUT_WINDOW,
    RULE_VCPU_WITHOUT_WINDOW,
    RULE_VCPU_TWO_CORES,

    RULE_COUNT
};

/* Stable short name and sentence of a rule; both NULL for a value that is none. */
const char *config_rule_name(int rule);
const char *config_rule_sentence(int rule);

#endif
