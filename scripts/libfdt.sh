#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where does the kernel's libfdt come from?  The distribution's libfdt-dev for arm64, fetched through
# apt lists of our own, so that the user's apt configuration stays as it is; else the distribution's
# source of it, compiled here.
#
# usage: libfdt.sh <directory> <compiler>
# Result: <directory>/libfdt.a and <directory>/include/.
set -euo pipefail

final=$1
compiler=$2
mkdir -p "$(dirname "$final")"
# Builds with different build directories share the result: the first one makes it, in one step.
exec 9>"$final.lock"
flock 9
if [ "$final/libfdt.a" -nt "$0" ]; then
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# shellcheck source=scripts/apt-private.sh
. "$(dirname "$0")/apt-private.sh"

from_package() {
    apt_private_update arm64 || return 1
    (cd "$work" && apt_private arm64 download libfdt-dev) || return 1
    dpkg-deb -x "$work"/libfdt-dev_*.deb "$work/x" &&
        install -D -m 644 -t "$root/include" "$work"/x/usr/include/{fdt,libfdt,libfdt_env}.h &&
        install -m 644 "$work/x/usr/lib/aarch64-linux-gnu/libfdt.a" "$root/libfdt.a"
}

from_source() {
    apt_private_update source || return 1
    (cd "$work" && apt_private source source --download-only device-tree-compiler) || return 1
    /usr/bin/python3 -m tarfile -e "$work"/device-tree-compiler_*.orig.tar.* "$work/source" || return 1
    compile "$(dirname "$(find "$work/source" -name libfdt.h)")"
}

compile() {
    local source=$1 file object objects=()
    install -D -m 644 -t "$root/include" "$source"/{fdt,libfdt,libfdt_env}.h || return 1
    for file in "$source"/fdt*.c; do
        object=$work/$(basename "$file" .c).o
        # shellcheck disable=SC2086 # the compiler may be several words
        $compiler -O2 -ffreestanding -nostdinc -isystem "$($compiler -print-file-name=include)" \
            -Ilib/include -I"$source" -mgeneral-regs-only -mstrict-align -fno-pic \
            -ffunction-sections -ffile-prefix-map="$source"=libfdt -c -o "$object" "$file" || return 1
        objects+=("$object")
    done
    rm -f "$root/libfdt.a"
    ar rcsD "$root/libfdt.a" "${objects[@]}"
}

mkdir "$root"
log=$work/log
if ! from_package >"$log" 2>&1; then
    echo "libfdt.sh: no arm64 package of libfdt-dev; building it from the distribution's source" >&2
    if ! from_source >>"$log" 2>&1; then
        cat "$log" >&2
        echo "libfdt.sh: libfdt could not be fetched" >&2
        exit 1
    fi
fi
rm -rf "$final"
mv "$root" "$final"
touch "$final/libfdt.a"
