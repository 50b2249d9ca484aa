#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What does this machine lack, and how does it get it?  Names what is missing for one of the sets of
# scripts/packages.txt, then installs it with apt-get, through sudo when not root.
# NO_INSTALL=1 only names it, and fails when something is missing.
#
# usage: setup.sh build|run|uboot|test
set -euo pipefail

set_name=$1
list=$(dirname "$0")/packages.txt

case $set_name in
build) wanted="build" ;;
run) wanted="build run" ;;
uboot) wanted="build run uboot" ;;
test) wanted="build run uboot test" ;;
*)
    echo "usage: setup.sh build|run|uboot|test" >&2
    exit 2
    ;;
esac

is_there() {
    local probe=$1 package=$2
    case $probe in
    command:*) command -v "${probe#*:}" >/dev/null ;;
    python:*) /usr/bin/python3 -c "import ${probe#*:}" 2>/dev/null ;;
    file:*) test -e "${probe#*:}" ;;
    compiler)
        command -v "${CROSS_COMPILE:-aarch64-none-elf-}gcc" >/dev/null ||
            command -v aarch64-linux-gnu-gcc >/dev/null
        ;;
    package) dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok' ;;
    *) echo "setup.sh: unknown probe $probe" >&2 && exit 2 ;;
    esac
}

missing=()
while read -r in_set package probe purpose; do
    case " $wanted " in
    *" $in_set "*)
        if ! is_there "$probe" "$package"; then
            [ ${#missing[@]} -gt 0 ] || echo "Bulkhead needs packages that are not installed:"
            printf '    %-24s %s\n' "$package" "$purpose"
            missing+=("$package")
        fi
        ;;
    esac
done <<<"$(grep -v '^#' "$list")"

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "${NO_INSTALL:-}" = 1 ]; then
    echo "NO_INSTALL=1: nothing was installed.  To do it: apt-get install ${missing[*]}"
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "setup.sh: this system has no apt-get; install the equivalents of these packages" >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup.sh: not root and no sudo; as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing them with ${as_root[*]:+${as_root[*]} }apt-get."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Old lists may name files that are gone; a third party's source that fails is not our business.
"${as_root[@]}" apt-get -q update >"$log" 2>&1 || cat "$log"
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    exit 1
fi
echo "Installed."
