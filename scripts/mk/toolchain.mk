# SPDX-License-Identifier: Apache-2.0
#
# Which compiler builds the kernel and the guests?  The ARM GNU Toolchain where it is on PATH, else
# the distribution's cross compiler; LLVM=1 takes clang and lld.

ifndef CROSS_COMPILE
CROSS_COMPILE := $(if $(shell command -v aarch64-none-elf-gcc),aarch64-none-elf-,aarch64-linux-gnu-)
endif

ifeq ($(LLVM),1)
CC := clang --target=aarch64-linux-gnu
LD := ld.lld
OBJCOPY := llvm-objcopy
OBJDUMP := llvm-objdump
NM := llvm-nm
SIZE := llvm-size
READELF := llvm-readelf
AR := llvm-ar
else
CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
NM := $(CROSS_COMPILE)nm
SIZE := $(CROSS_COMPILE)size
READELF := $(CROSS_COMPILE)readelf
AR := $(CROSS_COMPILE)ar
endif

HOSTCC ?= gcc

# Warnings that every C file of the project meets, on the host as on the target.
warnings := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -Wvla -Werror

# The same source gives the same bytes wherever the tree and the build directory are.
prefix-map := -ffile-prefix-map=$(abspath $(O))=build -ffile-prefix-map=$(O)=build \
	-ffile-prefix-map=$(CURDIR)=.

# Flags that kernel and guests share.  Only the compiler's own headers are seen, no C library.
target-flags := -std=gnu11 -ffreestanding -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
	-march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics -mcmodel=tiny \
	-mbranch-protection=none -fno-common -fno-pic -fno-pie -fno-asynchronous-unwind-tables \
	-ffunction-sections -fdata-sections -g $(prefix-map)
ifneq ($(LLVM),1)
# A loop in memcpy() must not be turned into a call of memcpy(); -ffreestanding says so to clang.
target-flags += -fno-tree-loop-distribute-patterns
endif
