#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Is the source in shape?  Format, static analysis, and the house rules that a machine can check.
# Needs <build>/llvm/compile_commands.json.
#
# usage: lint.sh <build directory>
set -uo pipefail

build=$1
jobs=$(nproc)
failed=0

complain() {
    echo "lint: $1" >&2
    failed=1
}

# Everything in the tree that git tracks or would track.
mapfile -t files < <(git -c safe.directory="$PWD" ls-files --cached --others --exclude-standard | while read -r file; do
    [ -f "$file" ] && echo "$file"
done)
if [ ${#files[@]} -eq 0 ]; then
    echo "lint: git lists no files here" >&2
    exit 1
fi
matching() {
    printf '%s\n' "${files[@]}" | grep -E "$1"
}

mapfile -t c_files < <(matching '\.[ch]$')
clang-format --dry-run -Werror "${c_files[@]}" || complain "clang-format: run clang-format -i"

mapfile -t tidy_files < <(matching '^(arch|kernel|lib|drivers)/.*\.c$')
printf '%s\0' "${tidy_files[@]}" |
    xargs -0 -n 4 -P "$jobs" clang-tidy -p "$build/llvm" --quiet --warnings-as-errors='*' \
        >"$build/clang-tidy.log" 2>&1 || {
    grep -v 'warnings generated' "$build/clang-tidy.log"
    complain "clang-tidy"
}

# The C library's headers are not shown to cppcheck: it knows the functions by itself.  Its
# "condition" form of the bounds check takes any comparison as proof that both outcomes happen, and
# it cannot parse a statement expression as an operand.
mapfile -t other_files < <(matching '^(guests|scripts/check)/.*\.c$')
cppcheck -q -j "$jobs" --std=c11 --platform=unix64 --enable=warning,performance,portability \
    --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem \
    --suppress=arrayIndexOutOfBoundsCond --suppress=internalAstError --template=gcc \
    --include="$build/include/generated/autoconf.h" -Iinclude -Iarch/arm64/include -Iguests/lib \
    "${tidy_files[@]}" "${other_files[@]}" || complain "cppcheck"

mapfile -t shell_files < <(grep -lE '^#!/bin/(ba)?sh' "${files[@]}")
shellcheck -x "${shell_files[@]}" || complain "shellcheck"

mapfile -t python_files < <(matching '\.py$')
/usr/bin/python3 -m compileall -q "${python_files[@]}" || complain "python does not compile"

# Every bool of the configuration is 0 or 1 and always defined, so #ifdef would always be true.
mapfile -t code_files < <(matching '\.[chS]$')
if grep -nE '#\s*ifn?def\s+CONFIG_|defined\s*\(?\s*CONFIG_' "${code_files[@]}"; then
    complain "#ifdef CONFIG_X is always true: write #if CONFIG_X"
fi

while read -r file; do
    head -n 5 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file: no SPDX line"
done < <(matching '\.(c|h|S|lds|py|sh|mk|dts|dtsi|dtso|yaml)$|(^|/)(Makefile|Kconfig)$|^\.ci/')

while read -r file; do
    [ "$(wc -l <"$file")" -le 800 ] || complain "$file: too long for one question"
done < <(matching '\.([chS]|py|sh)$')

exit "$failed"
