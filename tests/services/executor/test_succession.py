"""When one version takes over from another."""

from __future__ import annotations

import pytest

from services.common.recent_versions import VersionKey
from services.executor.succession import is_settled, still_needed

ONE, TWO, THREE = (VersionKey("wine", "tree", version) for version in (1, 2, 3))
OTHER = VersionKey("wine", "net", 1)


@pytest.mark.parametrize(
    ("key", "serving", "loading", "needed"),
    [
        (ONE, {ONE, TWO, THREE}, set(), False),
        (ONE, {ONE}, {THREE}, True),
        (TWO, {ONE}, {TWO}, True),
        (TWO, {ONE}, set(), False),
        (ONE, {ONE, TWO}, {THREE}, False),
        (TWO, {ONE, TWO}, {THREE}, True),
        (ONE, {ONE, OTHER}, set(), True),
        (TWO, {THREE}, {TWO}, False),
    ],
    ids=[
        "its heir serves",
        "its heir still loads",
        "it has begun to load itself",
        "it waits for its turn",
        "a newer one can stand in",
        "the newest that serves",
        "only another model serves",
        "it loads, and its heir serves",
    ],
)
def test_a_version_goes_on_until_its_heirs_serve(
    key: VersionKey, serving: set[VersionKey], loading: set[VersionKey], needed: bool
) -> None:
    assert still_needed(key, {THREE, OTHER}, serving, loading) is needed


@pytest.mark.parametrize(
    ("serving", "held_back", "settled"),
    [
        ({TWO, OTHER}, set(), True),
        ({ONE, OTHER}, set(), False),
        ({ONE, OTHER}, {TWO}, True),
        ({OTHER}, {TWO}, False),
        (set(), set(), False),
    ],
    ids=[
        "all serve",
        "the newest loads",
        "its turn comes later",
        "nothing serves in its place",
        "none",
    ],
)
def test_an_executor_is_settled(
    serving: set[VersionKey], held_back: set[VersionKey], settled: bool
) -> None:
    assert is_settled({TWO, OTHER}, serving, held_back) is settled
