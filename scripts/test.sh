#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Does everything hold?  Makes each goal in turn, goes on after a failure, and ends with a table.
#
# usage: test.sh <build directory> <jobs> <goal>...
set -uo pipefail

build=$1
jobs=$2
shift 2

table=
failed=0
for goal in "$@"; do
    echo "== $goal"
    start=$SECONDS
    # The jobs of an outer make are not ours to share: each goal gets its own.
    if MAKEFLAGS='' MFLAGS='' ${MAKE:-make} --no-print-directory -j"$jobs" O="$build" "$goal"; then
        result=passed
    else
        result=FAILED
        failed=1
    fi
    table+=$(printf '%-14s %-7s %5d s' "$goal" "$result" $((SECONDS - start)))$'\n'
done
echo "== result"
printf '%s' "$table"
exit "$failed"
