#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# On a minimal Debian, as root: Selkie's first commands, by an ordinary user and by root. Prints TAP; status 0: all is right.
set -u
bundle=/srv/selkie.bundle
n=0
failed=0

check() { # <what> <file to show if not> <command that tells>
	what=$1 file=$2
	shift 2
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what: $*"
		sed 's/^/# /' "$file"
		failed=1
	fi
}

as_user() {
	setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/user "$@"
}

echo 'user:x:1000:1000::/home/user:/bin/sh' >> /etc/passwd
install -d -o 1000 -g 1000 /home/user
log=/srv/log
echo "# Debian $(cat /etc/debian_version), $(make --version | head -n 1), no compiler: $(command -v gcc || echo none)"

# --- an ordinary user on the machine as it is --------------------------------------------------
as_user git clone -q "$bundle" /home/user/selkie
cd /home/user/selkie || exit 1
cat > /srv/wanted <<END
Selkie needs Debian packages that are not installed. As root, run:
  apt-get update && apt-get install --no-install-recommends
END
grep -o '\<make [a-z][a-z-]*' tools/help.txt | cut -d ' ' -f 2 | sort -u > /srv/goals
while read -r goal; do
	as_user make "$goal" DEMO=1 > $log 2>&1 < /dev/null
	status=$?
	case $goal in
	help | clean | distclean) check "make $goal needs no packages" $log [ $status = 0 ] ;;
	*)
		sed 's/ *--no-install-recommends .*/ --no-install-recommends/' $log > /srv/got
		check "make $goal without packages fails" $log [ $status != 0 ]
		check "make $goal: their list and nothing else" $log cmp -s /srv/got /srv/wanted
		;;
	esac
done < /srv/goals

# --- root: the README's first command ----------------------------------------------------------
git clone -q "$bundle" /root/selkie
cd /root/selkie || exit 1
make run DEMO=1 > $log 2>&1 < /dev/null
check "make run DEMO=1 as root, first command" $log [ $? = 0 ]
check "the user-VM finds its disk and network" $log [ "$(grep -c '^ok: ' $log)" = 3 ]
make run CMD='uname -r; exit 7' > /srv/out 2> $log < /dev/null
check "make run CMD: the command's status" $log [ $? = 7 ]
check "make run CMD: the command's output" $log [ "$(wc -l < /srv/out)" = 1 ]
echo "# service-VM: Linux $(cat /srv/out)"

# --- the user, now that the packages are there -------------------------------------------------
rm -rf /home/user/selkie/build
cp -a build /home/user/selkie/build
chown -R 1000:1000 /home/user/selkie/build
cd /home/user/selkie || exit 1
as_user make run CMD='exit 7' > /srv/out 2> $log < /dev/null
check "make run CMD as an ordinary user" $log [ $? = 7 ]
as_user make -j"$(nproc)" check > $log 2>&1 < /dev/null
check "make check" $log [ $? = 0 ]
grep ' passed, ' $log | tail -n 1 | sed 's/^/# /'

echo "1..$n"
exit $failed
