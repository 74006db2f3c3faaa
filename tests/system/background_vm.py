# SPDX-License-Identifier: BSD-2-Clause
"""User-VMs that run in the background of the service-VM: what they print is waited for, QMP steers them, signals end them."""

import json
import re
import shlex

import user_vm

# One step of a user-VM: until it prints something, answers its monitor, ends.
LIMIT = 120

# Waits until file $1 has $3 (a basic regular expression) $4 times or process $2 has ended. dd returns with each new piece, with
# nothing at the end; the file may have a last piece that tail has not shown. tail may have ended by itself.
WAIT = """
exec 3< <(exec tail -c +1 -f --pid=$2 "$1")
until [ $(grep -ao -- "$3" "$1" | wc -l) -ge $4 ]; do
	[ -z "$ended" ] || exit 1
	[ $(dd bs=64k count=1 status=none <&3 | wc -c) != 0 ] || ended=1
done
kill $! 2>/dev/null || :
"""

# Hands lines $3... to the monitor at socket $1, shows what it says until the answer to the last one and, with $2, a line with $2.
QMP = """
coproc socat - UNIX-CONNECT:"$1"
event=$2; shift 2
printf '%s\\n' '{"execute": "qmp_capabilities"}' "$@" >&"${COPROC[1]}"
while [ -n "$event" ] || [ -z "$last" ]; do
	read -r line <&"${COPROC[0]}" || exit 1
	printf '%s\\n' "$line"
	case $line in *'"id": "last"'*) last=1 ;; esac
	case $line in *"${event:-no such line}"*) event= ;; esac
done
kill $COPROC_PID
"""


def script(board, text, *words, limit=LIMIT, check=True):
    return board.run(f"set -- {' '.join(shlex.quote(str(word)) for word in words)}\n{text}", limit=limit, check=check)


class BackgroundVm:
    """
    QEMU in the background with a monitor and a serial console on sockets. words: its command line behind the
    accelerator and the machine. Names of files in the service-VM begin with path.
    """

    def __init__(self, board, name, words, machine="virt,gic-version=2"):
        self.board, self.name, self.path = board, name, f"/tmp/vm-{name}"
        command = (f"qemu-system-aarch64 -accel kvm -cpu host -M {machine} -nodefaults -display none "
                   f"-qmp unix:{self.path}.qmp,server=on,wait=off "
                   f"-chardev socket,id=console,path={self.path}.serial,server=on,wait=off,logfile={self.path}.text "
                   f"-serial chardev:console {words}")
        # The console's file is there before anybody waits for text in it; the FIFOs hand over process id and status.
        result = board.run(f"rm -f {self.path}.*; > {self.path}.text; mkfifo {self.path}.pid {self.path}.end\n"
                           f"{{ {command} </dev/null >{self.path}.out 2>&1 & echo $! > {self.path}.pid\n"
                           f"wait $!; echo $? > {self.path}.end; }} >/dev/null 2>&1 &\n"
                           f"read -r pid < {self.path}.pid; echo $pid", check=True, limit=LIMIT)
        self.pid = int(result.text)

    def wait_text(self, text, count=1, limit=LIMIT, of="text"):
        """Waits until the serial console (of="out": QEMU itself) has shown text, a basic regular expression, count times."""
        result = script(self.board, WAIT, f"{self.path}.{of}", self.pid, text, count, limit=limit, check=False)
        if result.status:
            raise user_vm.UserVmError(f"{self.name} ended without {count} * {text!r}\n{self.text()}\n{self.output()}")

    def text(self):
        return self.board.run(f"cat {self.path}.text").text.replace("\r", "")

    def output(self):
        """What QEMU itself has printed."""
        return self.board.run(f"cat {self.path}.out").text

    def type(self, text):
        """Types at the serial console."""
        script(self.board, "printf '%s' \"$1\" | socat - UNIX-CONNECT:$2 >/dev/null", text, f"{self.path}.serial")

    def qmp(self, name, event="", **arguments):
        """A command of QMP; its result. event: also waits for a line of the monitor with that text."""
        line = json.dumps({"execute": name, "arguments": arguments, "id": "last"})
        lines = script(self.board, QMP, f"{self.path}.qmp", event, line).text.splitlines()
        answer = next(message for message in map(json.loads, lines) if message.get("id") == "last")
        if "error" in answer:
            raise user_vm.UserVmError(f"{self.name}: QMP {name}: {answer['error']['desc']}")
        return answer["return"]

    def registers(self):
        """vCPU 0's registers as QEMU's `info registers` shows them: name -> value."""
        text = self.qmp("human-monitor-command", **{"command-line": "info registers"})
        return {name: int(value, 16) for name, value in re.findall(r"\b(PC|SP|X\d+|PSTATE)=([0-9a-f]+)", text)}

    def wait_end(self, status=0, limit=LIMIT):
        """Waits for QEMU's end, which has to be with this exit status. What the serial console has shown."""
        found = int(self.board.run(f"read -r status < {self.path}.end; echo $status", limit=limit, check=True).text)
        text = self.text()
        if found != status:
            raise user_vm.UserVmError(f"{self.name} ended with {found}, not {status}\n{text}\n{self.output()}")
        self.board.run(f"rm -f {self.path}.*", check=True)
        return text

    def kill(self):
        """kill -9. Returns when nothing of the process is left."""
        self.board.run(f"kill -9 {self.pid}", check=True)
        return self.wait_end(128 + 9)
