"""When models start: hedged, in doubt, one after the other, twice, or not at all."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from hedgerow.data.answers import Report
from hedgerow.data.records import Record
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelVersion
from tests.end_to_end.asking import (
    FIRST_ANSWER,
    plan,
    reports,
    score_one,
    states,
    work_of,
)
from tests.end_to_end.conftest import Mesh
from tests.end_to_end.test_mesh import RECORD, SECOND
from tests.end_to_end.test_two_executors import another_executor
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_hedge_is_not_started_when_the_first_model_is_quick(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "first", value="x")
    await mesh.serve(data_type, "hedge", value="y")
    models = "{name: first}, {name: hedge, start_after: 5s}"
    await mesh.apply(plan(data_type, models, FIRST_ANSWER))
    answer, models_did = await score_one(mesh, data_type, RECORD)
    assert (answer.value, answer.model) == ("x", "first")
    assert states(models_did) == {"first": "answered", "hedge": "not_started"}
    assert models_did["hedge"].failure == "not needed"


async def test_a_hedge_starts_and_wins_when_the_first_model_is_slow(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "first", value="x", delay_seconds=1.0)
    await mesh.serve(data_type, "hedge", value="y")
    models = "{name: first}, {name: hedge, start_after: 30ms}"
    await mesh.apply(plan(data_type, models, FIRST_ANSWER))
    answer, models_did = await score_one(mesh, data_type, RECORD)
    assert (answer.value, answer.model) == ("y", "hedge")
    assert states(models_did) == {"first": "cancelled", "hedge": "answered"}
    # It counts from the admission, so the wait is in it; a wake-up may come a little early, and the
    # collector's clock begins when it hears of the task.
    assert models_did["hedge"].elapsed
    assert models_did["hedge"].elapsed >= timedelta(milliseconds=25)


async def test_a_hedge_starts_at_once_when_the_first_model_fails(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "first", value="x", fail="no idea")
    await mesh.serve(data_type, "hedge", value="y")
    models = "{name: first}, {name: hedge, start_after: 100s}"
    await mesh.apply(plan(data_type, models, FIRST_ANSWER, deadline="200s"))
    # The hedge's own time is beyond the time that a test has.
    answer, models_did = await score_one(mesh, data_type, RECORD)
    assert (answer.value, states(models_did)["first"]) == ("y", "failed")


async def cascade(mesh: Mesh, data_type: str) -> ModelVersion:
    """Serve a cheap model as sure as feature `b` says, and a dear one for its doubts; return this."""
    await mesh.serve(data_type, "cheap", answer_feature="a", confidence_feature="b")
    dear = await mesh.serve(data_type, "dear", answer_feature="a", confidence=0.99)
    models = "{name: cheap}, {name: dear, start: on_doubt}"
    await mesh.apply(plan(data_type, models, "quality: {by: confidence, good_enough: 0.95}"))
    return dear


async def test_a_cascade_goes_on_only_where_the_first_model_is_in_doubt(
    mesh: Mesh, data_type: str
) -> None:
    await cascade(mesh, data_type)
    sure, models_did = await score_one(mesh, data_type, {"a": 7.0, "b": 0.97})
    assert (sure.value, sure.model) == (7.0, "cheap")
    assert states(models_did) == {"cheap": "answered", "dear": "not_started"}
    doubtful, models_did = await score_one(mesh, data_type, {"a": 8.0, "b": 0.6})
    assert (doubtful.value, doubtful.model, doubtful.confidence) == (8.0, "dear", 0.99)
    assert states(models_did) == {"cheap": "answered", "dear": "answered"}


@pytest.mark.parametrize("rows", [9, 300])
async def test_of_a_batch_only_doubtful_records_reach_the_next_model(
    mesh: Mesh, data_type: str, rows: int
) -> None:
    dear = await cascade(mesh, data_type)
    doubtful = set(range(1, rows, 3))
    records: list[Record] = [
        {"a": float(row), "b": 0.5 if row in doubtful else 0.96} for row in range(rows)
    ]
    answers = await mesh.client.score(data_type, records)
    # The number of each record is its right answer, so one that was mixed up would show.
    assert answers.values == [float(row) for row in range(rows)]
    assert {row for row, answer in enumerate(answers) if answer.model == "dear"} == doubtful
    assert {name: report.records for name, report in reports(answers).items()} == {
        "cheap": rows,
        "dear": len(doubtful),
    }

    async def scored() -> bool:
        return (await work_of(mesh, "executor", dear)).rows_scored == len(doubtful)

    await wait_until(scored, "the host of the dear model scored those rows and no other")


async def test_one_at_a_time_the_next_starts_when_one_has_ended(mesh: Mesh, data_type: str) -> None:
    # Were they started together, the second would be there first.
    await mesh.serve(data_type, "one", answer_feature="a", delay_seconds=0.05)
    await mesh.serve(data_type, "two", answer_feature="b")
    await mesh.serve(data_type, "three", answer_feature="a")
    models = "{name: one}, {name: two}, {name: three}"
    two_of_three = plan(data_type, models, "consensus: {quorum: 2}", extra="parallelism: 1\n")
    await mesh.apply(two_of_three)
    agreed, models_did = await score_one(mesh, data_type, {"a": 4.0, "b": 4.0})
    assert (agreed.value, agreed.agreed, agreed.reason) == (4.0, ("one", "two"), "consensus")
    assert states(models_did)["three"] == "not_started"
    _in_order(models_did, "one", "two")
    settled, models_did = await score_one(mesh, data_type, {"a": 5.0, "b": 6.0})
    assert (settled.value, settled.agreed) == (5.0, ("one", "three"))
    _in_order(models_did, "one", "two", "three")


def _in_order(models: Mapping[str, Report], *names: str) -> None:
    times = [models[name].elapsed or timedelta.max for name in names]
    assert times == sorted(times)
    assert timedelta.max not in times


async def test_a_replica_answers_for_a_host_that_stands_still_and_the_model_votes_once(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    async with another_executor(mesh, data_type, tmp_path / "cache"):
        model = await mesh.serve(data_type, "one", answer_feature="a")

        async def both() -> bool:
            hosts = await mesh.hosts(model, "router")
            return [host.state for host in hosts] == 2 * [HostState.HOST_STATE_SERVING]

        await wait_until(both, "both executors serve it", timeout=30)
        policy = "consensus: {quorum: all}"
        hedged = plan(data_type, "{name: one}", policy, extra="replica_hedge: 30ms\n")
        await mesh.apply(hedged)
        still = (await mesh.hosts(model, "router"))[0].pid
        os.kill(still, signal.SIGSTOP)
        try:
            asked = await _until_replicated(mesh, data_type, model)
        finally:
            os.kill(still, signal.SIGCONT)
        # What the host that stood still had is cancelled, or comes too late; it counts for nothing.
        (stats,) = (await mesh.state("collector", data_type)).models
        assert (stats.answered, stats.records, stats.chosen) == (asked, asked, asked)


async def _until_replicated(mesh: Mesh, data_type: str, model: ModelVersion) -> int:
    """Score records until some met the host that stands still; return how many."""
    asked = 0
    while not (await work_of(mesh, "router", model)).replicas:
        numbers = [float(asked + i) for i in range(8)]
        scores = [mesh.client.score(data_type, [{"a": number, "b": 0.0}]) for number in numbers]
        for number, answers in zip(numbers, await asyncio.gather(*scores), strict=True):
            assert (answers[0].value, answers[0].agreed) == (number, ("one",))
            assert reports(answers)["one"].records == 1
        asked += len(numbers)
    return asked


async def test_a_model_that_could_not_answer_in_time_is_not_started(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "slow", value="x", delay_seconds=0.5)
    await mesh.serve(data_type, "quick", value="y")
    await mesh.apply(plan(data_type, "{name: slow}, {name: quick}", "timeout: {}"))
    left_out: list[Report] = []

    async def is_left_out() -> bool:
        # Learnt from a hundred response times, of which a round gives most.
        await asyncio.gather(*(mesh.client.score(data_type, RECORD) for _ in range(64)))
        short = [mesh.client.score(data_type, [RECORD], deadline=SECOND * 0.4) for _ in range(8)]
        for answers in await asyncio.gather(*short):
            assert answers[0].model == "quick"
            slow = reports(answers)["slow"]
            left_out.extend([slow] if slow.state == "not_started" else [])
        # Not of all: one is a probe, which tries whether it is slow still.
        return bool(left_out)

    await wait_until(is_left_out, "the slow model is left out", timeout=20)
    assert {report.failure for report in left_out} == {"no time"}
