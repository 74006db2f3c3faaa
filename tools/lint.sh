#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Style of the tracked files: clang-format, licence headers, shellcheck, Python syntax, words that must not be there.
# Everything wrong is shown; the status says whether anything was.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
status=0

files() { # tracked files that still exist, matching the patterns
	git ls-files -z -- "$@" | while IFS= read -r -d '' file; do
		[ -f "$file" ] && printf '%s\0' "$file"
	done
}

complain() {
	echo "lint: $1" >&2
	status=1
}

while IFS= read -r -d '' file; do
	clang-format "$file" | cmp -s - "$file" || complain "$file: formatting; clang-format -i $file puts it right"
done < <(files '*.c' '*.h')

while IFS= read -r -d '' file; do
	case $file in
	*build.mk) want='BSD-2-Clause' ;;
	kmod/*) want='GPL-2.0-only' ;;
	include/wire/*) want='(GPL-2.0-only OR BSD-2-Clause)' ;;
	*) want='BSD-2-Clause' ;;
	esac
	head -n 5 "$file" | grep -qF "SPDX-License-Identifier: $want" || complain "$file: no line 'SPDX-License-Identifier: $want'"
done < <(files '*.c' '*.h' '*.S' '*.lds' '*.mk' '*.sh' '*.py' '*.dts' '*.dtsi' '*.pml' 'Makefile' '*/Makefile' '.ci/run')

files '*.sh' '.ci/run' | xargs -0 -r shellcheck || complain shellcheck

# Unfinished work is not hidden in comments, and nothing speaks of the place where it was written.
forbidden='(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)|not implemented'
files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.mk' '*.md' '*.dts' '*.txt' | grep -zv '^tools/lint.sh$' |
	xargs -0 -r grep -nE "$forbidden" /dev/null && complain 'words that must not be there'

while IFS= read -r -d '' file; do
	/usr/bin/python3 -B -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])' "$file" ||
		complain "$file: syntax"
done < <(files '*.py')

exit "$status"
