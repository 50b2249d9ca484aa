/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How is a system shown on a terminal?  As text on standard output.
 */
#ifndef SCRIPTS_CHECK_REPORT_H
#define SCRIPTS_CHECK_REPORT_H

#include <bulkhead/module.h>

/* Machine, partitions, devices, and all schedules. */
void report_module(const struct module_desc *module);

/* One schedule: a picture of all CPUs on one time axis, a table of windows for each, what it says
 * of partitions, and who runs beside whom. */
void report_schedule(const struct module_desc *module, const struct schedule_desc *schedule);

void report_hash(const uint8_t digest[32]);

#endif
