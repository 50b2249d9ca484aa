# SPDX-License-Identifier: Apache-2.0
#
# Objects of the configuration reader and checker.
objs-y += kernel/arena.o
objs-y += kernel/config/check.o
objs-y += kernel/config/children.o
objs-y += kernel/config/device.o
objs-y += kernel/config/fault.o
objs-$(CONFIG_CPU_FEATURES) += kernel/config/features.o
objs-y += kernel/config/fixups.o
objs-y += kernel/config/guest_check.o
objs-y += kernel/config/guest_tree.o
objs-y += kernel/config/hash.o
objs-y += kernel/config/image.o
objs-y += kernel/config/loaded.o
objs-y += kernel/config/overlay.o
objs-y += kernel/config/partition.o
objs-y += kernel/config/place.o
objs-y += kernel/config/platform.o
objs-y += kernel/config/props.o
objs-y += kernel/config/reader.o
objs-y += kernel/config/rules.o
objs-y += kernel/config/schedule.o
objs-y += kernel/config/schedule_check.o
objs-y += kernel/config/sha256.o
objs-y += kernel/config/tree.o

# A third of the kernel's code, run once: small is worth more here than fast.  The last -O counts.
$(O)/kernel/config/%.o: kernel-cflags += -Os
