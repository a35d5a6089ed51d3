"""What a router reads of a decision."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from itertools import product

import pytest

from hedgerow.data.predictions import Predictions
from hedgerow.v1 import collection_pb2 as pb
from hedgerow.v1.records_pb2 import Labels, Output
from hedgerow.v1.scoring_pb2 import Decision
from services.collector import decisions
from tests.services.collector.harness import Desk, failure_of, opening_of, report_of
from tests.services.decisions import answers, reasons


def confidences(decision: Decision) -> list[float]:
    return list(struct.unpack(f"<{len(decision.confidences) // 8}d", decision.confidences))


async def test_an_answer_has_the_confidence_of_the_model_that_gave_it() -> None:
    desk = Desk()
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("c", {1: ["x"]}, confidence=0.75))
    desk.intake.take(report_of("b", {1: ["x"]}, confidence=0.5))
    assert confidences(desk.decision().decision) == [0.5]


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("confidence", [None, math.nan])
async def test_without_any_confidence_there_is_no_column_of_them(
    rows: int, confidence: float | None
) -> None:
    desk = Desk("{timeout: {}}")
    desk.session.take(opening_of(1, rows=rows))
    desk.intake.take(report_of("a", {1: ["x"] * rows}, confidence=confidence))
    assert desk.decision().decision.confidences == b""


async def test_where_some_have_a_confidence_the_others_have_nan() -> None:
    desk = Desk("{timeout: {}}")
    desk.session.take(opening_of(1, rows=2))
    desk.intake.take(report_of("b", {1: ["x", "y"]}))
    desk.intake.take(report_of("a", {1: ["x", None]}, confidence=0.5))
    first, second = confidences(desk.decision().decision)
    assert first == 0.5
    assert math.isnan(second)


@pytest.mark.parametrize("rows", [1, 3])
async def test_numbers_travel_as_doubles(rows: int) -> None:
    desk = Desk("{timeout: {}, default: {value: -1}}")
    desk.session.take(opening_of(1, rows=rows))
    desk.intake.take(report_of("a", {1: [1.5, None, 2.5][:rows]}))
    desk.pass_time(1)
    decision = desk.decision().decision
    assert not decision.HasField("labels")
    assert answers(decision) == [1.5, -1.0, 2.5][:rows]


@pytest.mark.parametrize(
    ("default", "values", "expected"),
    [
        ("7", ["x", None], ["x", "7"]),
        ("0.5", ["x", None], ["x", "0.5"]),
        ("w", [1.5, None], ["1.5", "w"]),
        ("'1'", [1.0, None], ["1", "1"]),
    ],
)
async def test_numbers_among_labels_are_written_as_text(
    default: str, values: list[str | float | None], expected: list[str]
) -> None:
    desk = Desk(f"{{timeout: {{}}, default: {{value: {default}}}}}")
    desk.session.take(opening_of(1, rows=2))
    for model in ("a", "b", "c"):
        desk.intake.take(report_of(model, {1: values}))
    decision = desk.decision().decision
    assert answers(decision) == expected
    assert reasons(decision) == ["PREFERRED", "DEFAULT"]
    assert len(set(decision.labels.classes)) == len(decision.labels.classes)


@pytest.mark.parametrize("default", ["w", "0.5"])
async def test_the_default_of_one_record_is_written(default: str) -> None:
    desk = Desk(f"{{timeout: {{}}, default: {{value: {default}}}}}")
    desk.session.take(opening_of(1))
    desk.pass_time(1)
    assert [str(answer) for answer in answers(desk.decision().decision)] == [default]


@pytest.mark.parametrize("rows", [1, 2])
async def test_without_any_answer_there_are_no_values(rows: int) -> None:
    desk = Desk("{timeout: {}}")
    desk.session.take(opening_of(1, rows=rows))
    desk.pass_time(1)
    decision = desk.decision().decision
    assert decision.WhichOneof("values") is None
    assert reasons(decision) == ["NO_ANSWER"] * rows
    assert list(decision.answered_by) == [-1] * rows


async def test_times_are_told_from_the_admission_on() -> None:
    desk = Desk("{consensus: {quorum: all}}", "a b")
    desk.session.take(opening_of(1, versions=[1, 1], deadline=10))  # admitted 2 ms before
    desk.clock.now += 0.003
    desk.intake.take(report_of("a", {1: ["x"]}, queued=0.001, scoring=0.0005))
    desk.clock.now += 2
    desk.intake.take(report_of("b", {1: ["x"]}, queued=1.5))
    decision = desk.decision().decision
    first, second = decision.models
    assert decision.elapsed.ToMicroseconds() == pytest.approx(2_005_000, abs=1)
    assert first.elapsed.ToMicroseconds() == pytest.approx(5000, abs=1)
    assert first.queued.ToMicroseconds() == pytest.approx(1000, abs=1)
    assert first.scoring.ToMicroseconds() == pytest.approx(500, abs=1)
    assert second.elapsed.ToMicroseconds() == pytest.approx(2_005_000, abs=1)
    assert second.queued.ToMilliseconds() == 1500


async def test_a_model_that_did_not_answer_has_no_times() -> None:
    desk = Desk("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(failure_of("b", 1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    _, failed, cancelled = desk.decision().decision.models
    for report in (failed, cancelled):
        assert not report.HasField("elapsed")
        assert not report.HasField("scoring")
        assert report.version == 1


@pytest.mark.parametrize(("queued", "scoring"), [(math.nan, -1.0), (math.inf, 2e9), (-1.0, -1e-9)])
async def test_times_that_cannot_be_count_as_none(queued: float, scoring: float) -> None:
    desk = Desk("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}, queued=queued, scoring=scoring))
    report = desk.decision().decision.models[0]
    assert report.queued.ToNanoseconds() == report.scoring.ToNanoseconds() == 0
    (stats,) = [stats for stats in desk.statistics.to_protos() if stats.name == "a"]
    assert stats.scoring.ToNanoseconds() == 0


async def test_an_early_result_took_no_time() -> None:
    desk = Desk("{timeout: {}}")
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.clock.now += 1
    desk.session.take(opening_of(1))
    report = desk.decision().decision.models[0]
    assert report.HasField("elapsed")
    assert report.elapsed.ToNanoseconds() == 0


async def test_explain_returns_what_each_model_said() -> None:
    desk = Desk("{consensus: {quorum: all}}", "a b")
    desk.session.take(opening_of(1, versions=[1, 1], rows=1))
    desk.session.take(opening_of(2, versions=[1, 1], rows=2, explain=True))
    for model, label in (("a", "y"), ("b", "z")):
        request = report_of(model, {1: ["x"], 2: [label, None]}, confidence=0.5)
        request.predictions.outputs.append(
            Output(name="p", numbers=struct.pack("<3d", 0.1, 0.2, 0.3))
        )
        desk.intake.take(request)
    plain, explained = pb.CollectResponse.FromString(
        decisions.response_of(desk.decided).SerializeToString()
    ).decisions
    assert not any(report.HasField("predictions") for report in plain.decision.models)
    for report, label in zip(explained.decision.models, ("y", "z"), strict=True):
        said = Predictions.from_proto(report.predictions)
        assert said.rows == 2
        assert said.absent == (1,)
        assert report.predictions.labels.classes[said.values.indexes[0]] == label  # type: ignore[union-attr]
        assert list(said.outputs["p"]) == [0.2, 0.3]  # type: ignore[arg-type]


async def test_the_plan_s_revision_is_told() -> None:
    desk = Desk("{timeout: {}}")
    definition = pb.PlanDefinition(key=1)
    definition.plan.CopyFrom(desk.plan)
    definition.plan.revision = 7
    desk.session.take(pb.CollectRequest(plans=[definition]))
    for rows in (1, 2):
        desk.session.take(opening_of(rows, rows=rows))
        desk.intake.take(report_of("a", {rows: ["x"] * rows}))
        assert desk.decision().decision.plan_revision == 7


def everything() -> Iterator[tuple[str, str]]:
    return product("xyz", ["a", "b", "c"])


async def test_what_is_encoded_once_is_not_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_MOST_ENCODED", 4)
    desk = Desk("{timeout: {}}")
    for round_ in range(2):
        for number, (label, model) in enumerate(everything()):
            task_id = 1 + round_ * 100 + number
            desk.session.take(opening_of(task_id))
            for failed in "abc"[: "abc".index(model)]:
                desk.intake.take(failure_of(failed, task_id))
            desk.intake.take(report_of(model, {task_id: [label]}))
            decision = desk.decision().decision
            assert answers(decision) == [label]
            assert list(decision.answered_by) == ["abc".index(model)]


async def test_one_record_and_a_batch_are_written_alike() -> None:
    written = []
    for rows in (1, 2):
        desk = Desk("{consensus: {}}")
        desk.session.take(opening_of(1, rows=rows))
        for model in ("a", "b"):
            desk.intake.take(report_of(model, {1: ["x"] * rows}, confidence=0.5))
        written.append(desk.decision().decision)
    one, two = written
    assert one.labels == Labels(classes=["x"], indexes=[0])
    assert two.labels == Labels(classes=["x"], indexes=[0, 0])
    for field in ("answered_by", "reasons", "agreed"):
        assert list(getattr(one, field)) * 2 == list(getattr(two, field))
    assert one.confidences * 2 == two.confidences
    for report in one.models[:2]:
        report.records *= 2
    assert list(one.models) == list(two.models)
