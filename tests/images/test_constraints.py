"""An image has the versions that are tested, and no more of them than it needs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "images" / "constraints"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = {"service": ["mesh", "s3"], "executor": ["mesh", "s3", "pmml", "tensorflow"], "cli": []}


def pins(file: Path) -> set[str]:
    """`name==version`, and for which machines, where it is not all."""
    return set(re.findall(r"^([a-z0-9][^\\\n]*?) \\$", file.read_text(), re.M))


def names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[^a-z0-9-]", requirement.lower())[0] for requirement in requirements}


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_versions_are_those_that_are_tested(file: Path) -> None:
    tested = {pin.split(" ;")[0] for pin in pins(ROOT / "constraints.txt")}
    alone = names(PROJECT["dependency-groups"]["images"])  # nothing but images has these

    mine = {pin.split(" ;")[0] for pin in pins(file)}

    assert mine
    assert names(mine - tested) <= alone


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_every_version_has_a_hash_and_no_index_is_named(file: Path) -> None:
    text = file.read_text()

    assert "://" not in text
    for pinned in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in pinned


@pytest.mark.parametrize("target", EXTRAS)
def test_an_image_is_made_of_its_extras_alone(target: str) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["images"]]
    asked += [requirement for extra in EXTRAS[target] for requirement in extras[extra]]
    packages = re.split(r"\n(?=[a-z0-9])", (FOLDER / f"{target}.txt").read_text())[1:]

    for_us = {package for package in packages if "hedgerow (pyproject.toml" in package}

    assert names(for_us) == names(asked)
