"""Reports to collectors that serve, are lost, come back, stop, or never return."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.v1.execution_pb2 import Task
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common import peer_stream
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.host import reporter as module
from services.executor.host.inbox import Frame, Waiting
from services.executor.host.reporter import Reporter, reports_of
from services.executor.host.scoring import Scored
from tests.services.common.test_peer_stream import with_long_pauses
from tests.support import serving, wait_until

MODEL = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="a"), version=1)


def scored(collector: str, task_id: int = 1) -> Scored:
    frame = Frame(1, collector, 1, lambda _: None)
    waiting = Waiting(Task(id=task_id), 1, frame, 0.0, 1.0)
    predictions = Predictions(Labels.of(["x"]), np.array([1.0]))
    return Scored([waiting], predictions, "", began=0.0, ended=0.1)


class Told:
    """What a host would tell its routers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bool]] = []
        self.reporter = Reporter([MODEL], lambda *said: self.said.append(said))


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    made = Told()
    yield made
    await made.reporter.close()
    assert not made.reporter._streams


@asynccontextmanager
async def collector(log_url: str, port: int = 0) -> AsyncIterator[tuple[Collector, str]]:
    settings = CollectorSettings(
        log_url=log_url, port=port, drain_timeout=timedelta(0), stop_grace=timedelta(seconds=1)
    )
    made = Collector(settings, Tracing("collector"))
    async with serving(made, settings) as address:
        yield made, address


async def test_a_report_reaches_its_collector_and_nothing_is_told(told: Told, log_url: str) -> None:
    async with collector(log_url) as (made, address):
        told.reporter.send([scored(address)])
        await wait_until(lambda: len(made._unclaimed) == 1, "the result is there")
        assert told.said == []


async def test_a_collector_that_stops_is_let_go_and_is_not_counted_as_lost(
    told: Told, log_url: str
) -> None:
    async with collector(log_url) as (made, address):
        told.reporter.send([scored(address)])
        await wait_until(lambda: len(made._unclaimed) == 1, "the result is there")
    await wait_until(lambda: not told.reporter._streams, "its stream is over")
    assert told.said == []


async def test_a_collector_that_comes_back_is_told_and_has_what_is_reported_then(
    told: Told, log_url: str
) -> None:
    async with collector(log_url) as (_, address):
        pass
    told.reporter.send([scored(address)])
    await wait_until(lambda: told.said == [(address, False)], "it is lost")
    async with collector(log_url, int(address.rpartition(":")[2])) as (made, _):
        await wait_until(lambda: told.said == [(address, False), (address, True)], "it is back")
        told.reporter.send([scored(address, task_id=2)])
        await wait_until(lambda: made._unclaimed, "the result is there")
        assert len(made._unclaimed) == 1  # what was lost was told as such, and is not sent again
        assert told.said == [(address, False), (address, True)]


async def test_a_collector_that_never_comes_back_counts_as_any_other_again(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOKED_FOR_SECONDS", 0.0)
    server = grpc.aio.server(options=SERVER_OPTIONS)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.stop(0)  # nobody listens there any more
    address = f"127.0.0.1:{port}"
    told.reporter.send([scored(address)])
    await wait_until(lambda: not told.reporter._streams, "it is not looked for any more")
    assert told.said == [(address, False), (address, True)]


async def test_each_report_to_a_collector_that_is_lost_is_told_as_in_vain(
    told: Told, log_url: str
) -> None:
    async with collector(log_url) as (_, address):
        pass
    told.reporter.send([scored(address)])
    await wait_until(lambda: told.said == [(address, False)], "it is lost")
    told.reporter.send([scored(address, task_id=2)])
    await wait_until(lambda: told.said == [(address, False)] * 2, "the attempt has failed")
    told.reporter.send([scored(address, task_id=3)])
    await wait_until(lambda: told.said == [(address, False)] * 3, "the next one has failed")


async def test_a_report_to_a_collector_that_has_just_come_back_arrives(
    told: Told, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A router has reached it, and this host has not looked yet: nothing is in vain."""
    monkeypatch.setattr(peer_stream, "_LONGEST_PAUSE", 60.0)
    async with collector(log_url) as (_, address):
        pass
    told.reporter.send([scored(address)])
    await wait_until(lambda: told.said == [(address, False)], "it is lost")
    await with_long_pauses(told.reporter._streams[address])
    async with collector(log_url, int(address.rpartition(":")[2])) as (made, _):
        told.reporter.send([scored(address, task_id=2)])
        told.reporter.send([scored(address, task_id=3)])
        await wait_until(lambda: len(made._unclaimed) == 2, "the results are there", timeout=1)
        assert told.said == [(address, False), (address, True)]


async def test_a_report_to_a_collector_that_does_not_answer_is_soon_told_as_in_vain(
    told: Told, log_url: str
) -> None:
    async with collector(log_url) as (_, address):
        pass
    told.reporter.send([scored(address)])
    await wait_until(lambda: told.said == [(address, False)], "it is lost")
    host, _, port = address.rpartition(":")
    # Connections are made and nothing is said, as by one that is stopped.
    with socket.create_server((host, int(port))):
        told.reporter.send([scored(address, task_id=2)])
        told.reporter.send([scored(address, task_id=3)])
        await wait_until(lambda: told.said == [(address, False)] * 2, "told once", timeout=1)
        stream = told.reporter._streams[address]
        assert stream._call is not None  # the attempt still goes on
        told.reporter.send([scored(address, task_id=4)])
        await wait_until(lambda: told.said == [(address, False)] * 3, "told again", timeout=1)


def test_results_that_are_too_large_for_one_message_leave_in_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "JOINED_BYTES", 200)
    frame = Frame(1, "c", 1, lambda _: None)
    tasks = [Waiting(Task(id=i), 4, frame, 0.0, 1.0) for i in range(8)]
    predictions = Predictions(np.arange(32.0))
    reports = list(reports_of([MODEL], [Scored(tasks, predictions, "", began=0.0, ended=0.1)]))
    assert len(reports) > 1
    assert all(report.ByteSize() <= 200 for report in reports)
    assert [result.task_id for report in reports for result in report.results] == list(range(8))
    numbers = b"".join(report.predictions.numbers for report in reports)
    assert np.frombuffer(numbers).tolist() == list(range(32))


OTHER = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="b"), version=3)


def two(rows: int = 1) -> list[Scored]:
    """What two models said of the same tasks."""
    frame = Frame(1, "c", 1, lambda _: None)
    tasks = [Waiting(Task(id=i), rows, frame, 0.0, 1.0) for i in range(4)]
    predictions = Predictions(np.arange(4.0 * rows))
    return [Scored(tasks, predictions, "", 0.1, 0.2, model) for model in (0, 1)]


def test_what_several_models_say_of_the_same_tasks_names_those_once() -> None:
    (report,) = reports_of([MODEL, OTHER], two())
    (more,) = report.more
    assert (report.model, more.model, more.version) == ("a", "b", 3)
    assert [result.task_id for result in report.results] == [0, 1, 2, 3]
    assert not more.results
    assert more.predictions == report.predictions


def test_a_model_that_says_something_of_other_tasks_or_failed_names_its_own() -> None:
    first, other = two()
    failed = Scored(first.tasks[:1], None, "no", 0.1, 0.2, 1)
    (report,) = reports_of([MODEL, OTHER], [first, failed])
    (more,) = report.more
    assert [(result.task_id, result.failure) for result in more.results] == [(0, "no")]
    (report,) = reports_of([MODEL, OTHER], [failed, other])
    (more,) = report.more
    assert [(result.task_id, result.rows) for result in more.results] == [(i, 1) for i in range(4)]


def test_what_several_models_say_leaves_in_several_messages_if_it_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "JOINED_BYTES", 300)
    reports = list(reports_of([MODEL, OTHER], two(rows=10)))
    assert all(report.ByteSize() <= 300 and not report.more for report in reports)
    of_model = {
        name: [r.task_id for report in reports if report.model == name for r in report.results]
        for name in ("a", "b")
    }
    assert of_model == {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3]}


def test_a_result_that_is_too_large_by_itself_is_a_failure_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LARGEST_PART", 200)
    frame = Frame(1, "c", 1, lambda _: None)
    task = Waiting(Task(id=1), 100, frame, 0.0, 1.0)
    scored = Scored([task], Predictions(np.arange(100.0)), "", began=0.0, ended=0.1)
    (report,) = reports_of([MODEL], [scored])
    assert "send smaller batches" in report.results[0].failure
    assert report.results[0].rows == 0
    assert not report.HasField("predictions")
