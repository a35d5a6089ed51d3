"""Watching what happens."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from redis.asyncio import Redis

from hedgerow.client.history.watching import watch_models
from hedgerow.errors import InvalidInput, NotFound, Unavailable
from hedgerow.v1.registry_pb2 import WatchModelsRequest
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub
from services.common.catalog import Catalog
from services.common.log import Log
from services.common.log.keys import SINGLE
from services.registry.settings import RegistrySettings
from tests.services.common.events import pushed
from tests.services.registry.harness import Client, described, plan_of, registry
from tests.services.registry.watchers import running, watching
from tests.support import wait_until


async def test_who_watches_sees_what_comes_from_now_on(
    client: Client, settings: RegistrySettings
) -> None:
    await client.push(described("tree"))
    async with running(settings) as address, watching(address) as watcher:
        call = RegistryServiceStub(grpc.aio.insecure_channel(address)).WatchModels(
            WatchModelsRequest()
        )
        first: Any = await asyncio.wait_for(call.read(), 5)
        assert dict(first.after).keys() == {"wine"}
        assert not first.data_type  # at once, and nothing in it
        call.cancel()
        await client.push(described("forest"))
        await client.push(described("net", "iris"))  # a data type that was not there before
        await watcher.sees("wine/forest@1", "iris/net@1")
        await client.apply(plan_of("tree", "forest"))
        await wait_until(lambda: len(watcher.seen) == 3, "the plan was seen")
        assert watcher.seen[-1].event is not None
        assert watcher.seen[-1].event.plan_applied.revision == 1


async def test_one_may_begin_anywhere_and_with_one_data_type(
    client: Client, settings: RegistrySettings
) -> None:
    for name, data_type in [("a", "wine"), ("b", "wine"), ("c", "iris")]:
        await client.push(described(name, data_type))
    async with running(settings) as address:
        async with watching(address, from_beginning=True) as everything:
            await wait_until(lambda: len(everything.seen) == 3, "all was seen")
        ids = {
            one.event.pushed.model.descriptor.name: one.id for one in everything.seen if one.event
        }
        async with watching(address, "wine", from_beginning=True) as watcher:
            await watcher.sees("wine/a@1", "wine/b@1")
        async with watching(address, after={"wine": ids["a"]}) as watcher:
            await watcher.sees("wine/b@1")
        async with watching(address, after={"wine": "0"}, data_type="wine") as watcher:
            await watcher.sees("wine/a@1", "wine/b@1")


async def test_what_cannot_be_watched_is_told(client: Client, settings: RegistrySettings) -> None:
    await client.push(described("tree"))
    async with running(settings) as address:
        with pytest.raises(NotFound, match="no data type 'iris'; there are: wine"):
            await anext(watch_models(address, "iris"))
        for wrong in ("yesterday", "-1", "1-", f"{2**64}"):
            with pytest.raises(InvalidInput, match="is no id of an entry"):
                await anext(watch_models(address, after={"wine": wrong}))
    with pytest.raises(Unavailable):
        await anext(watch_models(address))


async def test_bytes_that_are_inside_of_an_event_are_left_out(
    log: Log, settings: RegistrySettings
) -> None:
    event = pushed("old")
    event.pushed.inline = b"x"
    await log.models.append("wine", event, "0-0")
    async with running(settings) as address, watching(address, from_beginning=True) as watcher:
        await watcher.sees("wine/old@1")
        seen = watcher.seen[0].event
        assert seen is not None
        assert not seen.pushed.inline


async def test_in_place_of_what_was_trimmed_away_there_is_what_is_known(
    log: Log, log_url: str, settings: RegistrySettings
) -> None:
    catalog = Catalog()
    after = "0-0"
    for version in range(1, 1203):
        event = pushed("tree", version)
        entry = await log.models.append("wine", event, after)
        catalog.apply(*entry)
        after = entry.id
        if version == 1200:
            snapshot = catalog.snapshot("wine")
    async with running(settings) as address:  # it has read all of the stream
        async with Redis.from_url(log_url) as redis:
            await redis.set(SINGLE.snapshot("wine"), snapshot.SerializeToString())
            await redis.xtrim(SINGLE.models("wine"), minid=snapshot.last_id, approximate=False)
        async with watching(address, from_beginning=True) as watcher:
            await wait_until(lambda: watcher.seen and watcher.seen[-1].id, "the snapshot came")
            parts = [one.snapshot for one in watcher.seen if one.snapshot is not None]
            assert [len(part.models[0].versions) for part in parts] == [500, 500, 202]
            assert [bool(one.id) for one in watcher.seen] == [False, False, True]
        async with watching(address, after={"wine": snapshot.last_id}) as watcher:
            await watcher.sees("wine/tree@1201", "wine/tree@1202")


async def test_a_log_that_began_anew_is_told_as_what_it_has_now(
    client: Client, log_url: str, settings: RegistrySettings
) -> None:
    await client.push(described("tree"))
    async with running(settings) as address, watching(address) as watcher:
        await client.push(described("forest"))
        await watcher.sees("wine/forest@1")
        async with Redis.from_url(log_url) as redis:
            await redis.flushall()
        await wait_until(lambda: any(one.snapshot for one in watcher.seen), "it is told anew")


async def test_a_registry_that_ends_ends_its_watches_and_nothing_is_missed(
    settings: RegistrySettings, log: Log
) -> None:
    fixed = settings.model_copy(update={"port": 0})
    async with registry(settings) as other:
        await other.push(described("tree"))
        async with running(fixed) as address:
            fixed = settings.model_copy(update={"port": int(address.rpartition(":")[2])})
            watch = watching(address, data_type="")
            watcher = await watch.__aenter__()
            await other.push(described("forest"))
            await watcher.sees("wine/forest@1")
        # Neither of what was known nor of what is new.
        await other.push(described("net"))
        await other.push(described("iris-net", "iris"))
        await wait_until(lambda: watcher.interruptions, "it is told that the registry is away")
        async with running(fixed):
            await wait_until(lambda: len(watcher.seen) == 3, "it goes on")
            assert sorted(watcher.names[1:]) == ["iris/iris-net@1", "wine/net@1"]
            assert len(watcher.interruptions) == 1, "nor is that kept from who watches"
            await watch.__aexit__(None, None, None)


async def test_who_watches_slowly_holds_nothing_up_and_nothing_back(
    log: Log, settings: RegistrySettings
) -> None:
    """What a slow one has not taken is read when it takes it: nothing waits for it in the registry."""
    after = "0-0"
    event = pushed("large", data=b"x")
    event.pushed.model.descriptor.description = "d" * 200_000
    for version in range(1, 101):
        event.pushed.model.version = version
        after = (await log.models.append("wine", event, after)).id
    async with running(settings) as address, grpc.aio.insecure_channel(address) as channel:
        stub = RegistryServiceStub(channel)
        slow = stub.WatchModels(WatchModelsRequest(from_beginning=True))
        await slow.read()
        async with watching(address, from_beginning=True) as quick:
            await wait_until(lambda: len(quick.seen) == 100, "the quick one has all")
        versions = []
        for _ in range(100):
            response: Any = await slow.read()
            versions.append(response.event.pushed.model.version)
        assert versions == list(range(1, 101))
        slow.cancel()


async def test_many_who_watch_see_the_same(client: Client, settings: RegistrySettings) -> None:
    await client.push(described("tree"))
    async with running(settings) as address, grpc.aio.insecure_channel(address) as channel:
        stub = RegistryServiceStub(channel)
        calls = [stub.WatchModels(WatchModelsRequest()) for _ in range(200)]
        await asyncio.gather(*(call.read() for call in calls))
        await client.push(described("forest"))
        seen: Any = await asyncio.wait_for(asyncio.gather(*(call.read() for call in calls)), 10)
        assert {one.event.pushed.model.descriptor.name for one in seen} == {"forest"}
        for call in calls:
            call.cancel()
