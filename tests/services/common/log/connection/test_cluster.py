"""A log on a Redis Cluster: slots that move, nodes that go and come back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from hedgerow.errors import Unavailable
from services.common.log import Log, LogRefused, Mark
from services.common.log.connection import COMMAND, connect, within
from services.common.log.connection.cluster import Cluster
from services.common.log.keys import CLUSTER
from tests.cluster import Cluster as Nodes
from tests.cluster import cluster_of
from tests.services.common.log.connection.failing_over import appended, replicated
from tests.services.common.log.reading import append, connected, following
from tests.support import wait_until

CATALOG = CLUSTER.mesh


@pytest.fixture
async def redis(valkey_cluster: Nodes) -> AsyncIterator[Cluster]:
    async with connect(valkey_cluster.url) as client:
        yield client


@pytest.fixture
async def log(valkey_cluster: Nodes) -> AsyncIterator[Log]:
    async with connected(valkey_cluster.url, names_mesh=True) as log:
        yield log


async def elsewhere(nodes: Nodes, key: str) -> int:
    """Return a node that has not the slot of a key."""
    return (await nodes.owner(key) + 1) % len(nodes.nodes)


async def test_keys_are_spread_over_the_nodes_and_answers_come_in_order(
    redis: Any, valkey_cluster: Nodes
) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for number in range(60):
            pipeline.set(f"hedgerow:{number}", number, ex=60)
        for number in range(60):
            pipeline.get(f"hedgerow:{number}")
        assert (await pipeline.execute())[60:] == [b"%d" % number for number in range(60)]
    sizes = [server.dbsize() for server in valkey_cluster.servers()]
    assert sum(sizes) == 60
    assert min(sizes) > 5


async def test_a_slot_that_has_moved_is_found_again(log: Log, valkey_cluster: Nodes) -> None:
    async with following(log, "*") as reader:
        last = await append(log, "before")
        await reader.sees("before")
        await valkey_cluster.move_slot(CATALOG, await elsewhere(valkey_cluster, CATALOG))
        await append(log, "after", after=last)
        await reader.sees("after")
        assert reader.names == ["before", "after"]
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_while_a_slot_moves_each_key_is_found_by_many_at_once(
    redis: Any, valkey_cluster: Nodes
) -> None:
    keys = [f"{{moving}}:{number}" for number in range(60)]
    async with redis.pipeline(transaction=False) as pipeline:
        for key in keys[:30]:
            pipeline.set(key, b"0", ex=60)
        await pipeline.execute()
    # Several connections to each node, so that ASKING could go astray.
    await asyncio.gather(*(redis.get(key) for key in keys))
    async with valkey_cluster.moving("{moving}", await elsewhere(valkey_cluster, "{moving}")):
        added = await asyncio.gather(*(redis.incr(key) for key in keys))
        async with redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.incr(key)
            again = await pipeline.execute()
    assert added == [1] * 60
    assert again == [2] * 60
    assert [int(await redis.get(key)) for key in keys] == [2] * 60
    for key in keys:
        await redis.expire(key, 60)


async def test_keys_that_are_on_two_nodes_are_waited_for_and_it_is_told(
    log: Log, valkey_cluster: Nodes
) -> None:
    last = await append(log, "before")
    async with valkey_cluster.moving(CATALOG, await elsewhere(valkey_cluster, CATALOG)):
        with pytest.raises(LogRefused, match=r"^keys of the log are being moved to another node"):
            await append(
                log, "knn", data_type="iris"
            )  # a new key, and it is written with an old one
        assert (await log.models.read("wine", last)).pushed.model.descriptor.name == "before"
    async with valkey_cluster.moving(CATALOG, await elsewhere(valkey_cluster, CATALOG)):
        waiting = asyncio.create_task(append(log, "knn", data_type="iris"))
        await asyncio.sleep(0)
    await waiting


async def test_a_blocked_reading_holds_up_nobody(redis: Any) -> None:
    reading = asyncio.create_task(redis.xread({"{wine}:stream": "$"}, block=30_000))
    async with within(COMMAND):
        for _ in range(20):
            await asyncio.gather(*(redis.get("{wine}:other") for _ in range(20)))
        await redis.xadd("{wine}:stream", {"a": "1"})
        [(stream, [(_, fields)])] = await reading
    assert (stream, fields) == (b"{wine}:stream", {b"a": b"1"})
    await redis.delete("{wine}:stream")


async def test_a_node_that_is_lost_is_told_and_back_all_goes_on(
    log: Log, valkey_cluster: Nodes
) -> None:
    lost = valkey_cluster.nodes[await elsewhere(valkey_cluster, CATALOG)]
    async with following(log, "*") as reader:
        last = await append(log, "before")
        await reader.sees("before")
        await lost.stop()
        try:
            await wait_until(lambda: is_told(log), "it is told that the cluster is down")
        finally:
            await lost.start()
            await valkey_cluster.is_well()
        await log.ping()
        await append(log, "after", after=last)
        await reader.sees("after")
        assert reader.names == ["before", "after"]


async def is_told(log: Log) -> bool:
    try:
        await log.ping()
    except LogRefused as error:
        return str(error).startswith("the log's Redis Cluster is down: a node is lost")
    return False


async def test_a_primary_that_hangs_or_dies_gives_way_to_its_replica(tmp_path: Path) -> None:
    async with cluster_of(tmp_path, replicas=1) as nodes:
        first, replica = nodes.nodes[0], nodes.replicas[0]
        await nodes.move_slot(CATALOG, 0)
        async with connected(nodes.url, names_mesh=True) as log:
            last = await append(log, "before")
            await replicated(first)
            os.kill(first.pid or 0, signal.SIGSTOP)
            try:
                last = await appended(log, "while it hangs", last)
            finally:
                os.kill(first.pid or 0, signal.SIGCONT)
            await replicated(replica)  # by the one that was its primary
            async with following(log, "*") as reader:
                await reader.sees("before", "while it hangs")
                os.kill(replica.pid or 0, signal.SIGKILL)
                await appended(log, "after", last)
                await reader.sees("after")
            assert reader.names == ["before", "while it hangs", "after"]


async def test_the_url_of_a_single_redis_for_a_cluster_is_told_and_the_other_way_round(
    valkey_cluster: Nodes, redis_url: str
) -> None:
    for port in valkey_cluster.ports:
        async with connected(f"redis://127.0.0.1:{port}/0") as log:
            with pytest.raises(Unavailable, match=r"; give its URL as redis\+cluster://host:port"):
                await append(log, "tree")
    async with connected(redis_url.replace("redis:", "redis+cluster:")) as log:
        with pytest.raises(Unavailable, match=r"^the log is a single Redis; give its URL as redis"):
            await log.ping()


async def test_one_address_that_answers_is_enough_and_none_is_told(
    valkey_cluster: Nodes,
) -> None:
    async with connected(f"redis+cluster://127.0.0.1:1,127.0.0.1:{valkey_cluster.ports[2]}") as log:
        await log.ping()
    async with connected("redis+cluster://127.0.0.1:1,127.0.0.1:2") as log:
        with pytest.raises(Unavailable, match=r"^the log is out of reach: .*127.0.0.1:"):
            await log.ping()


async def test_a_wrong_password_is_told_as_such(valkey_cluster: Nodes) -> None:
    for server in valkey_cluster.servers():
        server.config_set("requirepass", "secret")
        server.config_set("masterauth", "secret")
    try:
        async with connected(valkey_cluster.url) as log:
            with pytest.raises(Unavailable, match=r"^the log does not let us in; is its password"):
                await log.ping()
        with_password = Log(valkey_cluster.url, "secret")
        await with_password.ping()
        await with_password.close()
    finally:
        for port in valkey_cluster.ports:
            with Redis(port=port, password="secret") as server:
                server.config_set("requirepass", "")


async def test_a_full_node_is_told_as_such(log: Log, valkey_cluster: Nodes) -> None:
    await log.ping()
    for server in valkey_cluster.servers():
        server.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(
            LogRefused, match=r"^the log is full: Redis has reached its maxmemory; "
        ):
            await append(log, "tree")
    finally:
        for server in valkey_cluster.servers():
            server.config_set("maxmemory", "0")
    await append(log, "tree")


async def test_a_command_without_a_key_has_no_node(redis: Any) -> None:
    with pytest.raises(ValueError, match=r"^PING has no key, so no node of a cluster is the one"):
        async with within(timedelta(seconds=1)):
            await redis.execute_command("PING")
