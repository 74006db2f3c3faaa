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

# sudo does not hand on the proxy that the caller has set for apt.
root_apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		${no_proxy:+no_proxy="$no_proxy"} apt-get -o DPkg::Lock::Timeout=600 -q "$@"
}

install() {
	# shellcheck disable=SC2086 # a list of words
	root_apt -y install --no-install-recommends $missing
}

echo "Installing:$missing"
# The package index may be absent or too old to find the files.
install || { root_apt update && install; } || {
	echo "Not all packages could be installed, see above. Is the network up? Behind a proxy, set it for apt" >&2
	echo "(Acquire::http::Proxy in /etc/apt/apt.conf) or in the environment (http_proxy)." >&2
	exit 1
}
