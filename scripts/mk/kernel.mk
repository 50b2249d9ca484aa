# SPDX-License-Identifier: Apache-2.0
#
# How does the kernel come about?  Each directory's objects.mk names its objects; they are linked at
# the kernel's fixed virtual address into an ELF file, a raw image with the arm64 Image header, and a
# map.

kernel-dirs := arch/arm64 kernel kernel/config kernel/vgic kernel/vdev lib \
	drivers/gic drivers/timer drivers/uart

objs-y :=
include $(wildcard $(addsuffix /objects.mk,$(kernel-dirs)))
kernel-objs := $(addprefix $(O)/,$(sort $(objs-y)))

kernel-elf := $(O)/bulkhead.elf
kernel-bin := $(O)/bulkhead.bin
kernel-lds := $(O)/kernel.lds

kernel-optimize := $(if $(filter y,$(CONFIG_OPTIMIZE_SIZE)),-Os,-O2 $(if $(LLVM),,-fno-align-functions -fno-align-loops -fno-align-jumps))
kernel-include := -Iinclude -Iarch/arm64/include -Ilib/include -isystem $(fdt-root)/include
kernel-cppflags := $(kernel-include) -include $(autoconf)
kernel-cflags := $(target-flags) $(kernel-optimize) $(warnings) -Wframe-larger-than=1024 \
	-fomit-frame-pointer -fstack-protector $(if $(LLVM),,--param=ssp-buffer-size=4) -mstack-protector-guard=global $(kernel-cppflags)
# clang's assembler takes -mgeneral-regs-only as a ban on saving FP registers in assembly, too.
kernel-aflags := $(filter-out -mgeneral-regs-only,$(target-flags)) $(warnings) $(kernel-cppflags) -D__ASSEMBLER__
kernel-ldflags := -nostdlib -static --gc-sections --build-id=none --no-undefined \
	-z noexecstack -z max-page-size=4096

# Only what boundaries and traps go through is built for speed; all else is built for size.
fast-objs := $(addprefix $(O)/, arch/arm64/traps.o kernel/core.o kernel/vgic/lr.o kernel/vgic/inputs.o \
	kernel/vgic/regs.o drivers/gic/gicv2.o drivers/gic/gicv3.o \
	$(if $(filter y,$(CONFIG_MODULE_SCHEDULES)),kernel/frames.o kernel/timeline.o))
# What is hoisted out of a loop that runs once costs a saved register; those of SHA-256 and lib run long.
kernel-small := -Os $(if $(LLVM),,-fno-move-loop-invariants)
$(filter-out $(fast-objs),$(kernel-objs)): private kernel-once := $(kernel-small)
$(filter $(O)/kernel/config/sha256.o $(O)/lib/%,$(kernel-objs)): private kernel-once := -Os

# A change of compiler or flags rebuilds everything, a change of the list of objects links again.
kernel-flags-text := $(CC) $(kernel-cflags) $(kernel-aflags) small $(kernel-small) fast $(fast-objs)
kernel-link-text := $(LD) $(kernel-ldflags) $(kernel-objs)
$(O)/.kernel-flags: force | $(autoconf)
	@echo '$(kernel-flags-text)' | cmp -s - $@ || echo '$(kernel-flags-text)' > $@

$(O)/.kernel-link: force | $(autoconf)
	@echo '$(kernel-link-text)' | cmp -s - $@ || echo '$(kernel-link-text)' > $@

$(O)/%.o: %.c $(O)/.kernel-flags $(autoconf) | $(fdt-library)
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(kernel-cflags) $(kernel-once) -MMD -MP -c -o $@ $<

$(O)/%.o: %.S $(O)/.kernel-flags $(autoconf)
	$(say) AS $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(kernel-aflags) -MMD -MP -c -o $@ $<

$(kernel-lds): arch/arm64/kernel.lds.S $(O)/.kernel-flags $(autoconf)
	$(say) LDS $@
	$(Q)$(CC) $(kernel-aflags) -E -P -MMD -MP -MT $@ -MF $@.d -o $@ $<

$(kernel-elf): $(kernel-objs) $(kernel-lds) $(fdt-library) $(O)/.kernel-link
	$(say) LD $@
	$(Q)$(LD) $(kernel-ldflags) -Map=$(O)/bulkhead.map -T $(kernel-lds) -o $@ $(kernel-objs) \
		$(fdt-library)

$(kernel-bin): $(kernel-elf)
	$(say) OBJCOPY $@
	$(Q)$(OBJCOPY) -O binary $< $@

.PHONY: kernel objects
objects: $(kernel-objs)
kernel: $(kernel-bin) $(O)/compile_commands.json

$(O)/compile_commands.json: $(O)/.kernel-flags $(O)/.kernel-link scripts/compile_commands.py
	$(Q)$(PYTHON) scripts/compile_commands.py --build $(O) --out $@ \
		--compiler '$(CC)' --flags '$(kernel-cflags)' $(kernel-objs)

-include $(kernel-objs:.o=.d) $(kernel-lds).d
