"""What a task takes on a version, as it was measured."""

from __future__ import annotations

import pytest

from services.common.recent_versions import VersionKey
from services.executor.versions.costs import Costs
from services.executor.work_done import WorkDone

A, B = (VersionKey("wine", name, 1) for name in "ab")


def test_until_something_is_scored_it_is_what_a_record_took_before_it_served() -> None:
    costs = Costs()
    assert costs.of(A) is None
    costs.warmed_up(A, None)
    assert costs.of(A) is None
    costs.warmed_up(A, 0.25)
    costs.warmed_up(A, 9.0)
    assert costs.of(A) == 0.25


def test_tasks_that_were_scored_together_share_what_that_took() -> None:
    costs = Costs()
    costs.look([(A, WorkDone(rows_scored=20, tasks=10, scoring_seconds=1.0))])
    assert costs.of(A) == pytest.approx(0.1)


def test_it_moves_to_what_is_measured_and_the_faster_the_more_tasks_there_are() -> None:
    costs = Costs()
    costs.warmed_up(A, 1.0)
    costs.warmed_up(B, 1.0)
    costs.look([(A, WorkDone(tasks=1)), (B, WorkDone(tasks=5000))])
    few, many = costs.of(A), costs.of(B)
    assert few is not None
    assert many is not None
    assert few > 0.9
    assert many < 0.1


def test_without_tasks_nothing_changes_and_counts_that_begin_anew_are_no_measurement() -> None:
    costs = Costs()
    costs.look([(A, WorkDone(tasks=10, scoring_seconds=1.0))])
    costs.look([(A, WorkDone(tasks=10, scoring_seconds=1.0))])
    costs.look([(A, WorkDone(tasks=2, scoring_seconds=0.1))])
    assert costs.of(A) == pytest.approx(0.1)


def test_versions_that_are_not_wanted_are_forgotten() -> None:
    costs = Costs()
    costs.warmed_up(A, 1.0)
    costs.keep([B])
    assert costs.of(A) is None
