"""Aliases and what they go back to."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.v1.models_pb2 import Identity
from services.common.catalog.aliases import KEPT, Alias

AT, BY = Timestamp(seconds=1), Identity(name="ann")


def alias_of(*versions: int) -> Alias:
    alias = Alias("champion")
    for version in versions:
        alias.point(version, AT, BY)
    return alias


def rolled_back(alias: Alias, *bad: int) -> int:
    """Roll back once, past versions that may not serve; 0: there is nothing to go back to."""
    version = alias.goes_back_to(lambda number: number not in bad)
    if version:
        alias.go_back(version, AT, BY)
    return version


def test_it_goes_back_step_by_step_and_never_to_what_it_left() -> None:
    alias = alias_of(1, 2, 3)
    assert [rolled_back(alias) for _ in range(3)] == [2, 1, 0]
    assert alias.version == 1
    alias.point(4, AT, BY)
    assert [rolled_back(alias) for _ in range(2)] == [1, 0]


def test_versions_that_may_not_serve_are_passed_over() -> None:
    alias = alias_of(1, 2, 3)
    assert [rolled_back(alias, 2), rolled_back(alias)] == [1, 0]


def test_one_that_was_pointed_to_and_fro_does_not_go_to_and_fro() -> None:
    alias = alias_of(1, 2, 1, 2)
    assert [rolled_back(alias), rolled_back(alias)] == [1, 0]


def test_one_that_was_deleted_has_its_history_and_goes_back_once_it_is_set_again() -> None:
    alias = alias_of(1, 2)
    alias.delete(AT, BY)
    assert alias.version == 0
    assert [change.version for change in alias.changes] == [1, 2, 0]
    alias.point(3, AT, BY)
    assert [rolled_back(alias) for _ in range(3)] == [2, 1, 0]


def test_each_change_is_told_with_time_and_person() -> None:
    alias = alias_of(1, 2)
    rolled_back(alias)
    told = alias.to_proto()
    assert (told.alias, told.version, list(told.before)) == ("champion", 1, [])
    assert [(c.version, c.rollback, c.by.name, c.at.seconds) for c in told.changes] == [
        (1, False, "ann", 1),
        (2, False, "ann", 1),
        (1, True, "ann", 1),
    ]


def test_the_latest_changes_are_kept() -> None:
    alias = alias_of(*range(1, 2 * KEPT))
    assert len(alias.changes) == KEPT
    assert alias.before == list(range(KEPT - 1, 2 * KEPT - 1))


@given(st.lists(st.integers(0, 6), max_size=40))
def test_a_rollback_never_returns_to_what_rollbacks_before_it_left(steps: list[int]) -> None:
    """0 is a rollback, 6 a deletion, the others point."""
    alias = Alias("champion")
    left: set[int] = set()
    for step in steps:
        was = alias.version
        if step == 6:
            alias.delete(AT, BY)
        elif step:
            alias.point(step, AT, BY)
            left.clear()
        elif was and (version := rolled_back(alias)):
            left.add(was)
            assert version not in left
        assert alias.version not in alias.before
        assert len(set(alias.before)) == len(alias.before)
        again = Alias.from_proto(alias.to_proto())
        assert again.to_proto() == alias.to_proto()
