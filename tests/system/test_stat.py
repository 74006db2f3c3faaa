# SPDX-License-Identifier: BSD-2-Clause
"""Counters, tracepoints and selkie-stat (docs/observability.md), with two user-VMs of which one has known traffic."""

import json
import re

import pytest

import user_vm

# One run of the scenario is looked at by many tests.
pytestmark = [pytest.mark.selkie, pytest.mark.xdist_group("stat")]

WRITES = 256

# Both say that they are there and wait for a line; alpha then writes, one request after the other.
JOB = f"""
echo alive
read -r word
test "$word" = end && exit 0
dd if=/dev/zero of=/dev/vda bs=4096 count={WRITES} oflag=direct 2>/dev/null
echo written
read -r word
"""

SCENARIO = """
set -e
cd /sys/kernel/debug/selkie
says() { while read -r -t 300 line <&"$1"; do [ "${line%?}" = "$2" ] && return; done; echo "no '$2'"; exit 1; }
look() { echo "MARK $1"; selkie-stat --json; cat service; }
mkfifo /tmp/alpha.in /tmp/alpha.out /tmp/beta.in /tmp/beta.out
exec 3<>/tmp/alpha.in 4<>/tmp/alpha.out 5<>/tmp/beta.in 6<>/tmp/beta.out
truncate -s 8M /tmp/alpha.img
@alpha <&3 >&4 2>&1 &
alpha=$!
says 4 alive
@beta <&5 >&6 2>&1 &
beta=$!
says 6 alive
look before
echo go >&3
says 4 written
look after
kill -STOP $alpha
while grep -L 'State:.T' /proc/$alpha/task/*/status | grep -q .; do :; done
echo MARK frozen; selkie-stat --json; grep -H . vm0/*
echo MARK table; selkie-stat
echo MARK words; selkie-stat --vm 0
echo MARK rates; selkie-stat --interval 0.2 --count 2 --sort name
echo MARK top; printf q | socat -t 60 - EXEC:selkie-stat,pty,setsid,ctty | tr -d '\\r'; echo
echo MARK errors
for words in --colour '--vm 7'; do selkie-stat $words 2>&1 >/dev/null | head -n 1; echo "${PIPESTATUS[0]}"; done
kill -CONT $alpha
echo end >&3; echo end >&5; wait $alpha; wait $beta
rm /tmp/alpha.* /tmp/beta.*
"""


class Look:
    """What `look` printed: all words, and until when the service-VM was up."""

    def __init__(self, text):
        sample, rest = text.split("\n", 1)
        self.sample = json.loads(sample)
        self.until = int(re.search(r"^uptime_ns (\d+)$", rest, re.M).group(1))
        self.vm = {vm["id"]: vm for vm in self.sample["vms"]}

    def vcpus(self, name, vm=0):
        return sum(words[name] for words in self.vm[vm]["vcpu"].values())

    def processor(self):
        """All the time seL4 charged to threads of service-VM and user-VMs."""
        service = sum(value for name, value in self.sample["service"].items() if re.fullmatch(r"vmm_ns|vcpu\d_ns", name))
        return service + sum(vm["vm"]["vmm_ns"] + self.vcpus("guest_ns", vm["id"]) for vm in self.sample["vms"])


@pytest.fixture(scope="module")
def seen(shared_board):
    """What was printed below each mark."""
    board = shared_board.get()
    books = user_vm.books(board)
    paths = [user_vm.initrd(board, name, JOB) for name in ("alpha", "beta")]
    alpha = user_vm.command(paths[0], "-name guest=alpha,debug-threads=on -drive if=none,id=d,file=/tmp/alpha.img,format=raw "
                                      "-device virtio-blk-pci,drive=d", memory=128)
    beta = user_vm.command(paths[1], "-name beta", memory=128, vcpus=2)
    script = SCENARIO.replace("@alpha", alpha).replace("@beta", beta).replace(" </dev/null", "")
    result = board.run(script, limit=2 * user_vm.LIMIT)
    assert result.status == 0, f"{result.text[-4000:]}\n{result.err.decode(errors='replace')[-2000:]}"
    board.run(f"rm -f {' '.join(paths)}")
    assert user_vm.books(board) == books
    shared_board.put()
    parts = re.split(r"^MARK (\w+)\n", result.text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.fixture
def looks(seen):
    return Look(seen["before"]), Look(seen["after"])


def test_every_exit_is_of_one_kind(looks):
    for look in looks:
        for vm in look.sample["vms"]:
            for words in vm["vcpu"].values():
                kinds = {name: value for name, value in words.items() if name.endswith("_exit_stat")}
                assert len(kinds) == 9 and sum(kinds.values()) == words["exits"], words
                runs = sum(words[f"run_exits_{why}"] for why in ("intr", "abort", "system", "fail"))
                assert runs == words["run_exits"] and words["run_exits_abort"] == words["abort_exit_stat"], words
                assert words["page_ins"] + words["table_walks"] + words["mmio_exit_user"] <= words["run_exits_abort"], words
                # Others are the debug and PMU registers that Linux writes at boot.
                assert words["guest_errors"] == 0 < words["other_exit_stat"] < 200, words


def test_requests_are_counted(looks):
    """Each write is one doorbell from the guest and one interrupt to it, and nothing that user space sees as an exit."""
    before, after = looks
    grown = {name: after.vcpus(name) - before.vcpus(name) for name in after.vm[0]["vcpu"]["0"]}
    assert WRITES <= grown["ioeventfd_exit_stat"] <= WRITES + WRITES // 4, grown
    # The interrupt and, at its end, its maintenance fault.
    assert grown["injected"] >= WRITES and grown["maintenance_exit_stat"] >= WRITES, grown
    # What it says on its serial line. With a PCI device interrupts are messages: nothing is read to see whose they are.
    assert grown["mmio_exit_user"] < WRITES // 2, grown
    grown.update({name: value - before.vm[0]["vm"][name] for name, value in after.vm[0]["vm"].items()})
    assert WRITES <= grown["ioeventfds"] <= grown["ioeventfd_exit_stat"], grown
    assert grown["irq_lines"] + grown["irqfds"] >= WRITES, grown
    for name in ("doorbells_rung", "vmm_doorbells_taken", "events_taken"):
        assert grown[name] >= WRITES, grown


def test_doorbells_agree(looks):
    """What one side rings the other takes; a signal that finds one pending, or finds the event taken, is none of its own."""
    for look in looks:
        for vm in look.sample["vms"]:
            words = vm["vm"]
            assert 0 < words["vmm_doorbells_taken"] <= words["doorbells_rung"], words
            assert 0 < words["doorbells_taken"] <= words["vmm_doorbells_rung"], words
            assert words["doorbells_taken"] <= words["events_taken"], words


def test_user_vms_are_counted_apart(looks):
    before, after = looks
    assert len(before.vm) == len(after.vm) == 2
    assert [after.vm[n]["name"] for n in (0, 1)] == ["alpha", "beta"]
    assert [len(after.vm[n]["vcpu"]) for n in (0, 1)] == [1, 2]
    assert after.vcpus("ioeventfd_exit_stat", 1) == before.vcpus("ioeventfd_exit_stat", 1)
    assert after.vcpus("mmio_exit_user", 1) == before.vcpus("mmio_exit_user", 1)
    assert after.vm[0]["vm"]["pid"] != after.vm[1]["vm"]["pid"]
    assert all(after.vm[n]["comm"] == "qemu-system-aar" for n in (0, 1))


def test_times(looks):
    """A vCPU is in one place at a time, and so is the one processor."""
    before, after = looks
    for look in looks:
        for vm in look.sample["vms"]:
            for words in vm["vcpu"].values():
                assert words["run_ns"] + words["kernel_ns"] + words["user_ns"] <= look.until - vm["vm"]["created_ns"]
                assert words["guest_ns"] + words["halt_wait_ns"] <= words["run_ns"], words
    for number in (0, 1):
        for vcpu, words in before.vm[number]["vcpu"].items():
            for name, value in words.items():
                assert after.vm[number]["vcpu"][vcpu][name] >= value, name
    assert after.vcpus("guest_ns") > before.vcpus("guest_ns")
    assert after.vm[0]["vm"]["vmm_ns"] > before.vm[0]["vm"]["vmm_ns"]
    assert after.vcpus("halt_wait_ns", 1) > before.vcpus("halt_wait_ns", 1)
    # Rounded to microseconds at each look.
    elapsed = after.until - before.sample["service"]["uptime_ns"]
    assert elapsed / 2 < after.processor() - before.processor() <= elapsed + 100_000


def test_json_is_what_debugfs_says(seen):
    """Of a user-VM whose process is stopped: nothing changes but the time since."""
    line, rest = seen["frozen"].split("\n", 1)
    vm = next(vm for vm in json.loads(line)["vms"] if vm["id"] == 0)
    said = {"vm": {**vm["vm"], "comm": vm["comm"]}, "memory": vm["memory"], "vcpu0": vm["vcpu"]["0"]}
    files = {}
    for name, word, value in re.findall(r"^vm0/(\w+):(\w+) (.*)$", rest, re.M):
        files.setdefault(name, {})[word] = int(value) if value.isdigit() else value
    for name, word in (("vm", "uptime_ns"), ("vcpu0", "user_ns")):
        assert files[name].pop(word) >= said[name].pop(word) > 0
    assert files == said
    assert vm["vcpu"]["0"]["kicks"] > 0 and vm["vcpu"]["0"]["signal_exits"] > 0 and vm["vcpu"]["0"]["vmm_kicked"] > 0


def test_tables(seen):
    vm = next(vm for vm in json.loads(seen["frozen"].split("\n", 1)[0])["vms"] if vm["id"] == 0)
    words = vm["vcpu"]["0"]
    lines = seen["table"].splitlines()
    assert len(lines) == 5 and "2 user-VMs" in lines[0] and lines[1].startswith("processor: guests "), seen["table"]
    row = dict(zip(lines[2].split(), lines[3].split()))
    assert row["NAME"] == "alpha" and lines[4].split()[2] == "beta"
    assert int(row["EXITS"]) == words["exits"] and int(row["IOEVENT"]) == words["ioeventfd_exit_stat"]
    assert float(row["GUEST"]) == round(words["guest_ns"] / 1e9, 3)
    assert int(row["MIB"]) == vm["vm"]["frames_shared"] * 4096 >> 20
    details = dict(re.findall(r"^  (\w+) +(\d+)", seen["words"], re.M))
    assert seen["words"].count("\n") > 40 and "user-VM 0: alpha (" in seen["words"]
    for name in ("exits", "mmio_exit_user", "injected", "kicks"):
        assert int(details[name]) == words[name], name


def test_rates(seen):
    tables = seen["rates"].strip().split("\n\n")
    assert len(tables) == 2
    for table in tables:
        lines = table.splitlines()
        row = dict(zip(lines[2].split(), lines[3].split()))
        # Nothing happens in a process that is stopped; all of its time passes in user space, as its thread sees it.
        assert row["NAME"] == "alpha" and row["EXITS"] == "0" and row["GUEST%"] == "0.0", table
        assert 90 < float(row["USER%"]) <= 110, table


def test_view_on_a_terminal(seen):
    screen = seen["top"]
    # The key may come, and be echoed, before the view does.
    assert re.match(r"q?\033\[\?1049h", screen) and screen.rstrip("\n").endswith("\033[?1049l"), screen
    assert re.search(r"\033\[7m  0 +\d+ alpha .*\n +1 +\d+ beta ", screen), screen


def test_errors(seen):
    lines = seen["errors"].splitlines()
    assert "--colour" in lines[0] and lines[1] == "2", lines
    assert lines[2:4] == ["selkie-stat: there is no user-VM 7", "1"], lines


# A line of each tracepoint.
TRACEPOINTS = {
    "vm_create": r"vm (\d+) vcpus [1-9] pid [1-9]\d*",
    "vm_destroy": r"vm \d+",
    "entry": r"vm \d+ vcpu \d+ (retry|mmio|abort)",
    "exit": r"vm \d+ vcpu \d+ (none|intr|abort|system|fail) addr 0x\w+ esr 0x\w+( write| fetch| permission| walk)*",
    "userspace_exit": r"vm \d+ vcpu \d+ reason (unknown|mmio|intr|system_event|internal_error) result -?\d+",
    "mmio": r"vm \d+ vcpu \d+ (read|write) len [1248] addr 0x\w+ data 0x\w+",
    "page_in": r"vm \d+ ipa 0x\w+ (read|write) pages \d+ result -?\d+",
    "unmap": r"vm \d+ ipa 0x\w+ pages \d+",
    "kick": r"vm \d+ vcpu \d+",
    "ring": r"vm \d+ [\w|]+( merged)?",
    "event": r"vm \d+ [\w|]+",
    "irqfd": r"vm \d+ gsi \d+ intid \d+",
    "irq_line": r"vm \d+ (cpu|spi|ppi) vcpu \d+ intid \d+ level [01]",
    "ack_irq": r"vm \d+ gsi \d+ intid \d+",
    "ioeventfd": r"vm \d+ entry \d+",
}
TRACE = """
cd /sys/kernel/tracing
echo 8192 > buffer_size_kb
echo 1 > events/selkie/enable
/usr/lib/selkie/kvm-client paging guest-irq guest-eventfd > /dev/null; echo client $?
echo 0 > events/selkie/enable
ls -d events/selkie/*/
awk 'match($0, / selkie_[a-z_]*: /) { name = substr($0, RSTART + 1, RLENGTH - 3); if (n[name]++ < 500) print substr($0, RSTART + 1) }' trace
echo > trace; echo 1 > buffer_size_kb
"""


def test_tracepoints(shared_board):
    board = shared_board.get()
    text = board.run(TRACE, limit=600).text
    shared_board.put()
    assert text.startswith("client 0\n"), text[:2000]
    assert set(re.findall(r"^events/selkie/selkie_(\w+)/$", text, re.M)) == set(TRACEPOINTS)
    lines = {}
    for name, line in re.findall(r"^selkie_(\w+): (.*)$", text, re.M):
        lines.setdefault(name, []).append(line)
    assert set(lines) == set(TRACEPOINTS)
    for name, pattern in TRACEPOINTS.items():
        for line in lines[name]:
            assert re.fullmatch(pattern, line), f"{name}: {line}"
    assert any("write" in line for line in lines["mmio"]) and any("read" in line for line in lines["mmio"])
