#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In dom0, called by xl for each device of a domU: which block device xen-blkback shall use, which bridge the network is at.
# Debian's own scripts do more, most of it in shells, which would count for the time of a boot.
set -eu

case $XENBUS_TYPE-$1 in
vbd-add)
	xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$(xenstore-read "$XENBUS_PATH/params")")"
	;;
vif-online)
	# shellcheck disable=SC2154 # its name comes from xl
	ip link set "$vif" master "$(xenstore-read "$XENBUS_PATH/bridge")" up
	;;
*)
	exit
	;;
esac
xenstore-write "$XENBUS_PATH/hotplug-status" connected
