# SPDX-License-Identifier: BSD-2-Clause
"""The table of devices: what each row starts, moves and checks. test_virtio.py runs it, docs/devices.md shows it."""

import os
import re
import struct
import wave

# Transports: the ending of QEMU's device names, of vhost-user's
TRANSPORTS = {"mmio": ("device", ""), "pci": ("pci", "-pci")}
# User-VMs: their transports, vCPUs, words of the machine. Two vCPUs and an SMMU only where they matter: they are slow.
VMS = {"mmio": (["mmio"], 1, ""), "pci": (["pci"], 1, ""), "smp": (["mmio", "pci"], 2, ",iommu=smmuv3")}
MEMORY_MIB = 256


class Row:
    """One device with one back end.

    words   of QEMU's command line; {t} is the transport's ending of device names, {e} that of vhost-user's
    setup   shell text for the service-VM before (tests/virtio/host.sh)
    guest   shell text of the user-VM (tests/virtio/guest.sh), @t is the ending again; the device works when it ends with status 0
    vm      the user-VM it needs; otherwise that of its transport
    only    the one transport that it has, with the reason for the other
    absent  why neither is there
    lacking how the reason is checked: ("qemu", device it does not have), ("kernel", option not set in the guest's),
            ("memory", device that is no memory device without PCI)
    check   function of the folder that the service-VM left files in (`left`); says what is wrong
    """

    def __init__(self, device, back_end, moved="-", checked="-", words="", setup="", guest="", vm=None, only=None,
                 absent=None, lacking=(), check=None):
        self.device, self.back_end, self.moved, self.checked = device, back_end, moved, checked
        self.words, self.setup, self.guest = words, setup, guest
        self.vm, self.only, self.absent, self.lacking, self.check = vm, only, absent, lacking, check

    @property
    def name(self):
        """For file names and test names: words of device and back end."""
        return "-".join(re.findall(r"[\w-]+", f"{self.device} {self.back_end}"))

    def on(self, transport):
        return not self.absent and (not self.only or self.only[0] == transport)


SUMS = "SHA-256 on both sides"
EXITS = "; over PCI less than one return of KVM_RUN in 50"

TAP = """
ip link add br-{0} type bridge; ip address add 192.168.{1}.1/24 dev br-{0}; ip link set br-{0} up
ip tuntap add dev t-{0} mode tap; ip link set t-{0} master br-{0}; ip link set t-{0} up
teardown+="ip link del t-{0}; ip link del br-{0}; "
"""


def disk(name, fmt="raw", more=""):
    return f"-drive if=none,id={name},file={name}.img,format={fmt}{more}"


PORT = ("-chardev socket,id={0},path={0}.sock,server=on,wait=on "
        "-device virtserialport,bus=serial.0,chardev={0},name={0} ")
PORT_SETUP = "helper socat UNIX-CONNECT:{0}.sock,retry=2000,interval=0.05 SYSTEM:'bash stream {1}'\n"

TONE_FRAMES, TONE_PERIOD, TONE_STEP = 22050, 100, 200


def check_tone(folder):
    """The saw-tooth of virtio-tool stands in the WAV file, both channels of it."""
    with wave.open(os.path.join(folder, "tone.wav")) as file:
        data = file.readframes(file.getnframes())
    frames = list(struct.iter_unpack("<hh", data[:len(data) // 4 * 4]))
    low = -TONE_PERIOD * TONE_STEP // 2
    follow = sum(1 for (left, right), (then, other) in zip(frames, frames[1:])
                 if right == -left and other == -then and left != then
                 and (then == left + TONE_STEP or (then == low and left == low + (TONE_PERIOD - 1) * TONE_STEP)))
    if follow < TONE_FRAMES * 95 // 100:
        return f"{follow} of {TONE_FRAMES} frames in {len(frames)}"
    return None


ROWS = [
    Row("net", "user", "1 MiB each way over HTTP", SUMS,
        "-netdev user,id=user -device virtio-net-{t},netdev=user,mac=52:54:00:aa:00:01",
        guest="nic 01 10.0.2.15/24\ntransferred 10.0.2.2"),
    Row("net", "tap", "1 MiB each way over HTTP", SUMS,
        "-netdev tap,id=tap,ifname=t-tap,script=no,downscript=no,vhost=off "
        "-device virtio-net-{t},netdev=tap,mac=52:54:00:aa:00:02",
        setup=TAP.format("tap", 77), guest="nic 02 192.168.77.2/24\ntransferred 192.168.77.1"),
    Row("net", "vhost", "1 MiB each way over HTTP", SUMS + EXITS,
        "-netdev tap,id=vhost,ifname=t-vhost,script=no,downscript=no,vhost=on "
        "-device virtio-net-{t},netdev=vhost,mac=52:54:00:aa:00:03",
        setup=TAP.format("vhost", 78),
        guest="""
nic 03 192.168.78.2/24
host mark
transferred 192.168.78.1
set -- $(cat /sys/class/net/"$name"/statistics/[rt]x_packets) $(host spent)
few_exits @t $(($1 + $2)) "$3" "$4" "$5"
"""),
    Row("blk", "raw", "1 MiB written, read", SUMS,
        disk("raw") + " -device virtio-blk-{t},drive=raw,serial=raw",
        setup="truncate -s 16M raw.img", guest="written $(disk raw) 'head -c 1048576 raw.img'"),
    Row("blk", "qcow2", "1 MiB written, read", SUMS,
        disk("qcow2", "qcow2") + " -device virtio-blk-{t},drive=qcow2,serial=qcow2",
        setup="qemu-img create -q -f qcow2 qcow2.img 64M",
        guest="written $(disk qcow2) "
              "'qemu-img dd -U -f qcow2 -O raw bs=1M count=1 if=qcow2.img of=qcow2.raw && cat qcow2.raw'"),
    Row("blk", "multiqueue", "512 KiB written by each CPU", SUMS,
        disk("queues-{t}") + " -device virtio-blk-{t},drive=queues-{t},serial=queues-{t},num-queues=2",
        setup="truncate -s 16M queues-@t.img",
        guest="""
disk=$(disk queues-@t)
same queues "$(ls "/sys/block/${disk#/dev/}/mq" | tr '\\n' ' ')" '0 1 '
for cpu in 0 1; do
	taskset $((1 << cpu)) dd if=/data of="$disk" bs=128k count=4 skip=$((4 * cpu)) seek=$((4 * cpu)) oflag=direct 2>/dev/null
done
same written "$(host 'head -c 1048576 queues-@t.img | sum')" "$(sum < /data)"
""", vm="smp"),
    Row("blk", "discard", "1 MiB written, 512 KiB discarded", "the file in the service-VM shrinks, reads give zeros",
        disk("discard", more=",discard=unmap") + " -device virtio-blk-{t},drive=discard,serial=discard",
        setup="truncate -s 16M discard.img",
        guest="""
disk=$(disk discard)
written "$disk" 'head -c 1048576 discard.img'
before=$(host 'stat -c %b discard.img')
blkdiscard -o 0 -l 524288 "$disk"
same blocks "$(host 'stat -c %b discard.img')" $((before - 1024))
same zeros "$(dd if="$disk" bs=512k count=1 iflag=direct 2>/dev/null | sum)" "$(head -c 524288 /dev/zero | sum)"
same kept "$(dd if="$disk" bs=512k skip=1 count=1 iflag=direct 2>/dev/null | sum)" "$(tail -c 524288 /data | sum)"
"""),
    Row("blk", "vhost-user-blk (qemu-storage-daemon)", "1 MiB written, read; 256 requests", SUMS + EXITS,
        "-chardev socket,id=vub,path=vub.sock -device vhost-user-blk{e},chardev=vub,num-queues=1",
        setup="truncate -s 16M vub.img\n"
              "helper qemu-storage-daemon --blockdev file,node-name=vub,filename=vub.img "
              "--export type=vhost-user-blk,id=vub,node-name=vub,addr.type=unix,addr.path=vub.sock,writable=on\n"
              "until [ -S vub.sock ]; do sleep 0.05; done",
        guest="""
disk=$(disk vhost_user_blk)
written "$disk" 'head -c 1048576 vub.img'
host mark
dd if="$disk" of=/dev/null bs=4k count=256 iflag=direct 2>/dev/null
few_exits @t 256 $(host spent)
"""),
    Row("scsi", "raw", "1 MiB written, read", SUMS,
        disk("scsi") + " -device virtio-scsi-{t},id=scsi -device scsi-hd,bus=scsi.0,drive=scsi",
        setup="truncate -s 16M scsi.img",
        guest="modprobe sd_mod\nwait_for test -b /dev/sda\nwritten /dev/sda 'head -c 1048576 scsi.img'"),
    Row("console", "ports", "64 KiB each way through each of two ports", SUMS,
        PORT.format("one") + PORT.format("two"), setup=PORT_SETUP.format("one", 65536) + PORT_SETUP.format("two", 65536),
        guest="""
for port in one two; do
	exec 4<> "$(port_dev $port)"
	cat /small >&4
	answered 65536
	exec 4<&-
done
"""),
    Row("console", "console", "4 KiB each way through /dev/hvc0", SUMS,
        "-chardev socket,id=hvc,path=hvc.sock,server=on,wait=on -device virtconsole,bus=serial.0,chardev=hvc",
        setup=PORT_SETUP.format("hvc", 4096),
        guest="exec 4<> /dev/hvc0\nstty raw -echo -F /dev/hvc0\nhead -c 4096 /small >&4\nanswered 4096"),
    Row("rng", "known stream", "500 bytes", "numbers that the service-VM counts up follow each other",
        "-object rng-random,id=rng,filename=rng.fifo -device virtio-rng-{t},rng=rng",
        setup="mkfifo rng.fifo; helper bash -c 'seq 1000000 9999999 > rng.fifo'",
        guest="""
same source "$(cut -d. -f1 /sys/class/misc/hw_random/rng_current)" virtio_rng
head -c 500 /dev/hwrng | awk '$1 == last + 1 { n++ } { last = $1 } END { print n " in a row"; exit n < 40 }'
"""),
    Row("balloon", "QMP", "32 MiB given up, taken back", "MemTotal; QEMU's memory shrinks; other memory keeps its contents",
        "-device virtio-balloon-{t}",
        guest=f"""
head -c 4194304 /dev/urandom > /tmp/keep
kept=$(sum < /tmp/keep)
head -c 33554432 /dev/zero > /tmp/touched
rm /tmp/touched
before=$(memory) resident=$(host resident)
host balloon {MEMORY_MIB - 32} > /dev/null
same inflated $((before - $(memory))) 32768
[ $((resident - $(host resident))) -gt 16384 ]
host balloon {MEMORY_MIB} > /dev/null
same deflated "$(memory)" "$before"
same kept "$(sum < /tmp/keep)" "$kept"
rm /tmp/keep
"""),
    Row("9p", "folder", "files of 1 MiB, each side's read by the other", SUMS,
        "-fsdev local,id=nine,path=nine,security_model=none -device virtio-9p-{t},fsdev=nine,mount_tag=nine",
        setup="mkdir nine; ln www/file nine/theirs",
        guest="modprobe 9p\nmkdir /mnt/nine\nmount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 nine /mnt/nine\n"
              "shared /mnt/nine nine"),
    Row("virtiofs", "virtiofsd (vhost-user)", "files of 1 MiB, each side's read by the other", SUMS,
        "-chardev socket,id=fs,path=fs.sock -device vhost-user-fs-{t},chardev=fs,tag=fs",
        setup="mkdir fs; ln www/file fs/theirs\n"
              "helper $(ls /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd 2>/dev/null) --socket-path=fs.sock -o source=$PWD/fs -o sandbox=chroot\n"
              "until [ -S fs.sock ]; do sleep 0.05; done",
        guest="modprobe virtiofs\nmkdir /mnt/fs\nmount -t virtiofs fs /mnt/fs\nshared /mnt/fs fs"),
    Row("vsock", "vhost-vsock", "64 KiB each way, connected from each side", SUMS,
        "-device vhost-vsock-{t},guest-cid=42",
        setup="helper socat VSOCK-LISTEN:7001 SYSTEM:'bash stream 65536'",
        guest="""
virtio-tool vsock 2 7001 < /small > /tmp/reply
exec 4< /tmp/reply
answered 65536
virtio-tool vsock-listen 7002 < /small > /tmp/reply &
host "socat VSOCK-CONNECT:42:7002,retry=100,interval=0.05 SYSTEM:'bash stream 65536'"
wait
exec 4< /tmp/reply
answered 65536
"""),
    Row("gpu", "screendump", "a picture of 640 x 480 drawn in /dev/fb0", "QMP screendump, each pixel",
        "-device virtio-gpu-{t},xres=640,yres=480",
        guest="""
echo 0 > /sys/class/vtconsole/vtcon1/bind
virtio-tool picture 640 480 > /dev/fb0
wait_for host shot_is given/picture.ppm
"""),
    Row("input", "keyboard", "six keys sent by QMP", "codes read from /dev/input/event*",
        "-device virtio-keyboard-{t}",
        guest="""
modprobe evdev
exec 4< "$(input_dev 'QEMU Virtio Keyboard')"
host press s e l k i e > /dev/null
same keys "$(virtio-tool events 12 <&4 | tr '\\n' ,)" \\
	'1 31 1,1 31 0,1 18 1,1 18 0,1 38 1,1 38 0,1 37 1,1 37 0,1 23 1,1 23 0,1 18 1,1 18 0,'
"""),
    Row("input", "tablet", "a position sent by QMP", "axes read from /dev/input/event*",
        "-device virtio-tablet-{t}",
        guest="""
modprobe evdev
exec 4< "$(input_dev 'QEMU Virtio Tablet')"
host point 12345 23456 > /dev/null
same position "$(virtio-tool events 2 <&4 | tr '\\n' ,)" '3 0 12345,3 1 23456,'
"""),
    Row("sound", "intel-hda (in place of virtio-sound)", "a tone of half a second", "the samples in QEMU's WAV file",
        "-audiodev wav,id=wav,path=left/tone.wav -device intel-hda -device hda-output,audiodev=wav,mixer=off",
        guest="""
rmmod snd_hda_intel
modprobe snd_hda_codec_generic
modprobe snd_hda_intel
modprobe snd_pcm_oss
wait_for test -c /dev/dsp
virtio-tool tone 44100 22050
""", only=("pci", "a PCI device"), check=check_tone),
    Row("sound", "virtio-sound", absent="not in QEMU 7.2, nor CONFIG_SND_VIRTIO in the guest's kernel",
        lacking=[("qemu", "virtio-sound"), ("kernel", "CONFIG_SND_VIRTIO")]),
    Row("crypto", "builtin", "AES-128-CBC of 64 KiB", "NIST SP 800-38A F.2.1; decrypted by the CPU",
        "-object cryptodev-backend-builtin,id=crypto -device virtio-crypto-{t},cryptodev=crypto",
        guest="""
modprobe algif_skcipher
key=2b7e151628aed2a6abf7158809cf4f3c iv=000102030405060708090a0b0c0d0e0f
echo 6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51 | xxd -r -p > /tmp/text
same known "$(virtio-tool crypt encrypt virtio_crypto_aes_cbc $key $iv < /tmp/text | xxd -p -c 64)" \\
	7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2
virtio-tool crypt encrypt virtio_crypto_aes_cbc $key $iv < /small > /tmp/secret
same decrypted "$(virtio-tool crypt decrypt 'cbc(aes-generic)' $key $iv < /tmp/secret | sum)" "$(sum < /small)"
"""),
    Row("pmem", "virtio-pmem", absent="QEMU 7.2 has it for x86 only", lacking=[("qemu", "virtio-pmem")]),
    Row("mem", "memfd", "128 MiB plugged at run time, used, unplugged", "MemTotal, free pages of its zone; contents",
        "-object memory-backend-memfd,id=mem-ram,size=128M,share=on -device virtio-mem-pci,id=mem,memdev=mem-ram",
        guest="""
echo online_movable > /sys/devices/system/memory/auto_online_blocks
before=$(memory)
host plugged 128 > /dev/null
plugged() {
	echo "$(($(memory) - before)) KiB more memory"
	[ $(($(memory) - before)) = "$1" ]
}
wait_for plugged 131072
free=$(movable_free)
for i in $(seq 16); do
	cp /data /tmp/m$i
done
echo "$((free - $(movable_free))) of $free pages used"
[ $((free - $(movable_free))) -ge 2048 ]
for i in $(seq 16); do
	cmp /data /tmp/m$i
	rm /tmp/m$i
done
host plugged 0 > /dev/null
wait_for plugged 0
""", only=("pci", "QEMU 7.2 plugs virtio-mem through its PCI device only"), lacking=[("memory", "virtio-mem")]),
    Row("iommu", "SMMUv3 (in place of virtio-iommu)", "1 MiB written, read, by translated DMA", SUMS + ", the disk's IOMMU group",
        disk("smmu") + " -device virtio-blk-pci,drive=smmu,serial=smmu,iommu_platform=on,disable-legacy=on",
        setup="truncate -s 16M smmu.img",
        guest="""
disk=$(disk smmu)
group=$(readlink -f "/sys/block/${disk#/dev/}/device/../iommu_group")
same domain "$(cut -d- -f1 "$group/type")" DMA
written "$disk" 'head -c 1048576 smmu.img'
""", vm="smp", only=("pci", "the SMMU of machine virt is for PCI")),
    Row("iommu", "virtio-iommu", absent="CONFIG_VIRTIO_IOMMU is not set in the guest's kernel",
        lacking=[("kernel", "CONFIG_VIRTIO_IOMMU")]),
]
