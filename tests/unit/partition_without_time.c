// SPDX-License-Identifier: Apache-2.0
/*
 * What does the reader do in a kernel that gives no partition its own time?  The same file with
 * that option off, for test_config_no_time.c.
 */
#undef CONFIG_PARTITION_TIME
#define CONFIG_PARTITION_TIME 0

#include "../../kernel/config/partition.c"
