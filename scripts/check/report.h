/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a system shown on a terminal?  As text on standard output.
 */
#ifndef SCRIPTS_CHECK_REPORT_H
#define SCRIPTS_CHECK_REPORT_H

#include <bulkhead/module.h>

/* Partitions, devices, and each schedule as a table and a picture. */
void report_module(const struct module_desc *module);

void report_hash(const uint8_t digest[32]);

#endif
