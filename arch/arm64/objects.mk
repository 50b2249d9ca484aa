# SPDX-License-Identifier: Apache-2.0
objs-y += arch/arm64/head.o arch/arm64/vectors.o arch/arm64/switch.o
objs-y += arch/arm64/mmu.o arch/arm64/traps.o arch/arm64/panic.o arch/arm64/offsets.o
objs-y += arch/arm64/el2_traps.o arch/arm64/idregs.o arch/arm64/sysreg_traps.o arch/arm64/inject.o
objs-y += arch/arm64/mitigation.o arch/arm64/sha256.o
objs-$(CONFIG_CPU_FEATURES) += arch/arm64/features.o arch/arm64/pmu.o arch/arm64/debug.o arch/arm64/sve.o
objs-$(CONFIG_CPU_FEATURES) += arch/arm64/sve_registers.o
objs-$(CONFIG_SET_WAY) += arch/arm64/set_way.o
