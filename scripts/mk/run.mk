# SPDX-License-Identifier: Apache-2.0
#
# How is a system checked and run?  The work is done by scripts/system.py; see its header.

checker := $(O)/host/bulkhead-check
checker-srcs := $(wildcard scripts/check/*.c kernel/config/*.c) kernel/arena.c
checker-objs := $(checker-srcs:%.c=$(O)/host/%.o)

host-cflags := -std=gnu11 -g $(warnings) -Iinclude -I. -include $(autoconf)

$(O)/host/%.o: %.c $(autoconf) scripts/mk/run.mk
	$(say) HOSTCC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(host-cflags) -O2 -MMD -MP -c -o $@ $<

$(checker): $(checker-objs)
	$(say) HOSTLD $@
	$(Q)$(HOSTCC) -o $@ $^ -lfdt

system-py := $(PYTHON) scripts/system.py
system-options = $(SYSTEM) $(if $(SCHEDULE),--schedule $(SCHEDULE)) --build $(O) --gic $(GIC) \
	$(if $(CPU),--cpu $(CPU)) $(if $(SMP),--smp $(SMP)) $(if $(MEM),--memory $(MEM))
system-args = $(system-options) $(if $(filter 1,$(REAL_TIME)),--real-time) \
	$(if $(TIMEOUT),--timeout $(TIMEOUT))

# With BOOT= a real U-Boot loads the system.
run-py := $(if $(BOOT),$(PYTHON) scripts/uboot.py,$(system-py))
run-args = $(system-args) $(if $(BOOT),--boot $(BOOT))

# Guests that have to be fetched are, when the system that is asked for names them (guests/linux).
system-sources = $(foreach system,$(SYSTEM),$(wildcard $(system) $(addsuffix /*.dtso,$(system) \
	schedules/$(system)) schedules/$(system).dtso)) $(SCHEDULE)
fetched-guests = $(addprefix $(O)/,$(sort $(shell grep -hos '"guests/linux/[^"]*"' \
	$(system-sources) /dev/null | tr -d '"')))

.PHONY: run check checker command guest-tree new sdcard
checker: $(checker)

check: $(checker) kernel guests $$(fetched-guests)
	$(Q)$(system-py) check $(system-args)

run: kernel guests $$(fetched-guests) $(if $(BOOT),$(checker))
	$(Q)$(run-py) run $(run-args) $(if $(LOG),--log $(LOG))

# What the kernel will tell a partition of its machine.
guest-tree: $(checker) kernel guests $$(fetched-guests)
	$(if $(PARTITION),,$(error say which: make guest-tree SYSTEM=name PARTITION=label))
	$(Q)$(system-py) guest-tree $(system-args) --partition $(PARTITION)

# A system to begin with: the directory SYSTEM=, of overlays that run as they are.
new:
	$(if $(filter file,$(origin SYSTEM)),$(error say which: make new SYSTEM=name, or a path with a slash))
	$(Q)$(PYTHON) scripts/new.py $(SYSTEM)

# The QEMU command line, for use with a debugger or other options.
command: kernel guests $$(fetched-guests) $(if $(BOOT),$(checker))
	$(Q)$(run-py) command $(run-args)

# Directories for an SD card or a TFTP server; SYSTEM= may name several systems.
sdcard: $(checker) kernel guests $$(fetched-guests)
	$(Q)$(PYTHON) scripts/sdcard.py $(system-options) --board $(BOARD) \
		$(if $(KEYS),--keys $(KEYS)) $(if $(KEY_NAME),--key-name $(KEY_NAME))

-include $(checker-objs:.o=.d)
