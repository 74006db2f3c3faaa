# SPDX-License-Identifier: BSD-2-Clause
"""The front door: nothing is built twice, mistakes are explained."""

import os
import re

import pytest


def test_second_run_rebuilds_nothing(make):
    first = make("run-images")
    assert first.returncode == 0, first.stderr.decode()
    second = make("run-images")
    assert second.returncode == 0
    # Either nothing at all, or make says that there is nothing.
    assert not re.sub(rb"make: Nothing to be done for 'run-images'\.\n", b"", second.stdout)


def test_help_names_the_commands(make):
    text = make("help").stdout.decode()
    for word in ["make run", "make test", "make image", "make check", "make lint", "make clean", "MICROKIT_SDK", "CMD="]:
        assert word in text


def sdk(tmp_path, **options):
    """A folder with the outside of a Microkit SDK."""
    folder = tmp_path / "board" / "qemu_virt_aarch64" / "release"
    for name in ["elf/sel4.elf", "include/sel4/sel4.h", "include/interfaces/sel4_client.h"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    good = {"SEL4_ARCH": '"aarch64"', "ARM_HYPERVISOR_SUPPORT": "true", "KERNEL_MCS": "true", "ALLOW_SMC_CALLS": "true",
            "EXPORT_PCNT_USER": "true", "EXPORT_PTMR_USER": "true", "DISABLE_WFI_WFE_TRAPS": "false",
            "ARM_GIC_V3_SUPPORT": "false", "MAX_NUM_NODES": '"1"', "VTIMER_UPDATE_VOFFSET": "false"}
    lines = ",\n".join(f'    "{name}": {value}' for name, value in {**good, **options}.items())
    (folder / "include" / "kernel").mkdir()
    (folder / "include" / "kernel" / "gen_config.json").write_text("{\n" + lines + "\n}\n")
    return tmp_path


@pytest.fixture
def make_image(make, tmp_path):
    """make image with a folder of the test's own as SDK, whatever this run itself uses."""

    def run(**variables):
        return make("image", **{"MICROKIT_SDK": tmp_path, "MICROKIT_BOARD": "qemu_virt_aarch64",
                                "MICROKIT_CONFIG": "release", **variables})

    return run


@pytest.mark.parametrize("variables, looked_for", [
    ({"MICROKIT_SDK": "/nonexistent"}, "there is no folder /nonexistent"),
    ({"MICROKIT_SDK": "/"}, "there is no folder //board"),
    ({"MICROKIT_BOARD": "imaginary"}, "boards in this SDK: qemu_virt_aarch64"),
    ({"MICROKIT_CONFIG": "imaginary"}, "configurations of this board: release"),
])
def test_wrong_sdk(make_image, tmp_path, variables, looked_for):
    sdk(tmp_path)
    result = make_image(**variables)
    assert result.returncode == 2
    assert looked_for in result.stderr.decode()


def test_sdk_without_kernel(make_image, tmp_path):
    folder = sdk(tmp_path)
    kernel = os.path.join(folder, "board/qemu_virt_aarch64/release/elf/sel4.elf")
    os.remove(kernel)
    result = make_image()
    assert result.returncode == 2
    assert f"there is no file {kernel}" in result.stderr.decode()


@pytest.mark.parametrize("option, value", [
    ("KERNEL_MCS", "false"), ("ARM_HYPERVISOR_SUPPORT", "false"), ("ALLOW_SMC_CALLS", "false"),
    ("DISABLE_WFI_WFE_TRAPS", "true"), ("MAX_NUM_NODES", '"4"'),
])
def test_sdk_with_wrong_option(make_image, tmp_path, option, value):
    sdk(tmp_path, **{option: value})
    result = make_image()
    assert result.returncode == 2
    plain = value.strip('"')
    assert f"{option} is {plain}, must be" in result.stderr.decode()
