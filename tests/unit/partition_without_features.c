// SPDX-License-Identifier: Apache-2.0
/*
 * What does the reader do in a kernel that grants no features of the CPU?  The same file with that
 * option off, for test_config_no_features.c.
 */
#undef CONFIG_CPU_FEATURES
#define CONFIG_CPU_FEATURES 0

#include "../../kernel/config/partition.c"
