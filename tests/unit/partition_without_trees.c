// SPDX-License-Identifier: Apache-2.0
/*
 * What do partitions get from a kernel that makes no device trees?  The same file with that option
 * off, for test_guest_none.c.
 */
#undef CONFIG_GUEST_TREE
#define CONFIG_GUEST_TREE 0

#include "../../kernel/config/partition.c"
