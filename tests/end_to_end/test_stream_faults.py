"""Any process dies or stops while records flow through streams, and each comes out once.

Nine processes, among them two of each service. The log is one of them, and comes back with its data.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.streams_pb2 import DeathCause
from tests.end_to_end.cluster import Cluster, running_cluster
from tests.end_to_end.numbered import Numbered, number_of
from tests.support import wait_until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # The first of them also starts the nine processes of the cluster, on however slow a machine.
    pytest.mark.timeout(240),
    # Three minutes. The log's own faults, without processes, are quick: see the tests of the router.
    pytest.mark.story,
]

ROUTERS = ("router-1", "router-2")
SETTINGS = {
    "HEDGEROW_ROUTER_STREAM_REDELIVERY": "1s",
    "HEDGEROW_ROUTER_LEASE": "2s",
    # As it is by default: a record that kills hosts must not cost the model.
    "HEDGEROW_EXECUTOR_QUARANTINE_DEATHS": "5",
}
POISON = (100, 101, 2500, 2501)
"""Tried three times each, that is more deaths than a model is forgiven."""
JOINS = pytest.mark.parametrize(("join", "partitions"), [("balanced", 1), ("keyed", 4)])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with running_cluster(SETTINGS) as cluster:
        yield cluster


@pytest_asyncio.fixture(loop_scope="module")
async def redis(cluster: Cluster) -> AsyncIterator[Any]:
    async with Redis(port=cluster.ports.log, protocol=2) as client:
        yield client


async def served(
    cluster: Cluster,
    redis: Any,
    data_type: str,
    join: str = "balanced",
    partitions: int = 1,
    deadline: str = "5s",
    **said: object,
) -> Numbered:
    """Have a model answer records of a data type with their numbers."""
    definition = {"features": ["a", "b"], "answer_feature": "a", **said}
    await cluster.registry.push_model(
        json.dumps(definition).encode(), data_type=data_type, name="echo", model_type="constant"
    )
    plan = {
        "data_type": data_type,
        "models": [{"name": "echo"}],
        "join": join,
        "policy": {"deadline": deadline, "timeout": {}},
        "stream": {"partitions": partitions},
    }
    await cluster.registry.apply_plan(plan_from_yaml(json.dumps(plan)))

    async def there() -> bool:
        states = [await cluster.state(router, data_type) for router in ROUTERS]
        usable = [
            [host for host in state.hosts if host.state == HostState.HOST_STATE_SERVING]
            for state in states
        ]
        return all(len(hosts) == 2 for hosts in usable) and any(s.streams for s in states)

    await wait_until(there, "both hosts serve, and somebody reads", 45)
    return Numbered(redis, data_type, partitions)


async def scored(cluster: Cluster, router: str, data_type: str) -> int:
    """How many records a router has scored."""
    return sum(stream.scored for stream in (await cluster.state(router, data_type)).streams)


async def goes_on(cluster: Cluster, router: str, data_type: str) -> None:
    """Wait until a router has scored some more records."""
    before = await scored(cluster, router, data_type)

    async def has_scored() -> bool:
        return await scored(cluster, router, data_type) >= before + 100

    await wait_until(has_scored, f"{router} reads", 30)


@JOINS
@pytest.mark.parametrize("end", ["stopped", "killed"])
async def test_each_of_20000_records_comes_out_once_whatever_is_killed(
    cluster: Cluster, redis: Any, join: str, partitions: int, end: str
) -> None:
    data_type = f"{join}-{end}"
    numbered = await served(cluster, redis, data_type, join, partitions)
    random = Random(data_type)
    sending = asyncio.create_task(numbered.send(20_000))
    parts = ["router-1", "executor-1", "collector-2", "log"]
    random.shuffle(parts)
    for place, part in enumerate(parts):
        moment = 4500 * place + random.randrange(500, 4000)
        await numbered.until_sent(moment)
        if part == "log":
            await restart_log(cluster, redis, numbered, end)
        else:
            await cluster.kill(part)
            await numbered.until_sent(moment + 300)  # without it
            await cluster.restart(part)
    await sending
    await numbered.until_out()
    dead = await numbered.is_whole(in_order=join == "keyed")
    assert not dead


async def restart_log(cluster: Cluster, redis: Any, numbered: Numbered, end: str) -> None:
    """Have the log end, and come back with its data; nobody sends meanwhile."""
    async with numbered.may_send:
        if end == "killed":
            # While Redis waits for the disk it holds back what it writes there, and answers all the same.
            # So a producer that must not lose anything asks; routers send again what the log has lost.
            await redis.execute_command("WAITAOF", 1, 0, 10_000)
            assert cluster.log.pid
            os.kill(cluster.log.pid, signal.SIGKILL)
        await cluster.log.stop()
        await cluster.log.start(30)


@JOINS
async def test_a_router_that_stood_still_for_longer_than_its_lease_doubles_nothing(
    cluster: Cluster, redis: Any, join: str, partitions: int
) -> None:
    data_type = f"{join}-still"
    numbered = await served(cluster, redis, data_type, join, partitions)
    for router, other in (ROUTERS, reversed(ROUTERS)):
        sending = asyncio.create_task(numbered.send(6000))
        await goes_on(cluster, router, data_type)
        pids = cluster.pids(router)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await sending  # more than may be in flight: the other one has taken it all over
            await numbered.until_out()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        await numbered.send(2000)
        await numbered.until_out()
        assert not await numbered.is_whole(in_order=join == "keyed")
        assert await scored(cluster, other, data_type)


@JOINS
async def test_a_router_that_is_told_to_end_leaves_nothing_behind(
    cluster: Cluster, redis: Any, join: str, partitions: int
) -> None:
    data_type = f"{join}-told"
    numbered = await served(cluster, redis, data_type, join, partitions)
    for router in ROUTERS:
        until = numbered.sent + 1000
        sending = asyncio.create_task(numbered.send(4000))
        await numbered.until_sent(until)
        assert await cluster.terminate(router) == "ended with exit code 0"
        await sending
        await numbered.until_out()
        await cluster.restart(router)
    assert not await numbered.is_whole(in_order=join == "keyed")
    assert {score.tries for score in await numbered.scores()} == {1}


@JOINS
async def test_records_that_kill_hosts_and_one_that_takes_too_long_die_and_no_other(
    cluster: Cluster, redis: Any, join: str, partitions: int
) -> None:
    data_type = f"{join}-poison"
    numbered = await served(
        cluster, redis, data_type, join, partitions, "1s",
        crash_at={"a": POISON}, slow_at={"a": 3030}, slow_seconds=1.5,
    )  # fmt: skip
    await numbered.send(6000)
    await numbered.until_out()
    dead = await numbered.is_whole(in_order=join == "keyed")
    said = {number_of(letter): letter.message for letter in dead}
    assert set(said) == {*POISON, 3030}, said
    assert {letter.cause for letter in dead} == {DeathCause.DEATH_CAUSE_TRIES}
    assert {letter.tries for letter in dead} == {3}
    await numbered.send(1000)
    await numbered.until_out()
    assert len(await numbered.is_whole(in_order=join == "keyed")) == len(said)
