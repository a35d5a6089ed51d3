"""The mesh as its users meet it: real processes, real RPCs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hedgerow import errors
from hedgerow.data.records import Record
from hedgerow.v1.execution_pb2 import HostState
from tests.end_to_end.conftest import Mesh

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECORD: Record = {"a": 1.0, "b": 2.0}
SECOND = timedelta(seconds=1)


def consensus(data_type: str, *models: str, deadline: str = "2s", extra: str = "") -> str:
    listed = "".join(f"  - name: {model}\n" for model in models)
    return (
        f"data_type: {data_type}\nmodels:\n{listed}policy:\n  deadline: {deadline}\n"
        f"  consensus: {{quorum: majority}}\n{extra}"
    )


async def test_the_answer_names_the_model_the_version_and_the_reason(
    mesh: Mesh, data_type: str
) -> None:
    for name, value in (("one", "x"), ("two", "y"), ("three", "x")):
        await mesh.serve(data_type, name, value=value, classes=["x", "y"], confidence=0.75)
    await mesh.apply(consensus(data_type, "two", "one", "three"))
    answer = await mesh.client.score(data_type, RECORD, explain=True)
    assert (answer.value, answer.confidence, answer.reason) == ("x", 0.75, "consensus")
    assert (answer.model, answer.version) == ("one", 1)
    assert set(answer.agreed) == {"one", "three"}


async def test_without_a_plan_the_model_of_the_best_metric_answers(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "good", value="x", metrics={"accuracy": 0.9})
    await mesh.serve(data_type, "bad", value="y", metrics={"accuracy": 0.5})
    answer = await mesh.client.score(data_type, RECORD, deadline=10 * SECOND)
    assert (answer.value, answer.model, answer.reason) == ("x", "good", "best_quality")


async def test_rows_of_batches_that_share_a_frame_are_not_mixed_up(
    mesh: Mesh, data_type: str
) -> None:
    for name in ("one", "two"):
        await mesh.serve(data_type, name, answer_feature="a")
    await mesh.apply(consensus(data_type, "one", "two"))

    async def score(batch: int) -> None:
        numbers = [float(batch * 100 + row) for row in range(1 + batch % 7)]
        records = [{"a": number, "b": 0.0} for number in numbers]
        answers = await mesh.client.score(data_type, records)
        assert [answer.value for answer in answers] == numbers

    await asyncio.gather(*(score(batch) for batch in range(200)))


async def test_a_stream_answers_every_batch_and_goes_on_after_a_bad_one(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", answer_feature="a")

    async def records() -> AsyncIterator[Record]:
        for number in range(50):
            yield {"a": float(number)} if number == 7 else {"a": float(number), "b": 0.0}

    answered: list[object] = []
    refused: list[str] = []
    async for scored in mesh.client.score_stream(data_type, records()):
        if isinstance(scored.outcome, errors.HedgerowError):
            refused.append(str(scored.outcome))
        else:
            answered += scored.answers.values
    assert set(answered) == {float(number) for number in range(50)} - {7.0}
    assert len(answered) == 49
    assert refused == ["one@1: feature 'b' is missing; send it"]


async def test_a_slow_model_does_not_hold_the_answer_beyond_the_deadline(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "slow", value="x", delay_seconds=0.8)
    await mesh.serve(data_type, "fast", value="y")
    await mesh.apply(
        f"data_type: {data_type}\nmodels: [{{name: slow}}, {{name: fast}}]\n"
        "policy: {deadline: 200ms, timeout: {}}"
    )
    began = time.monotonic()
    answer = await mesh.client.score(data_type, RECORD)
    assert (answer.value, answer.model, answer.reason) == ("y", "fast", "best_available")
    # Not a measure of speed: the slow model takes four times as long as the deadline.
    assert time.monotonic() - began < 0.8


async def test_the_deadline_without_an_answer_tells_how_each_model_stood(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "slow", value="x", delay_seconds=0.8)
    with pytest.raises(errors.NoAnswer, match="slow@1 LATE") as caught:
        await mesh.client.score(data_type, RECORD, deadline=timedelta(milliseconds=80))
    assert caught.value.deadline_reached
    assert caught.value.decision is not None


async def test_a_default_answers_when_no_model_does(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "broken", value="x", fail="no idea")
    await mesh.apply(consensus(data_type, "broken", extra='  default: {value: "unknown"}\n'))
    answer = await mesh.client.score(data_type, RECORD)
    assert (answer.value, answer.reason, answer.version) == ("unknown", "default", None)


async def test_a_failing_model_is_not_waited_for_and_its_reason_is_told(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "broken", value="x", fail="no idea")
    with pytest.raises(errors.NoAnswer, match=r"broken@1 FAILED \(no idea\)") as caught:
        await mesh.client.score(data_type, RECORD, deadline=10 * SECOND)
    assert not caught.value.deadline_reached


async def test_a_new_version_takes_over_without_a_failed_request(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value="old")
    await mesh.apply(consensus(data_type, "one"))
    seen: list[tuple[object, object]] = []
    done = asyncio.Event()

    async def load() -> None:
        while not done.is_set():
            answer = await mesh.client.score(data_type, RECORD)
            seen.append((answer.version, answer.value))

    clients = [asyncio.create_task(load()) for _ in range(4)]
    await mesh.serve(data_type, "one", value="new")
    await asyncio.sleep(0.3)
    done.set()
    await asyncio.gather(*clients)
    assert set(seen) == {(1, "old"), (2, "new")}
    versions = [version for version, _ in seen]
    # Requests that overlap the change may be answered by either; but there is no way back.
    first_new = versions.index(2)
    assert 1 not in versions[first_new + len(clients) :]


async def test_a_version_that_cannot_be_loaded_is_reported_and_the_one_before_serves_on(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value="old")
    broken = await mesh.push(data_type, "one", value="new", fail_load="out of tune")
    host = await mesh.wait_for(broken, HostState.HOST_STATE_FAILED, "executor")
    assert host.failure == "out of tune"
    answer = await mesh.client.score(data_type, RECORD, deadline=10 * SECOND)
    assert (answer.version, answer.value) == (1, "old")


async def test_a_bad_record_is_refused_naming_model_and_feature(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "one", value="x")
    for record, said in (
        ({"a": 1.0}, "one@1: feature 'b' is missing; send it"),
        ({"a": 1.0, "b": float("nan")}, "one@1: feature 'b' of record 0 is missing"),
        ({"a": 1.0, "b": "two"}, "one@1: feature 'b' must be a number, and is text"),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "one@1: feature 'c' is not one of the models' features"),
    ):
        with pytest.raises(errors.InvalidInput, match=said):
            await mesh.client.score(data_type, record)


async def test_a_batch_over_the_row_limit_is_refused(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "one", value="x")
    with pytest.raises(errors.InvalidInput, match="1001 records, over the limit of 1000"):
        await mesh.client.score(data_type, [RECORD] * 1001)
    assert len(await mesh.client.score(data_type, [RECORD] * 1000, deadline=10 * SECOND)) == 1000


async def test_an_unknown_data_type_is_refused_naming_those_there_are(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value="x")
    with pytest.raises(errors.NotFound, match=f"no data type 'beer'; there are: .*{data_type}"):
        await mesh.client.score("beer", RECORD)
