#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check_tree.sh <build folder>: can Selkie be built in this work tree and into this folder? Runs in the tree, before
# anything else of it. Says on stderr what is wrong and what to do, and exits 2.
set -u

build=$1
# In MiB: the packages, unpacked and in images, take 2.2 GiB; what is built beside them 0.5 GiB.
first_need=3072 later_need=256

fail() {
	printf 'Selkie cannot be built here: %s\n' "$@" >&2
	exit 2
}

# make, the kernel's build system and QEMU's options each take some characters for their own.
for folder in "$(pwd -P)" "$build"; do
	case $folder in
	*[[:space:]\!\"\#\$%\&\'\(\)\*,:\;\<=\>?\[\\\]^\`\{\|\}]*)
		fail "the folder name '$folder' has a space or special character in it.
Move the tree, or set BUILD=<folder>, so that the name consists of letters, digits and . _ - + @ ~ only." ;;
	esac
done

for script in tools/debian.sh tools/run.py; do
	[ -x "$script" ] || fail "$script may not be executed.
The tree must be on a file system with execute bits, mounted without noexec, as git checked it out (core.fileMode)."
done

# What was tried stays as the proof for the next time.
[ -d "$build/probe" ] || mkdir -p "$build/probe" 2>/dev/null
[ -w "$build/probe" ] || fail "there is no writing to the folder $build.
Make it writable for this user, or set BUILD=<folder>."
[ -e "$build/probe/script" ] || { printf '#!/bin/sh\n' > "$build/probe/script" && chmod 755 "$build/probe/script"; } 2>/dev/null
[ -x "$build/probe/script" ] || fail "the file system of $build has no execute bits, or is mounted with noexec.
Move the tree, or set BUILD=<folder>, to a file system of Linux (ext4, xfs, btrfs)."
[ -L "$build/probe/link" ] || ln -s script "$build/probe/link" 2>/dev/null
[ -L "$build/probe/link" ] || fail "the file system of $build has no symbolic links.
Move the tree, or set BUILD=<folder>, to a file system of Linux (ext4, xfs, btrfs)."

need=$later_need
[ -f "$build/debian/stamp-root" ] || need=$first_need
# shellcheck disable=SC2046 # two words, a heading and a number
set -- $(df -BM --output=avail "$build")
free=${2%M}
[ "$free" -ge "$need" ] || fail "$build has $free MiB of free disk, $need MiB are needed.
Free some, or set BUILD=<folder> to a folder on another disk."
