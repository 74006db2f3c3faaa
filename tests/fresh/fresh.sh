#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fresh.sh <folder> <suite>: makes a minimal Debian of that suite (bookworm, trixie) with make, git and certificates, and runs
# inside.sh there with a clone of this tree's HEAD. The root is gone afterwards; packages that were downloaded for it stay in
# <folder>/archives-<suite> for the next time. As root in a chroot, otherwise in a user namespace (mmdebstrap's mode unshare: the
# user has entries in /etc/subuid and /etc/subgid, and <folder> can be entered by everybody).
set -euo pipefail

[ $# = 2 ] || { sed -n '3,4p' "$0" >&2; exit 2; }
here=$(realpath "$(dirname "$0")")
mkdir -p "$1"
dir=$(realpath "$1")
suite=$2
archives=$dir/archives-$suite
mkdir -p "$archives" "$dir/tmp"

# The machine's own sources, with the suite's name in the place of its release's.
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
"$here/../../tools/debian.sh" sources "$dir/$suite"
grep -qrw "$own" "$dir/$suite/apt/sources.d" || { echo "fresh.sh: no apt source names $own" >&2; exit 1; }
sed -i "s/\<$own\>/$suite/g" "$dir/$suite/apt/sources.d/"*

git -C "$here/../.." diff --quiet HEAD || echo "fresh.sh: changes that are not committed take no part" >&2
git -C "$here/../.." bundle create -q "$dir/$suite/selkie.bundle" HEAD

# A proxy serves there as well. Nothing else of this machine's environment does.
environment='PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8'
for name in http_proxy https_proxy no_proxy; do
	environment+=${!name:+ $name=${!name}}
done

TMPDIR=$dir/tmp mmdebstrap --variant=apt --include=make,git,ca-certificates --format=null \
	--skip=essential/unlink,cleanup/apt/cache \
	--setup-hook="mkdir -p \"\$1/var/cache/apt/archives/partial\"" \
	--setup-hook="sync-in '$archives' /var/cache/apt/archives" \
	--customize-hook="copy-in '$dir/$suite/selkie.bundle' '$here/inside.sh' /srv" \
	--customize-hook="chroot \"\$1\" env -i $environment sh /srv/inside.sh || touch \"\$1/srv/failed\"" \
	--customize-hook="sync-out /var/cache/apt/archives '$archives'" \
	--customize-hook="test ! -e \"\$1/srv/failed\"" \
	"$suite" - "$dir/$suite/apt/sources.d/"*
