"""One mesh of separate processes for all end-to-end tests; each test has a data type of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from hedgerow import AsyncClient
from hedgerow.client.registry import AsyncRegistry
from hedgerow.local.folder import temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from tests.end_to_end.cluster import PYTHONPATH, left_in
from tests.object_store import ObjectStore, environment_of
from tests.support import wait_until

FEATURES = ["a", "b"]

_names = itertools.count(1)


class Mesh:
    """A mesh that runs, with the clients a test needs."""

    def __init__(self, local: LocalMesh, store: ObjectStore, bucket: str) -> None:
        self.local = local
        self.store = store
        self.bucket = bucket
        """In the store; the only place that models may be fetched from."""
        self.client = AsyncClient(local.ports.address("router"))
        self.registry = AsyncRegistry(local.ports.address("registry"))

    async def close(self) -> None:
        await self.client.close()
        await self.registry.close()

    async def push(self, data_type: str, name: str, **said: Any) -> ModelVersion:
        """Push a `constant` model; it need not serve yet."""
        metrics = said.pop("metrics", {})
        definition = json.dumps({"features": FEATURES, **said}).encode()
        pushed = await self.registry.push_model(
            definition, data_type=data_type, name=name, model_type="constant", metrics=metrics
        )
        return pushed.model

    async def serve(self, data_type: str, name: str, **said: Any) -> ModelVersion:
        """Push a `constant` model and wait until the router would choose it."""
        model = await self.push(data_type, name, **said)
        await self.wait_for(model, HostState.HOST_STATE_SERVING)
        return model

    async def apply(self, plan: str) -> None:
        """Put a plan into force, and wait until the router follows it."""
        applied = (await self.registry.apply_plan(plan_from_yaml(plan))).plan

        async def known() -> bool:
            plans = (await self.state("router", applied.data_type)).plans
            return any(plan.revision == applied.revision for plan in plans)

        await wait_until(known, "the router follows the plan")

    async def wait_for(
        self, model: ModelVersion, state: HostState, service: str = "router"
    ) -> Host:
        """Wait until a service knows a host of a version in a state; return the host."""
        found: list[Host] = []

        async def there() -> bool:
            found[:] = await self.hosts(model, service)
            return any(host.state == state for host in found)

        name = f"{model.descriptor.name}@{model.version}"
        await wait_until(there, f"{name} is {HostState.Name(state)}", timeout=30)
        return next(host for host in found if host.state == state)

    async def hosts(self, model: ModelVersion, service: str = "executor") -> list[Host]:
        """Return the hosts of a version."""
        state = await self.state(service, model.descriptor.data_type)
        wanted = (model.descriptor.name, model.version)
        return [h for h in state.hosts if (h.model.descriptor.name, h.model.version) == wanted]

    async def state(self, service: str, data_type: str = "") -> GetStateResponse:
        address = self.local.ports.address(service)
        async with grpc.aio.insecure_channel(address) as channel:
            return await StateServiceStub(channel).GetState(GetStateRequest(data_type=data_type))


def locations(store: ObjectStore, bucket: str) -> dict[str, str]:
    """What services need that fetch models from a bucket."""
    allowed = f"s3://{bucket}/"
    return {
        **environment_of(store),
        "HEDGEROW_REGISTRY_LOCATIONS": allowed,
        "HEDGEROW_EXECUTOR_LOCATIONS": allowed,
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mesh(s3_server: ObjectStore) -> AsyncIterator[Mesh]:
    bucket = s3_server.new_bucket()
    environment = {
        **locations(s3_server, bucket),
        "PYTHONPATH": PYTHONPATH,
        "HEDGEROW_EXECUTOR_KILL_AFTER_AT_LEAST": "1s",
        "HEDGEROW_EXECUTOR_QUARANTINE_DEATHS": "3",
        "HEDGEROW_ROUTER_MAX_BATCH_ROWS": "1000",
        # On a busy machine an answer may take longer to arrive than the default allows for.
        "HEDGEROW_ROUTER_ANSWER_MARGIN": "100ms",
    }
    with temporary_folder() as folder:
        local = LocalMesh(folder, Ports.free(), lambda part, what: None, environment)
        await local.start()
        mesh = Mesh(local, s3_server, bucket)
        try:
            yield mesh
            await wait_until(lambda: _idle(mesh), "nothing is left in flight")
        finally:
            await mesh.close()
            await asyncio.shield(local.stop())


async def _idle(mesh: Mesh) -> bool:
    states = [await mesh.state(service) for service in ("router", "collector")]
    return not any(left_in(state) for state in states)


@pytest.fixture
def data_type() -> str:
    """A data type that no other test uses."""
    return f"type-{next(_names)}"
