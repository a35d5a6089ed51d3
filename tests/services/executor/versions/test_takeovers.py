"""What is settled, and what is open."""

from __future__ import annotations

from services.common.catalog import Succession
from services.common.recent_versions import VersionKey
from services.executor.versions.takeovers import Takeovers

FOUR = ("wine", Succession("tree", 4, 3))
THREE = ("wine", Succession("tree", 3, 4))


def key(version: int) -> VersionKey:
    return VersionKey("wine", "tree", version)


def test_it_is_settled_when_the_version_serves_here() -> None:
    takeovers = Takeovers()
    assert not takeovers.look({FOUR}, {key(3)}, lambda _: False)
    assert takeovers.settled == set()
    assert takeovers.look({FOUR}, {key(3), key(4)}, lambda _: False)
    assert takeovers.settled == {FOUR}
    assert not takeovers.look({FOUR}, {key(3)}, lambda _: False), "that stays so if its host dies"
    assert takeovers.settled == {FOUR}


def test_what_served_elsewhere_before_this_executor_started_is_settled() -> None:
    takeovers = Takeovers()
    assert takeovers.look({FOUR}, set(), lambda _: True)
    assert takeovers.settled == {FOUR}


def test_a_rollback_is_open_although_its_version_has_served_before() -> None:
    takeovers = Takeovers()
    takeovers.look({FOUR}, {key(4)}, lambda _: True)
    assert not takeovers.look({THREE}, {key(4)}, lambda _: True)
    assert takeovers.settled == set()
    takeovers.look({THREE}, {key(3)}, lambda _: True)
    assert not takeovers.look({FOUR}, set(), lambda _: True), "and so is the way back"
    assert takeovers.settled == set()
