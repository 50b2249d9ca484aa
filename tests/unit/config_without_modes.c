// SPDX-License-Identifier: Apache-2.0
/*
 * What does the reader do in a kernel for one CPU and one schedule?  The same files with those
 * options off, for test_config_no_modes.c.
 */
#undef CONFIG_SMP
#define CONFIG_SMP 0
#undef CONFIG_MODULE_SCHEDULES
#define CONFIG_MODULE_SCHEDULES 0

#include "../../kernel/config/partition.c"
#include "../../kernel/config/platform.c"
#include "../../kernel/config/reader.c"
#include "../../kernel/config/rules.c"
#include "../../kernel/config/schedule.c"
#include "../../kernel/config/schedule_check.c"
