// SPDX-License-Identifier: Apache-2.0
/*
 * What does the reader do in a kernel that was built without overlays?  The same file with that
 * option off, for test_config_no_overlays.c.
 */
#undef CONFIG_OVERLAYS
#define CONFIG_OVERLAYS 0

#include "../../kernel/config/reader.c"
