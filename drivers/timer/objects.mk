# SPDX-License-Identifier: Apache-2.0
objs-y += drivers/timer/generic_timer.o
