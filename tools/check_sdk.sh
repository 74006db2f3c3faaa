#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check_sdk.sh <sdk dir> <board> <config>: is there what Selkie takes out of a Microkit SDK, and is that kernel
# configured the way Selkie needs it? Says what is wrong on stderr and exits 2.
set -u

sdk=$1 board=$2 config=$3
dir=$sdk/board/$board/$config
options=$dir/include/kernel/gen_config.json

fail() {
	echo "MICROKIT_SDK=$sdk cannot be used:" >&2
	printf '  %s\n' "$@" >&2
	exit 2
}

list() { # names of the folders in $1, on one line
	find "$1" -mindepth 1 -maxdepth 1 -type d -printf '%f ' 2>/dev/null
}

[ -d "$sdk" ] || fail "there is no folder $sdk" "It should be an unpacked Microkit SDK (with a folder board/ in it)."
[ -d "$sdk/board" ] || fail "there is no folder $sdk/board" "It should be an unpacked Microkit SDK."
[ -d "$sdk/board/$board" ] || fail "there is no folder $sdk/board/$board" \
	"MICROKIT_BOARD=$board; boards in this SDK: $(list "$sdk/board")"
[ -d "$dir" ] || fail "there is no folder $dir" \
	"MICROKIT_CONFIG=$config; configurations of this board: $(list "$sdk/board/$board")"
for file in "$dir/elf/sel4.elf" "$dir/include/sel4/sel4.h" "$dir/include/interfaces/sel4_client.h" "$options"; do
	[ -f "$file" ] || fail "there is no file $file"
done

wrong=
expect() { # <option> <value in the JSON file> <why>
	if ! grep -qE "\"$1\": *\"?$2\"?,?\$" "$options"; then
		found=$(sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",]*\).*/\1/p" "$options")
		wrong="$wrong
  $1 is ${found:-absent}, must be $2: $3"
	fi
}
expect SEL4_ARCH aarch64 'Selkie is for AArch64'
expect ARM_HYPERVISOR_SUPPORT true 'virtual machines need the kernel at EL2'
expect KERNEL_MCS true 'root and the VMMs use scheduling contexts and reply objects'
expect ALLOW_SMC_CALLS true 'root switches the machine off and on through the SMC capability'
expect EXPORT_PCNT_USER true 'the timer service reads the physical counter'
expect EXPORT_PTMR_USER true 'the timer service programs the physical timer'
expect DISABLE_WFI_WFE_TRAPS false 'an idle VM must give its processor back'
expect ARM_GIC_V3_SUPPORT false 'the virtual interrupt controller is a GICv2'
expect MAX_NUM_NODES 1 'only one core is supported'
expect VTIMER_UPDATE_VOFFSET false 'the virtual counter must run on while a VM does not'
[ -z "$wrong" ] || fail "its kernel for $board, $config, is configured differently than Selkie needs ($options):$wrong"
