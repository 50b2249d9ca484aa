// SPDX-License-Identifier: Apache-2.0
/*
 * Which features of the CPU does a partition ask for, and can it have them?  What the machine
 * lacks, or this kernel would not switch, is refused: a guest that relies on it would fail later,
 * or find another's values.
 *
 * Vectors have the length that the description says, not the CPU's greatest: guard, memory and
 * hash are then the same on every machine, and known to the host.
 */
#include "internal.h"

#include <string.h>

bool tree_is_pmu(const struct tree_prop *compatible)
{
    const char *name = (const char *)compatible->cell;
    size_t length = strnlen(name, compatible->length);
    return tree_has_string(compatible, "arm,armv8-pmuv3") ||
           ((strncmp(name, "arm,cortex-a", 12) == 0 || strncmp(name, "arm,neoverse-", 13) == 0) &&
            length < compatible->length && strcmp(&name[length - 4], "-pmu") == 0);
}

/* In the order of FEATURE_...: each ends with a NUL, the last one with two. */
static const char feature_words[] = "pmu\0debug\0sve\0";

/* The bit of a word; 0 if it is none. */
static uint32_t feature_of(const char *wanted)
{
    uint32_t bit = 1;
    for (const char *word = feature_words; *word != '\0'; word += strlen(word) + 1) {
        if (strcmp(word, wanted) == 0) {
            return bit;
        }
        bit <<= 1;
    }
    return 0;
}

static void refuse(struct reader *reader, enum config_rule rule, uint32_t node,
                   const struct tree_prop *words, const char *word)
{
    reader->fault_count++;
    fault_emit(reader->input, rule, tree_path(&reader->tree, node, reader->path), words->name, word,
               NULL);
}

/* The greatest of the CPU's lengths, in bits. */
static uint32_t longest_of(uint32_t lengths)
{
    return (32U - (uint32_t)__builtin_clz(lengths)) * SVE_BITS_UNIT;
}

/* The length of a partition with FEATURE_SVE. */
static void read_vector_bits(struct reader *reader, struct partition_desc *partition, uint32_t node,
                             const struct tree_prop *bits)
{
    const struct config_input *input = reader->input;
    uint32_t lengths = input->sve_lengths != NULL ? input->sve_lengths() : SVE_LENGTHS_ALL;
    uint64_t asked = props_number(bits, SVE_BITS_UNIT);
    uint64_t unit = asked / SVE_BITS_UNIT;
    if (asked % SVE_BITS_UNIT != 0 || unit == 0 || unit > SVE_BITS_MAX / SVE_BITS_UNIT ||
        (lengths >> (unit - 1) & 1U) == 0) {
        fault_report(reader, RULE_SVE_LENGTH, node, "sve-vector-bits", TREE_NONE,
                     &(struct fault_values){asked, longest_of(lengths)});
        return;
    }
    partition->sve_vector_bits = (uint32_t)asked;
}

static void read_words(struct reader *reader, struct partition_desc *partition, uint32_t node,
                       const struct tree_prop *words)
{
    const struct platform_desc *platform = &reader->module->platform;
    const char *end = (const char *)words->cell + words->length;
    for (const char *word = (const char *)words->cell; word < end; word += strlen(word) + 1) {
        uint32_t bit = feature_of(word);
        if (bit == 0 || (partition->features & bit) != 0) {
            refuse(reader, RULE_PROPERTY_VALUE, node, words, word);
        } else if ((reader->input->cpu_features & bit) == 0) {
            refuse(reader, RULE_CPU_FEATURE_ABSENT, node, words, word);
        } else if (bit == FEATURE_PMU && platform->irq_pmu == 0) {
            /* Its counters could overflow, and nobody would ever hear of it. */
            fault_report(reader, RULE_HOST_TREE, node, words->name, reader->pmu_node, NULL);
        }
        partition->features |= bit;
    }
}

void features_read(struct reader *reader, struct partition_desc *partition, uint32_t node,
                   const struct tree_prop *words, const struct tree_prop *vector_bits)
{
    if (words != NULL) {
        read_words(reader, partition, node, words);
    }
    if ((partition->features & reader->input->cpu_features & FEATURE_SVE) != 0) {
        read_vector_bits(reader, partition, node, vector_bits);
    } else if (vector_bits != NULL && (partition->features & FEATURE_SVE) == 0) {
        /* It would do nothing. */
        fault_report(reader, RULE_PROPERTY_VALUE, node, vector_bits->name, TREE_NONE, NULL);
    }
}
