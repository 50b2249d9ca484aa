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
system-args = $(SYSTEM) --build $(O) --gic $(GIC) $(if $(CPU),--cpu $(CPU)) $(if $(SMP),--smp $(SMP)) \
	$(if $(MEM),--memory $(MEM)) $(if $(filter 1,$(REAL_TIME)),--real-time) \
	$(if $(TIMEOUT),--timeout $(TIMEOUT))

.PHONY: run check checker command
checker: $(checker)

check: $(checker) kernel guests
	$(Q)$(system-py) check $(system-args)

run: kernel guests
	$(Q)$(system-py) run $(system-args)

# The QEMU command line, for use with a debugger or other options.
command: kernel guests
	$(Q)$(system-py) command $(system-args)

-include $(checker-objs:.o=.d)
