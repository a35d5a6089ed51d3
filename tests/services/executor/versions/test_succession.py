"""When one version takes over from another."""

from __future__ import annotations

import pytest

from services.common.recent_versions import VersionKey
from services.executor.versions.succession import is_settled, still_needed

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
    ("serving", "failed", "held_back", "settled"),
    [
        ({TWO, OTHER}, set(), set(), True),
        ({ONE, OTHER}, set(), set(), False),
        ({ONE, OTHER}, set(), {TWO}, True),
        ({OTHER}, set(), {TWO}, False),
        ({OTHER}, {TWO}, {TWO}, True),
        (set(), {TWO}, {TWO}, False),
        (set(), set(), set(), False),
    ],
    ids=[
        "all serve",
        "the newest loads",
        "its turn comes later",
        "nothing serves in its place",
        "it has failed as things are",
        "one has failed and the other loads",
        "none",
    ],
)
def test_an_executor_is_settled(
    serving: set[VersionKey],
    failed: set[VersionKey],
    held_back: set[VersionKey],
    settled: bool,
) -> None:
    assert is_settled({TWO, OTHER}, serving, failed, held_back) is settled
