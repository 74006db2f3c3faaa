# SPDX-License-Identifier: BSD-2-Clause
"""The emulated board: starts QEMU, talks to the service-VM's agent, keeps the console's log.

Used by tools/run.py, tests/system and bench. The frame format of the agent is described in images/service/agent.c.
Nothing here sleeps or polls: everything waits in select() for bytes, the end of a process or a limit.
"""

import ctypes
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import time

HELLO, OUT, ERR, EXIT, RUN, INPUT, SIGNAL = range(0x534c4b01, 0x534c4b08)
FRAME_MAX = 64 * 1024
HEADER = struct.Struct("<II")

# Outer devices by the virtio-mmio slot they sit in: slot n is virtio_mmio@(a000000 + 200 * n), SPI 16 + n. All lie in
# the first page, which the system description passes through to the service-VM.
SLOT_ROOT, SLOT_NET, SLOT_SHARE, SLOT_RNG, SLOT_SERIAL, SLOT_DISK, SLOT_XEN = range(7)

# The RAM that the service-VM gets out of the board's 2 GiB; the baselines get the same.
SERVICE_MIB = 896
BOARD_MIB = 2048

# "panic=-1": a panic restarts the machine at once. The same words stand in the system description.
BOOTARGS = "console={console} loglevel=4 panic=-1"

# Where dom0's kernel and initramfs wait for Xen, above of what QEMU itself puts into RAM.
XEN_KERNEL_AT, XEN_INITRD_AT = 0x50000000, 0x54000000

BOOT_LIMIT = 300
COMMAND_LIMIT = 600

# select() does not take an infinite limit.
LONGEST_WAIT = 86400


class BoardError(Exception):
    """The board did not do what was waited for; the text says what and shows the console's end."""


class Result:
    """What a command in the service-VM did."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out.decode(errors="replace")

    def __repr__(self):
        return f"Result(status={self.status}, out={self.out!r}, err={self.err!r})"


def die_with_parent():
    """In the child between fork and exec: QEMU never outlives us, however we end."""
    parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(parent_death_signal, signal.SIGKILL)


class Board:
    """One QEMU.

    build     the build folder (images/, debian/)
    image     the bootable Selkie image, or None with a baseline
    baseline  None, "bare" (the same Linux alone, at EL1), "kvm" (alone, at EL2, with its own KVM) or "xen" (as Xen's dom0,
              its tools on a disk labelled selkie-xen)
    icount    deterministic time: one instruction is one nanosecond
    share     folder mounted at /mnt/share, or None
    disk      raw file that becomes a second disk, or None
    memory    MiB of the board
    console   called with each piece of console output (bytes)
    log       file that keeps the console's output
    interactive  console and QEMU monitor on our terminal instead
    paused    the processor stands still until resume()
    devices   False: no device but the console, for images that do not carry a Linux
    """

    def __init__(self, build, image=None, baseline=None, icount=False, share=None, disk=None, memory=None,
                 console=None, log=None, interactive=False, devices=True, paused=False, extra=(), bootargs=""):
        self.console_callback = console
        self.log = open(log, "wb") if log else None
        self.tail = b""
        self.frames = bytearray()
        self.hellos = []
        self.events = []
        self.started = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.images = os.path.join(build, "images")
        pass_fds = []

        def channel(name):
            ours, theirs = socket.socketpair()
            pass_fds.append(theirs.fileno())
            theirs_kept.append(theirs)
            ours.setblocking(False)
            return ours, f"socket,id={name},fd={theirs.fileno()}"

        theirs_kept = []
        self.agent, agent_chardev = channel("agent")
        self.qmp, qmp_chardev = channel("qmp")
        self.qmp_buffer = bytearray()
        qemu = [os.environ.get("QEMU", "qemu-system-aarch64"), "-nodefaults", "-no-user-config", "-display", "none"]
        machine = "virt,gic-version=2"
        if baseline != "bare":
            machine += ",virtualization=on"
        qemu += ["-M", machine, "-cpu", "cortex-a53", "-smp", "1",
                 "-m", f"{memory or (SERVICE_MIB if baseline in ('bare', 'kvm') else BOARD_MIB)}M"]
        if icount:
            # Nothing of this machine's clock or randomness gets in.
            qemu += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-seed", "1",
                     "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
        else:
            qemu += ["-accel", "tcg"]
        kernel, initrd = os.path.join(self.images, "Image"), os.path.join(self.images, "service.cpio")
        words = f"{BOOTARGS.format(console='hvc0' if baseline == 'xen' else 'ttyAMA0')} {bootargs}".strip()
        if baseline == "xen":
            qemu += ["-kernel", os.path.join(self.images, "xen"), "-append", f"dom0_mem={SERVICE_MIB}M",
                     "-device", f"guest-loader,addr={XEN_KERNEL_AT:#x},kernel={kernel},bootargs={words.replace(',', ',,')}",
                     "-device", f"guest-loader,addr={XEN_INITRD_AT:#x},initrd={initrd}"]
        elif baseline:
            qemu += ["-kernel", kernel, "-initrd", initrd, "-append", words]
        else:
            qemu += ["-kernel", image]
        if interactive:
            self.console = None
            qemu += ["-serial", "mon:stdio"]
        else:
            self.console, console_chardev = channel("console")
            qemu += ["-chardev", console_chardev, "-serial", "chardev:console"]
        qemu += ["-chardev", agent_chardev, "-chardev", qmp_chardev, "-mon", "chardev=qmp,mode=control",
                 "-global", "virtio-mmio.force-legacy=false"]

        def bus(slot):
            return f"bus=virtio-mmio-bus.{slot}"

        # What the service-VM writes to its root disk is forgotten at the machine's end.
        root = os.path.join(self.images, "service.ext4")
        if devices:
            qemu += ["-drive", f"if=none,id=root,file={root},format=raw,cache=unsafe,snapshot=on",
                     "-device", f"virtio-blk-device,drive=root,{bus(SLOT_ROOT)}",
                     "-netdev", "user,id=net", "-device", f"virtio-net-device,netdev=net,{bus(SLOT_NET)}",
                     "-device", f"virtio-rng-device,{bus(SLOT_RNG)}",
                     "-device", f"virtio-serial-device,{bus(SLOT_SERIAL)}",
                     "-device", "virtserialport,chardev=agent,name=selkie.agent"]
        if devices and baseline == "xen":
            qemu += ["-drive", f"if=none,id=xen,file={os.path.join(self.images, 'xen.ext4')},format=raw,readonly=on",
                     "-device", f"virtio-blk-device,drive=xen,{bus(SLOT_XEN)}"]
        if share:
            qemu += ["-fsdev", f"local,id=share,path={share},security_model=none",
                     "-device", f"virtio-9p-device,fsdev=share,mount_tag=share,{bus(SLOT_SHARE)}"]
        if disk:
            qemu += ["-drive", f"if=none,id=disk,file={disk},format=raw,cache=unsafe",
                     "-device", f"virtio-blk-device,drive=disk,serial=data,{bus(SLOT_DISK)}"]
        if paused:
            qemu += ["-S"]
        qemu += list(extra)
        self.command = qemu
        self.process = subprocess.Popen(
            qemu, stdin=None if interactive else subprocess.DEVNULL,
            stdout=None if interactive else subprocess.PIPE, stderr=None if interactive else subprocess.STDOUT,
            pass_fds=pass_fds, preexec_fn=die_with_parent)
        for theirs in theirs_kept:
            theirs.close()
        if self.console:
            self.selector.register(self.console, selectors.EVENT_READ, self._console_ready)
            os.set_blocking(self.process.stdout.fileno(), False)
            self.selector.register(self.process.stdout, selectors.EVENT_READ, self._qemu_output_ready)
        self.selector.register(self.agent, selectors.EVENT_READ, self._agent_ready)
        self.selector.register(self.qmp, selectors.EVENT_READ, self._qmp_ready)
        self.pidfd = os.pidfd_open(self.process.pid)
        self.selector.register(self.pidfd, selectors.EVENT_READ, lambda: None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- input from the machine ---

    def _console_bytes(self, data):
        self.tail = (self.tail + data)[-65536:]
        if self.log:
            self.log.write(data)
            self.log.flush()
        if self.console_callback:
            self.console_callback(data)

    def _read(self, source):
        try:
            data = source.recv(65536) if isinstance(source, socket.socket) else os.read(source.fileno(), 65536)
        except BlockingIOError:
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self.selector.unregister(source)
        return data

    def _console_ready(self):
        self._console_bytes(self._read(self.console))

    def _qemu_output_ready(self):
        self._console_bytes(self._read(self.process.stdout))

    def _qmp_ready(self):
        self.qmp_buffer += self._read(self.qmp)

    def _agent_ready(self):
        self.frames += self._read(self.agent)
        while len(self.frames) >= HEADER.size:
            kind, length = HEADER.unpack_from(self.frames)
            if not HELLO <= kind <= EXIT or length > FRAME_MAX:
                # What a crashed service-VM left unfinished: go on at the next HELLO.
                start = self.frames.find(struct.pack("<I", HELLO), 1)
                if start < 0:
                    return
                del self.frames[:start]
                continue
            if len(self.frames) < HEADER.size + length:
                return
            data = bytes(self.frames[HEADER.size:HEADER.size + length])
            del self.frames[:HEADER.size + length]
            if kind == HELLO:
                self.hellos.append((time.monotonic() - self.started, data))
            self.events.append((kind, data))

    @property
    def running(self):
        return self.process.poll() is None

    def wait_for(self, condition, limit, what):
        """Handles input until condition() is true. Raises BoardError after limit seconds or when QEMU ends first."""
        end = time.monotonic() + limit
        while not condition():
            ended = not self.running
            left = 0 if ended else end - time.monotonic()
            if left < 0:
                raise BoardError(f"{what}: nothing within {limit} s\n{self.console_end()}")
            ready = self.selector.select(min(left, LONGEST_WAIT))
            handled = False
            for key, _ in ready:
                if key.fileobj != self.pidfd:
                    key.data()
                    handled = True
            if ended and not handled and not condition():
                raise BoardError(f"{what}: the machine ended (QEMU status {self.process.returncode})\n"
                                 f"{self.console_end()}")

    def console_end(self, lines=40):
        text = self.tail.decode(errors="replace").replace("\r", "").rstrip("\n").split("\n")
        return "\n".join(["--- end of the console ---"] + text[-lines:] + ["---"])

    # --- what users do ---

    def wait_boot(self, count=1, limit=BOOT_LIMIT):
        """Waits until the service-VM's agent has said hello count times since QEMU's start. Seconds of the last."""
        self.wait_for(lambda: len(self.hellos) >= count, limit,
                   "waiting for the service-VM" if count == 1 else f"waiting for boot {count} of the service-VM")
        return self.hellos[count - 1][0]

    def wait_console(self, text, limit=BOOT_LIMIT):
        """Waits until the last 64 KiB of console output contain text (bytes)."""
        self.wait_for(lambda: text in self.tail, limit, f"waiting for {text!r} on the console")

    def type(self, data):
        """Types data (bytes) at the console."""
        self.console.setblocking(True)
        self.console.sendall(data)
        self.console.setblocking(False)

    def _send(self, kind, data=b""):
        self.agent.setblocking(True)
        self.agent.sendall(HEADER.pack(kind, len(data)) + data)
        self.agent.setblocking(False)

    def signal(self, number):
        """Sends a signal to the running command."""
        self._send(SIGNAL, struct.pack("<I", number))

    def start(self, command, stdin=b""):
        """Starts a shell command in the service-VM; `finish` collects it."""
        self.events = []
        data = command.encode() if isinstance(command, str) else command
        if len(data) > FRAME_MAX:
            raise ValueError("command too long; put it into a script in the share")
        self._send(RUN, data)
        for at in range(0, len(stdin), 4096):
            self._send(INPUT, stdin[at:at + 4096])
        self._send(INPUT)

    def finish(self, limit=COMMAND_LIMIT, out=None, err=None):
        """Waits for the command's end. out and err are called with each piece of output as it comes."""
        collected = {OUT: [], ERR: []}
        sinks = {OUT: out, ERR: err}
        status = None

        def step():
            nonlocal status
            for kind, data in self.events:
                if kind == EXIT:
                    status, = struct.unpack("<I", data)
                elif kind == HELLO:
                    raise BoardError(f"the service-VM restarted while the command ran\n{self.console_end()}")
                else:
                    collected[kind].append(data)
                    if sinks[kind]:
                        sinks[kind](data)
            self.events = []
            return status is not None

        self.wait_for(step, limit, "waiting for the command")
        return Result(status, b"".join(collected[OUT]), b"".join(collected[ERR]))

    def run(self, command, limit=COMMAND_LIMIT, stdin=b"", check=False):
        """Runs a shell command in the service-VM. With check, a status other than 0 is an error."""
        self.start(command, stdin)
        result = self.finish(limit)
        if check and result.status != 0:
            raise BoardError(f"{command!r} ended with {result.status}\n{result.text}"
                             f"{result.err.decode(errors='replace')}")
        return result

    def monitor(self, command, limit=30, **arguments):
        """A QMP command (QEMU's own monitor of the board). Returns its result."""
        replies = []

        def reply():
            while b"\n" in self.qmp_buffer:
                line, _, rest = bytes(self.qmp_buffer).partition(b"\n")
                self.qmp_buffer = bytearray(rest)
                message = json.loads(line)
                if "return" in message or "error" in message:
                    replies.append(message)
            return bool(replies)

        def ask(name, **args):
            replies.clear()
            self.qmp.sendall(json.dumps({"execute": name, "arguments": args}).encode() + b"\n")
            self.wait_for(reply, limit, f"QMP {name}")
            if "error" in replies[0]:
                raise BoardError(f"QMP {name}: {replies[0]['error']['desc']}")
            return replies[0]["return"]

        if not getattr(self, "qmp_ready", False):
            ask("qmp_capabilities")
            self.qmp_ready = True
        return ask(command, **arguments)

    def resume(self):
        """Starts the processor of a paused board; times count from here."""
        self.monitor("query-status")
        self.started = time.monotonic()
        self.monitor("cont")

    def registers(self):
        """Where the processor is, as text: for the report on a machine that hangs."""
        return self.monitor("human-monitor-command", **{"command-line": "info registers"})

    def wait_end(self, limit=60):
        """Waits until QEMU ends. Returns its exit status."""
        end = time.monotonic() + limit
        while self.running:
            left = end - time.monotonic()
            if left < 0:
                raise BoardError(f"the machine did not end within {limit} s\n{self.console_end()}")
            for key, _ in self.selector.select(min(left, LONGEST_WAIT)):
                if key.fileobj != self.pidfd:
                    key.data()
        while True:
            ready = [key for key, _ in self.selector.select(0) if key.fileobj != self.pidfd]
            if not ready:
                return self.process.returncode
            for key in ready:
                key.data()

    def reboot(self, limit=BOOT_LIMIT):
        """Restarts the service-VM in order and waits until it is back."""
        boots = len(self.hellos)
        self.run("reboot")
        self.wait_boot(boots + 1, limit)

    def power_off(self, limit=60):
        """Shuts the service-VM down in order. Returns QEMU's exit status."""
        self.start("poweroff")
        return self.wait_end(limit)

    def close(self):
        if self.running:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.selector.close()
        os.close(self.pidfd)
        for sock in (self.agent, self.qmp, self.console):
            if sock:
                sock.close()
        if self.log:
            self.log.close()
            self.log = None
