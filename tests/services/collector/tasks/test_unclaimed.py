"""Results that come before their task is opened, and after it has ended."""

from __future__ import annotations

import pytest

from tests.services.collector.harness import Desk, DeskOf, failure_of, opening_of, report_of
from tests.services.decisions import answers, reasons, states


async def test_a_result_that_overtook_its_opening_counts(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(failure_of("c", 1))
    desk.session.take(opening_of(1))
    assert not desk.decided
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "FAILED"}


async def test_results_that_all_came_early_decide_the_task_as_it_is_opened(desk_of: DeskOf) -> None:
    desk = desk_of()
    for model in "abc":
        desk.intake.take(report_of(model, {1: ["x"], 2: ["y"]}))
    desk.session.take(opening_of(1, 2))
    assert [task.id for task in desk.decided] == [1, 2]


async def test_early_results_nobody_asks_for_are_dropped_and_count_as_late(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.unclaimed.turn()
    assert len(desk.unclaimed) == 1
    desk.unclaimed.turn()
    assert len(desk.unclaimed) == 0
    assert desk.late("a") == 1
    desk.session.take(opening_of(1))
    desk.pass_time(0.05)
    assert reasons(desk.decision().decision) == ["NO_ANSWER"]


async def test_an_early_result_lasts_a_whole_turn(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.unclaimed.turn()
    desk.session.take(opening_of(1))
    assert answers(desk.decision().decision) == ["x"]


async def test_early_results_are_bounded_and_the_oldest_go_first() -> None:
    desk = Desk()
    desk.unclaimed._most_rows = 100
    for task_id in range(1, 1001):
        desk.intake.take(report_of("a", {task_id: ["x"]}))
    assert len(desk.unclaimed) <= 102
    assert desk.late("a") == 1000 - len(desk.unclaimed)
    assert desk.unclaimed.claim(1) == []
    assert len(desk.unclaimed.claim(1000)) == 1
    desk.open_tasks.close()


async def test_a_result_after_the_decision_is_late_and_changes_nothing(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["y"]}))
    desk.intake.take(failure_of("c", 1))
    assert desk.late("b") == 1
    assert len(desk.unclaimed) == 0
    assert len(desk.decided) == 1


@pytest.mark.parametrize("bound", ["_MOST_ENDED", "_MOST_ENDED_ROWS"])
async def test_ended_tasks_are_remembered_only_up_to_a_bound(
    desk_of: DeskOf, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    desk = desk_of("{timeout: {}}")
    rows = 1 if bound == "_MOST_ENDED" else 20
    monkeypatch.setattr(f"services.collector.tasks.unclaimed.{bound}", 10 * rows)
    for task_id in range(1, 101):
        desk.session.take(opening_of(task_id, rows=rows))
        desk.intake.take(report_of("a", {task_id: ["x"] * rows}))
    assert len(desk.unclaimed._ended) + len(desk.unclaimed._older_ended) <= 22
    assert 100 in desk.unclaimed._ended | desk.unclaimed._older_ended
