"""A collector over the wire: tasks, what is counted of them, and where it is to be found."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.v1 import collection_pb2 as pb
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.log import Log
from services.common.telemetry import Tracing
from tests.services.collector.harness import failure_of, report_of
from tests.services.collector.wire import collecting
from tests.services.decisions import answers, reasons, states
from tests.support import serving, wait_until


async def test_a_task_goes_its_whole_way(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define()
        await peer.open(1, 2, deadline=60)
        for model in "abc":
            await peer.report(report_of(model, {1: ["x"], 2: [model]}, confidence=0.5))
        first, second = await peer.decisions(2)
        assert (first.task_id, second.task_id) == (1, 2)
        assert answers(first.decision) == ["x"]
        assert reasons(first.decision) == ["CONSENSUS"]
        assert reasons(second.decision) == ["PLURALITY"]
        assert first.decision.elapsed.ToMilliseconds() < 60_000
        assert await peer.gauges() == {"tasks_in_flight": 0, "early_results": 0}


async def test_what_models_of_one_host_say_together_is_judged_together(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{quality: {good_enough: 0}}")
        await peer.open(1, 2, deadline=60)
        report = report_of("a", {1: ["x"], 2: ["y"]}, queued=1.0, scoring=2.0)
        for model, labels in (("b", ["x", "y"]), ("c", ["z", "y"])):
            more = report.more.add()
            more.CopyFrom(report_of(model, {1: labels[:1], 2: labels[1:]}, scoring=4.0))
            more.ClearField("results")
        await peer.report(report)
        first, second = await peer.decisions(2)
        assert set(states(first.decision).values()) == {"ANSWERED"}
        assert (answers(first.decision), answers(second.decision)) == (["x"], ["y"])
        queued = [model.queued.ToSeconds() for model in first.decision.models]
        assert queued == [1, 3, 7]  # those behind have waited for those before them


async def test_a_model_that_failed_beside_others_of_its_host_costs_those_nothing(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define()
        await peer.open(1, 2, deadline=60)
        report = report_of("a", {1: ["x"], 2: ["x"]})
        report.more.add().CopyFrom(failure_of("b", 1))
        odd = report.more.add()
        odd.CopyFrom(report_of("c", {1: ["x", "y", "z"]}))
        odd.ClearField("results")  # three rows for two tasks of one each
        await peer.report(report)
        await peer.report(report_of("b", {2: ["x"]}))
        first, second = await peer.decisions(2)
        assert states(first.decision) == {"a": "ANSWERED", "b": "FAILED", "c": "FAILED"}
        assert states(second.decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "FAILED"}


async def test_results_of_several_models_may_overtake_the_opening_together(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define()
        report = report_of("a", {1: ["x"]})
        more = report.more.add()
        more.CopyFrom(report_of("b", {1: ["x"]}))
        more.ClearField("results")
        await peer.report(report)

        async def are_there() -> bool:
            return (await peer.gauges())["early_results"] == 1  # of one task

        await wait_until(are_there, "the early results are there")
        await peer.open(1, deadline=60)
        (decided,) = await peer.decisions(1)
        assert answers(decided.decision) == ["x"]


async def test_the_deadline_decides(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}, default: {value: w}}")
        await peer.open(1, deadline=0.02)
        (decided,) = await peer.decisions(1)
        assert decided.deadline_reached
        assert answers(decided.decision) == ["w"]
        assert decided.decision.elapsed.ToMilliseconds() >= 20
        assert set(states(decided.decision).values()) == {"LATE"}


async def test_results_may_overtake_the_opening(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}")
        await peer.report(report_of("a", {1: ["x"]}))

        async def is_there() -> bool:
            return (await peer.gauges())["early_results"] == 1

        await wait_until(is_there, "the early result is there")
        await peer.open(1, deadline=60)
        (decided,) = await peer.decisions(1)
        assert answers(decided.decision) == ["x"]


async def test_early_results_expire_by_themselves(settings: CollectorSettings) -> None:
    hasty = settings.model_copy(update={"keep_early": timedelta(milliseconds=10)})
    async with collecting(hasty) as (_, peer):
        await peer.report(report_of("a", {1: ["x"]}))

        async def is_late() -> bool:
            return [stats.late for stats in (await peer.state()).models] == [1]

        await wait_until(is_late, "the early result is dropped and counted as late")
        assert (await peer.gauges())["early_results"] == 0


async def test_losses_and_failures_arrive(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}")
        await peer.open(1, deadline=60)
        lost = pb.LostModel(model=0, reason="its host died", task_ids=[1])
        await peer.send(pb.CollectRequest(lost=[lost]))
        await peer.report(failure_of("b", 1))
        await peer.report(report_of("c", {1: ["x"]}))
        (decided,) = await peer.decisions(1)
        assert states(decided.decision) == {"a": "FAILED", "b": "FAILED", "c": "ANSWERED"}


async def test_a_model_is_started_on_doubt_and_tasks_are_cancelled(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (collector, peer):
        await peer.define()
        await peer.open(1, deadline=60, rows=2, held=0b100, progress=True)
        await peer.report(report_of("a", {1: ["x", "x"]}))
        await peer.report(report_of("b", {1: ["x", "y"]}))
        while (progress := await peer.progress()).ended != 0b011:
            assert progress == pb.TaskProgress(task_id=1, ended=0b001)
        assert progress == pb.TaskProgress(task_id=1, ended=0b011, undecided=[1])
        started = pb.StartedModel(model=2, task_ids=[1])
        await peer.send(pb.CollectRequest(started=[started]))
        await peer.report(report_of("c", {1: ["y"]}, records=[1]))
        (decided,) = await peer.decisions(1)
        assert answers(decided.decision) == ["x", "y"]
        await peer.open(2, deadline=60)
        await peer.send(pb.CollectRequest(cancelled=[2]))
        await peer.open(3, versions=[0, 0, 0])
        (decided,) = await peer.decisions(1)
        assert decided.task_id == 3
        assert not len(collector.open_tasks)
        (stats,) = [stats for stats in (await peer.state()).models if stats.name == "c"]
        assert (stats.records, stats.agreed, stats.alone) == (1, 1, 0)


async def test_the_state_tells_what_was_counted(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}", "a")
        await peer.open(1, versions=[1], deadline=60)
        await peer.report(report_of("a", {1: ["x"]}))
        await peer.decisions(1)
        state = await peer.state("wine")
        assert state.service == "collector"
        (stats,) = state.models
        assert (stats.name, stats.answered, stats.chosen) == ("a", 1, 1)
        assert not (await peer.state("iris")).models


async def test_a_collector_tells_its_address_and_takes_it_back(
    settings: CollectorSettings, log: Log
) -> None:
    collector = Collector(settings, Tracing("collector"))
    async with serving(collector, settings) as address:

        async def is_listed() -> bool:
            return await log.members.list("collector") == [address]

        await wait_until(is_listed, "the collector holds a lease")
    assert await log.members.list("collector") == []
