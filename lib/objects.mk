# SPDX-License-Identifier: Apache-2.0
objs-y += lib/string.o lib/stack_check.o
