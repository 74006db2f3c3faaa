#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# arm64 Debian packages on a machine of any architecture: downloaded with the machine's own apt sources through an
# apt state of our own (no root, no `dpkg --add-architecture`), unpacked, never run.
#
#   debian.sh download <dir>         update the package index, download all lists' packages below <dir>
#   debian.sh sources <dir>          <dir>/apt/sources.d: the machine's apt sources of Debian, for tests/fresh
#   debian.sh unpack-dev <dir>       <dir>/dev: libfdt and kernel headers, made usable on this machine
#   debian.sh unpack-root <dir>      <dir>/root: the service-VM's root file system tree
#   debian.sh add <dir> <name>       <dir>/<name>: downloads and unpacks the packages of <name>.list with what they depend on,
#                                    less what <dir>/root has
#
# Run with a writable <dir>; the lists are images/packages/*.list. In <dir>:
#
#   debs/            files of packages, whole or begun; a download that was cut off goes on where it stopped
#   sets/<name>      the files of a tree with their hashes, written when all of them are whole
#   <name>/          the tree, under this name only when it is complete
#   kernel           what tools/choose_kernel.py has chosen
#   kernel-release
set -euo pipefail

tools=$(realpath "$(dirname "$0")")
lists=$tools/../images/packages
verb=${1-}
[ -n "${2-}" ] || verb=usage
dir=$(realpath -m "${2-.}")
arch=arm64
host_arch=$(dpkg --print-architecture)

apt_opts=(
	-o Dir::State="$dir/apt/state" -o Dir::State::status="$dir/apt/status"
	-o Dir::Cache="$dir/apt/cache" -o Dir::Cache::archives="$dir/debs/"
	-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin
	-o Dir::Etc::sourcelist="$dir/apt/none.list" -o Dir::Etc::sourceparts="$dir/apt/sources.d"
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
	-o APT::Architecture="$arch" -o APT::Architectures="$arch,$host_arch"
	-o APT::Install-Recommends=false -o APT::Get::Assume-Yes=true
	-o APT::Sandbox::User=root -o Debug::NoLocking=true -o Acquire::Languages=none
	-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o APT::Update::Post-Invoke::=true
)

# The machine's sources that carry Debian itself, without third-party ones and without architecture limits.
copy_sources() {
	local entry file list='' parts='' n=0

	rm -rf "$dir/apt/sources.d"
	mkdir -p "$dir"/apt/{sources.d,state/lists/partial,cache,none/partial} "$dir"/{debs/partial,sets}
	: > "$dir/apt/status"
	: > "$dir/apt/none.list"
	entry=$(apt-get indextargets --format "\$(ORIGIN)|\$(SOURCESENTRY)" | sed -n 's/^Debian|//p' | sed 's/:[0-9]*$//' |
		sort -u)
	if [ -z "$entry" ]; then
		# No index was ever fetched on this machine, so apt cannot say whose sources these are.
		eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
		entry=$(grep -lE '^[^#]*(://|/)[^ ]*debian' "$list" "$parts"*.{list,sources} 2>/dev/null || :)
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

# The packages of a list, the chosen kernel's in place of @NAMES@.
read_list() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$lists/$1.list" |
		sed -f <(sed 's|\(.*\) \(.*\)|s/@\1@/\2/|' "$dir/kernel")
}

# The files with the package indexes of all suites.
indexes() {
	apt-get "${apt_opts[@]}" indextargets --format "\$(FILENAME)" 'Created-By: Packages'
}

# Of the series that linux-image-arm64 stands for: Debian 12, for one, has two.
choose_kernel() {
	local like

	like=$(apt-cache "${apt_opts[@]}" show --no-all-versions "linux-image-$arch:$arch" 2>/dev/null |
		sed -n 's/^Version: //p') || :
	indexes | xargs -d '\n' /usr/lib/apt/apt-helper "${apt_opts[@]}" cat-file |
		/usr/bin/python3 -B "$tools/choose_kernel.py" --arch "$arch" --build-arch "$host_arch" ${like:+--like "$like"} \
			> "$dir/kernel.new"
	mv "$dir/kernel.new" "$dir/kernel"
}

# list_set <name> install|download <package>...: <dir>/sets/<name>.new, the files apt takes for them, as sha256sum checks them.
list_set() {
	local name=$1 verb=$2
	shift 2

	apt-get "${apt_opts[@]}" -o Dir::Cache::archives="$dir/apt/none/" -o Acquire::ForceHash=SHA256 -qq --print-uris "$verb" "$@" |
		sed -n "s/^'[^']*' \([^ ]*\) [0-9]* SHA256:\([0-9a-f]*\)$/\2  \1/p" > "$dir/sets/$name.new"
}

# finish_set <name>: its files are whole. apt looks only at the size of a file that is there already.
finish_set() {
	local damaged

	cd "$dir/debs"
	if ! damaged=$(sha256sum --check --quiet "$dir/sets/$1.new" 2>/dev/null); then
		sed -n 's/: FAILED.*//p' <<< "$damaged" | xargs -r -d '\n' rm -f
		echo "debian.sh: packages are missing or damaged: $(wc -l <<< "$damaged")" >&2
		return 1
	fi
	mv "$dir/sets/$1.new" "$dir/sets/$1"
}

fetch_all() {
	local dev root

	choose_kernel
	mapfile -t dev < <(read_list dev)
	mapfile -t root < <(read_list service-vm)
	echo "debian.sh: downloading arm64 packages (kernel $(sed -n 's/^RELEASE //p' "$dir/kernel"))"
	list_set dev download "${dev[@]}"
	list_set root install "${root[@]}"
	cd "$dir/debs"
	apt-get "${apt_opts[@]}" -qq download "${dev[@]}"
	apt-get "${apt_opts[@]}" -q --download-only install "${root[@]}"
	finish_set dev
	finish_set root
	sed -n 's/^RELEASE //p' "$dir/kernel" > "$dir/kernel-release"
	# What no tree is made of any more.
	{ cut -d ' ' -f 3 "$dir"/sets/*; echo partial; } > "$dir/sets.files"
	find . -mindepth 1 -maxdepth 1 -printf '%f\n' | { grep -vxF -f "$dir/sets.files" || :; } | xargs -r -d '\n' rm -rf
	rm -f "$dir/sets.files" partial/*
}

# The packages of a list and those they depend on, less what the root file system has. Its kernel is none of them.
fetch_added() {
	local all added

	mapfile -t all < <({ read_list service-vm; read_list "$1"; } | grep -v "^$(sed -n 's/^IMAGE //p' "$dir/kernel")$")
	list_set "$1" install "${all[@]}"
	mapfile -t added < <(cut -d ' ' -f 3 "$dir/sets/$1.new" | cut -d _ -f 1 |
		grep -vxF -f <(cut -d ' ' -f 3 "$dir/sets/root" | cut -d _ -f 1))
	list_set "$1" download "${added[@]}"
	cd "$dir/debs"
	apt-get "${apt_opts[@]}" -qq download "${added[@]}"
	finish_set "$1"
}

update() {
	apt-get "${apt_opts[@]}" -q --error-on=any update
}

unreachable() {
	cat >&2 <<-'END'
	debian.sh: the package indexes of this machine's Debian mirrors cannot be had, see above. Is the network up?
	Behind a proxy, set it for apt (Acquire::http::Proxy in /etc/apt/apt.conf) or in the environment (http_proxy).
	What is downloaded stays; the same command again goes on from there.
	END
	exit 1
}

# Runs a verb of ours. A mirror that changed since the index was made gets one more try with a new index.
with_index() {
	"$0" "$@" && return
	update || unreachable
	"$0" "$@" && return
	echo "debian.sh: not all packages can be had, see above. What is downloaded stays; try again later." >&2
	exit 1
}

# A file system tree, <dir>/<name>.new, out of the packages of a set.
unpack_set() {
	local tree=$dir/$1.new deb

	[ -f "$dir/sets/$1" ] || {
		echo "debian.sh: the packages in $dir are not whole; make deps downloads them" >&2
		return 1
	}
	while read -r _ deb; do
		dpkg-deb --fsys-tarfile "$dir/debs/$deb" | tar -C "$tree" -x --keep-directory-symlink --no-same-owner
	done < "$dir/sets/$1"
}

begin_tree() {
	rm -rf "${dir:?}/$1" "$dir/$1.new"
	mkdir -p "$dir/$1.new"
}

finish_tree() {
	mv "$dir/$1.new" "$dir/$1"
}

# A Debian system's tree, for images.
unpack_system() {
	local tree=$dir/$1.new name

	mkdir -p "$tree/usr/bin" "$tree/usr/sbin" "$tree/usr/lib"
	for name in bin sbin lib; do
		ln -s "usr/$name" "$tree/$name"
	done
	unpack_set "$1"
	# Nobody reads manuals there, and images are built often.
	rm -rf "$tree"/usr/share/{doc,man,info,locale,lintian,bug,icons,applications,bash-completion,perl,common-licenses}
}

# Debian's kernel headers name each other, and the build tools, by the paths of an installed system.
mend_headers() {
	local kver=$1 src=$dir/dev.new/usr/src lib=$dir/dev.new/usr/lib wanted

	sed -i "s,/usr/src/,\$(dir \$(lastword \$(MAKEFILE_LIST)))../," "$src/linux-headers-$kver/Makefile"
	ln -sfn "linux-headers-$kver" "$src/kernel"
	# The tools may be another version's.
	wanted=$(basename "$(dirname "$(readlink "$src/linux-headers-$kver/scripts")")")
	[ -e "$lib/$wanted" ] || (cd "$lib" && ln -s linux-kbuild-* "$wanted")
}

case $verb in
sources)
	copy_sources
	;;
download)
	copy_sources
	update || [ -n "$(indexes)" ] || unreachable
	with_index fetch "$dir"
	;;
fetch)
	fetch_all
	;;
add)
	with_index fetch-added "$dir" "$3"
	begin_tree "$3"
	unpack_system "$3"
	finish_tree "$3"
	;;
fetch-added)
	fetch_added "$3"
	;;
unpack-dev)
	begin_tree dev
	unpack_set dev
	mend_headers "$(cat "$dir/kernel-release")"
	finish_tree dev
	;;
unpack-root)
	begin_tree root
	unpack_system root
	/sbin/depmod -b "$dir/root.new" "$(cat "$dir/kernel-release")"
	finish_tree root
	;;
*)
	sed -n '3,13p' "$0" >&2
	exit 2
	;;
esac
