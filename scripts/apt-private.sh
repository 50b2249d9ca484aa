# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# How are packages of another architecture fetched without touching the user's apt?  Lists, caches and
# status live in $apt_private_root; only the sources, keys and proxies of /etc/apt are read.
# Sourced; gives apt_private_update <kind> and apt_private <kind> <arguments of apt-get>,
# where kind is an architecture or "source".

apt_private_root=${APT_PRIVATE_ROOT:-$(pwd)/.cache/apt}

apt_private() {
    local kind=$1 state=$apt_private_root/$1
    shift
    local options=(
        -q
        -o "Dir::State=$state/state"
        -o "Dir::State::status=$state/status"
        -o "Dir::Cache=$state/cache"
        -o "APT::Sandbox::User=$(id -un)"
        -o "Acquire::Languages=none"
    )
    if [ "$kind" = source ]; then
        options+=(-o "Dir::Etc::sourcelist=$state/sources/none.list"
            -o "Dir::Etc::sourceparts=$state/sources")
    else
        options+=(-o "APT::Architecture=$kind" -o "APT::Architectures=$kind")
    fi
    apt-get "${options[@]}" "$@"
}

# The user's sources of binary packages, said again as sources of source packages.
apt_private_source_list() {
    local from to=$1
    mkdir -p "$to"
    for from in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$from" ] || sed 's/^deb /deb-src /' "$from" >"$to/$(basename "$from" .list).list"
    done
    for from in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$from" ] || sed 's/^Types:.*/Types: deb-src/' "$from" >"$to/$(basename "$from")"
    done
}

# A source that fails (a third party without this architecture) does not matter as long as the package
# asked for is found afterwards.
apt_private_update() {
    local state=$apt_private_root/$1
    mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    if [ "$1" = source ]; then
        apt_private_source_list "$state/sources"
    fi
    apt_private "$1" update || true
}
