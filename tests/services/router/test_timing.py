"""What response times teach: which models are left out of a task, and how long those that wait do so."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hedgerow.data.signatures import SignatureCheck
from hedgerow.v1 import plans_pb2, records_pb2
from hedgerow.v1.collection_pb2 import TaskDecision
from hedgerow.v1.scoring_pb2 import MODEL_STATE_ANSWERED, Decision, ModelReport
from services.common.clock import now_ns
from services.router import timing
from services.router.hedging.delays import Bounds, Delays
from services.router.hedging.response_times import PlannedModel, ResponseTimes
from services.router.hedging.schedule import Schedule
from services.router.plans.in_effect import Entry
from services.router.plans.prepared import Plan
from services.router.plans.strategy import Strategy, When
from services.router.tasks import Task
from services.router.timing import Timing
from tests.services.decisions import labels, reasons, states
from tests.services.router.rig import FIRST_WINS, rigged
from tests.support import wait_until

FIRST, SECOND = (("wine", "first"), "first"), (("wine", "second"), "second")


class Learning:
    """A timing beside what it has learnt, and a plan of two models."""

    def __init__(self, voters: int = 0b11) -> None:
        self.times = ResponseTimes(60.0, lambda: 0.0)
        self.timing = Timing(self.times, Bounds(0.001, 1.0))
        self.strategy = Strategy(voters, (When.AT_ONCE, When.AT_ONCE), 2, None)
        entries = [Entry(*model, 1, (1,), "") for model in (FIRST, SECOND)]
        check = SignatureCheck([])
        self.plan = Plan(plans_pb2.Plan(), [], 0, check, b"", self.strategy, entries)

    def task(self, rows: int = 1, seconds: float = 1.0) -> Task:
        """A task that has so many seconds, admitted now."""
        now, outcome = now_ns(), asyncio.get_running_loop().create_future()
        batch, deadline = records_pb2.Batch(), now + int(seconds * 1e9)
        return Task(1, self.plan, batch, rows, now, deadline, False, None, b"", outcome)

    def observe(self, task: Task, seconds: float, records: int = 0) -> None:
        """Both models answer so many seconds after the admission."""
        report = ModelReport(state=MODEL_STATE_ANSWERED, records=records)
        report.elapsed.FromNanoseconds(int(seconds * 1e9))
        self.timing.observe(task, TaskDecision(decision=Decision(models=[report, report])))

    def known(self, model: PlannedModel, rows: int = 1) -> float | None:
        """The response time that a hundredth exceeds, if it can be told."""
        return self.times.quantile(model, rows, 0.99)


async def test_a_response_time_counts_from_the_start_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "_SAMPLE_EVERY_NS", 1)
    learning = Learning()
    for _ in range(100):
        task = learning.task()
        task.schedule = Schedule(learning.strategy, Delays((None, 0.5), (None, None)), 0b11)
        task.schedule.started_at = {0: 0.0, 1: 0.5}
        learning.observe(task, 0.75)
    assert learning.known(FIRST) == pytest.approx(0.75)
    assert learning.known(SECOND) == pytest.approx(0.25)


async def test_a_model_that_was_asked_about_some_records_has_the_time_of_so_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "_SAMPLE_EVERY_NS", 1)
    learning = Learning()
    for _ in range(100):
        learning.observe(learning.task(rows=200), 0.75, records=3)
    assert learning.known(FIRST, rows=3) == 0.75
    assert learning.known(FIRST, rows=200) is None


async def test_a_shadow_that_is_slow_is_not_left_out() -> None:
    for voters, left_out in ((0b11, 0b10), (0b01, 0)):
        learning = Learning(voters)
        for _ in range(100):
            learning.times.add(FIRST, 1, 0.001)
            learning.times.add(SECOND, 1, 5.0)
        task = learning.task()
        assert learning.timing.have_time(learning.plan, [task], 0b11) == (left_out == 0)
        assert learning.timing.left_out(learning.plan, task, 0b11) == left_out


async def test_of_many_decisions_only_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    now = now_ns()
    monkeypatch.setattr(timing, "now_ns", lambda: now)
    learning = Learning()
    added: list[float] = []
    monkeypatch.setattr(learning.times, "add", lambda model, rows, took: added.append(took))
    for _ in range(1000):
        learning.observe(learning.task(), 0.5)
    assert len(added) == 2 * 64
    now += 10_000_000
    for _ in range(1000):
        learning.observe(learning.task(), 0.5)
    assert len(added) == 2 * (64 + 5)


async def test_a_model_that_cannot_answer_in_time_is_left_out_until_probes_show_that_it_can(
    log_url: str,
) -> None:
    async with rigged(log_url, response_time_window="60s") as rig:
        slow = await rig.host("slow", "x", held=True)
        await rig.host("quick", "y")
        rig.plan(
            "models: [{name: slow}, {name: quick}]\n"
            "policy: {deadline: 50ms, timeout: {}, default: {value: none}}"
        )
        seen: list[str] = []

        async def is_left_out() -> bool:
            decision = await rig.score(1.0)
            seen.append(decision.models[0].failure)
            return seen[-1] == "no time"

        # The router must know a hundred response times.
        async def many() -> bool:
            return any(await asyncio.gather(*(is_left_out() for _ in range(32))))

        await wait_until(many, "the slow model is left out", timeout=30)
        preferred = 0
        for _ in range(20):
            decision = await rig.score(1.0)
            assert labels(decision) == ["y"]
            preferred += reasons(decision) == ["PREFERRED"]  # at once, not at the deadline
        assert preferred >= 10  # the others were probes
        slow.release()

        async def is_back() -> bool:
            decisions = [await rig.score(1.0) for _ in range(5)]
            return all(states(decision)["slow"] == "ANSWERED" for decision in decisions)

        await wait_until(is_back, "the slow model is started for all again", timeout=20)
        await rig.is_empty()


async def test_where_all_are_slow_all_are_tried(log_url: str) -> None:
    async with rigged(log_url) as rig:
        slow = await rig.host("slow", "x", held=True)
        rig.plan(
            "models: [{name: slow}]\npolicy: {deadline: 5ms, timeout: {}, default: {value: none}}"
        )
        for _ in range(150):
            decision = await rig.score(1.0)
        assert states(decision) == {"slow": "LATE"}
        slow.release()
        await rig.is_empty()


async def test_tasks_that_start_together_wait_by_their_own_deadlines(log_url: str) -> None:
    async with rigged(log_url, hedge_at_most="5s") as rig:
        a = await rig.host("a", "x", held=True)
        await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b, start_after: p95}]\n" + FIRST_WINS)
        long = asyncio.create_task(rig.score(1.0))
        # Of a model of which nothing is known half of the deadline is waited for: a second, not five.
        short = await rig.score(1.0, deadline=timedelta(seconds=2))
        assert labels(short) == ["y"]
        assert not long.done()
        a.release()
        assert labels(await long) == ["x"]
        await rig.is_empty()
