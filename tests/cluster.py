"""A real Redis Cluster of three nodes of the embedded server, and its slots moved while it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot

from hedgerow.local.ports import Ports
from hedgerow.local.valkey import HOST, Valkey
from tests.support import wait_until

_SLOTS = 2**14
_NODE_TIMEOUT_MS = 500
"""After this long without a word a node is taken for failing."""


on_both = pytest.mark.parametrize("log_url", ["redis", "redis+cluster"], indirect=True)
"""Runs a test with its log on a single Redis, and again on a cluster."""


def any_client(log_url: str, decode_responses: bool = False) -> Any:
    """Return what producers and consumers have: redis-py's own client, of a single Redis or a cluster."""
    if not log_url.startswith("redis+cluster://"):
        return Redis.from_url(log_url, protocol=2, decode_responses=decode_responses)
    addresses = log_url.removeprefix("redis+cluster://").split(",")
    nodes = [
        ClusterNode(host, int(port)) for host, _, port in (a.partition(":") for a in addresses)
    ]
    return RedisCluster(startup_nodes=nodes, protocol=2, decode_responses=decode_responses)


class Node(Valkey):
    """A server that is a node of a cluster; it has the same port, name and data at each start."""

    def __init__(self, folder: Path) -> None:
        ports = Ports.free()
        super().__init__(folder, ports.log)
        self.bus = ports.registry
        self.id = ""
        self.folder = folder

    def _arguments(self) -> list[str]:
        options = {
            "cluster-enabled": "yes",
            "cluster-port": self.bus,
            "cluster-node-timeout": _NODE_TIMEOUT_MS,
            "repl-diskless-sync-delay": 0,
        }
        return [
            *super()._arguments(),
            *(word for name, value in options.items() for word in (f"--{name}", str(value))),
        ]

    async def ask(self, *words: object) -> Any:
        """Send it a command."""
        async with Redis(host=HOST, port=self._wanted_port, protocol=2) as server:
            return await server.execute_command(*words)  # type: ignore[no-untyped-call]

    async def is_well(self, nodes: int) -> bool:
        """Tell whether it knows so many nodes and all slots are served, as far as it knows."""
        said: bytes | dict[str, str] = await self.ask("CLUSTER", "INFO")
        text = said.decode() if isinstance(said, bytes) else str(said)
        return "cluster_state:ok" in text and f"cluster_known_nodes:{nodes}" in text


class Cluster:
    """Nodes that have the slots between them, and replicas of the first of them."""

    def __init__(self, folder: Path, nodes: int = 3, replicas: int = 0) -> None:
        self.nodes = [Node(folder / str(at)) for at in range(nodes)]
        self.replicas = [Node(folder / f"replica{at}") for at in range(replicas)]
        self.url = "redis+cluster://" + ",".join(
            f"{HOST}:{node._wanted_port}" for node in self.nodes
        )

    @property
    def ports(self) -> list[int]:
        """Of the nodes that had slots at the beginning."""
        return [node.port for node in self.nodes]

    async def start(self) -> None:
        """Return when all nodes know that all slots are served."""
        servers = [*self.nodes, *self.replicas]
        await asyncio.gather(*(node.start() for node in servers))
        for at, node in enumerate(servers):
            node.id = (await node.ask("CLUSTER", "MYID")).decode()
            await node.ask("CLUSTER", "SET-CONFIG-EPOCH", at + 1)
            if at:
                first = self.nodes[0]
                await node.ask("CLUSTER", "MEET", HOST, first.port, first.bus)
        for at, node in enumerate(self.nodes):
            share = [_SLOTS * n // len(self.nodes) for n in (at, at + 1)]
            await node.ask("CLUSTER", "ADDSLOTSRANGE", share[0], share[1] - 1)
        await self.is_well()
        for replica in self.replicas:
            await replica.ask("CLUSTER", "REPLICATE", self.nodes[0].id)

    async def stop(self) -> None:
        """End all nodes."""
        await asyncio.gather(*(node.stop() for node in [*self.nodes, *self.replicas]))

    async def is_well(self) -> None:
        """Wait until all nodes know of all others and that all slots are served."""
        servers = [*self.nodes, *self.replicas]

        async def all_well() -> bool:
            return all([await node.is_well(len(servers)) for node in servers])

        await wait_until(all_well, "all nodes of the cluster are well", 20)

    def servers(self) -> Iterator[redis.Redis]:
        """Yield a connection to each node."""
        for node in self.nodes:
            with redis.Redis(host=HOST, port=node.port, protocol=2) as server:
                yield server

    async def owner(self, key: str) -> int:
        """Return which node has the slot of a key, counted from 0."""
        slot = key_slot(key.encode())
        for first, last, node, *_ in await self.nodes[0].ask("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return [node.port for node in self.nodes].index(node[1])
        raise AssertionError(f"no node has slot {slot}")

    async def move_slot(self, key: str, to: int) -> None:
        """Move the slot of a key, with all keys in it, to another node, while others use it."""
        async with self.moving(key, to):
            pass

    async def migrate(self, key: str, to: int) -> None:
        """Move one key of a slot that is on its way."""
        source = self.nodes[await self.owner(key)]
        await source.ask("MIGRATE", HOST, self.nodes[to].port, key, 0, 5000)

    @asynccontextmanager
    async def moving(self, key: str, to: int) -> AsyncIterator[None]:
        """Have a slot on its way: in the block it is announced, and its keys move when it is left."""
        slot = key_slot(key.encode())
        source, target = self.nodes[await self.owner(key)], self.nodes[to]
        if source is target:
            raise AssertionError(f"node {to} has the slot already")
        await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        yield
        while keys := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 10):
            await source.ask("MIGRATE", HOST, target.port, "", 0, 5000, "KEYS", *keys)
        for node in [target, source, *self.nodes]:
            await node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)


@asynccontextmanager
async def cluster_of(folder: Path, replicas: int = 0) -> AsyncIterator[Cluster]:
    """Run a cluster of its own."""
    cluster = Cluster(folder, replicas=replicas)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cluster.stop)
        await cluster.start()
        yield cluster
