"""Admission: what is let in, until when, and what is not."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import (
    InvalidPlan,
    InvalidRecord,
    LimitExceeded,
    NotFound,
    Overloaded,
    Unavailable,
)
from hedgerow.plans.plan import policy_from_yaml, strategy_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import (
    Feature,
    ModelDescriptor,
    ModelVersion,
    Signature,
)
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.common.catalog import Catalog
from services.common.clock import now_ns
from services.router.admission import intake
from services.router.plans.prepared import PreparedPlans
from services.router.scoring import Scoring
from services.router.settings import RouterSettings
from tests.services.decisions import reasons
from tests.services.router.rig import rigged
from tests.support import wait_until

MILLISECOND = 1_000_000
SECOND = timedelta(seconds=1)


def request(rows: int = 1, deadline: timedelta | None = None) -> ScoreRequest:
    batch = Batch.from_records("wine", [{"ash": 1.0}] * rows).to_proto()
    return ScoreRequest(batch=batch, deadline=deadline)


def scoring(**settings: int) -> Scoring:
    """A router's core, with one model in the catalog and nobody to reach."""
    catalog = Catalog()
    model = ModelVersion(
        descriptor=ModelDescriptor(data_type="wine", name="tree"),
        signature=Signature(features=[Feature(name="ash")]),
        version=1,
    )
    catalog.apply("wine", ModelEvent(pushed=ModelPushed(model=model)))
    return Scoring(
        RouterSettings.model_validate(settings),
        PreparedPlans(catalog, lambda *_: 0, timedelta(seconds=1)),
    )


async def test_more_than_may_be_in_flight_is_refused_with_a_hint_when_to_come_back() -> None:
    core = scoring(max_in_flight=2)
    admitted = [asyncio.create_task(core.score(request(), None, None)) for _ in range(2)]
    await asyncio.sleep(0)
    assert core.in_flight == 2
    with pytest.raises(Overloaded, match="2 batches are in flight") as caught:
        await core.score(request(), None, None)
    assert caught.value.retry_after > timedelta(0)
    # Those that were let in are answered; without a collector, by a refusal at once.
    outcomes = await asyncio.gather(*admitted, return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert core.in_flight == 0
    await core.close()


async def test_a_caller_that_leaves_leaves_nothing_behind() -> None:
    core = scoring()
    task = asyncio.create_task(core.score(request(), None, None))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert core.in_flight == 0
    await core.close()


async def test_a_batch_that_no_host_could_be_sent_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "LARGEST_PART", 2**20)
    core = scoring()
    large = Batch.from_records("wine", [{"ash": 1.0, "note": "x" * 2**21}]).to_proto()
    with pytest.raises(LimitExceeded, match="2 MiB, over the limit of 1; send it in parts"):
        await core.score(ScoreRequest(batch=large), None, None)
    assert core.in_flight == 0
    await core.close()


async def test_a_refused_batch_is_not_in_flight() -> None:
    core = scoring(max_batch_rows=3)
    with pytest.raises(InvalidRecord, match="4 records, over the limit of 3"):
        await core.score(request(rows=4), None, None)
    with pytest.raises(InvalidRecord, match="the batch is empty"):
        await core.score(ScoreRequest(batch={"data_type": "wine"}), None, None)
    with pytest.raises(InvalidRecord, match="deadline of the request must be more than 0"):
        await core.score(request(deadline=timedelta(0)), None, None)
    with pytest.raises(NotFound, match="no data type 'beer'; there are: wine"):
        await core.score(ScoreRequest(batch={"data_type": "beer", "rows": 1}), None, None)
    with pytest.raises(InvalidRecord, match="more than 0 and at most 1h"):
        await core.score(request(deadline=timedelta(hours=2)), None, None)
    refused = request()
    refused.policy.CopyFrom(policy_from_yaml("consensus: {quorum: 2}"))
    with pytest.raises(InvalidPlan, match=r"policy.consensus.quorum: 2 of 1"):
        await core.score(refused, None, None)
    refused = request()
    refused.strategy.CopyFrom(strategy_from_yaml("starts: {forest: on_doubt}"))
    with pytest.raises(InvalidPlan, match=r"strategy.starts.forest: 'forest' is not in the plan"):
        await core.score(refused, None, None)
    assert core.in_flight == 0
    assert not any(core.gauges().values())
    await core.close()


async def test_a_router_that_drains_admits_nothing() -> None:
    core = scoring()
    await core.drain()
    with pytest.raises(Unavailable, match="the router is stopping"):
        await core.score(request(), None, None)
    await core.close()


async def test_the_time_since_a_call_arrived_counts_against_its_deadline() -> None:
    core = scoring()
    arrived = now_ns() - 300 * MILLISECOND
    task = asyncio.create_task(core.score(request(deadline=SECOND), None, None, arrived))
    await asyncio.sleep(0)
    (open_task,) = core.open_tasks()
    assert open_task.admitted == arrived
    assert open_task.deadline == arrived + 1000 * MILLISECOND
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await core.close()


async def allowed(core: Scoring, time_left: float | None, arrived_ago: float = 0.0) -> float:
    """Have a caller leave at once that has so many seconds left; return the milliseconds of its task."""
    arrived = now_ns() - int(arrived_ago * 1e9)
    task = asyncio.create_task(core.score(request(deadline=10 * SECOND), time_left, None, arrived))
    await asyncio.sleep(0)
    (open_task,) = core.open_tasks()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return (open_task.deadline - open_task.admitted) / MILLISECOND


async def test_more_is_kept_of_the_time_of_calls_when_decisions_do_not_come_in_time() -> None:
    core = scoring()
    assert await allowed(core, time_left=0.2) == 195
    # One that leaves before its deadline says nothing; nor does it if it was never in a hurry.
    assert await allowed(core, time_left=0.2, arrived_ago=0.1) == 195
    assert await allowed(core, time_left=1.0) == 995
    # This one waited until long after its deadline: a fifth of its 195 ms counts, and fades.
    assert await allowed(core, time_left=0.2, arrived_ago=0.5) == 195
    assert 956 <= await allowed(core, time_left=1.0) < 985
    assert await allowed(core, time_left=None) == 10_000
    await core.close()


def _stand_still(seconds: float) -> None:
    """What the process of a busy machine does."""
    time.sleep(seconds)


async def test_more_is_kept_of_the_time_of_calls_when_decisions_come_late(log_url: str) -> None:
    async with rigged(log_url) as rig:
        host = await rig.host("a", "x", held=True)
        rig.plan("models: [{name: a}]\npolicy: {timeout: {}, default: {value: nothing}}")
        scoring = asyncio.create_task(rig.score(1.0, deadline=timedelta(milliseconds=100)))
        await wait_until(lambda: host.servicer.waiting, "it is on its way")
        _stand_still(0.2)
        assert reasons(await scoring) == ["DEFAULT"]
        kept = 1000 - await allowed(rig.core, time_left=1.0)
        assert 15 < kept <= 25, "the margin, and a fifth of what that one was allowed, which fades"
        host.release()
        await rig.is_empty()
