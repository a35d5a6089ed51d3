"""A whole mesh whose log is on a Redis Cluster, of which slots move and a node goes and comes back."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from hedgerow import AsyncClient
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.state import get_state
from hedgerow.local.environment import SERVICES, environment_of
from hedgerow.local.folder import temporary_folder
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.execution_pb2 import HostState
from services.common.log.keys import CLUSTER
from tests.cluster import Cluster
from tests.end_to_end.cluster import PYTHONPATH
from tests.support import wait_until

pytestmark = [
    pytest.mark.timeout(120),
    # Half a minute: three nodes, a mesh, slots that move. What streams do there is tested quicker.
    pytest.mark.story,
]

WINE = Path(__file__).parents[2] / "examples" / "wine"
with (WINE / "records.csv").open() as _file:
    RECORD = {name: float(value) for name, value in next(csv.DictReader(_file)).items()}


class Mesh:
    """One service of each kind, and the command line."""

    def __init__(self, parts: dict[str, ServiceProcess]) -> None:
        self.parts = parts

    def registry(self) -> AsyncRegistry:
        """Return a client that has not seen the registry away."""
        return AsyncRegistry(self.parts["registry"].address)

    async def run(self, *words: str) -> str:
        """Run the command; it must work. Return what it says, as one line."""
        return " ".join(" ".join(await self.lines(*words)).split())

    async def lines(self, *words: str) -> list[str]:
        """Run the command; it must work. Return the lines that it says."""
        addresses = {f"HEDGEROW_{name.upper()}": part.address for name, part in self.parts.items()}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hedgerow.cli", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **addresses, "PYTHONPATH": PYTHONPATH, "COLUMNS": "200"},
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode().splitlines()

    async def push(self, file: str) -> None:
        """Push a version, and have it answer."""
        async with self.registry() as registry:
            pushed = await registry.push_model(
                (WINE / file).read_bytes(), data_type="wine", name="wine-tree", model_type="pmml"
            )
        await self.promote(pushed.model.version, "champion")

    async def promote(self, version: int, alias: str) -> None:
        async with self.registry() as registry:
            await registry.set_alias("wine", "wine-tree", version, alias)


@asynccontextmanager
async def mesh_on(log_url: str) -> AsyncIterator[Mesh]:
    with temporary_folder() as folder:
        ports = Ports.free()
        parts = {}
        for service in SERVICES:
            environment = environment_of(service, ports, folder, {"PYTHONPATH": PYTHONPATH})
            environment["HEDGEROW_LOG_URL"] = log_url
            address = f"{HOST}:{getattr(ports, service)}"
            parts[service] = ServiceProcess(service, address, environment, folder.log_file(service))
        try:
            await asyncio.gather(*(part.start() for part in parts.values()))
            await asyncio.gather(*(part.wait_until_ready(45) for part in parts.values()))
            yield Mesh(parts)
        finally:
            await asyncio.shield(asyncio.gather(*(part.stop(5) for part in parts.values())))


@asynccontextmanager
async def asking(mesh: Mesh) -> AsyncIterator[list[str]]:
    """Ask again and again; gives the versions that answered. Once one serves, each call is answered."""
    answered: list[str] = []

    async def ask() -> None:
        async with AsyncClient(mesh.parts["router"].address) as client:
            while True:
                await asyncio.sleep(0.02)  # the machine has other things to do
                answers = await client.score("wine", [RECORD])
                answered.append(f"{answers[0].model}@{answers[0].version}")

    task = asyncio.create_task(ask())
    try:
        yield answered
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_everything_works_on_a_redis_cluster(valkey_cluster: Cluster, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    async with mesh_on(valkey_cluster.url) as mesh:
        await mesh.push("wine-tree.pmml")
        async with mesh.registry() as client:
            plan = (WINE / "champion.yaml").read_text() + "stream: {partitions: 4}\n"
            await client.apply_plan(plan_from_yaml(plan))
        await wait_until(lambda: serves(mesh), "the first version serves", 30)
        await stream_through(mesh, valkey_cluster)
        async with asking(mesh) as answered:
            home = await valkey_cluster.owner(CLUSTER.mesh)
            await valkey_cluster.move_slot(CLUSTER.mesh, (home + 1) % 3)
            await mesh.push("wine-tree-2.pmml")
            await wait_until(
                lambda: answered[-1] == "wine-tree@2", "the second version answers", 20
            )
            await lose_a_node_for_a_while(mesh, valkey_cluster)
            registry = mesh.parts["registry"]
            await registry.stop(5)
            await registry.start()
            await registry.wait_until_ready(45)
            await mesh.promote(1, "first")

            await mesh.run("registry", "backup", backup)
            for server in valkey_cluster.servers():
                server.flushall()
            await wait_until(lambda: problem(mesh), "it is told that the log has lost models")
            await mesh.run("registry", "restore", backup)
            await wait_until(lambda: is_well(mesh), "nothing is lost any more")
            assert "WRONG" not in await mesh.run("state")
            assert "wine-tree@2" in await mesh.run("state", "wine")
        assert set(answered) == {"wine-tree@1", "wine-tree@2"}


async def stream_through(mesh: Mesh, cluster: Cluster) -> None:
    """Records go through partitions on several nodes, by the client and the command line."""
    async with AsyncClient(mesh.parts["router"].address) as client:

        async def are_there() -> bool:
            return len(await client.streams("wine")) == 5

        await wait_until(are_there, "there are all partitions", 20)
        states = await client.streams("wine")
        assert len({await cluster.owner(state.key) for state in states}) > 1
        assert {reader for state in states for reader in state.readers} == {
            mesh.parts["router"].address
        }
        ids = await client.send("wine", [RECORD] * 50, keys=range(50))
        said = await mesh.run("stream", "send", "wine", str(WINE / "records.csv"))
        assert said.startswith("60 records are in the stream")
        async with aclosing(client.scores("wine", "0")) as scores:
            found = [(await anext(scores)).id for _ in range(110)]
        assert set(ids) < set(found)
        assert len(set(found)) == 110
    told = [json.loads(line) for line in (await mesh.lines("stream", "scores", "wine", "--json"))]
    assert sorted(score["id"] for score in told) == sorted(found)
    lag = json.loads(await mesh.run("stream", "lag", "wine", "--json"))
    assert (len(lag), sum(one["scores"] for one in lag)) == (5, 110)


async def lose_a_node_for_a_while(mesh: Mesh, cluster: Cluster) -> None:
    lost = cluster.nodes[(await cluster.owner(CLUSTER.mesh) + 1) % 3]
    await lost.stop()
    try:
        await wait_until(lambda: problem(mesh), "it is told that the cluster is down", 20)
    finally:
        await lost.start()
        await cluster.is_well()
    await wait_until(lambda: is_well(mesh), "all is well again", 20)


async def serves(mesh: Mesh) -> bool:
    hosts = (await get_state(mesh.parts["router"].address)).hosts
    return any(host.state == HostState.HOST_STATE_SERVING for host in hosts)


async def problem(mesh: Mesh) -> str:
    """Return what is wrong with the log, as the router sees it; empty: nothing."""
    return (await get_state(mesh.parts["router"].address)).log_problem


async def is_well(mesh: Mesh) -> bool:
    return not await problem(mesh)
