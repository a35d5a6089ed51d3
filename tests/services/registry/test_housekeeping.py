"""What a registry sees to by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hedgerow.durations import format_duration
from hedgerow.local.valkey import Valkey
from hedgerow.v1.events_pb2 import ModelEvent, VersionReported
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LOADING,
    VERSION_STATE_PUSHED,
    ExecutorReport,
)
from services.common.catalog import Catalog
from services.common.log import Entry, Log, Mark, Mirror
from services.registry.housekeeping import Housekeeping
from services.registry.ledger import Ledger
from services.registry.settings import RegistrySettings
from tests.services.common.events import abandoned, alias_set, applied, named, pushed, reported
from tests.services.registry.harness import described, plan_of, registry
from tests.support import wait_until

SHORT = timedelta(milliseconds=200)
LONG = timedelta(minutes=10)
EXECUTOR = "a:1"


class House:
    """A log that housekeeping sees to, at one registry or at several."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.mirror = Mirror(log.models)
        self.ledger = Ledger(log.models, self.mirror)

    @property
    def catalog(self) -> Catalog:
        return self.mirror.catalog

    async def then(self, *events: ModelEvent) -> None:
        for event in events:
            await self.ledger.write("wine", lambda _, event=event: event)  # type: ignore[misc]

    async def entries(self, kind: str) -> list[ModelEvent]:
        """All events of a kind that are in the log by now."""
        found: list[ModelEvent] = []
        async for item in self.log.models.follow(["wine"]):
            if item is Mark.END:
                break
            if isinstance(item, Entry) and item.event.WhichOneof("kind") == kind:
                found.append(item.event)
        return found

    def answering(self) -> tuple[int, ...]:
        return self.catalog.candidates("wine")[0].versions

    async def here(self, *executors: str) -> None:
        """Executors hold leases."""
        for executor in executors:
            keeping = self.log.members.keep("executor", executor, timedelta(minutes=5))
            task = asyncio.create_task(keeping)
            await self.log.members.taken("executor", executor)
            task.cancel()


@asynccontextmanager
async def kept(
    log: Log, takeover: timedelta = LONG, gone: timedelta = LONG, registries: int = 1
) -> AsyncIterator[House]:
    """Housekeeping goes on."""
    houses = [House(log) for _ in range(registries)]
    tasks = [asyncio.create_task(house.mirror.run()) for house in houses]
    for house in houses:
        await house.mirror.caught_up.wait()
        tasks.append(asyncio.create_task(Housekeeping(log, house.ledger, takeover, gone).run()))
    yield houses[0]
    assert not [task for task in tasks if task.done()], "it has ended"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def promoted(house: House, *more: ModelEvent) -> None:
    """Version 1 serves, and the alias that the plan follows has moved to 2."""
    await house.then(
        pushed("tree", 1),
        pushed("tree", 2),
        reported("tree@1"),
        alias_set("tree@1"),
        applied(1, "tree@champion"),
        alias_set("tree@2"),
        *more,
    )


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (None, f"no executor served it within {format_duration(SHORT)}"),
        (
            reported("tree@2", VERSION_STATE_LOADING),
            f"no executor served it within {format_duration(SHORT)}",
        ),
        (reported("tree@2", VERSION_STATE_FAILED, reason="no such tensor"), "no such tensor"),
        (
            ModelEvent(
                reported=VersionReported(
                    model=named("tree@2"),
                    report=ExecutorReport(
                        executor="b:1",
                        state=VERSION_STATE_FAILED,
                        reason="the disk is full",
                        tried_again=True,
                    ),
                )
            ),
            "the disk is full",
        ),
    ],
)
async def test_a_change_that_does_not_come_up_in_time_is_given_up_once_and_says_why(
    log: Log, report: ModelEvent | None, reason: str
) -> None:
    async with kept(log, takeover=SHORT, registries=3) as house:
        await house.here(EXECUTOR)
        await promoted(house, *([report] if report else []))
        told = f"given up: {reason}"
        await wait_until(
            lambda: house.catalog.candidates("wine")[0].reason == told, "it is given up"
        )
        assert house.answering() == (1,)
        await house.then(pushed("net"))  # whatever the others wrote came before
        (event,) = await house.entries("abandoned")
        assert event.abandoned == abandoned("tree@champion", 2, reason).abandoned
        retried = ModelEvent(retried=named("tree@2"))
        await house.then(retried, alias_set("tree@2"), reported("tree@2"))
        assert house.answering() == (2, 1)


async def test_what_serves_in_time_or_has_nothing_before_it_is_not_given_up(log: Log) -> None:
    async with kept(log, takeover=SHORT) as house:
        await house.here(EXECUTOR)
        await promoted(house, reported("tree@2"))
        await house.then(reported("tree@1", VERSION_STATE_PUSHED))
        await house.then(pushed("net"), pushed("oak"), pushed("oak", 2), reported("oak@1"))
        await house.then(applied(2, "tree@champion", "net@1", "oak"))
        until = asyncio.get_running_loop().time() + 5 * SHORT.total_seconds()
        await wait_until(lambda: asyncio.get_running_loop().time() > until, "time has passed")
        # The hosts of a version that has taken over may end: that is no change that is late.
        await house.then(reported("tree@2", VERSION_STATE_PUSHED), reported("tree@1"))
        until += 5 * SHORT.total_seconds()
        await wait_until(lambda: asyncio.get_running_loop().time() > until, "time has passed")
        assert await house.entries("abandoned") == []
        assert [c.versions for c in house.catalog.candidates("wine")] == [(2, 1), (1,), (2, 1)]


async def test_while_nothing_serves_nothing_is_given_up(log: Log) -> None:
    """All executors may be gone: the version before would not answer either."""
    async with kept(log, takeover=SHORT) as house:
        await promoted(house, reported("tree@1", VERSION_STATE_PUSHED))
        until = asyncio.get_running_loop().time() + 5 * SHORT.total_seconds()
        await wait_until(lambda: asyncio.get_running_loop().time() > until, "time has passed")
        assert house.answering() == (2, 1)
        await house.here(EXECUTOR)
        await house.then(reported("tree@1"))
        await wait_until(lambda: house.answering() == (1,), "it is given up")


async def test_what_executors_said_that_are_gone_is_taken_back_and_failures_stay(log: Log) -> None:
    async with kept(log, gone=SHORT, registries=2) as house:
        await house.here("here:1")
        await house.then(pushed("tree", 1), pushed("tree", 2), pushed("tree", 3))
        await house.then(
            reported("tree@1", executor="gone:1"),
            reported("tree@1", executor="here:1"),
            reported("tree@2", VERSION_STATE_LOADING, executor="gone:1"),
            reported("tree@3", VERSION_STATE_FAILED, executor="gone:1", reason="no such tensor"),
        )

        def reports() -> list[str]:
            versions = house.catalog.versions("wine")
            return [
                f"{version.model.version} {executor}"
                for version in versions
                for executor in version.life.reports
            ]

        await wait_until(lambda: reports() == ["1 here:1", "3 gone:1"], "it is taken back")
        await house.then(pushed("net"))
        events = await house.entries("reported")
        taken_back = [e for e in events if e.reported.report.state == VERSION_STATE_PUSHED]
        assert len(taken_back) == 2
        assert house.catalog.version("wine", "tree", 3).life.reason == "no such tensor"


async def test_an_outage_of_the_log_is_waited_for_and_makes_nobody_go(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Valkey(tmp_path))
        log = Log(server.url)
        async with kept(log, takeover=SHORT, gone=SHORT) as house:
            await house.here(EXECUTOR)
            await promoted(house, reported("tree@2", VERSION_STATE_LOADING))
            await server.stop()
            await stack.enter_async_context(Valkey(tmp_path, server.port))
            await wait_until(lambda: house.answering() == (1,), "it is given up")
            assert house.catalog.version("wine", "tree", 1).life.is_live
        await log.close()


async def test_a_registry_keeps_house(settings: RegistrySettings, log: Log) -> None:
    short = settings.model_copy(update={"takeover_timeout": SHORT})
    async with registry(short) as client:
        await client.push(described(), b"1")
        await client.push(described(), b"2")
        await log.models.report("wine", reported("tree@2"))
        await client.apply(plan_of("tree@1"))

        async def given_up() -> bool:
            return await client.answers() == [(2,)]

        await wait_until(given_up, "the change is given up")
        state = (await client.life("tree@1")).state
        assert state == VERSION_STATE_PUSHED
