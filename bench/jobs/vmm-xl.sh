# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced by user-vm.sh
# The user-VM as a domU of Xen, this Linux being dom0 (prepare-xen.sh). Its disk is the same file as with QEMU, behind a loop
# device and xen-blkback; its network is xen-netback at the same bridge. There is no 9p: tools and jobs are on a second disk, in
# RAM, and it leaves results on the first one when everything is measured.
PATH=$PATH:$(echo /usr/lib/xen-[0-9]*/bin)
xl=''
tools=$work/tools.img
loops=()

# A file system with the tools guest.sh needs and the jobs.
make_tools() {
	local tree=$work/tools program

	mkdir -p "$tree"/{dev,proc,sys,tmp,usr/bin,usr/lib,mnt/disk,mnt/share/out}
	for program in bin lib; do
		ln -s usr/$program "$tree/$program"
	done
	cp -r "$jobs" "$tree/mnt/share/jobs"
	for program in cat dash fio iperf3 rm seq; do
		program=$(command -v $program)
		cp "$program" "$tree/usr/bin"
		ldd "$program" | grep -o '/[^ ]*'
	done | sort -u | (cd "$tree" && xargs cp -L --parents -t .)
	ln -s dash "$tree/usr/bin/sh"
	truncate -s 256M "$tools"
	mke2fs -q -t ext4 -O ^has_journal -d "$tree" "$tools"
	rm -r "$tree"
}

vm_prepare() {
	loops+=("$(losetup -f --show "$disk")")
	[ "$kind" != boot ] || return 0
	make_tools
	loops+=("$(losetup -f --show -r "$tools")")
}

vm_start() {
	local disks='' name=xvda access=rw loop

	for loop in "${loops[@]}"; do
		disks+="\"vdev=$name,format=raw,access=$access,script=$jobs/xen-hotplug.sh,target=$loop\", "
		name=xvdb access=ro
	done
	cat > "$work/user-vm.cfg" <<- END
		name = "user-vm"
		kernel = "$guest/Image"
		ramdisk = "$1"
		extra = "console=hvc0 quiet panic=-1 user.ip=10.77.0.3/24 $2"
		memory = 256
		vcpus = 1
		on_reboot = "destroy"
		on_crash = "destroy"
		disk = [ $disks ]
		vif = [ "mac=52:54:00:77:00:03,bridge=br0,script=$jobs/xen-hotplug.sh" ]
	END
	echo "xl create -q -F; $(tr -s '\n\t' ' ' < "$work/user-vm.cfg")" > "$out/command"
	# xl's own console (-c) would wait a second before the start.
	ln -sf "$work/console" /var/log/xen/console/guest-user-vm.log
	xl create -q -F "$work/user-vm.cfg" > >(grep --line-buffered -v '^Waiting for domain' > "$work/console") 2>&1 < /dev/null &
	xl=$!
	exec 3< "$work/console"
}

vm_wait() {
	wait "$xl"
	xl=''
	exec 3<&-
}

vm_stop() {
	xl destroy user-vm
	wait "$xl" || true
	xl=''
	exec 3<&-
}

vm_results() {
	mkdir "$work/disk"
	mount "${loops[0]}" "$work/disk"
	cp "$work"/disk/*.json "$out"
	umount "$work/disk"
}

vm_clean() {
	[ -z "$xl" ] || xl destroy user-vm || true
	! mountpoint -q "$work/disk" || umount "$work/disk"
	[ ${#loops[@]} = 0 ] || losetup -d "${loops[@]}" || true
}
