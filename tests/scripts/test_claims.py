"""The stubs can be imported by the oldest protobuf and grpcio that the project claims to work with."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUBS = [*(ROOT / "hedgerow").glob("v1/*.py"), *(ROOT / "hedgerow").glob("formats/v1/*.py")]


def version(said: str) -> tuple[int, ...]:
    return tuple(int(part) for part in said.split("."))


def claimed(package: str) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (found,) = [
        match[1]
        for line in project["dependencies"]
        if (match := re.fullmatch(rf"{package}>=([\d.]+)", line))
    ]
    return str(found)


@pytest.mark.parametrize(
    ("package", "wrote"),
    [
        ("protobuf", r"^# Protobuf Python Version: ([\d.]+)$"),
        ("grpcio", r"^GRPC_GENERATED_VERSION = '([\d.]+)'$"),
    ],
)
def test_stubs_ask_for_nothing_newer_than_the_project_claims(package: str, wrote: str) -> None:
    needed = {found for stub in STUBS for found in re.findall(wrote, stub.read_text(), re.M)}

    assert needed
    assert max(map(version, needed)) <= version(claimed(package))


@pytest.mark.parametrize("package", ["protobuf", "grpcio"])
def test_the_lowest_versions_are_those_claimed(package: str) -> None:
    pins = (ROOT / "constraints-lowest.txt").read_text()

    (pinned,) = re.findall(rf"^{package}==([\d.]+) ", pins, re.M)

    wanted = version(claimed(package))
    assert version(pinned)[: len(wanted)] == wanted
