#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel that is taken out of a package index, for each way in which Debian's suites may disagree. Prints TAP.

tests/unit/choose_kernel holds what real indexes said on one day; what they may say on others is invented here.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools", "choose_kernel.py")
sys.path.insert(0, os.path.dirname(PROGRAM))
from choose_kernel import version_key  # noqa: E402

results = []


def check(good, what, detail=""):
    results.append(good)
    print(f"{'' if good else 'not '}ok {len(results)} - {what}")
    if not good:
        for line in detail.splitlines():
            print(f"# {line}")


def stanza(name, version, arch="arm64", depends=""):
    return f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n" + (f"Depends: {depends}\n" if depends else "") + "\n"


def image(abi, version, depends="kmod"):
    return stanza(f"linux-image-{abi}-arm64", version, depends=depends)


def headers(abi, version):
    return stanza(f"linux-headers-{abi}-arm64", version, depends=f"linux-headers-{abi}-common (= {version}), linux-kbuild-6.1, gcc")


def common(abi, version):
    return stanza(f"linux-headers-{abi}-common", version, "all")


def kbuild(version, name="linux-kbuild-6.1", arch="amd64"):
    return stanza(name, version, arch)


def meta(abi, version):
    return stanza("linux-image-arm64", version, depends=f"linux-image-{abi}-arm64 (= {version})")


def kernel(abi, version):
    """All of a kernel but its build tools."""
    return image(abi, version) + headers(abi, version) + common(abi, version)


OLD = kernel("6.1.0-50", "6.1.176-1") + meta("6.1.0-50", "6.1.176-1") + kbuild("6.1.176-1") + kbuild("6.1.176-1", arch="arm64")
ABI, VERSION = "6.1.0-56", "6.1.192-2"


def run(text, like="6.1.192-2"):
    words = ["--like", like] if like else []
    done = subprocess.run(["/usr/bin/python3", "-B", PROGRAM, "--arch", "arm64", "--build-arch", "amd64", *words], input=text,
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def takes(what, text, taken, line=None, like="6.1.192-2"):
    """taken: ABI, versions of image, headers, common headers, build tools, and their name. line: in the one line, or None."""
    abi, image_version, header_version, common_version, tool_version, tool = taken
    wanted = (f"RELEASE {abi}-arm64\nIMAGE linux-image-{abi}-arm64={image_version}\n"
              f"HEADERS linux-headers-{abi}-arm64={header_version}\nCOMMON linux-headers-{abi}-common={common_version}\n"
              f"KBUILD {tool}:amd64={tool_version}\n")
    status, out, err = run(text, like)
    check(status == 0 and out == wanted, what, f"status {status}, wanted\n{wanted}got\n{out}{err}")
    if line is None:
        check(err == "", f"{what}: nothing to say", err)
    else:
        taken_line = f"taken are linux-image-{abi}-arm64 {image_version}, headers {header_version}"
        check(err.count("\n") == 1 and taken_line in err and f"{tool} {tool_version}" in err and line in err,
              f"{what}: one line says what was taken", err)


def same(abi, version, tool="linux-kbuild-6.1"):
    return abi, version, version, version, version, tool


def recorded(name):
    with open(os.path.join(HERE, "choose_kernel", name), encoding="utf-8") as text:
        return text.read()


def test_recorded():
    takes("Debian 12, 28 November 2026", recorded("bookworm-20261128.txt"),
          (ABI, VERSION, VERSION, VERSION, "6.1.192-3", "linux-kbuild-6.1"),
          "for 6.1.0-57-arm64, there is no linux-image-6.1.0-57-arm64; there are no build tools 6.1.192-2")
    takes("Debian 13, 28 November 2026", recorded("trixie-20261128.txt"),
          same("6.12.118+deb13", "6.12.118-1", "linux-kbuild-6.12.118+deb13"), like="6.12.118-1")
    takes("sid, 28 November 2026", recorded("sid-20261128.txt"),
          same("7.2.13+deb14", "7.2.13-1", "linux-kbuild-7.2.13+deb14"), like="7.2.13-1")
    takes("Debian 12 asked for its other series", recorded("bookworm-20261128.txt"),
          same("6.12.117+deb12", "6.12.117-1~deb12u1", "linux-kbuild-6.12.117+deb12"), like="6.12.101-1~deb12u1")


def test_skews():
    whole = OLD + kernel(ABI, VERSION) + meta(ABI, VERSION)
    takes("all agree", whole + kbuild(VERSION), same(ABI, VERSION))
    takes("all agree, no series asked for", whole + kbuild(VERSION), same(ABI, VERSION), like=None)
    takes("build tools newer", whole + kbuild("6.1.192-3") + kbuild("6.1.195-1"),
          (ABI, VERSION, VERSION, VERSION, "6.1.192-3", "linux-kbuild-6.1"), "there are no build tools 6.1.192-2")
    takes("headers of a newer kernel than the image", whole + kbuild(VERSION) + headers("6.1.0-57", "6.1.192-3")
          + common("6.1.0-57", "6.1.192-3"), same(ABI, VERSION), "there is no linux-image-6.1.0-57-arm64")
    takes("headers newer than the image of the same kernel", OLD + image(ABI, "6.1.192-1") + headers(ABI, VERSION)
          + common(ABI, VERSION) + kbuild(VERSION), (ABI, "6.1.192-1", VERSION, VERSION, VERSION, "linux-kbuild-6.1"),
          "there are no headers 6.1.192-1")
    takes("image of a newer kernel than the headers", whole + kbuild(VERSION) + image("6.1.0-57", "6.1.192-3"),
          same(ABI, VERSION), "there is no linux-headers-6.1.0-57-arm64")
    takes("image newer than the headers of the same kernel, older image gone", OLD + image(ABI, "6.1.192-3")
          + headers(ABI, VERSION) + common(ABI, VERSION) + kbuild(VERSION),
          (ABI, "6.1.192-3", VERSION, VERSION, VERSION, "linux-kbuild-6.1"), "there are no headers 6.1.192-3")
    takes("image newer than the headers of the same kernel, older image there", whole + image(ABI, "6.1.192-3")
          + kbuild(VERSION), same(ABI, VERSION), "linux-image-6.1.0-56-arm64 6.1.192-3 has no headers")
    takes("headers gone from the index", OLD + image(ABI, VERSION) + common(ABI, VERSION) + meta(ABI, VERSION) + kbuild(VERSION),
          same("6.1.0-50", "6.1.176-1"), f"there is no linux-headers-{ABI}-arm64")
    takes("common headers gone from the index", OLD + image(ABI, VERSION) + headers(ABI, VERSION) + kbuild(VERSION),
          same("6.1.0-50", "6.1.176-1"), f"there is no linux-headers-{ABI}-common")
    takes("common headers newer", OLD + image(ABI, VERSION) + headers(ABI, VERSION) + common(ABI, "6.1.192-3") + kbuild(VERSION),
          (ABI, VERSION, VERSION, "6.1.192-3", VERSION, "linux-kbuild-6.1"), "there are no common headers 6.1.192-2")
    takes("the meta package names a kernel that is not there", whole + kbuild(VERSION) + meta("6.1.0-57", "6.1.192-3"),
          same(ABI, VERSION), "there is no linux-image-6.1.0-57-arm64", like="6.1.192-3")


def test_architectures():
    whole = OLD + kernel(ABI, VERSION) + meta(ABI, VERSION)
    takes("the build machine's index is older", whole + kbuild(VERSION, arch="arm64"),
          (ABI, VERSION, VERSION, VERSION, "6.1.176-1", "linux-kbuild-6.1"), "there are no build tools 6.1.192-2")
    takes("the build machine's index is newer", kernel("6.1.0-50", "6.1.176-1") + common(ABI, VERSION) + kbuild(VERSION),
          ("6.1.0-50",) + ("6.1.176-1",) * 3 + (VERSION, "linux-kbuild-6.1"), "there are no build tools 6.1.176-1",
          like="6.1.176-1")
    trixie = [kernel(abi, version) + kbuild(version, f"linux-kbuild-{abi}", "arm64")
              for abi, version in [("6.12.117+deb13", "6.12.117-1"), ("6.12.118+deb13", "6.12.118-1")]]
    takes("the build machine's index is older, tools named by version", "".join(trixie)
          + kbuild("6.12.117-1", "linux-kbuild-6.12.117+deb13"),
          ("6.12.118+deb13",) + ("6.12.118-1",) * 3 + ("6.12.117-1", "linux-kbuild-6.12.117+deb13"),
          "there are no build tools 6.12.118-1", like="6.12.118-1")
    takes("no build tools of the newest series", OLD + "".join(trixie), same("6.1.0-50", "6.1.176-1"),
          "for 6.12.118+deb13-arm64, there is no linux-kbuild of 6.12 for amd64; no kernel of 6.12 is whole", like="6.12.118-1")
    takes("a kernel in pieces lacks one", OLD + image("7.2.13+deb14", "7.2.13-1", "linux-modules-7.2.13+deb14-arm64 (= 7.2.13-1)")
          + headers("7.2.13+deb14", "7.2.13-1") + common("7.2.13+deb14", "7.2.13-1") + kbuild("7.2.13-1", "linux-kbuild-7.2.13+deb14"),
          same("6.1.0-50", "6.1.176-1"), "there is no linux-modules-7.2.13+deb14-arm64 7.2.13-1", like="7.2.13-1")
    flavours = "".join(kernel(f"6.1.0-99{flavour}", "6.1.300-1") for flavour in ["-rt", "-cloud"])
    takes("other flavours are none", OLD + flavours + kbuild("6.1.300-1"), same("6.1.0-50", "6.1.176-1"))


def test_nothing_fits():
    for what, text, line in [("an empty index", "", "there is no linux-image for arm64"),
                             ("no headers at all", image(ABI, VERSION) + kbuild(VERSION), f"there is no linux-headers-{ABI}-arm64")]:
        status, out, err = run(text)
        check(status == 1 and not out and err.count("\n") == 1 and line in err, f"{what} is refused with one line", out + err)


def test_versions():
    """The order is dpkg's."""
    versions = ["6.1.192-2", "6.1.192-10", "6.1.192-2~bpo11+1", "6.1.192-2+b1", "6.1.9-1", "6.12.117-1~deb12u1", "6.12.117-1",
                "1:1.0", "7.3~rc2-1~exp1", "7.3-1", "6.1a-1", "6.1.0-1", "6.1-1"]
    versions.sort(key=version_key)
    for one, other in zip(versions, versions[1:]):
        check(subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0, f"{one} < {other}")
    check(version_key("1.0") == version_key("1.0-0"), "no revision is revision 0")


def main():
    test_recorded()
    test_skews()
    test_architectures()
    test_nothing_fits()
    test_versions()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
