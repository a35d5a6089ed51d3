"""Streams on the nodes of a Redis Cluster: slots move and a node goes while records flow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from redis.exceptions import RedisError

from hedgerow.data.records import Batch
from hedgerow.errors import Unavailable
from hedgerow.v1.streams_pb2 import (
    DeathCause,
    ListDeadLettersRequest,
    ReadScoresRequest,
)
from services.common.log import Log
from services.common.log.streams import Sent, partition_for, partitions
from services.router.streams.record_streams import RecordStreams
from services.router.streams.serving.dead_letters import DeadLetters
from services.router.streams.serving.score_feed import ScoreFeed
from services.router.streams.serving.sender import Sender
from services.router.streams.stopping import Stopping
from tests.cluster import Cluster
from tests.services.router.streams.stream_rig import StreamRig, streaming
from tests.support import wait_until

PLAN = "models: [{name: net}]\npolicy: {deadline: 10s, timeout: {}}\n"
KEYS = 7
MOVED = "hedgerow:{wine/1}:records"


def plan(join: str, number: int) -> str:
    return f"{PLAN}join: {join}\nstream: {{partitions: {number}}}"


@pytest.fixture
def log_url(valkey_cluster: Cluster) -> str:
    return valkey_cluster.url


class Producers:
    """One that knows the partitions as routers do, and one with nothing but a client of a Redis Cluster.

    What may have come to nothing they send again, with the same id.
    """

    def __init__(self, rig: StreamRig) -> None:
        self._rig = rig
        self._sending = rig.log.streams.sending("wine", 10**6)
        self.sent = 0

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send without end; all that was begun is sent when the block is left."""
        stopping = asyncio.Event()
        one = asyncio.create_task(self._run(self._by_router, "r", stopping))
        other = asyncio.create_task(self._run(self._by_client, "c", stopping))
        yield
        stopping.set()
        await asyncio.gather(one, other)

    async def more(self, records: int = 100) -> None:
        """Wait until so many more were sent."""
        wanted = self.sent + records
        await wait_until(lambda: self.sent >= wanted, "records flow", 20)

    async def _run(self, send: Any, who: str, stopping: asyncio.Event) -> None:
        for number in count():
            if stopping.is_set():
                return
            key = f"{who}{number % KEYS}"
            fields = ("ash", str(number), "key", key, "id", f"{who}-{number}")
            await wait_until(partial(send, key, fields), "it is sent", 30)
            self.sent += 1

    async def _by_router(self, key: str, fields: tuple[str, ...]) -> bool:
        try:
            await self._sending.partitions()
            sent, _ = await self._sending.append(self._sending.choose(key), fields)
        except Unavailable:
            return False
        return sent is Sent.DONE

    async def _by_client(self, key: str, fields: tuple[str, ...]) -> bool:
        redis = self._rig.redis
        try:
            told = await redis.hget("hedgerow:{wine}:stream", "partitions")
            partition = partition_for("wine", int(told or 1), key)
            stream = f"hedgerow:{{{partition.tag}}}:records"
            await redis.xadd(stream, dict(zip(fields[::2], fields[1::2], strict=True)))
        except (RedisError, OSError):
            return False
        return True


async def everything(rig: StreamRig, kind: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """All entries of scores or dead letters, in their order as far as there is one."""
    found = []
    for partition in partitions("wine", 8):
        found += await rig.redis.xrange(f"hedgerow:{{{partition.tag}}}:{kind}")
    return sorted(found, key=lambda entry: [int(part) for part in entry[0].split(b"-")])


async def lose(cluster: Cluster, number: int, routers: Sequence[RecordStreams]) -> None:
    """Stop a node; until it is back nobody can write, for the cluster wants to be whole."""
    node = cluster.nodes[number]
    await node.stop()
    try:
        await wait_until(
            lambda: all(state.paused for router in routers for state in router.states()),
            "all stands still",
        )
    finally:
        await node.start()
        await cluster.is_well()


@pytest.mark.parametrize("join", ["balanced", "keyed"])
async def test_slots_move_a_node_goes_and_partitions_are_added_while_records_flow(
    log_url: str, log: Log, valkey_cluster: Cluster, join: str
) -> None:
    cluster = valkey_cluster
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        rig.plan(plan(join, 4))
        routers = [await rig.router(rows=16) for _ in range(2)]
        producers = Producers(rig)
        async with producers.flowing():
            await producers.more()
            home = await cluster.owner(MOVED)
            for node in cluster.nodes:
                await node.ask("SCRIPT", "FLUSH")
            await cluster.move_slot(MOVED, (home + 1) % 3)
            await producers.more()
            async with cluster.moving(MOVED, (home + 2) % 3):
                await cluster.migrate(MOVED, (home + 2) % 3)  # its scores are still where they were
                await producers.more()
            await producers.more()
            await lose(cluster, (home + 2) % 3, routers)
            await producers.more()
            rig.plan(plan(join, 8))
            await producers.more()
            await cluster.move_slot("hedgerow:{wine/5}:records", await not_owner(cluster, "wine/5"))
            await producers.more()

        async def all_out() -> bool:
            return len(await everything(rig, "scores")) >= producers.sent

        await wait_until(all_out, "all are scored", 20)
        assert not await everything(rig, "dead")
        scores = [fields for _, fields in await everything(rig, "scores")]
        assert len({fields[b"id"] for fields in scores}) == len(scores) == producers.sent
        if join == "keyed":
            for key in [f"r{n}".encode() for n in range(KEYS)]:
                numbers = [int(f[b"value"]) for f in scores if f[b"key"] == key]
                assert numbers == sorted(numbers), key


async def not_owner(cluster: Cluster, tag: str) -> int:
    return (await cluster.owner(f"hedgerow:{{{tag}}}:records") + 1) % 3


async def test_scores_dead_letters_and_figures_are_those_of_all_partitions(
    log_url: str, log: Log, valkey_cluster: Cluster
) -> None:
    async with streaming(log_url, log) as rig:
        await rig.rig.host("net", lambda ash: (f"{ash:g}", 1.0))
        rig.plan(plan("keyed", 4))
        router = await rig.router()

        async def all_there() -> bool:
            return len(await router.look("wine")) == 5

        await wait_until(all_there, "there are all partitions")
        sender = Sender(log.streams, rig.rig._catalog, 10**6, Stopping())
        batch = Batch.from_records(
            "wine", [{"ash": float(n) if n % 10 else None} for n in range(100)]
        )
        message = batch.to_proto()
        message.ids.extend(f"i-{n}" for n in range(100))
        assert await sender.send(message, None) == list(message.ids)
        letters = DeadLetters(log.streams)
        request = ListDeadLettersRequest(data_type="wine", page_size=4)

        async def all_settled() -> bool:
            states = await router.look("wine")
            assert {tuple(state.readers) for state in states} <= {("router-0",)}
            return sum(state.scores + state.dead_letters for state in states) == 100

        await wait_until(all_settled, "all are settled")
        owners = {await valkey_cluster.owner(state.key) for state in await router.look("wine")}
        assert len(owners) > 1
        page = await letters.page(request)
        found = list(page.letters)
        while page.next_page_token:
            request.page_token = page.next_page_token
            page = await letters.page(request)
            found += page.letters
        assert page.total == 10
        assert sorted(letter.id for letter in found) == [f"i-{n}" for n in range(0, 100, 10)]
        assert {letter.cause for letter in found} == {DeathCause.DEATH_CAUSE_INVALID}
        assert len({letter.partition for letter in found}) > 1

        scores = [r async for r in ScoreFeed(log.streams, of_all(), Stopping()).run()]
        ids = sorted(score.id for response in scores for score in response.scores)
        assert ids == sorted(f"i-{n}" for n in range(100) if n % 10)
        assert await letters.replay("wine", [found[0].id, found[-1].id]) == 2
        await wait_until(all_settled, "they die again")
        assert await letters.drop("wine", [found[0].id]) == 1
        assert await letters.drop("wine", []) == 9


def of_all() -> ReadScoresRequest:
    return ReadScoresRequest(data_type="wine", **{"from": "0"})  # type: ignore[arg-type]
