"""What an executor tells the log of its versions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hedgerow.v1 import models_pb2 as pb
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.catalog import Version
from services.common.log import Log, Mirror
from services.common.recent_versions import VersionKey
from services.executor import reports as module
from services.executor.reports import Reports
from tests.services.common.events import pushed
from tests.support import wait_until

HERE = "10.0.0.7:8402"
TREE = VersionKey("wine", "tree", 1)
LOADING = pb.ExecutorReport(state=pb.VERSION_STATE_LOADING)
LIVE = pb.ExecutorReport(state=pb.VERSION_STATE_LIVE)


@pytest.fixture
async def mirror(log: Log) -> AsyncIterator[Mirror]:
    """A mirror of a log that has one version."""
    await log.models.append("wine", pushed("tree"), "0-0")
    mirror = Mirror(log.models)
    following = asyncio.create_task(mirror.run(), name="follows")
    await mirror.caught_up.wait()
    yield mirror
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


@asynccontextmanager
async def reporting(log: Log, mirror: Mirror) -> AsyncIterator[Reports]:
    """Have an executor report."""
    reports = Reports(log.models, mirror)
    running = asyncio.create_task(reports.run(HERE), name="reports")
    try:
        yield reports
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def tree(mirror: Mirror) -> Version:
    return mirror.catalog.version("wine", "tree", 1)


def state(mirror: Mirror) -> pb.VersionState:
    return tree(mirror).life.state


async def test_the_log_knows_that_a_version_loads_serves_and_has_gone(
    log: Log, mirror: Mirror
) -> None:
    async with reporting(log, mirror) as reports:
        for states, expected in (
            ({TREE: LOADING}, pb.VERSION_STATE_LOADING),
            ({TREE: LIVE}, pb.VERSION_STATE_LIVE),
            ({}, pb.VERSION_STATE_PUSHED),
        ):
            reports.publish(states)
            await wait_until(lambda s=expected: state(mirror) == s, f"it is {expected}")  # type: ignore[misc]
    assert tree(mirror).life.has_served
    assert not tree(mirror).life.reports


async def test_the_log_is_told_when_a_version_may_share_a_process_and_when_it_must_not(
    log: Log, mirror: Mirror
) -> None:
    async with reporting(log, mirror) as reports:
        for seconds, expected in ((0.25, 0.25), (0.5, 0.25), (None, 0.25), (0.0, 0.0), (0.5, 0.5)):
            live = pb.ExecutorReport(state=pb.VERSION_STATE_LIVE, task_seconds=seconds)
            before = mirror.catalog.task_seconds(*TREE)
            reports.publish({TREE: live})
            if before != expected:
                told = lambda e=expected: mirror.catalog.task_seconds(*TREE) == e  # noqa: E731
                await wait_until(told, f"{expected} is known")
        # What varies is no news: a word for each of the three that were.
        entries = await log.models._redis.xlen("hedgerow:{wine}:models")
    assert entries == 4


async def test_what_the_log_knows_is_not_told_again(log: Log, mirror: Mirror) -> None:
    async with reporting(log, mirror) as reports:
        reports.publish({TREE: LIVE})
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_LIVE, "it is live")
    told = mirror.catalog.last_id("wine")
    async with reporting(log, mirror) as again:
        again.publish({TREE: LOADING})  # as after a restart of this executor
        again.publish({TREE: LIVE})
        await asyncio.sleep(0)
        again.publish({TREE: pb.ExecutorReport(state=pb.VERSION_STATE_QUARANTINED, reason="x")})
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_QUARANTINED, "that is news")
    entries = await log.models._redis.xrange("hedgerow:{wine}:models", f"({told}", "+")
    assert len(entries) == 1


async def test_a_failure_stays_known_and_what_ran_here_before_has_gone(
    log: Log, mirror: Mirror
) -> None:
    async with reporting(log, mirror) as reports:
        reports.publish({TREE: pb.ExecutorReport(state=pb.VERSION_STATE_FAILED, reason="broken")})
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_FAILED, "it has failed")
        reports.publish({})
    async with reporting(log, mirror) as reports:
        reports.publish({VersionKey("wine", "net", 1): LIVE})  # which the log does not have
        await log.models.append("wine", pushed("net"), mirror.catalog.last_id("wine"))
        await log.models.report("wine", ModelEvent(retried=pb.VersionName(name="tree", version=1)))
        reports.publish({VersionKey("wine", "net", 1): LIVE, TREE: LIVE})
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_LIVE, "it serves after all")
        net = mirror.catalog.version("wine", "net", 1)
        await wait_until(lambda: net.life.state == pb.VERSION_STATE_LIVE, "so does the other one")
    assert tree(mirror).life.reports[HERE].reason == ""
    async with reporting(log, mirror):
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_PUSHED, "it has gone")


async def test_a_log_that_is_away_is_told_when_it_is_back(
    log: Log, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.05)
    async with reporting(log, mirror) as reports:
        await log.models._redis.config_set("maxmemory", 1)
        reports.publish({TREE: LOADING})
        reports.publish({TREE: LIVE})
        await asyncio.sleep(0.2)
        assert state(mirror) == pb.VERSION_STATE_PUSHED
        await log.models._redis.config_set("maxmemory", 0)
        await wait_until(lambda: state(mirror) == pb.VERSION_STATE_LIVE, "it is told")
