# SPDX-License-Identifier: Apache-2.0
#
# How does Linux become a guest?  Its kernels and busybox are fetched (scripts/guests/debian.sh); the
# program that checks what Linux finds is built here; an archive with both is its file system:
#
#     $(O)/guests/linux/cloud.Image, generic.Image, rt.Image   three kernels of Debian
#     $(O)/guests/linux/initramfs.cpio
#
# Only what names one of them is made to wait for it: `make linux-guests`, the tests, and any system
# whose overlay has an image-file below guests/linux/.

linux-dir := $(O)/guests/linux
linux-flavours := cloud generic rt
linux-images := $(linux-flavours:%=$(linux-dir)/%.Image)
linux-initramfs := $(linux-dir)/initramfs.cpio
linux-check := $(linux-dir)/check
linux-cache := $(CACHE)/linux

# Away from where other programs are, so that an address of it in a trace means it and no other.
linux-check-base := $(if $(filter 1,$(LLVM)),--image-base=0x10000000,-Ttext-segment=0x10000000)
# string.o: what compilers call by themselves.
linux-check-objs := $(addprefix $(O)/guests/,linux/check.o linux/sve.o linux/user.o linux/user_start.o \
	sve/registers.o lib/string.o)

$(linux-check): $(linux-check-objs) guests/linux/linux.mk
	$(say) LD $@
	$(Q)$(LD) -nostdlib -static --gc-sections --build-id=none --no-undefined -z noexecstack \
		-z max-page-size=4096 -S $(linux-check-base) -o $@ $(linux-check-objs)

guests: $(linux-check)

linux-fetched := $(linux-flavours:%=$(linux-cache)/%/Image) $(linux-cache)/busybox/busybox
# libfdt is fetched through the same apt lists: not at the same time.
$(linux-fetched): scripts/guests/debian.sh | $(setup-stamp) $(fdt-library)
	$(say) FETCH $@
	$(Q)scripts/guests/debian.sh $(@D) $(notdir $(@D))

# A link: each of them has 30 MB.
$(linux-images): $(linux-dir)/%.Image: $(linux-cache)/%/Image
	$(Q)mkdir -p $(@D)
	$(Q)ln -sfn $(abspath $<) $@

$(linux-initramfs): guests/linux/init $(linux-check) $(linux-cache)/busybox/busybox \
		scripts/guests/initramfs.py
	$(say) CPIO $@
	$(Q)$(PYTHON) scripts/guests/initramfs.py $@ bin bin/busybox=$(linux-cache)/busybox/busybox \
		bin/check=$(linux-check) init=guests/linux/init proc sys tmp

.PHONY: linux-guests
linux-guests: $(linux-images) $(linux-initramfs)

-include $(linux-check-objs:.o=.d)
