# SPDX-License-Identifier: Apache-2.0
#
# What must the machine have before a goal can be made?  Set-up runs once for each of four sets of
# packages (build, run, uboot, test); a stamp in $(CACHE) says that it was done.

# Goals that need no configuration and no set-up.
passive-goals := help clean distclean
active-goals := $(filter-out $(passive-goals),$(or $(MAKECMDGOALS),all))

test-goals := test soak lint unit fuzz-brief qemu-test bench reproducible requirements
run-goals := run check guest-tree trace
uboot-goals := sdcard $(if $(BOOT),run command)
wants = $(filter $($(1)-goals),$(active-goals))
setup-set := $(if $(call wants,test),test,$(if $(call wants,uboot),uboot,$(if \
	$(call wants,run),run,build)))
setup-stamp := $(CACHE)/setup-$(setup-set).stamp

$(CACHE)/setup-%.stamp: scripts/setup.sh scripts/packages.txt
	$(Q)scripts/setup.sh $*
	$(Q)mkdir -p $(CACHE) && touch $@

.PHONY: setup
setup: $(setup-stamp)

# libfdt for arm64, from the distribution: shared by all build directories of this tree.
fdt-root := $(CACHE)/libfdt
fdt-library := $(fdt-root)/libfdt.a
$(fdt-library): scripts/libfdt.sh | $(setup-stamp)
	$(say) LIBFDT $@
	$(Q)scripts/libfdt.sh $(fdt-root) "$(CC)"

# Configuration.  .config is made from the defaults when it is missing.
config := $(O)/.config
autoconf := $(O)/include/generated/autoconf.h
auto-conf := $(O)/include/config/auto.conf

kconfig-env := KCONFIG_CONFIG=$(config)

.PHONY: defconfig savedefconfig menuconfig olddefconfig
defconfig: $(setup-stamp)
	$(Q)rm -f $(config)
	$(Q)$(MAKE) $(autoconf)

savedefconfig: $(autoconf)
	$(Q)$(kconfig-env) $(PYTHON) -m savedefconfig --kconfig Kconfig --out $(O)/defconfig

menuconfig: $(setup-stamp)
	$(Q)mkdir -p $(O)
	$(Q)$(kconfig-env) $(PYTHON) -m menuconfig Kconfig

olddefconfig: $(setup-stamp)
	$(Q)mkdir -p $(O)
	$(Q)$(kconfig-env) $(PYTHON) -m olddefconfig Kconfig

# auto.conf is the record that .config was read; the header changes only when a value does.
ifneq ($(active-goals),)
$(auto-conf): Kconfig scripts/kconfig.py $(or $(wildcard $(config)),force) | $(setup-stamp)
	$(Q)mkdir -p $(dir $@) $(dir $(autoconf))
	$(Q)$(PYTHON) scripts/kconfig.py Kconfig $(config) $(autoconf) $@

$(autoconf): $(auto-conf) ;
include $(auto-conf)
endif
