# SPDX-License-Identifier: Apache-2.0
#
# Objects of the virtual devices.
objs-y += kernel/vdev/vpl011.o
