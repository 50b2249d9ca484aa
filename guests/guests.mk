# SPDX-License-Identifier: Apache-2.0
#
# How are the guests built?  Each directory named in `guest-names` gives $(O)/guests/NAME.elf and
# NAME.bin, from all its C and assembly files and those of guests/lib, linked flat at 0x40000000.

guest-names := demo victim hostile leak faults bench timers echo restart watch devices tree owntime conformance loops control modes siblings \
	features sve late \
	$(if $(wildcard guests/probe/*.[cS]),probe)

guest-bins := $(guest-names:%=$(O)/guests/%.bin)
guest-srcs-of = $(wildcard guests/$(1)/*.c guests/$(1)/*.S)
guest-objs-of = $(addprefix $(O)/,$(addsuffix .o,$(basename $(call guest-srcs-of,$(1)))))
guest-lib-objs := $(call guest-objs-of,lib)
guest-objs := $(guest-lib-objs) $(foreach name,$(guest-names),$(call guest-objs-of,$(name)))

guest-include := -Iguests/lib -Iinclude
guest-cflags := $(target-flags) -O2 $(warnings) $(guest-include)
# clang's assembler takes -mgeneral-regs-only to forbid FP instructions in assembly, too.
guest-aflags := $(filter-out -mgeneral-regs-only,$(target-flags)) $(guest-include) -D__ASSEMBLER__

guest-flags-file := $(O)/.guest-flags
$(guest-flags-file): force | $(autoconf)
	@echo '$(CC) $(guest-cflags) $(guest-aflags)' | cmp -s - $@ || \
		echo '$(CC) $(guest-cflags) $(guest-aflags)' > $@

$(O)/guests/%.o: guests/%.c $(guest-flags-file)
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(guest-cflags) -MMD -MP -c -o $@ $<

$(O)/guests/%.o: guests/%.S $(guest-flags-file)
	$(say) AS $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(guest-aflags) -MMD -MP -c -o $@ $<

# Where QEMU puts a flat binary, so that one image runs natively and in a partition.
$(O)/guests/conformance.elf $(O)/guests/loops.elf: guest-ldflags := --defsym=guest_base=0x40080000

$(O)/guests/%.elf: $$(call guest-objs-of,$$*) $(guest-lib-objs) guests/lib/guest.lds
	$(say) LD $@
	$(Q)$(LD) -nostdlib -static --gc-sections --build-id=none --no-undefined -z noexecstack \
		-z max-page-size=4096 $(guest-ldflags) \
		-T guests/lib/guest.lds -o $@ $(filter %.o,$^)

$(guest-bins): %.bin: %.elf
	$(say) OBJCOPY $@
	$(Q)$(OBJCOPY) -O binary $< $@

guests: $(guest-bins)

.SECONDARY: $(guest-objs) $(guest-bins:.bin=.elf)

-include $(guest-objs:.o=.d)

include guests/linux/linux.mk
