#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes sure the Debian packages of a list (default: images/packages/build-machine.list) are installed. As root, or where sudo asks for
# no password or can ask for one, it installs what is missing; elsewhere it prints the command and fails.
set -eu

list=${1:-$(dirname "$0")/../images/packages/build-machine.list}
wanted=$(sed -e 's/#.*//' "$list" | xargs)

if ! command -v dpkg-query >/dev/null; then
	echo "Selkie builds on Debian 12 (dpkg-query was not found). Its packages there:" >&2
	echo "$wanted" >&2
	exit 1
fi

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -x installed | head -n 1) || :
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	sudo=sudo
else
	echo "Selkie needs Debian packages that are not installed. As root, run:" >&2
	echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

install() {
	# shellcheck disable=SC2086 # a list of words
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q -y \
		install --no-install-recommends $missing
}

echo "Installing:$missing"
# The package index may be absent or too old to find the files.
if ! install; then
	$sudo apt-get -o DPkg::Lock::Timeout=600 -q update
	install
fi
