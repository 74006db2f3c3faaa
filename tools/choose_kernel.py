#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Chooses the kernel of the service-VM: image, headers, common headers and build tools that fit together.

  choose_kernel.py --arch ARCH --build-arch ARCH [--like VERSION] < package-indexes

Reads the Packages files of all suites and of both architectures, one after the other. The newest kernel wins for which
all four can be had; kernels of the series of --like (`6.1` of 6.1.192-2) come before all others. The build tools run on
the build machine, so they are of --build-arch. They are of the kernel's series: in the headers' version, else in the
next higher one there is, else in the newest.

Prints one line each, name=version as apt-get takes it: RELEASE, IMAGE, HEADERS, COMMON, KBUILD. Where what suits best
cannot be had, one line on stderr says what was taken instead and why. Exit status 1: no kernel is whole.
"""

import argparse
import re
import sys

FIELDS = ("Package", "Version", "Architecture", "Depends")
EXACT_DEPENDENCY = re.compile(r"\s*(linux-[^\s(|]+) \(= ([^)]+)\)\s*$")


def version_key(version):
    """Orders versions as Debian does (deb-version(7)): ~ before the end before letters before anything else."""

    def part_key(part):
        return [([-1 if c == "~" else ord(c) + (0 if c.isalpha() else 256) for c in text] + [0], int(digits or 0))
                for text, digits in re.findall(r"(\D*)(\d*)", part)]

    epoch, _, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch or 0), part_key(upstream), part_key(revision or "0")


def newest(versions):
    return max(versions, key=version_key)


def nearest(versions, wanted):
    """The wanted version, else the next higher one, else the newest."""
    above = [version for version in versions if version_key(version) >= version_key(wanted)]
    return min(above, key=version_key) if above else newest(versions)


def series(version):
    return re.match(r"(?:\d+:)?(\d+\.\d+)", version)[1]


class Index:
    """The packages linux-* of a package index; what is of architecture `all` is there for every architecture."""

    def __init__(self, lines):
        self.packages = {}
        stanza, wanted = {}, False
        for line in lines:
            if line.startswith("Package: "):
                wanted = line.startswith("Package: linux-")
            if wanted and line.startswith(FIELDS):
                name, _, value = line.partition(":")
                stanza[name] = value.strip()
            elif not line.strip():
                self._add(stanza)
                stanza = {}
        self._add(stanza)

    def _add(self, stanza):
        if stanza.keys() >= {"Package", "Version", "Architecture"}:
            versions = self.packages.setdefault((stanza["Package"], stanza["Architecture"]), {})
            versions[stanza["Version"]] = stanza.get("Depends", "")

    def versions(self, name, arch):
        """The versions of a package, each with its Depends field."""
        return {**self.packages.get((name, "all"), {}), **self.packages.get((name, arch), {})}

    def missing(self, depends, arch):
        """The first package that has to be there in exactly one version and is not, or None."""
        for clause in depends.split(","):
            exact = EXACT_DEPENDENCY.match(clause)
            if exact and exact[2] not in self.versions(exact[1], arch):
                return f"{exact[1]} {exact[2]}"
        return None

    def releases(self, arch):
        """Each kernel release the index speaks of, with the version of its image, else of what names it."""
        image = re.compile(rf"linux-image-(\d[^-]*(?:-\d[^-]*)?-{arch})$")
        headers = re.compile(rf"linux-headers-(\d[^-]*(?:-\d[^-]*)?-{arch})$")
        found = {}
        for depends in self.versions(f"linux-image-{arch}", arch).values():
            for clause in depends.split(","):
                exact = EXACT_DEPENDENCY.match(clause)
                named = image.match(exact[1]) if exact else None
                if named:
                    found[named[1]] = exact[2]
        for pattern in (headers, image):
            for (name, _), versions in self.packages.items():
                if pattern.match(name):
                    found[pattern.match(name)[1]] = newest(versions)
        return found


class Incomplete(Exception):
    """What a kernel lacks."""


def fit(index, release, arch, build_arch):
    """(image, headers, common headers, build tools) of a release, each a pair of name and version."""
    names = [f"linux-image-{release}", f"linux-headers-{release}",
             f"linux-headers-{release.removesuffix('-' + arch)}-common"]
    images, headers, commons = (index.versions(name, arch) for name in names)
    for name, versions in zip(names, (images, headers, commons)):
        if not versions:
            raise Incomplete(f"there is no {name}")
    lacking = {version: index.missing(depends, arch) for version, depends in images.items()}
    whole = [version for version in images if not lacking[version]]
    if not whole:
        raise Incomplete(f"there is no {lacking[newest(images)]}")
    image = newest([version for version in whole if version in headers and version in commons] or whole)
    header = nearest(headers, image)
    tools = {version: name for name in {name for name, _ in index.packages} if name.startswith("linux-kbuild-")
             for version in index.versions(name, build_arch) if series(version) == series(header)}
    if not tools:
        raise Incomplete(f"there is no linux-kbuild of {series(header)} for {build_arch}")
    tool = nearest(tools, header)
    return list(zip(names, (image, header, nearest(commons, header)))) + [(tools[tool], tool)]


def choose(index, arch, build_arch, like=None):
    """(release, parts as fit() makes them, why not what would suit better or None); raises Incomplete."""
    releases = index.releases(arch)
    why = None
    for release in sorted(releases, reverse=True, key=lambda name: (
            bool(like) and series(releases[name]) == series(like), version_key(releases[name]), name)):
        try:
            return release, fit(index, release, arch, build_arch), why
        except Incomplete as reason:
            why = why or f"for {release}, {reason}"
    raise Incomplete(why or f"there is no linux-image for {arch}")


def explain(index, arch, parts, why, like):
    """The line that says what was taken instead of what suits best, or None."""
    (image_name, image), (_, header), (_, common), (tool_name, tool) = parts
    reasons = [why] if why else []
    if like and series(image) != series(like):
        reasons.append(f"no kernel of {series(like)} is whole")
    newer = newest(index.versions(image_name, arch))
    if newer != image:
        reasons.append(f"{image_name} {newer} has no headers of its version, or is not whole itself")
    for what, version, wanted in [("headers", header, image), ("common headers", common, header),
                                  ("build tools", tool, header)]:
        if version != wanted:
            reasons.append(f"there are no {what} {wanted}")
    if not reasons:
        return None
    return (f"kernel: taken are {image_name} {image}, headers {header}, common headers {common}, "
            f"{tool_name} {tool}: " + "; ".join(reasons))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", required=True, help="architecture of the service-VM")
    parser.add_argument("--build-arch", required=True, help="architecture of the build machine")
    parser.add_argument("--like", metavar="VERSION", help="a kernel of the series to prefer")
    options = parser.parse_args()
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    try:
        index = Index(sys.stdin)
        release, parts, why = choose(index, options.arch, options.build_arch, options.like)
    except Incomplete as reason:
        print(f"kernel: the package index has no kernel with image, headers and build tools: {reason}. Debian's suites "
              "agree again within some days; another mirror may do so now.", file=sys.stderr)
        return 1
    line = explain(index, options.arch, parts, why, options.like)
    if line:
        print(line, file=sys.stderr)
    print("RELEASE", release)
    for what, (name, version) in zip(("IMAGE", "HEADERS", "COMMON"), parts):
        print(what, f"{name}={version}")
    print("KBUILD", f"{parts[3][0]}:{options.build_arch}={parts[3][1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
