# SPDX-License-Identifier: BSD-2-Clause
"""The loader alone: what it leaves to a kernel, and what it refuses with a sentence. The kernel is a probe."""

import os
import re
import struct
import subprocess
import zlib

import pytest

PAGE = 4096
KERNEL, ROOT, SYSTEM, BLOB = 1, 2, 3, 4
HEADER, ENTRY = struct.Struct("<8sIIQI4xQ24x"), struct.Struct("<32sIIQQQ")
TEXT_OFFSET, IMAGE_SIZE = 8, 16
BOARD = "virt,virtualization=on,gic-version=2"
LIMIT = 300

pytestmark = pytest.mark.selkie


def padded(data):
    return data + bytes(-len(data) % PAGE)


def pack(entries, root_end=0):
    """A package as include/wire/package.h describes it: [(type, name, data)]."""
    table, body = b"", b""
    for kind, name, data in entries:
        table += ENTRY.pack(name.encode(), kind, zlib.crc32(padded(data)), PAGE + len(body), len(data), 0)
        body += padded(data)

    def header(crc):
        return padded(HEADER.pack(b"SELKIEPK", 1, len(entries), PAGE + len(body), crc, root_end) + table)

    return header(zlib.crc32(header(0))) + body


class Files:
    """What the tests put together."""

    def __init__(self, build, folder):
        def read(*path):
            with open(os.path.join(build, *path), "rb") as file:
                return file.read()

        self.mkpackage = os.path.join(build, "tools", "mkpackage")
        self.loader_path = os.path.join(build, "loader", "loader.bin")
        self.kernel_path = os.path.join(build, "tests", "loader", "probe.elf")
        self.root_path = os.path.join(build, "tests", "loader", "root.elf")
        self.loader = read("loader", "loader.bin")
        self.probe = read("tests", "loader", "probe.elf")
        self.probe_high = read("tests", "loader", "probe-high.elf")
        self.root = read("tests", "loader", "root.elf")
        self.folder = folder
        self.blob = ("probe.blob", b"blob\n")

    def entries(self, kernel=None, root=None):
        return [(KERNEL, "kernel", kernel or self.probe), (ROOT, "root", root or self.root), (BLOB, *self.blob)]

    def image(self, entries=None, text_offset=0, root_end=0):
        package = pack(self.entries() if entries is None else entries, root_end)
        size = len(self.loader) + len(package)
        header = self.loader[:TEXT_OFFSET] + struct.pack("<QQ", text_offset, size) + self.loader[IMAGE_SIZE + 8:64]
        return header + self.loader[64:] + package


@pytest.fixture(scope="module")
def files(make, boards, tmp_path_factory):
    done = make("loader-test-files")
    assert done.returncode == 0, done.stderr
    return Files(boards.build, tmp_path_factory.mktemp("loader"))


@pytest.fixture(scope="module")
def make(boards):
    def run(goal):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        return subprocess.run(["make", f"BUILD={os.path.relpath(boards.build, root)}", goal], cwd=root, env=environment,
                              capture_output=True, text=True, timeout=600, check=False)

    return run


@pytest.fixture
def boot(tmp_path):
    """boot(image) -> the console's text; the board has to switch itself off."""

    def run(image, machine=BOARD, memory="2G", extra=()):
        path = tmp_path / "image"
        path.write_bytes(image)
        done = subprocess.run(
            ["qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-M", machine,
             "-cpu", "cortex-a53", "-smp", "1", "-m", memory, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
             "-kernel", str(path), *extra], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(errors="replace").replace("\r\n", "\n")

    return run


def check_probe(text):
    results = re.findall(r"^(?:not )?ok \d+.*$", text, re.M)
    plan = re.search(r"^1\.\.(\d+)$", text, re.M)
    assert plan and len(results) == int(plan.group(1)), text
    assert not [line for line in results if line.startswith("not ok")], text


def check_refused(text, reason):
    """One sentence, and nothing after it."""
    lines = text.strip("\n").split("\n")
    assert len(lines) == 1 and lines[0].startswith("Selkie loader: refused: "), text
    assert re.search(reason, lines[0]), text


@pytest.fixture
def junk(tmp_path):
    """Words for QEMU that fill the memory where everything goes, so that zeros there are the loader's."""
    path = tmp_path / "junk"
    path.write_bytes(b"\xa5" * (4 << 20))
    return ["-device", f"loader,file={path},addr=0x60000000,force-raw=on"]


# --- what it leaves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("high", [False, True])
def test_leaves_what_sel4_wants(files, boot, junk, high):
    kernel = files.probe_high if high else files.probe
    text = boot(files.image(files.entries(kernel=kernel)), extra=junk)
    check_probe(text)
    end = re.match(r"Selkie loader: kernel 0x60000000-0x\w+, root 0x\w+-(0x\w+), package \d+ KiB ok\n", text).group(1)
    assert re.search(rf"^ok \d+ - package 0x\w+-{end}$", text, re.M), text


def test_root_image_reaches_root_end(files, boot):
    text = boot(files.image(root_end=0x78000000))
    check_probe(text)
    assert re.search(r"root 0x\w+-0x78000000, package", text)
    assert re.search(r"^ok \d+ - ends at a page: 0x78000000$", text, re.M)
    # What is there already is never cut off.
    text = boot(files.image(root_end=0x60001000))
    check_probe(text)
    end = re.search(r"root 0x\w+-(0x\w+),", text).group(1)
    assert re.search(rf"^ok \d+ - package 0x\w+-{end}$", text, re.M), text


@pytest.mark.parametrize("text_offset", [0x3000, 0x5601000, 0x30000000, 0x60000000])
def test_runs_anywhere(files, boot, text_offset):
    check_probe(boot(files.image(text_offset=text_offset)))


def test_nothing_left_for_root(files, boot):
    check_probe(boot(files.image(files.entries()[:2])))


def test_large_package(files, boot):
    data = os.urandom(1 << 20) * 40
    check_probe(boot(files.image(files.entries() + [(BLOB, "large", data)])))


# --- what it refuses --------------------------------------------------------------------------------------------------


def test_refuses_el1(files, boot):
    check_refused(boot(files.image(), machine="virt,gic-version=2"), "entered at EL1, but seL4 needs EL2")


def test_refuses_every_truncation(files, boot):
    image = files.image()
    loader = len(files.loader)
    check_refused(boot(image[:loader]), "there is no package; the image is truncated")
    check_refused(boot(image[:loader + 100]), "header has a wrong checksum; the image is truncated")
    check_refused(boot(image[:loader + PAGE]), "'kernel' in the package has a wrong checksum; the image is truncated")
    check_refused(boot(image[:loader + PAGE + 9999]), "'kernel' in the package has a wrong checksum")
    check_refused(boot(image[:-PAGE]), "'probe.blob' in the package has a wrong checksum; the image is truncated")
    # Only padding is missing, and memory is zero: nothing is wrong.
    check_probe(boot(image[:-1]))


def flipped(image, offset, bit=0x10):
    return image[:offset] + bytes([image[offset] ^ bit]) + image[offset + 1:]


def test_refuses_every_damage(files, boot):
    image = files.image()
    package = len(files.loader)
    kernel_pages = len(padded(files.probe))
    check_refused(boot(flipped(image, package)), "there is no package")
    check_refused(boot(flipped(image, package + 8)), "unknown version")
    for offset in (12, 16, 24, 64, 96, 128 + 40, PAGE - 1):
        check_refused(boot(flipped(image, package + offset)), "header has a wrong checksum; the image is truncated or damaged")
    check_refused(boot(flipped(image, package + PAGE)), "'kernel'.*wrong checksum")
    check_refused(boot(flipped(image, package + PAGE + kernel_pages + 3)), "'root'.*wrong checksum")
    check_refused(boot(flipped(image, len(image) - 1)), "'probe.blob'.*wrong checksum")
    for size, reason in ((package - 1, "the image's size, 0x\\w+, is wrong"), (package + PAGE, "the package is cut short")):
        header = image[:IMAGE_SIZE] + struct.pack("<Q", size)
        check_refused(boot(header + image[len(header):]), reason)


def test_refuses_package_without_kernel_or_root(files, boot):
    _, root, blob = files.entries()
    check_refused(boot(files.image([root, blob])), "there is no kernel in the package")
    check_refused(boot(files.image([files.entries()[0], blob])), "there is no root task in the package")
    check_refused(boot(files.image([])), "no or too many entries")
    check_refused(boot(files.image(files.entries() + [(KERNEL, "another", files.probe)])), "two kernels")
    check_refused(boot(files.image(files.entries() + [blob])), "two entries of one name")


def test_refuses_what_is_no_program(files, boot):
    check_refused(boot(files.image(files.entries(kernel=b"text"))), "the kernel in the package is not an ELF file")
    check_refused(boot(files.image(files.entries(root=files.root[:300]))), "the root task in the package has a")
    dynamic = bytearray(files.root)
    dynamic[16] = 3
    check_refused(boot(files.image(files.entries(root=bytes(dynamic)))), "the root task in the package is not a static")


def moved(elf, vaddr=None, paddr=None):
    """The ELF file with its first segment elsewhere, the entry with it."""
    elf = bytearray(elf)
    header = struct.unpack_from("<Q", elf, 32)[0]
    if vaddr is not None:
        struct.pack_into("<Q", elf, 24, vaddr)
        struct.pack_into("<Q", elf, header + 16, vaddr)
    if paddr is not None:
        struct.pack_into("<Q", elf, header + 24, paddr)
    return bytes(elf)


def stretched(elf):
    """The ELF file with 4 GiB between its two segments."""
    elf = bytearray(elf)
    second = struct.unpack_from("<Q", elf, 32)[0] + 56
    struct.pack_into("<Q", elf, second + 16, 1 << 32)
    return bytes(elf)


def test_refuses_impossible_places(files, boot):
    def refused(reason, **options):
        check_refused(boot(files.image(files.entries(**options))), reason)

    check_refused(boot(files.image(), memory="512M"), "no memory at 0x60000000-0x\\w+ for kernel")
    check_refused(boot(files.image(text_offset=0x1ffff000)), "the image at 0x5ffff000-0x\\w+ is where kernel")
    refused("the image at 0x40200000-0x\\w+ is where kernel", kernel=moved(files.probe, paddr=0x40200000))
    refused("no memory at 0x1000-", kernel=moved(files.probe, paddr=0x1000))
    refused("the kernel cannot be mapped at 0x8060000000", kernel=moved(files.probe, paddr=0x60001000))
    refused("the kernel cannot be mapped at 0x40000000", kernel=moved(files.probe, vaddr=0x40000000))
    refused("no memory at 0x60000000-0x1", root=stretched(files.root))
    check_refused(boot(files.image(root_end=0xc0001000)), "no memory at 0x60000000-0xc0001000 for kernel")
    check_refused(boot(files.image(root_end=0x78000800)), "end of root's image is not what it can be")
    refused("end beyond all memory", kernel=moved(files.probe, paddr=1 << 60))


# --- mkpackage --------------------------------------------------------------------------------------------------------


def mkpackage(files, *words):
    return subprocess.run([files.mkpackage, *map(str, words)], capture_output=True, text=True, timeout=LIMIT, check=False)


def test_mkpackage_makes_the_same(files, tmp_path):
    blob, dtb, out = tmp_path / "blob", tmp_path / "dtb", tmp_path / "out"
    blob.write_bytes(files.blob[1])
    dtb.write_bytes(b"\xd0\x0d\xfe\xed" + bytes(36))
    words = ["--blob", f"probe.blob={blob}", "--root", files.root_path, "--kernel", files.kernel_path]
    done = mkpackage(files, "-o", out, "--loader", files.loader_path, *words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_bytes() == files.image()
    done = mkpackage(files, "-o", out, *words, "--system", dtb)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kernel, root, last = files.entries()
    four = [kernel, root, (SYSTEM, "system", dtb.read_bytes()), last]
    assert out.read_bytes() == pack(four)
    done = mkpackage(files, "-o", out, *words, "--system", dtb, "--root-end", "0x78000000")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_bytes() == pack(four, 0x78000000)


def test_mkpackage_names_what_is_wrong(files, tmp_path):
    out, empty, text = tmp_path / "out", tmp_path / "empty", tmp_path / "text"
    empty.write_bytes(b"")
    text.write_text("text")
    good = ["-o", out, "--loader", files.loader_path, "--kernel", files.kernel_path, "--root", files.root_path]

    def wrong(status, message, *words):
        done = mkpackage(files, *words)
        assert done.returncode == status and message in done.stderr and not out.exists(), done

    wrong(2, "-o, --kernel and --root are needed")
    wrong(2, "-o, --kernel and --root are needed", "-o", out, "--kernel", files.kernel_path)
    wrong(2, "unknown option", *good, "--bloob", "x=y")
    wrong(2, "belongs to no option", *good, "word")
    wrong(2, "page-aligned address", *good, "--root-end", "0x1001")
    wrong(2, "page-aligned address", *good, "--root-end", "end")
    wrong(2, "NAME=FILE", *good, "--blob", "x")
    wrong(2, "at most 31", *good, "--blob", "n" * 32 + f"={text}")
    wrong(2, "can be given once", *good, "--root", files.root_path)
    wrong(1, f"{tmp_path}/none: No such file", *good, "--blob", f"x={tmp_path}/none")
    wrong(1, f"{empty}: is empty", *good, "--blob", f"x={empty}")
    wrong(1, f"{text}: is not a flattened device tree", *good, "--system", text)
    wrong(1, f"{text}: is not an ELF file", "-o", out, "--kernel", text, "--root", files.root_path)
    wrong(1, f"{text}: is not the loader", *good[:2], "--loader", text, *good[4:])
    wrong(1, "two entries of one name", *good, "--blob", f"x={text}", "--blob", f"x={text}")
    wrong(1, "no proper name", *good, "--blob", f"a b={text}")
    wrong(1, "No such file or directory", "-o", tmp_path / "no" / "out", *good[2:])
    done = mkpackage(files, "--help")
    assert done.returncode == 0 and "--blob NAME=FILE" in done.stdout
