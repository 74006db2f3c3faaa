#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh <list>...: makes sure the Debian packages of lists (images/packages) are installed. As root, or where sudo asks
# for no password or can ask for one, it installs what is missing; elsewhere it prints the command and fails.
set -eu

wanted=$(sed -e 's/#.*//' "$@" | xargs)

if ! command -v dpkg-query >/dev/null; then
	echo "Selkie builds on Debian (dpkg-query was not found). Its packages there:" >&2
	echo "$wanted" >&2
	exit 1
fi

# Of several names for one package apt finds each release's by the first.
# shellcheck disable=SC2046 # a list of words
missing=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(echo "$wanted" | tr '|' ' ') 2>/dev/null || :; } |
	awk -v wanted="$wanted" '
		$1 == "installed" { have[$2] = 1 }
		END {
			n = split(wanted, entries, " ")
			for (i = 1; i <= n; i++) {
				found = 0
				for (j = split(entries[i], names, "|"); j > 0; j--)
					if (names[j] in have) found = 1
				if (!found) printf " %s", names[1]
			}
		}')
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
