# SPDX-License-Identifier: Apache-2.0
objs-y += lib/string.o lib/stack_check.o

# Moves are by words at any address; see there.
$(O)/lib/string.o: kernel-cflags += $(if $(LLVM),-munaligned-access,-mno-strict-align)
