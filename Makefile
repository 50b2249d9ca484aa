# SPDX-License-Identifier: Apache-2.0
#
# How is Bulkhead built, run and tested?  `make help` lists the goals.  The kernel is built here;
# guests, tests and the tools behind the goals have fragments and scripts of their own.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDEXPANSION:

O ?= build
PYTHON := /usr/bin/python3
CACHE := .cache
SYSTEM ?= classic
GIC ?= 3
BOARD ?= qemu

ifeq ($(V),1)
Q :=
say := @:
else
Q := @
say := @printf '  %-8s%s\n'
MAKEFLAGS += --no-print-directory
endif

.PHONY: all force guests
all: kernel guests
force:

include scripts/mk/toolchain.mk
include scripts/mk/setup.mk
include scripts/mk/kernel.mk
-include guests/guests.mk
include scripts/mk/run.mk
include scripts/mk/tests.mk

.PHONY: clean distclean help
clean:
	$(say) CLEAN $(O)
	$(Q)find $(O) -mindepth 1 -maxdepth 1 ! -name .config -exec rm -rf {} + 2>/dev/null || true

distclean: clean
	$(Q)rm -rf $(O) $(CACHE) compile_commands.json

help:
	@cat scripts/help.txt
