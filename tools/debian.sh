#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# arm64 Debian packages on a machine of any architecture: downloaded with the machine's own apt sources through an
# apt state of our own (no root, no `dpkg --add-architecture`), unpacked, never run.
#
#   debian.sh download <dir>         update the package index, download all lists' packages below <dir>
#   debian.sh unpack-dev <dir>       <dir>/dev: libfdt and kernel headers, made usable on this machine
#   debian.sh unpack-root <dir>      <dir>/root: the service-VM's root file system tree
#   debian.sh add <dir> <name>       <dir>/<name>: downloads and unpacks the packages of <name>.list with what they depend on,
#                                    less what <dir>/root has
#
# Run with a writable <dir>; the lists are images/packages/*.list.
set -euo pipefail

lists=$(realpath "$(dirname "$0")/../images/packages")
verb=$1
mkdir -p "$2"
dir=$(realpath "$2")
arch=arm64
host_arch=$(dpkg --print-architecture)

read_list() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$lists/$1"
}

apt_opts=(
	-o Dir::State="$dir/apt/state" -o Dir::State::status="$dir/apt/status"
	-o Dir::Cache="$dir/apt/cache"
	-o Dir::Etc::sourcelist="$dir/apt/none.list" -o Dir::Etc::sourceparts="$dir/apt/sources.d"
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
	-o APT::Architecture="$arch" -o APT::Architectures="$arch,$host_arch"
	-o APT::Install-Recommends=false -o APT::Get::Assume-Yes=true
	-o APT::Sandbox::User=root -o Debug::NoLocking=true -o Acquire::Languages=none
	-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o APT::Update::Post-Invoke::=true
)

# The machine's sources that carry Debian itself, without third-party ones and without architecture limits.
copy_sources() {
	local entry file n=0

	rm -rf "$dir/apt/sources.d"
	mkdir -p "$dir"/apt/{sources.d,state/lists/partial,cache/archives/partial}
	: > "$dir/apt/status"
	: > "$dir/apt/none.list"
	entry=$(apt-get indextargets --format "\$(ORIGIN)|\$(SOURCESENTRY)" | sed -n 's/^Debian|//p' | sed 's/:[0-9]*$//' |
		sort -u)
	if [ -z "$entry" ]; then
		entry=$(grep -lE '^[^#]*(://|/)[^ ]*debian' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || :)
	fi
	for file in $entry; do
		n=$((n + 1))
		sed -e '/^Architectures:/d' -e 's/arch=[^] ]* *//' -e 's/\[ *\]//' "$file" \
			> "$dir/apt/sources.d/$n.${file##*.}"
	done
	if [ "$n" = 0 ]; then
		echo "debian.sh: no Debian source found in /etc/apt/sources.list or /etc/apt/sources.list.d" >&2
		exit 1
	fi
}

# Names of the packages a meta package depends on, one a line.
depends() {
	apt-cache "${apt_opts[@]}" depends --important "$1" | sed -n 's/^ *Depends: //p'
}

kernel_release() {
	depends "linux-image-arm64:$arch" | sed -n 's/^linux-image-//p' | sed 's/:.*//' | head -n 1
}

fetch_all() {
	local kver kcommon kbuild

	kver=$(kernel_release)
	kcommon=${kver%-*}-common
	kbuild=$(apt-cache "${apt_opts[@]}" depends --important "linux-headers-$kver:$arch" |
		sed -n 's/^ *Depends: //p' | grep '^linux-kbuild-' | sed 's/:.*//')
	local version
	version=$(apt-cache "${apt_opts[@]}" show "linux-headers-$kver:$arch" | sed -n 's/^Version: //p' | head -n 1)

	rm -rf "$dir/debs"
	mkdir -p "$dir/debs/dev" "$dir/debs/root"
	echo "debian.sh: downloading arm64 packages (kernel $kver, $version)"
	(
		cd "$dir/debs/dev"
		# Debian's kernel headers come with host tools for arm64; this machine's tools of the series serve as well.
		read_list dev.list | sed -e "s/@KVER@/$kver/;s/@KCOMMON@/$kcommon/" |
			xargs apt-get "${apt_opts[@]}" -qq download
		apt-get "${apt_opts[@]}" -qq download "$kbuild:$host_arch"
	)
	read_list service-vm.list | xargs apt-get "${apt_opts[@]}" -q --download-only install
	mv "$dir"/apt/cache/archives/*.deb "$dir/debs/root/"
	echo "$kver" > "$dir/kernel-release"
}

# The packages of a list and those they depend on, less what the root file system has.
fetch_added() {
	rm -rf "$dir/debs/$1"
	mkdir -p "$dir/debs/$1"
	cd "$dir/debs/$1"
	{ read_list service-vm.list; read_list "$1.list"; } |
		xargs apt-get "${apt_opts[@]}" -qq --print-uris install | cut -d ' ' -f 2 | sed 's/_.*//' |
		while read -r name; do
			compgen -G "$dir/debs/root/${name}_*" > /dev/null || echo "$name"
		done | xargs apt-get "${apt_opts[@]}" -qq download
}

# Runs a verb of ours. A mirror that changed since the index was made gets one more try with a new index.
with_index() {
	"$0" "$@" || {
		apt-get "${apt_opts[@]}" -q update
		"$0" "$@"
	}
}

unpack() {
	dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -x --keep-directory-symlink --no-same-owner
}

# A file system tree, <dir>/<name>, out of the packages in <dir>/debs/<name>.
unpack_tree() {
	local tree=$dir/$1 deb name

	rm -rf "$tree"
	mkdir -p "$tree/usr/bin" "$tree/usr/sbin" "$tree/usr/lib"
	for name in bin sbin lib; do
		ln -s "usr/$name" "$tree/$name"
	done
	for deb in "$dir/debs/$1"/*.deb; do
		unpack "$deb" "$tree"
	done
	# Nobody reads manuals there, and images are built often.
	rm -rf "$tree"/usr/share/{doc,man,info,locale,lintian,bug,icons,applications,bash-completion,perl,common-licenses}
}

case $verb in
download)
	copy_sources
	apt-get "${apt_opts[@]}" -q update
	with_index fetch "$dir"
	;;
fetch)
	fetch_all
	;;
add)
	with_index fetch-added "$dir" "$3"
	unpack_tree "$3"
	;;
fetch-added)
	fetch_added "$3"
	;;
unpack-dev)
	rm -rf "${dir:?}/dev"
	mkdir -p "$dir/dev"
	for deb in "$dir"/debs/dev/*.deb; do
		unpack "$deb" "$dir/dev"
	done
	kver=$(cat "$dir/kernel-release")
	src=$dir/dev/usr/src
	# The headers name each other by absolute paths of an installed system.
	sed -i "s,/usr/src/,\$(dir \$(lastword \$(MAKEFILE_LIST)))../," "$src/linux-headers-$kver/Makefile"
	ln -sfn "linux-headers-$kver" "$src/kernel"
	;;
unpack-root)
	unpack_tree root
	/sbin/depmod -b "$dir/root" "$(cat "$dir/kernel-release")"
	;;
*)
	sed -n '3,12p' "$0" >&2
	exit 2
	;;
esac
