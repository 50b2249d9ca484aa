# SPDX-License-Identifier: Apache-2.0
#
# How is it tested?  Unit tests of the portable code on the host come from fragments tests/unit/*.mk:
#
#     unit-tests += test_ring
#     test_ring-srcs := tests/unit/test_ring.c kernel/vdev/ring.c
#     test_ring-libs := -lfdt
#
# They run under the address and undefined-behaviour sanitizers.

sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
jobs := $(shell nproc)

unit-tests :=
include $(wildcard tests/unit/*.mk)
unit-programs := $(addprefix $(O)/unit/,$(unit-tests))
unit-objs-of = $(patsubst %.c,$(O)/unit/obj/%.o,$($(1)-srcs))
unit-objs := $(sort $(foreach test,$(unit-tests),$(call unit-objs-of,$(test))))

$(O)/unit/obj/%.o: %.c $(autoconf) scripts/mk/tests.mk scripts/mk/run.mk
	$(say) HOSTCC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(host-cflags) -O1 $(sanitize) -MMD -MP -c -o $@ $<

$(unit-programs): $(O)/unit/%: $$(call unit-objs-of,$$*)
	$(say) HOSTLD $@
	$(Q)$(HOSTCC) $(sanitize) -o $@ $^ $($*-libs) -lcmocka

# Each test leaves a stamp and its output, so that only what changed runs again.
unit-passed := $(addsuffix .passed,$(unit-programs))
$(unit-passed): %.passed: %
	$(say) UNIT $*
	$(Q)$* >$*.log 2>&1 || { cat $*.log; exit 1; }
	$(Q)touch $@

.PHONY: unit
unit: $(unit-passed)

-include $(unit-objs:.o=.d)

# The fuzzer's fragment gives fuzz-brief.
include $(wildcard tests/fuzz/fuzz.mk)

.PHONY: llvm lint bindings qemu-test bench reproducible requirements stack test soak
llvm:
	$(Q)$(MAKE) LLVM=1 O=$(O)/llvm kernel guests

lint:
	$(Q)$(MAKE) LLVM=1 O=$(O)/llvm $(O)/llvm/compile_commands.json
	$(Q)scripts/lint.sh $(O)

bindings: kernel guests linux-guests $(checker)
	$(Q)$(PYTHON) scripts/check/bindings.py --build $(O)

# A U-Boot that applies overlays, from the distribution: shared by all build directories of this tree.
board-uboot := $(CACHE)/u-boot-sunxi/u-boot-sunxi-with-spl.bin
$(board-uboot): scripts/uboot-sunxi.sh | $(setup-stamp)
	$(say) U-BOOT $@
	$(Q)scripts/uboot-sunxi.sh $(@D)

# Tests under QEMU; TESTS= picks files or node ids, PYTEST= passes options on.
qemu-test: kernel guests linux-guests $(checker) $(board-uboot) llvm
	$(Q)BULKHEAD_BUILD=$(abspath $(O)) $(PYTHON) -m pytest -q -p no:cacheprovider \
		-n $(jobs) $(PYTEST) $(or $(TESTS),tests/qemu)

# The kernel with everything left out that a system can do without: the backbone, whose size is bounded.
left-out := OVERLAYS|GUEST_TREE|CONSOLE_SWITCH|PARTITION_TIME|SET_WAY|SMP|MODULE_SCHEDULES|CPU_FEATURES
$(O)/backbone/bulkhead.bin: force | $(autoconf)
	$(Q)mkdir -p $(@D)
	$(Q)sed -E 's/^CONFIG_($(left-out))=y/# CONFIG_\1 is not set/' $(config) >$(@D)/.config.new
	$(Q)cmp -s $(@D)/.config.new $(@D)/.config || cp $(@D)/.config.new $(@D)/.config
	$(Q)$(MAKE) O=$(@D) kernel

bench: kernel guests linux-guests $(O)/backbone/bulkhead.bin
	$(Q)$(PYTHON) scripts/bench.py --build $(O)

reproducible: kernel guests
	$(Q)scripts/reproducible.sh $(O)

stack: $(kernel-elf)
	$(Q)$(PYTHON) scripts/stack.py --objdump $(OBJDUMP) --limit $(CONFIG_STACK_BYTES) $(kernel-elf)

requirements:
	$(Q)$(PYTHON) scripts/requirements.py

# Everything that must hold before a change goes in; all steps run, the failed ones are named.
test-steps := unit stack lint requirements bindings llvm reproducible fuzz-brief bench qemu-test
test: $(setup-stamp)
	$(Q)MAKE="$(MAKE_COMMAND)" scripts/test.sh $(O) $(jobs) $(test-steps)

# The same with full lengths: two Linux for ten minutes, ten thousand restarts, an hour of fuzzing.
soak: $(setup-stamp)
	$(Q)MAKE="$(MAKE_COMMAND)" BULKHEAD_SOAK=1 scripts/test.sh $(O) $(jobs) $(test-steps)
