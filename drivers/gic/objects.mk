# SPDX-License-Identifier: Apache-2.0
objs-y += drivers/gic/gic.o
objs-$(CONFIG_GICV2) += drivers/gic/gicv2.o
objs-$(CONFIG_GICV3) += drivers/gic/gicv3.o
