#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where do the real guests come from?  Debian's arm64 packages, as everybody can install them: the
# kernels linux-image-{cloud,rt,}-arm64, of which only the Image is kept, and busybox-static.  They
# are fetched through apt lists of our own, so that the user's apt stays as it is, and nothing is
# installed.
#
# usage: debian.sh <directory> cloud|rt|generic|busybox
# Result: <directory>/Image, or <directory>/busybox; and <directory>/version, the package's.
set -euo pipefail

final=$1
what=$2

case $what in
cloud | rt) package=linux-image-$what-arm64 ;;
generic) package=linux-image-arm64 ;;
busybox) package=busybox-static ;;
*)
    echo "usage: debian.sh <directory> cloud|rt|generic|busybox" >&2
    exit 2
    ;;
esac
file=Image
[ "$what" != busybox ] || file=busybox

mkdir -p "$(dirname "$final")"
# Builds with different build directories share the result: the first one makes it, in one step.
# The lists are shared, too, so one fetches at a time.
exec 9>"$(dirname "$final")/lock"
flock 9
if [ "$final/$file" -nt "$0" ]; then
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=scripts/apt-private.sh
. "$(dirname "$0")/../apt-private.sh"

# The lists are fetched once a day at most: the kernel's page of the archive is large.
update() {
    local stamp=$apt_private_root/arm64/guests-updated
    if [ -z "$(find "$stamp" -mtime -1 2>/dev/null)" ]; then
        apt_private_update arm64
        touch "$stamp"
    fi
}

download() {
    (cd "$work" && apt_private arm64 download "$1")
}

# The package that users name depends on the one of the present version.
fetch() {
    local deb
    update
    download "$package" || return 1
    if [ "$what" != busybox ]; then
        package=$(dpkg-deb -f "$work/$package"_*.deb Depends | sed 's/ .*//')
        download "$package" || return 1
    fi
    deb=$(echo "$work/$package"_*.deb)
    mkdir "$work/root"
    if [ "$what" = busybox ]; then
        dpkg-deb --fsys-tarfile "$deb" | tar -xO ./bin/busybox >"$work/root/busybox" || return 1
    else
        dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './boot/vmlinuz-*' \
            >"$work/root/Image" || return 1
    fi
    echo "$package $(dpkg-deb -f "$deb" Version)" >"$work/root/version"
    test -s "$work/root/$file"
}

log=$work/log
if ! fetch >"$log" 2>&1; then
    # Lists that were fetched before may name files that are gone.
    rm -f "$apt_private_root/arm64/guests-updated"
    if ! fetch >"$log" 2>&1; then
        cat "$log" >&2
        echo "debian.sh: the arm64 package $package could not be fetched.  Linux as a guest needs" \
            "the network once; everything else runs without it." >&2
        exit 1
    fi
fi
rm -rf "$final"
mv "$work/root" "$final"
touch "$final/$file"
