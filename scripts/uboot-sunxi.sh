#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where does a U-Boot come from that applies overlays?  Debian's build for QEMU's own arm64 machine
# has no `fdt apply`.  Its build for the Orange Pi Plus has, can read a FIT besides, and starts on
# QEMU's orangepi-pc.  That is a 32-bit machine, and it does not matter: what a test looks at is the
# tree that U-Boot makes.  The package comes through apt lists of our own; nothing is installed.
#
# usage: uboot-sunxi.sh <directory>
# Result: <directory>/u-boot-sunxi-with-spl.bin, for an SD card from its byte 8192 on.
set -euo pipefail

final=$1
image=u-boot-sunxi-with-spl.bin
mkdir -p "$(dirname "$final")"
# Builds with different build directories share the result: the first one makes it, in one step.
exec 9>"$final.lock"
flock 9
if [ "$final/$image" -nt "$0" ]; then
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=scripts/apt-private.sh
. "$(dirname "$0")/apt-private.sh"

fetch() {
    apt_private_update armhf || return 1
    (cd "$work" && apt_private armhf download u-boot-sunxi) || return 1
    dpkg-deb -x "$work"/u-boot-sunxi_*.deb "$work/x" &&
        install -D -m 644 -t "$work/root" "$work/x/usr/lib/u-boot/orangepi_plus/$image"
}

log=$work/log
if ! fetch >"$log" 2>&1; then
    cat "$log" >&2
    echo "uboot-sunxi.sh: the package u-boot-sunxi for armhf could not be fetched" >&2
    exit 1
fi
rm -rf "$final"
mv "$work/root" "$final"
touch "$final/$image"
