#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/debian.sh with a Debian archive of the test's own: what it takes, what stays of a download that was cut off, and
that the proxy set for apt is used. Prints TAP.

The archive's name does not exist; it can only be reached through the proxy, which is the test itself.
"""

import hashlib
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIRROR = "http://mirror.invalid/debian/"
KERNEL = "6.1.0-56-arm64"
HOST_ARCH = subprocess.run(["dpkg", "--print-architecture"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

results = []


def check(good, what, detail=""):
    results.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(results)} - {what}", flush=True)
    if not good:
        for line in detail.splitlines():
            print(f"# {line}")


# --- an archive ----------------------------------------------------------------------------------
def tar(files):
    """A tar archive of {path: bytes, or the target of a symbolic link as str}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo("./" + path)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def deb(control, files):
    """A package file, deb(5)."""
    out = b"!<arch>\n"
    for name, data in [("debian-binary", b"2.0\n"), ("control.tar", tar({"control": control.encode()})), ("data.tar", tar(files))]:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


class Archive:
    """A Debian archive: {path below MIRROR: bytes}."""

    def __init__(self):
        self.files = {}
        self.indexes = {"arm64": "", HOST_ARCH: ""}

    def add(self, name, version, files, arch="arm64", depends=""):
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: nobody <n@example.org>\n"
        control += f"Depends: {depends}\n" if depends else ""
        data = deb(control + "Description: a package\n", files)
        path = f"pool/{name}_{version}_{arch}.deb"
        self.files[path] = data
        for index in self.indexes if arch == "all" else [arch]:
            self.indexes[index] += (f"{control}Filename: {path}\nSize: {len(data)}\n"
                                    f"SHA256: {hashlib.sha256(data).hexdigest()}\nDescription: a package\n\n")

    def publish(self):
        """Writes the indexes, after the last package."""
        release = "Origin: Debian\nSuite: stable\nCodename: stable\nComponents: main\n"
        release += f"Architectures: {' '.join(self.indexes)}\nDate: Sat, 28 Nov 2026 12:00:00 UTC\nSHA256:\n"
        for arch, text in self.indexes.items():
            path = f"main/binary-{arch}/Packages"
            self.files[f"dists/stable/{path}"] = text.encode()
            release += f" {hashlib.sha256(text.encode()).hexdigest()} {len(text)} {path}\n"
        self.files["dists/stable/Release"] = release.encode()


def archive():
    """Today's skew: the meta package names a kernel that is not there, the build tools are newer than the headers."""
    made = Archive()
    common = KERNEL.replace("arm64", "common")
    made.add(f"linux-image-{KERNEL}", "6.1.192-2", {f"boot/vmlinuz-{KERNEL}": os.urandom(1 << 20),
                                                    f"lib/modules/{KERNEL}/modules.builtin": b""})
    made.add(f"linux-headers-{KERNEL}", "6.1.192-2", {
        f"usr/src/linux-headers-{KERNEL}/Makefile": f"include /usr/src/linux-headers-{common}/Makefile\n".encode(),
        f"usr/src/linux-headers-{KERNEL}/scripts": "../../lib/linux-kbuild-6.1/scripts"},
        depends=f"linux-headers-{common} (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2)")
    made.add(f"linux-headers-{common}", "6.1.192-2", {f"usr/src/linux-headers-{common}/Makefile": b"\n"}, "all")
    made.add("linux-image-arm64", "6.1.192-3", {}, depends="linux-image-6.1.0-57-arm64 (= 6.1.192-3)")
    made.add("linux-kbuild-6.1", "6.1.192-3", {"usr/lib/linux-kbuild-6.1/scripts/tool": b"newer\n"}, HOST_ARCH)
    made.add("libfdt-dev", "1.6.1-4", {"usr/include/libfdt.h": b"\n"})
    made.add("bash", "5.2-1", {"bin/bash": b"bash\n"}, depends="libc6")
    made.add("libc6", "2.36-9", {"lib/aarch64-linux-gnu/libc.so.6": b"libc\n"})
    made.add("tool", "1-1", {"usr/bin/tool": b"tool\n"}, depends="libc6, libtool1")
    made.add("libtool1", "1-1", {"usr/lib/libtool.so": b"lib\n"})
    made.publish()
    return made


class Proxy(http.server.ThreadingHTTPServer):
    """Hands out the archive. cut: {part of a path: bytes after which the connection ends}; asked: (path, Range) of each request."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.cut, self.asked = files, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def packages_asked(self):
        return [(os.path.basename(path), start) for path, start in self.asked if path.endswith(".deb")]


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802, the name http.server gives it
        path = self.path.replace("%2b", "+").removeprefix(MIRROR)
        part = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(part[1]) if part else 0
        self.server.asked.append((path, start))
        data = self.server.files.get(path) if self.path.startswith(MIRROR) else None
        if data is None:
            self.send_error(404)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 12:00:00 GMT")
        self.end_headers()
        ends = [end for name, end in self.server.cut.items() if name in path]
        self.wfile.write(data[start:ends[0]] if ends else data[start:])
        self.close_connection = self.close_connection or bool(ends)


# --- a machine -----------------------------------------------------------------------------------
class Machine:
    """A copy of debian.sh with short lists, and apt sources that name the archive."""

    def __init__(self, place):
        self.place, self.dir = place, os.path.join(place, "debian")
        os.makedirs(os.path.join(place, "tools"))
        os.makedirs(os.path.join(place, "images/packages"))
        os.makedirs(os.path.join(place, "etc/sources.list.d"))
        for name in ["tools/debian.sh", "tools/choose_kernel.py", "images/packages/dev.list"]:
            if os.path.exists(os.path.join(ROOT, name)):
                shutil.copy2(os.path.join(ROOT, name), os.path.join(place, name))
        with open(os.path.join(ROOT, "images/packages/service-vm.list"), encoding="utf-8") as real:
            kernel = re.search(r"^@IMAGE@$|^linux-image.*$", real.read(), re.M)[0]
        self.write("images/packages/service-vm.list", f"{kernel}\nbash\n")
        self.write("images/packages/more.list", "tool\n")
        self.write("etc/sources.list", f"deb [trusted=yes] {MIRROR} stable main\n")
        self.set_proxy(None)

    def write(self, name, text):
        with open(os.path.join(self.place, name), "w", encoding="utf-8") as out:
            out.write(text)

    def set_proxy(self, url):
        """The machine's apt.conf."""
        proxy = f'Acquire::http::Proxy "{url}";\n' if url else ""
        self.write("apt.conf", f'Dir::Etc "{self.place}/etc";\nDir::State "{self.place}/state";\nDir::Cache "{self.place}/cache";\n'
                   f'Dir::Etc::parts "/dev/null";\nAcquire::Retries::Delay "false";\nAcquire::http::Timeout "10";\n{proxy}')

    def run(self, verb, *words, **environment):
        """(status, everything said)"""
        inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        done = subprocess.run([os.path.join(self.place, "tools/debian.sh"), verb, self.dir, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=250,
                              env={**inherited, "APT_CONFIG": os.path.join(self.place, "apt.conf"), **environment})
        return done.returncode, done.stdout

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def read(self, *names):
        with open(self.path(*names), "rb") as data:
            return data.read()

    def has(self, *names):
        return os.path.lexists(self.path(*names))


# --- tests ---------------------------------------------------------------------------------------
def test_cut_off(machine, proxy):
    machine.set_proxy(proxy.url)
    proxy.cut = {"linux-image-": 600000}
    status, text = machine.run("download")
    check(status != 0 and "What is downloaded stays" in text,
          "a download that is cut off fails with a sentence", f"status {status}\n{text}")
    check(not machine.has("kernel-release") and not machine.has("sets", "root"), "nothing says that it is whole", text)
    status, text = machine.run("unpack-root")
    check(status != 0 and "make deps" in text and not machine.has("root"), "it is not unpacked", f"status {status}\n{text}")
    before = {name for name, _ in proxy.packages_asked() if not name.startswith("linux-image-")}
    proxy.cut, proxy.asked = {}, []
    status, text = machine.run("download")
    check(status == 0, "the next download ends", text)
    again = proxy.packages_asked()
    check(before and not before & {name for name, _ in again}, "what was whole is not loaded again", f"{before}\n{again}")
    image = [start for name, start in again if name.startswith("linux-image-")]
    check(image == [600000], "the package that was cut off is loaded from there on", f"{again}")


def test_taken(machine):
    status, text = machine.run("unpack-dev")
    check(status == 0, "unpack-dev", text)
    status, text = machine.run("unpack-root")
    check(status == 0, "unpack-root", text)
    check(machine.read("kernel-release") == f"{KERNEL}\n".encode(), "the kernel is the one that is whole")
    check(machine.has("root", "boot", f"vmlinuz-{KERNEL}") and machine.has("root", "lib", "modules", KERNEL, "modules.dep"),
          "its image and modules are in the root file system")
    check(machine.read("dev/usr/src/kernel/scripts/tool") == b"newer\n", "its headers lead to the newer build tools")
    packages = machine.read("sets", "root").decode()
    check("bash_" in packages and "libc6_" in packages and "linux-image-arm64" not in packages,
          "the root file system is of the list and what that depends on, without the meta package", packages)
    status, text = machine.run("add", "more")
    check(status == 0 and machine.has("more", "usr", "bin", "tool") and machine.has("more", "usr", "lib", "libtool.so")
          and not machine.has("more", "usr", "lib", "aarch64-linux-gnu"), "more packages bring only what root has not", text)


def test_damaged(machine, proxy):
    package = "bash_5.2-1_arm64.deb"
    whole = machine.read("debs", package)
    with open(machine.path("debs", package), "r+b") as data:
        data.seek(len(whole) // 2)
        data.write(b"damage")
    proxy.asked = []
    status, text = machine.run("download")
    check(status == 0 and machine.read("debs", package) == whole, "a package that was damaged on disk is loaded again", text)
    check([name for name, _ in proxy.packages_asked()] == [package], "and no other", f"{proxy.packages_asked()}")
    os.truncate(machine.path("debs", package), 200)
    status, text = machine.run("unpack-root")
    check(status != 0 and not machine.has("root"), "a tree that cannot be made whole is not there", text)


def test_proxies(place, proxy):
    machine = Machine(os.path.join(place, "environment"))
    proxy.asked = []
    status, text = machine.run("download", http_proxy=proxy.url)
    check(status == 0 and proxy.asked, "http_proxy in the environment is used", text)
    machine = Machine(os.path.join(place, "offline"))
    status, text = machine.run("download", http_proxy="http://127.0.0.1:9")
    last = text.splitlines()[-3:]
    check(status != 0 and "cannot be had" in last[0] and "Acquire::http::Proxy" in last[1] and "http_proxy" in last[1],
          "without a network a sentence says what to do", text)


def main():
    with tempfile.TemporaryDirectory() as place, Proxy(archive().files) as proxy:
        machine = Machine(os.path.join(place, "machine"))
        test_cut_off(machine, proxy)
        test_taken(machine)
        test_damaged(machine, proxy)
        test_proxies(place, proxy)
        proxy.shutdown()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
