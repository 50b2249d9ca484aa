#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Does the same source give the same bytes?  Builds a copy of the tree elsewhere, with another build
# directory, by a compiler called aarch64-none-elf-gcc that is a symbolic link to the one in use, and
# compares kernel and guests with those in the build directory.
#
# usage: reproducible.sh <build directory>
set -euo pipefail

build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/bin" "$work/tree"
if ! command -v aarch64-none-elf-gcc >/dev/null; then
    for tool in gcc ld objcopy objdump nm size readelf ar; do
        ln -s "$(command -v aarch64-linux-gnu-$tool)" "$work/bin/aarch64-none-elf-$tool"
    done
fi

git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -xf - -C "$work/tree"
mkdir "$work/tree/.cache"
cp -r .cache/libfdt .cache/*.stamp "$work/tree/.cache"
mkdir -p "$work/out"
cp "$build/.config" "$work/out/.config"

env -u MAKEFLAGS -u MFLAGS PATH="$work/bin:$PATH" SOURCE_DATE_EPOCH=1 \
    make -s -C "$work/tree" O="$work/out" -j"$(nproc)" kernel guests >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
grep -q '^aarch64-none-elf-' "$work/out/.kernel-flags" || {
    echo "reproducible: aarch64-none-elf- on PATH was not taken"
    exit 1
}

same=0
for file in "$build"/bulkhead.{bin,elf} "$build"/guests/*.bin; do
    other=$work/out/${file#"$build"/}
    if ! cmp "$file" "$other"; then
        same=1
    fi
done
exit "$same"
