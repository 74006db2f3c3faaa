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

# One process for all: starting it takes longer than a file does.
files '*.c' '*.h' | xargs -0 -r clang-format --dry-run -Werror || complain 'formatting; clang-format -i FILE puts it right'

files '*.c' '*.h' '*.S' '*.lds' '*.mk' '*.sh' '*.py' '*.dts' '*.dtsi' '*.pml' 'Makefile' '*/Makefile' '.ci/run' | xargs -0 -r awk '
function licence(name) {
	if (name ~ /build\.mk$/) return "BSD-2-Clause"
	if (name ~ /^kmod\//) return "GPL-2.0-only"
	if (name ~ /^include\/wire\//) return "(GPL-2.0-only OR BSD-2-Clause)"
	return "BSD-2-Clause"
}
BEGIN {
	for (i = 1; i < ARGC; i++) {
		want = "SPDX-License-Identifier: " licence(ARGV[i])
		found = 0
		for (n = 0; n < 5 && (getline line < ARGV[i]) > 0; n++)
			if (index(line, want))
				found = 1
		close(ARGV[i])
		if (!found) {
			print "lint: " ARGV[i] ": no line \x27" want "\x27" > "/dev/stderr"
			bad = 1
		}
	}
	exit bad
}' || complain 'licence headers'

files '*.sh' '.ci/run' | xargs -0 -r shellcheck || complain shellcheck

# Unfinished work is not hidden in comments, and nothing speaks of the place where it was written.
forbidden='(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)|not implemented'
files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.mk' '*.md' '*.dts' '*.txt' | grep -zv '^tools/lint.sh$' |
	xargs -0 -r grep -nE "$forbidden" /dev/null && complain 'words that must not be there'

files '*.py' | xargs -0 -r /usr/bin/python3 -B -c '
import ast, sys
wrong = 0
for name in sys.argv[1:]:
    try:
        with open(name, encoding="utf-8") as text:
            ast.parse(text.read(), name)
    except (SyntaxError, UnicodeDecodeError) as error:
        wrong = 1
        print(f"{name}: {error}", file=sys.stderr)
sys.exit(wrong)' || complain 'syntax of Python'

exit "$status"
