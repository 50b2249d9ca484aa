# SPDX-License-Identifier: Apache-2.0
objs-y += kernel/main.o kernel/build.o kernel/core.o kernel/core_build.o kernel/frames.o kernel/start.o kernel/schedule.o kernel/stage2.o
objs-y += kernel/hypercall.o kernel/psci.o kernel/hm.o kernel/report.o
objs-y += kernel/log.o kernel/console.o kernel/console_switch.o kernel/console_host.o
objs-y += kernel/cores.o kernel/timeline.o kernel/module_schedule.o
objs-$(CONFIG_SMP) += kernel/share.o
