# SPDX-License-Identifier: Apache-2.0
#
# Objects of the virtual GIC.
objs-y += kernel/vgic/dist.o
objs-y += kernel/vgic/inputs.o
objs-y += kernel/vgic/lr.o
objs-y += kernel/vgic/redist.o
objs-y += kernel/vgic/regs.o
