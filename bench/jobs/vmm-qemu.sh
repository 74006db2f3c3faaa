# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced by user-vm.sh
# The user-VM on unmodified QEMU and /dev/kvm. It finds tools and jobs in the service-VM's root file system and writes its
# results to us, both by virtio-9p.
qemu=''

vm_prepare() { :; }

vm_start() {
	local words vhost=off
	[ "$vmm" = qemu ] || vhost=on
	# shellcheck disable=SC2054 # QEMU's words have commas
	words=(qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=2 -m 256 -smp 1 -nodefaults -display none
		-serial stdio -monitor none -no-reboot -kernel "$guest/Image" -initrd "$1"
		-append "console=ttyAMA0 quiet panic=-1 user.ip=10.77.0.3/24 $2"
		-drive "if=none,id=disk,file=$disk,format=raw" -device virtio-blk-pci,drive=disk
		-netdev "tap,id=net,ifname=tap0,script=no,downscript=no,vhost=$vhost"
		-device virtio-net-pci,netdev=net,mac=52:54:00:77:00:03)
	# shellcheck disable=SC2054
	[ "$kind" = boot ] || words+=(
		-fsdev local,id=root,path=/run/bench/root,security_model=none,readonly=on -device virtio-9p-pci,fsdev=root,mount_tag=root
		-fsdev local,id=bench,path=/run/bench,security_model=none -device virtio-9p-pci,fsdev=bench,mount_tag=bench)
	echo "${words[*]}" > "$out/command"
	"${words[@]}" > "$work/console" 2>&1 < /dev/null &
	qemu=$!
	exec 3< "$work/console"
}

vm_wait() {
	wait "$qemu"
	qemu=''
	exec 3<&-
}

vm_stop() {
	kill "$qemu"
	wait "$qemu" || true
	qemu=''
	exec 3<&-
}

vm_results() { :; }

# Eight bytes for each page of 4 KiB. What may lie in one mapping with the RAM is data of QEMU's.
vm_pages() {
	local range access begin bytes
	while read -r range access _; do
		begin=$((16#${range%-*})) bytes=$((16#${range#*-} - begin))
		if [ "$access" = rw-p ] && [ $bytes -ge $((256 << 20)) ]; then
			dd if="/proc/$qemu/pagemap" bs=64K iflag=fullblock,skip_bytes,count_bytes status=none \
				skip=$((begin / 512)) count=$((bytes / 512))
			return
		fi
	done < "/proc/$qemu/maps"
	echo "QEMU has no mapping of the user-VM's size" >&2
	return 1
}

vm_clean() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
}
