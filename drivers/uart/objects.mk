# SPDX-License-Identifier: Apache-2.0
objs-y += drivers/uart/uart.o
objs-$(CONFIG_UART_PL011) += drivers/uart/pl011.o
